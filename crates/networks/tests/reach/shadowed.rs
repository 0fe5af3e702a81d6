//! Rules that never decide, against trying every packet of a small world.

use crate::support::{line, random::Random};

use networks::model::{
    Action, Chain, ChainId, Condition, ConnectionState, ConnectionStates, InterfaceId,
    InterfaceSet, Rule, SessionEffect,
};
use networks::reachability::{Shadowed, shadowed};
use packets::{AddressMatch, AddressSet, Ports, Protocol};
use std::net::IpAddr;

/// What a packet and its way look like to a condition.
#[derive(Debug, Clone, Copy)]
struct Seen {
    source: IpAddr,
    protocol: Protocol,
    /// `None` in a later fragment.
    port: Option<u16>,
    enters: InterfaceId,
    state: ConnectionState,
}

const SOURCES: [&str; 5] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "10.9.9.9",
    "2001:db8::1",
];
const PORTS: [u16; 5] = [22, 80, 443, 100, 9999];
const STATES: [ConnectionState; 2] = [ConnectionState::New, ConnectionState::Established];

/// One packet of every kind that conditions of these tests tell apart.
fn world() -> Vec<Seen> {
    let mut all = Vec::new();
    for source in SOURCES {
        for protocol in [6, 17, 89, 132].map(Protocol) {
            for port in PORTS.map(Some).into_iter().chain([None]) {
                for enters in [InterfaceId(0), InterfaceId(1)] {
                    for state in STATES {
                        let source = source.parse().unwrap();
                        all.push(Seen {
                            source,
                            protocol,
                            port,
                            enters,
                            state,
                        });
                    }
                }
            }
        }
    }
    all
}

/// Tells whether a condition holds; `None` where these tests do not know it.
fn holds(condition: &Condition, seen: &Seen) -> Option<bool> {
    Some(match condition {
        Condition::Always => true,
        Condition::All(parts) => parts.iter().all(|part| holds(part, seen) == Some(true)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, seen) == Some(true)),
        Condition::Not(part) => !holds(part, seen)?,
        Condition::Source(set) => set.contains(seen.source),
        Condition::Protocol(list) => list.contains(&seen.protocol),
        Condition::DestinationPort(ports) => {
            seen.protocol.has_ports() && seen.port.is_some_and(|port| ports.contains(port))
        }
        Condition::EntersBy(set) => set.contains(seen.enters),
        Condition::Connection(states) => states.contains(seen.state),
        _ => return None,
    })
}

fn header(random: &mut Random) -> Condition {
    match random.below(4) {
        0 => Condition::Always,
        1 => {
            let first = random.below(3);
            let net = SOURCES[first..=random.between(first, 2)]
                .iter()
                .map(|address| AddressMatch::Net(address.parse::<IpAddr>().unwrap().into()));
            Condition::Source(AddressSet(net.collect()))
        }
        2 => Condition::Protocol(vec![*random.pick(&[Protocol::TCP, Protocol::UDP])]),
        _ => {
            let port = *random.pick(&PORTS[..3]);
            let ports = if random.percent(30) {
                22..=443
            } else {
                port..=port
            };
            Condition::DestinationPort(Ports::from(ports))
        }
    }
}

fn condition(random: &mut Random, guards: bool) -> Condition {
    let mut parts: Vec<_> = (0..random.between(1, 2)).map(|_| header(random)).collect();
    if random.percent(15) {
        parts = vec![Condition::Any(parts)];
    }
    if random.percent(15) {
        parts = vec![Condition::Not(Box::new(Condition::All(parts)))];
    }
    if guards && random.percent(40) {
        let id = InterfaceId(u32::try_from(random.below(2)).unwrap());
        parts.push(Condition::EntersBy(InterfaceSet::new([id])));
    }
    if guards && random.percent(30) {
        let state = *random.pick(&STATES);
        parts.push(Condition::Connection(ConnectionStates::new([state])));
    }
    Condition::All(parts)
}

fn action(random: &mut Random) -> Action {
    match random.below(10) {
        0..=3 => Action::Accept(SessionEffect::None),
        4..=6 => Action::Drop,
        7 => Action::Return,
        8 => Action::Continue,
        _ => Action::Call(ChainId(7)),
    }
}

fn chain(seed: u64, guards: bool) -> Chain {
    let mut random = Random::new(seed);
    let rules = (0..random.between(2, 9))
        .map(|_| Rule {
            condition: condition(&mut random, guards),
            action: action(&mut random),
            origin: line(0),
        })
        .collect();
    Chain {
        name: "list".to_owned(),
        rules,
        default: Action::Drop,
        origin: None,
    }
}

/// Which rules end the chain for which earlier ones decide every packet, and which those are.
fn slowly(chain: &Chain, world: &[Seen]) -> Vec<Shadowed> {
    let ends = |rule: &Rule| !matches!(rule.action, Action::Continue | Action::Call(_));
    let matches = |rule: &Rule, seen: &Seen| holds(&rule.condition, seen) == Some(true);
    let mut found = Vec::new();
    for (at, rule) in chain
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| ends(rule))
    {
        let mut by: Vec<usize> = Vec::new();
        for seen in world.iter().filter(|seen| matches(rule, seen)) {
            let first = chain
                .rules
                .iter()
                .position(|rule| ends(rule) && matches(rule, seen));
            by.extend(first);
        }
        by.sort_unstable();
        by.dedup();
        if !by.is_empty() && !by.contains(&at) {
            found.push(Shadowed { rule: at, by });
        }
    }
    found
}

/// Without guards, exactly the rules are found that no packet of the world comes to.
#[test]
fn exact_where_headers_decide() {
    let world = world();
    let mut found = 0;
    for seed in 0..3_000 {
        let chain = chain(seed, false);
        let expected = slowly(&chain, &world);
        assert_eq!(
            shadowed(&chain).unwrap(),
            expected,
            "seed {seed}: {chain:#?}"
        );
        found += expected.len();
    }
    assert!(found > 1_000, "{found} is too few to prove anything");
}

/// With guards, nothing is found that some packet comes to, and most is found.
#[test]
fn nothing_false_with_guards() {
    let world = world();
    let (mut found, mut all) = (0, 0);
    for seed in 0..3_000 {
        let chain = chain(seed, true);
        let expected = slowly(&chain, &world);
        let told = shadowed(&chain).unwrap();
        for rule in &told {
            let known = expected.iter().any(|other| other.rule == rule.rule);
            assert!(known, "seed {seed}: rule {} decides: {chain:#?}", rule.rule);
        }
        found += told.len();
        all += expected.len();
    }
    assert!(found * 10 > all * 8, "{found} of {all}");
}
