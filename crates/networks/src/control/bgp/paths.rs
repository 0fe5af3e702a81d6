//! Paths: what BGP holds for a prefix.

use super::super::doubt::Doubt;
use super::AsPath;
use crate::model::Community;
use findings::Span;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

/// The weight of what the device itself announces (Cisco's choice).
pub(super) const WEIGHT_LOCAL: u32 = 32_768;

/// What travels with a route (RFC 4271 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) as_path: AsPath,
    /// `None` is the device itself.
    pub(super) next_hop: Option<IpAddr>,
    /// 0 IGP, 1 EGP, 2 incomplete.
    pub(super) origin: u8,
    pub(super) med: Option<u32>,
    pub(super) local_preference: Option<u32>,
    pub(super) communities: Vec<Community>,
    /// Who brought it into the system, where it was reflected (RFC 4456).
    pub(super) originator: Option<Ipv4Addr>,
    pub(super) clusters: Vec<Ipv4Addr>,
    /// Why it may be absent, or another.
    pub(super) doubt: Doubt,
    /// Whether the doubt is about the attributes too, not presence alone.
    pub(super) vague: bool,
    /// The line that announces it.
    pub(super) line: Option<Span>,
}

/// Where a path is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum From {
    /// A `network` statement.
    Network,
    /// Another protocol.
    Redistribution,
    /// An aggregate of what is under it.
    Aggregate,
    /// A session, by its index.
    Session(usize),
}

/// One path to a prefix at one speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) attributes: Rc<Attributes>,
    pub(super) weight: u32,
    pub(super) from: From,
    /// Tells paths of one session apart (RFC 7911).
    pub(super) id: u32,
    /// A distance that a policy gave.
    pub(super) distance: Option<u8>,
}

impl Path {
    /// Tells whether the device itself announces it.
    pub(super) fn is_local(&self) -> bool {
        !matches!(self.from, From::Session(_))
    }
}
