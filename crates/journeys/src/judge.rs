//! Verdicts of all journeys that agreements ask for.

use crate::World;
use crate::ask::{Engines, Inquiry, Outcome};
use crate::missing;
use crate::placement::{End, Placed, place_segment, place_service};
use crate::traffic;
use crate::verdict::{Asked, Assumption, Doubt, Leg, LegKind, worst};
use findings::Span;
use ipnet::IpNet;
use networks::interpret::{Choices, Interpreter, Start, Trace};
use networks::model::Port;
use packets::{AddressMatch, AddressSet, Family, Packet};
use region::{
    AgreementName, AskedBy, Date, JourneyKey, NetworkName, Region, SegmentInfo, ServiceInfo,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::thread;

/// What can be said of one journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    /// Who, from where, to what.
    pub key: JourneyKey,
    /// The agreements that ask for it.
    pub agreements: BTreeSet<AgreementName>,
    /// What holds from the segment to the service, whoever sits there.
    pub verdict: Verdict,
}

/// What holds between a segment and a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The legs, in order.
    pub legs: Vec<Leg>,
    /// What the verdict rests on.
    pub assumptions: Vec<Assumption>,
    /// Where the witnesses start: a port on the segment's link.
    pub port: Option<Port>,
    /// A packet for which reach and return work, where there is one.
    pub works: Option<Packet>,
    /// How many headers are asked for.
    pub headers: f64,
    /// Of how many of them it can be told.
    pub decided: f64,
}

impl Verdict {
    /// Returns the verdict over all legs that were looked at.
    pub fn asked(&self) -> Asked {
        worst(self.legs.iter().map(|leg| leg.asked))
    }

    /// Returns a leg.
    pub fn leg(&self, kind: LegKind) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.kind == kind)
    }
}

/// How many threads judge journeys at most; each has an engine of its own.
const THREADS_MAX: usize = 8;

/// Judges every journey that agreements in force on a day ask for.
///
/// Segments and services are the same for people of every organisation, so
/// journeys that differ only in the organisation share the work.
pub fn journeys(world: &World<'_>, region: &Region, today: Date) -> Vec<Journey> {
    let mut shared: BTreeMap<_, Vec<(JourneyKey, BTreeSet<AskedBy>)>> = BTreeMap::new();
    for (key, asked) in region.journeys(today) {
        let pair = (key.segment.clone(), key.service.clone());
        shared.entry(pair).or_default().push((key, asked));
    }
    let pairs: Vec<_> = shared.into_values().collect();
    let mut judged: Vec<Journey> = in_threads(world, &pairs, |engines, keys| {
        let Some((key, _)) = keys.first() else {
            return Vec::new();
        };
        let Some(segment) = region.segment(&key.segment) else {
            return Vec::new();
        };
        let Some(service) = region.service(&key.service) else {
            return Vec::new();
        };
        let verdict = judge_pair(world, engines, segment, &service);
        keys.iter()
            .map(|(key, asked)| Journey {
                key: key.clone(),
                agreements: asked.iter().map(|by| by.agreement.clone()).collect(),
                verdict: verdict.clone(),
            })
            .collect()
    });
    judged.sort_by(|left, right| left.key.cmp(&right.key));
    judged
}

/// Returns how many threads work.
pub(crate) fn threads() -> usize {
    let many = thread::available_parallelism().map_or(1, usize::from);
    many.clamp(1, THREADS_MAX)
}

/// Does work on items in scoped threads, each with engines of its own, and
/// gathers the results in no particular order.
pub(crate) fn in_threads<'n, T: Sync, R: Send>(
    world: &World<'n>,
    items: &[T],
    work: impl Fn(&mut Engines<'n>, &T) -> Vec<R> + Sync,
) -> Vec<R> {
    let share = items.len().div_ceil(threads()).max(1);
    let work = &work;
    thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(share)
            .map(|chunk| {
                scope.spawn(move || {
                    let mut engines = Engines::new(*world);
                    chunk
                        .iter()
                        .flat_map(|item| work(&mut engines, item))
                        .collect::<Vec<R>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(results) => results,
                // A panic is a broken invariant; it goes on to who asked.
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// Judges a segment and a service, for whoever sits there.
pub fn judge_pair(
    world: &World<'_>,
    engines: &mut Engines<'_>,
    segment: SegmentInfo<'_>,
    service: &ServiceInfo<'_>,
) -> Verdict {
    let placed = place_segment(world, segment);
    let ends = place_service(world, service);
    let traffic = traffic::asked(&service.service.ports);
    let addresses: Vec<IpNet> = service
        .addresses_seen_from(segment.network)
        .iter()
        .map(|address| address.net())
        .collect();
    let own = service
        .service
        .addresses
        .iter()
        .map(|address| AddressMatch::Net(address.net()));
    let own = AddressSet(own.collect());
    let mut joined = Joined::default();
    for place in &placed {
        let family = Family::of(place.prefix.addr());
        let inquiry = Inquiry {
            family,
            from: place.port,
            sources: traffic::of_family([place.prefix], family),
            destinations: traffic::of_family(addresses.iter().copied(), family),
            traffic: traffic.clone(),
            ends: ends.clone(),
            arriving: Some(own.clone()),
            answered: true,
        };
        if inquiry.destinations.0.is_empty() {
            continue;
        }
        match engines.ask(&inquiry) {
            Ok(outcome) if outcome.vacuous => {}
            Ok(outcome) => joined.add(*place, outcome),
            Err(error) => joined.doubt(error.to_string(), service.span),
        }
    }
    for (text, span) in claimed(world, service, &ends) {
        joined.doubt(text, span);
    }
    for prefix in &segment.segment.prefixes {
        let whole = prefix.net();
        if !is_covered(whole, &placed) {
            let reason = if placed.iter().any(|place| whole.contains(&place.prefix)) {
                "no interface of the network is in a part of this prefix"
            } else {
                "no interface of the network is in this prefix"
            };
            joined.doubt(reason.to_owned(), prefix.span);
            joined.doubt_near(world, segment.network, whole);
        }
    }
    if ends.is_empty() {
        let address = service.service.addresses.first();
        joined.doubt(
            "no interface of the network is in this prefix".to_owned(),
            address.map_or(service.span, |address| address.span),
        );
        if let Some(address) = address {
            joined.doubt_near(world, service.network, address.net());
        }
    }
    joined.into_verdict(world)
}

/// Routers of a service's network that answer for one of its addresses as the
/// virtual one of a redundancy group: nobody else can be told to have it.
fn claimed(world: &World<'_>, service: &ServiceInfo<'_>, ends: &[End]) -> Vec<(String, Span)> {
    if ends.iter().any(|end| matches!(end, End::Device(_))) {
        return Vec::new();
    }
    let is_of = |address: &IpAddr| {
        let mut own = service.service.addresses.iter().map(|own| own.net());
        own.any(|own| own == IpNet::from(*address))
    };
    let mut found = Vec::new();
    for (id, device) in world.network.devices() {
        if world.network_of(id) != Some(service.network) {
            continue;
        }
        for group in device.interfaces.iter().flat_map(|own| &own.redundancy) {
            for address in group.addresses.iter().filter(|address| is_of(address)) {
                let text = format!("`{}` itself answers for {address}", device.name);
                found.push((text, group.origin));
            }
        }
    }
    found
}

/// Tells whether the places of a segment have every address of one of its prefixes.
fn is_covered(whole: IpNet, placed: &[Placed]) -> bool {
    let parts = placed
        .iter()
        .map(|place| place.prefix)
        .filter(|part| part.contains(&whole) || whole.contains(part));
    let parts: Vec<IpNet> = parts.collect();
    IpNet::aggregate(&parts)
        .iter()
        .any(|joined| joined.contains(&whole))
}

/// The outcomes of one pair, over its prefixes and families.
#[derive(Default)]
struct Joined {
    parts: Vec<(Placed, Outcome)>,
    doubts: Vec<Doubt>,
}

impl Joined {
    fn add(&mut self, placed: Placed, outcome: Outcome) {
        self.parts.push((placed, outcome));
    }

    fn doubt(&mut self, reason: String, span: Span) {
        self.doubts.push(Doubt { reason, span });
    }

    /// Names interfaces of a network that are nearly in a prefix: one of them
    /// may be meant for it.
    fn doubt_near(&mut self, world: &World<'_>, network: &NetworkName, prefix: IpNet) {
        let near = missing::near_interfaces_of(world, network, prefix.network());
        for line in near {
            if let Some(span) = line.span {
                self.doubt(line.text, span);
            }
        }
    }

    fn into_verdict(self, world: &World<'_>) -> Verdict {
        let reach = self.leg(LegKind::Reach, |outcome| &outcome.reach);
        let back = self.leg(LegKind::Return, |outcome| &outcome.back);
        let witness = reach.witness.or(back.witness);
        // Of several prefixes, the one that the witness is of.
        let port = self
            .parts
            .iter()
            .find(|(placed, _)| witness.is_some_and(|w| placed.prefix.contains(&w.source)))
            .or(self.parts.first())
            .map(|(placed, _)| placed.port);
        let works = self.parts.iter().find_map(|(_, outcome)| outcome.works);
        let assumptions = match (port, works.or(witness)) {
            (Some(port), Some(packet)) => assumptions(world, port, packet),
            _ => Vec::new(),
        };
        let legs = LegKind::ALL.map(|kind| match kind {
            LegKind::Reach => reach.clone(),
            LegKind::Return => back.clone(),
            other => Leg::not_checked(other),
        });
        Verdict {
            legs: legs.to_vec(),
            assumptions,
            port,
            works,
            headers: self.parts.iter().map(|(_, outcome)| outcome.headers).sum(),
            decided: self.parts.iter().map(|(_, outcome)| outcome.decided).sum(),
        }
    }

    /// Joins one leg over all parts: alike, it is that; otherwise some work
    /// and some do not.
    fn leg(&self, kind: LegKind, of: impl Fn(&Outcome) -> &Leg) -> Leg {
        let legs: Vec<&Leg> = self.parts.iter().map(|(_, outcome)| of(outcome)).collect();
        let has = |asked: Asked| legs.iter().any(|leg| leg.asked == asked);
        let unplaced = !self.doubts.is_empty() && kind == LegKind::Reach;
        let works = has(Asked::Works);
        let asked = if has(Asked::Partly) || (works && has(Asked::Blocked)) {
            Asked::Partly
        } else if has(Asked::Unknown) || unplaced {
            Asked::Unknown
        } else {
            worst(legs.iter().map(|leg| leg.asked))
        };
        // The worst part shows why.
        let shown = legs.iter().max_by_key(|leg| leg.asked);
        let mut doubts: Vec<Doubt> = legs.iter().flat_map(|leg| leg.doubts.clone()).collect();
        if unplaced {
            doubts.extend(self.doubts.clone());
        }
        doubts.sort();
        doubts.dedup();
        Leg {
            kind,
            asked,
            witness: shown.and_then(|leg| leg.witness),
            doubts,
        }
    }
}

/// The traces of a packet that a host hands to the gateways of its link, and
/// of the answers to those that arrive.
pub fn traces(world: &World<'_>, port: Port, packet: Packet) -> Vec<(Trace, Vec<Trace>)> {
    let choices = Choices::default();
    let interpreter = Interpreter::new(world.network, world.routing, &choices);
    networks::forwarding::gateways(world.network, world.routing, port, packet.source)
        .into_iter()
        .flat_map(|gateway| interpreter.forward(Start::Enters(gateway), packet).traces)
        .map(|trace| {
            let answers = interpreter.answer(&trace).traces;
            (trace, answers)
        })
        .collect()
}

/// What a packet's ways there and back rest on: devices that stand for an
/// assumption.
fn assumptions(world: &World<'_>, port: Port, packet: Packet) -> Vec<Assumption> {
    let mut found: Vec<Assumption> = traces(world, port, packet)
        .iter()
        .flat_map(|(trace, answers)| std::iter::once(trace).chain(answers))
        .flat_map(|trace| &trace.hops)
        .filter_map(|hop| world.assumption(hop.device).cloned())
        .collect();
    found.sort();
    found.dedup();
    found
}
