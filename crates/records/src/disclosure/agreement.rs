//! Agreements, as the decision needs them.

use super::request::{Request, World};
use crate::consent::{Evidence, Holder};
use crate::items::Item;
use jiff::civil::Date;
use region::{AgreementName, CategoryName, OrganisationName, RoleName};
use std::collections::BTreeSet;

/// How consent is taken, the strictest last (R60).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// Implied.
    Implied,
    /// Permission to view: the patient is asked at that moment.
    View,
    /// Explicit.
    Explicit,
}

/// What becomes of unassessed free text (R18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeText {
    /// It is released like anything else.
    Release,
    /// Only under a permit that names the item, or an override.
    Withhold,
}

/// What two organisations agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its name.
    pub name: AgreementName,
    /// Who asks.
    pub asker: OrganisationName,
    /// Who holds.
    pub holder: OrganisationName,
    /// The roles that may ask.
    pub roles: BTreeSet<RoleName>,
    /// How consent is taken.
    pub model: Model,
    /// The categories that it covers.
    pub categories: BTreeSet<CategoryName>,
    /// What becomes of unassessed free text.
    pub free_text: FreeText,
    /// Whose permits count, with which evidence (R39).
    pub accepts: BTreeSet<(OrganisationName, Evidence)>,
    /// The first day; none if it has always been.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Whether everybody who must has approved it.
    pub approved: bool,
}

impl Agreement {
    /// Tells whether it is in force on a day, the last day included (R1).
    fn in_force(&self, day: Date) -> bool {
        self.approved
            && self.from.is_none_or(|from| from <= day)
            && self.until.is_none_or(|until| day <= until)
    }

    /// The holder, with whose permits it accepts.
    pub(super) fn as_holder(&self) -> Holder {
        Holder {
            organisation: self.holder.clone(),
            accepts: self.accepts.clone(),
        }
    }
}

/// Agreements in force between asker and holder (R1).
pub(super) fn in_force<'a>(world: &'a World, request: &Request) -> Vec<&'a Agreement> {
    world
        .agreements
        .iter()
        .filter(|agreement| agreement.asker == request.asker.organisation)
        .filter(|agreement| agreement.holder == world.holder)
        .filter(|agreement| agreement.in_force(request.now.day()))
        .collect()
}

/// The agreement in use for an item: of those that list all its categories,
/// the one with the strictest model; of equals, the first by name (R60).
pub(super) fn in_use<'a>(agreements: &[&'a Agreement], item: &Item) -> Option<&'a Agreement> {
    agreements
        .iter()
        .copied()
        .filter(|agreement| {
            !item.categories.is_empty() && item.categories.is_subset(&agreement.categories)
        })
        .min_by(|a, b| b.model.cmp(&a.model).then_with(|| a.name.cmp(&b.name)))
}
