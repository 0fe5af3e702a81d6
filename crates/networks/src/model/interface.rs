//! Interfaces and what stands on them.

use super::{OspfInterface, VrfId};
use findings::Span;
use ipnet::IpNet;
use packets::AddressSet;
use std::net::IpAddr;

/// Identifies an interface of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceId(pub u32);

impl InterfaceId {
    /// Returns the position in [`super::Device::interfaces`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An address with the prefix it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The address and its prefix length; host bits are the address.
    pub net: IpNet,
    /// Whether it is a secondary address; routing protocols may treat it apart.
    pub secondary: bool,
    /// The line.
    pub origin: Span,
}

/// What an interface is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterfaceKind {
    /// A port.
    Physical,
    /// A bundle of ports.
    Aggregate,
    /// A tagged part of another interface.
    Subinterface {
        /// The interface it is part of.
        parent: InterfaceId,
        /// The 802.1Q tag; `None` for untagged.
        vlan: Option<u16>,
    },
    /// The device's own interface in a VLAN it switches.
    Vlan(u16),
    /// Always up, joined to nothing.
    Loopback,
    /// A link made of packets to another device.
    Tunnel(Tunnel),
    /// A bridge or switch group.
    Bridge,
    /// Discards what is sent to it (`Null0`).
    Null,
}

/// The ends of a tunnel, as far as they are configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// The address of this end.
    pub local: Option<IpAddr>,
    /// The interface whose address is this end's, where configured so.
    pub local_interface: Option<InterfaceId>,
    /// The address of the other end; `None` for multipoint.
    pub remote: Option<IpAddr>,
    /// The VRF the outer packets travel in.
    pub transport_vrf: VrfId,
    /// How it is built, as people call it: `gre`, `ipsec`, `ipip`, `wireguard`.
    pub encapsulation: String,
    /// A key or identifier that both ends must share, where it takes part.
    pub key: Option<u32>,
}

/// How a switch port carries VLANs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwitchPort {
    /// Untagged in one VLAN.
    Access(u16),
    /// Tagged in these; `native` is untagged.
    Trunk {
        /// Inclusive ranges of VLANs.
        allowed: Vec<(u16, u16)>,
        /// The untagged VLAN.
        native: u16,
    },
}

/// Reverse-path checks of source addresses (RFC 3704).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// The best route back to the source must leave by this interface.
    Strict {
        /// Whether a default route counts.
        default_counts: bool,
    },
    /// Some route back to the source must leave by this interface, best or not.
    Feasible {
        /// Whether a default route counts.
        default_counts: bool,
    },
    /// Some route back to the source must exist.
    Loose {
        /// Whether a default route counts.
        default_counts: bool,
    },
}

/// First-hop redundancy protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedundancyProtocol {
    /// HSRP (RFC 2281 and Cisco's version 2).
    Hsrp,
    /// VRRP (RFC 5798).
    Vrrp,
    /// GLBP: several forwarders at once.
    Glbp,
}

/// What a tracked object watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackedObject {
    /// An interface of the device.
    Interface(InterfaceId),
    /// Whether a route is in the routing table.
    Route {
        /// The VRF asked.
        vrf: VrfId,
        /// The prefix that must be there.
        prefix: IpNet,
    },
    /// Something only the running device knows (a probe).
    RunTime,
}

/// One thing a redundancy group watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    /// What it watches.
    pub object: TrackedObject,
    /// How much the priority falls when it is down; `None` gives the role up.
    pub decrement: Option<u8>,
    /// The line.
    pub origin: Span,
}

/// One HSRP, VRRP or GLBP group on an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedundancyGroup {
    /// The protocol.
    pub protocol: RedundancyProtocol,
    /// The group number (VRRP: virtual router identifier).
    pub group: u16,
    /// The virtual addresses; empty where they are to be learned.
    pub addresses: Vec<IpAddr>,
    /// The configured priority, 0 to 255.
    pub priority: u8,
    /// Whether it takes the role from one of lower priority.
    pub preempt: bool,
    /// What lowers the priority.
    pub tracking: Vec<Tracking>,
    /// The line.
    pub origin: Span,
}

/// One interface, shut ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The full name, as the device prints it.
    pub name: String,
    /// What people wrote beside it.
    pub description: Option<String>,
    /// What it is.
    pub kind: InterfaceKind,
    /// Whether the configuration turns it on.
    pub enabled: bool,
    /// The VRF its packets are routed in.
    pub vrf: VrfId,
    /// Its addresses, the primary first.
    pub addresses: Vec<InterfaceAddress>,
    /// Addresses besides its own that it answers ARP or neighbor discovery
    /// for: translated ones, and everything where proxy ARP is on without bound.
    pub answers_arp_for: AddressSet,
    /// The zone it is in, where the device has zones.
    pub zone: Option<String>,
    /// The largest IP packet, in bytes, where configured.
    pub mtu: Option<u32>,
    /// The bandwidth in kbit/s that metrics are computed from: configured, or
    /// the default of the kind.
    pub bandwidth_kbps: Option<u64>,
    /// The reverse-path check.
    pub reverse_path: Option<ReversePath>,
    /// Redundancy groups.
    pub redundancy: Vec<RedundancyGroup>,
    /// OSPF on this interface, where a process runs there.
    pub ospf: Option<OspfInterface>,
    /// How it switches, where it is a switch port.
    pub switch_port: Option<SwitchPort>,
    /// The bundle it is part of.
    pub aggregate: Option<InterfaceId>,
    /// The line that opens it.
    pub origin: Span,
}

impl Interface {
    /// Makes an interface that is on, in the default VRF, without an address.
    pub fn new(name: impl Into<String>, kind: InterfaceKind, origin: Span) -> Self {
        Self {
            name: name.into(),
            description: None,
            kind,
            enabled: true,
            vrf: VrfId::DEFAULT,
            addresses: Vec::new(),
            answers_arp_for: AddressSet::default(),
            zone: None,
            mtu: None,
            bandwidth_kbps: None,
            reverse_path: None,
            redundancy: Vec::new(),
            ospf: None,
            switch_port: None,
            aggregate: None,
            origin,
        }
    }

    /// Tells whether packets can pass, as far as the configuration says.
    pub fn is_up(&self) -> bool {
        self.enabled
    }

    /// Tells whether the address is one of its own, virtual ones not counted.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.net.addr() == address)
    }

    /// Tells whether it answers ARP or neighbor discovery for the address:
    /// its own, translated ones, and the virtual address of each group (by
    /// index) for which `active` says that this device holds the role.
    pub fn answers_for(&self, address: IpAddr, mut active: impl FnMut(usize) -> bool) -> bool {
        self.has_address(address)
            || self.answers_arp_for.contains(address)
            || self
                .redundancy
                .iter()
                .enumerate()
                .any(|(index, group)| group.addresses.contains(&address) && active(index))
    }
}
