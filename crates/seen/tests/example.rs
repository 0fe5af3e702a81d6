//! The example region: every fault that its author wrote down is found where
//! the author said, and with the faults mended nothing is left to find.

use crate::support::{Place, check, copy, place, places, places_of, root, serious, troubled};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// A fault as `FAULTS.md` has it.
struct Fault {
    number: u64,
    kind: String,
    place: Place,
    owner: String,
}

/// Other places that `FAULTS.md` accepts under "point at": where the line
/// itself is an omission, or stands in an object that another line uses.
const ALSO: &[(u64, &str, u64)] = &[
    // Policy 12 uses the service object.
    (1, "networks/weald/configs/weald-fw1.conf", 280),
    // The chain's policy decides where the rule is a comment.
    (4, "networks/county/iptables/county-fw1.rules", 11),
    // The virtual IP that the line is in.
    (5, "networks/northmere/configs/north-fw1.conf", 116),
    // The device lacks the route; no line decides.
    (9, "networks/county/configs/county-core1.cfg", 1),
    // Where the packet ends.
    (10, "networks/weald/configs/weald-core2.cfg", 102),
    // The line that lets it through.
    (15, "networks/county/configs/county-core1.cfg", 84),
    // Policy 12, which should translate.
    (16, "networks/northmere/configs/north-fw1.conf", 195),
    // The segment outside the allocation.
    (19, "sites/ashdene-library.yaml", 11),
    // Policy 34, whose interface is wrong.
    (20, "networks/weald/configs/weald-fw1.conf", 376),
];

/// The faults in the table of `FAULTS.md`.
fn faults() -> Vec<Fault> {
    let text = fs::read_to_string(root().join("examples/south-east/FAULTS.md"))
        .expect("the example says what its faults are");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect()
    };
    text.lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| match cells(line).as_slice() {
            [number, kind, file, line, owner] => Some(Fault {
                number: number.parse().ok()?,
                kind: kind.clone(),
                place: (file.clone(), line.parse().ok()?),
                owner: owner.clone(),
            }),
            _ => None,
        })
        .collect()
}

/// Owners of errors and warnings.
fn owners(answer: &Value) -> BTreeSet<String> {
    serious(answer)
        .filter_map(|finding| Some(finding["owner"].as_str()?.to_owned()))
        .collect()
}

fn is_found(fault: &Fault, places: &BTreeSet<Place>) -> bool {
    let also = ALSO.iter().filter(|(number, ..)| *number == fault.number);
    places.contains(&fault.place)
        || also
            .into_iter()
            .any(|(_, file, line)| places.contains(&((*file).to_owned(), *line)))
}

/// With all faults mended every journey works, and nothing is found.
#[test]
fn mended_example_is_fine() {
    let (code, answer) = check(&root().join("examples/south-east-mended"));
    let summary = &answer["summary"];
    println!(
        "number: journeys of the mended example | {} of {} work, exit {code} | all, 0 | {}",
        summary["works"],
        summary["journeys"],
        if code == 0 { "pass" } else { "fail" }
    );
    assert_eq!(places(&answer), BTreeSet::new());
    assert_eq!((code, &summary["works"]), (0, &summary["journeys"]));
}

/// Every fault is found at its line or at one that its author accepts.
#[test]
fn faults_of_the_example_are_found() {
    let (code, answer) = check(&root().join("examples/south-east"));
    assert_eq!(code, 1);
    let (places, owners) = (places(&answer), owners(&answer));
    let faults = faults();
    assert!(
        faults.len() >= 12,
        "{} faults are written down",
        faults.len()
    );
    let missed: Vec<_> = faults
        .iter()
        .filter(|fault| !is_found(fault, &places) || !owners.contains(&fault.owner))
        .map(|fault| format!("{} {}", fault.number, fault.kind))
        .collect();
    println!(
        "number: faults of the example | {} of {} found | all | {}",
        faults.len() - missed.len(),
        faults.len(),
        if missed.is_empty() { "pass" } else { "fail" }
    );
    assert_eq!(missed, Vec::<String>::new());
}

/// Each fault alone, put into the mended example, is found, and only what it
/// breaks is broken.
#[test]
fn each_fault_alone_is_found() {
    let (faulty, mended) = (
        root().join("examples/south-east"),
        root().join("examples/south-east-mended"),
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&mended, folder.path());
    let broken_together = troubled(&check(&faulty).1);
    let mut missed = Vec::new();
    for fault in faults() {
        let (file, number) = &fault.place;
        let wrong = fs::read_to_string(faulty.join(file)).expect("the file is there");
        let right = fs::read_to_string(mended.join(file)).expect("the file is there");
        let at = usize::try_from(*number).expect("a line number") - 1;
        let mut lines: Vec<&str> = right.split('\n').collect();
        lines[at] = wrong.split('\n').nth(at).expect("the line is there");
        fs::write(folder.path().join(file), lines.join("\n")).expect("writable");
        let (code, answer) = check(folder.path());
        fs::write(folder.path().join(file), right).expect("writable");
        let foreign: Vec<_> = troubled(&answer)
            .difference(&broken_together)
            .cloned()
            .collect();
        if code != 1 || !is_found(&fault, &places(&answer)) || !foreign.is_empty() {
            missed.push(format!(
                "{} {} (exit {code}) {foreign:?}",
                fault.number, fault.kind
            ));
        }
    }
    assert_eq!(missed, Vec::<String>::new());
}

/// Where one network has opened the way and another has not, both lines are
/// told, and what lies beyond the one that stops it.
#[test]
fn one_sided_openings_of_the_example() {
    let (_, answer) = check(&root().join("examples/south-east"));
    let finding = serious(&answer)
        .find(|finding| {
            place(finding).is_some_and(|(file, line)| {
                (file.as_str(), line) == ("networks/county/iptables/county-fw1.rules", 25)
            })
        })
        .expect("fault 4 is found");
    assert_eq!(finding["code"], "opening-one-sided");
    assert_eq!(finding["owner"], "ashdene-county");
    let opened = ("networks/southmere/iptables/south-fw1.nft".to_owned(), 25);
    assert!(
        places_of(finding).any(|place| place == opened),
        "{finding:#}"
    );
    let told = |text: &str| {
        let evidence = finding["evidence"].as_array().expect("evidence");
        evidence.iter().any(|piece| piece["text"] == text)
    };
    assert!(told("nothing beyond it stops the packet"), "{finding:#}");
}
