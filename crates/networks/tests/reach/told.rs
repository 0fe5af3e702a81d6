//! What the engine says of one packet, read off its sets for all packets.

use crate::judge::edges;
use crate::support::random::Random;
use networks::forwarding::Routing;
use networks::model::{Condition, DeviceId, Network, Port};
use networks::reachability::{Answers, Engine, Goal, LinkId, Question, Start};
use packets::{AddressSet, Diagram, Family, Packet, PacketSets};
use std::collections::{BTreeMap, BTreeSet};

/// How a packet may end, as finely as the engine tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Delivered(LinkId),
    Accepted(DeviceId),
    Exits(LinkId),
    Nowhere,
    Unknown,
}

/// How an answer may end, as finely as the engine tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ToldAnswer {
    Back,
    Lost,
    Unknown,
}

/// The sets of one start, for every goal.
struct Sets<S> {
    ends: Vec<(Told, S)>,
    /// Possibly at some end, whatever the network chooses.
    everywhere: S,
    /// Possibly at no end at all: where it cannot be told.
    unknown: S,
    answers: Answers<S>,
}

/// One family's engine over one network.
pub(crate) struct Teller<'n, S: PacketSets> {
    network: &'n Network,
    family: Family,
    engine: Engine<'n, S>,
    known: BTreeMap<(Port, bool), Sets<S::Set>>,
}

impl<'n, S: PacketSets> Teller<'n, S> {
    pub(crate) fn new(network: &'n Network, routing: &'n Routing, sets: S, family: Family) -> Self {
        let engine = Engine::new(network, routing, sets).unwrap();
        Self {
            network,
            family,
            engine,
            known: BTreeMap::new(),
        }
    }

    /// All sets for packets from a start, worked out once.
    fn learn(&mut self, start: Start, destinations: &AddressSet) -> Sets<S::Set> {
        let mut links = BTreeSet::new();
        for (device, of) in self.network.devices() {
            for (interface, _) in of.interfaces() {
                links.extend(self.engine.link(Port { device, interface }));
            }
        }
        let links: Vec<LinkId> = links.into_iter().collect();
        let mut goals: Vec<(Told, Goal)> = Vec::new();
        for &link in &links {
            goals.push((
                Told::Delivered(link),
                Goal {
                    links: vec![link],
                    ..Goal::default()
                },
            ));
            goals.push((
                Told::Exits(link),
                Goal {
                    exits: vec![link],
                    ..Goal::default()
                },
            ));
        }
        for (device, _) in self.network.devices() {
            let goal = Goal {
                devices: vec![device],
                ..Goal::default()
            };
            goals.push((Told::Accepted(device), goal));
        }
        let ends = goals
            .into_iter()
            .map(|(told, goal)| {
                (
                    told,
                    self.ask(start, destinations, goal, false).there.any_must,
                )
            })
            .collect();
        let everywhere = Goal {
            anywhere: true,
            exits: links,
            ..Goal::default()
        };
        let everywhere = self
            .ask(start, destinations, everywhere, false)
            .there
            .all_may;
        let unknown = self
            .ask(start, destinations, Goal::default(), false)
            .there
            .any_may;
        let arriving = Goal {
            anywhere: true,
            ..Goal::default()
        };
        let answers = self
            .ask(start, destinations, arriving, true)
            .answers
            .unwrap();
        Sets {
            ends,
            everywhere,
            unknown,
            answers,
        }
    }

    fn ask(
        &mut self,
        from: Start,
        destinations: &AddressSet,
        goal: Goal,
        answered: bool,
    ) -> networks::reachability::Answer<S::Set> {
        let question = Question {
            from,
            sources: AddressSet::all_of(self.family),
            destinations: destinations.clone(),
            traffic: Condition::Always,
            goal,
            answered,
        };
        self.engine.ask(&question).unwrap()
    }

    fn sets_of(&mut self, start: Start) -> &Sets<S::Set> {
        let key = match start {
            Start::Port(port) | Start::Segment(port) => (port, true),
            Start::Device(device) => {
                let interface = networks::model::InterfaceId(0);
                (Port { device, interface }, false)
            }
        };
        if !self.known.contains_key(&key) {
            let sets = self.learn(start, &AddressSet::all_of(self.family));
            self.known.insert(key, sets);
        }
        &self.known[&key]
    }

    /// Every way the packet may end.
    pub(crate) fn ends(&mut self, start: Start, packet: &Packet) -> BTreeSet<Told> {
        self.sets_of(start);
        let key = key_of(start);
        let sets = &self.known[&key];
        let engine = &mut self.engine;
        let mut holds = |set| engine.sets().contains(set, packet).unwrap();
        let mut ends: BTreeSet<Told> = sets
            .ends
            .iter()
            .filter(|(_, set)| holds(*set))
            .map(|(told, _)| *told)
            .collect();
        if !holds(sets.everywhere) {
            ends.insert(Told::Nowhere);
        }
        if holds(sets.unknown) {
            ends.insert(Told::Unknown);
        }
        ends
    }

    /// Every way the answers to the packet may end.
    pub(crate) fn answers(&mut self, start: Start, packet: &Packet) -> BTreeSet<ToldAnswer> {
        self.sets_of(start);
        let answers = self.known[&key_of(start)].answers;
        let sets = self.engine.sets();
        let mut told = BTreeSet::new();
        for (set, answer) in [
            (answers.back, ToldAnswer::Back),
            (answers.lost, ToldAnswer::Lost),
            (answers.doubt, ToldAnswer::Unknown),
        ] {
            if sets.contains(set, packet).unwrap() {
                told.insert(answer);
            }
        }
        told
    }

    /// A packet at the edge of one of the sets for a start, looked for from one.
    pub(crate) fn edge(
        &mut self,
        start: Start,
        packet: &Packet,
        random: &mut Random,
    ) -> Option<Packet> {
        let known = self.sets_of(start);
        let Answers { back, lost, doubt } = known.answers;
        let mut all: Vec<S::Set> = known.ends.iter().map(|(_, set)| *set).collect();
        all.extend([known.everywhere, known.unknown, back, lost, doubt]);
        let sets = self.engine.sets();
        all.retain(|set| !sets.is_empty(*set) && !sets.is_full(*set));
        if all.is_empty() {
            return None;
        }
        let set = *random.pick(&all);
        let other = match sets.contains(set, packet).unwrap() {
            true => sets.not(set),
            false => set,
        };
        let other = sets.witness(other, packet).unwrap()?;
        Some(edges::between(*packet, &other, random, |packet| {
            sets.contains(set, packet).unwrap()
        }))
    }
}

fn key_of(start: Start) -> (Port, bool) {
    match start {
        Start::Port(port) | Start::Segment(port) => (port, true),
        Start::Device(device) => (
            Port {
                device,
                interface: networks::model::InterfaceId(0),
            },
            false,
        ),
    }
}

/// The engine as it is used: the interval decision diagram, one for each family.
pub(crate) struct Both<'n> {
    v4: Teller<'n, Diagram<u32>>,
    v6: Teller<'n, Diagram<u128>>,
}

impl<'n> Both<'n> {
    pub(crate) fn new(network: &'n Network, routing: &'n Routing) -> Self {
        Self {
            v4: Teller::new(network, routing, Diagram::new(), Family::V4),
            v6: Teller::new(network, routing, Diagram::new(), Family::V6),
        }
    }

    pub(crate) fn ends(&mut self, start: Start, packet: &Packet) -> BTreeSet<Told> {
        match Family::of(packet.source) {
            Family::V4 => self.v4.ends(start, packet),
            Family::V6 => self.v6.ends(start, packet),
        }
    }

    pub(crate) fn edge(
        &mut self,
        start: Start,
        packet: &Packet,
        random: &mut Random,
    ) -> Option<Packet> {
        match Family::of(packet.source) {
            Family::V4 => self.v4.edge(start, packet, random),
            Family::V6 => self.v6.edge(start, packet, random),
        }
    }

    pub(crate) fn answers(&mut self, start: Start, packet: &Packet) -> BTreeSet<ToldAnswer> {
        match Family::of(packet.source) {
            Family::V4 => self.v4.answers(start, packet),
            Family::V6 => self.v6.answers(start, packet),
        }
    }
}
