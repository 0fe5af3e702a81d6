//! The rounds of the computation, and what comes out of the last.

use super::bgp::Bgp;
use super::codes::{ROUTING_UNSTABLE, STATIC_UNRESOLVED};
use super::doubt::Doubt;
use super::ospf::Ospf;
use super::policy::Expressions;
use super::table::{Candidate, DeviceTables, Table};
use super::{connected, fib, redundancy, statics};
use crate::forwarding::{DeviceRouting, Rib, Route, Routing, VrfRouting};
use crate::model::{Device, DeviceId, Network, NextHop, Unknown, Vrf, VrfId};
use findings::{Finding, Severity};
use ipnet::IpNet;
use rustc_hash::FxHashSet;

/// How often the protocols are asked again before the computation counts as
/// without a fixed point. Each round carries a change across one
/// redistribution or recursion, so real networks need fewer than ten.
const ROUNDS_MAX: usize = 64;

/// The rounds at the end whose changes count as never settling.
const ROUNDS_WATCHED: usize = 24;

/// A prefix in a VRF of a device.
type Spot = (usize, usize, IpNet);

/// Computes what the devices of a network do.
///
/// The result has one entry a device. What is configured but cannot work is
/// in its findings; what cannot be told is [`crate::forwarding::FibAction::Unknown`].
pub fn compute(network: &Network) -> Routing {
    let fixed: Offers = network
        .devices
        .iter()
        .map(|device| each_vrf(device, |vrf, _| connected::routes(device, vrf)))
        .collect();
    let mut tables: Vec<Vec<Table>> = fixed
        .iter()
        .map(|vrfs| vrfs.iter().cloned().map(Table::choose).collect())
        .collect();
    let expressions = Expressions::default();
    let ospf = Ospf::new(network, &expressions);
    let mut bgp = Bgp::new(network);
    let mut learned = Vec::new();
    let mut unstable: FxHashSet<Spot> = FxHashSet::default();
    for round in 0..ROUNDS_MAX {
        let mut offers = fixed.clone();
        add(&mut offers, ospf.offers(&tables, &expressions));
        add(&mut offers, learned.clone());
        add_statics(network, &tables, &mut offers);
        let next: Vec<Vec<Table>> = offers
            .into_iter()
            .map(|vrfs| vrfs.into_iter().map(Table::choose).collect())
            .collect();
        let settled = next == tables;
        if !settled && round >= ROUNDS_MAX - ROUNDS_WATCHED {
            unstable.extend(changes(&tables, &next));
        }
        tables = next;
        if !settled {
            continue;
        }
        // BGP speaks when everything under it has settled.
        if bgp.is_idle() {
            unstable.clear();
            break;
        }
        bgp.settle(&tables, &expressions);
        let offers = bgp.offers(&expressions);
        if offers == learned {
            unstable.clear();
            break;
        }
        learned = offers;
    }
    let unsettled = bgp.unsettled(&tables, &expressions);
    let mut routing = finish(network, &tables, &unstable, &unsettled);
    routing.findings.extend(ospf.findings);
    routing.findings.extend(bgp.findings(&unsettled));
    routing
}

fn each_vrf<T>(device: &Device, mut make: impl FnMut(VrfId, &Vrf) -> T) -> Vec<T> {
    (0u32..)
        .map(VrfId)
        .zip(&device.vrfs)
        .map(|(id, vrf)| make(id, vrf))
        .collect()
}

/// What is offered to each VRF: by device, then by VRF.
type Offers = Vec<Vec<Vec<Candidate>>>;

fn add(offers: &mut Offers, new: Vec<(usize, usize, Candidate)>) {
    for (device, vrf, candidate) in new {
        let slot = offers.get_mut(device).and_then(|vrfs| vrfs.get_mut(vrf));
        if let Some(slot) = slot {
            slot.push(candidate);
        }
    }
}

/// Adds the static routes that are usable by the tables as they stand.
fn add_statics(network: &Network, tables: &[Vec<Table>], offers: &mut Offers) {
    for ((device, tables), offers) in network.devices.iter().zip(tables).zip(offers) {
        let view = DeviceTables { device, tables };
        for ((vrf, settings), offers) in (0u32..).map(VrfId).zip(&device.vrfs).zip(offers) {
            offers.extend(statics::routes(view, vrf, &settings.static_routes));
        }
    }
}

/// Returns where two rounds differ.
fn changes(before: &[Vec<Table>], after: &[Vec<Table>]) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (device, (before, after)) in before.iter().zip(after).enumerate() {
        for (vrf, (before, after)) in before.iter().zip(after).enumerate() {
            let differing = |one: &Table, other: &Table| {
                one.iter()
                    .filter(|(prefix, entry)| other.get(*prefix) != Some(entry))
                    .map(|(prefix, _)| (device, vrf, prefix))
                    .collect::<Vec<_>>()
            };
            spots.extend(differing(before, after));
            spots.extend(differing(after, before));
        }
    }
    spots
}

/// Makes the answer of the last tables.
fn finish(
    network: &Network,
    tables: &[Vec<Table>],
    unstable: &FxHashSet<Spot>,
    unsettled: &[(usize, usize, IpNet, Doubt)],
) -> Routing {
    let roles = redundancy::roles(network, tables);
    let mut findings = roles.findings;
    let mut devices = Vec::with_capacity(network.devices.len());
    for (((id, device), tables), active) in network.devices().zip(tables).zip(roles.active) {
        let view = DeviceTables { device, tables };
        findings.extend(unresolved_statics(view));
        let vrfs = each_vrf(device, |vrf, settings| {
            let mut unknown = unstable_prefixes(device, settings, id, vrf, unstable);
            let here = unsettled
                .iter()
                .filter(|spot| (spot.0, spot.1) == (id.index(), vrf.index()));
            unknown.extend(here.map(|(_, _, prefix, doubt)| (*prefix, doubt.clone())));
            vrf_routing(view, vrf, unknown)
        });
        let further = device
            .tables
            .iter()
            .map(|table| {
                let routes = Table::choose(statics::routes(view, table.vrf, &table.routes));
                fib::of_table(view, table.vrf, &routes)
            })
            .collect();
        devices.push(DeviceRouting {
            vrfs,
            tables: further,
            active,
        });
    }
    findings.extend(unstable_findings(network, unstable));
    Routing { devices, findings }
}

fn vrf_routing(view: DeviceTables<'_>, vrf: VrfId, unknown: Vec<(IpNet, Doubt)>) -> VrfRouting {
    let table = view.tables.get(vrf.index());
    let mut routes: Vec<Route> = table
        .into_iter()
        .flat_map(Table::iter)
        .flat_map(|(_, entry)| &entry.routes)
        .map(|candidate| candidate.route.clone())
        .collect();
    routes.sort_by_key(|route| (route.prefix, route.next_hop));
    VrfRouting {
        rib: Rib { routes },
        fib: fib::with_unknown(fib::of_vrf(view, vrf), unknown),
        unknown: Vec::new(),
    }
}

/// The prefixes of a VRF that never settled, with the line to look at.
fn unstable_prefixes(
    device: &Device,
    vrf: &Vrf,
    id: DeviceId,
    vrf_id: VrfId,
    unstable: &FxHashSet<Spot>,
) -> Vec<(IpNet, Doubt)> {
    let origin = vrf
        .bgp
        .as_ref()
        .map(|process| process.origin)
        .or_else(|| vrf.ospf.first().map(|process| process.origin))
        .or_else(|| vrf.static_routes.first().map(|route| route.origin))
        .or_else(|| device.interfaces.first().map(|interface| interface.origin));
    let Some(origin) = origin else {
        return Vec::new();
    };
    unstable
        .iter()
        .filter(|(device, vrf, _)| *device == id.index() && *vrf == vrf_id.index())
        .map(|&(_, _, prefix)| {
            let reason = Unknown {
                origin,
                reason: "routing comes to no fixed point".into(),
            };
            (prefix, Doubt::because(reason))
        })
        .collect()
}

fn unstable_findings(network: &Network, unstable: &FxHashSet<Spot>) -> Vec<Finding> {
    let mut spots: Vec<&Spot> = unstable.iter().collect();
    spots.sort();
    let mut prefixes: Vec<IpNet> = spots.iter().map(|(_, _, prefix)| *prefix).collect();
    prefixes.sort();
    prefixes.dedup();
    prefixes
        .into_iter()
        .map(|prefix| {
            let mut finding = Finding::new(
                ROUTING_UNSTABLE,
                Severity::Error,
                format!("routing to {prefix} comes to no fixed point"),
            );
            for (device, _, _) in spots.iter().filter(|spot| spot.2 == prefix) {
                if let Some(device) = network.devices.get(*device) {
                    finding = finding.because(format!("it changes at `{}`", device.name), None);
                }
            }
            finding
        })
        .collect()
}

/// Static routes by address whose next hop nothing leads to.
fn unresolved_statics(view: DeviceTables<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, vrf) in (0u32..).map(VrfId).zip(&view.device.vrfs) {
        for route in &vrf.static_routes {
            let NextHop::Address(address) = route.next_hop else {
                continue;
            };
            if route.permanent || view.resolve(id, route.next_hop, Some(route.prefix)).exist() {
                continue;
            }
            findings.push(
                Finding::new(
                    STATIC_UNRESOLVED,
                    Severity::Warning,
                    format!(
                        "`{}` does not use its static route to {}: nothing leads to {address}",
                        view.device.name, route.prefix
                    ),
                )
                .at(route.origin),
            );
        }
    }
    findings
}
