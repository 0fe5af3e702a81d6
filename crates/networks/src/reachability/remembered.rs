//! What a device remembers of answers that come to it.

use super::back::{Answers, Sort};
use super::graph::Edge;
use super::place::{Held, Place};
use super::seeded::bug;
use super::trail::{Form, Space};
use crate::model::DeviceId;
use packets::{PacketSets, SetError};

impl<S: PacketSets> Answers<'_, '_, S> {
    /// Finds what a device remembers of answers that come to it.
    ///
    /// Returns the visit, and the answers for which that is certain. Where the
    /// header only looks like another one that the device remembers, it is not.
    pub(super) fn meet(
        &mut self,
        device: DeviceId,
        form: Form,
        packets: S::Set,
    ) -> Result<(Held, Option<usize>, S::Set), SetError> {
        let mut held = Held {
            reflected: self.reflected_at(device, form),
            ..Held::default()
        };
        let mut found = None;
        let mut others: Vec<Space> = Vec::new();
        for (index, visit) in self.visits.iter().enumerate() {
            if !self.share(device, visit.device) {
                continue;
            }
            if form.is_astray() || visit.left != form.space {
                others.push(visit.left);
            } else {
                found = Some(index);
                held.session = visit.session && !bug(12);
                held.undo = visit.mapped && !bug(13);
                // The newest entry counts: older ones may be alike.
                break;
            }
        }
        let here = self.reflected.iter().filter(|(at, _, _)| *at == device);
        let listed = |name: u8| self.reflects(device, name, form);
        let lists = here.filter(|(_, name, _)| !listed(*name));
        others.extend(lists.map(|(_, _, other)| *other));
        others.sort_unstable();
        others.dedup();
        let mut certain = packets;
        for other in others {
            if !self.may_look_like(form, other) {
                continue;
            }
            let alike = self.expected(other)?;
            let alike = self.machine.sets.and(certain, alike)?;
            if !self.machine.sets.is_empty(alike) {
                certain = self.machine.sets.difference(certain, alike)?;
                self.set_aside(Sort::Doubt, form, alike)?;
            }
        }
        Ok((held, found, certain))
    }

    /// Tells whether answers of a form may have the header of those in a space
    /// that is not theirs.
    pub(super) fn may_look_like(&self, form: Form, other: Space) -> bool {
        if form.is_astray() {
            return self.strays.may_look_right(form.astray) || self.translations.len() > 1;
        }
        let (first, last) = (form.space.min(other), form.space.max(other));
        match self.translations.get(usize::from(first)..usize::from(last)) {
            Some([only]) => only.kept,
            // One may undo another.
            _ => true,
        }
    }

    /// Returns the reflexive lists that have an entry after an edge.
    pub(super) fn reflected_after(&self, edge: &Edge<S::Set>, form: Form) -> u64 {
        let place = edge
            .next
            .first()
            .and_then(|next| self.graph.get(*next))
            .map(|node| node.place);
        let device = match place {
            Some(Place::Hook(at) | Place::Restore(at)) => at.device,
            Some(
                Place::Decide { device, .. }
                | Place::Policy { device, .. }
                | Place::Lookup { device, .. },
            ) => device,
            _ => return 0,
        };
        self.reflected_at(device, form)
    }

    /// Tells whether one device knows what another remembers.
    fn share(&self, device: DeviceId, other: DeviceId) -> bool {
        if device == other {
            return true;
        }
        let name = |id: DeviceId| {
            let facts = self.machine.world.facts(id)?;
            facts.device.sessions.shared.as_deref()
        };
        name(device).is_some() && name(device) == name(other) && !bug(14)
    }

    /// Tells whether a list of the device surely has an entry for a form.
    fn reflects(&self, device: DeviceId, name: u8, form: Form) -> bool {
        !form.is_astray() && self.reflected.contains(&(device, name, form.space))
    }

    pub(super) fn reflected_at(&self, device: DeviceId, form: Form) -> u64 {
        if form.is_astray() {
            return 0;
        }
        let here = self
            .reflected
            .iter()
            .filter(|(at, _, then)| *at == device && *then == form.space);
        here.fold(0, |bits, (_, name, _)| {
            bits | 1_u64.checked_shl(u32::from(*name)).unwrap_or(0)
        })
    }
}
