//! Header rewrites (address and port translation, marks) as relations.

use crate::address::Address;
use crate::error::SetError;
use crate::field::Field;
use crate::intervals::Intervals;

/// An interval that moves as a whole: `first..=last` to `to..=to + (last - first)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Piece<A> {
    /// The first value before.
    pub first: A,
    /// The last value before.
    pub last: A,
    /// What the first value becomes.
    pub to: A,
}

impl<A: Address> Piece<A> {
    /// Returns what the last value becomes, modulo the address space.
    pub(crate) fn to_last(self) -> A {
        self.to.wrapping_add(self.last.wrapping_sub(self.first))
    }
}

/// What happens to one field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change<A> {
    /// Values inside a piece move with it; a packet with any other value has no image.
    Shift(Vec<Piece<A>>),
    /// The value becomes any one of these, and which one is not known.
    OneOf(Intervals<A>),
    /// Of the mark, the bits under `mask` become those of `value`, the others stay.
    Bits {
        /// The bits that are written.
        mask: u32,
        /// What they become.
        value: u32,
    },
}

/// A relation between packets before and after a device rewrote their headers.
///
/// Fields change independently of each other; fields not named are kept. The
/// relation says nothing about which packets are rewritten: intersect its
/// pre-image with what the rule matches. A port is rewritten whatever the
/// protocol is, so the rule has to match a protocol with ports.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Rewrite<A> {
    changes: Vec<(Field, Change<A>)>,
}

impl<A: Address> Rewrite<A> {
    /// The rewrite that changes nothing.
    pub fn keep() -> Self {
        Self {
            changes: Vec::new(),
        }
    }

    /// Adds what happens to one field, replacing what was said of it before.
    ///
    /// # Errors
    ///
    /// [`SetError::MalformedRewrite`] when a value is above the field's highest,
    /// when two pieces of a shift start from the same value, and when `Bits` is
    /// used on anything but the mark, or `Shift` on the mark.
    pub fn with(mut self, field: Field, change: Change<A>) -> Result<Self, SetError> {
        let max = field.highest::<A>();
        let change = match change {
            Change::Shift(mut pieces) => {
                pieces.sort_unstable();
                let fits = |piece: &Piece<A>| {
                    let end = piece.to_last();
                    piece.first <= piece.last && piece.last <= max && piece.to <= end && end <= max
                };
                let apart = pieces
                    .iter()
                    .zip(pieces.iter().skip(1))
                    .all(|(a, b)| a.last < b.first);
                if field == Field::Mark || !(apart && pieces.iter().all(fits)) {
                    return Err(SetError::MalformedRewrite);
                }
                Change::Shift(pieces)
            }
            Change::OneOf(values) => {
                if values.parts().last().is_some_and(|(_, last)| *last > max) {
                    return Err(SetError::MalformedRewrite);
                }
                Change::OneOf(values)
            }
            Change::Bits { mask, value } => {
                if field != Field::Mark || value & !mask != 0 {
                    return Err(SetError::MalformedRewrite);
                }
                Change::Bits { mask, value }
            }
        };
        self.changes.retain(|(known, _)| *known != field);
        self.changes.push((field, change));
        self.changes.sort_unstable_by_key(|(field, _)| *field);
        Ok(self)
    }

    /// Adds that a field becomes one value.
    ///
    /// # Errors
    ///
    /// [`SetError::MalformedRewrite`] when the value is above the field's highest.
    pub fn to(self, field: Field, value: A) -> Result<Self, SetError> {
        self.with(field, Change::OneOf(Intervals::one(value)))
    }

    /// Returns the fields that change, in the order of the levels.
    pub fn changes(&self) -> &[(Field, Change<A>)] {
        &self.changes
    }

    /// Tells whether nothing changes.
    pub fn is_keep(&self) -> bool {
        self.changes.is_empty()
    }
}

impl<A: Address> Change<A> {
    /// Returns the values that have an image, within the field.
    pub(crate) fn domain(&self, field: Field) -> Intervals<A> {
        match self {
            Self::Shift(pieces) => Intervals::of(
                pieces
                    .iter()
                    .map(|piece| (piece.first, piece.last))
                    .collect(),
            ),
            Self::OneOf(values) if values.is_empty() => Intervals::none(),
            Self::OneOf(_) | Self::Bits { .. } => Intervals::range(A::ZERO, field.highest::<A>()),
        }
    }
}
