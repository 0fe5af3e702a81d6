//! Each deliberate fault of the engine changes an answer that the judge sees.

use super::run::differences_in;
use super::show;
use super::symbolic::Symbolic;
use networks::reachability::seeded::with;

/// How many faults there are.
const FAULTS: u8 = 50;

/// How many packets of a network are looked at.
const PACKETS: usize = 100;

/// In how many networks a fault may hide: with the packets of each, far fewer
/// than the 200,000 that are judged in full.
const NETWORKS: u64 = 400;

#[test]
fn every_fault_is_caught() {
    let mut sound: Vec<Vec<String>> = Vec::new();
    let mut missed = Vec::new();
    for number in 1..=FAULTS {
        let caught = (1..=NETWORKS).find_map(|seed| {
            let at = usize::try_from(seed - 1).unwrap();
            if sound.len() <= at {
                sound.push(differences_in::<Symbolic>(seed, PACKETS));
            }
            let faulty = with(number, || differences_in::<Symbolic>(seed, PACKETS));
            let new = faulty.into_iter().find(|one| !sound[at].contains(one))?;
            Some((seed, new))
        });
        match caught {
            Some((seed, what)) => show(&format!("fault {number}: network {seed}, {what}")),
            None => missed.push(number),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
