//! Where segments and services are among the devices.

use crate::World;
use ipnet::IpNet;
use networks::model::{DeviceId, DeviceKind, InterfaceKind, Port};
use region::{NetworkName, SegmentInfo, ServiceInfo};
use std::net::IpAddr;

/// A prefix of a segment, and the port of the link that it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placed {
    /// The addresses that hosts there have.
    pub prefix: IpNet,
    /// A port on the link: the segment's gateway where it has several, the first.
    pub port: Port,
}

/// Where packets to an address end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// On the link of this port.
    Segment(Port),
    /// At a device that owns the address.
    Device(DeviceId),
}

/// Returns the ports of an administrative network (`None`: of any) that are up
/// and whose subnet meets a prefix, the most specific subnets first.
pub fn ports_meeting(world: &World<'_>, network: Option<&NetworkName>, prefix: IpNet) -> Vec<Port> {
    let mut found: Vec<(u8, Port)> = Vec::new();
    for (device_id, device) in world.network.devices() {
        if network.is_some_and(|network| world.network_of(device_id) != Some(network)) {
            continue;
        }
        for (interface_id, interface) in device.interfaces() {
            if !interface.is_up() || interface.kind == InterfaceKind::Loopback {
                continue;
            }
            let meets = interface
                .addresses
                .iter()
                .map(|address| address.net)
                .filter(|own| {
                    own.contains(&prefix.network()) && own.prefix_len() < own.max_prefix_len()
                        || prefix.contains(&own.trunc())
                });
            if let Some(longest) = meets.map(|own| own.prefix_len()).max() {
                found.push((
                    longest,
                    Port {
                        device: device_id,
                        interface: interface_id,
                    },
                ));
            }
        }
    }
    found.sort_by_key(|&(length, port)| (std::cmp::Reverse(length), port));
    found.into_iter().map(|(_, port)| port).collect()
}

/// Places each prefix of a segment on the links of the network that serves it.
///
/// A prefix that is on no interface gives nothing; one that several links have
/// parts of gives a part each.
pub fn place_segment(world: &World<'_>, segment: SegmentInfo<'_>) -> Vec<Placed> {
    let mut placed = Vec::new();
    for prefix in &segment.segment.prefixes {
        placed.extend(place_prefix(world, Some(segment.network), prefix.net()));
    }
    placed.sort_unstable();
    placed.dedup();
    placed
}

/// Places one prefix.
pub fn place_prefix(
    world: &World<'_>,
    network: Option<&NetworkName>,
    prefix: IpNet,
) -> Vec<Placed> {
    let mut links: Vec<Option<&networks::model::Link>> = Vec::new();
    let mut placed = Vec::new();
    for port in ports_meeting(world, network, prefix) {
        let is_router = world
            .network
            .device(port.device)
            .is_some_and(|device| device.kind == DeviceKind::Router);
        let link = world.network.link_of(port);
        if !is_router || (link.is_some() && links.contains(&link)) {
            continue;
        }
        links.push(link);
        for own in world
            .network
            .interface(port)
            .into_iter()
            .flat_map(|i| &i.addresses)
        {
            let own = own.net.trunc();
            if own.contains(&prefix) {
                placed.push(Placed { prefix, port });
            } else if prefix.contains(&own) {
                placed.push(Placed { prefix: own, port });
            }
        }
    }
    placed
}

/// Returns where packets to the addresses of a service end, in its own network.
pub fn place_service(world: &World<'_>, service: &ServiceInfo<'_>) -> Vec<End> {
    let mut ends: Vec<End> = service
        .service
        .addresses
        .iter()
        .flat_map(|address| ends_of(world, Some(service.network), address.net()))
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// Returns where packets to a prefix end: at devices that own an address of
/// it, else on the links whose subnets meet it.
pub fn ends_of(world: &World<'_>, network: Option<&NetworkName>, prefix: IpNet) -> Vec<End> {
    let owners: Vec<End> = world
        .network
        .devices()
        .filter(|(id, _)| network.is_none_or(|network| world.network_of(*id) == Some(network)))
        .filter(|(_, device)| {
            let mut own = device
                .interfaces
                .iter()
                .filter(|interface| interface.is_up());
            own.any(|interface| has_address_in(&interface.addresses, prefix))
        })
        .map(|(id, _)| End::Device(id))
        .collect();
    let segments = ports_meeting(world, network, prefix)
        .into_iter()
        .map(End::Segment);
    if prefix.prefix_len() == prefix.max_prefix_len() && !owners.is_empty() {
        return owners;
    }
    segments.chain(owners).collect()
}

fn has_address_in(addresses: &[networks::model::InterfaceAddress], prefix: IpNet) -> bool {
    addresses
        .iter()
        .any(|address| prefix.contains(&address.net.addr()))
}

/// Returns an address of a host in a prefix that no device on the link has:
/// the first such after the network address.
pub fn host_in(world: &World<'_>, placed: Placed) -> IpAddr {
    /// Gateways sit at the start or the end; nobody has more of them.
    const TRIED_MAX: usize = 64;
    let taken = |address: &IpAddr| {
        world.network.devices().any(|(_, device)| {
            device.interfaces.iter().any(|interface| {
                interface.has_address(*address)
                    || interface
                        .redundancy
                        .iter()
                        .any(|group| group.addresses.contains(address))
            })
        })
    };
    placed
        .prefix
        .hosts()
        .skip(9)
        .take(TRIED_MAX)
        .find(|address| !taken(address))
        .or_else(|| {
            placed
                .prefix
                .hosts()
                .take(TRIED_MAX)
                .find(|address| !taken(address))
        })
        .unwrap_or(placed.prefix.addr())
}
