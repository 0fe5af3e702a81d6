use super::{check, two_routers};
use crate::support::build::{ACCEPT, flags, packet, port};
use networks::model::{Action, Condition, Sessions, Stage, Tracking};
use packets::{AddressMatch, AddressSet, IcmpMatch, Ports, Protocol, TcpFlags, Wildcard};

/// Which of the packets a condition is true of.
fn holds(condition: &Condition, packets: &[&str]) -> Vec<bool> {
    packets
        .iter()
        .map(|packet| {
            let mut built = two_routers();
            let rules = vec![
                (condition.clone(), Action::Drop),
                (Condition::Always, ACCEPT),
            ];
            built.filter("a", Stage::Ingress, "in", rules);
            let fates = built.fates("a lan", packet);
            fates == ["dropped at a by in.0"]
        })
        .collect()
}

#[test]
fn ports_types_and_flags_are_of_their_protocols() {
    let all = [
        "tcp 10.1.0.5:7 10.2.0.5:8",
        "tcp 10.1.0.5:7 10.2.0.5:8 ack",
        "udp 10.1.0.5:7 10.2.0.5:8",
        "icmp 10.1.0.5 10.2.0.5 8 7",
        "icmp 2001:db8:1::5 2001:db8:2::5 8 7",
        "gre 10.1.0.5 10.2.0.5",
        "later tcp 10.1.0.5 10.2.0.5",
    ];
    let check = |condition, expected: [u8; 7]| {
        assert_eq!(
            holds(&condition, &all),
            expected.map(|bit| bit == 1),
            "{condition:?}"
        );
    };
    check(port(8), [1, 1, 1, 0, 0, 0, 0]);
    check(
        Condition::SourcePort(Ports::from(6..=7)),
        [1, 1, 1, 0, 0, 0, 0],
    );
    check(
        Condition::DestinationPort(Ports::any()),
        [1, 1, 1, 0, 0, 0, 0],
    );
    let icmp = |types, codes| Condition::Icmp(IcmpMatch { types, codes });
    check(icmp(8..=8, 0..=255), [0, 0, 0, 1, 1, 0, 0]);
    check(icmp(0..=255, 8..=9), [0, 0, 0, 0, 0, 0, 0]);
    check(
        flags(TcpFlags::SYN_ACK, TcpFlags::SYN),
        [1, 0, 0, 0, 0, 0, 0],
    );
    check(flags(TcpFlags(0), TcpFlags(0)), [1, 1, 0, 0, 0, 0, 0]);
    check(Condition::LaterFragment, [0, 0, 0, 0, 0, 0, 1]);
    check(
        Condition::Protocol(vec![Protocol::TCP, Protocol::GRE]),
        [1, 1, 0, 0, 0, 1, 1],
    );
}

#[test]
fn addresses_by_wildcard_and_range() {
    let all = [
        "udp 10.1.0.5:7 10.2.0.5:8",
        "udp 10.1.7.5:7 10.2.0.5:8",
        "udp 10.1.7.6:7 10.2.0.5:8",
    ];
    let source = |part| Condition::Source(AddressSet(vec![part]));
    let wildcard = Wildcard::new("10.1.0.5".parse().unwrap(), "0.0.255.0".parse().unwrap());
    assert_eq!(
        holds(&source(AddressMatch::Wildcard(wildcard)), &all),
        [true, true, false]
    );
    let range = AddressMatch::Range("10.1.0.5".parse().unwrap(), "10.1.7.5".parse().unwrap());
    assert_eq!(holds(&source(range), &all), [true, true, false]);
}

#[test]
fn a_later_fragment_is_judged_as_itself_unless_the_device_reassembles() {
    let later = "later udp 10.1.0.5 10.2.0.5";
    let mut built = two_routers();
    built.filter("b", Stage::Ingress, "in", vec![(port(53), ACCEPT)]);
    check(&built, "a lan", later, &["dropped at b by in.default"]);
    built.device("b").sessions = Sessions {
        tracking: Tracking::All,
        ..Sessions::stateless()
    };
    check(
        &built,
        "a lan",
        later,
        &["unknown: the device reassembles, and a later fragment does not show its ports"],
    );
    assert!(packet(later).reply().is_none());
}
