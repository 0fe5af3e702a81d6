//! OSPF version 2 (RFC 2328, RFC 3101 for not-so-stubby areas).
//!
//! Routers are not made to exchange messages: what flooding would give all
//! routers of an area is built once as a graph, and each router's tree is taken
//! from it. Designated routers do not matter to routes and are not elected.
//!
//! - [`ports`]: interfaces that take part, with costs and types.
//! - [`segments`]: who becomes whose neighbour, and why not.
//! - [`graph`]: shortest paths of an area.
//! - [`areas`]: routes within and between areas.
//! - [`external`]: what is redistributed, and its way through the areas.

mod areas;
mod external;
mod graph;
mod ports;
mod segments;

pub(super) use ports::{router_id_of, routing_doubt};

use super::doubt::Doubt;
use super::policy::{Expressions, Policies, Subject};
use super::table::{Candidate, Offer, Table};
use crate::forwarding::{Route, RouteProtocol};
use crate::model::{DeviceId, Network, NextHop, OspfAreaKind, OspfProcess, VrfId};
use areas::{Destination, Internal, Kind};
use external::External;
use findings::{Finding, Span};
use graph::FirstHop;
use ipnet::{IpNet, Ipv4Net};
use ports::Processes;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The OSPF of a whole network: what does not depend on other protocols.
pub(super) struct Ospf<'a> {
    network: &'a Network,
    processes: Processes<'a>,
    internal: Internal,
    /// Neighbours that disagree, identifiers used twice.
    pub(super) findings: Vec<Finding>,
    /// What was offered last, and for which external routes.
    last: RefCell<Option<(Vec<External>, Offers)>>,
}

/// What OSPF offers: device, VRF, route.
type Offers = Vec<(usize, usize, Candidate)>;

/// A route of one process, before it competes with other protocols.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    kind: Kind,
    /// Whether it is an external route of a not-so-stubby area.
    nssa: bool,
    /// What decides between routes of one kind: cost, then for type 2 externals
    /// the way to the border router.
    rank: (u32, u32, u8),
    metric: u32,
    tag: u32,
    hops: Vec<FirstHop>,
    discard: bool,
    doubt: Doubt,
    origin: Option<Span>,
}

/// The routes of a process, by prefix.
type Routes = BTreeMap<Ipv4Net, Found>;

impl<'a> Ospf<'a> {
    /// Builds neighbourships, areas and their routes.
    pub(super) fn new(network: &'a Network, expressions: &Expressions) -> Self {
        let processes = Processes::new(network);
        let (segments, mut findings) = segments::build(network, &processes);
        findings.extend(segments::duplicate_identifiers(
            network, &processes, &segments,
        ));
        let internal = areas::routes(network, &processes, &segments, expressions);
        Self {
            network,
            processes,
            internal,
            findings,
            last: RefCell::new(None),
        }
    }

    /// Returns what OSPF offers to each VRF (by device, then VRF), by the
    /// tables as they stand.
    pub(super) fn offers(&self, tables: &[Vec<Table>], expressions: &Expressions) -> Offers {
        let mut offers = Vec::new();
        if self.processes.all.is_empty() {
            return offers;
        }
        let externals = external::announced(&self.processes, self.network, tables, expressions);
        if let Some((known, offers)) = &*self.last.borrow()
            && *known == externals
        {
            return offers.clone();
        }
        let announced = externals.clone();
        let lists = external::flooded(&self.processes, &self.internal, externals);
        for (at, process) in self.processes.all.iter().enumerate() {
            let mut routes = self.internal_routes(at);
            external::add_routes(&self.processes, &self.internal, &lists, at, &mut routes);
            let Some(device) = self.network.device(process.device) else {
                continue;
            };
            let policies = Policies::new(device, expressions);
            for (prefix, found) in routes {
                for candidate in candidates(process.settings, process.index, prefix, found) {
                    if let Some(candidate) = filtered(process.settings, policies, candidate) {
                        offers.push((process.device.index(), process.vrf.index(), candidate));
                    }
                }
            }
        }
        *self.last.borrow_mut() = Some((announced, offers.clone()));
        offers
    }

    /// Returns the other processes that hear external routes of one: device,
    /// VRF, place in its list, distance of external routes.
    pub(super) fn domain(
        &self,
        device: DeviceId,
        vrf: VrfId,
        index: usize,
    ) -> Vec<(DeviceId, VrfId, usize, u8)> {
        let start = self.processes.all.iter().position(|process| {
            (process.device, process.vrf, process.index) == (device, vrf, index)
        });
        let mut reached: BTreeSet<usize> = start.into_iter().collect();
        let mut open: Vec<usize> = start.into_iter().collect();
        while let Some(at) = open.pop() {
            let known = self.internal.of(at);
            for ways in known.into_iter().flat_map(|known| known.within.values()) {
                for destination in ways.keys() {
                    let Destination::Router(other) = destination else {
                        continue;
                    };
                    if reached.insert(*other) {
                        open.push(*other);
                    }
                }
            }
        }
        reached
            .into_iter()
            .filter(|&at| Some(at) != start && self.hears_externals(at))
            .filter_map(|at| self.processes.all.get(at))
            .map(|process| {
                let distance = process.settings.distance_external;
                (process.device, process.vrf, process.index, distance)
            })
            .collect()
    }

    fn hears_externals(&self, process: usize) -> bool {
        self.internal.areas(process).any(|area| {
            !matches!(
                self.processes.area_kind(process, area),
                OspfAreaKind::Stub { .. }
            )
        })
    }

    /// The routes of a process within and between areas.
    fn internal_routes(&self, process: usize) -> Routes {
        let mut routes = Routes::new();
        let Some(internal) = self.internal.of(process) else {
            return routes;
        };
        for (destination, way) in &internal.best {
            let Destination::Net(prefix) = *destination else {
                continue;
            };
            let found = Found {
                kind: way.kind,
                nssa: false,
                rank: (way.cost, 0, 0),
                metric: way.cost,
                tag: 0,
                hops: way.hops.clone(),
                discard: way.discard,
                doubt: way.doubt.clone(),
                origin: way.origin,
            };
            better_of(&mut routes, prefix, found);
        }
        routes
    }
}

/// Keeps the better of two routes to one prefix, both where they are equal; one
/// in doubt that is at least as good leaves its doubt.
fn better_of(routes: &mut Routes, prefix: Ipv4Net, found: Found) {
    let Some(held) = routes.get_mut(&prefix) else {
        routes.insert(prefix, found);
        return;
    };
    let (new, old) = ((found.kind, found.rank), (held.kind, held.rank));
    match new.cmp(&old) {
        std::cmp::Ordering::Less => *held = found,
        std::cmp::Ordering::Greater => {}
        std::cmp::Ordering::Equal => {
            held.doubt.add(&found.doubt);
            held.discard &= found.discard;
            held.hops.extend(found.hops);
            held.hops.sort_unstable();
            held.hops.dedup();
        }
    }
}

/// Makes the candidates of one route, one a next hop.
fn candidates(
    settings: &OspfProcess,
    index: usize,
    prefix: Ipv4Net,
    mut found: Found,
) -> Vec<Candidate> {
    let (protocol, distance) = match found.kind {
        _ if found.discard => (RouteProtocol::OspfDiscard, settings.distance_intra),
        Kind::Intra => (RouteProtocol::OspfIntra, settings.distance_intra),
        Kind::Inter => (RouteProtocol::OspfInter, settings.distance_inter),
        Kind::External1 if found.nssa => (RouteProtocol::OspfNssa1, settings.distance_external),
        Kind::External1 => (RouteProtocol::OspfExternal1, settings.distance_external),
        Kind::External2 if found.nssa => (RouteProtocol::OspfNssa2, settings.distance_external),
        Kind::External2 => (RouteProtocol::OspfExternal2, settings.distance_external),
    };
    let limit = usize::from(settings.multipath_max.max(1));
    if found.hops.len() > limit {
        found.hops.truncate(limit);
        found.doubt.add(&Doubt::of(
            settings.origin,
            "there are more equal paths than are used at once",
        ));
    }
    let next_hops: Vec<NextHop> = if found.discard {
        vec![NextHop::Discard]
    } else {
        found.hops.iter().map(FirstHop::next_hop).collect()
    };
    next_hops
        .into_iter()
        .map(|next_hop| Candidate {
            route: Route {
                prefix: IpNet::V4(prefix),
                protocol,
                next_hop,
                distance,
                metric: found.metric,
                tag: found.tag,
                origin: found.origin,
            },
            offer: Offer::Ospf(index),
            doubt: found.doubt.clone(),
        })
        .collect()
}

/// Applies `distribute-list in`: it keeps a route out of the routing table, not
/// out of what is flooded.
fn filtered(
    settings: &OspfProcess,
    policies: Policies<'_>,
    mut candidate: Candidate,
) -> Option<Candidate> {
    if settings.policy_in.is_none() {
        return Some(candidate);
    }
    let mut subject = Subject::new(candidate.route.prefix, candidate.route.protocol);
    subject.process = Some(settings.name.clone());
    subject.metric = Some(candidate.route.metric);
    subject.tag = candidate.route.tag;
    if let NextHop::InterfaceAddress(interface, address) = candidate.route.next_hop {
        subject.interface = Some(interface);
        subject.next_hop = Some(address);
    }
    let outcome = policies.apply(settings.policy_in, &mut subject);
    candidate.doubt.add(&outcome.doubt);
    if let Some(distance) = subject.distance {
        candidate.route.distance = distance;
    }
    outcome.passes.then_some(candidate)
}
