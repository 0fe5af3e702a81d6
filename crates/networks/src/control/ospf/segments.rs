//! Neighbourships: which interfaces of a link find each other.

use super::super::codes::{OSPF_MISMATCH, OSPF_ROUTER_ID_DUPLICATE};
use super::ports::{OspfPort, Processes};
use crate::model::{Network, OspfAreaKind};
use findings::{Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The largest IP packet where none is configured, in bytes.
const MTU_DEFAULT: u32 = 1500;

/// Interfaces that are neighbours on one link.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) area: u32,
    /// Indices of ports, ascending, at least two.
    pub(super) members: Vec<usize>,
    /// Whether it is one network of all members, or a bundle of pairs.
    pub(super) transit: bool,
}

/// Finds the neighbours of every port, and what keeps others from being some.
pub(super) fn build(network: &Network, processes: &Processes<'_>) -> (Vec<Segment>, Vec<Finding>) {
    let mut segments = Vec::new();
    let mut findings = Vec::new();
    for link in &network.links {
        let here: Vec<usize> = link
            .ports
            .iter()
            .filter_map(|port| processes.by_port.get(port).copied())
            .collect();
        let mut sets: Vec<BTreeSet<usize>> = Vec::new();
        for (at, &one) in here.iter().enumerate() {
            for &other in here.iter().skip(at + 1) {
                match compare(processes, one, other) {
                    Comparison::Neighbours => unite(&mut sets, one, other),
                    Comparison::Strangers => {}
                    Comparison::Differ(what, values) => {
                        findings.extend(mismatch(network, processes, one, other, what, &values));
                    }
                }
            }
        }
        for members in sets {
            segments.extend(segment(processes, members));
        }
    }
    (segments, findings)
}

/// Adds a pair to sets that stay disjoint.
fn unite(sets: &mut Vec<BTreeSet<usize>>, one: usize, other: usize) {
    let mut united = BTreeSet::from([one, other]);
    sets.retain(|set| {
        let touches = set.contains(&one) || set.contains(&other);
        if touches {
            united.extend(set);
        }
        !touches
    });
    sets.push(united);
}

fn segment(processes: &Processes<'_>, members: BTreeSet<usize>) -> Option<Segment> {
    let first = processes.ports.get(*members.first()?)?;
    let electable = members
        .iter()
        .filter_map(|&member| processes.ports.get(member))
        .any(|port| port.settings.priority > 0);
    // Without a designated router a network has no full neighbours (RFC 2328 section 10.4).
    if first.is_transit() && !electable {
        return None;
    }
    Some(Segment {
        area: first.area,
        transit: first.is_transit(),
        members: members.into_iter().collect(),
    })
}

/// What two ports of a link are to each other.
enum Comparison {
    /// They become neighbours.
    Neighbours,
    /// They are not meant to.
    Strangers,
    /// They would, but disagree on something.
    Differ(&'static str, Option<(String, String)>),
}

/// Compares what hellos and database descriptions carry (RFC 2328 sections
/// 10.5 and 10.6).
fn compare(processes: &Processes<'_>, one: usize, other: usize) -> Comparison {
    let (Some(a), Some(b)) = (processes.ports.get(one), processes.ports.get(other)) else {
        return Comparison::Strangers;
    };
    if a.process == b.process || !a.speaks() || !b.speaks() {
        return Comparison::Strangers;
    }
    if a.is_transit() && b.is_transit() && a.subnet() != b.subnet() {
        return Comparison::Strangers;
    }
    let differ = |what, one: String, other: String| Comparison::Differ(what, Some((one, other)));
    if a.area != b.area {
        return differ("area", a.area.to_string(), b.area.to_string());
    }
    if flags(processes.area_kind(a.process, a.area))
        != flags(processes.area_kind(b.process, b.area))
    {
        return Comparison::Differ("kind of the area (stub or not-so-stubby)", None);
    }
    if a.is_transit() != b.is_transit() {
        return Comparison::Differ("network type", None);
    }
    let (left, right) = (a.settings, b.settings);
    if left.hello_interval_s != right.hello_interval_s {
        let seconds = |value: u16| format!("{value} s");
        return differ(
            "hello interval",
            seconds(left.hello_interval_s),
            seconds(right.hello_interval_s),
        );
    }
    if left.dead_interval_s != right.dead_interval_s {
        let seconds = |value: u16| format!("{value} s");
        return differ(
            "dead interval",
            seconds(left.dead_interval_s),
            seconds(right.dead_interval_s),
        );
    }
    if left.authentication != right.authentication {
        return Comparison::Differ("authentication", None);
    }
    if !mtu_accepted(a, b) || !mtu_accepted(b, a) {
        return differ("MTU", mtu(a).to_string(), mtu(b).to_string());
    }
    let identifier = |port: &OspfPort<'_>| {
        processes
            .all
            .get(port.process)
            .and_then(|process| process.router_id)
    };
    if identifier(a).is_none() || identifier(b).is_none() {
        return Comparison::Differ("router identifier: one has none", None);
    }
    if identifier(a) == identifier(b) {
        return Comparison::Differ("router identifier, which must not be the same", None);
    }
    Comparison::Neighbours
}

/// The bits that hellos carry of an area's kind: takes externals, is not so stubby.
fn flags(kind: OspfAreaKind) -> (bool, bool) {
    match kind {
        OspfAreaKind::Normal => (true, false),
        OspfAreaKind::Stub { .. } => (false, false),
        OspfAreaKind::Nssa { .. } => (false, true),
    }
}

fn mtu(port: &OspfPort<'_>) -> u32 {
    port.interface.mtu.unwrap_or(MTU_DEFAULT)
}

/// A router refuses descriptions larger than it can receive.
fn mtu_accepted(receiver: &OspfPort<'_>, sender: &OspfPort<'_>) -> bool {
    receiver.settings.mtu_ignore || mtu(sender) <= mtu(receiver)
}

fn mismatch(
    network: &Network,
    processes: &Processes<'_>,
    one: usize,
    other: usize,
    what: &str,
    values: &Option<(String, String)>,
) -> Option<Finding> {
    let a = processes.ports.get(one)?;
    let b = processes.ports.get(other)?;
    let values = values
        .as_ref()
        .map(|(one, other)| format!(": {one} and {other}"))
        .unwrap_or_default();
    Some(
        Finding::new(
            OSPF_MISMATCH,
            Severity::Error,
            format!(
                "{} and {} are no OSPF neighbours: they disagree on the {what}{values}",
                crate::topology::port_name(network, a.port),
                crate::topology::port_name(network, b.port),
            ),
        )
        .at(a.origin())
        .because("one end", Some(a.origin()))
        .because("the other end", Some(b.origin())),
    )
}

/// Finds router identifiers used twice within what is connected.
pub(super) fn duplicate_identifiers(
    network: &Network,
    processes: &Processes<'_>,
    segments: &[Segment],
) -> Vec<Finding> {
    let mut domains: Vec<BTreeSet<usize>> = Vec::new();
    for segment in segments {
        let members: Vec<usize> = segment
            .members
            .iter()
            .filter_map(|&member| processes.ports.get(member))
            .map(|port| port.process)
            .collect();
        for (one, other) in members.iter().zip(members.iter().skip(1)) {
            unite(&mut domains, *one, *other);
        }
    }
    let mut findings = Vec::new();
    for domain in domains {
        let mut seen: BTreeMap<Ipv4Addr, usize> = BTreeMap::new();
        for at in domain {
            let Some(process) = processes.all.get(at) else {
                continue;
            };
            let Some(id) = process.router_id else {
                continue;
            };
            let Some(other) = seen
                .insert(id, at)
                .and_then(|other| processes.all.get(other))
            else {
                continue;
            };
            let name = |device| network.device(device).map_or("?", |device| &device.name);
            findings.push(
                Finding::new(
                    OSPF_ROUTER_ID_DUPLICATE,
                    Severity::Error,
                    format!(
                        "`{}` and `{}` have the same OSPF router identifier {id}",
                        name(other.device),
                        name(process.device)
                    ),
                )
                .at(process.settings.origin)
                .because("one process", Some(process.settings.origin))
                .because("the other process", Some(other.settings.origin)),
            );
        }
    }
    findings
}
