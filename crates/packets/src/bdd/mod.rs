//! A plain binary decision diagram behind the same trait: a judge and a baseline.
//!
//! One level a header bit, complement edges, a direct-mapped cache: what other
//! verifiers use, written with care, so that a comparison with it is fair. Only
//! tests and benchmarks have a use for it (feature `bdd`).

mod lists;
mod nodes;
mod rewriting;

use crate::address::Address;
use crate::diagram::arena::Edge;
use crate::diagram::{EMPTY, FULL, preferred};
use crate::error::SetError;
use crate::field::Field;
use crate::header::Packet;
use crate::line::{Fields, Line, Verdicts};
use crate::rewrite::Rewrite;
use crate::sets::PacketSets;
use nodes::Nodes;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A handle of a packet set in a [`Bdd`].
#[derive(Debug, Clone, Copy)]
pub struct BddSet {
    edge: Edge,
    epoch: u32,
}

impl PartialEq for BddSet {
    fn eq(&self, other: &Self) -> bool {
        self.edge == other.edge
    }
}

impl Eq for BddSet {}

impl Hash for BddSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.edge.hash(state);
    }
}

/// A state of a [`Bdd`]'s memory.
#[derive(Debug, Clone, Copy)]
pub struct BddMark {
    nodes: u32,
    epoch: u32,
}

/// Exact packet sets, one level a bit.
#[derive(Debug, Clone)]
pub struct Bdd<A> {
    nodes: Nodes,
    /// Whether what led to a list goes as soon as it is compiled.
    collects: bool,
    family: PhantomData<A>,
}

impl<A: Address> Bdd<A> {
    /// Makes a diagram that refuses to have more than `limit` nodes of 16 bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            nodes: Nodes::new(limit),
            collects: false,
            family: PhantomData,
        }
    }

    /// Makes one that also gives back what compiling a list left as soon as it is
    /// compiled, as a package with a collector of garbage would sooner or later.
    pub fn collecting(limit: usize) -> Self {
        Self {
            collects: true,
            ..Self::with_limit(limit)
        }
    }

    /// Returns the number of intersections that were computed, not remembered.
    pub fn intersections(&self) -> u64 {
        self.nodes.applies
    }

    fn open(&self, set: BddSet) -> Result<Edge, SetError> {
        self.nodes
            .check(set.edge, set.epoch)
            .then_some(set.edge)
            .ok_or(SetError::Released)
    }

    fn close(&mut self, edge: Edge) -> Result<BddSet, SetError> {
        self.nodes.take_full()?;
        Ok(BddSet {
            edge,
            epoch: self.nodes.epochs.current(),
        })
    }

    /// Makes the set of packets whose field has a value in `parts` and that are `inside` below.
    fn choose(&mut self, field: Field, parts: &[(A, A)], inside: Edge) -> Edge {
        let bits = u32::from(field.bits::<A>());
        let wide: Vec<_> = parts
            .iter()
            .map(|(a, b)| (a.to_u128(), b.to_u128()))
            .collect();
        self.choose_bits(variable::<A>(field), bits, 0, &wide, inside)
    }

    /// Decides the values that begin with `prefix`, of which `bits` bits are left.
    fn choose_bits(
        &mut self,
        variable: u16,
        bits: u32,
        prefix: u128,
        parts: &[(u128, u128)],
        inside: Edge,
    ) -> Edge {
        let rest = if bits == 128 {
            u128::MAX
        } else {
            (1 << bits) - 1
        };
        let place = parts.partition_point(|(_, last)| *last < prefix);
        let Some((first, last)) = parts.get(place) else {
            return EMPTY;
        };
        if *first > prefix | rest {
            return EMPTY;
        }
        if *first <= prefix && prefix | rest <= *last {
            return inside;
        }
        let bit = 1 << (bits - 1);
        let low = self.choose_bits(variable + 1, bits - 1, prefix, parts, inside);
        let high = self.choose_bits(variable + 1, bits - 1, prefix | bit, parts, inside);
        self.nodes.make(variable, low, high)
    }

    fn conjunction(&mut self, fields: &Fields<A>) -> Edge {
        let (mask, value) = fields.mark_bits();
        let mut edge = FULL;
        for place in (0..32).rev() {
            let bit = 1 << (31 - place);
            if mask & bit != 0 {
                let (low, high) = if value & bit == 0 {
                    (edge, EMPTY)
                } else {
                    (EMPTY, edge)
                };
                edge = self
                    .nodes
                    .make(variable::<A>(Field::Mark) + place, low, high);
            }
        }
        for (field, values) in fields.parts().iter().rev() {
            edge = if *field == Field::Mark {
                let marks = self.choose(*field, values.parts(), FULL);
                self.nodes.and(edge, marks)
            } else {
                self.choose(*field, values.parts(), edge)
            };
        }
        edge
    }
}

impl<A: Address> Default for Bdd<A> {
    /// At most 128 Mi nodes: two gibibytes.
    fn default() -> Self {
        Self::with_limit(1 << 27)
    }
}

/// Returns the variable of a field's highest bit; the variables of a field follow each other.
fn variable<A: Address>(field: Field) -> u16 {
    let before = Field::ALL.iter().take_while(|other| **other != field);
    before.map(|field| u16::from(field.bits::<A>())).sum()
}

/// Returns every field's bits in the order of the variables, as field and shift.
fn variables<A: Address>() -> impl Iterator<Item = (Field, u8)> {
    Field::ALL
        .into_iter()
        .flat_map(|field| (0..field.bits::<A>()).rev().map(move |bit| (field, bit)))
}

impl<A: Address> PacketSets for Bdd<A> {
    type Key = A;
    type Set = BddSet;
    type Mark = BddMark;

    fn empty(&self) -> BddSet {
        BddSet {
            edge: EMPTY,
            epoch: 0,
        }
    }

    fn not(&self, set: BddSet) -> BddSet {
        BddSet {
            edge: set.edge ^ 1,
            epoch: set.epoch,
        }
    }

    fn and(&mut self, a: BddSet, b: BddSet) -> Result<BddSet, SetError> {
        let (a, b) = (self.open(a)?, self.open(b)?);
        let both = self.nodes.and(a, b);
        self.close(both)
    }

    fn fields(&mut self, fields: &Fields<A>) -> Result<BddSet, SetError> {
        let edge = self.conjunction(fields);
        self.close(edge)
    }

    fn exists(&mut self, set: BddSet, field: Field) -> Result<BddSet, SetError> {
        let edge = self.open(set)?;
        let any = self.forget(edge, field);
        self.close(any)
    }

    fn image(&mut self, rewrite: &Rewrite<A>, set: BddSet) -> Result<BddSet, SetError> {
        let edge = self.open(set)?;
        let image = self.image_edges(rewrite, edge);
        self.close(image)
    }

    fn pre_image_any(&mut self, rewrite: &Rewrite<A>, set: BddSet) -> Result<BddSet, SetError> {
        let edge = self.open(set)?;
        let before = self.pre_image_edges(rewrite, edge);
        self.close(before)
    }

    fn swap(&mut self, set: BddSet) -> Result<BddSet, SetError> {
        let edge = self.open(set)?;
        let swapped = self.swap_edges(edge);
        self.close(swapped)
    }

    fn first_match(&mut self, lines: &[Line<A, BddSet>]) -> Result<Verdicts<BddSet>, SetError> {
        let mark = self.mark();
        let made = self.compile(lines)?;
        if !self.collects {
            return Ok(made);
        }
        let mut keep = [made.permit, made.deny, made.unknown];
        self.release_keeping(mark, &mut keep)?;
        let [permit, deny, unknown] = keep;
        Ok(Verdicts {
            permit,
            deny,
            unknown,
        })
    }

    fn contains(&self, set: BddSet, packet: &Packet) -> Result<bool, SetError> {
        let mut edge = self.open(set)?;
        if Field::Destination.of::<A>(packet).is_none() || Field::Source.of::<A>(packet).is_none() {
            return Ok(false);
        }
        for (variable, (field, bit)) in (0_u16..).zip(variables::<A>()) {
            let value = field.of::<A>(packet).unwrap_or_default().to_u128();
            let [low, high] = self.nodes.sides(edge, variable);
            edge = if value >> bit & 1 == 1 { high } else { low };
        }
        Ok(edge == FULL)
    }

    fn witness(&mut self, set: BddSet, wish: &Packet) -> Result<Option<Packet>, SetError> {
        let headers = self.headers()?;
        let real = self.and(set, headers)?;
        let mut edge = self.open(real)?;
        if edge == EMPTY {
            return Ok(None);
        }
        let mut values = Field::ALL.map(|field| (field, 0_u128));
        for (variable, (field, bit)) in (0_u16..).zip(variables::<A>()) {
            let wished = field.of::<A>(wish).unwrap_or_default().to_u128() >> bit & 1 == 1;
            let [low, high] = self.nodes.sides(edge, variable);
            let up = if wished { high != EMPTY } else { low == EMPTY };
            edge = if up { high } else { low };
            if let Some((_, value)) = values.iter_mut().find(|(known, _)| *known == field) {
                *value |= u128::from(up) << bit;
            }
        }
        let mut packet = preferred(A::FAMILY);
        for (field, value) in values {
            field.set::<A>(&mut packet, A::from_u128(value).unwrap_or_default());
        }
        Ok(Some(packet))
    }

    fn mark(&self) -> BddMark {
        BddMark {
            nodes: self.nodes.count(),
            epoch: self.nodes.epochs.current(),
        }
    }

    fn release_to(&mut self, mark: BddMark) -> Result<(), SetError> {
        let last = mark.nodes.saturating_sub(1);
        if mark.nodes > self.nodes.count() || !self.nodes.epochs.holds(mark.epoch, last) {
            return Err(SetError::Released);
        }
        if mark.nodes < self.nodes.count() && !self.nodes.release(mark.nodes) {
            return Err(SetError::Released);
        }
        Ok(())
    }

    fn release_keeping(&mut self, mark: BddMark, keep: &mut [BddSet]) -> Result<(), SetError> {
        let mut edges = Vec::with_capacity(keep.len());
        for set in keep.iter() {
            edges.push(self.open(*set)?);
        }
        let last = mark.nodes.saturating_sub(1);
        if mark.nodes > self.nodes.count()
            || !self.nodes.epochs.holds(mark.epoch, last)
            || !self.nodes.release_keeping(mark.nodes, &mut edges)
        {
            return Err(SetError::Released);
        }
        for (set, edge) in keep.iter_mut().zip(edges) {
            *set = self.close(edge)?;
        }
        Ok(())
    }

    fn nodes(&self) -> usize {
        self.nodes.count() as usize
    }
}
