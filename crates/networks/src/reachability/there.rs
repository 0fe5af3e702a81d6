//! The ways there: which packets arrive, and what devices remember of them then.

use super::graph::{Edge, EdgeTurn, Graph, NodeId, RewriteId};
use super::limits::{STATES_MAX, TRANSLATIONS_MAX};
use super::machine::Machine;
use super::place::{Phase, Place};
use super::solve::{Goal, Solution};
use super::trail::{FRESH, Memory, Space, TrailId, Trails, Translated, Visit};
use packets::{Field, PacketSets, SetError};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What the ways there come to.
#[derive(Debug)]
pub(super) struct There<S> {
    pub(super) trails: Trails,
    /// Packets before each translation, by the trail it ends.
    pub(super) before: FxHashMap<TrailId, S>,
    /// Packets that arrived.
    pub(super) arrived: Vec<Arrived<S>>,
    /// Packets, as they were sent, of which it cannot be told on some way.
    pub(super) doubt: S,
    /// Where it could not be told: the number of the causes, and the packets there.
    pub(super) untold: Vec<(u32, S)>,
}

/// Packets that arrived at one place with one trail.
#[derive(Debug)]
pub(super) struct Arrived<S> {
    pub(super) trail: TrailId,
    pub(super) node: NodeId,
    pub(super) packets: S,
}

/// What a device has done so far to packets that are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Here {
    came: Space,
    decided: Space,
    track: bool,
    mapped: bool,
}

type Key = (NodeId, TrailId, Here);

struct State<S> {
    key: Key,
    seen: S,
    pending: S,
}

struct Exploration<'a, 'n, S: PacketSets> {
    machine: &'a mut Machine<'n, S>,
    graph: &'a Graph<S>,
    solution: &'a Solution<S::Set>,
    goal: &'a Goal,
    states: Vec<State<S::Set>>,
    index: FxHashMap<Key, usize>,
    queue: VecDeque<usize>,
    there: There<S::Set>,
}

/// Follows packets from their first nodes to where they arrive.
pub(super) fn explore<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    graph: &Graph<S>,
    solution: &Solution<S::Set>,
    goal: &Goal,
    starts: &[(NodeId, S::Set)],
) -> Result<There<S::Set>, SetError> {
    let doubt = machine.sets.empty();
    let there = There {
        trails: Trails::new(),
        before: FxHashMap::default(),
        arrived: Vec::new(),
        doubt,
        untold: Vec::new(),
    };
    let mut exploration = Exploration {
        machine,
        graph,
        solution,
        goal,
        states: Vec::new(),
        index: FxHashMap::default(),
        queue: VecDeque::new(),
        there,
    };
    for (node, packets) in starts {
        let possible = exploration.solution.at(*node).any_may;
        let packets = exploration.machine.sets.and(*packets, possible)?;
        exploration.arrive((*node, FRESH, Here::default()), packets)?;
    }
    while let Some(state) = exploration.queue.pop_front() {
        exploration.follow(state)?;
    }
    Ok(exploration.there)
}

impl<S: PacketSets> Exploration<'_, '_, S> {
    fn arrive(&mut self, key: Key, packets: S::Set) -> Result<(), SetError> {
        let empty = self.machine.sets.empty();
        let state = match self.index.get(&key) {
            Some(known) => *known,
            None => {
                self.states.push(State {
                    key,
                    seen: empty,
                    pending: empty,
                });
                self.index.insert(key, self.states.len() - 1);
                self.states.len() - 1
            }
        };
        let Some(known) = self.states.get_mut(state) else {
            return Ok(());
        };
        let new = self.machine.sets.difference(packets, known.seen)?;
        if self.machine.sets.is_empty(new) {
            return Ok(());
        }
        known.seen = self.machine.sets.or(known.seen, new)?;
        if self.machine.sets.is_empty(known.pending) {
            self.queue.push_back(state);
        }
        known.pending = self.machine.sets.or(known.pending, new)?;
        Ok(())
    }

    fn follow(&mut self, state: usize) -> Result<(), SetError> {
        let empty = self.machine.sets.empty();
        let many = self.states.len() > STATES_MAX;
        let Some(known) = self.states.get_mut(state) else {
            return Ok(());
        };
        let (node, trail, mut here) = known.key;
        let packets = std::mem::replace(&mut known.pending, empty);
        let Some(place) = self.graph.get(node).map(|node| node.place) else {
            return Ok(());
        };
        if let Place::Unknown(causes) = place {
            self.there.untold.push((causes, packets));
        }
        if many || matches!(place, Place::Unknown(_)) {
            return self.give_up(trail, packets);
        }
        let mut trail = trail;
        match place {
            Place::Enter { .. } | Place::Send { .. } => {
                let space = self.there.trails.space(trail);
                here = Here {
                    came: space,
                    decided: space,
                    track: false,
                    mapped: false,
                };
            }
            Place::Wire { device, kept, .. } | Place::Accepted { device, kept } => {
                let left = self.there.trails.space(trail);
                let session = kept.session || here.track && kept.on_request;
                let mapped = kept.translation && (here.mapped || left > here.came);
                if session || mapped {
                    let Here { came, decided, .. } = here;
                    let visit = Visit {
                        device,
                        came,
                        decided,
                        left,
                        session,
                        mapped,
                    };
                    trail = self.there.trails.with_once(trail, Memory::Visit(visit));
                }
                here = Here::default();
            }
            _ => {}
        }
        if self.goal.counts(self.machine, place) {
            let arriving = self.goal.arriving(self.machine)?;
            let packets = self.machine.sets.and(packets, arriving)?;
            if self.machine.sets.is_empty(packets) {
                return Ok(());
            }
            return self.end(trail, node, packets);
        }
        let graph = self.graph;
        for edge in graph.edges(node) {
            self.take(edge, place, trail, here, packets)?;
        }
        Ok(())
    }

    /// Sends packets along one edge.
    fn take(
        &mut self,
        edge: &Edge<S::Set>,
        place: Place,
        mut trail: TrailId,
        mut here: Here,
        packets: S::Set,
    ) -> Result<(), SetError> {
        let mut packets = match edge.guard {
            Some(guard) => self.machine.sets.and(packets, guard)?,
            None => packets,
        };
        if self.machine.sets.is_empty(packets) {
            return Ok(());
        }
        let mut choice = edge.next.len() > 1;
        here.track |= edge.note.track;
        if let (Some(name), Place::Hook(at)) = (edge.note.reflect, place) {
            let space = self.there.trails.space(trail);
            let memory = Memory::Reflected {
                device: at.device,
                name,
                space,
            };
            trail = self.there.trails.with_once(trail, memory);
        }
        let EdgeTurn::Rewrite(id) = edge.turn else {
            return self.go(edge, trail, here, packets, choice);
        };
        let Some(rewriting) = self.graph.rewriting(id) else {
            return Ok(());
        };
        choice |= rewriting.choice;
        let Some(phase) = edge.note.translated else {
            packets = self.machine.sets.image(&rewriting.rewrite, packets)?;
            return self.go(edge, trail, here, packets, choice);
        };
        here.mapped = true;
        let picks = if rewriting.picks.is_empty() {
            vec![id]
        } else {
            rewriting.picks.clone()
        };
        for pick in picks {
            self.translate(edge, (pick, phase), trail, here, packets, choice)?;
        }
        Ok(())
    }

    /// Sends packets along an edge that translates them, by one rewrite of it.
    fn translate(
        &mut self,
        edge: &Edge<S::Set>,
        (id, phase): (RewriteId, Phase),
        trail: TrailId,
        here: Here,
        packets: S::Set,
        choice: bool,
    ) -> Result<(), SetError> {
        let Some(rewriting) = self.graph.rewriting(id) else {
            return Ok(());
        };
        let kept = self.machine.sets.fields(&rewriting.kept)?;
        let staying = self.machine.sets.and(packets, kept)?;
        let changed = self.machine.sets.difference(packets, kept)?;
        for (packets, kept) in [(staying, true), (changed, false)] {
            if self.machine.sets.is_empty(packets) {
                continue;
            }
            let (mut trail, mut here) = (trail, here);
            if !kept || rewriting.choice {
                if usize::from(self.there.trails.space(trail)) >= TRANSLATIONS_MAX {
                    self.give_up(trail, packets)?;
                    continue;
                }
                let next = edge.next.first().copied();
                let memory = Memory::Translated {
                    rewrite: id,
                    next,
                    kept,
                    track: here.track,
                };
                trail = self.there.trails.with(trail, memory);
                let unmarked = self.machine.sets.exists(packets, Field::Mark)?;
                let empty = self.machine.sets.empty();
                let before = self.there.before.entry(trail).or_insert(empty);
                *before = self.machine.sets.or(*before, unmarked)?;
            }
            if phase == Phase::Before {
                here.decided = self.there.trails.space(trail);
            }
            let after = self.machine.sets.image(&rewriting.rewrite, packets)?;
            self.go(edge, trail, here, after, choice)?;
        }
        Ok(())
    }

    /// Takes packets to where an edge leads.
    fn go(
        &mut self,
        edge: &Edge<S::Set>,
        trail: TrailId,
        here: Here,
        packets: S::Set,
        choice: bool,
    ) -> Result<(), SetError> {
        for next in &edge.next {
            let mut going = packets;
            if choice {
                // Elsewhere the packets of a node are those that can arrive.
                let possible = self.solution.at(*next).any_may;
                going = self.machine.sets.and(packets, possible)?;
            }
            self.arrive((*next, trail, here), going)?;
        }
        Ok(())
    }

    fn end(&mut self, trail: TrailId, node: NodeId, packets: S::Set) -> Result<(), SetError> {
        let packets = self.machine.sets.exists(packets, Field::Mark)?;
        let same = |known: &&mut Arrived<S::Set>| known.trail == trail && known.node == node;
        if let Some(known) = self.there.arrived.iter_mut().find(same) {
            known.packets = self.machine.sets.or(known.packets, packets)?;
        } else {
            self.there.arrived.push(Arrived {
                trail,
                node,
                packets,
            });
        }
        Ok(())
    }

    fn give_up(&mut self, trail: TrailId, packets: S::Set) -> Result<(), SetError> {
        let sent = self.there.sent(self.machine, self.graph, trail, packets)?;
        self.there.doubt = self.machine.sets.or(self.there.doubt, sent)?;
        Ok(())
    }
}

impl<T: Copy + PartialEq> There<T> {
    /// Returns packets as they came to a translation that makes them these.
    pub(super) fn before<S: PacketSets<Set = T>>(
        &self,
        machine: &mut Machine<'_, S>,
        graph: &Graph<S>,
        translated: &Translated,
        after: T,
    ) -> Result<T, SetError> {
        let Some(rewriting) = graph.rewriting(translated.rewrite) else {
            return Ok(machine.sets.empty());
        };
        let packets = machine.sets.pre_image_any(&rewriting.plain, after)?;
        let before = self.before.get(&translated.trail).copied();
        machine
            .sets
            .and(packets, before.unwrap_or(machine.sets.empty()))
    }

    /// Returns packets as they were sent that are these at the end of a trail.
    pub(super) fn sent<S: PacketSets<Set = T>>(
        &self,
        machine: &mut Machine<'_, S>,
        graph: &Graph<S>,
        trail: TrailId,
        packets: T,
    ) -> Result<T, SetError> {
        let mut packets = machine.sets.exists(packets, Field::Mark)?;
        for translated in self.trails.translations(trail).into_iter().rev() {
            packets = self.before(machine, graph, &translated, packets)?;
        }
        Ok(packets)
    }
}
