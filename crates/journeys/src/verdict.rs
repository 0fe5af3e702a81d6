//! What can be said of a journey.

use findings::Span;
use packets::Packet;

/// The legs of a journey, in the order in which they are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegKind {
    /// The building lets the person onto a segment.
    Join,
    /// The names they need resolve there.
    Resolve,
    /// Their packets arrive.
    Reach,
    /// The answers come back.
    Return,
    /// The record may be released to them.
    Release,
}

impl LegKind {
    /// Every leg, in order.
    pub const ALL: [Self; 5] = [
        Self::Join,
        Self::Resolve,
        Self::Reach,
        Self::Return,
        Self::Release,
    ];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Resolve => "resolve",
            Self::Reach => "reach",
            Self::Return => "return",
            Self::Release => "release",
        }
    }
}

/// Whether what was asked works.
///
/// The order is from best to worst for a reader who looks for trouble; of
/// several legs the worst one is the journey's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asked {
    /// Nobody looked.
    NotChecked,
    /// For every source, every agreed port, every path and every choice of translation.
    Works,
    /// It cannot be told, because of lines that are named.
    Unknown,
    /// For some sources, ports, paths or choices, and not for others.
    Partly,
    /// For none.
    Blocked,
}

impl Asked {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotChecked => "not checked",
            Self::Works => "works",
            Self::Unknown => "unknown",
            Self::Partly => "partly",
            Self::Blocked => "blocked",
        }
    }
}

/// Something a verdict rests on that no configuration proves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Assumption {
    /// What is assumed, in a fragment: "the exchange forwards between its members".
    pub text: String,
    /// The line that declares it.
    pub span: Option<Span>,
}

/// Why something cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Doubt {
    /// Why, in a fragment.
    pub reason: String,
    /// The line that could matter.
    pub span: Span,
}

/// One leg of one journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Which leg.
    pub kind: LegKind,
    /// Whether it works.
    pub asked: Asked,
    /// A packet that shows it: one that arrives where it works, one that does
    /// not where it is blocked or partly so, one in doubt where it is unknown.
    pub witness: Option<Packet>,
    /// What could change an unknown verdict.
    pub doubts: Vec<Doubt>,
}

impl Leg {
    /// Makes a leg that nobody has looked at.
    pub fn not_checked(kind: LegKind) -> Self {
        Self {
            kind,
            asked: Asked::NotChecked,
            witness: None,
            doubts: Vec::new(),
        }
    }
}

/// Joins legs: what is not checked says nothing, else the worst holds; a
/// journey without any checked leg is not checked.
pub fn worst(legs: impl IntoIterator<Item = Asked>) -> Asked {
    legs.into_iter().max().unwrap_or(Asked::NotChecked)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leg that is not checked leaves the verdict to the others.
    #[test]
    fn unchecked_leg_says_nothing() {
        assert_eq!(worst([Asked::NotChecked, Asked::Works]), Asked::Works);
        assert_eq!(
            worst([Asked::Works, Asked::Blocked, Asked::Unknown]),
            Asked::Blocked
        );
        assert_eq!(worst([]), Asked::NotChecked);
    }
}
