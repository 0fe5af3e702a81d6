//! Questions to the engine, of either family, and what their answers say of legs.

use crate::World;
use crate::placement::End;
use crate::verdict::{Asked, Doubt, Leg, LegKind};
use ipnet::IpNet;
use networks::model::{Condition, DeviceKind, Port};
use networks::reachability::{Answer, Engine, Goal, Question, Start};
use packets::{
    Address, AddressMatch, AddressSet, Diagram, Family, Packet, PacketSets, Set, SetError,
    preferred,
};
use std::net::IpAddr;

/// One engine a family, made when first needed.
#[derive(Debug, Clone)]
pub struct Engines<'n> {
    world: World<'n>,
    /// The addresses that devices themselves have, sorted.
    taken: Vec<IpAddr>,
    v4: Option<Engine<'n, Diagram<u32>>>,
    v6: Option<Engine<'n, Diagram<u128>>>,
}

/// A question in journeys' terms: one family, one place to start from.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The family of all its addresses.
    pub family: Family,
    /// A port of the link where packets start.
    pub from: Port,
    /// Their sources.
    pub sources: AddressSet,
    /// Their destinations as sent.
    pub destinations: AddressSet,
    /// What else they are.
    pub traffic: Condition,
    /// Where they must arrive; empty is anywhere.
    pub ends: Vec<End>,
    /// The destinations they must have there, after all translation; `None` is any.
    pub arriving: Option<AddressSet>,
    /// Whether answers must come back.
    pub answered: bool,
}

/// What the engine says, put into legs.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether any packet is as the inquiry says.
    pub vacuous: bool,
    /// Whether they arrive.
    pub reach: Leg,
    /// Whether their answers come back; not checked where none arrives.
    pub back: Leg,
    /// A packet for which all works.
    pub works: Option<Packet>,
    /// How many headers were asked for, and of how many it can be told, as
    /// numbers of headers (they do not fit integers).
    pub headers: f64,
    /// See `headers`.
    pub decided: f64,
}

impl<'n> Engines<'n> {
    /// Makes engines for a world; nothing is compiled yet.
    pub fn new(world: World<'n>) -> Self {
        let mut taken: Vec<IpAddr> = world
            .network
            .devices
            .iter()
            .filter(|device| device.kind == DeviceKind::Router)
            .flat_map(|device| &device.interfaces)
            .filter(|interface| interface.is_up())
            .flat_map(|interface| {
                let own = interface.addresses.iter().map(|address| address.net.addr());
                own.chain(
                    interface
                        .redundancy
                        .iter()
                        .flat_map(|group| group.addresses.clone()),
                )
            })
            .collect();
        taken.sort_unstable();
        taken.dedup();
        Self {
            world,
            taken,
            v4: None,
            v6: None,
        }
    }

    /// Returns the traffic of an inquiry between hosts: routers' own addresses
    /// are in their segments' prefixes, but nobody sits there.
    fn between_hosts(&self, inquiry: &Inquiry) -> Condition {
        let of = |set: &AddressSet| {
            let taken = self.taken.iter().filter(|address| set.contains(**address));
            AddressSet(
                taken
                    .map(|address| AddressMatch::Net(IpNet::from(*address)))
                    .collect(),
            )
        };
        let mut parts = vec![inquiry.traffic.clone()];
        let sources = of(&inquiry.sources);
        if !sources.0.is_empty() {
            parts.push(Condition::Not(Box::new(Condition::Source(sources))));
        }
        let to_device =
            inquiry.ends.is_empty() || inquiry.ends.iter().any(|end| matches!(end, End::Device(_)));
        let destinations = of(&inquiry.destinations);
        if !to_device && !destinations.0.is_empty() {
            parts.push(Condition::Not(Box::new(Condition::Destination(
                destinations,
            ))));
        }
        Condition::All(parts)
    }

    /// Answers an inquiry.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; nothing is known then.
    pub fn ask(&mut self, inquiry: &Inquiry) -> Result<Outcome, SetError> {
        let World {
            network, routing, ..
        } = self.world;
        let traffic = self.between_hosts(inquiry);
        match inquiry.family {
            Family::V4 => {
                let engine = match &mut self.v4 {
                    Some(engine) => engine,
                    none => none.insert(Engine::new(network, routing, Diagram::new())?),
                };
                outcome(engine, inquiry, traffic)
            }
            Family::V6 => {
                let engine = match &mut self.v6 {
                    Some(engine) => engine,
                    none => none.insert(Engine::new(network, routing, Diagram::new())?),
                };
                outcome(engine, inquiry, traffic)
            }
        }
    }
}

fn outcome<A: Address>(
    engine: &mut Engine<'_, Diagram<A>>,
    inquiry: &Inquiry,
    traffic: Condition,
) -> Result<Outcome, SetError> {
    let question = Question {
        from: Start::Segment(inquiry.from),
        sources: inquiry.sources.clone(),
        destinations: inquiry.destinations.clone(),
        traffic,
        goal: Goal {
            addresses: inquiry.arriving.clone(),
            ..goal(engine, &inquiry.ends)
        },
        answered: inquiry.answered,
    };
    let answer = engine.ask(&question)?;
    let causes = || {
        let causes = answer.causes.iter();
        causes
            .map(|cause| Doubt {
                reason: cause.reason.clone(),
                span: cause.origin,
            })
            .collect()
    };
    let mut reach = reach(engine, &answer)?;
    if reach.asked == Asked::Unknown {
        reach.doubts = causes();
    }
    let mut back = back(engine, &answer)?;
    if back.asked == Asked::Unknown {
        back.doubts = causes();
    }
    let nice = preferred(inquiry.family);
    let sets = engine.sets();
    let headers = sets.count(answer.asked)?;
    let unknown = sets.count(answer.shares.unknown)?;
    Ok(Outcome {
        vacuous: sets.is_empty(answer.asked),
        reach,
        back,
        works: sets.witness(answer.shares.works, &nice)?,
        headers,
        decided: headers - unknown,
    })
}

fn goal<A: Address>(engine: &Engine<'_, Diagram<A>>, ends: &[End]) -> Goal {
    let mut goal = Goal {
        anywhere: ends.is_empty(),
        ..Goal::default()
    };
    for end in ends {
        match *end {
            End::Segment(port) => goal.links.extend(engine.link(port)),
            End::Device(device) => goal.devices.push(device),
        }
    }
    goal
}

/// The leg there, from the four sets of what arrives.
fn reach<A: Address>(
    engine: &mut Engine<'_, Diagram<A>>,
    answer: &Answer<Set>,
) -> Result<Leg, SetError> {
    let (asked, there) = (answer.asked, answer.there);
    let nice = preferred(A::FAMILY);
    let sets = engine.sets();
    // Packets that surely do not arrive on every way.
    let failing = sets.difference(asked, there.all_may)?;
    let doubtful = sets.difference(there.all_may, there.all_must)?;
    let (verdict, witness) = if !sets.is_empty(failing) {
        let some = sets.and(asked, there.any_must)?;
        let possible = sets.and(asked, there.any_may)?;
        let verdict = match (sets.is_empty(some), sets.is_empty(possible)) {
            (false, _) => Asked::Partly,
            (true, true) => Asked::Blocked,
            (true, false) => Asked::Unknown,
        };
        (verdict, failing)
    } else if !sets.is_empty(doubtful) {
        (Asked::Unknown, doubtful)
    } else {
        (Asked::Works, asked)
    };
    Ok(Leg {
        kind: LegKind::Reach,
        asked: verdict,
        witness: sets.witness(witness, &nice)?,
        doubts: Vec::new(),
    })
}

/// The leg back, from what became of answers.
fn back<A: Address>(
    engine: &mut Engine<'_, Diagram<A>>,
    answer: &Answer<Set>,
) -> Result<Leg, SetError> {
    let nice = preferred(A::FAMILY);
    let sets = engine.sets();
    let Some(answers) = answer
        .answers
        .filter(|_| !sets.is_empty(answer.there.any_may))
    else {
        return Ok(Leg::not_checked(LegKind::Return));
    };
    let lost = !sets.is_empty(answers.lost);
    let back = !sets.is_empty(answers.back);
    let doubt = !sets.is_empty(answers.doubt);
    let (verdict, witness) = match (lost, back, doubt) {
        (true, true, _) => (Asked::Partly, answers.lost),
        (true, false, false) => (Asked::Blocked, answers.lost),
        (true, false, true) => (Asked::Unknown, answers.lost),
        (false, _, true) => (Asked::Unknown, answers.doubt),
        (false, _, false) => (Asked::Works, answers.back),
    };
    Ok(Leg {
        kind: LegKind::Return,
        asked: verdict,
        witness: sets.witness(witness, &nice)?,
        doubts: Vec::new(),
    })
}
