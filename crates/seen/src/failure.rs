//! Why a command could not answer.

use crate::exit::Exit;
use crate::render;
use snapshots::sanitise::SanitiseError;
use snapshots::{LoadError, UnreadableRegion};
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// How many problems of a region's files are shown; the others are counted.
const PROBLEMS_MAX: usize = 20;

/// A command could not answer at all.
///
/// What is wrong *in* readable input is no failure but a finding.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A folder or file could not be read into a snapshot.
    #[error("cannot read `{}`", path.display())]
    Load {
        /// What was asked for.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: snapshots::LoadError,
    },

    /// A copy without secrets could not be made.
    #[error("cannot sanitise `{}`", path.display())]
    Sanitise {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: snapshots::sanitise::SanitiseError,
    },

    /// Something could not be written.
    #[error("cannot write {what}")]
    Write {
        /// Where to.
        what: String,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },

    /// A name on the command line is not in the input.
    #[error("there is no {kind} `{name}`")]
    NoSuch {
        /// What kind of thing.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that there are, nearest first.
        known: Vec<String>,
    },

    /// A value on the command line does not fit.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },

    /// A file or folder is there already and would be overwritten.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },

    /// An answer could not be put into the form asked for.
    #[error("cannot write the answer as {format}")]
    Format {
        /// The form.
        format: &'static str,
        /// Why not.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl Failure {
    /// Returns the stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Load { cause, .. } => cause.code(),
            Self::Sanitise { cause, .. } => cause.code(),
            Self::Write { .. } => "output-unwritable",
            Self::NoSuch { .. } => "argument-unknown-name",
            Self::Usage { .. } => "argument-unusable",
            Self::Exists { .. } => "output-exists",
            Self::Format { .. } => "output-format",
        }
    }

    /// Returns what to do, where we know.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Load { cause, .. } => cause.hint().map(str::to_owned),
            Self::Sanitise { cause, .. } => cause.hint().map(str::to_owned),
            Self::NoSuch { known, .. } if known.is_empty() => None,
            Self::NoSuch { known, .. } => {
                let nearest: Vec<_> = known
                    .iter()
                    .take(5)
                    .map(|name| format!("`{name}`"))
                    .collect();
                let more = if known.len() > nearest.len() {
                    ", …"
                } else {
                    ""
                };
                Some(format!("there are {}{more}", nearest.join(", ")))
            }
            Self::Usage { hint, .. } => hint.clone(),
            Self::Exists { .. } => Some("name a folder that does not exist yet".to_owned()),
            Self::Write { .. } | Self::Format { .. } => None,
        }
    }

    /// Returns what the process ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Load { .. } | Self::NoSuch { .. } | Self::Usage { .. } => Exit::Usage,
            Self::Exists { .. } | Self::Sanitise { .. } => Exit::Refused,
            Self::Write { .. } | Self::Format { .. } => Exit::InputOutput,
        }
    }

    /// Returns what is wrong with the files of a region, where that is the cause.
    fn unreadable_region(&self) -> Option<&UnreadableRegion> {
        let cause = match self {
            Self::Load { cause, .. } => cause,
            Self::Sanitise {
                cause: SanitiseError::Load(cause),
                ..
            } => cause,
            _ => return None,
        };
        match cause {
            LoadError::Region(unreadable) => Some(unreadable),
            _ => None,
        }
    }

    /// Writes the failure as people read it: what, because of what, each
    /// problem in its line, what to do.
    pub(crate) fn describe(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("error[{}]: {self}", self.code());
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = write!(text, "\n  caused by: {error}");
            cause = error.source();
        }
        if let Some(region) = self.unreadable_region() {
            for problem in region.problems.iter().take(PROBLEMS_MAX) {
                let shown = render::findings::finding(problem, &region.sources, true);
                let _ = write!(text, "\n\n{shown}");
            }
            let left = region.problems.len().saturating_sub(PROBLEMS_MAX);
            if left > 0 {
                let _ = write!(text, "\n\nand {left} more");
            }
        }
        if let Some(hint) = self.hint() {
            let _ = write!(text, "\n\nhint: {hint}");
        }
        text
    }
}

/// Sorts names so that those nearest to what was typed come first: mistyped or
/// cut short, the beginning is right more often than not (Jaro-Winkler).
pub(crate) fn nearest(typed: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let likeness = |name: &str| strsim::jaro_winkler(typed, name);
    let mut names: Vec<(f64, String)> = names
        .into_iter()
        .map(|name| (likeness(&name), name))
        .collect();
    names.sort_by(|left, right| {
        right
            .0
            .total_cmp(&left.0)
            .then_with(|| left.1.cmp(&right.1))
    });
    names.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was mistyped by one letter is offered first.
    #[test]
    fn nearest_name_comes_first() {
        let names = ["as1core1", "as2core1", "fw-1"].map(str::to_owned);
        assert_eq!(
            nearest("fw1", names).first().map(String::as_str),
            Some("fw-1")
        );
    }
}
