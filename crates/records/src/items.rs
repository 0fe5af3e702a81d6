//! What is held: items, the tables of labels and codes, and what follows from
//! them about an item (R46 to R51).

use crate::consent::{Level, Team};
use crate::words::{Author, Code, EncounterName, ItemName, Label, ResourceType};
use jiff::civil::Date;
use region::CategoryName;
use std::collections::{BTreeMap, BTreeSet};

/// What the holder's own policy says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySays {
    /// Nothing against it.
    Allows,
    /// Only under an override.
    Asks,
    /// Never.
    Forbids,
}

/// One thing that is held about the patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: ItemName,
    /// Its own categories.
    pub categories: BTreeSet<CategoryName>,
    /// Its resource type.
    pub kind: ResourceType,
    /// The levels it carries; the highest is its level.
    pub levels: BTreeSet<Level>,
    /// The topic labels it carries.
    pub labels: BTreeSet<Label>,
    /// Its codes.
    pub codes: BTreeSet<Code>,
    /// The first and last day it is about.
    pub data: Option<(Date, Date)>,
    /// Who wrote it, if known.
    pub author: Option<Author>,
    /// The encounter it belongs to.
    pub encounter: Option<EncounterName>,
    /// It holds text that nobody coded.
    pub free_text: bool,
    /// It says that nothing is known of its categories.
    pub negative: bool,
    /// What the holder's own policy says.
    pub policy: PolicySays,
    /// The teams that it is sealed for.
    pub sealed_for: BTreeSet<Team>,
}

/// What is asked before an item with a label is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelClass {
    /// A topic; nothing more is asked.
    Open,
    /// A permit that names it.
    Explicit,
    /// A permit that names it, or an override that the statute allows.
    Law,
    /// Nothing lifts it.
    Never,
    /// Sealed for teams.
    Sealed,
    /// Withheld at source.
    Source,
}

/// A line of the label table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRule {
    /// What is asked.
    pub class: LabelClass,
    /// The category that it brings.
    pub category: Option<CategoryName>,
    /// The labels that it stands for too.
    pub implies: BTreeSet<Label>,
    /// The overrides that lift it, where it is of class `law` (R25).
    pub lifted_by: BTreeSet<crate::disclosure::Reason>,
    /// A Caldicott guardian approved that nothing is said of it.
    pub silent: bool,
}

/// The tables of labels and codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// The label table.
    pub labels: BTreeMap<Label, LabelRule>,
    /// The label that a code brings (R49).
    pub codes: BTreeMap<Code, Label>,
}

impl Vocabulary {
    /// A label and all that it stands for (R48). A cycle in the table ends.
    pub fn closure(&self, label: &Label) -> BTreeSet<Label> {
        let mut found = BTreeSet::new();
        let mut open = vec![label.clone()];
        while let Some(label) = open.pop() {
            if found.insert(label.clone())
                && let Some(rule) = self.labels.get(&label)
            {
                open.extend(rule.implies.iter().cloned());
            }
        }
        found
    }
}

/// One label of an item, looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelOfItem {
    /// The label.
    pub label: Label,
    /// It and all that it stands for.
    pub closure: BTreeSet<Label>,
    /// The classes of these; empty if the table does not know the label.
    pub classes: BTreeSet<LabelClass>,
    /// The categories that these bring.
    pub categories: BTreeSet<CategoryName>,
    /// Nothing is to be said of it.
    pub silent: bool,
    /// The overrides that lift it.
    pub lifted_by: BTreeSet<crate::disclosure::Reason>,
}

/// An item and what follows from the tables about it.
#[derive(Debug, Clone)]
pub struct Assessed<'a> {
    /// The item.
    pub item: &'a Item,
    /// Its topic labels, those that its codes bring among them (R49).
    pub labels: Vec<LabelOfItem>,
    /// Its level (R47).
    pub level: Level,
    /// It has a label that the table does not know.
    pub unknown_label: bool,
    /// Nobody has said what its text is about (R51).
    pub unassessed: bool,
}

impl<'a> Assessed<'a> {
    /// Looks an item's labels and codes up.
    pub fn new(item: &'a Item, vocabulary: &Vocabulary) -> Self {
        let brought = item.codes.iter().filter_map(|c| vocabulary.codes.get(c));
        let all: BTreeSet<&Label> = item.labels.iter().chain(brought).collect();
        let labels: Vec<LabelOfItem> = all
            .into_iter()
            .map(|label| look_up(label, vocabulary))
            .collect();
        let topical = labels.iter().flat_map(|label| &label.classes).any(|class| {
            matches!(
                class,
                LabelClass::Open | LabelClass::Explicit | LabelClass::Law | LabelClass::Never
            )
        });
        let without = if topical {
            Level::Restricted
        } else {
            Level::Normal
        };
        Self {
            item,
            level: item.levels.last().copied().unwrap_or(without),
            unknown_label: labels.iter().any(|label| label.classes.is_empty()),
            unassessed: item.free_text && item.levels.is_empty() && !topical,
            labels,
        }
    }

    /// Tells whether one of its labels is of a class.
    pub fn has_class(&self, class: LabelClass) -> bool {
        self.labels
            .iter()
            .any(|label| label.classes.contains(&class))
    }

    /// The categories that its labels bring (R46).
    pub fn brought(&self) -> BTreeSet<&CategoryName> {
        self.labels
            .iter()
            .flat_map(|label| &label.categories)
            .collect()
    }

    /// Tells whether nothing is to be said of it (R65).
    pub fn is_silent(&self) -> bool {
        self.labels.iter().any(|label| label.silent)
    }
}

fn look_up(label: &Label, vocabulary: &Vocabulary) -> LabelOfItem {
    let closure = vocabulary.closure(label);
    let known = vocabulary.labels.contains_key(label);
    let rules = || {
        closure
            .iter()
            .filter(|_| known)
            .filter_map(|label| vocabulary.labels.get(label))
    };
    LabelOfItem {
        label: label.clone(),
        classes: rules().map(|rule| rule.class).collect(),
        categories: rules().filter_map(|rule| rule.category.clone()).collect(),
        silent: rules().any(|rule| rule.silent),
        lifted_by: vocabulary
            .labels
            .get(label)
            .map(|rule| rule.lifted_by.clone())
            .unwrap_or_default(),
        closure,
    }
}
