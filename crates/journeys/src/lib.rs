//! Journeys: their legs joined into verdicts, and what stands in their way.

pub mod ask;
pub mod between;
mod beyond;
mod clues;
mod ending;
pub mod excess;
mod hop;
pub mod inferred;
pub mod judge;
mod line;

mod missing;
pub mod near_miss;
pub mod placement;
mod statements;
pub mod story;
pub mod traffic;
pub mod trouble;
mod untranslated;
pub mod verdict;
mod whence;
mod world;

pub use world::World;
