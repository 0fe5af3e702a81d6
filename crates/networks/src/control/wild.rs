//! Routes that may exist and are not modelled: which prefixes they may have,
//! where they may get to, and which forwarding entries they could change.
//!
//! Protocols that are not modelled may install anything, and what they install
//! may be redistributed. An unread line of a routing protocol may change what
//! the device learns, and announce any prefix it has. The prefixes of a
//! connected subnet are taken to be attached: nobody routes a part of a subnet
//! elsewhere and expects it to work.

mod space;
mod spread;

pub(super) use space::PrefixBox;
pub(super) use spread::{Wilds, spread};

use super::doubt::Doubt;
use super::table::{Offer, Table};
use crate::forwarding::RouteProtocol;
use ipnet::IpNet;

/// Who would offer the routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Channel {
    /// A protocol that is not modelled.
    Unmodelled,
    /// A static route that was not read.
    Static,
    /// A line of a modelled protocol that was not read.
    Unread,
    /// An external route of an OSPF process, by its place in the VRF's list.
    Ospf(usize),
    /// An external BGP neighbour.
    BgpExternal,
    /// An internal BGP neighbour, or the speaker itself.
    BgpInternal,
}

/// Routes that may exist in a VRF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wild {
    pub(super) channel: Channel,
    /// The prefixes they may have.
    pub(super) space: Vec<PrefixBox>,
    /// The smallest distance they may have.
    pub(super) distance: u8,
    pub(super) doubt: Doubt,
}

impl Wild {
    /// Tells whether a route more specific than `held`, or any where nothing is
    /// held, may lead to the address.
    pub(super) fn may_cover(&self, address: std::net::IpAddr, held: Option<IpNet>) -> bool {
        self.space.iter().any(|space| {
            space.net.contains(&address) && held.is_none_or(|held| space.max > held.prefix_len())
        })
    }
}

/// Returns the prefixes of a VRF whose forwarding the wild routes could change.
pub(super) fn unknown(table: &Table, wild: &[Wild]) -> Vec<(IpNet, Doubt)> {
    let mut unknown = Vec::new();
    for wild in wild {
        for space in &wild.space {
            if table.get(space.net).is_none() {
                unknown.push((space.net, wild.doubt.clone()));
            }
        }
        for (prefix, entry) in table.iter() {
            let Some(first) = entry.routes.first().map(|candidate| &candidate.route) else {
                continue;
            };
            if matches!(
                first.protocol,
                RouteProtocol::Connected | RouteProtocol::Local
            ) {
                continue;
            }
            let offer = entry.routes.first().map(|candidate| candidate.offer);
            let changes = wild.space.iter().any(|space| {
                space.net.contains(&prefix)
                    && (space.max > prefix.prefix_len()
                        || space.holds(prefix) && wins(wild, first.distance, first.protocol, offer))
            });
            if changes {
                unknown.push((prefix, wild.doubt.clone()));
            }
        }
    }
    unknown
}

/// Tells whether a wild route may win against one of the same prefix.
fn wins(wild: &Wild, distance: u8, protocol: RouteProtocol, offer: Option<Offer>) -> bool {
    let same_process = match (wild.channel, offer) {
        (Channel::Ospf(index), Some(offer)) => offer == Offer::Ospf(index),
        _ => false,
    };
    let internal = matches!(
        protocol,
        RouteProtocol::OspfIntra | RouteProtocol::OspfInter | RouteProtocol::OspfDiscard
    );
    // A process prefers its internal routes to external ones.
    wild.distance <= distance && !(same_process && internal)
}
