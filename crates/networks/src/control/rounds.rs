//! The rounds of the computation.

use super::bgp::Bgp;
use super::doubt::Doubt;
use super::ospf::Ospf;
use super::policy::Expressions;
use super::table::{Candidate, DeviceTables, Table};
use super::wild::{Wilds, spread};
use super::{connected, outcome, statics};
use crate::forwarding::Routing;
use crate::model::{Device, Network, Vrf, VrfId};
use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};

/// How often the protocols are asked again before the computation counts as
/// without a fixed point. Each round carries a change across one
/// redistribution or recursion, so real networks need fewer than ten.
const ROUNDS_MAX: usize = 64;

/// How many rounds may pass without what is under BGP coming to rest before it
/// is watched what changes.
const RESTLESS_MAX: usize = 6;

/// How many more rounds are watched before the static routes that change again
/// and again count as wavering.
const RESTLESS_WATCHED: usize = 12;

/// In how many of these rounds a prefix must have changed. What only waits for
/// others changes once or twice; what goes to and fro, in every other round.
const WAVERS_MIN: usize = RESTLESS_WATCHED / 2;

/// The rounds at the end whose changes count as never settling.
const ROUNDS_WATCHED: usize = 24;

/// A prefix in a VRF of a device.
pub(super) type Spot = (usize, usize, IpNet);

/// A prefix in a VRF of a device, and why it is not settled.
pub(super) type Unsettled = (usize, usize, IpNet, Doubt);

/// What is offered to each VRF: by device, then by VRF.
type Offers = Vec<Vec<Vec<Candidate>>>;

/// Computes what the devices of a network do.
///
/// The result has one entry a device. What is configured but cannot work is
/// in its findings; what cannot be told is [`crate::forwarding::FibAction::Unknown`].
pub fn compute(network: &Network) -> Routing {
    let expressions = Expressions::default();
    let ospf = Ospf::new(network, &expressions);
    let mut rounds = Rounds::new(network, &ospf, &expressions);
    rounds.settle();
    let mut wilds = rounds.wilds();
    if wilds.iter().flatten().any(|wild| !wild.is_empty()) {
        // What resolves through routes that may exist is settled with these in view.
        rounds.wilds = Some(wilds);
        rounds.settle();
        wilds = rounds.wilds();
    }
    let unsettled = rounds.bgp.unsettled(&rounds.tables, &expressions);
    let mut routing = outcome::finish(
        network,
        &rounds.tables,
        &rounds.unstable,
        &rounds.wavering,
        &unsettled,
        &wilds,
    );
    routing.findings.extend(rounds.bgp.findings(&unsettled));
    routing.findings.extend(ospf.findings);
    routing
}

/// The computation as far as it has come.
struct Rounds<'a> {
    network: &'a Network,
    ospf: &'a Ospf<'a>,
    expressions: &'a Expressions,
    bgp: Bgp<'a>,
    /// What interfaces offer; it does not change.
    fixed: Offers,
    /// What BGP offered last.
    learned: Vec<(usize, usize, Candidate)>,
    tables: Vec<Vec<Table>>,
    /// What never settled.
    unstable: FxHashSet<Spot>,
    /// Prefixes whose static routes are usable without themselves alone.
    wavering: FxHashSet<Spot>,
    /// Routes that may exist besides.
    wilds: Option<Wilds>,
}

impl<'a> Rounds<'a> {
    fn new(network: &'a Network, ospf: &'a Ospf<'a>, expressions: &'a Expressions) -> Self {
        let fixed: Offers = network
            .devices
            .iter()
            .map(|device| each_vrf(device, |vrf, _| connected::routes(device, vrf)))
            .collect();
        let tables = fixed
            .iter()
            .map(|vrfs| vrfs.iter().cloned().map(Table::choose).collect())
            .collect();
        Self {
            network,
            ospf,
            expressions,
            bgp: Bgp::new(network),
            fixed,
            learned: Vec::new(),
            tables,
            unstable: FxHashSet::default(),
            wavering: FxHashSet::default(),
            wilds: None,
        }
    }

    fn wilds(&self) -> Wilds {
        spread(self.network, self.ospf, &self.bgp, &self.tables)
    }

    /// Repeats until nothing changes: static routes and OSPF first, then BGP,
    /// which speaks when everything under it has settled.
    fn settle(&mut self) {
        self.unstable.clear();
        let mut restless = 0;
        let mut watched: Vec<FxHashSet<Spot>> = Vec::new();
        for round in 0..ROUNDS_MAX {
            let next = self.round();
            let settled = next == self.tables;
            restless = if settled { 0 } else { restless + 1 };
            if restless > RESTLESS_MAX {
                watched.push(changes(&self.tables, &next).into_iter().collect());
            } else {
                watched.clear();
            }
            if watched.len() >= RESTLESS_WATCHED {
                self.wavering.extend(wavering(&watched));
                restless = 0;
            }
            if !settled && round >= ROUNDS_MAX - ROUNDS_WATCHED {
                self.unstable.extend(changes(&self.tables, &next));
            }
            self.tables = next;
            if !settled {
                continue;
            }
            let offers = if self.bgp.is_idle() {
                Vec::new()
            } else {
                self.bgp.settle(&self.tables, self.expressions);
                self.bgp.offers(self.expressions)
            };
            if offers == self.learned {
                self.unstable.clear();
                break;
            }
            self.learned = offers;
        }
    }

    /// Asks every protocol once, by the tables as they stand.
    fn round(&self) -> Vec<Vec<Table>> {
        let mut offers = self.fixed.clone();
        add(
            &mut offers,
            self.ospf.offers(&self.tables, self.expressions),
        );
        add(&mut offers, self.learned.clone());
        add_statics(self.network, &self.tables, &self.wavering, &mut offers);
        let mut tables: Vec<Vec<Table>> = offers
            .into_iter()
            .map(|vrfs| vrfs.into_iter().map(Table::choose).collect())
            .collect();
        for (tables, wilds) in tables.iter_mut().zip(self.wilds.iter().flatten()) {
            for (table, wild) in tables.iter_mut().zip(wilds) {
                table.set_wild(wild);
            }
        }
        tables
    }
}

/// Makes something of each VRF of a device.
pub(super) fn each_vrf<T>(device: &Device, mut make: impl FnMut(VrfId, &Vrf) -> T) -> Vec<T> {
    (0u32..)
        .map(VrfId)
        .zip(&device.vrfs)
        .map(|(id, vrf)| make(id, vrf))
        .collect()
}

fn add(offers: &mut Offers, new: Vec<(usize, usize, Candidate)>) {
    for (device, vrf, candidate) in new {
        let slot = offers.get_mut(device).and_then(|vrfs| vrfs.get_mut(vrf));
        if let Some(slot) = slot {
            slot.push(candidate);
        }
    }
}

/// Adds the static routes that are usable by the tables as they stand.
fn add_statics(
    network: &Network,
    tables: &[Vec<Table>],
    wavering: &FxHashSet<Spot>,
    offers: &mut Offers,
) {
    let all = network.devices.iter().zip(tables).zip(offers).enumerate();
    for (at, ((device, tables), offers)) in all {
        let view = DeviceTables { device, tables };
        for ((vrf, settings), offers) in (0u32..).map(VrfId).zip(&device.vrfs).zip(offers) {
            let wavers = |prefix| wavering.contains(&(at, vrf.index(), prefix));
            offers.extend(statics::routes(view, vrf, &settings.static_routes, wavers));
        }
    }
}

/// Returns what changed in many of some rounds.
fn wavering(rounds: &[FxHashSet<Spot>]) -> impl Iterator<Item = Spot> {
    let mut times: FxHashMap<Spot, usize> = FxHashMap::default();
    for spot in rounds.iter().flatten() {
        *times.entry(*spot).or_default() += 1;
    }
    times
        .into_iter()
        .filter(|(_, times)| *times >= WAVERS_MIN)
        .map(|(spot, _)| spot)
}

/// Returns where two rounds differ.
fn changes(before: &[Vec<Table>], after: &[Vec<Table>]) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (device, (before, after)) in before.iter().zip(after).enumerate() {
        for (vrf, (before, after)) in before.iter().zip(after).enumerate() {
            let differing = |one: &Table, other: &Table| {
                one.iter()
                    .filter(|(prefix, entry)| other.get(*prefix) != Some(entry))
                    .map(|(prefix, _)| (device, vrf, prefix))
                    .collect::<Vec<_>>()
            };
            spots.extend(differing(before, after));
            spots.extend(differing(after, before));
        }
    }
    spots
}
