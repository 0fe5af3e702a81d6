//! Text to a tree of statements and blocks, with spans.
//!
//! A configuration is a sequence of statements, one a line, except that a
//! quoted value may run over several lines (FortiOS administration guide,
//! "Using the CLI", "Command syntax"). `config` opens a table or an object,
//! `edit` an entry of a table; `next` closes an entry, `end` closes a table
//! and the entry in it that is still open, as backups of virtual domains need.

mod lexer;
mod tree;

pub(crate) use lexer::{Lines, Statement, Word};
pub(crate) use tree::{Block, Item, Tree, parse};
