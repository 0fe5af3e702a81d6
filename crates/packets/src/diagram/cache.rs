//! Remembered results of one operation on two edges: direct-mapped and lossy.
#![expect(
    clippy::indexing_slicing,
    reason = "the slot is masked to one below the length, which is a power of two"
)]

use crate::diagram::arena::{Edge, index};
use crate::diagram::epochs::Epochs;

#[derive(Debug, Clone, Copy)]
struct Entry {
    left: Edge,
    right: Edge,
    result: Edge,
    epoch: u32,
}

/// The least and the most entries; 16 bytes each.
const LEAST: usize = 1 << 8;
const MOST: usize = 1 << 22;

/// No operation asks for the terminal on both sides.
const NOTHING: Entry = Entry {
    left: 0,
    right: 0,
    result: 0,
    epoch: 0,
};

#[derive(Debug, Clone)]
pub(crate) struct Cache {
    entries: Vec<Entry>,
    /// So many nodes there may be for an entry before there are more entries.
    nodes_each: usize,
}

impl Cache {
    /// Makes a cache that has an entry for every so many nodes.
    pub(crate) fn new(nodes_each: usize) -> Self {
        Self {
            entries: vec![NOTHING; LEAST],
            nodes_each,
        }
    }

    fn slot(&self, left: Edge, right: Edge) -> usize {
        let pair = u64::from(left) << 32 | u64::from(right);
        let spread = pair.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let folded = spread ^ spread >> 29;
        (folded >> 7) as usize & (self.entries.len() - 1)
    }

    pub(crate) fn get(&self, left: Edge, right: Edge, epochs: &Epochs) -> Option<Edge> {
        let entry = self.entries[self.slot(left, right)];
        if entry.left != left || entry.right != right {
            return None;
        }
        let highest = index(left).max(index(right)).max(index(entry.result));
        epochs.holds(entry.epoch, highest).then_some(entry.result)
    }

    /// Remembers a result; the cache grows with the number of nodes, up to a bound.
    pub(crate) fn put(
        &mut self,
        left: Edge,
        right: Edge,
        result: Edge,
        epochs: &Epochs,
        nodes: usize,
    ) {
        if nodes > self.entries.len() * self.nodes_each && self.entries.len() < MOST {
            self.grow();
        }
        let slot = self.slot(left, right);
        self.entries[slot] = Entry {
            left,
            right,
            result,
            epoch: epochs.current(),
        };
    }

    fn grow(&mut self) {
        let larger = vec![NOTHING; self.entries.len() * 2];
        let entries = std::mem::replace(&mut self.entries, larger);
        for entry in entries
            .into_iter()
            .filter(|entry| entry.left != entry.right)
        {
            let slot = self.slot(entry.left, entry.right);
            self.entries[slot] = entry;
        }
    }
}
