//! Faults put at random into the mended example: each is found at its line, and
//! nothing changes but what depends on it.
//!
//! A fault that changes neither a verdict nor a finding is without effect (a
//! line of which there are two, an opening that nobody uses): it is counted
//! apart, and another is drawn.
//!
//! *Found at its line* is a fault when an error, a warning or a note on what
//! cannot be told cites its line: file and number. Of a line that is gone, it is
//! the place where its absence shows: the lines that stood beside it, the head
//! and the end of its block, the rule that decides in its place (a chain's
//! policy), the head of the device's file, which lacks it, and, where nothing
//! else defines a name any more, the lines that use the name.
//!
//! *Something else changed* when the verdict of a journey is another although
//! the journey passes the device neither before nor after, and is not unknown
//! because of its file; or when no finding names a journey that changed.

use crate::support::{Place, check, copy, place, places_of, root, run};
use fault::{Dialect, Fault, Kind, Site};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

mod fault;
mod fortios;
mod ios;
mod linux;

/// How many faults with an effect are wanted: in every run, and at full size.
const WANTED: (usize, usize) = (12, 200);

/// How many faults are judged at a time.
const TOGETHER: usize = 4;

/// Numbers that look random (splitmix64): the same seed, the same faults.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let bound = u64::try_from(at + 1).expect("a small number");
            items.swap(at, usize::try_from(self.next() % bound).expect("small"));
        }
    }
}

/// Every configuration of the mended example, by its name in findings.
fn configurations() -> Vec<(String, Dialect)> {
    let top = root().join("examples/south-east-mended");
    let mut folders = vec![top.join("networks")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(dialect) = Dialect::of(&path) {
                let name = path.strip_prefix(&top).expect("inside");
                found.push((name.display().to_string(), dialect));
            }
        }
    }
    found.sort();
    found
}

/// Every fault that can be made, each kind in turn.
fn schedule(numbers: &mut Numbers) -> Vec<Fault> {
    let mut by_kind: BTreeMap<(Dialect, &str), Vec<Fault>> = BTreeMap::new();
    for (file, dialect) in configurations() {
        let path = root().join("examples/south-east-mended").join(&file);
        let text = fs::read_to_string(path).expect("readable");
        let lines: Vec<&str> = text.split('\n').collect();
        let kinds: &[Kind] = match dialect {
            Dialect::Ios => ios::KINDS,
            Dialect::Fortios => fortios::KINDS,
            Dialect::Linux => linux::KINDS,
        };
        for at in (0..lines.len()).filter(|at| !lines[*at].trim().is_empty()) {
            let site = Site { lines: &lines, at };
            for kind in kinds {
                if let Some(change) = (kind.change)(site, numbers.next()) {
                    let fault = fault::fault(dialect, kind.name, &file, site, &change);
                    by_kind.entry((dialect, kind.name)).or_default().push(fault);
                }
            }
        }
    }
    let mut kinds: Vec<Vec<Fault>> = by_kind.into_values().collect();
    for faults in &mut kinds {
        numbers.shuffle(faults);
    }
    let mut order = Vec::new();
    while kinds.iter().any(|faults| !faults.is_empty()) {
        numbers.shuffle(&mut kinds);
        order.extend(kinds.iter_mut().filter_map(Vec::pop));
    }
    order
}

/// How near a finding comes to a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// The line itself; of lines that are gone, where they were missed.
    AtLine,
    /// The head of the statement that the line is part of.
    AtStatement,
    /// A line that uses the object that the line is part of.
    AtUser,
    No,
}

/// What a fault did.
struct Outcome {
    found: Found,
    /// Journeys whose verdict changed.
    changed: BTreeSet<String>,
    /// What changed, or was found, that does not depend on the line.
    beyond: Vec<String>,
    /// Whether anything changed or was found at all.
    effective: bool,
    /// What was found, for people.
    told: Vec<String>,
}

/// Verdicts by journey.
fn verdicts(answer: &Value) -> BTreeMap<String, String> {
    let journeys = answer["journeys"].as_array().expect("journeys");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    journeys
        .iter()
        .map(|journey| {
            let legs = journey["legs"].as_array().into_iter().flatten();
            let legs: Vec<_> = legs.map(|leg| text(&leg["asked"])).collect();
            let key = format!(
                "{}/{} to {}",
                text(&journey["site"]),
                text(&journey["segment"]),
                text(&journey["service"])
            );
            (key, legs.join(" "))
        })
        .collect()
}

/// Errors, warnings, and notes on what cannot be told.
fn telling(answer: &Value) -> impl Iterator<Item = &Value> {
    let findings = answer["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| {
        let unknown = finding["code"]
            .as_str()
            .is_some_and(|code| code.contains("unknown"));
        finding["severity"] != "note" || unknown
    })
}

/// What judging needs besides the fault.
struct Judge {
    mended: PathBuf,
    verdicts: BTreeMap<String, String>,
    /// The devices on the ways of a mended journey, once they were asked for.
    ways: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Judge {
    fn new() -> Self {
        let mended = root().join("examples/south-east-mended");
        let (code, answer) = check(&mended);
        assert_eq!(code, 0, "the mended example is fine");
        Self {
            verdicts: verdicts(&answer),
            ways: Mutex::default(),
            mended,
        }
    }

    /// Judges a fault in a copy of the example, which is as it was afterwards.
    fn judge(&self, fault: &Fault, copied: &Path) -> Outcome {
        let path = copied.join(&fault.file);
        let right = fs::read(&path).expect("the file is there");
        fs::write(&path, &fault.text).expect("writable");
        let outcome = self.judge_in(fault, copied);
        fs::write(&path, right).expect("writable");
        outcome
    }

    fn judge_in(&self, fault: &Fault, copied: &Path) -> Outcome {
        let (_, answer) = check(copied);
        let now = verdicts(&answer);
        let changed: BTreeSet<String> = now
            .iter()
            .filter(|(journey, verdict)| self.verdicts.get(*journey) != Some(*verdict))
            .map(|(journey, _)| journey.clone())
            .collect();
        let findings: Vec<&Value> = telling(&answer).collect();
        let places: BTreeSet<Place> = findings.iter().flat_map(|f| places_of(f)).collect();
        let at = |lines: &BTreeSet<u64>| {
            lines
                .iter()
                .any(|line| places.contains(&(fault.file.clone(), *line)))
        };
        let found = if at(&fault.exact) {
            Found::AtLine
        } else if at(&fault.object) {
            Found::AtStatement
        } else if at(&fault.users) {
            Found::AtUser
        } else {
            Found::No
        };
        let mut beyond: Vec<String> = changed
            .iter()
            .filter(|journey| !self.depends(journey, fault, copied))
            .map(|journey| format!("changed: {journey}"))
            .collect();
        beyond.extend(unexplained(&changed, &findings));
        Outcome {
            found,
            effective: !changed.is_empty() || !findings.is_empty(),
            changed,
            beyond,
            told: findings.iter().map(|finding| tell(finding)).collect(),
        }
    }

    /// Tells whether a journey passes the faulty device, as it was or as it is,
    /// or cannot be told because of its file.
    fn depends(&self, journey: &str, fault: &Fault, copied: &Path) -> bool {
        let device = Path::new(&fault.file)
            .file_stem()
            .expect("a device's file")
            .to_string_lossy()
            .into_owned();
        let known = self.ways.lock().expect("unpoisoned").get(journey).cloned();
        let before = known.unwrap_or_else(|| {
            let found = devices(&self.mended, journey);
            let mut ways = self.ways.lock().expect("unpoisoned");
            ways.insert(journey.to_owned(), found.clone());
            found
        });
        let now = devices(copied, journey);
        before.contains(&device) || now.contains(&device) || now.contains(&fault.file)
    }
}

/// The devices on all ways of a journey's witness, there and back, and the files
/// for which a leg cannot be told.
fn devices(folder: &Path, journey: &str) -> BTreeSet<String> {
    let (from, to) = journey.split_once(" to ").expect("a journey's name");
    let (_, answer) = run("explain", folder, &["--from", from, "--to", to]);
    let mut found = BTreeSet::new();
    let legs = answer["journeys"][0]["legs"].as_array();
    for leg in legs.into_iter().flatten() {
        let reasons = leg["reasons"].as_array().into_iter().flatten();
        found.extend(reasons.filter_map(|reason| Some(place(reason)?.0)));
    }
    let mut values = vec![&answer];
    while let Some(value) = values.pop() {
        if let Some(device) = value["device"].as_str() {
            found.insert(device.to_owned());
        }
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => values.extend(fields.values()),
            _ => {}
        }
    }
    found
}

/// Journeys that changed and that no finding names.
fn unexplained(changed: &BTreeSet<String>, findings: &[&Value]) -> Vec<String> {
    let texts: Vec<&str> = findings
        .iter()
        .flat_map(|finding| finding["evidence"].as_array().into_iter().flatten())
        .filter_map(|evidence| evidence["text"].as_str())
        .collect();
    let more = texts.iter().any(|text| text.starts_with("and "));
    let named = |journey: &str| {
        let (from, to) = journey.split_once(" to ").expect("a journey's name");
        texts
            .iter()
            .any(|text| text.contains(from) && text.contains(to))
    };
    changed
        .iter()
        .filter(|journey| !more && !named(journey))
        .map(|journey| format!("not explained: {journey}"))
        .collect()
}

/// A finding in a line.
fn tell(finding: &Value) -> String {
    let at = place(finding).map_or_else(String::new, |(file, line)| format!(" ({file}:{line})"));
    format!(
        "{}: {}{at}",
        finding["code"].as_str().unwrap_or_default(),
        finding["message"].as_str().unwrap_or_default()
    )
}

/// Judges faults, some at a time, each in a copy of its own; in their order.
fn judge_all<'f>(judge: &Judge, faults: &'f [Fault]) -> Vec<(&'f Fault, Outcome)> {
    std::thread::scope(|scope| {
        let running: Vec<_> = faults
            .iter()
            .map(|fault| {
                scope.spawn(move || {
                    let folder = tempfile::tempdir().expect("a temporary folder");
                    copy(&judge.mended, folder.path());
                    (fault, judge.judge(fault, folder.path()))
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("judged"))
            .collect()
    })
}

/// Faults with an effect are found at their lines, and only what depends on
/// the line changes.
#[test]
fn injected_faults_are_found() {
    let full = std::env::var_os("SEEN_FULL").is_some();
    let wanted = if full { WANTED.1 } else { WANTED.0 };
    let seed = std::env::var("SEEN_SEED").ok();
    let mut numbers = Numbers(seed.and_then(|seed| seed.parse().ok()).unwrap_or(2026));
    let judge = Judge::new();
    let faults = schedule(&mut numbers);
    let mut tally = Tally::default();
    for faults in faults.chunks(TOGETHER) {
        for (fault, outcome) in judge_all(&judge, faults) {
            if tally.effective() < wanted {
                tally.add(fault, &outcome);
            }
        }
        if tally.effective() >= wanted {
            break;
        }
    }
    tally.print(wanted);
    assert_eq!(tally.missed, Vec::<String>::new());
    assert_eq!(tally.beyond, Vec::<String>::new());
}

/// Counts of one kind.
#[derive(Default)]
struct Counts {
    found: [usize; 4],
    without_effect: usize,
}

#[derive(Default)]
struct Tally {
    kinds: BTreeMap<(Dialect, &'static str), Counts>,
    missed: Vec<String>,
    beyond: Vec<String>,
    changed: usize,
    without_effect: Vec<String>,
}

impl Tally {
    fn effective(&self) -> usize {
        let found = self.kinds.values().flat_map(|counts| counts.found);
        found.sum()
    }

    fn add(&mut self, fault: &Fault, outcome: &Outcome) {
        let counts = self.kinds.entry((fault.dialect, fault.kind)).or_default();
        if !outcome.effective {
            counts.without_effect += 1;
            self.without_effect.push(fault.to_string());
            return;
        }
        counts.found[outcome.found as usize] += 1;
        self.changed += usize::from(!outcome.changed.is_empty());
        let story = || format!("{fault}\n    {}", outcome.told.join("\n    "));
        if outcome.found != Found::AtLine {
            self.missed
                .push(format!("{:?}: {}", outcome.found, story()));
        }
        if !outcome.beyond.is_empty() {
            let beyond = outcome.beyond.join("\n    ");
            self.beyond.push(format!("{}\n    {beyond}", story()));
        }
    }

    fn print(&self, wanted: usize) {
        println!("dialect kind: at line, at statement, at a user, not found; without effect");
        for ((dialect, kind), counts) in &self.kinds {
            let [line, statement, user, not] = counts.found;
            println!(
                "{dialect:?} {kind}: {line}, {statement}, {user}, {not}; {}",
                counts.without_effect
            );
        }
        for fault in &self.without_effect {
            println!("without effect: {fault}");
        }
        for fault in &self.missed {
            println!("not found at its line: {fault}");
        }
        for fault in &self.beyond {
            println!("beyond: {fault}");
        }
        let effective = self.effective();
        let pass = |good: usize| {
            if good == effective && effective >= wanted {
                "pass"
            } else {
                "fail"
            }
        };
        let (found, alone) = (effective - self.missed.len(), effective - self.beyond.len());
        println!(
            "number: injected faults found at their line | {found} of {effective} | {wanted} of {wanted} | {}",
            pass(found)
        );
        println!(
            "number: injected faults after which nothing else changed | {alone} of {effective} | {wanted} of {wanted} | {}",
            pass(alone)
        );
        println!(
            "{} change a verdict, {} more were without effect",
            self.changed,
            self.without_effect.len()
        );
    }
}
