//! What each instruction says (R52 to R55), and what they say together (R56 to R59).

use super::clause::{Clause, Constraint, Effect, Path, Purpose, Value};
use super::counting::{Counted, Part};
use super::reach::{Reach, Situation, reach};
use super::within::{Kinds, lies_within};
use crate::items::{Assessed, LabelOfItem, Vocabulary};
use crate::words::ItemName;

/// A clause that decides for its instruction.
#[derive(Debug, Clone)]
pub struct Said<'a> {
    /// The part of what was instructed.
    pub part: &'a Part<'a>,
    /// The clause, from the root.
    pub path: Path<'a>,
}

/// What the instructions say of one item.
#[derive(Debug, Clone, Default)]
pub struct Verdict<'a> {
    /// Dissents that no permit lifts (R56).
    pub standing: Vec<Said<'a>>,
    /// Dissents that a permit lifts.
    pub lifted: Vec<Said<'a>>,
    /// Permits that count.
    pub permits: Vec<Said<'a>>,
}

impl Said<'_> {
    /// Tells whether a purpose on its path is an emergency (R24).
    pub fn names_emergency(&self) -> bool {
        self.path.constraints().any(|constraint| {
            matches!(constraint, Constraint::For(values)
                if values.contains(&Value::Is(Purpose::Emergency)))
        })
    }

    /// Tells whether its path names the item itself.
    pub fn names_item(&self, item: &ItemName) -> bool {
        self.path.constraints().any(|constraint| {
            matches!(constraint, Constraint::Item(values)
                if values.contains(&Value::Is(item.clone())))
        })
    }

    /// Tells whether its path names a label of the item (R61).
    pub fn names_label(&self, label: &LabelOfItem, item: &ItemName) -> bool {
        self.names_item(item)
            || self.path.constraints().any(|constraint| match constraint {
                Constraint::Label(_, values) => values.iter().any(
                    |value| matches!(value, Value::Is(named) if label.closure.contains(named)),
                ),
                Constraint::Category(values) => values.iter().any(
                    |value| matches!(value, Value::Is(named) if label.categories.contains(named)),
                ),
                _ => false,
            })
    }

    /// Tells whether its path names the item's level, or the item (R61).
    pub fn names_level(&self, item: &Assessed<'_>) -> bool {
        self.names_item(&item.item.name)
            || self.path.constraints().any(|constraint| {
                matches!(constraint, Constraint::Label(levels, _)
                    if levels.contains(&Value::Is(item.level)))
            })
    }
}

/// The clauses that decide of one instruction: all of one effect (R52, R53).
fn deciding<'a>(
    clause: &'a Clause,
    above: &[&'a Clause],
    situation: Situation<'_>,
    item: &Assessed<'_>,
) -> Vec<Path<'a>> {
    let applies = match reach(clause, situation, item) {
        Reach::Yes => true,
        Reach::Maybe => clause.effect() != Effect::Permit,
        Reach::No => false,
    };
    if !applies {
        return Vec::new();
    }
    let mut here = above.to_vec();
    here.push(clause);
    let inside: Vec<Path<'a>> = clause
        .inside()
        .iter()
        .flat_map(|clause| deciding(clause, &here, situation, item))
        .collect();
    if inside.is_empty() {
        return vec![Path { clauses: here }];
    }
    let (dissents, permits): (Vec<_>, Vec<_>) = inside.into_iter().partition(is_dissent);
    if dissents.is_empty() {
        permits
    } else {
        dissents
    }
}

fn is_dissent(path: &Path<'_>) -> bool {
    path.clauses
        .last()
        .is_none_or(|clause| clause.effect() != Effect::Permit)
}

/// Combines what counts, for one item (R52 to R59).
pub fn combine<'a>(
    counted: &'a Counted<'a>,
    situation: Situation<'_>,
    item: &Assessed<'_>,
    kinds: &Kinds,
    vocabulary: &Vocabulary,
) -> Verdict<'a> {
    let mut verdict = Verdict::default();
    let mut dissents = Vec::new();
    for part in &counted.parts {
        for path in deciding(&part.clause, &[], situation, item) {
            if is_dissent(&path) {
                if part.dissents {
                    dissents.push(Said { part, path });
                }
            } else if part.permits {
                verdict.permits.push(Said { part, path });
            }
        }
    }
    for dissent in dissents {
        let lifted = verdict.permits.iter().any(|permit| {
            permit.part.given.is_after(&dissent.part.given)
                && permit
                    .part
                    .source
                    .by
                    .capacity
                    .may_undo(dissent.part.source.by.capacity)
                && lies_within(
                    &permit.path,
                    &dissent.path,
                    Some(&item.item.name),
                    kinds,
                    vocabulary,
                )
        });
        if lifted {
            verdict.lifted.push(dissent);
        } else {
            verdict.standing.push(dissent);
        }
    }
    verdict
}
