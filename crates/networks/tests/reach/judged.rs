//! Small cases that the interpreter and the engine once saw differently.

use super::agrees;
use crate::support::build::{ACCEPT, Built, packet, unknown};
use ipnet::IpNet;
use networks::forwarding::FibAction;
use networks::model::{
    Action, AddressRewrite, ChainId, Condition, ConnectionState, ConnectionStates, Established,
    HookKind, NextHop, OutOfState, PortRewrite, RouteAction, SessionEffect, Sessions, Stage,
    Translation,
};
use packets::{Packet, Ports, Protocol};

/// Two hosts' segments, `in` and `out`, at one router.
fn between() -> Built {
    let mut built = Built::new();
    let ports = [
        "in 10.1.0.1/24 2001:db8:1::1/64",
        "out 10.2.0.1/24 2001:db8:2::1/64",
    ];
    built.router("r", &ports);
    built
}

fn connection(state: ConnectionState) -> Condition {
    Condition::Connection(ConnectionStates::new([state]))
}

/// Clause S3: ICMP for IPv6 is told by its protocol number, in IPv4 too.
#[test]
fn errors_are_told_by_the_protocol_number_whatever_the_family() {
    for setting in [OutOfState::Drop, OutOfState::Invalid, OutOfState::Bypass] {
        for (protocol, kind) in [
            (Protocol::ICMPV6, 1),
            (Protocol::ICMPV6, 129),
            (Protocol::ICMP, 0),
            (Protocol::ICMP, 3),
        ] {
            for (source, destination) in
                [("10.1.0.5", "10.2.0.5"), ("2001:db8:1::5", "2001:db8:2::5")]
            {
                let mut built = between();
                built.device("r").sessions = Sessions {
                    icmp_out_of_state: setting,
                    ..Sessions::stateless()
                };
                let invalid = connection(ConnectionState::Invalid);
                built.filter("r", Stage::Ingress, "in", vec![(invalid, ACCEPT)]);
                let packet = Packet {
                    protocol,
                    destination_port: kind,
                    ..packet(&format!("gre {source} {destination}"))
                };
                agrees(&built, built.start("r in"), packet);
            }
        }
    }
}

/// Clause S4: what bypasses hooks is no more invalid to policy routing than to them.
#[test]
fn policy_routing_sees_what_bypasses_as_any_other_packet() {
    for state in [ConnectionState::Invalid, ConnectionState::Untracked] {
        let mut built = between();
        built.device("r").sessions = Sessions {
            icmp_out_of_state: OutOfState::Bypass,
            ..Sessions::stateless()
        };
        let rules = vec![(connection(state), Action::Route(RouteAction::Discard))];
        let chain = built.chain("r", "routing", rules, ACCEPT);
        built.device("r").vrfs[0].policy_routing = Some(chain);
        agrees(
            &built,
            built.start("r in"),
            packet("icmp 10.1.0.5 10.2.0.5 0 0"),
        );
    }
}

/// Clause S2: a translation that no part of applied is not remembered, so an
/// answer that it does apply to is translated.
#[test]
fn a_translation_that_does_not_apply_is_not_remembered() {
    let mut built = between();
    let translation = Translation {
        destination: Some(AddressRewrite::Prefix {
            from: "10.3.0.0/24".parse().unwrap(),
            to: "10.4.0.0/24".parse().unwrap(),
        }),
        destination_port: Some(PortRewrite::Shift {
            first: 20,
            last: 500,
            to: 53,
        }),
        ..Translation::default()
    };
    built.nat("r", Stage::Egress, vec![(Condition::Always, translation)]);
    let start = built.start("r in");
    agrees(&built, start, packet("udp 10.1.0.5:444 10.2.0.5:5000"));
    agrees(&built, start, packet("udp 10.1.0.5:5000 10.2.0.5:444"));
}

/// Two routers at a tunnel that send the answers back and forth, while one of
/// them translates ports: none arrives, whichever port is chosen each time.
#[test]
fn answers_in_a_loop_are_translated_again_and_again() {
    for source in [None, Some("10.3.0.1")] {
        let mut built = Built::new();
        built.router("near", &["in 10.1.0.1/24", "to 10.9.0.1/24"]);
        built.router("far", &["to 10.9.0.2/24", "out 10.2.0.1/24"]);
        built.link(&["near to", "far to"]);
        built.route("near", "10.2.0.0/24", &["to 10.9.0.2"]);
        built.route("far", "10.1.0.0/24", &["to 10.9.0.1"]);
        // Answers are for the tunnel's other end again.
        built.route("near", "10.1.0.0/24", &["to 10.9.0.2"]);
        let translation = Translation {
            source: source.map(|first: &str| AddressRewrite::Range {
                first: first.parse().unwrap(),
                last: "10.3.0.120".parse().unwrap(),
                to: "10.4.0.1".parse().unwrap(),
            }),
            source_port: Some(PortRewrite::OneOf(Ports::from(1022..=1024))),
            ..Translation::default()
        };
        let hook = built.nat(
            "near",
            Stage::Egress,
            vec![(Condition::Always, translation)],
        );
        hook.established = Established::Evaluate;
        agrees(
            &built,
            built.start("near in"),
            packet("udp 10.1.0.5:5000 10.2.0.5:53"),
        );
    }
}

/// Clause S1: of entries that an answer may belong to, the newest counts, so
/// that an older one like it leaves no doubt.
#[test]
fn an_older_entry_leaves_no_doubt() {
    let mut built = Built::new();
    built.router(
        "a",
        &["in 10.1.0.1/24", "to 10.9.0.1/24", "out 10.2.0.1/24"],
    );
    built.router("b", &["to 10.9.0.2/24"]);
    built.link(&["a to", "b to"]);
    built.route("a", "10.3.0.0/24", &["to 10.9.0.2"]);
    built.route("b", "10.2.0.0/24", &["to 10.9.0.1"]);
    let translation = Translation {
        destination: Some(AddressRewrite::Pool(vec![(
            "10.2.0.200".parse().unwrap(),
            "10.2.0.203".parse().unwrap(),
        )])),
        ..Translation::default()
    };
    built.nat("a", Stage::Egress, vec![(Condition::Always, translation)]);
    agrees(
        &built,
        built.start("a in"),
        packet("udp 10.1.0.5:5000 10.3.0.5:53"),
    );
}

/// Clauses S2 and T2: what is exempted from tracking leaves no translation.
#[test]
fn what_is_exempted_leaves_no_translation() {
    let mut built = between();
    let translation = Translation {
        destination: Some(AddressRewrite::InterfaceAddress),
        destination_port: Some(PortRewrite::OneOf(Ports::from(1024..=65535))),
        ..Translation::default()
    };
    let rules = vec![
        (Condition::Always, Action::NoTrack),
        (Condition::Always, Action::Translate(translation)),
    ];
    let chain = built.chain("r", "nat", rules, ACCEPT);
    built.hook("r", Stage::Ingress, HookKind::Translation, chain);
    agrees(
        &built,
        built.start("r in"),
        packet("udp 10.1.0.5:1024 10.2.0.5:53"),
    );
}

/// A reflexive list before translation, seen by an answer that is not translated back yet.
#[test]
fn an_answer_meets_a_reflexive_list_before_it_is_translated_back() {
    let mut built = Built::new();
    built.router(
        "a",
        &[
            "in 2001:db8:1::1/64",
            "up 2001:db8:5::1/64",
            "to 2001:db8:2::1/64",
        ],
    );
    built.router("b", &["to 2001:db8:2::3/64", "out 2001:db8:3::3/64"]);
    built.link(&["a to", "b to"]);
    built.route("a", "2001:db8:3::/64", &["to 2001:db8:2::3"]);
    let reflect = Action::Accept(SessionEffect::Reflect("two".into()));
    let hook = built.filter(
        "a",
        Stage::Ingress,
        "in",
        vec![(Condition::Always, reflect)],
    );
    hook.established = Established::Evaluate;
    let translation = Translation {
        source: Some(AddressRewrite::InterfaceAddress),
        ..Translation::default()
    };
    built.nat("a", Stage::Egress, vec![(Condition::Always, translation)]);
    agrees(
        &built,
        built.start("a in"),
        packet("tcp [2001:db8:9::2]:1024 [2001:db8:3::5]:65535 ack"),
    );
}

/// A device that translates all to one header keeps sessions of some: answers
/// to the others, which look the same, are out of state.
#[test]
fn headers_that_became_alike_do_not_share_a_session() {
    let mut built = Built::new();
    built.router("a", &["in 10.1.0.1/24", "to 10.9.0.1/24"]);
    built.router("b", &["to 10.9.0.2/24", "out 10.2.0.1/24"]);
    built.link(&["a to", "b to"]);
    built.route("a", "10.2.0.0/24", &["to 10.9.0.2"]);
    built.device("a").sessions = Sessions {
        tcp_out_of_state: OutOfState::Drop,
        ..Sessions::stateless()
    };
    let some = Condition::Source("10.1.0.5/32".parse::<IpNet>().unwrap().into());
    let track = Action::Accept(SessionEffect::Track);
    let chain = built.chain("a", "in", vec![(some, track)], ACCEPT);
    built.hook("a", Stage::Ingress, HookKind::Filter, chain);
    let translation = Translation {
        source: Some(AddressRewrite::InterfaceAddress),
        source_port: Some(PortRewrite::OneOf(Ports::from(1022))),
        ..Translation::default()
    };
    built.nat("a", Stage::Egress, vec![(Condition::Always, translation)]);
    let start = built.start("a in");
    agrees(&built, start, packet("tcp 10.1.0.5:5000 10.2.0.5:53"));
    agrees(&built, start, packet("tcp 10.1.0.6:5000 10.2.0.5:53"));
}

/// Clause F3: where one of several ways is a table that does not tell, none is told.
#[test]
fn one_of_several_ways_that_does_not_tell() {
    let mut built = between();
    let other = built.vrf("r", "other", &[]);
    let unknown = FibAction::Unknown(vec![unknown("the route depends on a probe")]);
    built.entry("r", other, "10.2.0.0/25", unknown);
    built.route("r", "10.2.0.0/24", &["out"]);
    let near = NextHop::InterfaceAddress(built.at("r out").interface, "10.2.0.9".parse().unwrap());
    let ways = RouteAction::AnyOf(vec![NextHop::Vrf(other), near]);
    let chain = built.chain(
        "r",
        "routing",
        vec![(Condition::Always, Action::Route(ways))],
        ACCEPT,
    );
    built.device("r").vrfs[0].policy_routing = Some(chain);
    agrees(
        &built,
        built.start("r in"),
        packet("udp 10.1.0.5:5000 10.2.0.5:53"),
    );
    agrees(
        &built,
        built.start("r in"),
        packet("udp 10.1.0.5:5000 10.2.0.205:53"),
    );
}

/// A chain that calls itself makes unknown only what comes to it.
#[test]
fn a_chain_that_calls_itself_is_unknown_where_it_is_called() {
    let mut built = between();
    let itself = ChainId(0);
    built.chain(
        "r",
        "itself",
        vec![(Condition::Always, Action::Call(itself))],
        Action::Drop,
    );
    let web = Condition::DestinationPort(Ports::from(443));
    let rules = vec![(web, ACCEPT), (Condition::Always, Action::Goto(itself))];
    let between = built.chain("r", "between", rules, Action::Return);
    built.filter(
        "r",
        Stage::Ingress,
        "in",
        vec![(Condition::Always, Action::Call(between))],
    );
    agrees(
        &built,
        built.start("r in"),
        packet("udp 10.1.0.5:5000 10.2.0.5:443"),
    );
    agrees(
        &built,
        built.start("r in"),
        packet("udp 10.1.0.5:5000 10.2.0.5:444"),
    );
}

/// Clause C5: what was exempted from tracking before is so whether or not a rule
/// that cannot be told exempts it again.
#[test]
fn what_is_exempted_twice_is_no_doubt() {
    let mut built = between();
    let doubtful = Condition::Unknown(unknown("the name is resolved at run time"));
    for condition in [Condition::Always, doubtful] {
        let chain = built.chain("r", "out", vec![(condition, Action::NoTrack)], ACCEPT);
        built.hook("r", Stage::Egress, HookKind::Filter, chain);
    }
    agrees(
        &built,
        built.start("r in"),
        packet("udp 10.1.0.5:5000 10.2.0.5:443"),
    );
}

/// A device that chooses between few ports may choose the one there is already:
/// its answers then come back, and by the others they do not.
#[test]
fn a_choice_between_few_may_change_nothing() {
    let mut built = Built::new();
    built.router("a", &["in 10.1.0.1/24", "to 10.9.0.1/24"]);
    built.router("b", &["to 10.9.0.2/24", "out 10.2.0.1/24"]);
    built.link(&["a to", "b to"]);
    built.route("a", "10.2.0.0/24", &["to 10.9.0.2"]);
    built.route("b", "10.1.0.0/24", &["to 10.9.0.1"]);
    let translation = Translation {
        source_port: Some(PortRewrite::OneOf(Ports::from(1022..=1024))),
        ..Translation::default()
    };
    let chain = built.chain(
        "b",
        "nat",
        vec![(Condition::Always, Action::Translate(translation))],
        ACCEPT,
    );
    let out = built.interfaces("b", &["out"]);
    let hook = built.hook("b", Stage::Ingress, HookKind::Translation, chain);
    hook.scope.enters = Some(out);
    agrees(
        &built,
        built.start("a in"),
        packet("udp 10.1.0.5:5000 10.2.0.5:1023"),
    );
    agrees(
        &built,
        built.start("a in"),
        packet("udp 10.1.0.5:5000 10.2.0.5:53"),
    );
}
