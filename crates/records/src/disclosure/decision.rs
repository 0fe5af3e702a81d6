//! The decision: each item's outcome with its trace, and the notice.

use super::agreement::{Agreement, in_force, in_use};
use super::ladder::{Caught, Evidence, Outcome, Rung, Step};
use super::notice::Notice;
use super::overrides::{Reason, counts};
use super::request::{Holdings, Relationship, Request, World};
use crate::consent::{Counted, Purpose, Situation, Verdict, combine, counted};
use crate::items::{Assessed, Item};
use region::CategoryName;
use std::collections::{BTreeMap, BTreeSet};

/// Categories that are always told (R66).
const ALWAYS_TOLD: [&str; 2] = ["medications", "allergies"];

/// What was decided of one item.
#[derive(Debug, Clone)]
pub struct Decided<'a> {
    item: &'a Item,
    outcome: Outcome,
    caught: Vec<Caught>,
}

/// The right to open one item. Only a decision makes it:
///
/// ```compile_fail
/// fn forged(item: &records::items::Item) -> records::disclosure::Release<'_> {
///     records::disclosure::Release { item }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    item: &'a Item,
}

impl<'a> Release<'a> {
    /// The item that may be opened.
    pub fn item(self) -> &'a Item {
        self.item
    }
}

/// What was decided of a request.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    items: Vec<Decided<'a>>,
    notice: BTreeSet<Notice>,
}

impl<'a> Decided<'a> {
    /// The item.
    pub fn item(&self) -> &'a Item {
        self.item
    }

    /// What becomes of it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Every rule that caught it, in the order of the ladder; the first
    /// decided. Nothing, and it is released (R21).
    pub fn caught(&self) -> &[Caught] {
        &self.caught
    }

    /// What a step found, for the explanation in the design's order.
    pub fn found(&self, step: Step) -> impl Iterator<Item = &Caught> {
        self.caught.iter().filter(move |caught| caught.step == step)
    }

    /// The right to open it, if it is released.
    pub fn release(&self) -> Option<Release<'a>> {
        (self.outcome == Outcome::Release).then_some(Release { item: self.item })
    }
}

impl<'a> Decision<'a> {
    /// The items asked for, in the order in which they are held.
    pub fn items(&self) -> &[Decided<'a>] {
        &self.items
    }

    /// What the answer says besides.
    pub fn notice(&self) -> &BTreeSet<Notice> {
        &self.notice
    }

    /// What may be opened.
    pub fn releases(&self) -> impl Iterator<Item = Release<'a>> + '_ {
        self.items.iter().filter_map(Decided::release)
    }
}

/// Decides a request (R1 to R68).
pub fn decide<'a>(world: &World, holdings: &'a Holdings, request: &Request) -> Decision<'a> {
    let mut notice: BTreeSet<Notice> = world.stale().cloned().map(Notice::Stale).collect();
    let overriding = request.overriding.as_ref();
    let reason = overriding
        .filter(|asked| counts(asked, &holdings.patient, request.now))
        .map(|asked| &asked.reason);
    if let (Some(asked), None) = (overriding, reason) {
        notice.insert(Notice::OverrideRefused(asked.reason.clone()));
    }
    let agreements = in_force(world, request);
    let for_role: Vec<&Agreement> = agreements
        .iter()
        .copied()
        .filter(|agreement| agreement.roles.contains(&request.asker.role))
        .collect();
    let caught = at_the_door(
        agreements.is_empty(),
        for_role.is_empty(),
        holdings,
        request,
        reason,
    );
    let instructions = match (&holdings.instructions, caught) {
        (Some(instructions), None) => instructions,
        (_, caught) => {
            let caught = caught.unwrap_or_else(cannot_tell);
            return refused(world, holdings, request, &caught, notice);
        }
    };
    if reason.is_some() || request.relationship == Relationship::SelfClaimed {
        notice.insert(Notice::Alert);
    }
    let hearing = Hearing {
        world,
        request,
        counted: for_role
            .iter()
            .map(|agreement| {
                let holder = agreement.as_holder();
                let counted = counted(instructions, &holdings.patient, request.now, &holder);
                (&agreement.name, counted)
            })
            .collect(),
        agreements: for_role,
    };
    let items = hearing.decide_items(&holdings.items, reason);
    let categories = &request.categories;
    notice.extend(hearing.not_agreed(categories.iter()));
    for decided in &items {
        notice.extend(hearing.told(decided));
    }
    Decision { items, notice }
}

/// R1 to R5: what is asked before any item is fetched.
fn at_the_door(
    no_agreement: bool,
    no_role: bool,
    holdings: &Holdings,
    request: &Request,
    reason: Option<&Reason>,
) -> Option<Caught> {
    if request.purpose != Purpose::DirectCare {
        return Some(Caught::withhold(1, Step::Agreement, Evidence::Request));
    }
    if no_agreement {
        return Some(Caught::withhold(1, Step::Agreement, Evidence::NoAgreement));
    }
    if no_role {
        return Some(Caught::withhold(2, Step::Role, Evidence::NoAgreement));
    }
    if !request.identity_is_sure {
        return Some(Caught::withhold(3, Step::Identity, Evidence::Request));
    }
    if holdings.instructions.is_none() || !holdings.source_answers {
        return Some(cannot_tell());
    }
    let related = matches!(
        request.relationship,
        Relationship::Feed | Relationship::SelfClaimed
    );
    (!related && reason.is_none())
        .then(|| Caught::liftable(5, Step::Relationship, Evidence::Request))
}

/// R4.
fn cannot_tell() -> Caught {
    Caught {
        outcome: Outcome::Unknown,
        ..Caught::withhold(4, Step::Answer, Evidence::Request)
    }
}

/// The answer to a request that fails before any item: alike for every
/// patient (R62).
fn refused<'a>(
    world: &World,
    holdings: &'a Holdings,
    request: &Request,
    caught: &Caught,
    mut notice: BTreeSet<Notice>,
) -> Decision<'a> {
    notice.insert(match caught.outcome {
        Outcome::Unknown => Notice::NoAnswer(world.holder.clone()),
        _ => Notice::Refused(caught.step),
    });
    let items = holdings
        .items
        .iter()
        .filter(|item| request.items.contains(&item.name))
        .map(|item| Decided {
            item,
            outcome: caught.outcome,
            caught: vec![caught.clone()],
        })
        .collect();
    Decision { items, notice }
}

/// A request that passed the door.
struct Hearing<'a> {
    world: &'a World,
    request: &'a Request,
    agreements: Vec<&'a Agreement>,
    counted: BTreeMap<&'a region::AgreementName, Counted<'a>>,
}

impl Hearing<'_> {
    /// Decides all that is held, R20 among it, and keeps what was asked for.
    fn decide_items<'i>(&self, held: &'i [Item], reason: Option<&Reason>) -> Vec<Decided<'i>> {
        let assessed: Vec<Assessed<'i>> = held
            .iter()
            .map(|item| Assessed::new(item, &self.world.vocabulary))
            .collect();
        let without = self.ladders(&assessed, None);
        // An override never narrows: what is released without it is released (R23).
        let caught = match reason {
            None => without,
            Some(_) => self
                .ladders(&assessed, reason)
                .into_iter()
                .zip(without)
                .map(|(with, without)| if without.is_empty() { without } else { with })
                .collect(),
        };
        held.iter()
            .zip(caught)
            .filter(|(item, _)| self.request.items.contains(&item.name))
            .map(|(item, caught)| Decided {
                item,
                outcome: caught
                    .first()
                    .map_or(Outcome::Release, |caught| caught.outcome),
                caught,
            })
            .collect()
    }

    /// What catches each item (R6 to R20).
    fn ladders(&self, held: &[Assessed<'_>], reason: Option<&Reason>) -> Vec<Vec<Caught>> {
        let mut caught: Vec<Vec<Caught>> =
            held.iter().map(|item| self.ladder(item, reason)).collect();
        let denied: Vec<&Item> = held
            .iter()
            .zip(&caught)
            .filter(|(item, caught)| !caught.is_empty() && !item.item.negative)
            .map(|(item, _)| item.item)
            .collect();
        for (item, caught) in held.iter().zip(&mut caught) {
            if !item.item.negative {
                continue;
            }
            let beside: Vec<_> = denied
                .iter()
                .filter(|other| !other.categories.is_disjoint(&item.item.categories))
                .map(|other| other.name.clone())
                .collect();
            if !beside.is_empty() {
                let evidence = Evidence::Items(beside);
                caught.push(Caught::withhold(20, Step::Completeness, evidence));
            }
        }
        caught
    }

    fn ladder(&self, item: &Assessed<'_>, reason: Option<&Reason>) -> Vec<Caught> {
        let agreement = in_use(&self.agreements, item.item);
        let situation = Situation {
            asker: &self.request.asker,
            emergency: reason == Some(&Reason::Emergency),
            stale_teams: &self.world.stale_teams,
        };
        let verdict = agreement
            .and_then(|agreement| self.counted.get(&agreement.name))
            .map_or_else(Verdict::default, |counted| {
                let world = self.world;
                combine(counted, situation, item, &world.kinds, &world.vocabulary)
            });
        Rung {
            world: self.world,
            request: self.request,
            item,
            agreement,
            verdict: &verdict,
            overriding: reason,
        }
        .caught()
    }

    fn is_listed(&self, category: &CategoryName) -> bool {
        self.agreements
            .iter()
            .any(|agreement| agreement.categories.contains(category))
    }

    /// R63.
    fn not_agreed<'c>(&self, asked: impl Iterator<Item = &'c CategoryName>) -> Vec<Notice> {
        asked
            .filter(|category| !self.is_listed(category))
            .map(|category| Notice::NotAgreed(category.clone()))
            .collect()
    }

    /// What is said of an item that is not released (R63 to R66).
    fn told(&self, decided: &Decided<'_>) -> Vec<Notice> {
        let Some(first) = decided.caught.first() else {
            return Vec::new();
        };
        let item = decided.item;
        let by_agreement = first.step == Step::Agreement;
        let silent = Assessed::new(item, &self.world.vocabulary).is_silent();
        if item.categories.is_empty() {
            return if silent {
                Vec::new()
            } else {
                vec![Notice::Told(None)]
            };
        }
        let mut said: Vec<Notice> = item
            .categories
            .iter()
            .filter(|category| !by_agreement || self.is_listed(category))
            .filter(|category| !silent || ALWAYS_TOLD.contains(&category.as_str()))
            .map(|category| Notice::Told(Some(category.clone())))
            .collect();
        if by_agreement && !silent {
            said.extend(self.not_agreed(item.categories.iter()));
        }
        said
    }
}
