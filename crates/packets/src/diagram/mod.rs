//! The interval decision diagram: exact packet sets with one level a header field.
//!
//! A node splits the values of one field into intervals and says for each which
//! node decides further. Equal sets are the same node (hash-consing), a set and
//! its complement share all nodes (complement edges), and a field that does not
//! matter has no node. Measured on real filter sets it is one to two orders of
//! magnitude faster and smaller than a diagram with one level a bit.
//!
//! A [`Diagram`] belongs to one thread. For several, build the common sets in
//! one and give each thread a clone: handles made before mean the same in all.

mod apply;
pub(crate) mod arena;
pub(crate) mod cache;
pub(crate) mod epochs;
mod inspect;
pub(crate) mod marks;
mod rewriting;
mod swapping;

use crate::address::Address;
use crate::error::SetError;
use crate::field::{Field, Level, MARK_LEVEL, highest_at};
use crate::first::Scratch;
use crate::header::Packet;
use crate::line::{Fields, Line, Verdicts};
use crate::rewrite::Rewrite;
use crate::sets::{PacketSets, all_headers};
use arena::{Arena, Edge, Height, Limits, Segment, index};
use cache::Cache;
use epochs::Epochs;
pub use inspect::{Boxes, FieldValues, preferred};
use std::hash::{Hash, Hasher};

/// The set without any packet.
pub(crate) const EMPTY: Edge = 0;
/// The set of all packets: the complement of the empty one.
pub(crate) const FULL: Edge = 1;

/// A result is remembered for every so many nodes: most nodes are lists that
/// were compiled once, and work at any time is about few of them.
const NODES_EACH: usize = 4;

/// Tells whether a node or one below it looks at the mark; most never do, and
/// are left alone when marks are written or forgotten.
fn looks_at_mark<A: Address>(arena: &Arena<A>, level: Level, row: &[Segment<A>]) -> bool {
    level >= MARK_LEVEL || row.iter().any(|segment| arena.flag(index(segment.child)))
}

/// A handle of a packet set in a [`Diagram`].
///
/// Two handles from one diagram are equal exactly when the sets are.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    edge: Edge,
    epoch: u32,
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.edge == other.edge
    }
}

impl Eq for Set {}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.edge.hash(state);
    }
}

/// A state of a diagram's memory, from [`PacketSets::mark`].
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    height: Height,
    epoch: u32,
}

/// How much work a diagram has done since it was made; exact and repeatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Intersections of two nodes that were computed, not remembered.
    pub intersections: u64,
    /// Steps of `first` on two nodes while compiling lists.
    pub firsts: u64,
    /// Pairs of segments that those steps looked at.
    pub merges: u64,
}

/// Exact packet sets of one family: `u32` keys are IPv4, `u128` keys IPv6.
///
/// See [`PacketSets`] for what it does.
#[derive(Debug)]
pub struct Diagram<A> {
    arena: Arena<A>,
    cache: Cache,
    epochs: Epochs,
    /// Segments of the nodes under construction, the innermost last.
    stack: Vec<Segment<A>>,
    counts: Counts,
    /// Memory for compiling lists, kept from one list to the next until memory is
    /// given back.
    scratch: Option<Scratch<A>>,
    /// The headers that packets can have, once they were asked for.
    headers: Option<Set>,
}

impl<A: Address> Clone for Diagram<A> {
    fn clone(&self) -> Self {
        Self {
            arena: self.arena.clone(),
            cache: self.cache.clone(),
            epochs: self.epochs.clone(),
            stack: Vec::new(),
            counts: self.counts,
            scratch: None,
            headers: self.headers,
        }
    }
}

impl<A: Address> Default for Diagram<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Address> Diagram<A> {
    /// Makes a diagram with the default limits.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// Makes a diagram that refuses to grow beyond the limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            arena: Arena::new(limits, looks_at_mark),
            cache: Cache::new(NODES_EACH),
            epochs: Epochs::default(),
            stack: Vec::new(),
            counts: Counts::default(),
            scratch: None,
            headers: None,
        }
    }

    /// Returns the work done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns the number of segments over all nodes.
    pub fn segments(&self) -> usize {
        self.arena.segments()
    }

    /// Returns the edge of a handle, unless its memory was released.
    pub(crate) fn open(&self, set: Set) -> Result<Edge, SetError> {
        let node = index(set.edge);
        if !self.epochs.holds(set.epoch, node) || node as usize >= self.arena.len() {
            return Err(SetError::Released);
        }
        Ok(set.edge)
    }

    /// Returns the handle of an edge, unless the arena filled up on the way to it.
    pub(crate) fn close(&mut self, edge: Edge) -> Result<Set, SetError> {
        if let Some(error) = self.arena.take_full() {
            self.stack.clear();
            return Err(error);
        }
        Ok(Set {
            edge,
            epoch: self.epochs.current(),
        })
    }

    /// Tells whether the arena filled up, and results since are meaningless.
    pub(crate) fn is_full_up(&self) -> bool {
        self.arena.is_full()
    }

    /// Returns the level a set begins at; below every field for empty and full.
    pub(crate) fn level(&self, edge: Edge) -> Level {
        self.arena.level(index(edge))
    }

    /// Returns the segments of a set at a level, as if it had a node there.
    pub(crate) fn rows(&self, edge: Edge, level: Level) -> Vec<Segment<A>> {
        if self.level(edge) != level {
            return vec![Segment {
                end: highest_at(level),
                child: edge,
            }];
        }
        let flip = edge & 1;
        let row = self.arena.row(index(edge)).iter();
        row.map(|segment| Segment {
            end: segment.end,
            child: segment.child ^ flip,
        })
        .collect()
    }

    /// Returns where the segments of the next node begin on the stack.
    pub(crate) fn depth(&self) -> usize {
        self.stack.len()
    }

    /// Adds a segment to the node whose segments begin at `from` on the stack.
    pub(crate) fn push(&mut self, from: usize, end: A, child: Edge) {
        let open = self.stack.len() > from;
        match self.stack.last_mut() {
            Some(last) if open && last.child == child => last.end = end,
            _ => self.stack.push(Segment { end, child }),
        }
    }

    /// Makes the node of the segments from `from` on, and takes them off the stack.
    ///
    /// INVARIANT: the first child of a node is never complemented, so the
    /// complement bit of an edge tells whether the all-zero packet is in the set.
    pub(crate) fn make(&mut self, level: Level, from: usize) -> Edge {
        let row = self.stack.get_mut(from..).unwrap_or_default();
        let edge = match row {
            [] => EMPTY,
            [only] => only.child,
            [first, ..] => {
                let flip = first.child & 1;
                if flip == 1 {
                    for segment in row.iter_mut() {
                        segment.child ^= 1;
                    }
                }
                self.arena.intern(level, row) << 1 | flip
            }
        };
        self.stack.truncate(from);
        edge
    }

    /// Makes a node of segments that may have equal neighbours.
    pub(crate) fn make_row(&mut self, level: Level, row: &[Segment<A>]) -> Edge {
        let from = self.stack.len();
        for segment in row {
            self.push(from, segment.end, segment.child);
        }
        self.make(level, from)
    }

    /// Makes the set whose packets take `inside` for the level's values in `parts`,
    /// which are sorted, disjoint and within it, and `outside` for the others.
    pub(crate) fn choose(
        &mut self,
        level: Level,
        parts: &[(A, A)],
        inside: Edge,
        outside: Edge,
    ) -> Edge {
        let from = self.stack.len();
        let max = highest_at(level);
        let mut last_end = None;
        for (first, last) in parts {
            if let Some(before) = first.previous() {
                self.push(from, before, outside);
            }
            self.push(from, *last, inside);
            last_end = Some(*last);
        }
        if last_end != Some(max) {
            self.push(from, max, outside);
        }
        self.make(level, from)
    }

    /// Makes the set of packets that fulfil every condition.
    pub(crate) fn conjunction(&mut self, fields: &Fields<A>) -> Edge {
        let marks = marks::Marks::of(fields);
        let mut edge = marks.build(FULL, EMPTY, &mut |level, [low, high]| {
            let from = self.depth();
            self.push(from, A::ZERO, low);
            self.push(from, A::from_u32(1), high);
            self.make(level, from)
        });
        for (field, values) in fields.parts().iter().rev() {
            if *field != Field::Mark {
                edge = self.choose(field.level(), values.parts(), edge, EMPTY);
            }
        }
        edge
    }

    /// Copies a set from another diagram.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn import(&mut self, from: &Self, set: Set) -> Result<Set, SetError> {
        let edge = from.open(set)?;
        let mut copies = rustc_hash::FxHashMap::default();
        copies.insert(EMPTY, EMPTY);
        let mut order = from.reachable(&[edge]);
        order.sort_unstable();
        let copied = self.copy(from, &order, &mut copies).map_or(EMPTY, |()| {
            copies
                .get(&(edge & !1))
                .map_or(EMPTY, |copy| copy ^ (edge & 1))
        });
        self.close(copied)
    }

    /// Makes copies of another diagram's nodes, given children first; `None` when
    /// they do not fit.
    fn copy(
        &mut self,
        other: &Self,
        nodes: &[u32],
        copies: &mut rustc_hash::FxHashMap<Edge, Edge>,
    ) -> Option<()> {
        for node in nodes {
            let from = self.stack.len();
            for segment in other.arena.row(*node) {
                let child = segment.child;
                let copy = copies
                    .get(&(child & !1))
                    .map_or(child, |copy| copy ^ (child & 1));
                self.push(from, segment.end, copy);
            }
            let made = self.make(other.arena.level(*node), from);
            copies.insert(node << 1, made);
            if self.arena.is_full() {
                return None;
            }
        }
        Some(())
    }
}

impl<A: Address> PacketSets for Diagram<A> {
    type Key = A;
    type Set = Set;
    type Mark = Mark;

    fn empty(&self) -> Set {
        Set {
            edge: EMPTY,
            epoch: 0,
        }
    }

    fn not(&self, set: Set) -> Set {
        Set {
            edge: set.edge ^ 1,
            epoch: set.epoch,
        }
    }

    fn and(&mut self, a: Set, b: Set) -> Result<Set, SetError> {
        let (a, b) = (self.open(a)?, self.open(b)?);
        let both = self.and_edges(a, b);
        self.close(both)
    }

    fn fields(&mut self, fields: &Fields<A>) -> Result<Set, SetError> {
        let made = self.conjunction(fields);
        self.close(made)
    }

    fn exists(&mut self, set: Set, field: Field) -> Result<Set, SetError> {
        let edge = self.open(set)?;
        let wider = self.forget(edge, field);
        self.close(wider)
    }

    fn image(&mut self, rewrite: &Rewrite<A>, set: Set) -> Result<Set, SetError> {
        let edge = self.open(set)?;
        let image = self.image_edges(rewrite, edge);
        self.close(image)
    }

    fn pre_image_any(&mut self, rewrite: &Rewrite<A>, set: Set) -> Result<Set, SetError> {
        let edge = self.open(set)?;
        let before = self.pre_image_edges(rewrite, edge);
        self.close(before)
    }

    fn swap(&mut self, set: Set) -> Result<Set, SetError> {
        let edge = self.open(set)?;
        let swapped = self.swap_edges(edge);
        self.close(swapped)
    }

    fn first_match(&mut self, lines: &[Line<A, Set>]) -> Result<Verdicts<Set>, SetError> {
        let mut scratch = self
            .scratch
            .take()
            .unwrap_or_else(|| Scratch::new(self.arena.limits()));
        let verdicts = scratch.compile(self, lines);
        let (firsts, merges) = scratch.clear();
        self.counts.firsts += firsts;
        self.counts.merges += merges;
        self.scratch = Some(scratch);
        verdicts
    }

    fn contains(&self, set: Set, packet: &Packet) -> Result<bool, SetError> {
        Ok(self.holds_packet(self.open(set)?, packet))
    }

    fn headers(&mut self) -> Result<Set, SetError> {
        match self.headers {
            Some(known) if self.open(known).is_ok() => Ok(known),
            _ => {
                let made = all_headers(self)?;
                self.headers = Some(made);
                Ok(made)
            }
        }
    }

    fn witness(&mut self, set: Set, preferred: &Packet) -> Result<Option<Packet>, SetError> {
        let headers = self.headers()?;
        let real = self.and(set, headers)?;
        Ok(self.nearest(self.open(real)?, preferred))
    }

    fn mark(&self) -> Mark {
        Mark {
            height: self.arena.height(),
            epoch: self.epochs.current(),
        }
    }

    fn release_to(&mut self, mark: Mark) -> Result<(), SetError> {
        let made = mark.height.nodes as usize <= self.arena.len();
        let last = mark.height.nodes.saturating_sub(1);
        if !made || !self.epochs.holds(mark.epoch, last) {
            return Err(SetError::Released);
        }
        if mark.height == self.arena.height() {
            return Ok(());
        }
        if !self.epochs.release(mark.height.nodes) {
            return Err(SetError::Released);
        }
        self.arena.shrink(mark.height);
        self.scratch = None;
        Ok(())
    }

    fn release_keeping(&mut self, mark: Mark, keep: &mut [Set]) -> Result<(), SetError> {
        let mut edges = Vec::with_capacity(keep.len());
        for set in keep.iter() {
            edges.push(self.open(*set)?);
        }
        let last = mark.height.nodes.saturating_sub(1);
        let made = mark.height.nodes as usize <= self.arena.len();
        if !made || !self.epochs.holds(mark.epoch, last) {
            return Err(SetError::Released);
        }
        if !self.epochs.release(mark.height.nodes) {
            return Err(SetError::Released);
        }
        self.scratch = None;
        self.arena.compact(mark.height, &mut edges, |_| true);
        for (set, edge) in keep.iter_mut().zip(edges) {
            *set = self.close(edge)?;
        }
        Ok(())
    }

    fn nodes(&self) -> usize {
        self.arena.len()
    }
}
