//! What can go wrong when sets of packets are computed.

/// An operation on packet sets has no answer.
///
/// None of these leaves a diagram unusable: sets made before keep their meaning.
/// A caller that cannot go on reports `unknown`, never an empty or a full set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The sets would take more memory than the limit of the diagram allows.
    #[error("packet sets need more than {limit} {unit}")]
    Exhausted {
        /// What is limited: `nodes` or `segments`.
        unit: &'static str,
        /// The limit, from [`crate::Limits`].
        limit: usize,
    },

    /// A handle was used after the work it belongs to was released.
    #[error("a packet set was used after its memory was released")]
    Released,

    /// A field's values fall into too many intervals.
    ///
    /// A wildcard mask with many scattered bits does this.
    #[error("the values fall into more than {limit} intervals")]
    TooManyIntervals {
        /// The limit, [`crate::MAX_INTERVALS`].
        limit: usize,
    },

    /// A rewrite names values outside the field, or moves one value twice.
    #[error("the rewrite is not a function on the field's values")]
    MalformedRewrite,
}
