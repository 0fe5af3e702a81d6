//! Moments, stretches of time, and days in Europe/London.
//!
//! A date without a time of day is a stretch: it has an earliest and a latest
//! moment (truth table, section 1). Nothing here reads a clock.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The clock of the United Kingdom: summer time from the last Sunday of March
/// to the last Sunday of October, changing at 01:00 UTC.
const UNITED_KINGDOM: &str = "GMT0BST,M3.5.0/1,M10.5.0/2";

/// What turns local days into moments.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

/// A date or time that no calendar has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such moment: {0}")]
pub struct NoSuchMoment(String);

impl From<jiff::Error> for NoSuchMoment {
    fn from(error: jiff::Error) -> Self {
        Self(error.to_string())
    }
}

/// A moment, with the local day that it falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    instant: Timestamp,
    day: Date,
}

impl Moment {
    /// The moment itself.
    pub fn instant(self) -> Timestamp {
        self.instant
    }

    /// The local day.
    pub fn day(self) -> Date {
        self.day
    }
}

/// When something was: at some moment from `earliest` to `latest`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stretch {
    /// Not before this.
    pub earliest: Moment,
    /// Not after this.
    pub latest: Moment,
}

impl Stretch {
    /// A moment that is known.
    pub fn at(moment: Moment) -> Self {
        Self {
            earliest: moment,
            latest: moment,
        }
    }

    /// Tells whether this was later than the other, for certain (R57).
    pub fn is_after(&self, other: &Self) -> bool {
        self.earliest > other.latest
    }
}

impl Calendar {
    /// The calendar of the United Kingdom.
    ///
    /// # Errors
    ///
    /// The built-in rule of summer time cannot be read, which would be a defect.
    pub fn united_kingdom() -> Result<Self, NoSuchMoment> {
        Ok(Self {
            zone: TimeZone::posix(UNITED_KINGDOM)?,
        })
    }

    /// An instant, with its local day.
    pub fn moment(&self, instant: Timestamp) -> Moment {
        Moment {
            instant,
            day: self.zone.to_datetime(instant).date(),
        }
    }

    /// A local time of day. An hour that comes twice in autumn gives both.
    ///
    /// # Errors
    ///
    /// The moment is outside the years that can be told.
    pub fn local(&self, time: DateTime) -> Result<Stretch, NoSuchMoment> {
        let zoned = self.zone.to_ambiguous_zoned(time);
        Ok(Stretch {
            earliest: self.moment(zoned.clone().earlier()?.timestamp()),
            latest: self.moment(zoned.later()?.timestamp()),
        })
    }

    /// The days from `first` to `last`, as a stretch.
    ///
    /// # Errors
    ///
    /// The end is outside the years that can be told.
    pub fn days(&self, first: Date, last: Date) -> Result<Stretch, NoSuchMoment> {
        let start = self.local(first.at(0, 0, 0, 0))?.earliest;
        let next = self.local(last.tomorrow()?.at(0, 0, 0, 0))?.earliest;
        Ok(Stretch {
            earliest: start,
            latest: self.moment(next.instant.checked_sub(1.nanosecond())?),
        })
    }
}
