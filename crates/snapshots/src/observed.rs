//! Observed tables: which format a file is in, and what it comes to.

use crate::snapshot::{Snapshot, codes};
use findings::{Finding, Severity, Span};
use networks::forwarding::Routing;
use networks::observed::{Given, ObservedTable, cef, fortios, frr, ios, linux, replace};
use std::collections::BTreeSet;

/// How many lines are looked at to tell a format.
const LINES_LOOKED_AT_MAX: usize = 100;

/// Reads a file of observed tables; `None` where nothing tells its format.
pub(crate) fn read(text: &str) -> Option<Vec<ObservedTable>> {
    if text.trim_start().starts_with('{') {
        return frr::read(text).ok();
    }
    let lines = || text.lines().take(LINES_LOOKED_AT_MAX);
    if lines().any(|line| line.starts_with("Routing table for VRF=")) {
        return Some(fortios::read(text));
    }
    if lines().any(|line| line.starts_with("Prefix ") && line.contains("Next Hop")) {
        return Some(vec![cef::read(text)]);
    }
    let is_ios = |line: &str| {
        ["Codes:", "Gateway of last resort", "Routing Table:"]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    if lines().any(is_ios) {
        return Some(ios::read(text));
    }
    let is_linux = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let destination = words.next().is_some_and(|word| {
            word == "default"
                || word.parse::<ipnet::IpNet>().is_ok()
                || word.parse::<std::net::IpAddr>().is_ok()
        });
        destination
            && words
                .next()
                .is_some_and(|word| matches!(word, "via" | "dev" | "proto"))
    };
    let linux = lines().any(is_linux);
    linux.then(|| vec![linux::read(text)])
}

/// Notes tables that cannot be used: of no device, of no known format, or the
/// second of one VRF.
pub(crate) fn judge(snapshot: &mut Snapshot) {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for observed in &mut snapshot.observed {
        let path = snapshot
            .sources
            .file(observed.file)
            .map_or("", |source| source.path());
        let mut unusable = |message: String, hint: &str| {
            let start = Span {
                file: observed.file,
                start: 0,
                end: 0,
            };
            let finding = Finding::new(codes::OBSERVED_UNUSED, Severity::Warning, message);
            findings.push(finding.at(start).with_hint(hint));
        };
        let Some(device) = observed.device else {
            let message = format!("`{path}` is of no device");
            unusable(message, "begin its name with the name of the device");
            continue;
        };
        if observed.tables.is_empty() {
            let message = format!("`{path}` is in no format of routing tables that is read");
            unusable(
                message,
                "read are: show ip route, show ip cef, get router info routing-table all, ip route, FRR's JSON",
            );
        }
        observed.tables.retain(|table| {
            let first = seen.insert((device, table.vrf.clone()));
            if !first {
                let message = format!("`{path}` has a second table of one VRF of the device");
                unusable(message, "keep the one that is right");
            }
            first
        });
    }
    snapshot.findings.append(&mut findings);
}

impl Snapshot {
    /// Puts the observed tables in the place of computed ones; what differs is
    /// added to the routing's findings.
    pub fn replace_observed(&self, routing: &mut Routing) {
        for observed in &self.observed {
            let Some(device) = observed.device else {
                continue;
            };
            let source = self.sources.file(observed.file);
            for table in &observed.tables {
                let given = Given {
                    device,
                    table,
                    file: source.map(|source| (observed.file, source)),
                };
                replace(&self.network, routing, given);
            }
        }
    }
}
