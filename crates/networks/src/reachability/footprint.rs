//! Where the packets to one destination went, and their answers: to tell whom a
//! change of some device concerns.

use super::cones::{ConeId, Cones, NOBODY};
use super::graph::{Graph, SliceId};
use super::machine::Machine;
use super::pairs::Ends;
use super::rewriting::moved;
use crate::model::DeviceId;
use packets::{Address, Field, Intervals, PacketSets, SetError};
use rustc_hash::FxHashMap;

/// Where packets and answers went, for each device; all sets are among the
/// [`Cones`] of one survey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Footprint {
    /// The destinations that packets had, each with the sources.
    there: FxHashMap<DeviceId, Vec<(ConeId, ConeId)>>,
    /// The destinations that answers had.
    back: FxHashMap<DeviceId, Vec<ConeId>>,
    /// The sources that answers can have.
    answering: ConeId,
    /// The sources that translation gave to packets.
    moved: ConeId,
    /// The destinations that translation gave to answers.
    returned: ConeId,
}

impl Footprint {
    /// Notes where packets went, with the sources at each node of their graph, and
    /// where answers did.
    pub(super) fn of<S: PacketSets>(
        (graph, back): (&Graph<S>, &Graph<S>),
        at: &[ConeId],
        cones: &mut Cones<S::Key>,
    ) -> Self {
        let mut footprint = Self::default();
        let (there, arrived) = slices(graph, cones);
        for (node, cone) in graph.nodes().zip(at) {
            if let (Some(device), Some(slice)) =
                (node.place.device(), there.get(node.slice as usize))
            {
                let met = (*slice, *cone);
                let known = footprint.there.entry(device).or_default();
                if *cone != NOBODY && !known.contains(&met) {
                    known.push(met);
                }
            }
        }
        let (returning, _) = slices(back, cones);
        for node in back.nodes() {
            if let (Some(device), Some(slice)) =
                (node.place.device(), returning.get(node.slice as usize))
            {
                let known = footprint.back.entry(device).or_default();
                if !known.contains(slice) {
                    known.push(*slice);
                }
            }
        }
        let sources = translated(graph, Field::Source);
        let destinations = translated(back, Field::Destination).or(&sources);
        let answering = arrived.or(&translated(back, Field::Source));
        footprint.answering = cones.id(answering);
        footprint.moved = cones.id(sources);
        footprint.returned = cones.id(destinations);
        footprint
    }

    /// Adds where packets went now; where they went before may be too much.
    pub(super) fn widen<A: Address>(&mut self, other: Self, cones: &mut Cones<A>) {
        for (device, more) in other.there {
            add(self.there.entry(device).or_default(), more);
        }
        for (device, more) in other.back {
            add(self.back.entry(device).or_default(), more);
        }
        for (all, more) in [
            (&mut self.answering, other.answering),
            (&mut self.moved, other.moved),
            (&mut self.returned, other.returned),
        ] {
            *all = cones.union(*all, more);
        }
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// Returns the slices of a graph among the cones, by number, and all of them.
fn slices<S: PacketSets>(
    graph: &Graph<S>,
    cones: &mut Cones<S::Key>,
) -> (Vec<ConeId>, Intervals<S::Key>) {
    let mut numbers = Vec::new();
    let mut parts = Vec::new();
    let all = (0..).map_while(|number: SliceId| graph.slice(number));
    for slice in all {
        numbers.push(cones.id(slice.clone()));
        parts.extend_from_slice(slice.parts());
    }
    (numbers, Intervals::of(parts))
}

/// Returns the values that the translations of a graph can give to a field.
fn translated<S: PacketSets>(graph: &Graph<S>, field: Field) -> Intervals<S::Key> {
    let everything = Intervals::range(S::Key::ZERO, S::Key::MAX);
    let mut parts = Vec::new();
    for rewriting in graph.rewritings() {
        let changes = rewriting.rewrite.changes();
        if changes.iter().any(|(changed, _)| *changed == field) {
            let values = moved(&rewriting.rewrite, field, &everything);
            parts.extend_from_slice(values.parts());
        }
    }
    Intervals::of(parts)
}

impl<S: PacketSets> Machine<'_, S> {
    /// Returns the senders whose packets to a destination, or whose answers, could
    /// be among some packets at a device.
    ///
    /// `strangers` are the addresses that no sender has.
    pub(super) fn concerned(
        &mut self,
        ends: &Ends<'_, S::Key>,
        strangers: &Intervals<S::Key>,
        footprint: &Footprint,
        cones: &Cones<S::Key>,
        places: &[(DeviceId, S::Set)],
    ) -> Result<Vec<usize>, SetError> {
        let nobody = Intervals::none();
        let of = |id: ConeId| cones.get(id).unwrap_or(&nobody);
        let mut who = vec![false; ends.list.len()];
        for (device, packets) in places {
            let there = footprint.there.get(device).into_iter().flatten();
            let strange = strangers.or(of(footprint.moved));
            for (to, from) in there {
                let met = self.among(*packets, of(*from), of(*to))?;
                self.name_senders(ends, Field::Source, &strange, met, &mut who)?;
            }
            let back = footprint.back.get(device).into_iter().flatten();
            let strange = strangers.or(of(footprint.returned));
            for to in back {
                let met = self.among(*packets, of(footprint.answering), of(*to))?;
                self.name_senders(ends, Field::Destination, &strange, met, &mut who)?;
            }
        }
        let named = who.into_iter().enumerate();
        Ok(named
            .filter_map(|(end, named)| named.then_some(end))
            .collect())
    }

    fn among(
        &mut self,
        packets: S::Set,
        sources: &Intervals<S::Key>,
        destinations: &Intervals<S::Key>,
    ) -> Result<S::Set, SetError> {
        let ends = packets::Fields::any()
            .with(Field::Source, sources)
            .with(Field::Destination, destinations);
        let ends = self.sets.fields(&ends)?;
        self.sets.and(packets, ends)
    }

    /// Marks those whose address some packets have in a field, and everybody
    /// where it may be anybody's.
    fn name_senders(
        &mut self,
        ends: &Ends<'_, S::Key>,
        field: Field,
        strange: &Intervals<S::Key>,
        packets: S::Set,
        who: &mut [bool],
    ) -> Result<(), SetError> {
        if self.sets.is_empty(packets) || who.iter().all(|named| *named) {
            return Ok(());
        }
        let anybody = self.sets.restrict(packets, field, strange)?;
        if !self.sets.is_empty(anybody) {
            who.fill(true);
            return Ok(());
        }
        for (named, own) in who.iter_mut().zip(&ends.sources) {
            if !*named {
                let mine = self.sets.restrict(packets, field, own)?;
                *named = !self.sets.is_empty(mine);
            }
        }
        Ok(())
    }
}
