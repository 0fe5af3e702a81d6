//! What rules look at, and what they compare it with.

use crate::linux::addresses::{self, Kind as AddressKind, Side};
use crate::linux::names;
use crate::linux::netfilter::{Builder, never};
use findings::Span;
use ipnet::IpNet;
use networks::model::{Condition, ConnectionState, ConnectionStates, InterfaceSet, LineState};
use packets::{
    AddressMatch, AddressSet, Family, IcmpMatch, Ports, Protocol, TcpFlagMatch, TcpFlags,
};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    /// `ip saddr`, `ip6 saddr`.
    Source(Family),
    /// `ip daddr`, `ip6 daddr`.
    Destination(Family),
    /// `meta l4proto`.
    Protocol,
    /// `ip protocol`, `ip6 nexthdr`.
    ProtocolOf(Family),
    /// `tcp sport`, `th sport`.
    SourcePort(Option<Protocol>),
    /// `tcp dport`, `th dport`.
    DestinationPort(Option<Protocol>),
    /// `tcp flags`.
    TcpFlags,
    /// `icmp type`, `icmpv6 type`.
    IcmpType(Family),
    /// `icmp code`, `icmpv6 code`.
    IcmpCode(Family),
    /// `iifname`, `iif`.
    EntersBy,
    /// `oifname`, `oif`.
    LeavesBy,
    /// `meta mark`.
    Mark,
    /// `ct state`.
    State,
    /// `meta nfproto`.
    Family,
    /// `fib saddr type`, `fib daddr type`.
    AddressType(bool),
    /// Something that is not modelled, and why.
    Unknown(&'static str),
}

/// What a value is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotUnderstood(pub(super) String);

impl Field {
    /// Returns what has to hold for the field to be there at all, as the kernel
    /// checks it besides the comparison.
    pub(super) fn presence(self) -> Option<Condition> {
        let any_port = || Condition::DestinationPort(Ports::any());
        Some(match self {
            Self::Source(family) | Self::Destination(family) | Self::ProtocolOf(family) => {
                Condition::Source(AddressSet::all_of(family))
            }
            Self::SourcePort(Some(protocol)) | Self::DestinationPort(Some(protocol)) => {
                Condition::All(vec![Condition::Protocol(vec![protocol]), any_port()])
            }
            Self::SourcePort(None) | Self::DestinationPort(None) => any_port(),
            Self::TcpFlags => Condition::TcpFlags(TcpFlagMatch {
                mask: TcpFlags(0),
                value: TcpFlags(0),
            }),
            Self::IcmpType(family) | Self::IcmpCode(family) => icmp(family, 0..=255, 0..=255),
            _ => return None,
        })
    }

    /// Makes the condition that the field is one of some values.
    pub(super) fn is_one_of(
        self,
        builder: &mut Builder,
        values: &[&str],
        origin: Span,
    ) -> Result<(Condition, LineState), NotUnderstood> {
        let understood = |condition| Ok((condition, LineState::Understood));
        match self {
            Self::Source(family) => understood(Condition::Source(address_set(values, family)?)),
            Self::Destination(family) => {
                understood(Condition::Destination(address_set(values, family)?))
            }
            Self::Protocol => understood(Condition::Protocol(each(values, names::protocol)?)),
            Self::ProtocolOf(family) => understood(Condition::All(vec![
                Condition::Source(AddressSet::all_of(family)),
                Condition::Protocol(each(values, names::protocol)?),
            ])),
            Self::SourcePort(protocol) => {
                let ports = Condition::SourcePort(Ports(each(values, ports)?));
                understood(of_protocol(protocol, ports))
            }
            Self::DestinationPort(protocol) => {
                let ports = Condition::DestinationPort(Ports(each(values, ports)?));
                understood(of_protocol(protocol, ports))
            }
            Self::TcpFlags => {
                let exact = |value: &str| {
                    let value = flags(value)?;
                    let mask = TcpFlags(0xff);
                    Some(Condition::TcpFlags(TcpFlagMatch { mask, value }))
                };
                understood(Condition::Any(each(values, exact)?))
            }
            Self::IcmpType(family) => understood(icmp_types(values, family)?),
            Self::IcmpCode(family) => {
                let codes = each(values, |value| icmp_code(value, family))?;
                let codes = codes.into_iter().map(|codes| icmp(family, 0..=255, codes));
                understood(Condition::Any(codes.collect()))
            }
            Self::EntersBy => understood(Condition::EntersBy(interfaces(builder, values, origin))),
            Self::LeavesBy => understood(Condition::LeavesBy(interfaces(builder, values, origin))),
            Self::Mark => understood(Condition::Any(each(values, |value| {
                let value = names::number(value)?;
                let mask = u32::MAX;
                Some(Condition::Mark { mask, value })
            })?)),
            Self::State => {
                let states = states(values)?;
                understood(Condition::Connection(states))
            }
            Self::Family => understood(Condition::Any(each(values, |value| match value {
                "ipv4" | "2" => Some(Condition::Source(AddressSet::all_of(Family::V4))),
                "ipv6" | "10" => Some(Condition::Source(AddressSet::all_of(Family::V6))),
                _ => None,
            })?)),
            Self::AddressType(source) => address_type(builder, values, source, origin),
            Self::Unknown(reason) => Err(NotUnderstood(reason.to_owned())),
        }
    }
}

/// Reads every value, or says which is not understood.
fn each<T>(values: &[&str], read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, NotUnderstood> {
    values
        .iter()
        .map(|value| read(value).ok_or_else(|| not_understood(value)))
        .collect()
}

fn not_understood(value: &str) -> NotUnderstood {
    NotUnderstood(format!("`{value}` is not understood"))
}

fn of_protocol(protocol: Option<Protocol>, condition: Condition) -> Condition {
    match protocol {
        Some(protocol) => Condition::All(vec![Condition::Protocol(vec![protocol]), condition]),
        None => condition,
    }
}

fn address_set(values: &[&str], family: Family) -> Result<AddressSet, NotUnderstood> {
    Ok(AddressSet(each(values, |value| address(value, family))?))
}

/// Reads `a`, `a/24`, `a-b` or `*`.
fn address(text: &str, family: Family) -> Option<AddressMatch> {
    if text == "*" {
        return AddressSet::all_of(family).0.pop();
    }
    if let Some((first, last)) = text.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
        let fits = Family::of(first) == family && Family::of(last) == family && first <= last;
        return fits.then_some(AddressMatch::Range(first, last));
    }
    addresses::with_mask(text, family)
}

/// Reads `80`, `80-90`, `ssh` or `*`.
pub(super) fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    if text == "*" {
        return Some(0..=u16::MAX);
    }
    if let Some(port) = names::port(text) {
        return Some(port..=port);
    }
    let (first, last) = text.split_once('-')?;
    let (first, last) = (names::port(first)?, names::port(last)?);
    (first <= last).then_some(first..=last)
}

/// Reads one flag by name or number.
pub(super) fn flags(text: &str) -> Option<TcpFlags> {
    Some(match text {
        "fin" => TcpFlags::FIN,
        "syn" => TcpFlags::SYN,
        "rst" => TcpFlags::RST,
        "psh" => TcpFlags::PSH,
        "ack" => TcpFlags::ACK,
        "urg" => TcpFlags::URG,
        "ecn" => TcpFlags::ECE,
        "cwr" => TcpFlags::CWR,
        _ => TcpFlags(u8::try_from(names::number(text)?).ok()?),
    })
}

fn icmp(family: Family, types: RangeInclusive<u8>, codes: RangeInclusive<u8>) -> Condition {
    let protocol = match family {
        Family::V4 => Protocol::ICMP,
        Family::V6 => Protocol::ICMPV6,
    };
    Condition::All(vec![
        Condition::Protocol(vec![protocol]),
        Condition::Icmp(IcmpMatch { types, codes }),
    ])
}

fn icmp_types(values: &[&str], family: Family) -> Result<Condition, NotUnderstood> {
    let types = each(values, |value| {
        let found = match family {
            Family::V4 => names::icmp(value),
            Family::V6 => names::icmpv6(value),
        };
        found.map(|found| found.types)
    })?;
    let parts = types.into_iter().map(|types| icmp(family, types, 0..=255));
    Ok(Condition::Any(parts.collect()))
}

/// Codes by number or, for unreachable destinations, by name.
fn icmp_code(text: &str, family: Family) -> Option<RangeInclusive<u8>> {
    let name = match text {
        "net-unreachable" => "network-unreachable",
        "prot-unreachable" => "protocol-unreachable",
        "frag-needed" => "fragmentation-needed",
        "net-prohibited" => "network-prohibited",
        "admin-prohibited" => "communication-prohibited",
        "addr-unreachable" => "address-unreachable",
        name => name,
    };
    if let Some(code) = names::number(text) {
        let code = u8::try_from(code).ok()?;
        return Some(code..=code);
    }
    let found = match family {
        Family::V4 => names::icmp(name),
        Family::V6 => names::icmpv6(name),
    };
    found.map(|found| found.codes)
}

fn interfaces(builder: &mut Builder, values: &[&str], origin: Span) -> InterfaceSet {
    let mut ids = Vec::new();
    for value in values {
        ids.extend(builder.interfaces(value, '*', origin).iter());
    }
    InterfaceSet::new(ids)
}

fn states(values: &[&str]) -> Result<ConnectionStates, NotUnderstood> {
    Ok(ConnectionStates::new(each(values, |value| {
        Some(match value {
            "new" => ConnectionState::New,
            "established" => ConnectionState::Established,
            "related" => ConnectionState::Related,
            "invalid" => ConnectionState::Invalid,
            "untracked" => ConnectionState::Untracked,
            _ => return None,
        })
    })?))
}

fn address_type(
    builder: &Builder,
    values: &[&str],
    source: bool,
    origin: Span,
) -> Result<(Condition, LineState), NotUnderstood> {
    let side = if source {
        Side::Source
    } else {
        Side::Destination
    };
    let mut state = LineState::Understood;
    let mut parts = vec![never()];
    for kind in each(values, AddressKind::named)? {
        let open = builder.interfaces_open;
        let (condition, known) = addresses::of_kind(&builder.device, open, side, kind, origin);
        state = state.max(known);
        parts.push(condition);
    }
    Ok((Condition::Any(parts), state))
}

/// Reads an address or prefix of either family.
pub(super) fn net(text: &str) -> Option<IpNet> {
    let address = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().or_else(|| address(text))
}
