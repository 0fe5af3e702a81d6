//! What devices remember, and what a packet is to it (clauses S1 to S6).

use crate::model::{
    ConnectionState, ConnectionStates, Device, DeviceId, Network, OutOfState, Tracking, Unknown,
};
use findings::Span;
use packets::{Fragment, Packet, Protocol, TcpFlags};

/// What one device remembers of the first packet of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The device.
    pub device: DeviceId,
    /// The packet as it entered.
    pub received: Packet,
    /// The packet when the forwarding decision was made.
    pub decided: Packet,
    /// The packet as it left or was accepted.
    pub sent: Packet,
    /// Whether a session is kept: answers are established.
    pub session: bool,
    /// Whether a translation is kept, which answers have undone.
    pub translated: bool,
    /// Reflexive lists' entries: the name, and the packet as the rule saw it.
    pub reflected: Vec<(String, Packet)>,
}

impl Memory {
    /// Tells whether there is anything to remember.
    pub(super) fn matters(&self) -> bool {
        self.session || self.translated || !self.reflected.is_empty()
    }
}

/// Tells whether two packets have the same addresses, protocol and ports (for
/// ICMP type and code) and both show their transport header.
pub(super) fn same_flow(left: &Packet, right: &Packet) -> bool {
    let key = |packet: &Packet| {
        (
            packet.source,
            packet.destination,
            packet.protocol,
            packet.source_port,
            packet.destination_port,
        )
    };
    let whole = |packet: &Packet| packet.fragment == Fragment::First;
    whole(left) && whole(right) && key(left) == key(right)
}

/// Tells whether `packet` is in the flow of the answer to `first`.
fn answers(packet: &Packet, first: &Packet) -> bool {
    first.reply().is_some_and(|reply| same_flow(&reply, packet))
}

/// Returns the newest entry that the packet belongs to at this device (S1).
pub(super) fn find<'m>(
    network: &Network,
    device: DeviceId,
    memories: &'m [Memory],
    packet: &Packet,
) -> Option<&'m Memory> {
    let shared = |id| {
        network
            .device(id)
            .and_then(|device| device.sessions.shared.as_ref())
    };
    memories.iter().rev().find(|memory| {
        let here = memory.device == device
            || shared(device).is_some_and(|name| shared(memory.device) == Some(name));
        let kept = memory.session || memory.translated;
        here && kept && answers(packet, &memory.sent)
    })
}

/// Tells whether a reflexive list of the device holds an entry for the packet (S6).
pub(super) fn is_reflected(
    device: DeviceId,
    memories: &[Memory],
    name: &str,
    packet: &Packet,
) -> bool {
    memories
        .iter()
        .filter(|memory| memory.device == device)
        .flat_map(|memory| &memory.reflected)
        .any(|(entry, first)| entry == name && answers(packet, first))
}

/// What a packet could be by its header alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// It may open a session.
    Opens,
    /// It can only belong to one.
    Answers,
    /// It quotes a packet of one.
    IcmpError,
}

fn opening(packet: &Packet) -> Opening {
    let kind = packet.destination_port;
    match packet.protocol {
        _ if packet.fragment == Fragment::Later => Opening::Opens,
        Protocol::TCP => {
            let flags = packet.tcp_flags;
            if flags.contains(TcpFlags::SYN) && !flags.contains(TcpFlags::ACK) {
                Opening::Opens
            } else {
                Opening::Answers
            }
        }
        Protocol::ICMP => match kind {
            0 | 14 | 16 | 18 => Opening::Answers,
            3 | 4 | 5 | 11 | 12 => Opening::IcmpError,
            _ => Opening::Opens,
        },
        Protocol::ICMPV6 => match kind {
            129 | 140 => Opening::Answers,
            0..=127 => Opening::IcmpError,
            _ => Opening::Opens,
        },
        _ => Opening::Opens,
    }
}

/// What a packet without a session is to a device, before any rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Evaluated, in this state unless a rule exempts it.
    Seen(ConnectionState),
    /// Evaluated; related or invalid, and nothing here tells which.
    RelatedOrInvalid(Unknown),
    /// Passes every hook unseen; policy routing sees it in this state.
    Bypasses(ConnectionState),
    /// Dropped.
    Dropped,
    /// Cannot be told whether it is dropped.
    Unknown(Unknown),
}

/// Returns what a packet is to the device; `session` where it belongs to one (S3, S4).
pub(super) fn standing(device: &Device, session: bool, packet: &Packet) -> Standing {
    if session {
        return Standing::Seen(ConnectionState::Established);
    }
    let sessions = &device.sessions;
    let new = match sessions.tracking {
        Tracking::All => ConnectionState::New,
        Tracking::Explicit => ConnectionState::Untracked,
    };
    let setting = if packet.protocol == Protocol::TCP {
        sessions.tcp_out_of_state
    } else {
        sessions.icmp_out_of_state
    };
    let error = || Unknown {
        origin: sessions.origin.unwrap_or_else(|| start_of(device)),
        reason: "whether an ICMP error belongs to a session stands in the packet it quotes".into(),
    };
    match (opening(packet), setting) {
        (Opening::Opens, _) | (_, OutOfState::New) => Standing::Seen(new),
        (_, OutOfState::Bypass) => Standing::Bypasses(new),
        (Opening::Answers, OutOfState::Drop) => Standing::Dropped,
        (Opening::Answers, OutOfState::Invalid) => Standing::Seen(ConnectionState::Invalid),
        (Opening::IcmpError, OutOfState::Drop) => Standing::Unknown(error()),
        (Opening::IcmpError, OutOfState::Invalid) => Standing::RelatedOrInvalid(error()),
    }
}

impl Standing {
    /// Tells whether the state is in the set; `Err` where that cannot be told.
    pub(super) fn is_in(&self, states: ConnectionStates) -> Result<bool, Unknown> {
        match self {
            Self::Seen(state) | Self::Bypasses(state) => Ok(states.contains(*state)),
            Self::RelatedOrInvalid(unknown) | Self::Unknown(unknown) => {
                let related = states.contains(ConnectionState::Related);
                if related == states.contains(ConnectionState::Invalid) {
                    Ok(related)
                } else {
                    Err(unknown.clone())
                }
            }
            Self::Dropped => Ok(states.contains(ConnectionState::Invalid)),
        }
    }
}

/// The beginning of a device's configuration, for what no line says.
pub(super) fn start_of(device: &Device) -> Span {
    Span {
        file: device.file,
        start: 0,
        end: 0,
    }
}
