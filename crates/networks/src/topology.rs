//! Who hears whom: links between interfaces, from addresses and declarations.
//!
//! Interfaces that are up and share a subnet are taken to be on one link, as
//! every network verifier does that has no cabling plan; a layer-1 topology
//! narrows that. Devices of different administrative networks are joined by
//! declared boundary links alone: the same private prefixes are used by several
//! organisations.

mod cabling;
mod joining;
mod tunnels;

use crate::model::{InterfaceKind, Link, Network, Port};
use cabling::Cabling;
use findings::{Code, Finding, Severity};
use ipnet::IpNet;
use joining::Groups;
use rustc_hash::FxHashMap;
use std::net::IpAddr;

/// Two interfaces on one link have the same address.
pub const ADDRESS_DUPLICATE: Code = Code::new("address-duplicate");

/// Two interfaces whose addresses lie in each other's subnet have different masks.
pub const SUBNET_MASK_MISMATCH: Code = Code::new("subnet-mask-mismatch");

/// A device and its interface by name, as a layer-1 topology names them.
pub type NamedPort = (String, String);

/// What is known of the topology besides the addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Declared<'a> {
    /// Cables (Batfish's `layer1_topology.json`): a port that stands in it is
    /// joined only to what its cables lead to. `None` where there is no plan.
    pub cables: Option<&'a [(NamedPort, NamedPort)]>,
    /// The administrative network of each device; empty where all are of one.
    pub networks: &'a [u32],
    /// Links between administrative networks, and others that addresses do not show.
    pub links: &'a [Vec<Port>],
}

/// The links of a network, and what was wrong with them.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// The links, in the order of their first ports; every interface that is
    /// up, has an address and is no loopback stands in exactly one.
    pub links: Vec<Link>,
    /// Duplicate addresses and masks that do not fit.
    pub findings: Vec<Finding>,
}

/// Finds out which interfaces are on one link.
///
/// Interfaces that are down, loopbacks and null interfaces are on none.
pub fn infer_links(network: &Network, declared: &Declared<'_>) -> Topology {
    let ports = linkable_ports(network);
    let cabling = declared
        .cables
        .map(|cables| Cabling::new(network, cables))
        .unwrap_or_default();
    let mut groups = Groups::new(ports.iter().copied());
    let area = |port: Port| {
        declared
            .networks
            .get(port.device.index())
            .copied()
            .unwrap_or(0)
    };
    join_by_subnet(network, &ports, &area, &cabling, &mut groups);
    let known = |port: Port| ports.binary_search(&port).is_ok();
    for (one, other) in cabling.routed_pairs() {
        if area(one) == area(other) && known(one) && known(other) {
            groups.join(one, other);
        }
    }
    tunnels::join(network, &ports, &area, &mut groups);
    for link in declared.links {
        for (one, other) in link.iter().zip(link.iter().skip(1)) {
            groups.join(*one, *other);
        }
    }
    let links: Vec<Link> = groups
        .into_sets()
        .into_iter()
        .filter(|ports| ports.len() > 1 || ports.iter().any(|port| has_address(network, *port)))
        .map(|ports| Link { ports })
        .collect();
    let mut findings = duplicate_addresses(network, &links);
    findings.extend(mask_mismatches(network, &ports, &area));
    Topology { links, findings }
}

/// The ports that can be on a link, ascending.
fn linkable_ports(network: &Network) -> Vec<Port> {
    let mut ports = Vec::new();
    for (device, configured) in network.devices() {
        for (interface, settings) in configured.interfaces() {
            let joined_to_nothing =
                matches!(settings.kind, InterfaceKind::Loopback | InterfaceKind::Null);
            let carries_packets =
                !settings.addresses.is_empty() || matches!(settings.kind, InterfaceKind::Tunnel(_));
            let unaddressed_port = settings.switch_port.is_none() && settings.aggregate.is_none();
            if settings.is_up() && !joined_to_nothing && (carries_packets || unaddressed_port) {
                ports.push(Port { device, interface });
            }
        }
    }
    ports
}

fn has_address(network: &Network, port: Port) -> bool {
    network
        .interface(port)
        .is_some_and(|interface| !interface.addresses.is_empty())
}

/// The subnets of a port that say something about its link.
fn subnets(network: &Network, port: Port) -> impl Iterator<Item = IpNet> + '_ {
    network
        .interface(port)
        .into_iter()
        .flat_map(|interface| &interface.addresses)
        .map(|address| address.net.trunc())
        .filter(|net| net.prefix_len() < net.max_prefix_len() && !is_link_local(net.addr()))
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Joins the ports that share a subnet within an administrative network, as
/// far as the cabling does not forbid it.
///
/// Tunnels are left out: their ends are configured, and equal inner addresses
/// prove nothing.
fn join_by_subnet(
    network: &Network,
    ports: &[Port],
    area: &impl Fn(Port) -> u32,
    cabling: &Cabling,
    groups: &mut Groups,
) {
    let mut by_subnet: FxHashMap<(u32, IpNet, Option<u32>), Port> = FxHashMap::default();
    let mut uncabled: FxHashMap<(u32, IpNet), Vec<Port>> = FxHashMap::default();
    for &port in ports {
        let tunnel = network
            .interface(port)
            .is_some_and(|interface| matches!(interface.kind, InterfaceKind::Tunnel(_)));
        if tunnel {
            continue;
        }
        let plant = cabling.plant(network, port);
        for net in subnets(network, port) {
            let first = *by_subnet.entry((area(port), net, plant)).or_insert(port);
            groups.join(first, port);
            uncabled.entry((area(port), net)).or_default().push(port);
        }
    }
    // A port outside the plan may be on any cable: it joins those who share its subnet.
    for ports in uncabled.values() {
        let Some(free) = ports
            .iter()
            .find(|port| cabling.plant(network, **port).is_none())
        else {
            continue;
        };
        for port in ports {
            groups.join(*free, *port);
        }
    }
}

fn duplicate_addresses(network: &Network, links: &[Link]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for link in links {
        let mut seen: FxHashMap<IpAddr, Port> = FxHashMap::default();
        for &port in &link.ports {
            let Some(interface) = network.interface(port) else {
                continue;
            };
            for address in &interface.addresses {
                let Some(other) = seen.insert(address.net.addr(), port) else {
                    continue;
                };
                let finding = Finding::new(
                    ADDRESS_DUPLICATE,
                    Severity::Error,
                    format!(
                        "{} and {} have the same address {} on one link",
                        port_name(network, other),
                        port_name(network, port),
                        address.net.addr()
                    ),
                )
                .at(address.origin)
                .because("this address", Some(address.origin))
                .because(
                    "the same address",
                    address_origin(network, other, address.net.addr()),
                );
                findings.push(finding);
            }
        }
    }
    findings
}

fn address_origin(network: &Network, port: Port, address: IpAddr) -> Option<findings::Span> {
    network
        .interface(port)?
        .addresses
        .iter()
        .find(|own| own.net.addr() == address)
        .map(|own| own.origin)
}

/// Names a port as people say it: `device interface`.
pub(crate) fn port_name(network: &Network, port: Port) -> String {
    let device = network.device(port.device);
    let interface = network.interface(port);
    format!(
        "`{} {}`",
        device.map_or("?", |device| device.name.as_str()),
        interface.map_or("?", |interface| interface.name.as_str())
    )
}

/// Finds interfaces of different devices in subnets that contain each other.
fn mask_mismatches(network: &Network, ports: &[Port], area: &impl Fn(Port) -> u32) -> Vec<Finding> {
    let mut by_subnet: FxHashMap<(u32, IpNet), Port> = FxHashMap::default();
    for &port in ports {
        for net in subnets(network, port) {
            by_subnet.entry((area(port), net)).or_insert(port);
        }
    }
    let mut findings = Vec::new();
    let mut sorted: Vec<_> = by_subnet.iter().collect();
    sorted.sort();
    for (&(area, net), &port) in sorted {
        let wider = std::iter::successors(net.supernet(), IpNet::supernet)
            .find_map(|wider| Some((wider, *by_subnet.get(&(area, wider))?)));
        let Some((wider, other)) = wider else {
            continue;
        };
        if other.device == port.device {
            continue;
        }
        let origin = |port, net: IpNet| {
            network
                .interface(port)?
                .addresses
                .iter()
                .find(|own| own.net.trunc() == net)
                .map(|own| own.origin)
        };
        let mut finding = Finding::new(
            SUBNET_MASK_MISMATCH,
            Severity::Warning,
            format!(
                "the subnet {net} of {} lies within {wider} of {}, so they are not on one link",
                port_name(network, port),
                port_name(network, other)
            ),
        )
        .because("the narrower subnet", origin(port, net))
        .because("the wider subnet", origin(other, wider));
        finding.primary = origin(port, net);
        findings.push(finding);
    }
    findings
}
