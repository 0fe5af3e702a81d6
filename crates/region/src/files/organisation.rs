//! `organisations/<organisation>.yaml`.

use crate::names::{
    CategoryName, FootprintName, NetworkName, OdsCode, Realm, RoleName, ServiceName, SiteName,
    SourceName,
};
use crate::values::{Prefix, PublicKey, Traffic};
use crate::{Entries, Spanned, yaml};
use schemars::JsonSchema;
use serde::Deserialize;

/// A legal body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OrganisationFile {
    /// What people call it.
    pub title: Option<String>,
    /// Its code in the Organisation Data Service.
    pub ods: Spanned<OdsCode>,
    /// The network it is on.
    pub network: Spanned<NetworkName>,
    /// The part after `@` of its people's RADIUS identities.
    pub realm: Option<Spanned<Realm>>,
    /// The planning areas it belongs to.
    #[serde(default, deserialize_with = "yaml::list")]
    pub footprints: Vec<Spanned<FootprintName>>,
    /// What it offers.
    #[serde(default)]
    pub services: Entries<ServiceName, Service>,
    /// The roles it gives its people.
    #[serde(default)]
    pub roles: Entries<RoleName, Role>,
    /// Its gateway for records.
    pub node: Option<Node>,
    /// The record systems behind its node.
    #[serde(default)]
    pub sources: Entries<SourceName, Source>,
}

/// Something offered at addresses and ports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// What people call it.
    pub title: Option<String>,
    /// Where it is, as its own network sees it.
    #[serde(deserialize_with = "yaml::list")]
    pub addresses: Vec<Spanned<Prefix>>,
    /// Where other networks see it, where that is somewhere else (translation).
    #[serde(default, deserialize_with = "yaml::list")]
    pub seen_as: Vec<Spanned<Prefix>>,
    /// What it listens to; a journey works when all of it does.
    #[serde(deserialize_with = "yaml::list")]
    pub ports: Vec<Traffic>,
    /// The network it is on, where not the organisation's.
    pub network: Option<Spanned<NetworkName>>,
    /// The site it stands in, where that is one of the region.
    pub site: Option<Spanned<SiteName>>,
}

/// A role that an organisation gives its people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Role {
    /// What people call it.
    pub title: String,
}

/// A gateway for records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Node {
    /// Its address, as a URL.
    pub address: String,
    /// The key by which it is known.
    pub key: Option<Spanned<PublicKey>>,
}

/// A record system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// What people call it.
    pub title: Option<String>,
    /// How it is asked.
    pub kind: SourceKind,
    /// Categories of records it holds.
    #[serde(default, deserialize_with = "yaml::list")]
    pub holds: Vec<Spanned<CategoryName>>,
}

/// How a record system is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A FHIR R4 server of the organisation.
    FhirR4,
    /// The node's own store.
    Store,
}
