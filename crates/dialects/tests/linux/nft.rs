//! Rule sets of nft.

use super::{print, read_rules_text, state_letters};
use networks::model::LineState;

/// Most of what `nft list ruleset` prints, as it prints it.
const SAMPLE: &str = include_str!("sample.nft");

/// Each kind of match and statement is in the model, or unknown in its rule.
#[test]
fn listed_ruleset_is_read() {
    let reading = read_rules_text(SAMPLE);
    let device = &reading.reading.devices[0];
    assert_eq!(device.unread, []);
    insta::assert_snapshot!(print(device));
    let lines = SAMPLE.lines().zip(&reading.reading.coverage.lines);
    let unrecognised: Vec<_> = lines
        .filter(|(_, state)| **state == LineState::NotRecognised)
        .map(|(line, _)| line.trim())
        .collect();
    assert_eq!(unrecognised, Vec::<&str>::new());
}

/// Variables, sets of variables, comments and one-line chains of `nft -f`.
#[test]
fn file_of_rules_with_variables_is_read() {
    let reading = read_rules_text(
        "#!/usr/sbin/nft -f\nflush ruleset\ndefine lan = 10.0.0.0/8\n\
         define all = { $lan, 192.168.0.0/16 }\n\
         table ip t { # a table\n chain f { type filter hook forward priority 0; policy drop;\n\
         ip saddr $all tcp dport { 22, 80-90 } accept\n ip daddr != $lan \\\n drop }\n}\n",
    );
    insta::assert_snapshot!(print(&reading.reading.devices[0]));
    assert_eq!(state_letters(&reading.reading.coverage.lines), "huuuuuuuuh");
}

/// A large set stands once, not once in each rule.
#[test]
fn large_sets_are_shared() {
    let elements: Vec<_> = (0..200).map(|n| format!("10.0.{n}.1")).collect();
    let rules: String = (0..50)
        .map(|n| format!("ip saddr @s tcp dport {n} accept\n"))
        .collect();
    let text = format!(
        "table ip t {{\n set s {{ type ipv4_addr; elements = {{ {} }} }}\n chain f {{\n type filter hook forward priority 0;\n{rules} }}\n}}\n",
        elements.join(", ")
    );
    let reading = read_rules_text(&text);
    let shown = print(&reading.reading.devices[0]);
    assert_eq!(shown.matches("10.0.7.1/32").count(), 1);
    assert_eq!(shown.matches("accepted 1").count(), 50);
}

/// What is not understood is unknown where it stands, with what was read of the
/// rule as its condition.
#[test]
fn rules_that_are_not_understood_stay_in_place() {
    let reading = read_rules_text(
        "table inet t {\n chain f {\n type filter hook forward priority 0; policy accept;\n\
         ip saddr 10.0.0.1 frobnicate 7 accept\n jump nowhere\n }\n}\n",
    );
    insta::assert_snapshot!(print(&reading.reading.devices[0]));
    assert_eq!(state_letters(&reading.reading.coverage.lines), "uuuXXhh");
}

/// A rule that changes the packet and then leaves the chain leaves it in the
/// model too (the kernel judge found that it came back).
#[test]
fn goto_after_a_change_does_not_come_back() {
    let reading = read_rules_text(
        "table ip t {\n chain q { }\n chain f {\n type filter hook forward priority 0; policy accept;\n\
         meta mark 1 meta mark set 2 goto q\n meta mark set 3 jump q\n drop\n }\n}\n",
    );
    insta::assert_snapshot!(print(&reading.reading.devices[0]));
}

/// Two chains that translate at one place: what passes cannot be told.
#[test]
fn second_translating_chain_is_not_modelled() {
    let table = |family: &str, name: &str, to: &str| {
        format!(
            "table {family} {name} {{\n chain c {{\n type nat hook prerouting priority dstnat;\n dnat to {to}\n }}\n}}\n"
        )
    };
    let unread = |second: &str| {
        let reading = read_rules_text(&(table("ip", "a", "10.0.0.1") + second));
        reading.reading.devices[0].unread.len()
    };
    assert_eq!(unread(&table("ip", "b", "10.0.0.2")), 1);
    assert_eq!(unread(&table("ip6", "b", "2001:db8::2")), 0);
}
