//! Files on disk, within limits.

use crate::LoadError;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes; configurations of large devices
/// have some megabytes.
pub const FILE_SIZE_MAX: u64 = 64 << 20;

/// The most lines that a file may have: what is kept of a line does not depend
/// on its length. The longest configurations have some hundred thousand.
pub const FILE_LINES_MAX: usize = 2_000_000;

/// The most that is read of one folder, in bytes.
pub const TOTAL_SIZE_MAX: u64 = 1 << 30;

/// The most files and folders that are looked at.
pub const FILES_MAX: usize = 50_000;

/// How deep folders are looked into; the deepest layout needs five.
pub const DEPTH_MAX: usize = 8;

/// What is in a folder, by name: nothing is read yet.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Files, as paths from the folder with `/` between their parts, sorted.
    pub(crate) files: Vec<String>,
    /// Links to folders, which are not followed, sorted.
    pub(crate) links: Vec<String>,
}

/// Lists the files of a folder. Hidden ones are left out; links to files are
/// files, links to folders are not followed, so that no circle is walked.
pub(crate) fn list(root: &Path) -> Result<Listing, LoadError> {
    let mut listing = Listing::default();
    let mut seen = 0;
    let mut folders = vec![(root.to_path_buf(), String::new(), 0)];
    while let Some((folder, name, depth)) = folders.pop() {
        let unreadable = |cause| LoadError::Read {
            path: folder.clone(),
            cause,
        };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            seen += 1;
            if seen > FILES_MAX {
                return Err(LoadError::TooManyFiles {
                    path: root.to_path_buf(),
                    limit: FILES_MAX,
                });
            }
            let Ok(part) = entry.file_name().into_string() else {
                // A name that is no text names nothing that people wrote here.
                continue;
            };
            if part.starts_with('.') {
                continue;
            }
            let path = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                if depth < DEPTH_MAX {
                    folders.push((entry.path(), path, depth + 1));
                }
            } else if kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|to| to.is_dir()) {
                listing.links.push(path);
            } else {
                listing.files.push(path);
            }
        }
    }
    listing.files.sort_unstable();
    listing.links.sort_unstable();
    Ok(listing)
}

/// A text, and whether its bytes were not UTF-8.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) latin1: bool,
}

/// Reads files of one folder and counts what it has read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    root: &'a Path,
    total: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, total: 0 }
    }

    /// Reads a file as text; bytes that are not UTF-8 as ISO 8859-1, in which
    /// every byte is a character.
    pub(crate) fn read(&mut self, path: &str) -> Result<Text, LoadError> {
        let bytes = self.bytes(path)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Text {
                text,
                latin1: false,
            },
            Err(error) => Text {
                text: error.into_bytes().into_iter().map(char::from).collect(),
                latin1: true,
            },
        })
    }

    fn bytes(&mut self, path: &str) -> Result<Vec<u8>, LoadError> {
        let path = join(self.root, path);
        let unreadable = |cause| LoadError::Read {
            path: path.clone(),
            cause,
        };
        // Asked before it is opened: opening a pipe waits for a writer, and
        // devices never end.
        if !fs::metadata(&path).map_err(unreadable)?.is_file() {
            let cause = io::Error::other("not a regular file");
            return Err(unreadable(cause));
        }
        let file = File::open(&path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        let mut limited = file.take(FILE_SIZE_MAX + 1);
        limited.read_to_end(&mut bytes).map_err(unreadable)?;
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        if lines > FILE_LINES_MAX {
            return Err(LoadError::TooManyLines {
                path,
                limit: FILE_LINES_MAX,
            });
        }
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > FILE_SIZE_MAX {
            return Err(LoadError::FileTooLarge {
                path,
                limit_mib: FILE_SIZE_MAX >> 20,
            });
        }
        self.total += size;
        if self.total > TOTAL_SIZE_MAX {
            return Err(LoadError::FolderTooLarge {
                path: self.root.to_path_buf(),
                limit_mib: TOTAL_SIZE_MAX >> 20,
            });
        }
        Ok(bytes)
    }
}

/// Returns the path on disk of a path with `/` between its parts.
pub(crate) fn join(root: &Path, path: &str) -> PathBuf {
    let mut full = root.to_path_buf();
    full.extend(path.split('/'));
    full
}
