//! What is not modelled makes unknown what it could change, and no more.

use crate::support::{
    fib, interface, line, network, ospf_on, redistribute, router, start_ospf, static_route, via,
};
use networks::control::compute;
use networks::model::{Device, RouteMatch, RouteSource, Touches, Unread, VrfId};

fn check(devices: Vec<Device>, device: &str, expected: &str) {
    let network = network(devices);
    let text = fib(&network, &compute(&network), device);
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("10.0.0."))
        .collect();
    assert_eq!(shown.join("\n"), expected);
}

fn pair() -> Vec<Device> {
    let mut devices = Vec::new();
    for number in 1..=2 {
        let mut device = router(&format!("r{number}"));
        start_ospf(&mut device, &format!("{number}.{number}.{number}.{number}"));
        let id = interface(&mut device, "e0", &[&format!("10.0.0.{number}/24")]);
        ospf_on(&mut device, id, 0, 1);
        devices.push(device);
    }
    devices
}

/// A protocol that is not modelled may change everything but attached subnets
/// and static host routes.
#[test]
fn unmodelled_protocol() {
    let mut devices = pair();
    devices[0].vrfs[0].unmodelled_protocols = vec![line(1)];
    devices[0].vrfs[0].static_routes = vec![
        static_route("0.0.0.0/0", via("10.0.0.2")),
        static_route("192.168.0.1/32", via("10.0.0.2")),
    ];
    let why = "unknown: what this protocol learns is not modelled";
    let network = network(devices);
    let text = fib(&network, &compute(&network), "r1");
    assert_eq!(
        text,
        format!(
            "0.0.0.0/0 {why}\n10.0.0.0/24 e0\n10.0.0.1/32 e0\n\
             192.168.0.1/32 e0 10.0.0.2\n::/0 {why}\n"
        )
    );
    let other = fib(&network, &compute(&network), "r2");
    assert_eq!(other, "10.0.0.0/24 e0\n10.0.0.2/32 e0\n");
}

/// What it may bring is passed on by redistribution, and only as far as
/// policies let it.
#[test]
fn unmodelled_protocol_redistributed() {
    let mut devices = pair();
    devices[0].vrfs[0].unmodelled_protocols = vec![line(1)];
    let entry = networks::model::PrefixEntry::Net {
        permit: true,
        net: "192.168.0.0/16".parse().unwrap(),
        length_min: 24,
        length_max: 24,
        origin: line(2),
    };
    let policy = crate::support::policy(
        &mut devices[0],
        vec![RouteMatch::Prefix(vec![vec![entry]])],
        Vec::new(),
    );
    let mut redistribution = redistribute(RouteSource::Unmodelled("eigrp 1".into()));
    redistribution.policy = Some(policy);
    devices[0].vrfs[0].ospf[0].redistributions = vec![redistribution];
    devices[1].vrfs[0].static_routes = vec![
        static_route("192.168.4.4/30", networks::model::NextHop::Discard),
        static_route("192.168.0.0/20", networks::model::NextHop::Discard),
    ];
    check(
        devices,
        "r2",
        "192.168.0.0/16 unknown: what this protocol learns is not modelled\n\
         192.168.0.0/20 unknown: what this protocol learns is not modelled\n\
         192.168.4.4/30 discard",
    );
}

/// A match that is not modelled puts in doubt what may pass it, at the far end too.
#[test]
fn unknown_match_is_carried() {
    let mut devices = pair();
    let policy = crate::support::policy(
        &mut devices[0],
        vec![RouteMatch::Unknown(line(3))],
        Vec::new(),
    );
    devices[0].vrfs[0].static_routes = vec![static_route(
        "192.168.0.0/16",
        networks::model::NextHop::Discard,
    )];
    let mut redistribution = redistribute(RouteSource::Static);
    redistribution.policy = Some(policy);
    devices[0].vrfs[0].ospf[0].redistributions = vec![redistribution];
    check(
        devices.clone(),
        "r2",
        "192.168.0.0/16 unknown: this match is not modelled",
    );
    check(devices, "r1", "192.168.0.0/16 discard");
}

/// An unread line of a protocol puts in doubt what the device learns, and the
/// prefixes it has at those who listen.
#[test]
fn unread_routing_line() {
    let mut devices = pair();
    interface(&mut devices[0], "e9", &["172.16.0.1/24"]);
    devices[0].unread = vec![Unread {
        origin: line(4),
        touches: Touches::Routing(VrfId::DEFAULT),
        reason: "not understood".into(),
    }];
    check(
        devices.clone(),
        "r2",
        "172.16.0.0/24 unknown: not understood\n172.16.0.1/32 unknown: not understood",
    );
    check(
        devices,
        "r1",
        "0.0.0.0/0 unknown: not understood\n172.16.0.0/24 e9\n172.16.0.1/32 e9\n::/0 unknown: not understood",
    );
}
