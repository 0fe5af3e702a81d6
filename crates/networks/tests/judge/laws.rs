//! Laws of the interpreter that need no engine.

use super::run::case;
use super::{End, interpret};
use crate::support::build::ACCEPT;
use crate::support::generate::Generated;
use crate::support::random::Random;
use networks::forwarding::FibAction;
use networks::interpret::Interpreter;
use networks::model::{Action, Condition, VrfId};
use std::collections::BTreeSet;

/// Decides everything that is unknown, one way or another.
fn resolve(generated: &mut Generated, random: &mut Random) {
    let built = &mut generated.built;
    for device in &mut built.network.devices {
        device.unread.clear();
        for rule in device.chains.iter_mut().flat_map(|chain| &mut chain.rules) {
            resolve_condition(&mut rule.condition, random);
            if matches!(rule.action, Action::Unknown(_)) {
                rule.action = random
                    .pick(&[ACCEPT, Action::Drop, Action::Continue])
                    .clone();
            }
        }
    }
    for device in &mut built.routing.devices {
        for vrf in &mut device.vrfs {
            vrf.unknown.clear();
        }
        let fibs = device.vrfs.iter_mut().map(|vrf| &mut vrf.fib);
        for fib in fibs.chain(&mut device.tables) {
            let mut entries = fib.entries().to_vec();
            for entry in &mut entries {
                if matches!(entry.action, FibAction::Unknown(_)) {
                    entry.action = random
                        .pick(&[FibAction::Discard, FibAction::Vrf(VrfId::DEFAULT)])
                        .clone();
                }
            }
            *fib = networks::forwarding::Fib::new(entries);
        }
    }
}

fn resolve_condition(condition: &mut Condition, random: &mut Random) {
    match condition {
        Condition::Unknown(_) if random.percent(50) => *condition = Condition::Always,
        Condition::Unknown(_) => *condition = Condition::Any(Vec::new()),
        Condition::Not(part) => resolve_condition(part, random),
        Condition::All(parts) | Condition::Any(parts) => {
            parts
                .iter_mut()
                .for_each(|part| resolve_condition(part, random));
        }
        _ => {}
    }
}

/// What is known stays so, however the unknown turns out.
#[test]
fn known_ends_do_not_depend_on_what_is_unknown() {
    let mut known = 0;
    for seed in 1..25 {
        let (generated, packets) = case(seed);
        let mut random = Random::new(seed);
        let resolved: Vec<Generated> = (0..3)
            .map(|_| {
                let (mut generated, _) = case(seed);
                resolve(&mut generated, &mut random);
                generated
            })
            .collect();
        for (start, packet) in packets.into_iter().take(60) {
            let ends = |generated: &Generated| {
                let judged = interpret(generated, start, packet);
                let answers = judged
                    .answers
                    .iter()
                    .map(|(answer, trace)| (*answer, End::of(trace)));
                let ends: BTreeSet<End> = judged.forward.traces.iter().map(End::of).collect();
                (judged.complete, ends, answers.collect::<BTreeSet<_>>())
            };
            let (complete, forward, answers) = ends(&generated);
            if !complete || forward.contains(&End::Unknown) {
                continue;
            }
            known += 1;
            let answered = !answers.iter().any(|(_, end)| *end == End::Unknown);
            for resolved in &resolved {
                let (_, as_resolved, answers_resolved) = ends(resolved);
                assert_eq!(forward, as_resolved, "seed {seed}, {start:?}, {packet:?}");
                if answered {
                    assert_eq!(
                        answers, answers_resolved,
                        "seed {seed}, {start:?}, {packet:?}"
                    );
                }
            }
        }
    }
    assert!(known > 400, "only {known} packets were known");
}

/// Every hop of a trace begins with the packet that the one before sent, and
/// the trace ends where it says.
#[test]
fn traces_hang_together() {
    for seed in 1..15 {
        let (generated, packets) = case(seed);
        let built = &generated.built;
        let interpreter = Interpreter::new(&built.network, &built.routing, &built.choices);
        for (start, packet) in packets.into_iter().take(60) {
            let walk = interpreter.forward(start, packet);
            assert!(!walk.traces.is_empty() || !walk.complete);
            for trace in &walk.traces {
                for pair in trace.hops.windows(2) {
                    assert_eq!(pair[0].sent, Some(pair[1].received), "seed {seed}");
                }
                assert_eq!(trace.hops.first().map(|hop| hop.received), Some(packet));
                assert_eq!(trace.arrived().is_some(), trace.disposition.is_delivered());
            }
        }
    }
}
