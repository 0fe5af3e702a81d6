//! Texts to devices: each by the reader of its language, on all cores.

use crate::snapshot::codes;
use dialects::detect::{self, Detection, Language};
use dialects::{cisco_ios, fortios, linux};
use findings::{FileId, Finding, Severity, SourceFile, Sources, Span};
use networks::model::{Coverage, Device, DeviceKind, LineState, Reading, Touches, Unread};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// One thing to be read: the files that make one device (or several virtual ones).
#[derive(Debug, Clone)]
pub(crate) enum Unit {
    /// A configuration of one file.
    Config {
        file: FileId,
        /// The name of the folder it stands in alone, which names the device
        /// where the text does not.
        folder: Option<String>,
        /// Whether it is a configuration only if its text tells a language.
        doubtful: bool,
    },
    /// A Linux host with the rule sets that its file names, as far as they are there.
    Host {
        host: FileId,
        rules: Option<FileId>,
        rules6: Option<FileId>,
    },
}

/// What reading a unit gives.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) devices: Vec<Device>,
    pub(crate) coverage: Vec<(FileId, Language, Coverage)>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) language: Option<Language>,
}

/// Reads every unit, in the order given.
pub(crate) fn read_all(units: &[Unit], sources: &Sources) -> Vec<Output> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = workers.min(units.len());
    if workers <= 1 {
        return units.iter().map(|unit| read(unit, sources)).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(units.len()));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(unit) = units.get(at) else { break };
                    let output = read(unit, sources);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, output));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, output)| output).collect()
}

fn read(unit: &Unit, sources: &Sources) -> Output {
    match unit {
        Unit::Config {
            file,
            folder,
            doubtful,
        } => match sources.file(*file) {
            Some(source) => config(*file, source, folder.as_deref(), *doubtful),
            None => Output::default(),
        },
        Unit::Host {
            host,
            rules,
            rules6,
        } => linux_host(*host, *rules, *rules6, sources),
    }
}

fn linux_host(
    host: FileId,
    rules: Option<FileId>,
    rules6: Option<FileId>,
    sources: &Sources,
) -> Output {
    let with_source = |file: FileId| sources.file(file).map(|source| (file, source));
    let Some(host_file) = with_source(host) else {
        return Output::default();
    };
    let read = linux::read(
        host_file,
        rules.and_then(with_source),
        rules6.and_then(with_source),
    );
    let mut coverage = vec![(host, Language::LinuxHost, read.reading.coverage)];
    for (file, states) in [(rules, read.rules), (rules6, read.rules6)] {
        if let (Some(file), Some(states)) = (file, states) {
            coverage.push((file, Language::LinuxRules, states));
        }
    }
    Output {
        devices: read.reading.devices,
        coverage,
        findings: read.reading.findings,
        language: Some(Language::LinuxHost),
    }
}

/// Returns the reading of a configuration by the reader of its language;
/// `None` for a language without one.
fn by_language(language: Language, file: FileId, source: &SourceFile) -> Option<Reading> {
    match language {
        Language::LinuxRules => Some(linux::read_rules(file, source).reading),
        Language::LinuxHost => Some(linux::read((file, source), None, None).reading),
        Language::Fortios => Some(fortios::read(file, source)),
        Language::CiscoIos => Some(cisco_ios::read(file, source)),
        Language::NotSupported(_) | Language::Unknown => None,
    }
}

fn config(file: FileId, source: &SourceFile, folder: Option<&str>, doubtful: bool) -> Output {
    let detected = detect::detect(source.path(), source.text());
    let language = detected.language;
    let json = language == Language::NotSupported("JSON");
    if doubtful && (language == Language::Unknown || json) {
        return not_a_configuration(file, source);
    }
    let stem = stem(source.path());
    let Some(mut reading) = by_language(language, file, source) else {
        return not_read(file, source, folder.unwrap_or(stem), detected);
    };
    // A text that does not name its device is named by its file, which in a
    // folder of its own has the name of a command.
    if let Some(folder) = folder {
        for device in &mut reading.devices {
            if device.name == stem {
                folder.clone_into(&mut device.name);
            }
        }
    }
    Output {
        devices: reading.devices,
        coverage: vec![(file, language, reading.coverage)],
        findings: reading.findings,
        language: Some(language),
    }
}

/// Returns the name of a file without its folder and its last extension.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Leaves out a file that only its place made one that might be read.
fn not_a_configuration(file: FileId, source: &SourceFile) -> Output {
    let message = format!("`{}` is not taken for a configuration", source.path());
    let finding = Finding::new(codes::FILE_IGNORED, Severity::Note, message)
        .at(first_line(file, source))
        .with_hint("if it is one, put it into a folder `configs/`");
    Output {
        findings: vec![finding],
        ..Output::default()
    }
}

/// Makes the device of a configuration that cannot be read: nothing is known
/// of it, and that is said.
fn not_read(file: FileId, source: &SourceFile, name: &str, detected: Detection) -> Output {
    let (code, message, reason) = match detected.language {
        Language::NotSupported(language) => (
            codes::LANGUAGE_NOT_SUPPORTED,
            format!("`{name}` is configured in the language of {language}, which is not read yet"),
            format!("the language of {language} is not read yet"),
        ),
        Language::Unknown => (
            codes::LANGUAGE_UNKNOWN,
            format!("nothing tells in which language `{name}` is configured"),
            "nothing tells the language of the configuration".to_owned(),
        ),
        language => (
            codes::LANGUAGE_NOT_SUPPORTED,
            format!("`{name}` is configured in {language:?}, which is not read yet"),
            "the language of the configuration is not read yet".to_owned(),
        ),
    };
    let line = detected.line.unwrap_or(1);
    let origin = Span::of_line(file, source, line).unwrap_or_else(|| first_line(file, source));
    let finding = Finding::new(code, Severity::Warning, message)
        .at(origin)
        .with_hint("what crosses the device is unknown");
    let device = Device {
        unread: vec![Unread {
            origin,
            touches: Touches::Device,
            reason,
        }],
        ..Device::new(name, file, DeviceKind::Router)
    };
    let lines = usize::try_from(source.line_count()).unwrap_or(usize::MAX);
    let coverage = Coverage {
        lines: vec![LineState::NotRecognised; lines],
    };
    Output {
        devices: vec![device],
        coverage: vec![(file, detected.language, coverage)],
        findings: vec![finding],
        language: Some(detected.language),
    }
}

fn first_line(file: FileId, source: &SourceFile) -> Span {
    Span::of_line(file, source, 1).unwrap_or(Span {
        file,
        start: 0,
        end: 0,
    })
}
