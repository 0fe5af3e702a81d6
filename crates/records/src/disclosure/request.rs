//! What is asked, and what the holder knows when it is asked.

use super::agreement::Agreement;
use super::overrides::Override;
use crate::consent::{Asker, Instruction, Kinds, Purpose};
use crate::items::{Item, Vocabulary};
use crate::patient::Patient;
use crate::time::Moment;
use crate::words::ItemName;
use region::{CategoryName, OrganisationName};
use std::collections::{BTreeMap, BTreeSet};

/// How old the knowledge of a neighbour may be, in minutes (R14, R67).
pub const STALE_MINUTES: u64 = 15;

/// On what the asker's relationship with the patient rests (R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relationship {
    /// A feed of referrals, admissions or caseloads.
    Feed,
    /// The asker's own word; it alerts.
    SelfClaimed,
    /// There is none.
    None,
    /// It is over.
    Ended,
}

/// What the patient said when asked at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nobody asked.
    NotAsked,
}

/// A request about one patient.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks, as verified.
    pub asker: Asker,
    /// What for.
    pub purpose: Purpose,
    /// Whether it is surely this patient (R3).
    pub identity_is_sure: bool,
    /// On what the relationship rests.
    pub relationship: Relationship,
    /// What the patient said just now.
    pub view: View,
    /// The override asked for.
    pub overriding: Option<Override>,
    /// The moment of the decision.
    pub now: Moment,
    /// The items asked for.
    pub items: BTreeSet<ItemName>,
    /// The categories asked about, whatever is held (R63).
    pub categories: BTreeSet<CategoryName>,
}

/// What the holder has of the patient.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// The patient.
    pub patient: Patient,
    /// All items, whether or not they are asked for (R20).
    pub items: Vec<Item>,
    /// The instructions; none if they cannot be read (R4).
    pub instructions: Option<Vec<Instruction>>,
    /// Whether the source that has the items answers (R4).
    pub source_answers: bool,
}

/// What the holder knows beside that.
#[derive(Debug, Clone)]
pub struct World {
    /// The organisation that holds and decides.
    pub holder: OrganisationName,
    /// Agreements of the region.
    pub agreements: Vec<Agreement>,
    /// The kind of each organisation.
    pub kinds: Kinds,
    /// Labels and codes.
    pub vocabulary: Vocabulary,
    /// How old the knowledge of each neighbour is, in minutes.
    pub minutes_old: BTreeMap<OrganisationName, u64>,
    /// Organisations whose lists of team members are stale.
    pub stale_teams: BTreeSet<OrganisationName>,
}

impl World {
    /// Neighbours that are known from too long ago (R67).
    pub fn stale(&self) -> impl Iterator<Item = &OrganisationName> {
        self.minutes_old
            .iter()
            .filter(|(_, minutes)| **minutes > STALE_MINUTES)
            .map(|(name, _)| name)
    }
}
