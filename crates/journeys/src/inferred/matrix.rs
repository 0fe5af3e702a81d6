//! What holds of all pairs, without packets or lines.

use super::Segment;
use super::alone::alone;
use super::proof::Ends;
use crate::World;
use crate::ask::{reach_by, return_by};
use crate::verdict::{Asked, LegKind, worst};
use networks::reachability::{Engine, Everywhere, Together};
use packets::{Address, AddressSet, Diagram, Field, Intervals, PacketSets, Set, SetError};
use std::collections::BTreeSet;

/// What holds of the legs of each ordered pair of segments.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Of each pair, row by row: reach and return; `None` for what is no pair.
    legs: Vec<Option<(Asked, Asked)>>,
    segments: usize,
    together: usize,
    headers: f64,
    decided: f64,
}

impl Matrix {
    /// Returns reach and return of a pair; `None` for segments of two families,
    /// or one with itself.
    pub fn legs(&self, from: usize, to: usize) -> Option<(Asked, Asked)> {
        let at = (to < self.segments).then(|| from * self.segments + to)?;
        self.legs.get(at).copied().flatten()
    }

    /// Returns every pair, in order, with what holds of its journey.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize, Asked)> {
        let count = self.segments;
        (0..count)
            .flat_map(move |from| (0..count).map(move |to| (from, to)))
            .filter_map(|(from, to)| {
                let (reach, back) = self.legs(from, to)?;
                Some((from, to, worst([reach, back])))
            })
    }

    /// Returns how many pairs were proved all at once.
    pub fn together(&self) -> usize {
        self.together
    }

    /// Returns how many headers were asked for over all pairs, and of how many it
    /// can be told, as numbers of headers (they do not fit integers).
    pub fn headers(&self) -> (f64, f64) {
        (self.headers, self.decided)
    }

    fn set(&mut self, (from, to): (usize, usize), legs: (Asked, Asked)) {
        if let Some(place) = self.legs.get_mut(from * self.segments + to) {
            *place = Some(legs);
        }
    }
}

/// Judges the legs of every ordered pair of segments, there and back: what
/// [`super::pairs`] says, in a fraction of the time and memory.
pub fn matrix(world: &World<'_>, segments: &[Segment]) -> Matrix {
    let count = segments.len().min(super::SEGMENTS_MAX);
    let mut matrix = Matrix {
        legs: vec![None; count * count],
        segments: count,
        together: 0,
        headers: 0.0,
        decided: 0.0,
    };
    of_family::<u32>(world, segments, &mut matrix);
    of_family::<u128>(world, segments, &mut matrix);
    matrix
}

fn of_family<A: Address>(world: &World<'_>, segments: &[Segment], matrix: &mut Matrix) {
    let ends = Ends::<A>::of(segments);
    if ends.pairs().next().is_none() {
        return;
    }
    // What does not fit all at once may fit in parts.
    let _ = at_once(world, &ends, matrix);
    let left = ends.pairs();
    let left: BTreeSet<_> = left
        .filter(|(from, to)| matrix.legs(*from, *to).is_none())
        .collect();
    let found = ends.by_receiver(world, &left, |from, to, outcome| {
        let legs = (outcome.reach.asked, outcome.back.asked);
        ((from, to), legs, (outcome.headers, outcome.decided))
    });
    let found = found.unwrap_or_else(|_| {
        let pairs: Vec<_> = left.into_iter().collect();
        let pairs = alone(world, segments, &pairs);
        pairs
            .into_iter()
            .map(|pair| {
                let verdict = pair.verdict;
                let leg = |kind| verdict.leg(kind).map_or(Asked::NotChecked, |leg| leg.asked);
                let legs = (leg(LegKind::Reach), leg(LegKind::Return));
                (
                    (pair.from, pair.to),
                    legs,
                    (verdict.headers, verdict.decided),
                )
            })
            .collect()
    });
    for (pair, legs, (headers, decided)) in found {
        matrix.set(pair, legs);
        matrix.headers += headers;
        matrix.decided += decided;
    }
}

/// Judges the pairs of segments that can be judged at once.
fn at_once<A: Address>(
    world: &World<'_>,
    ends: &Ends<'_, A>,
    matrix: &mut Matrix,
) -> Result<(), SetError> {
    let mut engine = Engine::new(world.network, world.routing, Diagram::<A>::new())?;
    let Some(Together { all: found, apart }) = ends.everywhere(&mut engine, false)? else {
        return Ok(());
    };
    let told: Vec<(usize, &Segment)> = ends
        .each()
        .zip(&apart)
        .filter_map(|(end, apart)| apart.then_some(end))
        .collect();
    let mut addresses = Vec::new();
    for (at, (_, segment)) in told.iter().enumerate() {
        addresses.extend(located(&segment.hosts, at)?);
    }
    addresses.sort_unstable();
    let sets = engine.sets();
    let facts = Facts::of(sets, &found, &addresses, told.len())?;
    let headers = across(sets, found.asked, &told)?;
    let unknown = across(sets, found.shares.unknown, &told)?;
    matrix.headers += headers;
    matrix.decided += headers - unknown;
    for (one, (from, _)) in told.iter().enumerate() {
        for (other, (to, _)) in told.iter().enumerate().filter(|(other, _)| *other != one) {
            matrix.set((*from, *to), facts.legs(one, other));
            matrix.together += 1;
        }
    }
    Ok(())
}

/// Counts the headers of a set that go from one segment to another.
fn across<A: Address>(
    sets: &mut Diagram<A>,
    set: Set,
    segments: &[(usize, &Segment)],
) -> Result<f64, SetError> {
    let mut across = sets.count(set)?;
    for (_, segment) in segments {
        let hosts = Intervals::addresses(&segment.hosts)?;
        let to = sets.field(Field::Destination, &hosts)?;
        let from = sets.field(Field::Source, &hosts)?;
        let arriving = sets.and(set, to)?;
        let staying = sets.and(arriving, from)?;
        across -= sets.count(staying)?;
    }
    Ok(across)
}

/// Returns the addresses of hosts with the number of their segment.
fn located<A: Address>(hosts: &AddressSet, at: usize) -> Result<Vec<(A, A, usize)>, SetError> {
    let intervals = Intervals::<A>::addresses(hosts)?;
    let parts = intervals.parts().iter();
    Ok(parts.map(|(first, last)| (*first, *last, at)).collect())
}

/// For each pair, whether certain sets hold any of its packets.
struct Facts {
    /// They surely do not arrive on every way.
    failing: Table,
    /// They surely arrive on some way.
    some: Table,
    /// They may arrive on some way.
    possible: Table,
    /// It cannot be told whether they arrive on every way.
    doubtful: Table,
    /// Their answers are lost on some way.
    lost: Table,
    /// Their answers come back on some way.
    back: Table,
    /// It cannot be told on some way there or back.
    doubt: Table,
}

impl Facts {
    fn of<A: Address>(
        sets: &mut Diagram<A>,
        found: &Everywhere<Set>,
        addresses: &[(A, A, usize)],
        count: usize,
    ) -> Result<Self, SetError> {
        let there = found.there;
        let failing = sets.difference(found.asked, there.all_may)?;
        let doubtful = sets.difference(there.all_may, there.all_must)?;
        let mut table = |set| Table::of(sets, set, addresses, count);
        Ok(Self {
            failing: table(failing)?,
            some: table(there.any_must)?,
            possible: table(there.any_may)?,
            doubtful: table(doubtful)?,
            lost: table(found.answers.lost)?,
            back: table(found.answers.back)?,
            doubt: table(found.answers.doubt)?,
        })
    }

    fn legs(&self, from: usize, to: usize) -> (Asked, Asked) {
        let has = |table: &Table| table.has(from, to);
        let reach = reach_by(
            has(&self.failing),
            has(&self.some),
            has(&self.possible),
            has(&self.doubtful),
        );
        let back = match has(&self.possible) {
            true => return_by(has(&self.lost), has(&self.back), has(&self.doubt)),
            false => Asked::NotChecked,
        };
        (reach, back)
    }
}

/// One bit for each pair: a row of words for each receiver.
struct Table {
    words: usize,
    bits: Vec<u64>,
}

impl Table {
    /// Notes the pairs that a set has packets of.
    fn of<A: Address>(
        sets: &mut Diagram<A>,
        set: Set,
        addresses: &[(A, A, usize)],
        count: usize,
    ) -> Result<Self, SetError> {
        let words = count.div_ceil(64);
        let mut table = Self {
            words,
            bits: vec![0; words * count],
        };
        let mut ends = set;
        for field in Field::ALL {
            if !matches!(field, Field::Destination | Field::Source) {
                ends = sets.exists(ends, field)?;
            }
        }
        let all = Intervals::range(A::ZERO, A::MAX);
        for product in sets.boxes(ends, usize::MAX)?.boxes {
            let values = |wanted: Field| {
                let found = product.iter().find(|(field, _)| *field == wanted);
                found.map_or(&all, |(_, values)| values)
            };
            let mut senders = vec![0; words];
            each(values(Field::Source), addresses, |from| {
                if let Some(word) = senders.get_mut(from / 64) {
                    *word |= 1 << (from % 64);
                }
            });
            each(values(Field::Destination), addresses, |to| {
                let row = table.bits.iter_mut().skip(to * words).take(words);
                for (word, more) in row.zip(&senders) {
                    *word |= more;
                }
            });
        }
        Ok(table)
    }

    fn has(&self, from: usize, to: usize) -> bool {
        let word = self.bits.get(to * self.words + from / 64);
        word.is_some_and(|word| word >> (from % 64) & 1 != 0)
    }
}

/// Names the segments with addresses among these values; one may be named twice.
fn each<A: Address>(
    values: &Intervals<A>,
    addresses: &[(A, A, usize)],
    mut name: impl FnMut(usize),
) {
    for (first, last) in values.parts() {
        let from = addresses.partition_point(|(_, end, _)| end < first);
        let within = addresses.get(from..).unwrap_or_default().iter();
        for (_, _, at) in within.take_while(|(start, _, _)| start <= last) {
            name(*at);
        }
    }
}
