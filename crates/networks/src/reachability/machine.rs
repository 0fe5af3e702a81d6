//! The sets, the prepared world, and what was compiled from it so far.

use super::chain::Compiled;
use super::context::Context;
use super::entering::Entry;
use super::world::World;
use crate::model::{ChainId, DeviceId, Port};
use packets::{Address, Change, Field, Fields, Intervals, PacketSets, Protocol, Rewrite, SetError};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Where compiled chains are found again; the last tells whether it is tried as
/// a hook's own or called by another.
pub(super) type ChainKey = (DeviceId, ChainId, Context, bool);

/// What all proofs over one network share. A clone serves one more thread.
#[derive(Debug, Clone)]
pub(super) struct Machine<'n, S: PacketSets> {
    pub(super) world: Arc<World<'n, S::Key>>,
    pub(super) sets: S,
    pub(super) chains: FxHashMap<ChainKey, Arc<Compiled<S::Set>>>,
    /// What becomes of packets as they enter, by port, or by device for its own.
    pub(super) entries: FxHashMap<EntryKey, Arc<Vec<Entry<S::Set>>>>,
    /// How often something was compiled: sets made then must outlive a question.
    pub(super) compilations: usize,
    /// The memory before anything was made.
    pub(super) start: S::Mark,
    /// The nodes that were needed when memory was last given back to the start.
    pub(super) kept: usize,
    /// The headers that packets can have.
    pub(super) headers: S::Set,
    /// The packets that have an answer of their own, once they were asked for.
    pub(super) answering: Option<S::Set>,
}

/// Where a packet enters, and whether it belongs to a session there.
pub(super) type EntryKey = (DeviceId, Option<Port>, bool);

impl<'n, S: PacketSets> Machine<'n, S> {
    pub(super) fn new(world: World<'n, S::Key>, mut sets: S) -> Result<Self, SetError> {
        let start = sets.mark();
        let headers = sets.headers()?;
        Ok(Self {
            world: Arc::new(world),
            sets,
            chains: FxHashMap::default(),
            entries: FxHashMap::default(),
            compilations: 0,
            start,
            kept: 0,
            headers,
            answering: None,
        })
    }

    /// Gives back the sets made since a mark, when so much was compiled before it,
    /// but for those that were compiled since.
    pub(super) fn release(&mut self, mark: S::Mark, before: usize) -> Result<(), SetError> {
        if self.compilations == before {
            return self.sets.release_to(mark);
        }
        let mut handles = Vec::new();
        self.each_handle(|handle| handles.push(*handle));
        self.sets.release_keeping(mark, &mut handles)?;
        let mut renewed = handles.into_iter();
        self.each_handle(|handle| *handle = renewed.next().unwrap_or(*handle));
        Ok(())
    }

    /// Visits the handles of what was compiled, always in one order.
    fn each_handle(&mut self, mut visit: impl FnMut(&mut S::Set)) {
        visit(&mut self.headers);
        self.answering.iter_mut().for_each(&mut visit);
        for compiled in self.chains.values_mut() {
            let Compiled {
                outcomes,
                settled,
                causes,
                ..
            } = Arc::make_mut(compiled);
            let guards = outcomes.iter_mut().chain(settled);
            guards.for_each(|outcome| visit(&mut outcome.guard));
            causes.iter_mut().for_each(|(_, set)| visit(set));
        }
        for entries in self.entries.values_mut() {
            let entries = Arc::make_mut(entries).iter_mut();
            entries.for_each(|entry| visit(&mut entry.guard));
        }
    }

    /// Returns the packets with a destination in the intervals.
    pub(super) fn to(&mut self, destinations: &Intervals<S::Key>) -> Result<S::Set, SetError> {
        self.sets.field(Field::Destination, destinations)
    }

    /// Returns the packets with a source in the intervals.
    pub(super) fn from(&mut self, sources: &Intervals<S::Key>) -> Result<S::Set, SetError> {
        self.sets.field(Field::Source, sources)
    }

    /// Returns the packets that carry ports.
    pub(super) fn ported(&mut self) -> Result<S::Set, SetError> {
        self.sets.fields(&ported())
    }
}

/// The condition that a packet carries ports.
pub(super) fn ported<A: Address>() -> Fields<A> {
    let numbers = Protocol::WITH_PORTS.map(|protocol| u32::from(protocol.0));
    Fields::any()
        .with(
            Field::Protocol,
            &Intervals::small(numbers.map(|number| number..=number)),
        )
        .fragment(packets::Fragment::First)
}

/// How the bits of a mark were set: those under `mask` are `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Marking {
    pub(super) mask: u32,
    pub(super) value: u32,
}

impl Marking {
    /// Returns what this and then another come to.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            mask: self.mask | next.mask,
            value: self.value & !next.mask | next.value & next.mask,
        }
    }

    /// Returns the packets that this and another way of marking leave with the
    /// same mark; `None` where there are none.
    pub(super) fn equals<A: Address>(self, other: Self) -> Option<Fields<A>> {
        let clash = self.mask & other.mask & (self.value ^ other.value);
        let (mine, theirs) = (self.mask & !other.mask, other.mask & !self.mask);
        let value = self.value & mine | other.value & theirs;
        (clash == 0).then(|| Fields::any().mark(mine | theirs, value))
    }

    pub(super) fn is_nothing(self) -> bool {
        self.mask == 0
    }

    /// Adds it to a rewrite.
    pub(super) fn on<A: Address>(self, rewrite: Rewrite<A>) -> Result<Rewrite<A>, SetError> {
        if self.is_nothing() {
            return Ok(rewrite);
        }
        let value = self.value & self.mask;
        rewrite.with(
            Field::Mark,
            Change::Bits {
                mask: self.mask,
                value,
            },
        )
    }
}
