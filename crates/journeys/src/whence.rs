//! Clues on routes: the one that was used, those for neighbouring prefixes, and
//! where on its way from who has it a route was lost.

use crate::World;
use crate::missing::{near_interfaces, shared_bits};
use crate::story::Line;
use findings::Span;
use ipnet::IpNet;
use networks::forwarding::{FibAction, FibEntry};
use networks::model::{
    BgpNeighbor, BgpProcess, Device, DeviceId, DeviceKind, PrefixEntry, RouteMatch, RoutePolicyId,
    VrfId,
};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How many of each kind are told.
const CLUES_MAX: usize = 3;

/// How many leading bits a prefix must share with the destination to be near it.
const SHARED_BITS_MIN: u32 = 10;

/// How many places where a route was lost are told.
const LOST_MAX: usize = 3;

/// How many devices without the route are asked whence it should come.
const LACKING_MAX: usize = 256;

/// Static routes of a device, and entries of its prefix lists, for prefixes
/// near an address that do not contain it.
pub(crate) fn near_routes(device: &Device, to: IpAddr) -> Vec<Line> {
    let mut near = Near::new(to);
    for route in device.vrfs.iter().flat_map(|vrf| &vrf.static_routes) {
        near.consider(route.prefix, "is a route to", route.origin);
    }
    for policy in &device.policies {
        for matched in policy.terms.iter().flat_map(|term| &term.matches) {
            for (_, net, origin) in entries(matched).filter(|(permit, ..)| *permit) {
                near.consider(net, "lets in routes to", origin);
            }
        }
    }
    near.nearest()
}

/// Prefixes near an address that do not contain it, with their lines.
struct Near {
    to: IpAddr,
    found: Vec<(u32, String, Span)>,
}

impl Near {
    fn new(to: IpAddr) -> Self {
        let found = Vec::new();
        Self { to, found }
    }

    fn consider(&mut self, net: IpNet, what: &str, origin: Span) {
        let shared = shared_bits(net.network(), self.to);
        let fits = net.contains(&self.to) || net.prefix_len() == 0;
        if !fits && shared >= SHARED_BITS_MIN.min(u32::from(net.prefix_len())) && shared > 0 {
            let text = format!("{what} {net}, which {} is not in", self.to);
            self.found.push((shared, text, origin));
        }
    }

    /// The nearest, one a line.
    fn nearest(mut self) -> Vec<Line> {
        self.found
            .sort_by(|left, right| right.0.cmp(&left.0).then(left.2.cmp(&right.2)));
        self.found.dedup_by_key(|(_, _, origin)| *origin);
        let nearest = self.found.into_iter().take(CLUES_MAX);
        nearest
            .map(|(_, text, span)| Line::new(text, Some(span)))
            .collect()
    }
}

/// The entries of prefix lists that name a prefix: whether each permits.
fn entries(matched: &RouteMatch) -> impl Iterator<Item = (bool, IpNet, Span)> {
    let lists = match matched {
        RouteMatch::Prefix(lists) => lists.as_slice(),
        _ => &[],
    };
    lists.iter().flatten().filter_map(|entry| match entry {
        PrefixEntry::Net {
            permit,
            net,
            origin,
            ..
        } => Some((*permit, *net, *origin)),
        PrefixEntry::Wildcard { .. } => None,
    })
}

/// The route by which a device sends packets to an address.
pub(crate) fn used(
    world: &World<'_>,
    device: DeviceId,
    vrf: VrfId,
    to: IpAddr,
) -> Option<FibEntry> {
    let routing = world.routing.device(device)?.vrf(vrf)?;
    routing.fib.lookup(to).cloned()
}

/// Where a route to an address that a device lacks was lost: between a device
/// that has one and its neighbour that has none, the lines by which it should
/// have been told.
pub(crate) fn lost(world: &World<'_>, device: DeviceId, to: IpAddr) -> Vec<Line> {
    let mut lacking = vec![device];
    let mut seen: BTreeSet<DeviceId> = [device].into();
    let mut lines = Vec::new();
    let mut borders = 0;
    let mut at = 0;
    while let Some(here) = lacking.get(at).copied() {
        at += 1;
        for neighbour in neighbours(world, here) {
            if let Some(entry) = has_route(world, neighbour, to) {
                if borders < LOST_MAX {
                    borders += 1;
                    lines.extend(border(world, neighbour, here, to, &entry));
                }
            } else if lacking.len() < LACKING_MAX && seen.insert(neighbour) {
                lacking.push(neighbour);
            }
        }
    }
    lines
}

/// A device's route to an address, if it is for less than everything.
fn has_route(world: &World<'_>, id: DeviceId, to: IpAddr) -> Option<FibEntry> {
    let device = world.network.device(id)?;
    (0u32..)
        .map(VrfId)
        .take(device.vrfs.len())
        .filter_map(|vrf| used(world, id, vrf, to))
        .find(|entry| {
            entry.prefix.prefix_len() > 0 && matches!(entry.action, FibAction::Forward(_))
        })
}

/// The routers on a device's links, and those it has BGP sessions with.
fn neighbours(world: &World<'_>, id: DeviceId) -> BTreeSet<DeviceId> {
    let mut found = BTreeSet::new();
    let Some(device) = world.network.device(id) else {
        return found;
    };
    for link in &world.network.links {
        if link.ports.iter().any(|port| port.device == id) {
            found.extend(link.ports.iter().map(|port| port.device));
        }
    }
    for neighbour in device
        .vrfs
        .iter()
        .filter_map(|vrf| vrf.bgp.as_ref())
        .flat_map(|bgp| &bgp.neighbors)
    {
        let owners = world.network.devices();
        found.extend(
            owners
                .filter(|(_, other)| is_at(neighbour, other))
                .map(|(id, _)| id),
        );
    }
    found.retain(|other| {
        let router = world
            .network
            .device(*other)
            .is_some_and(|device| device.kind == DeviceKind::Router);
        router && *other != id
    });
    found
}

/// Tells whether a BGP neighbour's address is one of a device's.
fn is_at(neighbour: &BgpNeighbor, device: &Device) -> bool {
    let interfaces = device.interfaces.iter().filter(|own| own.is_up());
    interfaces
        .flat_map(|interface| &interface.addresses)
        .any(|own| neighbour.address.contains(&own.net.addr()))
}

/// What should have told a device of a route that its neighbour has.
fn border(
    world: &World<'_>,
    has: DeviceId,
    lacks: DeviceId,
    to: IpAddr,
    entry: &FibEntry,
) -> Vec<Line> {
    let (Some(teller), Some(told)) = (world.network.device(has), world.network.device(lacks))
    else {
        return Vec::new();
    };
    let mut lines = vec![
        Line::new(
            format!("`{}` has a route to {}", teller.name, entry.prefix),
            entry.origin,
        ),
        Line::new(
            format!("its neighbour `{}` has none to {to}", told.name),
            world.device_span(told),
        ),
    ];
    lines.extend(near_routes(told, to));
    lines.extend(exchange(teller, told, to));
    for bgp in processes(told) {
        for neighbour in bgp.neighbors.iter().filter(|n| n.address.prefix_len() > 0) {
            lines.extend(unattached(world, lacks, neighbour));
        }
    }
    lines
}

fn processes(device: &Device) -> impl Iterator<Item = &BgpProcess> {
    device.vrfs.iter().filter_map(|vrf| vrf.bgp.as_ref())
}

/// The lines by which two devices exchange routes.
fn exchange(teller: &Device, told: &Device, to: IpAddr) -> Vec<Line> {
    let mut lines = Vec::new();
    for bgp in processes(teller) {
        for neighbour in bgp.neighbors.iter().filter(|n| is_at(n, told)) {
            let text = format!("`{}` does not tell it here", teller.name);
            lines.push(Line::new(text, Some(neighbour.origin)));
            let session = session(neighbour, to);
            lines.extend(policies(teller, session.1, to, "lets out"));
            lines.extend(announced(bgp, to));
        }
    }
    for bgp in processes(told) {
        for neighbour in bgp.neighbors.iter().filter(|n| is_at(n, teller)) {
            let text = format!("`{}` could learn it here", told.name);
            lines.push(Line::new(text, Some(neighbour.origin)));
            let session = session(neighbour, to);
            lines.extend(policies(told, session.0, to, "lets in"));
        }
    }
    let speaks = |device: &Device| device.vrfs.iter().any(|vrf| !vrf.ospf.is_empty());
    if speaks(teller) && speaks(told) {
        for device in [teller, told] {
            for process in device.vrfs.iter().flat_map(|vrf| &vrf.ospf) {
                let text = format!("OSPF of `{}` does not bring it over", device.name);
                lines.push(Line::new(text, Some(process.origin)));
            }
        }
    }
    lines
}

/// The policies of a neighbour, in and out, for the family of an address.
fn session(neighbour: &BgpNeighbor, to: IpAddr) -> (&[RoutePolicyId], &[RoutePolicyId]) {
    let session = match to {
        IpAddr::V4(_) => neighbour.ipv4.as_ref(),
        IpAddr::V6(_) => neighbour.ipv6.as_ref(),
    };
    session.map_or((&[], &[]), |session| {
        (&session.policies_in, &session.policies_out)
    })
}

/// The entries of policies that are for the address, or nearest to it.
fn policies(device: &Device, ids: &[RoutePolicyId], to: IpAddr, does: &str) -> Vec<Line> {
    let mut found: Vec<(u32, Line)> = Vec::new();
    let terms = ids
        .iter()
        .filter_map(|id| device.policy(*id))
        .flat_map(|policy| &policy.terms);
    for (permit, net, origin) in terms.flat_map(|term| &term.matches).flat_map(entries) {
        let shared = if net.contains(&to) {
            u32::MAX
        } else {
            shared_bits(net.network(), to)
        };
        if shared >= SHARED_BITS_MIN {
            let text = if permit {
                format!("{does} {net}")
            } else {
                format!("refuses {net}")
            };
            found.push((shared, Line::new(text, Some(origin))));
        }
    }
    found.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    found
        .into_iter()
        .take(CLUES_MAX)
        .map(|(_, line)| line)
        .collect()
}

/// What a BGP process announces near an address, or the process where that is nothing.
fn announced(bgp: &BgpProcess, to: IpAddr) -> Vec<Line> {
    let mut near: Vec<(u32, Line)> = bgp
        .networks
        .iter()
        .filter(|network| shared_bits(network.prefix.network(), to) >= SHARED_BITS_MIN)
        .map(|network| {
            let text = format!("announces {} where it has just that route", network.prefix);
            let shared = shared_bits(network.prefix.network(), to);
            (shared, Line::new(text, Some(network.origin)))
        })
        .collect();
    near.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    near.truncate(CLUES_MAX);
    let covers = bgp
        .networks
        .iter()
        .any(|network| network.prefix.contains(&to));
    if !covers {
        let text = format!("announces no prefix with {to} of its own");
        near.push((0, Line::new(text, Some(bgp.origin))));
    }
    near.into_iter().map(|(_, line)| line).collect()
}

/// A BGP neighbour that none of the device's subnets has, and those near it.
fn unattached(world: &World<'_>, id: DeviceId, neighbour: &BgpNeighbor) -> Vec<Line> {
    let address = neighbour.address.addr();
    let Some(device) = world.network.device(id) else {
        return Vec::new();
    };
    let mut up = device.interfaces.iter().filter(|own| own.is_up());
    let attached = up.any(|interface| {
        interface
            .addresses
            .iter()
            .any(|own| own.net.contains(&address))
    });
    if attached {
        Vec::new()
    } else {
        near_interfaces(world, address, |other| other == id)
    }
}
