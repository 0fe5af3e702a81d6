//! `agreements/<name>.yaml`.

use super::ApprovalKind;
use crate::names::{
    CategoryName, OrganisationName, PurposeName, RoleName, SegmentRef, ServiceRef, SiteName,
};
use crate::values::Date;
use crate::{Spanned, yaml};
use schemars::JsonSchema;
use serde::Deserialize;

/// What parties allow, and what they never allow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AgreementFile {
    /// What people call it.
    pub title: Option<String>,
    /// The organisations that agree.
    #[serde(deserialize_with = "yaml::list")]
    pub parties: Vec<Spanned<OrganisationName>>,
    /// The first day on which it is in force.
    pub from: Spanned<Date>,
    /// The last day on which it is in force; without it, until it is withdrawn.
    pub until: Option<Spanned<Date>>,
    /// On which basis, in words: contract, sharing agreement, article of law.
    pub basis: String,
    /// What is allowed.
    #[serde(default, deserialize_with = "yaml::list")]
    pub allow: Vec<Spanned<Allowance>>,
    /// What is never allowed, whatever other agreements say.
    #[serde(default, deserialize_with = "yaml::list")]
    pub never: Vec<Spanned<Prohibition>>,
    /// Who has approved it.
    #[serde(default, deserialize_with = "yaml::list")]
    pub approvals: Vec<Approval>,
}

/// Who may reach what from where.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Allowance {
    /// Whose people.
    pub who: Requesters,
    /// Where they sit.
    pub from: Origins,
    /// What they reach.
    #[serde(deserialize_with = "yaml::list")]
    pub to: Vec<Spanned<ServiceRef>>,
    /// For which purposes records may be asked.
    #[serde(default, deserialize_with = "yaml::list")]
    pub purposes: Vec<Spanned<PurposeName>>,
    /// Which categories of records may be asked.
    #[serde(default, deserialize_with = "yaml::list")]
    pub categories: Vec<Spanned<CategoryName>>,
}

/// People, by organisation and role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requesters {
    /// Their home organisations.
    #[serde(deserialize_with = "yaml::list")]
    pub organisations: Vec<Spanned<OrganisationName>>,
    /// Their roles; without it, any.
    #[serde(default, deserialize_with = "yaml::list")]
    pub roles: Vec<Spanned<RoleName>>,
}

/// Places that people sit in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Origins {
    /// Buildings: every segment there in which they may sit.
    #[serde(default, deserialize_with = "yaml::list")]
    pub sites: Vec<Spanned<SiteName>>,
    /// Single segments.
    #[serde(default, deserialize_with = "yaml::list")]
    pub segments: Vec<Spanned<SegmentRef>>,
}

/// What is never allowed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Prohibition {
    /// Why.
    pub because: Option<String>,
    /// From where.
    pub from: Origins,
    /// To what.
    pub to: Targets,
}

/// What is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Targets {
    /// Services.
    #[serde(default, deserialize_with = "yaml::list")]
    pub services: Vec<Spanned<ServiceRef>>,
    /// Segments, with everything in them.
    #[serde(default, deserialize_with = "yaml::list")]
    pub segments: Vec<Spanned<SegmentRef>>,
}

/// An approval that was given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// For which organisation.
    pub organisation: Spanned<OrganisationName>,
    /// Of which kind.
    pub kind: ApprovalKind,
    /// By whom.
    pub by: String,
    /// On which day.
    pub on: Spanned<Date>,
}
