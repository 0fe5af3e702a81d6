//! The decision about a request: what of the patient's items is released.
//!
//! [`decide`] is the only way to a [`Release`], and what opens an item asks
//! for one. Overrides, the ladder (R1 to R21), the notice (R62 to R68).

mod agreement;
mod decision;
mod ladder;
mod notice;
mod overrides;
mod request;

pub use agreement::{Agreement, FreeText, Model};
pub use decision::{Decided, Decision, Release, decide};
pub use ladder::{Caught, Evidence, Outcome, Rule, Step};
pub use notice::Notice;
pub use overrides::{Override, Reason, counts};
pub use request::{Holdings, Relationship, Request, STALE_MINUTES, View, World};
