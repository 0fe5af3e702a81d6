//! Packet headers, and exact sets of packets.
//!
//! - [`header`] holds the words: one concrete [`Packet`], and the pieces that
//!   configurations match on (address sets, port sets, protocols, TCP flags).
//! - [`PacketSets`] says what can be done with sets of packets, and
//!   [`Diagram`] does it: `Diagram<u32>` for IPv4, `Diagram<u128>` for IPv6.
//! - [`Fields`], [`Line`] and [`Rewrite`] are its input: what a line matches,
//!   an ordered list, address and port translation.
//! - [`Decisions`] tells which line decides, [`Revisions`] keeps a list that
//!   changes.
//!
//! ```
//! use packets::{AddressSet, Action, Diagram, Family, Fields, Line, PacketSets, Ports, Protocol};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut sets = Diagram::<u32>::new();
//! let servers = AddressSet::from("10.1.0.0/24".parse::<ipnet::IpNet>()?);
//! let https = Fields::any()
//!     .destination(&servers)?
//!     .protocol(Protocol::TCP)
//!     .destination_ports(&Ports::from(443));
//! let list = sets.first_match(&[Line::new(https, Action::Permit)])?;
//!
//! let witness = sets.witness(list.permit, &packets::preferred(Family::V4))?;
//! assert_eq!(witness.map(|p| p.to_string()), Some("0.0.0.1:49152 -> 10.1.0.1:443 tcp".into()));
//! # Ok(())
//! # }
//! ```
//!
//! # Memory
//!
//! Nothing is collected while sets are computed. Take a
//! [`mark`](PacketSets::mark) before work that is temporary and
//! [release](PacketSets::release_to) afterwards; handles made in between are
//! then refused with [`SetError::Released`], never mistaken for another set.
//! A diagram that reaches its [`Limits`] answers [`SetError::Exhausted`] and
//! keeps what it has.

mod address;
#[cfg(feature = "bdd")]
pub mod bdd;
mod diagram;
mod error;
mod field;
mod first;
pub mod header;
mod intervals;
mod line;
mod rewrite;
mod sets;
mod slip;

pub use address::Address;
pub use diagram::arena::Limits;
pub use diagram::{Boxes, Counts, Diagram, FieldValues, Mark, Set, preferred};
pub use error::SetError;
pub use field::Field;
pub use first::{Decisions, Revisions};
pub use header::{
    AddressMatch, AddressSet, Family, Fragment, IcmpMatch, Packet, Ports, Protocol, TcpFlagMatch,
    TcpFlags, Wildcard,
};
pub use intervals::{Intervals, MAX_INTERVALS};
pub use line::{Action, Fields, Line, Match, Verdicts};
pub use rewrite::{Change, Piece, Rewrite};
pub use sets::PacketSets;
pub use slip::{Slip, slip};
