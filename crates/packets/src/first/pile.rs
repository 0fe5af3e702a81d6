//! `first` over a long list, in bounded memory.

use crate::address::Address;
use crate::diagram::arena::Edge;
use crate::first::scratch::{Scratch, UNDECIDED};

/// Segments that a scratch diagram may hold before what is no longer needed goes.
const GARBAGE: usize = 1 << 16;

/// How much of the memory must be garbage before it is worth collecting.
const SHARE: usize = 3;

/// The compiled parts of a list read so far, each twice as long as the one after it.
///
/// Neighbours of equal length are put together at once, so that few parts are
/// alive at a time and the work is that of a balanced tree.
#[derive(Debug, Default)]
pub(super) struct Pile {
    parts: Vec<Edge>,
    /// The binary logarithm of the number of lines in each part.
    sizes: Vec<u8>,
    /// Segments in use after the last collection.
    kept: usize,
}

impl Pile {
    /// Adds the diagram of the next line.
    pub(super) fn add<A: Address>(&mut self, scratch: &mut Scratch<A>, line: Edge) {
        self.parts.push(line);
        let mut size = 0;
        while self.sizes.last() == Some(&size) {
            self.sizes.pop();
            self.join(scratch);
            size += 1;
        }
        self.sizes.push(size);
    }

    /// Returns the diagram of the whole list.
    pub(super) fn finish<A: Address>(mut self, scratch: &mut Scratch<A>) -> Edge {
        while self.parts.len() > 1 {
            self.join(scratch);
        }
        self.parts.pop().unwrap_or(UNDECIDED)
    }

    /// Puts the last two parts together.
    fn join<A: Address>(&mut self, scratch: &mut Scratch<A>) {
        let used = scratch.segments();
        if used
            > GARBAGE
                .max(self.kept * SHARE)
                .min(scratch.most_segments() / 2)
        {
            scratch.collect(&mut self.parts);
            self.kept = scratch.segments();
        }
        if let (Some(later), Some(earlier)) = (self.parts.pop(), self.parts.pop()) {
            self.parts.push(scratch.first(earlier, later));
        }
    }
}
