//! A region: networks, organisations, sites, services, agreements.
//!
//! People write a region as a folder of YAML files (`docs/reference/region-files.md`).
//! [`files`] has one type for each kind of file, [`read`] reads the whole
//! folder at once from texts that somebody else brought, and a [`Region`]
//! answers what they say together: [`Region::findings`] what does not fit,
//! [`Region::journeys`] what agreements ask for.
//!
//! Nothing here reads a disk or a clock; the day of asking is an argument.

mod check;
pub mod files;
mod journeys;
mod model;
mod names;
mod read;
mod schema;
mod spanned;
mod values;
mod yaml;

pub use check::codes;
pub use journeys::{AskedBy, Exposure, JOURNEYS_MAX, JourneyKey};
pub use model::{Agreement, Network, Organisation, Region, SegmentInfo, ServiceInfo, Site};
pub use names::{
    AgreementName, AssumptionName, AttachmentName, BoundaryName, CategoryName, DeviceName,
    ExternalName, FootprintName, InterfaceName, InvalidName, NetworkName, OdsCode,
    OrganisationName, Place, PurposeName, Realm, RedLineName, RegionName, RoleName, SegmentName,
    SegmentRef, ServiceName, ServiceRef, SiteName, SourceName,
};
pub use read::{InputFile, read};
pub use schema::{SchemaKind, schema};
pub use spanned::{Entries, Spanned};
pub use values::{Address, Date, DeviceAddress, PortRange, Prefix, PublicKey, Traffic};
pub use yaml::{DEPTH_MAX, FILE_SIZE_MAX, NODES_MAX, nearest};
