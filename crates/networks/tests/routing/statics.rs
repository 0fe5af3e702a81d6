//! Connected and static routes.

use crate::support::{fib, interface, network, router, static_route, via};
use networks::control::compute;
use networks::model::{InterfaceId, NextHop, StaticRoute};

/// Builds a router with `e0` 10.0.0.1/24 and `e1` 10.0.1.1/24, gives it these
/// routes, and compares its forwarding table below the connected routes.
fn check(routes: Vec<StaticRoute>, e1_up: bool, expected: &str) {
    let mut device = router("r");
    interface(&mut device, "e0", &["10.0.0.1/24"]);
    interface(&mut device, "e1", &["10.0.1.1/24"]);
    device.interfaces[1].enabled = e1_up;
    device.vrfs[0].static_routes = routes;
    let network = network(vec![device]);
    let text = fib(&network, &compute(&network), "r");
    let others: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("10.0."))
        .collect();
    assert_eq!(others.join("\n"), expected);
}

/// A next hop in a connected subnet is a gateway there.
#[test]
fn next_hop_resolves_to_interface_and_gateway() {
    check(
        vec![static_route("0.0.0.0/0", via("10.0.0.2"))],
        true,
        "0.0.0.0/0 e0 10.0.0.2",
    );
}

/// A static route resolves through another, whatever the order.
#[test]
fn recursive_routes_resolve() {
    check(
        vec![
            static_route("172.16.0.0/16", via("192.0.2.1")),
            static_route("192.0.2.0/24", via("10.0.1.9")),
        ],
        true,
        "172.16.0.0/16 e1 10.0.1.9\n192.0.2.0/24 e1 10.0.1.9",
    );
}

/// A route is no way to its own next hop, and two that need each other are none.
#[test]
fn circular_routes_are_not_used() {
    check(
        vec![
            static_route("0.0.0.0/0", via("192.0.2.1")),
            static_route("172.16.0.0/16", via("172.17.0.1")),
            static_route("172.17.0.0/16", via("172.16.0.1")),
        ],
        true,
        "",
    );
}

/// A route whose gateway another leads to as long as it is not there itself
/// wavers: it, and what resolves through it, is unknown; the rest is not.
#[test]
fn route_to_its_own_gateway_wavers() {
    check(
        vec![
            static_route("0.0.0.0/0", via("10.0.0.2")),
            static_route("172.16.0.0/16", via("172.16.0.1")),
            static_route("172.17.0.0/16", via("172.16.0.9")),
            static_route("172.18.0.0/16", via("10.0.1.2")),
        ],
        true,
        "0.0.0.0/0 e0 10.0.0.2\n\
         172.16.0.0/16 unknown: whether the route is there depends on the route itself\n\
         172.17.0.0/16 unknown: whether the route is there depends on the route itself\n\
         172.18.0.0/16 e1 10.0.1.2",
    );
}

/// A floating route takes over where the interface of the better one is down.
#[test]
fn floating_route_takes_over() {
    let routes = || {
        let mut floating = static_route("172.16.0.0/16", via("10.0.0.2"));
        floating.distance = 200;
        vec![static_route("172.16.0.0/16", via("10.0.1.2")), floating]
    };
    check(routes(), true, "172.16.0.0/16 e1 10.0.1.2");
    check(routes(), false, "172.16.0.0/16 e0 10.0.0.2");
}

/// Equal routes share the load; null routes discard.
#[test]
fn equal_routes_and_null_routes() {
    check(
        vec![
            static_route("172.16.0.0/16", via("10.0.0.2")),
            static_route("172.16.0.0/16", via("10.0.1.2")),
            static_route("172.16.0.0/12", NextHop::Discard),
            static_route("192.168.0.0/16", NextHop::Interface(InterfaceId(1))),
        ],
        true,
        "172.16.0.0/12 discard\n172.16.0.0/16 e0 10.0.0.2, e1 10.0.1.2\n192.168.0.0/16 e1",
    );
}

/// A route that a probe controls is unknown, and so is what resolves through it.
#[test]
fn run_time_route_is_unknown() {
    let mut tracked = static_route("172.16.0.0/16", via("10.0.0.2"));
    tracked.run_time = true;
    check(
        vec![tracked, static_route("192.168.0.0/16", via("172.16.0.1"))],
        true,
        "172.16.0.0/16 unknown: the route depends on something only the running device knows\n\
         192.168.0.0/16 unknown: the route depends on something only the running device knows",
    );
}

/// A permanent route stays when its interface is down, and then discards.
#[test]
fn permanent_route_stays() {
    let mut permanent = static_route(
        "172.16.0.0/16",
        NextHop::InterfaceAddress(InterfaceId(1), "10.0.1.2".parse().unwrap()),
    );
    permanent.permanent = true;
    check(vec![permanent], false, "172.16.0.0/16 discard");
}

/// Of one prefix and distance the smallest priority is used, and the others are
/// installed beside it; a greater distance is not.
#[test]
fn greater_priorities_are_spare() {
    let through = |next_hop, distance, priority, run_time| {
        let mut route = static_route("0.0.0.0/0", via(next_hop));
        (route.distance, route.priority, route.run_time) = (distance, priority, run_time);
        route
    };
    let spare = |routes: Vec<StaticRoute>| {
        let mut device = router("r");
        interface(&mut device, "e0", &["10.0.0.1/24"]);
        interface(&mut device, "e1", &["10.0.1.1/24"]);
        device.vrfs[0].static_routes = routes;
        let routing = compute(&network(vec![device]));
        let spare = routing.devices[0].vrfs[0].spare.iter();
        spare
            .map(|route| (route.interface.0, route.unknown.len()))
            .collect::<Vec<_>>()
    };
    let best = || through("10.0.0.2", 10, 1, false);
    assert_eq!(
        spare(vec![best(), through("10.0.1.2", 10, 5, false)]),
        [(1, 0)]
    );
    assert_eq!(
        spare(vec![best(), through("10.0.1.2", 10, 5, true)]),
        [(1, 1)]
    );
    assert_eq!(spare(vec![best(), through("10.0.1.2", 20, 5, false)]), []);
    assert_eq!(spare(vec![best(), through("10.0.1.2", 10, 1, false)]), []);
}
