//! What routing comes to: routes, forwarding tables, and who holds a virtual address.
//!
//! [`crate::model`] says what is configured; [`Routing`] says what the devices
//! then do. It is computed, or taken from tables that were observed.

use crate::model::{
    Device, DeviceId, DeviceKind, InterfaceAddress, InterfaceId, Network, NextHop, Port, RouteType,
    TableId, Unknown, VrfId,
};
use findings::{Finding, Span};
use ipnet::IpNet;
use std::net::IpAddr;

/// How a route came into a routing table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RouteProtocol {
    /// The prefix of an interface.
    Connected,
    /// The own address of an interface, as a host route.
    Local,
    /// Configured.
    Static,
    /// OSPF, within the area.
    OspfIntra,
    /// OSPF, between areas.
    OspfInter,
    /// OSPF, external type 1.
    OspfExternal1,
    /// OSPF, external type 2.
    OspfExternal2,
    /// OSPF, NSSA external type 1.
    OspfNssa1,
    /// OSPF, NSSA external type 2.
    OspfNssa2,
    /// BGP, learned from an external neighbour.
    BgpExternal,
    /// BGP, learned from an internal neighbour.
    BgpInternal,
    /// BGP, made by the device itself (an aggregate).
    BgpLocal,
    /// OSPF, a summary's discard route.
    OspfDiscard,
    /// Read from an observed table that does not name a protocol.
    Observed,
}

impl RouteProtocol {
    /// Returns the OSPF route type, where it is one.
    pub fn ospf_type(self) -> Option<RouteType> {
        match self {
            Self::OspfIntra => Some(RouteType::OspfIntra),
            Self::OspfInter => Some(RouteType::OspfInter),
            Self::OspfExternal1 => Some(RouteType::OspfExternal1),
            Self::OspfExternal2 => Some(RouteType::OspfExternal2),
            Self::OspfNssa1 => Some(RouteType::OspfNssa1),
            Self::OspfNssa2 => Some(RouteType::OspfNssa2),
            _ => None,
        }
    }
}

/// One route in a routing table; equal-cost routes are several of these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The destinations.
    pub prefix: IpNet,
    /// How it came there.
    pub protocol: RouteProtocol,
    /// Where to, before resolution.
    pub next_hop: NextHop,
    /// The administrative distance.
    pub distance: u8,
    /// The metric within its protocol.
    pub metric: u32,
    /// The tag.
    pub tag: u32,
    /// The line that makes it, here or at the device that announces it.
    pub origin: Option<Span>,
}

/// The best routes of a VRF, sorted by prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rib {
    /// The routes.
    pub routes: Vec<Route>,
}

/// One way out of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hop {
    /// The interface the packet leaves by; in another VRF where routes leak.
    pub interface: InterfaceId,
    /// To whom; `None` is the destination itself.
    pub gateway: Option<IpAddr>,
}

/// What a forwarding table does with packets to a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FibAction {
    /// Sends them by any one of these, as a hash of the flow decides; never empty.
    Forward(Vec<Hop>),
    /// Drops them: a null route.
    Discard,
    /// Looks them up again in another VRF.
    Vrf(VrfId),
    /// Cannot be told, and why.
    Unknown(Vec<Unknown>),
}

/// One entry of a forwarding table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FibEntry {
    /// The destinations, less those of longer entries.
    pub prefix: IpNet,
    /// What happens to them.
    pub action: FibAction,
    /// The route it comes from: how, and by which line.
    pub protocol: RouteProtocol,
    /// See `protocol`.
    pub origin: Option<Span>,
}

/// A forwarding table: the longest prefix that contains the destination decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fib {
    entries: Vec<FibEntry>,
}

impl Fib {
    /// Makes a table from entries in any order; of several for one prefix the first stays.
    pub fn new(mut entries: Vec<FibEntry>) -> Self {
        entries.sort_by_key(|entry| entry.prefix);
        entries.dedup_by_key(|entry| entry.prefix);
        Self { entries }
    }

    /// Returns the entries, sorted by address and then by length, shortest first.
    pub fn entries(&self) -> &[FibEntry] {
        &self.entries
    }

    /// Returns the entry for exactly this prefix.
    pub fn lookup_exact(&self, prefix: IpNet) -> Option<&FibEntry> {
        let at = self
            .entries
            .binary_search_by_key(&prefix, |entry| entry.prefix)
            .ok()?;
        self.entries.get(at)
    }

    /// Returns the entry with the longest prefix that contains the address.
    pub fn lookup(&self, address: IpAddr) -> Option<&FibEntry> {
        (0..=if address.is_ipv4() { 32 } else { 128 })
            .rev()
            .find_map(|length| {
                let prefix = IpNet::new(address, length).ok()?.trunc();
                let at = self
                    .entries
                    .binary_search_by_key(&prefix, |entry| entry.prefix)
                    .ok()?;
                self.entries.get(at)
            })
    }
}

/// A static route that is installed but not used to send, since another of its
/// prefix and distance has a smaller priority ([`crate::model::StaticRoute`]).
///
/// Feasible reverse-path checks count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpareRoute {
    /// The destinations.
    pub prefix: IpNet,
    /// The interface it leaves by.
    pub interface: InterfaceId,
    /// Why it cannot be told whether it is there; empty where it is.
    pub unknown: Vec<Unknown>,
}

/// What a VRF does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VrfRouting {
    /// The best routes.
    pub rib: Rib,
    /// What they come to.
    pub fib: Fib,
    /// What could change any destination not covered by a more certain entry:
    /// protocols that are not modelled, computation without a fixed point. The
    /// entries they could change are [`FibAction::Unknown`] already; this is
    /// for destinations without an entry.
    pub unknown: Vec<Unknown>,
    /// Installed routes that are not used to send.
    pub spare: Vec<SpareRoute>,
}

/// What a device does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceRouting {
    /// One per VRF of the device.
    pub vrfs: Vec<VrfRouting>,
    /// One per further table of the device.
    pub tables: Vec<Fib>,
    /// The redundancy groups (interface, index in its list) whose role this
    /// device holds in the steady state; sorted.
    pub active: Vec<(InterfaceId, usize)>,
}

impl DeviceRouting {
    /// Tells whether the device holds the role of a redundancy group.
    pub fn is_active(&self, interface: InterfaceId, group: usize) -> bool {
        self.active.binary_search(&(interface, group)).is_ok()
    }

    /// Returns what a VRF does.
    pub fn vrf(&self, id: VrfId) -> Option<&VrfRouting> {
        self.vrfs.get(id.index())
    }

    /// Returns a further table.
    pub fn table(&self, id: TableId) -> Option<&Fib> {
        self.tables.get(id.index())
    }
}

/// What every device of a network does, and what was wrong on the way there.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// One per device.
    pub devices: Vec<DeviceRouting>,
    /// Sessions that cannot come up, next hops that do not resolve, no fixed point.
    pub findings: Vec<Finding>,
}

impl Routing {
    /// Returns what a device does.
    pub fn device(&self, id: DeviceId) -> Option<&DeviceRouting> {
        self.devices.get(id.index())
    }
}

/// Resolves a next hop to ways out of a device by a forwarding table.
///
/// An address resolves through the entry that contains it, once, since the
/// table is resolved itself; an attached entry gives the address as gateway.
/// Empty where it is not usable: the interface is down, no entry contains the
/// address, or the entry discards it.
pub fn resolve(device: &Device, fib: &Fib, next_hop: NextHop) -> Vec<Hop> {
    let up = |id| {
        device
            .interface(id)
            .is_some_and(crate::model::Interface::is_up)
    };
    match next_hop {
        NextHop::Interface(interface) if up(interface) => vec![Hop {
            interface,
            gateway: None,
        }],
        NextHop::InterfaceAddress(interface, gateway) if up(interface) => {
            vec![Hop {
                interface,
                gateway: Some(gateway),
            }]
        }
        NextHop::Address(address) => match fib.lookup(address).map(|entry| &entry.action) {
            Some(FibAction::Forward(hops)) => hops
                .iter()
                .map(|hop| Hop {
                    gateway: hop.gateway.or(Some(address)),
                    ..*hop
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Returns the ports that a host with this address, on the segment of `port`,
/// may hand its packets to.
///
/// Hosts are not configured, so their gateway is inferred: the routers on the
/// link that hold the role for a virtual address of a prefix that the host is
/// in; where there is none, every router's port on the link with an address in
/// a prefix that the host is in; where there is none either, `port` itself.
/// Any of them may be the gateway, so a verdict must hold for all.
pub fn gateways(network: &Network, routing: &Routing, port: Port, host: IpAddr) -> Vec<Port> {
    let alone = [port];
    let ports = network
        .link_of(port)
        .map_or(alone.as_slice(), |link| link.ports.as_slice());
    let near = |at: Port| {
        let router = network
            .device(at.device)
            .is_some_and(|device| device.kind == DeviceKind::Router);
        network.interface(at).filter(|interface| {
            let holds_host = |own: &InterfaceAddress| own.net.contains(&host);
            router && interface.is_up() && interface.addresses.iter().any(holds_host)
        })
    };
    let routers: Vec<Port> = ports
        .iter()
        .copied()
        .filter(|&at| near(at).is_some())
        .collect();
    let virtual_holder = |at: &Port| {
        near(*at).is_some_and(|interface| {
            interface
                .redundancy
                .iter()
                .enumerate()
                .any(|(index, group)| {
                    let in_prefix = group.addresses.iter().any(|address| {
                        interface
                            .addresses
                            .iter()
                            .any(|own| own.net.contains(&host) && own.net.contains(address))
                    });
                    let device = routing.device(at.device);
                    in_prefix && device.is_some_and(|device| device.is_active(at.interface, index))
                })
        })
    };
    let holders: Vec<Port> = routers.iter().copied().filter(virtual_holder).collect();
    match (holders.is_empty(), routers.is_empty()) {
        (false, _) => holders,
        (true, false) => routers,
        (true, true) => vec![port],
    }
}
