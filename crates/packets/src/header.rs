//! The header fields that forwarding and filters look at, and what
//! configurations say about them.
//!
//! A packet here is what a router may decide on: addresses, protocol, ports
//! (or ICMP type and code), TCP flags, whether it is a later fragment, and one
//! number that a device may attach to it on the way through ([`Packet::mark`]).

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// The version of the Internet Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4 (RFC 791).
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

impl Family {
    /// Returns the family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }
}

/// An Internet protocol number (IPv4 Protocol, IPv6 Next Header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4 (RFC 792).
    pub const ICMP: Self = Self(1);
    /// IGMP.
    pub const IGMP: Self = Self(2);
    /// TCP (RFC 9293).
    pub const TCP: Self = Self(6);
    /// UDP (RFC 768).
    pub const UDP: Self = Self(17);
    /// DCCP (RFC 4340).
    pub const DCCP: Self = Self(33);
    /// GRE (RFC 2784).
    pub const GRE: Self = Self(47);
    /// IPsec ESP (RFC 4303).
    pub const ESP: Self = Self(50);
    /// IPsec AH (RFC 4302).
    pub const AH: Self = Self(51);
    /// ICMP for IPv6 (RFC 4443).
    pub const ICMPV6: Self = Self(58);
    /// EIGRP.
    pub const EIGRP: Self = Self(88);
    /// OSPF (RFC 2328).
    pub const OSPF: Self = Self(89);
    /// PIM.
    pub const PIM: Self = Self(103);
    /// VRRP (RFC 5798).
    pub const VRRP: Self = Self(112);
    /// SCTP (RFC 9260).
    pub const SCTP: Self = Self(132);
    /// UDP-Lite (RFC 3828).
    pub const UDPLITE: Self = Self(136);

    /// The protocols whose packets carry ports, in ascending order.
    pub const WITH_PORTS: [Self; 5] = [Self::TCP, Self::UDP, Self::DCCP, Self::SCTP, Self::UDPLITE];

    /// Tells whether packets of this protocol carry ports.
    pub fn has_ports(self) -> bool {
        Self::WITH_PORTS.contains(&self)
    }

    /// Tells whether packets of this protocol carry an ICMP type and code.
    pub fn is_icmp(self) -> bool {
        self == Self::ICMP || self == Self::ICMPV6
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.write_str("icmp"),
            Self::IGMP => f.write_str("igmp"),
            Self::TCP => f.write_str("tcp"),
            Self::UDP => f.write_str("udp"),
            Self::DCCP => f.write_str("dccp"),
            Self::GRE => f.write_str("gre"),
            Self::ESP => f.write_str("esp"),
            Self::AH => f.write_str("ah"),
            Self::ICMPV6 => f.write_str("icmpv6"),
            Self::EIGRP => f.write_str("eigrp"),
            Self::OSPF => f.write_str("ospf"),
            Self::PIM => f.write_str("pim"),
            Self::VRRP => f.write_str("vrrp"),
            Self::SCTP => f.write_str("sctp"),
            Self::UDPLITE => f.write_str("udplite"),
            Self(number) => write!(f, "protocol {number}"),
        }
    }
}

/// The eight control bits of a TCP header, as they stand in its fourteenth byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x20);
    /// ECN echo.
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x80);
    /// The first answer to a SYN.
    pub const SYN_ACK: Self = Self(0x12);

    /// Tells whether every flag of `other` is set here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Whether a packet carries the transport header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Fragment {
    /// A whole datagram, or the first fragment of one.
    #[default]
    First,
    /// A fragment with an offset above zero: it has no ports, type or flags.
    Later,
}

/// One concrete packet header.
///
/// Fields that the packet does not have are zero: ports where the protocol has
/// none or the fragment is a later one, flags of what is not TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Packet {
    /// The source address; of the same family as the destination.
    pub source: IpAddr,
    /// The destination address.
    pub destination: IpAddr,
    /// The transport protocol.
    pub protocol: Protocol,
    /// The source port; for ICMP the code.
    pub source_port: u16,
    /// The destination port; for ICMP the type.
    pub destination_port: u16,
    /// The TCP control bits.
    pub tcp_flags: TcpFlags,
    /// Whether the transport header is there.
    pub fragment: Fragment,
    /// What the device on whose way it is attached to it (Linux: the packet mark).
    ///
    /// It is zero when a packet enters a device and does not leave with it.
    pub mark: u32,
}

impl Packet {
    /// Returns the packet with absent fields set to zero.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        let transport = self.fragment == Fragment::First;
        if !(transport && (self.protocol.has_ports() || self.protocol.is_icmp())) {
            self.source_port = 0;
            self.destination_port = 0;
        }
        if !(transport && self.protocol == Protocol::TCP) {
            self.tcp_flags = TcpFlags::default();
        }
        self
    }

    /// Returns the first answer to this packet as its receiver would send it.
    ///
    /// Addresses and ports change places; a TCP answer is SYN-ACK when this
    /// packet is a SYN without ACK, and ACK otherwise; an ICMP echo request is
    /// answered by an echo reply (RFC 792, RFC 4443 section 4.2). `None` for
    /// what has no answer of its own: later fragments and other ICMP types.
    pub fn reply(&self) -> Option<Self> {
        if self.fragment == Fragment::Later {
            return None;
        }
        let mut reply = Self {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            mark: 0,
            ..*self
        };
        match (self.protocol, self.destination_port) {
            (Protocol::ICMP, 8) => (reply.destination_port, reply.source_port) = (0, 0),
            (Protocol::ICMPV6, 128) => (reply.destination_port, reply.source_port) = (129, 0),
            (Protocol::ICMP | Protocol::ICMPV6, _) => return None,
            (Protocol::TCP, _) => {
                let opens = self.tcp_flags.contains(TcpFlags::SYN)
                    && !self.tcp_flags.contains(TcpFlags::ACK);
                reply.tcp_flags = if opens {
                    TcpFlags::SYN_ACK
                } else {
                    TcpFlags::ACK
                };
            }
            _ => {}
        }
        Some(reply)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = (self.source, self.destination);
        if self.fragment == Fragment::Later {
            return write!(
                f,
                "{source} -> {destination} {} later fragment",
                self.protocol
            );
        }
        if self.protocol.is_icmp() {
            let (kind, code) = (self.destination_port, self.source_port);
            return write!(
                f,
                "{source} -> {destination} {} type {kind} code {code}",
                self.protocol
            );
        }
        if !self.protocol.has_ports() {
            return write!(f, "{source} -> {destination} {}", self.protocol);
        }
        let (sport, dport) = (self.source_port, self.destination_port);
        if source.is_ipv6() {
            write!(
                f,
                "[{source}]:{sport} -> [{destination}]:{dport} {}",
                self.protocol
            )
        } else {
            write!(
                f,
                "{source}:{sport} -> {destination}:{dport} {}",
                self.protocol
            )
        }
    }
}

/// An IPv4 address with a mask of bits that do not count (Cisco "wildcard").
///
/// A set bit of `ignore` is a bit that may be anything; the mask need not be
/// contiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wildcard {
    /// The address; bits that are ignored are zero.
    pub address: Ipv4Addr,
    /// The bits that do not count.
    pub ignore: Ipv4Addr,
}

impl Wildcard {
    /// Makes a wildcard, clearing the ignored bits of the address.
    pub fn new(address: Ipv4Addr, ignore: Ipv4Addr) -> Self {
        let address = Ipv4Addr::from_bits(address.to_bits() & !ignore.to_bits());
        Self { address, ignore }
    }

    /// Tells whether the address matches.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & !self.ignore.to_bits() == self.address.to_bits()
    }
}

/// One way to write a set of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressMatch {
    /// Every address under a prefix.
    Net(IpNet),
    /// Every address from the first to the last; both of one family, in order.
    Range(IpAddr, IpAddr),
    /// Every IPv4 address that agrees on the bits that count.
    Wildcard(Wildcard),
}

impl AddressMatch {
    /// Tells whether the address matches; an address of the other family never does.
    pub fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Net(net) => net.contains(&address),
            Self::Range(first, last) => {
                Family::of(*first) == Family::of(address) && (*first..=*last).contains(&address)
            }
            Self::Wildcard(wildcard) => match address {
                IpAddr::V4(address) => wildcard.contains(address),
                IpAddr::V6(_) => false,
            },
        }
    }
}

/// A set of addresses, as the union of its parts; empty without any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AddressSet(pub Vec<AddressMatch>);

impl AddressSet {
    /// Every IPv4 and every IPv6 address.
    pub fn any() -> Self {
        Self(vec![
            AddressMatch::Net(IpNet::V4(Ipv4Net::default())),
            AddressMatch::Net(IpNet::V6(Ipv6Net::default())),
        ])
    }

    /// Every address of one family.
    pub fn all_of(family: Family) -> Self {
        Self(vec![AddressMatch::Net(match family {
            Family::V4 => IpNet::V4(Ipv4Net::default()),
            Family::V6 => IpNet::V6(Ipv6Net::default()),
        })])
    }

    /// Tells whether any part matches the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|part| part.contains(address))
    }
}

impl From<IpNet> for AddressSet {
    fn from(net: IpNet) -> Self {
        Self(vec![AddressMatch::Net(net)])
    }
}

impl From<IpAddr> for AddressSet {
    fn from(address: IpAddr) -> Self {
        Self(vec![AddressMatch::Net(IpNet::from(address))])
    }
}

impl From<Ipv4Addr> for AddressSet {
    fn from(address: Ipv4Addr) -> Self {
        Self::from(IpAddr::V4(address))
    }
}

impl From<Ipv6Addr> for AddressSet {
    fn from(address: Ipv6Addr) -> Self {
        Self::from(IpAddr::V6(address))
    }
}

/// A set of ports, as the union of ranges in any order; empty without any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ports(pub Vec<RangeInclusive<u16>>);

impl Ports {
    /// Every port.
    pub fn any() -> Self {
        Self(vec![0..=u16::MAX])
    }

    /// Tells whether the port is in the set.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|range| range.contains(&port))
    }
}

impl From<u16> for Ports {
    fn from(port: u16) -> Self {
        Self(vec![port..=port])
    }
}

impl From<RangeInclusive<u16>> for Ports {
    fn from(range: RangeInclusive<u16>) -> Self {
        Self(vec![range])
    }
}

/// ICMP messages by type and code; both inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IcmpMatch {
    /// The types that match.
    pub types: RangeInclusive<u8>,
    /// The codes that match.
    pub codes: RangeInclusive<u8>,
}

/// TCP control bits: those under `mask` must be exactly `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpFlagMatch {
    /// The flags that are looked at.
    pub mask: TcpFlags,
    /// Of these, the flags that must be set; the others must be clear.
    pub value: TcpFlags,
}

impl TcpFlagMatch {
    /// Tells whether the flags match.
    pub fn matches(self, flags: TcpFlags) -> bool {
        flags.0 & self.mask.0 == self.value.0
    }
}
