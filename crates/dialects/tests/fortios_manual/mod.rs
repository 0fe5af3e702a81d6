//! Cases of the vendor's manual.
//!
//! Written from Fortinet's guides and technical tips by someone who had not
//! read the dialect; each case cites what it was written from. The first run is
//! kept in `docs/first-runs.md`. A case may be corrected later, with a dated
//! `judged:` line that says why; nothing else in it changes.
//!
//! # The form of a case
//!
//! `== name`, then `title:`, `cite:`, `version:` (the release in the first line
//! of the configuration), `base:` (the parts that stand before the case's own
//! configuration: `interfaces`, `services`, `route`), `global:` (a line of
//! `config system global`), then packets, then `---` and the configuration. A
//! line `=== ...` in it begins another unit.
//!
//! A packet is `by INTERFACE: SOURCE > DESTINATION KIND`; the lines indented
//! under it are what must become of it, one for each way it may fall:
//!
//! | line | it |
//! |---|---|
//! | `out IF SRC -> DST` | reaches a host of the segment, with this header |
//! | `to GATEWAY by IF SRC -> DST` | leaves to a gateway |
//! | `accepted` | is accepted by the unit it is for |
//! | `denied by policy N` | is denied by that policy of the list |
//! | `implicit deny` | is denied by no policy of the list |
//! | `local-in denies` | is denied on its way to the unit itself |
//! | `reverse path`, `no session`, `no route`, `blackhole` | is dropped so |
//! | `lost` | is dropped, one way or another |
//! | `unknown` | cannot be told |
//! | `reply came back` | is answered, and the answer arrives undone |
//! | `reply ...` | is answered, and this becomes of the answer |
//!
//! A port is a number, a range `a-b`, or `*` for any.

mod answer;
mod form;

use answer::Unit;
use form::Case;

const FILES: [(&str, &str); 7] = [
    ("vip", include_str!("vip.case")),
    ("vip_order", include_str!("vip_order.case")),
    ("source_nat", include_str!("source_nat.case")),
    ("policy", include_str!("policy.case")),
    ("zones_vdoms", include_str!("zones_vdoms.case")),
    ("routing", include_str!("routing.case")),
    ("sessions", include_str!("sessions.case")),
];

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the number is read by those who accept"
)]
fn cases_from_the_manual() {
    let mut total = 0;
    let mut failed = 0;
    for (file, text) in FILES {
        for case in Case::all(text) {
            let wrong = wrong(&case);
            total += 1;
            let word = if wrong.is_empty() { "pass" } else { "FAIL" };
            println!("{word} {file} {}", case.name);
            failed += usize::from(!wrong.is_empty());
            for line in wrong {
                println!("    {line}");
            }
        }
    }
    let passed = total - failed;
    let word = if failed == 0 { "pass" } else { "fail" };
    println!("number: FortiOS manual cases | {passed} of {total} | all | {word}");
    assert_eq!(failed, 0, "cases that differ from the manual");
}

/// Returns what we answered otherwise than the case says.
fn wrong(case: &Case) -> Vec<String> {
    let unit = Unit::read(&case.configurations());
    let mut wrong = Vec::new();
    for probe in &case.probes {
        let answers = unit.answers(&probe.enters, probe.packet);
        let unmet = probe
            .expected
            .iter()
            .filter(|line| !answers.iter().any(|answer| form::matches(line, answer)));
        let unexpected = answers.iter().filter(|answer| {
            let replies_matter = probe.expected.iter().any(|line| line.starts_with("reply "));
            (replies_matter || !answer.words.starts_with("reply "))
                && !probe
                    .expected
                    .iter()
                    .any(|line| form::matches(line, answer))
        });
        if unmet.count() + unexpected.count() > 0 {
            let shown: Vec<String> = answers.iter().map(ToString::to_string).collect();
            wrong.push(format!(
                "by {}: expected `{}`, answered `{}`",
                probe.text,
                probe.expected.join("` and `"),
                shown.join("` and `")
            ));
        }
    }
    wrong
}
