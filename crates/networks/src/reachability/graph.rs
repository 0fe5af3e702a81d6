//! The graph of packets' lives: places, each for a slice of destinations.

use super::limits::NODES_MAX;
use super::machine::Machine;
use super::place::{Causes, Note, Phase, Place, Turn};
use super::rewriting::{has_choice, kept, mirrored, moved, picks};
use super::ways::Unknowns;
use packets::{Field, Fields, Intervals, PacketSets, Rewrite, SetError};
use rustc_hash::FxHashMap;

/// Identifies a node of one graph.
pub(super) type NodeId = u32;

/// Identifies a slice of destinations of one graph.
pub(super) type SliceId = u32;

/// Identifies a rewrite of one graph.
pub(super) type RewriteId = u32;

/// Places for slices of destinations, and how packets go from one to the next.
///
/// Nodes are made when they are first reached, and know their edges once they
/// are [expanded](Graph::expand).
#[derive(Debug)]
pub(super) struct Graph<S: PacketSets> {
    nodes: Vec<Node<S::Set>>,
    index: FxHashMap<(Place, SliceId), NodeId>,
    slices: Vec<Intervals<S::Key>>,
    slice_index: FxHashMap<Intervals<S::Key>, SliceId>,
    rewrites: Vec<Rewriting<S::Key>>,
    rewrite_index: FxHashMap<Rewrite<S::Key>, RewriteId>,
    causes: Collected<S::Set>,
}

/// A place for a slice of destinations.
#[derive(Debug)]
pub(super) struct Node<S> {
    pub(super) place: Place,
    pub(super) slice: SliceId,
    /// The edges, once it is expanded; they share no packet.
    pub(super) edges: Option<Vec<Edge<S>>>,
}

/// One way from a node.
#[derive(Debug, Clone)]
pub(super) struct Edge<S> {
    /// The packets that take it; `None` is all.
    pub(super) guard: Option<S>,
    pub(super) turn: EdgeTurn,
    /// Any one of these, as the network chooses.
    pub(super) next: Vec<NodeId>,
    pub(super) note: Note,
}

/// What an edge does to the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EdgeTurn {
    Keep,
    Rewrite(RewriteId),
    Restore(Phase),
}

/// A rewrite and what follows from it.
#[derive(Debug)]
pub(super) struct Rewriting<A> {
    pub(super) rewrite: Rewrite<A>,
    /// The same without what it writes on the mark.
    pub(super) plain: Rewrite<A>,
    /// The same as it acts on answers.
    pub(super) mirror: Rewrite<A>,
    /// The headers that may stay as they are; surely so where there is no choice.
    pub(super) kept: Fields<A>,
    /// Whether it leaves the device a choice.
    pub(super) choice: bool,
    /// The same without a choice, one for each header, where they are few.
    pub(super) picks: Vec<RewriteId>,
}

#[derive(Debug, Default)]
struct Collected<S>(Vec<Causes<S>>);

impl<S> Unknowns<S> for Collected<S> {
    fn note(&mut self, causes: Causes<S>) -> u32 {
        self.0.push(causes);
        u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX)
    }
}

impl<S: PacketSets> Graph<S> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            index: FxHashMap::default(),
            slices: Vec::new(),
            slice_index: FxHashMap::default(),
            rewrites: Vec::new(),
            rewrite_index: FxHashMap::default(),
            causes: Collected(Vec::new()),
        }
    }

    /// Returns the node of a place for some destinations.
    pub(super) fn node(&mut self, place: Place, slice: SliceId) -> NodeId {
        let nodes = &mut self.nodes;
        *self.index.entry((place, slice)).or_insert_with(|| {
            nodes.push(Node {
                place,
                slice,
                edges: None,
            });
            id(nodes.len())
        })
    }

    /// Returns the number of a slice.
    pub(super) fn slice_id(&mut self, slice: &Intervals<S::Key>) -> SliceId {
        if let Some(known) = self.slice_index.get(slice) {
            return *known;
        }
        self.slices.push(slice.clone());
        let number = id(self.slices.len());
        self.slice_index.insert(slice.clone(), number);
        number
    }

    pub(super) fn slice(&self, number: SliceId) -> Option<&Intervals<S::Key>> {
        self.slices.get(number as usize)
    }

    pub(super) fn get(&self, node: NodeId) -> Option<&Node<S::Set>> {
        self.nodes.get(node as usize)
    }

    pub(super) fn edges(&self, node: NodeId) -> &[Edge<S::Set>] {
        self.get(node)
            .and_then(|node| node.edges.as_deref())
            .unwrap_or_default()
    }

    pub(super) fn rewriting(&self, rewrite: RewriteId) -> Option<&Rewriting<S::Key>> {
        self.rewrites.get(rewrite as usize)
    }

    pub(super) fn rewritings(&self) -> impl Iterator<Item = &Rewriting<S::Key>> {
        self.rewrites.iter()
    }

    pub(super) fn causes(&self, number: u32) -> &[(crate::model::Unknown, Option<S::Set>)] {
        self.causes
            .0
            .get(number as usize)
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node<S::Set>> {
        self.nodes.iter()
    }

    /// Finds the edges of every node from the first ones on.
    pub(super) fn build(
        &mut self,
        machine: &mut Machine<'_, S>,
        mut left: Vec<NodeId>,
    ) -> Result<(), SetError> {
        while let Some(node) = left.pop() {
            if self.get(node).is_some_and(|node| node.edges.is_some()) {
                continue;
            }
            self.expand(machine, node)?;
            let edges = self.edges(node).iter();
            let next: Vec<NodeId> = edges.flat_map(|edge| edge.next.iter().copied()).collect();
            left.extend(next);
        }
        Ok(())
    }

    /// Finds the edges of a node.
    pub(super) fn expand(
        &mut self,
        machine: &mut Machine<'_, S>,
        id: NodeId,
    ) -> Result<(), SetError> {
        let Some(node) = self.get(id).filter(|node| node.edges.is_none()) else {
            return Ok(());
        };
        let (place, slice_id) = (node.place, node.slice);
        let Some(slice) = self.slice(slice_id).cloned() else {
            return Ok(());
        };
        let ways = if self.nodes.len() > NODES_MAX {
            let number = self.causes.note(Vec::new());
            vec![super::place::Way::to(Place::Unknown(number))]
        } else {
            machine.ways(place, &slice, &mut self.causes)?
        };
        let ends = matches!(
            place,
            Place::Delivered { .. }
                | Place::Accepted { .. }
                | Place::Gone { .. }
                | Place::Dropped
                | Place::Unknown(_)
        );
        let mut edges = Vec::with_capacity(ways.len());
        for way in ways {
            if ends {
                break;
            }
            let turn = match way.turn {
                Turn::Keep => EdgeTurn::Keep,
                Turn::Restore(phase) => EdgeTurn::Restore(phase),
                Turn::Rewrite(rewrite) => EdgeTurn::Rewrite(self.rewrite_id(rewrite)?),
            };
            let to = match &way.slice {
                Some(slice) if slice.is_empty() => continue,
                Some(slice) => self.slice_id(slice),
                None => slice_id,
            };
            let next = way
                .next
                .into_iter()
                .map(|place| self.node(place, to))
                .collect();
            edges.push(Edge {
                guard: way.guard,
                turn,
                next,
                note: way.note,
            });
        }
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.edges = Some(edges);
        }
        Ok(())
    }

    fn rewrite_id(&mut self, rewrite: Rewrite<S::Key>) -> Result<RewriteId, SetError> {
        if let Some(known) = self.rewrite_index.get(&rewrite) {
            return Ok(*known);
        }
        let mirror = mirrored(&rewrite)?;
        let plain = mirrored(&mirror)?;
        let choice = has_choice(&rewrite);
        let mut picked = Vec::new();
        for pick in picks(&rewrite)? {
            picked.push(self.rewrite_id(pick)?);
        }
        let kept = kept(&plain);
        let known = Rewriting {
            rewrite: rewrite.clone(),
            plain,
            mirror,
            kept,
            choice,
            picks: picked,
        };
        self.rewrites.push(known);
        let number = id(self.rewrites.len());
        self.rewrite_index.insert(rewrite, number);
        Ok(number)
    }

    /// Returns where the sources of packets can be after a rewrite.
    pub(super) fn sources_after(
        &self,
        rewrite: RewriteId,
        sources: &Intervals<S::Key>,
    ) -> Intervals<S::Key> {
        let rewriting = self.rewriting(rewrite);
        rewriting.map_or_else(Intervals::none, |known| {
            moved(&known.rewrite, Field::Source, sources)
        })
    }
}

/// The number of the last of so many things.
fn id(count: usize) -> u32 {
    u32::try_from(count - 1).unwrap_or(u32::MAX)
}
