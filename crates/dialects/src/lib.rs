//! Configuration languages: text to the common model.
//!
//! One folder a language, each with the same stages: `syntax` (text to a tree
//! with spans), `reading` (tree to the language's own model), `meaning` (to
//! [`networks::model`]). Reading never fails: what is not understood is in the
//! result, line by line.

pub mod cisco_ios;
pub mod detect;
pub mod fortios;
pub mod linux;
pub mod statement;
