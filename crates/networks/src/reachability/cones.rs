//! Which sources packets can have at a place: the ways there, by sources alone.
//!
//! Where sources are genuine, packets at a place come from the segments before
//! it (or from where those are translated to). Sets cut to that are a fraction of
//! the size: three quarters of the work on a region of 44 networks.

use super::graph::{EdgeTurn, Graph, NodeId};
use super::limits::ROUNDS_MAX;
use super::solve::strongly_connected;
use packets::{Address, Intervals, PacketSets};
use rustc_hash::FxHashMap;

/// Identifies a set of addresses among [`Cones`].
pub(super) type ConeId = u32;

/// Sets of addresses, each once, and unions that were made before.
#[derive(Debug)]
pub(super) struct Cones<A> {
    sets: Vec<Intervals<A>>,
    index: FxHashMap<Intervals<A>, ConeId>,
    unions: FxHashMap<(ConeId, ConeId), ConeId>,
}

/// No source at all.
pub(super) const NOBODY: ConeId = 0;

impl<A: Address> Cones<A> {
    pub(super) fn new() -> Self {
        let mut cones = Self {
            sets: Vec::new(),
            index: FxHashMap::default(),
            unions: FxHashMap::default(),
        };
        cones.id(Intervals::none());
        cones
    }

    pub(super) fn id(&mut self, set: Intervals<A>) -> ConeId {
        let next = ConeId::try_from(self.sets.len()).unwrap_or(ConeId::MAX);
        let id = *self.index.entry(set.clone()).or_insert(next);
        if id == next {
            self.sets.push(set);
        }
        id
    }

    pub(super) fn get(&self, id: ConeId) -> Option<&Intervals<A>> {
        self.sets.get(id as usize)
    }

    pub(super) fn union(&mut self, a: ConeId, b: ConeId) -> ConeId {
        if a == b || b == NOBODY {
            return a;
        }
        if a == NOBODY {
            return b;
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.unions.get(&key) {
            return *known;
        }
        let both = match (self.get(a), self.get(b)) {
            (Some(a), Some(b)) => a.or(b),
            _ => Intervals::none(),
        };
        let id = self.id(both);
        self.unions.insert(key, id);
        id
    }

    /// Finds the sources that packets can have at every node, when those that
    /// begin at the first nodes have these; nodes are given as they are
    /// grouped, a group before those that lead to it.
    pub(super) fn spread<S: PacketSets<Key = A>>(
        &mut self,
        graph: &Graph<S>,
        groups: &[Vec<NodeId>],
        begins: &[(NodeId, ConeId)],
    ) -> Vec<ConeId> {
        let mut at = vec![NOBODY; graph.len()];
        for (node, cone) in begins {
            if let Some(place) = at.get_mut(*node as usize) {
                *place = self.union(*place, *cone);
            }
        }
        for group in groups.iter().rev() {
            let rounds = if group.len() > 1 { ROUNDS_MAX } else { 1 };
            for round in 0..=rounds {
                let mut changed = false;
                for node in group {
                    changed |= self.pass_on(graph, *node, &mut at);
                }
                if !changed || group.len() == 1 {
                    break;
                }
                if round == rounds {
                    let everyone = self.id(Intervals::range(A::ZERO, A::MAX));
                    for node in group {
                        if let Some(place) = at.get_mut(*node as usize) {
                            *place = everyone;
                        }
                        self.pass_on(graph, *node, &mut at);
                    }
                }
            }
        }
        at
    }

    /// Gives a node's sources to those it leads to; tells whether any had not all.
    fn pass_on<S: PacketSets<Key = A>>(
        &mut self,
        graph: &Graph<S>,
        node: NodeId,
        at: &mut [ConeId],
    ) -> bool {
        let own = at.get(node as usize).copied().unwrap_or(NOBODY);
        let mut changed = false;
        for edge in graph.edges(node) {
            let cone = match edge.turn {
                EdgeTurn::Rewrite(rewrite) if edge.note.translated.is_some() => {
                    let own = self.get(own).cloned().unwrap_or_default();
                    self.id(graph.sources_after(rewrite, &own))
                }
                _ => own,
            };
            for next in &edge.next {
                let known = at.get(*next as usize).copied().unwrap_or(NOBODY);
                let both = self.union(known, cone);
                if both != known {
                    changed = true;
                    if let Some(place) = at.get_mut(*next as usize) {
                        *place = both;
                    }
                }
            }
        }
        changed
    }
}

/// Groups the nodes of a graph that can reach each other, a group before those
/// that lead to it.
pub(super) fn groups<S: PacketSets>(graph: &Graph<S>) -> Vec<Vec<NodeId>> {
    strongly_connected(graph.len(), |node| {
        let edges = graph.edges(node).iter();
        edges.flat_map(|edge| edge.next.iter().copied()).collect()
    })
}
