//! What a patient, or somebody for them, is shown of who looked (R69 to R73).

use crate::consent::{Capacity, Giver, Proof};
use crate::disclosure::Reason;
use crate::patient::Patient;
use crate::time::Moment;
use jiff::civil::Date;

/// An entry, as far as showing it depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The override that it was decided under.
    pub overriding: Option<Reason>,
    /// It is about an item of which nothing is to be said.
    pub silent: bool,
    /// A named reviewer has looked at it.
    pub reviewed: bool,
}

/// Who looks at the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// In which capacity, and how far that is proved.
    pub giver: Giver,
    /// The first day without authority.
    pub authority_ended: Option<Date>,
}

/// What the viewer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// The viewer has no right to the log (R69).
    Refused,
    /// Only from staff, alone (R70).
    InPerson,
    /// Not, and nothing says so (R70, R71).
    Hidden,
    /// Not yet (R72).
    Delayed,
    /// At once (R73).
    Shown,
}

/// Decides what of an entry is shown; the first rule that applies decides.
pub fn shown(
    entry: &Entry,
    viewer: Viewer,
    patient: &Patient,
    at_risk: bool,
    now: Moment,
) -> Shown {
    let is_patient = viewer.giver.capacity == Capacity::Patient;
    let full = viewer.giver.proof == Proof::Verified
        && patient.gives_authority_to(viewer.giver, viewer.authority_ended, now.day());
    let delicate = entry.silent || entry.overriding == Some(Reason::Safeguarding);
    match () {
        () if !is_patient && !full => Shown::Refused,
        () if at_risk && is_patient => Shown::InPerson,
        () if at_risk || (delicate && !is_patient) => Shown::Hidden,
        () if delicate && !entry.reviewed => Shown::Delayed,
        () => Shown::Shown,
    }
}
