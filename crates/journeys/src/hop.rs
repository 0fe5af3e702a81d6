//! What one device did with a packet, read off its trace.

use networks::interpret::{Decision, HookOutcome, HopTrace, Step, WayOut};
use networks::model::InterfaceId;
use packets::Packet;

/// The packet as the dropping hook saw it.
pub(crate) fn packet_before_drop(hop: &HopTrace) -> Packet {
    let changed = hop.steps.iter().rev().find_map(|step| match step {
        Step::Hook(hook) if hook.outcome != HookOutcome::Dropped => Some(hook.packet),
        Step::Restored(packet) => Some(*packet),
        _ => None,
    });
    changed.unwrap_or(hop.received)
}

/// The interface of the forwarding decision, where it left no choice.
fn only_way_out(hop: &HopTrace) -> Option<InterfaceId> {
    let ways = hop.steps.iter().rev().find_map(|step| match step {
        Step::Decided(decision) => Some(&decision.ways),
        _ => None,
    })?;
    match ways.iter().next()? {
        WayOut::Hop(way) if ways.len() == 1 => Some(way.interface),
        _ => None,
    }
}

/// The last forwarding decision.
pub(crate) fn decision(hop: &HopTrace) -> Option<&Decision> {
    hop.steps.iter().rev().find_map(|step| match step {
        Step::Decided(decision) => Some(decision),
        _ => None,
    })
}

/// The interface that it leaves by, or would.
pub(crate) fn leaves(hop: &HopTrace) -> Option<InterfaceId> {
    hop.leaves
        .map(|way| way.interface)
        .or_else(|| only_way_out(hop))
}
