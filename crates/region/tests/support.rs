use findings::{Finding, Sources};
use region::{Date, InputFile, Region, files::FileKind};
use std::fmt::Write;

/// A region that is as it should be on 2026-11-23: two networks, two sites,
/// a provider's cloud between them.
pub(crate) const FILES: &[(&str, &str)] = &[
    (
        "region.yaml",
        "name: south-east\nfootprints:\n  weald:\n    board: Weald Partnership Board\n",
    ),
    (
        "networks/downs/network.yaml",
        "kind: nhs
owner: downs-hospital
allocated: [10.40.0.0/13]
boundary:
  carrier:
    local: {device: downs-edge, interface: GigabitEthernet0/2}
    peer:
      cloud: {network: carrier, assumption: mpls, attachment: downs}
",
    ),
    (
        "networks/county/network.yaml",
        "kind: local-authority
owner: county-council
allocated: [10.96.0.0/14]
boundary:
  carrier:
    local: {device: county-fw, interface: port2}
    peer:
      cloud: {network: carrier, assumption: mpls, attachment: county}
",
    ),
    (
        "networks/carrier/network.yaml",
        "kind: provider
owner: downs-hospital
assumptions:
  mpls:
    since: 2026-01-01
    by: Jo Field, network lead
    until: 2027-01-01
    filters: nothing
    attachments:
      downs: {address: 172.31.0.1/30, carries: [10.40.0.0/13]}
      county: {address: 172.31.0.5/30, carries: [10.96.0.0/14]}
",
    ),
    (
        "organisations/downs-hospital.yaml",
        "ods: RXD
network: downs
realm: downs.nhs.example
footprints: [weald]
services:
  records:
    addresses: [10.40.8.20]
    ports: [tcp/443]
roles:
  nurse: {title: Nurse}
",
    ),
    (
        "organisations/county-council.yaml",
        "ods: '816'
network: county
realm: county.gov.example
footprints: [weald]
services:
  social-care:
    addresses: [10.96.4.7]
    ports: [tcp/443, tcp/8443]
roles:
  social-worker: {title: Social worker}
",
    ),
    (
        "sites/downs-general.yaml",
        "network: downs
tenants: [downs-hospital]
segments:
  wards:
    vlan: 120
    prefixes: [10.41.16.0/24]
    gateway: {interface: {device: downs-core, interface: Vlan120}}
  hot-desks:
    prefixes: [10.41.17.0/24]
    occupants: [visitors]
",
    ),
    (
        "sites/county-hall.yaml",
        "network: county
tenants: [county-council, downs-hospital]
segments:
  offices:
    prefixes: [10.97.0.0/24]
    gateway: {address: 10.97.0.1}
",
    ),
    (
        "agreements/discharge.yaml",
        "parties: [downs-hospital, county-council]
from: 2026-04-01
until: 2027-03-31
basis: Section 75 agreement
allow:
  - who: {organisations: [county-council], roles: [social-worker]}
    from: {sites: [downs-general]}
    to: [county-council/social-care, downs-hospital/records]
  - who: {organisations: [downs-hospital]}
    from: {segments: [county-hall/offices]}
    to: [downs-hospital/records]
approvals:
  - {organisation: downs-hospital, kind: executive, by: A. Grey, on: 2026-03-01}
  - {organisation: county-council, kind: executive, by: B. Reed, on: 2026-03-02}
",
    ),
];

/// The day on which tests ask.
pub(crate) fn today() -> Date {
    Date::new("2026-11-23").unwrap()
}

/// Reads [`FILES`] with some of them replaced, added (or, with an empty text, left out).
pub(crate) fn read(changes: &[(&str, &str)]) -> (Sources, Result<Region, Vec<Finding>>) {
    let mut files: Vec<(&str, &str)> = FILES.to_vec();
    for &(path, text) in changes {
        files.retain(|(other, _)| *other != path);
        if !text.is_empty() {
            files.push((path, text));
        }
    }
    let mut sources = Sources::new();
    let mut input = Vec::new();
    for (path, text) in files {
        let kind = FileKind::of_path(path).unwrap().unwrap();
        let file = sources.add(path, text);
        input.push(InputFile { kind, file });
    }
    let region = region::read(&input, &sources);
    (sources, region)
}

/// Returns one of [`FILES`] with a text in it replaced by another.
pub(crate) fn edited(path: &str, from: &str, to: &str) -> String {
    let (_, text) = FILES.iter().find(|(other, _)| *other == path).unwrap();
    assert!(text.contains(from), "`{path}` does not contain `{from}`");
    text.replacen(from, to, 1)
}

/// Prints findings as people see them.
pub(crate) fn show(sources: &Sources, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        writeln!(
            out,
            "{}[{}]: {}",
            finding.severity, finding.code, finding.message
        )
        .unwrap();
        if let Some(span) = finding.primary {
            let location = sources.location(span).unwrap();
            let file = sources.file(span.file).unwrap();
            let line = file.line_text(location.line).unwrap_or_default();
            let width = sources.snippet(span).unwrap_or_default().chars().count();
            writeln!(out, "  {location}").unwrap();
            writeln!(out, "  | {line}").unwrap();
            let (indent, mark) = (location.column as usize - 1, width.max(1));
            writeln!(out, "  | {}{}", " ".repeat(indent), "^".repeat(mark)).unwrap();
        }
        for evidence in &finding.evidence {
            let at = evidence.span.and_then(|span| sources.location(span));
            let at = at.map(|at| at.to_string()).unwrap_or_default();
            writeln!(out, "  because: {} {at}", evidence.text).unwrap();
        }
        if let Some(owner) = &finding.owner {
            writeln!(out, "  owner: {owner}").unwrap();
        }
        if let Some(hint) = &finding.hint {
            writeln!(out, "  hint: {hint}").unwrap();
        }
    }
    out
}
