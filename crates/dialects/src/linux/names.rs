//! Names that Linux tools print or accept in place of numbers.
//!
//! Sources: `/etc/protocols` and `/etc/services` as Debian and Fedora ship them
//! (the subset that rule sets use), `libxt_icmp.h` of iptables, and the symbol
//! tables of nft(8).

use packets::{IcmpMatch, Protocol};

/// Returns a protocol by number or name; `None` for a name that is not in the
/// list. `all` and `ip` are not protocols and are `None` too.
pub(super) fn protocol(text: &str) -> Option<Protocol> {
    if let Some(number) = number(text) {
        return u8::try_from(number).ok().map(Protocol);
    }
    Some(match text.to_ascii_lowercase().as_str() {
        "icmp" => Protocol::ICMP,
        "igmp" => Protocol::IGMP,
        "ipencap" | "ipip" => Protocol(4),
        "tcp" => Protocol::TCP,
        "egp" => Protocol(8),
        "igp" => Protocol(9),
        "udp" => Protocol::UDP,
        "dccp" => Protocol::DCCP,
        "ipv6" => Protocol(41),
        "ipv6-route" => Protocol(43),
        "ipv6-frag" => Protocol(44),
        "rsvp" => Protocol(46),
        "gre" => Protocol::GRE,
        "esp" | "ipv6-crypt" | "ipsec-esp" => Protocol::ESP,
        "ah" | "ipv6-auth" | "ipsec-ah" => Protocol::AH,
        "icmpv6" | "ipv6-icmp" => Protocol::ICMPV6,
        "ipv6-nonxt" => Protocol(59),
        "ipv6-opts" => Protocol(60),
        "eigrp" => Protocol::EIGRP,
        "ospf" | "ospfigp" => Protocol::OSPF,
        "etherip" => Protocol(97),
        "pim" => Protocol::PIM,
        "ipcomp" | "comp" => Protocol(108),
        "vrrp" | "carp" => Protocol::VRRP,
        "l2tp" => Protocol(115),
        "sctp" => Protocol::SCTP,
        "mh" | "mobility-header" => Protocol(135),
        "udplite" => Protocol::UDPLITE,
        _ => return None,
    })
}

/// Returns a port by number or service name.
pub(super) fn port(text: &str) -> Option<u16> {
    if let Some(number) = number(text) {
        return u16::try_from(number).ok();
    }
    SERVICES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|&(_, port)| port)
}

/// Service names that rule sets print with; the port is the same for TCP and UDP.
const SERVICES: [(&str, u16); 62] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("whois", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("auth", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("epmap", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("snmptrap", 162),
    ("bgp", 179),
    ("ldap", 389),
    ("svrloc", 427),
    ("https", 443),
    ("microsoft-ds", 445),
    ("kpasswd", 464),
    ("submissions", 465),
    ("isakmp", 500),
    ("syslog", 514),
    ("printer", 515),
    ("route", 520),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("rtsp", 554),
    ("nntps", 563),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("socks", 1080),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("nfs", 2049),
    ("mysql", 3306),
    ("ipsec-nat-t", 4500),
    ("postgresql", 5432),
];

/// Returns what an ICMP type of IPv4 stands for: `8`, `3/1` or a name.
pub(super) fn icmp(text: &str) -> Option<IcmpMatch> {
    icmp_by(text, &ICMP_NAMES)
}

/// Returns what an ICMPv6 type stands for: `128`, `1/4` or a name.
pub(super) fn icmpv6(text: &str) -> Option<IcmpMatch> {
    icmp_by(text, &ICMPV6_NAMES)
}

type IcmpName = (&'static str, u8, Option<u8>);

fn icmp_by(text: &str, names: &[IcmpName]) -> Option<IcmpMatch> {
    let of = |kind: u8, code: Option<u8>| IcmpMatch {
        types: kind..=kind,
        codes: code.map_or(0..=u8::MAX, |code| code..=code),
    };
    if text == "any" {
        return Some(IcmpMatch {
            types: 0..=u8::MAX,
            codes: 0..=u8::MAX,
        });
    }
    if let Some(&(_, kind, code)) = names.iter().find(|(name, ..)| *name == text) {
        return Some(of(kind, code));
    }
    let byte = |text: &str| number(text).and_then(|number| u8::try_from(number).ok());
    match text.split_once('/') {
        Some((kind, code)) => Some(of(byte(kind)?, Some(byte(code)?))),
        None => Some(of(byte(text)?, None)),
    }
}

const ICMP_NAMES: [IcmpName; 39] = [
    ("echo-reply", 0, None),
    ("pong", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("source-route-failed", 3, Some(5)),
    ("network-unknown", 3, Some(6)),
    ("host-unknown", 3, Some(7)),
    ("network-prohibited", 3, Some(9)),
    ("host-prohibited", 3, Some(10)),
    ("TOS-network-unreachable", 3, Some(11)),
    ("TOS-host-unreachable", 3, Some(12)),
    ("communication-prohibited", 3, Some(13)),
    ("host-precedence-violation", 3, Some(14)),
    ("precedence-cutoff", 3, Some(15)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("network-redirect", 5, Some(0)),
    ("host-redirect", 5, Some(1)),
    ("TOS-network-redirect", 5, Some(2)),
    ("TOS-host-redirect", 5, Some(3)),
    ("echo-request", 8, None),
    ("ping", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("ttl-exceeded", 11, None),
    ("ttl-zero-during-transit", 11, Some(0)),
    ("ttl-zero-during-reassembly", 11, Some(1)),
    ("parameter-problem", 12, None),
    ("ip-header-bad", 12, Some(0)),
    ("required-option-missing", 12, Some(1)),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
    ("address-mask-request", 17, None),
    ("address-mask-reply", 18, None),
];

const ICMPV6_NAMES: [IcmpName; 40] = [
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("communication-prohibited", 1, Some(1)),
    ("beyond-scope", 1, Some(2)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("failed-policy", 1, Some(5)),
    ("reject-route", 1, Some(6)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("ttl-exceeded", 3, None),
    ("ttl-zero-during-transit", 3, Some(0)),
    ("ttl-zero-during-reassembly", 3, Some(1)),
    ("parameter-problem", 4, None),
    ("bad-header", 4, Some(0)),
    ("unknown-header-type", 4, Some(1)),
    ("unknown-option", 4, Some(2)),
    ("echo-request", 128, None),
    ("ping", 128, None),
    ("echo-reply", 129, None),
    ("pong", 129, None),
    ("mld-listener-query", 130, None),
    ("mld-listener-report", 131, None),
    ("mld-listener-done", 132, None),
    ("mld-listener-reduction", 132, None),
    ("router-solicitation", 133, None),
    ("nd-router-solicit", 133, None),
    ("router-advertisement", 134, None),
    ("nd-router-advert", 134, None),
    ("neighbour-solicitation", 135, None),
    ("neighbor-solicitation", 135, None),
    ("nd-neighbor-solicit", 135, None),
    ("neighbour-advertisement", 136, None),
    ("neighbor-advertisement", 136, None),
    ("nd-neighbor-advert", 136, None),
    ("redirect", 137, None),
    ("nd-redirect", 137, None),
    ("router-renumbering", 138, None),
    ("ind-neighbor-solicit", 141, None),
    ("mld2-listener-report", 143, None),
];

/// Reads a number as C does: decimal, or hexadecimal after `0x`.
pub(super) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

/// Reads `value` or `value/mask` of a mark; the mask defaults to every bit.
pub(super) fn value_and_mask(text: &str) -> Option<(u32, u32)> {
    match text.split_once('/') {
        Some((value, mask)) => Some((number(value)?, number(mask)?)),
        None => Some((number(text)?, u32::MAX)),
    }
}
