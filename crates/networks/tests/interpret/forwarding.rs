use super::{check, two_routers};
use crate::support::build::{ACCEPT, Built, from, is, to, unknown};
use crate::support::line;
use networks::forwarding::{FibAction, SpareRoute};
use networks::model::{
    Action, Condition, InterfaceId, InterfaceKind, NextHop, RedundancyGroup, RedundancyProtocol,
    ReversePath, RouteAction, RoutingTable, Stage, TableId, Touches, Tunnel, Unread, VrfId,
};
use packets::{AddressSet, Protocol};

const WEB: &str = "tcp 10.1.0.5:1000 10.2.0.5:443";

#[test]
fn a_packet_is_delivered_to_an_attached_segment() {
    check(
        &two_routers(),
        "a lan",
        WEB,
        &["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"],
    );
    check(
        &two_routers(),
        "a lan",
        "tcp [2001:db8:1::5]:1000 [2001:db8:2::5]:443",
        &["delivered by b lan: [2001:db8:1::5]:1000 -> [2001:db8:2::5]:443 tcp"],
    );
}

#[test]
fn a_device_accepts_what_is_for_it() {
    let built = two_routers();
    let to_b = "icmp 10.1.0.5 10.2.0.1 8";
    check(
        &built,
        "a lan",
        to_b,
        &["accepted by b: 10.1.0.5 -> 10.2.0.1 icmp type 8 code 0"],
    );
    let own = "udp 10.9.0.1:53 10.2.0.5:53";
    check(
        &built,
        "a",
        own,
        &["delivered by b lan: 10.9.0.1:53 -> 10.2.0.5:53 udp"],
    );
}

#[test]
fn without_an_entry_there_is_no_route_unless_routes_are_unknown() {
    let mut built = two_routers();
    let packet = "udp 10.1.0.5:1 192.0.2.1:2";
    check(&built, "a lan", packet, &["no route at a"]);
    let id = built.id("a");
    built.routing.devices[id.index()].vrfs[0].unknown = vec![unknown("EIGRP is not modelled")];
    check(&built, "a lan", packet, &["unknown: EIGRP is not modelled"]);
    // What has an entry is certain all the same.
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.2.0.9:2",
        &["delivered by b lan: 10.1.0.5:1 -> 10.2.0.9:2 udp"],
    );
}

#[test]
fn null_routes_and_null_interfaces_discard() {
    let mut built = two_routers();
    built.entry("a", VrfId::DEFAULT, "10.2.0.0/25", FibAction::Discard);
    check(&built, "a lan", WEB, &["discarded at a"]);
    let mut built = two_routers();
    built
        .router("n", &["lan 10.7.0.1/24", "Null0"])
        .route("n", "10.2.0.0/16", &["Null0"]);
    built.interface("n Null0").kind = InterfaceKind::Null;
    check(&built, "n lan", WEB, &["discarded at n"]);
}

#[test]
fn an_unknown_entry_is_unknown_for_its_destinations_alone() {
    let mut built = two_routers();
    let action = FibAction::Unknown(vec![unknown("the probe decides")]);
    built.entry("a", VrfId::DEFAULT, "10.2.0.0/28", action);
    check(&built, "a lan", WEB, &["unknown: the probe decides"]);
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.2.0.77:2",
        &["delivered by b lan: 10.1.0.5:1 -> 10.2.0.77:2 udp"],
    );
}

#[test]
fn every_equal_path_is_followed() {
    let mut built = two_routers();
    built
        .router("c", &["wan 10.8.0.2/30", "stub 10.3.0.1/24"])
        .route("c", "10.2.0.0/16", &["stub 10.3.0.9"]);
    built
        .device("a")
        .interfaces
        .push(networks::model::Interface::new(
            "alt",
            InterfaceKind::Physical,
            line(0),
        ));
    built
        .link(&["a alt", "c wan"])
        .route("a", "10.2.0.0/16", &["wan 10.9.0.2", "alt 10.8.0.2"]);
    check(
        &built,
        "a lan",
        WEB,
        &[
            "delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp",
            "exits by c stub to 10.3.0.9",
        ],
    );
}

#[test]
fn packets_that_come_back_unchanged_are_in_a_loop() {
    let mut built = two_routers();
    built.route("b", "10.2.0.0/25", &["wan 10.9.0.1"]);
    check(&built, "a lan", WEB, &["loop"]);
}

#[test]
fn what_nobody_answers_for_leaves_what_is_known() {
    let mut built = two_routers();
    built.route("a", "0.0.0.0/0", &["wan 10.9.0.3"]);
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 192.0.2.1:2",
        &["exits by a wan to 10.9.0.3"],
    );
    // Without a gateway, only addresses in a prefix of the interface are attached (L3).
    built.route("a", "0.0.0.0/0", &["wan"]);
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 192.0.2.1:2",
        &["exits by a wan to nobody"],
    );
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.9.0.3:2",
        &["delivered by a wan: 10.1.0.5:1 -> 10.9.0.3:2 udp"],
    );
    built.interface("a wan").enabled = false;
    check(&built, "a lan", WEB, &["exits by a wan to 10.9.0.2"]);
    built.interface("a lan").enabled = false;
    check(&built, "a lan", WEB, &["exits by a lan to nobody"]);
}

#[test]
fn a_neighbour_may_answer_for_translated_addresses_but_owners_go_first() {
    let mut built = Built::new();
    built
        .router("a", &["lan 10.1.0.1/24", "dmz 10.5.0.1/24"])
        .router("fw", &["dmz 10.5.0.2/24"])
        .router("own", &["dmz 10.5.0.9/24"])
        .link(&["a dmz", "fw dmz", "own dmz"]);
    built.interface("fw dmz").answers_arp_for =
        AddressSet::from("10.5.0.8/29".parse::<ipnet::IpNet>().unwrap());
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.5.0.10:2",
        &["delivered by fw dmz: 10.1.0.5:1 -> 10.5.0.10:2 udp"],
    );
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.5.0.9:2",
        &["accepted by own: 10.1.0.5:1 -> 10.5.0.9:2 udp"],
    );
}

#[test]
fn a_tunnel_gives_everything_to_its_other_end() {
    let mut built = two_routers();
    built.route("a", "10.2.0.0/16", &["wan"]);
    check(&built, "a lan", WEB, &["exits by a wan to nobody"]);
    built.interface("a wan").kind = InterfaceKind::Tunnel(Tunnel {
        local: None,
        local_interface: None,
        remote: None,
        transport_vrf: VrfId::DEFAULT,
        encapsulation: "gre".into(),
        key: None,
    });
    check(
        &built,
        "a lan",
        WEB,
        &["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"],
    );
}

#[test]
fn a_host_does_not_forward() {
    let mut built = Built::new();
    built
        .host("h", &["eth0 10.1.0.5/24"])
        .route("h", "0.0.0.0/0", &["eth0 10.1.0.1"]);
    check(
        &built,
        "h eth0",
        "udp 10.1.0.9:1 10.2.0.5:2",
        &["not forwarded by h"],
    );
    check(
        &built,
        "h eth0",
        "udp 10.1.0.9:1 10.1.0.5:2",
        &["accepted by h: 10.1.0.9:1 -> 10.1.0.5:2 udp"],
    );
    check(
        &built,
        "h",
        "udp 10.1.0.5:1 10.2.0.5:2",
        &["exits by h eth0 to 10.1.0.1"],
    );
}

#[test]
fn the_holder_of_a_role_answers_for_the_virtual_address_and_a_standby_forwards_its_own() {
    let mut built = Built::new();
    built
        .router("edge", &["lan 10.1.0.1/24", "core 10.5.0.9/24"])
        .router("one", &["core 10.5.0.2/24", "far 10.2.0.1/24"])
        .router("two", &["core 10.5.0.3/24", "far 10.2.0.2/24"])
        .link(&["edge core", "one core", "two core"])
        .route("edge", "10.2.0.0/24", &["core 10.5.0.1"])
        .route("edge", "10.2.0.128/25", &["core 10.5.0.3"]);
    for port in ["one core", "two core"] {
        built.interface(port).redundancy.push(RedundancyGroup {
            protocol: RedundancyProtocol::Vrrp,
            group: 1,
            addresses: vec!["10.5.0.1".parse().unwrap()],
            priority: 100,
            preempt: true,
            tracking: Vec::new(),
            origin: line(0),
        });
    }
    built.holds_role("one core");
    let packet = "udp 10.1.0.5:1 10.2.0.5:2";
    check(
        &built,
        "edge lan",
        packet,
        &["delivered by one far: 10.1.0.5:1 -> 10.2.0.5:2 udp"],
    );
    let standby = "udp 10.1.0.5:1 10.2.0.200:2";
    check(
        &built,
        "edge lan",
        standby,
        &["delivered by two far: 10.1.0.5:1 -> 10.2.0.200:2 udp"],
    );
    let to_virtual = "icmp 10.1.0.5 10.5.0.1 8";
    check(
        &built,
        "edge lan",
        to_virtual,
        &["accepted by one: 10.1.0.5 -> 10.5.0.1 icmp type 8 code 0"],
    );
}

#[test]
fn vrfs_are_apart_and_leak_where_told() {
    let mut built = Built::new();
    built.router(
        "r",
        &["red 10.1.0.1/24", "blue 10.2.0.1/24", "also 10.1.0.1/24"],
    );
    let blue = built.vrf("r", "blue", &["blue"]);
    let packet = "udp 10.1.0.5:1 10.2.0.5:2";
    check(&built, "r red", packet, &["no route at r"]);
    built.entry("r", VrfId::DEFAULT, "10.2.0.0/16", FibAction::Vrf(blue));
    check(
        &built,
        "r red",
        packet,
        &["delivered by r blue: 10.1.0.5:1 -> 10.2.0.5:2 udp"],
    );
    // What the device owns in the other VRF is its own (F2).
    check(
        &built,
        "r red",
        "udp 10.1.0.5:1 10.2.0.1:2",
        &["accepted by r: 10.1.0.5:1 -> 10.2.0.1:2 udp"],
    );
    built.entry("r", blue, "10.2.0.0/24", FibAction::Vrf(VrfId::DEFAULT));
    check(&built, "r red", packet, &["no route at r"]);
    built.entry("r", VrfId::DEFAULT, "10.2.0.0/16", FibAction::Vrf(VrfId(9)));
    check(
        &built,
        "r red",
        packet,
        &["unknown: the VRF does not exist"],
    );
}

#[test]
fn reverse_path_checks_ask_the_forwarding_table() {
    let strict = |default_counts| ReversePath::Strict { default_counts };
    let feasible = |default_counts| ReversePath::Feasible { default_counts };
    let loose = |default_counts| ReversePath::Loose { default_counts };
    let spoofed = "udp 10.2.0.7:1 10.2.0.5:2";
    let genuine = "udp 10.1.0.7:1 10.2.0.5:2";
    let stranger = "udp 192.0.2.7:1 10.2.0.5:2";
    let null_routed = "udp 10.66.0.7:1 10.2.0.5:2";
    let failed = "no reverse path at a lan";
    let passes = [
        (strict(true), [false, true, false, false]),
        (strict(false), [false, true, false, false]),
        (feasible(false), [false, true, false, false]),
        (loose(true), [true, true, true, false]),
        (loose(false), [true, true, false, false]),
    ];
    for (mode, expected) in passes {
        let mut built = two_routers();
        built.route("a", "0.0.0.0/0", &["wan 10.9.0.2"]).entry(
            "a",
            VrfId::DEFAULT,
            "10.66.0.0/16",
            FibAction::Discard,
        );
        built.interface("a lan").reverse_path = Some(mode);
        for (packet, passes) in [spoofed, genuine, stranger, null_routed]
            .into_iter()
            .zip(expected)
        {
            let fates = built.fates("a lan", packet);
            assert_eq!(fates != [failed], passes, "{mode:?} {packet}: {fates:?}");
        }
    }
    // A shorter entry makes a path feasible that is not the best, unless a
    // longer one discards.
    let mut built = two_routers();
    built.route("a", "0.0.0.0/0", &["lan 10.1.0.9"]).entry(
        "a",
        VrfId::DEFAULT,
        "10.66.0.0/16",
        FibAction::Discard,
    );
    built.interface("a lan").reverse_path = Some(feasible(true));
    assert_ne!(built.fates("a lan", spoofed), [failed]);
    assert_eq!(built.fates("a lan", null_routed), [failed]);
    // So does a spare route of an entry's prefix; one in doubt makes it unknown.
    let mut built = two_routers();
    built.interface("a lan").reverse_path = Some(feasible(true));
    built.route("a", "0.0.0.0/0", &["wan 10.9.0.2"]);
    assert_eq!(built.fates("a lan", stranger), [failed]);
    for (reasons, fate) in [
        (
            Vec::new(),
            "delivered by b lan: 192.0.2.7:1 -> 10.2.0.5:2 udp",
        ),
        (vec![unknown("a probe")], "unknown: a probe"),
    ] {
        built.routing.devices[0].vrfs[0].spare = vec![SpareRoute {
            prefix: "0.0.0.0/0".parse().unwrap(),
            interface: InterfaceId(0),
            unknown: reasons,
        }];
        check(&built, "a lan", stranger, &[fate]);
    }
    let mut built = two_routers();
    built.route("a", "10.0.0.0/8", &["lan 10.1.0.9"]);
    built.interface("a lan").reverse_path = Some(feasible(false));
    check(
        &built,
        "a lan",
        spoofed,
        &["delivered by b lan: 10.2.0.7:1 -> 10.2.0.5:2 udp"],
    );
    let action = FibAction::Unknown(vec![unknown("a probe")]);
    built.entry("a", VrfId::DEFAULT, "10.2.0.4/30", action);
    built.interface("a lan").reverse_path = Some(strict(false));
    check(&built, "a lan", spoofed, &["unknown: a probe"]);
}

/// Puts rules before the forwarding table of `a`.
fn with_policy(rules: Vec<(Condition, RouteAction)>) -> Built {
    let mut built = two_routers();
    built.route("a", "0.0.0.0/0", &["wan 10.9.0.3"]);
    let rules = rules
        .into_iter()
        .map(|(condition, action)| (condition, Action::Route(action)))
        .collect();
    let chain = built.chain("a", "pbr", rules, Action::Return);
    built.device("a").vrfs[0].policy_routing = Some(chain);
    built
}

fn address(text: &str) -> NextHop {
    NextHop::Address(text.parse().unwrap())
}

#[test]
fn policy_routing_goes_before_the_table() {
    let delivered = "delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp";
    let elsewhere = address("10.9.0.3");
    let unresolved = address("10.200.0.1");
    let exits = "exits by a wan to 10.9.0.3";
    let tcp = || is(Protocol::TCP);
    let down = NextHop::Interface(networks::model::InterfaceId(77));
    for (action, expected) in [
        (RouteAction::UseFib, delivered),
        (RouteAction::Discard, "discarded at a"),
        (RouteAction::FirstUsable(vec![down, elsewhere]), exits),
        (RouteAction::FirstUsable(vec![down]), delivered),
        (
            RouteAction::FirstUsable(vec![NextHop::Discard, elsewhere]),
            "discarded at a",
        ),
        // It resolves through the default, to the gateway of the default.
        (RouteAction::FirstUsable(vec![unresolved]), exits),
        (
            RouteAction::FirstUsableUnlessRouted(vec![elsewhere]),
            delivered,
        ),
        (RouteAction::Main, delivered),
        (
            RouteAction::Table(TableId(3)),
            "unknown: the table does not exist",
        ),
    ] {
        let built = with_policy(vec![(tcp(), action.clone())]);
        assert_eq!(built.fates("a lan", WEB), [expected], "{action:?}");
    }
    let any = RouteAction::AnyOf(vec![address("10.9.0.2"), elsewhere, down]);
    check(
        &with_policy(vec![(tcp(), any)]),
        "a lan",
        WEB,
        &[delivered, exits],
    );
    // Its default alone routes this destination, so the rule applies.
    let unless = RouteAction::FirstUsableUnlessRouted(vec![NextHop::Discard]);
    let built = with_policy(vec![(Condition::Always, unless)]);
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 192.0.2.1:2",
        &["discarded at a"],
    );
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.1.0.1:2",
        &["accepted by a: 10.1.0.5:1 -> 10.1.0.1:2 udp"],
    );
}

#[test]
fn a_table_that_has_no_entry_leaves_it_to_the_next_rule() {
    let table = RouteAction::Table(TableId(0));
    let mut built = with_policy(vec![
        (from("10.1.0.0/24"), table),
        (Condition::Always, RouteAction::Discard),
    ]);
    built.device("a").tables.push(RoutingTable {
        name: "100".into(),
        vrf: VrfId::DEFAULT,
        routes: Vec::new(),
    });
    let id = built.id("a");
    let hop = built.hop("a", "wan 10.9.0.3");
    built.routing.devices[id.index()].tables = vec![networks::forwarding::Fib::new(vec![
        networks::forwarding::FibEntry {
            prefix: "10.2.0.0/24".parse().unwrap(),
            action: FibAction::Forward(vec![hop]),
            protocol: networks::forwarding::RouteProtocol::Static,
            origin: None,
        },
    ])];
    check(&built, "a lan", WEB, &["exits by a wan to 10.9.0.3"]);
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.2.7.1:2",
        &["discarded at a"],
    );
}

#[test]
fn unknown_policy_routing_that_changes_nothing_is_known() {
    let maybe = |action| {
        let built = with_policy(vec![(Condition::Unknown(unknown("a user group")), action)]);
        built.fates("a lan", WEB)
    };
    let same = RouteAction::FirstUsable(vec![address("10.9.0.2")]);
    assert_eq!(
        maybe(same),
        ["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"]
    );
    assert_eq!(maybe(RouteAction::Discard), ["unknown: a user group"]);
}

#[test]
fn policy_routing_may_drop_and_only_routes() {
    let mut built = two_routers();
    let rules = vec![
        (to("10.2.0.7/32"), Action::Drop),
        (to("10.2.0.8/32"), ACCEPT),
        (
            to("10.2.0.9/32"),
            Action::Translate(networks::model::Translation::default()),
        ),
    ];
    let chain = built.chain("a", "pbr", rules, Action::Drop);
    built.device("a").vrfs[0].policy_routing = Some(chain);
    let fates = |last| built.fates("a lan", &format!("udp 10.1.0.5:1 10.2.0.{last}:2"));
    assert_eq!(fates(7), ["discarded at a"]);
    assert_eq!(
        fates(8),
        ["delivered by b lan: 10.1.0.5:1 -> 10.2.0.8:2 udp"]
    );
    assert_eq!(fates(9), ["unknown: the action does not belong here"]);
}

#[test]
fn a_route_action_in_a_filter_is_unknown() {
    let mut built = two_routers();
    let rules = vec![(Condition::Always, Action::Route(RouteAction::UseFib))];
    built.filter("b", Stage::Ingress, "in", rules);
    check(
        &built,
        "a lan",
        WEB,
        &["unknown: the action does not belong here"],
    );
}

#[test]
fn unread_lines_touch_what_they_say() {
    let fates = |touches| {
        let mut built = two_routers();
        built.device("b").unread.push(Unread {
            origin: line(3),
            touches,
            reason: "not understood".into(),
        });
        built.fates("a lan", WEB)
    };
    let unknown = ["unknown: not understood"];
    let known = ["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"];
    let forwarding = |vrf, destinations: Option<&str>| Touches::Forwarding {
        vrf: VrfId(vrf),
        destinations: destinations.map(|prefix| prefix.parse().unwrap()),
    };
    let interface = |id| Touches::Interface(networks::model::InterfaceId(id));
    assert_eq!(fates(Touches::Device), unknown);
    assert_eq!(fates(interface(0)), unknown);
    assert_eq!(fates(interface(1)), unknown);
    assert_eq!(fates(interface(2)), known);
    assert_eq!(fates(forwarding(0, None)), unknown);
    assert_eq!(fates(forwarding(0, Some("10.2.0.0/24"))), unknown);
    assert_eq!(fates(forwarding(0, Some("10.3.0.0/24"))), known);
    assert_eq!(fates(forwarding(1, None)), known);
    assert_eq!(fates(Touches::Routing(VrfId(0))), known);
}
