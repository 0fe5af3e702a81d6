//! The forwarding decision (clauses F1 to F4).

use super::chain::{End, Evaluation, Place, Unknowns, unknown};
use super::hooks::unread;
use super::sessions::start_of;
use super::trace::{Decision, WayOut};
use crate::forwarding::{self, DeviceRouting, Fib, FibAction, FibEntry, Hop};
use crate::model::{
    Device, DeviceKind, InterfaceKind, NextHop, RouteAction, Touches, Unknown, VrfId,
};
use findings::Span;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What is asked of one device about one packet.
pub(super) struct Decider<'a> {
    pub(super) device: &'a Device,
    pub(super) routing: Option<&'a DeviceRouting>,
    /// The VRF of the packet.
    pub(super) vrf: VrfId,
    pub(super) destination: IpAddr,
}

/// What the decision for a packet comes to before any way out is taken.
pub(super) enum Decided {
    /// One of these, and the state that policy routing left.
    Ways {
        decision: Decision,
        mark: u32,
        exempt: bool,
    },
    /// Policy routing drops it.
    DroppedBy(Option<Span>),
    /// It is a host's, and not for it.
    NotForwarded,
    /// It cannot be told.
    Unknown(Unknowns),
}

impl Decider<'_> {
    /// Decides (F1). `evaluation` is what policy routing is tried with.
    pub(super) fn decide(&self, evaluation: &Evaluation<'_>) -> Decided {
        let ways = |decision| Decided::Ways {
            decision,
            mark: evaluation.packet.mark,
            exempt: evaluation.exempt,
        };
        if self.owns(self.vrf) {
            return ways(Decision::one(WayOut::Local, None));
        }
        if self.device.kind == DeviceKind::Host && evaluation.enters.is_some() {
            return Decided::NotForwarded;
        }
        let unread = self.unread();
        if !unread.is_empty() {
            return Decided::Unknown(unread);
        }
        let chain = self.device.vrf(self.vrf).and_then(|vrf| vrf.policy_routing);
        let Some(chain) = chain else {
            return match self.by_fib(self.vrf, &[]) {
                Ok(decision) => ways(decision),
                Err(unknowns) => Decided::Unknown(unknowns),
            };
        };
        let route = |action: &RouteAction, origin| self.route(action, origin);
        match evaluation.run_hook(Place::Routing(&route), chain) {
            Err(unknowns) => Decided::Unknown(unknowns),
            Ok(ended) => match ended.end {
                End::Route(decision) => Decided::Ways {
                    decision,
                    mark: ended.live.mark,
                    exempt: ended.live.exempt,
                },
                _ => Decided::DroppedBy(ended.live.rules.last().and_then(|rule| rule.origin)),
            },
        }
    }

    fn owns(&self, vrf: VrfId) -> bool {
        self.device.owns(vrf, self.destination, |interface, group| {
            self.routing
                .is_some_and(|routing| routing.is_active(interface, group))
        })
    }

    /// Returns the lines that leave the decision for this destination open.
    fn unread(&self) -> Unknowns {
        unread(self.device, |touches| match touches {
            Touches::Forwarding { vrf, destinations } => {
                *vrf == self.vrf
                    && destinations.is_none_or(|prefix| prefix.contains(&self.destination))
            }
            _ => false,
        })
    }

    fn fib(&self, vrf: VrfId) -> Option<&Fib> {
        Some(&self.routing?.vrf(vrf)?.fib)
    }

    /// Returns the entry for an address, or why it is not known whether there is one.
    fn lookup(&self, vrf: VrfId, address: IpAddr) -> Result<Option<&FibEntry>, Unknowns> {
        let routing = self.routing.and_then(|routing| routing.vrf(vrf));
        let entry = routing.and_then(|routing| routing.fib.lookup(address));
        match (entry, routing) {
            (None, Some(routing)) if !routing.unknown.is_empty() => Err(routing.unknown.clone()),
            (entry, _) => Ok(entry),
        }
    }

    /// Decides by the FIB of a VRF (F2); `asked` are the VRFs asked before.
    fn by_fib(&self, vrf: VrfId, asked: &[VrfId]) -> Result<Decision, Unknowns> {
        if asked.contains(&vrf) {
            return Ok(Decision::one(WayOut::NoRoute, None));
        }
        let asked: Vec<VrfId> = asked.iter().copied().chain([vrf]).collect();
        match self.lookup(vrf, self.destination)? {
            None => Ok(Decision::one(WayOut::NoRoute, None)),
            Some(entry) => self.by_entry(entry, &asked),
        }
    }

    fn by_entry(&self, entry: &FibEntry, asked: &[VrfId]) -> Result<Decision, Unknowns> {
        match &entry.action {
            FibAction::Forward(hops) => Ok(Decision {
                ways: hops.iter().map(|hop| self.way(*hop)).collect(),
                origins: entry.origin.into_iter().collect(),
            }),
            FibAction::Discard => Ok(Decision::one(WayOut::Discard, entry.origin)),
            FibAction::Unknown(unknowns) => Err(unknowns.clone()),
            FibAction::Vrf(vrf) => {
                let origin = entry.origin.unwrap_or_else(|| start_of(self.device));
                let decision = self.in_vrf(*vrf, asked, origin)?;
                Ok(decision.because(entry.origin))
            }
        }
    }

    /// Decides in another VRF: its own addresses, then its FIB.
    fn in_vrf(&self, vrf: VrfId, asked: &[VrfId], origin: Span) -> Result<Decision, Unknowns> {
        if self.device.vrf(vrf).is_none() {
            return Err(vec![no_vrf(origin)]);
        }
        if !asked.contains(&vrf) && self.owns(vrf) {
            return Ok(Decision::one(WayOut::Local, None));
        }
        self.by_fib(vrf, asked)
    }

    /// Turns a null interface into what it does (F4).
    fn way(&self, hop: Hop) -> WayOut {
        let kind = self
            .device
            .interface(hop.interface)
            .map(|interface| &interface.kind);
        if kind == Some(&InterfaceKind::Null) {
            WayOut::Discard
        } else {
            WayOut::Hop(hop)
        }
    }

    /// Does what a rule of policy routing says (F3); `None` where the next rule follows.
    fn route(&self, action: &RouteAction, origin: Span) -> Option<Result<Decision, Unknowns>> {
        let decided = match action {
            RouteAction::UseFib => self.by_fib(self.vrf, &[]).map(Some),
            RouteAction::Discard => Ok(Some(Decision::one(WayOut::Discard, None))),
            RouteAction::Main => self.lookup(self.vrf, self.destination).and_then(|entry| {
                entry
                    .map(|entry| self.by_entry(entry, &[self.vrf]))
                    .transpose()
            }),
            RouteAction::Table(id) => {
                let known = self.device.table(*id);
                match known.and(self.routing.and_then(|routing| routing.table(*id))) {
                    None => Err(vec![unknown(origin, "the table does not exist")]),
                    Some(fib) => fib
                        .lookup(self.destination)
                        .map(|entry| self.by_entry(entry, &[]))
                        .transpose(),
                }
            }
            RouteAction::FirstUsable(next_hops) => self.first_usable(next_hops, origin),
            RouteAction::AnyOf(next_hops) => self.any_of(next_hops, origin),
            RouteAction::FirstUsableUnlessRouted(next_hops) => {
                match self.lookup(self.vrf, self.destination) {
                    Err(unknowns) => Err(unknowns),
                    Ok(Some(entry)) if entry.prefix.prefix_len() > 0 => match &entry.action {
                        FibAction::Unknown(unknowns) => Err(unknowns.clone()),
                        _ => Ok(None),
                    },
                    Ok(_) => self.first_usable(next_hops, origin),
                }
            }
        };
        let rule = Some(origin).filter(|origin| *origin != start_of(self.device));
        decided
            .map(|decision| decision.map(|decision| decision.because(rule)))
            .transpose()
    }

    fn first_usable(
        &self,
        next_hops: &[NextHop],
        origin: Span,
    ) -> Result<Option<Decision>, Unknowns> {
        for next_hop in next_hops {
            if let Some(decision) = self.usable(*next_hop, origin)? {
                return Ok(Some(decision));
            }
        }
        Ok(None)
    }

    fn any_of(&self, next_hops: &[NextHop], origin: Span) -> Result<Option<Decision>, Unknowns> {
        let mut all: Option<Decision> = None;
        for next_hop in next_hops {
            if let Some(decision) = self.usable(*next_hop, origin)? {
                match &mut all {
                    None => all = Some(decision),
                    Some(all) => all.ways.extend(decision.ways),
                }
            }
        }
        Ok(all)
    }

    /// Resolves one next hop; `None` where it is not usable.
    fn usable(&self, next_hop: NextHop, origin: Span) -> Result<Option<Decision>, Unknowns> {
        match next_hop {
            NextHop::Discard => Ok(Some(Decision::one(WayOut::Discard, None))),
            NextHop::Vrf(vrf) => self.in_vrf(vrf, &[], origin).map(Some),
            NextHop::VrfAddress(vrf, _) if self.device.vrf(vrf).is_none() => {
                Err(vec![no_vrf(origin)])
            }
            NextHop::VrfAddress(vrf, address) => self.resolve(vrf, address),
            NextHop::Address(address) => self.resolve(self.vrf, address),
            NextHop::Interface(_) | NextHop::InterfaceAddress(..) => {
                let hops = forwarding::resolve(self.device, &Fib::default(), next_hop);
                Ok(self.through(&hops))
            }
        }
    }

    fn resolve(&self, vrf: VrfId, address: IpAddr) -> Result<Option<Decision>, Unknowns> {
        match self.lookup(vrf, address)?.map(|entry| &entry.action) {
            None => Ok(None),
            Some(FibAction::Unknown(unknowns)) => Err(unknowns.clone()),
            Some(FibAction::Vrf(_)) => Err(vec![unknown(
                start_of(self.device),
                "the next hop resolves through another VRF",
            )]),
            Some(FibAction::Forward(_) | FibAction::Discard) => {
                let fib = self.fib(vrf);
                let next_hop = NextHop::Address(address);
                let hops = fib.map(|fib| forwarding::resolve(self.device, fib, next_hop));
                Ok(self.through(&hops.unwrap_or_default()))
            }
        }
    }

    fn through(&self, hops: &[Hop]) -> Option<Decision> {
        let ways: BTreeSet<WayOut> = hops.iter().map(|hop| self.way(*hop)).collect();
        let origins = Vec::new();
        (!ways.is_empty()).then_some(Decision { ways, origins })
    }
}

impl Decision {
    fn one(way: WayOut, origin: Option<Span>) -> Self {
        Self {
            ways: BTreeSet::from([way]),
            origins: origin.into_iter().collect(),
        }
    }

    /// Puts a line in front of those that decided.
    fn because(mut self, origin: Option<Span>) -> Self {
        self.origins.splice(0..0, origin);
        self
    }
}

fn no_vrf(origin: Span) -> Unknown {
    unknown(origin, "the VRF does not exist")
}
