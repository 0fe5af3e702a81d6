//! Instructions of patients: their form, what they reach, which count, and
//! what they say together (R26 to R61).

mod clause;
mod combine;
mod counting;
mod instruction;
mod reach;
pub mod recording;
mod within;

pub use clause::{
    Actor, Clause, Constraint, DEPTH_MAX, Effect, Level, Path, Period, Purpose, Team, TooDeep,
    Value,
};
pub use combine::{Said, Verdict, combine};
pub use counting::{Counted, Holder, Part, Standing, counted, standing};
pub use instruction::{
    Capacity, EndKind, Ending, Evidence, Giver, Instruction, Objection, Proof, Status, VersionRef,
};
pub use reach::{Asker, Reach, Situation, reach};
pub use within::{Kinds, lies_within, meets};
