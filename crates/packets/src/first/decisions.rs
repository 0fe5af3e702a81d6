//! Which line decides which packets: hits, shadowed lines, partitions.

use crate::address::Address;
use crate::diagram::arena::{Edge, Limits, Segment};
use crate::diagram::{Diagram, EMPTY, FULL, Set};
use crate::error::SetError;
use crate::field::{Field, Level, highest_at};
use crate::first::pile::Pile;
use crate::first::scratch::{MAX_LABEL, Scratch, label, terminal};
use crate::header::Packet;
use crate::line::Match;
use crate::sets::PacketSets;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// For every packet, the label of the first line that matches it.
///
/// Labels are the caller's: the line's number to tell lines apart, or the same
/// number for lines that do the same (a next hop, a translation).
#[derive(Debug)]
pub struct Decisions<A> {
    scratch: Scratch<A>,
    root: Edge,
}

impl<A: Address> Decisions<A> {
    /// Decides every packet by the first line that matches it.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says; [`SetError::Exhausted`] also for a label above 2^31 - 2.
    pub fn of<'a>(
        diagram: &mut Diagram<A>,
        lines: impl IntoIterator<Item = (&'a Match<A, Set>, u32)>,
        limits: Limits,
    ) -> Result<Self, SetError>
    where
        A: 'a,
    {
        let mut scratch = Scratch::new(limits);
        let mark = diagram.mark();
        let mut pile = Pile::default();
        for (when, label) in lines {
            if label >= MAX_LABEL {
                return Err(SetError::Exhausted {
                    unit: "labels",
                    limit: MAX_LABEL as usize,
                });
            }
            // Zero stands for no line at all.
            let leaf = scratch.leaf(diagram, when, terminal(label + 1))?;
            diagram.release_to(mark)?;
            pile.add(&mut scratch, leaf);
            scratch.check()?;
        }
        let root = pile.finish(&mut scratch);
        scratch.check()?;
        Ok(Self { scratch, root })
    }

    /// Returns the labels that decide at least one packet, ascending.
    ///
    /// With line numbers for labels, a line that is missing here never
    /// decides: the lines before it match all that it matches.
    pub fn deciding(&self) -> Vec<u32> {
        let mut labels = Vec::new();
        let mut seen = FxHashSet::default();
        let mut left = vec![self.root];
        while let Some(edge) = left.pop() {
            if seen.insert(edge) {
                labels.extend(label(edge).and_then(|label| label.checked_sub(1)));
                left.extend(self.scratch.row(edge).iter().map(|segment| segment.child));
            }
        }
        labels.sort_unstable();
        labels
    }

    /// Returns the labels that decide the packets of a set, ascending.
    ///
    /// For a line that never decides, and the set of what it matches, these are
    /// the lines that together shadow it.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    pub fn deciding_within(&self, diagram: &Diagram<A>, set: Set) -> Result<Vec<u32>, SetError> {
        let mut labels = Vec::new();
        let mut seen = FxHashSet::default();
        let mut left = vec![(self.root, diagram.open(set)?)];
        while let Some((edge, within)) = left.pop() {
            if within == EMPTY || !seen.insert((edge, within)) {
                continue;
            }
            if let Some(label) = label(edge) {
                labels.extend(label.checked_sub(1));
                continue;
            }
            let level = self.scratch.level(edge).min(diagram.level(within));
            let rows = diagram.rows(within, level);
            let mut rows = rows.iter().peekable();
            let whole = [Segment {
                end: highest_at(level),
                child: edge,
            }];
            let own = if self.scratch.level(edge) == level {
                self.scratch.row(edge)
            } else {
                &whole
            };
            for segment in own {
                while let Some(row) = rows.peek() {
                    left.push((segment.child, row.child));
                    if row.end > segment.end {
                        break;
                    }
                    let both_end = row.end == segment.end;
                    rows.next();
                    if both_end {
                        break;
                    }
                }
            }
        }
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }

    /// Returns the label that decides a packet, `None` when no line matches.
    pub fn label_of(&self, packet: &Packet) -> Option<u32> {
        Field::Destination.of::<A>(packet)?;
        label(self.scratch.end_of(self.root, packet))?.checked_sub(1)
    }

    /// Returns the packets that some labels decide.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn decided_by(
        &self,
        diagram: &mut Diagram<A>,
        labels: impl Fn(u32) -> bool,
    ) -> Result<Set, SetError> {
        self.scratch.import(diagram, self.root, |label| {
            label.checked_sub(1).is_some_and(&labels)
        })
    }

    /// Returns the packets that no line matches.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn undecided(&self, diagram: &mut Diagram<A>) -> Result<Set, SetError> {
        self.scratch.import(diagram, self.root, |label| label == 0)
    }

    /// Returns, for each label that decides anything, the packets it decides.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn partition(&self, diagram: &mut Diagram<A>) -> Result<BTreeMap<u32, Set>, SetError> {
        let mut known = FxHashMap::default();
        let shares = self.shares(diagram, self.root, &mut known);
        let mut parts = BTreeMap::new();
        for (label, edge) in shares {
            let set = diagram.close(edge)?;
            if let Some(label) = label.checked_sub(1) {
                parts.insert(label, set);
            }
        }
        Ok(parts)
    }

    /// Returns the share of each terminal below an edge, in the lasting diagram.
    fn shares(
        &self,
        diagram: &mut Diagram<A>,
        edge: Edge,
        known: &mut FxHashMap<Edge, Vec<(u32, Edge)>>,
    ) -> Vec<(u32, Edge)> {
        if let Some(label) = label(edge) {
            return vec![(label, FULL)];
        }
        if let Some(shares) = known.get(&edge) {
            return shares.clone();
        }
        // For each terminal its segments: where they begin and end, and the child.
        let mut rows: BTreeMap<u32, Vec<(A, A, Edge)>> = BTreeMap::new();
        let mut first = A::ZERO;
        for segment in self.scratch.row(edge) {
            for (label, share) in self.shares(diagram, segment.child, known) {
                rows.entry(label)
                    .or_default()
                    .push((first, segment.end, share));
            }
            first = segment.end.next().unwrap_or(segment.end);
        }
        let level = self.scratch.level(edge);
        let mut shares = Vec::with_capacity(rows.len());
        for (label, row) in rows {
            shares.push((label, sparse(diagram, level, &row)));
        }
        known.insert(edge, shares.clone());
        shares
    }
}

/// Makes a node of intervals with children, empty between them.
fn sparse<A: Address>(diagram: &mut Diagram<A>, level: Level, row: &[(A, A, Edge)]) -> Edge {
    let from = diagram.depth();
    let mut reached = None;
    for (first, last, child) in row {
        if let Some(before) = first.previous()
            && reached.is_none_or(|reached| reached < before)
        {
            diagram.push(from, before, EMPTY);
        }
        diagram.push(from, *last, *child);
        reached = Some(*last);
    }
    if reached != Some(highest_at(level)) {
        diagram.push(from, highest_at(level), EMPTY);
    }
    diagram.make(level, from)
}
