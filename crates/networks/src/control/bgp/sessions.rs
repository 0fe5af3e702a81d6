//! Sessions: which neighbours find each other, and why not.

mod finding;
mod matching;

use super::super::doubt::Doubt;
use super::super::table::{DeviceTables, Table};
use crate::model::{BgpNeighbor, BgpProcess, BgpSession, DeviceId, Network, NextHop, Port, VrfId};
use findings::Finding;
use ipnet::IpNet;
use matching::Refusal;
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::{IpAddr, Ipv4Addr};

/// One BGP process of one VRF.
pub(super) struct Speaker<'a> {
    pub(super) device: DeviceId,
    pub(super) vrf: VrfId,
    pub(super) settings: &'a BgpProcess,
    pub(super) router_id: Ipv4Addr,
    pub(super) doubt: Doubt,
}

impl Speaker<'_> {
    /// The identifier of the cluster it reflects for.
    pub(super) fn cluster(&self) -> Ipv4Addr {
        self.settings.cluster_id.unwrap_or(self.router_id)
    }

    /// The system others outside a confederation know it by.
    pub(super) fn public_system(&self) -> u32 {
        self.settings
            .confederation
            .as_ref()
            .map_or(self.settings.asn, |(public, _)| *public)
    }
}

/// What the ends of a session are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// Of different systems.
    External,
    /// Of one system.
    Internal,
    /// Of different members of one confederation.
    Confederation,
}

/// One end of a session that is up.
#[derive(Debug, Clone)]
pub(super) struct Session<'a> {
    pub(super) owner: usize,
    pub(super) peer: usize,
    /// The index of the other end.
    pub(super) mirror: usize,
    pub(super) neighbor: &'a BgpNeighbor,
    pub(super) own_address: IpAddr,
    pub(super) peer_address: IpAddr,
    pub(super) relation: Relation,
    /// The system this end says it is.
    pub(super) own_system: u32,
    pub(super) peer_system: u32,
    pub(super) peer_router_id: Ipv4Addr,
    /// The shared subnet, where the ends are directly connected.
    pub(super) subnet: Option<IpNet>,
    pub(super) doubt: Doubt,
}

impl<'a> Session<'a> {
    /// Returns what is exchanged for the family of a prefix, by this end.
    pub(super) fn exchange(&self, prefix: IpNet) -> Option<&'a BgpSession> {
        match prefix {
            IpNet::V4(_) => self.neighbor.ipv4.as_ref(),
            IpNet::V6(_) => self.neighbor.ipv6.as_ref(),
        }
    }

    /// Tells ends apart over several rounds.
    pub(super) fn key(&self) -> (usize, usize, IpAddr, IpAddr) {
        (self.owner, self.peer, self.own_address, self.peer_address)
    }
}

/// Everything that does not change between rounds.
pub(super) struct Speakers<'a> {
    pub(super) network: &'a Network,
    pub(super) all: Vec<Speaker<'a>>,
    by_place: FxHashMap<(DeviceId, VrfId), usize>,
    owners: FxHashMap<IpAddr, Vec<Port>>,
    link_of: FxHashMap<Port, usize>,
}

impl<'a> Speakers<'a> {
    /// Collects the processes of a network.
    pub(super) fn new(network: &'a Network) -> Self {
        use super::super::ospf::{router_id_of, routing_doubt};
        let mut all = Vec::new();
        let mut by_place = FxHashMap::default();
        let mut owners: FxHashMap<IpAddr, Vec<Port>> = FxHashMap::default();
        for (device, configured) in network.devices() {
            for (vrf, settings) in (0u32..).map(VrfId).zip(&configured.vrfs) {
                let Some(settings) = &settings.bgp else {
                    continue;
                };
                by_place.insert((device, vrf), all.len());
                all.push(Speaker {
                    device,
                    vrf,
                    settings,
                    router_id: settings
                        .router_id
                        .or_else(|| router_id_of(configured, vrf))
                        .unwrap_or(Ipv4Addr::UNSPECIFIED),
                    doubt: routing_doubt(configured, vrf),
                });
            }
            for (interface, settings) in configured.interfaces() {
                for address in settings.addresses.iter().filter(|_| settings.is_up()) {
                    owners
                        .entry(address.net.addr())
                        .or_default()
                        .push(Port { device, interface });
                }
            }
        }
        let link_of = network
            .links
            .iter()
            .enumerate()
            .flat_map(|(at, link)| link.ports.iter().map(move |port| (*port, at)))
            .collect();
        Self {
            network,
            all,
            by_place,
            owners,
            link_of,
        }
    }

    /// Returns the tables of a speaker's device.
    pub(super) fn tables<'t>(
        &self,
        speaker: usize,
        tables: &'t [Vec<Table>],
    ) -> Option<DeviceTables<'t>>
    where
        'a: 't,
    {
        let speaker = self.all.get(speaker)?;
        Some(DeviceTables {
            device: self.network.device(speaker.device)?,
            tables: tables.get(speaker.device.index())?,
        })
    }

    /// Finds the sessions that come up by the tables as they stand, and what
    /// keeps the others down.
    pub(super) fn sessions(&self, tables: &[Vec<Table>]) -> (Vec<Session<'a>>, Vec<Finding>) {
        let mut sessions: Vec<Session<'a>> = Vec::new();
        let mut up: FxHashSet<(usize, usize, IpAddr, IpAddr)> = FxHashSet::default();
        let mut refused = Vec::new();
        for (at, speaker) in self.all.iter().enumerate() {
            for neighbor in &speaker.settings.neighbors {
                if neighbor.shutdown
                    || neighbor.address.prefix_len() < neighbor.address.max_prefix_len()
                {
                    continue;
                }
                match self.connect(at, neighbor, tables) {
                    Ok(ends) => {
                        for (one, other) in ends {
                            if up.contains(&one.key()) {
                                continue;
                            }
                            up.insert(one.key());
                            up.insert(other.key());
                            let first = sessions.len();
                            sessions.push(Session {
                                mirror: first + 1,
                                ..one
                            });
                            sessions.push(Session {
                                mirror: first,
                                ..other
                            });
                        }
                    }
                    Err(refusal) => refused.push((at, neighbor, refusal)),
                }
            }
        }
        let findings = refused
            .into_iter()
            .filter(|(at, neighbor, _)| {
                !sessions.iter().any(|session| {
                    session.owner == *at && std::ptr::eq(session.neighbor, *neighbor)
                })
            })
            .filter_map(|(at, neighbor, refusal)| finding::of(self, at, neighbor, &refusal))
            .collect();
        (sessions, findings)
    }

    /// Tries to open a session from a speaker to a neighbour.
    fn connect(
        &self,
        at: usize,
        neighbor: &'a BgpNeighbor,
        tables: &[Vec<Table>],
    ) -> Result<Vec<(Session<'a>, Session<'a>)>, Refusal<'a>> {
        let target = neighbor.address.addr();
        let owners = self.owners.get(&target).ok_or(Refusal::Stranger)?;
        if neighbor.remote_as.is_empty() {
            return Err(Refusal::NoSystem);
        }
        let (source, subnet) = self.source(at, neighbor, target, tables)?;
        let mut reason = Refusal::NotConfiguredBack;
        let mut ends = Vec::new();
        for &port in owners {
            let vrf = self.network.interface(port).map(|interface| interface.vrf);
            let Some(&peer) = vrf.and_then(|vrf| self.by_place.get(&(port.device, vrf))) else {
                continue;
            };
            if peer == at || !self.on_shared_link(at, source, subnet, port) {
                continue;
            }
            match self.accept(at, neighbor, peer, source, subnet, tables) {
                Ok(pair) => ends.push(pair),
                Err(refusal) => reason = refusal,
            }
        }
        if ends.is_empty() {
            return Err(reason);
        }
        if ends.len() > 1 {
            for (one, other) in &mut ends {
                let doubt = Doubt::of(neighbor.origin, "several devices have this address");
                one.doubt.add(&doubt);
                other.doubt.add(&doubt);
            }
        }
        Ok(ends)
    }

    /// Where the ends are directly connected, their interfaces must be on one link.
    fn on_shared_link(
        &self,
        at: usize,
        source: IpAddr,
        subnet: Option<IpNet>,
        target: Port,
    ) -> bool {
        if subnet.is_none() {
            return true;
        }
        let own = self.all.get(at).and_then(|speaker| {
            self.owners
                .get(&source)?
                .iter()
                .find(|port| port.device == speaker.device)
        });
        let own = own.and_then(|port| self.link_of.get(port));
        own.is_some() && own == self.link_of.get(&target)
    }

    /// Finds the address a session to the target is opened from, and the
    /// subnet it shares with the target where they are directly connected.
    fn source(
        &self,
        at: usize,
        neighbor: &BgpNeighbor,
        target: IpAddr,
        tables: &[Vec<Table>],
    ) -> Result<(IpAddr, Option<IpNet>), Refusal<'a>> {
        let speaker = self.all.get(at).ok_or(Refusal::Unreachable)?;
        let view = self.tables(at, tables).ok_or(Refusal::Unreachable)?;
        let ways = view.resolve(speaker.vrf, NextHop::Address(target), None);
        if ways.hops.is_empty() && !ways.may_exist {
            return Err(Refusal::Unreachable);
        }
        let first = ways.hops.first();
        let outgoing = first.and_then(|first| view.device.interface(first.interface));
        let subnet = outgoing
            .into_iter()
            .flat_map(|interface| &interface.addresses)
            .map(|address| address.net)
            .find(|net| net.contains(&target));
        let configured = neighbor.local_address.or_else(|| {
            let interface = view.device.interface(neighbor.update_source?)?;
            first_of_family(
                interface.addresses.iter().map(|address| address.net),
                target,
            )
        });
        let address = match (configured, neighbor.update_source, subnet) {
            (Some(address), _, _) => address,
            (None, Some(_), _) => return Err(Refusal::NoSource),
            (None, None, Some(subnet)) => subnet.addr(),
            (None, None, None) => first_of_family(
                outgoing
                    .into_iter()
                    .flat_map(|interface| &interface.addresses)
                    .map(|address| address.net),
                target,
            )
            .ok_or(Refusal::NoSource)?,
        };
        let shared = subnet.filter(|subnet| subnet.contains(&address));
        Ok((address, shared.map(|net| net.trunc())))
    }
}

fn first_of_family(mut nets: impl Iterator<Item = IpNet>, like: IpAddr) -> Option<IpAddr> {
    nets.find(|net| net.addr().is_ipv4() == like.is_ipv4())
        .map(|net| net.addr())
}
