//! Routes that interfaces make: their prefixes and their own addresses.

use super::doubt::Doubt;
use super::table::{Candidate, Offer};
use crate::forwarding::{Route, RouteProtocol};
use crate::model::{Device, InterfaceKind, NextHop, VrfId};
use ipnet::IpNet;

/// Returns the connected and local routes of a VRF.
///
/// An address whose prefix is more than itself makes a host route of its own
/// besides, as IOS shows it.
pub(super) fn routes(device: &Device, vrf: VrfId) -> Vec<Candidate> {
    let mut routes = Vec::new();
    for (id, interface) in device.interfaces() {
        if interface.vrf != vrf || !interface.is_up() || interface.kind == InterfaceKind::Null {
            continue;
        }
        for address in &interface.addresses {
            // Link-local addresses are of the link alone; nothing is routed to them.
            if matches!(address.net, IpNet::V6(net) if net.addr().is_unicast_link_local()) {
                continue;
            }
            let mut add = |prefix, protocol| {
                routes.push(Candidate {
                    route: Route {
                        prefix,
                        protocol,
                        next_hop: NextHop::Interface(id),
                        distance: 0,
                        metric: 0,
                        tag: 0,
                        origin: Some(address.origin),
                    },
                    offer: Offer::Interface,
                    doubt: Doubt::NONE,
                });
            };
            add(address.net.trunc(), RouteProtocol::Connected);
            if address.net.prefix_len() < address.net.max_prefix_len() {
                add(IpNet::from(address.net.addr()), RouteProtocol::Local);
            }
        }
    }
    routes
}
