//! Rewriting of headers, and which of the allowed choices are followed (T1).

use super::chain::unknown;
use crate::model::{AddressRewrite, Interface, PortRewrite, Translation, Unknown};
use findings::Span;
use ipnet::IpNet;
use packets::{Family, Fragment, Packet, Ports};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses and ports are followed where a translation may choose.
///
/// Of a choice with at most [`Self::all_up_to`] values, all. Of a larger one,
/// the first and the last value and those of the candidates that are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Addresses that are followed where they are allowed.
    pub addresses: Vec<IpAddr>,
    /// Ports that are followed where they are allowed.
    pub ports: Vec<u16>,
    /// How many values a choice may have for all to be followed.
    pub all_up_to: u32,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            ports: Vec::new(),
            all_up_to: 4,
        }
    }
}

/// What a rewrite may come to, and whether that is all of it.
struct Options<T> {
    values: Vec<T>,
    complete: bool,
}

impl<T> Options<T> {
    fn one(value: T) -> Self {
        Self {
            values: vec![value],
            complete: true,
        }
    }
}

/// The packets that a translation may make of one.
pub(super) struct Translated {
    pub(super) packets: Vec<Packet>,
    pub(super) complete: bool,
}

/// Rewrites a packet; `interface` is the one that `InterfaceAddress` means.
pub(super) fn translate(
    packet: &Packet,
    translation: &Translation,
    interface: Option<&Interface>,
    choices: &Choices,
    origin: Span,
) -> Result<Translated, Unknown> {
    let cannot = |reason: &'static str| unknown(origin, reason);
    let address = |rewrite: Option<&AddressRewrite>, old: IpAddr| match rewrite {
        None => Ok(Options::one(old)),
        Some(rewrite) => addresses(rewrite, old, interface, choices),
    };
    let ported = packet.protocol.has_ports() && packet.fragment == Fragment::First;
    let port = |rewrite: Option<&PortRewrite>, old: u16| match rewrite {
        Some(rewrite) if ported => ports(rewrite, old, choices),
        _ => Ok(Options::one(old)),
    };
    let sources = address(translation.source.as_ref(), packet.source).map_err(cannot)?;
    let destinations =
        address(translation.destination.as_ref(), packet.destination).map_err(cannot)?;
    let source_ports =
        port(translation.source_port.as_ref(), packet.source_port).map_err(cannot)?;
    let destination_ports = port(
        translation.destination_port.as_ref(),
        packet.destination_port,
    )
    .map_err(cannot)?;
    let mut packets = Vec::new();
    for &source in &sources.values {
        for &destination in &destinations.values {
            for &source_port in &source_ports.values {
                for &destination_port in &destination_ports.values {
                    packets.push(Packet {
                        source,
                        destination,
                        source_port,
                        destination_port,
                        ..*packet
                    });
                }
            }
        }
    }
    Ok(Translated {
        packets,
        complete: sources.complete
            && destinations.complete
            && source_ports.complete
            && destination_ports.complete,
    })
}

/// Tells whether any part of a translation applies to a packet (T1, S2).
pub(super) fn applies(packet: &Packet, translation: &Translation) -> bool {
    let address = |rewrite: &Option<AddressRewrite>, old: IpAddr| match rewrite {
        None => false,
        Some(AddressRewrite::Prefix { from, .. }) => from.contains(&old),
        Some(AddressRewrite::Range { first, last, .. }) => {
            Family::of(*first) == Family::of(old) && (first..=last).contains(&&old)
        }
        Some(AddressRewrite::Pool(_) | AddressRewrite::InterfaceAddress) => true,
    };
    let ported = packet.protocol.has_ports() && packet.fragment == Fragment::First;
    let port = |rewrite: &Option<PortRewrite>, old: u16| match rewrite {
        Some(PortRewrite::Shift { first, last, .. }) => ported && (first..=last).contains(&&old),
        Some(PortRewrite::OneOf(_)) => ported,
        None => false,
    };
    address(&translation.source, packet.source)
        || address(&translation.destination, packet.destination)
        || port(&translation.source_port, packet.source_port)
        || port(&translation.destination_port, packet.destination_port)
}

fn addresses(
    rewrite: &AddressRewrite,
    old: IpAddr,
    interface: Option<&Interface>,
    choices: &Choices,
) -> Result<Options<IpAddr>, &'static str> {
    match rewrite {
        AddressRewrite::Prefix { from, to } => prefix(*from, *to, old).map(Options::one),
        AddressRewrite::Range { first, last, to } => {
            range(*first, *last, *to, old).map(Options::one)
        }
        AddressRewrite::InterfaceAddress => interface
            .into_iter()
            .flat_map(|interface| &interface.addresses)
            .map(|own| own.net.addr())
            .find(|own| Family::of(*own) == Family::of(old))
            .map(Options::one)
            .ok_or("the interface has no address to translate to"),
        AddressRewrite::Pool(ranges) => pool(ranges, Family::of(old), choices),
    }
}

fn prefix(from: IpNet, to: IpNet, old: IpAddr) -> Result<IpAddr, &'static str> {
    let same_family = Family::of(from.addr()) == Family::of(to.addr());
    if !same_family || from.prefix_len() != to.prefix_len() {
        return Err("the two prefixes of the translation do not fit each other");
    }
    if !from.contains(&old) {
        return Ok(old);
    }
    let host = number(old) - number(from.network());
    Ok(address(Family::of(old), number(to.network()) + host))
}

fn range(first: IpAddr, last: IpAddr, to: IpAddr, old: IpAddr) -> Result<IpAddr, &'static str> {
    let family = Family::of(first);
    if family != Family::of(last) || family != Family::of(to) {
        return Err("the two ranges of the translation do not fit each other");
    }
    if family != Family::of(old) || !(first..=last).contains(&old) {
        return Ok(old);
    }
    let past = "the translation leads past the last address";
    let moved = number(to)
        .checked_add(number(old) - number(first))
        .ok_or(past)?;
    if family == Family::V4 && moved > u128::from(u32::MAX) {
        return Err(past);
    }
    Ok(address(family, moved))
}

fn pool(
    ranges: &[(IpAddr, IpAddr)],
    family: Family,
    choices: &Choices,
) -> Result<Options<IpAddr>, &'static str> {
    let ranges: Vec<(u128, u128)> = ranges
        .iter()
        .filter(|(first, last)| {
            Family::of(*first) == family && Family::of(*last) == family && first <= last
        })
        .map(|(first, last)| (number(*first), number(*last)))
        .collect();
    let candidates = choices
        .addresses
        .iter()
        .filter(|candidate| Family::of(**candidate) == family)
        .map(|candidate| number(*candidate));
    let options = choose(&ranges, candidates, choices.all_up_to)
        .ok_or("the pool has no address of this family")?;
    Ok(Options {
        values: options
            .values
            .into_iter()
            .map(|value| address(family, value))
            .collect(),
        complete: options.complete,
    })
}

fn ports(rewrite: &PortRewrite, old: u16, choices: &Choices) -> Result<Options<u16>, &'static str> {
    match rewrite {
        PortRewrite::Shift { first, last, to } => {
            if !(first..=last).contains(&&old) {
                return Ok(Options::one(old));
            }
            to.checked_add(old - first)
                .map(Options::one)
                .ok_or("the translation leads past the last port")
        }
        PortRewrite::OneOf(Ports(ranges)) => {
            let ranges: Vec<(u128, u128)> = ranges
                .iter()
                .filter(|range| !range.is_empty())
                .map(|range| (u128::from(*range.start()), u128::from(*range.end())))
                .collect();
            let candidates = choices.ports.iter().map(|port| u128::from(*port));
            let options = choose(&ranges, candidates, choices.all_up_to)
                .ok_or("the translation has no port to choose")?;
            let as_port = |value| u16::try_from(value).ok();
            Ok(Options {
                values: options.values.into_iter().filter_map(as_port).collect(),
                complete: options.complete,
            })
        }
    }
}

/// Chooses from inclusive ranges; `None` where they are empty.
fn choose(
    ranges: &[(u128, u128)],
    candidates: impl Iterator<Item = u128>,
    all_up_to: u32,
) -> Option<Options<u128>> {
    let first = ranges.iter().map(|(first, _)| *first).min()?;
    let last = ranges.iter().map(|(_, last)| *last).max()?;
    let limit = all_up_to as usize;
    // Looking at one value more than the limit tells whether there are more.
    let mut values: Vec<u128> = Vec::new();
    for &(first, last) in ranges {
        for value in (first..=last).take(limit + 1) {
            if !values.contains(&value) && values.len() <= limit {
                values.push(value);
            }
        }
    }
    let complete = values.len() <= limit;
    if !complete {
        values = vec![first, last];
        values.extend(candidates.filter(|value| {
            ranges
                .iter()
                .any(|(first, last)| (first..=last).contains(&value))
        }));
    }
    values.sort_unstable();
    values.dedup();
    Some(Options { values, complete })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Returns the address with this number; an IPv4 number is below 2³².
fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => {
            let bits = u32::try_from(number).unwrap_or(u32::MAX);
            IpAddr::V4(Ipv4Addr::from_bits(bits))
        }
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
    }
}
