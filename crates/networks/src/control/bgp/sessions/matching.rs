//! Whether the other end of a session accepts it.

use super::super::super::doubt::Doubt;
use super::super::super::table::Table;
use super::{Relation, Session, Speaker, Speakers};
use crate::model::{BgpNeighbor, NextHop};
use ipnet::IpNet;
use std::net::IpAddr;

/// Why a session does not come up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal<'a> {
    /// No device of the network has the address.
    Stranger,
    /// No system is configured for the neighbour.
    NoSystem,
    /// Nothing leads to the neighbour, or back.
    Unreachable,
    /// The interface to speak from has no address.
    NoSource,
    /// The other end does not have this one as neighbour.
    NotConfiguredBack,
    /// The other end is configured off.
    ShutBack(&'a BgpNeighbor),
    /// The systems are not those expected.
    System(&'a BgpNeighbor),
    /// The other end does not take this one's system; it is told there.
    SystemBack,
    /// The passwords differ.
    Password(&'a BgpNeighbor),
    /// An external neighbour is not directly connected and multihop is not set.
    TooFar(&'a BgpNeighbor),
    /// The other end speaks from another address.
    OtherSource(&'a BgpNeighbor),
}

impl<'a> Speakers<'a> {
    /// Checks what the other end says to a session from `source`.
    pub(super) fn accept(
        &self,
        at: usize,
        neighbor: &'a BgpNeighbor,
        peer: usize,
        source: IpAddr,
        subnet: Option<IpNet>,
        tables: &[Vec<Table>],
    ) -> Result<(Session<'a>, Session<'a>), Refusal<'a>> {
        let (Some(own), Some(theirs)) = (self.all.get(at), self.all.get(peer)) else {
            return Err(Refusal::NotConfiguredBack);
        };
        let target = neighbor.address.addr();
        let back = theirs
            .settings
            .neighbors
            .iter()
            .filter(|back| back.address.contains(&source))
            .max_by_key(|back| back.address.prefix_len())
            .ok_or(Refusal::NotConfiguredBack)?;
        if back.shutdown {
            return Err(Refusal::ShutBack(back));
        }
        if !self.speaks_from(peer, back, target) {
            return Err(Refusal::OtherSource(back));
        }
        let own_system = system_towards(own, neighbor, theirs);
        let peer_system = system_towards(theirs, back, own);
        if !neighbor.remote_as.contains(&peer_system) {
            return Err(Refusal::System(back));
        }
        if !back.remote_as.contains(&own_system) {
            return Err(Refusal::SystemBack);
        }
        if neighbor.password != back.password {
            return Err(Refusal::Password(back));
        }
        let relation = relation(own, theirs, own_system, peer_system);
        if relation != Relation::Internal && subnet.is_none() && !reaches_far(neighbor, back) {
            return Err(Refusal::TooFar(back));
        }
        let doubt = self.reach_back(peer, source, tables)?;
        let one = Session {
            owner: at,
            peer,
            mirror: 0,
            neighbor,
            own_address: source,
            peer_address: target,
            relation,
            own_system,
            peer_system,
            peer_router_id: theirs.router_id,
            subnet,
            doubt: doubt.clone(),
        };
        let other = Session {
            owner: peer,
            peer: at,
            mirror: 0,
            neighbor: back,
            own_address: target,
            peer_address: source,
            relation,
            own_system: peer_system,
            peer_system: own_system,
            peer_router_id: own.router_id,
            subnet,
            doubt,
        };
        Ok((one, other))
    }

    /// Tells whether the other end would answer from the address asked.
    fn speaks_from(&self, peer: usize, back: &BgpNeighbor, target: IpAddr) -> bool {
        if let Some(address) = back.local_address {
            return address == target;
        }
        let Some(interface) = back.update_source else {
            return true;
        };
        self.all
            .get(peer)
            .and_then(|peer| self.network.device(peer.device))
            .and_then(|device| device.interface(interface))
            .is_some_and(|interface| interface.has_address(target))
    }

    fn reach_back(
        &self,
        peer: usize,
        source: IpAddr,
        tables: &[Vec<Table>],
    ) -> Result<Doubt, Refusal<'a>> {
        let view = self.tables(peer, tables).ok_or(Refusal::Unreachable)?;
        let vrf = self.all.get(peer).ok_or(Refusal::Unreachable)?.vrf;
        let ways = view.resolve(vrf, NextHop::Address(source), None);
        if ways.hops.is_empty() && !ways.may_exist {
            return Err(Refusal::Unreachable);
        }
        Ok(ways.doubt)
    }
}

/// The system a speaker says it is to a neighbour.
fn system_towards(own: &Speaker<'_>, neighbor: &BgpNeighbor, other: &Speaker<'_>) -> u32 {
    if let Some(local) = neighbor.local_as {
        return local;
    }
    let public = |speaker: &Speaker<'_>| {
        speaker
            .settings
            .confederation
            .as_ref()
            .map(|(public, _)| *public)
    };
    match public(own) {
        Some(own_public) if public(other) != Some(own_public) => own_public,
        _ => own.settings.asn,
    }
}

fn relation(own: &Speaker<'_>, other: &Speaker<'_>, own_system: u32, peer_system: u32) -> Relation {
    if own_system == peer_system {
        return Relation::Internal;
    }
    let confederation =
        |speaker: &Speaker<'_>| speaker.settings.confederation.as_ref().map(|(id, _)| *id);
    match (confederation(own), confederation(other)) {
        (Some(one), Some(two)) if one == two => Relation::Confederation,
        _ => Relation::External,
    }
}

/// Tells whether both ends allow for hops between them.
fn reaches_far(one: &BgpNeighbor, other: &BgpNeighbor) -> bool {
    let far = |neighbor: &BgpNeighbor| {
        neighbor.ebgp_multihop.is_some_and(|hops| hops > 1) || neighbor.disable_connected_check
    };
    far(one) && far(other)
}
