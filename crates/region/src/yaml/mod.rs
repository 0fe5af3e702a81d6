//! YAML as people write it, strictly: the one place that knows the parser.
//!
//! Text becomes a tree in which every key and value knows where it stands
//! ([`tree`]), and the tree is deserialized into the types of
//! [`crate::files`] ([`de`]). Going by a tree of our own lets one pass report
//! many problems, each with its place: an element of a list that is wrong is
//! noted and left out, and reading goes on with the next.
//!
//! These files are data, so the machinery of YAML that makes text stand for
//! other text is refused: anchors, aliases, tags, several documents in a file.
//! Scalars keep their spelling: `NO` and `5E1` are text where text is expected.

mod de;
mod fault;
mod tree;

pub use tree::{DEPTH_MAX, FILE_SIZE_MAX, NODES_MAX};

pub(crate) use de::{ENTRIES, SPANNED};
pub use fault::nearest;

use de::Notes;
use fault::Fault;
use tree::Node;

use findings::{FileId, Finding, SourceFile, Span};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The most problems reported of one file; a file of noise has no more to say.
const PROBLEMS_MAX: usize = 100;

/// How often one file is read to tell more of what is wrong with it: once for
/// each wrong field of the type that has most of them.
const READINGS_MAX: usize = 16;

/// Reads one file as a `T`.
///
/// # Errors
///
/// Everything found to be wrong with the file, in the order of its lines.
pub(crate) fn read<T: DeserializeOwned>(
    file: FileId,
    source: &SourceFile,
) -> Result<T, Vec<Finding>> {
    let notes = Notes::default();
    let value = match tree::parse(source.text(), &notes) {
        Ok(root) => read_tree(&root, file, &notes),
        Err(fault) => {
            notes.push(fault);
            None
        }
    };
    let mut faults = notes.into_faults();
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ => {
            faults.sort_by_key(|fault| (fault.span, fault.to_string()));
            faults.dedup();
            faults.truncate(PROBLEMS_MAX);
            let findings = faults.into_iter().map(|fault| fault.into_finding(file));
            Err(findings.collect())
        }
    }
}

/// Reads the tree, again without the fields that are wrong while that tells more.
fn read_tree<T: DeserializeOwned>(root: &Node, file: FileId, notes: &Notes) -> Option<T> {
    for _ in 0..READINGS_MAX {
        let before = notes.left_out();
        match T::deserialize(de::De::new(root, file, notes)) {
            Ok(value) if notes.left_out() == 0 => return Some(value),
            Ok(_) => {}
            Err(fault) => notes.push(fault),
        }
        if notes.left_out() == before {
            break;
        }
    }
    None
}

/// Bytes of one file, first and one past the last.
type Bytes = (u32, u32);

/// Attaches a file to bytes of it.
fn span(file: FileId, (start, end): Bytes) -> Span {
    Span { file, start, end }
}

/// A value, or none where it is wrong and has been noted.
///
/// Only the deserializer of this module notes; with another one an error ends
/// the reading as usual.
pub(crate) struct Attempt<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attempt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AttemptVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for AttemptVisitor<T> {
            type Value = Attempt<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                seq.next_element().map(Attempt)
            }
        }
        deserializer.deserialize_newtype_struct(de::ATTEMPT, AttemptVisitor(PhantomData))
    }
}

/// Reads a list; an element that is wrong is noted and left out.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let attempts = Vec::<Attempt<T>>::deserialize(deserializer)?;
    Ok(attempts
        .into_iter()
        .filter_map(|attempt| attempt.0)
        .collect())
}
