//! All hosts to all hosts at once, where no device remembers anything.
//!
//! Without sessions and translation an answer is a packet like any other: what
//! becomes of it is what becomes of every packet with its header that starts where
//! it does. So one proof over all destinations tells of both directions, and an
//! answer's fate is looked up where its request is told of.

use super::cones::groups;
use super::engine::{Begin, Engine};
use super::graph::Graph;
use super::machine::Machine;
use super::question::{Answers, Shares, Start};
use super::solve::{Cut, Goal, Quad, Solution, choose, solve};
use super::there::explore;
use super::world::World;
use crate::model::{Action, Condition, Device, HookKind, Port, Unknown};
use packets::{Address, AddressSet, Intervals, PacketSets, SetError};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What holds of the packets between all hosts, by source and destination.
#[derive(Debug, Clone)]
pub struct Everywhere<S> {
    /// The packets asked for.
    pub asked: S,
    /// Which of them arrive, at the link of their destination.
    pub there: Quad<S>,
    /// What becomes of the answers.
    pub answers: Answers<S>,
    /// For which packets it works.
    pub shares: Shares<S>,
    /// Why something cannot be told, sorted, and of which packets; where that was
    /// asked for.
    pub causes: Vec<(Unknown, S)>,
}

/// What can be told at once.
#[derive(Debug, Clone)]
pub struct Together<S> {
    /// What holds of the packets between those hosts that are apart.
    pub all: Everywhere<S>,
    /// Which hosts are, in the order in which they were given: those that share no
    /// address with others, nor with the prefix of another link.
    pub apart: Vec<bool>,
}

impl<S: Copy + PartialEq> Everywhere<S> {
    /// Returns what holds of those packets that are in a set.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit.
    pub fn within<P: PacketSets<Set = S>>(&self, sets: &mut P, set: S) -> Result<Self, SetError> {
        let mut causes = Vec::new();
        for (unknown, packets) in &self.causes {
            let met = sets.and(*packets, set)?;
            if !sets.is_empty(met) {
                causes.push((unknown.clone(), met));
            }
        }
        let there = self.there.zip(Quad::of(set), |a, b| sets.and(a, b))?;
        let mut and = |other: S| sets.and(other, set);
        Ok(Self {
            asked: and(self.asked)?,
            there,
            answers: Answers {
                back: and(self.answers.back)?,
                lost: and(self.answers.lost)?,
                doubt: and(self.answers.doubt)?,
            },
            shares: Shares {
                works: and(self.shares.works)?,
                partly: and(self.shares.partly)?,
                blocked: and(self.shares.blocked)?,
                unknown: and(self.shares.unknown)?,
            },
            causes,
        })
    }
}

impl<S: PacketSets> Engine<'_, S> {
    /// Answers for all packets between hosts, each with the port that it sits
    /// behind: the same as [`Engine::ask`] does for each two, answers included.
    ///
    /// Packets between hosts of one port are told of as well.
    ///
    /// `None` where it cannot be told at once: some device keeps sessions that
    /// matter, translates or marks packets. [`Engine::some_pairs`] is for all
    /// networks. Causes are looked for when they are wanted.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn everywhere(
        &mut self,
        hosts: &[(Port, AddressSet)],
        traffic: &Condition,
        causes: bool,
    ) -> Result<Option<Together<S::Set>>, SetError> {
        let machine = &mut self.machine;
        let world = Arc::clone(&machine.world);
        if !forgets(&world) {
            return Ok(None);
        }
        let mut each = Vec::with_capacity(hosts.len());
        for (port, hosts) in hosts {
            each.push((*port, Intervals::addresses(hosts)?));
        }
        let apart = apart(&world, &each);
        let mut wanted = apart.iter();
        each.retain(|_| wanted.next() == Some(&true));
        let parts = each.iter().flat_map(|(_, hosts)| hosts.parts());
        let all = Intervals::of(parts.copied().collect());
        let traffic = machine.traffic(Some(traffic))?;
        let asked = machine.between(&all, &all, traffic)?;
        let mut graph = Graph::new();
        let mut begins = Vec::new();
        for (port, hosts) in &each {
            begins.extend(machine.begin(&mut graph, Start::Segment(*port), hosts, &all)?);
        }
        let roots = begins.iter().flat_map(|begin| begin.nodes.iter().copied());
        graph.build(machine, roots.collect())?;
        let groups = groups(&graph);
        let (headers, uncut) = (machine.headers, Cut(Vec::new()));
        let links = each.iter().filter_map(|(port, _)| world.link_id(*port));
        let goal = Goal {
            links: links.collect(),
            ..Goal::default()
        };
        let solution = solve(machine, &graph, &groups, &goal, headers, &uncut)?;
        let whole = machine.joined(&solution, &begins)?;
        // With nothing to arrive at, what may arrive is what cannot be told.
        let goal = Goal::default();
        let solution = solve(machine, &graph, &groups, &goal, headers, &uncut)?;
        let untold = machine.joined(&solution, &begins)?.any_may;
        let there = whole.zip(Quad::of(asked), |a, b| machine.sets.and(a, b))?;
        let answers = machine.answers_alike(there, whole, untold)?;
        let round = machine.round(there, answers)?;
        let causes = match causes {
            true => {
                let starts = machine.starts(&begins, headers)?;
                let ways = explore(machine, &graph, &solution, &goal, &starts)?;
                machine.causes_alike(&graph, &ways.untold, there)?
            }
            false => Vec::new(),
        };
        let all = Everywhere {
            asked,
            there,
            answers,
            shares: machine.shares(asked, round)?,
            causes,
        };
        Ok(Some(Together { all, apart }))
    }
}

impl<S: PacketSets> Machine<'_, S> {
    /// Joins what holds at all beginnings, each for its own sources.
    fn joined(
        &mut self,
        solution: &Solution<S::Set>,
        begins: &[Begin<S::Set>],
    ) -> Result<Quad<S::Set>, SetError> {
        let mut alike: FxHashMap<Quad<S::Set>, Vec<S::Set>> = FxHashMap::default();
        for begin in begins {
            let mut value: Option<Quad<S::Set>> = None;
            for node in &begin.nodes {
                let next = solution.at(*node);
                value = Some(match value {
                    None => next,
                    Some(known) => choose(self, known, next)?,
                });
            }
            if let Some(value) = value {
                alike.entry(value).or_default().push(begin.part);
            }
        }
        let mut all = Quad::of(self.sets.empty());
        for (value, parts) in alike {
            let part = self.sets.any(&parts)?;
            let value = value.zip(Quad::of(part), |a, b| self.sets.and(a, b))?;
            all = all.zip(value, |a, b| self.sets.or(a, b))?;
        }
        Ok(all)
    }

    /// Finds what becomes of answers to packets that arrive by what becomes of
    /// all packets.
    fn answers_alike(
        &mut self,
        there: Quad<S::Set>,
        whole: Quad<S::Set>,
        untold: S::Set,
    ) -> Result<Answers<S::Set>, SetError> {
        let answering = self.answering()?;
        let arrived = self.sets.and(there.any_must, answering)?;
        let kept = self.sets.requests(whole.all_may)?;
        let returning = match whole.any_must == whole.all_may {
            true => kept,
            false => self.sets.requests(whole.any_must)?,
        };
        let doubtful = self.sets.and(there.any_may, untold)?;
        let doubted = self.sets.requests(untold)?;
        let doubted = self.sets.and(doubted, arrived)?;
        Ok(Answers {
            lost: self.sets.difference(arrived, kept)?,
            back: self.sets.and(arrived, returning)?,
            doubt: self.sets.or(doubtful, doubted)?,
        })
    }

    /// Finds for each cause the packets that meet it on their way, or their answers.
    fn causes_alike(
        &mut self,
        graph: &Graph<S>,
        untold: &[(u32, S::Set)],
        there: Quad<S::Set>,
    ) -> Result<Vec<(Unknown, S::Set)>, SetError> {
        let answering = self.answering()?;
        let arrived = self.sets.and(there.any_must, answering)?;
        let mut found: FxHashMap<&Unknown, S::Set> = FxHashMap::default();
        for (number, packets) in untold {
            for (unknown, concerned) in graph.causes(*number) {
                let met = match concerned {
                    None => *packets,
                    Some(concerned) => self.sets.and(*packets, *concerned)?,
                };
                let known = found.entry(unknown).or_insert(self.sets.empty());
                *known = self.sets.or(*known, met)?;
            }
        }
        let mut causes = Vec::with_capacity(found.len());
        for (unknown, met) in found {
            let answers = self.sets.requests(met)?;
            let answered = self.sets.and(answers, arrived)?;
            let sent = self.sets.and(met, there.any_may)?;
            let met = self.sets.or(sent, answered)?;
            causes.push((unknown.clone(), met));
        }
        causes.sort_by(|(a, _), (b, _)| (a.origin, &a.reason).cmp(&(b.origin, &b.reason)));
        Ok(causes)
    }
}

/// Tells whether no device remembers, rewrites or marks packets.
fn forgets<A: Address>(world: &World<'_, A>) -> bool {
    world.network.devices().all(|(id, device)| {
        world.facts(id).is_some_and(|facts| {
            !facts.sessions_matter && !facts.reads_mark && facts.reflects.is_empty()
        }) && !rewrites(device)
    })
}

fn rewrites(device: &Device) -> bool {
    let mut hooks = device.hooks.iter();
    let mut rules = device.chains.iter().flat_map(|chain| &chain.rules);
    hooks.any(|hook| hook.kind == HookKind::Translation)
        || rules.any(|rule| {
            matches!(
                rule.action,
                Action::Translate(_) | Action::SetMark { .. } | Action::NoTrack
            )
        })
}

/// Tells for each whether its hosts have no address in common with others, nor
/// with the prefix of an interface on another link.
fn apart<A: Address>(world: &World<'_, A>, hosts: &[(Port, Intervals<A>)]) -> Vec<bool> {
    let mut taken: Vec<(A, A, usize)> = Vec::new();
    for (index, (_, hosts)) in hosts.iter().enumerate() {
        let parts = hosts.parts().iter();
        taken.extend(parts.map(|(first, last)| (*first, *last, index)));
    }
    taken.sort_unstable();
    let mut shared = vec![false; hosts.len()];
    let mut furthest: Option<(A, usize)> = None;
    for (first, last, index) in &taken {
        if let Some((_, other)) = furthest.filter(|(end, _)| first <= end) {
            note(&mut shared, other);
            note(&mut shared, *index);
        }
        if furthest.is_none_or(|(end, _)| end < *last) {
            furthest = Some((*last, *index));
        }
    }
    // Those left are in the order of their last addresses, too.
    taken.retain(|(_, _, index)| shared.get(*index) == Some(&false));
    for (id, device) in world.network.devices() {
        for (interface, own) in device.interfaces().filter(|(_, own)| own.is_up()) {
            let link = world.link_id(Port {
                device: id,
                interface,
            });
            for own in &own.addresses {
                let net = own.net.trunc();
                let ends = A::from_ip(net.network()).zip(A::from_ip(net.broadcast()));
                let Some((first, last)) = ends else {
                    continue;
                };
                let from = taken.partition_point(|(_, end, _)| *end < first);
                let later = taken.get(from..).unwrap_or_default().iter();
                for (_, _, index) in later.take_while(|(start, _, _)| *start <= last) {
                    let home = hosts.get(*index).and_then(|(port, _)| world.link_id(*port));
                    if home != link {
                        note(&mut shared, *index);
                    }
                }
            }
        }
    }
    shared.into_iter().map(|shared| !shared).collect()
}

fn note(flags: &mut [bool], index: usize) {
    if let Some(flag) = flags.get_mut(index) {
        *flag = true;
    }
}
