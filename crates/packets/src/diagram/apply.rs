//! Intersection: the one operation that, with complement, gives all others.

use crate::address::Address;
use crate::diagram::arena::{Edge, index};
use crate::diagram::{Diagram, EMPTY, FULL};

impl<A: Address> Diagram<A> {
    /// Returns the intersection; meaningless once the arena is full.
    // Most pairs of segments are settled right here, so this is worth inlining.
    #[inline]
    pub(crate) fn and_edges(&mut self, a: Edge, b: Edge) -> Edge {
        if a == b || b == FULL {
            return a;
        }
        if a == FULL {
            return b;
        }
        if a == EMPTY || b == EMPTY || a ^ b == 1 {
            return EMPTY;
        }
        self.and_nodes(a, b)
    }

    /// The depth of the recursion is the number of levels.
    fn and_nodes(&mut self, a: Edge, b: Edge) -> Edge {
        if self.is_full_up() {
            return EMPTY;
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        if let Some(known) = self.cache.get(a, b, &self.epochs) {
            return known;
        }
        self.counts.intersections += 1;
        let (level_a, level_b) = (self.level(a), self.level(b));
        let from = self.stack.len();
        if level_a == level_b {
            self.meet(from, a, b);
        } else if level_a < level_b {
            self.spread(from, a, b);
        } else {
            self.spread(from, b, a);
        }
        let both = self.make(level_a.min(level_b), from);
        if !self.is_full_up() {
            self.cache.put(a, b, both, &self.epochs, self.arena.len());
        }
        both
    }

    /// Returns the union; meaningless once the arena is full.
    pub(crate) fn or_edges(&mut self, a: Edge, b: Edge) -> Edge {
        self.and_edges(a ^ 1, b ^ 1) ^ 1
    }

    /// Returns the union of many sets, in pairs of neighbours.
    pub(crate) fn or_all(&mut self, mut edges: Vec<Edge>) -> Edge {
        edges.retain(|edge| *edge != EMPTY);
        while edges.len() > 1 {
            let pairs = edges.chunks(2);
            edges = pairs
                .map(|pair| match *pair {
                    [a, b] => self.or_edges(a, b),
                    [a, ..] => a,
                    [] => EMPTY,
                })
                .collect();
        }
        edges.first().copied().unwrap_or(EMPTY)
    }

    /// Pushes the segments of `upper` intersected with a set that begins further down.
    fn spread(&mut self, from: usize, upper: Edge, lower: Edge) {
        let flip = upper & 1;
        let (start, end) = self.arena.span(index(upper));
        for place in start..end {
            let segment = self.arena.at(place);
            let both = self.and_edges(segment.child ^ flip, lower);
            self.push(from, segment.end, both);
        }
    }

    /// Pushes the segments of the intersection of two sets that begin at one level.
    fn meet(&mut self, from: usize, a: Edge, b: Edge) {
        let (flip_a, flip_b) = (a & 1, b & 1);
        let (mut at_a, end_a) = self.arena.span(index(a));
        let (mut at_b, end_b) = self.arena.span(index(b));
        while at_a < end_a && at_b < end_b {
            let (left, right) = (self.arena.at(at_a), self.arena.at(at_b));
            let (child_a, child_b) = (left.child ^ flip_a, right.child ^ flip_b);
            // Where one side is empty, whatever the other has there is jumped
            // over; this makes cutting to an address range cheap.
            if child_a == EMPTY && left.end > right.end {
                at_b = self.arena.seek(at_b, end_b, left.end);
                continue;
            }
            if child_b == EMPTY && right.end > left.end {
                at_a = self.arena.seek(at_a, end_a, right.end);
                continue;
            }
            let both = self.and_edges(child_a, child_b);
            self.push(from, left.end.min(right.end), both);
            at_a += usize::from(left.end <= right.end);
            at_b += usize::from(right.end <= left.end);
        }
    }
}
