//! Each deliberate fault of the engine changes an answer that the judge sees.

use super::coverage::Coverage;
use super::run::Case;
use super::symbolic::Symbolic;
use super::{Engine, Judged, Kind, compare, interpret, show};
use crate::support::generate::Generated;
use networks::interpret::Start;
use networks::reachability::seeded::with;
use packets::Packet;

/// How many faults there are.
const FAULTS: u8 = 50;

/// How many packets a fault may hide from: as many as are judged in full.
const PACKETS_MAX: usize = 200_000;

/// How many packets of one network are looked at.
const PACKETS_A_NETWORK: usize = 120;

/// How many faults are looked for at a time, each on its own thread.
const LANES: u8 = 2;

/// A packet and what the interpreter makes of it.
type Seen = (Start, Packet, Judged);

/// Looks for faults; returns the number of each, and how many packets it took
/// until one showed it.
fn hunt(mut left: Vec<u8>) -> Vec<(u8, Option<usize>)> {
    let (mut found, mut coverage, mut packets) = (Vec::new(), Coverage::default(), 0);
    for seed in 1.. {
        if left.is_empty() || packets >= PACKETS_MAX {
            break;
        }
        let case = Case::wanted(seed, &coverage);
        let (generated, sampled) = case.make();
        let seen: Vec<Seen> = sampled
            .into_iter()
            .take(PACKETS_A_NETWORK)
            .map(|(start, packet)| (start, packet, interpret(&generated, start, packet)))
            .collect();
        for (_, _, judged) in &seen {
            coverage.add(Coverage::cells(&generated, judged), judged);
        }
        left.retain(|number| {
            let caught = with(*number, || first_wrong(&generated, &seen));
            if let Some((at, what)) = &caught {
                show(&format!(
                    "fault {number}: {} packets until case {case}, {what}",
                    packets + at
                ));
                found.push((*number, Some(packets + at)));
            }
            caught.is_none()
        });
        packets += seen.len();
    }
    found.extend(left.into_iter().map(|number| (number, None)));
    found
}

/// Returns the first packet on which the engine, as it is, is wrong.
fn first_wrong(generated: &Generated, seen: &[Seen]) -> Option<(usize, String)> {
    let mut engine = Symbolic::prepare(&generated.built.network, &generated.built.routing);
    let mut numbered = (1..).zip(seen);
    numbered.find_map(|(at, (start, packet, judged))| {
        let (kind, what) = compare::<Symbolic>(&mut engine, judged, *start, packet).err()?;
        (kind == Kind::Wrong).then(|| (at, format!("{start:?} {packet}: {what}")))
    })
}

/// Without a fault the engine is never wrong (`judge::symbolic`), so that what is
/// wrong is the fault's doing.
#[test]
fn every_fault_is_caught() {
    let mut found = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let of_lane = |number: &u8| number % LANES == lane;
                let faults: Vec<u8> = (1..=FAULTS).filter(of_lane).collect();
                scope.spawn(move || hunt(faults))
            })
            .collect();
        let found = lanes.into_iter().map(|lane| lane.join().unwrap());
        found.flatten().collect::<Vec<_>>()
    });
    found.sort_by_key(|(number, _)| *number);
    for (number, _) in found.iter().filter(|(_, caught)| caught.is_none()) {
        show(&format!("fault {number}: not caught"));
    }
    let caught = found.iter().filter(|(_, caught)| caught.is_some()).count();
    let most = found.iter().filter_map(|(_, caught)| *caught).max();
    let most = most.unwrap_or(0);
    let all = usize::from(FAULTS);
    let verdict = if caught == all { "pass" } else { "fail" };
    show(&format!("packets until the last was caught: {most}"));
    show(&format!(
        "number: seeded engine bugs caught | {caught} of {all} | {all} of {all} | {verdict}"
    ));
    assert_eq!(caught, all);
}
