//! Conditions on the mark, bit by bit.

use crate::address::Address;
use crate::diagram::arena::Edge;
use crate::field::{Field, LEVELS, Level, MARK_LEVEL, mark_bit};
use crate::line::Fields;

/// What a conjunction asks of the mark: intervals, and bits under a mask.
#[derive(Debug)]
pub(crate) struct Marks {
    /// Sorted and disjoint; `None` when any value will do.
    intervals: Option<Vec<(u32, u32)>>,
    mask: u32,
    value: u32,
}

impl Marks {
    pub(crate) fn of<A: Address>(fields: &Fields<A>) -> Self {
        let narrow = |value: A| u32::try_from(value.to_u128()).unwrap_or(u32::MAX);
        let intervals = fields
            .parts()
            .iter()
            .find(|(field, _)| *field == Field::Mark);
        let intervals = intervals.map(|(_, values)| {
            values
                .parts()
                .iter()
                .map(|(first, last)| (narrow(*first), narrow(*last)))
                .collect()
        });
        let (mask, value) = fields.mark_bits();
        Self {
            intervals,
            mask,
            value,
        }
    }

    /// Builds the diagram of the mark's levels from its terminals up.
    pub(crate) fn build(
        &self,
        inside: Edge,
        outside: Edge,
        node: &mut dyn FnMut(Level, [Edge; 2]) -> Edge,
    ) -> Edge {
        if self.mask == 0 && self.intervals.is_none() {
            return inside;
        }
        self.below(MARK_LEVEL, 0, inside, outside, node)
    }

    /// Decides the marks that begin with `prefix` above a level's bit.
    ///
    /// The depth of the recursion is the number of bits, and at each the ends of
    /// the intervals alone go both ways.
    fn below(
        &self,
        level: Level,
        prefix: u32,
        inside: Edge,
        outside: Edge,
        node: &mut dyn FnMut(Level, [Edge; 2]) -> Edge,
    ) -> Edge {
        let bit = mark_bit(level);
        let rest = if level >= LEVELS { 0 } else { bit | (bit - 1) };
        let last = prefix | rest;
        let mut whole = true;
        if let Some(intervals) = &self.intervals {
            let place = intervals.partition_point(|(_, end)| *end < prefix);
            match intervals.get(place) {
                Some((first, _)) if *first > last => return outside,
                Some((first, end)) => whole = *first <= prefix && last <= *end,
                None => return outside,
            }
        }
        if whole && self.mask & rest == 0 {
            return inside;
        }
        let mut side = |half: u32| {
            if self.mask & bit != 0 && self.value & bit != half {
                return outside;
            }
            self.below(level + 1, prefix | half, inside, outside, node)
        };
        let low = side(0);
        // Where every interval question is settled, both halves are alike.
        let high = if whole && self.mask & bit == 0 {
            low
        } else {
            side(bit)
        };
        node(level, [low, high])
    }
}
