//! Cisco IOS and IOS-XE.
//!
//! [`read`] takes one exported configuration (`show running-config`, or what
//! RANCID keeps of it) to one device of the common model:
//!
//! - `syntax` makes an indentation tree with spans; `flat` knows which lines a
//!   mode takes where an export lost its indentation.
//! - `reading` takes each command into IOS's own model (`config`): names are
//!   not resolved yet, order on the page no longer matters where IOS does not
//!   care for it (access lists are sorted by sequence number).
//! - `meaning` resolves names and takes it to [`networks::model`].
//! - `harmless` is the checked-in list of what does not bear on where packets
//!   go, each class with its reason.
//!
//! # Order of operations
//!
//! Cisco, "NAT Order of Operation" (document 6209): from inside to outside the
//! input list, policy routing, routing, translation, crypto map, output list,
//! inspection; from outside to inside the input list, translation, policy
//! routing, routing, crypto map, output list, inspection. Zone-based policies
//! see inside addresses: before translation on the way out, after it on the
//! way in.

mod config;
mod flat;
mod harmless;
mod meaning;
mod names;
mod reading;
mod syntax;
mod words;

use findings::{FileId, SourceFile};
use networks::model::Reading;

/// Reads one configuration; see the module's documentation.
///
/// `file` is the id of `source`, for spans. Every line of the file gets a
/// state; what is not understood is in the device as `unread`, or unknown in
/// the list it stands in.
pub fn read(file: FileId, source: &SourceFile) -> Reading {
    let tree = syntax::parse(file, source);
    let read = reading::read(&tree);
    meaning::build(file, source, read)
}

/// Returns the classes of lines that do not bear on packets, as (name, reason).
pub fn harmless_classes() -> impl Iterator<Item = (&'static str, &'static str)> {
    harmless::classes().map(|class| (class.name, class.reason))
}
