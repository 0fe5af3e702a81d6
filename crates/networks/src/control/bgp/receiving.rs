//! What a speaker makes of what a neighbour announces (RFC 4271 section 9.1.1).

use super::super::policy::{Policies, Subject};
use super::announcing::set_next_hop;
use super::paths::{Attributes, From, Path};
use super::sessions::{Relation, Session, Speaker};
use crate::forwarding::RouteProtocol;
use crate::model::BgpSession;
use ipnet::IpNet;
use std::rc::Rc;

/// Returns the path that an announcement becomes; `None` where it is refused.
///
/// `session` is the receiver's end and `at` its index.
pub(super) fn receive(
    speaker: &Speaker<'_>,
    (at, session): (usize, &Session<'_>),
    exchange: &BgpSession,
    policies: Policies<'_>,
    prefix: IpNet,
    (id, announced): (u32, &Rc<Attributes>),
) -> Option<Path> {
    if is_loop(speaker, session, exchange, announced) {
        return None;
    }
    let protocol = match session.relation {
        Relation::External => RouteProtocol::BgpExternal,
        Relation::Internal | Relation::Confederation => RouteProtocol::BgpInternal,
    };
    let mut attributes = (**announced).clone();
    if let Some(local) = session
        .neighbor
        .local_as
        .filter(|_| !session.neighbor.replace_as)
    {
        attributes.as_path.prepend(&[local]);
    }
    let mut subject = Subject {
        next_hop: attributes.next_hop,
        source: Some(session.peer_address),
        as_path: attributes.as_path.clone(),
        communities: attributes.communities.clone(),
        metric: attributes.med,
        local_preference: attributes.local_preference,
        bgp_origin: attributes.origin,
        ..Subject::new(prefix, protocol)
    };
    let outcome = policies.apply_all(&exchange.policies_in, &mut subject);
    if !outcome.passes {
        return None;
    }
    attributes.vague |= outcome.doubt.exists() || speaker.doubt.exists();
    attributes.doubt.add(&outcome.doubt);
    attributes.doubt.add(&speaker.doubt);
    attributes.doubt.add(&session.doubt);
    attributes.as_path = subject.as_path;
    attributes.communities = subject.communities;
    attributes.med = subject.metric;
    attributes.local_preference = subject.local_preference;
    attributes.origin = subject.bgp_origin;
    attributes.next_hop = set_next_hop(subject.next_hop_set, session, attributes.next_hop);
    Some(Path {
        attributes: Rc::new(attributes),
        weight: subject.weight.or(exchange.weight).unwrap_or(0),
        from: From::Session(at),
        id,
        distance: subject.distance,
    })
}

/// Tells whether the route has been here already (RFC 4271 section 9.1.2, RFC
/// 4456 section 8, RFC 5065 section 4).
fn is_loop(
    speaker: &Speaker<'_>,
    session: &Session<'_>,
    exchange: &BgpSession,
    announced: &Attributes,
) -> bool {
    let path = &announced.as_path;
    let allowed = usize::from(exchange.allow_as_in);
    let mut own = vec![
        speaker.settings.asn,
        speaker.public_system(),
        session.own_system,
    ];
    own.sort_unstable();
    own.dedup();
    own.iter().any(|&system| path.count(system) > allowed)
        || announced.originator == Some(speaker.router_id)
        || announced.clusters.contains(&speaker.cluster())
}
