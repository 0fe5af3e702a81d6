//! The service matrix of a real firewall against that of a machine-checked analyser.

use super::{data, read_rules_text};
use ipnet::IpNet;
use networks::matrix::{Service, Sources, service_matrix};
use networks::model::{ConnectionState, Device};
use packets::{AddressMatch, AddressSet, Fragment, Intervals, Packet, Protocol, TcpFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// Reads `eth0 = [a/24, b-c]` and `eth1 = all_but_those_ips [ … ]`.
fn sources(device: &Device, text: &str) -> Sources {
    let mut found = Sources::new();
    for part in text.split(']') {
        let Some((name, list)) = part.split_once('=') else {
            continue;
        };
        let (kind, list) = list.split_once('[').unwrap();
        let parts = list
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let mut ranges: Vec<(u32, u32)> = parts.map(range).collect();
        if kind.contains("all_but_those_ips") {
            let listed = Intervals::of(ranges);
            ranges = listed.not(u32::MAX).parts().to_vec();
        }
        let Some(interface) = device.interface_named(name.trim()) else {
            continue;
        };
        let ranges = ranges.into_iter().map(|(first, last)| {
            AddressMatch::Range(
                IpAddr::V4(Ipv4Addr::from_bits(first)),
                IpAddr::V4(Ipv4Addr::from_bits(last)),
            )
        });
        found.insert(interface, AddressSet(ranges.collect()));
    }
    found
}

fn range(text: &str) -> (u32, u32) {
    if let Some((first, last)) = text.split_once('-') {
        let bits = |text: &str| text.trim().parse::<Ipv4Addr>().unwrap().to_bits();
        return (bits(first), bits(last));
    }
    match text.parse::<IpNet>().unwrap() {
        IpNet::V4(net) => (net.network().to_bits(), net.broadcast().to_bits()),
        IpNet::V6(_) => panic!("an IPv4 prefix is expected"),
    }
}

/// A class of addresses.
type Ranges = Vec<(u32, u32)>;

/// Classes, and pairs of them.
type Expected = (BTreeSet<Ranges>, BTreeSet<(Ranges, Ranges)>);

fn expected(text: &str) -> Expected {
    let mut classes = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for line in text.lines() {
        if let Some((name, ranges)) = line.split_once(" |-> ") {
            let ranges = ranges.split(" u ").map(|part| {
                let part = part.trim_matches(['{', '}']);
                let (first, last) = part.split_once(" .. ").unwrap_or((part, part));
                range(&format!("{first}-{last}"))
            });
            classes.insert(
                name.to_owned(),
                Intervals::of(ranges.collect()).parts().to_vec(),
            );
        }
        if let Some((from, to)) = line
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .and_then(|pair| pair.split_once(','))
        {
            pairs.insert((classes[from].clone(), classes[to].clone()));
        }
    }
    (classes.into_values().collect(), pairs)
}

/// What is asked: TCP from port 10000 to 22, opening a connection.
fn ssh() -> Service {
    Service {
        header: Packet {
            source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            protocol: Protocol::TCP,
            source_port: 10_000,
            destination_port: 22,
            tcp_flags: TcpFlags::SYN,
            fragment: Fragment::First,
            mark: 0,
        },
        state: ConnectionState::New,
    }
}

/// The classes and pairs through the chain `FORWARD` of the table `filter`.
fn found(rules: &str, assignment: &str) -> Expected {
    let reading = read_rules_text(rules);
    let device = &reading.reading.devices[0];
    let forward = device
        .hooks
        .iter()
        .map(|hook| hook.chain)
        .find(|&id| device.chain(id).unwrap().name == "filter FORWARD")
        .unwrap();
    let sources = sources(device, assignment);
    let matrix = service_matrix::<u32>(device, forward, &ssh(), &sources).unwrap();
    let class = |at: usize| matrix.classes[at].parts().to_vec();
    let pairs = matrix.pairs.iter();
    (
        (0..matrix.classes.len()).map(class).collect(),
        pairs.map(|&(from, to)| (class(from), class(to))).collect(),
    )
}

/// Through a firewall of 4,800 rules, the same classes of addresses and the same
/// pairs as the analyser prints.
///
/// The analyser does not read the ports of SCTP: it takes the two rules that
/// have them for ones that may accept anything. The rules are given to us so
/// that they say the same. Read as they are, TCP does not match them: then
/// 192.168.212.0/23 cannot reach the two addresses they are for, and that is the
/// only difference.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "a number that the project is accepted by"
)]
fn service_matrix_is_that_of_the_machine_checked_analyser() {
    let names = ["iptables-save", "ipassmt", "tcp-10000-22.expected"];
    let files = names.map(|kind| data(&format!("iptables/i8-2015-05-15.{kind}")));
    let [Some(rules), Some(assignment), Some(answers)] = files else {
        return;
    };
    let text = |path| std::fs::read_to_string(path).unwrap();
    let (rules, assignment) = (text(rules), text(assignment));
    let (classes, pairs) = expected(&text(answers));
    assert_eq!((classes.len(), pairs.len()), (9, 47));

    let without_sctp = rules.replace("-p sctp -m sctp --dport 50000", "-m string");
    let (found_classes, found_pairs) = found(&without_sctp, &assignment);
    let word = if (&found_classes, &found_pairs) == (&classes, &pairs) {
        "pass"
    } else {
        "fail"
    };
    println!(
        "number: service matrix of the analyser | {} classes, {} pairs | 9 classes, 47 pairs, the same | {word}",
        found_classes.len(),
        found_pairs.len()
    );
    assert_eq!(found_classes, classes);
    assert_eq!(found_pairs, pairs);

    let (own_classes, own_pairs) = found(&rules, &assignment);
    assert_eq!(own_classes.len(), 11);
    let reaches = |pairs: &BTreeSet<(Ranges, Ranges)>, from: &str, to: &str| {
        let within = |ranges: &Ranges, address: &str| {
            let address = address.parse::<Ipv4Addr>().unwrap().to_bits();
            ranges
                .iter()
                .any(|&(first, last)| (first..=last).contains(&address))
        };
        pairs
            .iter()
            .any(|(source, destination)| within(source, from) && within(destination, to))
    };
    for (from, to) in [
        ("192.168.212.1", "131.159.15.247"),
        ("192.168.213.9", "131.159.15.248"),
    ] {
        assert!(reaches(&pairs, from, to));
        assert!(!reaches(&own_pairs, from, to));
    }
    let ends = |ranges: &Ranges| {
        [ranges[0].0, ranges[0].1].map(|end| Ipv4Addr::from_bits(end).to_string())
    };
    for (from, to) in &own_pairs {
        let ([from, _], [_, to]) = (ends(from), ends(to));
        assert!(reaches(&pairs, &from, &to), "{from} -> {to}");
    }
}
