//! The nodes, the table that finds them, and intersection.
#![expect(
    clippy::indexing_slicing,
    reason = "node numbers come from this table, and slots are masked below its length"
)]

use crate::diagram::arena::{Edge, index};
use crate::diagram::cache::Cache;
use crate::diagram::epochs::Epochs;
use crate::diagram::{EMPTY, FULL};
use crate::error::SetError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    variable: u16,
    low: Edge,
    high: Edge,
}

/// The variable of the terminal, after every bit.
const TERMINAL: u16 = u16::MAX;

/// The table's mark for a free slot.
const FREE: u32 = 0;

#[derive(Debug, Clone)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    table: Vec<u32>,
    cache: Cache,
    pub(super) epochs: Epochs,
    limit: usize,
    full: bool,
    /// Intersections computed.
    pub(super) applies: u64,
}

impl Nodes {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            nodes: vec![Node {
                variable: TERMINAL,
                low: EMPTY,
                high: EMPTY,
            }],
            table: vec![FREE; 1 << 8],
            cache: Cache::new(1),
            epochs: Epochs::default(),
            limit: limit.min(1 << 30),
            full: false,
            applies: 0,
        }
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn check(&self, edge: Edge, epoch: u32) -> bool {
        index(edge) < self.count() && self.epochs.holds(epoch, index(edge))
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn take_full(&mut self) -> Result<(), SetError> {
        if std::mem::take(&mut self.full) {
            return Err(SetError::Exhausted {
                unit: "nodes",
                limit: self.limit,
            });
        }
        Ok(())
    }

    pub(super) fn variable(&self, edge: Edge) -> u16 {
        self.nodes[index(edge) as usize].variable
    }

    /// Returns both cofactors by a variable at or above the edge's own.
    pub(super) fn sides(&self, edge: Edge, variable: u16) -> [Edge; 2] {
        let node = self.nodes[index(edge) as usize];
        if node.variable != variable {
            return [edge, edge];
        }
        [node.low ^ (edge & 1), node.high ^ (edge & 1)]
    }

    pub(super) fn make(&mut self, variable: u16, low: Edge, high: Edge) -> Edge {
        if low == high {
            return low;
        }
        // The low child is never complemented.
        let flip = low & 1;
        let node = Node {
            variable,
            low: low ^ flip,
            high: high ^ flip,
        };
        let mask = self.table.len() - 1;
        let mut slot = hash(node) & mask;
        while self.table[slot] != FREE {
            let found = self.table[slot];
            if self.nodes[found as usize] == node {
                return found << 1 | flip;
            }
            slot = (slot + 1) & mask;
        }
        if self.nodes.len() >= self.limit {
            self.full = true;
            return EMPTY;
        }
        let made = self.count();
        self.nodes.push(node);
        self.table[slot] = made;
        if self.nodes.len() * 2 > self.table.len() {
            self.rebuild(self.table.len() * 2);
        }
        made << 1 | flip
    }

    fn rebuild(&mut self, size: usize) {
        self.table.clear();
        self.table.resize(size, FREE);
        self.link(1);
    }

    /// Puts the nodes from `first` on into the table, in which they are not.
    fn link(&mut self, first: usize) {
        let mask = self.table.len() - 1;
        for (place, node) in self.nodes.iter().enumerate().skip(first) {
            let mut slot = hash(*node) & mask;
            while self.table[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = u32::try_from(place).unwrap_or(u32::MAX);
        }
    }

    /// Takes the nodes from `first` on out of the table, where they are few: in
    /// the opposite order of their coming.
    fn unlink(&mut self, first: usize) {
        if self.many(first) {
            return;
        }
        let mask = self.table.len() - 1;
        for (place, node) in self.nodes.iter().enumerate().skip(first).rev() {
            let mut slot = hash(*node) & mask;
            while self.table[slot] as usize != place {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = FREE;
        }
    }

    /// Tells whether so many nodes stand from `first` on that making the table
    /// anew is less work than taking them out.
    fn many(&self, first: usize) -> bool {
        self.nodes.len().saturating_sub(first) * 8 > self.table.len()
    }

    pub(super) fn release(&mut self, nodes: u32) -> bool {
        if !self.epochs.release(nodes) {
            return false;
        }
        let keep = nodes as usize;
        let anew = self.many(keep);
        self.unlink(keep);
        self.nodes.truncate(keep);
        if anew {
            self.rebuild(self.table.len());
        }
        true
    }

    /// Forgets the nodes from `first` on but those under some edges, and renews
    /// the edges; false when epochs have run out.
    pub(super) fn release_keeping(&mut self, first: u32, edges: &mut [Edge]) -> bool {
        let first = first.max(1);
        let mut seen = vec![false; self.nodes.len().saturating_sub(first as usize)];
        let mut left: Vec<u32> = edges.iter().map(|edge| index(*edge)).collect();
        while let Some(node) = left.pop() {
            if node >= first && !std::mem::replace(&mut seen[(node - first) as usize], true) {
                let Node { low, high, .. } = self.nodes[node as usize];
                left.extend([index(low), index(high)]);
            }
        }
        if !self.epochs.release(first) {
            return false;
        }
        let anew = self.many(first as usize);
        self.unlink(first as usize);
        let mut moved = vec![0; seen.len()];
        let mut next = first;
        let renew = |edge: Edge, moved: &[u32]| match index(edge).checked_sub(first) {
            Some(node) => moved[node as usize] << 1 | edge & 1,
            None => edge,
        };
        // Children are older than their node, and so moved before it.
        for (place, _) in seen.iter().enumerate().filter(|(_, kept)| **kept) {
            let mut node = self.nodes[first as usize + place];
            node.low = renew(node.low, &moved);
            node.high = renew(node.high, &moved);
            self.nodes[next as usize] = node;
            moved[place] = next;
            next += 1;
        }
        for edge in edges {
            *edge = renew(*edge, &moved);
        }
        self.nodes.truncate(next as usize);
        if anew {
            self.rebuild(self.table.len());
        } else {
            self.link(first as usize);
        }
        true
    }

    pub(super) fn and(&mut self, a: Edge, b: Edge) -> Edge {
        if a == b || b == FULL {
            return a;
        }
        if a == FULL {
            return b;
        }
        if a == EMPTY || b == EMPTY || a ^ b == 1 || self.full {
            return EMPTY;
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        if let Some(known) = self.cache.get(a, b, &self.epochs) {
            return known;
        }
        self.applies += 1;
        let variable = self.variable(a).min(self.variable(b));
        let [low_a, high_a] = self.sides(a, variable);
        let [low_b, high_b] = self.sides(b, variable);
        let low = self.and(low_a, low_b);
        let high = self.and(high_a, high_b);
        let both = self.make(variable, low, high);
        if !self.full {
            self.cache.put(a, b, both, &self.epochs, self.nodes.len());
        }
        both
    }

    pub(super) fn or(&mut self, a: Edge, b: Edge) -> Edge {
        self.and(a ^ 1, b ^ 1) ^ 1
    }

    pub(super) fn or_all(&mut self, mut edges: Vec<Edge>) -> Edge {
        while edges.len() > 1 {
            let pairs = edges.chunks(2);
            edges = pairs
                .map(|pair| match *pair {
                    [a, b] => self.or(a, b),
                    [a, ..] => a,
                    [] => EMPTY,
                })
                .collect();
        }
        edges.first().copied().unwrap_or(EMPTY)
    }
}

fn hash(node: Node) -> usize {
    let pair = u64::from(node.low) << 32 | u64::from(node.high);
    let mixed = (pair ^ u64::from(node.variable) << 17).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ mixed >> 29) >> 20) as usize
}
