//! Reverse-path checks (clause E4).

use super::chain::Unknowns;
use crate::forwarding::{DeviceRouting, FibAction, FibEntry, SpareRoute};
use crate::model::{InterfaceId, ReversePath, VrfId};
use std::net::IpAddr;

/// What is asked about one source address.
pub(super) struct Check<'a> {
    pub(super) routing: Option<&'a DeviceRouting>,
    pub(super) enters: InterfaceId,
    pub(super) source: IpAddr,
    /// Whether an entry of length zero counts.
    default_counts: bool,
}

/// How an entry speaks for a source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// It must forward by the interface.
    Interface,
    /// It must forward.
    Anything,
}

impl<'a> Check<'a> {
    /// Tells whether the check passes; `Err` where that cannot be told.
    pub(super) fn passes(
        routing: Option<&'a DeviceRouting>,
        vrf: VrfId,
        enters: InterfaceId,
        source: IpAddr,
        mode: ReversePath,
    ) -> Result<bool, Unknowns> {
        let (ReversePath::Strict { default_counts }
        | ReversePath::Feasible { default_counts }
        | ReversePath::Loose { default_counts }) = mode;
        let check = Self {
            routing,
            enters,
            source,
            default_counts,
        };
        match mode {
            ReversePath::Strict { .. } => check.longest(vrf, By::Interface, &[]),
            ReversePath::Loose { .. } => check.longest(vrf, By::Anything, &[]),
            ReversePath::Feasible { .. } => check.any(vrf, &[]),
        }
    }

    /// Returns the entries that contain the source and count, longest first.
    fn entries(&self, vrf: VrfId) -> Result<Vec<&'a FibEntry>, Unknowns> {
        let Some(routing) = self.routing.and_then(|routing| routing.vrf(vrf)) else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<_> = routing
            .fib
            .entries()
            .iter()
            .filter(|entry| entry.prefix.contains(&self.source))
            .filter(|entry| self.default_counts || entry.prefix.prefix_len() > 0)
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.prefix.prefix_len()));
        if entries.is_empty() && !routing.unknown.is_empty() {
            return Err(routing.unknown.clone());
        }
        Ok(entries)
    }

    /// Returns the spare routes of an entry's prefix that leave by the interface.
    fn spare(&self, vrf: VrfId, entry: &FibEntry) -> impl Iterator<Item = &'a SpareRoute> {
        let (prefix, enters) = (entry.prefix, self.enters);
        self.routing
            .and_then(|routing| routing.vrf(vrf))
            .into_iter()
            .flat_map(|routing| &routing.spare)
            .filter(move |spare| spare.prefix == prefix && spare.interface == enters)
    }

    fn longest(&self, vrf: VrfId, by: By, asked: &[VrfId]) -> Result<bool, Unknowns> {
        if asked.contains(&vrf) {
            return Ok(false);
        }
        let asked: Vec<VrfId> = asked.iter().copied().chain([vrf]).collect();
        match self.entries(vrf)?.first().map(|entry| &entry.action) {
            None | Some(FibAction::Discard) => Ok(false),
            Some(FibAction::Unknown(unknowns)) => Err(unknowns.clone()),
            Some(FibAction::Vrf(other)) => self.longest(*other, by, &asked),
            Some(FibAction::Forward(hops)) => {
                Ok(by == By::Anything || hops.iter().any(|hop| hop.interface == self.enters))
            }
        }
    }

    fn any(&self, vrf: VrfId, asked: &[VrfId]) -> Result<bool, Unknowns> {
        if asked.contains(&vrf) {
            return Ok(false);
        }
        let asked: Vec<VrfId> = asked.iter().copied().chain([vrf]).collect();
        let mut unknowns = Vec::new();
        for entry in self.entries(vrf)? {
            let passes = match &entry.action {
                FibAction::Discard => break,
                FibAction::Unknown(unknowns) => Err(unknowns.clone()),
                FibAction::Vrf(other) => self.any(*other, &asked),
                FibAction::Forward(hops) => Ok(hops.iter().any(|hop| hop.interface == self.enters)),
            };
            match passes {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(more) => super::add_unknowns(&mut unknowns, more),
            }
            for spare in self.spare(vrf, entry) {
                if spare.unknown.is_empty() {
                    return Ok(true);
                }
                super::add_unknowns(&mut unknowns, spare.unknown.clone());
            }
        }
        if unknowns.is_empty() {
            Ok(false)
        } else {
            Err(unknowns)
        }
    }
}
