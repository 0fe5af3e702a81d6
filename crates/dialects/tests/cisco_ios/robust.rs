//! Random text, and a million lines.

#![expect(
    clippy::print_stdout,
    reason = "how long the million lines took is told to who runs the test"
)]

use super::support::read;
use proptest::prelude::*;
use std::fmt::Write;

/// Words that IOS configurations are made of, and some that they are not.
const WORDS: &[&str] = &[
    "interface",
    "GigabitEthernet0/0",
    "Loopback0",
    "Vlan10",
    "ip",
    "ipv6",
    "address",
    "no",
    "access-list",
    "extended",
    "standard",
    "permit",
    "deny",
    "tcp",
    "udp",
    "icmp",
    "any",
    "host",
    "10.0.0.0",
    "0.0.0.255",
    "255.255.255.0",
    "255.0.255.0",
    "eq",
    "range",
    "neq",
    "gt",
    "65535",
    "0",
    "1",
    "log",
    "established",
    "A",
    "B",
    "object-group",
    "network",
    "service",
    "group-object",
    "router",
    "bgp",
    "ospf",
    "65001",
    "neighbor",
    "1.1.1.1",
    "remote-as",
    "peer-group",
    "inherit",
    "peer-session",
    "template",
    "address-family",
    "vrf",
    "RED",
    "route-map",
    "match",
    "set",
    "continue",
    "community",
    "prefix-list",
    "seq",
    "le",
    "ge",
    "32",
    "0.0.0.0/0",
    "route",
    "Null0",
    "track",
    "standby",
    "preempt",
    "priority",
    "nat",
    "inside",
    "outside",
    "source",
    "static",
    "list",
    "pool",
    "overload",
    "zone",
    "security",
    "zone-pair",
    "destination",
    "class-map",
    "type",
    "inspect",
    "policy-map",
    "class",
    "match-any",
    "protocol",
    "http",
    "service-policy",
    "crypto",
    "map",
    "banner",
    "motd",
    "^C",
    "certificate",
    "quit",
    "!",
    "area",
    "range",
    "switchport",
    "trunk",
    "allowed",
    "vlan",
    "add",
    "1-4094",
    "4294967296",
    "-1",
    "é",
    "2001:db8::/32",
    "%",
    "\"",
    "access-group",
    "in",
    "out",
    "policy",
    "next-hop",
    "reflect",
    "evaluate",
    "fragments",
    "match-all",
    "+syn",
    "-ack",
    "sequence",
];

fn line() -> impl Strategy<Value = String> {
    let words = proptest::collection::vec(proptest::sample::select(WORDS), 0..9);
    (0usize..4, words)
        .prop_map(|(indent, words)| format!("{}{}", " ".repeat(indent), words.join(" ")))
}

proptest! {
    /// Any text is read, and every line of it has a state.
    #[test]
    fn random_text_is_read(text in "\\PC{0,400}") {
        let reading = read(&text);
        prop_assert_eq!(reading.devices.len(), 1);
    }

    /// Any lines made of IOS's words are read, and every line has a state.
    #[test]
    fn line_soup_is_read(lines in proptest::collection::vec(line(), 0..60)) {
        let text = lines.join("\n");
        let reading = read(&text);
        prop_assert!(reading.coverage.lines.len() <= lines.len());
        prop_assert!(reading.coverage.lines.len() + 1 >= lines.len());
    }
}

/// A million entries of one list are read, and each is a rule.
#[test]
fn a_million_entries() {
    let count = if cfg!(debug_assertions) {
        100_000
    } else {
        1_000_000
    };
    let mut text = String::from(
        "interface GigabitEthernet0/0\n ip access-group A in\nip access-list extended A\n",
    );
    for number in 0..count {
        let (high, low) = (number / 250 % 250, number % 250);
        writeln!(text, " permit tcp host 10.1.{high}.{low} any eq 443").unwrap();
    }
    let start = std::time::Instant::now();
    let reading = read(&text);
    println!("{count} entries in {:?}", start.elapsed());
    let longest = reading.devices[0]
        .chains
        .iter()
        .map(|chain| chain.rules.len())
        .max();
    assert_eq!(longest, Some(count));
}

/// Deep nesting, unclosed banners and certificates, and many of everything end.
#[test]
fn hostile_shapes_end() {
    let deep: String = (0..5_000)
        .map(|depth| format!("{}interface Gi0/{depth}\n", " ".repeat(depth)))
        .collect();
    read(&deep);
    read(&"certificate self-signed 01\n".repeat(20_000));
    read(&"banner motd #\nx\n".repeat(20_000));
    let mut groups = String::new();
    for level in 0..200 {
        let next = level + 1;
        writeln!(
            groups,
            "object-group network G{level}\n group-object G{next}\n group-object G{next}"
        )
        .unwrap();
    }
    groups.push_str("object-group network G200\n host 1.1.1.1\nip access-list extended A\n permit ip object-group G0 any\ninterface Gi0/0\n ip access-group A in\n");
    read(&groups);
    let mut classes = String::new();
    for _ in 0..2_000 {
        classes.push_str(" match class-map C\n");
    }
    let text = format!(
        "class-map type inspect match-any C\n{classes}policy-map type inspect P\n class type inspect C\n  inspect\nzone security A\nzone security B\nzone-pair security Z source A destination B\n service-policy type inspect P\ninterface Gi0/0\n zone-member security A\ninterface Gi0/1\n zone-member security B\n"
    );
    read(&text);
}
