//! The header fields as levels of a diagram, in their one fixed order.

use crate::address::Address;
use crate::header::{Fragment, Packet, Protocol, TcpFlags};

/// One header field; a diagram has one level for each, in this order.
///
/// Only the mark has a level for each of its bits, the highest first: devices
/// look at marks under masks, and a mask scatters the values that match.
///
/// The order was measured: destination and source first is never bad, and some
/// others are worse by a factor of a hundred on real filter sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    /// The destination address.
    Destination,
    /// The source address.
    Source,
    /// The protocol number.
    Protocol,
    /// The destination port, or the ICMP type.
    DestinationPort,
    /// The source port, or the ICMP code.
    SourcePort,
    /// The TCP FIN bit, 0 or 1, as the seven that follow.
    Fin,
    /// The TCP SYN bit.
    Syn,
    /// The TCP RST bit.
    Rst,
    /// The TCP PSH bit.
    Psh,
    /// The TCP ACK bit.
    Ack,
    /// The TCP URG bit.
    Urg,
    /// The TCP ECE bit.
    Ece,
    /// The TCP CWR bit.
    Cwr,
    /// 0 for a whole datagram or a first fragment, 1 for a later fragment.
    Fragment,
    /// What the device attached to the packet ([`Packet::mark`]).
    Mark,
}

impl Field {
    /// Every field, in the order of the levels.
    pub const ALL: [Self; 15] = [
        Self::Destination,
        Self::Source,
        Self::Protocol,
        Self::DestinationPort,
        Self::SourcePort,
        Self::Fin,
        Self::Syn,
        Self::Rst,
        Self::Psh,
        Self::Ack,
        Self::Urg,
        Self::Ece,
        Self::Cwr,
        Self::Fragment,
        Self::Mark,
    ];

    /// The TCP flags, from the lowest bit of the header's byte to the highest.
    pub const FLAGS: [Self; 8] = [
        Self::Fin,
        Self::Syn,
        Self::Rst,
        Self::Psh,
        Self::Ack,
        Self::Urg,
        Self::Ece,
        Self::Cwr,
    ];

    /// Returns the field's level, counted from the root; of the mark the topmost of its levels.
    pub(crate) fn level(self) -> Level {
        self as Level
    }

    /// Returns the field a level belongs to.
    pub(crate) fn at(level: Level) -> Self {
        Self::ALL
            .get(usize::from(level))
            .copied()
            .unwrap_or(Self::Mark)
    }

    /// Returns the number of bits of the field in a family.
    pub fn bits<A: Address>(self) -> u8 {
        match self {
            Self::Destination | Self::Source => A::BITS,
            Self::Protocol => 8,
            Self::DestinationPort | Self::SourcePort => 16,
            Self::Mark => 32,
            _ => 1,
        }
    }

    /// Returns the highest value of the field in a family.
    pub fn highest<A: Address>(self) -> A {
        match self {
            Self::Destination | Self::Source => A::MAX,
            Self::Protocol => A::from_u32(u32::from(u8::MAX)),
            Self::DestinationPort | Self::SourcePort => A::from_u32(u32::from(u16::MAX)),
            Self::Mark => A::from_u32(u32::MAX),
            _ => A::from_u32(1),
        }
    }

    /// Returns the flag bit this field stands for; zero for what is no flag.
    fn flag(self) -> u8 {
        match self {
            Self::Fin => TcpFlags::FIN.0,
            Self::Syn => TcpFlags::SYN.0,
            Self::Rst => TcpFlags::RST.0,
            Self::Psh => TcpFlags::PSH.0,
            Self::Ack => TcpFlags::ACK.0,
            Self::Urg => TcpFlags::URG.0,
            Self::Ece => TcpFlags::ECE.0,
            Self::Cwr => TcpFlags::CWR.0,
            _ => 0,
        }
    }

    /// Returns a packet's value of the field, unless its addresses are of the other family.
    pub fn of<A: Address>(self, packet: &Packet) -> Option<A> {
        let value = match self {
            Self::Destination => return A::from_ip(packet.destination),
            Self::Source => return A::from_ip(packet.source),
            Self::Protocol => u32::from(packet.protocol.0),
            Self::DestinationPort => u32::from(packet.destination_port),
            Self::SourcePort => u32::from(packet.source_port),
            Self::Fragment => u32::from(packet.fragment == Fragment::Later),
            Self::Mark => packet.mark,
            flag => u32::from(packet.tcp_flags.0 & flag.flag() != 0),
        };
        Some(A::from_u32(value))
    }

    /// Sets a packet's value of the field; a value above the field's highest changes nothing.
    pub fn set<A: Address>(self, packet: &mut Packet, value: A) {
        let number = value.to_u128();
        match self {
            Self::Destination => packet.destination = value.to_ip(),
            Self::Source => packet.source = value.to_ip(),
            Self::Protocol => {
                packet.protocol = u8::try_from(number).map_or(packet.protocol, Protocol);
            }
            Self::DestinationPort => {
                packet.destination_port = u16::try_from(number).unwrap_or(packet.destination_port);
            }
            Self::SourcePort => {
                packet.source_port = u16::try_from(number).unwrap_or(packet.source_port);
            }
            Self::Fragment if number == 0 => packet.fragment = Fragment::First,
            Self::Fragment => packet.fragment = Fragment::Later,
            Self::Mark => packet.mark = u32::try_from(number).unwrap_or(packet.mark),
            flag if number == 0 => packet.tcp_flags.0 &= !flag.flag(),
            flag => packet.tcp_flags.0 |= flag.flag(),
        }
    }
}

/// A level of a diagram, counted from the root.
pub(crate) type Level = u8;

/// The level of the mark's highest bit.
pub(crate) const MARK_LEVEL: Level = 14;

/// The number of levels: those of the fields, and one for each bit of the mark.
pub(crate) const LEVELS: Level = MARK_LEVEL + 32;

/// Returns which bit of the mark a level is about; zero above the mark's levels.
pub(crate) fn mark_bit(level: Level) -> u32 {
    let place = level.checked_sub(MARK_LEVEL).unwrap_or(u8::MAX);
    (1_u32 << 31).checked_shr(u32::from(place)).unwrap_or(0)
}

/// Returns the highest value at a level.
pub(crate) fn highest_at<A: Address>(level: Level) -> A {
    if level < MARK_LEVEL {
        Field::at(level).highest::<A>()
    } else {
        A::from_u32(1)
    }
}

/// Returns a packet's value at a level; zero for an address of the other family.
pub(crate) fn value_at<A: Address>(level: Level, packet: &Packet) -> A {
    if level < MARK_LEVEL {
        return Field::at(level).of(packet).unwrap_or_default();
    }
    A::from_u32(u32::from(packet.mark & mark_bit(level) != 0))
}
