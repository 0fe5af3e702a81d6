use super::{check, check_answers, two_routers};
use crate::support::build::{ACCEPT, Built, TRACK, from, is, port, to};
use networks::forwarding::FibAction;
use networks::model::{
    Action, Condition, ConnectionState, ConnectionStates, Established, NextHop, OutOfState,
    ReversePath, RouteAction, SessionEffect, Sessions, Stage, Tracking, VrfId,
};
use packets::Protocol;

const WEB: &str = "tcp 10.1.0.5:1000 10.2.0.5:443";
const NAME: &str = "udp 10.1.0.5:1000 10.2.0.5:53";
const ECHO: &str = "icmp 10.1.0.5 10.2.0.5 8";
const OUT_OF_STATE: &str = "tcp 10.1.0.5:1000 10.2.0.5:443 ack";

fn tracking(out_of_state: OutOfState) -> Sessions {
    Sessions {
        tracking: Tracking::All,
        tcp_out_of_state: out_of_state,
        icmp_out_of_state: out_of_state,
        ..Sessions::stateless()
    }
}

fn connection(states: &[ConnectionState]) -> Condition {
    Condition::Connection(ConnectionStates::new(states.iter().copied()))
}

/// `a` lets only what comes from its own segment begin.
fn guarded(sessions: Sessions) -> Built {
    let mut built = two_routers();
    built.filter(
        "a",
        Stage::Egress,
        "policy",
        vec![(from("10.1.0.0/24"), ACCEPT)],
    );
    built.device("a").sessions = sessions;
    built
}

/// Two firewalls side by side between `near` and `far`; there by `one`, back by `two`.
fn asymmetric(sessions: impl Fn() -> Sessions, back: Vec<(Condition, Action)>) -> Built {
    let mut built = Built::new();
    built
        .router("near", &["lan 10.1.0.1/24", "core 10.8.0.1/24"])
        .router("far", &["core 10.9.0.1/24", "lan 10.2.0.1/24"])
        .router("one", &["in 10.8.0.2/24", "out 10.9.0.2/24"])
        .router("two", &["in 10.8.0.3/24", "out 10.9.0.3/24"])
        .link(&["near core", "one in", "two in"])
        .link(&["far core", "one out", "two out"])
        .route("near", "10.2.0.0/24", &["core 10.8.0.2"])
        .route("one", "10.2.0.0/24", &["out 10.9.0.1"])
        .route("two", "10.1.0.0/24", &["in 10.8.0.1"])
        .route("far", "10.1.0.0/24", &["core 10.9.0.3"]);
    built.filter(
        "one",
        Stage::Egress,
        "policy",
        vec![(from("10.1.0.0/24"), ACCEPT)],
    );
    built.filter("two", Stage::Egress, "policy", back);
    for device in ["one", "two"] {
        built.device(device).sessions = sessions();
    }
    built
}

#[test]
fn a_firewall_that_tracks_lets_answers_back() {
    for packet in [WEB, NAME, ECHO, "gre 10.1.0.5 10.2.0.5"] {
        check_answers(
            &guarded(tracking(OutOfState::Drop)),
            "a lan",
            packet,
            &["came back"],
        );
        check_answers(
            &guarded(Sessions::stateless()),
            "a lan",
            packet,
            &["lost, dropped at a by policy.default"],
        );
    }
    // Six too.
    let mut built = two_routers();
    built.filter(
        "a",
        Stage::Egress,
        "policy",
        vec![(from("2001:db8:1::/64"), ACCEPT)],
    );
    built.device("a").sessions = tracking(OutOfState::Drop);
    let six = "icmp 2001:db8:1::5 2001:db8:2::5 128";
    check_answers(&built, "a lan", six, &["came back"]);
}

#[test]
fn a_rule_may_ask_for_the_session() {
    let mut built = two_routers();
    built.filter(
        "a",
        Stage::Egress,
        "policy",
        vec![(port(443), TRACK), (from("10.1.0.0/24"), ACCEPT)],
    );
    check_answers(&built, "a lan", WEB, &["came back"]);
    check_answers(
        &built,
        "a lan",
        NAME,
        &["lost, dropped at a by policy.default"],
    );
}

#[test]
fn an_answer_through_a_second_firewall_finds_no_session() {
    let lost = "lost, dropped at two by policy.default";
    let strict = || tracking(OutOfState::Drop);
    let built = asymmetric(strict, vec![]);
    check_answers(&built, "near lan", WEB, &["lost, out of state at two"]);
    check_answers(&built, "near lan", NAME, &[lost]);
    check_answers(&built, "near lan", ECHO, &["lost, out of state at two"]);
    // UDP coming back is a new flow, which rules may let in.
    let from_service = || vec![(from("10.2.0.5/32"), ACCEPT)];
    let built = asymmetric(strict, from_service());
    check_answers(&built, "near lan", NAME, &["came back"]);
    check_answers(&built, "near lan", WEB, &["lost, out of state at two"]);
    // As new, the rules decide; bypassing, nothing does.
    let built = asymmetric(|| tracking(OutOfState::New), from_service());
    check_answers(&built, "near lan", WEB, &["came back"]);
    let built = asymmetric(|| tracking(OutOfState::New), vec![]);
    check_answers(&built, "near lan", WEB, &[lost]);
    let built = asymmetric(|| tracking(OutOfState::Bypass), vec![]);
    check_answers(&built, "near lan", WEB, &["came back"]);
    check_answers(&built, "near lan", NAME, &[lost]);
}

#[test]
fn shared_sessions_save_the_asymmetric_answer() {
    let shared = || Sessions {
        shared: Some("cluster".into()),
        ..tracking(OutOfState::Drop)
    };
    check_answers(&asymmetric(shared, vec![]), "near lan", WEB, &["came back"]);
}

#[test]
fn conditions_see_where_a_packet_stands() {
    use ConnectionState::{Established as Est, Invalid, New, Related, Untracked};
    let seen = |sessions: Sessions, packet: &str| -> Vec<ConnectionState> {
        [New, Est, Related, Invalid, Untracked]
            .into_iter()
            .filter(|state| {
                let mut built = two_routers();
                built.device("a").sessions = sessions.clone();
                built.filter(
                    "a",
                    Stage::Egress,
                    "policy",
                    vec![(connection(&[*state]), ACCEPT)],
                );
                !built.fates("a lan", packet)[0].starts_with("dropped")
            })
            .collect()
    };
    assert_eq!(seen(tracking(OutOfState::Invalid), WEB), [New]);
    assert_eq!(seen(tracking(OutOfState::Invalid), OUT_OF_STATE), [Invalid]);
    assert_eq!(seen(tracking(OutOfState::New), OUT_OF_STATE), [New]);
    assert_eq!(
        seen(
            tracking(OutOfState::Invalid),
            "tcp 10.1.0.5:1 10.2.0.5:2 syn-ack"
        ),
        [Invalid]
    );
    assert_eq!(
        seen(tracking(OutOfState::Invalid), "icmp 10.1.0.5 10.2.0.5 0"),
        [Invalid]
    );
    assert_eq!(
        seen(tracking(OutOfState::Invalid), "icmp 10.1.0.5 10.2.0.5 13"),
        [New]
    );
    assert_eq!(seen(Sessions::stateless(), WEB), [Untracked]);
    assert_eq!(seen(Sessions::stateless(), OUT_OF_STATE), [Untracked]);
    // An error is related or invalid; which stands in what it quotes.
    assert_eq!(
        seen(tracking(OutOfState::Invalid), "icmp 10.1.0.5 10.2.0.5 3"),
        [Related, Invalid]
    );
    assert_eq!(
        seen(tracking(OutOfState::New), "icmp 10.1.0.5 10.2.0.5 3"),
        [New]
    );
}

#[test]
fn an_error_that_may_belong_to_a_session_is_unknown_where_it_matters() {
    let fates = |states: &[ConnectionState], setting| {
        let mut built = two_routers();
        built.device("a").sessions = tracking(setting);
        built.filter(
            "a",
            Stage::Egress,
            "policy",
            vec![(connection(states), ACCEPT)],
        );
        built
            .fates("a lan", "icmp 10.1.0.5 10.2.0.5 3 4")
            .join(", ")
    };
    use ConnectionState::{Established as Est, Invalid, Related};
    let unknown =
        "unknown: whether an ICMP error belongs to a session stands in the packet it quotes";
    let delivered = "delivered by b lan: 10.1.0.5 -> 10.2.0.5 icmp type 3 code 4";
    assert_eq!(fates(&[Related, Est], OutOfState::Invalid), unknown);
    assert_eq!(fates(&[Related, Invalid], OutOfState::Invalid), delivered);
    assert_eq!(
        fates(&[Est], OutOfState::Invalid),
        "dropped at a by policy.default"
    );
    assert_eq!(fates(&[Related, Invalid], OutOfState::Drop), unknown);
    assert_eq!(fates(&[Est], OutOfState::Bypass), delivered);
}

#[test]
fn a_hook_may_look_at_established_packets() {
    use ConnectionState::{Established as Est, New};
    let built = |rules| {
        let mut built = two_routers();
        built
            .filter("a", Stage::Egress, "policy", rules)
            .established = Established::Evaluate;
        built.device("a").sessions = tracking(OutOfState::Invalid);
        built
    };
    let new_only = vec![(connection(&[New]), ACCEPT)];
    check_answers(
        &built(new_only),
        "a lan",
        WEB,
        &["lost, dropped at a by policy.default"],
    );
    let both = vec![(connection(&[Est]), ACCEPT), (from("10.1.0.0/24"), ACCEPT)];
    check_answers(&built(both), "a lan", WEB, &["came back"]);
}

#[test]
fn what_is_exempted_leaves_no_session() {
    let mut built = guarded(tracking(OutOfState::Invalid));
    let chain = built.chain(
        "a",
        "raw",
        vec![(is(Protocol::UDP), Action::NoTrack)],
        ACCEPT,
    );
    built.hook(
        "a",
        Stage::Ingress,
        networks::model::HookKind::Filter,
        chain,
    );
    check_answers(&built, "a lan", WEB, &["came back"]);
    check_answers(
        &built,
        "a lan",
        NAME,
        &["lost, dropped at a by policy.default"],
    );
    // An answer that is exempted is not established either.
    let mut built = guarded(tracking(OutOfState::Invalid));
    let answers = vec![(from("10.2.0.0/24"), Action::NoTrack)];
    let chain = built.chain("a", "raw", answers, ACCEPT);
    let raw = built.hook(
        "a",
        Stage::Ingress,
        networks::model::HookKind::Filter,
        chain,
    );
    raw.established = Established::Evaluate;
    check_answers(
        &built,
        "a lan",
        NAME,
        &["lost, dropped at a by policy.default"],
    );
    let untracked = connection(&[ConnectionState::Untracked]);
    let mut built = two_routers();
    let chain = built.chain(
        "a",
        "raw",
        vec![(Condition::Always, Action::NoTrack)],
        ACCEPT,
    );
    built.hook(
        "a",
        Stage::Ingress,
        networks::model::HookKind::Filter,
        chain,
    );
    built.device("a").sessions = tracking(OutOfState::Invalid);
    built.filter("a", Stage::Egress, "policy", vec![(untracked, ACCEPT)]);
    check(
        &built,
        "a lan",
        OUT_OF_STATE,
        &["delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp"],
    );
}

#[test]
fn an_invalid_packet_leaves_no_session() {
    let built = guarded(tracking(OutOfState::Invalid));
    check_answers(
        &built,
        "a lan",
        OUT_OF_STATE,
        &["lost, dropped at a by policy.default"],
    );
    let built = guarded(tracking(OutOfState::New));
    check_answers(&built, "a lan", OUT_OF_STATE, &["came back"]);
    check(
        &guarded(tracking(OutOfState::Drop)),
        "a lan",
        OUT_OF_STATE,
        &["out of state at a"],
    );
    check(
        &guarded(tracking(OutOfState::Drop)),
        "a",
        OUT_OF_STATE,
        &["out of state at a"],
    );
}

#[test]
fn reflexive_lists_admit_the_answers_of_their_name() {
    let reflecting = |reads: &str| {
        let mut built = two_routers();
        let wan = built.interfaces("a", &["wan"]);
        let reflect = Action::Accept(SessionEffect::Reflect("SESSIONS".into()));
        let out = vec![(is(Protocol::TCP), reflect), (is(Protocol::UDP), ACCEPT)];
        built.filter("a", Stage::Egress, "out", out).scope.leaves = Some(wan.clone());
        let back = vec![(Condition::Reflected(reads.into()), ACCEPT)];
        built.filter("a", Stage::Ingress, "in", back).scope.enters = Some(wan);
        built
    };
    check_answers(&reflecting("SESSIONS"), "a lan", WEB, &["came back"]);
    check_answers(
        &reflecting("OTHER"),
        "a lan",
        WEB,
        &["lost, dropped at a by in.default"],
    );
    check_answers(
        &reflecting("SESSIONS"),
        "a lan",
        NAME,
        &["lost, dropped at a by in.default"],
    );
    // Nothing is reflected before something was admitted.
    check(
        &reflecting("SESSIONS"),
        "a wan",
        "tcp 10.2.0.5:443 10.1.0.5:1000 ack",
        &["dropped at a by in.default"],
    );
}

#[test]
fn a_session_on_the_device_that_accepts_lets_its_answer_out() {
    let mut built = two_routers();
    built.device("b").sessions = tracking(OutOfState::Drop);
    built.filter(
        "b",
        Stage::Local,
        "local",
        vec![(to("10.2.0.1/32"), ACCEPT)],
    );
    built.filter("b", Stage::Output, "output", vec![]);
    check_answers(
        &built,
        "a lan",
        "tcp 10.1.0.5:1000 10.2.0.1:22",
        &["came back"],
    );
    check(
        &built,
        "b",
        "udp 10.2.0.1:1 10.2.0.5:2",
        &["dropped at b by output.default"],
    );
}

#[test]
fn an_answer_may_arrive_elsewhere() {
    let mut built = two_routers();
    built.router("x", &["lan 10.1.0.1/24", "wan 10.9.0.3/29"]);
    built.network.links.clear();
    built
        .link(&["a wan", "b wan", "x wan"])
        .route("b", "10.1.0.0/16", &["wan 10.9.0.3"]);
    check_answers(
        &built,
        "a lan",
        NAME,
        &["elsewhere, delivered by x lan: 10.2.0.5:53 -> 10.1.0.5:1000 udp"],
    );
}

#[test]
fn later_fragments_and_unanswered_kinds_have_no_answer() {
    let built = two_routers();
    for packet in ["later udp 10.1.0.5 10.2.0.5", "icmp 10.1.0.5 10.2.0.5 13"] {
        check_answers(&built, "a lan", packet, &[]);
    }
}

/// E4: answers are checked for their reverse path, unless the device leaves
/// out what belongs to a session; what belongs to none is checked always.
#[test]
fn answers_may_go_unchecked() {
    for (unchecked, fate) in [
        (false, "lost, no reverse path at a wan"),
        (true, "came back"),
    ] {
        let mut built = guarded(Sessions {
            answers_unchecked: unchecked,
            ..tracking(OutOfState::Drop)
        });
        built.interface("a wan").reverse_path = Some(ReversePath::Strict {
            default_counts: false,
        });
        check_answers(&built, "a lan", WEB, &["came back"]);
        let by = built.at("a wan").interface;
        let chain = built.chain(
            "a",
            "pbr",
            vec![(
                from("10.1.0.0/24"),
                Action::Route(RouteAction::FirstUsable(vec![NextHop::InterfaceAddress(
                    by,
                    "10.9.0.2".parse().unwrap(),
                )])),
            )],
            Action::Return,
        );
        built.device("a").vrfs[0].policy_routing = Some(chain);
        built.entry("a", VrfId::DEFAULT, "10.2.0.5/32", FibAction::Discard);
        check_answers(&built, "a lan", WEB, &[fate]);
    }
}
