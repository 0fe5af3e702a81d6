//! Rules that never decide, because those before them match all that they match.
//!
//! What is not about the packet's header (interfaces, the state of its
//! connection) is a rule's guard. A rule is held against the earlier ones whose
//! guard lets everything pass that its own does. So what is found is surely
//! shadowed; a rule that several with narrower guards shadow together is not
//! found, nor one whose chain exempts packets from tracking.

use super::condition::header_fields;
use super::limits::CONDITION_DEPTH_MAX;
use super::runs::matched;
use crate::model::{Action, Chain, Condition, ConnectionStates, InterfaceSet, Rule};
use packets::{Address, Decisions, Diagram, Fields, Limits, Match, PacketSets, Set, SetError};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// How many comparisons of guards one chain is worth; the rules of longer ones
/// are held against fewer.
const GUARDS_COMPARED_MAX: usize = 1_000_000;

/// A rule that never decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shadowed {
    /// The rule's position in its chain.
    pub rule: usize,
    /// The positions of the rules that together match all that it matches, ascending.
    pub by: Vec<usize>,
}

/// Finds the rules of a chain that never decide.
///
/// Only rules that end the chain are told of, and only where their condition is
/// wholly known.
///
/// # Errors
///
/// [`SetError::Exhausted`] where the sets do not fit.
pub fn shadowed(chain: &Chain) -> Result<Vec<Shadowed>, SetError> {
    let four = fates::<u32>(chain)?;
    let six = fates::<u128>(chain)?;
    let mut found = Vec::new();
    for (rule, fates) in four.into_iter().zip(six).enumerate() {
        let by = match fates {
            (Fate::Shadowed(four), Fate::Shadowed(six)) => four.union(&six).copied().collect(),
            (Fate::Shadowed(by), Fate::Nothing) | (Fate::Nothing, Fate::Shadowed(by)) => {
                by.into_iter().collect()
            }
            _ => continue,
        };
        found.push(Shadowed { rule, by });
    }
    Ok(found)
}

/// What is to be said of a rule in one family of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It decides some packet, or nothing is known of it.
    Stands,
    /// No packet of the family matches it.
    Nothing,
    /// These match all that it matches.
    Shadowed(BTreeSet<usize>),
}

/// What a rule asks beside the header; `None` asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Guard<'a> {
    enters: Option<&'a InterfaceSet>,
    leaves: Option<&'a InterfaceSet>,
    states: Option<ConnectionStates>,
}

impl Guard<'_> {
    /// Tells whether everything that passes the other guard passes this one.
    fn covers(&self, other: &Self) -> bool {
        let wider = |own: Option<&InterfaceSet>, other: Option<&InterfaceSet>| {
            own.is_none_or(|own| {
                other.is_some_and(|other| other.iter().all(|interface| own.contains(interface)))
            })
        };
        wider(self.enters, other.enters)
            && wider(self.leaves, other.leaves)
            && self
                .states
                .is_none_or(|own| other.states.is_some_and(|other| other.is_subset(own)))
    }
}

/// A rule that ends the chain, as a guard and a set of headers.
struct Plain<'a, A> {
    guard: Guard<'a>,
    headers: Match<A, Set>,
}

fn fates<A: Address>(chain: &Chain) -> Result<Vec<Fate>, SetError> {
    let mut fates = vec![Fate::Stands; chain.rules.len()];
    // What is exempted from tracking half-way is in another state below.
    if chain
        .rules
        .iter()
        .any(|rule| rule.action == Action::NoTrack)
    {
        return Ok(fates);
    }
    let mut diagram = Diagram::<A>::new();
    let mut plain = Vec::with_capacity(chain.rules.len());
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut first_of: FxHashMap<Guard<'_>, usize> = FxHashMap::default();
    for (position, rule) in chain.rules.iter().enumerate() {
        let rule = read(&mut diagram, rule)?;
        if let Some(rule) = &rule {
            let first = *first_of.entry(rule.guard.clone()).or_insert(position);
            groups.entry(first).or_default().push(position);
        }
        plain.push(rule);
    }
    let groups_max = (GUARDS_COMPARED_MAX / plain.len().max(1)).max(1);
    for members in groups.values().take(groups_max) {
        judge_group(&mut diagram, &plain, members, &mut fates)?;
    }
    Ok(fates)
}

/// Holds the rules of one guard against all earlier ones that cover it.
fn judge_group<A: Address>(
    diagram: &mut Diagram<A>,
    plain: &[Option<Plain<'_, A>>],
    members: &[usize],
    fates: &mut [Fate],
) -> Result<(), SetError> {
    let rule_at = |position: usize| plain.get(position).and_then(Option::as_ref);
    let Some(guard) = members
        .first()
        .and_then(|&first| Some(&rule_at(first)?.guard))
    else {
        return Ok(());
    };
    let lines: Vec<_> = (0_u32..)
        .zip(plain)
        .filter_map(|(label, rule)| Some((label, rule.as_ref()?)))
        .filter(|(_, rule)| rule.guard.covers(guard))
        .map(|(label, rule)| (&rule.headers, label))
        .collect();
    let decisions = Decisions::of(diagram, lines, Limits::default())?;
    let deciding = decisions.deciding();
    for &position in members {
        let decides =
            u32::try_from(position).is_ok_and(|label| deciding.binary_search(&label).is_ok());
        let (Some(rule), Some(fate), false) = (rule_at(position), fates.get_mut(position), decides)
        else {
            continue;
        };
        let headers = matched(diagram, &rule.headers)?;
        let by = decisions.deciding_within(diagram, headers)?;
        *fate = if by.is_empty() {
            Fate::Nothing
        } else {
            Fate::Shadowed(by.into_iter().map(|label| label as usize).collect())
        };
    }
    Ok(())
}

/// Reads a rule that ends the chain; `None` for others, and where its condition
/// asks what is neither guard nor header, or is not known.
fn read<'a, A: Address>(
    diagram: &mut Diagram<A>,
    rule: &'a Rule,
) -> Result<Option<Plain<'a, A>>, SetError> {
    let ends = matches!(
        rule.action,
        Action::Accept(_)
            | Action::Drop
            | Action::Return
            | Action::Goto(_)
            | Action::Translate(_)
            | Action::Route(_)
    );
    let mut parts = Vec::new();
    let mut guard = Guard::default();
    if !ends || !part(&rule.condition, &mut guard, &mut parts, 0) {
        return Ok(None);
    }
    let mut fields = Fields::any();
    let mut within = None;
    for part in parts {
        if let Some(simple) = header_fields(part) {
            fields = fields.and(&simple);
            continue;
        }
        let Some(set) = headers(diagram, part, 0)? else {
            return Ok(None);
        };
        within = Some(match within {
            None => set,
            Some(others) => diagram.and(others, set)?,
        });
    }
    let headers = Match { fields, within };
    Ok(Some(Plain { guard, headers }))
}

/// Parts a conjunction into its guard and what is about headers; false where a
/// guard is asked twice.
fn part<'a>(
    condition: &'a Condition,
    guard: &mut Guard<'a>,
    headers: &mut Vec<&'a Condition>,
    depth: usize,
) -> bool {
    match condition {
        Condition::All(parts) if depth < CONDITION_DEPTH_MAX => parts
            .iter()
            .all(|inner| part(inner, guard, headers, depth + 1)),
        Condition::EntersBy(set) => guard.enters.replace(set).is_none(),
        Condition::LeavesBy(set) => guard.leaves.replace(set).is_none(),
        Condition::Connection(states) => guard.states.replace(*states).is_none(),
        other => {
            headers.push(other);
            true
        }
    }
}

/// Returns the headers that a condition holds for; `None` where it is not about
/// headers alone. Marks are none: rules change them on the way.
fn headers<A: Address>(
    diagram: &mut Diagram<A>,
    condition: &Condition,
    depth: usize,
) -> Result<Option<Set>, SetError> {
    if depth >= CONDITION_DEPTH_MAX {
        return Ok(None);
    }
    if let Some(fields) = header_fields(condition) {
        return diagram.fields(&fields).map(Some);
    }
    let (Condition::All(parts) | Condition::Any(parts)) = condition else {
        let Condition::Not(part) = condition else {
            return Ok(None);
        };
        let part = headers(diagram, part, depth + 1)?;
        return Ok(part.map(|set| diagram.not(set)));
    };
    let mut sets = Vec::with_capacity(parts.len());
    for part in parts {
        match headers(diagram, part, depth + 1)? {
            Some(set) => sets.push(set),
            None => return Ok(None),
        }
    }
    match condition {
        Condition::All(_) => diagram.all(&sets).map(Some),
        _ => diagram.any(&sets).map(Some),
    }
}
