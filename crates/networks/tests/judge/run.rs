//! Many random networks, and the packets of each that are judged.

use super::coverage::{Coverage, FEATURES, Feature};
use super::{Difference, Engine, Kind, compare, interpret};
use crate::support::generate::{Generated, generate};
use crate::support::random::Random;
use crate::support::sample::{Begin, Edges, like, sample, starts};
use crate::support::spoil::{ENDINGS, Ending, decided, spoil};
use networks::interpret::{HopTrace, Start};
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
        self.expect_none_of(Kind::Cautious);
        self.expect_none_of(Kind::Wrong);
    }

    /// Fails where there was a difference of a kind.
    #[track_caller]
    pub(crate) fn expect_none_of(&self, kind: Kind) {
        let mut of_kind = self.differences.iter().filter(|one| one.kind == kind);
        if let Some(first) = of_kind.next() {
            panic!("{} differences, first: {first}", 1 + of_kind.count());
        }
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
        .sort_by_key(|difference| difference.case.seed);
    verdict
}

/// Judges an engine on the packets of one network.
pub(crate) fn repeat<E: Engine>(case: Case) -> Verdict {
    let mut lane = Lane::new(usize::MAX, case.seed);
    lane.case::<E>(case);
    lane.verdict
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
        self.case::<E>(Case::wanted(seed, &self.verdict.coverage));
    }

    fn case<E: Engine>(&mut self, case: Case) {
        let seed = case.seed;
        let (generated, packets) = case.make();
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
                    case,
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

/// A network and the packets that are tried in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// What a way is to meet, and how it is to end there.
    pub(crate) wanted: Option<(Feature, Ending)>,
}

/// A way, there or back: what it meets, how its packet began, and the last
/// device that decided where it goes.
type Met = (Feature, (Start, Packet), HopTrace);

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.wanted {
            Some((met, ending)) => write!(f, "{}/{met:?}/{}", self.seed, ending.name()),
            None => write!(f, "{}", self.seed),
        }
    }
}

impl Case {
    /// As it was generated.
    pub(crate) fn plain(seed: u64) -> Self {
        let wanted = None;
        Self { seed, wanted }
    }

    /// Picks what is wanted most of the ways in the network of a seed.
    pub(crate) fn wanted(seed: u64, coverage: &Coverage) -> Self {
        if seed.is_multiple_of(PLAIN_ONE_IN) {
            return Self::plain(seed);
        }
        let mut wanted: Vec<_> = Maker::new(seed)
            .ways()
            .iter()
            .flat_map(|(met, _, hop)| {
                let fit = |ending: &Ending| ending.is_for(&hop.received);
                let endings = ENDINGS.into_iter().filter(fit);
                endings.map(|ending| (*met, ending))
            })
            .filter_map(|(met, ending)| {
                Some((coverage.count(&(met, ending.name()))?, met, ending.name()))
            })
            .collect();
        wanted.sort_unstable();
        let wanted = wanted.first().and_then(|(_, met, name)| {
            let ending = ENDINGS.into_iter().find(|ending| ending.name() == *name);
            Some((*met, ending?))
        });
        Self { seed, wanted }
    }

    /// Reads `SEED/FEATURE/DISPOSITION`, or `SEED` of a plain one, to repeat it.
    pub(crate) fn named(text: &str) -> Self {
        let words: Vec<&str> = text.split('/').collect();
        let seed = words[0].parse().unwrap();
        let feature = |name| FEATURES.into_iter().find(|one| format!("{one:?}") == name);
        let ending = |name| ENDINGS.into_iter().find(|one| one.name() == name);
        let wanted = words
            .get(1)
            .zip(words.get(2))
            .map(|(met, end)| (feature(*met).unwrap(), ending(*end).unwrap()));
        Self { seed, wanted }
    }

    pub(crate) fn make(&self) -> (Generated, Vec<(Start, Packet)>) {
        let mut maker = Maker::new(self.seed);
        let like_it = self.wanted.and_then(|(feature, ending)| {
            let fits = |way: &Met| way.0 == feature && ending.is_for(&way.2.received);
            let ways: Vec<Met> = maker.ways().into_iter().filter(fits).collect();
            (0..SPOIL_TRIES).find_map(|_| {
                let (_, first, hop) = maker.random.pick(&ways);
                let packet = decided(hop)?;
                let (generated, random) = (&mut maker.generated, &mut maker.random);
                spoil(generated, hop, &packet, ending, random).then_some(*first)
            })
        });
        let packets = (0..PACKETS_A_NETWORK)
            .map(|at| match &like_it {
                Some((start, packet)) if at % 8 < 6 => {
                    let packet = like(packet, &maker.edges, &mut maker.random, at % 2 == 0);
                    (*start, packet)
                }
                _ => maker.sample(at),
            })
            .collect();
        (maker.generated, packets)
    }
}

/// The network of a seed, and how packets are picked in it.
struct Maker {
    generated: Generated,
    edges: Edges,
    starts: Vec<Begin>,
    random: Random,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut generated = generate(seed);
        let edges = Edges::of(&generated);
        generated.built.choices = edges.choices();
        let mut random = Random::new(!seed);
        let starts = starts(&generated, &mut random);
        Self {
            generated,
            edges,
            starts,
            random,
        }
    }

    fn sample(&mut self, at: usize) -> (Start, Packet) {
        let Self {
            generated,
            edges,
            starts,
            random,
        } = self;
        sample(generated, edges, starts, random, at.is_multiple_of(2))
    }

    /// Follows some packets.
    fn ways(&mut self) -> Vec<Met> {
        let mut found = Vec::new();
        for at in 0..FOLLOWED {
            let (start, packet) = self.sample(at);
            let judged = interpret(&self.generated, start, packet);
            let answers = judged.answers.iter().map(|(_, trace)| trace);
            for trace in judged.forward.traces.iter().chain(answers) {
                let last = trace.hops.iter().rev().find(|hop| decided(hop).is_some());
                let met = Coverage::of(&self.generated, &judged, trace);
                let ways = last.map(|hop| {
                    met.into_iter()
                        .map(|one| (one, (start, packet), hop.clone()))
                });
                found.extend(ways.into_iter().flatten());
            }
        }
        found
    }
}

/// How often another way is looked for.
const SPOIL_TRIES: usize = 5;

/// The network of a seed as it was generated, and packets in it.
pub(crate) fn case(seed: u64) -> (Generated, Vec<(Start, Packet)>) {
    Case::plain(seed).make()
}
