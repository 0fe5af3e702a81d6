//! Files that nobody here wrote.

use super::support::read;
use networks::model::LineState;
use std::path::PathBuf;

/// Test data that nobody here wrote; `None` where it is not at hand.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn data(path: &str) -> Option<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let path = PathBuf::from(root).join(path);
    if path.exists() {
        Some(path)
    } else {
        println!("skipped: {} is not there", path.display());
        None
    }
}

/// Every file of the corpus is read without panic, each line in a state.
#[test]
fn corpus_is_read() {
    let Some(folder) = data("dialect-corpus/fortios") else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        read(&text);
        count += 1;
    }
    assert!(count >= 30, "{count} files");
}

/// The lab's whole configuration has no line that is not recognised.
#[test]
fn lab_is_understood() {
    let Some(path) = data("lab-validation/fortios_fw_policy_basic/configs/fw/show.txt") else {
        return;
    };
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let read = read(&text);
    assert_eq!(read.lines(LineState::NotRecognised), "");
    assert_eq!(read.lines(LineState::NotModelledCouldMatter), "");
    assert_eq!(read.unread(), Vec::<String>::new());
    let findings = read.findings();
    assert!(
        findings
            .iter()
            .all(|finding| finding.contains("secret-in-configuration")),
        "{findings:#?}"
    );
    let device = &read.reading.devices[0];
    assert_eq!(device.name, "fw");
    assert_eq!(device.interfaces.len(), 12);
}
