//! The version of FortiOS that wrote a file.

/// A version: major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Version {
    /// Reads the header of a backup: `config-version=FGVMK6-6.4.4-FW-build1803-…`.
    pub(crate) fn of_header(comment: &str) -> Option<Self> {
        let value = comment.trim().strip_prefix("config-version=")?;
        let mut parts = value.split('-').nth(1)?.split('.');
        let mut next = || parts.next()?.parse().ok();
        Some(Self(next()?, next()?, next()?))
    }

    /// Returns major and minor.
    fn branch(self) -> (u8, u8) {
        (self.0, self.1)
    }

    /// Tells whether a change that was made in several branches is in this
    /// version: `since` names, for each branch, the first with it, in
    /// ascending order; later branches have it from the start.
    pub(crate) fn has(self, since: &[Self]) -> bool {
        match since.iter().find(|first| first.branch() == self.branch()) {
            Some(first) => self >= *first,
            None => since.last().is_some_and(|last| self > *last),
        }
    }
}
