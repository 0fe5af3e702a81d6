//! Clues on routes: the one that was used, those for neighbouring prefixes, and
//! where on its way from who has it a route was lost.

use crate::World;
use crate::line::Line;
use crate::missing::near_interfaces;
use crate::statements::behind;
use dialects::statement::About;
use findings::Span;
use ipnet::IpNet;
use networks::forwarding::{FibAction, FibEntry};
use networks::interpret::Trace;
use networks::model::{
    BgpNeighbor, BgpProcess, Device, DeviceId, DeviceKind, Interface, Link, Port, PrefixEntry,
    RouteMatch, RoutePolicyId, VrfId,
};
use packets::{Slip, slip};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How many of each kind are told.
const CLUES_MAX: usize = 4;

/// How many bits of a subnet that joins two routers are for hosts at most.
const PAIR_BITS_MAX: u8 = 3;

/// How many routes on the way that were not used are told.
const PASSED_OVER_MAX: usize = 8;

/// How many digits of a prefix may differ from the destination's for it to be near.
const DIGITS_MAX: u32 = 3;

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

/// Static routes on a packet's way that are near its destination and more
/// specific than the one that was used: one of them may have been meant.
pub(crate) fn passed_over(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Some(last) = trace.hops.last() else {
        return Vec::new();
    };
    let mut near = Near::new(last.received.destination);
    for hop in &trace.hops {
        let Some(device) = world.network.device(hop.device) else {
            continue;
        };
        for (id, vrf) in (0u32..).map(VrfId).zip(&device.vrfs) {
            let used = used(world, hop.device, id, last.received.destination);
            let length = used.map_or(0, |used| used.prefix.prefix_len());
            for route in &vrf.static_routes {
                if route.prefix.prefix_len() > length {
                    near.consider(route.prefix, "passes by the route to", route.origin);
                }
            }
        }
    }
    near.nearest_of(PASSED_OVER_MAX)
}

/// Prefixes near an address that do not contain it, with their lines.
struct Near {
    to: IpAddr,
    found: Vec<(Slip, String, Span)>,
}

impl Near {
    fn new(to: IpAddr) -> Self {
        let found = Vec::new();
        Self { to, found }
    }

    fn consider(&mut self, net: IpNet, what: &str, origin: Span) {
        if net.contains(&self.to) || net.prefix_len() == 0 {
            return;
        }
        let slip = slip(net.network(), self.to, net.prefix_len().into());
        if let Some(slip) = slip.filter(|slip| slip.digits <= DIGITS_MAX) {
            let text = format!("{what} {net}, which {} is not in", self.to);
            self.found.push((slip, text, origin));
        }
    }

    /// The nearest, one a line.
    fn nearest(self) -> Vec<Line> {
        self.nearest_of(CLUES_MAX)
    }

    fn nearest_of(mut self, number: usize) -> Vec<Line> {
        self.found
            .sort_by(|left, right| left.0.cmp(&right.0).then(left.2.cmp(&right.2)));
        self.found.dedup_by_key(|(_, _, origin)| *origin);
        let nearest = self.found.into_iter().take(number);
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
    let mut lines = lost_between(world, device, to, 1);
    // Whoever has no route at all lacks the default route too.
    lines.extend(lost_between(world, device, to, 0));
    lines
}

/// The same, where routes for prefixes of at least some length count.
fn lost_between(world: &World<'_>, device: DeviceId, to: IpAddr, length_min: u8) -> Vec<Line> {
    let mut lacking = vec![device];
    let mut seen: BTreeSet<DeviceId> = [device].into();
    let mut lines = Vec::new();
    let mut borders = 0;
    let mut at = 0;
    while let Some(here) = lacking.get(at).copied() {
        at += 1;
        for neighbour in neighbours(world, here) {
            if let Some(entry) = has_route(world, neighbour, to, length_min) {
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

/// A device's route to an address, if its prefix is long enough.
fn has_route(world: &World<'_>, id: DeviceId, to: IpAddr, length_min: u8) -> Option<FibEntry> {
    let device = world.network.device(id)?;
    (0u32..)
        .map(VrfId)
        .take(device.vrfs.len())
        .filter_map(|vrf| used(world, id, vrf, to))
        .find(|entry| {
            entry.prefix.prefix_len() >= length_min && matches!(entry.action, FibAction::Forward(_))
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
    lines.extend(exchange(world, has, lacks, to));
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
fn exchange(world: &World<'_>, has: DeviceId, lacks: DeviceId, to: IpAddr) -> Vec<Line> {
    let (Some(teller), Some(told)) = (world.network.device(has), world.network.device(lacks))
    else {
        return Vec::new();
    };
    let near = between(world, has, lacks);
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
                let about = [About::Prefix, About::Effect];
                lines.extend(behind(world, process.origin, &about, &near));
            }
        }
    }
    lines
}

/// The addresses of two devices on the links between them; where there are
/// none, all that they have.
fn between(world: &World<'_>, one: DeviceId, other: DeviceId) -> Vec<IpAddr> {
    let joins = |link: &&Link| {
        let has = |id| link.ports.iter().any(|port| port.device == id);
        has(one) && has(other)
    };
    let links = world.network.links.iter().filter(joins);
    let ports = links.flat_map(|link| &link.ports);
    let shared = ports.filter_map(|port| world.network.interface(*port));
    let addresses = |own: &Interface| -> Vec<IpAddr> {
        own.addresses.iter().map(|own| own.net.addr()).collect()
    };
    let found: Vec<IpAddr> = shared.flat_map(addresses).collect();
    if found.is_empty() {
        let devices = [one, other]
            .into_iter()
            .filter_map(|id| world.network.device(id));
        devices
            .flat_map(|device| &device.interfaces)
            .flat_map(addresses)
            .collect()
    } else {
        found
    }
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
    let mut found: Vec<(Slip, Line)> = Vec::new();
    let terms = ids
        .iter()
        .filter_map(|id| device.policy(*id))
        .flat_map(|policy| &policy.terms);
    for (permit, net, origin) in terms.flat_map(|term| &term.matches).flat_map(entries) {
        let slip = slip(net.network(), to, net.prefix_len().into());
        if let Some(slip) = slip.filter(|slip| slip.digits <= DIGITS_MAX) {
            let text = if permit {
                format!("{does} {net}")
            } else {
                format!("refuses {net}")
            };
            found.push((slip, Line::new(text, Some(origin))));
        }
    }
    nearest(found)
}

/// The nearest of some lines.
fn nearest(mut lines: Vec<(Slip, Line)>) -> Vec<Line> {
    lines.sort_by_key(|(slip, _)| *slip);
    let nearest = lines.into_iter().take(CLUES_MAX);
    nearest.map(|(_, line)| line).collect()
}

/// What a BGP process announces near an address, or the process where that is nothing.
fn announced(bgp: &BgpProcess, to: IpAddr) -> Vec<Line> {
    let networks = bgp.networks.iter().filter_map(|network| {
        let net = network.prefix;
        let slip = slip(net.network(), to, net.prefix_len().into())?;
        let text = format!("announces {net} where it has just that route");
        let near = slip.digits <= DIGITS_MAX;
        near.then(|| (slip, Line::new(text, Some(network.origin))))
    });
    let mut near = nearest(networks.collect());
    let covers = bgp
        .networks
        .iter()
        .any(|network| network.prefix.contains(&to));
    if !covers {
        let text = format!("announces no prefix with {to} of its own");
        near.push(Line::new(text, Some(bgp.origin)));
    }
    near
}

/// Where a device's interface to a small subnet joins nobody: who nearly has an
/// address of that subnet.
pub(crate) fn alone(world: &World<'_>, id: DeviceId) -> Vec<Line> {
    let Some(device) = world.network.device(id) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (at, interface) in device.interfaces().filter(|(_, own)| own.is_up()) {
        let port = Port {
            device: id,
            interface: at,
        };
        let link = world.network.link_of(port);
        if link.is_some_and(|link| link.ports.len() > 1) {
            continue;
        }
        let small = interface.addresses.iter().filter(|own| {
            let hosts = own.net.max_prefix_len() - own.net.prefix_len();
            (1..=PAIR_BITS_MAX).contains(&hosts)
        });
        for own in small {
            let text = format!("nobody else is in {} of `{}`", own.net.trunc(), device.name);
            lines.push(Line::new(text, Some(own.origin)));
            lines.extend(near_interfaces(world, own.net.addr(), |other| other != id));
        }
    }
    lines
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
