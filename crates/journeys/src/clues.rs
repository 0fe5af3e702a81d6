//! Where a packet stopped: lines that were perhaps meant for it.
//!
//! A filter's nearly matching permit, a translation that nearly applied, a
//! route or a prefix list's entry for a neighbouring prefix, the priorities of
//! a redundancy group. They are guesses, told as such beside the line that
//! stopped the packet, which is none.

use crate::World;
use crate::hop::{leaves, packet_before_drop};
use crate::line::Line;
use crate::missing;
use crate::near_miss::{At, Mismatch, NearMiss, Wanted, calls, near_misses, near_misses_at};
use crate::statements::{RULES, behind, told, whole, with_behind};
use crate::whence;
use dialects::statement::{About, Whole};
use findings::Span;
use networks::interpret::{Disposition, HookOutcome, HopTrace, Step, Trace};
use networks::model::{Device, HookKind, Port, Stage};
use packets::Packet;

/// How many of each kind are told.
const CLUES_MAX: usize = 3;

/// Returns the clues for a packet that did not arrive, nearest first.
pub(crate) fn clues(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    if trace.disposition.is_delivered() {
        return Vec::new();
    }
    let mut clues = filters(world, trace);
    clues.extend(decided(world, trace));
    clues.extend(translations(world, trace));
    clues.extend(let_through(world, trace));
    clues.extend(untranslated(world, trace));
    clues.extend(with_behind(world, whereabouts(world, trace), WAYS));
    clues.extend(with_behind(
        world,
        rewritten(world, trace),
        &[About::Translation],
    ));
    clues
}

/// What lines of routes and interfaces are about.
const WAYS: &[About] = &[
    About::Prefix,
    About::Gateway,
    About::Leaves,
    About::Effect,
    About::Address,
];

/// Clues on routes and interfaces.
fn whereabouts(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let mut clues = Vec::new();
    if matches!(
        trace.disposition,
        Disposition::NoRoute { .. } | Disposition::Discarded { .. }
    ) {
        clues.extend(routes(world, trace));
    }
    clues.extend(way_back(world, trace));
    clues.extend(whence::passed_over(world, trace));
    clues.extend(missing::unused_routes(world, trace));
    clues.extend(missing::gateways(world, trace));
    clues.extend(missing::zones(world, trace));
    clues.extend(missing::forwarding(world, trace));
    clues.extend(roles(world, trace));
    clues
}

/// What the rule that dropped the packet is made of.
fn decided(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let (Disposition::Dropped { rule, .. }, Some(hop)) = (&trace.disposition, trace.hops.last())
    else {
        return Vec::new();
    };
    let packet = packet_before_drop(hop);
    let near = [packet.source, packet.destination];
    rule.origin
        .filter(|_| rule.rule.is_some())
        .map_or_else(Vec::new, |origin| behind(world, origin, RULES, &near))
}

/// Where a device that translates has no way for a packet: rules that would let
/// it through with another destination, as which it was perhaps meant to go on.
fn untranslated(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let (
        Disposition::NoRoute { device: id }
        | Disposition::Discarded { device: id, .. }
        | Disposition::Exits {
            port: Port { device: id, .. },
            ..
        },
        Some(hop),
    ) = (&trace.disposition, trace.hops.last())
    else {
        return Vec::new();
    };
    let Some(device) = world.network.device(*id) else {
        return Vec::new();
    };
    let mut hooks = device.hooks.iter();
    if !hooks.any(|hook| hook.kind == HookKind::Translation) {
        return Vec::new();
    }
    let here = At {
        leaves: None,
        ..at(device, hop)
    };
    let packet = packet_before_drop(hop);
    let mut misses = Vec::new();
    for hook in &device.hooks {
        if hook.kind == HookKind::Filter && hook.stage == Stage::Egress {
            misses.extend(near_misses_at(hook, &packet, here, Wanted::Permit));
        }
    }
    misses.retain(|miss| {
        let mut about = miss.mismatches.iter().map(|mismatch| mismatch.about);
        about.all(|about| about == Some(About::Destination))
    });
    told(world, misses, &packet, "would let it through")
}

/// How the rules that let the packet through on its way translate it, or do not.
fn let_through(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let mut lines = Vec::new();
    for hop in &trace.hops {
        for step in &hop.steps {
            let Step::Hook(hook) = step else { continue };
            let rule = hook.rules.last().filter(|rule| rule.rule.is_some());
            if let (HookOutcome::Accepted, Some(origin)) =
                (hook.outcome, rule.and_then(|rule| rule.origin))
            {
                let near = [hook.packet.source];
                lines.extend(behind(world, origin, &[About::Translation], &near));
            }
        }
    }
    lines
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
    let packet = packet_before_drop(hop);
    let misses = near_misses(hook.chain, &packet, at(device, hop), Wanted::Permit);
    // What enters, or leaves, by the wrong interface was sent there.
    let sent_wrong = misses
        .iter()
        .take(CLUES_MAX)
        .any(|miss| miss.mismatches.iter().any(Mismatch::of_interface));
    let mut lines = told(world, misses, &packet, "would let it through");
    for rule in calls(hook.chain, &packet, at(device, hop))
        .into_iter()
        .take(CLUES_MAX)
    {
        let text = "the rules it is sent to by this do not let it through";
        lines.push(Line::new(text, Some(rule.origin)));
    }
    if sent_wrong {
        let mut sent = missing::sent_here(world, trace);
        sent.extend(missing::routed_by(Some(hop)));
        sent.extend(whence::near_routes(device, packet.destination));
        lines.extend(with_behind(world, sent, WAYS));
    }
    lines
}

/// Translation rules on the way that nearly applied.
fn translations(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let hops = trace.hops.iter();
    hops.flat_map(|hop| missed_translations(world, hop))
        .flat_map(|(packet, misses)| told(world, misses, &packet, "would translate it"))
        .collect()
}

/// Returns the line for which a packet was not translated on some devices: of
/// the rule that failed in least, or of the list by which it failed.
pub(crate) fn missed_translation(world: &World<'_>, hops: &[HopTrace]) -> Option<Span> {
    let mut misses = hops
        .iter()
        .rev()
        .flat_map(|hop| missed_translations(world, hop));
    let nearest = misses.find_map(|(_, misses)| misses.into_iter().next())?;
    let of_list = nearest.mismatches.iter().find_map(|mismatch| mismatch.span);
    of_list.or(Some(nearest.rule.origin))
}

/// The translation rules of each hook of a device that failed in one thing, with
/// the packet as they saw it, or would have seen it: a hook for other
/// interfaces is not met at all.
fn missed_translations<'a>(world: &World<'a>, hop: &HopTrace) -> Vec<(Packet, Vec<NearMiss<'a>>)> {
    let Some(device) = world.network.device(hop.device) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, hook) in device.hooks.iter().enumerate() {
        let met = hop.steps.iter().find_map(|step| match step {
            Step::Hook(seen) if seen.hook == index => Some(seen),
            _ => None,
        });
        let packet = met.map_or(hop.received, |seen| seen.packet);
        let left_alone = met.is_none_or(|seen| seen.outcome == HookOutcome::Accepted);
        if hook.kind == HookKind::Translation && left_alone {
            let here = at(device, hop);
            let mut misses = near_misses_at(hook, &packet, here, Wanted::Translation);
            misses.retain(|miss| miss.mismatches.len() == 1);
            found.push((packet, misses));
        }
    }
    found
}

fn at<'a>(device: &'a Device, hop: &HopTrace) -> At<'a> {
    At {
        device,
        enters: hop.enters,
        leaves: leaves(hop),
    }
}

/// Routes near the destination at the device that has none, and where one was
/// lost on its way there.
fn routes(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Some(hop) = trace.hops.last() else {
        return Vec::new();
    };
    let Some(device) = world.network.device(hop.device) else {
        return Vec::new();
    };
    let to = packet_before_drop(hop).destination;
    let mut lines = whence::near_routes(device, to);
    lines.extend(whence::lost(world, hop.device, to));
    lines.extend(whence::alone(world, hop.device));
    lines.extend(whole(world, device, Whole::Routes));
    lines
}

/// The route back to the source, where the reverse-path check fails.
fn way_back(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Disposition::ReversePath { port } = trace.disposition else {
        return Vec::new();
    };
    let (Some(device), Some(hop)) = (world.network.device(port.device), trace.hops.last()) else {
        return Vec::new();
    };
    let back = hop.received.source;
    let vrf = device.interface(port.interface).map(|own| own.vrf);
    let used = vrf.and_then(|vrf| whence::used(world, port.device, vrf, back));
    let mut lines: Vec<Line> = used
        .map(|route| {
            let text = format!("the way back to {back} is by the route to {}", route.prefix);
            Line::new(text, route.origin)
        })
        .into_iter()
        .collect();
    lines.extend(whence::near_routes(device, back));
    lines.extend(whole(world, device, Whole::Routes));
    lines
}

/// What translated the packet on its way.
fn rewritten(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let mut lines = Vec::new();
    for hop in &trace.hops {
        for step in &hop.steps {
            let Step::Hook(hook) = step else { continue };
            let origin = hook.rules.last().and_then(|rule| rule.origin);
            if let (HookOutcome::Translated, Some(origin)) = (hook.outcome, origin) {
                let name = world.device_name(hop.device);
                let text = format!("`{name}` translated it to {}", hook.packet);
                lines.push(Line::new(text, Some(origin)));
            }
        }
    }
    lines
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
