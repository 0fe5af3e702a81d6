//! The graph of one area, and shortest paths in it (RFC 2328 section 16.1).

use super::super::doubt::Doubt;
use super::ports::{COST_MAX, Processes};
use super::segments::Segment;
use crate::model::{InterfaceId, NextHop};
use findings::Span;
use ipnet::Ipv4Net;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr};

/// The first step of a path out of its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FirstHop {
    pub(super) interface: InterfaceId,
    /// The router reached; `None` on links without addresses.
    pub(super) gateway: Option<Ipv4Addr>,
    /// Whether it has come to a network, and not yet to a router.
    pub(super) on_network: bool,
}

impl FirstHop {
    /// Returns it as a next hop.
    pub(super) fn next_hop(&self) -> NextHop {
        match self.gateway {
            Some(gateway) => NextHop::InterfaceAddress(self.interface, IpAddr::V4(gateway)),
            None => NextHop::Interface(self.interface),
        }
    }
}

/// A step of the graph.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    cost: u32,
    /// The interface of the router it starts from.
    interface: Option<InterfaceId>,
    /// The address of the router it leads to.
    address: Option<Ipv4Addr>,
}

/// A node: a router (its process) or a network with a designated router.
#[derive(Debug, Default)]
struct Node {
    process: Option<usize>,
    edges: Vec<Edge>,
    /// Prefixes announced here, with their cost from the node and their line.
    nets: Vec<(Ipv4Net, u32, Span)>,
    doubt: Doubt,
}

/// One area.
#[derive(Debug, Default)]
pub(super) struct Area {
    nodes: Vec<Node>,
    routers: FxHashMap<usize, usize>,
}

/// How a root reaches a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Reached {
    pub(super) cost: u32,
    pub(super) hops: Vec<FirstHop>,
    pub(super) doubt: Doubt,
}

impl Area {
    /// Builds the graph of an area.
    pub(super) fn new(processes: &Processes<'_>, segments: &[Segment], area: u32) -> Self {
        let mut graph = Self::default();
        let mut in_segment: Vec<bool> = vec![false; processes.ports.len()];
        for segment in segments.iter().filter(|segment| segment.area == area) {
            for &member in &segment.members {
                if let Some(joined) = in_segment.get_mut(member) {
                    *joined = true;
                }
            }
            if segment.transit {
                graph.add_network(processes, segment);
            } else {
                graph.add_pairs(processes, segment);
            }
        }
        for (at, port) in processes.ports.iter().enumerate() {
            if port.area == area {
                let joined = in_segment.get(at).copied().unwrap_or(false);
                graph.add_stubs(processes, at, joined);
            }
        }
        graph
    }

    /// Returns the node of a router, made where it is new.
    fn router(&mut self, processes: &Processes<'_>, process: usize) -> usize {
        if let Some(&node) = self.routers.get(&process) {
            return node;
        }
        let node = self.nodes.len();
        self.nodes.push(Node {
            process: Some(process),
            doubt: processes
                .all
                .get(process)
                .map(|process| process.doubt.clone())
                .unwrap_or_default(),
            ..Node::default()
        });
        self.routers.insert(process, node);
        node
    }

    fn add_edge(&mut self, from: usize, edge: Edge) {
        if let Some(node) = self.nodes.get_mut(from) {
            node.edges.push(edge);
        }
    }

    fn add_net(&mut self, node: usize, net: Ipv4Net, cost: u32, origin: Span) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.nets.push((net, cost, origin));
        }
    }

    fn add_network(&mut self, processes: &Processes<'_>, segment: &Segment) {
        let network = self.nodes.len();
        self.nodes.push(Node::default());
        for port in segment
            .members
            .iter()
            .filter_map(|&member| processes.ports.get(member))
        {
            let router = self.router(processes, port.process);
            self.add_edge(
                router,
                Edge {
                    to: network,
                    cost: transit_cost(processes, port.process, port.cost),
                    interface: Some(port.port.interface),
                    address: None,
                },
            );
            self.add_edge(
                network,
                Edge {
                    to: router,
                    cost: 0,
                    interface: None,
                    address: port.address(),
                },
            );
            if let Some(subnet) = port.subnet() {
                self.add_net(network, subnet, 0, port.origin());
            }
        }
    }

    fn add_pairs(&mut self, processes: &Processes<'_>, segment: &Segment) {
        let ports: Vec<_> = segment
            .members
            .iter()
            .filter_map(|&member| processes.ports.get(member))
            .collect();
        for one in &ports {
            for other in ports.iter().filter(|other| other.process != one.process) {
                let from = self.router(processes, one.process);
                let to = self.router(processes, other.process);
                self.add_edge(
                    from,
                    Edge {
                        to,
                        cost: transit_cost(processes, one.process, one.cost),
                        interface: Some(one.port.interface),
                        address: other.address(),
                    },
                );
            }
        }
    }

    /// Adds the prefixes that a router announces as its own (RFC 2328 section 12.4.1).
    fn add_stubs(&mut self, processes: &Processes<'_>, at: usize, joined: bool) {
        use crate::model::OspfNetworkType as Type;
        let Some(port) = processes.ports.get(at) else {
            return;
        };
        let router = self.router(processes, port.process);
        let host = |net: &Ipv4Net| Ipv4Net::from(net.addr());
        for (index, net) in port.addresses.iter().enumerate() {
            let primary = index == 0;
            let (net, cost) = match port.kind {
                Type::Loopback => (host(net), port.cost),
                Type::PointToMultipoint => (host(net), 0),
                // The network's own node announces it.
                Type::Broadcast | Type::NonBroadcast if joined && primary => continue,
                _ => (net.trunc(), port.cost),
            };
            self.add_net(router, net, cost, port.origin());
        }
    }

    /// Adds a virtual link: a step between two routers with hops of its own.
    pub(super) fn add_virtual(
        &mut self,
        processes: &Processes<'_>,
        from: usize,
        to: usize,
        cost: u32,
    ) {
        let from = self.router(processes, from);
        let to = self.router(processes, to);
        self.add_edge(
            from,
            Edge {
                to,
                cost,
                interface: None,
                address: None,
            },
        );
    }

    /// Returns the processes of the area.
    pub(super) fn processes(&self) -> impl Iterator<Item = usize> + '_ {
        self.nodes.iter().filter_map(|node| node.process)
    }

    /// Tells whether a router has a neighbour here.
    pub(super) fn has_neighbour(&self, process: usize) -> bool {
        self.routers
            .get(&process)
            .and_then(|&node| self.nodes.get(node))
            .is_some_and(|node| !node.edges.is_empty())
    }

    /// Finds the shortest paths of a router to every node, in the order of
    /// [`Self::nodes`]; `virtual_hops` gives the first hops to a router over a
    /// virtual link.
    pub(super) fn shortest_paths(
        &self,
        root: usize,
        virtual_hops: &dyn Fn(usize) -> Vec<FirstHop>,
    ) -> Vec<Option<Reached>> {
        let mut reached: Vec<Option<Reached>> = vec![None; self.nodes.len()];
        let mut done = vec![false; self.nodes.len()];
        let Some(&root) = self.routers.get(&root) else {
            return reached;
        };
        // Networks come before routers of the same cost, so that equal paths
        // through them are seen before the router is done.
        let mut heap = BinaryHeap::new();
        if let Some(start) = reached.get_mut(root) {
            *start = Some(Reached::default());
        }
        heap.push(Reverse((0u32, true, root)));
        while let Some(Reverse((cost, _, at))) = heap.pop() {
            let Some(finished) = done.get_mut(at) else {
                continue;
            };
            if std::mem::replace(finished, true) {
                continue;
            }
            let (Some(node), Some(Some(here))) = (self.nodes.get(at), reached.get(at).cloned())
            else {
                continue;
            };
            for edge in &node.edges {
                let hops = self.first_hops(at == root, &here, edge, virtual_hops);
                let mut doubt = here.doubt.clone();
                doubt.add(&node.doubt);
                let total = cost.saturating_add(edge.cost);
                if relax(&mut reached, edge.to, total, hops, &doubt) {
                    let is_router = self
                        .nodes
                        .get(edge.to)
                        .is_some_and(|node| node.process.is_some());
                    heap.push(Reverse((total, is_router, edge.to)));
                }
            }
        }
        reached
    }

    fn first_hops(
        &self,
        from_root: bool,
        here: &Reached,
        edge: &Edge,
        virtual_hops: &dyn Fn(usize) -> Vec<FirstHop>,
    ) -> Vec<FirstHop> {
        if from_root {
            return match edge.interface {
                Some(interface) => vec![FirstHop {
                    interface,
                    gateway: edge.address,
                    on_network: self
                        .nodes
                        .get(edge.to)
                        .is_some_and(|node| node.process.is_none()),
                }],
                None => self
                    .nodes
                    .get(edge.to)
                    .and_then(|node| node.process)
                    .map(virtual_hops)
                    .unwrap_or_default(),
            };
        }
        here.hops
            .iter()
            .map(|hop| match hop.on_network {
                true => FirstHop {
                    gateway: edge.address,
                    on_network: false,
                    ..*hop
                },
                false => *hop,
            })
            .collect()
    }

    /// Returns what a tree says of each router and each announced prefix.
    pub(super) fn destinations<'t>(
        &'t self,
        tree: &'t [Option<Reached>],
    ) -> impl Iterator<Item = Leaf<'t>> {
        self.nodes.iter().zip(tree).filter_map(|(node, reached)| {
            Some(Leaf {
                router: node.process,
                nets: &node.nets,
                reached: reached.as_ref()?,
                doubt: &node.doubt,
            })
        })
    }
}

/// A node of a tree.
pub(super) struct Leaf<'t> {
    /// The process, where it is a router.
    pub(super) router: Option<usize>,
    /// Prefixes announced there, with their cost from the node and their line.
    pub(super) nets: &'t [(Ipv4Net, u32, Span)],
    /// The path to it.
    pub(super) reached: &'t Reached,
    /// What is not known of the node itself.
    pub(super) doubt: &'t Doubt,
}

/// A router that does not want to be used announces the greatest cost
/// (RFC 6987); its own prefixes keep theirs.
fn transit_cost(processes: &Processes<'_>, process: usize, cost: u32) -> u32 {
    match processes.all.get(process) {
        Some(process) if process.settings.max_metric => COST_MAX,
        _ => cost,
    }
}

/// Takes a path to a node where it is shorter or equal; tells whether the node
/// has to be looked at.
fn relax(
    reached: &mut [Option<Reached>],
    to: usize,
    cost: u32,
    hops: Vec<FirstHop>,
    doubt: &Doubt,
) -> bool {
    let Some(slot) = reached.get_mut(to) else {
        return false;
    };
    match slot {
        Some(held) if held.cost < cost => false,
        Some(held) if held.cost == cost => {
            held.hops.extend(hops);
            held.hops.sort_unstable();
            held.hops.dedup();
            held.doubt.add(doubt);
            false
        }
        _ => {
            *slot = Some(Reached {
                cost,
                hops,
                doubt: doubt.clone(),
            });
            true
        }
    }
}
