//! Addresses: allocations, segments and services.

use super::{Check, codes};
use crate::Spanned;
use crate::model::SegmentInfo;
use crate::names::NetworkName;
use crate::values::Prefix;
use findings::{Finding, Severity, Span};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

pub(super) fn check(check: &mut Check<'_>) {
    check.allocations();
    check.inside_allocations();
    check.overlapping_segments();
    check.private_crossings();
}

/// Prefixes with what they belong to, for finding those that overlap.
struct Claim<'a> {
    prefix: Prefix,
    span: Span,
    network: &'a NetworkName,
    /// What claims it: a network or a segment, in words.
    what: String,
}

/// Returns every pair of claims that overlap.
///
/// Claims are sorted by first address, shorter prefixes first; those still
/// open form a chain of prefixes each within the one before, as prefixes
/// overlap only by containment.
fn overlaps<'c, 'a>(claims: &'c mut [Claim<'a>]) -> Vec<(&'c Claim<'a>, &'c Claim<'a>)> {
    /// More pairs than anybody reads; a file of equal prefixes would make their square.
    const PAIRS_MAX: usize = 1000;
    claims.sort_by_key(|claim| (claim.prefix.net(), claim.span));
    let mut open: Vec<&Claim<'_>> = Vec::new();
    let mut pairs = Vec::new();
    for claim in &*claims {
        while open
            .last()
            .is_some_and(|last| !last.prefix.contains(claim.prefix))
        {
            open.pop();
        }
        for &outer in open.iter().take(PAIRS_MAX.saturating_sub(pairs.len())) {
            pairs.push((outer, claim));
        }
        open.push(claim);
    }
    pairs
}

impl Check<'_> {
    /// No address is allocated to two networks.
    fn allocations(&mut self) {
        let networks = self.region.networks.values();
        let mut claims: Vec<_> = networks
            .flat_map(|network| {
                network.about.allocated.iter().map(|prefix| Claim {
                    prefix: prefix.value,
                    span: prefix.span,
                    network: &network.name,
                    what: format!("`{}`", network.name),
                })
            })
            .collect();
        for (a, b) in overlaps(&mut claims) {
            if a.network == b.network {
                continue;
            }
            let message = format!(
                "{} of `{}` and {} of `{}` are allocated twice",
                a.prefix, a.network, b.prefix, b.network
            );
            let finding = Finding::new(codes::ALLOCATION_OVERLAP, Severity::Error, message)
                .at(b.span)
                .because(format!("allocated to {} here", a.what), Some(a.span))
                .owned_by(self.region.owner_or_network(b.network))
                .with_hint("agree which network keeps the addresses; the other translates");
            self.findings.push(finding);
        }
    }

    /// What other networks see of a segment or service is allocated to its network.
    fn inside_allocations(&mut self) {
        let region = self.region;
        let mut outside = Vec::new();
        let allocated: BTreeMap<&NetworkName, BTreeSet<IpNet>> = region
            .networks
            .values()
            .map(|network| {
                let prefixes = network.about.allocated.iter().map(|prefix| prefix.net());
                (&network.name, prefixes.collect())
            })
            .collect();
        let mut look = |network: &NetworkName, what: String, seen: &[Spanned<Prefix>]| {
            let Some(allocated) = allocated.get(network).filter(|all| !all.is_empty()) else {
                return;
            };
            for prefix in seen {
                if !is_under(allocated, prefix.net()) {
                    outside.push((network.clone(), what.clone(), prefix.clone()));
                }
            }
        };
        for (name, at) in region.segments() {
            let seen = foreign(&at.segment.prefixes, &at.segment.seen_as);
            look(at.network, format!("the segment `{name}`"), seen);
        }
        for info in region.services() {
            let seen = foreign(&info.service.addresses, &info.service.seen_as);
            look(
                info.network,
                format!("the service `{}`", info.reference),
                seen,
            );
        }
        for (network, what, prefix) in outside {
            let message = format!(
                "{what} has {}, which is outside the allocation of `{network}`",
                prefix.value
            );
            let finding = Finding::new(codes::OUTSIDE_ALLOCATION, Severity::Warning, message)
                .at(prefix.span)
                .owned_by(region.owner_or_network(&network))
                .with_hint("renumber it, translate it (`seen-as`), or extend `allocated`");
            self.findings.push(finding);
        }
    }

    /// No two segments of one network share addresses, nor two that see each other.
    fn overlapping_segments(&mut self) {
        let region = self.region;
        let claims = |choose: fn(SegmentInfo<'_>) -> &[Spanned<Prefix>]| -> Vec<Claim<'_>> {
            let segments = region.segments();
            segments
                .flat_map(|(name, at)| {
                    choose(at).iter().map(move |prefix| Claim {
                        prefix: prefix.value,
                        span: prefix.span,
                        network: at.network,
                        what: format!("`{name}`"),
                    })
                })
                .collect()
        };
        let mut own = claims(|at| &at.segment.prefixes);
        let mut seen = claims(|at| foreign(&at.segment.prefixes, &at.segment.seen_as));
        let within = overlaps(&mut own);
        let within = within.into_iter().filter(|(a, b)| a.network == b.network);
        let between = overlaps(&mut seen);
        let between = between.into_iter().filter(|(a, b)| a.network != b.network);
        for (a, b) in within.chain(between).filter(|(a, b)| a.what != b.what) {
            let message = format!(
                "the segments {} ({}) and {} ({}) overlap",
                a.what, a.prefix, b.what, b.prefix
            );
            let finding = Finding::new(codes::SEGMENT_OVERLAP, Severity::Error, message)
                .at(b.span)
                .because("the other segment", Some(a.span))
                .owned_by(region.owner_or_network(b.network))
                .with_hint("renumber one of them, or translate it where others see it (`seen-as`)");
            self.findings.push(finding);
        }
    }

    /// Addresses of 192.168.0.0/16 are not routed between networks.
    fn private_crossings(&mut self) {
        let region = self.region;
        let mut crossings = Vec::new();
        for key in region.journeys(self.today).into_keys() {
            let (Some(at), Some(info)) =
                (region.segment(&key.segment), region.service(&key.service))
            else {
                continue;
            };
            if at.network == info.network {
                continue;
            }
            let ends = [
                (at.network, at.prefixes_seen_from(info.network)),
                (info.network, info.addresses_seen_from(at.network)),
            ];
            for (network, prefixes) in ends {
                let private = prefixes.iter().filter(|prefix| is_home(prefix.value));
                crossings.extend(private.map(|prefix| (prefix.clone(), network.clone())));
            }
        }
        crossings.sort_by_key(|(prefix, _)| prefix.span);
        crossings.dedup();
        for (prefix, network) in crossings {
            let message = format!(
                "agreements ask for journeys between networks with {} of `{network}`",
                prefix.value
            );
            let finding = Finding::new(codes::PRIVATE_CROSSING, Severity::Warning, message)
                .at(prefix.span)
                .owned_by(region.owner_or_network(&network))
                .with_hint(
                    "192.168.0.0/16 is not routed between networks: translate it (`seen-as`)",
                );
            self.findings.push(finding);
        }
    }
}

/// Tells whether one of the prefixes contains another.
fn is_under(prefixes: &BTreeSet<IpNet>, net: IpNet) -> bool {
    let above = std::iter::successors(Some(net), IpNet::supernet);
    above.into_iter().any(|net| prefixes.contains(&net))
}

/// Returns what other networks see: the translated addresses, else the own.
fn foreign<'a>(
    own: &'a [Spanned<Prefix>],
    seen_as: &'a [Spanned<Prefix>],
) -> &'a [Spanned<Prefix>] {
    if seen_as.is_empty() { own } else { seen_as }
}

/// Tells whether a prefix has addresses in 192.168.0.0/16 (RFC 1918) only.
fn is_home(prefix: Prefix) -> bool {
    match prefix.net() {
        IpNet::V4(net) => {
            let [first, second, ..] = Ipv4Addr::octets(&net.addr());
            net.prefix_len() >= 16 && (first, second) == (192, 168)
        }
        IpNet::V6(_) => false,
    }
}
