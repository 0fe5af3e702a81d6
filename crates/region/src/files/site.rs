//! `sites/<site>.yaml`, and segments, which networks have too.

use super::InterfaceRef;
use crate::names::{InvalidName, NetworkName, OrganisationName, SegmentName};
use crate::values::{Address, Prefix};
use crate::{Entries, Spanned, yaml};
use schemars::JsonSchema;
use serde::Deserialize;

/// A building.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteFile {
    /// What people call it.
    pub title: Option<String>,
    /// Where it is, in words.
    pub building: Option<String>,
    /// The network that serves it.
    pub network: Spanned<NetworkName>,
    /// The organisations that work there.
    #[serde(default, deserialize_with = "yaml::list")]
    pub tenants: Vec<Spanned<OrganisationName>>,
    /// The network segments that people and machines sit in.
    #[serde(default)]
    pub segments: Entries<SegmentName, Segment>,
}

/// A network segment that people or machines sit in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Segment {
    /// What people call it.
    pub title: Option<String>,
    /// Its VLAN, as a number from 1 to 4094.
    #[schemars(range(min = 1, max = 4094))]
    pub vlan: Option<Spanned<u16>>,
    /// Its addresses, as its own network sees them.
    #[serde(deserialize_with = "yaml::list")]
    pub prefixes: Vec<Spanned<Prefix>>,
    /// What other networks see in their place (translation).
    #[serde(default, deserialize_with = "yaml::list")]
    pub seen_as: Vec<Spanned<Prefix>>,
    /// Where its packets meet the first router; without it, wherever an
    /// interface of its network has one of the prefixes.
    pub gateway: Option<Gateway>,
    /// The network that serves it, where not the site's.
    pub network: Option<Spanned<NetworkName>>,
    /// Who may sit there: names of organisations, and `visitors` for people of
    /// any organisation that an agreement brings. Without it, the site's tenants.
    #[serde(default, deserialize_with = "yaml::list")]
    pub occupants: Vec<Spanned<Occupant>>,
}

/// Where packets of a segment meet the first router.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gateway {
    /// An interface of a device of the network.
    Interface(InterfaceRef),
    /// Whichever device answers for an address.
    Address(Spanned<Address>),
}

/// Who may sit in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "OrganisationName")]
pub enum Occupant {
    /// People of an organisation.
    Organisation(OrganisationName),
    /// People of any organisation that an agreement brings; written `visitors`.
    Visitors,
}

impl TryFrom<String> for Occupant {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        if text == "visitors" {
            Ok(Self::Visitors)
        } else {
            OrganisationName::new(text).map(Self::Organisation)
        }
    }
}
