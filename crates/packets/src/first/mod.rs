//! First-match lists, compiled in a scratch diagram with numbers as terminals.
//!
//! Deciding every packet by the first line that matches it needs one operator:
//! `first(a, b)` is `a` where `a` has decided and `b` elsewhere. Applied to the
//! lines in a balanced tree it never builds more than the lists' parts need,
//! and only the result goes into the lasting diagram.

mod decisions;
mod pile;
mod revisions;
mod scratch;

pub use decisions::Decisions;
pub use revisions::Revisions;
pub(crate) use scratch::Scratch;
