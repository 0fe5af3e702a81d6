//! Small networks in few words.

/// Networks, packets and fates in words.
pub(crate) mod build;
/// Random small networks.
pub(crate) mod generate;
mod generate_rules;
/// Seeded choices.
pub(crate) mod random;
/// Packets for random networks.
pub(crate) mod sample;

use findings::{FileId, Sources, Span};
use networks::forwarding::Routing;
use networks::model::{
    Device, DeviceKind, Interface, InterfaceAddress, InterfaceId, InterfaceKind, Network, NextHop,
    Sessions, StaticRoute, Vrf, VrfId,
};
use networks::topology::{Declared, infer_links};

/// The file every built line stands in.
pub(crate) fn file() -> FileId {
    Sources::new().add("built.cfg", "built\n")
}

/// A line; `at` tells lines apart.
pub(crate) fn line(at: u32) -> Span {
    Span {
        file: file(),
        start: at,
        end: at + 1,
    }
}

/// A router without interfaces.
pub(crate) fn router(name: &str) -> Device {
    Device {
        name: name.into(),
        file: file(),
        kind: DeviceKind::Router,
        interfaces: Vec::new(),
        vrfs: vec![Vrf::new("default")],
        tables: Vec::new(),
        chains: Vec::new(),
        policies: Vec::new(),
        hooks: Vec::new(),
        sessions: Sessions::stateless(),
        unread: Vec::new(),
    }
}

/// Adds an interface; a name that starts with `lo` is a loopback.
pub(crate) fn interface(device: &mut Device, name: &str, addresses: &[&str]) -> InterfaceId {
    let kind = if name.starts_with("lo") {
        InterfaceKind::Loopback
    } else {
        InterfaceKind::Physical
    };
    let id = InterfaceId(u32::try_from(device.interfaces.len()).unwrap());
    let mut interface = Interface::new(name, kind, line(0));
    interface.bandwidth_kbps = Some(if name.starts_with("lo") {
        8_000_000
    } else {
        1_000_000
    });
    for (at, address) in addresses.iter().enumerate() {
        interface.addresses.push(InterfaceAddress {
            net: address.parse().unwrap(),
            secondary: at > 0,
            origin: line(u32::try_from(at).unwrap()),
        });
    }
    device.interfaces.push(interface);
    id
}

/// A static route with distance 1.
pub(crate) fn static_route(prefix: &str, next_hop: NextHop) -> StaticRoute {
    StaticRoute {
        prefix: prefix.parse().unwrap(),
        next_hop,
        distance: 1,
        priority: 0,
        tag: 0,
        permanent: false,
        run_time: false,
        origin: line(9),
    }
}

/// A next hop by address.
pub(crate) fn via(address: &str) -> NextHop {
    NextHop::Address(address.parse().unwrap())
}

/// A network of these devices, joined by their addresses.
pub(crate) fn network(devices: Vec<Device>) -> Network {
    let mut network = Network {
        devices,
        links: Vec::new(),
    };
    network.links = infer_links(&network, &Declared::default()).links;
    network
}

/// The forwarding entries of a device's default VRF, one a line.
pub(crate) fn fib(network: &Network, routing: &Routing, device: &str) -> String {
    let at = network
        .devices
        .iter()
        .position(|configured| configured.name == device)
        .unwrap();
    let configured = &network.devices[at];
    let vrf = routing.devices[at].vrf(VrfId::DEFAULT).unwrap();
    let mut text = String::new();
    for entry in vrf.fib.entries() {
        use networks::forwarding::FibAction;
        let action = match &entry.action {
            FibAction::Forward(hops) => hops
                .iter()
                .map(|hop| {
                    let name = &configured.interfaces[hop.interface.index()].name;
                    match hop.gateway {
                        Some(gateway) => format!("{name} {gateway}"),
                        None => name.clone(),
                    }
                })
                .collect::<Vec<_>>()
                .join(", "),
            FibAction::Discard => "discard".into(),
            FibAction::Vrf(vrf) => format!("vrf {}", vrf.0),
            FibAction::Unknown(reasons) => format!("unknown: {}", reasons[0].reason),
        };
        text.push_str(&format!("{} {action}\n", entry.prefix));
    }
    text
}
