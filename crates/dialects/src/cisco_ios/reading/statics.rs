//! Static routes, default gateway, tracked objects.

use super::super::config::{DEFAULT_VRF, StaticConfig, Touch, TrackConfig, TrackWatch};
use super::super::words::{self, parse};
use super::{Outcome, Reader};
use findings::Span;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

impl<'a> Reader<'_, 'a> {
    /// `ip route …` and `ipv6 route …`, the words after these two.
    pub(super) fn static_route(
        &mut self,
        index: usize,
        words: &[&'a str],
        ipv6: bool,
    ) -> Outcome<'a> {
        let (vrf, words) = match words {
            ["vrf", vrf, rest @ ..] => (*vrf, rest),
            _ => (DEFAULT_VRF, words),
        };
        let prefix = match words {
            [address, mask, rest @ ..] if !ipv6 => {
                words::net(address, mask).map(|net| (IpNet::V4(net.trunc()), rest))
            }
            [prefix, rest @ ..] if ipv6 => parse::<IpNet>(prefix)
                .filter(|net| net.addr().is_ipv6())
                .map(|net| (net.trunc(), rest)),
            _ => None,
        };
        let Some((prefix, rest)) = prefix else {
            return Outcome::Unrecognised;
        };
        let target = Touch::Forwarding(vrf, Some(prefix));
        match route(vrf, prefix, rest, self.span(index)) {
            RouteLine::Route(route) => {
                self.config.static_routes.push(*route);
                Outcome::Understood
            }
            RouteLine::Multicast => Outcome::Outside,
            RouteLine::Dhcp => {
                Outcome::MattersFor(target, "the gateway comes from DHCP at run time")
            }
            RouteLine::Unread => {
                Outcome::MattersFor(target, "the form of this static route is not modelled")
            }
        }
    }

    /// `track N …`.
    pub(super) fn track(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let Some(number) = words.first().and_then(|word| parse::<u16>(word)) else {
            return if matches!(words, ["timer" | "resolution", ..]) {
                Outcome::Outside
            } else {
                Outcome::Unrecognised
            };
        };
        let watches = match words.get(1..).unwrap_or_default() {
            ["interface", name @ .., "line-protocol"] => {
                words::whole_interface(name).map(TrackWatch::Interface)
            }
            ["interface", name @ .., "ip", "routing"] => {
                words::whole_interface(name).map(|_| TrackWatch::RunTime)
            }
            ["ip", "route", address, mask, "reachability"] => {
                words::net(address, mask).map(|net| TrackWatch::Route(net.trunc(), DEFAULT_VRF))
            }
            [
                "ip" | "ipv6" | "list" | "rtr" | "stub-object" | "stub" | "application",
                ..,
            ] => Some(TrackWatch::RunTime),
            [] => Some(TrackWatch::RunTime),
            _ => None,
        };
        let Some(watches) = watches else {
            return Outcome::Unrecognised;
        };
        self.block(index, &Touch::Nothing, |_, _, _| Outcome::Outside);
        self.config.tracks.insert(number, TrackConfig { watches });
        Outcome::Understood
    }

    /// `ip default-gateway A`.
    pub(super) fn default_gateway(&mut self, index: usize, word: &str) -> Outcome<'a> {
        let Some(address) = parse::<Ipv4Addr>(word) else {
            return Outcome::Unrecognised;
        };
        self.config.default_gateway = Some((address, self.span(index)));
        Outcome::Understood
    }
}

/// Skips a name, which may be quoted and hold blanks.
fn after_name<'w, 'a>(words: &'w [&'a str]) -> &'w [&'a str] {
    let quoted = words.first().is_some_and(|word| word.starts_with('"'));
    let closes = |word: &&str| word.len() > 1 && word.ends_with('"');
    let last = if quoted {
        words.iter().position(closes).unwrap_or(0)
    } else {
        0
    };
    words.get(last + 1..).unwrap_or_default()
}

enum RouteLine<'a> {
    Route(Box<StaticConfig<'a>>),
    Multicast,
    Dhcp,
    Unread,
}

/// Reads a static route after its prefix.
fn route<'a>(vrf: &'a str, prefix: IpNet, words: &[&'a str], origin: Span) -> RouteLine<'a> {
    let mut route = StaticConfig {
        vrf,
        prefix,
        interface: None,
        gateway: None,
        global: false,
        distance: 1,
        tag: 0,
        permanent: false,
        track: None,
        origin,
    };
    let gateway = |word: &&str| match prefix {
        IpNet::V4(_) => parse::<Ipv4Addr>(word).map(IpAddr::V4),
        IpNet::V6(_) => parse::<Ipv6Addr>(word).map(IpAddr::V6),
    };
    let mut words = words;
    if words.first().is_some_and(|word| *word == "dhcp") {
        return RouteLine::Dhcp;
    }
    match words.first().and_then(gateway) {
        Some(address) => {
            route.gateway = Some(address);
            words = words.get(1..).unwrap_or_default();
        }
        None => {
            let Some((name, used)) = words::interface(words) else {
                return RouteLine::Unread;
            };
            route.interface = Some(name);
            words = words.get(used..).unwrap_or_default();
            if words.first().is_some_and(|word| *word == "dhcp") {
                return RouteLine::Dhcp;
            }
            if let Some(address) = words.first().and_then(gateway) {
                route.gateway = Some(address);
                words = words.get(1..).unwrap_or_default();
            }
        }
    }
    loop {
        words = match words {
            [] => return RouteLine::Route(Box::new(route)),
            ["name", rest @ ..] => after_name(rest),
            ["global", rest @ ..] => {
                route.global = true;
                rest
            }
            ["permanent", rest @ ..] => {
                route.permanent = true;
                rest
            }
            ["multicast", ..] => return RouteLine::Multicast,
            ["unicast", rest @ ..] => rest,
            ["tag", tag, rest @ ..] => match parse(tag) {
                Some(tag) => {
                    route.tag = tag;
                    rest
                }
                None => return RouteLine::Unread,
            },
            ["track", track, rest @ ..] => match parse(track) {
                Some(track) => {
                    route.track = Some(track);
                    rest
                }
                None => return RouteLine::Unread,
            },
            [distance, rest @ ..] => match parse::<u8>(distance) {
                Some(distance) if distance > 0 => {
                    route.distance = distance;
                    rest
                }
                _ => return RouteLine::Unread,
            },
        };
    }
}
