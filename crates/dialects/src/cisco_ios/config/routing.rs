//! OSPF and BGP as configured.

use super::{RedistributeConfig, RouterId};
use findings::Span;
use ipnet::IpNet;
use networks::model::{BgpSelection, OspfAreaKind, OspfMetricType, OspfRange};
use packets::Wildcard;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// One `router ospf`.
#[derive(Debug)]
pub(crate) struct OspfConfig<'a> {
    pub(crate) name: &'a str,
    pub(crate) vrf: &'a str,
    pub(crate) origin: Span,
    pub(crate) router_id: RouterId,
    pub(crate) shutdown: bool,
    pub(crate) networks: Vec<(Wildcard, u32, Span)>,
    pub(crate) areas: BTreeMap<u32, AreaConfig<'a>>,
    pub(crate) passive_default: bool,
    /// Interfaces that differ from the default.
    pub(crate) passive: BTreeMap<String, bool>,
    pub(crate) reference_mbps: u64,
    pub(crate) redistributions: Vec<RedistributeConfig<'a>>,
    pub(crate) default_metric: Option<u32>,
    pub(crate) default_originate: Option<DefaultConfig<'a>>,
    pub(crate) distances: (u8, u8, u8),
    pub(crate) filter_in: Option<(FilterKind, &'a str, Span)>,
    pub(crate) summaries: Vec<OspfRange>,
    pub(crate) multipath: u16,
    pub(crate) max_metric: bool,
    pub(crate) rfc1583: bool,
}

/// Kinds of list that filter routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterKind {
    AccessList,
    PrefixList,
    RouteMap,
    AsPath,
}

/// `default-information originate`.
#[derive(Debug)]
pub(crate) struct DefaultConfig<'a> {
    pub(crate) always: bool,
    pub(crate) metric: Option<u32>,
    pub(crate) metric_type: OspfMetricType,
    pub(crate) route_map: Option<&'a str>,
    pub(crate) origin: Span,
}

/// One area.
#[derive(Debug, Default)]
pub(crate) struct AreaConfig<'a> {
    pub(crate) kind: Option<OspfAreaKind>,
    pub(crate) default_cost: Option<u32>,
    pub(crate) ranges: Vec<OspfRange>,
    pub(crate) filter_in: Option<(&'a str, Span)>,
    pub(crate) filter_out: Option<(&'a str, Span)>,
    pub(crate) virtual_links: Vec<Ipv4Addr>,
    pub(crate) authentication: Option<&'a str>,
}

/// `router bgp`.
#[derive(Debug)]
pub(crate) struct BgpConfig<'a> {
    pub(crate) asn: u32,
    pub(crate) origin: Span,
    pub(crate) cluster_id: RouterId,
    pub(crate) confederation: Option<u32>,
    pub(crate) confederation_peers: Vec<u32>,
    pub(crate) default_ipv4_unicast: bool,
    pub(crate) default_local_preference: u32,
    pub(crate) selection: BgpSelection,
    /// The default VRF's and each other's scope, by VRF.
    pub(crate) scopes: BTreeMap<&'a str, BgpScope<'a>>,
    pub(crate) session_templates: BTreeMap<&'a str, PeerConfig<'a>>,
    pub(crate) policy_templates: BTreeMap<&'a str, FamilyPeer<'a>>,
}

/// What stands under one VRF.
#[derive(Debug, Default)]
pub(crate) struct BgpScope<'a> {
    pub(crate) router_id: RouterId,
    pub(crate) peers: BTreeMap<&'a str, PeerConfig<'a>>,
    /// Listening ranges with the group their neighbours are of.
    pub(crate) listens: Vec<(IpNet, &'a str, Span)>,
    pub(crate) ipv4: BgpFamily<'a>,
    pub(crate) ipv6: BgpFamily<'a>,
    /// The line that opens it, where it is not the process's own.
    pub(crate) origin: Option<Span>,
}

/// One unicast address family of a scope.
#[derive(Debug, Default)]
pub(crate) struct BgpFamily<'a> {
    pub(crate) networks: Vec<NetworkConfig<'a>>,
    pub(crate) aggregates: Vec<AggregateConfig<'a>>,
    pub(crate) redistributions: Vec<RedistributeConfig<'a>>,
    pub(crate) peers: BTreeMap<&'a str, FamilyPeer<'a>>,
    pub(crate) distances: Option<(u8, u8, u8)>,
    pub(crate) paths_external: Option<u16>,
    pub(crate) paths_internal: Option<u16>,
    pub(crate) paths_mixed: Option<u16>,
    pub(crate) table_map: Option<(&'a str, Span)>,
    pub(crate) default_information: bool,
    pub(crate) default_metric: Option<u32>,
    pub(crate) auto_summary: bool,
    pub(crate) add_path_send: bool,
    pub(crate) add_path_receive: bool,
}

/// A `network` of BGP.
#[derive(Debug)]
pub(crate) struct NetworkConfig<'a> {
    pub(crate) prefix: IpNet,
    pub(crate) route_map: Option<&'a str>,
    pub(crate) origin: Span,
}

/// An `aggregate-address`.
#[derive(Debug)]
pub(crate) struct AggregateConfig<'a> {
    pub(crate) prefix: IpNet,
    pub(crate) summary_only: bool,
    pub(crate) as_set: bool,
    pub(crate) suppress: Option<&'a str>,
    pub(crate) advertise: Option<&'a str>,
    pub(crate) attributes: Option<&'a str>,
    pub(crate) origin: Span,
}

/// What is configured of a session, for a neighbour, a group or a template.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeerConfig<'a> {
    pub(crate) origin: Option<Span>,
    /// Whether it is a group (`neighbor NAME peer-group`).
    pub(crate) is_group: bool,
    pub(crate) group: Option<(&'a str, Span)>,
    pub(crate) inherits: Vec<(&'a str, Span)>,
    pub(crate) remote_as: Option<u32>,
    /// Further systems that neighbours of a listening range may be of.
    pub(crate) alternate_as: Vec<u32>,
    pub(crate) local_as: Option<(u32, bool)>,
    pub(crate) shutdown: Option<bool>,
    pub(crate) update_source: Option<(String, Span)>,
    pub(crate) multihop: Option<u8>,
    pub(crate) no_connected_check: Option<bool>,
    pub(crate) passive: Option<bool>,
    pub(crate) password: Option<String>,
    pub(crate) description: Option<&'a str>,
}

/// What is configured of a neighbour in one address family.
#[derive(Debug, Clone, Default)]
pub(crate) struct FamilyPeer<'a> {
    pub(crate) activate: Option<bool>,
    pub(crate) inherits: Vec<(&'a str, Span)>,
    /// Filters in and out, one of a kind.
    pub(crate) filters: BTreeMap<(bool, u8), (FilterKind, &'a str, Span)>,
    pub(crate) next_hop_self: Option<bool>,
    pub(crate) next_hop_self_all: Option<bool>,
    pub(crate) next_hop_unchanged: Option<bool>,
    pub(crate) reflector_client: Option<bool>,
    pub(crate) send_community: Option<bool>,
    pub(crate) send_extended: Option<bool>,
    pub(crate) default_originate: Option<Option<&'a str>>,
    pub(crate) weight: Option<u32>,
    pub(crate) allow_as_in: Option<u8>,
    pub(crate) as_override: Option<bool>,
    pub(crate) remove_private: Option<bool>,
    pub(crate) add_path: Option<(bool, bool)>,
    pub(crate) advertise_all: Option<bool>,
    pub(crate) advertise_best: Option<u8>,
    pub(crate) prefix_limit: Option<u32>,
}

/// The addresses of a tuple that a process listens on or talks to.
pub(crate) fn peer_address(word: &str) -> Option<IpAddr> {
    word.parse().ok()
}
