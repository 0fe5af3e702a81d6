//! Tests of packet sets against slow, obvious judges.

/// Set algebra: operations, laws, equality by handle.
mod algebra;
/// First-match lists against a scan, line by line.
mod lists;
/// Releasing memory, limits, moving sets between diagrams.
mod memory;
/// Header rewrites and exchanged ends against packet by packet relations.
mod rewrites;
/// Generators, and the judges.
mod support;
/// Wildcards, intervals and other values on their own.
mod values;
/// Witnesses, boxes, counts, edges.
mod views;
