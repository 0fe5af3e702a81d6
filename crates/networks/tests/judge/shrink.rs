//! Making a failing case small enough to read.

use super::{Difference, Engine, Kind, compare, interpret};
use crate::support::generate::Generated;
use networks::forwarding::Fib;
use networks::interpret::{Choices, Start};
use networks::model::Action;
use packets::Packet;

/// How often a smaller case is tried.
const TRIES_MAX: usize = 1_500;

/// Removes everything from the network of a difference that it does not need,
/// and says what is left.
pub(crate) fn shrink<E: Engine>(difference: &Difference) -> String {
    let (mut generated, _) = difference.case.make();
    let (start, packet) = (difference.start, difference.packet);
    // Large runs of things first, then ever smaller ones.
    let mut length = steps(&generated) / 2;
    let mut tries = 0;
    while length > 0 && tries < TRIES_MAX {
        let mut step = 0;
        while step < steps(&generated) && tries < TRIES_MAX {
            let mut candidate = copy(&generated);
            remove(&mut candidate, step..step + length);
            tries += 1;
            if differs::<E>(&candidate, start, packet)
                .is_some_and(|(kind, _)| kind == difference.kind)
            {
                generated = candidate;
            } else {
                step += length;
            }
        }
        length /= 2;
    }
    let what = differs::<E>(&generated, start, packet).map_or(String::new(), |(_, what)| what);
    format!(
        "case {}, {start:?}, {packet} {packet:?}\n{what}\n{}",
        difference.case,
        describe(&generated)
    )
}

fn differs<E: Engine>(
    generated: &Generated,
    start: Start,
    packet: Packet,
) -> Option<(Kind, String)> {
    let judged = interpret(generated, start, packet);
    let mut engine = E::prepare(&generated.built.network, &generated.built.routing);
    compare::<E>(&mut engine, &judged, start, &packet).err()
}

fn copy(generated: &Generated) -> Generated {
    let mut built = crate::support::build::Built::new();
    built.network = generated.built.network.clone();
    built.routing = generated.built.routing.clone();
    built.choices = Choices::clone(&generated.built.choices);
    Generated {
        built,
        segments: generated.segments.clone(),
    }
}

/// How many things could be removed.
fn steps(generated: &Generated) -> usize {
    let mut count = 0;
    let mut candidate = copy(generated);
    visit(&mut candidate, &mut |_| {
        count += 1;
        false
    });
    count
}

/// Removes the things of these numbers.
fn remove(generated: &mut Generated, steps: std::ops::Range<usize>) {
    let mut at = 0;
    visit(generated, &mut |_| {
        at += 1;
        steps.contains(&(at - 1))
    });
}

/// Goes through everything that can be removed; `wanted` picks what is.
fn visit(generated: &mut Generated, wanted: &mut dyn FnMut(&str) -> bool) {
    let built = &mut generated.built;
    for device in &mut built.network.devices {
        device.hooks.retain(|_| !wanted("hook"));
        device.unread.retain(|_| !wanted("unread"));
        for vrf in &mut device.vrfs {
            if vrf.policy_routing.is_some() && wanted("policy routing") {
                vrf.policy_routing = None;
            }
        }
        for chain in &mut device.chains {
            chain.rules.retain(|_| !wanted("rule"));
            for rule in &mut chain.rules {
                if !matches!(rule.action, Action::Continue) && wanted("action") {
                    rule.action = Action::Continue;
                }
                if rule.condition != networks::model::Condition::Always && wanted("condition") {
                    rule.condition = networks::model::Condition::Always;
                }
            }
        }
        for hook in &mut device.hooks {
            if hook.scope != networks::model::HookScope::default() && wanted("scope") {
                hook.scope = networks::model::HookScope::default();
            }
        }
        for interface in &mut device.interfaces {
            interface.redundancy.retain(|_| !wanted("group"));
            if interface.reverse_path.is_some() && wanted("reverse path") {
                interface.reverse_path = None;
            }
            if !interface.answers_arp_for.0.is_empty() && wanted("proxy") {
                interface.answers_arp_for.0.clear();
            }
        }
        if device.sessions != networks::model::Sessions::stateless() && wanted("sessions") {
            device.sessions = networks::model::Sessions::stateless();
        }
    }
    for device in &mut built.routing.devices {
        for vrf in &mut device.vrfs {
            vrf.unknown.retain(|_| !wanted("unknown routes"));
            vrf.fib = without(&vrf.fib, wanted);
        }
        for table in &mut device.tables {
            *table = without(table, wanted);
        }
    }
    built.network.links.retain(|_| !wanted("link"));
}

fn without(fib: &Fib, wanted: &mut dyn FnMut(&str) -> bool) -> Fib {
    let kept = fib.entries().iter().filter(|_| !wanted("entry"));
    Fib::new(kept.cloned().collect())
}

/// Writes down what is left, without what is as usual.
fn describe(generated: &Generated) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let built = &generated.built;
    for (id, device) in built.network.devices() {
        let routing = built.routing.device(id);
        let routed = routing
            .is_some_and(|routing| routing.vrfs.iter().any(|vrf| !vrf.fib.entries().is_empty()));
        if !routed && device.hooks.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "{} {:?} {:?}",
            device.name, device.kind, device.sessions
        );
        for (id, port) in device.interfaces() {
            let nets: Vec<_> = port
                .addresses
                .iter()
                .map(|own| own.net.to_string())
                .collect();
            let _ = writeln!(
                text,
                "  {id:?} {} up {} {:?} {} {:?} {:?} {:?}",
                port.name,
                port.enabled,
                port.vrf,
                nets.join(" "),
                port.kind,
                port.reverse_path,
                port.answers_arp_for
            );
        }
        for (at, chain) in device.chains.iter().enumerate() {
            let _ = writeln!(text, "  chain {at} default {:?}", chain.default);
            for rule in &chain.rules {
                let _ = writeln!(text, "    {:?} => {:?}", rule.condition, rule.action);
            }
        }
        for hook in &device.hooks {
            let _ = writeln!(text, "  {hook:?}");
        }
        for line in &device.unread {
            let _ = writeln!(text, "  unread {:?}", line.touches);
        }
        for vrf in &device.vrfs {
            let _ = writeln!(text, "  vrf {} policy {:?}", vrf.name, vrf.policy_routing);
        }
        for entry in routing.iter().flat_map(|routing| &routing.vrfs).enumerate() {
            let (vrf, routing) = entry;
            let _ = writeln!(text, "  vrf {vrf} unknown {}", routing.unknown.len());
            for entry in routing.fib.entries() {
                let _ = writeln!(text, "    {} {:?}", entry.prefix, entry.action);
            }
        }
    }
    let _ = writeln!(text, "links {:?}", built.network.links);
    text
}
