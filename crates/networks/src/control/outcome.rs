//! What comes out of the computation: tables, roles, findings.

use super::codes::{ROUTING_UNSTABLE, STATIC_UNRESOLVED};
use super::doubt::Doubt;
use super::rounds::{Spot, Unsettled, each_vrf};
use super::table::{DeviceTables, Table};
use super::wild::{self, Wild, Wilds};
use super::{fib, redundancy, statics};
use crate::forwarding::{DeviceRouting, Rib, Route, Routing, VrfRouting};
use crate::model::{Device, DeviceId, Network, NextHop, Unknown, Vrf, VrfId};
use findings::{Finding, Severity};
use ipnet::IpNet;
use rustc_hash::FxHashSet;

/// Makes the answer of the last tables.
pub(super) fn finish(
    network: &Network,
    tables: &[Vec<Table>],
    unstable: &FxHashSet<Spot>,
    wavering: &FxHashSet<Spot>,
    unsettled: &[Unsettled],
    wilds: &Wilds,
) -> Routing {
    let roles = redundancy::roles(network, tables);
    let mut findings = roles.findings;
    let mut devices = Vec::with_capacity(network.devices.len());
    for (((id, device), tables), active) in network.devices().zip(tables).zip(roles.active) {
        let view = DeviceTables { device, tables };
        let wavers = |vrf: VrfId, prefix| wavering.contains(&(id.index(), vrf.index(), prefix));
        findings.extend(unresolved_statics(view, &wavers));
        let vrfs = each_vrf(device, |vrf, settings| {
            let mut unknown = unstable_prefixes(device, settings, id, vrf, unstable);
            let here = unsettled
                .iter()
                .filter(|spot| (spot.0, spot.1) == (id.index(), vrf.index()));
            unknown.extend(here.map(|(_, _, prefix, doubt)| (*prefix, doubt.clone())));
            let wild = wilds
                .get(id.index())
                .and_then(|wilds| wilds.get(vrf.index()));
            let mut routing = vrf_routing(view, vrf, unknown, wild.map_or(&[], Vec::as_slice));
            routing.spare = statics::spare(view, vrf, &settings.static_routes, |prefix| {
                wavers(vrf, prefix)
            });
            routing
        });
        let further = device
            .tables
            .iter()
            .map(|table| {
                let routes =
                    Table::choose(statics::routes(view, table.vrf, &table.routes, |_| false));
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
    findings.extend(wavering_findings(network, wavering));
    Routing { devices, findings }
}

fn vrf_routing(
    view: DeviceTables<'_>,
    vrf: VrfId,
    mut unknown: Vec<(IpNet, Doubt)>,
    wild: &[Wild],
) -> VrfRouting {
    let table = view.tables.get(vrf.index());
    let mut routes: Vec<Route> = table
        .into_iter()
        .flat_map(Table::iter)
        .flat_map(|(_, entry)| &entry.routes)
        .map(|candidate| candidate.route.clone())
        .collect();
    routes.sort_by_key(|route| (route.prefix, route.next_hop));
    let mut everywhere = Doubt::NONE;
    for (prefix, doubt) in table
        .into_iter()
        .flat_map(|table| wild::unknown(table, wild))
    {
        if prefix.prefix_len() == 0 {
            everywhere.add(&doubt);
        }
        unknown.push((prefix, doubt));
    }
    VrfRouting {
        rib: Rib { routes },
        fib: fib::with_unknown(fib::of_vrf(view, vrf), unknown),
        unknown: everywhere.reasons(),
        spare: Vec::new(),
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

/// Static routes that take away the way to their own gateways.
fn wavering_findings(network: &Network, wavering: &FxHashSet<Spot>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wavering: Vec<&Spot> = wavering.iter().collect();
    wavering.sort();
    for (device, vrf, prefix) in wavering {
        let Some(device) = network.devices.get(*device) else {
            continue;
        };
        let configured = device
            .vrfs
            .get(*vrf)
            .map_or(&[][..], |vrf| &vrf.static_routes);
        let routes = configured
            .iter()
            .filter(|route| route.prefix.trunc() == *prefix);
        findings.extend(routes.map(|route| {
            let text = format!(
                "`{}` comes to no rest with its static route to {prefix}, which leads to its own gateway",
                device.name
            );
            Finding::new(ROUTING_UNSTABLE, Severity::Error, text).at(route.origin)
        }));
    }
    findings
}

/// Static routes by address whose next hop nothing leads to.
fn unresolved_statics(
    view: DeviceTables<'_>,
    wavers: &impl Fn(VrfId, IpNet) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, vrf) in (0u32..).map(VrfId).zip(&view.device.vrfs) {
        for route in &vrf.static_routes {
            let NextHop::Address(address) = route.next_hop else {
                continue;
            };
            if wavers(id, route.prefix.trunc()) {
                continue;
            }
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
