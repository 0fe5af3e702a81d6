//! `ip nat`.

use super::{Outcome, Reader};

impl<'a> Reader<'_, 'a> {
    /// `ip nat …`, the words after these two.
    pub(super) fn nat(&mut self, _: usize, _: &[&'a str], _: &[&'a str]) -> Outcome<'a> {
        Outcome::Matters("translation is not read yet")
    }
}
