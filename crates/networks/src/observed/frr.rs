//! `show ip route json` and `show ip route vrf all json` of FRR.

use super::{ObservedHop, ObservedProtocol, ObservedRoute, ObservedTable};
use crate::forwarding::RouteProtocol;
use ipnet::IpNet;
use serde_json::{Map, Value};

/// Reads the JSON; several objects one after the other are several VRFs' tables.
/// An object whose values are objects has a table for each VRF by name.
///
/// Only selected routes are taken. A route has no line, so its `line` is 0.
///
/// # Errors
///
/// Returns what is wrong with the JSON.
pub fn read(text: &str) -> Result<Vec<ObservedTable>, serde_json::Error> {
    let mut tables = Vec::new();
    for object in serde_json::Deserializer::from_str(text).into_iter::<Map<String, Value>>() {
        let object = object?;
        if object.values().any(Value::is_object) {
            for (vrf, routes) in &object {
                if let Value::Object(routes) = routes {
                    tables.push(table((vrf != "default").then(|| vrf.clone()), routes));
                }
            }
        } else {
            tables.push(table(None, &object));
        }
    }
    Ok(tables)
}

fn table(vrf: Option<String>, prefixes: &Map<String, Value>) -> ObservedTable {
    let mut table = ObservedTable {
        vrf,
        ..ObservedTable::default()
    };
    for (prefix, routes) in prefixes {
        let Ok(prefix) = prefix.parse::<IpNet>() else {
            table.unread.push(0);
            continue;
        };
        for route in routes.as_array().into_iter().flatten() {
            if route.get("selected") != Some(&Value::Bool(true)) {
                continue;
            }
            if table.vrf.is_none() {
                let vrf = route.get("vrfName").and_then(Value::as_str);
                table.vrf = vrf.filter(|vrf| *vrf != "default").map(str::to_owned);
            }
            add(&mut table, prefix.trunc(), route);
        }
    }
    table
}

fn add(table: &mut ObservedTable, prefix: IpNet, route: &Value) {
    let number = |key| route.get(key).and_then(Value::as_u64).unwrap_or(0);
    let distance = u8::try_from(number("distance")).unwrap_or(u8::MAX);
    let metric = u32::try_from(number("metric")).unwrap_or(u32::MAX);
    let protocol = match route.get("protocol").and_then(Value::as_str) {
        Some("connected") => ObservedProtocol::Known(RouteProtocol::Connected),
        Some("local") => ObservedProtocol::Known(RouteProtocol::Local),
        Some("static") => ObservedProtocol::Known(RouteProtocol::Static),
        Some("ospf") => ObservedProtocol::Known(RouteProtocol::OspfIntra),
        Some("bgp") if distance == 200 => ObservedProtocol::Known(RouteProtocol::BgpInternal),
        Some("bgp") => ObservedProtocol::Known(RouteProtocol::BgpExternal),
        other => ObservedProtocol::Other(other.unwrap_or_default().to_owned()),
    };
    let hops = route.get("nexthops").and_then(Value::as_array);
    for hop in hops.into_iter().flatten() {
        if hop.get("duplicate") == Some(&Value::Bool(true)) {
            continue;
        }
        match observed_hop(hop) {
            Some(hop) => table.routes.push(ObservedRoute {
                prefix,
                protocol: protocol.clone(),
                hop,
                distance,
                metric,
                line: 0,
            }),
            None => table.unread.push(0),
        }
    }
}

fn observed_hop(hop: &Value) -> Option<ObservedHop> {
    let text = |key| hop.get(key).and_then(Value::as_str);
    let interface = text("interfaceName").map(str::to_owned);
    if ["unreachable", "blackhole", "reject"]
        .iter()
        .any(|key| hop.get(key) == Some(&Value::Bool(true)))
    {
        return Some(ObservedHop::Discard);
    }
    match text("ip") {
        Some(address) => Some(ObservedHop::Gateway {
            address: address.parse().ok()?,
            interface,
        }),
        None => interface.map(ObservedHop::Attached),
    }
}
