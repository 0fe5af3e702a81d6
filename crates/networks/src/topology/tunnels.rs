//! Tunnels as links: ends that name each other.

use super::joining::Groups;
use crate::model::{InterfaceKind, Network, Port, Tunnel};
use ipnet::IpNet;
use rustc_hash::FxHashMap;
use std::net::IpAddr;

/// Joins tunnel interfaces of one administrative network whose ends match.
///
/// Both ends must name an address of the other, build the tunnel the same way,
/// and agree on the key where there is one. A multipoint end names nobody: it
/// is joined to ends that share its inner subnet and key.
pub(super) fn join(
    network: &Network,
    ports: &[Port],
    area: &impl Fn(Port) -> u32,
    groups: &mut Groups,
) {
    let ends: Vec<End<'_>> = ports
        .iter()
        .filter_map(|&port| End::new(network, port, area(port)))
        .collect();
    let mut by_local: FxHashMap<(u32, IpAddr), Vec<usize>> = FxHashMap::default();
    let mut by_subnet: FxHashMap<(u32, IpNet), Vec<usize>> = FxHashMap::default();
    for (at, end) in ends.iter().enumerate() {
        for &local in &end.locals {
            by_local.entry((end.area, local)).or_default().push(at);
        }
        for net in super::subnets(network, end.port) {
            by_subnet.entry((end.area, net)).or_default().push(at);
        }
    }
    for end in &ends {
        let others: Vec<usize> = match end.tunnel.remote {
            Some(remote) => by_local
                .get(&(end.area, remote))
                .cloned()
                .unwrap_or_default(),
            None => super::subnets(network, end.port)
                .filter_map(|net| by_subnet.get(&(end.area, net)))
                .flatten()
                .copied()
                .collect(),
        };
        for other in others.into_iter().filter_map(|at| ends.get(at)) {
            if other.port.device != end.port.device && end.matches(other) {
                groups.join(end.port, other.port);
            }
        }
    }
}

/// One end of a tunnel.
struct End<'a> {
    port: Port,
    area: u32,
    tunnel: &'a Tunnel,
    /// The addresses that outer packets to this end can carry.
    locals: Vec<IpAddr>,
}

impl<'a> End<'a> {
    fn new(network: &'a Network, port: Port, area: u32) -> Option<Self> {
        let InterfaceKind::Tunnel(tunnel) = &network.interface(port)?.kind else {
            return None;
        };
        let device = network.device(port.device)?;
        let locals = match (tunnel.local, tunnel.local_interface) {
            (Some(local), _) => vec![local],
            (None, Some(interface)) => device
                .interface(interface)?
                .addresses
                .iter()
                .map(|address| address.net.addr())
                .collect(),
            (None, None) => device
                .interfaces
                .iter()
                .filter(|interface| interface.vrf == tunnel.transport_vrf && interface.is_up())
                .flat_map(|interface| &interface.addresses)
                .map(|address| address.net.addr())
                .collect(),
        };
        Some(Self {
            port,
            area,
            tunnel,
            locals,
        })
    }

    /// Tells whether the ends can be those of one tunnel.
    fn matches(&self, other: &Self) -> bool {
        let names = |one: &Self, other: &Self| {
            one.tunnel
                .remote
                .is_none_or(|remote| other.locals.contains(&remote))
        };
        names(self, other)
            && names(other, self)
            && self.tunnel.encapsulation == other.tunnel.encapsulation
            && self.tunnel.key == other.tunnel.key
    }
}
