//! Overrides: which count (R22), and what they lift (R23 to R25).

use crate::consent::Said;
use crate::items::{Assessed, LabelClass, LabelOfItem};
use crate::patient::Patient;
use crate::time::Moment;
use crate::words::OtherReason;
use std::collections::BTreeSet;
use std::fmt;

/// Why somebody overrides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// An emergency.
    Emergency,
    /// A statute.
    Statute,
    /// A court order.
    CourtOrder,
    /// An overriding public interest.
    OverridingPublicInterest,
    /// Safeguarding.
    Safeguarding,
    /// Best interests of a patient who cannot decide.
    BestInterests,
    /// A reason that is not on the closed list, and never counts.
    Other(OtherReason),
}

impl Reason {
    /// Reads a reason; what is not on the closed list is [`Reason::Other`].
    pub fn new(text: &str) -> Self {
        match text {
            "emergency" => Self::Emergency,
            "statute" => Self::Statute,
            "court-order" => Self::CourtOrder,
            "overriding-public-interest" => Self::OverridingPublicInterest,
            "safeguarding" => Self::Safeguarding,
            "best-interests" => Self::BestInterests,
            other => Self::Other(OtherReason::new(other)),
        }
    }

    /// It takes the place of the patient's own will, and yields to it where
    /// that was said for just this (R24, R25).
    fn speaks_for_the_patient(&self) -> bool {
        matches!(self, Self::Emergency | Self::BestInterests)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Emergency => "emergency",
            Self::Statute => "statute",
            Self::CourtOrder => "court-order",
            Self::OverridingPublicInterest => "overriding-public-interest",
            Self::Safeguarding => "safeguarding",
            Self::BestInterests => "best-interests",
            Self::Other(other) => other.as_str(),
        })
    }
}

/// An override, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Why.
    pub reason: Reason,
    /// The reasons that the asker was specifically granted.
    pub granted: BTreeSet<Reason>,
    /// There is free text.
    pub has_text: bool,
    /// A statute or an order is named.
    pub has_reference: bool,
    /// It is no older than four hours.
    pub in_time: bool,
}

/// Tells whether an override counts (R22).
pub fn counts(asked: &Override, patient: &Patient, now: Moment) -> bool {
    let proper = match &asked.reason {
        Reason::Other(_) => false,
        Reason::Statute | Reason::CourtOrder => asked.has_reference,
        Reason::BestInterests => !patient.decides(now.day()),
        Reason::Emergency | Reason::OverridingPublicInterest | Reason::Safeguarding => true,
    };
    proper && asked.granted.contains(&asked.reason) && asked.has_text && asked.in_time
}

/// Tells whether a dissent stands although this override counts (R24, R25).
pub(super) fn resists(dissent: &Said<'_>, reason: &Reason, item: &Assessed<'_>) -> bool {
    reason.speaks_for_the_patient()
        && (dissent.names_emergency() || item.has_class(LabelClass::Law))
}

/// Tells whether the statute behind a label allows this override (R25).
pub(super) fn statute_allows(label: &LabelOfItem, reason: &Reason) -> bool {
    label.lifted_by.contains(reason)
}
