//! What is not known about a route, carried with it.

use crate::model::Unknown;
use findings::Span;
use std::rc::Rc;

/// The most reasons kept for one doubt; more add nothing for a reader.
const REASONS_MAX: usize = 8;

/// Why a route may be absent, or be another; certain where there is no reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Doubt(Option<Rc<Vec<Unknown>>>);

impl Doubt {
    /// No doubt.
    pub(super) const NONE: Self = Self(None);

    /// Makes a doubt of one line.
    pub(super) fn of(origin: Span, reason: impl Into<String>) -> Self {
        Self::because(Unknown {
            origin,
            reason: reason.into(),
        })
    }

    /// Makes a doubt of one reason.
    pub(super) fn because(reason: Unknown) -> Self {
        Self(Some(Rc::new(vec![reason])))
    }

    /// Tells whether there is any.
    pub(super) fn exists(&self) -> bool {
        self.0.is_some()
    }

    /// Adds the reasons of another.
    pub(super) fn add(&mut self, other: &Self) {
        let Some(theirs) = &other.0 else { return };
        let Some(own) = &self.0 else {
            self.clone_from(other);
            return;
        };
        if Rc::ptr_eq(own, theirs) {
            return;
        }
        let room = REASONS_MAX.saturating_sub(own.len());
        let new: Vec<Unknown> = theirs
            .iter()
            .filter(|reason| !own.contains(reason))
            .take(room)
            .cloned()
            .collect();
        if !new.is_empty() {
            self.0 = Some(Rc::new(own.iter().cloned().chain(new).collect()));
        }
    }

    /// Returns the reasons.
    pub(super) fn reasons(&self) -> Vec<Unknown> {
        self.0
            .as_ref()
            .map_or_else(Vec::new, |reasons| reasons.to_vec())
    }
}
