//! Addresses as Linux tools write them, and the kinds that the kernel knows.

use super::netfilter::unknown;
use findings::Span;
use ipnet::IpNet;
use networks::model::{Condition, Device, LineState};
use packets::{AddressMatch, AddressSet, Family, Wildcard};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads an address with or without a prefix length or a mask; host bits are
/// cleared. `None` for what is no address of the family.
pub(super) fn with_mask(text: &str, family: Family) -> Option<AddressMatch> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    if Family::of(address) != family {
        return None;
    }
    let Some(mask) = mask else {
        return Some(AddressMatch::Net(IpNet::from(address)));
    };
    if let Ok(length) = mask.parse::<u8>() {
        let net = IpNet::new(address, length).ok()?;
        return Some(AddressMatch::Net(net.trunc()));
    }
    let mask: IpAddr = mask.parse().ok()?;
    if let Ok(net) = IpNet::with_netmask(address, mask) {
        return Some(AddressMatch::Net(net.trunc()));
    }
    match (address, mask) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => {
            let ignore = Ipv4Addr::from_bits(!mask.to_bits());
            Some(AddressMatch::Wildcard(Wildcard::new(address, ignore)))
        }
        _ => None,
    }
}

/// Whose address is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The sender's.
    Source,
    /// The receiver's.
    Destination,
}

impl Side {
    /// Makes the condition that the address is in the set.
    pub(super) fn is_in(self, set: AddressSet) -> Condition {
        match self {
            Self::Source => Condition::Source(set),
            Self::Destination => Condition::Destination(set),
        }
    }
}

/// Kinds of address by the kernel's routing tables (`rtnetlink(7)`, `rtm_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The device's own.
    Local,
    /// The broadcast address of a subnet.
    Broadcast,
    /// Multicast.
    Multicast,
    /// Any other that a route leads to, and the kinds that depend on routes.
    ByRoute,
}

impl Kind {
    /// Returns the kind of a name in lower case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "local" => Self::Local,
            "broadcast" => Self::Broadcast,
            "multicast" => Self::Multicast,
            "unspec" | "unicast" | "anycast" | "blackhole" | "unreachable" | "prohibit"
            | "throw" | "nat" | "xresolve" => Self::ByRoute,
            _ => return None,
        })
    }
}

/// Makes the condition that an address is of a kind.
///
/// With `open`, nothing is known of the device's addresses.
pub(super) fn of_kind(
    device: &Device,
    open: bool,
    side: Side,
    kind: Kind,
    origin: Span,
) -> (Condition, LineState) {
    let could_matter = LineState::NotModelledCouldMatter;
    let nets = || {
        device
            .interfaces
            .iter()
            .flat_map(|interface| &interface.addresses)
            .map(|address| address.net)
    };
    match kind {
        Kind::Local if open => {
            let reason = "the device's own addresses are not in the rule set";
            (unknown(origin, reason), could_matter)
        }
        Kind::Local => {
            let own = nets().map(|net| AddressMatch::Net(IpNet::from(net.addr())));
            let set = AddressSet(own.chain(loopback()).collect());
            (side.is_in(set), LineState::Understood)
        }
        Kind::Multicast => (side.is_in(AddressSet(multicast())), LineState::Understood),
        Kind::Broadcast => {
            let limited = AddressMatch::Net(IpNet::from(IpAddr::V4(Ipv4Addr::BROADCAST)));
            let mut certain = vec![limited];
            let mut doubtful = Vec::new();
            for net in nets() {
                let IpNet::V4(net) = net else { continue };
                if net.prefix_len() < 31 {
                    certain.push(AddressMatch::Net(IpNet::from(IpAddr::V4(net.broadcast()))));
                    // Kernels before 5.14 answer for the lowest address too.
                    doubtful.push(AddressMatch::Net(IpNet::from(IpAddr::V4(net.network()))));
                }
            }
            if open {
                doubtful = vec![AddressMatch::Net(IpNet::V4(ipnet::Ipv4Net::default()))];
            }
            let mut parts = vec![side.is_in(AddressSet(certain))];
            if doubtful.is_empty() {
                return (Condition::Any(parts), LineState::Understood);
            }
            let reason = "whether it is a broadcast address depends on subnets and kernel";
            parts.push(Condition::All(vec![
                side.is_in(AddressSet(doubtful)),
                Condition::Not(Box::new(side.is_in(AddressSet(multicast())))),
                unknown(origin, reason),
            ]));
            (Condition::Any(parts), could_matter)
        }
        Kind::ByRoute => {
            let reason = "the kind of an address by the routing table is not modelled";
            (unknown(origin, reason), could_matter)
        }
    }
}

fn loopback() -> [AddressMatch; 2] {
    let v4 = ipnet::Ipv4Net::new(Ipv4Addr::LOCALHOST, 8).unwrap_or_default();
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    [
        AddressMatch::Net(IpNet::V4(v4.trunc())),
        AddressMatch::Net(IpNet::from(v6)),
    ]
}

fn multicast() -> Vec<AddressMatch> {
    let v4 = ipnet::Ipv4Net::new(Ipv4Addr::new(224, 0, 0, 0), 4).unwrap_or_default();
    let v6 = ipnet::Ipv6Net::new(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8).unwrap_or_default();
    vec![
        AddressMatch::Net(IpNet::V4(v4)),
        AddressMatch::Net(IpNet::V6(v6)),
    ]
}
