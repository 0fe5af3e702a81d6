//! Rewrites and exchanged ends, bit by bit.

use crate::address::Address;
use crate::bdd::{Bdd, variable};
use crate::diagram::EMPTY;
use crate::diagram::arena::Edge;
use crate::field::Field;
use crate::intervals::Intervals;
use crate::rewrite::{Change, Rewrite};
use rustc_hash::FxHashMap;

/// What a set becomes, and what is already known of it.
type Known = FxHashMap<Edge, Edge>;

impl<A: Address> Bdd<A> {
    pub(super) fn pre_image_edges(&mut self, rewrite: &Rewrite<A>, edge: Edge) -> Edge {
        rewrite
            .changes()
            .iter()
            .fold(edge, |edge, (field, change)| match change {
                Change::Shift(pieces) => {
                    let moved = pieces.iter().map(|piece| {
                        let by = piece.to.wrapping_sub(piece.first);
                        let before = self.shift(edge, *field, by);
                        self.cut(before, *field, &Intervals::range(piece.first, piece.last))
                    });
                    let moved = moved.collect();
                    self.nodes.or_all(moved)
                }
                Change::OneOf(values) => {
                    let inside = self.cut(edge, *field, values);
                    self.forget(inside, *field)
                }
                Change::Bits { mask, value } => self.mark_bits(*mask).fold(edge, |edge, place| {
                    let written = self.written(place, *value);
                    let inside = self.nodes.and(edge, written);
                    let bit = variable::<A>(Field::Mark) + place;
                    self.forget_bits(inside, bit, bit + 1, &mut Known::default())
                }),
            })
    }

    pub(super) fn image_edges(&mut self, rewrite: &Rewrite<A>, edge: Edge) -> Edge {
        rewrite
            .changes()
            .iter()
            .fold(edge, |edge, (field, change)| match change {
                Change::Shift(pieces) => {
                    let moved = pieces.iter().map(|piece| {
                        let inside =
                            self.cut(edge, *field, &Intervals::range(piece.first, piece.last));
                        self.shift(inside, *field, piece.first.wrapping_sub(piece.to))
                    });
                    let moved = moved.collect();
                    self.nodes.or_all(moved)
                }
                Change::OneOf(values) => {
                    let any = self.forget(edge, *field);
                    self.cut(any, *field, values)
                }
                Change::Bits { mask, value } => self.mark_bits(*mask).fold(edge, |edge, place| {
                    let bit = variable::<A>(Field::Mark) + place;
                    let any = self.forget_bits(edge, bit, bit + 1, &mut Known::default());
                    let written = self.written(place, *value);
                    self.nodes.and(any, written)
                }),
            })
    }

    fn mark_bits(&self, mask: u32) -> impl Iterator<Item = u16> + use<A> {
        (0..32).filter(move |place| mask >> (31 - place) & 1 == 1)
    }

    /// Returns the packets whose bit of the mark is as in `value`.
    fn written(&mut self, place: u16, value: u32) -> Edge {
        let set = value >> (31 - place) & 1;
        self.nodes
            .make(variable::<A>(Field::Mark) + place, set ^ 1, set)
    }

    fn cut(&mut self, edge: Edge, field: Field, values: &Intervals<A>) -> Edge {
        let inside = self.choose(field, values.parts(), EMPTY ^ 1);
        self.nodes.and(edge, inside)
    }

    pub(super) fn forget(&mut self, edge: Edge, field: Field) -> Edge {
        let first = variable::<A>(field);
        self.forget_bits(
            edge,
            first,
            first + u16::from(field.bits::<A>()),
            &mut Known::default(),
        )
    }

    fn forget_bits(&mut self, edge: Edge, first: u16, end: u16, known: &mut Known) -> Edge {
        let variable = self.nodes.variable(edge);
        if variable >= end || self.nodes.is_full() {
            return edge;
        }
        if let Some(made) = known.get(&edge) {
            return *made;
        }
        let [low, high] = self.nodes.sides(edge, variable);
        let low = self.forget_bits(low, first, end, known);
        let high = self.forget_bits(high, first, end, known);
        let made = if variable >= first {
            self.nodes.or(low, high)
        } else {
            self.nodes.make(variable, low, high)
        };
        known.insert(edge, made);
        made
    }

    /// Returns the packets that adding `by` to the field, modulo its size, brings into the set.
    fn shift(&mut self, edge: Edge, field: Field, by: A) -> Edge {
        let first = variable::<A>(field);
        let shift = Shift {
            first,
            bits: u16::from(field.bits::<A>()),
            by: by.to_u128(),
        };
        let mut known = FxHashMap::default();
        self.shift_below(edge, &shift, &mut Known::default(), &mut known)
    }

    fn shift_below(
        &mut self,
        edge: Edge,
        shift: &Shift,
        above: &mut Known,
        known: &mut FxHashMap<(Edge, u16, bool), Edge>,
    ) -> Edge {
        let variable = self.nodes.variable(edge);
        if variable >= shift.first {
            // What is carried out of the highest bit is dropped.
            let without = self.add(edge, 0, false, shift, known);
            let with = self.add(edge, 0, true, shift, known);
            return self.nodes.or(without, with);
        }
        if let Some(made) = above.get(&edge) {
            return *made;
        }
        let [low, high] = self.nodes.sides(edge, variable);
        let low = self.shift_below(low, shift, above, known);
        let high = self.shift_below(high, shift, above, known);
        let made = self.nodes.make(variable, low, high);
        above.insert(edge, made);
        made
    }

    /// Adds from the bit at `place` on, for values whose sum carries `out` of that bit or not.
    fn add(
        &mut self,
        edge: Edge,
        place: u16,
        out: bool,
        shift: &Shift,
        known: &mut FxHashMap<(Edge, u16, bool), Edge>,
    ) -> Edge {
        if place == shift.bits {
            return if out { EMPTY } else { edge };
        }
        if edge == EMPTY || self.nodes.is_full() {
            return EMPTY;
        }
        if let Some(made) = known.get(&(edge, place, out)) {
            return *made;
        }
        let added = shift.by >> (shift.bits - 1 - place) & 1 == 1;
        let sides = self.nodes.sides(edge, shift.first + place);
        let mut halves = [EMPTY; 2];
        for (half, bit) in halves.iter_mut().zip([false, true]) {
            for carried in [false, true] {
                let ones = u8::from(bit) + u8::from(added) + u8::from(carried);
                if (ones >= 2) == out {
                    let side = if ones % 2 == 1 { sides[1] } else { sides[0] };
                    let below = self.add(side, place + 1, carried, shift, known);
                    *half = self.nodes.or(*half, below);
                }
            }
        }
        let [low, high] = halves;
        let made = self.nodes.make(shift.first + place, low, high);
        known.insert((edge, place, out), made);
        made
    }

    pub(super) fn swap_edges(&mut self, edge: Edge) -> Edge {
        self.exchange(edge, &mut Known::default())
    }

    /// Gives every variable of one end the place of the other end's, from the bottom up.
    fn exchange(&mut self, edge: Edge, known: &mut Known) -> Edge {
        let variable = self.nodes.variable(edge);
        if variable >= self::variable::<A>(Field::Fin) || self.nodes.is_full() {
            return edge;
        }
        if let Some(made) = known.get(&edge) {
            return *made;
        }
        let [low, high] = self.nodes.sides(edge, variable);
        let low = self.exchange(low, known);
        let high = self.exchange(high, known);
        let made = self.nodes.make(partner::<A>(variable), EMPTY, EMPTY ^ 1);
        let with = self.nodes.and(made, high);
        let without = self.nodes.and(made ^ 1, low);
        let made = self.nodes.or(with, without);
        known.insert(edge, made);
        made
    }
}

/// A field's variables, and what is added.
struct Shift {
    first: u16,
    bits: u16,
    by: u128,
}

/// Returns the variable of the other end that a variable changes places with.
fn partner<A: Address>(place: u16) -> u16 {
    let pairs = [
        (Field::Destination, Field::Source),
        (Field::DestinationPort, Field::SourcePort),
    ];
    for (upper, lower) in pairs {
        let (first, second) = (variable::<A>(upper), variable::<A>(lower));
        let bits = u16::from(upper.bits::<A>());
        if (first..first + bits).contains(&place) {
            return place + (second - first);
        }
        if (second..second + bits).contains(&place) {
            return place - (second - first);
        }
    }
    place
}
