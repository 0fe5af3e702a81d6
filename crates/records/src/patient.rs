//! What is recorded of a patient that decides who may instruct: age,
//! competence, capacity, death (R35 to R37, R41).

use crate::consent::{Capacity, Giver, Proof};
use jiff::ToSpan;
use jiff::civil::Date;

/// The age from which a person is presumed to decide (Family Law Reform Act 1969, section 8).
const PRESUMED_COMPETENT: i32 = 16;

/// The age from which nobody has parental responsibility (Children Act 1989, section 105).
const ADULT: i32 = 18;

/// Days from the first to the one before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Date,
    /// The first day on which it is over; none if it goes on.
    pub until: Option<Date>,
}

/// A patient, as far as instructions depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The date of birth.
    pub born: Date,
    /// The day from which the patient, while under 16, is recorded as competent.
    pub competent_from: Option<Date>,
    /// Days on which the patient is recorded as lacking capacity.
    pub lacks: Vec<Days>,
    /// The day of death.
    pub died: Option<Date>,
}

impl Patient {
    fn is_of_age(&self, years: i32, day: Date) -> bool {
        self.born
            .checked_add(years.years())
            .is_ok_and(|birthday| birthday <= day)
    }

    fn lacks_capacity(&self, day: Date) -> bool {
        self.lacks
            .iter()
            .any(|days| days.from <= day && days.until.is_none_or(|until| day < until))
    }

    /// Tells whether the patient decides on this day (R35).
    pub fn decides(&self, day: Date) -> bool {
        if self.is_of_age(PRESUMED_COMPETENT, day) {
            !self.lacks_capacity(day)
        } else {
            self.competent_from.is_some_and(|from| from <= day)
        }
    }

    /// Tells whether a proxy has authority on this day (R36).
    pub fn gives_authority_to(
        &self,
        giver: Giver,
        authority_ended: Option<Date>,
        day: Date,
    ) -> bool {
        let ended = authority_ended.is_some_and(|end| end <= day)
            || self.died.is_some_and(|died| died <= day);
        let child = !self.is_of_age(PRESUMED_COMPETENT, day);
        let lacks = self.lacks_capacity(day);
        !ended
            && match giver.capacity {
                Capacity::Patient => true,
                Capacity::Parent | Capacity::CouncilParent => {
                    if child {
                        !self.decides(day)
                    } else {
                        !self.is_of_age(ADULT, day) && lacks
                    }
                }
                Capacity::Attorney => !child && lacks && giver.proof != Proof::Unregistered,
                Capacity::Deputy => !child && lacks,
                Capacity::PropertyAttorney
                | Capacity::Relative
                | Capacity::Advocate
                | Capacity::Executor => false,
            }
    }
}
