//! Questions answered.

use super::back::answers;
use super::condition::Evaluation;
use super::cones::groups;
use super::context::{Context, Role, Seen};
use super::graph::{Graph, NodeId};
use super::machine::Machine;
use super::place::{Held, Place};
use super::question::{Answer, Answers, Question, Shares, Start, Summary, Verdict};
use super::solve::{Cut, Goal, Quad, Solution, solve};
use super::there::{There, explore};
use super::world::{LinkId, World};
use crate::forwarding::Routing;
use crate::model::{Condition, ConnectionState, DeviceId, Network, Port, Unknown};
use packets::{Address, Field, Intervals, PacketSets, SetError, preferred};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Answers questions about packets of one address family in one network.
///
/// What is compiled for one question serves the next ones. A clone serves one
/// more thread.
#[derive(Debug, Clone)]
pub struct Engine<'n, S: PacketSets> {
    pub(super) machine: Machine<'n, S>,
}

/// Where a question's packets begin: nodes that the network chooses between,
/// for each part of the sources.
pub(super) struct Begin<S> {
    pub(super) part: S,
    pub(super) nodes: Vec<NodeId>,
}

impl<'n, S: PacketSets> Engine<'n, S> {
    /// Prepares a network, with what its routing comes to.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where `sets` has hardly any room at all.
    pub fn new(network: &'n Network, routing: &'n Routing, sets: S) -> Result<Self, SetError> {
        let world = World::new(network, routing);
        Ok(Self {
            machine: Machine::new(world, sets)?,
        })
    }

    /// Gives the sets, to look into the sets of an answer.
    pub fn sets(&mut self) -> &mut S {
        &mut self.machine.sets
    }

    /// Returns the link of a port; one in no link of the network is alone on its own.
    pub fn link(&self, port: Port) -> Option<LinkId> {
        self.machine.world.link_id(port)
    }

    /// Answers a question with sets, which stay until the engine is dropped.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn ask(&mut self, question: &Question) -> Result<Answer<S::Set>, SetError> {
        let machine = &mut self.machine;
        let sources = intervals::<S>(&question.sources)?;
        let destinations = intervals::<S>(&question.destinations)?;
        let traffic = machine.traffic(Some(&question.traffic))?;
        let asked = machine.between(&sources, &destinations, traffic)?;
        let mut graph = Graph::new();
        let begins = machine.begin(&mut graph, question.from, &sources, &destinations)?;
        let roots = begins
            .iter()
            .flat_map(|begin| begin.nodes.iter().copied())
            .collect();
        graph.build(machine, roots)?;
        // What is not asked for by its source may be after translation.
        let headers = machine.headers;
        let (goal, groups) = (&question.goal, groups(&graph));
        let solution = solve(machine, &graph, &groups, goal, headers, &Cut(Vec::new()))?;
        let there = machine.value_at(&solution, &begins, asked)?;
        let mut causes = FxHashSet::default();
        let undecided = there.all_must != there.all_may || there.any_must != there.any_may;
        let (mut round, mut answered) = (there, None);
        if question.answered || undecided {
            let starts = machine.starts(&begins, asked)?;
            let ways = explore(machine, &graph, &solution, &question.goal, &starts)?;
            machine.causes(&graph, &ways.untold, &mut causes)?;
            if question.answered {
                let home = machine.home(question.from);
                let mut back = Graph::new();
                let graphs = (&graph, &mut back);
                let found = machine.answers(graphs, &ways, &home, &sources, &mut causes)?;
                round = machine.round(there, found)?;
                answered = Some(found);
            }
        }
        let shares = machine.shares(asked, round)?;
        let verdict = machine.verdict(asked, &shares);
        Ok(Answer {
            asked,
            there,
            round,
            answers: answered,
            shares,
            verdict,
            causes: sorted(causes),
        })
    }

    /// Answers a question in a few packets, and gives the memory of its sets back.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn summarise(&mut self, question: &Question) -> Result<Summary, SetError> {
        self.with_answer(question, |engine, answer| engine.summary(answer))
    }

    /// Answers a question, shows the answer, and gives the memory of its sets
    /// back: they do not outlive the call.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn with_answer<R>(
        &mut self,
        question: &Question,
        look: impl FnOnce(&mut Self, &Answer<S::Set>) -> Result<R, SetError>,
    ) -> Result<R, SetError> {
        let (mark, before) = (self.machine.sets.mark(), self.machine.compilations);
        let answer = self.ask(question)?;
        let result = look(self, &answer)?;
        self.machine.release(mark, before)?;
        Ok(result)
    }

    /// Shows an answer in a few packets.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit.
    pub fn summary(&mut self, answer: &Answer<S::Set>) -> Result<Summary, SetError> {
        let sets = &mut self.machine.sets;
        let nice = preferred(S::Key::FAMILY);
        let not_there = sets.difference(answer.asked, answer.there.all_may)?;
        Ok(Summary {
            verdict: answer.verdict,
            stopped_there: !sets.is_empty(not_there),
            works: sets.witness(answer.shares.works, &nice)?,
            partly: sets.witness(answer.shares.partly, &nice)?,
            blocked: sets.witness(answer.shares.blocked, &nice)?,
            unknown: sets.witness(answer.shares.unknown, &nice)?,
            causes: answer.causes.clone(),
        })
    }
}

/// Returns causes in the order of the files.
pub(super) fn sorted(causes: impl IntoIterator<Item = Unknown>) -> Vec<Unknown> {
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|a, b| (a.origin, &a.reason).cmp(&(b.origin, &b.reason)));
    causes
}

pub(super) fn intervals<S: PacketSets>(
    set: &packets::AddressSet,
) -> Result<Intervals<S::Key>, SetError> {
    Intervals::addresses(set)
}

impl<S: PacketSets> Machine<'_, S> {
    /// Returns the packets of some traffic; all without any.
    pub(super) fn traffic(&mut self, traffic: Option<&Condition>) -> Result<S::Set, SetError> {
        let Some(traffic) = traffic else {
            return Ok(self.sets.full());
        };
        let mut causes = Vec::new();
        let seen = Seen::As(ConnectionState::New);
        let role = Role::Matcher;
        let context = Context {
            enters: None,
            leaves: None,
            seen,
            reflected: 0,
            exempt: false,
            role,
        };
        let device = DeviceId(u32::MAX);
        let mut evaluation = Evaluation {
            device,
            context,
            origin: None,
            causes: &mut causes,
        };
        Ok(self.truth(traffic, &mut evaluation, 0)?.may)
    }

    /// Returns the packets between addresses that are also in a set.
    pub(super) fn between(
        &mut self,
        sources: &Intervals<S::Key>,
        destinations: &Intervals<S::Key>,
        traffic: S::Set,
    ) -> Result<S::Set, SetError> {
        let ends = packets::Fields::any()
            .with(Field::Source, sources)
            .with(Field::Destination, destinations);
        let ends = self.sets.fields(&ends)?;
        let real = self.sets.and(ends, self.headers)?;
        self.sets.and(real, traffic)
    }

    /// Makes the nodes where packets begin.
    pub(super) fn begin(
        &mut self,
        graph: &mut Graph<S>,
        from: Start,
        sources: &Intervals<S::Key>,
        destinations: &Intervals<S::Key>,
    ) -> Result<Vec<Begin<S::Set>>, SetError> {
        let held = Held::default();
        let slice = graph.slice_id(destinations);
        let place = match from {
            Start::Device(device) => Place::Send { device, held },
            Start::Port(port) => Place::Enter { port, held },
            Start::Segment(port) => {
                let world = Arc::clone(&self.world);
                let mut begins = Vec::new();
                for (part, gateways) in world.gateways_of(port, sources) {
                    let part = self.from(&part)?;
                    let enter = |port: Port| Place::Enter { port, held };
                    let nodes = gateways
                        .into_iter()
                        .map(|port| graph.node(enter(port), slice));
                    begins.push(Begin {
                        part,
                        nodes: nodes.collect(),
                    });
                }
                return Ok(begins);
            }
        };
        Ok(vec![Begin {
            part: self.sets.full(),
            nodes: vec![graph.node(place, slice)],
        }])
    }

    /// Returns which of the packets asked for arrive.
    pub(super) fn value_at(
        &mut self,
        solution: &Solution<S::Set>,
        begins: &[Begin<S::Set>],
        asked: S::Set,
    ) -> Result<Quad<S::Set>, SetError> {
        let mut result = Quad::of(self.sets.empty());
        for begin in begins {
            let mut value: Option<Quad<S::Set>> = None;
            for node in &begin.nodes {
                let next = solution.at(*node);
                value = Some(match value {
                    None => next,
                    Some(known) => super::solve::choose(self, known, next)?,
                });
            }
            let part = self.sets.and(asked, begin.part)?;
            if let Some(value) = value {
                let value = value.zip(Quad::of(part), |a, b| self.sets.and(a, b))?;
                result = result.zip(value, |a, b| self.sets.or(a, b))?;
            }
        }
        Ok(result)
    }

    pub(super) fn starts(
        &mut self,
        begins: &[Begin<S::Set>],
        asked: S::Set,
    ) -> Result<Vec<(NodeId, S::Set)>, SetError> {
        let mut starts = Vec::new();
        for begin in begins {
            let part = self.sets.and(asked, begin.part)?;
            starts.extend(begin.nodes.iter().map(|node| (*node, part)));
        }
        Ok(starts)
    }

    /// Returns where answers must come.
    pub(super) fn home(&self, from: Start) -> Goal {
        match from {
            Start::Device(device) => Goal {
                devices: vec![device],
                ..Goal::default()
            },
            Start::Port(port) | Start::Segment(port) => {
                let links = self.world.link_id(port).into_iter().collect();
                Goal {
                    links,
                    ..Goal::default()
                }
            }
        }
    }

    /// Follows the answers to all packets that arrive.
    pub(super) fn answers(
        &mut self,
        (graph, back): (&Graph<S>, &mut Graph<S>),
        ways: &There<S::Set>,
        home: &Goal,
        sources: &Intervals<S::Key>,
        causes: &mut FxHashSet<Unknown>,
    ) -> Result<Answers<S::Set>, SetError> {
        let (mut lost, mut doubt) = (self.sets.empty(), ways.doubt);
        let mut returned = self.sets.empty();
        for arrived in &ways.arrived {
            let answered = answers(self, (graph, &mut *back), ways, arrived, home, sources)?;
            lost = self.sets.or(lost, answered.lost)?;
            doubt = self.sets.or(doubt, answered.doubt)?;
            returned = self.sets.or(returned, answered.back)?;
            self.causes(back, &answered.untold, causes)?;
        }
        let answering = self.answering()?;
        let returned = self.sets.and(returned, answering)?;
        Ok(Answers {
            back: returned,
            lost,
            doubt,
        })
    }

    /// Returns which packets arrive and have their answers come back.
    pub(super) fn round(
        &mut self,
        there: Quad<S::Set>,
        Answers {
            back: returned,
            lost,
            doubt,
        }: Answers<S::Set>,
    ) -> Result<Quad<S::Set>, SetError> {
        let answering = self.answering()?;
        let silent = self.sets.not(answering);
        let all_may = self.sets.difference(there.all_may, lost)?;
        let all_must = self.sets.difference(there.all_must, lost)?;
        let all_must = self.sets.difference(all_must, doubt)?;
        let possibly = self.sets.or(returned, doubt)?;
        let answered = |machine: &mut Self, back: S::Set, sent: S::Set| {
            let back = machine.sets.and(back, answering)?;
            let unanswered = machine.sets.and(sent, silent)?;
            let both = machine.sets.or(back, unanswered)?;
            machine.sets.and(both, sent)
        };
        Ok(Quad {
            all_must: answered(self, all_must, there.all_must)?,
            any_must: answered(self, returned, there.any_must)?,
            all_may: answered(self, all_may, there.all_may)?,
            any_may: answered(self, possibly, there.any_may)?,
        })
    }

    /// Returns the packets that have an answer of their own.
    pub(super) fn answering(&mut self) -> Result<S::Set, SetError> {
        if let Some(known) = self.answering {
            return Ok(known);
        }
        let all = self.sets.full();
        let set = self.sets.requests(all)?;
        self.compilations += 1;
        self.answering = Some(set);
        Ok(set)
    }

    /// Adds the causes that packets met.
    pub(super) fn causes(
        &mut self,
        graph: &Graph<S>,
        untold: &[(u32, S::Set)],
        causes: &mut FxHashSet<Unknown>,
    ) -> Result<(), SetError> {
        for (number, packets) in untold {
            for (unknown, concerned) in graph.causes(*number) {
                if causes.contains(unknown) {
                    continue;
                }
                let meets = match concerned {
                    None => *packets,
                    Some(concerned) => self.sets.and(*packets, *concerned)?,
                };
                if !self.sets.is_empty(meets) {
                    causes.insert(unknown.clone());
                }
            }
        }
        Ok(())
    }

    /// Parts the packets asked for by what holds of them.
    pub(super) fn shares(
        &mut self,
        asked: S::Set,
        quad: Quad<S::Set>,
    ) -> Result<Shares<S::Set>, SetError> {
        let sets = &mut self.sets;
        let works = sets.and(asked, quad.all_must)?;
        let blocked = sets.difference(asked, quad.any_may)?;
        let some = sets.difference(quad.any_must, quad.all_may)?;
        let partly = sets.and(asked, some)?;
        let known = sets.any(&[works, partly, blocked])?;
        let unknown = sets.difference(asked, known)?;
        Ok(Shares {
            works,
            partly,
            blocked,
            unknown,
        })
    }

    pub(super) fn verdict(&self, asked: S::Set, shares: &Shares<S::Set>) -> Verdict {
        let is = |set: S::Set| !self.sets.is_empty(set);
        let (yes, no) = (
            is(shares.works) || is(shares.partly),
            is(shares.blocked) || is(shares.partly),
        );
        if !is(asked) {
            return Verdict::Vacuous;
        }
        match (yes, no, is(shares.unknown)) {
            (true, true, _) => Verdict::Partly,
            (_, _, true) => Verdict::Unknown,
            (true, false, false) => Verdict::Works,
            (false, _, false) => Verdict::Blocked,
        }
    }
}
