//! Which packets arrive: the graph worked out backward from its ends.
//!
//! Every node gets four sets. Nodes of a loop are worked out again and again
//! from nothing until no set grows: what only goes round is never delivered.

use super::graph::{EdgeTurn, Graph, NodeId};
use super::limits::ROUNDS_MAX;
use super::machine::Machine;
use super::place::Place;
use super::seeded::bug;
use super::world::LinkId;
use crate::model::DeviceId;
use packets::{AddressSet, Field, Fields, Intervals, PacketSets, SetError};

/// Packets for which something holds: on all paths or on some, surely or possibly.
///
/// "All" and "some" are over what the network chooses (equal-cost paths, ports
/// and addresses of translation); "surely" and "possibly" over what the
/// configurations do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quad<S> {
    /// Surely on all paths.
    pub all_must: S,
    /// Surely on some path.
    pub any_must: S,
    /// Possibly on all paths.
    pub all_may: S,
    /// Possibly on some path.
    pub any_may: S,
}

impl<S: Copy + PartialEq> Quad<S> {
    /// The same set four times.
    pub fn of(set: S) -> Self {
        Self {
            all_must: set,
            any_must: set,
            all_may: set,
            any_may: set,
        }
    }

    fn to_array(self) -> [S; 4] {
        [self.all_must, self.any_must, self.all_may, self.any_may]
    }

    fn from_array([all_must, any_must, all_may, any_may]: [S; 4]) -> Self {
        Self {
            all_must,
            any_must,
            all_may,
            any_may,
        }
    }

    /// Applies an operation to pairs of sets, once to each different pair.
    pub(super) fn zip(
        self,
        other: Self,
        mut operation: impl FnMut(S, S) -> Result<S, SetError>,
    ) -> Result<Self, SetError> {
        let (left, right) = (self.to_array(), other.to_array());
        let mut done: Vec<(S, S, S)> = Vec::with_capacity(4);
        let mut result = left;
        for ((a, b), place) in left.into_iter().zip(right).zip(&mut result) {
            let known = done.iter().find(|(x, y, _)| *x == a && *y == b);
            *place = match known {
                Some((_, _, set)) => *set,
                None => {
                    let set = operation(a, b)?;
                    done.push((a, b, set));
                    set
                }
            };
        }
        Ok(Self::from_array(result))
    }
}

/// Where packets must arrive to count as delivered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Goal {
    /// Delivered to one of these links.
    pub links: Vec<LinkId>,
    /// Accepted by one of these devices as its own.
    pub devices: Vec<DeviceId>,
    /// Delivered to any link or accepted by any device.
    pub anywhere: bool,
    /// Leaving what is known, by a port on one of these links.
    pub exits: Vec<LinkId>,
    /// The destinations that packets must have when they arrive, after all
    /// translation; `None` is any.
    pub addresses: Option<AddressSet>,
}

impl Goal {
    /// Returns the packets that are as they must be on arrival.
    pub(super) fn arriving<S: PacketSets>(
        &self,
        machine: &mut Machine<'_, S>,
    ) -> Result<S::Set, SetError> {
        match &self.addresses {
            None => Ok(machine.sets.full()),
            Some(addresses) => {
                let destinations = Intervals::addresses(addresses)?;
                let fields = Fields::any().with(Field::Destination, &destinations);
                machine.sets.fields(&fields)
            }
        }
    }

    /// Tells whether a place that packets end at counts as delivered.
    pub(super) fn counts<S: PacketSets>(&self, machine: &Machine<'_, S>, place: Place) -> bool {
        match place {
            Place::Delivered { link, .. } => self.anywhere || self.links.contains(&link),
            Place::Accepted { device, .. } => self.anywhere || self.devices.contains(&device),
            Place::Gone { port } => machine
                .world
                .link_id(port)
                .is_some_and(|link| self.exits.contains(&link)),
            _ => false,
        }
    }
}

/// The four sets of every node of a graph.
#[derive(Debug)]
pub(super) struct Solution<S> {
    values: Vec<Quad<S>>,
    empty: Quad<S>,
}

impl<S: Copy + PartialEq> Solution<S> {
    pub(super) fn at(&self, node: NodeId) -> Quad<S> {
        self.values
            .get(node as usize)
            .copied()
            .unwrap_or(self.empty)
    }
}

/// Works out a graph whose nodes are all expanded.
///
/// Only packets within `among` are looked at, and of those at a node only the
/// ones that `cut` lets be there.
pub(super) fn solve<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    graph: &Graph<S>,
    groups: &[Vec<NodeId>],
    goal: &Goal,
    among: S::Set,
    cut: &Cut<S::Set>,
) -> Result<Solution<S::Set>, SetError> {
    let empty = Quad::of(machine.sets.empty());
    let mut solution = Solution {
        values: vec![empty; graph.len()],
        empty,
    };
    let arriving = goal.arriving(machine)?;
    let mut bases: Vec<Option<S::Set>> = Vec::new();
    for (number, node) in (0..).zip(graph.nodes()) {
        let ends = match node.place {
            Place::Unknown(_) => true,
            place => goal.counts(machine, place),
        };
        if !ends {
            continue;
        }
        let at = node.slice as usize;
        if bases.len() <= at {
            bases.resize(at + 1, None);
        }
        let known = bases.get(at).copied().flatten();
        let base = match (known, graph.slice(node.slice)) {
            (Some(base), _) => base,
            (None, Some(slice)) => {
                let to = machine.to(slice)?;
                machine.sets.and(to, among)?
            }
            (None, None) => continue,
        };
        if let Some(place) = bases.get_mut(at) {
            *place = Some(base);
        }
        let value = match node.place {
            Place::Unknown(_) => Quad {
                all_may: base,
                any_may: base,
                ..empty
            },
            _ => Quad::of(machine.sets.and(base, arriving)?),
        };
        set(&mut solution, number, value);
    }
    for group in groups {
        settle(machine, graph, &mut solution, group, cut)?;
    }
    Ok(solution)
}

/// Packets that can be at a node, where that is known; see [`super::cones`].
#[derive(Debug, Default)]
pub(super) struct Cut<S>(pub(super) Vec<Option<S>>);

impl<S: Copy> Cut<S> {
    fn at(&self, node: NodeId) -> Option<S> {
        self.0.get(node as usize).copied().flatten()
    }
}

fn set<S>(solution: &mut Solution<S>, node: NodeId, value: Quad<S>) {
    if let Some(place) = solution.values.get_mut(node as usize) {
        *place = value;
    }
}

/// Works out nodes that can reach each other.
fn settle<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    graph: &Graph<S>,
    solution: &mut Solution<S::Set>,
    component: &[NodeId],
    cut: &Cut<S::Set>,
) -> Result<(), SetError> {
    let looped = match component {
        [only] => graph
            .edges(*only)
            .iter()
            .any(|edge| edge.next.contains(only)),
        _ => true,
    };
    for round in 0..=ROUNDS_MAX {
        let mut changed = false;
        for node in component {
            if graph.edges(*node).is_empty() {
                continue;
            }
            let mut value = evaluate(machine, graph, solution, *node)?;
            if let Some(here) = cut.at(*node) {
                value = value.zip(Quad::of(here), |a, b| machine.sets.and(a, b))?;
            }
            if value != solution.at(*node) {
                changed = true;
                set(solution, *node, value);
            }
        }
        if !changed || !looped || bug(8) {
            return Ok(());
        }
        if round == ROUNDS_MAX {
            // The sets grew all the time: what may arrive is not bounded yet.
            let full = machine.sets.full();
            for node in component {
                let known = solution.at(*node);
                set(
                    solution,
                    *node,
                    Quad {
                        all_may: full,
                        any_may: full,
                        ..known
                    },
                );
            }
        }
    }
    Ok(())
}

/// Works out one node from those it leads to.
fn evaluate<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    graph: &Graph<S>,
    solution: &Solution<S::Set>,
    node: NodeId,
) -> Result<Quad<S::Set>, SetError> {
    let mut result = solution.empty;
    for edge in graph.edges(node) {
        let mut value: Option<Quad<S::Set>> = None;
        for next in &edge.next {
            let next = solution.at(*next);
            value = Some(match value {
                None => next,
                Some(known) => choose(machine, known, next)?,
            });
        }
        let Some(mut value) = value.filter(|value| *value != solution.empty) else {
            continue;
        };
        value = match edge.turn {
            EdgeTurn::Keep => value,
            EdgeTurn::Restore(_) => solution.empty,
            EdgeTurn::Rewrite(rewrite) => match graph.rewriting(rewrite) {
                None => solution.empty,
                Some(known) => before(machine, known, value)?,
            },
        };
        if let Some(guard) = edge.guard {
            value = value.zip(Quad::of(guard), |a, b| machine.sets.and(a, b))?;
        }
        result = match result == solution.empty {
            true => value,
            false => result.zip(value, |a, b| machine.sets.or(a, b))?,
        };
    }
    Ok(result)
}

/// Joins two ways that the network chooses between.
pub(super) fn choose<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    a: Quad<S::Set>,
    b: Quad<S::Set>,
) -> Result<Quad<S::Set>, SetError> {
    if a == b {
        return Ok(a);
    }
    let all = |machine: &mut Machine<'_, S>, a, b| match bug(9) {
        true => machine.sets.or(a, b),
        false => machine.sets.and(a, b),
    };
    let any = |machine: &mut Machine<'_, S>, a, b| match bug(10) {
        true => machine.sets.and(a, b),
        false => machine.sets.or(a, b),
    };
    let all_must = all(machine, a.all_must, b.all_must)?;
    let any_must = any(machine, a.any_must, b.any_must)?;
    let same = a.all_must == a.all_may && b.all_must == b.all_may;
    let all_may = if same {
        all_must
    } else {
        all(machine, a.all_may, b.all_may)?
    };
    let same = a.any_must == a.any_may && b.any_must == b.any_may;
    let any_may = if same {
        any_must
    } else {
        any(machine, a.any_may, b.any_may)?
    };
    Ok(Quad {
        all_must,
        any_must,
        all_may,
        any_may,
    })
}

/// Returns the packets that a rewrite brings into four sets.
fn before<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    rewriting: &super::graph::Rewriting<S::Key>,
    value: Quad<S::Set>,
) -> Result<Quad<S::Set>, SetError> {
    let rewrite = &rewriting.rewrite;
    let sets = &mut machine.sets;
    let any = value.zip(value, |set, _| sets.pre_image_any(rewrite, set))?;
    if !rewriting.choice || bug(11) {
        return Ok(any);
    }
    let all = value.zip(value, |set, _| sets.pre_image_all(rewrite, set))?;
    Ok(Quad {
        all_must: all.all_must,
        all_may: all.all_may,
        ..any
    })
}

/// Groups numbers below `count` that can reach each other by `next`, a group
/// after every group it leads to (Tarjan's algorithm, without recursion).
pub(super) fn strongly_connected(count: usize, next: impl Fn(u32) -> Vec<u32>) -> Vec<Vec<u32>> {
    const UNSEEN: u32 = u32::MAX;
    const DONE: u32 = u32::MAX - 1;
    let mut low = vec![UNSEEN; count];
    let mut stack: Vec<u32> = Vec::new();
    let mut groups = Vec::new();
    let mut counter = 0_u32;
    let mut work: Vec<Visit> = Vec::new();
    for root in 0..u32::try_from(count).unwrap_or(u32::MAX) {
        if low.get(root as usize) != Some(&UNSEEN) {
            continue;
        }
        let visit = |node: u32, counter: &mut u32, stack: &mut Vec<u32>, low: &mut Vec<u32>| {
            let number = *counter;
            *counter += 1;
            stack.push(node);
            if let Some(place) = low.get_mut(node as usize) {
                *place = number;
            }
            Visit {
                node,
                number,
                left: next(node),
            }
        };
        work.push(visit(root, &mut counter, &mut stack, &mut low));
        while let Some(top) = work.last_mut() {
            let node = top.node as usize;
            if let Some(successor) = top.left.pop() {
                match low.get(successor as usize).copied() {
                    Some(UNSEEN) => {
                        work.push(visit(successor, &mut counter, &mut stack, &mut low));
                    }
                    Some(DONE) | None => {}
                    Some(reached) => lower(&mut low, node, reached),
                }
                continue;
            }
            let (number, reached) = (top.number, low.get(node).copied().unwrap_or(DONE));
            work.pop();
            if let Some(parent) = work.last() {
                lower(&mut low, parent.node as usize, reached);
            }
            if reached == number {
                let mut group = Vec::new();
                while let Some(member) = stack.pop() {
                    if let Some(place) = low.get_mut(member as usize) {
                        *place = DONE;
                    }
                    group.push(member);
                    if member as usize == node {
                        break;
                    }
                }
                groups.push(group);
            }
        }
    }
    groups
}

/// A node whose successors are being visited.
struct Visit {
    node: u32,
    number: u32,
    left: Vec<u32>,
}

fn lower(low: &mut [u32], node: usize, reached: u32) {
    if let Some(place) = low.get_mut(node) {
        *place = (*place).min(reached);
    }
}
