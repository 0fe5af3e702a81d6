//! One changed chain: what it changes, and who has to be asked again.
//!
//! A survey keeps the answers of all pairs and, for each destination, where its
//! packets met rules. After a chain changed, only pairs whose packets or answers
//! could meet the difference are worked out anew.

use super::cones::Cones;
use super::engine::Engine;
use super::machine::Machine;
use super::pairs::{Endpoint, Ends, Footprint, Pair};
use crate::forwarding::Routing;
use crate::model::{DeviceId, Network};
use packets::{Address, Intervals, PacketSets, SetError};
use std::sync::Arc;

/// The answers of all pairs, and what is needed to keep them right.
#[derive(Debug)]
pub struct Survey<R, A> {
    endpoints: Vec<Endpoint>,
    answered: bool,
    /// By receiver: each sender with the answer.
    results: Vec<Vec<(usize, R)>>,
    footprints: Vec<Footprint<A>>,
}

/// What a change of one device's chains changes: packets, as they stand where
/// they meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference<S> {
    /// The device.
    pub device: DeviceId,
    /// Packets that meet another outcome than before, somewhere in the device.
    pub packets: S,
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
        let ends = Ends::new(endpoints)?;
        let mut cones = Cones::new();
        let everyone: Vec<usize> = (0..endpoints.len()).collect();
        let (mut results, mut footprints) = (Vec::new(), Vec::new());
        let look = |sets: &mut S, pair: &Pair<S::Set>| Ok((pair.from, look(sets, pair)?));
        for to in 0..endpoints.len() {
            let work = self
                .machine
                .destination(&ends, to, &everyone, answered, &mut cones, &look);
            let (list, footprint) = work?;
            results.push(list);
            footprints.push(footprint);
        }
        Ok(Survey {
            endpoints: endpoints.to_vec(),
            answered,
            results,
            footprints,
        })
    }

    /// Goes over to a network that differs in the chains of one device alone,
    /// and tells for which packets that makes a difference.
    ///
    /// # Errors
    ///
    /// [`SetError::Exhausted`] where the sets do not fit; the engine is then good
    /// for nothing but being dropped.
    pub fn revise(
        &mut self,
        network: &'n Network,
        routing: &'n Routing,
        device: DeviceId,
    ) -> Result<Difference<S::Set>, SetError> {
        let machine = &mut self.machine;
        let before = Arc::clone(&machine.world);
        machine.world = Arc::new(before.revised(network, routing, device));
        machine.entries.retain(|(at, _, _), _| *at != device);
        let keys: Vec<_> = machine
            .chains
            .keys()
            .filter(|key| key.0 == device)
            .copied()
            .collect();
        let mut old = Vec::with_capacity(keys.len());
        for key in keys {
            old.extend(machine.chains.remove(&key).map(|compiled| (key, compiled)));
        }
        let after = Arc::clone(&machine.world);
        let same = before.facts(device).zip(after.facts(device));
        if !same.is_some_and(|(before, after)| before.passes_as(after)) {
            return Ok(Difference {
                device,
                packets: machine.sets.full(),
            });
        }
        let mut changed = Vec::new();
        for ((_, chain, context, own), compiled) in old {
            if !own {
                continue;
            }
            let anew = machine.hook_chain(device, chain, context)?;
            let (before, after) = (&compiled.settled, &anew.settled);
            for outcome in before.iter().chain(after) {
                let guard_in = |list: &[super::chain::Outcome<S::Set>], none: S::Set| {
                    let alike = list.iter().find(|other| {
                        other.end == outcome.end
                            && other.marking == outcome.marking
                            && other.untracked == outcome.untracked
                    });
                    alike.map_or(none, |other| other.guard)
                };
                let none = machine.sets.empty();
                let (old, new) = (guard_in(before, none), guard_in(after, none));
                changed.push(machine.sets.xor(old, new)?);
            }
        }
        Ok(Difference {
            device,
            packets: machine.sets.any(&changed)?,
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
        difference: Difference<S::Set>,
        look: impl Fn(&mut S, &Pair<S::Set>) -> Result<R, SetError>,
    ) -> Result<usize, SetError> {
        if self.machine.sets.is_empty(difference.packets) {
            return Ok(0);
        }
        let endpoints = std::mem::take(&mut survey.endpoints);
        let ends = Ends::new(&endpoints)?;
        let mut cones = Cones::new();
        let look = |sets: &mut S, pair: &Pair<S::Set>| Ok((pair.from, look(sets, pair)?));
        let mut renewed = 0;
        for to in 0..endpoints.len() {
            let Some(footprint) = survey.footprints.get(to) else {
                continue;
            };
            let senders = self.machine.affected(&ends, footprint, difference)?;
            if senders.is_empty() {
                continue;
            }
            let answered = survey.answered;
            let work = self
                .machine
                .destination(&ends, to, &senders, answered, &mut cones, &look);
            let (list, footprint) = work?;
            renewed += list.len();
            if let Some(results) = survey.results.get_mut(to) {
                results.retain(|(from, _)| !senders.contains(from));
                results.extend(list);
                results.sort_by_key(|(from, _)| *from);
            }
            if let Some(known) = survey.footprints.get_mut(to) {
                known.widen(footprint);
            }
        }
        survey.endpoints = endpoints;
        Ok(renewed)
    }
}

impl<A: Address> Footprint<A> {
    /// Adds where packets went now; where they went before may be too much.
    fn widen(&mut self, other: Self) {
        for (all, more) in [(&mut self.there, other.there), (&mut self.back, other.back)] {
            for (device, slice) in more {
                let known = all.entry(device).or_default();
                *known = known.or(&slice);
            }
        }
    }
}

impl<S: PacketSets> Machine<'_, S> {
    /// Returns the senders whose packets to a destination, or whose answers,
    /// could meet a difference.
    fn affected(
        &mut self,
        ends: &Ends<'_, S::Key>,
        footprint: &Footprint<S::Key>,
        difference: Difference<S::Set>,
    ) -> Result<Vec<usize>, SetError> {
        let everyone = (0..ends.list.len()).collect();
        if let Some(slice) = footprint.there.get(&difference.device)
            && self.meets(difference.packets, slice)?
        {
            return Ok(everyone);
        }
        let Some(slice) = footprint.back.get(&difference.device) else {
            return Ok(Vec::new());
        };
        if !self.meets(difference.packets, slice)? {
            return Ok(Vec::new());
        }
        // Answers go to the senders, or to where these were translated to.
        let mut others = slice.clone();
        let mut senders = Vec::new();
        for (sender, sources) in ends.sources.iter().enumerate() {
            others = others.and(&sources.not(S::Key::MAX));
            if self.meets(difference.packets, &slice.and(sources))? {
                senders.push(sender);
            }
        }
        if self.meets(difference.packets, &others)? {
            return Ok(everyone);
        }
        Ok(senders)
    }

    fn meets(
        &mut self,
        packets: S::Set,
        destinations: &Intervals<S::Key>,
    ) -> Result<bool, SetError> {
        if destinations.is_empty() {
            return Ok(false);
        }
        let there = self.to(destinations)?;
        let both = self.sets.and(packets, there)?;
        Ok(!self.sets.is_empty(both))
    }
}
