//! `seen routes`

use crate::arguments::Routes;
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use crate::loaded::Loaded;
use crate::render::table::{self, Sheet};
use crate::terminal;
use ipnet::IpNet;
use networks::forwarding::{FibAction, Route, RouteProtocol};
use networks::model::{Device, InterfaceId, NextHop, VrfId};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Prints the routing tables, with the line that makes each route.
pub(crate) fn run(arguments: &Routes) -> Result<Exit, Failure> {
    let loaded = Loaded::read(&arguments.input)?;
    let network = loaded.network();
    for name in &arguments.device {
        if !network.devices.iter().any(|device| device.name == *name) {
            return Err(Failure::NoSuch {
                kind: "device",
                name: name.clone(),
                known: nearest(
                    name,
                    network.devices.iter().map(|device| device.name.clone()),
                ),
            });
        }
    }
    let mut rows = Vec::new();
    for (id, device) in network.devices() {
        let asked = arguments.device.is_empty() || arguments.device.contains(&device.name);
        let Some(routing) = loaded.routing().device(id).filter(|_| asked) else {
            continue;
        };
        for (vrf, routes) in device.vrfs.iter().zip(&routing.vrfs) {
            let wanted =
                |prefix: &IpNet| arguments.to.is_none_or(|to: IpAddr| prefix.contains(&to));
            for route in routes
                .rib
                .routes
                .iter()
                .filter(|route| wanted(&route.prefix))
            {
                rows.push(row(&loaded, device, &vrf.name, route));
            }
            for entry in routes
                .fib
                .entries()
                .iter()
                .filter(|entry| wanted(&entry.prefix))
            {
                if let FibAction::Unknown(causes) = &entry.action {
                    let reason = causes.first().map_or("", |cause| cause.reason.as_str());
                    rows.push(vec![
                        json!(device.name),
                        json!(vrf.name),
                        json!(entry.prefix.to_string()),
                        json!("unknown"),
                        json!(reason),
                        Value::Null,
                        Value::Null,
                        place(&loaded, causes.first().map(|cause| cause.origin)),
                    ]);
                }
            }
        }
    }
    let sheet = Sheet {
        what: "routes",
        columns: &[
            "device", "vrf", "prefix", "protocol", "next_hop", "distance", "metric", "line",
        ],
        rows,
    };
    terminal::answer(table::write(&sheet, arguments.format)?)?;
    Ok(Exit::Fine)
}

fn place(loaded: &Loaded, span: Option<findings::Span>) -> Value {
    span.and_then(|span| loaded.sources().location(span))
        .map_or(Value::Null, |location| {
            json!(format!("{}:{}", location.path, location.line))
        })
}

fn row(loaded: &Loaded, device: &Device, vrf: &str, route: &Route) -> Vec<Value> {
    vec![
        json!(device.name),
        json!(vrf),
        json!(route.prefix.to_string()),
        json!(protocol(route.protocol)),
        json!(next_hop(device, route.next_hop)),
        json!(route.distance),
        json!(route.metric),
        place(loaded, route.origin),
    ]
}

/// The protocol as people call it.
fn protocol(protocol: RouteProtocol) -> &'static str {
    match protocol {
        RouteProtocol::Connected => "connected",
        RouteProtocol::Local => "local",
        RouteProtocol::Static => "static",
        RouteProtocol::OspfIntra => "ospf",
        RouteProtocol::OspfInter => "ospf inter-area",
        RouteProtocol::OspfExternal1 => "ospf external 1",
        RouteProtocol::OspfExternal2 => "ospf external 2",
        RouteProtocol::OspfNssa1 => "ospf nssa 1",
        RouteProtocol::OspfNssa2 => "ospf nssa 2",
        RouteProtocol::BgpExternal => "bgp external",
        RouteProtocol::BgpInternal => "bgp internal",
        RouteProtocol::BgpLocal => "bgp aggregate",
        RouteProtocol::OspfDiscard => "ospf summary",
        RouteProtocol::Observed => "observed",
    }
}

fn next_hop(device: &Device, next_hop: NextHop) -> String {
    let interface = |id: InterfaceId| {
        device
            .interface(id)
            .map_or("?", |interface| interface.name.as_str())
    };
    let vrf = |id: VrfId| device.vrf(id).map_or("?", |vrf| vrf.name.as_str());
    match next_hop {
        NextHop::Address(address) => address.to_string(),
        NextHop::Interface(id) => interface(id).to_owned(),
        NextHop::InterfaceAddress(id, address) => format!("{address} {}", interface(id)),
        NextHop::Discard => "discard".to_owned(),
        NextHop::Vrf(id) => format!("vrf {}", vrf(id)),
        NextHop::VrfAddress(id, address) => format!("{address} vrf {}", vrf(id)),
    }
}
