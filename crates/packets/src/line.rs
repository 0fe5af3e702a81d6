//! What a list of lines matches and does: the input of first-match compiling.

use crate::address::Address;
use crate::error::SetError;
use crate::field::Field;
use crate::header::{AddressSet, Fragment, IcmpMatch, Packet, Ports, Protocol, TcpFlagMatch};
use crate::intervals::Intervals;

/// A conjunction: one set of values for each field that matters.
///
/// A group of many addresses or ports is one interval set, never many rows.
/// Conditions on one field add up: the field's value must be in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Fields<A> {
    parts: Vec<(Field, Intervals<A>)>,
    /// The bits of the mark that must be as in `mark_value`.
    mark_mask: u32,
    mark_value: u32,
}

impl<A: Address> Fields<A> {
    /// The condition that every packet fulfils.
    pub fn any() -> Self {
        Self {
            parts: Vec::new(),
            mark_mask: 0,
            mark_value: 0,
        }
    }

    /// Adds a condition on one field; values above the field's highest are dropped.
    #[must_use]
    pub fn with(mut self, field: Field, values: &Intervals<A>) -> Self {
        let highest = field.highest::<A>();
        let within;
        let values = match values.parts().last() {
            Some((_, last)) if *last > highest => {
                within = values.and(&Intervals::range(A::ZERO, highest));
                &within
            }
            _ => values,
        };
        match self.parts.binary_search_by_key(&field, |(known, _)| *known) {
            Ok(place) => {
                if let Some((_, known)) = self.parts.get_mut(place) {
                    *known = known.and(values);
                }
            }
            Err(_) if *values.parts() == [(A::ZERO, highest)] => {}
            Err(place) => self.parts.insert(place, (field, values.clone())),
        }
        self
    }

    /// Adds a condition on the source address.
    ///
    /// # Errors
    ///
    /// [`SetError::TooManyIntervals`], as [`Intervals::addresses`].
    pub fn source(self, set: &AddressSet) -> Result<Self, SetError> {
        Ok(self.with(Field::Source, &Intervals::addresses(set)?))
    }

    /// Adds a condition on the destination address.
    ///
    /// # Errors
    ///
    /// [`SetError::TooManyIntervals`], as [`Intervals::addresses`].
    pub fn destination(self, set: &AddressSet) -> Result<Self, SetError> {
        Ok(self.with(Field::Destination, &Intervals::addresses(set)?))
    }

    /// Adds that the packet is of this protocol.
    #[must_use]
    pub fn protocol(self, protocol: Protocol) -> Self {
        self.with(
            Field::Protocol,
            &Intervals::one(A::from_u32(u32::from(protocol.0))),
        )
    }

    /// Adds a condition on the source port, and that the packet carries ports.
    #[must_use]
    pub fn source_ports(self, ports: &Ports) -> Self {
        self.with(Field::SourcePort, &ports.into())
            .fragment(Fragment::First)
    }

    /// Adds a condition on the destination port, and that the packet carries ports.
    #[must_use]
    pub fn destination_ports(self, ports: &Ports) -> Self {
        self.with(Field::DestinationPort, &ports.into())
            .fragment(Fragment::First)
    }

    /// Adds a condition on ICMP type and code, and that the packet carries them.
    #[must_use]
    pub fn icmp(self, kinds: &IcmpMatch) -> Self {
        let range = |range: &std::ops::RangeInclusive<u8>| {
            Intervals::small([u32::from(*range.start())..=u32::from(*range.end())])
        };
        self.with(Field::DestinationPort, &range(&kinds.types))
            .with(Field::SourcePort, &range(&kinds.codes))
            .fragment(Fragment::First)
    }

    /// Adds a condition on the TCP flags, and that the packet carries them.
    ///
    /// A value outside the mask can never match, and so nothing does.
    #[must_use]
    pub fn tcp_flags(mut self, flags: TcpFlagMatch) -> Self {
        let (mask, value) = (flags.mask.0, flags.value.0);
        for (bit, field) in Field::FLAGS.into_iter().enumerate() {
            let wanted = value >> bit & 1;
            if mask >> bit & 1 == 1 {
                self = self.with(field, &Intervals::one(A::from_u32(u32::from(wanted))));
            } else if wanted == 1 {
                self = self.with(field, &Intervals::none());
            }
        }
        self.fragment(Fragment::First)
    }

    /// Adds whether the packet is a later fragment.
    #[must_use]
    pub fn fragment(self, fragment: Fragment) -> Self {
        let value = u32::from(fragment == Fragment::Later);
        self.with(Field::Fragment, &Intervals::one(A::from_u32(value)))
    }

    /// Adds that the mark's bits under `mask` are `value`.
    ///
    /// A value outside the mask can never match, and so nothing does.
    #[must_use]
    pub fn mark(mut self, mask: u32, value: u32) -> Self {
        let clash = self.mark_mask & mask & (self.mark_value ^ value);
        if value & !mask != 0 || clash != 0 {
            return self.with(Field::Mark, &Intervals::none());
        }
        self.mark_mask |= mask;
        self.mark_value |= value;
        self
    }

    /// Tells whether a packet may fulfil both conditions; marks are not looked at.
    pub fn meets(&self, other: &Self) -> bool {
        self.parts.iter().all(|(field, values)| {
            let others = other
                .parts
                .binary_search_by_key(field, |(known, _)| *known)
                .ok()
                .and_then(|place| other.parts.get(place));
            others.is_none_or(|(_, others)| values.meets(others))
        })
    }

    /// Returns the bits of the mark that are looked at one by one, and what they must be.
    pub fn mark_bits(&self) -> (u32, u32) {
        (self.mark_mask, self.mark_value)
    }

    /// Adds all that another conjunction asks.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (field, values) in &other.parts {
            self = self.with(*field, values);
        }
        self.mark(other.mark_mask, other.mark_value)
    }

    /// Returns the conditions, one a field, in the order of the levels.
    pub fn parts(&self) -> &[(Field, Intervals<A>)] {
        &self.parts
    }

    /// Tells whether the packet fulfils the condition; one of the other family does not.
    pub fn contains(&self, packet: &Packet) -> bool {
        Field::Destination.of::<A>(packet).is_some()
            && packet.mark & self.mark_mask == self.mark_value
            && self
                .parts
                .iter()
                .all(|(field, values)| field.of(packet).is_some_and(|value| values.contains(value)))
    }
}

/// What one line of a list looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<A, S> {
    /// The conditions field by field.
    pub fields: Fields<A>,
    /// A set the packet must also be in: what is no conjunction of fields.
    ///
    /// A group of services is one (`tcp/443 or udp/53`), and so is `established`.
    pub within: Option<S>,
}

impl<A: Address, S> From<Fields<A>> for Match<A, S> {
    fn from(fields: Fields<A>) -> Self {
        Self {
            fields,
            within: None,
        }
    }
}

/// What a line does with the packets it is the first to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Lets the packet pass.
    Permit,
    /// Stops the packet.
    Deny,
    /// It is not known what the device does: the line was not understood.
    Unknown,
}

/// One line of an ordered list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<A, S> {
    /// Which packets the line matches.
    ///
    /// Of a line that was not understood: every packet it could match.
    pub when: Match<A, S>,
    /// What happens to them.
    pub action: Action,
}

impl<A: Address, S> Line<A, S> {
    /// Makes a line of field conditions alone.
    pub fn new(fields: Fields<A>, action: Action) -> Self {
        Self {
            when: fields.into(),
            action,
        }
    }
}

/// What a list of lines does: three sets that share no packet and together are all packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdicts<S> {
    /// Packets that certainly pass.
    pub permit: S,
    /// Packets that certainly stop.
    pub deny: S,
    /// Packets whose first matching line was not understood.
    pub unknown: S,
}
