//! Files that nobody here wrote.

use super::support::{check, read};
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

/// What clients of the lab saw: TCP 9100 and echo requests got through, TCP 9101
/// did not (`show/inside`).
#[test]
fn lab_probes_are_predicted() {
    let Some(path) = data("lab-validation/fortios_fw_policy_basic/configs/fw/show.txt") else {
        return;
    };
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    check(
        &text,
        &[
            (
                "port2",
                "192.168.123.1:40000 > 192.168.123.6:9100 tcp",
                "port3 192.168.123.1:40000 -> 192.168.123.6:9100 tcp CameBack",
            ),
            (
                "port2",
                "192.168.123.1:40000 > 192.168.123.6:9101 tcp",
                "Dropped",
            ),
            (
                "port2",
                "192.168.123.1:40000 > 192.168.123.6:9200 udp",
                "port3 192.168.123.1:40000 -> 192.168.123.6:9200 udp CameBack",
            ),
            (
                "port2",
                "192.168.123.1 > 192.168.123.6:8 icmp",
                "port3 192.168.123.1 -> 192.168.123.6 icmp type 8 code 0 CameBack",
            ),
        ],
    );
}
