//! Sorted, disjoint intervals of one field's values.

use crate::address::Address;
use crate::error::SetError;
use crate::header::{AddressMatch, AddressSet, Family, Ports, Wildcard};
use std::ops::RangeInclusive;

/// The most intervals that one field of one line may fall into.
///
/// A wildcard with sixteen scattered ignored bits reaches it; the largest seen
/// in a real configuration (Stanford, mask 0.0.255.0) has 256.
pub const MAX_INTERVALS: usize = 1 << 16;

/// A set of values of one field, as intervals with both ends included.
///
/// INVARIANT: intervals are in ascending order, and between two of them at
/// least one value is missing; so equal sets are equal lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Intervals<A>(Vec<(A, A)>);

impl<A: Address> Intervals<A> {
    /// The set without any value.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The set of one value.
    pub fn one(value: A) -> Self {
        Self(vec![(value, value)])
    }

    /// The values from the first to the last; none when the first is above the last.
    pub fn range(first: A, last: A) -> Self {
        Self::of(vec![(first, last)])
    }

    /// The union of intervals in any order, overlapping or not.
    ///
    /// An interval whose first value is above its last is empty.
    pub fn of(mut parts: Vec<(A, A)>) -> Self {
        parts.retain(|(first, last)| first <= last);
        parts.sort_unstable();
        let mut merged: Vec<(A, A)> = Vec::with_capacity(parts.len());
        for (first, last) in parts {
            match merged.last_mut() {
                Some(before) if before.1.next().is_none_or(|next| first <= next) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// The values of a smaller field, written as ranges.
    pub fn small(ranges: impl IntoIterator<Item = RangeInclusive<u32>>) -> Self {
        let widen = |range: RangeInclusive<u32>| (*range.start(), *range.end());
        let parts = ranges.into_iter().map(widen);
        Self::of(
            parts
                .map(|(a, b)| (A::from_u32(a), A::from_u32(b)))
                .collect(),
        )
    }

    /// The addresses of this family in a set; those of the other family are left out.
    ///
    /// # Errors
    ///
    /// [`SetError::TooManyIntervals`] above [`MAX_INTERVALS`].
    pub fn addresses(set: &AddressSet) -> Result<Self, SetError> {
        let mut parts = Vec::with_capacity(set.0.len());
        for part in &set.0 {
            match part {
                AddressMatch::Net(net) => {
                    let first = A::from_ip(net.network());
                    let last = A::from_ip(net.broadcast());
                    parts.extend(first.zip(last));
                }
                AddressMatch::Range(first, last) => {
                    parts.extend(A::from_ip(*first).zip(A::from_ip(*last)));
                }
                AddressMatch::Wildcard(wildcard) => wildcard_parts(*wildcard, &mut parts)?,
            }
            // A list may name more prefixes than that, as long as few remain.
            if parts.len() > 2 * MAX_INTERVALS {
                parts = Self::of(parts).within_limit()?.0;
            }
        }
        Self::of(parts).within_limit()
    }

    /// The 32-bit values whose bits under `mask` are those of `value`.
    ///
    /// # Errors
    ///
    /// [`SetError::TooManyIntervals`] above [`MAX_INTERVALS`].
    pub fn masked(mask: u32, value: u32) -> Result<Self, SetError> {
        let mut parts = Vec::new();
        masked_parts(value & mask, !mask, &mut parts)?;
        Self::of(parts).within_limit()
    }

    /// Returns the set, unless it has more intervals than are allowed.
    fn within_limit(self) -> Result<Self, SetError> {
        if self.0.len() > MAX_INTERVALS {
            return Err(SetError::TooManyIntervals {
                limit: MAX_INTERVALS,
            });
        }
        Ok(self)
    }

    /// Returns the intervals in ascending order.
    pub fn parts(&self) -> &[(A, A)] {
        &self.0
    }

    /// Tells whether no value is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a value is in the set.
    pub fn contains(&self, value: A) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= value);
        let before = after.checked_sub(1).and_then(|index| self.0.get(index));
        before.is_some_and(|(_, last)| value <= *last)
    }

    /// Returns the values that are in either set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied().collect())
    }

    /// Tells whether any value is in both sets.
    pub fn meets(&self, other: &Self) -> bool {
        let (mut mine, mut theirs) = (self.0.iter(), other.0.iter());
        let (mut a, mut b) = (mine.next(), theirs.next());
        while let (Some((first, last)), Some((begin, end))) = (a, b) {
            if last < begin {
                a = mine.next();
            } else if end < first {
                b = theirs.next();
            } else {
                return true;
            }
        }
        false
    }

    /// Returns the values that are in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut parts = Vec::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                parts.push((first, last));
            }
            if a.1 <= b.1 {
                left.next();
            } else {
                right.next();
            }
        }
        Self(parts)
    }

    /// Returns the values up to `max` that are not in the set.
    #[must_use]
    pub fn not(&self, max: A) -> Self {
        let mut parts = Vec::with_capacity(self.0.len() + 1);
        let mut free = Some(A::ZERO);
        for (first, last) in &self.0 {
            if let (Some(start), Some(end)) = (free, first.previous())
                && start <= end
            {
                parts.push((start, end.min(max)));
            }
            free = last.next();
        }
        if let Some(start) = free {
            parts.push((start, max));
        }
        Self::of(parts)
    }
}

impl<A: Address> From<&Ports> for Intervals<A> {
    fn from(ports: &Ports) -> Self {
        Self::small(
            ports
                .0
                .iter()
                .map(|range| u32::from(*range.start())..=u32::from(*range.end())),
        )
    }
}

/// Adds the addresses of a wildcard; an IPv6 diagram has none of them.
fn wildcard_parts<A: Address>(wildcard: Wildcard, parts: &mut Vec<(A, A)>) -> Result<(), SetError> {
    if A::FAMILY == Family::V6 {
        return Ok(());
    }
    let ignore = wildcard.ignore.to_bits();
    masked_parts(wildcard.address.to_bits() & !ignore, ignore, parts)
}

/// Adds the values that agree with `fixed` outside `ignore`: one interval for
/// each way to set the ignored bits that are not the lowest.
fn masked_parts<A: Address>(
    fixed: u32,
    ignore: u32,
    parts: &mut Vec<(A, A)>,
) -> Result<(), SetError> {
    let low_bits = ignore.trailing_ones();
    let low = if low_bits == u32::BITS {
        u32::MAX
    } else {
        (1 << low_bits) - 1
    };
    let scattered = ignore & !low;
    if 1_u64 << scattered.count_ones() > MAX_INTERVALS as u64 {
        return Err(SetError::TooManyIntervals {
            limit: MAX_INTERVALS,
        });
    }
    let mut bits = 0_u32;
    loop {
        let first = fixed | bits;
        parts.push((A::from_u32(first), A::from_u32(first | low)));
        // The next subset of the scattered bits, in ascending order.
        bits = bits.wrapping_sub(scattered) & scattered;
        if bits == 0 {
            return Ok(());
        }
    }
}
