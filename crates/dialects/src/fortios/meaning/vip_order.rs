//! Virtual IPs that overlap, where their order is not known.

use super::vips::Parsed;
use super::{all, unknown_action};
use findings::Span;
use networks::model::{Condition, Rule};
use packets::{AddressMatch, AddressSet};
use std::net::IpAddr;

/// How many pairs of overlapping virtual IPs are told apart where their order
/// is not known; with more, all that overlap are unknown together.
const OVERLAPS_MAX: usize = 2_000;

/// Settings of a virtual IP that say nothing about which packets it rewrites.
pub(super) const HARMLESS: &[&str] = &[
    "uuid",
    "id",
    "comment",
    "color",
    "gratuitous-arp-interval",
    "dns-mapping-ttl",
    "http-ip-header",
    "http-ip-header-name",
    "outlook-web-access",
    "weblogic-server",
    "websphere-server",
    "max-embryonic-connections",
    "monitor",
    "persistence",
    "ldb-method",
    "one-click-gslb-server",
    "gslb-hostname",
    "gslb-domain-name",
    "add-nat46-route",
    "add-nat64-route",
    "ssl-certificate",
    "ssl-mode",
    "ssl-dh-bits",
    "ssl-algorithm",
    "ssl-min-version",
    "ssl-max-version",
    "ssl-pfs",
    "ssl-send-empty-frags",
    "ssl-http-location-conversion",
    "ssl-http-match-host",
    "ssl-hsts",
    "ssl-client-session-state-type",
    "http-redirect",
    "http-multiplex",
    "http-cookie-domain",
    "http-cookie-age",
    "http-cookie-share",
    "https-cookie-secure",
];

/// Returns rules that make unknown what two virtual IPs both match. Sorted by
/// first address, each is compared with the ones that are still open.
pub(super) fn overlapping(active: &[(usize, Parsed, Span)]) -> Vec<Rule> {
    let mut starts: Vec<(IpAddr, IpAddr, usize)> = Vec::new();
    for (at, (_, parsed, _)) in active.iter().enumerate() {
        starts.extend(
            parsed
                .external
                .iter()
                .map(|&(first, last)| (first, last, at)),
        );
    }
    starts.sort_unstable();
    let mut rules = Vec::new();
    let mut open: Vec<(IpAddr, usize)> = Vec::new();
    let mut compared = 0_usize;
    for (first, last, at) in starts {
        open.retain(|&(end, _)| end >= first);
        for &(_, other) in &open {
            compared += 1;
            let (Some((_, one, origin)), Some((_, two, _))) = (active.get(at), active.get(other))
            else {
                continue;
            };
            if at != other && may_overlap(one, two) {
                let condition = all([one.condition.clone(), two.condition.clone()]);
                let reason = "virtual IPs overlap, and which one is used depends on the version";
                rules.push(Rule {
                    condition,
                    action: unknown_action(*origin, reason),
                    origin: *origin,
                });
            }
        }
        if compared > OVERLAPS_MAX {
            let everything = active.iter().flat_map(|(_, parsed, _)| &parsed.external);
            let set = everything
                .map(|&(a, b)| AddressMatch::Range(a, b))
                .collect();
            let origin = active.first().map(|(_, _, origin)| *origin);
            return origin
                .map(|origin| Rule {
                    condition: Condition::Destination(AddressSet(set)),
                    action: unknown_action(origin, "too many virtual IPs overlap"),
                    origin,
                })
                .into_iter()
                .collect();
        }
        open.push((last, at));
    }
    rules
}

fn may_overlap(one: &Parsed, two: &Parsed) -> bool {
    let interfaces = match (&one.interfaces, &two.interfaces) {
        (Some(one), Some(two)) => one.iter().any(|id| two.contains(id)),
        _ => true,
    };
    let ((protocol, ports), (other, others)) = (&one.overlaps, &two.overlaps);
    let protocols = *protocol == 0 || *other == 0 || protocol == other;
    let meets = |range: &std::ops::RangeInclusive<u16>| {
        others
            .0
            .iter()
            .any(|other| range.start() <= other.end() && other.start() <= range.end())
    };
    interfaces && protocols && ports.0.iter().any(meets)
}
