//! What devices remember of packets they let go, along a way.
//!
//! Packets whose ways left the same memories are alike for their answers, so
//! ways through devices that remember nothing are joined again.

use super::graph::{NodeId, RewriteId};
use crate::model::DeviceId;
use rustc_hash::FxHashMap;

/// Identifies a trail.
pub(super) type TrailId = u32;

/// The number of translations a packet has gone through: packets of one trail
/// have one header before the first, another after it, and so on.
pub(super) type Space = u8;

/// One thing remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Memory {
    /// A device let the packet go, and holds something of it.
    Visit(Visit),
    /// A device has an entry in a reflexive list, of the packet as it was then.
    Reflected {
        device: DeviceId,
        name: u8,
        space: Space,
    },
    /// The packet was rewritten here.
    Translated {
        rewrite: RewriteId,
        /// Where the packet went then: headers that became alike may have gone
        /// different ways.
        next: Option<NodeId>,
        /// Whether the device may have chosen to leave the header as it was.
        kept: bool,
        /// Whether a rule had asked for a session by then: headers that became
        /// alike may not all have one.
        track: bool,
    },
}

/// What a device holds of a packet that it let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Visit {
    pub(super) device: DeviceId,
    /// The header as it came.
    pub(super) came: Space,
    /// As it was when the device decided where it goes.
    pub(super) decided: Space,
    /// As it left.
    pub(super) left: Space,
    /// Whether there is a session.
    pub(super) session: bool,
    /// Whether there is a translation, even one that changed nothing.
    pub(super) mapped: bool,
}

/// One translation of a trail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Translated {
    /// The trail that it ends.
    pub(super) trail: TrailId,
    pub(super) rewrite: RewriteId,
    /// Whether the device may have chosen to leave the header as it was.
    pub(super) kept: bool,
}

/// All trails of one question: a tree, each node one more memory.
#[derive(Debug)]
pub(super) struct Trails {
    nodes: Vec<Node>,
    index: FxHashMap<(TrailId, Memory), TrailId>,
}

#[derive(Debug)]
struct Node {
    parent: TrailId,
    memory: Option<Memory>,
    space: Space,
}

/// The trail of a packet that nobody remembers.
pub(super) const FRESH: TrailId = 0;

impl Trails {
    pub(super) fn new() -> Self {
        let root = Node {
            parent: FRESH,
            memory: None,
            space: 0,
        };
        Self {
            nodes: vec![root],
            index: FxHashMap::default(),
        }
    }

    /// Returns the trail with one more memory.
    pub(super) fn with(&mut self, trail: TrailId, memory: Memory) -> TrailId {
        if let Some(known) = self.index.get(&(trail, memory)) {
            return *known;
        }
        let translated = matches!(memory, Memory::Translated { .. });
        let space = self.space(trail).saturating_add(u8::from(translated));
        self.nodes.push(Node {
            parent: trail,
            memory: Some(memory),
            space,
        });
        let id = TrailId::try_from(self.nodes.len() - 1).unwrap_or(TrailId::MAX);
        self.index.insert((trail, memory), id);
        id
    }

    /// Returns the trail with one more memory, unless it is there already.
    pub(super) fn with_once(&mut self, trail: TrailId, memory: Memory) -> TrailId {
        if self.newest_first(trail).any(|(_, known)| known == memory) {
            return trail;
        }
        self.with(trail, memory)
    }

    pub(super) fn space(&self, trail: TrailId) -> Space {
        self.nodes.get(trail as usize).map_or(0, |node| node.space)
    }

    /// Returns the memories, the newest first, each with the trail it ends.
    pub(super) fn newest_first(
        &self,
        trail: TrailId,
    ) -> impl Iterator<Item = (TrailId, Memory)> + '_ {
        let mut at = Some(trail);
        std::iter::from_fn(move || {
            let id = at?;
            let node = self.nodes.get(id as usize)?;
            at = (id != FRESH).then_some(node.parent);
            Some((id, node.memory?))
        })
    }

    /// Returns the translations, the first one first.
    pub(super) fn translations(&self, trail: TrailId) -> Vec<Translated> {
        let all = self.newest_first(trail);
        let mut found: Vec<_> = all
            .filter_map(|(id, memory)| match memory {
                Memory::Translated { rewrite, kept, .. } => Some(Translated {
                    trail: id,
                    rewrite,
                    kept,
                }),
                _ => None,
            })
            .collect();
        found.reverse();
        found
    }
}

/// How the header of an answer stands to what it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Form {
    /// The space it is in, or was in before it went astray.
    pub(super) space: Space,
    /// What devices made of it since that remember nothing; [`FRESH`] is nothing.
    pub(super) astray: TrailId,
}

impl Form {
    /// As the answer to the packet as it was in a space.
    pub(super) fn of(space: Space) -> Self {
        Self {
            space,
            astray: FRESH,
        }
    }

    pub(super) fn is_astray(self) -> bool {
        self.astray != FRESH
    }
}
