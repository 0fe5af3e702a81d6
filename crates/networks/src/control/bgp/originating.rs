//! What a speaker announces of its own: networks and redistribution.

use super::super::doubt::Doubt;
use super::super::policy::{NextHopSet, Policies, Subject, is_from};
use super::super::table::{Candidate, Entry, Offer, Table};
use super::AsPath;
use super::paths::{Attributes, From, Path, WEIGHT_LOCAL};
use super::sessions::Speaker;
use crate::model::{Aggregate, Device, NextHop, Redistribution, RoutePolicyId};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use rustc_hash::FxHashMap;
use std::net::IpAddr;
use std::rc::Rc;

/// Origin codes (RFC 4271 section 4.3).
const ORIGIN_IGP: u8 = 0;
const ORIGIN_INCOMPLETE: u8 = 2;

/// A speaker with what originating asks.
pub(super) struct Originator<'a> {
    pub(super) speaker: &'a Speaker<'a>,
    pub(super) device: &'a Device,
    pub(super) table: &'a Table,
    pub(super) policies: Policies<'a>,
}

impl Originator<'_> {
    /// Returns the speaker's own paths, by prefix.
    pub(super) fn paths(&self) -> FxHashMap<IpNet, Vec<Path>> {
        let mut paths: FxHashMap<IpNet, Vec<Path>> = FxHashMap::default();
        let settings = self.speaker.settings;
        for network in &settings.networks {
            let held = self.network(network.prefix.trunc());
            let path = match (held, network.unconditional) {
                (Some((candidate, doubt)), _) => self.own(
                    candidate,
                    &doubt,
                    network.policy,
                    From::Network,
                    network.origin,
                ),
                (None, true) => self.unconditional(network.prefix, network.policy, network.origin),
                (None, false) => None,
            };
            if let Some(path) = path {
                paths.entry(network.prefix.trunc()).or_default().push(path);
            }
        }
        for redistribution in &settings.redistributions {
            for (prefix, entry) in self.table.iter() {
                if let Some((prefix, path)) = self.redistributed(redistribution, prefix, entry) {
                    let held = paths.entry(prefix).or_default();
                    if !held.iter().any(|held| held.from == From::Redistribution) {
                        held.push(path);
                    }
                }
            }
        }
        paths
    }

    /// The route that a `network` statement asks for: not BGP's own.
    fn network(&self, prefix: IpNet) -> Option<(&Candidate, Doubt)> {
        let exact = self.table.get(prefix).map(|entry| (prefix, entry));
        let found = exact.or_else(|| {
            let cut = self.speaker.settings.auto_summary && classful(prefix) == Some(prefix);
            cut.then(|| {
                self.table
                    .iter()
                    .filter(|(own, _)| prefix.contains(own))
                    .min_by_key(|(own, _)| *own)
            })?
        });
        let (_, entry) = found?;
        let candidate = entry
            .routes
            .iter()
            .find(|candidate| candidate.offer != Offer::Bgp)?;
        Some((candidate, entry.doubt.clone()))
    }

    fn redistributed(
        &self,
        redistribution: &Redistribution,
        prefix: IpNet,
        entry: &Entry,
    ) -> Option<(IpNet, Path)> {
        let settings = self.speaker.settings;
        if prefix.prefix_len() == 0 && !settings.default_information_originate {
            return None;
        }
        let candidate = entry.routes.iter().find(|candidate| {
            candidate.offer != Offer::Bgp
                && is_from(&self.subject(candidate), &redistribution.source)
        })?;
        let mut subject = self.subject(candidate);
        let given = redistribution.metric.or(redistribution.metric_default);
        let outcome = self.policies.apply(redistribution.policy, &mut subject);
        if !outcome.passes {
            return None;
        }
        if let Some(given) = given.filter(|_| !subject.metric_was_set) {
            subject.metric = Some(given);
        }
        if subject.bgp_origin == ORIGIN_IGP {
            subject.bgp_origin = ORIGIN_INCOMPLETE;
        }
        let mut doubt = outcome.doubt.clone();
        doubt.add(&entry.doubt);
        let path = self.path(
            subject,
            From::Redistribution,
            doubt,
            outcome.doubt.exists(),
            redistribution.origin,
        );
        let prefix = if settings.auto_summary {
            classful(prefix).unwrap_or(prefix)
        } else {
            prefix
        };
        Some((prefix, path))
    }

    fn own(
        &self,
        candidate: &Candidate,
        doubt: &Doubt,
        policy: Option<RoutePolicyId>,
        from: From,
        line: Span,
    ) -> Option<Path> {
        let mut subject = self.subject(candidate);
        let outcome = self.policies.apply(policy, &mut subject);
        if !outcome.passes {
            return None;
        }
        let mut all = outcome.doubt.clone();
        all.add(doubt);
        Some(self.path(subject, from, all, outcome.doubt.exists(), line))
    }

    fn unconditional(
        &self,
        prefix: IpNet,
        policy: Option<RoutePolicyId>,
        line: Span,
    ) -> Option<Path> {
        let mut subject = Subject::new(prefix.trunc(), crate::forwarding::RouteProtocol::BgpLocal);
        let outcome = self.policies.apply(policy, &mut subject);
        let vague = outcome.doubt.exists();
        outcome
            .passes
            .then(|| self.path(subject, From::Network, outcome.doubt, vague, line))
    }

    fn subject(&self, candidate: &Candidate) -> Subject {
        let mut subject = Subject::new(candidate.route.prefix, candidate.route.protocol);
        subject.metric = Some(candidate.route.metric);
        subject.tag = candidate.route.tag;
        subject.next_hop = gateway(candidate.route.next_hop);
        if let NextHop::Interface(interface) | NextHop::InterfaceAddress(interface, _) =
            candidate.route.next_hop
        {
            subject.interface = Some(interface);
        }
        if let Offer::Ospf(index) = candidate.offer {
            subject.process = self
                .device
                .vrf(self.speaker.vrf)
                .and_then(|vrf| vrf.ospf.get(index))
                .map(|process| process.name.clone());
        }
        subject
    }

    fn path(&self, subject: Subject, from: From, doubt: Doubt, vague: bool, line: Span) -> Path {
        let next_hop = match subject.next_hop_set {
            NextHopSet::To(address) => Some(address),
            NextHopSet::Own => None,
            NextHopSet::Kept | NextHopSet::Peer => subject.next_hop,
        };
        Path {
            attributes: Rc::new(Attributes {
                as_path: subject.as_path,
                next_hop,
                origin: subject.bgp_origin,
                med: subject.metric,
                local_preference: subject.local_preference,
                communities: subject.communities,
                originator: None,
                clusters: Vec::new(),
                doubt,
                vague,
                line: Some(line),
            }),
            weight: subject.weight.unwrap_or(WEIGHT_LOCAL),
            from,
            id: 0,
            distance: None,
        }
    }

    /// Returns the path of an aggregate, where something is under it.
    pub(super) fn aggregate<'p>(
        &self,
        aggregate: &Aggregate,
        under: impl Iterator<Item = (IpNet, &'p Path)>,
    ) -> Option<Path> {
        let mut systems = Vec::new();
        let mut communities = Vec::new();
        let mut origin = ORIGIN_IGP;
        let mut doubt = Doubt::NONE;
        let mut certain = false;
        let mut any = false;
        for (prefix, path) in under {
            let mut reason = path.attributes.doubt.clone();
            if aggregate.advertise.is_some() {
                let mut subject = path_subject(prefix, path);
                let outcome = self.policies.apply(aggregate.advertise, &mut subject);
                if !outcome.passes {
                    continue;
                }
                reason.add(&outcome.doubt);
            }
            any = true;
            certain |= !reason.exists();
            doubt.add(&reason);
            origin = origin.max(path.attributes.origin);
            systems.extend(path.attributes.as_path.systems());
            communities.extend(path.attributes.communities.iter().copied());
        }
        if !any {
            return None;
        }
        if certain && !aggregate.as_set {
            doubt = Doubt::NONE;
        }
        let mut subject = Subject::new(
            aggregate.prefix.trunc(),
            crate::forwarding::RouteProtocol::BgpLocal,
        );
        if aggregate.as_set {
            subject.as_path = AsPath::of_set(systems);
            communities.sort_unstable();
            communities.dedup();
            subject.communities = communities;
            subject.bgp_origin = origin;
        }
        let outcome = self.policies.apply(aggregate.attributes, &mut subject);
        doubt.add(&outcome.doubt);
        let vague = aggregate.as_set && doubt.exists() || outcome.doubt.exists();
        Some(self.path(subject, From::Aggregate, doubt, vague, aggregate.origin))
    }

    /// Tells whether an aggregate keeps a prefix under it from being announced.
    pub(super) fn suppresses(&self, aggregate: &Aggregate, prefix: IpNet, path: &Path) -> bool {
        if aggregate.summary_only {
            return true;
        }
        aggregate.suppress.is_some() && {
            let mut subject = path_subject(prefix, path);
            self.policies.apply(aggregate.suppress, &mut subject).passes
        }
    }

    /// The default route that a neighbour is told of (`default-originate`), by
    /// a policy that some route of the table must pass.
    pub(super) fn default_for(&self, policy: Option<RoutePolicyId>, line: Span) -> Option<Path> {
        let prefix = IpNet::V4(Ipv4Net::default());
        let mut subject = Subject::new(prefix, crate::forwarding::RouteProtocol::BgpLocal);
        let mut doubt = Doubt::NONE;
        if policy.is_some() {
            let mut maybe = None;
            let passed = self.table.iter().find_map(|(_, entry)| {
                let mut subject = self.subject(entry.routes.first()?);
                let mut outcome = self.policies.apply(policy, &mut subject);
                outcome.doubt.add(&entry.doubt);
                if outcome.passes && outcome.doubt.exists() {
                    maybe = Some((subject, outcome.doubt));
                    return None;
                }
                outcome.passes.then_some((subject, outcome.doubt))
            });
            let (condition, reason) = passed.or(maybe)?;
            doubt = reason;
            subject.communities = condition.communities;
            if condition.metric_was_set {
                subject.metric = condition.metric;
            }
        }
        let vague = doubt.exists();
        Some(self.path(subject, From::Network, doubt, vague, line))
    }
}

fn path_subject(prefix: IpNet, path: &Path) -> Subject {
    Subject {
        next_hop: path.attributes.next_hop,
        as_path: path.attributes.as_path.clone(),
        communities: path.attributes.communities.clone(),
        metric: path.attributes.med,
        local_preference: path.attributes.local_preference,
        bgp_origin: path.attributes.origin,
        ..Subject::new(prefix, crate::forwarding::RouteProtocol::BgpExternal)
    }
}

fn gateway(next_hop: NextHop) -> Option<IpAddr> {
    match next_hop {
        NextHop::Address(address) | NextHop::InterfaceAddress(_, address) => Some(address),
        NextHop::Interface(_) | NextHop::Discard | NextHop::Vrf(_) | NextHop::VrfAddress(..) => {
            None
        }
    }
}

/// Cuts a prefix to its class (A, B or C); `None` for others.
fn classful(prefix: IpNet) -> Option<IpNet> {
    let IpNet::V4(net) = prefix else { return None };
    let length = match net.addr().octets()[0] {
        0..128 => 8,
        128..192 => 16,
        192..224 => 24,
        _ => return None,
    };
    (net.prefix_len() >= length)
        .then(|| Ipv4Net::new(net.addr(), length).ok())
        .flatten()
        .map(|net| IpNet::V4(net.trunc()))
}
