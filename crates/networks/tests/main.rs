//! Tests of the network model's consequences.

/// What happens to one packet.
#[cfg(test)]
mod interpret;
/// The interpreter judges engines on random networks.
#[cfg(test)]
mod judge;
/// Observed tables: their formats, and what they replace.
#[cfg(test)]
mod observed;
/// What happens to all packets at once.
#[cfg(test)]
mod reach;
/// Routing tables and forwarding tables of small networks.
#[cfg(test)]
mod routing;
/// Small networks in few words.
#[cfg(test)]
mod support;
/// Which interfaces are on one link.
#[cfg(test)]
mod topology;
