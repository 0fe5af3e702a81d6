//! Limits, and the edges of days.

use crate::notation::{moment, stretch};
use records::consent::{Clause, DEPTH_MAX, Effect, TooDeep};
use records::items::{LabelClass, LabelRule, Vocabulary};
use records::words::Label;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn clauses_stand_only_so_deep() {
    let mut clause = Ok(Clause::new(Effect::Dissent, vec![], vec![]).expect("one"));
    for _ in 1..DEPTH_MAX {
        clause = clause.and_then(|inner| Clause::new(Effect::Permit, vec![], vec![inner]));
    }
    let deepest = clause.expect("as deep as may be");
    assert_eq!(
        Clause::new(Effect::Permit, vec![], vec![deepest]),
        Err(TooDeep)
    );
}

#[test]
fn labels_that_imply_each_other_end() {
    let rule = |implies: &str| LabelRule {
        class: LabelClass::Open,
        category: None,
        implies: BTreeSet::from([Label::new(implies)]),
        lifted_by: BTreeSet::new(),
        silent: false,
    };
    let vocabulary = Vocabulary {
        labels: BTreeMap::from([(Label::new("A"), rule("B")), (Label::new("B"), rule("A"))]),
        codes: BTreeMap::new(),
    };
    assert_eq!(vocabulary.closure(&Label::new("A")).len(), 2);
}

/// A day in summer begins an hour earlier in UTC, and an hour that comes twice
/// in autumn is a stretch.
#[test]
fn days_are_local() {
    assert_eq!(
        moment("2026-07-01T00:00").instant().to_string(),
        "2026-06-30T23:00:00Z"
    );
    assert_eq!(
        moment("2026-01-01T00:00").instant().to_string(),
        "2026-01-01T00:00:00Z"
    );
    let twice = stretch("2026-10-25T01:30");
    assert!(twice.earliest < twice.latest);
    assert!(!stretch("2026-01-10T23:59").is_after(&stretch("2026-01-10")));
    assert!(stretch("2026-01-11T00:00").is_after(&stretch("2026-01-10")));
}
