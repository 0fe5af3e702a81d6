//! `networks/<network>/network.yaml`.

use super::Segment;
use crate::names::{
    AssumptionName, AttachmentName, BoundaryName, DeviceName, ExternalName, InterfaceName,
    NetworkName, OrganisationName, RedLineName, SegmentName, SegmentRef, ServiceRef,
};
use crate::values::{Address, Date, DeviceAddress, Prefix, Traffic};
use crate::{Entries, Spanned, yaml};
use schemars::JsonSchema;
use serde::Deserialize;

/// One administrative network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NetworkFile {
    /// What people call it.
    pub title: Option<String>,
    /// What kind of network it is.
    pub kind: NetworkKind,
    /// The organisation that runs it and can mend it.
    pub owner: Spanned<OrganisationName>,
    /// The addresses that are its own in the region.
    #[serde(default, deserialize_with = "yaml::list")]
    pub allocated: Vec<Spanned<Prefix>>,
    /// Where it meets other networks.
    #[serde(default)]
    pub boundary: Entries<BoundaryName, BoundaryLink>,
    /// Segments that stand in no building of the region, such as a data centre's.
    #[serde(default)]
    pub segments: Entries<SegmentName, Segment>,
    /// Who may never reach what, as far as this network has a say.
    #[serde(default)]
    pub red_lines: Entries<RedLineName, RedLine>,
    /// What is assumed of a cloud that nobody holds configurations of; each
    /// assumption is one service that forwards between its attachments.
    #[serde(default)]
    pub assumptions: Entries<AssumptionName, Assumption>,
}

/// What kind of network it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Of the NHS.
    Nhs,
    /// Of a local authority: a public services network.
    LocalAuthority,
    /// Of a provider of connections or shared services.
    Provider,
}

/// An interface of a device of the network itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InterfaceRef {
    /// The device, as its configuration names it.
    pub device: Spanned<DeviceName>,
    /// The interface, as the configuration names it.
    pub interface: Spanned<InterfaceName>,
}

/// One place where a network meets another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BoundaryLink {
    /// The end in this network.
    pub local: InterfaceRef,
    /// What is on the other side.
    pub peer: BoundaryPeer,
}

/// What is on the other side of a boundary link.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BoundaryPeer {
    /// An interface of another network of the region.
    Device(RemoteInterface),
    /// An attachment of a cloud that nobody holds configurations of.
    Cloud(CloudEnd),
    /// Something outside the region.
    External(ExternalEnd),
}

/// An interface of another network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RemoteInterface {
    /// The other network.
    pub network: Spanned<NetworkName>,
    /// Its device.
    pub device: Spanned<DeviceName>,
    /// The interface of that device.
    pub interface: Spanned<InterfaceName>,
}

/// An attachment of a cloud.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CloudEnd {
    /// The provider's network.
    pub network: Spanned<NetworkName>,
    /// Which of its assumptions.
    pub assumption: Spanned<AssumptionName>,
    /// Which attachment of that.
    pub attachment: Spanned<AttachmentName>,
}

/// Something outside the region, as far as the region assumes anything of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExternalEnd {
    /// What it is called.
    pub name: Spanned<ExternalName>,
    /// The addresses that are reached through it.
    #[serde(default, deserialize_with = "yaml::list")]
    pub prefixes: Vec<Spanned<Prefix>>,
    /// The first day on which this was so.
    pub since: Date,
    /// Who says so.
    pub by: String,
    /// The last day on which this may be relied on.
    pub until: Spanned<Date>,
}

/// What somebody says of a cloud that nobody holds configurations of: a
/// service that forwards between its attachments.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Assumption {
    /// The first day on which this was so.
    pub since: Date,
    /// Who says so.
    pub by: String,
    /// The last day on which this may be relied on.
    pub until: Spanned<Date>,
    /// On what grounds: an order form, a letter, a test.
    pub basis: Option<String>,
    /// Whether it filters what it forwards.
    pub filters: Spanned<Filtering>,
    /// How it speaks BGP with its attachments, where it does.
    pub bgp: Option<CloudBgp>,
    /// Where it is attached, and what it carries there.
    pub attachments: Entries<AttachmentName, Attachment>,
}

/// Whether a cloud filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Filtering {
    /// It forwards every packet to a prefix that it carries.
    Nothing,
    /// Nobody knows: whatever crosses it is unknown.
    Unknown,
}

/// How a cloud speaks BGP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CloudBgp {
    /// Its autonomous system. To each attachment it announces what the others carry.
    #[serde(rename = "as")]
    pub asn: u32,
}

/// One attachment of a cloud.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attachment {
    /// The cloud's own address there, which those attached use as gateway.
    pub address: Spanned<DeviceAddress>,
    /// To whom it hands packets there; without it, the address of the
    /// interface that is attached.
    pub gateway: Option<Spanned<Address>>,
    /// The prefixes that it forwards to this attachment.
    #[serde(deserialize_with = "yaml::list")]
    pub carries: Vec<Spanned<Prefix>>,
    /// The autonomous system of those attached, where BGP is spoken.
    pub peer_as: Option<u32>,
}

/// Who may never reach what: no packet, of any source address, may pass.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RedLine {
    /// Why.
    pub because: Option<String>,
    /// Who.
    pub from: RedLineEnd,
    /// What.
    pub to: RedLineEnd,
    /// Which traffic; without it, any.
    #[serde(default, deserialize_with = "yaml::list")]
    pub on: Vec<Traffic>,
}

/// One end of a red line; whatever any of these lists names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RedLineEnd {
    /// Segments.
    #[serde(default, deserialize_with = "yaml::list")]
    pub segments: Vec<Spanned<SegmentRef>>,
    /// Services; they stand for their addresses and ports.
    #[serde(default, deserialize_with = "yaml::list")]
    pub services: Vec<Spanned<ServiceRef>>,
    /// Addresses.
    #[serde(default, deserialize_with = "yaml::list")]
    pub prefixes: Vec<Spanned<Prefix>>,
}
