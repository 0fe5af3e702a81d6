//! Names IOS prints for protocols, ports and ICMP messages (Cisco IOS Security
//! Command Reference, `access-list (IP extended)` and `permit (IPv6)`).

use packets::{IcmpMatch, Protocol};

/// Reads a protocol by name or number; `ip` and `ipv6` are none of them.
pub(super) fn protocol(word: &str, ipv6: bool) -> Option<Protocol> {
    Some(match word {
        "icmp" if ipv6 => Protocol::ICMPV6,
        "icmp" => Protocol::ICMP,
        "igmp" => Protocol::IGMP,
        "ipinip" => Protocol(4),
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        "gre" => Protocol::GRE,
        "esp" => Protocol::ESP,
        "ahp" => Protocol::AH,
        "eigrp" => Protocol::EIGRP,
        "ospf" => Protocol::OSPF,
        "nos" => Protocol(94),
        "pim" => Protocol::PIM,
        "pcp" => Protocol(108),
        "sctp" => Protocol::SCTP,
        number => Protocol(number.parse().ok()?),
    })
}

/// TCP ports by the names IOS prints.
const TCP_PORTS: &[(&str, u16)] = &[
    ("bgp", 179),
    ("chargen", 19),
    ("cmd", 514),
    ("connectedapps-plain", 15001),
    ("connectedapps-tls", 15002),
    ("daytime", 13),
    ("discard", 9),
    ("domain", 53),
    ("drip", 3949),
    ("echo", 7),
    ("exec", 512),
    ("finger", 79),
    ("ftp", 21),
    ("ftp-data", 20),
    ("gopher", 70),
    ("hostname", 101),
    ("ident", 113),
    ("irc", 194),
    ("klogin", 543),
    ("kshell", 544),
    ("login", 513),
    ("lpd", 515),
    ("msrpc", 135),
    ("nntp", 119),
    ("onep-plain", 15001),
    ("onep-tls", 15002),
    ("pim-auto-rp", 496),
    ("pop2", 109),
    ("pop3", 110),
    ("smtp", 25),
    ("sunrpc", 111),
    ("tacacs", 49),
    ("talk", 517),
    ("telnet", 23),
    ("time", 37),
    ("uucp", 540),
    ("whois", 43),
    ("www", 80),
];

/// UDP ports by the names IOS prints.
const UDP_PORTS: &[(&str, u16)] = &[
    ("biff", 512),
    ("bootpc", 68),
    ("bootps", 67),
    ("discard", 9),
    ("dnsix", 195),
    ("domain", 53),
    ("echo", 7),
    ("isakmp", 500),
    ("mobile-ip", 434),
    ("nameserver", 42),
    ("netbios-dgm", 138),
    ("netbios-ns", 137),
    ("netbios-ss", 139),
    ("non500-isakmp", 4500),
    ("ntp", 123),
    ("pim-auto-rp", 496),
    ("rip", 520),
    ("ripv6", 521),
    ("snmp", 161),
    ("snmptrap", 162),
    ("sunrpc", 111),
    ("syslog", 514),
    ("tacacs", 49),
    ("talk", 517),
    ("tftp", 69),
    ("time", 37),
    ("who", 513),
    ("xdmcp", 177),
];

/// Reads a port by number or by the name it has for a protocol.
pub(super) fn port(word: &str, protocol: Protocol) -> Option<u16> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    let names = match protocol {
        Protocol::TCP => TCP_PORTS,
        Protocol::UDP => UDP_PORTS,
        _ => return None,
    };
    let (_, port) = names.iter().find(|(name, _)| *name == word)?;
    Some(*port)
}

/// ICMP messages by name: type and code, where the name means one code.
const ICMP: &[(&str, u8, Option<u8>)] = &[
    ("administratively-prohibited", 3, Some(13)),
    ("alternate-address", 6, None),
    ("conversion-error", 31, None),
    ("dod-host-prohibited", 3, Some(10)),
    ("dod-net-prohibited", 3, Some(9)),
    ("echo", 8, None),
    ("echo-reply", 0, None),
    ("general-parameter-problem", 12, Some(0)),
    ("host-isolated", 3, Some(8)),
    ("host-precedence-unreachable", 3, Some(14)),
    ("host-redirect", 5, Some(1)),
    ("host-tos-redirect", 5, Some(3)),
    ("host-tos-unreachable", 3, Some(12)),
    ("host-unknown", 3, Some(7)),
    ("host-unreachable", 3, Some(1)),
    ("information-reply", 16, None),
    ("information-request", 15, None),
    ("mask-reply", 18, None),
    ("mask-request", 17, None),
    ("mobile-redirect", 32, None),
    ("net-redirect", 5, Some(0)),
    ("net-tos-redirect", 5, Some(2)),
    ("net-tos-unreachable", 3, Some(11)),
    ("net-unreachable", 3, Some(0)),
    ("network-unknown", 3, Some(6)),
    ("no-room-for-option", 12, Some(2)),
    ("option-missing", 12, Some(1)),
    ("packet-too-big", 3, Some(4)),
    ("parameter-problem", 12, None),
    ("port-unreachable", 3, Some(3)),
    ("precedence-unreachable", 3, Some(15)),
    ("protocol-unreachable", 3, Some(2)),
    ("reassembly-timeout", 11, Some(1)),
    ("redirect", 5, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("source-quench", 4, None),
    ("source-route-failed", 3, Some(5)),
    ("time-exceeded", 11, None),
    ("timestamp-reply", 14, None),
    ("timestamp-request", 13, None),
    ("traceroute", 30, None),
    ("ttl-exceeded", 11, Some(0)),
    ("unreachable", 3, None),
];

/// ICMPv6 messages by name: type and code, where the name means one code.
const ICMP_V6: &[(&str, u8, Option<u8>)] = &[
    ("beyond-scope", 1, Some(2)),
    ("destination-unreachable", 1, Some(3)),
    ("dhaad-reply", 145, None),
    ("dhaad-request", 144, None),
    ("echo-reply", 129, None),
    ("echo-request", 128, None),
    ("header", 4, Some(0)),
    ("hop-limit", 3, Some(0)),
    ("mld-query", 130, None),
    ("mld-reduction", 132, None),
    ("mld-report", 131, None),
    ("mpd-advertisement", 147, None),
    ("mpd-solicitation", 146, None),
    ("nd-na", 136, None),
    ("nd-ns", 135, None),
    ("next-header", 4, Some(1)),
    ("no-admin", 1, Some(1)),
    ("no-route", 1, Some(0)),
    ("packet-too-big", 2, None),
    ("parameter-option", 4, Some(2)),
    ("parameter-problem", 4, None),
    ("port-unreachable", 1, Some(4)),
    ("reassembly-timeout", 3, Some(1)),
    ("renum-command", 138, Some(0)),
    ("renum-result", 138, Some(1)),
    ("renum-seq-number", 138, Some(255)),
    ("router-advertisement", 134, None),
    ("router-renumbering", 138, None),
    ("router-solicitation", 133, None),
    ("time-exceeded", 3, None),
    ("unreachable", 1, None),
];

/// Reads an ICMP message: a name, or a type with an optional code; returns
/// how many words it took.
pub(super) fn icmp(words: &[&str], ipv6: bool) -> Option<(IcmpMatch, usize)> {
    let first = words.first()?;
    if let Ok(kind) = first.parse::<u8>() {
        let code = words.get(1).and_then(|word| word.parse::<u8>().ok());
        let codes = code.map_or(0..=u8::MAX, |code| code..=code);
        let found = IcmpMatch {
            types: kind..=kind,
            codes,
        };
        return Some((found, 1 + usize::from(code.is_some())));
    }
    let names = if ipv6 { ICMP_V6 } else { ICMP };
    let (_, kind, code) = names.iter().find(|(name, ..)| name == first)?;
    let found = IcmpMatch {
        types: *kind..=*kind,
        codes: code.map_or(0..=u8::MAX, |code| code..=code),
    };
    Some((found, 1))
}
/// Protocols of inspection by name, with the port-to-application mapping IOS
/// has by itself (Cisco IOS `ip port-map`, and RFC 6335 registrations); TCP
/// ports, UDP ports.
const APPLICATIONS: &[(&str, &[u16], &[u16])] = &[
    ("http", &[80], &[]),
    ("https", &[443], &[]),
    ("dns", &[53], &[53]),
    ("ssh", &[22], &[]),
    ("telnet", &[23], &[]),
    ("smtp", &[25], &[]),
    ("ftp", &[21], &[]),
    ("pop3", &[110], &[]),
    ("imap", &[143], &[]),
    ("ntp", &[], &[123]),
    ("snmp", &[], &[161]),
    ("syslog", &[], &[514]),
    ("tftp", &[], &[69]),
    ("ldap", &[389], &[]),
];

/// Returns the TCP and the UDP ports of an inspected application.
pub(super) fn application(word: &str) -> Option<(&'static [u16], &'static [u16])> {
    let (_, tcp, udp) = APPLICATIONS.iter().find(|(name, ..)| *name == word)?;
    Some((tcp, udp))
}
