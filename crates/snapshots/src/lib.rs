//! Configurations and observed tables read at one moment.
//!
//! [`load`] takes a folder, of a region or of bare configurations, to one
//! [`Snapshot`]: the common model of every device, how the devices are joined,
//! what the region's files say, and all that was wrong on the way. [`sanitise`]
//! writes a copy of such a folder without secrets.
//!
//! This crate reads the disk and nothing else of the world; the day is an
//! argument. Everything in a snapshot is in an order that does not depend on
//! the disk or on the machine.

mod assemble;
mod boundary;
mod clouds;
mod disk;
mod doubt;
mod error;
mod languages;
mod layer1;
mod layout;
mod load;
mod observed;
pub mod sanitise;
mod snapshot;

pub use disk::{DEPTH_MAX, FILE_LINES_MAX, FILE_SIZE_MAX, FILES_MAX, TOTAL_SIZE_MAX};
pub use error::{LoadError, UnreadableRegion};
pub use load::load;
pub use snapshot::{
    Assumed, DeviceInfo, ExternalLink, FileCoverage, ObservedFile, Snapshot, codes,
};
