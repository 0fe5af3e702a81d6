//! The files of a region, read together.

use crate::check::codes;
use crate::files::FileKind;
use crate::model::{Named, Region};
use crate::yaml;
use findings::{FileId, Finding, Severity, SourceFile, Sources};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// One file of a region: what it holds, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// What it holds.
    pub kind: FileKind,
    /// Where its text is.
    pub file: FileId,
}

/// Reads a region from its files, in any order.
///
/// # Errors
///
/// Everything that keeps files from being read, of all files, sorted by file
/// and line: what is not YAML, unknown, repeated and missing keys, values of
/// the wrong form. Two files of one kind and name, which a folder cannot hold,
/// are the same fault. What is readable but wrong is not an error; see
/// [`Region::findings`].
pub fn read(files: &[InputFile], sources: &Sources) -> Result<Region, Vec<Finding>> {
    let mut reader = Reader {
        sources,
        problems: Vec::new(),
    };
    let mut about = None;
    let mut networks = BTreeMap::new();
    let mut organisations = BTreeMap::new();
    let mut sites = BTreeMap::new();
    let mut agreements = BTreeMap::new();
    for input in files {
        match &input.kind {
            FileKind::Region => {
                about = reader.parse(input.file).map(|read| (input.file, read));
            }
            FileKind::Network(name) => reader.named(&mut networks, name, input.file),
            FileKind::Organisation(name) => reader.named(&mut organisations, name, input.file),
            FileKind::Site(name) => reader.named(&mut sites, name, input.file),
            FileKind::Agreement(name) => reader.named(&mut agreements, name, input.file),
        }
    }
    if !files.iter().any(|input| input.kind == FileKind::Region) {
        let message = "the region has no `region.yaml`";
        let finding = Finding::new(codes::FILE_MISSING, Severity::Error, message)
            .with_hint("write one with at least `name: …`");
        reader.problems.push(finding);
    }
    match about {
        Some((file, about)) if reader.problems.is_empty() => Ok(Region {
            file,
            about,
            networks,
            organisations,
            sites,
            agreements,
        }),
        _ => {
            reader.problems.sort_by_key(|problem| problem.primary);
            Err(reader.problems)
        }
    }
}

struct Reader<'a> {
    sources: &'a Sources,
    problems: Vec<Finding>,
}

impl Reader<'_> {
    fn parse<T: DeserializeOwned>(&mut self, file: FileId) -> Option<T> {
        let read = |source: &SourceFile| yaml::read(file, source);
        match self.sources.file(file).map(read) {
            Some(Ok(value)) => Some(value),
            Some(Err(problems)) => {
                self.problems.extend(problems);
                None
            }
            None => None,
        }
    }

    fn named<N: Ord + Clone + std::fmt::Display, T: DeserializeOwned>(
        &mut self,
        into: &mut BTreeMap<N, Named<N, T>>,
        name: &N,
        file: FileId,
    ) {
        let Some(about) = self.parse(file) else {
            return;
        };
        let named = Named {
            name: name.clone(),
            file,
            about,
        };
        let (start, before) = (named.start(), into.insert(name.clone(), named));
        if let Some(before) = before {
            let message = format!("`{name}` is described by two files");
            let finding = Finding::new(codes::NAME_DUPLICATE, Severity::Error, message)
                .at(start)
                .because("the other file", Some(before.start()))
                .with_hint("remove one of the two");
            self.problems.push(finding);
        }
    }
}
