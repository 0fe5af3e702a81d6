//! A list whose lines change: recompiling costs the way to the root.

use crate::address::Address;
use crate::diagram::arena::{Edge, Limits};
use crate::diagram::{Diagram, Set};
use crate::error::SetError;
use crate::first::scratch::{Scratch, UNDECIDED, of_action};
use crate::line::{Action, Line, Verdicts};
use crate::sets::PacketSets;

/// How often garbage may outgrow what the list first needed before it is built anew.
const GARBAGE: usize = 4;

/// A compiled list that remembers `first` over each pair, pair of pairs, and so on.
///
/// Lines are told apart by their place in the original list; a place can hold
/// no line or several after a change.
#[derive(Debug)]
pub struct Revisions<A> {
    scratch: Scratch<A>,
    /// The lines at each place.
    places: Vec<Vec<Line<A, Set>>>,
    /// Level upon level of the tree, the places first, the root last.
    tree: Vec<Vec<Edge>>,
    /// The nodes in use after the tree was last built whole.
    built: usize,
}

impl<A: Address> Revisions<A> {
    /// Compiles a list, keeping what revising it needs.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn of(
        diagram: &mut Diagram<A>,
        lines: &[Line<A, Set>],
        limits: Limits,
    ) -> Result<Self, SetError> {
        let places = lines.iter().map(|line| vec![line.clone()]).collect();
        let mut list = Self {
            scratch: Scratch::new(limits),
            places,
            tree: Vec::new(),
            built: 0,
        };
        list.build(diagram)?;
        Ok(list)
    }

    /// Returns the number of places.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Puts other lines at a place: none removes what is there, several insert.
    ///
    /// A place beyond the last does nothing. After an error the list is as it
    /// was, but compiled anew at the next change.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn replace(
        &mut self,
        diagram: &mut Diagram<A>,
        place: usize,
        lines: &[Line<A, Set>],
    ) -> Result<(), SetError> {
        let Some(known) = self.places.get_mut(place) else {
            return Ok(());
        };
        let before = std::mem::replace(known, lines.to_vec());
        let done = if self.tree.is_empty() || self.scratch.nodes() > self.built * GARBAGE {
            self.build(diagram)
        } else {
            self.update(diagram, place)
        };
        if done.is_err() {
            self.tree.clear();
            if let Some(known) = self.places.get_mut(place) {
                *known = before;
            }
        }
        done
    }

    /// Returns what the list does now.
    ///
    /// # Errors
    ///
    /// As [`PacketSets`] says.
    pub fn verdicts(&mut self, diagram: &mut Diagram<A>) -> Result<Verdicts<Set>, SetError> {
        if self.tree.is_empty() {
            self.build(diagram)?;
        }
        let root = self
            .tree
            .last()
            .and_then(|top| top.first())
            .copied()
            .unwrap_or(UNDECIDED);
        let known = self
            .places
            .iter()
            .flatten()
            .all(|line| line.action != Action::Unknown);
        self.scratch.verdicts(diagram, root, known)
    }

    fn build(&mut self, diagram: &mut Diagram<A>) -> Result<(), SetError> {
        self.scratch.clear();
        self.tree.clear();
        let mut level = Vec::with_capacity(self.places.len());
        for place in 0..self.places.len() {
            level.push(self.leaf(diagram, place)?);
        }
        let mut tree = vec![level];
        while let Some(below) = tree.last().filter(|level| level.len() > 1) {
            let mut above = Vec::with_capacity(below.len().div_ceil(2));
            for pair in below.chunks(2) {
                above.push(self.pair(pair));
            }
            tree.push(above);
        }
        self.scratch.check()?;
        self.tree = tree;
        self.built = self.scratch.nodes();
        Ok(())
    }

    fn update(&mut self, diagram: &mut Diagram<A>, place: usize) -> Result<(), SetError> {
        let mut edge = self.leaf(diagram, place)?;
        let mut at = place;
        for height in 0..self.tree.len() {
            let Some(level) = self.tree.get_mut(height) else {
                break;
            };
            if let Some(slot) = level.get_mut(at) {
                *slot = edge;
            }
            let start = at & !1;
            let pair: Vec<Edge> = level.iter().skip(start).take(2).copied().collect();
            edge = self.pair(&pair);
            at /= 2;
        }
        self.scratch.check()
    }

    fn pair(&mut self, pair: &[Edge]) -> Edge {
        match *pair {
            [a, b] => self.scratch.first(a, b),
            [a, ..] => a,
            [] => UNDECIDED,
        }
    }

    fn leaf(&mut self, diagram: &mut Diagram<A>, place: usize) -> Result<Edge, SetError> {
        let mark = diagram.mark();
        let mut earlier = UNDECIDED;
        for line in self.places.get(place).into_iter().flatten() {
            let leaf = self
                .scratch
                .leaf(diagram, &line.when, of_action(line.action))?;
            diagram.release_to(mark)?;
            earlier = self.scratch.first(earlier, leaf);
        }
        Ok(earlier)
    }
}
