//! BGP: sessions, the choice between paths, what is passed on.

use crate::support::{
    announce, codes, interface, neighbor, network, ospf_on, policy, rib, router, start_bgp,
    start_ospf, static_route, via,
};
use networks::control::compute;
use networks::forwarding::FibAction;
use networks::model::{Aggregate, Community, Device, PrefixEntry, RouteMatch, RouteSet, SetMetric};

/// A speaker of a system with a loopback that it announces: `N.N.N.N/32`.
fn speaker(number: u8, asn: u32, ports: &[&str]) -> Device {
    let own = format!("{number}.{number}.{number}.{number}");
    let mut device = router(&format!("r{number}"));
    start_bgp(&mut device, asn, &own);
    interface(&mut device, "lo0", &[&format!("{own}/32")]);
    for (at, address) in ports.iter().enumerate() {
        interface(&mut device, &format!("e{at}"), &[address]);
    }
    announce(&mut device, &format!("{own}/32"));
    device
}

fn check(devices: Vec<Device>, device: &str, expected: &str) -> Vec<&'static str> {
    let network = network(devices);
    let routing = compute(&network);
    assert_eq!(rib(&network, &routing, device), expected);
    codes(&routing)
}

/// Two systems, directly connected.
fn pair() -> Vec<Device> {
    let mut one = speaker(1, 65001, &["10.0.0.1/30"]);
    neighbor(&mut one, "10.0.0.2", 65002);
    let mut two = speaker(2, 65002, &["10.0.0.2/30"]);
    neighbor(&mut two, "10.0.0.1", 65001);
    vec![one, two]
}

fn first_neighbor(device: &mut Device) -> &mut networks::model::BgpNeighbor {
    &mut device.vrfs[0].bgp.as_mut().unwrap().neighbors[0]
}

/// What each announces, the other learns.
#[test]
fn external_neighbours_exchange_routes() {
    check(pair(), "r1", "2.2.2.2/32 BgpExternal 10.0.0.2 [20/0]");
    check(pair(), "r2", "1.1.1.1/32 BgpExternal 10.0.0.1 [20/0]");
}

/// A static route of another router that never settles keeps nobody from speaking.
#[test]
fn wavering_route_elsewhere_changes_nothing() {
    let mut wavering = router("w");
    interface(&mut wavering, "e0", &["10.0.9.1/24"]);
    wavering.vrfs[0].static_routes = vec![
        static_route("0.0.0.0/0", via("10.0.9.2")),
        static_route("172.16.0.0/16", via("172.16.0.1")),
    ];
    let mut devices = pair();
    devices.push(wavering);
    let found = check(devices, "r1", "2.2.2.2/32 BgpExternal 10.0.0.2 [20/0]");
    assert_eq!(found, ["routing-unstable"]);
}

/// A change at one end, and what is found then.
type Disagreement = (fn(&mut Device), &'static [&'static str]);

/// What the ends disagree on keeps the session down, and names both lines.
#[test]
fn disagreements_keep_sessions_down() {
    let changes: [Disagreement; 4] = [
        (
            // Told once, at the end that expects the wrong system.
            |device| first_neighbor(device).remote_as = vec![65009],
            &["bgp-neighbour-mismatch"],
        ),
        (
            |device| first_neighbor(device).password = Some("digest".into()),
            &["bgp-neighbour-mismatch", "bgp-neighbour-mismatch"],
        ),
        (
            |device| first_neighbor(device).shutdown = true,
            &["bgp-neighbour-mismatch"],
        ),
        (
            |device| device.vrfs[0].bgp.as_mut().unwrap().neighbors.clear(),
            &["bgp-session-down"],
        ),
    ];
    for (change, expected) in changes {
        let mut devices = pair();
        change(&mut devices[1]);
        assert_eq!(check(devices, "r1", ""), expected);
    }
}

/// A neighbour of whom no configuration is held is said to be silent.
#[test]
fn unknown_neighbours_are_noted() {
    let mut devices = pair();
    devices.pop();
    assert_eq!(check(devices, "r1", ""), ["bgp-neighbour-unknown"]);
}

/// External neighbours over loopbacks need several hops allowed at both ends.
#[test]
fn multihop_at_both_ends() {
    let far = |hops: [Option<u8>; 2]| {
        let mut devices = vec![
            speaker(1, 65001, &["10.0.0.1/30"]),
            speaker(2, 65002, &["10.0.0.2/30"]),
        ];
        let ends = [
            ("2.2.2.2", 65002, "10.0.0.2"),
            ("1.1.1.1", 65001, "10.0.0.1"),
        ];
        for ((device, (address, asn, gateway)), hops) in devices.iter_mut().zip(ends).zip(hops) {
            let peer = neighbor(device, address, asn);
            peer.update_source = Some(networks::model::InterfaceId(0));
            peer.ebgp_multihop = hops;
            let to = format!("{address}/32");
            device.vrfs[0].static_routes = vec![crate::support::static_route(
                &to,
                crate::support::via(gateway),
            )];
            let process = device.vrfs[0].bgp.as_mut().unwrap();
            process.networks.clear();
        }
        announce(&mut devices[1], "10.0.0.0/30");
        interface(&mut devices[1], "e9", &["172.16.0.1/24"]);
        announce(&mut devices[1], "172.16.0.0/24");
        devices
    };
    let up = "2.2.2.2/32 Static 10.0.0.2 [1/0]\n172.16.0.0/24 BgpExternal 2.2.2.2 [20/0]";
    check(far([Some(2), Some(2)]), "r1", up);
    check(
        far([Some(2), None]),
        "r1",
        "2.2.2.2/32 Static 10.0.0.2 [1/0]",
    );
}

/// A triangle of three systems: the shorter path wins; with the direct link
/// out of the way the longer is used.
#[test]
fn shortest_path_wins() {
    let triangle = || {
        let mut one = speaker(1, 65001, &["10.0.12.1/30", "10.0.13.1/30"]);
        neighbor(&mut one, "10.0.12.2", 65002);
        neighbor(&mut one, "10.0.13.2", 65003);
        let mut two = speaker(2, 65002, &["10.0.12.2/30", "10.0.23.1/30"]);
        neighbor(&mut two, "10.0.12.1", 65001);
        neighbor(&mut two, "10.0.23.2", 65003);
        let mut three = speaker(3, 65003, &["10.0.13.2/30", "10.0.23.2/30"]);
        neighbor(&mut three, "10.0.13.1", 65001);
        neighbor(&mut three, "10.0.23.1", 65002);
        vec![one, two, three]
    };
    check(
        triangle(),
        "r1",
        "2.2.2.2/32 BgpExternal 10.0.12.2 [20/0]\n3.3.3.3/32 BgpExternal 10.0.13.2 [20/0]",
    );
    let mut broken = triangle();
    broken[0].interfaces[2].enabled = false;
    check(
        broken,
        "r1",
        "2.2.2.2/32 BgpExternal 10.0.12.2 [20/0]\n3.3.3.3/32 BgpExternal 10.0.12.2 [20/0]",
    );
}

/// One system of three routers around a shared network, each with OSPF.
fn system(reflector: bool) -> Vec<Device> {
    let mut devices: Vec<Device> = (1..=3)
        .map(|number| speaker(number, 65001, &[&format!("10.0.0.{number}/24")]))
        .collect();
    for (at, device) in devices.iter_mut().enumerate() {
        let own = format!("{0}.{0}.{0}.{0}", at + 1);
        start_ospf(device, &own);
        for port in 0..2u32 {
            ospf_on(device, networks::model::InterfaceId(port), 0, 1);
        }
        device.vrfs[0].bgp.as_mut().unwrap().networks.clear();
    }
    let mut join = |one: usize, other: usize, client: bool| {
        for (own, peer) in [(one, other), (other, one)] {
            let address = format!("{0}.{0}.{0}.{0}", peer + 1);
            let neighbor = neighbor(&mut devices[own], &address, 65001);
            neighbor.update_source = Some(networks::model::InterfaceId(0));
            let exchange = neighbor.ipv4.as_mut().unwrap();
            exchange.route_reflector_client = client && own == 1;
        }
    };
    join(0, 1, reflector);
    join(1, 2, reflector);
    interface(&mut devices[0], "e9", &["172.16.0.1/24"]);
    announce(&mut devices[0], "172.16.0.0/24");
    devices
}

/// What one internal neighbour says is not told another, unless reflected.
#[test]
fn internal_routes_pass_reflectors_alone() {
    let ospf = "1.1.1.1/32 OspfIntra e0 10.0.0.1 [110/2]\n2.2.2.2/32 OspfIntra e0 10.0.0.2 [110/2]";
    check(system(false), "r3", ospf);
    check(
        system(true),
        "r3",
        &format!("{ospf}\n172.16.0.0/24 BgpInternal 1.1.1.1 [200/0]"),
    );
}

/// Communities that forbid telling are heeded.
#[test]
fn no_export_stays_inside() {
    let mut devices = pair();
    let id = policy(
        &mut devices[1],
        Vec::new(),
        vec![RouteSet::Community {
            communities: vec![Community::NO_EXPORT],
            additive: false,
        }],
    );
    devices[1].vrfs[0].bgp.as_mut().unwrap().networks[0].policy = Some(id);
    check(devices, "r1", "");
}

/// Policies in and out filter and set.
#[test]
fn policies_filter_and_set() {
    let mut devices = pair();
    interface(&mut devices[1], "e9", &["172.16.0.1/24"]);
    announce(&mut devices[1], "172.16.0.0/24");
    let entry = PrefixEntry::Net {
        permit: true,
        net: "172.16.0.0/12".parse().unwrap(),
        length_min: 12,
        length_max: 32,
        origin: crate::support::line(1),
    };
    let id = policy(
        &mut devices[0],
        vec![RouteMatch::Prefix(vec![vec![entry]])],
        vec![RouteSet::Metric(SetMetric::To(77))],
    );
    let exchange = first_neighbor(&mut devices[0]).ipv4.as_mut().unwrap();
    exchange.policies_in = vec![id];
    check(devices, "r1", "172.16.0.0/24 BgpExternal 10.0.0.2 [20/77]");
}

/// An aggregate hides what is under it, and discards what has no better route.
#[test]
fn aggregates_hide_what_is_under_them() {
    let mut devices = pair();
    for (at, third) in [1, 2].into_iter().enumerate() {
        interface(
            &mut devices[1],
            &format!("f{at}"),
            &[&format!("172.16.{third}.1/24")],
        );
        announce(&mut devices[1], &format!("172.16.{third}.0/24"));
    }
    devices[1].vrfs[0].bgp.as_mut().unwrap().aggregates = vec![Aggregate {
        prefix: "172.16.0.0/16".parse().unwrap(),
        summary_only: true,
        suppress: None,
        as_set: false,
        advertise: None,
        attributes: None,
        origin: crate::support::line(1),
    }];
    check(
        devices.clone(),
        "r1",
        "2.2.2.2/32 BgpExternal 10.0.0.2 [20/0]\n172.16.0.0/16 BgpExternal 10.0.0.2 [20/0]",
    );
    check(
        devices,
        "r2",
        "1.1.1.1/32 BgpExternal 10.0.0.1 [20/0]\n172.16.0.0/16 BgpLocal discard [200/0]",
    );
}

/// Two equal external paths: only age decides, so the way is unknown; with the
/// router identifier compared, or both used at once, it is known.
#[test]
fn the_oldest_path_is_unknown() {
    let twin = |compare: bool, paths: u16| {
        let mut one = speaker(1, 65001, &["10.0.2.1/30", "10.0.3.1/30"]);
        neighbor(&mut one, "10.0.2.2", 65002);
        neighbor(&mut one, "10.0.3.2", 65002);
        let process = one.vrfs[0].bgp.as_mut().unwrap();
        process.selection.compare_router_id = compare;
        process.multipath_external = paths;
        let mut devices = vec![one];
        for number in [2u8, 3] {
            let mut device = speaker(number, 65002, &[&format!("10.0.{number}.2/30")]);
            device.vrfs[0].bgp.as_mut().unwrap().networks.clear();
            neighbor(&mut device, &format!("10.0.{number}.1"), 65001);
            interface(&mut device, "e9", &["172.16.0.1/24"]);
            announce(&mut device, "172.16.0.0/24");
            devices.push(device);
        }
        let network = network(devices);
        let routing = compute(&network);
        let prefix = "172.16.0.0/24".parse().unwrap();
        let entry = routing.devices[0].vrfs[0].fib.lookup_exact(prefix).cloned();
        entry.unwrap().action
    };
    assert!(matches!(twin(false, 1), FibAction::Unknown(_)));
    assert!(matches!(twin(true, 1), FibAction::Forward(hops) if hops.len() == 1));
    assert!(matches!(twin(false, 2), FibAction::Forward(hops) if hops.len() == 2));
}

/// Two systems that each prefer the way over the other have two fixed points
/// (Griffin's "disagree"): a finding, and unknown at both.
#[test]
fn disagree_is_found() {
    let mut three = speaker(3, 65003, &["10.1.3.2/30", "10.2.3.2/30"]);
    let mut devices = Vec::new();
    for (number, other) in [(1u8, 2u8), (2, 1)] {
        let own = format!("10.{number}.3.1/30");
        let between = format!("10.1.2.{number}/30");
        let mut device = speaker(number, 65000 + u32::from(number), &[&own, &between]);
        device.vrfs[0].bgp.as_mut().unwrap().networks.clear();
        neighbor(&mut device, &format!("10.{number}.3.2"), 65003);
        let prefer = policy(
            &mut device,
            Vec::new(),
            vec![RouteSet::LocalPreference(200)],
        );
        let peer = neighbor(
            &mut device,
            &format!("10.1.2.{other}"),
            65000 + u32::from(other),
        );
        peer.ipv4.as_mut().unwrap().policies_in = vec![prefer];
        neighbor(
            &mut three,
            &format!("10.{number}.3.1"),
            65000 + u32::from(number),
        );
        devices.push(device);
    }
    devices.push(three);
    let network = network(devices);
    let routing = compute(&network);
    assert!(codes(&routing).contains(&"routing-ambiguous"));
    let prefix = "3.3.3.3/32".parse().unwrap();
    for device in &routing.devices[..2] {
        let entry = device.vrfs[0].fib.lookup_exact(prefix).unwrap();
        assert!(matches!(entry.action, FibAction::Unknown(_)));
    }
}

/// Three systems that each prefer the way over the next one round never settle
/// (Griffin's "bad gadget"): a finding, and unknown where it matters.
#[test]
fn bad_gadget_is_found() {
    // r4 is the destination in the middle; r1, r2, r3 prefer each other's paths.
    let mut four = speaker(4, 65004, &["10.1.4.2/30", "10.2.4.2/30", "10.3.4.2/30"]);
    let mut ring = Vec::new();
    for number in 1u8..=3 {
        let next = number % 3 + 1;
        let before = (number + 1) % 3 + 1;
        let mut device = speaker(
            number,
            65000 + u32::from(number),
            &[
                &format!("10.{number}.4.1/30"),
                &format!("10.{number}.0.1/30"),
                &format!("10.{before}.0.2/30"),
            ],
        );
        device.vrfs[0].bgp.as_mut().unwrap().networks.clear();
        neighbor(&mut device, &format!("10.{number}.4.2"), 65004);
        let entry = networks::model::AsPathEntry {
            permit: true,
            regex: format!("^{} 65004$", 65000 + u32::from(next)),
            origin: crate::support::line(2),
        };
        let prefer = policy(
            &mut device,
            vec![RouteMatch::AsPath(vec![vec![entry]])],
            vec![RouteSet::LocalPreference(200)],
        );
        let peer = neighbor(
            &mut device,
            &format!("10.{number}.0.2"),
            65000 + u32::from(next),
        );
        peer.ipv4.as_mut().unwrap().policies_in = vec![prefer];
        neighbor(
            &mut device,
            &format!("10.{before}.0.1"),
            65000 + u32::from(before),
        );
        neighbor(
            &mut four,
            &format!("10.{number}.4.1"),
            65000 + u32::from(number),
        );
        ring.push(device);
    }
    ring.push(four);
    let network = network(ring);
    let routing = compute(&network);
    assert!(codes(&routing).contains(&"routing-unstable"));
    let prefix = "4.4.4.4/32".parse().unwrap();
    for device in &routing.devices[..3] {
        let entry = device.vrfs[0].fib.lookup_exact(prefix).unwrap();
        assert!(matches!(entry.action, FibAction::Unknown(_)));
    }
}
