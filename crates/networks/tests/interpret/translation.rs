use super::{check, check_answers, two_routers};
use crate::support::build::{ACCEPT, Built, TRACK, from, to};
use networks::model::{
    Action, AddressRewrite, Condition, HookKind, PortRewrite, Stage, Translation,
};
use packets::Ports;

const WEB: &str = "tcp 10.1.0.5:1000 10.2.0.5:443";

fn source(rewrite: AddressRewrite) -> Translation {
    Translation {
        source: Some(rewrite),
        ..Translation::default()
    }
}

fn destination(rewrite: AddressRewrite) -> Translation {
    Translation {
        destination: Some(rewrite),
        ..Translation::default()
    }
}

fn prefix(from: &str, to: &str) -> AddressRewrite {
    AddressRewrite::Prefix {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

fn pool(first: &str, last: &str) -> AddressRewrite {
    AddressRewrite::Pool(vec![(first.parse().unwrap(), last.parse().unwrap())])
}

/// `a` hides what it sends out behind the address of the interface, on these ports.
fn hiding(ports: Ports) -> Built {
    let mut built = two_routers();
    let translation = Translation {
        source_port: Some(PortRewrite::OneOf(ports)),
        ..source(AddressRewrite::InterfaceAddress)
    };
    built.nat("a", Stage::Egress, vec![(from("10.1.0.0/24"), translation)]);
    built
}

#[test]
fn many_hide_behind_an_interface_and_its_ports() {
    let built = hiding(Ports::from(5000..=5001));
    check(
        &built,
        "a lan",
        WEB,
        &[
            "delivered by b lan: 10.9.0.1:5000 -> 10.2.0.5:443 tcp",
            "delivered by b lan: 10.9.0.1:5001 -> 10.2.0.5:443 tcp",
        ],
    );
    assert!(built.walk("a lan", WEB).complete);
    check_answers(&built, "a lan", WEB, &["came back"]);
    // ICMP has no ports to rewrite, GRE neither.
    check(
        &built,
        "a lan",
        "icmp 10.1.0.5 10.2.0.5 8",
        &["delivered by b lan: 10.9.0.1 -> 10.2.0.5 icmp type 8 code 0"],
    );
    check_answers(&built, "a lan", "icmp 10.1.0.5 10.2.0.5 8", &["came back"]);
    check(
        &built,
        "a lan",
        "gre 10.1.0.5 10.2.0.5",
        &["delivered by b lan: 10.9.0.1 -> 10.2.0.5 gre"],
    );
    check(
        &built,
        "a lan",
        "later udp 10.1.0.5 10.2.0.5",
        &["delivered by b lan: 10.9.0.1 -> 10.2.0.5 udp later fragment"],
    );
}

#[test]
fn of_a_large_choice_the_ends_and_the_candidates_are_followed() {
    let mut built = hiding(Ports::from(1024..=65535));
    built.choices.ports = vec![80, 2000];
    check(
        &built,
        "a lan",
        WEB,
        &[
            "delivered by b lan: 10.9.0.1:1024 -> 10.2.0.5:443 tcp",
            "delivered by b lan: 10.9.0.1:2000 -> 10.2.0.5:443 tcp",
            "delivered by b lan: 10.9.0.1:65535 -> 10.2.0.5:443 tcp",
        ],
    );
    assert!(!built.walk("a lan", WEB).complete);
    check_answers(&built, "a lan", WEB, &["came back"]);
}

#[test]
fn a_published_server_is_reached_by_its_public_address() {
    let mut built = two_routers();
    let translation = Translation {
        destination_port: Some(PortRewrite::OneOf(Ports::from(8443))),
        ..destination(prefix("10.2.77.1/32", "10.2.0.5/32"))
    };
    built.nat("b", Stage::Ingress, vec![(to("10.2.77.1/32"), translation)]);
    let public = "tcp 10.1.0.5:1000 10.2.77.1:443";
    check(
        &built,
        "a lan",
        public,
        &["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:8443 tcp"],
    );
    check_answers(&built, "a lan", public, &["came back"]);
    check(
        &built,
        "a lan",
        WEB,
        &["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"],
    );
}

#[test]
fn an_answer_that_misses_the_translator_is_altered() {
    let mut built = two_routers();
    built.nat(
        "b",
        Stage::Ingress,
        vec![(
            to("10.2.77.1/32"),
            destination(prefix("10.2.77.1/32", "10.2.0.5/32")),
        )],
    );
    // A second router on the server's segment answers as the gateway.
    built
        .router("c", &["lan 10.2.0.2/24", "wan 10.9.0.3/29"])
        .route("c", "10.1.0.0/16", &["wan 10.9.0.1"]);
    built.network.links.clear();
    built
        .link(&["a wan", "b wan", "c wan"])
        .link(&["b lan", "c lan"]);
    check_answers(
        &built,
        "a lan",
        "udp 10.1.0.5:1000 10.2.77.1:53",
        &[
            "altered, delivered by a lan: 10.2.0.5:53 -> 10.1.0.5:1000 udp",
            "came back",
        ],
    );
}

#[test]
fn prefixes_and_ranges_keep_their_order() {
    let fates = |rewrite| {
        let mut built = two_routers();
        built.nat(
            "a",
            Stage::Egress,
            vec![(Condition::Always, source(rewrite))],
        );
        assert_eq!(built.answers("a lan", WEB).len(), 1);
        built.fates("a lan", WEB).join(", ")
    };
    let as_source =
        |address: &str| format!("delivered by b lan: {address}:1000 -> 10.2.0.5:443 tcp");
    let range = |first: &str, last: &str, to: &str| AddressRewrite::Range {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
        to: to.parse().unwrap(),
    };
    assert_eq!(
        fates(prefix("10.1.0.0/24", "172.16.3.0/24")),
        as_source("172.16.3.5")
    );
    assert_eq!(
        fates(range("10.1.0.4", "10.1.0.9", "172.16.3.250")),
        as_source("172.16.3.251")
    );
    // What is outside stays (T1).
    assert_eq!(
        fates(prefix("10.7.0.0/24", "172.16.3.0/24")),
        as_source("10.1.0.5")
    );
    assert_eq!(
        fates(range("10.1.0.6", "10.1.0.9", "172.16.3.250")),
        as_source("10.1.0.5")
    );
}

#[test]
fn what_cannot_be_translated_is_unknown() {
    let fates = |translation| {
        let mut built = two_routers();
        built.nat("a", Stage::Egress, vec![(Condition::Always, translation)]);
        built.fates("a lan", WEB).join(", ")
    };
    let shift = |to| Translation {
        source_port: Some(PortRewrite::Shift {
            first: 999,
            last: 1001,
            to,
        }),
        ..Translation::default()
    };
    assert_eq!(
        fates(shift(65534)),
        "delivered by b lan: 10.1.0.5:65535 -> 10.2.0.5:443 tcp"
    );
    assert_eq!(
        fates(shift(65535)),
        "unknown: the translation leads past the last port"
    );
    let ports = Translation {
        source_port: Some(PortRewrite::OneOf(Ports::default())),
        ..Translation::default()
    };
    assert_eq!(
        fates(ports),
        "unknown: the translation has no port to choose"
    );
    let no_fit = source(prefix("10.1.0.0/24", "10.0.0.0/16"));
    assert_eq!(
        fates(no_fit),
        "unknown: the two prefixes of the translation do not fit each other"
    );
    let v6 = source(pool("2001:db8::1", "2001:db8::9"));
    assert_eq!(fates(v6), "unknown: the pool has no address of this family");
    let past = source(AddressRewrite::Range {
        first: "10.0.0.0".parse().unwrap(),
        last: "10.255.255.255".parse().unwrap(),
        to: "255.255.255.255".parse().unwrap(),
    });
    assert_eq!(
        fates(past),
        "unknown: the translation leads past the last address"
    );
}

#[test]
fn a_pool_of_addresses_and_ipv6_prefixes() {
    let mut built = two_routers();
    built.nat(
        "a",
        Stage::Egress,
        vec![
            (from("10.1.0.0/24"), source(pool("10.8.0.1", "10.8.0.2"))),
            (
                from("2001:db8:1::/64"),
                source(prefix("2001:db8:1::/64", "2001:db8:99::/64")),
            ),
        ],
    );
    built.route("b", "10.8.0.0/24", &["wan 10.9.0.1"]);
    built.route("b", "2001:db8:99::/64", &["wan 2001:db8:9::1"]);
    check(
        &built,
        "a lan",
        WEB,
        &[
            "delivered by b lan: 10.8.0.1:1000 -> 10.2.0.5:443 tcp",
            "delivered by b lan: 10.8.0.2:1000 -> 10.2.0.5:443 tcp",
        ],
    );
    check_answers(&built, "a lan", WEB, &["came back"]);
    let six = "tcp [2001:db8:1::5]:1000 [2001:db8:2::5]:443";
    check(
        &built,
        "a lan",
        six,
        &["delivered by b lan: [2001:db8:99::5]:1000 -> [2001:db8:2::5]:443 tcp"],
    );
    check_answers(&built, "a lan", six, &["came back"]);
}

#[test]
fn undoing_happens_at_the_first_translation_hook_of_the_other_side() {
    // Ingress of the answer: the filter before the place sees the public address.
    let sees = |before_the_place: bool, seen: &str| {
        let mut built = hiding(Ports::from(5000));
        let empty = built.chain("a", "place", Vec::new(), ACCEPT);
        if !before_the_place {
            built.hook("a", Stage::Ingress, HookKind::Translation, empty);
        }
        let wan = built.interfaces("a", &["wan"]);
        built
            .filter("a", Stage::Ingress, "in", vec![(to(seen), ACCEPT)])
            .scope
            .enters = Some(wan);
        if before_the_place {
            built.hook("a", Stage::Ingress, HookKind::Translation, empty);
        }
        built.answers("a lan", WEB).join(", ")
    };
    assert_eq!(sees(true, "10.9.0.1/32"), "came back");
    assert_eq!(
        sees(true, "10.1.0.5/32"),
        "lost, dropped at a by in.default"
    );
    assert_eq!(sees(false, "10.1.0.5/32"), "came back");
    assert_eq!(
        sees(false, "10.9.0.1/32"),
        "lost, dropped at a by in.default"
    );
    // Without any such hook: after the filters of ingress, before those of egress.
    let mut built = hiding(Ports::from(5000));
    let wan = built.interfaces("a", &["wan"]);
    built
        .filter("a", Stage::Ingress, "in", vec![(to("10.9.0.1/32"), ACCEPT)])
        .scope
        .enters = Some(wan);
    check_answers(&built, "a lan", WEB, &["came back"]);
    let mut built = two_routers();
    let public = destination(prefix("10.2.77.1/32", "10.2.0.5/32"));
    built.nat("b", Stage::Ingress, vec![(to("10.2.77.1/32"), public)]);
    let wan = built.interfaces("b", &["wan"]);
    built
        .filter(
            "b",
            Stage::Egress,
            "out",
            vec![(from("10.2.77.1/32"), ACCEPT)],
        )
        .scope
        .leaves = Some(wan);
    check_answers(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.2.77.1:53",
        &["came back"],
    );
}

#[test]
fn an_answer_meets_no_translation_rules_of_its_own() {
    let mut built = hiding(Ports::from(5000));
    // Would rewrite every answer, were it tried.
    let elsewhere = destination(prefix("0.0.0.0/0", "99.0.0.0/0"));
    built.nat("a", Stage::Ingress, vec![(from("10.2.0.0/24"), elsewhere)]);
    check_answers(&built, "a lan", WEB, &["came back"]);
}

#[test]
fn what_a_rule_exempts_is_not_translated() {
    let mut built = two_routers();
    let exempt = vec![(Condition::Always, Action::NoTrack)];
    let raw = built.chain("a", "raw", exempt, ACCEPT);
    built.hook("a", Stage::Ingress, HookKind::Filter, raw);
    built.nat(
        "a",
        Stage::Egress,
        vec![(Condition::Always, source(AddressRewrite::InterfaceAddress))],
    );
    check(
        &built,
        "a lan",
        WEB,
        &["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"],
    );
}

#[test]
fn a_device_may_translate_its_own_and_what_is_for_it() {
    let mut built = two_routers();
    // What is for the public address is redirected to the device itself.
    let redirect = Translation {
        destination_port: Some(PortRewrite::OneOf(Ports::from(8080))),
        ..destination(AddressRewrite::InterfaceAddress)
    };
    built.nat("b", Stage::Ingress, vec![(to("10.2.77.0/24"), redirect)]);
    built.filter("b", Stage::Local, "local", vec![(Condition::Always, TRACK)]);
    let packet = "tcp 10.1.0.5:1 10.2.77.9:80";
    check(
        &built,
        "a lan",
        packet,
        &["accepted by b: 10.1.0.5:1 -> 10.9.0.2:8080 tcp"],
    );
    check_answers(&built, "a lan", packet, &["came back"]);
    // The device's own packets have no interface they entered by.
    let mut built = two_routers();
    built.nat(
        "a",
        Stage::Output,
        vec![(
            Condition::Always,
            destination(AddressRewrite::InterfaceAddress),
        )],
    );
    check(
        &built,
        "a",
        "udp 10.9.0.1:1 10.2.0.5:2",
        &["unknown: the interface has no address to translate to"],
    );
    let mut built = two_routers();
    let own = destination(prefix("10.2.77.0/24", "10.2.0.0/24"));
    built.nat("a", Stage::Output, vec![(Condition::Always, own)]);
    let packet = "udp 10.9.0.1:1 10.2.77.5:2";
    check(
        &built,
        "a",
        packet,
        &["delivered by b lan: 10.9.0.1:1 -> 10.2.0.5:2 udp"],
    );
    check_answers(&built, "a", packet, &["came back"]);
}
