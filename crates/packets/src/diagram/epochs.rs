//! Which handles and remembered results survive a release of memory.
//!
//! Releasing truncates the arena, and what follows reuses the indices. Every
//! handle and every cache entry carries the epoch it was made in; from the
//! releases since then follows whether its nodes are still the same ones.

/// The releases of one arena.
#[derive(Debug, Clone, Default)]
pub(crate) struct Epochs {
    current: u32,
    /// The epoch that a release began, and how many nodes it left.
    ///
    /// INVARIANT: ascending in both; a release that left fewer nodes makes the
    /// ones before it irrelevant.
    floors: Vec<(u32, u32)>,
}

impl Epochs {
    pub(crate) fn current(&self) -> u32 {
        self.current
    }

    /// Notes that only the first `nodes` nodes were left; false when epochs have run out.
    pub(crate) fn release(&mut self, nodes: u32) -> bool {
        let Some(next) = self.current.checked_add(1) else {
            return false;
        };
        self.current = next;
        while self.floors.last().is_some_and(|(_, floor)| *floor >= nodes) {
            self.floors.pop();
        }
        self.floors.push((next, nodes));
        true
    }

    /// Tells whether a node that existed in `epoch` was never released since.
    pub(crate) fn holds(&self, epoch: u32, node: u32) -> bool {
        epoch == self.current || node < self.floor(epoch)
    }

    fn floor(&self, epoch: u32) -> u32 {
        let later = self.floors.partition_point(|(began, _)| *began <= epoch);
        self.floors.get(later).map_or(u32::MAX, |(_, floor)| *floor)
    }
}
