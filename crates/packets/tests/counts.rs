//! Operations and sizes of the measured lists, kept so that a change shows.

use crate::filters::{self, FilterSet};
use packets::*;
use std::fmt::Write as _;

/// The kept counts; `BLESS=1` rewrites them.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.txt");

fn counted(set: &FilterSet) -> String {
    let mut sets = Diagram::<u32>::new();
    let list = sets.first_match(&set.lines()).unwrap();
    let counts = sets.counts();
    let (nodes, segments) = sets.size(list.permit).unwrap();
    let mut text = String::new();
    write!(text, "{:9} lines {:5}", set.name, set.rules.len()).unwrap();
    write!(
        text,
        "  firsts {:7}  merges {:8}",
        counts.firsts, counts.merges
    )
    .unwrap();
    write!(text, "  nodes {nodes:6}  segments {segments:8}").unwrap();
    text
}

/// The work for each list is what it was when it was last looked at.
#[test]
fn work_and_sizes_are_as_kept() {
    let kept = std::fs::read_to_string(KEPT).unwrap();
    let mut now = String::new();
    for set in filters::all() {
        now += &counted(&set);
        now += "\n";
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(KEPT, &now).unwrap();
        return;
    }
    for line in now.lines() {
        assert!(
            kept.lines().any(|known| known == line),
            "changed: {line}\nkept:\n{kept}"
        );
    }
}

/// On packets at the ends of its lines, a list does what its first matching line says.
#[test]
fn lists_do_what_their_lines_say() {
    for set in filters::all() {
        let mut sets = Diagram::<u32>::new();
        let lines: Vec<Line<u32, Set>> = set.lines();
        let list = sets.first_match(&lines).unwrap();
        for probe in set.probes(500) {
            let line = lines.iter().find(|line| line.when.fields.contains(&probe));
            let permit = line.is_some_and(|line| line.action == Action::Permit);
            assert_eq!(
                sets.contains(list.permit, &probe),
                Ok(permit),
                "{} {probe}",
                set.name
            );
        }
    }
}

/// The plain diagram permits the same packets, all of them.
#[test]
fn a_whole_filter_set_is_identical_in_both() {
    let Ok(set) = filters::classbench("acl1_1k") else {
        return;
    };
    let mut sets = Diagram::<u32>::new();
    let list = sets.first_match(&set.lines()).unwrap();
    let mut plain = packets::bdd::Bdd::<u32>::default();
    let expected = plain.first_match(&set.lines()).unwrap();
    let boxes = sets.boxes(list.permit, 100_000).unwrap();
    assert!(boxes.complete);
    let mut parts = Vec::new();
    for part in boxes.boxes {
        let fields = part.iter().fold(Fields::any(), |fields, (field, values)| {
            fields.with(*field, values)
        });
        parts.push(plain.fields(&fields).unwrap());
    }
    assert_eq!(plain.any(&parts).unwrap(), expected.permit);
}
