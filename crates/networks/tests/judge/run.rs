//! Many random networks, and the packets of each that are judged.

use super::coverage::{Coverage, Feature};
use super::{Difference, Engine, Kind, compare, interpret};
use crate::support::generate::{Generated, generate};
use crate::support::random::Random;
use crate::support::sample::{Edges, like, sample, starts};
use crate::support::spoil::{ENDINGS, decided, spoil};
use networks::interpret::Start;
use packets::Packet;

/// How many packets are sampled in one network.
const PACKETS_A_NETWORK: usize = 300;

/// How often every feature is to meet every disposition in 200,000 packets.
pub(crate) const CELL_LEAST: usize = 1_000;

/// How many packets of a network are judged that meet only what was met often
/// enough already: others come from further networks.
const COMMON_A_NETWORK: usize = 100;

/// How many run at a time, each over networks of its own. The number is fixed,
/// so that a run can be repeated on any machine.
const LANES: usize = 2;

/// How often every cell is to be met in this many packets: small runs meet each
/// in passing, full ones as often as was promised.
pub(crate) fn cell_least(packets: usize) -> usize {
    if packets >= 200_000 { CELL_LEAST } else { 1 }
}

/// What came of judging.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) packets: usize,
    /// How many packets are from the edges of rules, routes and pools.
    pub(crate) at_rules: usize,
    /// How many packets are from the edges of the engine's sets.
    pub(crate) at_sets: usize,
    pub(crate) networks: usize,
    pub(crate) coverage: Coverage,
    pub(crate) differences: Vec<Difference>,
}

impl Verdict {
    /// Fails where there was a difference.
    #[track_caller]
    pub(crate) fn expect_none(&self) {
        let Some(first) = self.differences.first() else {
            return;
        };
        let count = self.differences.len();
        panic!("{count} differences, first: {first}");
    }

    /// Counts the differences of a kind.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        let of_kind = |difference: &&Difference| difference.kind == kind;
        self.differences.iter().filter(of_kind).count()
    }

    fn join(&mut self, other: Self) {
        self.packets += other.packets;
        self.at_rules += other.at_rules;
        self.at_sets += other.at_sets;
        self.networks += other.networks;
        self.coverage.join(other.coverage);
        self.differences.extend(other.differences);
    }
}

/// Judges an engine on this many packets, of networks from `seed` on; stops at
/// the first network with a difference if `stop` says so.
pub(crate) fn judge<E: Engine>(packets: usize, seed: u64, stop: bool) -> Verdict {
    let mut verdict = Verdict::default();
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let seed = seed + lane as u64;
                scope.spawn(move || Lane::new(packets, seed).run::<E>(stop))
            })
            .collect();
        for lane in lanes {
            verdict.join(lane.join().unwrap());
        }
    });
    verdict
        .differences
        .sort_by_key(|difference| difference.seed);
    verdict
}

/// Where a packet was taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Anywhere,
    Rules,
    Sets,
}

/// One run over every so manieth network.
struct Lane {
    wanted: usize,
    least: usize,
    seed: u64,
    /// How many packets met only what was met often enough.
    common: usize,
    verdict: Verdict,
}

impl Lane {
    fn new(packets: usize, seed: u64) -> Self {
        Self {
            wanted: packets.div_ceil(LANES),
            least: cell_least(packets).div_ceil(LANES),
            seed,
            common: 0,
            verdict: Verdict::default(),
        }
    }

    fn run<E: Engine>(mut self, stop: bool) -> Verdict {
        let mut seed = self.seed;
        while self.verdict.packets < self.wanted {
            self.network::<E>(seed);
            if stop && !self.verdict.differences.is_empty() {
                break;
            }
            seed += LANES as u64;
        }
        self.verdict
    }

    /// Judges the engine on packets of one network.
    fn network<E: Engine>(&mut self, seed: u64) {
        let (generated, packets) = case(seed);
        let mut engine = E::prepare(&generated.built.network, &generated.built.routing);
        let mut random = Random::new(seed ^ 0x5eed);
        self.verdict.networks += 1;
        let enough = self.common + COMMON_A_NETWORK;
        for (at, (start, packet)) in packets.into_iter().enumerate() {
            if self.verdict.packets >= self.wanted {
                break;
            }
            let (from, packet) = match at % 4 {
                0 => (From::Rules, packet),
                2 => match E::edge(&mut engine, start, &packet, &mut random) {
                    Some(edge) => (From::Sets, edge),
                    None => (From::Rules, packet),
                },
                _ => (From::Anywhere, packet),
            };
            let judged = interpret(&generated, start, packet);
            let cells = Coverage::cells(&generated, &judged);
            let thin = self.verdict.coverage.is_thin(&cells, self.least);
            if !self.takes(from, thin, enough) {
                continue;
            }
            self.common += usize::from(!thin);
            self.verdict.packets += 1;
            match from {
                From::Anywhere => {}
                From::Rules => self.verdict.at_rules += 1,
                From::Sets => self.verdict.at_sets += 1,
            }
            self.verdict.coverage.add(cells, &judged);
            if let Err((kind, what)) = compare::<E>(&mut engine, &judged, start, &packet) {
                self.verdict.differences.push(Difference {
                    kind,
                    seed,
                    start,
                    packet,
                    what,
                });
            }
        }
    }

    /// Tells whether one more packet is judged: at least half come from edges,
    /// and room is left for meetings that are rare.
    fn takes(&self, from: From, thin: bool, enough: usize) -> bool {
        let verdict = &self.verdict;
        let elsewhere = verdict.packets - verdict.at_rules - verdict.at_sets;
        if from == From::Anywhere && elsewhere >= self.wanted / 2 {
            return false;
        }
        if thin || verdict.coverage.least().0 >= self.least {
            return true;
        }
        self.common < enough && self.common < self.wanted / 2
    }
}

/// Of so many networks, one is as it was generated; in the others a way ends
/// otherwise than it did.
const PLAIN_ONE_IN: u64 = 4;

/// How many packets are followed for a way that goes through much.
const FOLLOWED: usize = 40;

/// The network of a seed and the packets that are tried in it.
pub(crate) fn case(seed: u64) -> (Generated, Vec<(Start, Packet)>) {
    let mut generated = generate(seed);
    let edges = Edges::of(&generated);
    generated.built.choices = edges.choices();
    let mut random = Random::new(!seed);
    let starts = starts(&generated, &mut random);
    let like_it = if seed.is_multiple_of(PLAIN_ONE_IN) {
        None
    } else {
        let packets: Vec<_> = (0..FOLLOWED)
            .map(|at| sample(&generated, &edges, &starts, &mut random, at % 2 == 0))
            .collect();
        end_otherwise(&mut generated, &packets, &mut random)
    };
    let packets = (0..PACKETS_A_NETWORK)
        .map(|at| match &like_it {
            Some((start, packet)) if at % 8 < 6 => {
                let packet = like(packet, &edges, &mut random, at % 2 == 0);
                (*start, packet)
            }
            _ => sample(&generated, &edges, &starts, &mut random, at % 2 == 0),
        })
        .collect();
    (generated, packets)
}

/// Lets some way, there or back, end as it seldom does; returns its packet.
fn end_otherwise(
    generated: &mut Generated,
    packets: &[(Start, Packet)],
    random: &mut Random,
) -> Option<(Start, Packet)> {
    let mut found = Vec::new();
    for (start, packet) in packets {
        let judged = interpret(generated, *start, *packet);
        let answers = judged.answers.iter().map(|(_, trace)| trace);
        for trace in judged.forward.traces.iter().chain(answers) {
            let of_trace = Coverage::of(generated, &judged, trace);
            found.extend(
                of_trace
                    .into_iter()
                    .map(|met| (met, (*start, *packet), trace.clone())),
            );
        }
    }
    // Whatever seldom is met is as likely as what often is.
    let mut met: Vec<Feature> = found.iter().map(|(met, ..)| *met).collect();
    met.sort_unstable();
    met.dedup();
    for _ in 0..SPOIL_TRIES {
        let Some(feature) = (!met.is_empty()).then(|| *random.pick(&met)) else {
            break;
        };
        let of: Vec<_> = found.iter().filter(|(met, ..)| *met == feature).collect();
        let (_, first, trace) = *random.pick(&of);
        let hop = trace
            .hops
            .iter()
            .rev()
            .find_map(|hop| Some((hop, decided(hop)?)));
        let ending = *random.pick(&ENDINGS);
        if let Some((hop, packet)) = hop
            && spoil(generated, hop, &packet, ending, random)
        {
            return Some(*first);
        }
    }
    None
}

/// How often another way is looked for.
const SPOIL_TRIES: usize = 5;

/// Returns on which packets of one network an engine differs, in words.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn differences_in<E: Engine>(seed: u64, packets: usize) -> Vec<String> {
    let (generated, sampled) = case(seed);
    let mut engine = E::prepare(&generated.built.network, &generated.built.routing);
    sampled
        .into_iter()
        .take(packets)
        .filter_map(|(start, packet)| {
            let judged = interpret(&generated, start, packet);
            let (kind, what) = compare::<E>(&mut engine, &judged, start, &packet).err()?;
            Some(format!("{kind:?} {start:?} {packet:?} {what}"))
        })
        .collect()
}
