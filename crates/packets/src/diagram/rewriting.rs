//! Images and pre-images of header rewrites: each works on one level.

use crate::address::Address;
use crate::diagram::arena::{Edge, Segment, index};
use crate::diagram::{Diagram, EMPTY};
use crate::error::SetError;
use crate::field::Field;
use crate::intervals::{Intervals, MAX_INTERVALS};
use crate::rewrite::{Change, Piece, Rewrite};
use rustc_hash::FxHashMap;

/// What happens to the segments of one level.
pub(super) type LevelChange<'a, A> =
    &'a mut dyn FnMut(&mut Diagram<A>, &[Segment<A>]) -> Result<Edge, SetError>;

/// Runs of one level's values, by their last value, relative to where a block begins.
type Runs = Vec<(u64, Edge)>;

impl<A: Address> Diagram<A> {
    /// Returns the packets that some choice of the rewrite brings into the set.
    pub(super) fn pre_image_edges(
        &mut self,
        rewrite: &Rewrite<A>,
        edge: Edge,
    ) -> Result<Edge, SetError> {
        let mut before = edge;
        for (field, change) in rewrite.changes() {
            before = self.on_level(before, *field, &mut |diagram, rows| match change {
                Change::Shift(pieces) => {
                    let moved = shifted(rows, pieces, field.highest::<A>());
                    Ok(diagram.make_row(*field, &moved))
                }
                Change::OneOf(values) => Ok(diagram.any_child(rows, values)),
                Change::Bits { mask, value } => {
                    let bits = BitChange {
                        mask: *mask,
                        value: *value,
                    };
                    let runs = bits.before(rows, field.bits::<A>().into(), 0)?;
                    Ok(diagram.make_runs(*field, &runs))
                }
            })?;
        }
        Ok(before)
    }

    /// Returns what the packets of a set can be rewritten to.
    pub(super) fn image_edges(
        &mut self,
        rewrite: &Rewrite<A>,
        edge: Edge,
    ) -> Result<Edge, SetError> {
        let mut after = edge;
        for (field, change) in rewrite.changes() {
            after = self.on_level(after, *field, &mut |diagram, rows| match change {
                Change::Shift(pieces) => Ok(diagram.shift_image(*field, rows, pieces)),
                Change::OneOf(values) => {
                    let any = diagram.or_all(rows.iter().map(|row| row.child).collect());
                    Ok(diagram.choose(*field, values.parts(), any, EMPTY))
                }
                Change::Bits { mask, value } => {
                    let bits = BitChange {
                        mask: *mask,
                        value: *value,
                    };
                    let runs = bits.forgotten(diagram, rows, field.bits::<A>().into(), 0)?;
                    let free = diagram.make_runs(*field, &runs);
                    let written = Intervals::masked(*mask, *value)?;
                    let all = Intervals::range(A::ZERO, field.highest::<A>());
                    let written = written.and(&all);
                    let written = diagram.choose(*field, written.parts(), EMPTY ^ 1, EMPTY);
                    Ok(diagram.and_edges(free, written))
                }
            })?;
        }
        Ok(after)
    }

    /// Returns the packets that differ from one in the set by at most this field.
    pub(super) fn forget(&mut self, edge: Edge, field: Field) -> Edge {
        let any = self.on_level(edge, field, &mut |diagram, rows| {
            Ok(diagram.or_all(rows.iter().map(|row| row.child).collect()))
        });
        any.unwrap_or(EMPTY)
    }

    /// Replaces what is below the levels above `field` by what `change` makes of it.
    ///
    /// `change` gets the segments at the level, and must make nothing of nothing.
    pub(super) fn on_level(
        &mut self,
        edge: Edge,
        field: Field,
        change: LevelChange<'_, A>,
    ) -> Result<Edge, SetError> {
        self.descend(edge, field, change, &mut FxHashMap::default())
    }

    fn descend(
        &mut self,
        edge: Edge,
        field: Field,
        change: LevelChange<'_, A>,
        known: &mut FxHashMap<Edge, Edge>,
    ) -> Result<Edge, SetError> {
        if edge == EMPTY || self.is_full_up() {
            return Ok(EMPTY);
        }
        if let Some(made) = known.get(&edge) {
            return Ok(*made);
        }
        let level = self.level(edge);
        let made = if level < field.level() {
            let flip = edge & 1;
            let (start, end) = self.arena.span(index(edge));
            let from = self.stack.len();
            for place in start..end {
                let segment = self.arena.at(place);
                let child = self.descend(segment.child ^ flip, field, change, known);
                let Ok(child) = child else {
                    self.stack.truncate(from);
                    return child;
                };
                self.push(from, segment.end, child);
            }
            self.make(level, from)
        } else {
            let rows = self.rows(edge, field);
            change(self, &rows)?
        };
        known.insert(edge, made);
        Ok(made)
    }

    /// Returns the union of the children that some value leads to.
    fn any_child(&mut self, rows: &[Segment<A>], values: &Intervals<A>) -> Edge {
        let mut children = Vec::new();
        let mut rest = rows;
        for (first, last) in values.parts() {
            let skip = rest.partition_point(|row| row.end < *first);
            rest = rest.get(skip..).unwrap_or_default();
            let reach = rest.partition_point(|row| row.end < *last);
            children.extend(rest.iter().take(reach + 1).map(|row| row.child));
        }
        children.sort_unstable();
        children.dedup();
        self.or_all(children)
    }

    fn shift_image(&mut self, field: Field, rows: &[Segment<A>], pieces: &[Piece<A>]) -> Edge {
        let back = |piece: &Piece<A>| Piece {
            first: piece.to,
            last: piece.to_last(),
            to: piece.first,
        };
        let mut backwards: Vec<_> = pieces.iter().map(back).collect();
        backwards.sort_unstable();
        let apart = backwards
            .iter()
            .zip(backwards.iter().skip(1))
            .all(|(a, b)| a.last < b.first);
        let max = field.highest::<A>();
        if apart {
            let moved = shifted(rows, &backwards, max);
            return self.make_row(field, &moved);
        }
        // Two pieces land on the same values: each alone, then the union.
        let alone = backwards.iter().map(|piece| {
            let moved = shifted(rows, std::slice::from_ref(piece), max);
            self.make_row(field, &moved)
        });
        let alone = alone.collect();
        self.or_all(alone)
    }

    fn make_runs(&mut self, field: Field, runs: &Runs) -> Edge {
        let row = runs.iter().filter_map(|(end, child)| {
            Some(Segment {
                end: A::from_u128(u128::from(*end))?,
                child: *child,
            })
        });
        let row: Vec<_> = row.collect();
        self.make_row(field, &row)
    }
}

/// Returns, for values before a move, the children that their values after it have.
///
/// The pieces are in ascending order and disjoint; other values lead nowhere.
fn shifted<A: Address>(rows: &[Segment<A>], pieces: &[Piece<A>], max: A) -> Vec<Segment<A>> {
    let mut moved: Vec<Segment<A>> = Vec::new();
    for piece in pieces {
        let reached = moved.last().map(|segment| segment.end);
        if let Some(before) = piece.first.previous()
            && reached.is_none_or(|reached| reached < before)
        {
            moved.push(Segment {
                end: before,
                child: EMPTY,
            });
        }
        let to_last = piece.to_last();
        let start = rows.partition_point(|row| row.end < piece.to);
        for row in rows.iter().skip(start) {
            let end = row.end.min(to_last);
            let end = piece.first.wrapping_add(end.wrapping_sub(piece.to));
            moved.push(Segment {
                end,
                child: row.child,
            });
            if row.end >= to_last {
                break;
            }
        }
    }
    if moved.last().is_none_or(|segment| segment.end < max) {
        moved.push(Segment {
            end: max,
            child: EMPTY,
        });
    }
    moved
}

/// Bits of a field of at most 32 bits that are overwritten.
#[derive(Clone, Copy)]
struct BitChange {
    mask: u32,
    value: u32,
}

impl BitChange {
    /// Returns the runs of the values before, whose lower `bits` bits are free,
    /// when the value after begins with `prefix` above these.
    ///
    /// The depth of the recursion is the number of bits.
    fn before<A: Address>(
        self,
        rows: &[Segment<A>],
        bits: u32,
        prefix: u64,
    ) -> Result<Runs, SetError> {
        if let Some(run) = constant(rows, bits, prefix) {
            return Ok(vec![run]);
        }
        let bit = 1_u64 << (bits - 1);
        if u64::from(self.mask) & bit == 0 {
            let low = self.before(rows, bits - 1, prefix)?;
            let high = self.before(rows, bits - 1, prefix | bit)?;
            return joined(low, &high, bit);
        }
        let written = prefix | (u64::from(self.value) & bit);
        let half = self.before(rows, bits - 1, written)?;
        joined(half.clone(), &half, bit)
    }

    /// Returns the runs when the overwritten bits may be anything.
    fn forgotten<A: Address>(
        self,
        diagram: &mut Diagram<A>,
        rows: &[Segment<A>],
        bits: u32,
        prefix: u64,
    ) -> Result<Runs, SetError> {
        if let Some(run) = constant(rows, bits, prefix) {
            return Ok(vec![run]);
        }
        let bit = 1_u64 << (bits - 1);
        let low = self.forgotten(diagram, rows, bits - 1, prefix)?;
        let high = self.forgotten(diagram, rows, bits - 1, prefix | bit)?;
        if u64::from(self.mask) & bit == 0 {
            return joined(low, &high, bit);
        }
        let mut either = Runs::new();
        let (mut left, mut right) = (low.iter().peekable(), high.iter().peekable());
        while let (Some((end_a, a)), Some((end_b, b))) = (left.peek(), right.peek()) {
            let child = diagram.or_edges(*a, *b);
            let (end_a, end_b) = (*end_a, *end_b);
            push_run(&mut either, end_a.min(end_b), child)?;
            if end_a <= end_b {
                left.next();
            }
            if end_b <= end_a {
                right.next();
            }
        }
        joined(either.clone(), &either, bit)
    }
}

/// Returns the one run of a block of values, if all of them lead to the same child.
fn constant<A: Address>(rows: &[Segment<A>], bits: u32, prefix: u64) -> Option<(u64, Edge)> {
    let span = (1_u64 << bits) - 1;
    let place = rows.partition_point(|row| row.end.to_u128() < u128::from(prefix));
    let row = rows.get(place)?;
    (bits == 0 || row.end.to_u128() >= u128::from(prefix | span)).then_some((span, row.child))
}

/// Puts the runs of a block's upper half, which begins at `middle`, behind those of its lower.
fn joined(mut low: Runs, high: &Runs, middle: u64) -> Result<Runs, SetError> {
    for (end, child) in high {
        push_run(&mut low, middle + end, *child)?;
    }
    Ok(low)
}

fn push_run(runs: &mut Runs, end: u64, child: Edge) -> Result<(), SetError> {
    if let Some(last) = runs.last_mut()
        && last.1 == child
    {
        last.0 = end;
        return Ok(());
    }
    if runs.len() >= MAX_INTERVALS {
        return Err(SetError::TooManyIntervals {
            limit: MAX_INTERVALS,
        });
    }
    runs.push((end, child));
    Ok(())
}
