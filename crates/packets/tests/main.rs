//! Tests of packet sets against slow, obvious judges.

/// Set algebra: operations, laws, equality by handle.
#[cfg(test)]
mod algebra;
/// Work and sizes of real filter sets.
#[cfg(test)]
mod counts;
/// The filter sets that benches measure.
#[cfg(test)]
#[path = "../benches/filters/mod.rs"]
mod filters;
/// First-match lists against a scan, line by line.
#[cfg(test)]
mod lists;
/// Releasing memory, limits, moving sets between diagrams.
#[cfg(test)]
mod memory;
/// The interval diagram against a plain binary one: identical sets.
#[cfg(test)]
mod plain;
/// Header rewrites and exchanged ends against packet by packet relations.
#[cfg(test)]
mod rewrites;
/// Generators, and the judges.
#[cfg(test)]
mod support;
/// Wildcards, intervals and other values on their own.
#[cfg(test)]
mod values;
/// Witnesses, boxes, counts, edges.
#[cfg(test)]
mod views;
