//! What is wrong, where it stands, and who can mend it.
//!
//! Two things every other crate needs and nothing else:
//!
//! - [`Sources`] holds the text of every file that was read; a [`Span`] points
//!   into it, and [`Sources::location`] turns a span into file, line and column.
//! - A [`Finding`] is one thing wrong: a stable [`Code`], a [`Severity`], a
//!   sentence, the evidence for it, and the organisation that can mend it.
//!
//! Nothing here does I/O; how a finding is shown is the business of the rim.

mod finding;
mod source;

pub use finding::{Code, Evidence, Finding, Severity};
pub use source::{FileId, Location, SourceFile, Sources, Span};
