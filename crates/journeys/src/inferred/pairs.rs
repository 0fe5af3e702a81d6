//! All pairs with a packet for every leg, and the lines in doubt.

use super::alone::{alone, verdict};
use super::proof::Ends;
use super::{Pair, Segment};
use crate::World;
use crate::ask::{Outcome, Told, told};
use networks::reachability::{Engine, Everywhere, Together};
use packets::{Address, AddressSet, Diagram, Field, Intervals, PacketSets, Set, SetError};
use std::collections::BTreeSet;

/// Judges every ordered pair of segments of one family, there and back.
pub fn pairs(world: &World<'_>, segments: &[Segment]) -> Vec<Pair> {
    let mut found = of_family::<u32>(world, segments);
    found.extend(of_family::<u128>(world, segments));
    found.sort_by_key(|pair| (pair.from, pair.to));
    found
}

fn of_family<A: Address>(world: &World<'_>, segments: &[Segment]) -> Vec<Pair> {
    let ends = Ends::<A>::of(segments);
    let mut found = Vec::new();
    if ends.pairs().next().is_none() {
        return found;
    }
    let pair = |from: usize, to: usize, outcome: Outcome| {
        let port = segments.get(from)?.placed.port;
        let verdict = verdict(port, outcome);
        Some(Pair { from, to, verdict })
    };
    // What does not fit all at once may fit in parts.
    let _ = at_once(world, &ends, |from, to, outcome| {
        found.extend(pair(from, to, outcome));
    });
    let mut left: BTreeSet<_> = ends.pairs().collect();
    for pair in &found {
        left.remove(&(pair.from, pair.to));
    }
    match ends.by_receiver(world, &left, pair) {
        Ok(more) => found.extend(more.into_iter().flatten()),
        Err(_) => found.extend(alone(world, segments, &Vec::from_iter(left))),
    }
    found
}

/// Cuts one proof for all into pairs.
fn at_once<A: Address>(
    world: &World<'_>,
    ends: &Ends<'_, A>,
    mut note: impl FnMut(usize, usize, Outcome),
) -> Result<(), SetError> {
    let mut engine = Engine::new(world.network, world.routing, Diagram::<A>::new())?;
    let Some(Together { all, apart }) = ends.everywhere(&mut engine, true)? else {
        return Ok(());
    };
    let sets = engine.sets();
    let told_of = || ends.each().zip(&apart).filter(|(_, apart)| **apart);
    for ((to, target), _) in told_of() {
        let mark = sets.mark();
        let here = among(sets, Field::Destination, &target.hosts)?;
        let here = all.within(sets, here)?;
        for ((from, source), _) in told_of().filter(|((from, _), _)| *from != to) {
            let pair = among(sets, Field::Source, &source.hosts)?;
            let pair = here.within(sets, pair)?;
            note(from, to, of_pair(sets, &pair)?);
        }
        sets.release_to(mark)?;
    }
    Ok(())
}

fn among<A: Address>(
    sets: &mut Diagram<A>,
    field: Field,
    hosts: &AddressSet,
) -> Result<Set, SetError> {
    sets.field(field, &Intervals::addresses(hosts)?)
}

fn of_pair<A: Address>(sets: &mut Diagram<A>, pair: &Everywhere<Set>) -> Result<Outcome, SetError> {
    let causes: Vec<_> = pair.causes.iter().map(|(cause, _)| cause.clone()).collect();
    told(
        sets,
        Told {
            asked: pair.asked,
            there: pair.there,
            answers: Some(pair.answers),
            shares: pair.shares,
            causes: &causes,
        },
    )
}
