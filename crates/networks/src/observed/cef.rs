//! `show ip cef` of Cisco IOS: the forwarding table itself.

use super::{ObservedHop, ObservedProtocol, ObservedRoute, ObservedTable};
use crate::forwarding::RouteProtocol;
use ipnet::IpNet;

/// Reads the three columns prefix, next hop, interface. A line without a prefix
/// is a further next hop of the one before.
pub fn read(text: &str) -> ObservedTable {
    let mut table = ObservedTable::default();
    let mut current: Option<IpNet> = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() || words.first() == Some(&"Prefix") {
            continue;
        }
        if let Some(prefix) = words.first().and_then(|word| word.parse::<IpNet>().ok()) {
            current = Some(prefix.trunc());
            words.remove(0);
        }
        let (Some(prefix), Some(hop)) = (current, hop(&words)) else {
            table.unread.push(number);
            continue;
        };
        table.routes.push(ObservedRoute {
            prefix,
            protocol: ObservedProtocol::Known(RouteProtocol::Observed),
            hop,
            distance: 0,
            metric: 0,
            line: number,
        });
    }
    table
}

fn hop(words: &[&str]) -> Option<ObservedHop> {
    match words {
        // Multicast is not forwarded by this table.
        ["receive" | "multicast", ..] => Some(ObservedHop::Receive),
        ["drop" | "discard" | "null", ..] => Some(ObservedHop::Discard),
        // A gateway before `Null0` is where the route came from.
        [_, interface] if interface.starts_with("Null") => Some(ObservedHop::Discard),
        ["attached" | "connected" | "glean", interface] => {
            Some(ObservedHop::Attached((*interface).to_owned()))
        }
        ["no", "route", ..] => Some(ObservedHop::Discard),
        [address] => Some(ObservedHop::Gateway {
            address: address.parse().ok()?,
            interface: None,
        }),
        [address, interface] => Some(ObservedHop::Gateway {
            address: address.parse().ok()?,
            interface: Some((*interface).to_owned()),
        }),
        _ => None,
    }
}
