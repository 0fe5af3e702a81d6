//! Routing as configured: static routes, OSPF, BGP, redistribution.

use super::{InterfaceId, RoutePolicyId, RouteType, VrfId};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// Where a route or a routing decision sends packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NextHop {
    /// To an address, resolved through the routing table.
    Address(IpAddr),
    /// Out of an interface, to the destination itself.
    Interface(InterfaceId),
    /// Out of an interface, to an address.
    InterfaceAddress(InterfaceId, IpAddr),
    /// Nowhere.
    Discard,
    /// Looked up again in another VRF.
    Vrf(VrfId),
    /// To an address that is looked up in another VRF.
    VrfAddress(VrfId, IpAddr),
}

/// A static route as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticRoute {
    /// The destinations.
    pub prefix: IpNet,
    /// Where to.
    pub next_hop: NextHop,
    /// The administrative distance; smaller wins.
    pub distance: u8,
    /// Breaks ties between routes of one distance where the device has it
    /// (FortiOS `priority`, Linux `metric`); smaller wins.
    pub priority: u32,
    /// The tag that routing policies see.
    pub tag: u32,
    /// Whether it stays although its interface is down.
    pub permanent: bool,
    /// Whether it depends on something only the running device knows (a
    /// tracked probe); its presence is then unknown.
    pub run_time: bool,
    /// The line.
    pub origin: Span,
}

/// Identifies a further routing table of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

impl TableId {
    /// Returns the position in [`super::Device::tables`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A routing table besides a VRF's own, filled by static routes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingTable {
    /// Its name or number as configured.
    pub name: String,
    /// The VRF its interfaces are in.
    pub vrf: VrfId,
    /// Its routes.
    pub routes: Vec<StaticRoute>,
}

/// What a rule of policy routing decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteAction {
    /// Looks the destination up in a table; without a matching route the next
    /// rule follows.
    Table(TableId),
    /// Looks the destination up in the VRF's own FIB; without a matching route
    /// the next rule follows.
    Main,
    /// Sends it to the first of these that is usable (its interface up, its
    /// address resolved); the next rule follows where none is.
    FirstUsable(Vec<NextHop>),
    /// Sends it to any of these that are usable, as the device chooses.
    AnyOf(Vec<NextHop>),
    /// As `FirstUsable`, but only where the FIB has no route or the default
    /// route alone for the destination (IOS `set ip default next-hop`).
    FirstUsableUnlessRouted(Vec<NextHop>),
    /// Stops policy routing: the VRF's FIB decides.
    UseFib,
    /// Drops the packet.
    Discard,
}

/// Kinds of area (RFC 2328 section 3.6, RFC 3101).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OspfAreaKind {
    /// Takes external routes.
    Normal,
    /// Takes no external routes but a default.
    Stub {
        /// Whether it takes no summaries either (totally stubby).
        no_summary: bool,
        /// The cost of the default that the border router announces.
        default_cost: u32,
    },
    /// Not-so-stubby: own external routes only.
    Nssa {
        /// Whether it takes no summaries either.
        no_summary: bool,
        /// Whether the border router announces a default into it.
        default_originate: bool,
        /// The cost of that default.
        default_cost: u32,
    },
}

/// Summarises what an area's border router announces of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OspfRange {
    /// The summary.
    pub prefix: Ipv4Net,
    /// Whether the summary is announced; otherwise it only hides what is under it.
    pub advertise: bool,
    /// The cost announced in place of the computed one.
    pub cost: Option<u32>,
    /// The line.
    pub origin: Span,
}

/// One area of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OspfArea {
    /// The area number.
    pub id: u32,
    /// Its kind.
    pub kind: OspfAreaKind,
    /// Summaries at its border.
    pub ranges: Vec<OspfRange>,
    /// Filters on summaries into the area and out of it: a policy over prefixes.
    pub filter_in: Option<RoutePolicyId>,
    /// See `filter_in`.
    pub filter_out: Option<RoutePolicyId>,
    /// Whether backbone adjacencies pass through it (virtual links): router
    /// identifiers of the other ends.
    pub virtual_links: Vec<Ipv4Addr>,
}

/// How external routes count (RFC 2328 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OspfMetricType {
    /// The way to the border router counts.
    External1,
    /// It only breaks ties.
    External2,
}

/// A default route that a process announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OspfDefault {
    /// Whether it is announced without having one.
    pub always: bool,
    /// Its metric.
    pub metric: u32,
    /// Its metric type.
    pub metric_type: OspfMetricType,
    /// A condition or change by policy.
    pub policy: Option<RoutePolicyId>,
    /// The line.
    pub origin: Span,
}

/// An OSPF process of one VRF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OspfProcess {
    /// Its name or number.
    pub name: String,
    /// 2 for IPv4 (RFC 2328), 3 for IPv6 (RFC 5340).
    pub version: u8,
    /// The router identifier, where configured; else the highest loopback
    /// address, else the highest address, of the VRF's interfaces that are up.
    pub router_id: Option<Ipv4Addr>,
    /// Its areas, those with settings and those that interfaces are in.
    pub areas: Vec<OspfArea>,
    /// The bandwidth that costs 1, in kbit/s.
    pub reference_bandwidth_kbps: u64,
    /// What it takes from elsewhere.
    pub redistributions: Vec<Redistribution>,
    /// A default it announces.
    pub default_originate: Option<OspfDefault>,
    /// Administrative distances: within the area, between areas, external.
    pub distance_intra: u8,
    /// See `distance_intra`.
    pub distance_inter: u8,
    /// See `distance_intra`.
    pub distance_external: u8,
    /// A policy on what enters the routing table (`distribute-list in`).
    pub policy_in: Option<RoutePolicyId>,
    /// Summaries of redistributed routes (`summary-address`).
    pub external_ranges: Vec<OspfRange>,
    /// How many equal-cost paths are used at once.
    pub multipath_max: u16,
    /// Whether it announces the greatest metric so as not to be used (`max-metric router-lsa`).
    pub max_metric: bool,
    /// Whether RFC 1583's rule for the cost of summaries is used.
    pub rfc1583: bool,
    /// The line.
    pub origin: Span,
}

/// Network types of an interface (RFC 2328 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OspfNetworkType {
    /// With a designated router.
    Broadcast,
    /// Two routers.
    PointToPoint,
    /// With a designated router and configured neighbours.
    NonBroadcast,
    /// A bundle of point-to-point links; announces host routes.
    PointToMultipoint,
    /// Announced as a host route (RFC 2328 section 9.1 on loopbacks).
    Loopback,
}

/// OSPF on one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OspfInterface {
    /// The process, by its name.
    pub process: String,
    /// The area.
    pub area: u32,
    /// The cost, where configured; else computed from the bandwidth.
    pub cost: Option<u32>,
    /// Whether it announces its prefix but makes no neighbours.
    pub passive: bool,
    /// The network type, where configured; else that of the interface's kind.
    pub network_type: Option<OspfNetworkType>,
    /// Seconds between hellos; neighbours must agree.
    pub hello_interval_s: u16,
    /// Seconds until a neighbour counts as dead; neighbours must agree.
    pub dead_interval_s: u16,
    /// Whether a difference in MTU is no obstacle.
    pub mtu_ignore: bool,
    /// Authentication as configured, secrets replaced by a digest; neighbours must agree.
    pub authentication: Option<String>,
    /// The priority in the election of the designated router.
    pub priority: u8,
    /// The line that puts the process on the interface.
    pub origin: Span,
}

/// Kinds of routes that can be redistributed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RouteSource {
    /// Prefixes of interfaces.
    Connected,
    /// Static routes.
    Static,
    /// Routes of a process of OSPF.
    Ospf {
        /// The process by name; `None` is any.
        process: Option<String>,
        /// Which of its routes; the dialect has resolved the vendor's default.
        types: Vec<RouteType>,
    },
    /// BGP.
    Bgp,
    /// A protocol that is not modelled, by name.
    Unmodelled(String),
}

/// Takes routes from one protocol into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redistribution {
    /// What is taken.
    pub source: RouteSource,
    /// The metric given, where configured; else the protocol's default
    /// ([`Self::metric_default`]).
    pub metric: Option<u32>,
    /// The metric that the device gives where none is configured and no policy
    /// sets one; `None` keeps the route's own.
    pub metric_default: Option<u32>,
    /// For OSPF, how it counts.
    pub metric_type: OspfMetricType,
    /// The tag given.
    pub tag: Option<u32>,
    /// What passes, and with which changes.
    pub policy: Option<RoutePolicyId>,
    /// For OSPF on IOS: whether prefixes that are subnets of a classful network pass.
    pub subnets: bool,
    /// The line.
    pub origin: Span,
}

/// Identifies a neighbour within one [`BgpProcess`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BgpNeighborId(pub u32);

/// A BGP process of one VRF (RFC 4271).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BgpProcess {
    /// The autonomous system.
    pub asn: u32,
    /// The router identifier, where configured; else chosen as for OSPF.
    pub router_id: Option<Ipv4Addr>,
    /// Its neighbours, groups and templates already applied.
    pub neighbors: Vec<BgpNeighbor>,
    /// Prefixes it announces where the routing table has them.
    pub networks: Vec<BgpNetwork>,
    /// Aggregates it makes.
    pub aggregates: Vec<Aggregate>,
    /// What it takes from elsewhere.
    pub redistributions: Vec<Redistribution>,
    /// Administrative distances: external, internal, local (aggregates).
    pub distance_external: u8,
    /// See `distance_external`.
    pub distance_internal: u8,
    /// See `distance_external`.
    pub distance_local: u8,
    /// How many external paths are used at once.
    pub multipath_external: u16,
    /// How many internal paths are used at once.
    pub multipath_internal: u16,
    /// How many paths of both kinds are used at once (`maximum-paths eibgp`); 1 is off.
    pub multipath_mixed: u16,
    /// Details of the choice between paths.
    pub selection: BgpSelection,
    /// The identifier of the reflection cluster, where configured; else the router's.
    pub cluster_id: Option<Ipv4Addr>,
    /// The confederation this process is part of: its public number and the members.
    pub confederation: Option<(u32, Vec<u32>)>,
    /// A policy on what enters the routing table (`table-map`).
    pub table_policy: Option<RoutePolicyId>,
    /// Whether a default route may be announced by `network` or redistribution.
    pub default_information_originate: bool,
    /// The local preference of routes that carry none.
    pub default_local_preference: u32,
    /// Whether `network` and redistributed prefixes are cut to class boundaries (IOS `auto-summary`).
    pub auto_summary: bool,
    /// The line.
    pub origin: Span,
}

/// Details of the choice between paths (RFC 4271 section 9.1.2.2, and what vendors add).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BgpSelection {
    /// Whether MED is compared between different neighbouring systems.
    pub always_compare_med: bool,
    /// Whether paths of one neighbouring system are compared first.
    pub deterministic_med: bool,
    /// Whether a missing MED is the worst.
    pub missing_med_worst: bool,
    /// Whether the length of the AS path is not looked at.
    pub ignore_as_path_length: bool,
    /// Whether multipath asks only for AS paths of one length, not equal ones.
    pub multipath_relax: bool,
    /// Whether the router identifier breaks ties between external paths; else
    /// the oldest wins, which a configuration does not tell.
    pub compare_router_id: bool,
    /// Whether the IGP metric to the next hop is not looked at.
    pub ignore_igp_metric: bool,
}

/// A BGP neighbour, or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BgpNeighbor {
    /// The address, as a host prefix; a shorter prefix listens for any under it.
    pub address: IpNet,
    /// The autonomous systems it may be of; empty where none is configured
    /// (no session comes up), several for listening ranges.
    pub remote_as: Vec<u32>,
    /// What this side says its system is, where not the process's own.
    pub local_as: Option<u32>,
    /// Whether the process's own system is left out beside `local_as` (`no-prepend replace-as`).
    pub replace_as: bool,
    /// Whether the session is configured off.
    pub shutdown: bool,
    /// The interface whose address the session uses.
    pub update_source: Option<InterfaceId>,
    /// An address the session uses.
    pub local_address: Option<IpAddr>,
    /// Hops that an external session may cross; `None` is the default of one.
    pub ebgp_multihop: Option<u8>,
    /// Whether the connected check is off (`disable-connected-check`).
    pub disable_connected_check: bool,
    /// Whether it waits to be called.
    pub passive: bool,
    /// The password, as a digest; both ends must agree.
    pub password: Option<String>,
    /// What is exchanged for IPv4 unicast; `None` where not activated.
    pub ipv4: Option<BgpSession>,
    /// What is exchanged for IPv6 unicast; `None` where not activated.
    pub ipv6: Option<BgpSession>,
    /// What people wrote beside it.
    pub description: Option<String>,
    /// The line.
    pub origin: Span,
}

/// What is exchanged with a neighbour for one address family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BgpSession {
    /// Policies on what is learned, all of which must permit, in order.
    pub policies_in: Vec<RoutePolicyId>,
    /// Policies on what is announced, all of which must permit, in order.
    pub policies_out: Vec<RoutePolicyId>,
    /// Whether this side sets itself as next hop.
    pub next_hop_self: bool,
    /// Whether it sets itself also on routes it reflects.
    pub next_hop_self_all: bool,
    /// Whether the next hop stays on external sessions.
    pub next_hop_unchanged: bool,
    /// Whether the neighbour is a client of reflection.
    pub route_reflector_client: bool,
    /// Whether communities are sent.
    pub send_community: bool,
    /// Whether extended communities are sent.
    pub send_extended_community: bool,
    /// Whether a default route is announced to it, and by which policy.
    pub default_originate: Option<Option<RoutePolicyId>>,
    /// The weight given to what is learned.
    pub weight: Option<u32>,
    /// How often the own system may stand in a learned path; 0 is never.
    pub allow_as_in: u8,
    /// Whether the neighbour's system in a path is replaced by the own.
    pub as_override: bool,
    /// Whether private systems are taken out of announced paths.
    pub remove_private_as: bool,
    /// Whether the neighbour may be told of its own system (false: split horizon by AS).
    pub advertise_to_own_as: bool,
    /// Sending and receiving several paths a prefix (RFC 7911).
    pub add_path: BgpAddPath,
    /// The greatest number of prefixes taken; more ends the session.
    pub prefix_limit: Option<u32>,
}

/// Several paths for one prefix (RFC 7911).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BgpAddPath {
    /// Whether this side can send them.
    pub send: bool,
    /// Whether this side can take them.
    pub receive: bool,
    /// Whether every path is announced (`advertise additional-paths all`);
    /// otherwise only the best.
    pub advertise_all: bool,
    /// How many of the best are announced (`best N`); 0 where not set.
    pub advertise_best: u8,
}

/// A prefix that BGP announces where the routing table has exactly it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BgpNetwork {
    /// The prefix.
    pub prefix: IpNet,
    /// Changes by policy.
    pub policy: Option<RoutePolicyId>,
    /// Whether it is announced even where the routing table does not have it
    /// (FortiOS `network-import-check disable`, FRR `no bgp network import-check`).
    pub unconditional: bool,
    /// The line.
    pub origin: Span,
}

/// An aggregate that BGP makes of what is under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The prefix.
    pub prefix: IpNet,
    /// Whether what is under it is no longer announced.
    pub summary_only: bool,
    /// Which of what is under it is no longer announced.
    pub suppress: Option<RoutePolicyId>,
    /// Whether the paths' systems are kept as a set.
    pub as_set: bool,
    /// Which routes count as under it (`advertise-map`).
    pub advertise: Option<RoutePolicyId>,
    /// What the aggregate carries (`attribute-map`).
    pub attributes: Option<RoutePolicyId>,
    /// The line.
    pub origin: Span,
}
