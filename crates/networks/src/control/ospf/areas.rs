//! Routes within areas and between them (RFC 2328 sections 12.4.3, 16.1 to 16.3).

use super::super::doubt::Doubt;
use super::super::policy::{Expressions, Policies, Subject};
use super::graph::{Area, FirstHop};
use super::ports::Processes;
use super::segments::Segment;
use crate::forwarding::RouteProtocol;
use crate::model::{Network, OspfAreaKind, OspfRange, RoutePolicyId};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use std::collections::{BTreeMap, BTreeSet};

/// The backbone.
const BACKBONE: u32 = 0;

/// Kinds of routes, the preferred first (RFC 2328 section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Intra,
    Inter,
    External1,
    External2,
}

/// What a route leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Destination {
    /// A prefix.
    Net(Ipv4Net),
    /// A router, by its process.
    Router(usize),
}

/// A way to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) kind: Kind,
    pub(super) cost: u32,
    /// Empty at the destination itself.
    pub(super) hops: Vec<FirstHop>,
    /// Whether it discards: the summary of an area at its border.
    pub(super) discard: bool,
    pub(super) doubt: Doubt,
    pub(super) origin: Option<Span>,
}

/// Ways by destination.
pub(super) type Ways = BTreeMap<Destination, Way>;

/// What one process knows.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Within each area it is in.
    pub(super) within: BTreeMap<u32, Ways>,
    /// The best of all.
    pub(super) best: Ways,
}

/// What every process knows without externals.
#[derive(Debug, Default)]
pub(super) struct Internal {
    known: Vec<Known>,
    border: Vec<bool>,
}

impl Internal {
    /// Returns what a process knows.
    pub(super) fn of(&self, process: usize) -> Option<&Known> {
        self.known.get(process)
    }

    /// Tells whether a process is an area border router: interfaces in several
    /// areas, the backbone among them (RFC 3509 section 2.1, Cisco's rule).
    pub(super) fn is_border(&self, process: usize) -> bool {
        self.border.get(process).copied().unwrap_or(false)
    }

    /// Returns the areas a process is in.
    pub(super) fn areas(&self, process: usize) -> impl Iterator<Item = u32> + '_ {
        self.known
            .get(process)
            .into_iter()
            .flat_map(|known| known.within.keys().copied())
    }
}

/// A summary that a border router announces into an area.
struct Summary {
    border: usize,
    /// The area it is of.
    from: u32,
    destination: Destination,
    cost: u32,
    doubt: Doubt,
    origin: Option<Span>,
}

/// Everything the summaries are made from.
struct Work<'a> {
    network: &'a Network,
    processes: &'a Processes<'a>,
    expressions: &'a Expressions,
    graphs: BTreeMap<u32, Area>,
}

/// Computes the routes of every process within and between areas.
pub(super) fn routes(
    network: &Network,
    processes: &Processes<'_>,
    segments: &[Segment],
    expressions: &Expressions,
) -> Internal {
    let areas: BTreeSet<u32> = processes
        .all
        .iter()
        .flat_map(|process| process.areas.iter().copied())
        .collect();
    let mut work = Work {
        network,
        processes,
        expressions,
        graphs: areas
            .iter()
            .map(|&area| (area, Area::new(processes, segments, area)))
            .collect(),
    };
    let mut internal = Internal::default();
    internal
        .known
        .resize_with(processes.all.len(), Known::default);
    for &area in areas.iter().filter(|&&area| area != BACKBONE) {
        work.within(area, &mut internal, &BTreeMap::new());
    }
    let virtual_hops = work.add_virtual_links(&internal);
    if areas.contains(&BACKBONE) || !virtual_hops.is_empty() {
        work.within(BACKBONE, &mut internal, &virtual_hops);
    }
    internal.border = internal
        .known
        .iter()
        .map(|known| known.within.len() > 1 && known.within.contains_key(&BACKBONE))
        .collect();
    work.between(&mut internal);
    internal
}

/// First hops over virtual links, by both ends.
type VirtualHops = BTreeMap<(usize, usize), Vec<FirstHop>>;

impl Work<'_> {
    /// Adds the trees of one area to what its routers know.
    fn within(&self, area: u32, internal: &mut Internal, virtual_hops: &VirtualHops) {
        let Some(graph) = self.graphs.get(&area) else {
            return;
        };
        for process in graph.processes() {
            let hops = |to| {
                virtual_hops
                    .get(&(process, to))
                    .cloned()
                    .unwrap_or_default()
            };
            let tree = graph.shortest_paths(process, &hops);
            let mut ways = Ways::new();
            for leaf in graph.destinations(&tree) {
                let mut way = Way {
                    kind: Kind::Intra,
                    cost: leaf.reached.cost,
                    hops: leaf.reached.hops.clone(),
                    discard: false,
                    doubt: leaf.reached.doubt.clone(),
                    origin: None,
                };
                way.doubt.add(leaf.doubt);
                if let Some(router) = leaf.router {
                    keep_better(&mut ways, Destination::Router(router), way.clone());
                }
                for (net, cost, origin) in leaf.nets {
                    let way = Way {
                        cost: way.cost.saturating_add(*cost),
                        origin: Some(*origin),
                        ..way.clone()
                    };
                    keep_better(&mut ways, Destination::Net(*net), way);
                }
            }
            if let Some(known) = internal.known.get_mut(process) {
                for (destination, way) in &ways {
                    keep_better(&mut known.best, *destination, way.clone());
                }
                known.within.insert(area, ways);
            }
        }
    }

    /// Joins the ends of virtual links in the backbone (RFC 2328 section 15),
    /// where both name each other and reach each other through the area.
    fn add_virtual_links(&mut self, internal: &Internal) -> VirtualHops {
        let mut hops = VirtualHops::new();
        for (one, process) in self.processes.all.iter().enumerate() {
            for area in &process.settings.areas {
                for far in &area.virtual_links {
                    let named_back = |other: usize| {
                        self.processes
                            .area_settings(other, area.id)
                            .is_some_and(|settings| {
                                process
                                    .router_id
                                    .is_some_and(|id| settings.virtual_links.contains(&id))
                            })
                    };
                    let way = internal
                        .of(one)
                        .and_then(|known| known.within.get(&area.id));
                    let other = way.and_then(|ways| {
                        ways.iter()
                            .find_map(|(destination, way)| match destination {
                                Destination::Router(other)
                                    if self.processes.all.get(*other)?.router_id == Some(*far)
                                        && named_back(*other) =>
                                {
                                    Some((*other, way))
                                }
                                _ => None,
                            })
                    });
                    let Some((other, way)) = other else { continue };
                    hops.insert((one, other), way.hops.clone());
                    self.graphs.entry(BACKBONE).or_default().add_virtual(
                        self.processes,
                        one,
                        other,
                        way.cost,
                    );
                }
            }
        }
        hops
    }

    /// Announces summaries into the backbone, and from it into the other areas.
    fn between(&self, internal: &mut Internal) {
        let areas: Vec<u32> = self.graphs.keys().copied().collect();
        let order = areas
            .iter()
            .copied()
            .filter(|&area| area == BACKBONE)
            .chain(areas.iter().copied().filter(|&area| area != BACKBONE));
        for area in order {
            let summaries: Vec<Summary> = (0..self.processes.all.len())
                .filter(|&border| internal.is_border(border))
                .filter(|&border| internal.areas(border).any(|own| own == area))
                .flat_map(|border| self.summaries(internal, border, area))
                .collect();
            let Some(graph) = self.graphs.get(&area) else {
                continue;
            };
            for process in graph.processes() {
                if area != BACKBONE && self.looks_at_backbone_only(internal, process) {
                    continue;
                }
                learn(internal, process, area, &summaries);
            }
        }
        for border in 0..self.processes.all.len() {
            if internal.is_border(border) {
                self.discard_ranges(internal, border);
            }
        }
    }

    /// A border router with a neighbour in the backbone looks at the
    /// backbone's summaries alone (RFC 3509 section 2.2).
    fn looks_at_backbone_only(&self, internal: &Internal, process: usize) -> bool {
        internal.is_border(process)
            && self
                .graphs
                .get(&BACKBONE)
                .is_some_and(|backbone| backbone.has_neighbour(process))
    }

    /// What a border router announces into an area.
    fn summaries(&self, internal: &Internal, border: usize, into: u32) -> Vec<Summary> {
        let kind = self.processes.area_kind(border, into);
        let mut summaries = Vec::new();
        let (takes_summaries, default_cost) = match kind {
            OspfAreaKind::Normal => (true, None),
            OspfAreaKind::Stub {
                no_summary,
                default_cost,
            } => (!no_summary, Some(default_cost)),
            OspfAreaKind::Nssa {
                no_summary,
                default_cost,
                ..
            } => (!no_summary, no_summary.then_some(default_cost)),
        };
        let process_origin = self
            .processes
            .all
            .get(border)
            .map(|process| process.settings.origin);
        if let Some(cost) = default_cost {
            summaries.push(Summary {
                border,
                from: BACKBONE,
                destination: Destination::Net(Ipv4Net::default()),
                cost,
                doubt: Doubt::NONE,
                origin: process_origin,
            });
        }
        if !takes_summaries {
            return summaries;
        }
        let Some(known) = internal.of(border) else {
            return summaries;
        };
        let mut ranges: BTreeMap<Ipv4Net, Summary> = BTreeMap::new();
        for (destination, way) in &known.best {
            if way.discard
                || (matches!(destination, Destination::Router(_)) && kind != OspfAreaKind::Normal)
            {
                continue;
            }
            let Some(from) = self.source_area(known, *destination, way, into) else {
                continue;
            };
            let is_router = matches!(destination, Destination::Router(_));
            if is_router && self.processes.area_kind(border, from) != OspfAreaKind::Normal {
                continue;
            }
            let summary = Summary {
                border,
                from,
                destination: *destination,
                cost: way.cost,
                doubt: way.doubt.clone(),
                origin: way.origin,
            };
            match self.range_of(border, from, way, *destination) {
                Some(range) => add_to_range(&mut ranges, range, summary, self.rfc1583(border)),
                None => summaries.push(summary),
            }
        }
        summaries.extend(ranges.into_values());
        self.filter(border, into, summaries)
    }

    fn rfc1583(&self, border: usize) -> bool {
        self.processes
            .all
            .get(border)
            .is_some_and(|process| process.settings.rfc1583)
    }

    /// The area a border router's best way is of; `None` where it is not
    /// announced into `into`.
    fn source_area(
        &self,
        known: &Known,
        destination: Destination,
        way: &Way,
        into: u32,
    ) -> Option<u32> {
        if way.kind == Kind::Inter {
            return (into != BACKBONE).then_some(BACKBONE);
        }
        let (from, _) = known.within.iter().find(|(_, ways)| {
            ways.get(&destination)
                .is_some_and(|own| own.cost == way.cost)
        })?;
        (*from != into).then_some(*from)
    }

    /// The range of the source area that a way within it falls in.
    fn range_of(
        &self,
        border: usize,
        from: u32,
        way: &Way,
        destination: Destination,
    ) -> Option<&OspfRange> {
        let Destination::Net(net) = destination else {
            return None;
        };
        if way.kind != Kind::Intra {
            return None;
        }
        self.processes
            .area_settings(border, from)?
            .ranges
            .iter()
            .filter(|range| range.prefix.contains(&net))
            .max_by_key(|range| range.prefix.prefix_len())
    }

    /// Applies the area filters of a border router.
    fn filter(&self, border: usize, into: u32, summaries: Vec<Summary>) -> Vec<Summary> {
        let device = self
            .processes
            .all
            .get(border)
            .and_then(|process| self.network.device(process.device));
        let Some(device) = device else {
            return summaries;
        };
        let policies = Policies::new(device, self.expressions);
        let filter_in = self
            .processes
            .area_settings(border, into)
            .and_then(|settings| settings.filter_in);
        let filters = |from: u32| -> Vec<RoutePolicyId> {
            let filter_out = self
                .processes
                .area_settings(border, from)
                .and_then(|settings| settings.filter_out);
            filter_out.into_iter().chain(filter_in).collect()
        };
        summaries
            .into_iter()
            .filter_map(|mut summary| {
                let Destination::Net(net) = summary.destination else {
                    return Some(summary);
                };
                let mut subject = Subject::new(IpNet::V4(net), RouteProtocol::OspfInter);
                let outcome = policies.apply_all(&filters(summary.from), &mut subject);
                summary.doubt.add(&outcome.doubt);
                outcome.passes.then_some(summary)
            })
            .collect()
    }

    /// Puts the discard routes of active ranges into what a border router knows.
    fn discard_ranges(&self, internal: &mut Internal, border: usize) {
        let Some(process) = self.processes.all.get(border) else {
            return;
        };
        let Some(known) = internal.known.get_mut(border) else {
            return;
        };
        for area in &process.settings.areas {
            for range in area.ranges.iter().filter(|range| range.advertise) {
                let members = known.within.get(&area.id).into_iter().flatten().filter(
                    |(destination, _)| matches!(destination, Destination::Net(net) if range.prefix.contains(net)),
                );
                let Some(cost) = members.map(|(_, way)| way.cost).min() else {
                    continue;
                };
                known
                    .best
                    .entry(Destination::Net(range.prefix))
                    .or_insert(Way {
                        kind: Kind::Intra,
                        cost,
                        hops: Vec::new(),
                        discard: true,
                        doubt: Doubt::NONE,
                        origin: Some(range.origin),
                    });
            }
        }
    }
}

/// Adds a component to the summary of its range: the greatest cost of all
/// (RFC 2328 section 12.4.3), the smallest under RFC 1583's rule.
fn add_to_range(
    ranges: &mut BTreeMap<Ipv4Net, Summary>,
    range: &OspfRange,
    component: Summary,
    rfc1583: bool,
) {
    if !range.advertise {
        return;
    }
    let cost = range.cost.unwrap_or(component.cost);
    match ranges.get_mut(&range.prefix) {
        Some(summary) => {
            if range.cost.is_none() {
                summary.cost = if rfc1583 {
                    summary.cost.min(cost)
                } else {
                    summary.cost.max(cost)
                };
            }
            summary.doubt.add(&component.doubt);
        }
        None => {
            ranges.insert(
                range.prefix,
                Summary {
                    destination: Destination::Net(range.prefix),
                    cost,
                    origin: Some(range.origin),
                    ..component
                },
            );
        }
    }
}

/// Takes the summaries of an area into what one of its routers knows.
fn learn(internal: &mut Internal, process: usize, area: u32, summaries: &[Summary]) {
    let Some(known) = internal.known.get_mut(process) else {
        return;
    };
    let Some(within) = known.within.get(&area) else {
        return;
    };
    for summary in summaries.iter().filter(|summary| summary.border != process) {
        let Some(border) = within.get(&Destination::Router(summary.border)) else {
            continue;
        };
        let mut doubt = border.doubt.clone();
        doubt.add(&summary.doubt);
        let way = Way {
            kind: Kind::Inter,
            cost: border.cost.saturating_add(summary.cost),
            hops: border.hops.clone(),
            discard: false,
            doubt,
            origin: summary.origin,
        };
        keep_better(&mut known.best, summary.destination, way);
    }
}

/// Keeps the better of two ways, both where they are equal.
fn keep_better(ways: &mut Ways, destination: Destination, way: Way) {
    let Some(held) = ways.get_mut(&destination) else {
        ways.insert(destination, way);
        return;
    };
    match (way.kind, way.cost).cmp(&(held.kind, held.cost)) {
        std::cmp::Ordering::Less => *held = way,
        std::cmp::Ordering::Greater => {}
        std::cmp::Ordering::Equal => {
            held.hops.extend(way.hops);
            held.hops.sort_unstable();
            held.hops.dedup();
            held.doubt.add(&way.doubt);
        }
    }
}
