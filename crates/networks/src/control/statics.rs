//! Static routes: which of those configured are usable.

use super::doubt::Doubt;
use super::table::{Candidate, DeviceTables, Offer};
use crate::forwarding::{Route, RouteProtocol};
use crate::model::{NextHop, StaticRoute, VrfId};
use ipnet::IpNet;
use rustc_hash::FxHashMap;

/// Returns the usable static routes among those given, by the tables as they
/// stand.
///
/// A route is usable where its interface is up, or where its next hop resolves
/// otherwise than through the route's own prefix; a permanent one always. Of
/// one prefix and distance only the smallest priority is used.
pub(super) fn routes(
    tables: DeviceTables<'_>,
    vrf: VrfId,
    configured: &[StaticRoute],
) -> Vec<Candidate> {
    let mut usable: Vec<(u32, Candidate)> = configured
        .iter()
        .filter_map(|route| Some((route.priority, offer(tables, vrf, route)?)))
        .collect();
    let mut least: FxHashMap<(IpNet, u8), u32> = FxHashMap::default();
    for (priority, candidate) in usable.iter().filter(|(_, route)| !route.doubt.exists()) {
        let least = least
            .entry((candidate.route.prefix, candidate.route.distance))
            .or_insert(*priority);
        *least = (*least).min(*priority);
    }
    usable.retain(|(priority, candidate)| {
        least
            .get(&(candidate.route.prefix, candidate.route.distance))
            .is_none_or(|least| priority <= least)
    });
    usable.into_iter().map(|(_, candidate)| candidate).collect()
}

fn offer(tables: DeviceTables<'_>, vrf: VrfId, configured: &StaticRoute) -> Option<Candidate> {
    let mut doubt = Doubt::NONE;
    if !matches!(configured.next_hop, NextHop::Discard | NextHop::Vrf(_)) {
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
