//! Which packets arrive, and whether their answers come back: exactly, for all
//! packets at once.
//!
//! The model's clauses ([`crate::model`]) become a graph of [places](place): a
//! packet at an interface, at a hook, at the forwarding decision. From every
//! place, disjoint sets of packets go their ways. Backward from where packets
//! are to arrive, every place gets the sets of packets that do.

mod astray;
mod back;
mod chain;
mod change;
mod circling;
mod condition;
mod cones;
mod context;
mod deciding;
mod edited;
mod engine;
mod entering;
mod everywhere;
mod footprint;
mod graph;
mod limits;
mod machine;
mod onward;
mod pairs;
mod place;
mod question;
mod remembered;
mod rewriting;
mod routes;
mod runs;
pub mod seeded;
mod shadowed;
mod solve;
mod table;
mod there;
mod trail;
mod ways;
mod world;

pub use change::{Difference, Survey};
pub use engine::Engine;
pub use everywhere::{Everywhere, Together};
pub use pairs::{Endpoint, Pair, Scope};
pub use question::{Answer, Answers, Question, Shares, Start, Summary, Verdict};
pub use shadowed::{Shadowed, shadowed};
pub use solve::{Goal, Quad};
pub use world::LinkId;
