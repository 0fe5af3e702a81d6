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
//! # What is exact about it
//!
//! These clauses settle what the outline above leaves open. The engine and the
//! one-packet interpreter are written from them apart from each other; the numbers
//! are for citing.
//!
//! **Entering.**
//! - E1. Only interfaces that are up send and receive; a packet that begins at one
//!   that is down leaves what is known. On the entry into a device the mark is
//!   zero, and nothing exempts the packet from tracking.
//! - E2. First, [`Touches::Device`] makes any packet unknown, and
//!   [`Touches::Interface`] one that enters by the interface.
//! - E3. Then, at a device with [`Tracking::All`], a later fragment is unknown:
//!   such devices reassemble, and what they decide stands in a header that the
//!   fragment does not show. Elsewhere a later fragment is judged as itself and
//!   belongs to no session.
//! - E4. Then reverse-path checks, but of what belongs to a session (S1) at devices
//!   with [`Sessions::answers_unchecked`], by the FIB of the interface's VRF alone
//!   ([`crate::forwarding::FibAction::Vrf`] is followed). `Strict`: the entry with
//!   the longest prefix that contains the source forwards by the interface (one of
//!   several hops is enough). `Feasible`: some entry that contains the source does,
//!   longest or not, or a spare route of its prefix
//!   ([`crate::forwarding::VrfRouting::spare`]); entries shorter than one that
//!   discards are not looked at. `Loose`: the longest entry forwards by anything. A
//!   discard entry fails; an entry of length zero counts where defaults count, else
//!   it fails as if it were not there. What rests on an unknown entry, or on no
//!   entry in a VRF with unknown routes, is unknown.
//! - E5. Then what the packet is to the sessions of the device (S1), and what that
//!   implies (S3).
//!
//! **Chains.**
//! - C1. A hook sees a packet where its scope includes the interfaces; `leaves` is
//!   looked at in egress alone. [`Condition::EntersBy`] is false of packets the
//!   device itself sends, [`Condition::LeavesBy`] is false outside egress.
//! - C2. `Return` (and a `Goto` that comes back) from a hook's own chain leads to
//!   that chain's default, as in netfilter; a default of `Return` accepts there. In
//!   policy routing, `Accept`, `Return` and the end mean the FIB.
//! - C3. What does not belong is [`Action::Unknown`]: `Route` outside policy
//!   routing, `Translate` outside hooks of kind [`HookKind::Translation`], a
//!   default other than the three, a chain, table or VRF that does not exist, a
//!   chain called while it is being tried, more than [`CALL_DEPTH_MAX`] chains in
//!   each other.
//! - C4. [`Condition::Accepted`] tries the chain as a hook's own; `Translate` and
//!   `Route` count as accepting, and nothing it sets is kept.
//! - C5. A condition that is unknown leaves two ways: as if true, as if false.
//!   Several unknowns are independent of each other. At the end of the hook the
//!   ways are compared: dropped packets are alike; accepted ones are where mark,
//!   tracking exemption, session effect and translation are equal by value,
//!   whichever rules decided; decisions of policy routing are where mark, exemption
//!   and the resolved ways out are. Where all ways are alike, that is what happens;
//!   otherwise the packet is unknown from there. `Action::Unknown` on any way makes
//!   it unknown.
//!
//! **The forwarding decision.**
//! - F1. In order: owned by the device in the VRF, local delivery. A
//!   [`DeviceKind::Host`] drops what it received and does not own. A destination of
//!   [`Touches::Forwarding`] in this VRF is unknown. Policy routing, for packets
//!   the device itself sends too. The FIB. [`Touches::Routing`] is in the
//!   [`crate::forwarding::Routing`] already. Packets the device itself sends start
//!   in [`VrfId::DEFAULT`].
//! - F2. A FIB without an entry is no route, or unknown where the VRF has unknown
//!   routes ([`crate::forwarding::VrfRouting::unknown`]). `Vrf` asks the other VRF:
//!   whether the device owns the destination there (then it is delivered locally),
//!   then its FIB, not its policy routing. Coming back to a VRF already asked is no
//!   route.
//! - F3. `Table` and `Main` decide where they have an entry, also one that discards
//!   or is unknown. In `FirstUsable` and `AnyOf`, `Discard` is always usable, `Vrf`
//!   is always usable and decides as F2, `VrfAddress` resolves in the FIB of that
//!   VRF, the others by [`crate::forwarding::resolve`] in the VRF's own. A next hop
//!   that resolves by an entry that is unknown or leads to another VRF, or by none
//!   where the VRF has unknown routes, makes the decision unknown if it is looked
//!   at: `AnyOf` looks at all, `FirstUsable` at none after the first usable. So
//!   does what `Vrf` decides as unknown, whatever the others decide.
//!   `FirstUsableUnlessRouted` steps aside for an entry longer than zero; it is
//!   unknown for an unknown one of those, and without an entry where the VRF has
//!   unknown routes.
//! - F4. A way out by an interface of kind [`InterfaceKind::Null`] discards.
//!
//! **Leaving.**
//! - L1. [`Touches::Interface`] makes packets that leave by it unknown, before the
//!   hooks of egress.
//! - L2. A packet goes to one other port of the link, as [`Link`] says. Where
//!   several answer, any of them may receive it; own and virtual addresses go
//!   before [`Interface::answers_arp_for`]. The port that sends never receives. A
//!   tunnel whose link joins exactly two ports gives everything to the other one,
//!   whatever the address.
//! - L3. Where nobody receives: with a gateway it leaves what is known. With none
//!   it is delivered to the segment if an address of the leaving interface has the
//!   destination in its prefix, and leaves what is known otherwise. A way out by an
//!   interface that is down leaves what is known, before the hooks of egress.
//! - L4. A packet that comes to a device and interface with a header that it had
//!   there before is in a loop.
//!
//! **Translation.**
//! - T1. A part that does not apply (ports of a packet without, addresses outside
//!   `from`) stays. What cannot be done is unknown: an empty pool for the family,
//!   no address of the family on the interface, prefixes of different length or
//!   family, a result past the last address or port. `InterfaceAddress` means the
//!   first address of the family in the list: of the interface it leaves by in
//!   egress, of the one it entered by in ingress and local delivery; at output it
//!   cannot be done.
//! - T2. Hooks of kind [`HookKind::Translation`] do not see packets exempted from
//!   tracking, nor packets whose translation is being undone (S5).
//!
//! # Sessions
//!
//! [`Sessions`] says what a device remembers of packets it has forwarded. When a
//! packet belongs to a session that a device holds, each hook says by
//! [`Hook::established`] whether it is skipped or evaluated; translation made for
//! the first packet is undone for answers: what was rewritten by hooks at ingress
//! is restored at the place of the first translation hook at egress, and the other
//! way round.
//!
//! - S1. The forward pass begins with no sessions at all and every packet is the
//!   first of its flow; the answer ([`packets::Packet::reply`]) meets what the
//!   forward pass left. It belongs to an entry of a device where addresses,
//!   protocol and ports (ICMP: type and code) are those of the reply to the packet
//!   *as it was sent or accepted* by that device, or by one with the same
//!   [`Sessions::shared`] name; by which interface or VRF does not matter. Of
//!   several entries the newest.
//! - S2. A device that lets a packet go (sends or accepts it) keeps: a session,
//!   where it tracks all and the packet was `New`, or where a rule that accepted it
//!   has [`SessionEffect::Track`]; its translation, where a `Translate` with any
//!   part applied (even if nothing changed); reflected entries. Packets exempted
//!   from tracking leave neither session nor translation, bypassing ones nothing.
//! - S3. A packet without a session that can only belong to one is treated by
//!   [`Sessions::tcp_out_of_state`] (TCP other than SYN without ACK) or
//!   [`Sessions::icmp_out_of_state`] (ICMP types 0, 14, 16, 18; ICMPv6 types 129,
//!   140; by the protocol number, whatever the family). `Drop` drops it after E4;
//!   `Bypass` passes every hook unseen, the forwarding decision and what S5
//!   restores still made.
//! - S4. [`Condition::Connection`] sees, in this order: `Untracked` of what a rule
//!   exempted; `Established` of what belongs to a session; `Invalid` of S3's
//!   packets where the setting is so; `New` at devices that track all; `Untracked`
//!   at others. ICMP errors (types 3, 4, 5, 11, 12; ICMPv6 below 128) quote a
//!   header that is not seen here: where `icmp_out_of_state` is `Drop` or `Invalid`
//!   they are `Related` or `Invalid`, unknown which, so a set with both is true,
//!   with neither false, with one unknown; with `Drop` they are unknown altogether,
//!   where S3 would drop. `Bypass` bypasses them, `New` evaluates them as new. They
//!   leave no session at devices where they are not `New`.
//! - S5. For an answer that belongs to an entry with a translation, what hooks
//!   after the decision (egress, local) rewrote is restored before it, at the place
//!   of the first translation hook in the list for that stage (ingress, output),
//!   else after its last hook; then what hooks before the decision rewrote is
//!   restored after it, at the place of the first translation hook (egress, local),
//!   else before its first hook. The place counts whatever the hook's scope, so a
//!   device for which this is wrong carries an empty translation hook where it is
//!   right. An answer exempted from tracking before the place is not restored. A
//!   translation alone, without a session, does not make an answer `Established`.
//! - S6. [`Condition::Reflected`] compares the packet as it stands with the reply
//!   to the packet as it stood when the reflecting rule accepted it, on the same
//!   device. Without such an entry it is false.
//! - S7. A host's answer is handed to one of [`crate::forwarding::gateways`]; a
//!   device's own answer starts at output. It has come back where it is delivered
//!   to the link the first packet entered by (or accepted by the device that sent
//!   it) as the reply to the first packet, translation undone.
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
    Action, CALL_DEPTH_MAX, Chain, ChainId, Condition, ConnectionState, ConnectionStates,
    InterfaceSet, Rule, SessionEffect, Unknown,
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

    /// Returns the link that the port is in; a port in none is alone on its own.
    pub fn link_of(&self, port: Port) -> Option<&Link> {
        self.links.iter().find(|link| link.ports.contains(&port))
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
/// A port is in one link at most.
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
