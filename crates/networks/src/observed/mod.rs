//! Tables that devices were observed to hold, and what they replace.
//!
//! Each format has a reader that is pure text to [`ObservedTable`]s; a line
//! that a reader does not understand is in [`ObservedTable::unread`], never
//! dropped. [`replace`] puts tables in the place of computed ones, and says
//! where the two differ.

pub mod cef;
pub mod fortios;
pub mod frr;
pub mod ios;
pub mod linux;
mod replacing;

pub use replacing::{Given, OBSERVED_DIFFERS, OBSERVED_UNREADABLE, replace};

use crate::forwarding::RouteProtocol;
use ipnet::IpNet;
use std::net::IpAddr;

/// How an observed route came to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObservedProtocol {
    /// One that the model knows.
    Known(RouteProtocol),
    /// Another, by the code or name that the device prints.
    Other(String),
}

/// Where an observed route sends packets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObservedHop {
    /// To a gateway, by an interface where one is printed.
    Gateway {
        /// The gateway.
        address: IpAddr,
        /// The interface as printed.
        interface: Option<String>,
    },
    /// To the destination itself, by an interface.
    Attached(String),
    /// To the device itself.
    Receive,
    /// Nowhere.
    Discard,
}

/// One observed route; equal-cost routes are several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObservedRoute {
    /// The destinations.
    pub prefix: IpNet,
    /// How it came to be.
    pub protocol: ObservedProtocol,
    /// Where it leads.
    pub hop: ObservedHop,
    /// The administrative distance; 0 where none is printed.
    pub distance: u8,
    /// The metric; 0 where none is printed.
    pub metric: u32,
    /// The line of the text, from one; 0 where the format has no lines (FRR's JSON).
    pub line: u32,
}

/// One observed table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservedTable {
    /// The VRF as printed; `None` is the default one.
    pub vrf: Option<String>,
    /// The routes in the order of the text.
    pub routes: Vec<ObservedRoute>,
    /// Lines, from one, that look like routes and were not understood.
    pub unread: Vec<u32>,
}
