//! Journeys of a folder without a region: from every segment to every other.
//!
//! A segment is a link with one router: whoever else is on it is a host. What
//! is asked is what people try first ([`traffic::anything`]).

use crate::World;
use crate::ask::{Engines, Inquiry};
use crate::judge::{Verdict, in_threads};
use crate::placement::{End, Placed};
use crate::traffic;
use crate::verdict::{Asked, Doubt, Leg, LegKind};
use findings::Span;
use ipnet::IpNet;
use networks::model::{DeviceKind, Interface, InterfaceKind, Port};
use packets::Family;

/// How many pairs are judged; a folder with more is summed up by its first segments.
pub const PAIRS_MAX: usize = 250_000;

/// A segment as it was inferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The device and subnet, for people.
    pub name: String,
    /// Where it is.
    pub placed: Placed,
}

/// A pair of segments with what holds between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Where packets come from, as an index into the segments.
    pub from: usize,
    /// Where they go.
    pub to: usize,
    /// What holds.
    pub verdict: Verdict,
}

/// Infers the segments: subnets of links with one router, in order of address.
pub fn segments(world: &World<'_>) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (device_id, device) in world.network.devices() {
        if device.kind != DeviceKind::Router {
            continue;
        }
        for (interface_id, interface) in device.interfaces() {
            let port = Port {
                device: device_id,
                interface: interface_id,
            };
            if !is_segment(world, port, interface) {
                continue;
            }
            segments.extend(
                interface
                    .addresses
                    .iter()
                    .filter(|address| has_hosts(address.net))
                    .map(|address| Segment {
                        name: format!("{} {}", device.name, address.net.trunc()),
                        placed: Placed {
                            prefix: address.net.trunc(),
                            port,
                        },
                    }),
            );
        }
    }
    segments.sort_by_key(|segment| (segment.placed.prefix, segment.placed.port));
    segments
}

/// Tells whether an interface's link has no other router.
fn is_segment(world: &World<'_>, port: Port, interface: &Interface) -> bool {
    let joins_others = matches!(
        interface.kind,
        InterfaceKind::Loopback | InterfaceKind::Tunnel(_) | InterfaceKind::Null
    );
    let other_router = world.network.link_of(port).is_some_and(|link| {
        link.ports.iter().any(|other| {
            other.device != port.device
                && world
                    .network
                    .device(other.device)
                    .is_some_and(|device| device.kind == DeviceKind::Router)
        })
    });
    interface.is_up() && !joins_others && !other_router
}

/// Tells whether a subnet has room for hosts beside a router.
fn has_hosts(net: IpNet) -> bool {
    net.max_prefix_len() - net.prefix_len() >= 2
}

/// Judges every ordered pair of segments of one family, there and back.
pub fn pairs(world: &World<'_>, segments: &[Segment]) -> Vec<Pair> {
    let wanted: Vec<(usize, usize)> = (0..segments.len())
        .flat_map(|from| (0..segments.len()).map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
        .take(PAIRS_MAX)
        .collect();
    let mut judged = in_threads(world, &wanted, |engines, &(from, to)| {
        let (Some(source), Some(target)) = (segments.get(from), segments.get(to)) else {
            return Vec::new();
        };
        let verdict = pair(world, engines, source, target);
        verdict
            .map(|verdict| Pair { from, to, verdict })
            .into_iter()
            .collect()
    });
    judged.sort_by_key(|pair| (pair.from, pair.to));
    judged
}

fn pair(
    world: &World<'_>,
    engines: &mut Engines<'_>,
    source: &Segment,
    target: &Segment,
) -> Option<Verdict> {
    let (from, to) = (source.placed, target.placed);
    let family = Family::of(from.prefix.addr());
    if family != Family::of(to.prefix.addr()) {
        return None;
    }
    let inquiry = Inquiry {
        family,
        from: from.port,
        sources: traffic::of_family([from.prefix], family),
        destinations: traffic::of_family([to.prefix], family),
        traffic: traffic::anything(),
        ends: vec![End::Segment(to.port)],
        arriving: None,
        answered: true,
    };
    let mut verdict = Verdict {
        legs: LegKind::ALL.map(Leg::not_checked).to_vec(),
        assumptions: Vec::new(),
        port: Some(from.port),
        works: None,
        headers: 0.0,
        decided: 0.0,
    };
    match engines.ask(&inquiry) {
        Ok(outcome) => {
            for leg in &mut verdict.legs {
                match leg.kind {
                    LegKind::Reach => *leg = outcome.reach.clone(),
                    LegKind::Return => *leg = outcome.back.clone(),
                    _ => {}
                }
            }
            verdict.works = outcome.works;
            verdict.headers = outcome.headers;
            verdict.decided = outcome.decided;
        }
        Err(error) => {
            let span: Option<Span> = world
                .network
                .interface(from.port)
                .map(|interface| interface.origin);
            if let Some(leg) = verdict
                .legs
                .iter_mut()
                .find(|leg| leg.kind == LegKind::Reach)
            {
                leg.asked = Asked::Unknown;
                leg.doubts = span
                    .map(|span| Doubt {
                        reason: error.to_string(),
                        span,
                    })
                    .into_iter()
                    .collect();
            }
        }
    }
    Some(verdict)
}
