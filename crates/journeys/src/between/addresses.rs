//! Addresses that two networks use, that nobody allocated, or that should not
//! leave their site.

use super::{is_boundary, ports, whose};
use crate::World;
use findings::{Code, Finding, Severity, Span};
use ipnet::{IpNet, Ipv4Net};
use networks::forwarding::FibAction;
use networks::model::{InterfaceKind, Port};
use region::{NetworkName, Region};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Two networks use the same addresses, and no translation is declared.
pub const ADDRESSES_OVERLAP: Code = Code::new("addresses-overlap");
/// A network uses addresses that are not allocated to it.
pub const ADDRESS_OUTSIDE_ALLOCATION: Code = Code::new("address-outside-allocation");
/// 192.168.0.0/16 is routed between networks.
pub const SITE_LOCAL_ROUTED: Code = Code::new("site-local-routed");

/// Addresses that every organisation uses for itself (by agreement of the
/// region: 10.0.0.0/8 is portioned out, 192.168.0.0/16 stays inside).
const SITE_LOCAL: Ipv4Net = match Ipv4Net::new(Ipv4Addr::new(192, 168, 0, 0), 16) {
    Ok(net) => net,
    Err(_) => panic!("16 is a prefix length"),
};

/// A subnet that an interface is in.
struct Subnet<'a> {
    net: IpNet,
    port: Port,
    network: &'a NetworkName,
    origin: Span,
}

/// Every subnet inside a network: boundary links, loopbacks and host routes left out.
fn subnets<'a>(world: &World<'a>) -> Vec<Subnet<'a>> {
    let mut found = Vec::new();
    for (port, network) in ports(world) {
        let Some(interface) = world.network.interface(port) else {
            continue;
        };
        if interface.kind == InterfaceKind::Loopback || is_boundary(world, port) {
            continue;
        }
        found.extend(interface.addresses.iter().filter_map(|address| {
            let net = address.net.trunc();
            let link_local = match net {
                IpNet::V4(net) => net.addr().is_link_local(),
                IpNet::V6(net) => net.addr().is_unicast_link_local(),
            };
            let wide = net.prefix_len() < net.max_prefix_len() && !link_local;
            wide.then_some(Subnet {
                net,
                port,
                network,
                origin: address.origin,
            })
        }));
    }
    found
}

fn overlap(left: IpNet, right: IpNet) -> bool {
    left.contains(&right) || right.contains(&left)
}

/// Finds subnets of two networks that have addresses in common, once for each
/// pair of prefixes.
pub(super) fn overlaps(world: &World<'_>, region: &Region) -> Vec<Finding> {
    let mut subnets = subnets(world);
    subnets.sort_by(|left, right| {
        (
            left.net.network(),
            left.net.prefix_len(),
            left.network,
            left.port,
        )
            .cmp(&(
                right.net.network(),
                right.net.prefix_len(),
                right.network,
                right.port,
            ))
    });
    let mut found: BTreeMap<(IpNet, IpNet, &NetworkName, &NetworkName), Finding> = BTreeMap::new();
    // Prefixes nest or are apart, so a stack of those still open suffices.
    let mut open: Vec<&Subnet<'_>> = Vec::new();
    for subnet in &subnets {
        open.retain(|outer| outer.net.contains(&subnet.net));
        for outer in &open {
            if outer.network != subnet.network {
                let key = (outer.net, subnet.net, outer.network, subnet.network);
                found
                    .entry(key)
                    .or_insert_with(|| overlapping(world, region, outer, subnet));
            }
        }
        open.push(subnet);
    }
    found.into_values().collect()
}

fn overlapping(
    world: &World<'_>,
    region: &Region,
    outer: &Subnet<'_>,
    inner: &Subnet<'_>,
) -> Finding {
    let translated = translated(region, outer.network, outer.net)
        || translated(region, inner.network, inner.net);
    // Who uses addresses that are not its own is the one to change.
    let stranger = [outer, inner]
        .into_iter()
        .find(|subnet| !allocated(region, subnet.network, subnet.net))
        .unwrap_or(inner);
    let severity = if translated {
        Severity::Note
    } else {
        Severity::Error
    };
    let mut finding = Finding::new(
        ADDRESSES_OVERLAP,
        severity,
        format!(
            "{} and {} both use {}",
            whose(world, outer.port.device),
            whose(world, inner.port.device),
            if outer.net == inner.net {
                outer.net.to_string()
            } else {
                format!("{} (in {})", inner.net, outer.net)
            }
        ),
    )
    .at(stranger.origin);
    for subnet in [outer, inner] {
        finding = finding.because(
            format!("`{}` uses it here", subnet.network),
            Some(subnet.origin),
        );
    }
    finding.owner = world.owner_of(stranger.port.device);
    finding.with_hint(if translated {
        "the region declares by which addresses others see it; nothing need change"
    } else {
        "renumber one of them, or translate it and declare `seen-as`"
    })
}

/// Tells whether the region declares by which other addresses a prefix is seen.
fn translated(region: &Region, network: &NetworkName, net: IpNet) -> bool {
    let segment = region.segments().any(|(_, info)| {
        info.network == network
            && !info.segment.seen_as.is_empty()
            && info
                .segment
                .prefixes
                .iter()
                .any(|prefix| overlap(prefix.net(), net))
    });
    segment
        || region.services().any(|info| {
            info.network == network
                && !info.service.seen_as.is_empty()
                && info
                    .service
                    .addresses
                    .iter()
                    .any(|address| overlap(address.net(), net))
        })
}

fn allocated(region: &Region, network: &NetworkName, net: IpNet) -> bool {
    region.networks.get(network).is_some_and(|network| {
        network
            .about
            .allocated
            .iter()
            .any(|prefix| prefix.net().contains(&net))
    })
}

/// Finds subnets of a network that has allocations, outside all of them.
pub(super) fn outside_allocation(world: &World<'_>, region: &Region) -> Vec<Finding> {
    let mut found: BTreeMap<(IpNet, &NetworkName), Finding> = BTreeMap::new();
    for subnet in subnets(world) {
        let has_allocations = region
            .networks
            .get(subnet.network)
            .is_some_and(|network| !network.about.allocated.is_empty());
        // Every organisation may use site-local addresses for itself; whether
        // they stay inside is another finding.
        let site_local = matches!(subnet.net, IpNet::V4(net) if SITE_LOCAL.contains(&net));
        let excused = site_local || translated(region, subnet.network, subnet.net);
        if !has_allocations || excused || allocated(region, subnet.network, subnet.net) {
            continue;
        }
        found
            .entry((subnet.net, subnet.network))
            .or_insert_with(|| {
                let mut finding = Finding::new(
                    ADDRESS_OUTSIDE_ALLOCATION,
                    // What a network uses inside is its own business; what
                    // others see of it is judged by its segments and services.
                    Severity::Note,
                    format!(
                        "{} uses {}, which is not allocated to `{}`",
                        whose(world, subnet.port.device),
                        subnet.net,
                        subnet.network
                    ),
                )
                .at(subnet.origin);
                finding.owner = world.owner_of(subnet.port.device);
                finding.with_hint("renumber it, or have it allocated in `network.yaml`")
            });
    }
    found.into_values().collect()
}

/// Finds routes to 192.168.0.0/16 that lead into another network.
pub(super) fn site_local_routed(world: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (device_id, _) in world.network.devices() {
        let Some(routing) = world.routing.device(device_id) else {
            continue;
        };
        let entries = routing.vrfs.iter().flat_map(|vrf| vrf.fib.entries());
        for entry in entries {
            let IpNet::V4(prefix) = entry.prefix else {
                continue;
            };
            let FibAction::Forward(hops) = &entry.action else {
                continue;
            };
            let crosses = hops.iter().any(|hop| {
                hop.gateway.is_some()
                    && is_boundary(
                        world,
                        Port {
                            device: device_id,
                            interface: hop.interface,
                        },
                    )
            });
            if !SITE_LOCAL.contains(&prefix) || !crosses {
                continue;
            }
            let mut finding = Finding::new(
                SITE_LOCAL_ROUTED,
                Severity::Warning,
                format!(
                    "{} routes {prefix} into another network",
                    whose(world, device_id)
                ),
            );
            finding.primary = entry.origin;
            finding.owner = world.owner_of(device_id);
            findings.push(finding.with_hint(
                "192.168.0.0/16 stays inside each organisation; translate it into an allocated prefix",
            ));
        }
    }
    findings
}
