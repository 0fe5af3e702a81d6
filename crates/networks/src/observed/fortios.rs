//! `get router info routing-table all` of FortiOS.

use super::{ObservedHop, ObservedProtocol, ObservedRoute, ObservedTable};
use crate::forwarding::RouteProtocol;
use ipnet::IpNet;

/// Reads the text; one table for each `Routing table for VRF=` line.
pub fn read(text: &str) -> Vec<ObservedTable> {
    let mut tables: Vec<ObservedTable> = Vec::new();
    let mut current: Option<(ObservedProtocol, IpNet, u8, u32)> = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        if let Some((_, vrf)) = line.split_once("Routing table for VRF=") {
            let vrf = vrf.trim();
            tables.push(ObservedTable {
                vrf: (vrf != "0").then(|| vrf.to_owned()),
                ..ObservedTable::default()
            });
            current = None;
            continue;
        }
        let Some(table) = tables.last_mut() else {
            continue;
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| word.parse::<IpNet>().is_ok());
        match at {
            Some(at) => {
                let code: String = words.iter().take(at).copied().collect();
                current = head(&words, at, &code);
            }
            None if words
                .iter()
                .any(|word| *word == "via" || word.starts_with('[')) => {}
            None => continue,
        }
        let route = current.clone().and_then(|head| hops(&words, head, number));
        match route {
            Some(route) => table.routes.push(route),
            None => table.unread.push(number),
        }
    }
    tables
}

/// Reads codes, prefix and cost.
fn head(words: &[&str], at: usize, code: &str) -> Option<(ObservedProtocol, IpNet, u8, u32)> {
    let prefix: IpNet = words.get(at)?.parse().ok()?;
    let letters: String = code
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .collect();
    let cost = words.get(at + 1).and_then(|word| {
        word.strip_prefix('[')?
            .trim_end_matches(']')
            .split_once('/')
    });
    let (distance, metric) = match cost {
        Some((distance, metric)) => (distance.parse().ok()?, metric.parse().ok()?),
        None => (0, 0),
    };
    let protocol = match letters.as_str() {
        "C" => RouteProtocol::Connected,
        "S" => RouteProtocol::Static,
        "O" => RouteProtocol::OspfIntra,
        "OIA" => RouteProtocol::OspfInter,
        "OE1" => RouteProtocol::OspfExternal1,
        "OE2" => RouteProtocol::OspfExternal2,
        "ON1" => RouteProtocol::OspfNssa1,
        "ON2" => RouteProtocol::OspfNssa2,
        "B" if distance == 200 => RouteProtocol::BgpInternal,
        "B" => RouteProtocol::BgpExternal,
        _ => {
            return Some((
                ObservedProtocol::Other(letters),
                prefix.trunc(),
                distance,
                metric,
            ));
        }
    };
    Some((
        ObservedProtocol::Known(protocol),
        prefix.trunc(),
        distance,
        metric,
    ))
}

fn hops(
    words: &[&str],
    (protocol, prefix, distance, metric): (ObservedProtocol, IpNet, u8, u32),
    line: u32,
) -> Option<ObservedRoute> {
    let cleaned: Vec<&str> = words
        .iter()
        .map(|word| word.trim_end_matches(','))
        .collect();
    let via = cleaned.iter().position(|word| *word == "via");
    let connected = cleaned.iter().position(|word| *word == "connected");
    let hop = match (via, connected) {
        (Some(via), _) => ObservedHop::Gateway {
            address: cleaned.get(via + 1)?.parse().ok()?,
            interface: cleaned
                .get(via + 2)
                .filter(|name| !name.starts_with(['(', '[']))
                .map(|name| (*name).to_owned()),
        },
        (None, Some(connected)) => match *cleaned.get(connected + 1)? {
            "Null" => ObservedHop::Discard,
            interface => ObservedHop::Attached(interface.to_owned()),
        },
        (None, None) if cleaned.last() == Some(&"Null") => ObservedHop::Discard,
        (None, None) => return None,
    };
    Some(ObservedRoute {
        prefix,
        protocol,
        hop,
        distance,
        metric,
        line,
    })
}
