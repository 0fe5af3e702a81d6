//! No text makes reading fail.

use super::support::read;
use proptest::prelude::*;

/// Words that open, close and fill blocks.
const WORDS: &[&str] = &[
    "config",
    "edit",
    "next",
    "end",
    "set",
    "unset",
    "append",
    "rename",
    "clone",
    "move",
    "delete",
    "purge",
    "to",
    "before",
    "firewall",
    "policy",
    "address",
    "addrgrp",
    "vip",
    "system",
    "interface",
    "router",
    "static",
    "bgp",
    "ospf",
    "vdom",
    "global",
    "sdwan",
    "member",
    "srcaddr",
    "dstaddr",
    "srcintf",
    "service",
    "custom",
    "extip",
    "mappedip",
    "subnet",
    "10.0.0.0/8",
    "a",
    "b",
    "0",
    "1",
    "\"",
    "'",
    "\\",
    "#",
    "any",
    "all",
    "enable",
    "\n",
    "\n",
    "\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Random characters are read, each line in a state.
    #[test]
    fn any_text(text in "\\PC*|[ -~\n\"'\\\\]{0,400}") {
        read(&text);
    }

    /// Random statements are read, each line in a state.
    #[test]
    fn any_statements(words in prop::collection::vec(prop::sample::select(WORDS), 0..400)) {
        read(&words.join(" "));
    }
}

/// A large text takes time in proportion: a hundred thousand entries of each
/// kind, deep nesting, rings of groups, and quotes that nothing closes.
#[test]
fn large_texts() {
    let many = |section: &str, line: &dyn Fn(usize) -> String| {
        let entries: Vec<String> = (1..=20_000)
            .map(|at| format!("edit {at}\n{}\nnext\n", line(at)))
            .collect();
        format!("config {section}\n{}end\n", entries.concat())
    };
    let texts = [
        many("firewall address", &|at| {
            format!("set subnet 10.0.{}.0/24", at % 256)
        }),
        many("firewall addrgrp", &|at| {
            format!("set member {}", at % 20_000 + 1)
        }),
        many("firewall policy", &|_| {
            "set srcintf any\nset dstintf any\nset srcaddr all\nset dstaddr all\nset service ALL"
                .to_owned()
        }),
        many("firewall vip", &|_| {
            "set extip 192.0.2.1\nset mappedip 10.0.0.1".to_owned()
        }),
        "config a\nedit b\n".repeat(50_000),
        "set a \"\n".repeat(50_000),
        "set a '\n".repeat(50_001),
        "end\nnext\n".repeat(50_000),
    ];
    for text in texts {
        read(&text);
    }
    let moves: Vec<String> = (1..20_000)
        .map(|at| format!("move {at} after {}\n", at + 1))
        .collect();
    let entries = many("firewall policy", &|_| String::new());
    let script = entries.replace("end\n", &format!("{}end\n", moves.concat()));
    read(&script);
}
