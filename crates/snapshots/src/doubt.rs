//! Routers of whom nothing is known, and what others may have learned from them.

use crate::snapshot::Snapshot;
use findings::Span;
use networks::control::codes::BGP_NEIGHBOUR_UNKNOWN;
use networks::control::compute;
use networks::forwarding::Routing;
use networks::model::{DeviceId, Touches, Unknown, Vrf, VrfId};
use std::collections::BTreeSet;

impl Snapshot {
    /// Computes what every device does: routes from the configurations, observed
    /// tables in their place where they are given, and doubt where somebody
    /// unknown may have announced what nobody else does.
    pub fn routing(&self) -> Routing {
        let mut routing = compute(&self.network);
        self.replace_observed(&mut routing);
        self.doubt_missing_routes(&mut routing);
        routing
    }

    /// Makes unknown what routers have no route for, where they speak a routing
    /// protocol and somebody in their network may announce the route of whom no
    /// configuration is held or read.
    fn doubt_missing_routes(&self, routing: &mut Routing) {
        let strangers = self.strangers(routing);
        let observed: BTreeSet<(DeviceId, Option<&str>)> = self
            .observed
            .iter()
            .flat_map(|file| {
                let tables = file.tables.iter();
                tables.filter_map(|table| Some((file.device?, table.vrf.as_deref())))
            })
            .collect();
        for (id, device) in self.network.devices() {
            let Some(routes) = routing.devices.get_mut(id.index()) else {
                continue;
            };
            for (index, (vrf, known)) in device.vrfs.iter().zip(&mut routes.vrfs).enumerate() {
                let name = (index != VrfId::DEFAULT.index()).then_some(vrf.name.as_str());
                if !learns(vrf) || observed.contains(&(id, name)) {
                    continue;
                }
                let near = strangers.iter().filter(|stranger| {
                    self.area(stranger.beside) == self.area(id)
                        && stranger.vrf.is_none_or(|of| of == vrf.name)
                });
                known
                    .unknown
                    .extend(near.map(|stranger| stranger.doubt.clone()));
            }
        }
    }

    /// Finds those of whom no configuration is held or read.
    fn strangers(&self, routing: &Routing) -> Vec<Stranger<'_>> {
        let unheld: BTreeSet<Span> = routing
            .findings
            .iter()
            .filter(|finding| finding.code == BGP_NEIGHBOUR_UNKNOWN)
            .filter_map(|finding| finding.primary)
            .collect();
        let mut found = Vec::new();
        for (id, device) in self.network.devices() {
            let unread = device
                .unread
                .iter()
                .filter(|line| line.touches == Touches::Device && device.interfaces.is_empty());
            found.extend(unread.map(|line| Stranger {
                beside: id,
                vrf: None,
                doubt: Unknown {
                    origin: line.origin,
                    reason: format!("`{}` may announce a route: {}", device.name, line.reason),
                },
            }));
            for vrf in &device.vrfs {
                let neighbors = vrf.bgp.iter().flat_map(|process| &process.neighbors);
                let unheld = neighbors.filter(|neighbor| unheld.contains(&neighbor.origin));
                found.extend(unheld.map(|neighbor| Stranger {
                    beside: id,
                    vrf: Some(&vrf.name),
                    doubt: Unknown {
                        origin: neighbor.origin,
                        reason: format!(
                            "a BGP neighbour of `{}` of whom no configuration is held may announce a route",
                            device.name
                        ),
                    },
                }));
            }
        }
        found
    }

    fn area(&self, device: DeviceId) -> Option<u32> {
        Some(self.devices.get(device.index())?.area)
    }
}

/// Somebody who may announce routes, and nobody knows which.
struct Stranger<'a> {
    /// A device in the same administrative network.
    beside: DeviceId,
    /// The VRF they speak in; `None` where that is not known either.
    vrf: Option<&'a str>,
    doubt: Unknown,
}

/// Tells whether routes of a VRF may come from others.
fn learns(vrf: &Vrf) -> bool {
    !vrf.ospf.is_empty() || vrf.bgp.is_some() || !vrf.unmodelled_protocols.is_empty()
}
