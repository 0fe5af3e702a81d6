//! Folders, from disk to a snapshot.

/// What is in folders that nobody meant to load: sizes, links, bytes.
#[cfg(test)]
mod bad_folders;
/// Bare folders of configurations, in the layouts that people have.
#[cfg(test)]
mod bare_folders;
/// All pairs of segments of real folders, at once and one by one.
#[cfg(test)]
mod matrix;
/// What hosts of labs recorded when they tried each other.
#[cfg(test)]
mod probes;
/// A region of two networks and a provider's cloud.
#[cfg(test)]
mod regions;
/// Copies without secrets.
#[cfg(test)]
mod sanitising;
/// What the routers of the Stanford backbone were observed to do with packets.
#[cfg(test)]
mod stanford;
/// Routers of whom nothing is known.
#[cfg(test)]
mod strangers;
/// Folders that a test writes or changes, and the one way to print a snapshot.
#[cfg(test)]
mod support;
