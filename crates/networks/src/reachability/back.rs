//! The ways back: whether the answers to packets that arrived return.
//!
//! Answers are followed in terms of what they answer. A packet of one trail had
//! one header in each *space* between translations; an answer is in space `k`
//! when it is the reply to the packet as it was there. A device that undoes its
//! translation takes the answer to an earlier space. Whatever is lost on the way
//! is then traced back through the same translations to packets as they were
//! sent. "Lost on some way" is what counts: what is never lost, returns always.

use super::astray::Strays;
use super::graph::{Edge, EdgeTurn, Graph, NodeId};
use super::limits::STATES_MAX;
use super::machine::Machine;
use super::place::{Held, Phase, Place};
use super::seeded::bug;
use super::solve::Goal;
use super::there::{Arrived, There};
use super::trail::{Form, Memory, Space, Translated, Visit};
use crate::model::DeviceId;
use packets::{Field, Intervals, PacketSets, SetError};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// What becomes of the answers, in terms of packets as they were sent.
#[derive(Debug, Clone)]
pub(super) struct Answered<S> {
    /// The answer is lost on some way.
    pub(super) lost: S,
    /// On some way it cannot be told.
    pub(super) doubt: S,
    /// It comes back on some way.
    pub(super) back: S,
    /// Where it could not be told: the number of the causes, and the answers there.
    pub(super) untold: Vec<(u32, S)>,
}

/// Answers at one place: the node, how their header stands to what they answer,
/// and which visit their device remembers.
pub(super) type Key = (NodeId, Form, Option<usize>);

pub(super) struct State<S> {
    pub(super) key: Key,
    pub(super) seen: S,
    pending: S,
}

/// Answers that went from one state to another without a change of header.
pub(super) struct Step {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) edge: usize,
}

/// The answers to packets that arrived at one place with one trail.
pub(super) struct Answers<'a, 'n, S: PacketSets> {
    pub(super) machine: &'a mut Machine<'n, S>,
    /// The graph of the ways there.
    forth: &'a Graph<S>,
    /// The graph of the ways back.
    pub(super) graph: &'a mut Graph<S>,
    there: &'a There<S::Set>,
    /// Where answers must come.
    pub(super) home: &'a Goal,
    arrived: &'a Arrived<S::Set>,
    /// The packets by space, as they came to its end.
    packets: Vec<S::Set>,
    /// The translations on the way there, the first one first.
    pub(super) translations: Vec<Translated>,
    /// What devices remember, the newest first.
    pub(super) visits: Vec<Visit>,
    pub(super) reflected: Vec<(DeviceId, u8, Space)>,
    /// The sources of packets, hence the destinations of answers, by space.
    sources: Vec<Intervals<S::Key>>,
    /// The answers to everything in a space.
    expected: Vec<Option<S::Set>>,
    pub(super) states: Vec<State<S::Set>>,
    index: FxHashMap<Key, usize>,
    queue: VecDeque<usize>,
    pub(super) steps: Vec<Step>,
    /// What devices translated that remember nothing.
    pub(super) strays: Strays<S>,
    /// Answers lost, and in doubt, as they stood then; and those that came home.
    lost: FxHashMap<Form, S::Set>,
    doubt: FxHashMap<Form, S::Set>,
    back: S::Set,
    untold: Vec<(u32, S::Set)>,
}

/// Finds what becomes of the answers to packets that arrived.
///
/// `sources` are the source addresses of the packets as they were sent.
pub(super) fn answers<S: PacketSets>(
    machine: &mut Machine<'_, S>,
    (forth, graph): (&Graph<S>, &mut Graph<S>),
    there: &There<S::Set>,
    arrived: &Arrived<S::Set>,
    home: &Goal,
    sources: &Intervals<S::Key>,
) -> Result<Answered<S::Set>, SetError> {
    let translations = there.trails.translations(arrived.trail);
    let mut by_space = vec![sources.clone()];
    for translated in &translations {
        let before = by_space.last().cloned().unwrap_or_default();
        by_space.push(forth.sources_after(translated.rewrite, &before));
    }
    let (mut visits, mut reflected) = (Vec::new(), Vec::new());
    for (_, memory) in there.trails.newest_first(arrived.trail) {
        match memory {
            Memory::Visit(visit) => visits.push(visit),
            Memory::Reflected {
                device,
                name,
                space,
            } => reflected.push((device, name, space)),
            Memory::Translated { .. } => {}
        }
    }
    // Packets that differ may have one answer: only those that arrived here count.
    let mut packets = vec![arrived.packets];
    for translated in translations.iter().rev() {
        let after = packets.last().copied().unwrap_or(arrived.packets);
        packets.push(there.before(machine, forth, translated, after)?);
    }
    packets.reverse();
    let empty = machine.sets.empty();
    let spaces = by_space.len();
    let mut answers = Answers {
        machine,
        forth,
        graph,
        there,
        home,
        arrived,
        packets,
        translations,
        visits,
        reflected,
        sources: by_space,
        expected: vec![None; spaces],
        states: Vec::new(),
        index: FxHashMap::default(),
        queue: VecDeque::new(),
        steps: Vec::new(),
        strays: Strays::new(),
        lost: FxHashMap::default(),
        doubt: FxHashMap::default(),
        back: empty,
        untold: Vec::new(),
    };
    answers.begin()?;
    while let Some(state) = answers.queue.pop_front() {
        answers.follow(state)?;
    }
    answers.find_loops()?;
    answers.conclude()
}

impl<S: PacketSets> Answers<'_, '_, S> {
    fn last_space(&self) -> Space {
        Space::try_from(self.translations.len()).unwrap_or(Space::MAX)
    }

    /// Returns the packets of a space, of those that arrived here.
    fn packets_in(&self, space: Space) -> S::Set {
        let known = self.packets.get(usize::from(space)).copied();
        known.unwrap_or(self.machine.sets.empty())
    }

    /// Returns the answers to all packets of a space.
    pub(super) fn expected(&mut self, space: Space) -> Result<S::Set, SetError> {
        if let Some(known) = self.expected.get(usize::from(space)).copied().flatten() {
            return Ok(known);
        }
        let packets = self.packets_in(space);
        let replies = self.machine.sets.replies(packets)?;
        // Devices mark answers on their way; which mark does not matter here.
        let replies = self.machine.sets.exists(replies, Field::Mark)?;
        if let Some(place) = self.expected.get_mut(usize::from(space)) {
            *place = Some(replies);
        }
        Ok(replies)
    }

    /// Answers start where the packets arrived.
    fn begin(&mut self) -> Result<(), SetError> {
        let space = self.last_space();
        let replies = self.expected(space)?;
        let Some(node) = self.forth.get(self.arrived.node) else {
            return Ok(());
        };
        match node.place {
            Place::Accepted { device, .. } => {
                let place = Place::Send {
                    device,
                    held: Held::default(),
                };
                self.go(place, None, Form::of(space), None, replies)?;
            }
            Place::Delivered { port, .. } => {
                let world = Arc::clone(&self.machine.world);
                let hosts = self.forth.slice(node.slice).cloned().unwrap_or_default();
                for (part, gateways) in world.gateways_of(port, &hosts) {
                    let from = self.machine.from(&part)?;
                    let replies = self.machine.sets.and(replies, from)?;
                    for port in gateways {
                        let place = Place::Enter {
                            port,
                            held: Held::default(),
                        };
                        self.go(place, None, Form::of(space), None, replies)?;
                    }
                }
            }
            Place::Gone { port } => {
                let place = Place::Enter {
                    port,
                    held: Held::default(),
                };
                self.go(place, None, Form::of(space), None, replies)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the destinations that answers of a form can have.
    pub(super) fn destinations(&self, form: Form) -> Intervals<S::Key> {
        let known = match self.strays.destinations(form.astray) {
            Some(known) => Some(known),
            None => self.sources.get(usize::from(form.space)),
        };
        known.cloned().unwrap_or_default()
    }

    /// Takes answers to a place.
    ///
    /// Entering a device, what it remembers of them is looked up first.
    fn go(
        &mut self,
        mut place: Place,
        from: Option<(usize, usize)>,
        form: Form,
        visit: Option<usize>,
        mut packets: S::Set,
    ) -> Result<(), SetError> {
        if self.machine.sets.is_empty(packets) {
            return Ok(());
        }
        let mut visit = visit;
        if let Some(device) = place.entered() {
            let held;
            (held, visit, packets) = self.meet(device, form, packets)?;
            place = place.with_held(held);
            if self.machine.sets.is_empty(packets) {
                return Ok(());
            }
        }
        let destinations = self.destinations(form);
        let slice = self.graph.slice_id(&destinations);
        let node = self.graph.node(place, slice);
        self.arrive((node, form, visit), from, packets)
    }

    /// Adds answers to a state, and notes the step that took them there.
    fn arrive(
        &mut self,
        key: Key,
        from: Option<(usize, usize)>,
        packets: S::Set,
    ) -> Result<(), SetError> {
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
        if let Some((from, edge)) = from {
            self.steps.push(Step {
                from,
                to: state,
                edge,
            });
        }
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

    /// Takes the answers that wait at a state one place further.
    fn follow(&mut self, state: usize) -> Result<(), SetError> {
        let empty = self.machine.sets.empty();
        let many = self.states.len() > STATES_MAX;
        let Some(known) = self.states.get_mut(state) else {
            return Ok(());
        };
        let (node, form, visit) = known.key;
        let packets = std::mem::replace(&mut known.pending, empty);
        let Some(place) = self.graph.get(node).map(|node| node.place) else {
            return Ok(());
        };
        if many {
            return self.set_aside(Sort::Doubt, form, packets);
        }
        match place {
            Place::Unknown(causes) => {
                self.untold.push((causes, packets));
                return self.set_aside(Sort::Doubt, form, packets);
            }
            Place::Dropped => return self.set_aside(Sort::Lost, form, packets),
            Place::Delivered { .. } | Place::Accepted { .. } | Place::Gone { .. } => {
                return self.ends(place, form, packets);
            }
            _ => {}
        }
        self.graph.expand(self.machine, node)?;
        for (number, edge) in self.graph.edges(node).to_vec().into_iter().enumerate() {
            self.take((state, number), &edge, form, visit, packets)?;
        }
        Ok(())
    }

    /// Answers came to where packets end.
    fn ends(&mut self, place: Place, form: Form, packets: S::Set) -> Result<(), SetError> {
        if !self.home.counts(self.machine, place) {
            return self.set_aside(Sort::Lost, form, packets);
        }
        if form == Form::of(0) || bug(15) {
            self.back = self.machine.sets.or(self.back, packets)?;
            return Ok(());
        }
        // The sender knows an answer by its header, whoever translated it.
        if !self.may_look_like(form, 0) {
            return self.set_aside(Sort::Lost, form, packets);
        }
        let sent = self.expected(0)?;
        let alike = self.machine.sets.and(packets, sent)?;
        self.set_aside(Sort::Doubt, form, alike)?;
        let other = self.machine.sets.difference(packets, sent)?;
        self.set_aside(Sort::Lost, form, other)
    }

    pub(super) fn set_aside(
        &mut self,
        sort: Sort,
        form: Form,
        packets: S::Set,
    ) -> Result<(), SetError> {
        let all = match sort {
            Sort::Lost => &mut self.lost,
            Sort::Doubt => &mut self.doubt,
        };
        let empty = self.machine.sets.empty();
        let known = all.entry(form).or_insert(empty);
        *known = self.machine.sets.or(*known, packets)?;
        Ok(())
    }

    fn take(
        &mut self,
        (state, number): (usize, usize),
        edge: &Edge<S::Set>,
        form: Form,
        visit: Option<usize>,
        packets: S::Set,
    ) -> Result<(), SetError> {
        let mut packets = match edge.guard {
            Some(guard) => self.machine.sets.and(packets, guard)?,
            None => packets,
        };
        if self.machine.sets.is_empty(packets) {
            return Ok(());
        }
        match edge.turn {
            EdgeTurn::Keep => {}
            EdgeTurn::Restore(phase) => {
                let (space, packets) = self.restore(phase, form, visit, packets)?;
                // A header that stays may come here again; one restored cannot.
                let step = (space == form.space).then_some((state, number));
                let form = Form { space, ..form };
                let reflected = self.reflected_after(edge, form);
                for next in &edge.next {
                    let Some(place) = self.graph.get(*next).map(|node| node.place) else {
                        continue;
                    };
                    let place = place.with_reflected(reflected);
                    self.go(place, step, form, visit, packets)?;
                }
                return Ok(());
            }
            EdgeTurn::Rewrite(_) if edge.note.translated.is_some() => {
                return self.retranslated((state, number), edge, form, visit, packets);
            }
            EdgeTurn::Rewrite(id) => {
                if let Some(rewriting) = self.graph.rewriting(id) {
                    packets = self.machine.sets.image(&rewriting.rewrite, packets)?;
                }
            }
        }
        for next in &edge.next {
            self.onward(*next, Some((state, number)), form, visit, packets)?;
        }
        Ok(())
    }

    /// Takes answers to a node that an edge leads to.
    pub(super) fn onward(
        &mut self,
        next: NodeId,
        from: Option<(usize, usize)>,
        form: Form,
        visit: Option<usize>,
        packets: S::Set,
    ) -> Result<(), SetError> {
        let Some(place) = self.graph.get(next).map(|node| node.place) else {
            return Ok(());
        };
        if place.entered().is_some() {
            return self.go(place, from, form, None, packets);
        }
        self.arrive((next, form, visit), from, packets)
    }

    /// Undoes what the device of a visit rewrote in the other phase.
    fn restore(
        &mut self,
        phase: Phase,
        form: Form,
        visit: Option<usize>,
        packets: S::Set,
    ) -> Result<(Space, S::Set), SetError> {
        let target = visit
            .and_then(|visit| self.visits.get(visit))
            .map(|visit| match phase {
                Phase::Before => visit.decided,
                Phase::After => visit.came,
            });
        let target = target.unwrap_or(form.space);
        let (mut space, mut packets) = (form.space, packets);
        while space > target {
            space -= 1;
            packets = self.answers_before(space, packets)?;
        }
        Ok((space, packets))
    }

    /// Returns answers as they are in a space, of those that are these in the next.
    pub(super) fn answers_before(
        &mut self,
        space: Space,
        packets: S::Set,
    ) -> Result<S::Set, SetError> {
        let expected = self.expected(space)?;
        let Some(rewriting) = self.translation_after(space) else {
            return Ok(self.machine.sets.empty());
        };
        let mirror = rewriting.mirror.clone();
        let before = self.machine.sets.pre_image_any(&mirror, packets)?;
        self.machine.sets.and(before, expected)
    }

    /// Returns the translation that ends a space.
    pub(super) fn translation_after(
        &self,
        space: Space,
    ) -> Option<&super::graph::Rewriting<S::Key>> {
        let translated = self.translations.get(usize::from(space))?;
        self.forth.rewriting(translated.rewrite)
    }

    /// A device translates answers anew: what is no restoring leads astray.
    fn retranslated(
        &mut self,
        step: (usize, usize),
        edge: &Edge<S::Set>,
        form: Form,
        visit: Option<usize>,
        packets: S::Set,
    ) -> Result<(), SetError> {
        let parted = self.part(edge, form, packets)?;
        for next in &edge.next {
            for (after, packets) in &parted {
                // The slice of the next node is that of the form it has now.
                let place = self.graph.get(*next).map(|node| node.place);
                if let Some(place) = place {
                    self.go(place, Some(step), *after, visit, *packets)?;
                }
            }
        }
        Ok(())
    }

    /// Traces everything back to packets as they were sent.
    fn conclude(&mut self) -> Result<Answered<S::Set>, SetError> {
        let (mut lost, mut doubt) = (self.machine.sets.empty(), self.machine.sets.empty());
        for (form, packets) in std::mem::take(&mut self.lost) {
            let sent = self.sent(form, packets)?;
            lost = self.machine.sets.or(lost, sent)?;
        }
        for (form, packets) in std::mem::take(&mut self.doubt) {
            let sent = self.sent(form, packets)?;
            doubt = self.machine.sets.or(doubt, sent)?;
        }
        let arrived = self.arrived.packets;
        let trail = self.arrived.trail;
        let all = self.there.sent(self.machine, self.forth, trail, arrived)?;
        // That no answer was forgotten on the way is made sure.
        let mut back = self.machine.sets.exists(self.back, Field::Mark)?;
        if self.machine.sets.is_empty(lost) && self.machine.sets.is_empty(doubt) {
            let expected = self.expected(0)?;
            let missing = self.machine.sets.difference(expected, back)?;
            doubt = self.sent(Form::of(0), missing)?;
            back = self.machine.sets.difference(all, doubt)?;
        } else {
            back = self.sent(Form::of(0), back)?;
            let told = self.machine.sets.any(&[lost, doubt, back])?;
            let forgotten = self.machine.sets.difference(all, told)?;
            let answering = self.machine.answering()?;
            let forgotten = self.machine.sets.and(forgotten, answering)?;
            doubt = self.machine.sets.or(doubt, forgotten)?;
        }
        Ok(Answered {
            lost,
            doubt,
            back,
            untold: std::mem::take(&mut self.untold),
        })
    }

    /// Returns packets, as they were sent, whose answers in a form are these.
    fn sent(&mut self, form: Form, answers: S::Set) -> Result<S::Set, SetError> {
        let mut answers = self.machine.sets.exists(answers, Field::Mark)?;
        let mut astray = form.astray;
        while let Some((parent, rewrite, before)) = self.strays.last(astray) {
            answers = self.machine.sets.pre_image_any(&rewrite, answers)?;
            answers = self.machine.sets.and(answers, before)?;
            astray = parent;
        }
        if self.machine.sets.is_empty(answers) {
            return Ok(answers);
        }
        let space = form.space;
        let mut packets = self.machine.sets.requests(answers)?;
        packets = self.machine.sets.and(packets, self.packets_in(space))?;
        for earlier in (0..space).rev() {
            let Some(rewriting) = self.translation_after(earlier) else {
                continue;
            };
            let plain = rewriting.plain.clone();
            packets = self.machine.sets.pre_image_any(&plain, packets)?;
            packets = self.machine.sets.and(packets, self.packets_in(earlier))?;
        }
        Ok(packets)
    }
}

/// What becomes of answers that do not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Lost,
    Doubt,
}
