//! Answers that a device translates although it remembers nothing of them.
//!
//! A device with the same static translation as the one on the way there brings
//! them right all the same; any other makes of them what nobody waits for.

use super::back::{Answers, Sort};
use super::graph::{Edge, EdgeTurn, NodeId, RewriteId};
use super::limits::TRANSLATIONS_MAX;
use super::rewriting::{moved, undone};
use super::trail::{FRESH, Form, Space, TrailId};
use packets::{Address, Change, Field, Intervals, PacketSets, Rewrite, SetError};
use rustc_hash::FxHashMap;

/// What devices made of answers that they remember nothing of: a tree, each
/// node one more translation.
#[derive(Debug)]
pub(super) struct Strays<S: PacketSets> {
    nodes: Vec<Stray<S>>,
    index: FxHashMap<(Form, Translator, bool), TrailId>,
}

/// Answers, which changes of a rewrite make a difference to them, and these.
type Effect<S> = (
    <S as PacketSets>::Set,
    Acted,
    Rewrite<<S as PacketSets>::Key>,
);

/// The form before translations that were overwritten, them in order, and the
/// answers as they were before them.
type Overwritten<S> = (
    Form,
    Vec<Rewrite<<S as PacketSets>::Key>>,
    <S as PacketSets>::Set,
);

/// Which changes of a rewrite made a difference, by bit.
type Acted = u8;

/// What translated: on the way there, or on the way back with where that led.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Translator {
    There(Space),
    Back(RewriteId, Option<NodeId>, Acted),
}

#[derive(Debug)]
struct Stray<S: PacketSets> {
    parent: TrailId,
    rewrite: Rewrite<S::Key>,
    before: S::Set,
    /// The destinations after it.
    destinations: Intervals<S::Key>,
    depth: usize,
    /// Whether the header may by chance be one that is waited for.
    lucky: bool,
}

impl<S: PacketSets> Strays<S> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            index: FxHashMap::default(),
        }
    }

    fn get(&self, id: TrailId) -> Option<&Stray<S>> {
        self.nodes.get((id as usize).checked_sub(1)?)
    }

    pub(super) fn destinations(&self, id: TrailId) -> Option<&Intervals<S::Key>> {
        self.get(id).map(|stray| &stray.destinations)
    }

    /// Tells whether the header may by chance be one that is waited for.
    pub(super) fn may_look_right(&self, id: TrailId) -> bool {
        self.get(id)
            .is_none_or(|stray| stray.lucky || stray.depth > 2)
    }

    /// Returns what was translated last, and from what.
    pub(super) fn last(&self, id: TrailId) -> Option<(TrailId, Rewrite<S::Key>, S::Set)> {
        self.get(id)
            .map(|stray| (stray.parent, stray.rewrite.clone(), stray.before))
    }
}

impl<S: PacketSets> Answers<'_, '_, S> {
    /// Parts answers that an edge translates by the form they have after it.
    ///
    /// What was translated more often than is followed is in doubt.
    pub(super) fn part(
        &mut self,
        edge: &Edge<S::Set>,
        form: Form,
        packets: S::Set,
    ) -> Result<Vec<(Form, S::Set)>, SetError> {
        let mut parted = Vec::new();
        let EdgeTurn::Rewrite(id) = edge.turn else {
            return Ok(parted);
        };
        let Some(known) = self.graph.rewriting(id) else {
            return Ok(parted);
        };
        let picks = if known.picks.is_empty() {
            vec![id]
        } else {
            known.picks.clone()
        };
        for pick in picks {
            let next = edge.next.first().copied();
            self.part_by((pick, next), form, packets, &mut parted)?;
        }
        parted.retain(|(_, packets)| !self.machine.sets.is_empty(*packets));
        Ok(parted)
    }

    /// Parts answers by the form they have after one rewrite.
    fn part_by(
        &mut self,
        (id, next): (RewriteId, Option<NodeId>),
        form: Form,
        packets: S::Set,
        parted: &mut Vec<(Form, S::Set)>,
    ) -> Result<(), SetError> {
        let Some(known) = self.graph.rewriting(id) else {
            return Ok(());
        };
        let translator = Translator::Back(id, next, 0);
        let (plain, whole, choice) = (known.plain.clone(), known.rewrite.clone(), known.choice);
        let kept = self.machine.sets.fields(&known.kept)?;
        let staying = self.machine.sets.and(packets, kept)?;
        let changed = self.machine.sets.difference(packets, kept)?;
        if !choice {
            // Translated to what they were, but perhaps for the mark.
            parted.push((form, self.machine.sets.image(&whole, staying)?));
        }
        let lucky = if choice {
            staying
        } else {
            self.machine.sets.empty()
        };
        for (left, lucky) in [(lucky, true), (changed, false)] {
            let earlier = form.space.checked_sub(1).filter(|_| !form.is_astray());
            let there =
                earlier.and_then(|earlier| Some((earlier, self.translation_after(earlier)?)));
            let Some((earlier, there)) = there.map(|(at, known)| (at, known.mirror.clone())) else {
                self.lead_astray(translator, (&plain, &whole), form, left, lucky, parted)?;
                continue;
            };
            let undone = undone(&there, &plain);
            let surely = self.machine.sets.fields(&undone.surely)?;
            let maybe = self.machine.sets.fields(&undone.maybe)?;
            let before = self.answers_before(earlier, left)?;
            parted.push((Form::of(earlier), self.machine.sets.and(before, surely)?));
            let other = self.machine.sets.difference(before, surely)?;
            let perhaps = self.machine.sets.and(other, maybe)?;
            let never = self.machine.sets.difference(other, maybe)?;
            for (before, lucky) in [(perhaps, true), (never, lucky)] {
                let form = Form::of(earlier);
                let before_it = Translator::There(earlier);
                let Some(form) = self.stray(form, before_it, &there, before, lucky)? else {
                    continue;
                };
                let after = self.machine.sets.image(&there, before)?;
                let left = self.machine.sets.and(after, left)?;
                self.lead_astray(translator, (&plain, &whole), form, left, lucky, parted)?;
            }
        }
        Ok(())
    }

    fn lead_astray(
        &mut self,
        translator: Translator,
        (plain, whole): (&Rewrite<S::Key>, &Rewrite<S::Key>),
        form: Form,
        packets: S::Set,
        lucky: bool,
        parted: &mut Vec<(Form, S::Set)>,
    ) -> Result<(), SetError> {
        for (part, acted, effective) in self.effects(plain, packets)? {
            let translator = match translator {
                Translator::Back(id, next, _) => Translator::Back(id, next, acted),
                there @ Translator::There(_) => there,
            };
            let rewrites = (&effective, whole);
            self.lead_part_astray(translator, rewrites, form, part, lucky, parted)?;
        }
        Ok(())
    }

    /// Parts answers by what a translation does to them: it may move addresses or
    /// ports of some and leave those of others.
    fn effects(
        &mut self,
        plain: &Rewrite<S::Key>,
        packets: S::Set,
    ) -> Result<Vec<Effect<S>>, SetError> {
        let mut parts = vec![(packets, 0, Rewrite::keep())];
        for (position, (field, change)) in (0_u32..).zip(plain.changes()) {
            let bit = 1_u8.checked_shl(position).unwrap_or(0);
            let mut cut = Vec::with_capacity(parts.len());
            for (packets, acted, rewrite) in parts {
                let moving = rewrite.clone().with(*field, change.clone())?;
                let staying = match change {
                    Change::Shift(pieces) => {
                        let alike = pieces.iter().filter(|piece| piece.first == piece.to);
                        let alike = alike.map(|piece| (piece.first, piece.last)).collect();
                        self.machine.sets.field(*field, &Intervals::of(alike))?
                    }
                    _ => self.machine.sets.empty(),
                };
                let moved = self.machine.sets.difference(packets, staying)?;
                let stayed = self.machine.sets.and(packets, staying)?;
                cut.push((moved, acted | bit, moving));
                cut.push((stayed, acted, rewrite));
            }
            cut.retain(|(packets, ..)| !self.machine.sets.is_empty(*packets));
            parts = cut;
        }
        Ok(parts)
    }

    fn lead_part_astray(
        &mut self,
        translator: Translator,
        (plain, whole): (&Rewrite<S::Key>, &Rewrite<S::Key>),
        form: Form,
        packets: S::Set,
        lucky: bool,
        parted: &mut Vec<(Form, S::Set)>,
    ) -> Result<(), SetError> {
        if plain.changes().is_empty() {
            parted.push((form, self.machine.sets.image(whole, packets)?));
            return Ok(());
        }
        let (base, undone, before) = self.overwritten(plain, form, packets)?;
        if undone.is_empty() {
            match self.stray(form, translator, plain, packets, lucky)? {
                Some(form) => parted.push((form, self.machine.sets.image(whole, packets)?)),
                None => self.set_aside(Sort::Doubt, form, packets)?,
            }
            return Ok(());
        }
        let kept = self.machine.sets.fields(&super::rewriting::kept(plain))?;
        let staying = self.machine.sets.and(before, kept)?;
        let changed = self.machine.sets.difference(before, kept)?;
        let choice = super::rewriting::has_choice(plain);
        for (before, stays) in [(staying, true), (changed, false)] {
            let mut here = before;
            for rewrite in &undone {
                here = self.machine.sets.image(rewrite, here)?;
            }
            let here = self.machine.sets.and(here, packets)?;
            let after = if stays && !choice {
                Some(base)
            } else {
                self.stray(base, translator, plain, before, stays)?
            };
            match after {
                Some(after) => parted.push((after, self.machine.sets.image(whole, here)?)),
                None => self.set_aside(Sort::Doubt, form, here)?,
            }
        }
        Ok(())
    }

    /// Finds the translations before one that it overwrites altogether, whatever
    /// they wrote: what loops through two devices is translated to the same again
    /// and again.
    ///
    /// Returns the form before them, them in order, and the answers as they were
    /// before them.
    fn overwritten(
        &mut self,
        by: &Rewrite<S::Key>,
        mut form: Form,
        packets: S::Set,
    ) -> Result<Overwritten<S>, SetError> {
        let mut undone = Vec::new();
        let mut packets = self.machine.sets.exists(packets, Field::Mark)?;
        while let Some((parent, rewrite, before)) = self.strays.last(form.astray) {
            if !overwrites(by, &rewrite) {
                break;
            }
            packets = self.machine.sets.pre_image_any(&rewrite, packets)?;
            packets = self.machine.sets.and(packets, before)?;
            form.astray = parent;
            undone.insert(0, rewrite);
        }
        Ok((form, undone, packets))
    }

    /// Notes one more translation; `None` where there were too many, or nothing
    /// is translated.
    fn stray(
        &mut self,
        form: Form,
        translator: Translator,
        rewrite: &Rewrite<S::Key>,
        packets: S::Set,
        lucky: bool,
    ) -> Result<Option<Form>, SetError> {
        if self.machine.sets.is_empty(packets) {
            return Ok(None);
        }
        let packets = self.machine.sets.exists(packets, Field::Mark)?;
        let key = (form, translator, lucky);
        if let Some(known) = self.strays.index.get(&key).copied() {
            let at = (known as usize).checked_sub(1);
            if let Some(stray) = at.and_then(|at| self.strays.nodes.get_mut(at)) {
                stray.before = self.machine.sets.or(stray.before, packets)?;
            }
            return Ok(Some(Form {
                astray: known,
                ..form
            }));
        }
        let depth = self.strays.get(form.astray).map_or(0, |stray| stray.depth) + 1;
        if depth > TRANSLATIONS_MAX {
            return Ok(None);
        }
        let destinations = moved(rewrite, Field::Destination, &self.destinations(form));
        let (parent, before, rewrite) = (form.astray, packets, rewrite.clone());
        self.strays.nodes.push(Stray {
            parent,
            rewrite,
            before,
            destinations,
            depth,
            lucky,
        });
        let id = TrailId::try_from(self.strays.nodes.len()).unwrap_or(FRESH);
        self.strays.index.insert(key, id);
        Ok(Some(Form { astray: id, ..form }))
    }
}

/// Tells whether nothing is left of what `before` wrote after `by`, whatever it was.
fn overwrites<A: Address>(by: &Rewrite<A>, before: &Rewrite<A>) -> bool {
    let constant = |field: &Field| {
        by.changes()
            .iter()
            .any(|(changed, change)| changed == field && matches!(change, Change::OneOf(_)))
    };
    before.changes().iter().all(|(field, _)| constant(field))
}
