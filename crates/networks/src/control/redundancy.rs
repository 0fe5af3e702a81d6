//! Who holds the virtual addresses: HSRP, VRRP and GLBP roles.

use super::codes::{REDUNDANCY_ROLE_ASSUMED, REDUNDANCY_SPLIT};
use super::table::Table;
use crate::model::{
    DeviceId, InterfaceId, Network, Port, RedundancyGroup, RedundancyProtocol, TrackedObject,
};
use findings::{Finding, Severity};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One router's part in a group.
struct Member<'a> {
    port: Port,
    index: usize,
    group: &'a RedundancyGroup,
    /// The priority after tracking; `None` where tracking gives the role up.
    priority: Option<u8>,
    /// The primary address, which breaks ties.
    address: Option<IpAddr>,
}

/// The groups each device holds, by device, and what was assumed for it.
#[derive(Debug, Default)]
pub(super) struct Roles {
    /// Per device: interface and index of the group in its list, sorted.
    pub(super) active: Vec<Vec<(InterfaceId, usize)>>,
    /// Assumptions and contradictions.
    pub(super) findings: Vec<Finding>,
}

/// Finds the holders of all groups in the steady state.
///
/// Routers of one link, protocol and group number compete; the greatest
/// priority after tracking wins, the highest address on ties (RFC 2281
/// section 5.3, RFC 5798 section 6.4). Every member of a GLBP group forwards.
/// What a device watches at run time is taken to be up, and a router that does
/// not preempt is taken to have come first; both are reported as assumptions.
pub(super) fn roles(network: &Network, tables: &[Vec<Table>]) -> Roles {
    let mut roles = Roles {
        active: vec![Vec::new(); network.devices.len()],
        findings: Vec::new(),
    };
    for link in &network.links {
        let mut groups: BTreeMap<(u8, u16, bool), Vec<Member<'_>>> = BTreeMap::new();
        for &port in &link.ports {
            for member in members(network, tables, port) {
                let key = (
                    member.group.protocol as u8,
                    member.group.group,
                    member.group.addresses.iter().any(IpAddr::is_ipv6),
                );
                groups.entry(key).or_default().push(member);
            }
        }
        for members in groups.into_values() {
            decide(network, &members, &mut roles);
        }
    }
    for active in &mut roles.active {
        active.sort_unstable();
        active.dedup();
    }
    roles
}

fn members<'a>(
    network: &'a Network,
    tables: &'a [Vec<Table>],
    port: Port,
) -> impl Iterator<Item = Member<'a>> {
    let interface = network
        .interface(port)
        .filter(|interface| interface.is_up());
    interface.into_iter().flat_map(move |interface| {
        interface
            .redundancy
            .iter()
            .enumerate()
            .map(move |(index, group)| Member {
                port,
                index,
                group,
                priority: effective_priority(network, tables, port.device, group),
                address: interface.addresses.first().map(|own| own.net.addr()),
            })
    })
}

/// Lowers the configured priority by what is down as far as the configuration says.
fn effective_priority(
    network: &Network,
    tables: &[Vec<Table>],
    device: DeviceId,
    group: &RedundancyGroup,
) -> Option<u8> {
    let mut priority = group.priority;
    for tracking in &group.tracking {
        let down = match tracking.object {
            TrackedObject::Interface(interface) => network
                .interface(Port { device, interface })
                .is_some_and(|interface| !interface.is_up()),
            TrackedObject::Route { vrf, prefix } => tables
                .get(device.index())
                .and_then(|tables| tables.get(vrf.index()))
                .is_some_and(|table| table.get(prefix).is_none()),
            TrackedObject::RunTime => false,
        };
        if down {
            priority = priority.saturating_sub(tracking.decrement?);
        }
    }
    Some(priority)
}

fn decide(network: &Network, members: &[Member<'_>], roles: &mut Roles) {
    let glbp = members
        .iter()
        .any(|member| member.group.protocol == RedundancyProtocol::Glbp);
    let best = members
        .iter()
        .filter(|member| member.priority.is_some())
        .max_by_key(|member| (member.priority, member.address));
    let Some(best) = best else { return };
    for member in members {
        let holds = (member.port, member.index) == (best.port, best.index)
            || (glbp && member.priority.is_some());
        let active = roles.active.get_mut(member.port.device.index());
        if let Some(active) = active.filter(|_| holds) {
            active.push((member.port.interface, member.index));
        }
    }
    roles
        .findings
        .extend(contradictions(network, best, members));
    roles.findings.extend(assumptions(network, best, members));
}

/// Members of one group that answer for different addresses.
fn contradictions(network: &Network, best: &Member<'_>, members: &[Member<'_>]) -> Option<Finding> {
    let other = members.iter().find(|member| {
        !member.group.addresses.is_empty() && member.group.addresses != best.group.addresses
    })?;
    (!best.group.addresses.is_empty()).then(|| {
        Finding::new(
            REDUNDANCY_SPLIT,
            Severity::Warning,
            format!(
                "group {} has different virtual addresses at {} and {}",
                best.group.group,
                crate::topology::port_name(network, best.port),
                crate::topology::port_name(network, other.port)
            ),
        )
        .at(other.group.origin)
        .because("one end", Some(best.group.origin))
        .because("the other", Some(other.group.origin))
    })
}

/// What the choice of the holder rests on besides the configuration.
fn assumptions(network: &Network, best: &Member<'_>, members: &[Member<'_>]) -> Vec<Finding> {
    if members.len() < 2 {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut assume = |member: &Member<'_>, what: &str, origin| {
        findings.push(
            Finding::new(
                REDUNDANCY_ROLE_ASSUMED,
                Severity::Note,
                format!(
                    "{} is taken to hold group {}: {what}",
                    crate::topology::port_name(network, best.port),
                    member.group.group
                ),
            )
            .at(origin),
        );
    };
    for member in members {
        let run_time = member
            .group
            .tracking
            .iter()
            .find(|tracking| tracking.object == TrackedObject::RunTime);
        if let Some(tracking) = run_time {
            assume(
                member,
                "what it watches at run time is taken to be up",
                tracking.origin,
            );
        }
    }
    if !best.group.preempt && best.group.protocol != RedundancyProtocol::Glbp {
        assume(
            best,
            "it does not preempt, so it is taken to have come first",
            best.group.origin,
        );
    }
    findings
}
