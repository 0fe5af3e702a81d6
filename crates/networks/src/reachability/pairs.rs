//! All pairs of segments: who reaches whom, and back.
//!
//! The work is one destination at a time, for all sources at once. Sets made for
//! one destination are given back after its answers were looked at; several
//! threads work on clones of one engine.

use super::cones::{ConeId, Cones, groups};
use super::engine::{Begin, Engine, sorted};
use super::footprint::Footprint;
use super::graph::{Graph, NodeId};
use super::machine::Machine;
use super::place::Place;
use super::question::{Answers, Shares, Start, Verdict};
use super::solve::{Cut, Goal, Quad, Solution, solve};
use super::there::explore;
use crate::model::{Condition, Unknown};
use packets::{Address, AddressSet, Field, Intervals, PacketSets, SetError};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A segment that packets start from and arrive at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How its own packets start.
    pub start: Start,
    /// The addresses of its hosts, as they send.
    pub sources: AddressSet,
    /// The addresses by which others reach them.
    pub destinations: AddressSet,
    /// Where packets to them arrive.
    pub goal: Goal,
}

/// What all pairs are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Whether answers must come back, too.
    pub answered: bool,
    /// How many threads work; at least one does.
    pub threads: usize,
}

/// What holds between two endpoints.
#[derive(Debug, Clone)]
pub struct Pair<S> {
    /// The position of the one that sends.
    pub from: usize,
    /// The position of the one that receives.
    pub to: usize,
    /// All packets from the one to the other.
    pub asked: S,
    /// Which of them arrive.
    pub there: Quad<S>,
    /// Which of them arrive and have their answers come back.
    pub round: Quad<S>,
    /// What becomes of the answers, where that was asked.
    pub answers: Option<Answers<S>>,
    /// For which packets it works.
    pub shares: Shares<S>,
    /// What holds of all.
    pub verdict: Verdict,
    /// Why something cannot be told, sorted; found where answers were asked for.
    pub causes: Vec<Unknown>,
}

/// What is asked of one destination.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) to: usize,
    pub(super) senders: &'a [usize],
    pub(super) answered: bool,
}

/// The endpoints, with their addresses as intervals.
pub(super) struct Ends<'a, A> {
    pub(super) list: &'a [Endpoint],
    pub(super) sources: Vec<Intervals<A>>,
    pub(super) destinations: Vec<Intervals<A>>,
    /// What else packets between them are, where not all are asked for.
    traffic: Option<&'a Condition>,
}

impl<'a, A: Address> Ends<'a, A> {
    pub(super) fn new(list: &'a [Endpoint]) -> Result<Self, SetError> {
        let of = |get: fn(&Endpoint) -> &AddressSet| {
            list.iter()
                .map(|end| Intervals::addresses(get(end)))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            list,
            sources: of(|end| &end.sources)?,
            destinations: of(|end| &end.destinations)?,
            traffic: None,
        })
    }
}

impl<S> Engine<'_, S>
where
    S: PacketSets + Send,
    S::Set: Send + Sync,
    S::Mark: Send,
{
    /// Answers for every ordered pair of different endpoints, sources genuine.
    ///
    /// `look` sees each pair once, with the sets it is told in, which do not
    /// outlive the call; what it returns is collected by sender within receiver.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets of one destination do not fit.
    pub fn all_pairs<R: Send>(
        &mut self,
        endpoints: &[Endpoint],
        scope: Scope,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError> + Sync,
    ) -> Result<Vec<R>, SetError> {
        self.pairs(&Ends::new(endpoints)?, scope, |_, _| true, look)
    }

    /// The same for some receivers alone, by their positions.
    ///
    /// # Errors
    ///
    /// As [`Self::all_pairs`].
    pub fn pairs_to<R: Send>(
        &mut self,
        endpoints: &[Endpoint],
        receivers: &[usize],
        scope: Scope,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError> + Sync,
    ) -> Result<Vec<R>, SetError> {
        let wanted = |_, to| receivers.contains(&to);
        self.pairs(&Ends::new(endpoints)?, scope, wanted, look)
    }

    /// The same for the pairs that are wanted, by sender and receiver, and for some
    /// traffic alone.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets of one destination do not fit.
    pub fn some_pairs<R: Send>(
        &mut self,
        endpoints: &[Endpoint],
        traffic: &Condition,
        scope: Scope,
        wanted: impl Fn(usize, usize) -> bool + Sync,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError> + Sync,
    ) -> Result<Vec<R>, SetError> {
        let ends = Ends {
            traffic: Some(traffic),
            ..Ends::new(endpoints)?
        };
        self.pairs(&ends, scope, wanted, look)
    }

    fn pairs<R: Send>(
        &mut self,
        ends: &Ends<'_, S::Key>,
        scope: Scope,
        wanted: impl Fn(usize, usize) -> bool + Sync,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError> + Sync,
    ) -> Result<Vec<R>, SetError> {
        let count = ends.list.len();
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Vec<R>)>> = Mutex::new(Vec::with_capacity(count));
        let failed: Mutex<Option<SetError>> = Mutex::new(None);
        let work = |machine: &mut Machine<'_, S>| {
            let mut cones = Cones::new();
            loop {
                let to = next.fetch_add(1, Ordering::Relaxed);
                if to >= count {
                    return;
                }
                let senders: Vec<usize> = (0..count).filter(|from| wanted(*from, to)).collect();
                let asked = Asked {
                    to,
                    senders: &senders,
                    answered: scope.answered,
                };
                match machine.destination(ends, asked, &mut cones, None, &look) {
                    Ok(results) => lock(&done).push((to, results)),
                    Err(error) => {
                        *lock(&failed) = Some(error);
                        next.store(count, Ordering::Relaxed);
                        return;
                    }
                }
            }
        };
        if scope.threads > 1 {
            std::thread::scope(|threads| {
                for _ in 1..scope.threads {
                    let mut machine = self.machine.clone();
                    threads.spawn(move || work(&mut machine));
                }
                work(&mut self.machine);
            });
        } else {
            work(&mut self.machine);
        }
        if let Some(error) = lock(&failed).take() {
            return Err(error);
        }
        let mut done = std::mem::take(&mut *lock(&done));
        done.sort_by_key(|(to, _)| *to);
        Ok(done.into_iter().flat_map(|(_, results)| results).collect())
    }
}

/// Takes a lock; what a thread that failed left behind is as good as any.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl<S: PacketSets> Machine<'_, S> {
    /// Answers for one destination and some senders, and notes where packets went.
    pub(super) fn destination<R>(
        &mut self,
        ends: &Ends<'_, S::Key>,
        asked: Asked<'_>,
        cones: &mut Cones<S::Key>,
        footprint: Option<&mut Footprint>,
        look: &impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError>,
    ) -> Result<Vec<R>, SetError> {
        let Asked {
            to,
            senders,
            answered,
        } = asked;
        let mut results = Vec::with_capacity(senders.len());
        let (Some(endpoint), Some(destinations)) = (ends.list.get(to), ends.destinations.get(to))
        else {
            return Ok(results);
        };
        let (mark, before) = (self.sets.mark(), self.compilations);
        let mut graph = Graph::new();
        let mut begins: Vec<(usize, Vec<Begin<S::Set>>)> = Vec::with_capacity(senders.len());
        for &from in senders.iter().filter(|from| **from != to) {
            if let (Some(sender), Some(sources)) = (ends.list.get(from), ends.sources.get(from)) {
                let nodes = self.begin(&mut graph, sender.start, sources, destinations)?;
                begins.push((from, nodes));
            }
        }
        let nodes = begins.iter().flat_map(|(_, begins)| begins);
        graph.build(
            self,
            nodes
                .flat_map(|begin| begin.nodes.iter().copied())
                .collect(),
        )?;
        let groups = groups(&graph);
        let at = spread(&graph, &groups, &begins, ends, cones);
        let cut = self.cut(&graph, &at, cones)?;
        let headers = self.headers;
        let solution = solve(self, &graph, &groups, &endpoint.goal, headers, &cut)?;
        let mut back = Graph::new();
        for (from, begins) in &begins {
            let graphs = (&graph, &mut back);
            let pair = self.pair(graphs, &solution, ends, (*from, to), begins, answered)?;
            results.push(look(&mut self.sets, &pair)?);
        }
        if let Some(footprint) = footprint {
            *footprint = Footprint::of((&graph, &back), &at, cones);
        }
        self.release(mark, before)?;
        Ok(results)
    }

    /// Finds which packets can be at the places where they enter devices.
    fn cut(
        &mut self,
        graph: &Graph<S>,
        at: &[ConeId],
        cones: &Cones<S::Key>,
    ) -> Result<Cut<S::Set>, SetError> {
        let mut made: FxHashMap<ConeId, S::Set> = FxHashMap::default();
        let mut cut = vec![None; graph.len()];
        for ((node, cone), place) in graph.nodes().zip(at).zip(&mut cut) {
            if !matches!(node.place, Place::Enter { .. } | Place::Delivered { .. }) {
                continue;
            }
            let set = match made.get(cone) {
                Some(set) => *set,
                None => {
                    let sources = cones.get(*cone).cloned().unwrap_or_default();
                    let set = self.sets.field(Field::Source, &sources)?;
                    made.insert(*cone, set);
                    set
                }
            };
            *place = Some(set);
        }
        Ok(Cut(cut))
    }

    fn pair(
        &mut self,
        (graph, back): (&Graph<S>, &mut Graph<S>),
        solution: &Solution<S::Set>,
        ends: &Ends<'_, S::Key>,
        (from, to): (usize, usize),
        begins: &[Begin<S::Set>],
        answered: bool,
    ) -> Result<Pair<S::Set>, SetError> {
        let nobody = Intervals::none();
        let sources = ends.sources.get(from).unwrap_or(&nobody);
        let destinations = ends.destinations.get(to).unwrap_or(&nobody);
        let traffic = self.traffic(ends.traffic)?;
        let asked = self.between(sources, destinations, traffic)?;
        let there = self.value_at(solution, begins, asked)?;
        let (mut round, mut answers) = (there, None);
        let mut causes = FxHashSet::default();
        if let (true, Some(sender), Some(receiver)) = (
            answered && !self.sets.is_empty(there.any_may),
            ends.list.get(from),
            ends.list.get(to),
        ) {
            let starts = self.starts(begins, asked)?;
            let ways = explore(self, graph, solution, &receiver.goal, &starts)?;
            self.causes(graph, &ways.untold, &mut causes)?;
            let home = self.home(sender.start);
            let found = self.answers((graph, back), &ways, &home, sources, &mut causes)?;
            round = self.round(there, found)?;
            answers = Some(found);
        }
        let shares = self.shares(asked, round)?;
        let verdict = self.verdict(asked, &shares);
        Ok(Pair {
            from,
            to,
            asked,
            there,
            round,
            answers,
            shares,
            verdict,
            causes: sorted(causes),
        })
    }
}

/// Finds the sources that packets can have at every node.
fn spread<S: PacketSets>(
    graph: &Graph<S>,
    groups: &[Vec<NodeId>],
    begins: &[(usize, Vec<Begin<S::Set>>)],
    ends: &Ends<'_, S::Key>,
    cones: &mut Cones<S::Key>,
) -> Vec<ConeId> {
    let mut first = Vec::new();
    for (from, begins) in begins {
        let Some(sources) = ends.sources.get(*from) else {
            continue;
        };
        let cone = cones.id(sources.clone());
        let nodes = begins.iter().flat_map(|begin| begin.nodes.iter().copied());
        first.extend(nodes.map(|node| (node, cone)));
    }
    cones.spread(graph, groups, &first)
}
