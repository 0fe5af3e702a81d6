//! The forwarding decision: tables, and what policy routing decides.

use super::seeded::bug;
use super::table::Table;
use super::world::{Facts, World};
use crate::forwarding::{Fib, FibAction, Hop, resolve};
use crate::model::{DeviceId, NextHop, RouteAction, TableId, Unknown, VrfId};
use packets::{Address, Intervals};

/// Which table a destination is looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum TableRef {
    /// The FIB of a VRF.
    Fib(VrfId),
    /// The FIB of another VRF than the packet's: what the device owns there
    /// comes first.
    Other(VrfId),
    /// A further table of the device, asked for packets of a VRF.
    Further(TableId, VrfId),
}

/// What looking up a destination comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is for the device itself.
    Local,
    /// Out by any one of these.
    Hops(Vec<Hop>),
    /// Nowhere: there is no route.
    NoRoute,
    /// Nowhere: a null route.
    Discard,
    /// It cannot be told.
    Unknown(Vec<Unknown>),
}

/// One way that a rule of policy routing may send packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Lookup(TableRef),
    Hop(Hop),
    Discard,
    Unknown(Vec<Unknown>),
}

/// The destinations that a rule of policy routing decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope<A> {
    /// Those it surely decides.
    pub(super) must: Intervals<A>,
    /// Those it may decide.
    pub(super) may: Intervals<A>,
}

/// Whether a next hop can be used.
enum Usable {
    Yes(Vec<Target>),
    No,
    Unknown(Vec<Unknown>),
}

fn everywhere<A: Address>() -> Intervals<A> {
    Intervals::range(A::ZERO, A::MAX)
}

impl<A: Address> World<'_, A> {
    /// Returns what becomes of destinations in a table.
    pub(super) fn fates(
        &self,
        device: DeviceId,
        table: TableRef,
        slice: &Intervals<A>,
    ) -> Vec<(Intervals<A>, Fate)> {
        let Some(facts) = self.facts(device) else {
            return vec![(slice.clone(), Fate::NoRoute)];
        };
        let mut fates: Vec<(Intervals<A>, Fate)> = Vec::new();
        let first_asked = match table {
            TableRef::Fib(vrf) | TableRef::Other(vrf) => vec![vrf],
            // A further table is no VRF, so the packet's own was not asked yet.
            TableRef::Further(..) => Vec::new(),
        };
        let mut left = vec![(slice.clone(), table, first_asked)];
        while let Some((mut slice, table, asked)) = left.pop() {
            if let TableRef::Other(vrf) = table
                && let Some(own) = facts.own(vrf)
            {
                let local = slice.and(own);
                slice = slice.and(&own.not(A::MAX));
                note(&mut fates, local, Fate::Local);
            }
            let Some(entries) = entries(facts, table) else {
                note(&mut fates, slice, Fate::Unknown(Vec::new()));
                continue;
            };
            for (part, action) in entries.cut(&slice) {
                match action {
                    Some(FibAction::Forward(hops)) => {
                        note(&mut fates, part, Fate::Hops(hops.clone()));
                    }
                    Some(FibAction::Discard) => note(&mut fates, part, Fate::Discard),
                    Some(FibAction::Unknown(causes)) => {
                        note(&mut fates, part, Fate::Unknown(causes.clone()));
                    }
                    Some(FibAction::Vrf(vrf)) if asked.contains(vrf) => {
                        note(&mut fates, part, Fate::NoRoute);
                    }
                    Some(FibAction::Vrf(vrf)) => {
                        let asked = asked.iter().chain([vrf]).copied().collect();
                        left.push((part, TableRef::Other(*vrf), asked));
                    }
                    None => note(&mut fates, part, without_entry(facts, table)),
                }
            }
        }
        fates
    }

    /// Returns the destinations that a rule of policy routing decides.
    pub(super) fn route_scope(
        &self,
        device: DeviceId,
        vrf: VrfId,
        action: &RouteAction,
    ) -> Scope<A> {
        let all = || Scope {
            must: everywhere(),
            may: everywhere(),
        };
        let Some(facts) = self.facts(device) else {
            return all();
        };
        match action {
            RouteAction::UseFib | RouteAction::Discard => all(),
            RouteAction::Table(table) => match facts.table(*table) {
                Some(table) if !bug(49) => {
                    let known = table.values(|entry| entry.is_some());
                    Scope {
                        must: known.clone(),
                        may: known,
                    }
                }
                _ => all(),
            },
            RouteAction::Main => {
                let known = facts
                    .fib(vrf)
                    .map_or_else(Intervals::none, |fib| fib.values(|entry| entry.is_some()));
                let open = !facts.unknown_routes(vrf).is_empty();
                Scope {
                    may: if open { everywhere() } else { known.clone() },
                    must: known,
                }
            }
            RouteAction::FirstUsable(_) | RouteAction::AnyOf(_) => {
                if self.targets(device, vrf, action).is_empty() {
                    return Scope {
                        must: Intervals::none(),
                        may: Intervals::none(),
                    };
                }
                all()
            }
            RouteAction::FirstUsableUnlessRouted(_) => {
                if self.targets(device, vrf, action).is_empty() {
                    return Scope {
                        must: Intervals::none(),
                        may: Intervals::none(),
                    };
                }
                if bug(48) {
                    all()
                } else {
                    unless_routed(facts, vrf)
                }
            }
        }
    }

    /// Returns where a rule of policy routing may send what it decides; nothing
    /// where none of its next hops is usable.
    pub(super) fn targets(
        &self,
        device: DeviceId,
        vrf: VrfId,
        action: &RouteAction,
    ) -> Vec<Target> {
        let Some(facts) = self.facts(device) else {
            return Vec::new();
        };
        match action {
            RouteAction::Table(table) => vec![Target::Lookup(TableRef::Further(*table, vrf))],
            RouteAction::Main | RouteAction::UseFib => vec![Target::Lookup(TableRef::Fib(vrf))],
            RouteAction::Discard => vec![Target::Discard],
            RouteAction::FirstUsable(hops) | RouteAction::FirstUsableUnlessRouted(hops) => {
                for hop in hops {
                    match usable(facts, vrf, *hop) {
                        Usable::Yes(targets) => return targets,
                        Usable::No if bug(47) => return vec![Target::Discard],
                        Usable::No => {}
                        Usable::Unknown(causes) => return vec![Target::Unknown(causes)],
                    }
                }
                Vec::new()
            }
            RouteAction::AnyOf(hops) => {
                let mut targets: Vec<Target> = Vec::new();
                for hop in hops {
                    match usable(facts, vrf, *hop) {
                        Usable::Yes(more) => {
                            for target in more {
                                if !targets.contains(&target) {
                                    targets.push(target);
                                }
                            }
                        }
                        Usable::No => {}
                        Usable::Unknown(causes) => return vec![Target::Unknown(causes)],
                    }
                }
                targets
            }
        }
    }
}

/// Adds destinations to those of the same fate.
fn note<A: Address>(fates: &mut Vec<(Intervals<A>, Fate)>, part: Intervals<A>, fate: Fate) {
    if part.is_empty() {
        return;
    }
    match fates.iter_mut().find(|(_, known)| *known == fate) {
        Some((known, _)) => *known = known.or(&part),
        None => fates.push((part, fate)),
    }
}

fn entries<'a, A: Address>(facts: &'a Facts<'_, A>, table: TableRef) -> Option<&'a Table<A>> {
    match table {
        TableRef::Fib(vrf) | TableRef::Other(vrf) => facts.fib(vrf),
        TableRef::Further(table, _) => facts.table(table),
    }
}

/// No entry is no route, unless there are routes that nobody knows.
fn without_entry<A: Address>(facts: &Facts<'_, A>, table: TableRef) -> Fate {
    let unknown = match table {
        TableRef::Fib(vrf) | TableRef::Other(vrf) => facts.unknown_routes(vrf),
        TableRef::Further(_, vrf) => facts.unknown_routes(vrf),
    };
    if unknown.is_empty() || bug(50) {
        Fate::NoRoute
    } else {
        Fate::Unknown(unknown.to_vec())
    }
}

/// The destinations for which the FIB has no route or the default route alone.
fn unless_routed<A: Address>(facts: &Facts<'_, A>, vrf: VrfId) -> Scope<A> {
    let Some(fib) = facts.fib(vrf) else {
        return Scope {
            must: everywhere(),
            may: everywhere(),
        };
    };
    let open = !facts.unknown_routes(vrf).is_empty();
    let must = fib.values(|entry| match entry {
        Some((_, length)) => length == 0,
        None => !open,
    });
    let may = fib.values(|entry| match entry {
        Some((action, length)) => length == 0 || matches!(action, FibAction::Unknown(_)),
        None => true,
    });
    Scope { must, may }
}

/// Tells whether a next hop of policy routing can be used.
fn usable<A: Address>(facts: &Facts<'_, A>, vrf: VrfId, next_hop: NextHop) -> Usable {
    let (vrf, resolved) = match next_hop {
        NextHop::Discard => return Usable::Yes(vec![Target::Discard]),
        NextHop::Vrf(other) => return Usable::Yes(vec![Target::Lookup(TableRef::Other(other))]),
        NextHop::VrfAddress(other, address) => (other, NextHop::Address(address)),
        other => (vrf, other),
    };
    let empty = Fib::default();
    let routing = facts.vrf_routing(vrf);
    let fib = routing.map_or(&empty, |routing| &routing.fib);
    if let NextHop::Address(address) = resolved {
        match fib.lookup(address).map(|entry| &entry.action) {
            Some(FibAction::Unknown(causes)) => return Usable::Unknown(causes.clone()),
            Some(FibAction::Vrf(_)) => return Usable::Unknown(Vec::new()),
            None if !facts.unknown_routes(vrf).is_empty() => {
                return Usable::Unknown(facts.unknown_routes(vrf).to_vec());
            }
            None if routing.is_none() => return Usable::Unknown(Vec::new()),
            _ => {}
        }
    }
    let hops = resolve(facts.device, fib, resolved);
    if hops.is_empty() {
        return Usable::No;
    }
    Usable::Yes(hops.into_iter().map(Target::Hop).collect())
}
