//! Evaluating routing policies on one route.

mod lists;

pub(super) use lists::Expressions;

use super::bgp::AsPath;
use super::doubt::Doubt;
use crate::forwarding::RouteProtocol;
use crate::model::{
    Community, Device, InterfaceId, OspfMetricType, PolicyAction, PolicyTerm, RouteMatch,
    RoutePolicy, RoutePolicyId, RouteSet, RouteSource, RouteType, SetMetric,
};
use ipnet::IpNet;
use lists::Truth;
use std::net::IpAddr;

/// How often one evaluation may go on to another term; a policy that goes
/// backwards for ever is cut there.
const TERMS_VISITED_MAX: usize = 4096;

/// What a policy sees and changes of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) prefix: IpNet,
    pub(super) protocol: RouteProtocol,
    /// The OSPF process it is from, by name.
    pub(super) process: Option<String>,
    pub(super) next_hop: Option<IpAddr>,
    pub(super) interface: Option<InterfaceId>,
    /// The router it was learned from.
    pub(super) source: Option<IpAddr>,
    pub(super) as_path: AsPath,
    pub(super) communities: Vec<Community>,
    pub(super) metric: Option<u32>,
    pub(super) metric_type: Option<OspfMetricType>,
    pub(super) local_preference: Option<u32>,
    pub(super) weight: Option<u32>,
    pub(super) tag: u32,
    pub(super) bgp_origin: u8,
    pub(super) distance: Option<u8>,
    /// The IGP metric to the next hop, for `set metric-type internal`.
    pub(super) igp_metric: u32,
    /// Whether a term set the metric.
    pub(super) metric_was_set: bool,
    /// Whether a term set the next hop, and to what.
    pub(super) next_hop_set: NextHopSet,
}

/// What a policy did to the next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NextHopSet {
    /// Nothing.
    #[default]
    Kept,
    /// Set it to an address.
    To(IpAddr),
    /// Set it to the announcing router.
    Own,
    /// Set it to the neighbour.
    Peer,
}

impl Subject {
    /// Makes a subject with nothing but a prefix and a protocol.
    pub(super) fn new(prefix: IpNet, protocol: RouteProtocol) -> Self {
        Self {
            prefix,
            protocol,
            process: None,
            next_hop: None,
            interface: None,
            source: None,
            as_path: AsPath::default(),
            communities: Vec::new(),
            metric: None,
            metric_type: None,
            local_preference: None,
            weight: None,
            tag: 0,
            bgp_origin: 0,
            distance: None,
            igp_metric: 0,
            metric_was_set: false,
            next_hop_set: NextHopSet::Kept,
        }
    }
}

/// Whether a route passes, and what is not known about that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Whether it passes, or may pass.
    pub(super) passes: bool,
    /// Why it may not pass, or pass with other attributes.
    pub(super) doubt: Doubt,
}

/// The policies of one device.
#[derive(Clone, Copy)]
pub(super) struct Policies<'a> {
    device: &'a Device,
    expressions: &'a Expressions,
}

impl<'a> Policies<'a> {
    pub(super) fn new(device: &'a Device, expressions: &'a Expressions) -> Self {
        Self {
            device,
            expressions,
        }
    }

    /// Applies policies in order, all of which must permit.
    pub(super) fn apply_all(&self, policies: &[RoutePolicyId], subject: &mut Subject) -> Outcome {
        let mut doubt = Doubt::NONE;
        for &policy in policies {
            let outcome = self.apply(Some(policy), subject);
            if !outcome.passes {
                return outcome;
            }
            doubt.add(&outcome.doubt);
        }
        Outcome {
            passes: true,
            doubt,
        }
    }

    /// Applies a policy; none permits everything.
    ///
    /// Where a match cannot be told, the route passes with a doubt if it could
    /// pass either way; a certain refusal stays certain.
    pub(super) fn apply(&self, policy: Option<RoutePolicyId>, subject: &mut Subject) -> Outcome {
        let Some(policy) = policy.and_then(|id| self.device.policy(id)) else {
            return Outcome {
                passes: true,
                doubt: Doubt::NONE,
            };
        };
        self.walk(policy, subject)
    }

    fn walk(&self, policy: &RoutePolicy, subject: &mut Subject) -> Outcome {
        let mut doubt = Doubt::NONE;
        let mut could_pass: Option<Subject> = None;
        let mut decided = None;
        let mut at = 0;
        for _ in 0..TERMS_VISITED_MAX {
            let Some(term) = policy.terms.get(at) else {
                break;
            };
            at += 1;
            match self.matches(term, subject) {
                Truth::No => continue,
                Truth::Unknown(reason) => {
                    doubt.add(&reason);
                    if term.action != PolicyAction::Deny && could_pass.is_none() {
                        let mut changed = subject.clone();
                        self.set(term, &mut changed, &mut doubt);
                        could_pass = Some(changed);
                    }
                    continue;
                }
                Truth::Yes => {}
            }
            match term.action {
                PolicyAction::Deny => decided = Some(PolicyAction::Deny),
                PolicyAction::Permit => {
                    self.set(term, subject, &mut doubt);
                    decided = Some(PolicyAction::Permit);
                }
                PolicyAction::ContinueAt(sequence) => {
                    self.set(term, subject, &mut doubt);
                    // Where none follows, what was matched is permitted.
                    decided = Some(PolicyAction::Permit);
                    at = policy
                        .terms
                        .partition_point(|term| term.sequence < sequence);
                    if at < policy.terms.len() {
                        decided = None;
                        continue;
                    }
                }
            }
            break;
        }
        let permitted = decided.unwrap_or(policy.default) != PolicyAction::Deny;
        if !permitted && let Some(changed) = could_pass {
            *subject = changed;
            return Outcome {
                passes: true,
                doubt,
            };
        }
        Outcome {
            passes: permitted,
            doubt: if permitted { doubt } else { Doubt::NONE },
        }
    }

    fn matches(&self, term: &PolicyTerm, subject: &Subject) -> Truth {
        let mut all = Truth::Yes;
        for condition in &term.matches {
            match self.matches_one(term, condition, subject) {
                Truth::No => return Truth::No,
                Truth::Yes => {}
                unknown => all = unknown,
            }
        }
        all
    }

    fn matches_one(&self, term: &PolicyTerm, condition: &RouteMatch, subject: &Subject) -> Truth {
        let host = |address: Option<IpAddr>, lists: &[_]| match address {
            Some(address) => lists::prefix_any(lists, IpNet::from(address)),
            None => Truth::No,
        };
        match condition {
            RouteMatch::Prefix(prefixes) => lists::prefix_any(prefixes, subject.prefix),
            RouteMatch::NextHop(prefixes) => host(subject.next_hop, prefixes),
            RouteMatch::Source(prefixes) => host(subject.source, prefixes),
            RouteMatch::AsPath(paths) => self.expressions.as_path(paths, &subject.as_path),
            RouteMatch::Community { lists, exact } => {
                self.expressions
                    .communities(lists, *exact, &subject.communities)
            }
            RouteMatch::Metric(values) => {
                Truth::of(subject.metric.is_some_and(|own| values.contains(&own)))
            }
            RouteMatch::LocalPreference(values) => Truth::of(
                subject
                    .local_preference
                    .is_some_and(|own| values.contains(&own)),
            ),
            RouteMatch::Tag(values) => Truth::of(values.contains(&subject.tag)),
            RouteMatch::Interface(interfaces) => match subject.interface {
                Some(own) => Truth::of(interfaces.contains(&own)),
                None => Truth::Unknown(Doubt::of(
                    term.origin,
                    "the interface the route leaves by is not followed here",
                )),
            },
            RouteMatch::Type(types) => Truth::of(types.iter().any(|of| is_of_type(subject, *of))),
            RouteMatch::Protocol(sources) => {
                Truth::of(sources.iter().any(|source| is_from(subject, source)))
            }
            RouteMatch::Unknown(origin) => {
                Truth::Unknown(Doubt::of(*origin, "this match is not modelled"))
            }
        }
    }

    fn set(&self, term: &PolicyTerm, subject: &mut Subject, doubt: &mut Doubt) {
        for set in &term.sets {
            match set {
                RouteSet::Metric(how) => set_metric(subject, *how),
                RouteSet::MetricType(of) => subject.metric_type = Some(*of),
                RouteSet::LocalPreference(to) => subject.local_preference = Some(*to),
                RouteSet::Weight(to) => subject.weight = Some(*to),
                RouteSet::Tag(to) => subject.tag = *to,
                RouteSet::NextHop(to) => {
                    subject.next_hop = Some(*to);
                    subject.next_hop_set = NextHopSet::To(*to);
                }
                RouteSet::NextHopSelf => subject.next_hop_set = NextHopSet::Own,
                RouteSet::NextHopPeer => subject.next_hop_set = NextHopSet::Peer,
                RouteSet::Community {
                    communities,
                    additive,
                } => {
                    if !additive {
                        subject.communities.clear();
                    }
                    subject.communities.extend(communities);
                    subject.communities.sort_unstable();
                    subject.communities.dedup();
                }
                RouteSet::DeleteCommunity(entries) => {
                    doubt.add(
                        &self
                            .expressions
                            .delete_communities(entries, &mut subject.communities),
                    );
                }
                RouteSet::NoCommunity => subject.communities.clear(),
                RouteSet::PrependAsPath(systems) => subject.as_path.prepend(systems),
                RouteSet::PrependLastAs(times) => {
                    if let Some(last) = subject.as_path.first() {
                        subject.as_path.prepend(&vec![last; usize::from(*times)]);
                    }
                }
                RouteSet::Origin(to) => subject.bgp_origin = *to,
                RouteSet::Distance(to) => subject.distance = Some(*to),
                RouteSet::Unknown(origin) => {
                    doubt.add(&Doubt::of(*origin, "what this sets is not modelled"));
                }
            }
        }
    }
}

fn set_metric(subject: &mut Subject, how: SetMetric) {
    let own = subject.metric.unwrap_or(0);
    subject.metric = Some(match how {
        SetMetric::To(to) => to,
        SetMetric::Add(more) => own.saturating_add(more),
        SetMetric::Subtract(less) => own.saturating_sub(less),
        SetMetric::Igp => subject.igp_metric,
    });
    subject.metric_was_set = true;
}

fn is_of_type(subject: &Subject, of: RouteType) -> bool {
    match of {
        RouteType::BgpInternal => subject.protocol == RouteProtocol::BgpInternal,
        RouteType::BgpExternal => subject.protocol == RouteProtocol::BgpExternal,
        RouteType::Local => matches!(
            subject.protocol,
            RouteProtocol::BgpLocal
                | RouteProtocol::Connected
                | RouteProtocol::Local
                | RouteProtocol::Static
        ),
        ospf => subject.protocol.ospf_type() == Some(ospf),
    }
}

/// Tells whether a route is of what a source names.
pub(super) fn is_from(subject: &Subject, source: &RouteSource) -> bool {
    match source {
        RouteSource::Connected => subject.protocol == RouteProtocol::Connected,
        RouteSource::Static => subject.protocol == RouteProtocol::Static,
        RouteSource::Ospf { process, types } => {
            let of_process = process.is_none() || *process == subject.process;
            let of_type = subject
                .protocol
                .ospf_type()
                .is_some_and(|own| types.is_empty() || types.contains(&own));
            of_process && of_type
        }
        RouteSource::Bgp => matches!(
            subject.protocol,
            RouteProtocol::BgpExternal | RouteProtocol::BgpInternal | RouteProtocol::BgpLocal
        ),
        RouteSource::Unmodelled(_) => false,
    }
}
