//! The vendor-independent model of a network.
//!
//! A [`Network`] is [`Device`]s and the [`Link`]s between their interfaces. A
//! dialect turns one configuration into one [`Device`]; links are inferred or
//! declared afterwards.
//!
//! # The life of a packet in a device
//!
//! Vendors differ in the order in which they filter, translate and route. A
//! device therefore carries its own order, as lists of [`Hook`]s at four
//! [`Stage`]s; within a stage hooks run in the order of the list.
//!
//! 1. The packet enters by an interface of a VRF, its mark zero. Reverse-path
//!    checks ([`Interface::reverse_path`]) come first.
//! 2. Hooks at [`Stage::Ingress`] whose scope includes the interface.
//! 3. The forwarding decision in the interface's VRF. A destination that the
//!    device owns ([`Device::owns`]) is delivered locally: hooks at
//!    [`Stage::Local`], then accepted. Otherwise the chain
//!    [`Vrf::policy_routing`], then the FIB of the VRF. A decision names one or
//!    several (outgoing interface, gateway) pairs, or discards.
//! 4. Hooks at [`Stage::Egress`] whose scope includes both interfaces.
//! 5. The packet leaves to the gateway, or to the destination itself where the
//!    prefix is attached. See [`Link`] for who receives it.
//!
//! Packets that a device itself sends (from a [`DeviceKind::Host`]) start at
//! [`Stage::Output`], then the forwarding decision, then egress.
//!
//! # Sessions
//!
//! [`Sessions`] says what a device remembers of packets it has forwarded. When
//! a packet belongs to a session that a device holds, each hook says by
//! [`Hook::established`] whether it is skipped or evaluated; translation made
//! for the first packet is undone for answers: what was rewritten by hooks at
//! ingress is restored at the place of the first translation hook at egress,
//! and the other way round.
//!
//! # What is not known
//!
//! A line that was read but not understood is never dropped. It becomes a
//! [`Condition::Unknown`] or [`Action::Unknown`] in the chain it stands in, or
//! an [`Unread`] of the device with what it could touch.

mod chain;
mod device;
mod interface;
mod policy;
mod routing;
mod translation;

pub use chain::{
    Action, Chain, ChainId, Condition, ConnectionState, ConnectionStates, InterfaceSet, Rule,
    SessionEffect, Unknown,
};
pub use device::{
    Coverage, Device, DeviceId, DeviceKind, Established, Hook, HookKind, HookScope, LineState,
    OutOfState, Reading, Sessions, Stage, Touches, Tracking, Unread, Vrf, VrfId,
};
pub use interface::{
    Interface, InterfaceAddress, InterfaceId, InterfaceKind, RedundancyGroup, RedundancyProtocol,
    ReversePath, SwitchPort, TrackedObject, Tracking as RedundancyTracking, Tunnel,
};
pub use policy::{
    AsPathEntry, Community, CommunityEntry, CommunityMatch, PolicyAction, PolicyTerm, PrefixEntry,
    RouteMatch, RoutePolicy, RoutePolicyId, RouteSet, RouteType, SetMetric,
};
pub use routing::{
    Aggregate, BgpAddPath, BgpNeighbor, BgpNeighborId, BgpNetwork, BgpProcess, BgpSelection,
    BgpSession, NextHop, OspfArea, OspfAreaKind, OspfDefault, OspfInterface, OspfMetricType,
    OspfNetworkType, OspfProcess, OspfRange, Redistribution, RouteAction, RouteSource,
    RoutingTable, StaticRoute, TableId,
};
pub use translation::{AddressRewrite, PortRewrite, Translation};

/// Devices and how they are joined.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The devices; a [`DeviceId`] is an index into this list.
    pub devices: Vec<Device>,
    /// Who hears whom.
    pub links: Vec<Link>,
}

impl Network {
    /// Returns a device by its id, or `None` for an id of another network.
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(id.index())
    }

    /// Returns an interface by device and interface.
    pub fn interface(&self, at: Port) -> Option<&Interface> {
        self.device(at.device)?.interface(at.interface)
    }

    /// Returns every device with its id.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &Device)> {
        (0u32..).map(DeviceId).zip(&self.devices)
    }
}

/// An interface of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// The device.
    pub device: DeviceId,
    /// Its interface.
    pub interface: InterfaceId,
}

/// A broadcast domain: interfaces whose packets reach each other without a router.
///
/// A packet sent on a link to a gateway (or to an attached destination) goes
/// to the interface of the link that answers for that address
/// ([`Interface::answers_for`]): its own addresses, the virtual address of a
/// redundancy group while it is active, translated addresses it answers ARP
/// or neighbor discovery for. A packet to an attached destination that nobody
/// answers for is delivered to the segment itself: hosts are not configured.
/// A packet to a gateway that nobody answers for leaves what is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// The interfaces joined, in ascending order. One alone is a stub.
    pub ports: Vec<Port>,
}
