//! Answers that a device translates although it remembers nothing of them.
//!
//! A device with the same static translation as the one on the way there brings
//! them right all the same; any other makes of them what nobody waits for.

use super::back::{Answers, Sort};
use super::graph::{Edge, EdgeTurn, NodeId, RewriteId};
use super::limits::TRANSLATIONS_MAX;
use super::rewriting::{moved, undone};
use super::trail::{FRESH, Form, Space, TrailId};
use packets::{Field, Intervals, PacketSets, Rewrite, SetError};
use rustc_hash::FxHashMap;

/// What devices made of answers that they remember nothing of: a tree, each
/// node one more translation.
#[derive(Debug)]
pub(super) struct Strays<S: PacketSets> {
    nodes: Vec<Stray<S>>,
    index: FxHashMap<(Form, Translator, bool), TrailId>,
}

/// What translated: on the way there, or on the way back with where that led.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Translator {
    There(Space),
    Back(RewriteId, Option<NodeId>),
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
        let translator = Translator::Back(id, edge.next.first().copied());
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
                self.lead_astray(translator, (&plain, &whole), form, left, lucky, &mut parted)?;
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
                self.lead_astray(translator, (&plain, &whole), form, left, lucky, &mut parted)?;
            }
        }
        parted.retain(|(_, packets)| !self.machine.sets.is_empty(*packets));
        Ok(parted)
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
        if self.machine.sets.is_empty(packets) {
            return Ok(());
        }
        match self.stray(form, translator, plain, packets, lucky)? {
            Some(form) => parted.push((form, self.machine.sets.image(whole, packets)?)),
            None => self.set_aside(Sort::Doubt, form, packets)?,
        }
        Ok(())
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
