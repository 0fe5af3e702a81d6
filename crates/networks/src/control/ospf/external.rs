//! Routes from outside: redistribution, flooding, translation at the border of
//! not-so-stubby areas (RFC 2328 sections 12.4.4 and 16.4, RFC 3101).

mod redistribution;

pub(super) use redistribution::announced;

use super::super::doubt::Doubt;
use super::areas::{Destination, Internal, Kind, Way, Ways};
use super::graph::FirstHop;
use super::ports::Processes;
use super::{Found, Routes, better_of};
use crate::model::{OspfAreaKind, OspfMetricType};
use findings::Span;
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// An external route as a border router of the system announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct External {
    /// The process that announces it.
    pub(super) from: usize,
    pub(super) prefix: Ipv4Net,
    pub(super) metric_type: OspfMetricType,
    pub(super) metric: u32,
    pub(super) tag: u32,
    /// Where packets go instead of to the announcing router.
    pub(super) forwarding: Option<Ipv4Addr>,
    pub(super) doubt: Doubt,
    pub(super) origin: Option<Span>,
}

/// External routes by where they are flooded.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Through all normal areas.
    everywhere: Vec<External>,
    /// Within one not-so-stubby area.
    within: BTreeMap<u32, Vec<External>>,
}

/// Floods what is announced, and translates at the borders of not-so-stubby areas.
pub(super) fn flooded(
    processes: &Processes<'_>,
    internal: &Internal,
    externals: Vec<External>,
) -> Lists {
    let mut lists = Lists::default();
    let mut translatable: BTreeMap<u32, Vec<External>> = BTreeMap::new();
    for external in externals {
        let mut normal = false;
        for area in internal.areas(external.from) {
            match processes.area_kind(external.from, area) {
                OspfAreaKind::Normal => normal = true,
                OspfAreaKind::Stub { .. } => {}
                OspfAreaKind::Nssa { .. } => {
                    let mut inside = external.clone();
                    inside.forwarding = inside
                        .forwarding
                        .or_else(|| own_address(processes, external.from, area));
                    if !internal.is_border(external.from) {
                        translatable.entry(area).or_default().push(inside.clone());
                    }
                    lists.within.entry(area).or_default().push(inside);
                }
            }
        }
        if normal {
            lists.everywhere.push(external);
        }
    }
    for (area, externals) in translatable {
        let translated = translate(processes, internal, area, &externals);
        lists.everywhere.extend(translated);
    }
    for (area, default) in area_defaults(processes, internal) {
        lists.within.entry(area).or_default().push(default);
    }
    lists
}

/// The address that an announcement within a not-so-stubby area forwards to: a
/// loopback's in the area, else any interface's (RFC 3101 section 2.3).
fn own_address(processes: &Processes<'_>, process: usize, area: u32) -> Option<Ipv4Addr> {
    let own = |loopback: bool| {
        processes
            .ports
            .iter()
            .filter(|port| port.process == process && port.area == area)
            .filter(|port| {
                (port.interface.kind == crate::model::InterfaceKind::Loopback) == loopback
            })
            .filter_map(super::ports::OspfPort::address)
            .max()
    };
    own(true).or_else(|| own(false))
}

/// The border router with the greatest identifier translates (RFC 3101 section 3.1).
fn translate(
    processes: &Processes<'_>,
    internal: &Internal,
    area: u32,
    externals: &[External],
) -> Vec<External> {
    let translator = (0..processes.all.len())
        .filter(|&process| internal.is_border(process))
        .filter(|&process| internal.areas(process).any(|own| own == area))
        .max_by_key(|&process| processes.all.get(process).and_then(|own| own.router_id));
    let Some(translator) = translator else {
        return Vec::new();
    };
    externals
        .iter()
        .filter(|external| {
            way_within(internal, translator, area)
                .is_some_and(|ways| ways.contains_key(&Destination::Router(external.from)))
        })
        .map(|external| External {
            from: translator,
            ..external.clone()
        })
        .collect()
}

fn way_within(internal: &Internal, process: usize, area: u32) -> Option<&Ways> {
    internal.of(process)?.within.get(&area)
}

/// The defaults that border routers announce into not-so-stubby areas.
fn area_defaults(processes: &Processes<'_>, internal: &Internal) -> Vec<(u32, External)> {
    let mut defaults = Vec::new();
    for (from, process) in processes.all.iter().enumerate() {
        if !internal.is_border(from) {
            continue;
        }
        for area in internal.areas(from) {
            let OspfAreaKind::Nssa {
                default_originate: true,
                no_summary: false,
                default_cost,
            } = processes.area_kind(from, area)
            else {
                continue;
            };
            defaults.push((
                area,
                External {
                    from,
                    prefix: Ipv4Net::default(),
                    metric_type: OspfMetricType::External2,
                    metric: default_cost,
                    tag: 0,
                    forwarding: None,
                    doubt: process.doubt.clone(),
                    origin: Some(process.settings.origin),
                },
            ));
        }
    }
    defaults
}

/// Adds the external routes that a process has to its others.
pub(super) fn add_routes(
    processes: &Processes<'_>,
    internal: &Internal,
    lists: &Lists,
    process: usize,
    routes: &mut Routes,
) {
    let Some(known) = internal.of(process) else {
        return;
    };
    let own: BTreeSet<u32> = internal.areas(process).collect();
    let in_normal = own
        .iter()
        .any(|&area| processes.area_kind(process, area) == OspfAreaKind::Normal);
    if in_normal {
        for external in &lists.everywhere {
            if let Some(found) = find(processes, process, &known.best, external, false) {
                better_of(routes, external.prefix, found);
            }
        }
    }
    for &area in &own {
        let Some(within) = known.within.get(&area) else {
            continue;
        };
        for external in lists.within.get(&area).into_iter().flatten() {
            // Border routers do not take each other's defaults (RFC 3101 section 2.5).
            if internal.is_border(process) && external.prefix.prefix_len() == 0 {
                continue;
            }
            if let Some(found) = find(processes, process, within, external, true) {
                better_of(routes, external.prefix, found);
            }
        }
    }
}

/// Finds the way of one external route (RFC 2328 section 16.4).
fn find(
    processes: &Processes<'_>,
    process: usize,
    ways: &Ways,
    external: &External,
    nssa: bool,
) -> Option<Found> {
    if external.from == process {
        return None;
    }
    let border = ways.get(&Destination::Router(external.from))?;
    let (way, hops) = match external.forwarding {
        None => (border, border.hops.clone()),
        Some(address) => {
            let way = longest(ways, address)?;
            (way, hops_to(processes, process, way, address))
        }
    };
    let mut doubt = way.doubt.clone();
    doubt.add(&border.doubt);
    doubt.add(&external.doubt);
    let total = way.cost.saturating_add(external.metric);
    let (kind, rank, metric) = match external.metric_type {
        OspfMetricType::External1 => (Kind::External1, (total, 0, u8::from(!nssa)), total),
        OspfMetricType::External2 => (
            Kind::External2,
            (external.metric, way.cost, u8::from(!nssa)),
            external.metric,
        ),
    };
    Some(Found {
        kind,
        nssa,
        rank,
        metric,
        tag: external.tag,
        hops,
        discard: false,
        doubt,
        origin: external.origin,
    })
}

/// The way of the longest prefix that contains an address.
fn longest(ways: &Ways, address: Ipv4Addr) -> Option<&Way> {
    (0..=32u8).rev().find_map(|length| {
        let prefix = Ipv4Net::new(address, length).ok()?.trunc();
        ways.get(&Destination::Net(prefix))
    })
}

/// The first hops to an address; the address itself on an own network.
fn hops_to(
    processes: &Processes<'_>,
    process: usize,
    way: &Way,
    address: Ipv4Addr,
) -> Vec<FirstHop> {
    let own = processes.ports.iter().find(|port| {
        port.process == process
            && port
                .addresses
                .iter()
                .any(|net| net.trunc().contains(&address))
    });
    match own {
        Some(port) => vec![FirstHop {
            interface: port.port.interface,
            gateway: Some(address),
            on_network: false,
        }],
        None => way.hops.clone(),
    }
}
