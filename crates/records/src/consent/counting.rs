//! Which instructions count (R26 to R41).

use super::clause::{Clause, Effect};
use super::instruction::{
    Capacity, EndKind, Ending, Evidence, Instruction, Objection, Proof, Status,
};
use crate::patient::Patient;
use crate::time::{Moment, Stretch};
use region::OrganisationName;
use std::collections::BTreeSet;

/// How far an instruction counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// For nothing.
    None,
    /// Its dissents do, its permits do not; it supersedes and ends nothing.
    Narrow,
    /// In full.
    Full,
}

/// Who decides, and whose permits they accept under the agreement in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The organisation that holds the items.
    pub organisation: OrganisationName,
    /// Recorders, and the evidence with which their permits count (R39).
    pub accepts: BTreeSet<(OrganisationName, Evidence)>,
}

impl Holder {
    /// Tells whether a recorder's permit counts with this evidence (R39).
    fn accepts(&self, recorder: &OrganisationName, evidence: Evidence) -> bool {
        *recorder == self.organisation || self.accepts.contains(&(recorder.clone(), evidence))
    }
}

/// One part of what was instructed, as it counts now.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The version that it comes from.
    pub source: &'a Instruction,
    /// What it says, `only` and doubt spelled out.
    pub clause: Clause,
    /// When that was said: when given, or when withdrawn.
    pub given: Stretch,
    /// Its dissents count.
    pub dissents: bool,
    /// Its permits count.
    pub permits: bool,
}

/// All that counts.
#[derive(Debug, Clone, Default)]
pub struct Counted<'a> {
    /// The parts, in the order of the instructions.
    pub parts: Vec<Part<'a>>,
}

/// The standing of who gave an instruction (R35 to R38).
pub fn standing(instruction: &Instruction, patient: &Patient, now: Moment) -> Standing {
    let given = instruction.given.earliest.day();
    if instruction.by.capacity == Capacity::Patient {
        return if patient.decides(given) {
            Standing::Full
        } else {
            Standing::Narrow
        };
    }
    let authority =
        |day| patient.gives_authority_to(instruction.by, instruction.authority_ended, day);
    if !authority(given) {
        Standing::None
    } else if authority(now.day()) && instruction.by.proof == Proof::Verified {
        Standing::Full
    } else {
        Standing::Narrow
    }
}

/// One version, and what was found about it.
struct Candidate<'a> {
    version: &'a Instruction,
    standing: Standing,
    readable: bool,
    spelled_out: Clause,
    gone: bool,
    ending: Option<(&'a Ending, &'a OrganisationName)>,
}

impl Candidate<'_> {
    /// Tells whether ending, superseding or voiding it could widen (R32).
    fn has_dissent(&self) -> bool {
        self.spelled_out.has_dissent()
    }

    fn in_force(&self, now: Moment) -> bool {
        let today = now.day();
        self.version.from.is_none_or(|from| from <= today)
            && self.version.until.is_none_or(|until| today <= until)
    }
}

/// Works out which instructions count for a decision at `now` (R26 to R41).
pub fn counted<'a>(
    instructions: &'a [Instruction],
    patient: &Patient,
    now: Moment,
    holder: &Holder,
) -> Counted<'a> {
    let mut candidates = candidates(instructions, patient, now);
    void(&mut candidates, holder);
    supersede(&mut candidates, now, holder, true);
    let kept = keep_last_readable(&mut candidates, now, holder);
    supersede(&mut candidates, now, holder, false);
    let mut parts = Vec::new();
    for (candidate, kept) in candidates.iter().zip(kept) {
        if candidate.gone || kept {
            continue;
        }
        parts.extend(part(candidate, now, holder));
    }
    Counted { parts }
}

/// What exists for the decision (R26) and is more than a draft (R33).
fn candidates<'a>(
    instructions: &'a [Instruction],
    patient: &Patient,
    now: Moment,
) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = instructions
        .iter()
        .filter(|version| version.known.is_none_or(|known| known <= now))
        .filter(|version| !matches!(version.status, Status::Draft | Status::Rejected))
        .map(|version| {
            let by = standing(version, patient, now);
            Candidate {
                version,
                standing: if version.status == Status::Proposed {
                    by.min(Standing::Narrow)
                } else {
                    by
                },
                readable: version.is_readable(),
                spelled_out: version.clause.spelled_out(),
                gone: by == Standing::None,
                ending: version
                    .ended
                    .as_ref()
                    .filter(|ending| ending.when.earliest <= now)
                    .map(|ending| (ending, version.end_recorder(ending))),
            }
        })
        .collect();
    // In an order of its own, so that the order of holding changes nothing.
    found.sort_by(|a, b| a.version.id.cmp(&b.version.id));
    found
}

/// R32: what widens counts from who recorded the dissent, the holder, or an
/// accepted recorder.
fn may_widen(
    target: &Candidate<'_>,
    recorder: &OrganisationName,
    evidence: Evidence,
    holder: &Holder,
) -> bool {
    !target.has_dissent() || *recorder == target.version.at || holder.accepts(recorder, evidence)
}

/// `entered-in-error` voids the earlier versions (R33) and counts for nothing.
fn void(candidates: &mut [Candidate<'_>], holder: &Holder) {
    let errors: Vec<&Instruction> = candidates
        .iter()
        .filter(|c| c.version.status == Status::EnteredInError && c.standing == Standing::Full)
        .map(|c| c.version)
        .collect();
    for candidate in candidates {
        let id = &candidate.version.id;
        let voided = errors.iter().any(|error| {
            error.id.name == id.name
                && error.id.version > id.version
                && may_widen(candidate, &error.at, error.evidence, holder)
        });
        candidate.gone |= voided || candidate.version.status == Status::EnteredInError;
    }
}

/// Takes away what later versions and replacements supersede (R29, R30), by
/// readable versions or by those that are in force with their doubt (R34).
fn supersede(candidates: &mut [Candidate<'_>], now: Moment, holder: &Holder, readable: bool) {
    let superseded: Vec<bool> = candidates
        .iter()
        .map(|target| {
            candidates.iter().any(|by| {
                by.readable == readable
                    && (readable || !has_readable_before(candidates, by))
                    && supersedes(by, target, now, holder)
            })
        })
        .collect();
    for (candidate, superseded) in candidates.iter_mut().zip(superseded) {
        candidate.gone |= superseded;
    }
}

fn has_readable_before(candidates: &[Candidate<'_>], version: &Candidate<'_>) -> bool {
    candidates.iter().any(|earlier| {
        earlier.readable && !earlier.gone && is_earlier(earlier.version, version.version)
    })
}

fn is_earlier(a: &Instruction, b: &Instruction) -> bool {
    a.id.name == b.id.name && a.id.version < b.id.version
}

fn supersedes(by: &Candidate<'_>, target: &Candidate<'_>, now: Moment, holder: &Holder) -> bool {
    let (new, old) = (by.version, target.version);
    let replaces = new.replaces.as_ref() == Some(&old.id.name)
        && new.id.name != old.id.name
        && (!target.has_dissent() || new.given.is_after(&old.given));
    let started = new.from.is_none_or(|from| from <= now.day()) && new.given.earliest <= now;
    (is_earlier(old, new) || replaces)
        && new.status == Status::Active
        && by.standing == Standing::Full
        && started
        && may_widen(target, &new.at, new.evidence, holder)
        && new.by.capacity.may_undo(old.by.capacity)
}

impl Capacity {
    /// Tells whether an instruction in this capacity may lift or supersede one
    /// given in another (R59).
    pub fn may_undo(self, other: Self) -> bool {
        self == Self::Patient || self == other
    }
}

/// Finds what cannot be read whole and has an earlier readable version that
/// counts; that one stays in force, and takes its end (R31, R34).
fn keep_last_readable(candidates: &mut [Candidate<'_>], now: Moment, holder: &Holder) -> Vec<bool> {
    let mut kept = vec![false; candidates.len()];
    let mut ends = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if candidate.readable || candidate.gone {
            continue;
        }
        let last = candidates
            .iter()
            .enumerate()
            .filter(|(_, earlier)| {
                is_earlier(earlier.version, candidate.version)
                    && earlier.readable
                    && !earlier.gone
                    && part(earlier, now, holder).is_some()
            })
            .max_by_key(|(_, earlier)| earlier.version.id.version);
        let Some((target, _)) = last else { continue };
        let is_dissent = candidate.spelled_out.effect() == Effect::Dissent;
        if let (Some(slot), false) = (kept.get_mut(index), is_dissent) {
            *slot = true;
        }
        if candidate.standing == Standing::Full
            && let Some(ending) = candidate.ending
        {
            ends.push((index, target, ending));
        }
    }
    for (from, target, ending) in ends {
        if let Some(candidate) = candidates.get_mut(from) {
            candidate.ending = None;
        }
        if let Some(candidate) = candidates.get_mut(target) {
            candidate.ending = candidate.ending.or(Some(ending));
        }
    }
    kept
}

/// What a version contributes: itself, or the dissent that its withdrawal
/// leaves (R31); none if it is over or cannot count.
fn part<'a>(candidate: &Candidate<'a>, now: Moment, holder: &Holder) -> Option<Part<'a>> {
    let version = candidate.version;
    let refused_here = matches!(&version.objection,
        Some(Objection::Refused(by)) if *by == holder.organisation);
    let root = version.clause.effect();
    if let Some((ending, recorder)) = candidate.ending {
        let stops =
            ending.kind != EndKind::Default && matches!(root, Effect::Permit | Effect::Only);
        if stops {
            let over = version
                .until
                .is_some_and(|until| until < ending.when.earliest.day());
            return (!over).then(|| Part {
                source: version,
                clause: version.clause.withdrawn(),
                given: ending.when,
                dissents: true,
                permits: false,
            });
        }
        if may_widen(candidate, recorder, Evidence::Signed, holder) {
            return None;
        }
    }
    let permits = candidate.standing == Standing::Full
        && version.given.earliest <= now
        && holder.accepts(&version.at, version.evidence);
    let part = Part {
        source: version,
        clause: if candidate.readable {
            candidate.spelled_out.clone()
        } else {
            candidate.spelled_out.with_its_doubt()
        },
        given: version.given,
        dissents: !refused_here,
        permits,
    };
    let says = (permits && !part.clause.paths(Effect::Permit).is_empty())
        || (part.dissents && part.clause.has_dissent());
    (candidate.in_force(now) && says).then_some(part)
}
