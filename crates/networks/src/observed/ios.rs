//! `show ip route` and `show ip route vrf` of Cisco IOS and IOS-XE.

use super::{ObservedHop, ObservedProtocol, ObservedRoute, ObservedTable};
use crate::forwarding::RouteProtocol;
use ipnet::IpNet;
use std::net::IpAddr;

/// Reads the text of `show ip route`; one table for each `Routing Table:` line.
///
/// A BGP route is taken for internal by its distance of 200 and for an
/// aggregate where it leads to `Null0`; the text does not say.
pub fn read(text: &str) -> Vec<ObservedTable> {
    let mut reader = Reader::default();
    let mut legend = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim_end();
        if let Some(vrf) = line.strip_prefix("Routing Table:") {
            reader.open(vrf.trim());
        } else if line.starts_with("Codes:") {
            legend = true;
        } else if line.is_empty() {
            legend = false;
        } else if !legend && !line.starts_with("Gateway of last resort") {
            reader.line(number, line);
        }
    }
    reader.tables.extend(reader.table);
    reader.tables
}

#[derive(Default)]
struct Reader {
    tables: Vec<ObservedTable>,
    table: Option<ObservedTable>,
    /// The length that prefixes printed without one have.
    length: Option<u8>,
    /// Protocol and prefix that lines of further next hops continue.
    current: Option<(ObservedProtocol, IpNet)>,
}

impl Reader {
    fn open(&mut self, vrf: &str) {
        self.tables.extend(self.table.take());
        self.current = None;
        self.table = Some(ObservedTable {
            vrf: Some(vrf.to_owned()),
            ..ObservedTable::default()
        });
    }

    fn line(&mut self, number: u32, line: &str) {
        let table = self.table.get_or_insert_default();
        if line.contains(" subnetted,") {
            // `1.0.0.0/32 is subnetted, 1 subnets` gives the length of what follows.
            let net = line.split_whitespace().next();
            let length = net.and_then(|net| net.split_once('/'));
            self.length = length.and_then(|(_, length)| length.parse().ok());
            self.current = None;
            return;
        }
        let mut words = line.split_whitespace().peekable();
        let mut code = String::new();
        while let Some(word) =
            words.next_if(|word| !word.starts_with('[') && net(word, None).is_none())
        {
            if code.len() > 8 {
                break;
            }
            code.push_str(word);
        }
        if let Some(prefix) = words.peek().and_then(|word| net(word, self.length)) {
            words.next();
            self.current = Some((protocol(&code), prefix));
        } else if !code.is_empty() || self.current.is_none() {
            // A banner or a prompt has no address where a route has one.
            if words.peek().is_some_and(|word| word.starts_with('[')) {
                table.unread.push(number);
            }
            return;
        }
        let Some((protocol, prefix)) = self.current.clone() else {
            return;
        };
        let rest: Vec<&str> = words.collect();
        if rest.is_empty() {
            return;
        }
        match route(&rest, protocol, prefix, number) {
            Some(route) => table.routes.push(route),
            None => table.unread.push(number),
        }
    }
}

/// Reads `10.0.0.0/8`, or `10.1.1.1` with the length that its block has.
fn net(word: &str, length: Option<u8>) -> Option<IpNet> {
    if let Ok(net) = word.parse::<IpNet>() {
        return Some(net);
    }
    let address: IpAddr = word.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    IpNet::new(address, length.unwrap_or(whole)).ok()
}

fn protocol(code: &str) -> ObservedProtocol {
    let letters: String = code
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .collect();
    let known = match letters.as_str() {
        "C" => RouteProtocol::Connected,
        "L" => RouteProtocol::Local,
        "S" => RouteProtocol::Static,
        "O" => RouteProtocol::OspfIntra,
        "OIA" => RouteProtocol::OspfInter,
        "OE1" => RouteProtocol::OspfExternal1,
        "OE2" => RouteProtocol::OspfExternal2,
        "ON1" => RouteProtocol::OspfNssa1,
        "ON2" => RouteProtocol::OspfNssa2,
        "B" => RouteProtocol::BgpExternal,
        _ => return ObservedProtocol::Other(letters),
    };
    ObservedProtocol::Known(known)
}

/// Reads what follows the prefix.
fn route(
    words: &[&str],
    protocol: ObservedProtocol,
    prefix: IpNet,
    line: u32,
) -> Option<ObservedRoute> {
    let interface = words.last().map(|word| word.trim_end_matches(','));
    let mut route = ObservedRoute {
        prefix: prefix.trunc(),
        protocol,
        hop: ObservedHop::Discard,
        distance: 0,
        metric: 0,
        line,
    };
    match words {
        ["is", "directly", "connected,", ..] => {
            let interface = words
                .iter()
                .rev()
                .find(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()))?;
            route.hop = attached(interface.trim_end_matches(','));
            if route.protocol == ObservedProtocol::Known(RouteProtocol::Static) {
                route.distance = 1;
            }
        }
        ["is", "a", "summary,", ..] => {
            if route.protocol == ObservedProtocol::Known(RouteProtocol::OspfIntra) {
                route.protocol = ObservedProtocol::Known(RouteProtocol::OspfDiscard);
                route.distance = 110;
            }
        }
        [cost, "via", gateway, rest @ ..] => {
            let (distance, metric) = cost.strip_prefix('[')?.strip_suffix(']')?.split_once('/')?;
            route.distance = distance.parse().ok()?;
            route.metric = metric.parse().ok()?;
            let address = gateway.trim_end_matches(',').parse().ok()?;
            let named = interface.filter(|name| {
                !rest.is_empty() && name.starts_with(|letter: char| letter.is_ascii_uppercase())
            });
            route.hop = match named {
                Some(name) if name.starts_with("Null") => ObservedHop::Discard,
                named => ObservedHop::Gateway {
                    address,
                    interface: named.map(str::to_owned),
                },
            };
        }
        _ => return None,
    }
    if route.protocol == ObservedProtocol::Known(RouteProtocol::BgpExternal) {
        route.protocol = ObservedProtocol::Known(match (&route.hop, route.distance) {
            (ObservedHop::Discard, _) => RouteProtocol::BgpLocal,
            (_, 200) => RouteProtocol::BgpInternal,
            _ => RouteProtocol::BgpExternal,
        });
    }
    Some(route)
}

fn attached(interface: &str) -> ObservedHop {
    if interface.starts_with("Null") {
        ObservedHop::Discard
    } else {
        ObservedHop::Attached(interface.to_owned())
    }
}
