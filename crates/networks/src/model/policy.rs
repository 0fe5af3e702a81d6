//! Routing policies: route maps, prefix lists, distribute lists, in one form.

use super::{InterfaceId, OspfMetricType, RouteSource};
use findings::Span;
use ipnet::IpNet;
use packets::Wildcard;
use std::net::IpAddr;

/// Identifies a routing policy of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoutePolicyId(pub u32);

impl RoutePolicyId {
    /// Returns the position in [`super::Device::policies`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Terms that are tried in order on a route; the first that matches decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePolicy {
    /// The name the configuration gives it, or one that says what it is.
    pub name: String,
    /// The terms in order.
    pub terms: Vec<PolicyTerm>,
    /// What happens to a route that no term decided.
    pub default: PolicyAction,
    /// The first line of it; `None` for a name that nothing defines.
    pub origin: Option<Span>,
}

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTerm {
    /// Its sequence number or position.
    pub sequence: u32,
    /// What a route must be; all of these.
    pub matches: Vec<RouteMatch>,
    /// What is set on a route that matches, in order.
    pub sets: Vec<RouteSet>,
    /// What happens then.
    pub action: PolicyAction,
    /// The line that opens the term.
    pub origin: Span,
}

/// What a term does with a route that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyAction {
    /// The route passes.
    Permit,
    /// The route does not pass.
    Deny,
    /// Goes on at the first term of this sequence number or above, what was
    /// set kept; permits where none follows (IOS `continue`).
    ContinueAt(u32),
}

/// One entry of a prefix list, or of an access list used on routes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PrefixEntry {
    /// Prefixes under `net` whose length is in the range.
    Net {
        /// Whether it permits.
        permit: bool,
        /// What must contain the prefix.
        net: IpNet,
        /// The smallest length, inclusive.
        length_min: u8,
        /// The greatest length, inclusive.
        length_max: u8,
        /// The line.
        origin: Span,
    },
    /// Prefixes whose network address matches a wildcard and whose length is in
    /// the range.
    Wildcard {
        /// Whether it permits.
        permit: bool,
        /// What the network address must match.
        address: Wildcard,
        /// The smallest length, inclusive.
        length_min: u8,
        /// The greatest length, inclusive.
        length_max: u8,
        /// The line.
        origin: Span,
    },
}

/// A standard or extended community value (RFC 1997), high half first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Community(pub u32);

impl Community {
    /// Not to be announced outside the system.
    pub const NO_EXPORT: Self = Self(0xffff_ff01);
    /// Not to be announced at all.
    pub const NO_ADVERTISE: Self = Self(0xffff_ff02);
    /// Not to be announced outside the confederation member (RFC 1997 NO_EXPORT_SUBCONFED).
    pub const LOCAL_AS: Self = Self(0xffff_ff03);

    /// Makes one from its halves.
    pub fn new(high: u16, low: u16) -> Self {
        Self(u32::from(high) << 16 | u32::from(low))
    }
}

/// What one entry of a community list asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommunityMatch {
    /// All of these are on the route.
    All(Vec<Community>),
    /// The route's communities, written in ascending order with a space
    /// between as `high:low`, match the expression (`regex` syntax; the
    /// dialect has translated the vendor's, `_` included).
    Regex(String),
    /// Any route.
    Any,
}

/// One entry of a community list; the first that matches decides, none denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunityEntry {
    /// Whether it permits.
    pub permit: bool,
    /// What it asks.
    pub matches: CommunityMatch,
    /// The line.
    pub origin: Span,
}

/// One entry of an AS-path list; the first that matches decides, none denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsPathEntry {
    /// Whether it permits.
    pub permit: bool,
    /// Matched on the path written with spaces (`65001 65002`); `regex`
    /// syntax, the dialect has translated the vendor's.
    pub regex: String,
    /// The line.
    pub origin: Span,
}

/// Types of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteType {
    /// OSPF within the area.
    OspfIntra,
    /// OSPF between areas.
    OspfInter,
    /// OSPF external type 1.
    OspfExternal1,
    /// OSPF external type 2.
    OspfExternal2,
    /// OSPF NSSA external type 1.
    OspfNssa1,
    /// OSPF NSSA external type 2.
    OspfNssa2,
    /// Learned from an internal BGP neighbour.
    BgpInternal,
    /// Learned from an external BGP neighbour.
    BgpExternal,
    /// Made by the device itself.
    Local,
}

/// What a route must be for a term to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteMatch {
    /// Its prefix is permitted by one of these lists (each: first match decides, none denies).
    Prefix(Vec<Vec<PrefixEntry>>),
    /// Its next hop, as a host prefix, is permitted by one of these lists.
    NextHop(Vec<Vec<PrefixEntry>>),
    /// The router it was learned from, as a host prefix, is permitted by one of these lists.
    Source(Vec<Vec<PrefixEntry>>),
    /// Its AS path is permitted by one of these lists.
    AsPath(Vec<Vec<AsPathEntry>>),
    /// Its communities are permitted by one of these lists.
    Community {
        /// The lists.
        lists: Vec<Vec<CommunityEntry>>,
        /// Whether the route may have no other communities.
        exact: bool,
    },
    /// Its metric is one of these.
    Metric(Vec<u32>),
    /// Its local preference is one of these.
    LocalPreference(Vec<u32>),
    /// Its tag is one of these.
    Tag(Vec<u32>),
    /// It leaves by one of these interfaces.
    Interface(Vec<InterfaceId>),
    /// It is of one of these types.
    Type(Vec<RouteType>),
    /// It comes from one of these protocols.
    Protocol(Vec<RouteSource>),
    /// It cannot be told (a match that is not modelled).
    Unknown(Span),
}

/// How a metric is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetMetric {
    /// To a value.
    To(u32),
    /// Increased.
    Add(u32),
    /// Decreased, not below zero.
    Subtract(u32),
    /// To the IGP metric to the next hop.
    Igp,
}

/// What a term sets on a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteSet {
    /// The metric (BGP: MED).
    Metric(SetMetric),
    /// The OSPF metric type.
    MetricType(OspfMetricType),
    /// The BGP local preference.
    LocalPreference(u32),
    /// The BGP weight.
    Weight(u32),
    /// The tag.
    Tag(u32),
    /// The next hop.
    NextHop(IpAddr),
    /// The next hop: the announcing router itself.
    NextHopSelf,
    /// The next hop: the neighbour's address.
    NextHopPeer,
    /// The communities: these, beside those already there when `additive`.
    Community {
        /// The communities.
        communities: Vec<Community>,
        /// Whether those already there stay.
        additive: bool,
    },
    /// Takes away communities that a list permits.
    DeleteCommunity(Vec<CommunityEntry>),
    /// Takes away every community.
    NoCommunity,
    /// Puts these systems before the AS path, the first one first.
    PrependAsPath(Vec<u32>),
    /// Puts the last system of the path before it this many times.
    PrependLastAs(u8),
    /// The BGP origin: 0 IGP, 1 EGP, 2 incomplete.
    Origin(u8),
    /// The administrative distance.
    Distance(u8),
    /// A set that is not modelled: what the route carries after it is unknown.
    Unknown(Span),
}
