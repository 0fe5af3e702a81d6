//! The symbolic engine, judged.

use super::coverage::IMPOSSIBLE;
use super::run::{Case, cell_least, judge, repeat};
use super::shrink::shrink;
use super::{Answer, Difference, Engine, Kind, first_seed, packet_count, show};
use crate::reach::told::{Both, Told, ToldAnswer};
use crate::reach::{start_of, told_of};
use crate::support::random::Random;
use networks::forwarding::Routing;
use networks::interpret::{Start, Trace};
use networks::model::Network;
use packets::{Diagram, Packet};
use std::collections::BTreeSet;

/// How many differences of a kind are shown.
const SHOWN_MAX: usize = 12;

pub(crate) struct Symbolic;

/// The sets of both families, and an engine that names links.
pub(crate) struct Ready<'n> {
    both: Both<'n>,
    links: networks::reachability::Engine<'n, Diagram<u32>>,
}

impl Engine for Symbolic {
    type End = Told;
    type Ready<'n> = Ready<'n>;

    fn is_unknown(end: &Told) -> bool {
        *end == Told::Unknown
    }

    fn prepare<'n>(network: &'n Network, routing: &'n Routing) -> Ready<'n> {
        Ready {
            both: Both::new(network, routing),
            links: networks::reachability::Engine::new(network, routing, Diagram::new()).unwrap(),
        }
    }

    fn end(ready: &Ready<'_>, trace: &Trace) -> Told {
        told_of(&ready.links, trace)
    }

    fn ends(ready: &mut Ready<'_>, start: Start, packet: &Packet) -> BTreeSet<Told> {
        ready.both.ends(start_of(start), packet)
    }

    fn edge(
        ready: &mut Ready<'_>,
        start: Start,
        packet: &Packet,
        random: &mut Random,
    ) -> Option<Packet> {
        ready.both.edge(start_of(start), packet, random)
    }

    fn answers(ready: &mut Ready<'_>, start: Start, packet: &Packet) -> Option<BTreeSet<Answer>> {
        let told = ready.both.answers(start_of(start), packet);
        Some(
            told.into_iter()
                .map(|answer| match answer {
                    ToldAnswer::Back => Answer::CameBack,
                    ToldAnswer::Lost => Answer::Lost,
                    ToldAnswer::Unknown => Answer::Unknown,
                })
                .collect(),
        )
    }
}

/// Of 200,000 packets, on how many the engine may say Unknown where the
/// interpreter knows: as many as were measured. docs/known-gaps.md says why.
/// Small runs may have half as many, since networks differ.
const CAUTIOUS_MAX: usize = 129;

/// The engine is never wrong, and seldom more cautious than it need be.
///
/// `SEEN_JUDGE_PACKETS` says how many packets are judged, `SEEN_JUDGE_SEED` from
/// which network on, `SEEN_JUDGE_CASE` in which one alone; `SEEN_JUDGE_SHRINK`
/// makes one difference of each kind small.
#[test]
fn the_engine_says_what_the_interpreter_sees() {
    let packets = packet_count(300);
    let verdict = match std::env::var("SEEN_JUDGE_CASE") {
        Ok(named) => repeat::<Symbolic>(Case::named(&named)),
        Err(_) => judge::<Symbolic>(packets, first_seed(), false),
    };
    show(&verdict.coverage);
    for (feature, disposition, reason) in IMPOSSIBLE {
        show(&format!("{feature:?} never meets {disposition}: {reason}"));
    }
    for kind in [Kind::Cautious, Kind::Wrong] {
        let of = |difference: &&Difference| difference.kind == kind;
        let some = verdict.differences.iter().filter(of);
        some.clone().take(SHOWN_MAX).for_each(show);
        if std::env::var_os("SEEN_JUDGE_SHRINK").is_some()
            && let Some(one) = some.max_by_key(|one| one.what.starts_with("ends"))
        {
            show(&shrink::<Symbolic>(one));
        }
    }
    let judged = verdict.packets;
    let cautious_max = CAUTIOUS_MAX * judged.div_ceil(100_000) / 2;
    number(
        &format!("packets judged, of {} networks", verdict.networks),
        judged,
        packets,
        judged >= packets,
    );
    let at_edges = verdict.at_rules + verdict.at_sets;
    number(
        &format!(
            "packets from edges of rules ({}) and of the engine's sets ({})",
            verdict.at_rules, verdict.at_sets
        ),
        at_edges,
        judged / 2,
        at_edges >= judged / 2,
    );
    let wrong = verdict.count(Kind::Wrong);
    number("packets on which the engine is wrong", wrong, 0, wrong == 0);
    let cautious = verdict.count(Kind::Cautious);
    number(
        "packets on which the engine cannot tell what the interpreter can",
        cautious,
        cautious_max,
        cautious <= cautious_max,
    );
    let (met, cell) = verdict.coverage.least();
    let least = cell_least(packets);
    if least > 1 {
        let what = format!("how often a feature met a disposition at least ({cell:?})");
        number(&what, met, least, met >= least);
        assert!(met >= least, "{met}");
    }
    verdict.expect_none_of(Kind::Wrong);
    assert!(cautious <= cautious_max, "{cautious}");
    assert!(at_edges >= judged / 2, "{at_edges}");
}

/// Prints a number beside its bar.
fn number(what: &str, value: usize, bar: usize, holds: bool) {
    let verdict = if holds { "pass" } else { "fail" };
    show(&format!("number: {what} | {value} | {bar} | {verdict}"));
}
