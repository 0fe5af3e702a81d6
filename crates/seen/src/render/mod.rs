//! Answers in the forms people and programs ask for.

pub(crate) mod check;
pub(crate) mod findings;
pub(crate) mod graph;
pub(crate) mod html;
pub(crate) mod junit;
pub(crate) mod matrix;
pub(crate) mod sarif;
pub(crate) mod story;
pub(crate) mod table;
