//! Static routes.

use super::{Domain, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use crate::fortios::version::Version;
use findings::{Code, Span};
use ipnet::IpNet;
use networks::model::{InterfaceId, NextHop, StaticRoute, Touches, VrfId};
use packets::Family;
use std::collections::HashSet;
use std::net::IpAddr;

/// Settings of a route that do not bear on where packets go. `weight` and
/// `bfd` shape how equal routes share, and how fast a failure is seen.
const HARMLESS: &[&str] = &["comment", "weight", "bfd", "preferred-source", "seq-num"];

impl<'a> Domain<'a> {
    /// Reads `router static` and `router static6`.
    pub(super) fn read_statics(&mut self) {
        for (section, family) in [
            ("router static", Family::V4),
            ("router static6", Family::V6),
        ] {
            for entry in self.entries(section) {
                self.read_static(entry, family);
            }
        }
        self.read_link_monitors();
    }

    fn read_static(&mut self, entry: &'a Node, family: Family) {
        let enabled = entry.flag("status").unwrap_or(true);
        let blackhole = entry.flag("blackhole").unwrap_or(false);
        let run_time_gateway = entry.flag("dynamic-gateway").unwrap_or(false);
        let gateway: Option<IpAddr> = entry.parsed("gateway");
        let gateway = gateway.filter(|gateway| !gateway.is_unspecified());
        let device = entry.list("device").first();
        let distance: u8 = entry.parsed("distance").unwrap_or(10);
        // CLI reference, `router static`: priority is 1 by default from 7.0 on.
        let usual = self
            .version
            .map_or(1, |version| u32::from(version >= Version(7, 0, 0)));
        let priority = entry.parsed("priority").unwrap_or(usual);
        let tag = entry.parsed("tag").unwrap_or(0);
        let device_id = device.and_then(|word| self.interfaces.get(&*word.text).copied());
        let members = self.sdwan_route(entry, device);
        let prefixes = self.destinations(entry, family);
        let number = entry.parsed::<u16>("vrf");
        let vrf = match (device_id, number) {
            (Some(id), _) => self.vrf_of(id),
            (None, Some(number)) => self.vrf_numbered(number),
            (None, None) => VrfId::DEFAULT,
        };
        let strange = entry.rest(HARMLESS);
        if !enabled {
            return;
        }
        let origin = entry.span;
        let Some(prefixes) = prefixes else {
            let reason = "which destinations the route is for is known at run time";
            self.unread_route(origin, vrf, None, reason);
            return;
        };
        for span in strange {
            let one = prefixes.first().copied().filter(|_| prefixes.len() == 1);
            self.unread_route(span, vrf, one, "a setting of a route is not recognised");
        }
        if run_time_gateway {
            for &prefix in &prefixes {
                let reason = "the gateway is learned at run time";
                self.unread_route(origin, vrf, Some(prefix), reason);
            }
            return;
        }
        let hops: Vec<(NextHop, bool)> = if blackhole {
            vec![(NextHop::Discard, false)]
        } else if let Some(members) = members {
            members
        } else {
            match (device_id, gateway) {
                (Some(id), Some(gateway)) => vec![(NextHop::InterfaceAddress(id, gateway), false)],
                (Some(id), None) => vec![(NextHop::Interface(id), false)],
                (None, Some(gateway)) if device.is_none() => {
                    vec![(NextHop::Address(gateway), false)]
                }
                _ => {
                    self.routeless(entry, device);
                    return;
                }
            }
        };
        for &prefix in &prefixes {
            for &(next_hop, run_time) in &hops {
                let route = StaticRoute {
                    prefix,
                    next_hop,
                    distance,
                    priority,
                    tag,
                    permanent: blackhole,
                    run_time,
                    origin,
                };
                if let Some(vrf) = self.vrf_mut(vrf) {
                    vrf.static_routes.push(route);
                }
            }
        }
    }

    /// A route that names no way out, or an interface that is not there.
    fn routeless(&mut self, entry: &'a Node, device: Option<&Word>) {
        match device {
            Some(word) => self.undefined("interface", word),
            None => {
                let code = Code::new("route-incomplete");
                let message = "the route names neither gateway nor interface".to_owned();
                self.report(code, entry.span, message);
            }
        }
        self.unread_route(entry.span, VrfId::DEFAULT, None, "the route is incomplete");
    }

    fn unread_route(&mut self, span: Span, vrf: VrfId, prefix: Option<IpNet>, reason: &str) {
        let touches = Touches::Forwarding {
            vrf,
            destinations: prefix,
        };
        self.unread(span, touches, reason);
    }

    /// Returns what the route is for: a prefix, everything where none is set,
    /// or the prefixes of an address object; `None` where that cannot be told.
    fn destinations(&mut self, entry: &'a Node, family: Family) -> Option<Vec<IpNet>> {
        for key in ["internet-service", "internet-service-custom"] {
            if let Some(setting) = entry.setting(key)
                && setting.values.first().is_some_and(|word| word.text != "0")
            {
                return None;
            }
        }
        let objects = entry.list("dstaddr");
        if !objects.is_empty() {
            return self.route_prefixes(objects, family);
        }
        let words = entry.list("dst");
        if words.is_empty() {
            let everything = match family {
                Family::V4 => "0.0.0.0/0",
                Family::V6 => "::/0",
            };
            return words::joined_net(everything).map(|net| vec![net]);
        }
        match words::net(words) {
            Some(net) => Some(vec![net.trunc()]),
            None => {
                entry.reject("dst");
                None
            }
        }
    }

    /// A link monitor takes away the static routes by its interface (and
    /// gateway, where it names one) while its probes fail (CLI reference,
    /// `system link-monitor`, `update-static-route`, on by default).
    fn read_link_monitors(&mut self) {
        let mut watched: HashSet<(InterfaceId, Option<IpAddr>)> = HashSet::new();
        for entry in self.entries("system link-monitor") {
            let on = entry.word("status") != Some("disable");
            let takes = entry.flag("update-static-route").unwrap_or(true);
            let gateway: Option<IpAddr> = entry.parsed("gateway-ip");
            let gateway = gateway.filter(|gateway| !gateway.is_unspecified());
            let at = entry.list("srcintf").first();
            let id = at.and_then(|word| self.interfaces.get(word.text.as_str()).copied());
            entry.rest_harmless();
            if let Some(id) = id.filter(|_| on && takes) {
                watched.insert((id, gateway));
            }
        }
        self.depend_on_probes(&watched);
    }

    fn depend_on_probes(&mut self, watched: &HashSet<(InterfaceId, Option<IpAddr>)>) {
        for vrf in &mut self.device.vrfs {
            for route in &mut vrf.static_routes {
                route.run_time |= match route.next_hop {
                    NextHop::Interface(by) => watched.contains(&(by, None)) && route.distance > 0,
                    NextHop::InterfaceAddress(by, to) => {
                        watched.contains(&(by, None)) || watched.contains(&(by, Some(to)))
                    }
                    _ => false,
                };
            }
        }
    }
}
