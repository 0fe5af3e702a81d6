//! Packet headers, and exact sets of packets.
//!
//! - [`header`] holds the words: one concrete [`Packet`], and the pieces that
//!   configurations match on (address sets, port sets, protocols, TCP flags).

pub mod header;

pub use header::{
    AddressMatch, AddressSet, Family, Fragment, IcmpMatch, Packet, Ports, Protocol, TcpFlagMatch,
    TcpFlags, Wildcard,
};
