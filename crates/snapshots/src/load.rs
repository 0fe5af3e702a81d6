//! A folder, from disk to a snapshot.

use crate::LoadError;
use crate::assemble::{self, Read, ReadUnit};
use crate::disk::{self, Reader};
use crate::error::UnreadableRegion;
use crate::languages::{self, Unit};
use crate::layer1::{self, Cable};
use crate::layout::{self, Layout, Root};
use crate::snapshot::{Snapshot, codes};
use dialects::linux;
use findings::{FileId, Finding, Severity, Sources, Span};
use region::files::FileKind;
use region::{Date, InputFile, NetworkName, Region};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Loads a folder of a region, or a bare folder of configurations.
///
/// A region has a `region.yaml`; its configurations stand in
/// `networks/<network>/`. A bare folder has Batfish's snapshot layout
/// (`configs/`, `hosts/`, `iptables/`, perhaps below `live/`), one such folder
/// for each network in `networks/`, or configurations directly in it. A path
/// to one file loads that configuration alone. `today` is the day on which
/// agreements and assumptions are judged.
///
/// # Errors
///
/// See [`LoadError`]: what cannot be read from disk, what is too large, two
/// files for one device, and files of a region or a cabling plan that cannot
/// be read. Configurations that are not understood are no error.
pub fn load(dir: &Path, today: Date) -> Result<Snapshot, LoadError> {
    let metadata = fs::metadata(dir).map_err(|cause| LoadError::Read {
        path: dir.to_path_buf(),
        cause,
    })?;
    let single = single_file(dir, metadata.is_file());
    let (root, listing) = match &single {
        Some((folder, name)) => {
            let files = vec![name.clone()];
            let listing = disk::Listing {
                files,
                links: Vec::new(),
            };
            (*folder, listing)
        }
        None => (dir, disk::list(dir)?),
    };
    let mut layout = layout::of(&listing.files);
    if let (Some((_, name)), [root]) = (&single, layout.roots.as_mut_slice()) {
        root.configs = vec![layout::Config {
            path: name.clone(),
            folder: None,
            doubtful: false,
        }];
        root.cabling = None;
    }
    let mut loader = Loader {
        disk: Reader::new(root),
        sources: Sources::new(),
        files: BTreeMap::new(),
        findings: Vec::new(),
    };
    for link in &listing.links {
        let message = format!("the link `{link}` to a folder is not followed");
        let finding = Finding::new(codes::LINK_IGNORED, Severity::Note, message);
        loader
            .findings
            .push(finding.with_hint("name the folder itself where it is meant"));
    }
    loader.load(dir, &layout, today)
}

/// Splits the path of a single file into its folder and its name.
fn single_file(path: &Path, is_file: bool) -> Option<(&Path, String)> {
    let name = path.file_name()?.to_str()?.to_owned();
    is_file.then(|| (path.parent().unwrap_or(Path::new("")), name))
}

struct Loader<'a> {
    disk: Reader<'a>,
    sources: Sources,
    /// Files that were read, by path.
    files: BTreeMap<String, FileId>,
    findings: Vec<Finding>,
}

impl Loader<'_> {
    fn load(mut self, dir: &Path, layout: &Layout, today: Date) -> Result<Snapshot, LoadError> {
        let region = if layout.is_region {
            Some(self.region(layout)?)
        } else {
            None
        };
        let mut units = Vec::new();
        let mut networks = Vec::new();
        let mut cables = Vec::new();
        let mut observed = Vec::new();
        for (area, root) in (0u32..).zip(&layout.roots) {
            let network = root
                .network
                .as_deref()
                .and_then(|name| NetworkName::new(name).ok());
            self.root(root, area, &mut units)?;
            for plan in self.cabling(root)? {
                cables.push((area, plan));
            }
            for path in &root.observed {
                observed.push((area, format!("{}observed/", root.folder), self.text(path)?));
            }
            networks.push(network);
        }
        if units.is_empty() && region.is_none() {
            return Err(LoadError::Empty {
                path: dir.to_path_buf(),
            });
        }
        let (areas, units): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        let outputs = languages::read_all(&units, &self.sources);
        let outputs = areas.into_iter().zip(outputs);
        assemble::assemble(Read {
            sources: self.sources,
            region,
            networks,
            units: outputs
                .map(|(area, output)| ReadUnit { area, output })
                .collect(),
            cables,
            observed,
            findings: self.findings,
            today,
        })
    }

    /// Reads a file once; a file that several name is one.
    fn text(&mut self, path: &str) -> Result<FileId, LoadError> {
        if let Some(&file) = self.files.get(path) {
            return Ok(file);
        }
        let text = self.disk.read(path)?;
        let file = self.sources.add(path, text.text);
        self.files.insert(path.to_owned(), file);
        if text.latin1 {
            let message = format!("`{path}` is not in UTF-8; it is read as ISO 8859-1");
            let finding = Finding::new(codes::NOT_UTF8, Severity::Note, message).at(start(file));
            self.findings.push(finding);
        }
        Ok(file)
    }

    /// Reads the files that say what the region is.
    fn region(&mut self, layout: &Layout) -> Result<Region, LoadError> {
        let mut input = Vec::new();
        let mut problems = Vec::new();
        for path in &layout.region {
            let file = self.text(path)?;
            match FileKind::of_path(path) {
                Ok(Some(kind)) => input.push(InputFile { kind, file }),
                Ok(None) => {}
                Err(error) => {
                    let message = format!("the path of this file names nothing: {error}");
                    let finding = Finding::new(region::codes::FILE_NAME, Severity::Error, message);
                    problems.push(
                        finding
                            .at(start(file))
                            .with_hint("rename the file or folder"),
                    );
                }
            }
        }
        for path in &layout.misnamed {
            let message = format!("`{path}` is not read");
            let finding = Finding::new(codes::FILE_IGNORED, Severity::Warning, message).with_hint(
                "the files of a region end in `.yaml` and stand directly in their folder",
            );
            self.findings.push(finding);
        }
        match region::read(&input, &self.sources) {
            Ok(region) if problems.is_empty() => Ok(region),
            read => {
                problems.extend(read.err().unwrap_or_default());
                problems.sort_by_key(|problem| problem.primary);
                Err(LoadError::Region(Box::new(UnreadableRegion {
                    sources: std::mem::take(&mut self.sources),
                    problems,
                })))
            }
        }
    }

    /// Reads the files of a folder of configurations and says what makes a device.
    fn root(
        &mut self,
        root: &Root,
        area: u32,
        units: &mut Vec<(u32, Unit)>,
    ) -> Result<(), LoadError> {
        for config in &root.configs {
            let unit = Unit::Config {
                file: self.text(&config.path)?,
                folder: config.folder.clone(),
                doubtful: config.doubtful,
            };
            units.push((area, unit));
        }
        let mut named = Vec::new();
        for path in &root.hosts {
            let host = self.text(path)?;
            let Some(source) = self.sources.file(host) else {
                continue;
            };
            let names = linux::rule_files(host, source);
            let mut rules = |name: Option<String>| -> Result<Option<FileId>, LoadError> {
                let Some(name) = name else { return Ok(None) };
                let path = format!("{}{}", root.folder, name.trim_start_matches("./"));
                if !root.rules.contains(&path) {
                    return Ok(None);
                }
                named.push(path.clone());
                self.text(&path).map(Some)
            };
            let unit = Unit::Host {
                host,
                rules: rules(names.rules)?,
                rules6: rules(names.rules6)?,
            };
            units.push((area, unit));
        }
        let unnamed = root.rules.iter().filter(|path| !named.contains(path));
        for path in unnamed.chain(&root.ignored) {
            let message = format!("`{path}` is not read: nothing names it");
            let finding = Finding::new(codes::FILE_IGNORED, Severity::Note, message);
            self.findings.push(finding);
        }
        Ok(())
    }

    fn cabling(&mut self, root: &Root) -> Result<Vec<Cable>, LoadError> {
        let Some(path) = &root.cabling else {
            return Ok(Vec::new());
        };
        let file = self.text(path)?;
        let text = self.sources.file(file).map_or("", |source| source.text());
        layer1::read(text).map_err(|cause| LoadError::Cabling {
            path: path.clone(),
            cause,
        })
    }
}

fn start(file: FileId) -> Span {
    Span {
        file,
        start: 0,
        end: 0,
    }
}
