use crate::support::{read, show};
use proptest::prelude::*;
use region::{DEPTH_MAX, FILE_SIZE_MAX, NODES_MAX};

/// Reads a text as every kind of file; only that it ends, and says why, counts.
fn read_as_every_kind(text: &str) {
    for path in [
        "region.yaml",
        "networks/downs/network.yaml",
        "organisations/downs-hospital.yaml",
        "sites/downs-general.yaml",
        "agreements/discharge.yaml",
    ] {
        if text.is_empty() {
            continue;
        }
        let (sources, region) = read(&[(path, text)]);
        match region {
            Ok(region) => drop(region.findings(crate::support::today())),
            Err(problems) => drop(show(&sources, &problems)),
        }
    }
}

/// Returns the first message about a text in the place of `region.yaml`.
fn message(text: &str) -> String {
    let (_, region) = read(&[("region.yaml", text)]);
    let problems = region.expect_err("the text is no region");
    problems.first().unwrap().message.clone()
}

/// Depth is bounded, in either style of YAML.
#[test]
fn deep_nesting() {
    let flow = format!("name: {}", "[".repeat(100_000));
    let block: String = (0..200)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let lists = "- ".repeat(100_000);
    for text in [flow, block, lists] {
        let message = message(&text);
        let expected = format!("more than {DEPTH_MAX} lists");
        assert!(
            message.starts_with(&expected) || message.starts_with("not YAML: "),
            "{message}"
        );
    }
}

/// Aliases are refused before they can multiply.
#[test]
fn alias_bomb() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let uses = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{uses}]\n");
    }
    assert_eq!(
        message(&text),
        "anchors and aliases are not used in these files"
    );
}

/// A file of 100 MB is refused by its size, unread.
#[test]
fn large_file() {
    let text = "#".repeat(100 << 20);
    assert_eq!(
        message(&text),
        format!("the file is larger than {} MiB", FILE_SIZE_MAX >> 20)
    );
}

/// So is one of very many small parts.
#[test]
fn very_many_nodes() {
    let text = format!("[{}]", "1,".repeat(NODES_MAX + 1));
    assert_eq!(
        message(&text),
        format!("the file has more than {NODES_MAX} keys and values")
    );
}

/// A long scalar and a long key are quoted shortened.
#[test]
fn long_values() {
    let long = "x".repeat(1 << 20);
    assert!(message(&format!("name: {long}\n")).len() < 200);
    assert!(message(&format!("name: [{long}]\n")).len() < 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No text makes reading panic.
    #[test]
    fn noise(text in "\\PC{0,200}") {
        read_as_every_kind(&text);
    }

    /// No text that looks like YAML makes reading panic.
    #[test]
    fn noise_of_yaml(text in "([a-z]{1,5}: |- |\\[|\\]|\\{|\\}|,|\n|  |'|\"|#|&a |\\*a|!t |\\||>|[0-9./-]{1,8}|null|~){0,60}") {
        read_as_every_kind(&text);
    }

    /// No change of a few characters in a good file makes reading panic.
    #[test]
    fn damaged_files(which in 0usize..9, at in 0usize..2000, with in "\\PC{0,3}|\n|\t|\u{feff}", cut in 0usize..20) {
        let (_, good) = crate::support::FILES[which];
        let chars: Vec<char> = good.chars().collect();
        let at = at % chars.len();
        let text: String = chars[..at]
            .iter()
            .copied()
            .chain(with.chars())
            .chain(chars[(at + cut).min(chars.len())..].iter().copied())
            .collect();
        read_as_every_kind(&text);
    }
}

/// A region as large as its files may be is judged in bounded time: names are
/// found by search, and only so many misspelt ones are compared with all.
#[test]
fn large_region() {
    const SEGMENTS: usize = 5_000;
    let prefix = |at: usize| format!("10.{}.{}.{}/32", 40 + at / 65536, at / 256 % 256, at % 256);
    let mut site = "network: downs\ntenants: [county-council]\nsegments:\n".to_owned();
    let mut agreement = "parties: [county-council, downs-hospital]\nfrom: 2026-01-01\nbasis: x\nallow:\n  - who: {organisations: [county-council]}\n    to: [downs-hospital/records]\n    from:\n      segments:\n".to_owned();
    for at in 0..SEGMENTS {
        site += &format!("  s{at}: {{prefixes: [{}]}}\n", prefix(at));
        agreement += &format!("      - large/s{}\n", at * 2);
    }
    let (_, region) = read(&[
        ("sites/large.yaml", &site),
        ("agreements/large.yaml", &agreement),
    ]);
    let region = region.unwrap();
    let findings = region.findings(crate::support::today());
    let dangling = findings
        .iter()
        .filter(|finding| finding.code == region::codes::REFERENCE_DANGLING);
    assert_eq!(dangling.count(), SEGMENTS / 2);
    let journeys = region.journeys(crate::support::today());
    assert_eq!(journeys.len(), SEGMENTS / 2 + 3);
}
