//! Why a folder could not be loaded.

use findings::{Finding, Sources};
use std::io;
use std::path::PathBuf;

/// A folder could not be loaded.
///
/// Only trouble with the outside world, and input that cannot be used at all,
/// ends up here. A configuration line that is not understood is not an error:
/// it is in the snapshot's coverage and findings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file or folder could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },

    /// The folder holds nothing that is read.
    #[error("there are no configurations in `{path}`")]
    Empty {
        /// The folder.
        path: PathBuf,
    },

    /// A file is larger than is read.
    #[error("`{path}` is larger than {limit_mib} MiB")]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// How large it may be.
        limit_mib: u64,
    },

    /// A file has more lines than are read.
    #[error("`{path}` has more than {limit} lines")]
    TooManyLines {
        /// The file.
        path: PathBuf,
        /// How many it may have.
        limit: usize,
    },

    /// All files together are larger than is read.
    #[error("the files in `{path}` are larger than {limit_mib} MiB together")]
    FolderTooLarge {
        /// The folder.
        path: PathBuf,
        /// How large they may be.
        limit_mib: u64,
    },

    /// The folder holds more files than are looked at.
    #[error("there are more than {limit} files in `{path}`")]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// How many there may be.
        limit: usize,
    },

    /// Two files of one network configure the same device.
    #[error("device `{device}` is configured by both `{first}` and `{second}`")]
    DuplicateDevice {
        /// The name both files give the device.
        device: String,
        /// The file read first.
        first: String,
        /// The file that repeats the name.
        second: String,
    },

    /// A cabling plan cannot be read.
    #[error("`{path}` is not a layer-1 topology")]
    Cabling {
        /// The file.
        path: String,
        /// What is wrong with it, and where.
        #[source]
        cause: serde_json::Error,
    },

    /// Files of the region cannot be read.
    #[error("{} {} in the region's files", .0.problems.len(), if .0.problems.len() == 1 { "problem" } else { "problems" })]
    Region(Box<UnreadableRegion>),
}

/// What is wrong with the files of a region, with their texts.
#[derive(Debug)]
pub struct UnreadableRegion {
    /// The texts, for showing the lines.
    pub sources: Sources,
    /// The problems, by file and line.
    pub problems: Vec<Finding>,
}

impl LoadError {
    /// Returns the stable code that logs, answers and documents refer to.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "snapshot-unreadable",
            Self::Empty { .. } => "snapshot-empty",
            Self::FileTooLarge { .. } => "snapshot-file-too-large",
            Self::TooManyLines { .. } => "snapshot-too-many-lines",
            Self::FolderTooLarge { .. } => "snapshot-too-large",
            Self::TooManyFiles { .. } => "snapshot-too-many-files",
            Self::DuplicateDevice { .. } => "snapshot-device-duplicate",
            Self::Cabling { .. } => "snapshot-cabling-invalid",
            Self::Region(_) => "region-unreadable",
        }
    }

    /// Returns what people can do about it, where we know.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { cause, .. } => Some(match cause.kind() {
                io::ErrorKind::NotFound => "is the path right? a link may lead to nothing",
                io::ErrorKind::PermissionDenied => "let the account that runs `seen` read it",
                _ => "mend it, or take it out of the folder",
            }),
            Self::Region(_) => Some(
                "the files are described in `docs/reference/region-files.md`; `seen schema` prints their JSON Schemas",
            ),
            Self::Empty { .. } => Some(
                "a folder of configurations has them in `configs/` (and `hosts/`) or directly in it, as *.cfg, *.conf or *.txt; a region has a `region.yaml`",
            ),
            Self::FileTooLarge { .. } | Self::TooManyLines { .. } => {
                Some("exported configurations are far smaller: is this one?")
            }
            Self::FolderTooLarge { .. } | Self::TooManyFiles { .. } => {
                Some("name the folder of the region or of the configurations themselves")
            }
            Self::DuplicateDevice { .. } => {
                Some("remove one of the two files, or rename the device in it")
            }
            Self::Cabling { .. } => Some(
                "it is written `{\"edges\": [{\"node1\": {\"hostname\": …, \"interfaceName\": …}, \"node2\": …}]}`",
            ),
        }
    }
}
