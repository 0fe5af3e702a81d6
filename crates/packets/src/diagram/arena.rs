//! Hash-consed nodes: equal functions are one node, so equality is one compare.
//!
//! A node is a level and a row of segments; a segment ends at a value of the
//! level's field and says which edge its values take. What an edge means
//! (complement bit, terminal number) is up to the diagram that uses the arena.
#![expect(
    clippy::indexing_slicing,
    reason = "every index is an offset this module stored itself, or a table slot under a mask \
              one below the table's length; the sets' speed hangs on these few lines"
)]

use crate::address::Address;
use crate::error::SetError;
use crate::field::Level;

/// A reference to a function: a node index above one bit of the diagram's own.
pub(crate) type Edge = u32;

/// Returns the index of the node an edge leads to.
pub(crate) fn index(edge: Edge) -> u32 {
    edge >> 1
}

/// The values after the segment before, up to and including `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<A> {
    pub(crate) end: A,
    pub(crate) child: Edge,
}

/// How much memory a diagram may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most nodes; 12 bytes each, and at most 11 more in the table that finds them.
    pub nodes: usize,
    /// The most segments over all nodes; 8 bytes each for IPv4, 32 for IPv6.
    pub segments: usize,
}

impl Limits {
    /// The most nodes an edge can tell apart.
    const NODES: usize = 1 << 30;

    /// The longest row of segments, so that its length shares a word with level and flag.
    const ROW: usize = LENGTH as usize;
}

impl Default for Limits {
    /// 32 Mi nodes and 128 Mi segments: two gibibytes for IPv4 at the most, and over
    /// ten times what the largest filter set measured needs.
    fn default() -> Self {
        Self {
            nodes: 1 << 25,
            segments: 1 << 27,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    /// The level in the highest six bits, the flag below, then the length.
    shape: u32,
    hash: u32,
}

/// The level of the terminal node: below every field.
pub(crate) const TERMINAL_LEVEL: Level = 63;

const LEVEL_SHIFT: u32 = 26;
const FLAG: u32 = 1 << 25;
const LENGTH: u32 = FLAG - 1;

/// The table's mark for a free slot; index 0 is the terminal and never looked up.
const FREE: u32 = 0;

/// A state of an arena that it can be taken back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Height {
    pub(crate) nodes: u32,
    segments: usize,
}

/// Says what a new node's flag is: something that follows from its level and segments.
pub(crate) type FlagRule<A> = fn(&Arena<A>, Level, &[Segment<A>]) -> bool;

#[derive(Debug, Clone)]
pub(crate) struct Arena<A> {
    nodes: Vec<Node>,
    pool: Vec<Segment<A>>,
    table: Vec<u32>,
    limits: Limits,
    rule: FlagRule<A>,
    /// Set when a node did not fit; operations then run out quickly and fail.
    full: Option<SetError>,
}

impl<A: Address> Arena<A> {
    pub(crate) fn new(limits: Limits, rule: FlagRule<A>) -> Self {
        let limits = Limits {
            nodes: limits.nodes.min(Limits::NODES),
            segments: limits.segments.min(u32::MAX as usize),
        };
        let terminal = Node {
            start: 0,
            shape: u32::from(TERMINAL_LEVEL) << LEVEL_SHIFT,
            hash: 0,
        };
        Self {
            nodes: vec![terminal],
            pool: Vec::new(),
            table: vec![FREE; 1 << 8],
            limits,
            rule,
            full: None,
        }
    }

    /// Returns the number of nodes, the terminal included.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn segments(&self) -> usize {
        self.pool.len()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Tells whether a node did not fit since the last [`Self::take_full`].
    pub(crate) fn is_full(&self) -> bool {
        self.full.is_some()
    }

    pub(crate) fn take_full(&mut self) -> Option<SetError> {
        self.full.take()
    }

    pub(crate) fn level(&self, node: u32) -> Level {
        (self.nodes[node as usize].shape >> LEVEL_SHIFT) as Level
    }

    pub(crate) fn flag(&self, node: u32) -> bool {
        self.nodes[node as usize].shape & FLAG != 0
    }

    /// Returns where a node's segments begin and end in the pool.
    pub(crate) fn span(&self, node: u32) -> (usize, usize) {
        self.span_at(node as usize)
    }

    fn span_at(&self, place: usize) -> (usize, usize) {
        let node = self.nodes[place];
        let start = node.start as usize;
        (start, start + (node.shape & LENGTH) as usize)
    }

    pub(crate) fn row(&self, node: u32) -> &[Segment<A>] {
        let (start, end) = self.span(node);
        &self.pool[start..end]
    }

    /// Returns the segment at a place within a span.
    pub(crate) fn at(&self, place: usize) -> Segment<A> {
        self.pool[place]
    }

    /// Returns the first place from `from` on whose segment ends at `value` or after.
    ///
    /// The steps double, so that a short way costs little and a long one its logarithm.
    pub(crate) fn seek(&self, from: usize, to: usize, value: A) -> usize {
        let mut low = from;
        let mut step = 1;
        while low + step < to && self.pool[low + step].end < value {
            low += step;
            step *= 2;
        }
        let high = to.min(low + step);
        low + self.pool[low..high].partition_point(|segment| segment.end < value)
    }

    /// Returns the child of the segment that a value falls into.
    pub(crate) fn child(&self, node: u32, value: A) -> Edge {
        let row = self.row(node);
        let place = row.partition_point(|segment| segment.end < value);
        row.get(place.min(row.len().saturating_sub(1)))
            .map_or(0, |segment| segment.child)
    }

    /// Returns the index of the node with these segments, made when it is new.
    ///
    /// When the node does not fit, index 0 is returned and the arena
    /// [is full](Self::is_full).
    pub(crate) fn intern(&mut self, level: Level, row: &[Segment<A>]) -> u32 {
        let hash = row_hash(level, row);
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        while self.table[slot] != FREE {
            let found = self.table[slot];
            if self.nodes[found as usize].hash == hash
                && self.level(found) == level
                && self.row(found) == row
            {
                return found;
            }
            slot = (slot + 1) & mask;
        }
        let Some(made) = self.append(level, row, hash) else {
            return 0;
        };
        self.table[slot] = made;
        if self.nodes.len() * 4 > self.table.len() * 3 {
            self.grow();
        }
        made
    }

    fn append(&mut self, level: Level, row: &[Segment<A>], hash: u32) -> Option<u32> {
        let limit = |unit, limit| Some(SetError::Exhausted { unit, limit });
        if self.nodes.len() >= self.limits.nodes {
            self.full = limit("nodes", self.limits.nodes);
            return None;
        }
        if row.len() > Limits::ROW || self.pool.len() + row.len() > self.limits.segments {
            self.full = limit("segments", self.limits.segments);
            return None;
        }
        let flag = (self.rule)(self, level, row);
        let start = u32::try_from(self.pool.len()).ok()?;
        let length = u32::try_from(row.len()).ok()?;
        let made = u32::try_from(self.nodes.len()).ok()?;
        self.pool.extend_from_slice(row);
        let shape = u32::from(level) << LEVEL_SHIFT | if flag { FLAG } else { 0 } | length;
        self.nodes.push(Node { start, shape, hash });
        Some(made)
    }

    fn grow(&mut self) {
        self.find_anew(self.table.len() * 2);
    }

    /// Makes the table anew, of a size that is a power of two.
    fn find_anew(&mut self, size: usize) {
        self.table.clear();
        self.table.resize(size, FREE);
        self.link(1);
    }

    /// Puts the nodes from `first` on into the table, in which they are not.
    fn link(&mut self, first: usize) {
        let mask = self.table.len() - 1;
        for (place, node) in self.nodes.iter().enumerate().skip(first) {
            let mut slot = node.hash as usize & mask;
            while self.table[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = u32::try_from(place).unwrap_or(u32::MAX);
        }
    }

    /// Takes the nodes from `first` on out of the table, where they are few.
    ///
    /// Slots are freed in the opposite order of their taking, so every probe
    /// sequence is again what it was before; no tombstones.
    fn unlink(&mut self, first: usize) {
        if self.many(first) {
            return;
        }
        let mask = self.table.len() - 1;
        for (place, node) in self.nodes.iter().enumerate().skip(first).rev() {
            let mut slot = node.hash as usize & mask;
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

    pub(crate) fn height(&self) -> Height {
        let nodes = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        Height {
            nodes,
            segments: self.pool.len(),
        }
    }

    /// Forgets every node made after `height` was taken but those that some edges
    /// lead to, and renews these edges.
    ///
    /// Nodes slide down in their places, so no second copy of them is needed.
    /// `leads` tells whether an edge leads to a node.
    pub(crate) fn compact(
        &mut self,
        height: Height,
        edges: &mut [Edge],
        leads: impl Fn(Edge) -> bool,
    ) {
        let first = height.nodes as usize;
        let above = |edge: Edge| {
            let node = leads(edge).then(|| (index(edge) as usize).checked_sub(first));
            node.flatten()
        };
        let anew = self.many(first);
        self.unlink(first);
        // Which nodes stay, and then the numbers that they have.
        let mut moved = vec![0_u32; self.nodes.len().saturating_sub(first)];
        for place in edges.iter().copied().filter_map(above) {
            moved[place] = 1;
        }
        // A node's children are older than the node.
        for place in (0..moved.len()).rev() {
            if moved[place] == 0 {
                continue;
            }
            let (from, to) = self.span_at(first + place);
            for at in from..to {
                if let Some(child) = above(self.pool[at].child) {
                    moved[child] = 1;
                }
            }
        }
        let (mut next, mut end) = (height.nodes, height.segments);
        for place in 0..moved.len() {
            if moved[place] == 0 {
                continue;
            }
            let (from, to) = self.span_at(first + place);
            let start = end;
            for at in from..to {
                let mut segment = self.pool[at];
                if let Some(child) = above(segment.child) {
                    segment.child = moved[child] << 1 | segment.child & 1;
                }
                self.pool[end] = segment;
                end += 1;
            }
            let shape = self.nodes[first + place].shape;
            let hash = row_hash((shape >> LEVEL_SHIFT) as Level, &self.pool[start..end]);
            // A start is never above the one it had.
            let start = u32::try_from(start).unwrap_or(u32::MAX);
            self.nodes[next as usize] = Node { start, shape, hash };
            moved[place] = next;
            next += 1;
        }
        for edge in edges {
            if let Some(place) = above(*edge) {
                *edge = moved[place] << 1 | *edge & 1;
            }
        }
        self.nodes.truncate(next as usize);
        self.pool.truncate(end);
        self.full = None;
        if anew {
            self.find_anew(self.table.len());
        } else {
            self.link(first);
        }
    }

    /// Forgets every node made after `height` was taken.
    pub(crate) fn shrink(&mut self, height: Height) {
        let keep = height.nodes as usize;
        let anew = self.many(keep);
        self.unlink(keep);
        self.nodes.truncate(keep);
        if anew {
            self.find_anew(self.table.len());
        }
        self.pool.truncate(height.segments);
        self.full = None;
    }
}

fn row_hash<A: Address>(level: Level, row: &[Segment<A>]) -> u32 {
    let mut hash = u64::from(level);
    for segment in row {
        hash = segment.end.mix(segment.child, hash);
    }
    (hash >> 32) as u32
}
