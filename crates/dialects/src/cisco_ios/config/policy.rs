//! Routing policies as configured.

use findings::Span;
use ipnet::IpNet;
use networks::model::{
    AsPathEntry, CommunityEntry, OspfMetricType, RouteSet, RouteSource, RouteType,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A prefix list: its entries by sequence number.
#[derive(Debug, Default)]
pub(crate) struct PrefixList {
    /// An entry that was not understood.
    pub(crate) unread: Option<Span>,
    pub(crate) entries: BTreeMap<u32, PrefixItem>,
}

/// One entry of a prefix list.
#[derive(Debug)]
pub(crate) struct PrefixItem {
    pub(crate) permit: bool,
    pub(crate) net: IpNet,
    pub(crate) length_min: u8,
    pub(crate) length_max: u8,
    pub(crate) origin: Span,
}

/// A community list.
#[derive(Debug, Default)]
pub(crate) struct CommunityList {
    pub(crate) entries: Vec<CommunityEntry>,
    /// An entry that was not understood.
    pub(crate) unread: Option<Span>,
}

/// An AS-path list.
#[derive(Debug, Default)]
pub(crate) struct AsPathList {
    pub(crate) entries: Vec<AsPathEntry>,
    /// An entry that was not understood.
    pub(crate) unread: Option<Span>,
}

/// A route map: its terms by sequence number.
#[derive(Debug)]
pub(crate) struct RouteMap<'a> {
    pub(crate) terms: BTreeMap<u32, RouteMapTerm<'a>>,
    pub(crate) origin: Span,
}

/// One term of a route map.
#[derive(Debug)]
pub(crate) struct RouteMapTerm<'a> {
    pub(crate) permit: bool,
    pub(crate) matches: Vec<(MapMatch<'a>, Span)>,
    pub(crate) sets: Vec<(MapSet<'a>, Span)>,
    /// `continue`, with the number where one is given.
    pub(crate) proceed: Option<Option<u32>>,
    pub(crate) origin: Span,
}

/// What a term matches; lists by name.
#[derive(Debug, Clone)]
pub(crate) enum MapMatch<'a> {
    Address { lists: Vec<&'a str>, ipv6: bool },
    AddressPrefix { lists: Vec<&'a str>, ipv6: bool },
    NextHop { lists: Vec<&'a str>, prefix: bool },
    Source { lists: Vec<&'a str>, prefix: bool },
    AsPath(Vec<&'a str>),
    Community { lists: Vec<&'a str>, exact: bool },
    Metric(Vec<u32>),
    LocalPreference(Vec<u32>),
    Tag(Vec<u32>),
    Interface(Vec<String>),
    Type(Vec<RouteType>),
    Protocol(Vec<RouteSource>),
    Unknown(&'static str),
}

/// What a term sets.
#[derive(Debug, Clone)]
pub(crate) enum MapSet<'a> {
    /// On routes.
    Route(RouteSet),
    /// The next hop, of routes and of packets.
    NextHop(Vec<IpAddr>),
    /// Communities to take away, by list.
    DeleteCommunity(&'a str),
    /// Of packets: where to, when no explicit route exists.
    DefaultNextHop(Vec<IpAddr>),
    Interface(Vec<String>),
    /// A VRF to look up in, or in which the next hop is.
    Vrf {
        name: &'a str,
        next_hop: Option<IpAddr>,
    },
    /// Of packets: not modelled.
    UnknownForPackets(&'static str),
    /// Nothing that matters here.
    Nothing,
}

/// How routes come from one protocol into another.
#[derive(Debug)]
pub(crate) struct RedistributeConfig<'a> {
    pub(crate) source: RouteSource,
    pub(crate) metric: Option<u32>,
    pub(crate) metric_type: Option<OspfMetricType>,
    pub(crate) tag: Option<u32>,
    pub(crate) route_map: Option<&'a str>,
    pub(crate) subnets: bool,
    pub(crate) origin: Span,
}
