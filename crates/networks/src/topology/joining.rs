//! Sets of ports that grow together.

use crate::model::Port;
use rustc_hash::FxHashMap;

/// Disjoint sets of ports (union by the smaller index, paths halved).
#[derive(Debug)]
pub(super) struct Groups {
    ports: Vec<Port>,
    index: FxHashMap<Port, usize>,
    parents: Vec<usize>,
}

impl Groups {
    /// Makes sets of one port each.
    pub(super) fn new(ports: impl Iterator<Item = Port>) -> Self {
        let mut groups = Self {
            ports: Vec::new(),
            index: FxHashMap::default(),
            parents: Vec::new(),
        };
        for port in ports {
            groups.add(port);
        }
        groups
    }

    fn add(&mut self, port: Port) -> usize {
        if let Some(&at) = self.index.get(&port) {
            return at;
        }
        let at = self.ports.len();
        self.ports.push(port);
        self.parents.push(at);
        self.index.insert(port, at);
        at
    }

    /// Puts two ports on one link; one that was not there is added.
    pub(super) fn join(&mut self, one: Port, other: Port) {
        let one = self.add(one);
        let other = self.add(other);
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parents.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }

    fn root(&self, mut at: usize) -> usize {
        // INVARIANT: a parent is never greater than its child, so this ends.
        while let Some(&parent) = self.parents.get(at) {
            if parent == at {
                break;
            }
            at = parent;
        }
        at
    }

    /// Returns the sets, each ascending, in the order of their first ports.
    pub(super) fn into_sets(self) -> Vec<Vec<Port>> {
        let mut sets: FxHashMap<usize, Vec<Port>> = FxHashMap::default();
        for (at, &port) in self.ports.iter().enumerate() {
            sets.entry(self.root(at)).or_default().push(port);
        }
        let mut sets: Vec<_> = sets.into_values().collect();
        for set in &mut sets {
            set.sort_unstable();
        }
        sets.sort_unstable();
        sets
    }
}
