//! Forwarding tables from routing tables.

use super::doubt::Doubt;
use super::table::{Candidate, DeviceTables, Entry, Table, Ways};
use crate::forwarding::{Fib, FibAction, FibEntry, Hop};
use crate::model::{NextHop, VrfId};
use ipnet::IpNet;
use rustc_hash::FxHashMap;

/// Makes the forwarding table of a VRF: every entry resolved to its ways out.
///
/// An entry whose next hops do not resolve drops; one in doubt, or that
/// resolves through one, is unknown.
pub(super) fn of_vrf(tables: DeviceTables<'_>, vrf: VrfId) -> Fib {
    match tables.tables.get(vrf.index()) {
        Some(table) => of_table(tables, vrf, table),
        None => Fib::default(),
    }
}

/// Makes a forwarding table of a table whose next hops resolve in a VRF.
pub(super) fn of_table(tables: DeviceTables<'_>, vrf: VrfId, table: &Table) -> Fib {
    let mut resolved: FxHashMap<NextHop, Ways> = FxHashMap::default();
    let entries = table
        .iter()
        .filter_map(|(prefix, entry)| {
            let first = entry.routes.first()?;
            Some(FibEntry {
                prefix,
                action: action(tables, vrf, prefix, entry, &mut resolved),
                protocol: first.route.protocol,
                origin: first.route.origin,
            })
        })
        .collect();
    Fib::new(entries)
}

fn action(
    tables: DeviceTables<'_>,
    vrf: VrfId,
    prefix: IpNet,
    entry: &Entry,
    resolved: &mut FxHashMap<NextHop, Ways>,
) -> FibAction {
    let mut doubt = entry.doubt.clone();
    let mut hops: Vec<Hop> = Vec::new();
    for Candidate { route, .. } in &entry.routes {
        if let NextHop::Vrf(other) = route.next_hop {
            return if doubt.exists() {
                FibAction::Unknown(doubt.reasons())
            } else {
                FibAction::Vrf(other)
            };
        }
        let mut ways = resolved
            .entry(route.next_hop)
            .or_insert_with(|| tables.resolve(vrf, route.next_hop, None))
            .clone();
        if ways.through == Some(prefix) {
            // The shared answer went through the entry itself.
            ways = tables.resolve(vrf, route.next_hop, Some(prefix));
        }
        doubt.add(&ways.doubt);
        hops.extend(ways.hops);
    }
    hops.sort_unstable();
    hops.dedup();
    if doubt.exists() {
        FibAction::Unknown(doubt.reasons())
    } else if hops.is_empty() {
        FibAction::Discard
    } else {
        FibAction::Forward(hops)
    }
}

/// Adds entries that are not known, with their reasons, to a table; what is
/// there for the same prefix gives way.
pub(super) fn with_unknown(fib: Fib, unknown: Vec<(IpNet, Doubt)>) -> Fib {
    if unknown.is_empty() {
        return fib;
    }
    let mut reasons: FxHashMap<IpNet, Doubt> = FxHashMap::default();
    for (prefix, doubt) in unknown {
        reasons.entry(prefix).or_default().add(&doubt);
    }
    let mut entries: Vec<FibEntry> = Vec::new();
    for entry in fib.entries() {
        let mut entry = entry.clone();
        if let Some(doubt) = reasons.remove(&entry.prefix) {
            let mut all = doubt;
            if let FibAction::Unknown(own) = &entry.action {
                for reason in own {
                    all.add(&Doubt::because(reason.clone()));
                }
            }
            entry.action = FibAction::Unknown(all.reasons());
        }
        entries.push(entry);
    }
    entries.extend(reasons.into_iter().map(|(prefix, doubt)| FibEntry {
        prefix,
        action: FibAction::Unknown(doubt.reasons()),
        protocol: crate::forwarding::RouteProtocol::Observed,
        origin: doubt.reasons().first().map(|reason| reason.origin),
    }));
    Fib::new(entries)
}
