//! Who may talk to whom through one chain, for one service.
//!
//! [`service_matrix`] takes a chain, one kind of packet ([`Service`]) and what is
//! known of the interfaces ([`Sources`]), and gives classes of addresses that are
//! treated alike, as senders and as receivers, with the pairs of classes that may
//! talk. It is the question an auditor asks of a firewall whose network nobody
//! has: no routes, no topology.
//!
//! A pair is in the matrix when the chain *may* accept some packet of it: what
//! cannot be told counts for passing and never against it. By which interface a
//! packet enters is told by its source alone, where it leaves not at all. Each
//! rule is judged alone, with the conditions of the calls that lead to it: a rule
//! that drops where it cannot be told drops nothing, and the next may accept.
//! This is the upper closure of Diekmann et al., "Verified iptables Firewall
//! Analysis and Verification" (JAR 2018).

use crate::model::{
    Action, CALL_DEPTH_MAX, ChainId, Condition, ConnectionState, Device, InterfaceId,
};
use packets::{
    Address, AddressSet, Diagram, Field, Fields, Intervals, Packet, PacketSets, Set, SetError,
};
use packets::{Fragment, Protocol};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The packets asked about: all of this header but the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The header; its addresses do not matter.
    pub header: Packet,
    /// What the packets are to the sessions of the device.
    pub state: ConnectionState,
}

/// The sources that packets have who enter by an interface; an interface that is
/// not listed may bring any.
pub type Sources = BTreeMap<InterfaceId, AddressSet>;

/// Addresses that are treated alike, and which of these may talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix<A> {
    /// The classes: every address is in exactly one, and no two are treated alike.
    pub classes: Vec<Intervals<A>>,
    /// The pairs (sender, receiver) of classes that may talk, in ascending order.
    pub pairs: Vec<(usize, usize)>,
}

/// Computes the matrix of a chain of a device.
///
/// # Errors
///
/// [`SetError::Exhausted`] when the sets grow beyond their limit;
/// [`SetError::TooManyIntervals`] for scattered wildcard masks.
pub fn service_matrix<A: Address>(
    device: &Device,
    chain: ChainId,
    service: &Service,
    sources: &Sources,
) -> Result<Matrix<A>, SetError> {
    let mut evaluation = Evaluation {
        device,
        service,
        sources,
        sets: Diagram::<A>::new(),
        known: HashMap::new(),
    };
    let everything = Holds {
        surely: evaluation.sets.full(),
        maybe: evaluation.sets.full(),
    };
    let passage = Passage {
        undecided: everything.maybe,
        accepted: evaluation.sets.empty(),
    };
    let passage = evaluation.chain(chain, everything, passage, CALL_DEPTH_MAX)?;
    let accepted = match device.chain(chain).map(|chain| &chain.default) {
        Some(Action::Drop) => passage.accepted,
        _ => evaluation.sets.or(passage.accepted, passage.undecided)?,
    };
    let columns = columns(&evaluation.sets, accepted)?;
    Ok(group(&columns))
}

/// How far the decision has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Passage {
    /// What no rule has decided for sure.
    undecided: Set,
    /// What some rule may have accepted.
    accepted: Set,
}

/// Where a condition surely holds, and where it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Holds {
    surely: Set,
    maybe: Set,
}

struct Evaluation<'a, A> {
    device: &'a Device,
    service: &'a Service,
    sources: &'a Sources,
    sets: Diagram<A>,
    /// Chains already tried, by what led there.
    known: HashMap<(ChainId, Holds, Passage), Passage>,
}

impl<A: Address> Evaluation<'_, A> {
    /// Tries the rules of a chain that is entered where `entered` says; too deep,
    /// it may accept all.
    fn chain(
        &mut self,
        id: ChainId,
        mut entered: Holds,
        mut passage: Passage,
        depth: usize,
    ) -> Result<Passage, SetError> {
        let (Some(chain), Some(depth)) = (self.device.chain(id), depth.checked_sub(1)) else {
            return self.may_accept(entered, passage);
        };
        let key = (id, entered, passage);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        for rule in &chain.rules {
            let condition = self.condition(&rule.condition)?;
            let holds = self.both(entered, condition)?;
            match &rule.action {
                Action::Continue | Action::SetMark { .. } | Action::NoTrack => {}
                Action::Drop => passage = self.decide(holds, passage)?,
                Action::Accept(_) | Action::Translate(_) | Action::Route(_) => {
                    passage = self.may_accept(holds, passage)?;
                    passage = self.decide(holds, passage)?;
                }
                Action::Return => entered = self.without(entered, condition)?,
                Action::Call(to) => passage = self.chain(*to, holds, passage, depth)?,
                Action::Goto(to) => {
                    passage = self.chain(*to, holds, passage, depth)?;
                    entered = self.without(entered, condition)?;
                }
                Action::Unknown(_) => passage = self.may_accept(holds, passage)?,
            }
        }
        self.known.insert(key, passage);
        Ok(passage)
    }

    fn may_accept(&mut self, holds: Holds, passage: Passage) -> Result<Passage, SetError> {
        let accepted = self.sets.and(passage.undecided, holds.maybe)?;
        Ok(Passage {
            accepted: self.sets.or(passage.accepted, accepted)?,
            ..passage
        })
    }

    fn decide(&mut self, holds: Holds, passage: Passage) -> Result<Passage, SetError> {
        Ok(Passage {
            undecided: self.sets.difference(passage.undecided, holds.surely)?,
            ..passage
        })
    }

    fn both(&mut self, a: Holds, b: Holds) -> Result<Holds, SetError> {
        Ok(Holds {
            surely: self.sets.and(a.surely, b.surely)?,
            maybe: self.sets.and(a.maybe, b.maybe)?,
        })
    }

    fn without(&mut self, a: Holds, b: Holds) -> Result<Holds, SetError> {
        Ok(Holds {
            surely: self.sets.difference(a.surely, b.maybe)?,
            maybe: self.sets.difference(a.maybe, b.surely)?,
        })
    }

    fn condition(&mut self, condition: &Condition) -> Result<Holds, SetError> {
        let (empty, full) = (self.sets.empty(), self.sets.full());
        let unknown = Holds {
            surely: empty,
            maybe: full,
        };
        let told = |holds: bool| {
            let set = if holds { full } else { empty };
            Holds {
                surely: set,
                maybe: set,
            }
        };
        let header = &self.service.header;
        let first = header.fragment == Fragment::First;
        let ports = first && header.protocol.has_ports();
        Ok(match condition {
            Condition::Always => told(true),
            Condition::All(parts) => self.fold(parts, told(true), true)?,
            Condition::Any(parts) => self.fold(parts, told(false), false)?,
            Condition::Not(part) => {
                let holds = self.condition(part)?;
                Holds {
                    surely: self.sets.not(holds.maybe),
                    maybe: self.sets.not(holds.surely),
                }
            }
            Condition::Source(set) => self.exactly(Field::Source, set)?,
            Condition::Destination(set) => self.exactly(Field::Destination, set)?,
            Condition::Protocol(protocols) => told(protocols.contains(&header.protocol)),
            Condition::SourcePort(set) => told(ports && set.contains(header.source_port)),
            Condition::DestinationPort(set) => told(ports && set.contains(header.destination_port)),
            Condition::Icmp(kinds) => told(
                first
                    && header.protocol.is_icmp()
                    && kinds.types.contains(&low_byte(header.destination_port))
                    && kinds.codes.contains(&low_byte(header.source_port)),
            ),
            Condition::TcpFlags(flags) => {
                told(first && header.protocol == Protocol::TCP && flags.matches(header.tcp_flags))
            }
            Condition::LaterFragment => told(!first),
            Condition::Connection(states) => told(states.contains(self.service.state)),
            Condition::EntersBy(interfaces) => {
                let mut maybe = empty;
                for interface in interfaces.iter() {
                    let sources = match self.sources.get(&interface) {
                        Some(sources) => self.exactly(Field::Source, sources)?.maybe,
                        None => full,
                    };
                    maybe = self.sets.or(maybe, sources)?;
                }
                Holds {
                    surely: empty,
                    maybe,
                }
            }
            Condition::LeavesBy(interfaces) if interfaces.iter().next().is_none() => told(false),
            Condition::Mark { mask, value } => told(header.mark & mask == *value),
            Condition::LeavesBy(_)
            | Condition::Reflected(_)
            | Condition::Accepted(_)
            | Condition::Unknown(_) => unknown,
        })
    }

    fn fold(&mut self, parts: &[Condition], start: Holds, all: bool) -> Result<Holds, SetError> {
        parts.iter().try_fold(start, |sofar, part| {
            let next = self.condition(part)?;
            let mut join = |a, b| match all {
                true => self.sets.and(a, b),
                false => self.sets.or(a, b),
            };
            Ok(Holds {
                surely: join(sofar.surely, next.surely)?,
                maybe: join(sofar.maybe, next.maybe)?,
            })
        })
    }

    fn exactly(&mut self, field: Field, set: &AddressSet) -> Result<Holds, SetError> {
        let addresses = Intervals::<A>::addresses(set)?;
        let set = self.sets.fields(&Fields::any().with(field, &addresses))?;
        Ok(Holds {
            surely: set,
            maybe: set,
        })
    }
}

/// ICMP types and codes are bytes that stand in the place of ports.
fn low_byte(value: u16) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// First and last addresses.
type Ranges<A> = Vec<(A, A)>;

/// Receivers that the same senders may talk to, and these senders.
struct Column<A> {
    receivers: Intervals<A>,
    senders: Intervals<A>,
}

fn columns<A: Address>(sets: &Diagram<A>, accepted: Set) -> Result<Vec<Column<A>>, SetError> {
    let everybody = Intervals::range(A::ZERO, A::MAX);
    let mut columns: BTreeMap<Ranges<A>, Ranges<A>> = BTreeMap::new();
    for product in sets.boxes(accepted, usize::MAX)?.boxes {
        let of = |field| {
            product
                .iter()
                .find(|(known, _)| *known == field)
                .map_or(&everybody, |(_, values)| values)
        };
        columns
            .entry(of(Field::Destination).parts().to_vec())
            .or_default()
            .extend_from_slice(of(Field::Source).parts());
    }
    Ok(columns
        .into_iter()
        .map(|(receivers, senders)| Column {
            receivers: Intervals::of(receivers),
            senders: Intervals::of(senders),
        })
        .collect())
}

/// How an address is treated: the columns it may send to, and the one it is in.
type Treatment = (BTreeSet<usize>, Option<usize>);

/// Sweeps over the addresses: what begins and ends where.
fn group<A: Address>(columns: &[Column<A>]) -> Matrix<A> {
    let mut changes: BTreeMap<A, Vec<(usize, bool, bool)>> = BTreeMap::new();
    changes.entry(A::ZERO).or_default();
    for (at, column) in columns.iter().enumerate() {
        for (set, sends) in [(&column.senders, true), (&column.receivers, false)] {
            for &(first, last) in set.parts() {
                changes.entry(first).or_default().push((at, sends, true));
                if let Some(after) = last.next() {
                    changes.entry(after).or_default().push((at, sends, false));
                }
            }
        }
    }
    let mut classes: BTreeMap<Treatment, Vec<(A, A)>> = BTreeMap::new();
    let mut now: Treatment = (BTreeSet::new(), None);
    let mut starts = changes.iter().peekable();
    while let Some((&first, begun)) = starts.next() {
        // What ends here ends before anything begins.
        for &(at, sends, _) in begun.iter().filter(|(.., begins)| !begins) {
            match sends {
                true => drop(now.0.remove(&at)),
                false => now.1 = None,
            }
        }
        for &(at, sends, _) in begun.iter().filter(|(.., begins)| *begins) {
            match sends {
                true => drop(now.0.insert(at)),
                false => now.1 = Some(at),
            }
        }
        let last = starts
            .peek()
            .and_then(|(next, _)| next.previous())
            .unwrap_or(A::MAX);
        classes.entry(now.clone()).or_default().push((first, last));
    }
    let treatments: Vec<Treatment> = classes.keys().cloned().collect();
    let mut pairs = Vec::new();
    for (from, (sends_to, _)) in treatments.iter().enumerate() {
        for (to, (_, column)) in treatments.iter().enumerate() {
            if column.is_some_and(|column| sends_to.contains(&column)) {
                pairs.push((from, to));
            }
        }
    }
    Matrix {
        classes: classes.into_values().map(Intervals::of).collect(),
        pairs,
    }
}
