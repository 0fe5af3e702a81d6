//! IOS's own model: what the lines say, by name, before anything is resolved.

mod access;
mod interface;
mod policy;
mod routing;
mod security;

pub(super) use access::*;
pub(super) use interface::*;
pub(super) use policy::*;
pub(super) use routing::*;
pub(super) use security::*;

use findings::Span;
use ipnet::IpNet;
use std::collections::BTreeMap;

/// A whole configuration as read; names are as written.
#[derive(Debug, Default)]
pub(super) struct Config<'a> {
    pub(super) hostname: Option<&'a str>,
    /// The line of `no ip routing`.
    pub(super) no_ip_routing: Option<Span>,
    pub(super) ipv6_routing: bool,
    pub(super) default_gateway: Option<(std::net::Ipv4Addr, Span)>,
    pub(super) interfaces: Vec<InterfaceConfig<'a>>,
    /// Positions in `interfaces` by full name.
    pub(super) interface_index: BTreeMap<String, usize>,
    pub(super) vrfs: BTreeMap<&'a str, VrfConfig>,
    pub(super) static_routes: Vec<StaticConfig<'a>>,
    pub(super) tracks: BTreeMap<u16, TrackConfig<'a>>,
    /// IPv4 lists, standard and extended.
    pub(super) lists: BTreeMap<&'a str, AccessList<'a>>,
    pub(super) lists_v6: BTreeMap<&'a str, AccessList<'a>>,
    pub(super) networks: BTreeMap<&'a str, NetworkGroup<'a>>,
    pub(super) services: BTreeMap<&'a str, ServiceGroup<'a>>,
    pub(super) prefix_lists: BTreeMap<&'a str, PrefixList>,
    pub(super) prefix_lists_v6: BTreeMap<&'a str, PrefixList>,
    pub(super) community_lists: BTreeMap<&'a str, CommunityList>,
    pub(super) as_path_lists: BTreeMap<&'a str, AsPathList>,
    pub(super) route_maps: BTreeMap<&'a str, RouteMap<'a>>,
    pub(super) ospf: Vec<OspfConfig<'a>>,
    pub(super) bgp: Option<BgpConfig<'a>>,
    /// EIGRP, IS-IS and RIP, with the VRFs they run in.
    pub(super) unmodelled: Vec<(&'a str, Span)>,
    pub(super) class_maps: BTreeMap<&'a str, ClassMap<'a>>,
    pub(super) policy_maps: BTreeMap<&'a str, PolicyMap<'a>>,
    /// Policy maps of `type inspect`.
    pub(super) inspect_maps: BTreeMap<&'a str, InspectMap<'a>>,
    pub(super) zones: BTreeMap<&'a str, Span>,
    pub(super) zone_pairs: Vec<ZonePair<'a>>,
    pub(super) inspections: BTreeMap<&'a str, Vec<Inspection<'a>>>,
    pub(super) nat_rules: Vec<NatRule<'a>>,
    pub(super) nat_pools: BTreeMap<&'a str, NatPool>,
    pub(super) crypto_maps: BTreeMap<&'a str, Vec<CryptoEntry<'a>>>,
}

/// A VRF as configured.
#[derive(Debug, Clone)]
pub(super) struct VrfConfig {
    /// Lines that may bring routes of other VRFs in.
    pub(super) imports: Vec<Span>,
}

/// What an unread line could change, by name.
#[derive(Debug, Clone)]
pub(super) enum Touch<'a> {
    /// Nothing by itself: what refers to the thing it stands in carries it.
    Nothing,
    Device,
    Interface(String),
    /// The forwarding decision for some destinations in a VRF.
    Forwarding(&'a str, Option<IpNet>),
    /// The routing protocols of a VRF.
    Routing(&'a str),
}

/// The name of the VRF that is always there.
pub(super) const DEFAULT_VRF: &str = "default";
