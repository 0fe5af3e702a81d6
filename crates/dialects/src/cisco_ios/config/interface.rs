//! Interfaces as configured.

use super::DEFAULT_VRF;
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use networks::model::{OspfNetworkType, RedundancyProtocol, ReversePath};
use std::net::{IpAddr, Ipv4Addr};

/// One interface.
#[derive(Debug)]
pub(crate) struct InterfaceConfig<'a> {
    pub(crate) name: String,
    pub(crate) origin: Span,
    pub(crate) description: Option<&'a str>,
    pub(crate) shutdown: bool,
    pub(crate) point_to_point: bool,
    pub(crate) vrf: &'a str,
    pub(crate) primary: Option<(Ipv4Net, Span)>,
    pub(crate) secondary: Vec<(Ipv4Net, Span)>,
    pub(crate) ipv6: Vec<(IpNet, Span)>,
    pub(crate) ipv6_enabled: bool,
    pub(crate) unnumbered: Option<(String, Span)>,
    pub(crate) mtu: Option<u32>,
    pub(crate) bandwidth: Option<u64>,
    pub(crate) speed_mbps: Option<u64>,
    pub(crate) vlan_tag: Option<u16>,
    pub(crate) filters: Vec<FilterUse<'a>>,
    pub(crate) policy_routing: Option<(&'a str, Span)>,
    pub(crate) nat: Option<NatSide>,
    pub(crate) reverse_path: Option<(ReversePath, Span)>,
    pub(crate) zone: Option<(&'a str, Span)>,
    pub(crate) inspections: Vec<FilterUse<'a>>,
    pub(crate) crypto_map: Option<(&'a str, Span)>,
    pub(crate) qos: Vec<(&'a str, Span)>,
    pub(crate) redundancy: Vec<RedundancyConfig<'a>>,
    pub(crate) ospf: OspfInterfaceConfig<'a>,
    pub(crate) switch: SwitchConfig,
    pub(crate) channel_group: Option<u16>,
    pub(crate) tunnel: TunnelConfig<'a>,
}

impl InterfaceConfig<'_> {
    /// Makes an interface of which nothing is configured.
    pub(crate) fn new(name: String, origin: Span) -> Self {
        Self {
            name,
            origin,
            description: None,
            shutdown: false,
            point_to_point: false,
            vrf: DEFAULT_VRF,
            primary: None,
            secondary: Vec::new(),
            ipv6: Vec::new(),
            ipv6_enabled: false,
            unnumbered: None,
            mtu: None,
            bandwidth: None,
            speed_mbps: None,
            vlan_tag: None,
            filters: Vec::new(),
            policy_routing: None,
            nat: None,
            reverse_path: None,
            zone: None,
            inspections: Vec::new(),
            crypto_map: None,
            qos: Vec::new(),
            redundancy: Vec::new(),
            ospf: OspfInterfaceConfig::default(),
            switch: SwitchConfig::default(),
            channel_group: None,
            tunnel: TunnelConfig::default(),
        }
    }
}

/// A list applied to packets of an interface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilterUse<'a> {
    pub(crate) list: &'a str,
    pub(crate) inbound: bool,
    pub(crate) ipv6: bool,
    pub(crate) origin: Span,
}

/// On which side of translation an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NatSide {
    Inside,
    Outside,
}

/// One HSRP, VRRP or GLBP group.
#[derive(Debug)]
pub(crate) struct RedundancyConfig<'a> {
    pub(crate) protocol: RedundancyProtocol,
    pub(crate) group: u16,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) configured: bool,
    pub(crate) priority: u8,
    pub(crate) preempt: bool,
    pub(crate) tracks: Vec<TrackUse<'a>>,
    pub(crate) origin: Span,
}

/// What a group watches.
#[derive(Debug)]
pub(crate) struct TrackUse<'a> {
    /// An object's number, or an interface.
    pub(crate) what: Vec<&'a str>,
    pub(crate) decrement: Option<u8>,
    pub(crate) origin: Span,
}

/// A `track` object.
#[derive(Debug)]
pub(crate) struct TrackConfig<'a> {
    pub(crate) watches: TrackWatch<'a>,
}

/// What a `track` object watches.
#[derive(Debug)]
pub(crate) enum TrackWatch<'a> {
    Interface(String),
    Route(Ipv4Net, &'a str),
    RunTime,
}

/// OSPF as configured on an interface.
#[derive(Debug, Default)]
pub(crate) struct OspfInterfaceConfig<'a> {
    /// `ip ospf PROCESS area AREA`.
    pub(crate) process: Option<(&'a str, u32, Span)>,
    pub(crate) cost: Option<u32>,
    pub(crate) network_type: Option<OspfNetworkType>,
    pub(crate) hello_s: Option<u16>,
    pub(crate) dead_s: Option<u16>,
    pub(crate) mtu_ignore: bool,
    pub(crate) priority: Option<u8>,
    pub(crate) authentication: Option<&'a str>,
    /// Digest of the plain key, and of each message-digest key with its number.
    pub(crate) key: Option<String>,
    pub(crate) digest_keys: Vec<(&'a str, String)>,
}

/// A switch port as configured.
#[derive(Debug, Default)]
pub(crate) struct SwitchConfig {
    /// Whether `switchport` or any of its settings is there.
    pub(crate) present: bool,
    pub(crate) routed: bool,
    pub(crate) trunk: Option<bool>,
    pub(crate) access: Option<u16>,
    pub(crate) native: Option<u16>,
    pub(crate) allowed: Option<Vec<(u16, u16)>>,
}

/// A tunnel's ends as configured.
#[derive(Debug, Default)]
pub(crate) struct TunnelConfig<'a> {
    pub(crate) source: Option<Vec<&'a str>>,
    pub(crate) destination: Option<IpAddr>,
    pub(crate) mode: Option<&'static str>,
    pub(crate) key: Option<u32>,
    pub(crate) vrf: Option<&'a str>,
    pub(crate) protected: bool,
}

/// A static route.
#[derive(Debug)]
pub(crate) struct StaticConfig<'a> {
    pub(crate) vrf: &'a str,
    pub(crate) prefix: IpNet,
    pub(crate) interface: Option<String>,
    pub(crate) gateway: Option<IpAddr>,
    /// Whether the gateway is looked up in the default VRF.
    pub(crate) global: bool,
    pub(crate) distance: u8,
    pub(crate) tag: u32,
    pub(crate) permanent: bool,
    pub(crate) track: Option<u16>,
    pub(crate) origin: Span,
}

/// The router identifier that a process is given, where it is.
pub(crate) type RouterId = Option<Ipv4Addr>;
