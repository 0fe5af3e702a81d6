//! Clues on what is missing where a packet stopped: a gateway that nobody has,
//! a route that is not used, an interface in no zone, another interface than
//! the one that a rule is for.

use crate::World;
use crate::hop::{decision, leaves, packet_before_drop};
use crate::line::Line;
use crate::near_miss::{At, Wanted, matching_routes, near_misses};
use crate::statements::{shared_bits, told, whole};
use dialects::statement::Whole;
use networks::interpret::{Disposition, HopTrace, Trace};
use networks::model::{Action, Device, DeviceId, NextHop, RouteAction, Rule, StaticRoute};
use region::NetworkName;
use std::net::IpAddr;

/// How many of each kind are told.
const CLUES_MAX: usize = 3;

/// How many leading bits two addresses must share to be near each other.
const SHARED_BITS_MIN: u32 = 16;

/// Addresses of interfaces near one that is wanted and that nobody has.
pub(crate) fn near_interfaces(
    world: &World<'_>,
    wanted: IpAddr,
    considered: impl Fn(DeviceId) -> bool,
) -> Vec<Line> {
    let mut near = Vec::new();
    for (id, device) in world.network.devices().filter(|(id, _)| considered(*id)) {
        for interface in &device.interfaces {
            let state = if interface.is_up() {
                ""
            } else {
                ", which is down"
            };
            for address in &interface.addresses {
                let shared = shared_bits(address.net.addr(), wanted);
                if shared < SHARED_BITS_MIN {
                    continue;
                }
                let text = format!(
                    "`{}` has {} on `{}`{state}",
                    device.name, address.net, interface.name
                );
                // What is wrong with one that is down is not its address.
                let span = if interface.is_up() {
                    address.origin
                } else {
                    interface.origin
                };
                near.push((std::cmp::Reverse(shared), id, Line::new(text, Some(span))));
            }
        }
    }
    near.sort_by_key(|(shared, id, _)| (*shared, *id));
    near.into_iter()
        .take(CLUES_MAX)
        .map(|(_, _, line)| line)
        .collect()
}

/// The same, in one administrative network.
pub(crate) fn near_interfaces_of(
    world: &World<'_>,
    network: &NetworkName,
    wanted: IpAddr,
) -> Vec<Line> {
    near_interfaces(world, wanted, |device| {
        world.network_of(device) == Some(network)
    })
}

/// Where a packet goes to a gateway that no configuration shows: the route that
/// says so, and who nearly has its address.
pub(crate) fn gateways(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Disposition::Exits { port, gateway } = trace.disposition else {
        return Vec::new();
    };
    let mut lines = routed_by(trace.hops.last());
    if let Some(gateway) = gateway {
        lines.extend(near_interfaces(world, gateway, |device| {
            device != port.device
        }));
    }
    lines
}

/// The lines by which a device decided where a packet goes.
pub(crate) fn routed_by(hop: Option<&HopTrace>) -> Vec<Line> {
    let origins = hop
        .and_then(decision)
        .map_or(&[][..], |decision| &decision.origins);
    origins
        .iter()
        .map(|origin| Line::new("is routed by this", Some(*origin)))
        .collect()
}

/// Static routes to the destination that the device has and does not use, and
/// its own addresses near their gateways.
pub(crate) fn unused_routes(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let (Disposition::NoRoute { device: id } | Disposition::Discarded { device: id, .. }) =
        trace.disposition
    else {
        return Vec::new();
    };
    let (Some(device), Some(hop)) = (world.network.device(id), trace.hops.last()) else {
        return Vec::new();
    };
    let to = packet_before_drop(hop).destination;
    let mut lines = Vec::new();
    let routes = device.vrfs.iter().flat_map(|vrf| &vrf.static_routes);
    let meant = |route: &&StaticRoute| {
        route.prefix.contains(&to) && !matches!(route.next_hop, NextHop::Discard)
    };
    for route in routes.filter(meant) {
        lines.push(Line::new(
            format!("has a route to {}, which is not used", route.prefix),
            Some(route.origin),
        ));
        let gateway = match route.next_hop {
            NextHop::Address(gateway) | NextHop::InterfaceAddress(_, gateway) => Some(gateway),
            _ => None,
        };
        if let Some(gateway) = gateway {
            lines.extend(near_interfaces(world, gateway, |device| device == id));
        }
    }
    lines
}

/// What says that a device where a packet stopped does not forward.
pub(crate) fn forwarding(world: &World<'_>, trace: &Trace) -> Option<Line> {
    let Disposition::NotForwarded { device } = trace.disposition else {
        return None;
    };
    whole(world, world.network.device(device)?, Whole::Forwarding)
}

/// Interfaces of the way that are in no zone, at a device that has zones.
pub(crate) fn zones(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Some((device, hop)) = dropped_at(world, trace) else {
        return Vec::new();
    };
    if device.interfaces.iter().all(|other| other.zone.is_none()) {
        return Vec::new();
    }
    let ways = [(hop.enters, "enters by"), (leaves(hop), "would leave by")];
    ways.into_iter()
        .filter_map(|(id, does)| {
            let interface = device.interface(id?).filter(|own| own.zone.is_none())?;
            let text = format!("it {does} `{}`, which is in no zone", interface.name);
            Some(Line::new(text, Some(interface.origin)))
        })
        .collect()
}

/// Where a nearly matching rule is for packets that enter by another interface:
/// what sent it to this one.
pub(crate) fn sent_here(world: &World<'_>, trace: &Trace) -> Vec<Line> {
    let Some([before, _]) = trace.hops.last_chunk::<2>() else {
        return Vec::new();
    };
    let Some(device) = world.network.device(before.device) else {
        return Vec::new();
    };
    let origins = decision(before).map_or(&[][..], |decision| &decision.origins);
    let mut lines: Vec<Line> = origins
        .iter()
        .map(|origin| Line::new(format!("`{}` sends it here", device.name), Some(*origin)))
        .collect();
    let vrf = before.enters.and_then(|id| Some(device.interface(id)?.vrf));
    let chain = vrf.and_then(|vrf| device.vrf(vrf)?.policy_routing);
    if let Some(chain) = chain {
        let at = At {
            device,
            enters: before.enters,
            leaves: None,
        };
        for rule in matching_routes(chain, &before.received, at) {
            if !origins.contains(&rule.origin) {
                let text = format!("`{}` would route it by this, and cannot", device.name);
                lines.push(Line::new(text, Some(rule.origin)));
                for gateway in next_hops(rule) {
                    lines.extend(near_interfaces(world, gateway, |other| {
                        other == before.device
                    }));
                }
            }
        }
        let misses = near_misses(chain, &before.received, at, Wanted::Routing);
        let packet = &before.received;
        lines.extend(told(world, misses, packet, "would route it elsewhere"));
    }
    if let Some(interface) = before.enters.and_then(|id| device.interface(id)) {
        lines.push(Line::new(
            format!("it came to `{}` by `{}`", device.name, interface.name),
            Some(interface.origin),
        ));
    }
    lines
}

/// The addresses that a rule of policy routing sends packets to.
fn next_hops(rule: &Rule) -> Vec<IpAddr> {
    let hops = match &rule.action {
        Action::Route(
            RouteAction::FirstUsable(hops)
            | RouteAction::AnyOf(hops)
            | RouteAction::FirstUsableUnlessRouted(hops),
        ) => hops.as_slice(),
        _ => &[],
    };
    let addresses = hops.iter().filter_map(|hop| match hop {
        NextHop::Address(address) | NextHop::InterfaceAddress(_, address) => Some(*address),
        _ => None,
    });
    addresses.collect()
}

fn dropped_at<'a>(world: &World<'a>, trace: &'a Trace) -> Option<(&'a Device, &'a HopTrace)> {
    let Disposition::Dropped { device, .. } = trace.disposition else {
        return None;
    };
    Some((world.network.device(device)?, trace.hops.last()?))
}
