//! What a speaker announces to a neighbour (RFC 4271 section 9.1.3, RFC 4456).

use super::super::doubt::Doubt;
use super::super::policy::{NextHopSet, Policies, Subject};
use super::paths::{Attributes, From, Path};
use super::sessions::{Relation, Session, Speaker};
use crate::forwarding::RouteProtocol;
use crate::model::{BgpSession, Community};
use ipnet::IpNet;
use std::net::IpAddr;
use std::rc::Rc;

/// One end of a session with what announcing needs.
pub(super) struct Announcer<'a> {
    pub(super) speaker: &'a Speaker<'a>,
    pub(super) session: &'a Session<'a>,
    pub(super) sessions: &'a [Session<'a>],
    pub(super) exchange: &'a BgpSession,
    pub(super) policies: Policies<'a>,
}

impl Announcer<'_> {
    /// Returns what a path becomes on the way to the neighbour; `None` where it
    /// is not announced.
    pub(super) fn announce(
        &self,
        prefix: IpNet,
        path: &Path,
        doubt: &Doubt,
    ) -> Option<Rc<Attributes>> {
        if !self.may_tell(prefix, path) {
            return None;
        }
        let mut attributes = (*path.attributes).clone();
        self.travel(path, &mut attributes);
        let mut subject = self.subject(prefix, path, &attributes);
        let outcome = self
            .policies
            .apply_all(&self.exchange.policies_out, &mut subject);
        if !outcome.passes {
            return None;
        }
        attributes.vague |= outcome.doubt.exists() || doubt.exists();
        attributes.doubt.add(&outcome.doubt);
        attributes.doubt.add(doubt);
        attributes.doubt.add(&self.speaker.doubt);
        attributes.vague |= self.speaker.doubt.exists();
        self.take(&subject, &mut attributes);
        self.leave(&mut attributes);
        if !self.exchange.advertise_to_own_as
            && self.session.relation == Relation::External
            && attributes
                .as_path
                .systems()
                .skip(1)
                .any(|system| system == self.session.peer_system)
        {
            return None;
        }
        Some(Rc::new(attributes))
    }

    /// Returns the default route that a neighbour is told of, whatever the
    /// policies say.
    pub(super) fn announce_default(&self, path: &Path) -> Rc<Attributes> {
        let mut attributes = (*path.attributes).clone();
        self.travel(path, &mut attributes);
        self.leave(&mut attributes);
        Rc::new(attributes)
    }

    /// The rules of who may hear of whose routes.
    fn may_tell(&self, prefix: IpNet, path: &Path) -> bool {
        let communities = &path.attributes.communities;
        if communities.contains(&Community::NO_ADVERTISE) {
            return false;
        }
        let external = self.session.relation != Relation::Internal;
        if self.session.relation == Relation::External
            && communities.contains(&Community::NO_EXPORT)
            || external && communities.contains(&Community::LOCAL_AS)
        {
            return false;
        }
        let From::Session(learned) = path.from else {
            return true;
        };
        let Some(learned) = self.sessions.get(learned) else {
            return false;
        };
        if learned.peer == self.session.peer && learned.peer_address == self.session.peer_address {
            return false;
        }
        if external || learned.relation != Relation::Internal {
            return true;
        }
        // Between internal neighbours only a reflector passes routes on, from
        // clients to all and from others to clients.
        let from_client = learned
            .exchange(prefix)
            .is_some_and(|exchange| exchange.route_reflector_client);
        from_client || self.exchange.route_reflector_client
    }

    /// Changes what every announcement changes, before policies see it.
    fn travel(&self, path: &Path, attributes: &mut Attributes) {
        let learned = match path.from {
            From::Session(at) => self.sessions.get(at),
            From::Network | From::Redistribution | From::Aggregate => None,
        };
        let learned_internally =
            learned.is_some_and(|session| session.relation == Relation::Internal);
        match self.session.relation {
            Relation::External => {
                attributes.local_preference = None;
                attributes.originator = None;
                attributes.clusters.clear();
                if attributes.as_path.first().is_some() {
                    // Another system's MED is not passed on.
                    attributes.med = None;
                }
                let third_party = attributes.next_hop.filter(|next_hop| {
                    self.session
                        .subnet
                        .is_some_and(|subnet| subnet.contains(next_hop))
                        && *next_hop != self.session.peer_address
                });
                let kept = attributes
                    .next_hop
                    .filter(|_| self.exchange.next_hop_unchanged);
                attributes.next_hop = kept
                    .or(third_party.filter(|_| !self.exchange.next_hop_self))
                    .or(Some(self.session.own_address));
            }
            Relation::Internal | Relation::Confederation => {
                attributes
                    .local_preference
                    .get_or_insert(self.speaker.settings.default_local_preference);
                let reflected = learned_internally && self.session.relation == Relation::Internal;
                let own =
                    self.exchange.next_hop_self_all || self.exchange.next_hop_self && !reflected;
                if own || attributes.next_hop.is_none() {
                    attributes.next_hop = Some(self.session.own_address);
                }
                if reflected && let Some(learned) = learned {
                    attributes.originator.get_or_insert(learned.peer_router_id);
                    attributes.clusters.insert(0, self.speaker.cluster());
                }
            }
        }
        if !self.exchange.send_community {
            attributes.communities.clear();
        }
    }

    fn subject(&self, prefix: IpNet, path: &Path, attributes: &Attributes) -> Subject {
        let protocol = match path.from {
            From::Session(at) => match self.sessions.get(at).map(|session| session.relation) {
                Some(Relation::External) => RouteProtocol::BgpExternal,
                _ => RouteProtocol::BgpInternal,
            },
            From::Network | From::Redistribution | From::Aggregate => RouteProtocol::BgpLocal,
        };
        let source = match path.from {
            From::Session(at) => self.sessions.get(at).map(|session| session.peer_address),
            From::Network | From::Redistribution | From::Aggregate => None,
        };
        Subject {
            next_hop: path.attributes.next_hop,
            source,
            as_path: attributes.as_path.clone(),
            // Policies see the communities whether they are sent or not.
            communities: path.attributes.communities.clone(),
            metric: attributes.med,
            local_preference: attributes.local_preference,
            bgp_origin: attributes.origin,
            ..Subject::new(prefix, protocol)
        }
    }

    /// Takes over what policies set.
    fn take(&self, subject: &Subject, attributes: &mut Attributes) {
        attributes.as_path = subject.as_path.clone();
        attributes.med = subject.metric;
        attributes.origin = subject.bgp_origin;
        if self.session.relation != Relation::External {
            attributes.local_preference = subject.local_preference;
        }
        if self.exchange.send_community {
            attributes.communities = subject.communities.clone();
        }
        attributes.next_hop = set_next_hop(subject.next_hop_set, self.session, attributes.next_hop);
    }

    /// Changes the AS path at the border.
    fn leave(&self, attributes: &mut Attributes) {
        let path = &mut attributes.as_path;
        match self.session.relation {
            Relation::Internal => {}
            Relation::Confederation => path.prepend_member(self.session.own_system),
            Relation::External => {
                path.leave_confederation();
                if self.exchange.remove_private_as {
                    path.remove_private();
                }
                let public = self.speaker.public_system();
                if self.exchange.as_override {
                    path.replace(self.session.peer_system, self.session.own_system);
                }
                if self.session.own_system != public && !self.session.neighbor.replace_as {
                    path.prepend(&[public]);
                }
                path.prepend(&[self.session.own_system]);
            }
        }
    }
}

/// Applies what a policy did to the next hop.
pub(super) fn set_next_hop(
    set: NextHopSet,
    session: &Session<'_>,
    kept: Option<IpAddr>,
) -> Option<IpAddr> {
    match set {
        NextHopSet::Kept => kept,
        NextHopSet::To(address) => Some(address),
        NextHopSet::Own => Some(session.own_address),
        NextHopSet::Peer => Some(session.peer_address),
    }
}
