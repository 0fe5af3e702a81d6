//! What may be released of a patient's records, and why.
//!
//! The contract is `docs/consent-truth-table.md`; rules are cited by their
//! numbers there (R1 to R83). [`consent`] is what patients instruct and how
//! instructions combine, [`disclosure`] the decision about a request, its
//! trace and its notice, [`access_log`] what a patient is shown of it.
//!
//! Nothing here does I/O or reads a clock; the moment is an argument.

pub mod access_log;
pub mod consent;
pub mod disclosure;
pub mod items;
pub mod patient;
pub mod time;
pub mod words;
