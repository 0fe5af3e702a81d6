//! The scratch diagram: terminals are numbers, zero means not decided yet.

use crate::address::Address;
use crate::diagram::arena::{Arena, Edge, Limits, Segment, index};
use crate::diagram::cache::Cache;
use crate::diagram::epochs::Epochs;
use crate::diagram::marks::Marks;
use crate::diagram::{Diagram, EMPTY, FULL, Set};
use crate::error::SetError;
use crate::field::{Field, Level, value_at};
use crate::first::pile::Pile;
use crate::header::Packet;
use crate::line::{Action, Line, Match, Verdicts};
use crate::sets::PacketSets;

/// Nothing has decided yet.
pub(super) const UNDECIDED: Edge = terminal(0);

/// Returns the edge of a terminal; the bit below the number tells it from a node.
pub(super) const fn terminal(label: u32) -> Edge {
    label << 1 | 1
}

/// Returns the number of a terminal, `None` for a node.
pub(super) fn label(edge: Edge) -> Option<u32> {
    (edge & 1 == 1).then_some(edge >> 1)
}

/// The largest label a terminal can carry.
pub(crate) const MAX_LABEL: u32 = (1 << 31) - 1;

/// Returns the terminal of an action.
pub(super) fn of_action(action: Action) -> Edge {
    terminal(match action {
        Action::Permit => 1,
        Action::Deny => 2,
        Action::Unknown => 3,
    })
}

/// Tells whether every packet is decided.
fn decided<A: Address>(arena: &Arena<A>, edge: Edge) -> bool {
    if edge & 1 == 1 {
        edge != UNDECIDED
    } else {
        arena.flag(index(edge))
    }
}

/// The flag of a scratch node: whether it decides every packet.
fn decides_all<A: Address>(arena: &Arena<A>, _: Level, row: &[Segment<A>]) -> bool {
    row.iter().all(|segment| decided(arena, segment.child))
}

#[derive(Debug)]
pub(crate) struct Scratch<A> {
    arena: Arena<A>,
    cache: Cache,
    epochs: Epochs,
    stack: Vec<Segment<A>>,
    firsts: u64,
    merges: u64,
}

impl<A: Address> Scratch<A> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            arena: Arena::new(limits, decides_all),
            cache: Cache::new(1),
            epochs: Epochs::default(),
            stack: Vec::new(),
            firsts: 0,
            merges: 0,
        }
    }

    /// Forgets everything, keeping the memory; returns the work done since last time.
    pub(crate) fn clear(&mut self) -> (u64, u64) {
        let start = Arena::<A>::new(self.arena.limits(), decides_all).height();
        self.arena.shrink(start);
        self.forget_results();
        self.stack.clear();
        (
            std::mem::take(&mut self.firsts),
            std::mem::take(&mut self.merges),
        )
    }

    /// Returns the number of nodes, the terminal included.
    pub(super) fn nodes(&self) -> usize {
        self.arena.len()
    }

    /// Fails if a node did not fit since the last check.
    pub(super) fn check(&mut self) -> Result<(), SetError> {
        self.arena.take_full().map_or(Ok(()), Err)
    }

    /// Returns the level of a node; a terminal is below every field.
    pub(super) fn level(&self, edge: Edge) -> Level {
        if edge & 1 == 1 {
            crate::diagram::arena::TERMINAL_LEVEL
        } else {
            self.arena.level(index(edge))
        }
    }

    /// Returns the segments of a node.
    pub(super) fn row(&self, edge: Edge) -> &[Segment<A>] {
        if edge & 1 == 1 {
            &[]
        } else {
            self.arena.row(index(edge))
        }
    }

    /// Returns the terminal that a packet comes to.
    pub(super) fn end_of(&self, root: Edge, packet: &Packet) -> Edge {
        let mut edge = root;
        while edge & 1 == 0 {
            edge = self
                .arena
                .child(index(edge), value_at(self.level(edge), packet));
        }
        edge
    }

    /// Tells whether every packet is decided.
    fn is_total(&self, edge: Edge) -> bool {
        decided(&self.arena, edge)
    }

    fn push(&mut self, from: usize, end: A, child: Edge) {
        let open = self.stack.len() > from;
        match self.stack.last_mut() {
            Some(last) if open && last.child == child => last.end = end,
            _ => self.stack.push(Segment { end, child }),
        }
    }

    fn make(&mut self, level: Level, from: usize) -> Edge {
        let row = self.stack.get(from..).unwrap_or_default();
        let edge = match row {
            [] => UNDECIDED,
            [only] => only.child,
            row => match self.arena.intern(level, row) {
                0 => UNDECIDED,
                node => node << 1,
            },
        };
        self.stack.truncate(from);
        edge
    }

    /// Returns `a` where it has decided, and `b` elsewhere.
    // Most pairs of segments are settled right here, so this is worth inlining.
    #[inline]
    pub(super) fn first(&mut self, a: Edge, b: Edge) -> Edge {
        if a == UNDECIDED {
            return b;
        }
        if b == UNDECIDED || a == b || self.is_total(a) {
            return a;
        }
        self.first_of_nodes(a, b)
    }

    /// The depth of the recursion is the number of levels.
    fn first_of_nodes(&mut self, a: Edge, b: Edge) -> Edge {
        if self.arena.is_full() {
            return UNDECIDED;
        }
        if let Some(known) = self.cache.get(a, b, &self.epochs) {
            return known;
        }
        self.firsts += 1;
        let (level_a, level_b) = (self.level(a), self.level(b));
        let from = self.stack.len();
        match level_a.cmp(&level_b) {
            std::cmp::Ordering::Equal => self.merge(from, a, b),
            std::cmp::Ordering::Less => {
                let (start, end) = self.arena.span(index(a));
                for place in start..end {
                    let segment = self.arena.at(place);
                    let child = self.first(segment.child, b);
                    self.push(from, segment.end, child);
                }
            }
            std::cmp::Ordering::Greater => {
                let (start, end) = self.arena.span(index(b));
                for place in start..end {
                    let segment = self.arena.at(place);
                    let child = self.first(a, segment.child);
                    self.push(from, segment.end, child);
                }
            }
        }
        let made = self.make(level_a.min(level_b), from);
        if !self.arena.is_full() {
            self.cache.put(a, b, made, &self.epochs, self.arena.len());
        }
        made
    }

    fn merge(&mut self, from: usize, a: Edge, b: Edge) {
        let (mut at_a, end_a) = self.arena.span(index(a));
        let (mut at_b, end_b) = self.arena.span(index(b));
        while at_a < end_a && at_b < end_b {
            self.merges += 1;
            let (left, right) = (self.arena.at(at_a), self.arena.at(at_b));
            // Where the first list has decided, the second has nothing to say.
            if left.end > right.end && self.is_total(left.child) {
                at_b = self.arena.seek(at_b, end_b, left.end);
                continue;
            }
            let child = self.first(left.child, right.child);
            self.push(from, left.end.min(right.end), child);
            at_a += usize::from(left.end <= right.end);
            at_b += usize::from(right.end <= left.end);
        }
    }

    /// Returns the diagram that decides what a line matches by `end`.
    pub(super) fn leaf(
        &mut self,
        diagram: &mut Diagram<A>,
        when: &Match<A, Set>,
        end: Edge,
    ) -> Result<Edge, SetError> {
        if let Some(within) = when.within {
            let fields = diagram.fields(&when.fields)?;
            let both = diagram.and(fields, within)?;
            let both = diagram.open(both)?;
            return Ok(self.lift(diagram, both, end));
        }
        let mut edge = Marks::of(&when.fields).build(end, UNDECIDED, &mut |level, [low, high]| {
            let from = self.stack.len();
            self.push(from, A::ZERO, low);
            self.push(from, A::from_u32(1), high);
            self.make(level, from)
        });
        let parts = when
            .fields
            .parts()
            .iter()
            .rev()
            .filter(|(field, _)| *field != Field::Mark);
        for (field, values) in parts {
            let from = self.stack.len();
            let max = field.highest::<A>();
            let mut reached = None;
            for (first, last) in values.parts() {
                if let Some(before) = first.previous() {
                    self.push(from, before, UNDECIDED);
                }
                self.push(from, *last, edge);
                reached = Some(*last);
            }
            if reached != Some(max) {
                self.push(from, max, UNDECIDED);
            }
            edge = self.make(field.level(), from);
        }
        Ok(edge)
    }

    /// Copies a set from a lasting diagram: its packets are decided by `end`.
    fn lift(&mut self, diagram: &Diagram<A>, set: Edge, end: Edge) -> Edge {
        let mut known = rustc_hash::FxHashMap::default();
        self.lift_below(diagram, set, end, &mut known)
    }

    fn lift_below(
        &mut self,
        diagram: &Diagram<A>,
        set: Edge,
        end: Edge,
        known: &mut rustc_hash::FxHashMap<Edge, Edge>,
    ) -> Edge {
        match set {
            EMPTY => return UNDECIDED,
            FULL => return end,
            _ => {}
        }
        if let Some(made) = known.get(&set) {
            return *made;
        }
        let level = diagram.level(set);
        let from = self.stack.len();
        for segment in diagram.rows(set, level) {
            let child = self.lift_below(diagram, segment.child, end, known);
            self.push(from, segment.end, child);
        }
        let made = self.make(level, from);
        known.insert(set, made);
        made
    }

    pub(super) fn segments(&self) -> usize {
        self.arena.segments()
    }

    pub(super) fn most_segments(&self) -> usize {
        self.arena.limits().segments
    }

    /// Forgets every node that none of the edges leads to, and renews the edges.
    pub(super) fn collect(&mut self, edges: &mut [Edge]) {
        let start = Arena::<A>::new(self.arena.limits(), decides_all).height();
        self.arena.compact(start, edges, |edge| edge & 1 == 0);
        self.forget_results();
    }

    /// Forgets the results of `first`, whose nodes are no longer the same.
    fn forget_results(&mut self) {
        if !self.epochs.release(1) {
            // Epochs have run out: without any remembered result they can start anew.
            self.cache = Cache::new(1);
            self.epochs = Epochs::default();
        }
    }

    /// Compiles a list into the sets of a lasting diagram.
    pub(crate) fn compile(
        &mut self,
        diagram: &mut Diagram<A>,
        lines: &[Line<A, Set>],
    ) -> Result<Verdicts<Set>, SetError> {
        let mark = diagram.mark();
        let mut pile = Pile::default();
        for line in lines {
            let leaf = self.leaf(diagram, &line.when, of_action(line.action))?;
            // What lines needed to say what they match is not part of the result.
            diagram.release_to(mark)?;
            pile.add(self, leaf);
            self.check()?;
        }
        let root = pile.finish(self);
        self.check()?;
        let known = lines.iter().all(|line| line.action != Action::Unknown);
        self.verdicts(diagram, root, known)
    }

    /// Moves the three verdicts into a lasting diagram; `known` says that no line is unknown.
    pub(super) fn verdicts(
        &mut self,
        diagram: &mut Diagram<A>,
        root: Edge,
        known: bool,
    ) -> Result<Verdicts<Set>, SetError> {
        let permit = self.import(diagram, root, |label| label == 1)?;
        if known {
            return Ok(Verdicts {
                permit,
                deny: diagram.not(permit),
                unknown: diagram.empty(),
            });
        }
        let unknown = self.import(diagram, root, |label| label == 3)?;
        let decided = diagram.or(permit, unknown)?;
        Ok(Verdicts {
            permit,
            deny: diagram.not(decided),
            unknown,
        })
    }

    /// Moves the packets decided by some labels into a lasting diagram.
    pub(super) fn import(
        &self,
        diagram: &mut Diagram<A>,
        root: Edge,
        keep: impl Fn(u32) -> bool,
    ) -> Result<Set, SetError> {
        let mut known = vec![0; self.arena.len()];
        let edge = self.import_below(diagram, root, &keep, &mut known);
        diagram.close(edge)
    }

    /// `known` holds the edges of nodes already moved, plus one.
    fn import_below(
        &self,
        diagram: &mut Diagram<A>,
        edge: Edge,
        keep: &impl Fn(u32) -> bool,
        known: &mut Vec<Edge>,
    ) -> Edge {
        if let Some(label) = label(edge) {
            return if keep(label) { FULL } else { EMPTY };
        }
        let node = index(edge) as usize;
        match known.get(node) {
            Some(0) => {}
            Some(moved) => return *moved - 1,
            None => return EMPTY,
        }
        if diagram.is_full_up() {
            return EMPTY;
        }
        let from = diagram.depth();
        for segment in self.arena.row(index(edge)) {
            let child = self.import_below(diagram, segment.child, keep, known);
            diagram.push(from, segment.end, child);
        }
        let moved = diagram.make(self.arena.level(index(edge)), from);
        if let Some(slot) = known.get_mut(node) {
            *slot = moved + 1;
        }
        moved
    }
}
