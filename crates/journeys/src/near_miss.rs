//! Why a rule did not match a packet: which of its conditions failed.
//!
//! When a filter drops a packet, the line that people look for is often not
//! the one that dropped it but the one that was meant to let it through. Such
//! a line fails in one condition, or two.

use findings::Span;
use networks::model::{
    Action, Chain, ChainId, Condition, ConnectionStates, Device, InterfaceId, InterfaceSet,
    RouteAction, Rule,
};
use packets::{AddressMatch, AddressSet, Fragment, Packet, Ports, Protocol};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Something about a rule that did not fit a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What, in a fragment: "the destination port is 443, not 8443".
    pub text: String,
    /// The line of a list that the rule uses, where the mismatch is in one.
    pub span: Option<Span>,
    /// Other lines of that list that fail in as little.
    pub others: Vec<(String, Span)>,
    /// Whether it is in the interfaces.
    pub(crate) of_interface: bool,
    /// How many bits wider the nearest set of addresses would have to be for the
    /// address to be in it; zero for all else.
    apart: u32,
}

impl Mismatch {
    fn new(text: String) -> Self {
        Self {
            text,
            span: None,
            others: Vec::new(),
            of_interface: false,
            apart: 0,
        }
    }

    fn at(text: String, span: Span) -> Self {
        Self {
            span: Some(span),
            ..Self::new(text)
        }
    }
}

/// A rule that would have let a packet through (or translated it), and what
/// did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What did not fit.
    pub mismatches: Vec<Mismatch>,
}

/// How many conditions may fail for a rule to count as one that was meant.
const MISMATCHES_MAX: usize = 2;

/// How far apart a packet counts as being from a list no line of which is near.
const NO_LINE_NEAR: u32 = 128;

/// How many rules are looked at; past that the list is too long to be read by hand.
const RULES_MAX: usize = 100_000;

/// How many further lines of a list are named.
const OTHERS_MAX: usize = 2;

/// How many lists may be used within each other.
const DEPTH_MAX: usize = 8;

/// What a rule is wanted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Let the packet through.
    Permit,
    /// Rewrite it.
    Translation,
    /// Route it otherwise than the forwarding table does.
    Routing,
}

/// What a rule is judged by besides the packet.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The device.
    pub device: &'a Device,
    /// The interface that the packet entered by.
    pub enters: Option<InterfaceId>,
    /// The interface that it leaves by, once that is decided.
    pub leaves: Option<InterfaceId>,
}

/// Returns the rules of a chain, and of chains it calls, that do what is wanted
/// and nearly matched the packet: fewest mismatches first, then in order.
pub fn near_misses<'a>(
    chain: ChainId,
    packet: &Packet,
    at: At<'a>,
    wanted: Wanted,
) -> Vec<NearMiss<'a>> {
    let mut found = Vec::new();
    let mut chains = vec![chain];
    let mut seen = Vec::new();
    let mut rules = 0;
    while let Some(id) = chains.pop() {
        let Some(chain) = at.device.chain(id).filter(|_| !seen.contains(&id)) else {
            continue;
        };
        seen.push(id);
        rules += chain.rules.len();
        if rules > RULES_MAX {
            break;
        }
        chains.extend(called(chain));
        found.extend(
            chain
                .rules
                .iter()
                .filter_map(|rule| near_miss(rule, packet, at, wanted)),
        );
    }
    // A rule for other interfaces was hardly meant, one for another port or a
    // neighbouring address may well be mistyped.
    found.sort_by_key(|miss| {
        (
            miss.mismatches.len(),
            miss.mismatches.iter().filter(|m| m.of_interface).count(),
            miss.mismatches.iter().map(|m| m.apart).sum::<u32>(),
        )
    });
    found
}

/// Returns the rules of policy routing, of a chain and of chains it calls, that
/// match the packet and say where it goes, in order.
pub(crate) fn matching_routes<'a>(chain: ChainId, packet: &Packet, at: At<'a>) -> Vec<&'a Rule> {
    let mut found = Vec::new();
    let mut chains = vec![chain];
    let mut seen = Vec::new();
    let mut rules = 0;
    while let Some(id) = chains.pop() {
        let Some(chain) = at.device.chain(id).filter(|_| !seen.contains(&id)) else {
            continue;
        };
        seen.push(id);
        rules += chain.rules.len();
        if rules > RULES_MAX {
            break;
        }
        chains.extend(called(chain));
        found.extend(chain.rules.iter().filter(|rule| {
            let routes =
                matches!(&rule.action, Action::Route(route) if *route != RouteAction::UseFib);
            routes && mismatches(&rule.condition, packet, at, 0).is_some_and(|m| m.is_empty())
        }));
    }
    found
}

/// Tells whether a rule of policy routing says where a packet goes.
fn routes(rule: &Rule) -> bool {
    matches!(&rule.action, Action::Route(route) if *route != RouteAction::UseFib)
}

/// The chains that a chain calls.
fn called(chain: &Chain) -> impl Iterator<Item = ChainId> {
    chain.rules.iter().filter_map(|rule| match rule.action {
        Action::Call(chain) | Action::Goto(chain) => Some(chain),
        _ => None,
    })
}

fn near_miss<'a>(
    rule: &'a Rule,
    packet: &Packet,
    at: At<'a>,
    wanted: Wanted,
) -> Option<NearMiss<'a>> {
    let does = match wanted {
        Wanted::Permit => matches!(rule.action, Action::Accept(_) | Action::Translate(_)),
        Wanted::Translation => matches!(rule.action, Action::Translate(_)),
        Wanted::Routing => routes(rule),
    };
    let mismatches = mismatches(&rule.condition, packet, at, 0).filter(|_| does)?;
    (1..=MISMATCHES_MAX)
        .contains(&mismatches.len())
        .then_some(NearMiss { rule, mismatches })
}

/// Returns what in a condition fails for a packet: nothing where it holds,
/// `None` where no few changes would help (a rule for another family or
/// protocol, for other states, or one that cannot be told).
fn mismatches(
    condition: &Condition,
    packet: &Packet,
    at: At<'_>,
    depth: usize,
) -> Option<Vec<Mismatch>> {
    let inner = |part| mismatches(part, packet, at, depth);
    match condition {
        Condition::Always => Some(Vec::new()),
        Condition::All(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(inner).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        // Nothing is how a dialect writes a rule that is switched off.
        Condition::Any(parts) if parts.is_empty() => {
            Some(vec![Mismatch::new("it is switched off".to_owned())])
        }
        Condition::Any(parts) => parts.iter().filter_map(inner).min_by_key(Vec::len),
        Condition::Not(part) => match inner(part) {
            // What an exception excludes was not meant.
            Some(failing) if failing.is_empty() => None,
            _ => Some(Vec::new()),
        },
        Condition::Source(set) => address_mismatch("source", set, packet.source),
        Condition::Destination(set) => address_mismatch("destination", set, packet.destination),
        Condition::Protocol(protocols) => Some(protocol_mismatch(protocols, packet)),
        Condition::SourcePort(ports) => {
            port_mismatch("source port", ports, packet, packet.source_port)
        }
        Condition::DestinationPort(ports) => {
            port_mismatch("destination port", ports, packet, packet.destination_port)
        }
        Condition::EntersBy(set) => Some(interface_mismatch("enters by", set, at.enters, at)),
        Condition::LeavesBy(set) => Some(interface_mismatch("leaves by", set, at.leaves, at)),
        Condition::Connection(states) => new_or_untracked(*states).then(Vec::new),
        Condition::TcpFlags(flags) => flags.matches(packet.tcp_flags).then(Vec::new),
        Condition::Mark { mask, value } => (packet.mark & mask == *value).then(Vec::new),
        Condition::LaterFragment => (packet.fragment == Fragment::Later).then(Vec::new),
        Condition::Icmp(icmp) => {
            let fits = |value: u16, range: &RangeInclusive<u8>| {
                u8::try_from(value).is_ok_and(|value| range.contains(&value))
            };
            (packet.protocol.is_icmp()
                && fits(packet.destination_port, &icmp.types)
                && fits(packet.source_port, &icmp.codes))
            .then(Vec::new)
        }
        Condition::Accepted(list) => list_mismatch(*list, packet, at, depth + 1),
        Condition::Reflected(_) | Condition::Unknown(_) => None,
    }
}

/// What fails in a list used as a condition: the line that excludes the packet
/// before any permits it, else the lines that nearly permit it, else the list.
fn list_mismatch(
    list: ChainId,
    packet: &Packet,
    at: At<'_>,
    depth: usize,
) -> Option<Vec<Mismatch>> {
    let chain = at.device.chain(list).filter(|_| depth <= DEPTH_MAX)?;
    let mut nearest: Vec<Mismatch> = Vec::new();
    for rule in chain.rules.iter().take(RULES_MAX) {
        let Some(mut found) = mismatches(&rule.condition, packet, at, depth) else {
            continue;
        };
        let permits = matches!(rule.action, Action::Accept(_));
        match (found.pop(), permits) {
            (None, true) => return Some(Vec::new()),
            (None, false) if matches!(rule.action, Action::Drop) => {
                let text = format!("`{}` excludes it by this line", chain.name);
                return Some(vec![Mismatch::at(text, rule.origin)]);
            }
            (Some(mismatch), true) if found.is_empty() => nearest.push(Mismatch {
                span: mismatch.span.or(Some(rule.origin)),
                ..mismatch
            }),
            _ => {}
        }
    }
    nearest.sort_by_key(|mismatch| mismatch.apart);
    let mut nearest = nearest.into_iter();
    let Some(mut first) = nearest.next() else {
        let text = format!("`{}` does not permit it", chain.name);
        return Some(vec![Mismatch {
            span: chain.origin,
            apart: NO_LINE_NEAR,
            ..Mismatch::new(text)
        }]);
    };
    first.others = nearest
        .filter_map(|other| Some((other.text, other.span?)))
        .take(OTHERS_MAX)
        .collect();
    Some(vec![first])
}

/// Tells whether a first packet can be in one of the states.
fn new_or_untracked(states: ConnectionStates) -> bool {
    use networks::model::ConnectionState::{New, Untracked};
    states.contains(New) || states.contains(Untracked)
}

/// `None` for a set of the other family alone: such a rule was not meant.
fn address_mismatch(what: &str, set: &AddressSet, address: IpAddr) -> Option<Vec<Mismatch>> {
    if set.contains(address) {
        return Some(Vec::new());
    }
    let apart = set.0.iter().filter_map(|part| match part {
        AddressMatch::Net(net) => {
            let host_bits = u32::from(net.max_prefix_len() - net.prefix_len());
            Some(bits_apart(net.addr(), address)?.saturating_sub(host_bits))
        }
        AddressMatch::Range(first, last) => {
            let ends = [first, last].into_iter();
            ends.filter_map(|end| bits_apart(*end, address)).min()
        }
        AddressMatch::Wildcard(wildcard) => {
            let host_bits = wildcard.ignore.to_bits().trailing_ones();
            Some(bits_apart(wildcard.address.into(), address)?.saturating_sub(host_bits))
        }
    });
    let mismatch = Mismatch {
        apart: apart.min()?,
        ..Mismatch::new(format!("the {what} {address} is not in {}", addresses(set)))
    };
    Some(vec![mismatch])
}

/// Returns how many bits follow those that two addresses begin with alike;
/// `None` for two of different families.
fn bits_apart(left: IpAddr, right: IpAddr) -> Option<u32> {
    match (left, right) {
        (IpAddr::V4(left), IpAddr::V4(right)) => {
            Some(32 - (left.to_bits() ^ right.to_bits()).leading_zeros())
        }
        (IpAddr::V6(left), IpAddr::V6(right)) => {
            Some(128 - (left.to_bits() ^ right.to_bits()).leading_zeros())
        }
        _ => None,
    }
}

/// Writes a set of addresses, cut after a few parts.
fn addresses(set: &AddressSet) -> String {
    const SHOWN_MAX: usize = 3;
    let mut parts: Vec<String> = set
        .0
        .iter()
        .take(SHOWN_MAX)
        .map(|part| match part {
            AddressMatch::Net(net) => net.to_string(),
            AddressMatch::Range(first, last) => format!("{first}-{last}"),
            AddressMatch::Wildcard(wildcard) => {
                format!("{} {}", wildcard.address, wildcard.ignore)
            }
        })
        .collect();
    if set.0.len() > SHOWN_MAX {
        parts.push(format!("{} more", set.0.len() - SHOWN_MAX));
    }
    if parts.is_empty() {
        "the empty set".to_owned()
    } else {
        parts.join(", ")
    }
}

fn protocol_mismatch(protocols: &[Protocol], packet: &Packet) -> Vec<Mismatch> {
    if protocols.contains(&packet.protocol) {
        return Vec::new();
    }
    let names: Vec<_> = protocols.iter().map(ToString::to_string).collect();
    vec![Mismatch::new(format!(
        "the protocol is {}, not {}",
        packet.protocol,
        names.join(" or ")
    ))]
}

fn port_mismatch(what: &str, ports: &Ports, packet: &Packet, port: u16) -> Option<Vec<Mismatch>> {
    if !packet.protocol.has_ports() || packet.fragment == Fragment::Later {
        return None;
    }
    if ports.contains(port) {
        return Some(Vec::new());
    }
    const SHOWN_MAX: usize = 4;
    let mut ranges: Vec<String> = ports
        .0
        .iter()
        .take(SHOWN_MAX)
        .map(|range| {
            if range.start() == range.end() {
                range.start().to_string()
            } else {
                format!("{}-{}", range.start(), range.end())
            }
        })
        .collect();
    if ports.0.len() > SHOWN_MAX {
        ranges.push("…".to_owned());
    }
    Some(vec![Mismatch::new(format!(
        "the {what} is {port}, not {}",
        ranges.join(", ")
    ))])
}

fn interface_mismatch(
    what: &str,
    set: &InterfaceSet,
    id: Option<InterfaceId>,
    at: At<'_>,
) -> Vec<Mismatch> {
    let name = |id: InterfaceId| at.device.interface(id).map_or("?", |i| i.name.as_str());
    match id {
        Some(id) if set.contains(id) => Vec::new(),
        Some(id) => {
            let names: Vec<_> = set.iter().map(name).collect();
            vec![Mismatch {
                of_interface: true,
                ..Mismatch::new(format!(
                    "the packet {what} `{}`, not `{}`",
                    name(id),
                    names.join("`, `")
                ))
            }]
        }
        None => vec![Mismatch::new(format!(
            "the packet is the device's own, and the rule asks what it {what}"
        ))],
    }
}
