//! BGP version 4 (RFC 4271), with reflection (RFC 4456), confederations
//! (RFC 5065) and several paths a prefix (RFC 7911).
//!
//! Speakers pass paths to each other until nobody has anything new to say; a
//! prefix that never falls silent is cut off and reported. What is chosen may
//! depend on who speaks first, so the whole is run a second time in another
//! order and compared.
//!
//! - [`sessions`]: which neighbours find each other.
//! - [`originating`]: what a speaker announces of its own.
//! - [`selection`]: the choice between paths.
//! - [`announcing`], [`receiving`]: what paths become on the way.
//! - [`exchange`]: the passing itself.

mod announcing;
mod exchange;
mod originating;
mod path;
mod paths;
mod receiving;
mod selection;
mod sessions;

pub(super) use path::AsPath;

use super::codes::{BGP_SESSION_DOWN, ROUTING_AMBIGUOUS, ROUTING_UNSTABLE};
use super::doubt::Doubt;
use super::policy::{Expressions, Policies, Subject};
use super::table::{Candidate, Offer, Table};
use super::wild::Channel;
use crate::forwarding::{Route, RouteProtocol};
use crate::model::{DeviceId, Network, NextHop, RoutePolicyId, VrfId};
use exchange::{Exchange, Order};
use findings::{Finding, Severity};
use ipnet::IpNet;
use paths::{From, Path};
use rustc_hash::FxHashSet;
use sessions::{Relation, Session, Speakers};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The BGP of a whole network.
pub(super) struct Bgp<'a> {
    speakers: Speakers<'a>,
    state: Exchange<'a>,
    /// Sessions that ended because they carried too much.
    overflowed: FxHashSet<(usize, usize, IpAddr, IpAddr)>,
    findings: Vec<Finding>,
}

impl<'a> Bgp<'a> {
    /// Collects the speakers; nothing is exchanged yet.
    pub(super) fn new(network: &'a Network) -> Self {
        Self {
            speakers: Speakers::new(network),
            state: Exchange::default(),
            overflowed: FxHashSet::default(),
            findings: Vec::new(),
        }
    }

    /// Tells whether there is any BGP.
    pub(super) fn is_idle(&self) -> bool {
        self.speakers.all.is_empty()
    }

    /// Exchanges paths until silence, by the tables as they stand.
    pub(super) fn settle(&mut self, tables: &[Vec<Table>], expressions: &Expressions) {
        // Each pass takes at least one session down, so this ends.
        for _ in 0..=self.state.sessions.len() {
            let (sessions, findings) = self.speakers.sessions(tables);
            let sessions = self.without_overflowed(&sessions);
            self.findings = findings;
            self.state.take_sessions(&self.speakers, sessions);
            self.state
                .run(&self.speakers, tables, expressions, Order::FirstCome);
            if !self.end_overflowing() {
                break;
            }
        }
    }

    fn without_overflowed(&self, sessions: &[Session<'a>]) -> Vec<Session<'a>> {
        let mut kept: Vec<Session<'a>> = Vec::new();
        for pair in sessions.chunks(2) {
            if pair.iter().any(|end| self.overflowed.contains(&end.key())) {
                continue;
            }
            let first = kept.len();
            for (at, end) in pair.iter().enumerate() {
                kept.push(Session {
                    mirror: first + 1 - at,
                    ..end.clone()
                });
            }
        }
        kept
    }

    /// Takes down sessions that carried more prefixes than they may.
    fn end_overflowing(&mut self) -> bool {
        let before = self.overflowed.len();
        for (at, session) in self.state.sessions.iter().enumerate() {
            let exchanges = [&session.neighbor.ipv4, &session.neighbor.ipv6];
            let limits = exchanges.into_iter().flatten();
            let Some(limit) = limits.filter_map(|exchange| exchange.prefix_limit).min() else {
                continue;
            };
            if self.state.learned_from(session.owner, at) > limit as usize {
                self.overflowed.insert(session.key());
            }
        }
        self.overflowed.len() > before
    }

    /// Returns what BGP offers to each VRF: by device, then VRF.
    pub(super) fn offers(&self, expressions: &Expressions) -> Vec<(usize, usize, Candidate)> {
        let mut offers = Vec::new();
        for (at, speaker) in self.speakers.all.iter().enumerate() {
            let Some(device) = self.speakers.network.device(speaker.device) else {
                continue;
            };
            let policies = Policies::new(device, expressions);
            for (prefix, choice) in self.state.choices(at) {
                let best_is_own = choice.used.first().is_some_and(Path::is_local);
                for path in &choice.used {
                    if best_is_own && path.from != From::Aggregate {
                        continue;
                    }
                    let candidate = self.candidate(at, prefix, path, &choice.doubt);
                    let candidate = candidate.and_then(|candidate| {
                        mapped(speaker.settings.table_policy, policies, candidate)
                    });
                    if let Some(candidate) = candidate {
                        offers.push((speaker.device.index(), speaker.vrf.index(), candidate));
                    }
                }
            }
        }
        offers
    }

    fn candidate(
        &self,
        speaker: usize,
        prefix: IpNet,
        path: &Path,
        doubt: &Doubt,
    ) -> Option<Candidate> {
        let settings = self.speakers.all.get(speaker)?.settings;
        let (protocol, distance, next_hop) = match path.from {
            From::Session(session) => {
                let next_hop = NextHop::Address(path.attributes.next_hop?);
                match self.state.sessions.get(session)?.relation {
                    Relation::External => (
                        RouteProtocol::BgpExternal,
                        settings.distance_external,
                        next_hop,
                    ),
                    Relation::Internal | Relation::Confederation => (
                        RouteProtocol::BgpInternal,
                        settings.distance_internal,
                        next_hop,
                    ),
                }
            }
            From::Aggregate => (
                RouteProtocol::BgpLocal,
                settings.distance_local,
                NextHop::Discard,
            ),
            From::Network | From::Redistribution => return None,
        };
        Some(Candidate {
            route: Route {
                prefix,
                protocol,
                next_hop,
                distance: path.distance.unwrap_or(distance),
                metric: path.attributes.med.unwrap_or(0),
                tag: path.attributes.as_path.first().unwrap_or(0),
                origin: path.attributes.line,
            },
            offer: Offer::Bgp,
            doubt: doubt.clone(),
        })
    }

    /// Returns the ways by which a speaker's routes get to its neighbours.
    pub(super) fn passages(&self, device: DeviceId, vrf: VrfId) -> Vec<Passage<'_>> {
        let mut passages = Vec::new();
        for session in &self.state.sessions {
            let (Some(own), Some(peer)) = (
                self.speakers.all.get(session.owner),
                self.speakers.all.get(session.peer),
            ) else {
                continue;
            };
            let mirror = self.state.sessions.get(session.mirror);
            let Some(mirror) = mirror.filter(|_| (own.device, own.vrf) == (device, vrf)) else {
                continue;
            };
            let families = [
                (true, &session.neighbor.ipv4, &mirror.neighbor.ipv4),
                (false, &session.neighbor.ipv6, &mirror.neighbor.ipv6),
            ];
            let (channel, distance) = match session.relation {
                Relation::External => (Channel::BgpExternal, peer.settings.distance_external),
                Relation::Internal | Relation::Confederation => {
                    (Channel::BgpInternal, peer.settings.distance_internal)
                }
            };
            let has_clients = own.settings.neighbors.iter().any(|neighbor| {
                let families = [&neighbor.ipv4, &neighbor.ipv6];
                families
                    .into_iter()
                    .flatten()
                    .any(|exchange| exchange.route_reflector_client)
            });
            passages.push(Passage {
                to: (peer.device, peer.vrf),
                channel,
                distance,
                reflects: has_clients || session.relation == Relation::Confederation,
                policies: families
                    .into_iter()
                    .filter_map(|(family, own, theirs)| {
                        let (own, theirs) = (own.as_ref()?, theirs.as_ref()?);
                        Some((
                            family,
                            own.policies_out.as_slice(),
                            theirs.policies_in.as_slice(),
                        ))
                    })
                    .collect(),
            });
        }
        passages
    }

    /// Runs again in another order and compares; returns what differs or never
    /// fell silent, with the reason, and adds findings.
    pub(super) fn unsettled(
        &self,
        tables: &[Vec<Table>],
        expressions: &Expressions,
    ) -> Vec<(usize, usize, IpNet, Doubt)> {
        let mut other = Exchange::default();
        other.take_sessions(&self.speakers, self.state.sessions.clone());
        other.run(&self.speakers, tables, expressions, Order::LastCome);
        let mut spots = Vec::new();
        for (at, speaker) in self.speakers.all.iter().enumerate() {
            let mut add = |prefix, reason: &str| {
                spots.push((
                    speaker.device.index(),
                    speaker.vrf.index(),
                    prefix,
                    Doubt::of(speaker.settings.origin, reason),
                ));
            };
            for prefix in self.state.differing(&other, at) {
                add(
                    prefix,
                    "routing has several fixed points, and which one is reached is not configured",
                );
            }
            for prefix in self.state.noisy.iter().chain(&other.noisy) {
                if self.state.holds(at, *prefix) {
                    add(*prefix, "routing comes to no fixed point");
                }
            }
        }
        spots
    }

    /// Returns what was wrong: sessions that are down, prefixes that do not settle.
    pub(super) fn findings(&self, unsettled: &[(usize, usize, IpNet, Doubt)]) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        for session in &self.state.sessions {
            if self.overflowed.contains(&session.key()) {
                findings.push(
                    Finding::new(
                        BGP_SESSION_DOWN,
                        Severity::Error,
                        format!(
                            "the session with {} carries more prefixes than it may",
                            session.peer_address
                        ),
                    )
                    .at(session.neighbor.origin),
                );
            }
        }
        let mut by_prefix: BTreeMap<IpNet, Vec<usize>> = BTreeMap::new();
        for (device, _, prefix, _) in unsettled {
            by_prefix.entry(*prefix).or_default().push(*device);
        }
        for (prefix, devices) in by_prefix {
            let noisy = self.state.noisy.contains(&prefix);
            let (code, what) = if noisy {
                (ROUTING_UNSTABLE, "comes to no fixed point")
            } else {
                (ROUTING_AMBIGUOUS, "has several fixed points")
            };
            let mut finding = Finding::new(
                code,
                Severity::Error,
                format!("BGP routing to {prefix} {what}"),
            );
            for device in devices {
                let device = self.speakers.network.devices.get(device);
                let origin = device.and_then(|device| {
                    device
                        .vrfs
                        .iter()
                        .find_map(|vrf| vrf.bgp.as_ref())
                        .map(|process| process.origin)
                });
                let name = device.map_or("?", |device| device.name.as_str());
                finding = finding.because(format!("it is not settled at `{name}`"), origin);
                finding.primary = finding.primary.or(origin);
            }
            findings.push(finding);
        }
        findings
    }
}

/// A way for routes from a speaker to a neighbour.
pub(super) struct Passage<'a> {
    /// Where to.
    pub(super) to: (DeviceId, VrfId),
    /// As what they arrive.
    pub(super) channel: Channel,
    /// The distance they have there.
    pub(super) distance: u8,
    /// Whether internal routes may be passed on.
    pub(super) reflects: bool,
    /// For each family exchanged (true: IPv4), the policies out and in.
    pub(super) policies: Vec<(bool, &'a [RoutePolicyId], &'a [RoutePolicyId])>,
}

/// Applies the policy between BGP and the routing table.
fn mapped(
    policy: Option<RoutePolicyId>,
    policies: Policies<'_>,
    mut candidate: Candidate,
) -> Option<Candidate> {
    if policy.is_none() {
        return Some(candidate);
    }
    let mut subject = Subject::new(candidate.route.prefix, candidate.route.protocol);
    subject.metric = Some(candidate.route.metric);
    subject.tag = candidate.route.tag;
    let outcome = policies.apply(policy, &mut subject);
    candidate.doubt.add(&outcome.doubt);
    candidate.route.metric = subject.metric.unwrap_or(0);
    candidate.route.tag = subject.tag;
    outcome.passes.then_some(candidate)
}
