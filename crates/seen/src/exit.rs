//! What the exit code says.

use std::process::ExitCode;

/// How a command ended. The order is by precedence: of several, the last holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All as it should be.
    Fine,
    /// No findings, but some verdict could not be told.
    Unknown,
    /// Readable, but something is wrong: a journey fails, a name dangles.
    Findings,
    /// A signature is missing or an operation was refused.
    Refused,
    /// A file or a peer could not be read or written.
    InputOutput,
    /// The command line or the input is unusable.
    Usage,
}

impl Exit {
    /// Returns the number the process ends with.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Unknown => 3,
            Self::Refused => 4,
            Self::InputOutput => 5,
        }
    }
}

/// The number that says that `seen` itself is wrong.
pub(crate) const BUG: u8 = 70;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
