//! What the interpreter writes down.

use super::Memory;
use crate::forwarding::Hop;
use crate::model::{ChainId, DeviceId, InterfaceId, Port, Stage, Unknown};
use findings::Span;
use packets::Packet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Where a packet begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Start {
    /// A host of the segment hands it to this port.
    Enters(Port),
    /// The device itself sends it.
    Sent(DeviceId),
}

/// Every trace of one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// One for each way the choices can fall.
    pub traces: Vec<Trace>,
    /// Whether no choice was left out: neither by [`super::Choices`] nor by
    /// [`super::TRACES_MAX`].
    pub complete: bool,
}

/// The way of a packet for one way the choices can fall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where it began.
    pub start: Start,
    /// As it began.
    pub packet: Packet,
    /// The devices it came to, in order.
    pub hops: Vec<HopTrace>,
    /// How it ended, at the last of these.
    pub disposition: Disposition,
}

impl Trace {
    /// Returns the packet as it arrived, where it did.
    pub fn arrived(&self) -> Option<Packet> {
        if !self.disposition.is_delivered() {
            return None;
        }
        self.hops.last().and_then(|hop| hop.sent)
    }

    /// Returns what devices remember of it, oldest first.
    pub fn memories(&self) -> impl Iterator<Item = &Memory> {
        self.hops.iter().filter_map(|hop| hop.memory.as_ref())
    }
}

/// How a trace ends; the table in the module's documentation says when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Left by the port to a host of its segment.
    Delivered {
        /// The port it left by.
        port: Port,
    },
    /// Accepted by a device that it is for.
    Accepted {
        /// The device.
        device: DeviceId,
    },
    /// Dropped by a hook's chain.
    Dropped {
        /// The device.
        device: DeviceId,
        /// The hook, as an index into the device's list.
        hook: usize,
        /// The rule that decided.
        rule: RuleRef,
    },
    /// Failed the reverse-path check of the interface it entered by.
    ReversePath {
        /// Where.
        port: Port,
    },
    /// Could only belong to a session, and the device holds none.
    OutOfState {
        /// The device.
        device: DeviceId,
    },
    /// Met a forwarding table without an entry for it.
    NoRoute {
        /// The device.
        device: DeviceId,
    },
    /// Discarded by the forwarding decision.
    Discarded {
        /// The device.
        device: DeviceId,
        /// The line, where one makes it.
        origin: Option<Span>,
    },
    /// Reached a host that it is not for.
    NotForwarded {
        /// The host.
        device: DeviceId,
    },
    /// Left what the configurations show.
    Exits {
        /// The port it left by.
        port: Port,
        /// To whom; `None` is the destination itself.
        gateway: Option<IpAddr>,
    },
    /// Came to a place it had been in before.
    Loop,
    /// Cannot be told, and why.
    Unknown(Vec<Unknown>),
}

impl Disposition {
    /// Tells whether the packet arrived somewhere it may have been meant for.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered { .. } | Self::Accepted { .. })
    }

    /// Returns the name in the module's table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "Delivered",
            Self::Accepted { .. } => "Accepted",
            Self::Dropped { .. } => "Dropped",
            Self::ReversePath { .. } => "ReversePath",
            Self::OutOfState { .. } => "OutOfState",
            Self::NoRoute { .. } => "NoRoute",
            Self::Discarded { .. } => "Discarded",
            Self::NotForwarded { .. } => "NotForwarded",
            Self::Exits { .. } => "Exits",
            Self::Loop => "Loop",
            Self::Unknown(_) => "Unknown",
        }
    }
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Return {
    /// It reached who asked, as the answer to what was asked.
    CameBack,
    /// It reached who asked, but with other addresses or ports than the answer
    /// to what was asked (translation that nobody undid).
    Altered,
    /// It arrived somewhere else.
    Elsewhere,
    /// It arrived nowhere; its disposition says why.
    Lost,
}

/// One rule of a device, or a chain's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleRef {
    /// The chain.
    pub chain: ChainId,
    /// The position in the chain; `None` is its default.
    pub rule: Option<usize>,
    /// The line.
    pub origin: Option<Span>,
}

/// What one device did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopTrace {
    /// The device.
    pub device: DeviceId,
    /// The interface it entered by; `None` where the device itself sent it.
    pub enters: Option<InterfaceId>,
    /// As it entered.
    pub received: Packet,
    /// What it answers: an entry that the device held, made by the first packet.
    pub answers: Option<Memory>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// The way out.
    pub leaves: Option<Hop>,
    /// As it left or was accepted; `None` where it was neither.
    pub sent: Option<Packet>,
    /// What the device remembers of it.
    pub memory: Option<Memory>,
}

/// One thing that happened in a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The reverse-path check passed.
    ReversePathPassed,
    /// A hook saw the packet, or skipped it as part of a session.
    Hook(HookTrace),
    /// Rewriting by the first packet was undone, with this result.
    Restored(Packet),
    /// The forwarding decision.
    Decided(Decision),
}

/// What one hook did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookTrace {
    /// The hook, as an index into the device's list.
    pub hook: usize,
    /// Its stage.
    pub stage: Stage,
    /// What came of it.
    pub outcome: HookOutcome,
    /// The rules that took part, the deciding one last.
    pub rules: Vec<RuleRef>,
    /// The packet after it.
    pub packet: Packet,
}

/// What came of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookOutcome {
    /// Let past.
    Accepted,
    /// Rewritten and let past.
    Translated,
    /// Let past unseen, as part of a session.
    Skipped,
    /// Dropped.
    Dropped,
    /// Cannot be told.
    Unknown,
}

/// One thing the forwarding decision may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WayOut {
    /// Delivered to the device itself.
    Local,
    /// Sent.
    Hop(Hop),
    /// Dropped.
    Discard,
    /// No entry.
    NoRoute,
}

/// What the forwarding decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What may be chosen; never empty.
    pub ways: BTreeSet<WayOut>,
    /// The lines that decided: the rule of policy routing and the route.
    pub origins: Vec<Span>,
}
