//! Cisco IOS: every configuration of the shared data is read, every line has a
//! state, and what is not recognised is listed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "coverage, and why a test is skipped, are told to who runs the tests"
)]

use dialects::cisco_ios;
use findings::Sources;
use networks::model::{LineState, Reading};
use std::fs;
use std::path::{Path, PathBuf};

/// The shared test data, or `None` with a word on standard error.
fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(folder);
    if path.exists() {
        Some(path)
    } else {
        eprintln!("skipped: `{}` is not there", path.display());
        None
    }
}

fn read_file(path: &Path) -> (Sources, Reading) {
    let bytes = fs::read(path).unwrap();
    let mut sources = Sources::new();
    let id = sources.add(
        path.display().to_string(),
        String::from_utf8_lossy(&bytes).into_owned(),
    );
    let reading = cisco_ios::read(id, sources.file(id).unwrap());
    (sources, reading)
}

/// Returns the lines of a reading in one state, as `line: text`.
fn lines_in(sources: &Sources, reading: &Reading, state: LineState) -> Vec<String> {
    let (_, source) = sources.iter().next().unwrap();
    let lines = reading.coverage.lines.iter().zip(1u32..);
    lines
        .filter(|(found, _)| **found == state)
        .map(|(_, line)| {
            format!(
                "{line}: {}",
                source.line_text(line).unwrap_or_default().trim()
            )
        })
        .collect()
}

/// Reads a file, checks that every line has a state, prints its coverage, and
/// returns the lines that are not recognised.
fn check(path: &Path) -> Vec<String> {
    let (sources, reading) = read_file(path);
    let (_, source) = sources.iter().next().unwrap();
    let total = reading.coverage.lines.len();
    assert_eq!(total, source.line_count() as usize, "{}", path.display());
    assert_eq!(reading.devices.len(), 1);
    let count = |state| reading.coverage.count(state);
    let matter = count(LineState::NotModelledCouldMatter);
    let unknown = count(LineState::NotRecognised);
    let share = 100.0 * (total - matter - unknown) as f64 / total.max(1) as f64;
    let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    println!(
        "{}/{name}: {share:.1} % of {total} lines, {matter} could matter, {unknown} not recognised",
        parent.to_string_lossy(),
    );
    for line in lines_in(&sources, &reading, LineState::NotRecognised) {
        println!("  ? {line}");
    }
    for line in lines_in(&sources, &reading, LineState::NotModelledCouldMatter) {
        println!("  ~ {line}");
    }
    lines_in(&sources, &reading, LineState::NotRecognised)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// Every line of the example network is recognised.
#[test]
fn batfish_example_is_recognised() {
    let Some(folder) = data("batfish-example/live/configs") else {
        return;
    };
    for file in files(&folder) {
        assert_eq!(check(&file), Vec::<String>::new(), "{}", file.display());
    }
}

/// Every line of the Stanford backbone is recognised.
#[test]
fn stanford_is_recognised() {
    let Some(folder) = data("stanford/configs") else {
        return;
    };
    for file in files(&folder) {
        assert_eq!(check(&file), Vec::<String>::new(), "{}", file.display());
    }
}

/// The labs of real devices are read; nearly every line is recognised.
#[test]
fn labs_are_recognised() {
    let Some(folder) = data("lab-validation") else {
        return;
    };
    for lab in files(&folder) {
        let Ok(kinds) = fs::read_to_string(lab.join("show/host_nos.txt")) else {
            continue;
        };
        for device in files(&lab.join("configs")) {
            let name = device.file_name().unwrap().to_string_lossy().into_owned();
            let is_ios = [": \"ios\"", ": \"iosxe\""]
                .iter()
                .any(|kind| kinds.contains(&format!("\"{name}\"{kind}")));
            let file = device.join("show_running-config.txt");
            if is_ios && file.exists() {
                assert_eq!(check(&file), Vec::<String>::new(), "{}", file.display());
            }
        }
    }
}

/// Every odd configuration of the corpus is read without panic.
#[test]
fn corpus_is_read() {
    let Some(folder) = data("dialect-corpus/cisco-ios") else {
        return;
    };
    for file in files(&folder) {
        check(&file);
    }
}
