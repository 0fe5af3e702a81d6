//! Forwarding tables as sorted intervals, looked up for slices of destinations.

use crate::forwarding::{Fib, FibAction, FibEntry};
use packets::{Address, Intervals};
use rustc_hash::FxHashMap;

/// One forwarding table of one address family.
///
/// The intervals are disjoint and ascending; destinations between them have no
/// entry. Entries that do the same are one `action`.
#[derive(Debug, Clone)]
pub(super) struct Table<A> {
    spans: Vec<Span<A>>,
    actions: Vec<FibAction>,
}

/// An action, or the lack of one, and the intervals that share it.
type Cut<A> = (Option<u32>, Vec<(A, A)>);

/// Destinations whose longest entry is one and the same.
#[derive(Debug, Clone, Copy)]
struct Span<A> {
    first: A,
    last: A,
    /// Position in [`Table::actions`].
    action: u32,
    /// The length of the entry's prefix.
    length: u8,
}

impl<A: Address> Table<A> {
    /// Sweeps a table into intervals.
    pub(super) fn new(fib: &Fib) -> Self {
        let mut sweep = Sweep::default();
        let mut numbers: FxHashMap<&FibAction, u32> = FxHashMap::default();
        for entry in fib.entries() {
            let Some((first, last)) = bounds::<A>(entry) else {
                continue;
            };
            let action = *numbers.entry(&entry.action).or_insert_with(|| {
                sweep.actions.push(entry.action.clone());
                u32::try_from(sweep.actions.len() - 1).unwrap_or(u32::MAX)
            });
            let length = entry.prefix.prefix_len();
            sweep.open(Span {
                first,
                last,
                action,
                length,
            });
        }
        sweep.finish()
    }

    /// Cuts destinations into those that share an action; `None` is without an entry.
    pub(super) fn cut(&self, slice: &Intervals<A>) -> Vec<(Intervals<A>, Option<&FibAction>)> {
        let mut cuts: Vec<Cut<A>> = Vec::new();
        self.walk(slice, |first, last, span| {
            let action = span.map(|span| span.action);
            match cuts.iter_mut().find(|(known, _)| *known == action) {
                Some((_, parts)) => parts.push((first, last)),
                None => cuts.push((action, vec![(first, last)])),
            }
        });
        cuts.into_iter()
            .map(|(action, parts)| {
                let action = action.and_then(|action| self.actions.get(action as usize));
                (Intervals::of(parts), action)
            })
            .collect()
    }

    /// Returns the values whose longest entry, or its lack, is as `wanted` says.
    pub(super) fn values(
        &self,
        mut wanted: impl FnMut(Option<(&FibAction, u8)>) -> bool,
    ) -> Intervals<A> {
        let mut parts = Vec::new();
        self.walk(&Intervals::range(A::ZERO, A::MAX), |first, last, span| {
            let entry =
                span.and_then(|span| Some((self.actions.get(span.action as usize)?, span.length)));
            if wanted(entry) {
                parts.push((first, last));
            }
        });
        Intervals::of(parts)
    }

    /// Returns the destinations with which two tables do not do the same.
    pub(super) fn differing(&self, other: &Self) -> Intervals<A> {
        let action = |table: &'_ Self, span: Option<&Span<A>>| {
            let span = span?;
            table.actions.get(span.action as usize).cloned()
        };
        let mut parts = Vec::new();
        self.walk(&Intervals::range(A::ZERO, A::MAX), |first, last, span| {
            let here = action(self, span);
            other.walk(&Intervals::range(first, last), |first, last, span| {
                if action(other, span) != here {
                    parts.push((first, last));
                }
            });
        });
        Intervals::of(parts)
    }

    /// Visits the parts of a slice in ascending order, each with its span.
    fn walk(&self, slice: &Intervals<A>, mut visit: impl FnMut(A, A, Option<&Span<A>>)) {
        for &(first, last) in slice.parts() {
            let mut next = Some(first);
            let from = self.spans.partition_point(|span| span.last < first);
            for span in self.spans.get(from..).unwrap_or_default() {
                let Some(at) = next.filter(|at| *at <= last) else {
                    break;
                };
                if span.first > last {
                    break;
                }
                if at < span.first
                    && let Some(before) = span.first.previous()
                {
                    visit(at, before, None);
                }
                visit(at.max(span.first), last.min(span.last), Some(span));
                next = span.last.next();
            }
            if let Some(at) = next.filter(|at| *at <= last) {
                visit(at, last, None);
            }
        }
    }
}

/// Returns the first and last address of an entry of this family.
fn bounds<A: Address>(entry: &FibEntry) -> Option<(A, A)> {
    A::from_ip(entry.prefix.network()).zip(A::from_ip(entry.prefix.broadcast()))
}

/// Turns nested prefixes, in order, into disjoint intervals.
#[derive(Debug)]
struct Sweep<A> {
    done: Vec<Span<A>>,
    /// Entries around the present address, the shortest first, each with the
    /// first of its addresses that is not decided yet.
    open: Vec<(Option<A>, Span<A>)>,
    actions: Vec<FibAction>,
}

impl<A> Default for Sweep<A> {
    fn default() -> Self {
        Self {
            done: Vec::new(),
            open: Vec::new(),
            actions: Vec::new(),
        }
    }
}

impl<A: Address> Sweep<A> {
    /// Begins an entry: what lies before it belongs to the entries around it.
    fn open(&mut self, span: Span<A>) {
        self.close_before(Some(span.first));
        if let Some((next, around)) = self.open.last_mut() {
            if let Some(first) = next.filter(|first| *first < span.first)
                && let Some(last) = span.first.previous()
            {
                self.done.push(Span {
                    first,
                    last,
                    ..*around
                });
            }
            *next = span.last.next();
        }
        self.open.push((Some(span.first), span));
    }

    /// Ends the entries that end before an address.
    fn close_before(&mut self, address: Option<A>) {
        let ends = |entry: &mut (Option<A>, Span<A>)| address.is_none_or(|at| entry.1.last < at);
        while let Some((next, span)) = self.open.pop_if(ends) {
            if let Some(first) = next.filter(|first| *first <= span.last) {
                self.done.push(Span { first, ..span });
            }
        }
    }

    fn finish(mut self) -> Table<A> {
        self.close_before(None);
        Table {
            spans: self.done,
            actions: self.actions,
        }
    }
}
