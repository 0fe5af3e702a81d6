//! The small words of IOS: addresses, masks, numbers, interface names, keys.

use ipnet::Ipv4Net;
use packets::Wildcard;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::str::FromStr;

/// Splits a line into its words.
pub(super) fn split(text: &str) -> Vec<&str> {
    text.split_ascii_whitespace().collect()
}

/// Reads a number or an address, or anything else that has one way to be written.
pub(super) fn parse<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

/// Sets a place; the answer of a line that was understood.
pub(super) fn put<T>(place: &mut T, value: T) -> Option<()> {
    *place = value;
    Some(())
}

/// Adds to a list; the answer of a line that was understood.
pub(super) fn push<T>(list: &mut Vec<T>, value: T) -> Option<()> {
    list.push(value);
    Some(())
}

/// Returns the length of a network mask, where its bits are contiguous.
pub(super) fn mask_length(mask: Ipv4Addr) -> Option<u8> {
    let ones = mask.to_bits().leading_ones();
    (mask.to_bits().count_ones() == ones)
        .then(|| u8::try_from(ones).ok())
        .flatten()
}

/// Reads an address and a network mask.
pub(super) fn net(address: &str, mask: &str) -> Option<Ipv4Net> {
    Ipv4Net::new(parse(address)?, mask_length(parse(mask)?)?).ok()
}

/// Reads an address and a wildcard mask, whose set bits do not count.
pub(super) fn wildcard(address: &str, ignore: &str) -> Option<Wildcard> {
    Some(Wildcard::new(parse(address)?, parse(ignore)?))
}

/// Returns the prefix of the class that an address was in before CIDR.
pub(super) fn classful(address: Ipv4Addr) -> Ipv4Net {
    let length = match address.octets()[0] {
        0..=127 => 8,
        128..=191 => 16,
        192..=223 => 24,
        _ => 32,
    };
    Ipv4Net::new(address, length).map_or_else(|_| Ipv4Net::from(address), |net| net.trunc())
}

/// Reads an OSPF area: a number, or an address that stands for one.
pub(super) fn area(word: &str) -> Option<u32> {
    parse::<u32>(word).or_else(|| parse::<Ipv4Addr>(word).map(Ipv4Addr::to_bits))
}

/// Reads an autonomous system: a number, or two with a point (RFC 5396 asdot).
pub(super) fn asn(word: &str) -> Option<u32> {
    match word.split_once('.') {
        None => parse(word),
        Some((high, low)) => {
            let (high, low) = (parse::<u16>(high)?, parse::<u16>(low)?);
            Some(u32::from(high) << 16 | u32::from(low))
        }
    }
}

/// Interface types by the full name IOS prints, with the bandwidth in kbit/s
/// that metrics are computed from where none is configured (Cisco IOS
/// Interface Command Reference, `bandwidth`; `show interfaces` of the labs).
const INTERFACE_TYPES: [(&str, Option<u64>); 30] = [
    ("GigabitEthernet", Some(1_000_000)),
    ("FastEthernet", Some(100_000)),
    ("Ethernet", Some(10_000)),
    ("TenGigabitEthernet", Some(10_000_000)),
    ("TwoGigabitEthernet", Some(2_500_000)),
    ("FiveGigabitEthernet", Some(5_000_000)),
    ("TwentyFiveGigE", Some(25_000_000)),
    ("FortyGigabitEthernet", Some(40_000_000)),
    ("FiftyGigE", Some(50_000_000)),
    ("HundredGigE", Some(100_000_000)),
    ("HundredGigabitEthernet", Some(100_000_000)),
    ("AppGigabitEthernet", Some(1_000_000)),
    ("Loopback", Some(8_000_000)),
    ("Vlan", Some(1_000_000)),
    ("Port-channel", None),
    ("Tunnel", Some(100)),
    ("Serial", Some(1_544)),
    ("POS", Some(155_000)),
    ("ATM", None),
    ("Null", Some(10_000_000)),
    ("BVI", None),
    ("BDI", Some(1_000_000)),
    ("Dialer", Some(56)),
    ("Multilink", None),
    ("Async", None),
    ("Cellular", None),
    ("Virtual-Template", None),
    ("Virtual-Access", None),
    ("NVI", None),
    ("VirtualPortGroup", None),
];

/// Returns the letters an interface name starts with, and the rest.
fn type_and_number(name: &str) -> (&str, &str) {
    let at = name
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(name.len());
    name.split_at(at)
}

/// Returns the type of an interface, as far as it is a known one.
pub(super) fn interface_type(name: &str) -> &str {
    type_and_number(name).0
}

/// Returns the bandwidth that the type of an interface has by itself.
pub(super) fn default_bandwidth(name: &str) -> Option<u64> {
    let (kind, _) = type_and_number(name);
    INTERFACE_TYPES
        .iter()
        .find(|(known, _)| *known == kind)
        .and_then(|(_, bandwidth)| *bandwidth)
}

/// Returns the full name of an interface, as IOS prints it, from the words
/// it is written with, and how many words these are.
///
/// Types may be abbreviated as far as one known type alone starts so, and a
/// blank may stand before the number.
pub(super) fn interface(words: &[&str]) -> Option<(String, usize)> {
    let first = words.first()?;
    let (kind, number) = type_and_number(first);
    if kind.is_empty() {
        return None;
    }
    let full = full_type(kind);
    if !number.is_empty() {
        return Some((format!("{full}{number}"), 1));
    }
    let number = words.get(1)?;
    number
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| (format!("{full}{number}"), 2))
}

/// Returns the full name of an interface written as exactly these words.
pub(super) fn whole_interface(words: &[&str]) -> Option<String> {
    let (name, used) = interface(words)?;
    (used == words.len()).then_some(name)
}

fn full_type(kind: &str) -> &str {
    let starts = |full: &str| {
        full.get(..kind.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(kind))
    };
    let mut known = INTERFACE_TYPES.iter().map(|(full, _)| *full);
    if let Some(full) = known.clone().find(|full| full.eq_ignore_ascii_case(kind)) {
        return full;
    }
    let mut found = known.by_ref().filter(|full| kind.len() > 1 && starts(full));
    match (found.next(), found.next()) {
        (Some(full), None) => full,
        _ => kind,
    }
}

/// The key that Cisco's type 7 obscures passwords with; published since 1995.
const TYPE_7_KEY: &[u8] = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";

/// Undoes type 7, so that the same key is the same on two devices.
fn type_7(word: &str) -> Option<Vec<u8>> {
    let offset: usize = parse(word.get(..2)?)?;
    let hex = word.get(2..)?;
    let bytes = hex.as_bytes().chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    let key = TYPE_7_KEY.iter().cycle().skip(offset);
    bytes
        .zip(key)
        .map(|(byte, key)| byte.map(|byte| byte ^ key))
        .collect()
}

/// Returns a digest of a key as written after `key`, `password` and the like:
/// optionally its type, then the key. `None` where two devices' texts cannot
/// be compared (type 6 is encrypted with a device's own master key).
pub(super) fn key_digest(words: &[&str]) -> Option<String> {
    let plain = match words {
        ["7", key] => type_7(key)?,
        ["0", key] => key.as_bytes().to_vec(),
        ["6", _] => return None,
        key => key.join(" ").into_bytes(),
    };
    let mut hasher = DefaultHasher::new();
    plain.hash(&mut hasher);
    Some(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Interface names come out as the device prints them.
    #[test]
    fn interface_names_are_completed() {
        for (written, full) in [
            ("Gi0/1", "GigabitEthernet0/1"),
            ("gigabitethernet 0/1.20", "GigabitEthernet0/1.20"),
            ("Port-Channel3", "Port-channel3"),
            ("Te1/1", "TenGigabitEthernet1/1"),
            ("wlan-ap0", "wlan-ap0"),
            ("loopback 0", "Loopback0"),
        ] {
            assert_eq!(whole_interface(&split(written)).as_deref(), Some(full));
        }
    }

    /// Type 7 of one password differs by its offset, and the digest does not.
    #[test]
    fn type_7_is_undone() {
        assert_eq!(type_7("0822455D0A16").unwrap(), b"cisco");
        let one = key_digest(&["7", "0822455D0A16"]);
        assert_eq!(one, key_digest(&["7", "13061E010803"]));
        assert_eq!(one, key_digest(&["cisco"]));
    }
}
