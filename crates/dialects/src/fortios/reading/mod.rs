//! The tree, executed: tables, entries and settings as the device would hold
//! them after the last line.
//!
//! FortiOS keeps its configuration as tables of entries of settings, and a
//! configuration file is a script that fills them: `set` replaces, `append` and
//! `select` add, `unset` returns to the default, `edit` opens an entry that may
//! be there already, `delete`, `purge`, `rename`, `clone` and `move` act on
//! entries (FortiOS CLI reference, "CLI basics"). Every node and setting
//! remembers its lines and whether anything made use of it, so that nothing is
//! dropped unseen.

mod build;
mod node;

pub(crate) use build::{Database, build};
pub(crate) use node::{Node, Setting};
