use findings::{Finding, Sources, Span};
use region::Date;
use snapshots::{LoadError, Snapshot};
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The day on which tests load.
pub(crate) fn today() -> Date {
    Date::new("2026-11-23").unwrap()
}

/// Returns a folder of the shared data, or says that the test is skipped.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Writes a folder of these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Copies the region of two networks and replaces texts in its files.
pub(crate) fn two_networks(changes: &[(&str, &str, &str)]) -> TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/two-networks");
    let to = tempfile::tempdir().unwrap();
    copy(&from, to.path());
    for (path, old, new) in changes {
        let path = to.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "`{old}` is not in {}", path.display());
        fs::write(path, text.replacen(old, new, 1)).unwrap();
    }
    to
}

/// Copies what is in a folder to another.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Loads a folder.
pub(crate) fn load(folder: &Path) -> Snapshot {
    match snapshots::load(folder, today()) {
        Ok(snapshot) => snapshot,
        Err(error) => panic!("{}", show_error(&error, folder)),
    }
}

/// Prints an error with its causes and its hint; the folder's name left out.
pub(crate) fn show_error(error: &LoadError, folder: &Path) -> String {
    let mut out = format!("[{}] {error}\n", error.code());
    let mut cause = error.source();
    while let Some(error) = cause {
        writeln!(out, "  caused by: {error}").unwrap();
        cause = error.source();
    }
    if let LoadError::Region(region) = error {
        out += &show_findings(&region.sources, &region.problems);
    }
    if let Some(hint) = error.hint() {
        writeln!(out, "  hint: {hint}").unwrap();
    }
    out.replace(&format!("{}/", folder.display()), "")
        .replace(&folder.display().to_string(), "FOLDER")
}

/// Prints findings with the places they are about.
pub(crate) fn show_findings(sources: &Sources, findings: &[Finding]) -> String {
    let place = |span: Option<Span>| {
        let at = span.and_then(|span| sources.location(span));
        at.map(|at| at.to_string()).unwrap_or_default()
    };
    let mut out = String::new();
    for finding in findings {
        let Finding {
            severity,
            code,
            message,
            ..
        } = finding;
        writeln!(
            out,
            "{severity}[{code}] {} {message}",
            place(finding.primary)
        )
        .unwrap();
        for evidence in &finding.evidence {
            writeln!(out, "  because: {} {}", evidence.text, place(evidence.span)).unwrap();
        }
        let owner = finding.owner.as_deref().unwrap_or("nobody");
        let hint = finding.hint.as_deref().unwrap_or("none");
        writeln!(out, "  owner: {owner}; hint: {hint}").unwrap();
    }
    out
}

/// Prints devices, links and findings.
pub(crate) fn show(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    for (device, info) in snapshot.network.devices.iter().zip(&snapshot.devices) {
        let network = info
            .network
            .as_ref()
            .map_or("-", |network| network.as_str());
        let owner = info.owner.as_deref().unwrap_or("-");
        let language = info.language.map(|language| format!("{language:?}"));
        let language = language.as_deref().unwrap_or("assumed");
        writeln!(out, "{} ({network}, {owner}, {language})", device.name).unwrap();
    }
    for link in &snapshot.network.links {
        let ports = link.ports.iter().map(|&port| {
            let device = snapshot.network.device(port.device).unwrap();
            let interface = device.interface(port.interface).unwrap();
            format!("{} {}", device.name, interface.name)
        });
        writeln!(out, "link: {}", ports.collect::<Vec<_>>().join(" - ")).unwrap();
    }
    for external in &snapshot.externals {
        let device = snapshot.network.device(external.port.device).unwrap();
        writeln!(out, "external: {} at {}", external.name, device.name).unwrap();
    }
    for observed in &snapshot.observed {
        let path = snapshot.sources.file(observed.file).unwrap().path();
        let device = observed.device.and_then(|id| snapshot.network.device(id));
        let device = device.map_or("nobody", |device| device.name.as_str());
        writeln!(out, "observed: {path} of {device}").unwrap();
    }
    out + &show_findings(&snapshot.sources, &snapshot.findings)
}
