//! `region.yaml`.

use super::RedLine;
use crate::names::{FootprintName, OrganisationName, RedLineName, RegionName};
use crate::values::{Date, PublicKey};
use crate::{Entries, Spanned, yaml};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the region is as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegionFile {
    /// The region's short name.
    pub name: Spanned<RegionName>,
    /// What people call it.
    pub title: Option<String>,
    /// Planning areas, each with its board.
    #[serde(default)]
    pub footprints: Entries<FootprintName, Footprint>,
    /// Who must approve what.
    #[serde(default)]
    pub approvals: ApprovalRules,
    /// The SSH keys by which people sign, and what each may approve.
    #[serde(default, deserialize_with = "yaml::list")]
    pub keys: Vec<TrustedKey>,
    /// Who may never reach what, anywhere in the region.
    #[serde(default)]
    pub red_lines: Entries<RedLineName, RedLine>,
}

/// A planning area with a governing board.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Footprint {
    /// What people call it.
    pub title: Option<String>,
    /// The board that governs it.
    pub board: String,
}

/// A kind of approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalKind {
    /// By the people who run a network.
    Technical,
    /// By somebody who can bind the organisation.
    Executive,
    /// By an information-governance lead or Caldicott guardian.
    InformationGovernance,
}

/// Who must approve what; what is not written is as DESIGN section 7 says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ApprovalRules {
    /// By every network whose devices change.
    pub change: Vec<ApprovalKind>,
    /// By every organisation party to an agreement.
    pub agreement: Vec<ApprovalKind>,
    /// By every organisation party to an agreement under which records are shared.
    pub records: Vec<ApprovalKind>,
}

impl Default for ApprovalRules {
    fn default() -> Self {
        Self {
            change: vec![ApprovalKind::Technical],
            agreement: vec![ApprovalKind::Executive],
            records: vec![ApprovalKind::InformationGovernance],
        }
    }
}

/// A key by which somebody signs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustedKey {
    /// The public key.
    pub key: Spanned<PublicKey>,
    /// Who holds it.
    pub holder: String,
    /// For which organisation they sign.
    pub organisation: Spanned<OrganisationName>,
    /// What they may approve.
    pub may: Vec<ApprovalKind>,
    /// The first day on which it counts.
    pub from: Date,
    /// The last day on which it counts.
    pub until: Option<Date>,
}
