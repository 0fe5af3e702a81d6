//! Static routes: which of those configured are usable.

use super::doubt::Doubt;
use super::table::{Candidate, DeviceTables, Offer};
use crate::forwarding::{Route, RouteProtocol, SpareRoute};
use crate::model::{NextHop, StaticRoute, VrfId};
use ipnet::IpNet;
use rustc_hash::FxHashMap;

/// Returns the usable static routes among those given, by the tables as they
/// stand.
///
/// A route is usable where its interface is up, or where its next hop resolves
/// otherwise than through the route's own prefix; a permanent one always. Of
/// one prefix and distance only the smallest priority is used. Routes to a
/// prefix that wavers (with the route its gateway is reached otherwise than
/// without it) are there in doubt, so that all else can settle.
pub(super) fn routes(
    tables: DeviceTables<'_>,
    vrf: VrfId,
    configured: &[StaticRoute],
    wavers: impl Fn(IpNet) -> bool,
) -> Vec<Candidate> {
    let (used, _) = by_priority(tables, vrf, configured, wavers);
    used
}

/// Returns the usable static routes that are installed beside better ones of
/// the same prefix and distance, by the tables as they came out.
pub(super) fn spare(
    tables: DeviceTables<'_>,
    vrf: VrfId,
    configured: &[StaticRoute],
    wavers: impl Fn(IpNet) -> bool,
) -> Vec<SpareRoute> {
    let (_, left) = by_priority(tables, vrf, configured, wavers);
    let table = tables.tables.get(vrf.index());
    let mut spare = Vec::new();
    for Candidate { route, doubt, .. } in left {
        let installed = table
            .and_then(|table| table.get(route.prefix))
            .and_then(|entry| entry.routes.first())
            .is_some_and(|best| {
                best.route.protocol == RouteProtocol::Static
                    && best.route.distance == route.distance
            });
        if !installed {
            continue;
        }
        let ways = tables.resolve(vrf, route.next_hop, Some(route.prefix));
        let mut doubt = doubt;
        doubt.add(&ways.doubt);
        spare.extend(ways.hops.iter().map(|hop| SpareRoute {
            prefix: route.prefix,
            interface: hop.interface,
            unknown: doubt.reasons(),
        }));
    }
    spare
}

/// Returns the usable routes of the smallest priority of their prefix and
/// distance, and the others.
fn by_priority(
    tables: DeviceTables<'_>,
    vrf: VrfId,
    configured: &[StaticRoute],
    wavers: impl Fn(IpNet) -> bool,
) -> (Vec<Candidate>, Vec<Candidate>) {
    let usable: Vec<(u32, Candidate)> = configured
        .iter()
        .filter_map(|route| {
            let offered = offer(tables, vrf, route, wavers(route.prefix.trunc()))?;
            Some((route.priority, offered))
        })
        .collect();
    let mut least: FxHashMap<(IpNet, u8), u32> = FxHashMap::default();
    for (priority, candidate) in usable.iter().filter(|(_, route)| !route.doubt.exists()) {
        let least = least
            .entry((candidate.route.prefix, candidate.route.distance))
            .or_insert(*priority);
        *least = (*least).min(*priority);
    }
    let (used, left): (Vec<_>, Vec<_>) = usable.into_iter().partition(|(priority, candidate)| {
        least
            .get(&(candidate.route.prefix, candidate.route.distance))
            .is_none_or(|least| priority <= least)
    });
    let bare = |routes: Vec<(u32, Candidate)>| {
        let bare = routes.into_iter().map(|(_, candidate)| candidate);
        bare.collect()
    };
    (bare(used), bare(left))
}

fn offer(
    tables: DeviceTables<'_>,
    vrf: VrfId,
    configured: &StaticRoute,
    wavers: bool,
) -> Option<Candidate> {
    let mut doubt = Doubt::NONE;
    if wavers {
        doubt.add(&Doubt::of(
            configured.origin,
            "whether the route is there depends on the route itself",
        ));
    } else if !matches!(configured.next_hop, NextHop::Discard | NextHop::Vrf(_)) {
        let ways = tables.resolve(vrf, configured.next_hop, Some(configured.prefix));
        if !ways.exist() && !ways.may_exist && !configured.permanent {
            return None;
        }
        if !configured.permanent {
            doubt.add(&ways.doubt);
        }
    }
    if configured.run_time {
        doubt.add(&Doubt::of(
            configured.origin,
            "the route depends on something only the running device knows",
        ));
    }
    Some(Candidate {
        route: Route {
            prefix: configured.prefix.trunc(),
            protocol: RouteProtocol::Static,
            next_hop: configured.next_hop,
            distance: configured.distance,
            metric: 0,
            tag: configured.tag,
            origin: Some(configured.origin),
        },
        offer: Offer::Static,
        doubt,
    })
}
