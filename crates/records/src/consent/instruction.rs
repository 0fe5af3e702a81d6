//! Instructions: who gave what, when, recorded where, and what became of it.

use super::clause::Clause;
use crate::time::{Moment, Stretch};
use crate::words::InstructionName;
use jiff::civil::Date;
use region::OrganisationName;

/// In which capacity somebody instructs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capacity {
    /// The patient.
    Patient,
    /// A person with parental responsibility.
    Parent,
    /// An authority with parental responsibility.
    CouncilParent,
    /// An attorney for health and welfare.
    Attorney,
    /// A deputy of the Court of Protection.
    Deputy,
    /// An attorney for property.
    PropertyAttorney,
    /// A relative.
    Relative,
    /// An advocate.
    Advocate,
    /// An executor.
    Executor,
}

/// How far the capacity is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Verified.
    Verified,
    /// Not verified (R38).
    Unverified,
    /// A power of attorney that is not registered (R36).
    Unregistered,
}

/// Who gave an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Giver {
    /// In which capacity.
    pub capacity: Capacity,
    /// How far that is proved.
    pub proof: Proof,
}

/// What shows that an instruction was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// A signature.
    Signed,
    /// A portal that the giver signed in to.
    Portal,
    /// Spoken words.
    Verbal,
    /// Nothing.
    None,
}

/// The state of a version's document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// In force.
    Active,
    /// Not yet given.
    Draft,
    /// Received, not yet decided.
    Proposed,
    /// Decided against.
    Rejected,
    /// Should not have been recorded.
    EnteredInError,
}

/// How an instruction was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndKind {
    /// Sharing shall stop.
    Withdrawn,
    /// Ended without a reason.
    Inactive,
    /// Back to the default.
    Default,
    /// A withdrawal that does not say which (R82); counts as withdrawn.
    Unsaid,
}

/// An end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ending {
    /// How.
    pub kind: EndKind,
    /// When.
    pub when: Stretch,
    /// Where it was recorded, if not where the instruction was.
    pub at: Option<OrganisationName>,
}

/// What became of an objection in the sense of UK GDPR 21 (R40).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Objection {
    /// Not decided.
    Open,
    /// Upheld.
    Upheld,
    /// Refused by this organisation.
    Refused(OrganisationName),
}

/// Names one version of an instruction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionRef {
    /// The instruction.
    pub name: InstructionName,
    /// Its version.
    pub version: u32,
}

/// One version of an instruction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Which.
    pub id: VersionRef,
    /// When it was given.
    pub given: Stretch,
    /// What it says.
    pub clause: Clause,
    /// Who gave it.
    pub by: Giver,
    /// Who recorded it.
    pub at: OrganisationName,
    /// What shows it.
    pub evidence: Evidence,
    /// The first day in force.
    pub from: Option<Date>,
    /// The last day in force.
    pub until: Option<Date>,
    /// When the holder learned of it.
    pub known: Option<Moment>,
    /// The state of the document.
    pub status: Status,
    /// Its end.
    pub ended: Option<Ending>,
    /// The first day on which the giver had no authority.
    pub authority_ended: Option<Date>,
    /// The instruction that it takes the place of.
    pub replaces: Option<InstructionName>,
    /// What became of it as an objection.
    pub objection: Option<Objection>,
}

impl Instruction {
    /// Tells whether it can be read whole (R34), `only` spelled out (R55).
    pub fn is_readable(&self) -> bool {
        let clause = self.clause.spelled_out();
        !clause.effect_is_unclear() && !clause.has_doubt()
    }

    /// Where its end was recorded.
    pub fn end_recorder<'a>(&'a self, ending: &'a Ending) -> &'a OrganisationName {
        ending.at.as_ref().unwrap_or(&self.at)
    }
}
