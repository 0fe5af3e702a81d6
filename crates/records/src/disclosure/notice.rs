//! What an answer says besides what it releases (R62 to R68).

use super::ladder::Step;
use super::overrides::Reason;
use region::{CategoryName, OrganisationName};
use std::fmt;

/// One thing said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Notice {
    /// The request was refused at a step (R62).
    Refused(Step),
    /// The organisation could not answer (R62).
    NoAnswer(OrganisationName),
    /// No agreement lists this category for the role (R63).
    NotAgreed(CategoryName),
    /// Something in this category is withheld, in part or in whole (R64); none
    /// for what has no category.
    Told(Option<CategoryName>),
    /// What is known of this neighbour is old (R67).
    Stale(OrganisationName),
    /// Somebody is alerted (R68).
    Alert,
    /// The override does not count (R68).
    OverrideRefused(Reason),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(step) => write!(f, "refused({step})"),
            Self::NoAnswer(name) => write!(f, "no-answer({name})"),
            Self::NotAgreed(category) => write!(f, "not-agreed({category})"),
            Self::Told(Some(category)) => write!(f, "told({category})"),
            Self::Told(None) => f.write_str("told(other)"),
            Self::Stale(name) => write!(f, "stale({name})"),
            Self::Alert => f.write_str("alert"),
            Self::OverrideRefused(reason) => write!(f, "override-refused({reason})"),
        }
    }
}
