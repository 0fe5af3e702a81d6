//! Journeys: their legs joined into verdicts, and what stands in their way.

pub mod ask;
pub mod between;
mod beyond;
mod clues;
pub mod excess;
pub mod inferred;
pub mod judge;
mod lines;
mod missing;
pub mod near_miss;
pub mod placement;
pub mod story;
pub mod traffic;
pub mod trouble;
mod untranslated;
pub mod verdict;
mod whence;
mod world;

pub use world::World;
