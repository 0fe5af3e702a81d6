//! The addresses that hosts of a subnet can have.

use crate::World;
use crate::ask::ends;
use ipnet::IpNet;
use packets::{AddressMatch, AddressSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the addresses that devices have, virtual ones too, and the first and
/// last one of their subnets, in order.
pub(super) fn taken(world: &World<'_>) -> Vec<IpAddr> {
    let devices = world.network.devices.iter();
    let interfaces = devices.flat_map(|device| &device.interfaces);
    let up = interfaces.filter(|interface| interface.is_up());
    let mut taken: Vec<IpAddr> = up
        .flat_map(|interface| {
            let subnets = interface.addresses.iter().map(|own| own.net);
            let own = subnets.flat_map(|net| std::iter::once(net.addr()).chain(ends(net)));
            let groups = interface.redundancy.iter();
            own.chain(groups.flat_map(|group| group.addresses.iter().copied()))
        })
        .collect();
    taken.sort_unstable();
    taken.dedup();
    taken
}

/// Returns the addresses of a subnet that its hosts can have: neither a
/// device's, nor the first and last one of an IPv4 subnet (RFC 1812 section 5.3.5).
pub(super) fn hosts(net: IpNet, taken: &[IpAddr]) -> AddressSet {
    let (mut next, mut last) = (Some(net.network()), Some(net.broadcast()));
    if net.addr().is_ipv4() {
        (next, last) = (step(net.network(), true), step(net.broadcast(), false));
    }
    let from = taken.partition_point(|address| *address < net.network());
    let within = taken.get(from..).unwrap_or_default().iter();
    let mut parts = Vec::new();
    let mut add = |first: Option<IpAddr>, last: Option<IpAddr>| {
        if let Some((first, last)) = first.zip(last).filter(|(first, last)| first <= last) {
            parts.push(AddressMatch::Range(first, last));
        }
    };
    for address in within.take_while(|address| net.contains(*address)) {
        add(next, step(*address, false));
        next = step(*address, true).max(next);
    }
    add(next, last);
    AddressSet(parts)
}

/// Returns the address after another, or before it.
fn step(address: IpAddr, up: bool) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            Ipv4Addr::from_bits(next?).into()
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let next = if up {
                bits.checked_add(1)
            } else {
                bits.checked_sub(1)
            };
            Ipv6Addr::from_bits(next?).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts have what the subnet has, less its ends and the routers' addresses.
    #[test]
    fn addresses_of_hosts() {
        for (net, taken, expected) in [
            ("10.0.0.0/29", &["10.0.0.1"][..], "10.0.0.2-10.0.0.6"),
            (
                "10.0.0.0/29",
                &["10.0.0.3", "10.0.0.6"],
                "10.0.0.1-10.0.0.2 10.0.0.4-10.0.0.5",
            ),
            (
                "10.0.0.0/29",
                &["9.0.0.1", "10.0.0.0", "10.0.0.7", "10.0.0.9"],
                "10.0.0.1-10.0.0.6",
            ),
            ("10.0.0.0/30", &["10.0.0.1", "10.0.0.1", "10.0.0.2"], ""),
            (
                "255.255.255.248/29",
                &["255.255.255.254"],
                "255.255.255.249-255.255.255.253",
            ),
            (
                "2001:db8::/126",
                &["2001:db8::1"],
                "2001:db8::-2001:db8:: 2001:db8::2-2001:db8::3",
            ),
        ] {
            let taken: Vec<IpAddr> = taken.iter().filter_map(|at| at.parse().ok()).collect();
            let AddressSet(parts) = hosts(net.parse().expect("a prefix"), &taken);
            let shown: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    AddressMatch::Range(first, last) => format!("{first}-{last}"),
                    other => format!("{other:?}"),
                })
                .collect();
            assert_eq!(shown.join(" "), expected, "{net} {taken:?}");
        }
    }
}
