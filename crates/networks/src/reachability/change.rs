//! A changed line: what it changes, and who has to be asked again.
//!
//! A survey keeps the answers of all pairs and, for each destination, where its
//! packets went. After a filter, a translation or a route changed, only pairs
//! whose packets or answers could meet the difference are worked out anew.

use super::chain::{Compiled, End, Outcome};
use super::cones::Cones;
use super::edited::{alike, calls, stale};
use super::engine::Engine;
use super::footprint::Footprint;
use super::machine::{ChainKey, Machine};
use super::pairs::{Asked, Endpoint, Ends, Pair};
use super::world::{Facts, World};
use crate::forwarding::Routing;
use crate::model::{ChainId, DeviceId, Network};
use packets::{Address, Intervals, PacketSets, SetError};
use std::sync::Arc;

/// How much of the memory may be what earlier changes left before it is given back.
const GARBAGE: usize = 2;

/// The answers of all pairs, and what is needed to keep them right.
#[derive(Debug)]
pub struct Survey<R, A> {
    endpoints: Vec<Endpoint>,
    answered: bool,
    /// By receiver: each sender with the answer.
    results: Vec<Vec<(usize, R)>>,
    footprints: Vec<Footprint>,
    cones: Cones<A>,
}

/// What a change makes different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<S> {
    /// Packets that meet something else than before in a device, as they stand
    /// there; `None` is anything anywhere.
    places: Option<Vec<(DeviceId, S)>>,
}

impl<R, A> Survey<R, A> {
    /// Returns the answers: sender, receiver, answer.
    pub fn results(&self) -> impl Iterator<Item = (usize, usize, &R)> {
        let receivers = self.results.iter().enumerate();
        receivers.flat_map(|(to, list)| list.iter().map(move |(from, result)| (*from, to, result)))
    }
}

impl<'n, S: PacketSets> Engine<'n, S> {
    /// Answers for every ordered pair of different endpoints, to be kept.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets of one destination do not fit.
    pub fn survey<R>(
        &mut self,
        endpoints: &[Endpoint],
        answered: bool,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError>,
    ) -> Result<Survey<R, S::Key>, SetError> {
        let mut survey = Survey {
            endpoints: endpoints.to_vec(),
            answered,
            results: endpoints.iter().map(|_| Vec::new()).collect(),
            footprints: vec![Footprint::default(); endpoints.len()],
            cones: Cones::new(),
        };
        self.update(&mut survey, &Difference { places: None }, look)?;
        self.machine.kept = self.machine.sets.nodes();
        Ok(survey)
    }

    /// Goes over to a network that differs in the chains and routes of these
    /// devices alone, and tells for which packets that makes a difference.
    ///
    /// Interfaces, links, VRFs, sessions and redundancy must be as they were.
    /// Sets from before, those of answers too, are given up.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; the engine is then good
    /// for nothing but being dropped.
    pub fn revise(
        &mut self,
        network: &'n Network,
        routing: &'n Routing,
        devices: &[DeviceId],
    ) -> Result<Difference<S::Set>, SetError> {
        let machine = &mut self.machine;
        if machine.sets.nodes() > machine.kept * GARBAGE {
            machine.release(machine.start, usize::MAX)?;
            machine.kept = machine.sets.nodes();
        }
        let before = Arc::clone(&machine.world);
        machine.world = Arc::new(before.revised(network, routing, devices));
        let after = Arc::clone(&machine.world);
        let mut places = Vec::with_capacity(devices.len());
        for device in devices {
            let both = before.facts(*device).zip(after.facts(*device));
            let Some((old, new)) = both.filter(|(old, new)| old.passes_as(new)) else {
                machine.world = Arc::new(World::new(network, routing));
                machine.chains.clear();
                machine.entries.clear();
                return Ok(Difference { places: None });
            };
            let packets = machine.differing(*device, old, new)?;
            if !machine.sets.is_empty(packets) {
                places.push((*device, packets));
            }
        }
        Ok(Difference {
            places: Some(places),
        })
    }

    /// Brings a survey up to date after a change; returns how many pairs were
    /// worked out anew.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; the survey then still
    /// holds some answers from before.
    pub fn update<R>(
        &mut self,
        survey: &mut Survey<R, S::Key>,
        difference: &Difference<S::Set>,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError>,
    ) -> Result<usize, SetError> {
        let Survey {
            endpoints,
            answered,
            results,
            footprints,
            cones,
        } = survey;
        let machine = &mut self.machine;
        let ends = Ends::new(endpoints)?;
        let all = ends.sources.iter();
        let all = Intervals::of(all.flat_map(|own| own.parts()).copied().collect());
        let strangers = all.not(S::Key::MAX);
        let look = |sets: &mut S, pair: &Pair<S::Set>| Ok((pair.from, look(sets, pair)?));
        let everyone: Vec<usize> = (0..endpoints.len()).collect();
        let (mark, before) = (machine.sets.mark(), machine.compilations);
        let mut renewed = 0;
        for (to, (known, trodden)) in results.iter_mut().zip(footprints).enumerate() {
            let senders = match &difference.places {
                None => everyone.clone(),
                Some(places) => machine.concerned(&ends, &strangers, trodden, cones, places)?,
            };
            if senders.is_empty() {
                continue;
            }
            let asked = Asked {
                to,
                senders: &senders,
                answered: *answered,
            };
            let mut footprint = Footprint::default();
            let list = machine.destination(&ends, asked, cones, Some(&mut footprint), &look)?;
            renewed += list.len();
            if senders.len() == endpoints.len() {
                *known = list;
                *trodden = footprint;
                continue;
            }
            known.retain(|(from, _)| senders.binary_search(from).is_err());
            known.extend(list);
            known.sort_by_key(|(from, _)| *from);
            trodden.widen(footprint, cones);
        }
        machine.release(mark, before)?;
        Ok(renewed)
    }
}

impl<S: PacketSets> Machine<'_, S> {
    /// Finds the packets that meet something else in a device than before.
    fn differing(
        &mut self,
        device: DeviceId,
        old: &Facts<'_, S::Key>,
        new: &Facts<'_, S::Key>,
    ) -> Result<S::Set, SetError> {
        let rerouted = old.rerouted(new);
        let chains = (&old.device.chains, &new.device.chains);
        let (Some(destinations), true) = (rerouted, chains.0.len() == chains.1.len()) else {
            self.chains.retain(|key, _| key.0 != device);
            self.entries.retain(|key, _| key.0 != device);
            return Ok(self.sets.full());
        };
        let mut changed = vec![self.to(&destinations)?];
        let pairs = chains.0.iter().zip(chains.1);
        let stale: Vec<bool> = stale(pairs.map(|(old, new)| old != new).collect(), chains.1);
        let is_stale = |chain: ChainId| stale.get(chain.index()).copied().unwrap_or(true);
        let mut keys: Vec<ChainKey> = self.chains.keys().copied().collect();
        keys.retain(|key| key.0 == device && is_stale(key.1));
        // Those that others call come first, for those that are hooks' own.
        keys.sort_by_key(|key| key.3);
        let mut hooks = Vec::new();
        for key in keys {
            let Some(compiled) = self.chains.remove(&key) else {
                continue;
            };
            let both = chains.0.get(key.1.index()).zip(chains.1.get(key.1.index()));
            if let Some((before, after)) = both.filter(|_| !key.3) {
                let anew = match alike(before, after) && compiled.causes.is_empty() {
                    true if !calls(after) => Some((*compiled).clone()),
                    _ => self.edited(&compiled, (before, after), device, key.2)?,
                };
                if let Some(anew) = anew {
                    self.compilations += 1;
                    self.chains.insert(key, Arc::new(anew));
                }
            }
            if key.3 {
                hooks.push((key, compiled));
            }
        }
        for ((_, chain, context, _), compiled) in hooks {
            let anew = self.hook_chain(device, chain, context)?;
            let packets = self.outcomes_differing(&compiled, &anew)?;
            changed.push(packets);
        }
        self.sets.any(&changed)
    }

    /// Finds the packets that leave a hook's chain in another way than before.
    fn outcomes_differing(
        &mut self,
        before: &Compiled<S::Set>,
        after: &Compiled<S::Set>,
    ) -> Result<S::Set, SetError> {
        let all = || before.settled.iter().chain(&after.settled);
        if all().any(|outcome| matches!(outcome.end, End::Route(..))) {
            // Decisions go by the positions of rules, which are others now.
            return Ok(self.sets.full());
        }
        let mut changed = Vec::new();
        for outcome in all() {
            let none = self.sets.empty();
            let guard = |list: &[Outcome<S::Set>]| {
                let alike = list.iter().find(|other| {
                    other.end == outcome.end
                        && other.marking == outcome.marking
                        && other.untracked == outcome.untracked
                });
                alike.map_or(none, |other| other.guard)
            };
            let (old, new) = (guard(&before.settled), guard(&after.settled));
            changed.push(self.sets.xor(old, new)?);
        }
        self.sets.any(&changed)
    }
}
