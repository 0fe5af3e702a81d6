//! Answers that a device translates although it remembers nothing of them.
//!
//! A device with the same static translation as the one on the way there brings
//! them right all the same; any other makes of them what nobody waits for.

use super::back::Answers;
use super::graph::{Edge, EdgeTurn, NodeId};
use super::limits::STATES_MAX;
use super::place::Place;
use super::rewriting::undone;
use super::trail::Space;
use packets::{Field, Fields, PacketSets, Rewrite, SetError};
use rustc_hash::FxHashMap;

/// Answers that a device translated anew, parted by what that makes of them.
#[derive(Debug)]
pub(super) struct Astray<S> {
    /// Translated to what they were.
    pub(super) unchanged: S,
    /// Perhaps so, as the device chooses.
    pub(super) maybe_unchanged: S,
    /// As the last translation on the way there found them, in the space before.
    pub(super) restored: S,
    /// The space that the next two are in.
    pub(super) space: Space,
    /// Perhaps restored, as the device chooses.
    pub(super) doubtful: S,
    /// Neither.
    pub(super) astray: S,
    /// Whether those could still come home as what is waited for.
    pub(super) may_return: bool,
}

impl<T: Copy + PartialEq> Astray<T> {
    /// Parts answers that an edge translates.
    pub(super) fn part<S: PacketSets<Set = T>>(
        answers: &mut Answers<'_, '_, S>,
        edge: &Edge<T>,
        space: Space,
        packets: T,
    ) -> Result<Self, SetError> {
        let empty = answers.machine.sets.empty();
        let EdgeTurn::Rewrite(id) = edge.turn else {
            return Ok(Self::all_astray(empty, space, packets));
        };
        let Some(known) = answers.graph.rewriting(id) else {
            return Ok(Self::all_astray(empty, space, packets));
        };
        let (plain, whole) = (known.plain.clone(), known.rewrite.clone());
        let (sure, maybe) = restored(&Rewrite::keep(), &plain);
        let sure = answers.machine.sets.fields(&sure)?;
        let unchanged = answers.machine.sets.and(packets, sure)?;
        let mut left = answers.machine.sets.difference(packets, sure)?;
        let maybe = answers.machine.sets.fields(&maybe)?;
        let maybe_unchanged = answers.machine.sets.and(left, maybe)?;
        left = answers.machine.sets.difference(left, maybe)?;
        let going = answers.machine.sets.image(&whole, left)?;
        let mut parted = Self::all_astray(empty, space, left);
        (parted.unchanged, parted.maybe_unchanged) = (unchanged, maybe_unchanged);
        if let Some(earlier) = space.checked_sub(1)
            && let Some(there) = answers
                .translation_after(earlier)
                .map(|known| known.mirror.clone())
        {
            let before = answers.answers_before(earlier, left)?;
            let (sure, maybe) = restored(&there, &plain);
            let sure = answers.machine.sets.fields(&sure)?;
            parted.restored = answers.machine.sets.and(before, sure)?;
            let other = answers.machine.sets.difference(before, sure)?;
            let maybe = answers.machine.sets.fields(&maybe)?;
            parted.doubtful = answers.machine.sets.and(other, maybe)?;
            parted.astray = answers.machine.sets.difference(other, maybe)?;
            parted.space = earlier;
        }
        if !answers.machine.sets.is_empty(parted.astray) {
            parted.may_return = may_return(answers, &edge.next, going)?;
        }
        Ok(parted)
    }

    fn all_astray(empty: T, space: Space, packets: T) -> Self {
        Self {
            unchanged: empty,
            maybe_unchanged: empty,
            restored: empty,
            space,
            doubtful: empty,
            astray: packets,
            may_return: false,
        }
    }
}

/// The headers that `back` brings to what they were before `there`.
fn restored<A: packets::Address>(there: &Rewrite<A>, back: &Rewrite<A>) -> (Fields<A>, Fields<A>) {
    let changed = |rewrite: &Rewrite<A>| -> Vec<Field> {
        rewrite.changes().iter().map(|(field, _)| *field).collect()
    };
    let mut fields = changed(there);
    fields.extend(changed(back));
    fields.sort_unstable();
    fields.dedup();
    let (mut sure, mut maybe) = (Fields::any(), Fields::any());
    for field in fields {
        let values = undone(there, back, field);
        sure = sure.with(field, &values.sure);
        maybe = maybe.with(field, &values.maybe);
    }
    (sure, maybe)
}

/// Tells whether answers gone astray could come home looking like one that is
/// waited for, or come to where nothing can be told.
fn may_return<S: PacketSets>(
    answers: &mut Answers<'_, '_, S>,
    starts: &[NodeId],
    packets: S::Set,
) -> Result<bool, SetError> {
    let waited_for = answers.expected(0)?;
    let mut seen: FxHashMap<NodeId, S::Set> = FxHashMap::default();
    let mut left: Vec<(NodeId, S::Set)> = starts.iter().map(|node| (*node, packets)).collect();
    while let Some((node, packets)) = left.pop() {
        let known = seen
            .get(&node)
            .copied()
            .unwrap_or(answers.machine.sets.empty());
        let new = answers.machine.sets.difference(packets, known)?;
        if answers.machine.sets.is_empty(new) {
            continue;
        }
        if seen.len() > STATES_MAX {
            return Ok(true);
        }
        let known = answers.machine.sets.or(known, new)?;
        seen.insert(node, known);
        let Some(place) = answers.graph.get(node).map(|node| node.place) else {
            continue;
        };
        match place {
            Place::Unknown(_) | Place::Restore(_) => return Ok(true),
            place if answers.home.counts(answers.machine, place) => {
                let alike = answers.machine.sets.and(new, waited_for)?;
                if !answers.machine.sets.is_empty(alike) {
                    return Ok(true);
                }
            }
            _ => {}
        }
        answers.graph.expand(answers.machine, node)?;
        for edge in answers.graph.edges(node).to_vec() {
            let mut going = match edge.guard {
                Some(guard) => answers.machine.sets.and(new, guard)?,
                None => new,
            };
            if let EdgeTurn::Rewrite(id) = edge.turn
                && let Some(rewriting) = answers.graph.rewriting(id)
            {
                going = answers.machine.sets.image(&rewriting.rewrite, going)?;
            }
            left.extend(edge.next.iter().map(|next| (*next, going)));
        }
    }
    Ok(false)
}
