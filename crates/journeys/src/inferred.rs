//! Journeys of a folder without a region: from every segment to every other.
//!
//! A segment is a link where hosts are: one with a single router, or one whose
//! routers share a virtual address, which only hosts need. What is asked is what
//! people try first ([`traffic::anything`](crate::traffic::anything)), between
//! hosts that nobody holds configurations of: addresses of devices are not asked
//! about, nor those that no host can have.
//!
//! All pairs are proved together: at once where no device remembers or rewrites
//! packets, elsewhere a receiver at a time. Asking about one pair [`alone`] says
//! the same.

mod alone;
mod hosts;
mod matrix;
mod pairs;
mod proof;

pub use alone::alone;
pub use matrix::{Matrix, matrix};
pub use pairs::pairs;

use crate::World;
use crate::judge::Verdict;
use crate::placement::Placed;
use ipnet::IpNet;
use networks::model::{DeviceKind, Interface, InterfaceKind, Port};
use packets::AddressSet;

/// How many segments are asked about; a folder with more is summed up by its first.
pub const SEGMENTS_MAX: usize = 500;

/// A segment as it was inferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The device and subnet, for people.
    pub name: String,
    /// Where it is.
    pub placed: Placed,
    /// The addresses that hosts there can have.
    pub hosts: AddressSet,
}

/// A pair of segments with what holds between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Where packets come from, as an index into the segments.
    pub from: usize,
    /// Where they go.
    pub to: usize,
    /// What holds.
    pub verdict: Verdict,
}

/// Infers the segments: subnets of links where hosts are, in order of address.
pub fn segments(world: &World<'_>) -> Vec<Segment> {
    let mut segments = Vec::new();
    let taken = hosts::taken(world);
    for (device_id, device) in world.network.devices() {
        if device.kind != DeviceKind::Router {
            continue;
        }
        for (interface_id, interface) in device.interfaces() {
            let port = Port {
                device: device_id,
                interface: interface_id,
            };
            if !is_segment(world, port, interface) {
                continue;
            }
            segments.extend(
                interface
                    .addresses
                    .iter()
                    .filter(|address| has_hosts(address.net))
                    .map(|address| {
                        let prefix = address.net.trunc();
                        let placed = Placed { prefix, port };
                        Segment {
                            name: format!("{} {prefix}", device.name),
                            placed,
                            hosts: hosts::hosts(prefix, &taken),
                        }
                    }),
            );
        }
    }
    segments.retain(|segment| !segment.hosts.0.is_empty());
    segments.sort_by_key(|segment| (segment.placed.prefix, segment.placed.port));
    // Of the routers that share a link, the first stands for it.
    segments.dedup_by(|later, first| {
        let link = world.network.link_of(first.placed.port);
        later.placed.prefix == first.placed.prefix
            && link.is_some_and(|link| link.ports.contains(&later.placed.port))
    });
    segments
}

/// Tells whether an interface's link has no other router, or all its routers
/// take turns in being the gateway.
fn is_segment(world: &World<'_>, port: Port, interface: &Interface) -> bool {
    let joins_others = matches!(
        interface.kind,
        InterfaceKind::Loopback | InterfaceKind::Tunnel(_) | InterfaceKind::Null
    );
    let routers = others(world, port).filter(|(other, _)| {
        let device = world.network.device(other.device);
        other.device != port.device
            && device.is_some_and(|device| device.kind == DeviceKind::Router)
    });
    let alone = |other: &Interface| interface.redundancy.is_empty() || other.redundancy.is_empty();
    let mut others = routers.filter(|(_, other)| alone(other));
    interface.is_up() && !joins_others && others.next().is_none()
}

/// Returns the other interfaces on a port's link.
fn others<'a>(world: &World<'a>, port: Port) -> impl Iterator<Item = (Port, &'a Interface)> {
    let network = world.network;
    let link = network.link_of(port).into_iter();
    let ports = link.flat_map(|link| link.ports.iter().copied());
    ports
        .filter(move |other| *other != port)
        .filter_map(move |other| Some((other, network.interface(other)?)))
}

/// Tells whether a subnet has room for hosts beside a router.
fn has_hosts(net: IpNet) -> bool {
    net.max_prefix_len() - net.prefix_len() >= 2
}
