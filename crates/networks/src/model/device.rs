//! Devices: interfaces, VRFs, hooks, sessions, and what was not understood.

use super::{
    BgpProcess, Chain, ChainId, Interface, InterfaceId, InterfaceSet, OspfProcess, Redistribution,
    RoutePolicy, RoutePolicyId, RoutingTable, StaticRoute, TableId,
};
use findings::{FileId, Span};
use ipnet::IpNet;
use std::net::IpAddr;

/// Identifies a device within one [`super::Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub u32);

impl DeviceId {
    /// Returns the position in [`super::Network::devices`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// Forwards packets between its interfaces.
    Router,
    /// Has addresses, may filter, does not forward.
    Host,
}

/// One configured device in the common model.
#[derive(Debug, Clone)]
pub struct Device {
    /// The name it gives itself, or the file's where it has none.
    pub name: String,
    /// The file its configuration stands in.
    pub file: FileId,
    /// What it is for.
    pub kind: DeviceKind,
    /// The interfaces, shut ones included; an [`InterfaceId`] is an index.
    pub interfaces: Vec<Interface>,
    /// The VRFs; the first is the default one (Linux: the main namespace).
    pub vrfs: Vec<Vrf>,
    /// Further routing tables that policy routing can ask (Linux `ip rule`).
    pub tables: Vec<RoutingTable>,
    /// Filters and translation rules; a [`ChainId`] is an index.
    pub chains: Vec<Chain>,
    /// Routing policies; a [`RoutePolicyId`] is an index.
    pub policies: Vec<RoutePolicy>,
    /// What happens to packets, in order; see the module's documentation.
    pub hooks: Vec<Hook>,
    /// What it remembers of packets.
    pub sessions: Sessions,
    /// Lines that could matter beyond one chain.
    pub unread: Vec<Unread>,
}

impl Device {
    /// Makes a device with the default VRF and nothing else: no interface, no
    /// route, no filter, no sessions.
    pub fn new(name: impl Into<String>, file: FileId, kind: DeviceKind) -> Self {
        Self {
            name: name.into(),
            file,
            kind,
            interfaces: Vec::new(),
            vrfs: vec![Vrf::new("default")],
            tables: Vec::new(),
            chains: Vec::new(),
            policies: Vec::new(),
            hooks: Vec::new(),
            sessions: Sessions::stateless(),
            unread: Vec::new(),
        }
    }

    /// Returns an interface by its id.
    pub fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        self.interfaces.get(id.index())
    }

    /// Returns every interface with its id.
    pub fn interfaces(&self) -> impl Iterator<Item = (InterfaceId, &Interface)> {
        (0u32..).map(InterfaceId).zip(&self.interfaces)
    }

    /// Returns an interface by its full name.
    pub fn interface_named(&self, name: &str) -> Option<InterfaceId> {
        self.interfaces()
            .find(|(_, interface)| interface.name == name)
            .map(|(id, _)| id)
    }

    /// Returns a chain by its id.
    pub fn chain(&self, id: ChainId) -> Option<&Chain> {
        self.chains.get(id.index())
    }

    /// Returns a routing policy by its id.
    pub fn policy(&self, id: RoutePolicyId) -> Option<&RoutePolicy> {
        self.policies.get(id.index())
    }

    /// Returns a VRF by its id.
    pub fn vrf(&self, id: VrfId) -> Option<&Vrf> {
        self.vrfs.get(id.index())
    }

    /// Returns a further routing table by its id.
    pub fn table(&self, id: TableId) -> Option<&RoutingTable> {
        self.tables.get(id.index())
    }

    /// Tells whether packets to the address in this VRF are for the device
    /// itself: an address of an interface that is up, a virtual address included
    /// only where `active` says that this device answers for the group.
    pub fn owns(
        &self,
        vrf: VrfId,
        address: IpAddr,
        mut active: impl FnMut(InterfaceId, usize) -> bool,
    ) -> bool {
        self.interfaces()
            .filter(|(_, interface)| interface.vrf == vrf && interface.is_up())
            .any(|(id, interface)| {
                interface.has_address(address)
                    || interface
                        .redundancy
                        .iter()
                        .enumerate()
                        .any(|(index, group)| {
                            group.addresses.contains(&address) && active(id, index)
                        })
            })
    }
}

/// Identifies a VRF of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VrfId(pub u32);

impl VrfId {
    /// The default VRF.
    pub const DEFAULT: Self = Self(0);

    /// Returns the position in [`Device::vrfs`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A routing and forwarding instance.
#[derive(Debug, Clone)]
pub struct Vrf {
    /// Its name; `default` for the first of a device.
    pub name: String,
    /// Static routes as configured, whether usable or not.
    pub static_routes: Vec<StaticRoute>,
    /// OSPF processes.
    pub ospf: Vec<OspfProcess>,
    /// The BGP process, where there is one.
    pub bgp: Option<BgpProcess>,
    /// Routing protocols that are configured but not modelled (EIGRP, IS-IS, RIP):
    /// their lines; whatever they might install is unknown.
    pub unmodelled_protocols: Vec<Span>,
    /// What decides before the FIB, with [`super::Action::Route`]; the chain's
    /// end means the FIB.
    pub policy_routing: Option<ChainId>,
    /// How many equal-cost static and OSPF routes are used at once.
    pub multipath_max: u16,
}

impl Vrf {
    /// Makes a VRF without routes.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            static_routes: Vec::new(),
            ospf: Vec::new(),
            bgp: None,
            unmodelled_protocols: Vec::new(),
            policy_routing: None,
            multipath_max: 16,
        }
    }

    /// Returns every redistribution into a protocol of this VRF.
    pub fn redistributions(&self) -> impl Iterator<Item = &Redistribution> {
        let ospf = self
            .ospf
            .iter()
            .flat_map(|process| &process.redistributions);
        ospf.chain(self.bgp.iter().flat_map(|process| &process.redistributions))
    }
}

/// A point on a packet's way through a device; see the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Before the forwarding decision.
    Ingress,
    /// After the decision that the packet is for the device itself.
    Local,
    /// Before the forwarding decision of a packet the device itself sends.
    Output,
    /// After the forwarding decision.
    Egress,
}

/// What a hook's chain may do; used to place the undoing of translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookKind {
    /// Accepts, drops, marks.
    Filter,
    /// Rewrites headers; its chain's `Drop` still drops.
    Translation,
}

/// What a hook does with packets of a session the device holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Established {
    /// Passes them unseen (a stateful policy admits the answers of what it admitted).
    Skip,
    /// Evaluates its chain; [`super::Condition::Connection`] then sees `Established`.
    Evaluate,
}

/// Which packets a hook sees, by interface. `None` is every one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookScope {
    /// The interface the packet entered by; a packet sent by the device itself
    /// has none and is seen only where this is `None`.
    pub enters: Option<InterfaceSet>,
    /// The interface the packet leaves by; meaningful at egress alone.
    pub leaves: Option<InterfaceSet>,
}

/// One place where packets meet a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// When.
    pub stage: Stage,
    /// For which interfaces.
    pub scope: HookScope,
    /// What kind of chain.
    pub kind: HookKind,
    /// The chain.
    pub chain: ChainId,
    /// For packets of known sessions.
    pub established: Established,
    /// The line that put the chain there.
    pub origin: Option<Span>,
}

/// Which accepted packets make a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tracking {
    /// None but what rules ask for with [`super::SessionEffect`] and what
    /// translation keeps of its own mappings.
    Explicit,
    /// Every packet the device lets through, unless a rule said
    /// [`super::Action::NoTrack`].
    All,
}

/// What becomes of a packet that can only be part of a session, in a device
/// that tracks sessions and holds none for it: TCP without SYN, SYN-ACK, an
/// ICMP echo reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutOfState {
    /// Dropped before any filter.
    Drop,
    /// Evaluated; [`super::Condition::Connection`] sees `Invalid`.
    Invalid,
    /// Evaluated as a new flow.
    New,
    /// Forwarded without looking at filters at all (FortiOS `asymroute`).
    Bypass,
}

/// What a device remembers of packets it has forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Which packets make a session.
    pub tracking: Tracking,
    /// What becomes of TCP that opens nothing and belongs to nothing.
    pub tcp_out_of_state: OutOfState,
    /// What becomes of ICMP answers that belong to nothing.
    pub icmp_out_of_state: OutOfState,
    /// A name that devices share when they share their sessions (a cluster,
    /// conntrackd, FGSP); `None` for a device that shares with nobody.
    pub shared: Option<String>,
    /// Whether what belongs to a session is not asked for its reverse path.
    pub answers_unchecked: bool,
    /// The line that set what is not the default, for explanations.
    pub origin: Option<Span>,
}

impl Sessions {
    /// A device that remembers nothing but its translations.
    pub fn stateless() -> Self {
        Self {
            tracking: Tracking::Explicit,
            tcp_out_of_state: OutOfState::New,
            icmp_out_of_state: OutOfState::New,
            shared: None,
            answers_unchecked: false,
            origin: None,
        }
    }
}

/// What an unread line could change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Touches {
    /// Any packet through the device.
    Device,
    /// Packets that enter or leave by an interface.
    Interface(InterfaceId),
    /// The forwarding decision for these destinations in a VRF.
    Forwarding {
        /// The VRF.
        vrf: VrfId,
        /// The destinations; `None` is every one.
        destinations: Option<IpNet>,
    },
    /// What a routing protocol learns or announces in a VRF.
    Routing(VrfId),
}

/// A line that could matter and is not modelled, where it does not stand in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unread {
    /// The line.
    pub origin: Span,
    /// What it could change.
    pub touches: Touches,
    /// Why it is not modelled, in a fragment: "EIGRP is not modelled".
    pub reason: String,
}

/// How well one line of a configuration is understood (DESIGN section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineState {
    /// In the model.
    Understood,
    /// In the model's terms nothing: comments, blank lines, `exit`, defaults.
    Harmless,
    /// Known not to bear on forwarding, by the dialect's checked-in list.
    NotModelledHarmless,
    /// Known, not modelled, and could change a verdict.
    NotModelledCouldMatter,
    /// Not recognised; treated as if it could change any verdict it stands near.
    NotRecognised,
}

/// The state of every line of one file; line `n` is at index `n - 1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// One state a line.
    pub lines: Vec<LineState>,
}

impl Coverage {
    /// Counts the lines in one state.
    pub fn count(&self, state: LineState) -> usize {
        self.lines.iter().filter(|&&line| line == state).count()
    }
}

/// What reading one configuration gives: the device, the state of each line,
/// and what is wrong with the text. Reading never fails.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The device as far as it was understood; several where one file
    /// configures virtual ones (FortiOS VDOMs), named `device/virtual`.
    pub devices: Vec<Device>,
    /// How well each line was understood.
    pub coverage: Coverage,
    /// Undefined references, contradictions, secrets, lines cut short.
    pub findings: Vec<findings::Finding>,
}
