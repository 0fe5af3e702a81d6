//! No text makes reading panic, hang or grow without bound.

use super::{read_host_text, read_rules_text};
use networks::model::LineState;
use proptest::prelude::*;

/// Pieces that rule sets are made of, to be put together at random.
const PIECES: &[&str] = &[
    "*filter",
    "*nat",
    "*raw",
    "COMMIT",
    "\n",
    "\n",
    "\n",
    " ",
    ":INPUT DROP [0:0]",
    ":c - [0:0]",
    "-A INPUT",
    "-A c",
    "-A FORWARD",
    "-j c",
    "-g c",
    "-j DNAT --to-destination",
    "!",
    "-s",
    "-p tcp",
    "--dport 1:2",
    "-m multiport",
    "-m recent --set",
    "\"",
    "\\",
    "-j MARK --set-xmark 0x1/0x0",
    "1.2.3.4/255.0.255.0",
    "::1/64",
    "[::1]:80",
    "table inet t {",
    "chain c {",
    "}",
    "{",
    ";",
    "type filter hook forward priority filter - 5; policy drop;",
    "type nat hook prerouting priority dstnat;",
    "ip saddr",
    "@s",
    "vmap",
    "{ 1 : accept, * : drop }",
    "jump c",
    "goto c",
    "dnat ip to",
    "map",
    "set s {",
    "elements = {",
    "a . b",
    ":",
    ",",
    "&",
    "|",
    "==",
    "!=",
    "tcp flags",
    "syn / syn,ack",
    "meta mark set",
    "$x",
    "define x =",
    "$x $x",
    "limit rate over",
    "ct state",
    "new",
    "-",
    "/",
    "\u{e9}",
    "#",
    "accept",
];

fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text is read, and every line has a state.
    #[test]
    fn any_rule_set_is_read(text in soup()) {
        for start in ["", "table ip a { }\n", "*filter\n:INPUT ACCEPT\n:c -\n"] {
            let text = format!("{start}{text}");
            let reading = read_rules_text(&text);
            prop_assert_eq!(reading.reading.coverage.lines.len(), text.lines().count());
            for chain in &reading.reading.devices[0].chains {
                prop_assert!(chain.rules.len() < 4000);
            }
        }
    }

    /// Any host file is read.
    #[test]
    fn any_host_file_is_read(routes in "[a-z0-9./: ]{0,40}", rules in "[a-z0-9./: ]{0,40}", junk in ".{0,20}") {
        let json = format!(
            "{{\"hostname\": \"h\", \"hostInterfaces\": {{\"e\": {{\"prefix\": \"10.0.0.1/8\", \"x\": 1}}}}, \
             \"routes\": [{routes:?}], \"rules\": [{rules:?}] {junk}}}"
        );
        read_host_text(&json, Some(&junk));
    }
}

/// Bytes at random, and a file of nothing but brackets.
#[test]
fn nonsense_is_read() {
    for text in [
        "{".repeat(100_000),
        "table ip t {".repeat(20_000),
        "[".repeat(100_000),
        "\"".repeat(1000),
    ] {
        let reading = read_rules_text(&text);
        assert_eq!(reading.reading.coverage.lines.len(), 1);
        let reading = read_host_text(&text, None);
        assert_eq!(reading.reading.coverage.lines[0], LineState::NotRecognised);
        assert!(!reading.reading.devices[0].unread.is_empty());
    }
}

/// A circle of chains is a finding, and unknown where it closes.
#[test]
fn circle_of_chains_is_found() {
    let reading = read_rules_text(
        "*filter\n:FORWARD ACCEPT\n:a -\n:b -\n-A FORWARD -j a\n-A a -j b\n-A b -g a\nCOMMIT\n",
    );
    let codes: Vec<_> = reading
        .reading
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, ["linux-chain-cycle"]);
    let shown = super::print(&reading.reading.devices[0]);
    assert!(
        shown.contains("always -> ? the chain it calls leads back to it"),
        "{shown}"
    );
}

/// Time grows with the number of rules, not faster.
#[test]
fn many_rules_are_read_in_linear_time() {
    let rules = |count: u32| {
        let mut text = String::from("*filter\n:FORWARD DROP [0:0]\n");
        for n in 0..count {
            let [.., b, c, d] = n.to_be_bytes();
            text.push_str(&format!(
                "-A FORWARD -s 10.{b}.{c}.{d}/32 -p tcp -m tcp --dport 443 -j ACCEPT\n"
            ));
        }
        text + "COMMIT\n"
    };
    let reading = read_rules_text(&rules(100_000));
    assert_eq!(
        reading.reading.coverage.count(LineState::Understood),
        100_003
    );
}
