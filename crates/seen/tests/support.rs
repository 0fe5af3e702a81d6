//! What tests of the built command share: running it, reading its answers.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The day on which the example is judged.
pub(crate) const TODAY: &str = "2026-11-23";

/// A line that a finding may point at.
pub(crate) type Place = (String, u64);

/// The top of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a subcommand on a folder, answers in JSON; returns the exit code too.
pub(crate) fn run(subcommand: &str, folder: &Path, more: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_seen"))
        .args([subcommand, "--format", "json", "--today", TODAY])
        .args(more)
        .arg(folder)
        .output()
        .expect("the command runs");
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no answer ({error}): {}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output.status.code().expect("it exits"), answer)
}

/// Checks a folder; returns the exit code and the answer.
pub(crate) fn check(folder: &Path) -> (i32, Value) {
    run("check", folder, &[])
}

/// The place of a finding, a piece of evidence or a line of a story.
pub(crate) fn place(value: &Value) -> Option<Place> {
    Some((
        value["place"]["file"].as_str()?.to_owned(),
        value["place"]["line"].as_u64()?,
    ))
}

/// Errors and warnings.
pub(crate) fn serious(answer: &Value) -> impl Iterator<Item = &Value> {
    let findings = answer["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter(|finding| finding["severity"] != "note")
}

/// Every place that a finding points at, or gives as evidence.
pub(crate) fn places_of(finding: &Value) -> impl Iterator<Item = Place> {
    let evidence = finding["evidence"].as_array().into_iter().flatten();
    std::iter::once(finding).chain(evidence).filter_map(place)
}

/// Every place that an error or warning points at, or gives as evidence.
pub(crate) fn places(answer: &Value) -> BTreeSet<Place> {
    serious(answer).flat_map(places_of).collect()
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder is writable");
    for entry in fs::read_dir(from).expect("the example is readable") {
        let entry = entry.expect("the example is readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a temporary folder is writable");
        }
    }
}

/// The journeys that do not work.
pub(crate) fn troubled(answer: &Value) -> BTreeSet<String> {
    let journeys = answer["journeys"].as_array().expect("journeys");
    journeys
        .iter()
        .filter(|journey| journey["asked"] != "works")
        .map(|journey| {
            format!(
                "{}/{} to {}",
                journey["site"], journey["segment"], journey["service"]
            )
        })
        .collect()
}
