//! What proofs need of packet sets, whatever represents them.

use crate::address::Address;
use crate::error::SetError;
use crate::field::Field;
use crate::header::{Packet, Protocol, TcpFlags};
use crate::intervals::Intervals;
use crate::line::{Fields, Line, Verdicts};
use crate::rewrite::Rewrite;
use std::fmt;
use std::hash::Hash;

/// Exact sets of packets of one address family.
///
/// A set is a small handle into the value that made it, and means nothing to
/// another one, except that a clone understands the handles made before the
/// cloning. Two handles are equal exactly when the sets are.
///
/// Sets are over *all* values of all fields, also those no real packet has
/// (TCP flags on UDP). Start from [`headers`](Self::headers), and every
/// intersection stays within what exists; then an empty set means that there
/// is no such packet, and a non-empty one has a [`witness`](Self::witness).
///
/// # Errors
///
/// Whatever makes sets fails with [`SetError::Exhausted`] at the memory limit
/// and with [`SetError::Released`] for a handle whose memory was given back.
pub trait PacketSets: Clone + fmt::Debug {
    /// The type of addresses, which chooses the family.
    type Key: Address;
    /// A handle of a set.
    type Set: Copy + Eq + Hash + fmt::Debug;
    /// A state of memory that can be gone back to.
    type Mark: Copy + fmt::Debug;

    /// Returns the set without any packet.
    fn empty(&self) -> Self::Set;

    /// Returns the packets that are not in the set.
    fn not(&self, set: Self::Set) -> Self::Set;

    /// Returns the packets that are in both sets.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn and(&mut self, a: Self::Set, b: Self::Set) -> Result<Self::Set, SetError>;

    /// Returns the packets that fulfil every condition.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn fields(&mut self, fields: &Fields<Self::Key>) -> Result<Self::Set, SetError>;

    /// Returns the packets that differ from one in the set by at most this field.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn exists(&mut self, set: Self::Set, field: Field) -> Result<Self::Set, SetError>;

    /// Returns what the packets of the set can be rewritten to.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn image(
        &mut self,
        rewrite: &Rewrite<Self::Key>,
        set: Self::Set,
    ) -> Result<Self::Set, SetError>;

    /// Returns the packets that *some* choice of the rewrite brings into the set.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn pre_image_any(
        &mut self,
        rewrite: &Rewrite<Self::Key>,
        set: Self::Set,
    ) -> Result<Self::Set, SetError>;

    /// Exchanges source and destination, of addresses and of ports.
    ///
    /// This turns the two topmost levels of the diagram over, and costs about as
    /// much as building the result anew: do it once for a filter, not in a loop.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn swap(&mut self, set: Self::Set) -> Result<Self::Set, SetError>;

    /// Decides every packet by the first line that matches it.
    ///
    /// A packet that no line matches is denied, as in an access list: end with
    /// a line of [`Fields::any`] for another default.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn first_match(
        &mut self,
        lines: &[Line<Self::Key, Self::Set>],
    ) -> Result<Verdicts<Self::Set>, SetError>;

    /// Tells whether the packet is in the set; one of the other family never is.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    fn contains(&self, set: Self::Set, packet: &Packet) -> Result<bool, SetError>;

    /// Returns one real packet of the set, as like `preferred` as a greedy choice makes it.
    ///
    /// Field by field, the preferred value is taken where the set has it, and
    /// else the first one that it has, leaving out an address that ends in zero
    /// where there is another. `None` when no packet that [exists](Self::headers)
    /// is in the set. See [`crate::preferred`] for one that reads well.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn witness(&mut self, set: Self::Set, preferred: &Packet) -> Result<Option<Packet>, SetError>;

    /// Returns the present state of memory.
    fn mark(&self) -> Self::Mark;

    /// Forgets all sets made since `mark` and gives their memory back.
    ///
    /// A handle made since is refused from then on, wherever it was kept.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`] when memory was already taken back below the mark.
    fn release_to(&mut self, mark: Self::Mark) -> Result<(), SetError>;

    /// Forgets all sets made since `mark` but these, whose handles are renewed.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`] when the mark or one of the handles is no longer valid.
    fn release_keeping(&mut self, mark: Self::Mark, keep: &mut [Self::Set])
    -> Result<(), SetError>;

    /// Returns the number of nodes in use, for limits and statistics.
    fn nodes(&self) -> usize;

    /// Returns the set of all packets.
    fn full(&self) -> Self::Set {
        self.not(self.empty())
    }

    /// Tells whether no packet is in the set.
    fn is_empty(&self, set: Self::Set) -> bool {
        set == self.empty()
    }

    /// Tells whether every packet is in the set.
    fn is_full(&self, set: Self::Set) -> bool {
        set == self.full()
    }

    /// Returns the packets that are in either set.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn or(&mut self, a: Self::Set, b: Self::Set) -> Result<Self::Set, SetError> {
        let neither = self.and(self.not(a), self.not(b))?;
        Ok(self.not(neither))
    }

    /// Returns the packets that are in `a` and not in `b`.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn difference(&mut self, a: Self::Set, b: Self::Set) -> Result<Self::Set, SetError> {
        self.and(a, self.not(b))
    }

    /// Returns the packets that are in one of the two sets and not in the other.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn xor(&mut self, a: Self::Set, b: Self::Set) -> Result<Self::Set, SetError> {
        let left = self.difference(a, b)?;
        let right = self.difference(b, a)?;
        self.or(left, right)
    }

    /// Tells whether every packet of `a` is in `b`.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn subset(&mut self, a: Self::Set, b: Self::Set) -> Result<bool, SetError> {
        Ok(self.difference(a, b)? == self.empty())
    }

    /// Returns the union of many sets; of none of them it is the empty set.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn any(&mut self, sets: &[Self::Set]) -> Result<Self::Set, SetError> {
        let mut left = sets.to_vec();
        while left.len() > 1 {
            // Pairs of neighbours: each set takes part in few, small unions.
            let mut halved = Vec::with_capacity(left.len().div_ceil(2));
            for pair in left.chunks(2) {
                halved.push(match *pair {
                    [a, b] => self.or(a, b)?,
                    [a, ..] => a,
                    [] => continue,
                });
            }
            left = halved;
        }
        Ok(left.first().copied().unwrap_or_else(|| self.empty()))
    }

    /// Returns the intersection of many sets; of none of them it is all packets.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn all(&mut self, sets: &[Self::Set]) -> Result<Self::Set, SetError> {
        let complements: Vec<_> = sets.iter().map(|set| self.not(*set)).collect();
        let some_missing = self.any(&complements)?;
        Ok(self.not(some_missing))
    }

    /// Returns the packets with one of these values in a field.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn field(
        &mut self,
        field: Field,
        values: &Intervals<Self::Key>,
    ) -> Result<Self::Set, SetError> {
        self.fields(&Fields::any().with(field, values))
    }

    /// Returns the packets of the set with one of these values in a field.
    ///
    /// Cutting to a range of destinations costs no more than what is left.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn restrict(
        &mut self,
        set: Self::Set,
        field: Field,
        values: &Intervals<Self::Key>,
    ) -> Result<Self::Set, SetError> {
        let within = self.field(field, values)?;
        self.and(set, within)
    }

    /// Returns the packets that the rewrite brings into the set *whatever* it chooses.
    ///
    /// A packet that the rewrite has no image for is not among them.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn pre_image_all(
        &mut self,
        rewrite: &Rewrite<Self::Key>,
        set: Self::Set,
    ) -> Result<Self::Set, SetError> {
        let outside = self.not(set);
        let escapes = self.pre_image_any(rewrite, outside)?;
        let domain = rewrite
            .changes()
            .iter()
            .fold(Fields::any(), |fields, (field, change)| {
                fields.with(*field, &change.domain(*field))
            });
        let domain = self.fields(&domain)?;
        self.difference(domain, escapes)
    }

    /// Returns the headers that packets can have, with absent fields zero.
    ///
    /// These are the [normalised](Packet::normalised) packets whose ICMP type
    /// and code fit their byte.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn headers(&mut self) -> Result<Self::Set, SetError> {
        all_headers(self)
    }

    /// Returns the first answers to the packets of a set, as [`Packet::reply`] makes them.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn replies(&mut self, set: Self::Set) -> Result<Self::Set, SetError> {
        let headers = self.headers()?;
        let sent = self.and(set, headers)?;
        let mut replies = Vec::new();
        for exchange in exchanges::<Self::Key>()? {
            let asked = self.fields(&exchange.asked)?;
            let asked = self.and(sent, asked)?;
            let answered = self.image(&exchange.answer, asked)?;
            let mut answered = self.swap(answered)?;
            if let Some(tidy) = &exchange.after_swap {
                answered = self.image(tidy, answered)?;
            }
            replies.push(answered);
        }
        self.any(&replies)
    }

    /// Returns the packets whose first answer, as [`Packet::reply`] makes it, is in the set.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn requests(&mut self, replies: Self::Set) -> Result<Self::Set, SetError> {
        let headers = self.headers()?;
        let mut requests = Vec::new();
        for exchange in exchanges::<Self::Key>()? {
            let mut answered = replies;
            if let Some(tidy) = &exchange.after_swap {
                answered = self.pre_image_any(tidy, answered)?;
            }
            let swapped = self.swap(answered)?;
            let before = self.pre_image_any(&exchange.answer, swapped)?;
            let asked = self.fields(&exchange.asked)?;
            let asked = self.and(asked, headers)?;
            requests.push(self.and(before, asked)?);
        }
        self.any(&requests)
    }
}

/// Makes the set of [`PacketSets::headers`].
pub(crate) fn all_headers<S: PacketSets>(sets: &mut S) -> Result<S::Set, SetError> {
    use crate::header::Fragment::{First, Later};
    let zero = Intervals::one(S::Key::ZERO);
    let without_flags = Field::FLAGS
        .into_iter()
        .fold(Fields::any(), |fields, flag| fields.with(flag, &zero));
    let bare = without_flags
        .clone()
        .with(Field::SourcePort, &zero)
        .with(Field::DestinationPort, &zero);
    let byte = Intervals::small([0..=u32::from(u8::MAX)]);
    let ports = Protocol::WITH_PORTS.map(|protocol| u32::from(protocol.0));
    let icmp = [Protocol::ICMP, Protocol::ICMPV6].map(|protocol| u32::from(protocol.0));
    let of = |numbers: &[u32]| Intervals::small(numbers.iter().map(|number| *number..=*number));
    let tcp = u32::from(Protocol::TCP.0);
    let udp: Vec<u32> = ports.into_iter().filter(|number| *number != tcp).collect();
    let known: Vec<u32> = ports.into_iter().chain(icmp).collect();
    let others = of(&known).not(S::Key::from_u32(u32::from(u8::MAX)));
    let kinds = [
        Fields::any()
            .with(Field::Protocol, &of(&[tcp]))
            .fragment(First),
        without_flags
            .clone()
            .with(Field::Protocol, &of(&udp))
            .fragment(First),
        without_flags
            .with(Field::Protocol, &of(&icmp))
            .with(Field::DestinationPort, &byte)
            .with(Field::SourcePort, &byte)
            .fragment(First),
        bare.clone().with(Field::Protocol, &others).fragment(First),
        bare.fragment(Later),
    ];
    let mut made = Vec::with_capacity(kinds.len());
    for kind in kinds {
        made.push(sets.fields(&kind)?);
    }
    sets.any(&made)
}

/// One way that packets are answered.
struct Exchange<A> {
    /// Which packets are answered this way.
    asked: Fields<A>,
    /// What changes before the ends change places.
    answer: Rewrite<A>,
    /// What changes after they did.
    after_swap: Option<Rewrite<A>>,
}

/// The cases of [`Packet::reply`]; no packet is in two of them.
fn exchanges<A: Address>() -> Result<Vec<Exchange<A>>, SetError> {
    use crate::header::Fragment::First;
    let number = |value: u32| A::from_u32(value);
    let bit = |value: u32| Intervals::one(number(value));
    let whole = Fields::any().fragment(First);
    let unmarked = Rewrite::keep().to(Field::Mark, A::ZERO)?;
    let with_flags = |flags: TcpFlags| {
        Field::FLAGS
            .into_iter()
            .enumerate()
            .try_fold(unmarked.clone(), |rewrite, (place, field)| {
                rewrite.to(field, number(u32::from(flags.0 >> place & 1)))
            })
    };
    let tcp = whole.clone().protocol(Protocol::TCP);
    let acknowledged = with_flags(TcpFlags::ACK)?;
    let mut cases = vec![
        Exchange {
            asked: tcp
                .clone()
                .with(Field::Syn, &bit(1))
                .with(Field::Ack, &bit(0)),
            answer: with_flags(TcpFlags::SYN_ACK)?,
            after_swap: None,
        },
        Exchange {
            asked: tcp.clone().with(Field::Syn, &bit(0)),
            answer: acknowledged.clone(),
            after_swap: None,
        },
        Exchange {
            asked: tcp.with(Field::Syn, &bit(1)).with(Field::Ack, &bit(1)),
            answer: acknowledged,
            after_swap: None,
        },
    ];
    for (protocol, request, reply) in [(Protocol::ICMP, 8, 0), (Protocol::ICMPV6, 128, 129)] {
        let kind = Rewrite::keep()
            .to(Field::DestinationPort, number(reply))?
            .to(Field::SourcePort, A::ZERO)?;
        cases.push(Exchange {
            asked: whole
                .clone()
                .protocol(protocol)
                .with(Field::DestinationPort, &Intervals::one(number(request))),
            answer: unmarked.clone(),
            after_swap: Some(kind),
        });
    }
    let special = [Protocol::TCP, Protocol::ICMP, Protocol::ICMPV6];
    let special = special.map(|protocol| u32::from(protocol.0));
    let plain = Intervals::small(special.map(|number| number..=number));
    let plain = plain.not(number(u32::from(u8::MAX)));
    cases.push(Exchange {
        asked: whole.with(Field::Protocol, &plain),
        answer: unmarked,
        after_swap: None,
    });
    Ok(cases)
}
