//! A folder without its secrets.
//!
//! [`sanitise`] writes a copy of what [`crate::load`] reads, in which each key,
//! password and community is replaced by a token: `removed-1`, `removed-2`, ….
//! Equal secrets get equal tokens across the whole folder, so that what
//! depends on both ends agreeing still does; different ones stay different.
//! Nothing else changes, and no line moves, so verdicts and the lines they cite
//! stay the same.
//!
//! Only files that are read are copied. A language whose secrets are not known
//! ends the work before anything is written; so does a secret that a reader of
//! configurations saw and this module did not.

mod fortios;
mod ios;
mod linux;

use crate::snapshot::Snapshot;
use crate::{LoadError, disk};
use dialects::detect::Language;
use findings::{FileId, Finding, SourceFile, Span};
use region::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a token begins with; a number follows.
const TOKEN: &str = "removed-";

/// The code by which readers of configurations tell of secrets.
const SECRET: &str = "secret-in-configuration";

/// A copy without secrets could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SanitiseError {
    /// The folder could not be loaded.
    #[error("cannot load the folder")]
    Load(#[source] LoadError),

    /// The folder to write to has something in it, or is no folder.
    #[error("`{path}` is not an empty folder")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },

    /// A file or folder could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },

    /// Nobody knows what is a secret in a file.
    #[error("`{path}` is in a language whose secrets are not known")]
    UnknownLanguage {
        /// The file.
        path: String,
    },

    /// A line holds a secret that could not be told from the rest of it.
    #[error("`{path}` holds a secret on line {line} that cannot be removed")]
    SecretKept {
        /// The file.
        path: String,
        /// The line, from one.
        line: u32,
    },
}

impl SanitiseError {
    /// Returns the stable code that logs, answers and documents refer to.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Load(error) => error.code(),
            Self::NotEmpty { .. } => "sanitise-target-not-empty",
            Self::Write { .. } => "sanitise-unwritable",
            Self::UnknownLanguage { .. } => "sanitise-language-unknown",
            Self::SecretKept { .. } => "sanitise-secret-kept",
        }
    }

    /// Returns what people can do about it, where we know.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Load(error) => error.hint(),
            Self::NotEmpty { .. } => Some("name a folder that does not exist yet"),
            Self::Write { .. } => None,
            Self::UnknownLanguage { .. } => {
                Some("move the file out of the folder; nothing has been written")
            }
            Self::SecretKept { .. } => {
                Some("remove the secret by hand first; nothing has been written")
            }
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many files were written.
    pub files: usize,
    /// How many places had a secret.
    pub places: usize,
    /// How many different secrets there were.
    pub secrets: usize,
}

/// Writes a copy of a folder without secrets into a folder that is empty or
/// does not exist.
///
/// # Errors
///
/// See [`SanitiseError`]. Before the first file is written everything has been
/// read and judged.
pub fn sanitise(from: &Path, to: &Path, today: Date) -> Result<Report, SanitiseError> {
    let snapshot = crate::load(from, today).map_err(SanitiseError::Load)?;
    let places = secrets(&snapshot)?;
    let mut tokens = Tokens::new(&snapshot);
    let mut report = Report {
        files: 0,
        places: places.values().map(Vec::len).sum(),
        secrets: 0,
    };
    let mut texts = Vec::new();
    for (file, source) in snapshot.sources.iter() {
        let spans = places.get(&file).map_or(&[][..], Vec::as_slice);
        texts.push((source.path(), replace(source, spans, &mut tokens)));
    }
    report.secrets = tokens.tokens.len();
    report.files = texts.len();
    let occupied = fs::read_dir(to).map(|mut entries| entries.next().is_some());
    if to.exists() && occupied.unwrap_or(true) {
        return Err(SanitiseError::NotEmpty {
            path: to.to_path_buf(),
        });
    }
    for (path, text) in texts {
        write(&disk::join(to, path), &text)?;
    }
    Ok(report)
}

fn write(path: &Path, text: &str) -> Result<(), SanitiseError> {
    let unwritable = |cause| SanitiseError::Write {
        path: path.to_path_buf(),
        cause,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    fs::write(path, text).map_err(unwritable)
}

/// Returns the places of all secrets, by file, ascending and apart.
///
/// # Errors
///
/// [`SanitiseError::UnknownLanguage`] and [`SanitiseError::SecretKept`].
pub fn secrets(snapshot: &Snapshot) -> Result<BTreeMap<FileId, Vec<Span>>, SanitiseError> {
    let mut places = BTreeMap::new();
    for coverage in &snapshot.coverage {
        let file = coverage.file;
        let Some(source) = snapshot.sources.file(file) else {
            continue;
        };
        let found = match coverage.language {
            Language::CiscoIos => ios::secrets(source.text()),
            Language::Fortios => fortios::secrets(source.text()),
            Language::LinuxHost => linux::secrets(source.text()),
            Language::LinuxRules => Vec::new(),
            Language::NotSupported(_) | Language::Unknown => {
                return Err(SanitiseError::UnknownLanguage {
                    path: source.path().to_owned(),
                });
            }
        };
        let spans = found.into_iter().filter_map(|(start, end)| {
            let start = u32::try_from(start).ok()?;
            let end = u32::try_from(end).ok()?;
            (start < end).then_some(Span { file, start, end })
        });
        let mut spans: Vec<Span> = spans.collect();
        spans.sort_unstable();
        spans.dedup_by(|next, before| next.start < before.end);
        places.insert(file, spans);
    }
    for finding in &snapshot.findings {
        all_found(snapshot, finding, &places)?;
    }
    Ok(places)
}

/// Looks whether each line that a reader calls secret has a place to replace.
fn all_found(
    snapshot: &Snapshot,
    finding: &Finding,
    places: &BTreeMap<FileId, Vec<Span>>,
) -> Result<(), SanitiseError> {
    if finding.code.as_str() != SECRET {
        return Ok(());
    }
    let evidence = finding.evidence.iter().filter_map(|evidence| evidence.span);
    for span in finding.primary.into_iter().chain(evidence) {
        let Some(source) = snapshot.sources.file(span.file) else {
            continue;
        };
        let line = source.line_of(span.start);
        let on_line = |place: &Span| source.line_of(place.start) == line;
        let found = places.get(&span.file).is_some_and(|spans| {
            let after = spans.partition_point(|place| source.line_of(place.start) < line);
            spans.get(after).is_some_and(on_line)
        });
        if !found {
            let path = source.path().to_owned();
            return Err(SanitiseError::SecretKept { path, line });
        }
    }
    Ok(())
}

/// Replaces the places of a file by tokens; the number of lines stays.
fn replace(source: &SourceFile, spans: &[Span], tokens: &mut Tokens) -> String {
    let text = source.text();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in spans {
        let (start, end) = (span.start as usize, span.end as usize);
        let (Some(before), Some(secret)) = (text.get(done..start), text.get(start..end)) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&tokens.token(secret));
        // A key of several lines leaves its line ends, so that no line moves.
        out.extend(secret.chars().filter(|&c| c == '\n'));
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The token of each secret of a folder.
struct Tokens {
    tokens: BTreeMap<String, u32>,
    /// Numbers that stand in the folder already, as of one sanitised before.
    taken: BTreeSet<u32>,
    next: u32,
}

impl Tokens {
    fn new(snapshot: &Snapshot) -> Self {
        let texts = snapshot.sources.iter().map(|(_, source)| source.text());
        let taken = texts.flat_map(|text| {
            text.split(TOKEN).skip(1).filter_map(|rest| {
                let digits = rest.find(|c: char| !c.is_ascii_digit());
                rest.get(..digits.unwrap_or(rest.len()))?.parse().ok()
            })
        });
        Self {
            tokens: BTreeMap::new(),
            taken: taken.collect(),
            next: 0,
        }
    }

    /// Returns the token of a secret; a token stays itself.
    fn token(&mut self, secret: &str) -> String {
        let number = secret.strip_prefix(TOKEN).map(str::parse::<u32>);
        if let Some(Ok(_)) = number {
            return secret.to_owned();
        }
        let number = match self.tokens.get(secret) {
            Some(&number) => number,
            None => {
                self.next += 1;
                while self.taken.contains(&self.next) {
                    self.next += 1;
                }
                self.tokens.insert(secret.to_owned(), self.next);
                self.next
            }
        };
        format!("{TOKEN}{number}")
    }
}

/// The words of a line, each with its first byte and the one past its last.
fn words(line: &str, start: usize) -> Vec<(usize, usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in line.split([' ', '\t']) {
        if !part.is_empty() {
            words.push((start + at, start + at + part.len(), part));
        }
        at += part.len() + 1;
    }
    words
}

/// The lines of a text without their ends, each with its first byte.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line.trim_end_matches(['\n', '\r'])))
    })
}
