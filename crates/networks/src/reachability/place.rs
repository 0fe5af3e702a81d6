//! The places a packet passes on its way, and the ways from one to the next.

use super::context::Seen;
use super::deciding::TableRef;
use super::world::LinkId;
use crate::forwarding::Hop;
use crate::model::{DeviceId, InterfaceId, Port, Stage, Unknown, VrfId};
use packets::{Intervals, Rewrite};

/// What a device remembers of a packet that comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Held {
    /// It belongs to a session.
    pub(super) session: bool,
    /// It answers a packet whose translation is to be undone.
    pub(super) undo: bool,
    /// Reflexive lists that have an entry for it, by bit.
    pub(super) reflected: u64,
}

/// How a packet stands within a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    pub(super) seen: Seen,
    /// Whether it makes a session by being let go.
    pub(super) keep: bool,
    /// Whether it passes every hook unseen.
    pub(super) bypass: bool,
    /// Whether a rule exempted it from tracking.
    pub(super) untracked: bool,
    pub(super) held: Held,
}

/// Where a packet is, as far as it matters for what happens to it next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// It arrives.
    Enter {
        port: Port,
        held: Held,
    },
    /// The device sends it itself.
    Send {
        device: DeviceId,
        held: Held,
    },
    /// It comes to a hook.
    Hook(AtHook),
    /// Its translation is undone before the hook of this position.
    Restore(AtHook),
    /// It comes to the forwarding decision.
    Decide {
        device: DeviceId,
        vrf: VrfId,
        enters: Option<InterfaceId>,
        standing: Standing,
    },
    /// It comes to policy routing.
    Policy {
        device: DeviceId,
        vrf: VrfId,
        enters: Option<InterfaceId>,
        standing: Standing,
    },
    /// Its destination is looked up.
    Lookup {
        device: DeviceId,
        table: TableRef,
        enters: Option<InterfaceId>,
        standing: Standing,
    },
    /// It leaves.
    Wire {
        device: DeviceId,
        hop: Hop,
        kept: Kept,
    },
    /// It arrived at a segment, sent there by this port.
    Delivered {
        link: LinkId,
        port: Port,
    },
    /// The device accepted it as its own.
    Accepted {
        device: DeviceId,
        kept: Kept,
    },
    /// It left what is known, by this port.
    Gone {
        port: Port,
    },
    Dropped,
    /// It cannot be told what becomes of it; the number names the causes.
    Unknown(u32),
}

impl Place {
    /// Returns the device that packets enter here, or that sends them.
    pub(super) fn entered(self) -> Option<DeviceId> {
        match self {
            Self::Enter { port, .. } => Some(port.device),
            Self::Send { device, .. } => Some(device),
            _ => None,
        }
    }

    /// Returns the device that packets are in.
    pub(super) fn device(self) -> Option<DeviceId> {
        match self {
            Self::Enter { port, .. } => Some(port.device),
            Self::Hook(at) | Self::Restore(at) => Some(at.device),
            Self::Send { device, .. }
            | Self::Decide { device, .. }
            | Self::Policy { device, .. }
            | Self::Lookup { device, .. }
            | Self::Wire { device, .. }
            | Self::Accepted { device, .. } => Some(device),
            Self::Delivered { .. } | Self::Gone { .. } | Self::Dropped | Self::Unknown(_) => None,
        }
    }

    /// Returns the entry for packets of which the device holds this.
    pub(super) fn with_held(self, held: Held) -> Self {
        match self {
            Self::Enter { port, .. } => Self::Enter { port, held },
            Self::Send { device, .. } => Self::Send { device, held },
            other => other,
        }
    }

    /// Returns the place for packets with entries in these reflexive lists.
    pub(super) fn with_reflected(mut self, reflected: u64) -> Self {
        match &mut self {
            Self::Hook(at) | Self::Restore(at) => at.standing.held.reflected = reflected,
            Self::Decide { standing, .. }
            | Self::Policy { standing, .. }
            | Self::Lookup { standing, .. } => standing.held.reflected = reflected,
            _ => {}
        }
        self
    }
}

/// A hook on a packet's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AtHook {
    pub(super) device: DeviceId,
    pub(super) stage: Stage,
    /// The position among the hooks of the stage.
    pub(super) position: usize,
    pub(super) enters: Option<InterfaceId>,
    /// Where it leaves; at egress alone.
    pub(super) hop: Option<Hop>,
    pub(super) standing: Standing,
}

/// What a device that lets a packet go may remember of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    /// It makes a session by being let go.
    pub(super) session: bool,
    /// It makes one where a rule asked for it.
    pub(super) on_request: bool,
    /// A translation of it is remembered.
    pub(super) translation: bool,
}

/// When a device rewrote a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Before the forwarding decision: ingress, output.
    Before,
    /// After it: egress, local delivery.
    After,
}

impl Phase {
    pub(super) fn of(stage: Stage) -> Self {
        match stage {
            Stage::Ingress | Stage::Output => Self::Before,
            Stage::Egress | Stage::Local => Self::After,
        }
    }
}

/// What a way does to the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn<A> {
    Keep,
    Rewrite(Rewrite<A>),
    /// What the answered packet's device rewrote in the other phase is undone.
    Restore(Phase),
}

/// What a way makes the device remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Note {
    /// A session, if the device lets the packet go.
    pub(super) track: bool,
    /// An entry of the reflexive list of this position.
    pub(super) reflect: Option<u8>,
    /// A translation.
    pub(super) translated: Option<Phase>,
}

/// One way from a place; ways of a place share no packet.
#[derive(Debug, Clone)]
pub(super) struct Way<A, S> {
    /// The packets that take it; `None` is all.
    pub(super) guard: Option<S>,
    pub(super) turn: Turn<A>,
    /// The destinations after it, where they are fewer than before.
    pub(super) slice: Option<Intervals<A>>,
    /// Where it leads: any one of these, as the network chooses.
    pub(super) next: Vec<Place>,
    pub(super) note: Note,
}

impl<A, S> Way<A, S> {
    /// All packets go to one place.
    pub(super) fn to(next: Place) -> Self {
        Self {
            guard: None,
            turn: Turn::Keep,
            slice: None,
            next: vec![next],
            note: Note::default(),
        }
    }
}

/// Why packets are unknown at a place: the causes, each with the packets it may
/// be for (`None`: any).
pub(super) type Causes<S> = Vec<(Unknown, Option<S>)>;
