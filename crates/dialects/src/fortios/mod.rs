//! Fortinet FortiOS: the text that `show` and backups give.
//!
//! Read from the FortiOS administration guide and CLI reference (6.2 to 7.6);
//! where behaviour changed between versions, the version that backups carry in
//! their first line decides, and without one what depends on it is unknown.
//!
//! A packet meets, in this order (administration guide, "Parallel path
//! processing: packet flow ingress and egress"): the reverse-path check, the
//! virtual IPs that rewrite its destination, policy routes, SD-WAN rules, the
//! forwarding table, the policies (with the interface it is to leave by and
//! the rewritten destination), and last the rewriting of its source.
//!
//! Each virtual domain becomes a device of its own.

mod coverage;
mod harmless;
mod meaning;
mod reading;
mod syntax;
mod version;

use findings::{FileId, SourceFile, Span};
use networks::model::Reading;

/// Reads a configuration. Never fails: what is not understood is in the result.
///
/// The time is linear in the text but for what references expand to, which is
/// bounded.
pub fn read(file: FileId, source: &SourceFile) -> Reading {
    let tree = syntax::parse(file, source);
    let whole = Span::of_line(file, source, 1).unwrap_or(Span {
        file,
        start: 0,
        end: 0,
    });
    let database = reading::build(&tree, whole);
    let version = tree
        .comments
        .iter()
        .find_map(|(_, text)| version::Version::of_header(text));
    let meaning = meaning::mean(file, source.path(), &database, version);
    let coverage = coverage::of(source, &tree, &database);
    let mut findings = database.findings;
    findings.extend(meaning.findings);
    Reading {
        devices: meaning.devices,
        coverage,
        findings,
    }
}
