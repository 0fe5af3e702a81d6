//! The two ways of proving all pairs of segments.

use super::{SEGMENTS_MAX, Segment};
use crate::World;
use crate::ask::{Outcome, Told, told};
use crate::judge::threads;
use crate::traffic;
use networks::reachability::{Endpoint, Engine, Goal, Scope, Start, Together};
use packets::{Address, Diagram, Family, Set, SetError};
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// The segments of one family.
pub(super) struct Ends<'a, A> {
    /// Each with its number among all segments.
    list: Vec<(usize, &'a Segment)>,
    family: PhantomData<A>,
}

impl<'a, A: Address> Ends<'a, A> {
    pub(super) fn of(segments: &'a [Segment]) -> Self {
        let all = segments.iter().take(SEGMENTS_MAX).enumerate();
        let family = |segment: &Segment| Family::of(segment.placed.prefix.addr());
        Self {
            list: all
                .filter(|(_, segment)| family(segment) == A::FAMILY)
                .collect(),
            family: PhantomData,
        }
    }

    /// Returns the segments with their numbers.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, &'a Segment)> {
        self.list.iter().copied()
    }

    /// Returns all ordered pairs.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let each = self.each().map(|(from, _)| from);
        each.flat_map(|from| self.each().map(move |(to, _)| (from, to)))
            .filter(|(from, to)| from != to)
    }

    /// Proves all pairs at once, where that can be, and tells of which segments.
    pub(super) fn everywhere(
        &self,
        engine: &mut Engine<'_, Diagram<A>>,
        causes: bool,
    ) -> Result<Option<Together<Set>>, SetError> {
        let hosts: Vec<_> = self
            .each()
            .map(|(_, segment)| (segment.placed.port, segment.hosts.clone()))
            .collect();
        engine.everywhere(&hosts, &traffic::anything(), causes)
    }

    /// Proves pairs, a receiver at a time.
    pub(super) fn by_receiver<R: Send>(
        &self,
        world: &World<'_>,
        pairs: &BTreeSet<(usize, usize)>,
        look: impl Fn(usize, usize, Outcome) -> R + Sync,
    ) -> Result<Vec<R>, SetError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let mut engine = Engine::new(world.network, world.routing, Diagram::<A>::new())?;
        let endpoint = |(_, segment): (usize, &Segment)| Endpoint {
            start: Start::Segment(segment.placed.port),
            sources: segment.hosts.clone(),
            destinations: segment.hosts.clone(),
            goal: Goal {
                links: engine.link(segment.placed.port).into_iter().collect(),
                ..Goal::default()
            },
        };
        let endpoints: Vec<Endpoint> = self.each().map(endpoint).collect();
        let number = |at: usize| self.list.get(at).map_or(usize::MAX, |(number, _)| *number);
        let scope = Scope {
            answered: true,
            threads: threads(),
        };
        let wanted = |from, to| pairs.contains(&(number(from), number(to)));
        engine.some_pairs(
            &endpoints,
            &traffic::anything(),
            scope,
            wanted,
            |sets, pair| {
                let answer = Told {
                    asked: pair.asked,
                    there: pair.there,
                    answers: pair.answers,
                    shares: pair.shares,
                    causes: &pair.causes,
                };
                Ok(look(
                    number(pair.from),
                    number(pair.to),
                    told(sets, answer)?,
                ))
            },
        )
    }
}
