//! The decision against its contract, `docs/consent-truth-table.md`.

/// The table as a file, and its world.
#[cfg(test)]
mod file;
/// What holds for every set of instructions and every request.
#[cfg(test)]
mod laws;
/// Depth, cycles, the edges of days.
#[cfg(test)]
mod limits;
/// The notation of instructions and requests.
#[cfg(test)]
mod notation;
/// Every row.
#[cfg(test)]
mod rows;
