//! What a region's files say, and what is said of files that are wrong.

/// Input that nobody would write: noise, depth, size, aliases.
mod bad_input;
/// Files that are readable and do not fit together.
mod findings_between_files;
/// What agreements ask for.
mod journeys;
/// Files that cannot be read: the message, its place, the way out.
mod reading;
/// The schemas that editors use.
mod schemas;
/// A small region, and the one way to print findings.
mod support;
