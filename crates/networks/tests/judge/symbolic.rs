//! The symbolic engine, judged.

use super::run::{cell_least, judge};
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

/// Of a thousand packets, on how many the engine may say Unknown where the
/// interpreter knows; measured: 24 (crates/networks/tests/README.md).
const CAUTIOUS_MAX: usize = 50;

/// The engine is never wrong, and seldom more cautious than it need be.
#[test]
fn the_engine_says_what_the_interpreter_sees() {
    let packets = packet_count(300);
    let mut verdict = judge::<Symbolic>(packets, first_seed(), false);
    show(&verdict.coverage);
    let of = |kind| move |difference: &&Difference| difference.kind == kind;
    let cautious = verdict.count(Kind::Cautious);
    for kind in [Kind::Cautious, Kind::Wrong] {
        let some = verdict.differences.iter().filter(of(kind)).take(SHOWN_MAX);
        some.for_each(show);
        if let Some(first) = verdict
            .differences
            .iter()
            .filter(of(kind))
            .max_by_key(|one| one.what.starts_with("ends"))
            && std::env::var_os("SEEN_JUDGE_SHRINK").is_some()
        {
            show(&shrink::<Symbolic>(first));
        }
    }
    show(&format!(
        "{} packets of {} networks, {} at rules, {} at sets, {cautious} answered with too much caution, least {:?} of {}",
        verdict.packets,
        verdict.networks,
        verdict.at_rules,
        verdict.at_sets,
        verdict.coverage.least(),
        cell_least(packets)
    ));
    verdict
        .differences
        .retain(|difference| difference.kind == Kind::Wrong);
    verdict.expect_none();
    assert!(
        cautious * 1000 <= CAUTIOUS_MAX * verdict.packets.max(1000),
        "{cautious}"
    );
}
