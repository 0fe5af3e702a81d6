//! Every row of the truth table.

use crate::file::{Setting, rows, tables, the_setting};
use crate::notation::{
    adult, giver, instruction, instructions, list, moment, patient_key, request,
};
use records::access_log::{Entry, Shown, Viewer, shown};
use records::consent::Holder;
use records::consent::recording::{Desk, Offer, Taken, Way, Why, take};
use records::disclosure::{Reason, decide};
use records::items::Assessed;
use std::collections::BTreeSet;

/// At most so many rows, by section 1.
const ROWS_MAX: usize = 400;

/// Runs all rows of a table; says every one that differs.
fn check(header: &[&str], expected: usize, answer: impl Fn(&[String]) -> Vec<(String, String)>) {
    let rows = rows(&tables(), header);
    assert_eq!(rows.len(), expected, "rows of the table {header:?}");
    assert!(rows.len() <= ROWS_MAX);
    let mut wrong = Vec::new();
    for row in &rows {
        for (is, should) in answer(row) {
            if is != should {
                wrong.push(format!("{}: is `{is}`, should be `{should}`", row[0]));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows differ:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

fn sorted(cell: &str) -> String {
    let words: BTreeSet<&str> = list(cell).collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// Outcome, notice and the ladder's rules.
fn decision_row(row: &[String]) -> Vec<(String, String)> {
    let mut setting = the_setting();
    let (request, holdings) = request(&mut setting, &row[2], instructions(&row[1]));
    let decision = decide(&setting.world, &holdings, &request);
    let outcome: Vec<String> = decision
        .items()
        .iter()
        .map(|decided| format!("{}={}", decided.item().name, decided.outcome()))
        .collect();
    let notice: BTreeSet<String> = decision.notice().iter().map(ToString::to_string).collect();
    let notice: Vec<String> = notice.into_iter().collect();
    let first: BTreeSet<u8> = decision
        .items()
        .iter()
        .map(|decided| decided.caught().first().map_or(21, |caught| caught.rule.0))
        .collect();
    // The rules that decide stand first; others of the ladder may follow.
    let cited: BTreeSet<u8> = list(&row[5])
        .filter_map(|rule| rule.strip_prefix('R')?.parse().ok())
        .take(first.len())
        .collect();
    vec![
        (outcome.join(" "), row[3].clone()),
        (notice.join(" "), sorted(&row[4])),
        (format!("{first:?}"), format!("{cited:?}")),
    ]
}

#[test]
fn decision_rows() {
    check(&["row", "instructions"], 347, decision_row);
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Signature => "signature",
        Why::Duplicate => "duplicate",
        Why::Conflict => "conflict",
        Why::Kind => "kind",
        Why::Patient => "patient",
        Why::Authority => "authority",
        Why::EffectUnclear => "effect-unclear",
        Why::NotUnderstood => "not-understood",
        Why::Date => "date",
        Why::Evidence => "evidence",
        Why::Withdrawal => "withdrawal",
        Why::Overlap => "overlap",
    }
}

fn taken(taken: Taken) -> String {
    match taken {
        Taken::Accepted => "accepted".into(),
        Taken::AcceptedAsObjection => "accepted(objection)".into(),
        Taken::InForce => "in-force".into(),
        Taken::Doubt => "doubt".into(),
        Taken::Kept => "kept".into(),
        Taken::Waits => "waits".into(),
        Taken::Stored => "stored".into(),
        Taken::Ignored(reason) => format!("ignored({})", why(reason)),
        Taken::Rejected(reason) => format!("rejected({})", why(reason)),
        Taken::Refused(reason) => format!("refused({})", why(reason)),
    }
}

fn recording_row(row: &[String]) -> Vec<(String, String)> {
    let Setting { world, .. } = the_setting();
    let held = instructions(&row[1]);
    let mut others = Vec::new();
    let offered = instruction(&row[2], &mut others);
    let mut patient = adult();
    let mut offer = Offer {
        instruction: &offered,
        way: match row[3].as_str() {
            "recorded" => Way::Recorded,
            "received" => Way::Received,
            other => panic!("way `{other}`"),
        },
        signature_holds: true,
        about_sharing: true,
        patient_is_sure: true,
    };
    for (key, value) in &others {
        match (key.as_str(), value.as_str()) {
            ("signature", "bad") => offer.signature_holds = false,
            ("kind", "research") => offer.about_sharing = false,
            ("patient", "unsure") => offer.patient_is_sure = false,
            (key, value) if patient_key(&mut patient, key, value) => {}
            other => panic!("offered `{other:?}`"),
        }
    }
    let holder = Holder {
        organisation: world.holder.clone(),
        accepts: BTreeSet::new(),
    };
    let desk = Desk {
        held: &held,
        patient: &patient,
        holder: &holder,
        kinds: &world.kinds,
        vocabulary: &world.vocabulary,
        now: moment("2026-11-23T10:00"),
    };
    let receipt = take(&offer, desk);
    let on_list = if receipt.on_list { "yes" } else { "no" };
    vec![
        (taken(receipt.taken), row[4].clone()),
        (on_list.into(), row[5].clone()),
    ]
}

#[test]
fn recording_rows() {
    check(&["row", "held"], 37, recording_row);
}

fn log_row(row: &[String]) -> Vec<(String, String)> {
    let Setting { world, items, .. } = the_setting();
    let (what, overriding) = row[1].split_once(' ').unwrap_or((&row[1], ""));
    let (kind, name) = what.split_once('(').expect("release(ITEM)");
    assert!(["release", "withheld"].contains(&kind), "entry `{what}`");
    let item = &items[name.trim_end_matches(')')];
    let mut patient = adult();
    let (mut at_risk, mut reviewed) = (false, false);
    for state in list(&row[3]) {
        match state.split_once('=').unwrap_or((state, "")) {
            ("at-risk", "") => at_risk = true,
            ("reviewed", "") => reviewed = true,
            (key, value) => assert!(patient_key(&mut patient, key, value), "state `{state}`"),
        }
    }
    let entry = Entry {
        overriding: overriding.strip_prefix("override=").map(Reason::new),
        silent: Assessed::new(item, &world.vocabulary).is_silent(),
        reviewed,
    };
    let viewer = Viewer {
        giver: giver(&row[2]),
        authority_ended: None,
    };
    let now = moment("2026-11-23T10:00");
    let is = match shown(&entry, viewer, &patient, at_risk, now) {
        Shown::Refused => "refused",
        Shown::InPerson => "in-person",
        Shown::Hidden => "hidden",
        Shown::Delayed => "delayed",
        Shown::Shown => "shown",
    };
    vec![(is.into(), row[4].clone())]
}

#[test]
fn access_log_rows() {
    check(&["row", "entry"], 15, log_row);
}
