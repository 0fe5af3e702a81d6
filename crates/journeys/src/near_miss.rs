//! Why a rule did not match a packet: which of its conditions failed.
//!
//! When a filter drops a packet, the line that people look for is often not
//! the one that dropped it but the one that was meant to let it through. Such
//! a line fails in one condition, or two.

use dialects::statement::About;
use findings::Span;
use networks::model::{
    Action, Chain, ChainId, Condition, ConnectionStates, Device, Hook, InterfaceId, InterfaceSet,
    RouteAction, Rule,
};
use packets::{AddressMatch, AddressSet, Fragment, Packet, Ports, Protocol, slip};
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
    /// What of the rule it is in, where its lines tell that apart.
    pub(crate) about: Option<About>,
    /// The interface that does not fit.
    pub(crate) interface: Option<(String, Span)>,
    /// How far from fitting it is; see [`distance`].
    distance: u32,
}

impl Mismatch {
    fn new(text: String) -> Self {
        Self {
            text,
            span: None,
            others: Vec::new(),
            about: None,
            interface: None,
            distance: 0,
        }
    }

    fn about(text: String, about: About, distance: u32) -> Self {
        Self {
            about: Some(about),
            distance,
            ..Self::new(text)
        }
    }

    /// Tells whether it is in the interfaces.
    pub(crate) fn of_interface(&self) -> bool {
        matches!(self.about, Some(About::Enters | About::Leaves))
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

/// How far one wrong digit of an address is, see [`distance`].
const ONE_DIGIT: u32 = 32;

/// How far from fitting is what has nothing near.
const FAR: u32 = 64 * ONE_DIGIT;

/// How far from fitting a wrong port or protocol is, against addresses: as one
/// wrong digit at its end.
const WRONG_SERVICE: u32 = ONE_DIGIT;

/// The same of a wrong interface: a rule for others was hardly meant.
const WRONG_INTERFACE: u32 = 2 * ONE_DIGIT;

/// How many rules are looked at; past that the list is too long to be read by hand.
const RULES_MAX: usize = 100_000;

/// How many further lines of a list are named.
const OTHERS_MAX: usize = 3;

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
    near_misses_after(chain, packet, at, wanted, Vec::new())
}

/// The same for the chain of a hook, where the interfaces may be none of its.
pub(crate) fn near_misses_at<'a>(
    hook: &Hook,
    packet: &Packet,
    at: At<'a>,
    wanted: Wanted,
) -> Vec<NearMiss<'a>> {
    let mut before = Vec::new();
    if let Some(set) = &hook.scope.enters {
        before.extend(interface_mismatch(About::Enters, set, at.enters, at));
    }
    if let Some(set) = &hook.scope.leaves {
        before.extend(interface_mismatch(About::Leaves, set, at.leaves, at));
    }
    near_misses_after(hook.chain, packet, at, wanted, before)
}

fn near_misses_after<'a>(
    chain: ChainId,
    packet: &Packet,
    at: At<'a>,
    wanted: Wanted,
    before: Vec<Mismatch>,
) -> Vec<NearMiss<'a>> {
    let mut found = Vec::new();
    // A chain with what keeps the packet from coming to it.
    let mut chains = vec![(chain, before)];
    let mut seen = Vec::new();
    let mut rules = 0;
    while let Some((id, before)) = chains.pop() {
        let Some(chain) = at.device.chain(id).filter(|_| !seen.contains(&id)) else {
            continue;
        };
        seen.push(id);
        rules += chain.rules.len();
        if rules > RULES_MAX {
            break;
        }
        for rule in &chain.rules {
            if let Action::Call(chain) | Action::Goto(chain) = rule.action
                && let Some(before) = not_called(rule, &before, packet, at)
            {
                chains.push((chain, before));
            }
            found.extend(near_miss(rule, &before, packet, at, wanted));
        }
    }
    found.sort_by_key(|miss| {
        let distances = miss.mismatches.iter().map(|m| m.distance);
        (miss.mismatches.len(), distances.sum::<u32>())
    });
    found
}

/// What keeps a packet from the chain that a rule calls: nothing, or few things.
fn not_called(
    rule: &Rule,
    before: &[Mismatch],
    packet: &Packet,
    at: At<'_>,
) -> Option<Vec<Mismatch>> {
    let here = mismatches(&rule.condition, packet, at, 0)?;
    let here = here.into_iter().map(|mismatch| Mismatch {
        span: mismatch.span.or(Some(rule.origin)),
        ..mismatch
    });
    let all: Vec<Mismatch> = before.iter().cloned().chain(here).collect();
    (all.len() <= MISMATCHES_MAX).then_some(all)
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

/// Returns the rules of a chain, and of chains it calls, by which a packet comes
/// to a further chain, in order.
pub(crate) fn calls<'a>(chain: ChainId, packet: &Packet, at: At<'a>) -> Vec<&'a Rule> {
    let mut found = Vec::new();
    let mut chains = vec![chain];
    let mut seen = Vec::new();
    while let Some(id) = chains.pop() {
        let Some(chain) = at.device.chain(id).filter(|_| !seen.contains(&id)) else {
            continue;
        };
        seen.push(id);
        for rule in chain.rules.iter().take(RULES_MAX) {
            if let Action::Call(chain) | Action::Goto(chain) = rule.action
                && mismatches(&rule.condition, packet, at, 0).is_some_and(|m| m.is_empty())
            {
                found.push(rule);
                chains.push(chain);
            }
        }
    }
    found
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
    before: &[Mismatch],
    packet: &Packet,
    at: At<'a>,
    wanted: Wanted,
) -> Option<NearMiss<'a>> {
    let does = match wanted {
        Wanted::Permit => matches!(rule.action, Action::Accept(_) | Action::Translate(_)),
        Wanted::Translation => matches!(rule.action, Action::Translate(_)),
        Wanted::Routing => routes(rule),
    };
    let here = mismatches(&rule.condition, packet, at, 0).filter(|_| does)?;
    let mismatches: Vec<Mismatch> = before.iter().cloned().chain(here).collect();
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
        Condition::Source(set) => address_mismatch(About::Source, set, packet.source),
        Condition::Destination(set) => {
            address_mismatch(About::Destination, set, packet.destination)
        }
        Condition::Protocol(protocols) => Some(protocol_mismatch(protocols, packet)),
        Condition::SourcePort(ports) => {
            port_mismatch("source port", ports, packet, packet.source_port)
        }
        Condition::DestinationPort(ports) => {
            port_mismatch("destination port", ports, packet, packet.destination_port)
        }
        Condition::EntersBy(set) => Some(interface_mismatch(About::Enters, set, at.enters, at)),
        Condition::LeavesBy(set) => Some(interface_mismatch(About::Leaves, set, at.leaves, at)),
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
    nearest.sort_by_key(|mismatch| mismatch.distance);
    let mut nearest = nearest.into_iter();
    let Some(mut first) = nearest.next() else {
        let text = format!("`{}` does not permit it", chain.name);
        return Some(vec![Mismatch {
            span: chain.origin,
            distance: FAR,
            ..Mismatch::new(text)
        }]);
    };
    // A list within this one has named others already.
    let others = nearest.filter_map(|other| Some((other.text, other.span?)));
    first.others.extend(others);
    first.others.truncate(OTHERS_MAX);
    Some(vec![first])
}

/// Tells whether a first packet can be in one of the states.
fn new_or_untracked(states: ConnectionStates) -> bool {
    use networks::model::ConnectionState::{New, Untracked};
    states.contains(New) || states.contains(Untracked)
}

/// `None` for a set of the other family alone: such a rule was not meant.
fn address_mismatch(about: About, set: &AddressSet, address: IpAddr) -> Option<Vec<Mismatch>> {
    let what = if about == About::Source {
        "source"
    } else {
        "destination"
    };
    if set.contains(address) {
        return Some(Vec::new());
    }
    if set.0.is_empty() {
        let text = format!("nothing is left of what the {what} may be");
        return Some(vec![Mismatch::about(text, about, ONE_DIGIT)]);
    }
    let same_family = |part: &AddressMatch| match part {
        AddressMatch::Net(net) => net.addr().is_ipv4() == address.is_ipv4(),
        AddressMatch::Range(first, _) => first.is_ipv4() == address.is_ipv4(),
        AddressMatch::Wildcard(_) => address.is_ipv4(),
    };
    let text = || format!("the {what} {address} is not in {}", addresses(set));
    set.0
        .iter()
        .any(same_family)
        .then(|| vec![Mismatch::about(text(), about, distance(set, address))])
}

/// How far an address is from the nearest of a set: a typist gets one digit
/// wrong, wherever it stands.
fn distance(set: &AddressSet, address: IpAddr) -> u32 {
    let apart = |from: IpAddr, bits| slip(from, address, bits);
    let slips = set.0.iter().filter_map(|part| match part {
        AddressMatch::Net(net) => apart(net.addr(), net.prefix_len().into()),
        AddressMatch::Range(first, last) => apart(*first, 128).min(apart(*last, 128)),
        AddressMatch::Wildcard(wildcard) => {
            let fixed = wildcard.ignore.to_bits().leading_zeros();
            apart(wildcard.address.into(), fixed)
        }
    });
    slips
        .min()
        .map_or(FAR, |slip| slip.digits * ONE_DIGIT + slip.place)
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
    let text = format!(
        "the protocol is {}, not {}",
        packet.protocol,
        names.join(" or ")
    );
    vec![Mismatch::about(text, About::Service, WRONG_SERVICE)]
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
    let text = format!("the {what} is {port}, not {}", ranges.join(", "));
    Some(vec![Mismatch::about(text, About::Service, WRONG_SERVICE)])
}

fn interface_mismatch(
    about: About,
    set: &InterfaceSet,
    id: Option<InterfaceId>,
    at: At<'_>,
) -> Vec<Mismatch> {
    let what = if about == About::Enters {
        "enters by"
    } else {
        "leaves by"
    };
    let name = |id: InterfaceId| at.device.interface(id).map_or("?", |i| i.name.as_str());
    match id {
        Some(id) if set.contains(id) => Vec::new(),
        Some(id) => {
            let names: Vec<_> = set.iter().map(name).collect();
            let text = format!(
                "the packet {what} `{}`, not `{}`",
                name(id),
                names.join("`, `")
            );
            let own = at.device.interface(id);
            let interface = own.map(|own| (format!("it {what} `{}`", own.name), own.origin));
            vec![Mismatch {
                interface,
                ..Mismatch::about(text, about, WRONG_INTERFACE)
            }]
        }
        // It stopped before it was decided by which it leaves.
        None if about == About::Leaves && at.enters.is_some() => Vec::new(),
        None => vec![Mismatch::new(format!(
            "the packet is the device's own, and the rule asks what it {what}"
        ))],
    }
}
