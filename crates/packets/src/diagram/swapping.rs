//! Exchanging neighbouring levels: source with destination.

use crate::address::Address;
use crate::diagram::arena::{Edge, Segment};
use crate::diagram::{Diagram, EMPTY};
use crate::field::Field;
use rustc_hash::FxHashMap;

/// The intervals of the upper field's values that lead to one child.
type Groups<A> = FxHashMap<Edge, Vec<(A, A)>>;

impl<A: Address> Diagram<A> {
    /// Exchanges source and destination, of addresses and of ports.
    pub(super) fn swap_edges(&mut self, edge: Edge) -> Edge {
        let ports = self.exchange(edge, Field::DestinationPort, Field::SourcePort);
        self.exchange(ports, Field::Destination, Field::Source)
    }

    /// Exchanges two levels, of which `lower` follows right after `upper`.
    ///
    /// Each part of the upper field's values, with what is below it, becomes a
    /// set of its own with the levels turned over; their union in pairs keeps
    /// the cost near the size of the result.
    fn exchange(&mut self, edge: Edge, upper: Field, lower: Field) -> Edge {
        let (upper, lower) = (upper.level(), lower.level());
        self.on_level(edge, upper, &mut |diagram, rows| {
            if let [only] = rows
                && diagram.level(only.child) > lower
            {
                return only.child;
            }
            let (groups, order) = grouped(rows);
            let mut sets = Vec::with_capacity(order.len());
            for child in order {
                let Some(values) = groups.get(&child) else {
                    continue;
                };
                let turned: Vec<Segment<A>> = diagram
                    .rows(child, lower)
                    .into_iter()
                    .map(|row| Segment {
                        end: row.end,
                        child: diagram.choose(lower, values, row.child, EMPTY),
                    })
                    .collect();
                sets.push(diagram.make_row(upper, &turned));
            }
            diagram.or_all(sets)
        })
    }
}

/// Gathers the values that lead to the same child, and says which child comes first.
fn grouped<A: Address>(rows: &[Segment<A>]) -> (Groups<A>, Vec<Edge>) {
    let mut groups: Groups<A> = FxHashMap::default();
    let mut order = Vec::new();
    let mut first = A::ZERO;
    for row in rows {
        if row.child != EMPTY {
            let values = groups.entry(row.child).or_default();
            if values.is_empty() {
                order.push(row.child);
            }
            values.push((first, row.end));
        }
        first = row.end.next().unwrap_or(row.end);
    }
    (groups, order)
}
