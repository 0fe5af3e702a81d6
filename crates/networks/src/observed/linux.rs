//! `ip route` of Linux (iproute2), one table.

use super::{ObservedHop, ObservedProtocol, ObservedRoute, ObservedTable};
use crate::forwarding::RouteProtocol;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::IpAddr;

/// Reads the lines of `ip route show` or `ip -6 route show`.
///
/// The metric is the kernel's: it breaks ties within one prefix, and is given
/// as the route's metric. `nexthop` lines continue the route before.
pub fn read(text: &str) -> ObservedTable {
    let mut table = ObservedTable::default();
    let six = text.contains("proto ra") || text.contains("::");
    let mut current: Option<ObservedRoute> = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(first) = words.first() else { continue };
        if *first == "nexthop" {
            let hop = hop(&words);
            match (&current, hop) {
                (Some(route), Some(hop)) => table.routes.push(ObservedRoute {
                    hop,
                    line: number,
                    ..route.clone()
                }),
                _ => table.unread.push(number),
            }
            continue;
        }
        current = None;
        let Some(route) = route(&words, six, number) else {
            table.unread.push(number);
            continue;
        };
        // A route of several next hops has none on its own line.
        if is_discard(first) || words.iter().any(|word| matches!(*word, "via" | "dev")) {
            table.routes.push(route);
            continue;
        }
        current = Some(route);
    }
    table
}

fn is_discard(word: &str) -> bool {
    matches!(word, "blackhole" | "unreachable" | "prohibit" | "throw")
}

fn value<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == key)?;
    words.get(at + 1).copied()
}

fn route(words: &[&str], six: bool, line: u32) -> Option<ObservedRoute> {
    let (&first, rest) = words.split_first()?;
    let (destination, discard, own) = match first {
        word if is_discard(word) => (*rest.first()?, true, false),
        "local" | "broadcast" | "anycast" | "multicast" => (*rest.first()?, false, true),
        "unicast" => (*rest.first()?, false, false),
        word => (word, false, false),
    };
    let prefix = match destination {
        "default" if six => IpNet::V6(Ipv6Net::default()),
        "default" => IpNet::V4(Ipv4Net::default()),
        word => word.parse::<IpNet>().ok().or_else(|| {
            let address: IpAddr = word.parse().ok()?;
            Some(IpNet::from(address))
        })?,
    };
    let protocol = match value(words, "proto") {
        Some("kernel") => ObservedProtocol::Known(if own {
            RouteProtocol::Local
        } else {
            RouteProtocol::Connected
        }),
        Some("static" | "boot" | "dhcp") | None => ObservedProtocol::Known(RouteProtocol::Static),
        Some("ospf") => ObservedProtocol::Known(RouteProtocol::OspfIntra),
        Some("bgp") => ObservedProtocol::Known(RouteProtocol::BgpExternal),
        Some(other) => ObservedProtocol::Other(other.to_owned()),
    };
    let metric = value(words, "metric").map_or(Some(0), |metric| metric.parse().ok())?;
    let hop = if discard {
        ObservedHop::Discard
    } else if own {
        ObservedHop::Receive
    } else {
        hop(words).unwrap_or(ObservedHop::Discard)
    };
    Some(ObservedRoute {
        prefix: prefix.trunc(),
        protocol,
        hop,
        distance: 0,
        metric,
        line,
    })
}

fn hop(words: &[&str]) -> Option<ObservedHop> {
    let interface = value(words, "dev").map(str::to_owned);
    // `via inet6 fe80::1` names the family first.
    let gateway = value(words, "via").and_then(|word| match word {
        "inet" | "inet6" => value(words, word),
        word => Some(word),
    });
    match (gateway, interface) {
        (Some(address), interface) => Some(ObservedHop::Gateway {
            address: address.parse().ok()?,
            interface,
        }),
        (None, Some(interface)) => Some(ObservedHop::Attached(interface)),
        (None, None) => None,
    }
}
