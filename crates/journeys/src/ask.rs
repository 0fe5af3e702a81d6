//! Questions to the engine, of either family, and what their answers say of legs.

use crate::World;
use crate::placement::End;
use crate::verdict::{Asked, Doubt, Leg, LegKind};
use ipnet::IpNet;
use networks::model::{Condition, DeviceKind, Port, Unknown};
use networks::reachability::{Answers, Engine, Goal, Quad, Question, Shares, Start};
use packets::{
    Address, AddressMatch, AddressSet, Diagram, Family, Field, Intervals, Packet, PacketSets, Set,
    SetError, preferred,
};
use std::net::IpAddr;

/// One engine a family, made when first needed.
#[derive(Debug, Clone)]
pub struct Engines<'n> {
    world: World<'n>,
    /// The addresses of subnets at which no host sits, sorted: those of devices,
    /// and the first and last one of an IPv4 subnet (RFC 1812 section 5.3.5).
    taken: Vec<IpAddr>,
    v4: Option<Engine<'n, Diagram<u32>>>,
    v6: Option<Engine<'n, Diagram<u128>>>,
}

/// A question in journeys' terms: one family, one place to start from.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The family of all its addresses.
    pub family: Family,
    /// A port of the link where packets start.
    pub from: Port,
    /// Their sources.
    pub sources: AddressSet,
    /// Their destinations as sent.
    pub destinations: AddressSet,
    /// What else they are.
    pub traffic: Condition,
    /// Where they must arrive; empty is anywhere.
    pub ends: Vec<End>,
    /// The destinations they must have there, after all translation; `None` is any.
    pub arriving: Option<AddressSet>,
    /// Whether answers must come back.
    pub answered: bool,
}

/// What the engine says, put into legs.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether any packet is as the inquiry says.
    pub vacuous: bool,
    /// Whether they arrive.
    pub reach: Leg,
    /// Whether their answers come back; not checked where none arrives.
    pub back: Leg,
    /// A packet for which all works.
    pub works: Option<Packet>,
    /// How many headers were asked for, and of how many it can be told, as
    /// numbers of headers (they do not fit integers).
    pub headers: f64,
    /// See `headers`.
    pub decided: f64,
}

impl<'n> Engines<'n> {
    /// Makes engines for a world; nothing is compiled yet.
    pub fn new(world: World<'n>) -> Self {
        let mut taken: Vec<IpAddr> = world
            .network
            .devices
            .iter()
            .filter(|device| device.kind == DeviceKind::Router)
            .flat_map(|device| &device.interfaces)
            .filter(|interface| interface.is_up())
            .flat_map(|interface| {
                let subnets = interface.addresses.iter().map(|address| address.net);
                let own = subnets.flat_map(|net| std::iter::once(net.addr()).chain(ends(net)));
                own.chain(
                    interface
                        .redundancy
                        .iter()
                        .flat_map(|group| group.addresses.clone()),
                )
            })
            .collect();
        taken.sort_unstable();
        taken.dedup();
        Self {
            world,
            taken,
            v4: None,
            v6: None,
        }
    }

    /// Returns the traffic of an inquiry between hosts: some addresses of the
    /// segments' prefixes are nobody's.
    fn between_hosts(&self, inquiry: &Inquiry) -> Condition {
        let of = |set: &AddressSet| {
            let taken = self.taken.iter().filter(|address| set.contains(**address));
            AddressSet(
                taken
                    .map(|address| AddressMatch::Net(IpNet::from(*address)))
                    .collect(),
            )
        };
        let mut parts = vec![inquiry.traffic.clone()];
        let sources = of(&inquiry.sources);
        if !sources.0.is_empty() {
            parts.push(Condition::Not(Box::new(Condition::Source(sources))));
        }
        let to_device =
            inquiry.ends.is_empty() || inquiry.ends.iter().any(|end| matches!(end, End::Device(_)));
        let destinations = of(&inquiry.destinations);
        if !to_device && !destinations.0.is_empty() {
            parts.push(Condition::Not(Box::new(Condition::Destination(
                destinations,
            ))));
        }
        Condition::All(parts)
    }

    /// Answers an inquiry.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn ask(&mut self, inquiry: &Inquiry) -> Result<Outcome, SetError> {
        let traffic = self.between_hosts(inquiry);
        match inquiry.family {
            Family::V4 => outcome(self.v4()?, inquiry, traffic),
            Family::V6 => outcome(self.v6()?, inquiry, traffic),
        }
    }

    /// Returns a packet for which an inquiry surely works, and whether its source is
    /// one of `genuine`; where there is such a packet, it is one.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn passing(
        &mut self,
        inquiry: &Inquiry,
        genuine: &AddressSet,
    ) -> Result<Option<(Packet, bool)>, SetError> {
        let traffic = self.between_hosts(inquiry);
        match inquiry.family {
            Family::V4 => passing(self.v4()?, inquiry, traffic, genuine),
            Family::V6 => passing(self.v6()?, inquiry, traffic, genuine),
        }
    }

    fn v4(&mut self) -> Result<&mut Engine<'n, Diagram<u32>>, SetError> {
        let World {
            network, routing, ..
        } = self.world;
        Ok(match &mut self.v4 {
            Some(engine) => engine,
            none => none.insert(Engine::new(network, routing, Diagram::new())?),
        })
    }

    fn v6(&mut self) -> Result<&mut Engine<'n, Diagram<u128>>, SetError> {
        let World {
            network, routing, ..
        } = self.world;
        Ok(match &mut self.v6 {
            Some(engine) => engine,
            none => none.insert(Engine::new(network, routing, Diagram::new())?),
        })
    }
}

fn question<A: Address>(
    engine: &Engine<'_, Diagram<A>>,
    inquiry: &Inquiry,
    traffic: Condition,
) -> Question {
    Question {
        from: Start::Segment(inquiry.from),
        sources: inquiry.sources.clone(),
        destinations: inquiry.destinations.clone(),
        traffic,
        goal: Goal {
            addresses: inquiry.arriving.clone(),
            ..goal(engine, &inquiry.ends)
        },
        answered: inquiry.answered,
    }
}

fn passing<A: Address>(
    engine: &mut Engine<'_, Diagram<A>>,
    inquiry: &Inquiry,
    traffic: Condition,
    genuine: &AddressSet,
) -> Result<Option<(Packet, bool)>, SetError> {
    let genuine = Intervals::addresses(genuine)?;
    let question = question(engine, inquiry, traffic);
    engine.with_answer(&question, |engine, answer| {
        let sets = engine.sets();
        let works = answer.shares.works;
        if sets.is_empty(works) {
            return Ok(None);
        }
        let nice = preferred(A::FAMILY);
        let own = sets.field(Field::Source, &genuine)?;
        let own = sets.and(works, own)?;
        if let Some(packet) = sets.witness(own, &nice)? {
            return Ok(Some((packet, true)));
        }
        let forged = sets.witness(works, &nice)?;
        Ok(forged.map(|packet| (packet, false)))
    })
}

fn outcome<A: Address>(
    engine: &mut Engine<'_, Diagram<A>>,
    inquiry: &Inquiry,
    traffic: Condition,
) -> Result<Outcome, SetError> {
    let question = question(engine, inquiry, traffic);
    engine.with_answer(&question, |engine, answer| {
        told(
            engine.sets(),
            Told {
                asked: answer.asked,
                there: answer.there,
                answers: answer.answers,
                shares: answer.shares,
                causes: &answer.causes,
            },
        )
    })
}

/// What the engine says, in sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) asked: Set,
    pub(crate) there: Quad<Set>,
    pub(crate) answers: Option<Answers<Set>>,
    pub(crate) shares: Shares<Set>,
    pub(crate) causes: &'a [Unknown],
}

/// Puts what the engine says into legs.
pub(crate) fn told<A: Address>(
    sets: &mut Diagram<A>,
    answer: Told<'_>,
) -> Result<Outcome, SetError> {
    let causes = || {
        let causes = answer.causes.iter();
        causes
            .map(|cause| Doubt {
                reason: cause.reason.clone(),
                span: cause.origin,
            })
            .collect()
    };
    let mut reach = reach(sets, answer)?;
    if reach.asked == Asked::Unknown {
        reach.doubts = causes();
    }
    let mut back = back(sets, answer)?;
    if back.asked == Asked::Unknown {
        back.doubts = causes();
    }
    let nice = preferred(A::FAMILY);
    let headers = sets.count(answer.asked)?;
    let unknown = sets.count(answer.shares.unknown)?;
    Ok(Outcome {
        vacuous: sets.is_empty(answer.asked),
        reach,
        back,
        works: sets.witness(answer.shares.works, &nice)?,
        headers,
        decided: headers - unknown,
    })
}

fn goal<A: Address>(engine: &Engine<'_, Diagram<A>>, ends: &[End]) -> Goal {
    let mut goal = Goal {
        anywhere: ends.is_empty(),
        ..Goal::default()
    };
    for end in ends {
        match *end {
            End::Segment(port) => goal.links.extend(engine.link(port)),
            End::Device(device) => goal.devices.push(device),
        }
    }
    goal
}

/// The leg there, by whether there are packets that surely fail on some way, that
/// surely arrive on some, that may arrive on some, and of which it cannot be told
/// whether they arrive on all.
pub(crate) fn reach_by(fails: bool, arrives: bool, may_arrive: bool, doubts: bool) -> Asked {
    match (fails, arrives, may_arrive) {
        (true, true, _) => Asked::Partly,
        (true, false, false) => Asked::Blocked,
        (true, false, true) => Asked::Unknown,
        (false, _, _) if doubts => Asked::Unknown,
        (false, _, _) => Asked::Works,
    }
}

/// The leg back, by whether some answers are lost on some way, come back on some,
/// and cannot be told of on some.
pub(crate) fn return_by(lost: bool, back: bool, doubt: bool) -> Asked {
    match (lost, back, doubt) {
        (true, true, _) => Asked::Partly,
        (true, false, false) => Asked::Blocked,
        (true, false, true) | (false, _, true) => Asked::Unknown,
        (false, _, false) => Asked::Works,
    }
}

/// The leg there, from the four sets of what arrives.
fn reach<A: Address>(sets: &mut Diagram<A>, answer: Told<'_>) -> Result<Leg, SetError> {
    let (asked, there) = (answer.asked, answer.there);
    let nice = preferred(A::FAMILY);
    // Packets that surely do not arrive on every way.
    let failing = sets.difference(asked, there.all_may)?;
    let doubtful = sets.difference(there.all_may, there.all_must)?;
    let some = sets.and(asked, there.any_must)?;
    let possible = sets.and(asked, there.any_may)?;
    let holds = [failing, some, possible, doubtful].map(|set| !sets.is_empty(set));
    let [fails, arrives, may_arrive, doubts] = holds;
    let verdict = reach_by(fails, arrives, may_arrive, doubts);
    let witness = match (fails, doubts) {
        (true, _) => failing,
        (false, true) => doubtful,
        (false, false) => asked,
    };
    Ok(Leg {
        kind: LegKind::Reach,
        asked: verdict,
        witness: sets.witness(witness, &nice)?,
        doubts: Vec::new(),
    })
}

/// The leg back, from what became of answers.
fn back<A: Address>(sets: &mut Diagram<A>, answer: Told<'_>) -> Result<Leg, SetError> {
    let nice = preferred(A::FAMILY);
    let Some(answers) = answer
        .answers
        .filter(|_| !sets.is_empty(answer.there.any_may))
    else {
        return Ok(Leg::not_checked(LegKind::Return));
    };
    let lost = !sets.is_empty(answers.lost);
    let back = !sets.is_empty(answers.back);
    let doubt = !sets.is_empty(answers.doubt);
    let verdict = return_by(lost, back, doubt);
    let witness = match verdict {
        Asked::Works => answers.back,
        Asked::Unknown if !lost => answers.doubt,
        _ => answers.lost,
    };
    Ok(Leg {
        kind: LegKind::Return,
        asked: verdict,
        witness: sets.witness(witness, &nice)?,
        doubts: Vec::new(),
    })
}

/// The first and the last address of an IPv4 subnet with room for hosts.
pub(crate) fn ends(net: IpNet) -> impl Iterator<Item = IpAddr> {
    let wide = net.addr().is_ipv4() && net.max_prefix_len() - net.prefix_len() >= 2;
    let ends = [net.network(), net.broadcast()];
    ends.into_iter().filter(move |_| wide)
}
