//! Static routes.

use super::super::config::{StaticConfig, TrackWatch};
use super::{Builder, DEFAULT_VRF, Touch};
use ipnet::{IpNet, Ipv4Net};
use networks::model::{NextHop, StaticRoute, VrfId};
use std::net::IpAddr;

impl<'a> Builder<'_, 'a> {
    /// Gives the VRFs their static routes.
    pub(super) fn static_routes(&mut self) {
        let config = self.config;
        for route in &config.static_routes {
            let vrf = self.vrf_id(route.vrf, Some(route.origin));
            let Some(next_hop) = self.next_hop(route) else {
                let reason = "the interface of the route is not configured".to_owned();
                let touch = Touch::Forwarding(route.vrf, Some(route.prefix));
                self.unread(route.origin, &touch, reason);
                continue;
            };
            let made = StaticRoute {
                prefix: route.prefix,
                next_hop,
                distance: route.distance,
                priority: 0,
                tag: route.tag,
                permanent: route.permanent,
                run_time: route.track.is_some_and(|track| !self.is_up(track)),
                origin: route.origin,
            };
            if let Some(vrf) = self.vrf_mut(vrf) {
                vrf.static_routes.push(made);
            }
        }
        self.default_gateway();
    }

    fn next_hop(&mut self, route: &StaticConfig<'a>) -> Option<NextHop> {
        let is_null = |name: &str| name.starts_with("Null");
        Some(match (&route.interface, route.gateway) {
            (Some(name), _) if is_null(name) => NextHop::Discard,
            (Some(name), Some(gateway)) => {
                NextHop::InterfaceAddress(self.interface_id(name)?, gateway)
            }
            (Some(name), None) => NextHop::Interface(self.interface_id(name)?),
            (None, Some(gateway)) if route.global && route.vrf != DEFAULT_VRF => {
                NextHop::VrfAddress(VrfId::DEFAULT, gateway)
            }
            (None, Some(gateway)) => NextHop::Address(gateway),
            (None, None) => return None,
        })
    }

    /// Tells whether a tracked object is up by the configuration alone.
    fn is_up(&self, track: u16) -> bool {
        let watches = self.config.tracks.get(&track).map(|track| &track.watches);
        let Some(TrackWatch::Interface(name)) = watches else {
            return false;
        };
        self.interface_id(name)
            .and_then(|id| self.device.interface(id))
            .is_some_and(|interface| interface.enabled)
    }

    /// A device that does not route sends everything to its default gateway.
    fn default_gateway(&mut self) {
        let config = self.config;
        let Some((gateway, origin)) = config.default_gateway else {
            return;
        };
        if config.no_ip_routing.is_none() {
            return;
        }
        if let Some(vrf) = self.vrf_mut(VrfId::DEFAULT) {
            vrf.static_routes.push(StaticRoute {
                prefix: IpNet::V4(Ipv4Net::default()),
                next_hop: NextHop::Address(IpAddr::V4(gateway)),
                distance: 1,
                priority: 0,
                tag: 0,
                permanent: false,
                run_time: false,
                origin,
            });
        }
    }
}
