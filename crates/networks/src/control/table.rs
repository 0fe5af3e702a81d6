//! Routing tables while they are computed: candidates, choice, lookup, resolution.

use super::doubt::Doubt;
use super::wild::Wild;
use crate::forwarding::{Hop, Route, RouteProtocol};
use crate::model::{Device, InterfaceId, NextHop, VrfId};
use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::IpAddr;

/// The most next hops followed for one address; a longer chain is no way.
const RESOLUTION_STEPS_MAX: usize = 256;

/// Who offers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Offer {
    /// An interface.
    Interface,
    /// The static configuration.
    Static,
    /// An OSPF process, by its place in the VRF's list.
    Ospf(usize),
    /// BGP.
    Bgp,
}

/// A route that is offered to a routing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The route.
    pub(super) route: Route,
    /// Who offers it.
    pub(super) offer: Offer,
    /// Why it may be absent or another.
    pub(super) doubt: Doubt,
}

/// What a table holds for one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The routes of the smallest distance.
    pub(super) routes: Vec<Candidate>,
    /// Why these may not be what the device holds.
    pub(super) doubt: Doubt,
}

/// The best routes of one VRF.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    entries: FxHashMap<IpNet, Entry>,
    /// The prefix lengths in use, longest first, for IPv4 and IPv6.
    lengths: (Vec<u8>, Vec<u8>),
    /// Routes that may exist besides.
    wild: Vec<Wild>,
}

impl Table {
    /// Chooses the best of what is offered for each prefix.
    pub(super) fn choose(offers: impl IntoIterator<Item = Candidate>) -> Self {
        let mut offered: FxHashMap<IpNet, Vec<Candidate>> = FxHashMap::default();
        for candidate in offers {
            offered
                .entry(candidate.route.prefix)
                .or_default()
                .push(candidate);
        }
        let mut lengths: (FxHashSet<u8>, FxHashSet<u8>) = Default::default();
        let entries: FxHashMap<IpNet, Entry> = offered
            .into_iter()
            .map(|(prefix, candidates)| {
                match prefix {
                    IpNet::V4(_) => lengths.0.insert(prefix.prefix_len()),
                    IpNet::V6(_) => lengths.1.insert(prefix.prefix_len()),
                };
                (prefix, Entry::choose(candidates))
            })
            .collect();
        let descending = |lengths: FxHashSet<u8>| {
            let mut lengths: Vec<u8> = lengths.into_iter().collect();
            lengths.sort_unstable_by(|one, other| other.cmp(one));
            lengths
        };
        Self {
            entries,
            lengths: (descending(lengths.0), descending(lengths.1)),
            wild: Vec::new(),
        }
    }

    /// Says which routes may exist besides.
    pub(super) fn set_wild(&mut self, wild: &[Wild]) {
        self.wild = wild.to_vec();
    }

    /// Returns why a route more specific than `held` may lead to the address.
    fn wild_doubt(&self, address: IpAddr, held: Option<IpNet>) -> Doubt {
        let mut doubt = Doubt::NONE;
        for wild in &self.wild {
            if wild.may_cover(address, held) {
                doubt.add(&wild.doubt);
            }
        }
        doubt
    }

    /// Returns what is held for exactly this prefix.
    pub(super) fn get(&self, prefix: IpNet) -> Option<&Entry> {
        self.entries.get(&prefix)
    }

    /// Returns every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (IpNet, &Entry)> {
        self.entries.iter().map(|(prefix, entry)| (*prefix, entry))
    }

    /// Returns the entry with the longest prefix that contains the address.
    pub(super) fn lookup(&self, address: IpAddr) -> Option<(IpNet, &Entry)> {
        let lengths = if address.is_ipv4() {
            &self.lengths.0
        } else {
            &self.lengths.1
        };
        lengths.iter().find_map(|&length| {
            let prefix = IpNet::new(address, length).ok()?.trunc();
            Some((prefix, self.entries.get(&prefix)?))
        })
    }
}

impl Entry {
    /// Chooses the smallest distance. A candidate in doubt that is not beaten
    /// by a certain one puts the whole entry in doubt.
    fn choose(mut candidates: Vec<Candidate>) -> Self {
        let distance = candidates
            .iter()
            .map(|candidate| candidate.route.distance)
            .min()
            .unwrap_or(u8::MAX);
        candidates.retain(|candidate| candidate.route.distance == distance);
        let mut doubt = Doubt::NONE;
        for candidate in &candidates {
            doubt.add(&candidate.doubt);
        }
        let offers: FxHashSet<Offer> = candidates.iter().map(|route| route.offer).collect();
        let connected = candidates
            .iter()
            .any(|candidate| candidate.offer == Offer::Interface);
        if connected {
            candidates.retain(|candidate| candidate.offer == Offer::Interface);
        } else if offers.len() > 1 {
            // Which of two sources with one distance came first is not configured.
            for candidate in &candidates {
                if let Some(origin) = candidate.route.origin {
                    doubt.add(&Doubt::of(
                        origin,
                        "another protocol offers the prefix at the same distance",
                    ));
                }
            }
        }
        candidates.sort_by_key(|candidate| candidate.route.next_hop);
        Self {
            routes: candidates,
            doubt,
        }
    }

    /// Tells whether an interface has the prefix.
    fn is_attached(&self) -> bool {
        self.routes
            .iter()
            .any(|candidate| candidate.offer == Offer::Interface)
    }

    /// Returns the metric that a route resolved through this entry has.
    fn metric(&self) -> u32 {
        self.routes
            .iter()
            .map(|candidate| candidate.route.metric)
            .min()
            .unwrap_or(0)
    }
}

/// Ways out of a device to an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ways {
    /// Interfaces and gateways, sorted.
    pub(super) hops: Vec<Hop>,
    /// Whether some way ends in a null route.
    pub(super) discard: bool,
    /// Whether there may be others by routes that are not modelled.
    pub(super) may_exist: bool,
    /// The metric of the first entry that was used.
    pub(super) metric: u32,
    /// The first entry that was used.
    pub(super) through: Option<IpNet>,
    /// Doubts of the entries on the way.
    pub(super) doubt: Doubt,
}

impl Ways {
    /// Tells whether there is any, a null route included.
    pub(super) fn exist(&self) -> bool {
        self.discard || !self.hops.is_empty()
    }
}

/// The tables of one device, by VRF.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeviceTables<'a> {
    /// The device.
    pub(super) device: &'a Device,
    /// One a VRF.
    pub(super) tables: &'a [Table],
}

impl DeviceTables<'_> {
    fn is_up(&self, interface: InterfaceId) -> bool {
        self.device
            .interface(interface)
            .is_some_and(crate::model::Interface::is_up)
    }

    /// Follows next hops until they leave the device.
    ///
    /// A way through `avoid` does not count: a route is no way to its own next hop.
    pub(super) fn resolve(&self, vrf: VrfId, next_hop: NextHop, avoid: Option<IpNet>) -> Ways {
        let mut ways = Ways::default();
        let mut seen: FxHashSet<(VrfId, NextHop)> = FxHashSet::default();
        let mut open = vec![(vrf, next_hop)];
        while let Some((vrf, next_hop)) = open.pop() {
            if seen.len() >= RESOLUTION_STEPS_MAX || !seen.insert((vrf, next_hop)) {
                continue;
            }
            match next_hop {
                NextHop::Interface(interface) => {
                    self.leave(&mut ways, interface, None);
                }
                NextHop::InterfaceAddress(interface, gateway) => {
                    self.leave(&mut ways, interface, Some(gateway));
                }
                NextHop::Discard => ways.discard = true,
                // A lookup of the packet itself has no address to follow here.
                NextHop::Vrf(_) => {}
                NextHop::VrfAddress(other, address) => {
                    open.push((other, NextHop::Address(address)));
                }
                NextHop::Address(address) => {
                    self.follow(&mut ways, &mut open, vrf, address, avoid);
                }
            }
        }
        ways.hops.sort_unstable();
        ways.hops.dedup();
        ways
    }

    fn leave(&self, ways: &mut Ways, interface: InterfaceId, gateway: Option<IpAddr>) {
        let null = self
            .device
            .interface(interface)
            .is_some_and(|interface| interface.kind == crate::model::InterfaceKind::Null);
        if null {
            ways.discard = true;
        } else if self.is_up(interface) {
            ways.hops.push(Hop { interface, gateway });
        }
    }

    /// Looks an address up and adds the next hops of what is found.
    fn follow(
        &self,
        ways: &mut Ways,
        open: &mut Vec<(VrfId, NextHop)>,
        vrf: VrfId,
        address: IpAddr,
        avoid: Option<IpNet>,
    ) {
        let Some(table) = self.tables.get(vrf.index()) else {
            return;
        };
        let found = table
            .lookup(address)
            .filter(|(prefix, _)| avoid != Some(*prefix));
        let attached = found.is_some_and(|(_, entry)| entry.is_attached());
        if !attached && !table.wild.is_empty() {
            let doubt = table.wild_doubt(address, found.map(|(prefix, _)| prefix));
            ways.may_exist |= doubt.exists();
            ways.doubt.add(&doubt);
        }
        let Some((prefix, entry)) = found else {
            return;
        };
        if ways.through.is_none() {
            ways.through = Some(prefix);
            ways.metric = entry.metric();
        }
        ways.doubt.add(&entry.doubt);
        for candidate in &entry.routes {
            match (candidate.route.protocol, candidate.route.next_hop) {
                // The address is the device's own.
                (RouteProtocol::Local, _) => {}
                (RouteProtocol::Connected, NextHop::Interface(interface))
                    if self
                        .device
                        .interface(interface)
                        .is_some_and(|own| own.has_address(address)) => {}
                (_, NextHop::Interface(interface)) => {
                    self.leave(ways, interface, Some(address));
                }
                (_, next_hop) => open.push((vrf, next_hop)),
            }
        }
    }
}
