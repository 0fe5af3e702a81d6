//! Which packets arrive and whether their answers return, for all packets at once.

/// Small cases that once were seen differently.
mod judged;
/// All pairs of generated regions.
mod regions;
/// Rules that never decide.
mod shadowed;
/// What the engine says of one packet.
pub(crate) mod told;

use crate::support::build::Built;
use networks::interpret::{Disposition, Interpreter, Return, Start as From, Trace};
use networks::reachability::Start;
use packets::Packet;
use std::collections::BTreeSet;
use told::{Both, Told, ToldAnswer};

/// Maps where the interpreter starts a packet to where the engine does.
pub(crate) fn start_of(from: From) -> Start {
    match from {
        From::Enters(port) => Start::Port(port),
        From::Sent(device) => Start::Device(device),
    }
}

/// Maps an end that the interpreter saw to what the engine tells apart.
pub(crate) fn told_of(
    engine: &networks::reachability::Engine<'_, packets::Diagram<u32>>,
    trace: &Trace,
) -> Told {
    let link = |port| engine.link(port).unwrap();
    match trace.disposition {
        Disposition::Delivered { port } => Told::Delivered(link(port)),
        Disposition::Accepted { device } => Told::Accepted(device),
        Disposition::Exits { port, .. } => Told::Exits(link(port)),
        Disposition::Unknown(_) => Told::Unknown,
        _ => Told::Nowhere,
    }
}

/// Maps what became of an answer to what the engine tells apart.
pub(crate) fn told_answer(
    interpreter: &Interpreter<'_>,
    forward: &Trace,
    answer: &Trace,
) -> ToldAnswer {
    match interpreter.returned(forward, answer) {
        Return::CameBack => ToldAnswer::Back,
        Return::Lost if matches!(answer.disposition, Disposition::Unknown(_)) => {
            ToldAnswer::Unknown
        }
        _ => ToldAnswer::Lost,
    }
}

/// Checks that the engine says of a packet what the interpreter sees.
#[track_caller]
pub(crate) fn agrees(built: &Built, from: From, packet: Packet) {
    let interpreter = Interpreter::new(&built.network, &built.routing, &built.choices);
    let walk = interpreter.forward(from, packet);
    let mut both = Both::new(&built.network, &built.routing);
    let links = networks::reachability::Engine::new(
        &built.network,
        &built.routing,
        packets::Diagram::<u32>::new(),
    )
    .unwrap();
    let seen: BTreeSet<Told> = walk
        .traces
        .iter()
        .map(|trace| told_of(&links, trace))
        .collect();
    let told = both.ends(start_of(from), &packet);
    assert!(
        if walk.complete {
            seen == told
        } else {
            seen.is_subset(&told)
        },
        "{packet}: the interpreter saw {seen:?}, the engine says {told:?}"
    );
    let (mut seen, mut complete) = (BTreeSet::new(), walk.complete);
    for trace in &walk.traces {
        if matches!(trace.disposition, Disposition::Unknown(_)) {
            seen.insert(ToldAnswer::Unknown);
        }
        let answers = interpreter.answer(trace);
        complete &= answers.complete;
        seen.extend(
            answers
                .traces
                .iter()
                .map(|answer| told_answer(&interpreter, trace, answer)),
        );
    }
    let told = both.answers(start_of(from), &packet);
    assert!(
        if complete {
            seen == told
        } else {
            seen.is_subset(&told)
        },
        "answers to {packet}: the interpreter saw {seen:?}, the engine says {told:?}"
    );
}
