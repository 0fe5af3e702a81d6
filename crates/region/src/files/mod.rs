//! The kinds of files of a region, as people write them.
//!
//! One type a kind; parser and JSON Schema are both derived from it. What is
//! written in one file and named in another is checked by [`crate::Region::findings`].

mod agreement;
mod kind;
mod network;
mod organisation;
mod region;
mod site;

pub use agreement::{
    AgreementFile, Allowance, Approval, Origins, Prohibition, Requesters, Targets,
};
pub use kind::FileKind;
pub use network::{
    Assumption, Attachment, BoundaryLink, BoundaryPeer, CloudBgp, CloudEnd, ExternalEnd, Filtering,
    InterfaceRef, NetworkFile, NetworkKind, RedLine, RedLineEnd, RemoteInterface,
};
pub use organisation::{Node, OrganisationFile, Role, Service, Source, SourceKind};
pub use region::{ApprovalKind, ApprovalRules, Footprint, RegionFile, TrustedKey};
pub use site::{Gateway, Occupant, Segment, SiteFile};
