//! One pair asked about by itself: what all pairs together must agree with.

use super::{Pair, Segment};
use crate::World;
use crate::ask::{Engines, Inquiry, Outcome};
use crate::judge::{Verdict, in_threads};
use crate::placement::End;
use crate::traffic;
use crate::verdict::{Asked, Doubt, Leg, LegKind};
use networks::model::Port;
use packets::{Family, SetError};

/// Asks about pairs of segments of one family, one by one.
pub fn alone(world: &World<'_>, segments: &[Segment], pairs: &[(usize, usize)]) -> Vec<Pair> {
    let mut found = in_threads(world, pairs, |engines: &mut Engines<'_>, &(from, to)| {
        let ends = segments.get(from).zip(segments.get(to));
        let pair = ends.map(|(source, target)| Pair {
            from,
            to,
            verdict: judge(world, engines, source, target),
        });
        Vec::from_iter(pair)
    });
    found.sort_by_key(|pair| (pair.from, pair.to));
    found
}

fn judge(
    world: &World<'_>,
    engines: &mut Engines<'_>,
    source: &Segment,
    target: &Segment,
) -> Verdict {
    let inquiry = Inquiry {
        family: Family::of(source.placed.prefix.addr()),
        from: source.placed.port,
        sources: source.hosts.clone(),
        destinations: target.hosts.clone(),
        traffic: traffic::anything(),
        ends: vec![End::Segment(target.placed.port)],
        arriving: None,
        answered: true,
    };
    match engines.ask(&inquiry) {
        Ok(outcome) => verdict(source.placed.port, outcome),
        Err(error) => untold(world, source.placed.port, error),
    }
}

/// The verdict of packets that start on the link of a port.
pub(super) fn verdict(from: Port, outcome: Outcome) -> Verdict {
    let (mut reach, mut back) = (Some(outcome.reach), Some(outcome.back));
    let legs = LegKind::ALL.map(|kind| {
        let known = match kind {
            LegKind::Reach => reach.take(),
            LegKind::Return => back.take(),
            _ => None,
        };
        known.unwrap_or_else(|| Leg::not_checked(kind))
    });
    Verdict {
        legs: legs.to_vec(),
        assumptions: Vec::new(),
        port: Some(from),
        works: outcome.works,
        headers: outcome.headers,
        decided: outcome.decided,
    }
}

/// The verdict where the sets did not fit.
fn untold(world: &World<'_>, from: Port, error: SetError) -> Verdict {
    let interface = world.network.interface(from);
    let doubts = interface.map(|interface| Doubt {
        reason: error.to_string(),
        span: interface.origin,
    });
    let legs = LegKind::ALL.map(|kind| match kind {
        LegKind::Reach => Leg {
            asked: Asked::Unknown,
            doubts: doubts.clone().into_iter().collect(),
            ..Leg::not_checked(kind)
        },
        _ => Leg::not_checked(kind),
    });
    Verdict {
        legs: legs.to_vec(),
        assumptions: Vec::new(),
        port: Some(from),
        works: None,
        headers: 0.0,
        decided: 0.0,
    }
}
