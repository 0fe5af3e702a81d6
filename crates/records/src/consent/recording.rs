//! Recording and receiving instructions (R74 to R83).

use super::clause::Effect;
use super::counting::{Holder, Standing, counted, standing};
use super::instruction::{EndKind, Evidence, Instruction, VersionRef};
use super::within::{Kinds, lies_within, meets};
use crate::items::Vocabulary;
use crate::patient::Patient;
use crate::time::Moment;
use std::collections::BTreeSet;

/// How an instruction comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the holder's own staff, now.
    Recorded,
    /// From a feed, an upstream or an import.
    Received,
}

/// What comes.
#[derive(Debug, Clone)]
pub struct Offer<'a> {
    /// The version.
    pub instruction: &'a Instruction,
    /// How it comes.
    pub way: Way,
    /// Its signature holds, where it has one to hold.
    pub signature_holds: bool,
    /// It is about sharing, not about treatment or research.
    pub about_sharing: bool,
    /// It is surely about this patient.
    pub patient_is_sure: bool,
}

/// Why something is refused or ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// A bad signature (R74).
    Signature,
    /// Held already (R74).
    Duplicate,
    /// Held with other content (R74).
    Conflict,
    /// Not about sharing (R75).
    Kind,
    /// Not surely about this patient (R76).
    Patient,
    /// No standing (R77).
    Authority,
    /// An effect cannot be told (R78).
    EffectUnclear,
    /// A value is not understood (R78).
    NotUnderstood,
    /// A date that cannot be (R80).
    Date,
    /// A permit without evidence (R81).
    Evidence,
    /// A withdrawal that does not say what it means (R82).
    Withdrawal,
    /// It overlaps an earlier dissent (R83).
    Overlap,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Taken {
    /// Recorded.
    Accepted,
    /// Recorded as an objection (R77).
    AcceptedAsObjection,
    /// Received, and counts as far as the rules let it.
    InForce,
    /// In force with its doubt (R79).
    Doubt,
    /// The earlier version stays (R79).
    Kept,
    /// Not yet (R80).
    Waits,
    /// Over (R80).
    Stored,
    /// Kept without effect.
    Ignored(Why),
    /// Kept as evidence alone.
    Rejected(Why),
    /// Not recorded.
    Refused(Why),
}

/// What becomes of an offer, and who has to look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What becomes of it.
    pub taken: Taken,
    /// It goes to the holder's work list.
    pub on_list: bool,
    /// The dissents that it overlaps (R83).
    pub meets: Vec<VersionRef>,
}

impl Receipt {
    fn new(taken: Taken, on_list: bool) -> Self {
        Self {
            taken,
            on_list,
            meets: Vec::new(),
        }
    }
}

/// What is known where an offer comes.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// What is held.
    pub held: &'a [Instruction],
    /// The patient.
    pub patient: &'a Patient,
    /// Who holds.
    pub holder: &'a Holder,
    /// The kinds of organisations.
    pub kinds: &'a Kinds,
    /// Labels and codes.
    pub vocabulary: &'a Vocabulary,
    /// The moment.
    pub now: Moment,
}

/// Takes an offer (R74 to R83): the first rule that settles it does.
pub fn take(offer: &Offer<'_>, desk: Desk<'_>) -> Receipt {
    let new = offer.instruction;
    let recorded = offer.way == Way::Recorded;
    if let Some(receipt) = known_already(offer, desk) {
        return receipt;
    }
    if !offer.about_sharing {
        return Receipt::new(Taken::Ignored(Why::Kind), false);
    }
    let turned_away = |why| {
        if recorded {
            Receipt::new(Taken::Refused(why), false)
        } else {
            Receipt::new(Taken::Ignored(why), true)
        }
    };
    if !offer.patient_is_sure {
        return turned_away(Why::Patient);
    }
    let standing = standing(new, desk.patient, desk.now);
    if standing == Standing::None {
        return turned_away(Why::Authority);
    }
    let narrow = standing == Standing::Narrow;
    let root = new.clause.effect();
    if narrow && recorded && root == Effect::Dissent {
        return Receipt::new(Taken::AcceptedAsObjection, true);
    }
    if narrow && recorded && root != Effect::Unclear {
        return Receipt::new(Taken::Refused(Why::Authority), false);
    }
    let receipt = unreadable(offer, desk)
        .or_else(|| dates(offer, desk))
        .or_else(|| evidence(offer))
        .unwrap_or_else(|| overlap(offer, desk));
    Receipt {
        on_list: receipt.on_list || narrow,
        ..receipt
    }
}

/// R74.
fn known_already(offer: &Offer<'_>, desk: Desk<'_>) -> Option<Receipt> {
    if offer.way == Way::Recorded {
        return None;
    }
    if !offer.signature_holds {
        return Some(Receipt::new(Taken::Rejected(Why::Signature), true));
    }
    let same = desk
        .held
        .iter()
        .find(|held| held.id == offer.instruction.id)?;
    Some(if same == offer.instruction {
        Receipt::new(Taken::Ignored(Why::Duplicate), false)
    } else {
        Receipt::new(Taken::Rejected(Why::Conflict), true)
    })
}

/// R78 and R79.
fn unreadable(offer: &Offer<'_>, desk: Desk<'_>) -> Option<Receipt> {
    let new = offer.instruction;
    if new.is_readable() {
        return None;
    }
    if offer.way == Way::Recorded {
        let why = if new.clause.spelled_out().effect_is_unclear() {
            Why::EffectUnclear
        } else {
            Why::NotUnderstood
        };
        return Some(Receipt::new(Taken::Refused(why), false));
    }
    let kept = counted(desk.held, desk.patient, desk.now, desk.holder)
        .parts
        .iter()
        .any(|part| {
            let id = &part.source.id;
            id.name == new.id.name && id.version < new.id.version && part.source.is_readable()
        });
    Some(Receipt::new(
        if kept { Taken::Kept } else { Taken::Doubt },
        true,
    ))
}

/// R80.
fn dates(offer: &Offer<'_>, desk: Desk<'_>) -> Option<Receipt> {
    let new = offer.instruction;
    let ahead = new.given.earliest > desk.now;
    let over = new.until.is_some_and(|until| until < desk.now.day());
    let backwards = matches!((new.from, new.until), (Some(from), Some(until)) if until < from);
    match offer.way {
        Way::Recorded => {
            (ahead || over || backwards).then(|| Receipt::new(Taken::Refused(Why::Date), false))
        }
        Way::Received if ahead => Some(Receipt::new(
            if new.clause.effect() == Effect::Permit {
                Taken::Waits
            } else {
                Taken::InForce
            },
            true,
        )),
        Way::Received => over.then(|| Receipt::new(Taken::Stored, false)),
    }
}

/// R81 and R82.
fn evidence(offer: &Offer<'_>) -> Option<Receipt> {
    let new = offer.instruction;
    let permits = matches!(new.clause.effect(), Effect::Permit | Effect::Only);
    if offer.way == Way::Received || !permits {
        return None;
    }
    if new.evidence == Evidence::None {
        return Some(Receipt::new(Taken::Refused(Why::Evidence), false));
    }
    new.ended
        .as_ref()
        .is_some_and(|ending| ending.kind == EndKind::Unsaid)
        .then(|| Receipt::new(Taken::Refused(Why::Withdrawal), false))
}

/// R83; a version of the same instruction, or one that is replaced, is no
/// earlier dissent to it.
fn overlap(offer: &Offer<'_>, desk: Desk<'_>) -> Receipt {
    let new = offer.instruction;
    let clause = new.clause.spelled_out();
    let held = counted(desk.held, desk.patient, desk.now, desk.holder);
    let mut met = BTreeSet::new();
    for part in held.parts.iter().filter(|part| part.dissents) {
        let id = &part.source.id;
        if id.name == new.id.name || new.replaces.as_ref() == Some(&id.name) {
            continue;
        }
        let overlaps = part.clause.paths(Effect::Dissent).iter().any(|dissent| {
            clause.paths(Effect::Permit).iter().any(|permit| {
                meets(permit, dissent)
                    && !lies_within(permit, dissent, None, desk.kinds, desk.vocabulary)
            })
        });
        if overlaps {
            met.insert(id.clone());
        }
    }
    let overlaps = !met.is_empty();
    let taken = match offer.way {
        Way::Recorded if overlaps => Taken::Refused(Why::Overlap),
        Way::Recorded => Taken::Accepted,
        Way::Received => Taken::InForce,
    };
    Receipt {
        taken,
        on_list: overlaps && offer.way == Way::Received,
        meets: met.into_iter().collect(),
    }
}
