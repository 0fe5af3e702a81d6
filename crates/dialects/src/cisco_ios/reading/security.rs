//! Zones, inspection and encryption.

use super::{Outcome, Reader};

impl<'a> Reader<'_, 'a> {
    /// A command of these families; `None` where it is none.
    pub(super) fn security(&mut self, _: usize, _: &[&'a str]) -> Option<Outcome<'a>> {
        None
    }

    /// `ip inspect name …`, the words after these three.
    pub(super) fn inspection(&mut self, _: usize, _: &[&'a str]) -> Outcome<'a> {
        Outcome::Matters("inspection is not read yet")
    }
}
