//! What a region's files say, and what is said of files that are wrong.

/// Input that nobody would write: noise, depth, size, aliases.
#[cfg(test)]
mod bad_input;
/// The example in the reference.
#[cfg(test)]
mod documentation;
/// Files that are readable and do not fit together.
#[cfg(test)]
mod findings_between_files;
/// What agreements ask for.
#[cfg(test)]
mod journeys;
/// Files that cannot be read: the message, its place, the way out.
#[cfg(test)]
mod reading;
/// The schemas that editors use.
#[cfg(test)]
mod schemas;
/// A small region, and the one way to print findings.
#[cfg(test)]
mod support;
