//! Small networks in few words.

/// Networks, packets and fates in words.
pub(crate) mod build;
/// Changes of one line of a generated region.
pub(crate) mod changes;
/// Random small networks.
pub(crate) mod generate;
mod generate_rules;
/// Seeded choices.
pub(crate) mod random;
/// Generated regions of many networks.
pub(crate) mod region;
/// Packets for random networks.
pub(crate) mod sample;
mod spare;
/// Rare endings.
pub(crate) mod spoil;

use findings::{FileId, Sources, Span};
use ipnet::IpNet;
use networks::forwarding::Routing;
use networks::model::{
    BgpNeighbor, BgpNetwork, BgpProcess, BgpSelection, BgpSession, Device, DeviceKind, Interface,
    InterfaceAddress, InterfaceId, InterfaceKind, Network, NextHop, OspfArea, OspfAreaKind,
    OspfInterface, OspfMetricType, OspfProcess, PolicyAction, PolicyTerm, Redistribution,
    RouteMatch, RoutePolicy, RoutePolicyId, RouteSet, RouteSource, StaticRoute, VrfId,
};
use networks::topology::{Declared, infer_links};
use std::net::IpAddr;

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
    Device::new(name, file(), DeviceKind::Router)
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

/// Starts OSPF process `1` in the default VRF, areas normal.
pub(crate) fn start_ospf(device: &mut Device, router_id: &str) {
    device.vrfs[0].ospf.push(OspfProcess {
        name: "1".into(),
        version: 2,
        router_id: Some(router_id.parse().unwrap()),
        areas: Vec::new(),
        reference_bandwidth_kbps: 100_000,
        redistributions: Vec::new(),
        default_originate: None,
        distance_intra: 110,
        distance_inter: 110,
        distance_external: 110,
        policy_in: None,
        external_ranges: Vec::new(),
        multipath_max: 4,
        max_metric: false,
        rfc1583: true,
        origin: line(100),
    });
}

/// Puts process `1` on an interface, in an area, at a cost.
pub(crate) fn ospf_on(device: &mut Device, interface: InterfaceId, area: u32, cost: u32) {
    device.interfaces[interface.index()].ospf = Some(OspfInterface {
        process: "1".into(),
        area,
        cost: Some(cost),
        passive: false,
        network_type: None,
        hello_interval_s: 10,
        dead_interval_s: 40,
        mtu_ignore: false,
        authentication: None,
        priority: 1,
        origin: line(101),
    });
}

/// Sets the kind of an area at a device.
pub(crate) fn ospf_area(device: &mut Device, id: u32, kind: OspfAreaKind) {
    device.vrfs[0].ospf[0].areas.push(OspfArea {
        id,
        kind,
        ranges: Vec::new(),
        filter_in: None,
        filter_out: None,
        virtual_links: Vec::new(),
    });
}

/// Redistribution without policy.
pub(crate) fn redistribute(source: RouteSource) -> Redistribution {
    Redistribution {
        source,
        metric: None,
        metric_default: Some(20),
        metric_type: OspfMetricType::External2,
        tag: None,
        policy: None,
        subnets: true,
        origin: line(102),
    }
}

/// Starts BGP in the default VRF, with Cisco's defaults.
pub(crate) fn start_bgp(device: &mut Device, asn: u32, router_id: &str) {
    device.vrfs[0].bgp = Some(BgpProcess {
        asn,
        router_id: Some(router_id.parse().unwrap()),
        neighbors: Vec::new(),
        networks: Vec::new(),
        aggregates: Vec::new(),
        redistributions: Vec::new(),
        distance_external: 20,
        distance_internal: 200,
        distance_local: 200,
        multipath_external: 1,
        multipath_internal: 1,
        multipath_mixed: 1,
        selection: BgpSelection {
            always_compare_med: false,
            deterministic_med: false,
            missing_med_worst: false,
            ignore_as_path_length: false,
            multipath_relax: false,
            compare_router_id: false,
            ignore_igp_metric: false,
        },
        cluster_id: None,
        confederation: None,
        table_policy: None,
        default_information_originate: false,
        default_local_preference: 100,
        auto_summary: false,
        origin: line(200),
    });
}

/// Adds a neighbour with IPv4 activated; returns its exchange for changes.
pub(crate) fn neighbor<'a>(device: &'a mut Device, address: &str, asn: u32) -> &'a mut BgpNeighbor {
    let process = device.vrfs[0].bgp.as_mut().unwrap();
    process.neighbors.push(BgpNeighbor {
        address: IpNet::from(address.parse::<IpAddr>().unwrap()),
        remote_as: vec![asn],
        local_as: None,
        replace_as: false,
        shutdown: false,
        update_source: None,
        local_address: None,
        ebgp_multihop: None,
        disable_connected_check: false,
        passive: false,
        password: None,
        ipv4: Some(BgpSession {
            send_community: true,
            advertise_to_own_as: true,
            ..BgpSession::default()
        }),
        ipv6: None,
        description: None,
        origin: line(201),
    });
    process.neighbors.last_mut().unwrap()
}

/// Announces a prefix by a `network` statement.
pub(crate) fn announce(device: &mut Device, prefix: &str) {
    let process = device.vrfs[0].bgp.as_mut().unwrap();
    process.networks.push(BgpNetwork {
        prefix: prefix.parse().unwrap(),
        policy: None,
        unconditional: false,
        origin: line(202),
    });
}

/// Adds a policy that permits what its terms permit, and denies the rest.
pub(crate) fn policy(
    device: &mut Device,
    matches: Vec<RouteMatch>,
    sets: Vec<RouteSet>,
) -> RoutePolicyId {
    let id = RoutePolicyId(u32::try_from(device.policies.len()).unwrap());
    device.policies.push(RoutePolicy {
        name: "policy".into(),
        terms: vec![PolicyTerm {
            sequence: 10,
            matches,
            sets,
            action: PolicyAction::Permit,
            origin: line(300),
        }],
        default: PolicyAction::Deny,
        origin: Some(line(300)),
    });
    id
}

/// The routes of a device that are neither connected nor local, one a line.
pub(crate) fn rib(network: &Network, routing: &Routing, device: &str) -> String {
    use networks::forwarding::RouteProtocol;
    let at = network
        .devices
        .iter()
        .position(|configured| configured.name == device)
        .unwrap();
    let configured = &network.devices[at];
    let vrf = routing.devices[at].vrf(VrfId::DEFAULT).unwrap();
    let mut lines = Vec::new();
    for route in &vrf.rib.routes {
        if matches!(
            route.protocol,
            RouteProtocol::Connected | RouteProtocol::Local
        ) {
            continue;
        }
        let hop = match route.next_hop {
            NextHop::Address(address) => address.to_string(),
            NextHop::InterfaceAddress(interface, address) => format!(
                "{} {address}",
                configured.interfaces[interface.index()].name
            ),
            NextHop::Discard => "discard".into(),
            other => format!("{other:?}"),
        };
        lines.push(format!(
            "{} {:?} {hop} [{}/{}]",
            route.prefix, route.protocol, route.distance, route.metric
        ));
    }
    lines.join("\n")
}

/// The codes of what was found.
pub(crate) fn codes(routing: &Routing) -> Vec<&'static str> {
    routing
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

/// Says that a test is skipped, and why.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) fn skipped(why: &str) {
    println!("skipped: {why}");
}
