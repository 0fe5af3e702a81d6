//! Where a packet stopped: lines that were perhaps meant for it.
//!
//! A filter's nearly matching permit, a translation that nearly applied, a
//! route or a prefix list's entry for a neighbouring prefix, the priorities of
//! a redundancy group. They are guesses, told as such beside the line that
//! stopped the packet, which is none.

use crate::World;
use crate::missing;
use crate::near_miss::{At, NearMiss, Wanted, near_misses};
use crate::story::Line;
use findings::Span;
use ipnet::IpNet;
use networks::interpret::{Disposition, HookOutcome, HopTrace, Step, Trace, WayOut};
use networks::model::{Device, HookKind, InterfaceId, Port, PrefixEntry, RouteMatch};
use packets::Packet;
use std::net::IpAddr;

/// How many of each kind are told.
const CLUES_MAX: usize = 3;

/// How many leading bits a prefix must share with the destination to be near it.
const SHARED_BITS_MIN: u32 = 10;

/// Returns the clues for a packet that did not arrive, nearest first.
pub(crate) fn clues(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    if trace.disposition.is_delivered() {
        return Vec::new();
    }
    let mut clues = filters(world, trace);
    clues.extend(translations(world, trace));
    if matches!(
        trace.disposition,
        Disposition::NoRoute { .. } | Disposition::Discarded { .. }
    ) {
        clues.extend(routes(world, trace));
    }
    clues.extend(missing::unused_routes(world, trace));
    clues.extend(missing::gateways(world, trace));
    clues.extend(missing::zones(world, trace));
    clues.extend(roles(world, trace));
    clues
}

/// Nearly matching permits of the filter that dropped it.
fn filters(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Disposition::Dropped {
        device: id, hook, ..
    } = &trace.disposition
    else {
        return Vec::new();
    };
    let (Some(device), Some(hop)) = (world.network.device(*id), trace.hops.last()) else {
        return Vec::new();
    };
    let Some(hook) = device.hooks.get(*hook) else {
        return Vec::new();
    };
    let misses = near_misses(
        hook.chain,
        &packet_before_drop(hop),
        at(device, hop),
        Wanted::Permit,
    );
    // What enters by the wrong interface was sent there.
    let sent_wrong = misses
        .iter()
        .take(CLUES_MAX)
        .any(|miss| miss.mismatches.iter().any(|mismatch| mismatch.of_interface));
    let mut lines = told(misses, "would let it through");
    if sent_wrong {
        lines.extend(missing::sent_here(world, trace));
    }
    lines
}

/// Translation rules on the way that nearly applied.
fn translations(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let mut lines = Vec::new();
    for hop in &trace.hops {
        let Some(device) = world.network.device(hop.device) else {
            continue;
        };
        for step in &hop.steps {
            let Step::Hook(seen) = step else { continue };
            let Some(hook) = device.hooks.get(seen.hook) else {
                continue;
            };
            if hook.kind == HookKind::Translation && seen.outcome == HookOutcome::Accepted {
                let mut misses = near_misses(
                    hook.chain,
                    &seen.packet,
                    at(device, hop),
                    Wanted::Translation,
                );
                misses.retain(|miss| miss.mismatches.len() == 1);
                lines.extend(told(misses, "would translate it"));
            }
        }
    }
    lines
}

fn at<'a>(device: &'a Device, hop: &HopTrace) -> At<'a> {
    let leaves = hop
        .leaves
        .map(|way| way.interface)
        .or_else(|| only_way_out(hop));
    At {
        device,
        enters: hop.enters,
        leaves,
    }
}

/// A line a rule, and one for each list's line that the mismatch is in.
fn told(misses: Vec<NearMiss<'_>>, does: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for miss in misses.into_iter().take(CLUES_MAX) {
        let texts: Vec<&str> = miss.mismatches.iter().map(|m| m.text.as_str()).collect();
        let text = format!("{does}, but {}", texts.join(", and "));
        lines.push(Line::new(text, Some(miss.rule.origin)));
        for mismatch in miss.mismatches {
            if mismatch.span.is_some() {
                lines.push(Line::new(mismatch.text, mismatch.span));
            }
        }
    }
    lines
}

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
pub(crate) fn only_way_out(hop: &HopTrace) -> Option<InterfaceId> {
    let ways = hop.steps.iter().rev().find_map(|step| match step {
        Step::Decided(decision) => Some(&decision.ways),
        _ => None,
    })?;
    match ways.iter().next()? {
        WayOut::Hop(way) if ways.len() == 1 => Some(way.interface),
        _ => None,
    }
}

/// Static routes, and entries of the device's prefix lists, for prefixes near
/// the destination that do not contain it.
fn routes(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Some(hop) = trace.hops.last() else {
        return Vec::new();
    };
    let Some(device) = world.network.device(hop.device) else {
        return Vec::new();
    };
    let to = packet_before_drop(hop).destination;
    let mut near: Vec<(u32, String, Span)> = Vec::new();
    let mut consider = |net: IpNet, what: &str, origin: Span| {
        let shared = shared_bits(net, to);
        let fits = net.contains(&to) || net.prefix_len() == 0;
        if !fits && shared >= SHARED_BITS_MIN.min(u32::from(net.prefix_len())) && shared > 0 {
            near.push((
                shared,
                format!("{what} {net}, which {to} is not in"),
                origin,
            ));
        }
    };
    for route in device.vrfs.iter().flat_map(|vrf| &vrf.static_routes) {
        consider(route.prefix, "is a route to", route.origin);
    }
    for policy in &device.policies {
        for matched in policy.terms.iter().flat_map(|term| &term.matches) {
            let RouteMatch::Prefix(lists) = matched else {
                continue;
            };
            for entry in lists.iter().flatten() {
                if let PrefixEntry::Net {
                    permit: true,
                    net,
                    origin,
                    ..
                } = entry
                {
                    consider(*net, "lets in routes to", *origin);
                }
            }
        }
    }
    near.sort_by(|left, right| right.0.cmp(&left.0).then(left.2.cmp(&right.2)));
    near.dedup_by_key(|(_, _, origin)| *origin);
    near.into_iter()
        .take(CLUES_MAX)
        .map(|(_, text, span)| Line::new(text, Some(span)))
        .collect()
}

/// Counts the leading bits that a prefix and an address have in common.
fn shared_bits(net: IpNet, address: IpAddr) -> u32 {
    match (net.network(), address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            (net.to_bits() ^ address.to_bits()).leading_zeros()
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            (net.to_bits() ^ address.to_bits()).leading_zeros()
        }
        _ => 0,
    }
}

/// The settings of a redundancy group through whose virtual address the packet
/// came to where it stopped: another device of the group might have been right.
fn roles(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some([before, last]) = trace.hops.last_chunk::<2>() else {
        return lines;
    };
    let Some(gateway) = before.leaves.and_then(|way| way.gateway) else {
        return lines;
    };
    let Some(enters) = last.enters else {
        return lines;
    };
    let port = Port {
        device: last.device,
        interface: enters,
    };
    let ports = world
        .network
        .link_of(port)
        .map_or(&[][..], |link| link.ports.as_slice());
    for port in ports {
        let groups = world
            .network
            .interface(*port)
            .map_or(&[][..], |i| i.redundancy.as_slice());
        for group in groups
            .iter()
            .filter(|group| group.addresses.contains(&gateway))
        {
            lines.push(Line::new(
                format!(
                    "`{}` takes part in {gateway} with priority {}",
                    world.device_name(port.device),
                    group.priority
                ),
                Some(group.origin),
            ));
        }
    }
    lines
}
