//! The ladder of one item (R6 to R19): every rule that catches it, with its
//! evidence; the lowest number decides.

use super::agreement::{Agreement, FreeText, Model};
use super::overrides::{Reason, resists, statute_allows};
use super::request::{Request, View, World};
use crate::consent::{Level, Verdict, VersionRef};
use crate::items::{Assessed, LabelClass, LabelOfItem, PolicySays};
use crate::words::{ItemName, Label};
use region::{AgreementName, OrganisationName};
use std::fmt;

/// A rule of the ladder, by its number in the truth table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule(pub u8);

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0)
    }
}

/// A step of the decision, in the order in which they are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Is an agreement in force?
    Agreement,
    /// May this role ask?
    Role,
    /// Is it this patient?
    Identity,
    /// Can the holder tell at all (R4)?
    Answer,
    /// Is there a relationship?
    Relationship,
    /// What did the patient say?
    Consent,
    /// What do labels ask?
    Sensitivity,
    /// What does the holder's own policy say?
    Policy,
    /// Would a negative deny what is withheld (R20)?
    Completeness,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agreement => "agreement",
            Self::Role => "role",
            Self::Identity => "identity",
            Self::Answer => "answer",
            Self::Relationship => "relationship",
            Self::Consent => "consent",
            Self::Sensitivity => "sensitivity",
            Self::Policy => "policy",
            Self::Completeness => "completeness",
        })
    }
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is released.
    Release,
    /// It is withheld, and no override would help.
    Withhold(Step),
    /// It is withheld, unless somebody who may overrides.
    NeedsOverride(Step),
    /// The holder cannot tell.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release => f.write_str("release"),
            Self::Withhold(step) => write!(f, "withhold({step})"),
            Self::NeedsOverride(step) => write!(f, "needs-override({step})"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What a rule rested on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// The request itself, as it was asked or verified.
    Request,
    /// No agreement covers it.
    NoAgreement,
    /// An agreement's terms.
    Agreement(AgreementName),
    /// Versions of instructions.
    Instructions(Vec<VersionRef>),
    /// Labels of the item.
    Labels(Vec<Label>),
    /// Its level.
    Level(Level),
    /// Neighbours known from too long ago.
    Stale(Vec<OrganisationName>),
    /// A mark of the item itself.
    Item,
    /// Other items that are caught.
    Items(Vec<ItemName>),
}

/// A rule that catches a request or an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caught {
    /// The rule.
    pub rule: Rule,
    /// The step that it belongs to.
    pub step: Step,
    /// What follows.
    pub outcome: Outcome,
    /// What it rests on.
    pub evidence: Evidence,
}

impl Caught {
    pub(super) fn withhold(rule: u8, step: Step, evidence: Evidence) -> Self {
        Self {
            rule: Rule(rule),
            step,
            outcome: Outcome::Withhold(step),
            evidence,
        }
    }

    pub(super) fn liftable(rule: u8, step: Step, evidence: Evidence) -> Self {
        Self {
            rule: Rule(rule),
            step,
            outcome: Outcome::NeedsOverride(step),
            evidence,
        }
    }
}

/// All that the ladder looks at.
pub(super) struct Rung<'a> {
    pub(super) world: &'a World,
    pub(super) request: &'a Request,
    pub(super) item: &'a Assessed<'a>,
    pub(super) agreement: Option<&'a Agreement>,
    pub(super) verdict: &'a Verdict<'a>,
    /// The override that counts.
    pub(super) overriding: Option<&'a Reason>,
}

impl Rung<'_> {
    /// Every rule from R6 to R19 that catches the item, in their order.
    pub(super) fn caught(&self) -> Vec<Caught> {
        let mut caught = self.never_lifted();
        if let Some(agreement) = self.agreement {
            caught.extend(self.consent(agreement));
        }
        caught.extend(self.sensitivity());
        caught
    }

    fn labels_of(&self, class: LabelClass) -> Vec<Label> {
        self.item
            .labels
            .iter()
            .filter(|label| label.classes.contains(&class))
            .map(|label| label.label.clone())
            .collect()
    }

    /// R6 to R9.
    fn never_lifted(&self) -> Vec<Caught> {
        let mut caught = Vec::new();
        if self.agreement.is_none() {
            caught.push(Caught::withhold(6, Step::Agreement, Evidence::NoAgreement));
        }
        for (rule, class) in [(7, LabelClass::Source), (8, LabelClass::Never)] {
            let labels = self.labels_of(class);
            if !labels.is_empty() {
                caught.push(Caught::withhold(
                    rule,
                    Step::Sensitivity,
                    Evidence::Labels(labels),
                ));
            }
        }
        if self.item.item.policy == PolicySays::Forbids {
            caught.push(Caught::withhold(9, Step::Policy, Evidence::Item));
        }
        caught
    }

    /// R10 to R14.
    fn consent(&self, agreement: &Agreement) -> Vec<Caught> {
        let mut caught = Vec::new();
        let lifted = self.overriding.is_some();
        let mut catch = |rule, applies: bool, evidence: Evidence| {
            if applies {
                caught.push(Caught::liftable(rule, Step::Consent, evidence));
            }
        };
        catch(
            10,
            !lifted && self.request.view == View::No,
            Evidence::Request,
        );
        let dissents: Vec<VersionRef> = self
            .verdict
            .standing
            .iter()
            .filter(|dissent| {
                self.overriding
                    .is_none_or(|reason| resists(dissent, reason, self.item))
            })
            .map(|dissent| dissent.part.source.id.clone())
            .collect();
        catch(11, !dissents.is_empty(), Evidence::Instructions(dissents));
        let by_agreement = || Evidence::Agreement(agreement.name.clone());
        let unpermitted = !lifted && self.verdict.permits.is_empty();
        catch(
            12,
            unpermitted && agreement.model == Model::View && self.request.view != View::Yes,
            by_agreement(),
        );
        catch(
            13,
            unpermitted && agreement.model == Model::Explicit,
            by_agreement(),
        );
        let explicit = agreement.model == Model::Explicit
            || self.item.labels.iter().any(|label| {
                (label.classes.contains(&LabelClass::Explicit)
                    || label.classes.contains(&LabelClass::Law))
                    && self.is_named(label)
            });
        let stale: Vec<OrganisationName> = self.world.stale().cloned().collect();
        catch(
            14,
            !lifted && explicit && !stale.is_empty(),
            Evidence::Stale(stale),
        );
        caught
    }

    /// Tells whether a permit names a label (R61).
    fn is_named(&self, label: &LabelOfItem) -> bool {
        self.verdict
            .permits
            .iter()
            .any(|permit| permit.names_label(label, &self.item.item.name))
    }

    /// Tells whether a permit names the item itself.
    fn item_is_named(&self) -> bool {
        self.verdict
            .permits
            .iter()
            .any(|permit| permit.names_item(&self.item.item.name))
    }

    /// Labels of a kind that no permit names.
    fn unnamed(&self, asks: impl Fn(&LabelOfItem) -> bool) -> Vec<Label> {
        self.item
            .labels
            .iter()
            .filter(|label| asks(label) && !self.is_named(label))
            .map(|label| label.label.clone())
            .collect()
    }

    /// R15 to R19.
    fn sensitivity(&self) -> Vec<Caught> {
        let mut caught = Vec::new();
        let mut catch = |rule, step, applies: bool, evidence: Evidence| {
            if applies {
                caught.push(Caught::liftable(rule, step, evidence));
            }
        };
        let lifted = self.overriding.is_some();
        let law = self.unnamed(|label| {
            label.classes.contains(&LabelClass::Law)
                && !self
                    .overriding
                    .is_some_and(|reason| statute_allows(label, reason))
        });
        catch(
            15,
            Step::Sensitivity,
            !law.is_empty(),
            Evidence::Labels(law),
        );
        let explicit = self.unnamed(|label| {
            label.classes.contains(&LabelClass::Explicit) || label.classes.is_empty()
        });
        let level = self.item.level == Level::VeryRestricted
            && !self
                .verdict
                .permits
                .iter()
                .any(|permit| permit.names_level(self.item));
        let evidence = if explicit.is_empty() {
            Evidence::Level(self.item.level)
        } else {
            Evidence::Labels(explicit.clone())
        };
        catch(
            16,
            Step::Sensitivity,
            !lifted && (level || !explicit.is_empty()),
            evidence,
        );
        catch(
            17,
            Step::Sensitivity,
            !lifted && self.is_sealed(),
            Evidence::Item,
        );
        let withholds_text = self
            .agreement
            .is_none_or(|agreement| agreement.free_text == FreeText::Withhold);
        catch(
            18,
            Step::Sensitivity,
            !lifted && self.item.unassessed && withholds_text && !self.item_is_named(),
            Evidence::Item,
        );
        catch(
            19,
            Step::Policy,
            !lifted && self.item.item.policy == PolicySays::Asks,
            Evidence::Item,
        );
        caught
    }

    /// Tells whether the item is sealed for this asker (R17).
    fn is_sealed(&self) -> bool {
        let teams = &self.item.item.sealed_for;
        let is_seal = |label: &&LabelOfItem| label.classes.contains(&LabelClass::Sealed);
        let sealed = !teams.is_empty() || self.item.labels.iter().any(|label| is_seal(&label));
        sealed
            && teams.is_disjoint(&self.request.asker.teams)
            && !self.item_is_named()
            && !self
                .item
                .labels
                .iter()
                .filter(is_seal)
                .any(|label| self.is_named(label))
    }
}
