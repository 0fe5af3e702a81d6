//! All pairs of generated regions: the same by both kinds of diagram, with any
//! number of threads, and as a question of its own.

use crate::support::changes::{self, Changed, Kind, Line};
use crate::support::region::{Numbers, Region, region};
use networks::model::Condition;
use networks::reachability::{Engine, Pair, Question, Scope, Verdict};
use packets::bdd::Bdd;
use packets::{Diagram, Fields, Packet, PacketSets, SetError, preferred};

/// Every packet tried on every pair: the corners that lists and translation have.
fn probes(region: &Region, from: usize, to: usize) -> Vec<Packet> {
    use packets::{Protocol, TcpFlags};
    let address = |set: &packets::AddressSet, last: u8| match set.0.first() {
        Some(packets::AddressMatch::Range(first, _)) => match first {
            std::net::IpAddr::V4(first) => {
                let [a, b, c, _] = first.octets();
                std::net::IpAddr::from([a, b, c, last])
            }
            other => *other,
        },
        Some(packets::AddressMatch::Net(net)) => net.addr(),
        _ => std::net::IpAddr::from([0, 0, 0, 0]),
    };
    let (from, to) = (&region.endpoints[from], &region.endpoints[to]);
    let mut probes = Vec::new();
    for (protocol, port) in [
        (Protocol::TCP, 443),
        (Protocol::UDP, 53),
        (Protocol::TCP, 22),
        (Protocol::TCP, 8_080),
    ] {
        for last in [2, 10, 77] {
            probes.push(Packet {
                source: address(&from.sources, last),
                destination: address(&to.destinations, last),
                protocol,
                source_port: 50_000,
                destination_port: port,
                tcp_flags: if protocol == Protocol::TCP {
                    TcpFlags::SYN
                } else {
                    TcpFlags(0)
                },
                fragment: packets::Fragment::First,
                mark: 0,
            });
        }
    }
    probes
}

/// What is compared of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    verdict: Verdict,
    works: Option<Packet>,
    blocked: Option<Packet>,
    probes: Vec<(bool, bool)>,
    /// The boxes of the sets would be too many; sizes are compared by inclusion.
    empty: [bool; 4],
}

fn look<S: PacketSets>(
    region: &Region,
    sets: &mut S,
    pair: &Pair<S::Set>,
) -> Result<(usize, usize, Seen), SetError> {
    let nice = preferred(packets::Family::V4);
    let mut probes_seen = Vec::new();
    for probe in probes(region, pair.from, pair.to) {
        probes_seen.push((
            sets.contains(pair.there.all_must, &probe)?,
            sets.contains(pair.round.all_must, &probe)?,
        ));
    }
    let shares = pair.shares;
    let seen = Seen {
        verdict: pair.verdict,
        works: sets.witness(shares.works, &nice)?,
        blocked: sets.witness(shares.blocked, &nice)?,
        probes: probes_seen,
        empty: [shares.works, shares.partly, shares.blocked, shares.unknown]
            .map(|set| sets.is_empty(set)),
    };
    Ok((pair.from, pair.to, seen))
}

fn all<S>(region: &Region, sets: S, threads: usize) -> Vec<(usize, usize, Seen)>
where
    S: PacketSets + Send,
    S::Set: Send + Sync,
    S::Mark: Send,
{
    let mut engine = Engine::new(&region.network, &region.routing, sets).unwrap();
    let scope = Scope {
        answered: true,
        threads,
    };
    engine
        .all_pairs(&region.endpoints, scope, |sets, pair| {
            look(region, sets, pair)
        })
        .unwrap()
}

/// A few hundred pairs of a small region, by threads and alone, are the same.
#[test]
fn threads_change_nothing() {
    let region = region(2, 3);
    assert_eq!(
        all(&region, Diagram::<u32>::new(), 1),
        all(&region, Diagram::<u32>::new(), 3)
    );
}

/// Cutting sources, sharing work and giving memory back changes no answer.
#[test]
fn all_pairs_are_what_single_questions_say() {
    let region = region(2, 5);
    let mut engine = Engine::new(&region.network, &region.routing, Diagram::<u32>::new()).unwrap();
    for (from, to, seen) in all(&region, Diagram::<u32>::new(), 1) {
        let question = Question {
            from: region.endpoints[from].start,
            sources: region.endpoints[from].sources.clone(),
            destinations: region.endpoints[to].destinations.clone(),
            traffic: Condition::Always,
            goal: region.endpoints[to].goal.clone(),
            answered: true,
        };
        let answer = engine.ask(&question).unwrap();
        assert_eq!(answer.verdict, seen.verdict, "{from} to {to}");
        let probes = probes(&region, from, to).into_iter().map(|probe| {
            let sets = engine.sets();
            (
                sets.contains(answer.there.all_must, &probe).unwrap(),
                sets.contains(answer.round.all_must, &probe).unwrap(),
            )
        });
        assert_eq!(probes.collect::<Vec<_>>(), seen.probes, "{from} to {to}");
    }
}

/// How many networks both diagrams are compared on: two for every build, six at
/// full size.
fn networks() -> usize {
    match std::env::var_os("SEEN_FULL") {
        Some(_) => 6,
        None => 2,
    }
}

/// The sets of a pair that are compared.
fn compared<S: Copy>(pair: &Pair<S>) -> [S; 4] {
    [
        pair.there.all_must,
        pair.there.any_may,
        pair.round.all_must,
        pair.round.any_may,
    ]
}

/// No set of a pair is written in more products than this.
const BOXES_MAX: usize = 100_000;

/// A plain binary decision diagram says the same of all pairs: every set that one
/// writes down in products is, read by the other, the set it has itself.
#[test]
#[expect(clippy::print_stdout, reason = "the number is printed beside its bar")]
fn both_kinds_of_diagram_agree() {
    let networks = networks();
    let region = region(networks, 1);
    let scope = Scope {
        answered: true,
        threads: 1,
    };
    let mut engine = Engine::new(&region.network, &region.routing, Diagram::<u32>::new()).unwrap();
    let written = engine
        .all_pairs(&region.endpoints, scope, |sets, pair| {
            let mut written = Vec::new();
            for set in compared(pair) {
                let boxes = sets.boxes(set, BOXES_MAX)?;
                assert!(boxes.complete);
                written.push(boxes.boxes);
            }
            Ok((pair.verdict, written))
        })
        .unwrap();
    let place = |pair: &Pair<packets::bdd::BddSet>| {
        let before = if pair.from > pair.to {
            pair.from - 1
        } else {
            pair.from
        };
        pair.to * (region.endpoints.len() - 1) + before
    };
    let mut engine = Engine::new(
        &region.network,
        &region.routing,
        Bdd::<u32>::with_limit(1 << 27),
    )
    .unwrap();
    let verdicts = engine
        .all_pairs(&region.endpoints, scope, |sets, pair| {
            let (verdict, written) = &written[place(pair)];
            let mut same = *verdict == pair.verdict;
            for (set, boxes) in compared(pair).into_iter().zip(written) {
                let mut parts = Vec::with_capacity(boxes.len());
                for product in boxes {
                    let fields = product
                        .iter()
                        .fold(Fields::any(), |fields, (field, values)| {
                            fields.with(*field, values)
                        });
                    parts.push(sets.fields(&fields)?);
                }
                same &= sets.any(&parts)? == set;
            }
            Ok((pair.from, pair.to, pair.verdict, same))
        })
        .unwrap();
    assert_eq!(verdicts.len(), written.len());
    let partly = |(_, _, verdict, _): &_| *verdict == Verdict::Partly;
    assert!(verdicts.iter().any(partly));
    let other: Vec<_> = verdicts.iter().filter(|(_, _, _, same)| !same).collect();
    println!(
        "number: pairs whose sets a plain diagram has otherwise, {networks} networks | {} of {} | 0 | {}",
        other.len(),
        verdicts.len(),
        if other.is_empty() { "pass" } else { "fail" },
    );
    assert!(other.is_empty(), "{other:?}");
}

/// How many lines of each kind are changed.
const CHANGES: usize = 10;

/// After a change of one line, whatever it is about, a survey brought up to date
/// is one made anew; and again when the change is taken back.
#[test]
fn a_change_brings_a_survey_to_what_it_would_be() {
    let region = region(2, 9);
    let mut numbers = Numbers::new(11);
    let lines = changes::lines(&region);
    let mut changed = Vec::new();
    for kind in [Kind::Filter, Kind::Translation, Kind::Route] {
        let lines: Vec<Line> = lines
            .iter()
            .copied()
            .filter(|line| line.kind == kind)
            .collect();
        for _ in 0..CHANGES {
            let line = lines[numbers.below(lines.len())];
            changed.push(changes::change(&region, line, &mut numbers));
        }
    }
    let mut engine = Engine::new(&region.network, &region.routing, Diagram::<u32>::new()).unwrap();
    let seen = |sets: &mut Diagram<u32>, pair: &Pair<packets::Set>| {
        look(&region, sets, pair).map(|(_, _, seen)| seen)
    };
    let mut survey = engine.survey(&region.endpoints, true, seen).unwrap();
    let before: Vec<Seen> = survey.results().map(|(_, _, seen)| seen.clone()).collect();
    let (mut renewed, mut different) = (Vec::new(), 0);
    for Changed {
        line,
        network,
        routing,
    } in &changed
    {
        let difference = engine.revise(network, routing, &[line.device]).unwrap();
        renewed.push(engine.update(&mut survey, &difference, seen).unwrap());
        let mut anew = Engine::new(network, routing, Diagram::<u32>::new()).unwrap();
        let anew = anew.survey(&region.endpoints, true, seen).unwrap();
        assert!(survey.results().eq(anew.results()), "{line:?}");
        different += usize::from(!survey.results().map(|(_, _, seen)| seen).eq(&before));
        let back = engine.revise(&region.network, &region.routing, &[line.device]);
        engine.update(&mut survey, &back.unwrap(), seen).unwrap();
        assert!(
            survey.results().map(|(_, _, seen)| seen).eq(&before),
            "back from {line:?}"
        );
    }
    assert!(different > CHANGES, "{different} changes changed anything");
    assert!(renewed.contains(&0), "every change was thought to matter");
    let all = region.endpoints.len() * (region.endpoints.len() - 1);
    let whole = renewed.iter().filter(|pairs| **pairs == all).count();
    assert!(whole < CHANGES, "{whole} changes asked for all pairs anew");
}

/// The work for a region, counted, so that a change of it shows; the benchmark
/// counts larger ones, too.
///
/// `BLESS=1 cargo bench -p networks` writes the counts anew.
#[test]
fn work_is_as_counted() {
    let kept = include_str!("../../benches/counts.txt");
    for (answered, ways) in [(false, "one way"), (true, "both ways")] {
        let region = region(6, 1);
        let mut engine =
            Engine::new(&region.network, &region.routing, Diagram::<u32>::new()).unwrap();
        let scope = Scope {
            answered,
            threads: 1,
        };
        let verdicts = engine
            .all_pairs(&region.endpoints, scope, |_, pair| Ok(pair.verdict))
            .unwrap();
        let passing = verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Partly | Verdict::Works))
            .count();
        let (counts, sets) = (engine.sets().counts(), engine.sets());
        let now = format!(
            "6 networks {ways}: pairs {} passing {passing} intersections {} firsts {} merges {} nodes {} segments {}",
            verdicts.len(),
            counts.intersections,
            counts.firsts,
            counts.merges,
            sets.nodes(),
            sets.segments(),
        );
        assert!(
            kept.lines().any(|line| line == now),
            "changed: {now}\nkept:\n{kept}"
        );
    }
}
