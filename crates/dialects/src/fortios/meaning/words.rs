//! Values: prefixes, ranges, ports.

use crate::fortios::syntax::Word;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use packets::{AddressMatch, Wildcard};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Reads an address and mask (`10.0.0.1 255.255.255.0`) or a prefix
/// (`10.0.0.1/24`, `2001:db8::1/64`); host bits stay. `None` where it is
/// neither, or the mask is not contiguous.
pub(super) fn net(words: &[Word]) -> Option<IpNet> {
    let first = words.first()?.text.as_str();
    match words.get(1) {
        Some(mask) => {
            let address: Ipv4Addr = first.parse().ok()?;
            let mask: Ipv4Addr = mask.text.parse().ok()?;
            Some(IpNet::V4(Ipv4Net::with_netmask(address, mask).ok()?))
        }
        None => joined_net(first),
    }
}

/// Reads `10.0.0.0/8` or `10.0.0.0/255.0.0.0` or a lone address.
pub(super) fn joined_net(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return Some(IpNet::from(text.parse::<IpAddr>().ok()?));
    };
    if let Ok(mask) = length.parse::<Ipv4Addr>() {
        let address: Ipv4Addr = address.parse().ok()?;
        return Some(IpNet::V4(Ipv4Net::with_netmask(address, mask).ok()?));
    }
    let length = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => Ipv4Net::new(address, length).ok().map(IpNet::V4),
        IpAddr::V6(address) => Ipv6Net::new(address, length).ok().map(IpNet::V6),
    }
}

/// Reads an address and a mask whose set bits count, contiguous or not.
pub(super) fn masked(words: &[Word]) -> Option<AddressMatch> {
    if let Some(net) = net(words) {
        return Some(AddressMatch::Net(net.trunc()));
    }
    let address: Ipv4Addr = words.first()?.text.parse().ok()?;
    let mask: Ipv4Addr = words.get(1)?.text.parse().ok()?;
    let ignore = Ipv4Addr::from_bits(!mask.to_bits());
    Some(AddressMatch::Wildcard(Wildcard::new(address, ignore)))
}

/// Reads `10.0.0.1-10.0.0.9` or one address as a range.
pub(super) fn address_range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    ordered(first, last)
}

/// Returns the two where they are of one family and in order.
pub(super) fn ordered(first: IpAddr, last: IpAddr) -> Option<(IpAddr, IpAddr)> {
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some((first, last))
}

/// Reads `80` or `80-90`.
pub(super) fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// Returns how many addresses a range has, less one.
pub(super) fn width((first, last): (IpAddr, IpAddr)) -> u128 {
    number(last).saturating_sub(number(first))
}

/// Returns an address as a number.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Returns the address so many after another, where there is one.
pub(super) fn after(address: IpAddr, count: u128) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let sum = u128::from(address.to_bits()).checked_add(count)?;
            Some(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(sum).ok()?)))
        }
        IpAddr::V6(address) => {
            let sum = address.to_bits().checked_add(count)?;
            Some(IpAddr::V6(Ipv6Addr::from_bits(sum)))
        }
    }
}
