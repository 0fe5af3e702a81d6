//! Chains of rules: filters, translation rules, policy routing.

use super::{InterfaceId, RouteAction, Translation};
use findings::Span;
use packets::{AddressSet, IcmpMatch, Ports, Protocol, TcpFlagMatch};

/// Identifies a chain of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChainId(pub u32);

impl ChainId {
    /// Returns the position in [`super::Device::chains`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many chains may be tried within each other (by `Call`, `Goto` and
/// [`Condition::Accepted`], a hook's own chain counted); deeper ones are
/// unknown. netfilter allows 16 (nf_tables) or a stack of the same order.
pub const CALL_DEPTH_MAX: usize = 64;

/// Rules that are tried in order; the first whose condition holds and whose
/// action ends the chain decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The name the configuration gives it, or one that says what it is.
    pub name: String,
    /// The rules in order.
    pub rules: Vec<Rule>,
    /// What happens to a packet that no rule decided: [`Action::Accept`],
    /// [`Action::Drop`], or [`Action::Return`] to the chain that called.
    /// For a hook's own chain `Return` accepts.
    pub default: Action,
    /// The line that defines the chain or sets its default.
    pub origin: Option<Span>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which packets it is for.
    pub condition: Condition,
    /// What it does with them.
    pub action: Action,
    /// The line or block it stands for.
    pub origin: Span,
}

/// Something about packets that is true, false, or cannot be told.
///
/// Truth is three-valued (Kleene): `Not` of unknown is unknown, `All` is false
/// as soon as one part is false, `Any` is true as soon as one part is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// True of every packet.
    Always,
    /// True where every part is; true without parts.
    All(Vec<Condition>),
    /// True where some part is; false without parts.
    Any(Vec<Condition>),
    /// True where the part is false.
    Not(Box<Condition>),
    /// The source address is in the set.
    Source(AddressSet),
    /// The destination address is in the set.
    Destination(AddressSet),
    /// The protocol is one of these.
    Protocol(Vec<Protocol>),
    /// The packet carries ports, is no later fragment, and the source port is in the set.
    SourcePort(Ports),
    /// The packet carries ports, is no later fragment, and the destination port is in the set.
    DestinationPort(Ports),
    /// The packet is ICMP (IPv4) or ICMPv6 of a matching type and code, and no later fragment.
    Icmp(IcmpMatch),
    /// The packet is TCP, no later fragment, and its flags match.
    TcpFlags(TcpFlagMatch),
    /// The packet is a fragment with an offset above zero.
    LaterFragment,
    /// Where the packet stands to the sessions of the device.
    Connection(ConnectionStates),
    /// The packet entered by one of these interfaces.
    EntersBy(InterfaceSet),
    /// The packet leaves by one of these interfaces; false before the forwarding decision.
    LeavesBy(InterfaceSet),
    /// The bits of the mark under `mask` are `value`.
    Mark {
        /// The bits looked at.
        mask: u32,
        /// What they must be.
        value: u32,
    },
    /// The packet answers one that a rule with [`SessionEffect::Reflect`] of
    /// this name admitted.
    Reflected(String),
    /// The chain accepts the packet (a list used as a matcher).
    Accepted(ChainId),
    /// It cannot be told from the configuration.
    Unknown(Unknown),
}

/// Why something cannot be told, and by which line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// The line.
    pub origin: Span,
    /// Why, in a fragment: "the name is resolved at run time".
    pub reason: String,
}

/// A set of interfaces of one device, sorted, without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct InterfaceSet(Vec<InterfaceId>);

impl InterfaceSet {
    /// Makes a set from ids in any order.
    pub fn new(ids: impl IntoIterator<Item = InterfaceId>) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    /// Tells whether the interface is in the set.
    pub fn contains(&self, id: InterfaceId) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    /// Returns the interfaces in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = InterfaceId> {
        self.0.iter().copied()
    }
}

/// Where a packet stands to the sessions of a device (Linux conntrack's terms).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConnectionState {
    /// It may open a session.
    New,
    /// It belongs to a session the device holds.
    Established,
    /// It belongs to a session by way of another (an ICMP error, an FTP data channel).
    Related,
    /// It could only belong to a session, and the device holds none.
    Invalid,
    /// A rule exempted it from tracking, or the device does not track.
    Untracked,
}

/// A set of connection states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ConnectionStates(u8);

impl ConnectionStates {
    /// Makes a set.
    pub fn new(states: impl IntoIterator<Item = ConnectionState>) -> Self {
        Self(
            states
                .into_iter()
                .fold(0, |bits, state| bits | 1 << state as u8),
        )
    }

    /// Tells whether the state is in the set.
    pub fn contains(self, state: ConnectionState) -> bool {
        self.0 & 1 << state as u8 != 0
    }

    /// Tells whether every state of the set is in the other, too.
    pub fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Lets the packet past this hook.
    Accept(SessionEffect),
    /// Drops the packet, with or without telling the sender.
    Drop,
    /// Does nothing that changes where the packet goes (counts, logs); the next rule follows.
    Continue,
    /// Tries another chain; if that returns, the next rule follows.
    Call(ChainId),
    /// Tries another chain; if that returns, so does this one.
    Goto(ChainId),
    /// Leaves the chain for the one that called it.
    Return,
    /// Sets the bits of the mark under `mask` to `value`; the next rule follows.
    SetMark {
        /// The bits changed.
        mask: u32,
        /// What they become.
        value: u32,
    },
    /// Exempts the packet from tracking; the next rule follows.
    NoTrack,
    /// Rewrites the packet and accepts it.
    Translate(Translation),
    /// Decides where the packet goes; only in [`super::Vrf::policy_routing`].
    Route(RouteAction),
    /// It cannot be told what the rule does: it may accept, drop, or fall through.
    Unknown(Unknown),
}

/// What an accepting rule makes the device remember.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum SessionEffect {
    /// Nothing of its own; [`super::Tracking::All`] may still track the packet.
    #[default]
    None,
    /// A session: its answers are established.
    Track,
    /// An entry of the reflexive list of this name; see [`Condition::Reflected`].
    Reflect(String),
}
