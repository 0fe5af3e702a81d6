//! Images and pre-images of header rewrites: each works on one level.

use crate::address::Address;
use crate::diagram::arena::{Edge, Segment, index};
use crate::diagram::{Diagram, EMPTY, FULL};
use crate::field::{Field, Level, MARK_LEVEL, highest_at, mark_bit};
use crate::intervals::Intervals;
use crate::line::Fields;
use crate::rewrite::{Change, Piece, Rewrite};
use rustc_hash::FxHashMap;

/// What the segments of one of the mark's levels become.
type BitsChange<'a, A> = &'a mut dyn FnMut(&mut Diagram<A>, &[Segment<A>], Level) -> Edge;

/// What a level's segments become; nothing must become nothing.
pub(super) type LevelChange<'a, A> = &'a mut dyn FnMut(&mut Diagram<A>, &[Segment<A>]) -> Edge;

impl<A: Address> Diagram<A> {
    /// Returns the packets that some choice of the rewrite brings into the set.
    pub(super) fn pre_image_edges(&mut self, rewrite: &Rewrite<A>, edge: Edge) -> Edge {
        rewrite
            .changes()
            .iter()
            .fold(edge, |edge, (field, change)| {
                let level = field.level();
                match change {
                    Change::Shift(pieces) => self.on_level(edge, level, &mut |diagram, rows| {
                        let moved = shifted(rows, pieces, highest_at(level));
                        diagram.make_row(level, &moved)
                    }),
                    Change::OneOf(values) if *field == Field::Mark => {
                        let marks = self.conjunction(&Fields::any().with(Field::Mark, values));
                        let inside = self.and_edges(edge, marks);
                        self.forget(inside, Field::Mark)
                    }
                    Change::OneOf(values) => self.on_level(edge, level, &mut |diagram, rows| {
                        diagram.any_child(rows, values)
                    }),
                    Change::Bits { mask, value } => {
                        self.on_mark_bits(edge, *mask, &mut |_, rows, bit| {
                            let written = rows.iter().find(|row| row.end >= wanted(bit, *value));
                            written.map_or(EMPTY, |row| row.child)
                        })
                    }
                }
            })
    }

    /// Returns what the packets of a set can be rewritten to.
    pub(super) fn image_edges(&mut self, rewrite: &Rewrite<A>, edge: Edge) -> Edge {
        rewrite
            .changes()
            .iter()
            .fold(edge, |edge, (field, change)| {
                let level = field.level();
                match change {
                    Change::Shift(pieces) => self.on_level(edge, level, &mut |diagram, rows| {
                        diagram.shift_image(level, rows, pieces)
                    }),
                    Change::OneOf(values) if *field == Field::Mark => {
                        let marks = self.conjunction(&Fields::any().with(Field::Mark, values));
                        let any = self.forget(edge, Field::Mark);
                        self.and_edges(any, marks)
                    }
                    Change::OneOf(values) => self.on_level(edge, level, &mut |diagram, rows| {
                        let any = diagram.or_all(rows.iter().map(|row| row.child).collect());
                        diagram.choose(level, values.parts(), any, EMPTY)
                    }),
                    Change::Bits { mask, value } => {
                        let any = self.on_mark_bits(edge, *mask, &mut |diagram, rows, _| {
                            diagram.or_all(rows.iter().map(|row| row.child).collect())
                        });
                        let written = self.conjunction(&Fields::any().mark(*mask, *value));
                        self.and_edges(any, written)
                    }
                }
            })
    }

    /// Returns the packets that differ from one in the set by at most this field.
    pub(super) fn forget(&mut self, edge: Edge, field: Field) -> Edge {
        if field == Field::Mark {
            // The mark comes last: whatever is left there has some mark.
            return self.on_level(edge, MARK_LEVEL, &mut |_, _| FULL);
        }
        self.on_level(edge, field.level(), &mut |diagram, rows| {
            diagram.or_all(rows.iter().map(|row| row.child).collect())
        })
    }

    /// Changes the levels of some bits of the mark, one after the other.
    fn on_mark_bits(&mut self, edge: Edge, mask: u32, change: BitsChange<'_, A>) -> Edge {
        let levels = (MARK_LEVEL..)
            .take(32)
            .filter(|level| mask & mark_bit(*level) != 0);
        levels.fold(edge, |edge, level| {
            self.on_level(edge, level, &mut |diagram, rows| {
                change(diagram, rows, level)
            })
        })
    }

    /// Replaces what is below the levels above `level` by what `change` makes of it.
    ///
    /// At a level of the mark, `change` must keep what does not look at the mark.
    pub(super) fn on_level(
        &mut self,
        edge: Edge,
        level: Level,
        change: LevelChange<'_, A>,
    ) -> Edge {
        self.descend(edge, level, change, &mut FxHashMap::default())
    }

    fn descend(
        &mut self,
        edge: Edge,
        level: Level,
        change: LevelChange<'_, A>,
        known: &mut FxHashMap<Edge, Edge>,
    ) -> Edge {
        if edge == EMPTY || self.is_full_up() {
            return EMPTY;
        }
        if level >= MARK_LEVEL && !self.arena.flag(index(edge)) {
            return edge;
        }
        if let Some(made) = known.get(&edge) {
            return *made;
        }
        let here = self.level(edge);
        let made = if here < level {
            let flip = edge & 1;
            let (start, end) = self.arena.span(index(edge));
            let from = self.stack.len();
            for place in start..end {
                let segment = self.arena.at(place);
                let child = self.descend(segment.child ^ flip, level, change, known);
                self.push(from, segment.end, child);
            }
            self.make(here, from)
        } else {
            let rows = self.rows(edge, level);
            change(self, &rows)
        };
        known.insert(edge, made);
        made
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

    fn shift_image(&mut self, level: Level, rows: &[Segment<A>], pieces: &[Piece<A>]) -> Edge {
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
        let max = highest_at(level);
        if apart {
            let moved = shifted(rows, &backwards, max);
            return self.make_row(level, &moved);
        }
        // Two pieces land on the same values: each alone, then the union.
        let alone = backwards.iter().map(|piece| {
            let moved = shifted(rows, std::slice::from_ref(piece), max);
            self.make_row(level, &moved)
        });
        let alone = alone.collect();
        self.or_all(alone)
    }
}

/// Returns the value that a bit of the mark is given.
fn wanted<A: Address>(level: Level, value: u32) -> A {
    A::from_u32(u32::from(value & mark_bit(level) != 0))
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
