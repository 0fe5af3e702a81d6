//! The interpreter judges engines on packets of random networks.
//!
//! An [`Engine`] says, for a start and a packet, every way the packet and its
//! answers may end. The judge follows the packet with the interpreter and
//! compares. Where the interpreter left choices out, what it saw must be among
//! what the engine said; otherwise both must be equal.

/// What is covered: which features met which dispositions.
pub(crate) mod coverage;
/// Packets where a set ends.
pub(crate) mod edges;
/// Many networks, many packets.
pub(crate) mod run;
/// A failing case made small.
pub(crate) mod shrink;

use crate::support::generate::Generated;
use crate::support::random::Random;
use networks::forwarding::Routing;
use networks::interpret::{Disposition, Interpreter, Return, Start, Trace, Walk};
use networks::model::{DeviceId, Network, Port};
use packets::Packet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How a packet ends, as far as engines are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End {
    Delivered(Port),
    Accepted(DeviceId),
    Dropped(DeviceId),
    ReversePath(DeviceId),
    OutOfState(DeviceId),
    NoRoute(DeviceId),
    Discarded(DeviceId),
    NotForwarded(DeviceId),
    Exits(Port, Option<IpAddr>),
    Loop,
    Unknown,
}

impl End {
    pub(crate) fn of(trace: &Trace) -> Self {
        match trace.disposition {
            Disposition::Delivered { port } => Self::Delivered(port),
            Disposition::Accepted { device } => Self::Accepted(device),
            Disposition::Dropped { device, .. } => Self::Dropped(device),
            Disposition::ReversePath { port } => Self::ReversePath(port.device),
            Disposition::OutOfState { device } => Self::OutOfState(device),
            Disposition::NoRoute { device } => Self::NoRoute(device),
            Disposition::Discarded { device, .. } => Self::Discarded(device),
            Disposition::NotForwarded { device } => Self::NotForwarded(device),
            Disposition::Exits { port, gateway } => Self::Exits(port, gateway),
            Disposition::Loop => Self::Loop,
            Disposition::Unknown(_) => Self::Unknown,
        }
    }
}

/// How the answer to a packet ends, where the packet arrived and has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Answer {
    CameBack,
    /// Arrived, but altered or elsewhere.
    Astray,
    /// Did not arrive.
    Lost,
    /// Cannot be told.
    Unknown,
}

impl Answer {
    fn of(interpreter: &Interpreter<'_>, forward: &Trace, answer: &Trace) -> Self {
        match interpreter.returned(forward, answer) {
            Return::CameBack => Self::CameBack,
            Return::Altered | Return::Elsewhere => Self::Astray,
            Return::Lost if matches!(answer.disposition, Disposition::Unknown(_)) => Self::Unknown,
            Return::Lost => Self::Lost,
        }
    }
}

/// Something that is judged.
pub(crate) trait Engine {
    /// How finely it tells ends apart.
    type End: Ord + std::fmt::Debug;

    /// It, made ready for a network.
    type Ready<'n>;

    /// Gets ready for a network.
    fn prepare<'n>(network: &'n Network, routing: &'n Routing) -> Self::Ready<'n>;

    /// Tells whether an end says that it cannot be told.
    fn is_unknown(end: &Self::End) -> bool;

    /// Maps what the interpreter saw to what this engine tells apart.
    fn end(ready: &Self::Ready<'_>, trace: &Trace) -> Self::End;

    /// Every way the packet may end.
    fn ends(ready: &mut Self::Ready<'_>, start: Start, packet: &Packet) -> BTreeSet<Self::End>;

    /// Every way an answer may end, over all ways the packet may arrive; a
    /// packet whose own end cannot be told counts as [`Answer::Unknown`], what
    /// goes astray as lost. `None` where the engine was not asked to tell.
    fn answers(
        ready: &mut Self::Ready<'_>,
        start: Start,
        packet: &Packet,
    ) -> Option<BTreeSet<Answer>>;

    /// A packet at the edge of one of the sets that the engine answers with,
    /// looked for from this one; `None` where the engine has no sets.
    fn edge(
        _ready: &mut Self::Ready<'_>,
        _start: Start,
        _packet: &Packet,
        _random: &mut Random,
    ) -> Option<Packet> {
        None
    }
}

/// One packet on which engine and interpreter differ.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    pub(crate) case: run::Case,
    pub(crate) start: Start,
    pub(crate) packet: Packet,
    pub(crate) what: String,
}

/// What the interpreter makes of a packet and its answers.
pub(crate) struct Judged {
    pub(crate) forward: Walk,
    pub(crate) answers: Vec<(Answer, Trace)>,
    pub(crate) complete: bool,
}

pub(crate) fn interpret(generated: &Generated, start: Start, packet: Packet) -> Judged {
    let built = &generated.built;
    let interpreter = Interpreter::new(&built.network, &built.routing, &built.choices);
    let forward = interpreter.forward(start, packet);
    let mut complete = forward.complete;
    let mut answers = Vec::new();
    complete &= forward.traces.len() <= ANSWERED_MAX;
    for trace in forward.traces.iter().take(ANSWERED_MAX) {
        let walk = interpreter.answer(trace);
        complete &= walk.complete;
        for answer in walk.traces {
            answers.push((Answer::of(&interpreter, trace, &answer), answer));
        }
    }
    Judged {
        forward,
        answers,
        complete,
    }
}

/// How an engine differs from the interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It says something that is not so, or does not say that it cannot tell.
    Wrong,
    /// It cannot tell what the interpreter can.
    Cautious,
}

/// Compares an engine with the interpreter on one packet.
pub(crate) fn compare<E: Engine>(
    engine: &mut E::Ready<'_>,
    judged: &Judged,
    start: Start,
    packet: &Packet,
) -> Result<(), (Kind, String)> {
    let seen = judged.forward.traces.iter();
    let seen: BTreeSet<E::End> = seen.map(|trace| E::end(engine, trace)).collect();
    let said = E::ends(engine, start, packet);
    differ(&seen, &said, judged.forward.complete, E::is_unknown)
        .map_err(|(kind, text)| (kind, format!("ends: {text}")))?;
    let Some(said) = E::answers(engine, start, packet) else {
        return Ok(());
    };
    let mut seen: BTreeSet<Answer> = judged
        .answers
        .iter()
        .map(|(answer, _)| match answer {
            Answer::Astray => Answer::Lost,
            answer => *answer,
        })
        .collect();
    let unknown = |trace: &Trace| matches!(trace.disposition, Disposition::Unknown(_));
    if judged.forward.traces.iter().any(unknown) {
        seen.insert(Answer::Unknown);
    }
    differ(&seen, &said, judged.complete, |answer| {
        *answer == Answer::Unknown
    })
    .map_err(|(kind, text)| (kind, format!("answers: {text}")))
}

/// Compares what was seen with what was said.
fn differ<T: Ord + std::fmt::Debug>(
    seen: &BTreeSet<T>,
    said: &BTreeSet<T>,
    complete: bool,
    is_unknown: impl Fn(&T) -> bool,
) -> Result<(), (Kind, String)> {
    let agrees = if complete {
        seen == said
    } else {
        seen.is_subset(said)
    };
    if agrees {
        return Ok(());
    }
    // With Unknown said, what is left out is at least doubted; what is said
    // besides must still have been seen.
    let doubts = said.iter().any(&is_unknown);
    let claims_seen = said.iter().all(|end| is_unknown(end) || seen.contains(end));
    let kind = if doubts && (claims_seen || !complete) {
        Kind::Cautious
    } else {
        Kind::Wrong
    };
    let text = format!("the interpreter saw {seen:?}, the engine said {said:?}");
    Err((kind, text))
}

/// How many ways of one packet are answered.
const ANSWERED_MAX: usize = 48;

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            case,
            start,
            packet,
            what,
        } = self;
        write!(
            f,
            "{kind:?}: case {case}, {start:?}, {packet}, {packet:?}: {what}"
        )
    }
}

/// Prints a table for who reads the test's output.
#[expect(
    clippy::print_stdout,
    reason = "`.ci/accept` prints the coverage beside its bar"
)]
pub(crate) fn show(table: &impl std::fmt::Display) {
    println!("{table}");
}

/// How many packets are judged: a few for every build, all where `.ci/accept`
/// asks by `SEEN_JUDGE_PACKETS`.
pub(crate) fn packet_count(usual: usize) -> usize {
    std::env::var("SEEN_JUDGE_PACKETS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// The first network: to repeat what was found in one.
pub(crate) fn first_seed() -> u64 {
    std::env::var("SEEN_JUDGE_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// The symbolic engine.
mod symbolic;

/// Deliberate faults in the engine are noticed.
#[cfg(feature = "seeded-bugs")]
mod seeded;

/// Laws that the interpreter keeps by itself.
mod laws;

/// The interpreter agrees with itself, which tries the harness and measures coverage.
mod itself {
    use super::{Answer, BTreeSet, End, Engine, Packet, Routing, Start, Trace, show};
    use networks::interpret::{Choices, Interpreter};
    use networks::model::{HookKind, Network};

    /// The interpreter as an engine.
    struct Same;

    /// An engine that does not know translation.
    struct Untranslating;

    type Owned = (Network, Routing);

    fn ends((network, routing): &Owned, start: Start, packet: &Packet) -> BTreeSet<End> {
        // Other choices may be followed than the judge follows.
        let choices = Choices {
            all_up_to: 4,
            ports: crate::support::sample::every_port(),
            addresses: Vec::new(),
        };
        let interpreter = Interpreter::new(network, routing, &choices);
        let walk = interpreter.forward(start, *packet);
        walk.traces.iter().map(End::of).collect()
    }

    impl Engine for Same {
        type End = End;
        type Ready<'n> = Owned;

        fn is_unknown(end: &End) -> bool {
            *end == End::Unknown
        }

        fn prepare<'n>(network: &'n Network, routing: &'n Routing) -> Owned {
            (network.clone(), routing.clone())
        }

        fn end(_: &Owned, trace: &Trace) -> End {
            End::of(trace)
        }

        fn ends(ready: &mut Owned, start: Start, packet: &Packet) -> BTreeSet<End> {
            ends(ready, start, packet)
        }

        fn answers(_: &mut Owned, _: Start, _: &Packet) -> Option<BTreeSet<Answer>> {
            None
        }
    }

    impl Engine for Untranslating {
        type End = End;
        type Ready<'n> = Owned;

        fn is_unknown(end: &End) -> bool {
            *end == End::Unknown
        }

        fn prepare<'n>(network: &'n Network, routing: &'n Routing) -> Owned {
            let (mut network, routing) = Same::prepare(network, routing);
            for device in &mut network.devices {
                device.hooks.retain(|hook| hook.kind == HookKind::Filter);
            }
            (network, routing)
        }

        fn end(_: &Owned, trace: &Trace) -> End {
            End::of(trace)
        }

        fn ends(ready: &mut Owned, start: Start, packet: &Packet) -> BTreeSet<End> {
            ends(ready, start, packet)
        }

        fn answers(_: &mut Owned, _: Start, _: &Packet) -> Option<BTreeSet<Answer>> {
            None
        }
    }

    /// A wrong engine is caught, and the case that is shown is small.
    #[test]
    fn a_wrong_engine_is_caught() {
        let verdict = super::run::judge::<Untranslating>(2_000, 1, true);
        let difference = verdict.differences.first().expect("no difference");
        let shown = super::shrink::shrink::<Untranslating>(difference);
        assert_eq!(shown.matches("kind: Translation").count(), 1, "{shown}");
        assert_eq!(shown.matches("kind: Filter").count(), 0, "{shown}");
    }

    #[test]
    fn every_feature_meets_every_disposition() {
        let verdict = super::run::judge::<Same>(2_000, 1, false);
        show(&verdict.coverage);
        verdict.expect_none();
        let least = verdict.coverage.least();
        assert!(least.0 >= 1, "{least:?}");
    }
}
