//! Services and their groups.

use super::{Domain, all, any, never, unknown, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Span;
use networks::model::Condition;
use packets::{AddressMatch, AddressSet, IcmpMatch, Ports, Protocol};
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

/// Settings of services that match nothing. `proxy` marks services of the
/// explicit proxy, which other policies cannot name.
const HARMLESS: &[&str] = &[
    "category",
    "comment",
    "color",
    "visibility",
    "uuid",
    "fabric-object",
    "check-reset-range",
    "helper",
    "session-ttl",
    "tcp-halfclose-timer",
    "tcp-halfopen-timer",
    "tcp-rst-timer",
    "tcp-timewait-timer",
    "udp-idle-timer",
    "proxy",
    "app-category",
    "application",
    // Settings of another protocol than the service's: they have no effect.
    "protocol-number",
    "icmptype",
    "icmpcode",
    "tcp-portrange",
    "udp-portrange",
    "sctp-portrange",
    "udplite-portrange",
];

/// Services that every unit has from the factory, for files that leave them
/// out: protocol (`tcp`, `udp`, `icmp`, `icmp6`, `ip`), and ports, type or
/// number. From the factory configuration of FortiOS 6.4.
const FACTORY: &[(&str, &[(&str, &str)])] = &[
    ("ALL", &[("ip", "0")]),
    ("ALL_TCP", &[("tcp", "1-65535")]),
    ("ALL_UDP", &[("udp", "1-65535")]),
    ("ALL_ICMP", &[("icmp", "")]),
    ("ALL_ICMP6", &[("icmp6", "")]),
    ("AH", &[("ip", "51")]),
    ("BGP", &[("tcp", "179")]),
    ("DCE-RPC", &[("tcp", "135"), ("udp", "135")]),
    ("DHCP", &[("udp", "67-68")]),
    ("DHCP6", &[("udp", "546"), ("udp", "547")]),
    ("DNS", &[("tcp", "53"), ("udp", "53")]),
    ("ESP", &[("ip", "50")]),
    ("FTP", &[("tcp", "21")]),
    ("FTP_GET", &[("tcp", "21")]),
    ("FTP_PUT", &[("tcp", "21")]),
    ("GRE", &[("ip", "47")]),
    ("HTTP", &[("tcp", "80")]),
    ("HTTPS", &[("tcp", "443")]),
    ("IKE", &[("udp", "500"), ("udp", "4500")]),
    ("IMAP", &[("tcp", "143")]),
    ("IMAPS", &[("tcp", "993")]),
    (
        "KERBEROS",
        &[("tcp", "88"), ("tcp", "464"), ("udp", "88"), ("udp", "464")],
    ),
    ("L2TP", &[("tcp", "1701"), ("udp", "1701")]),
    ("LDAP", &[("tcp", "389")]),
    ("LDAP_UDP", &[("udp", "389")]),
    ("MS-SQL", &[("tcp", "1433"), ("tcp", "1434")]),
    ("MYSQL", &[("tcp", "3306")]),
    (
        "NFS",
        &[
            ("tcp", "111"),
            ("tcp", "2049"),
            ("udp", "111"),
            ("udp", "2049"),
        ],
    ),
    ("NONE", &[("tcp", "0")]),
    ("NTP", &[("tcp", "123"), ("udp", "123")]),
    ("OSPF", &[("ip", "89")]),
    ("PING", &[("icmp", "8")]),
    ("PING6", &[("icmp6", "128")]),
    ("POP3", &[("tcp", "110")]),
    ("POP3S", &[("tcp", "995")]),
    ("PPTP", &[("tcp", "1723")]),
    ("RADIUS", &[("udp", "1812"), ("udp", "1813")]),
    ("RDP", &[("tcp", "3389")]),
    ("RIP", &[("udp", "520")]),
    ("SAMBA", &[("tcp", "139")]),
    ("SIP", &[("tcp", "5060"), ("udp", "5060")]),
    ("SMB", &[("tcp", "445")]),
    ("SMTP", &[("tcp", "25")]),
    ("SMTPS", &[("tcp", "465")]),
    ("SNMP", &[("tcp", "161-162"), ("udp", "161-162")]),
    ("SQUID", &[("tcp", "3128")]),
    ("SSH", &[("tcp", "22")]),
    ("SYSLOG", &[("udp", "514")]),
    ("TELNET", &[("tcp", "23")]),
    ("TFTP", &[("udp", "69")]),
    ("TRACEROUTE", &[("udp", "33434-33535")]),
    ("VNC", &[("tcp", "5900")]),
    ("WINS", &[("tcp", "1512"), ("udp", "1512")]),
    ("X-WINDOWS", &[("tcp", "6000-6063")]),
];

/// Groups that every unit has from the factory.
const FACTORY_GROUPS: &[(&str, &[&str])] = &[
    (
        "Email Access",
        &["DNS", "IMAP", "IMAPS", "POP3", "POP3S", "SMTP", "SMTPS"],
    ),
    ("Web Access", &["DNS", "HTTP", "HTTPS"]),
    (
        "Windows AD",
        &[
            "DCE-RPC", "DNS", "KERBEROS", "LDAP", "LDAP_UDP", "SAMBA", "SMB",
        ],
    ),
    ("Exchange Server", &["DCE-RPC", "DNS", "HTTPS"]),
];

/// A protocol with the source ports its destination ports go with, as bounds.
type Ported = (Protocol, Vec<(u16, u16)>);

/// What a list of services matches, gathered so that conditions stay small.
#[derive(Debug, Default)]
struct Gathered {
    ports: BTreeMap<Ported, Vec<RangeInclusive<u16>>>,
    protocols: Vec<Protocol>,
    icmp: Vec<(Protocol, IcmpMatch)>,
    /// Conditions of services that also name addresses, or are unknown.
    others: Vec<Condition>,
    every: bool,
}

impl Gathered {
    fn add_factory(&mut self, parts: &[(&str, &str)]) {
        for (protocol, value) in parts {
            match *protocol {
                "tcp" => self.add_ports(Protocol::TCP, value),
                "udp" => self.add_ports(Protocol::UDP, value),
                "icmp" => self.add_icmp(Protocol::ICMP, value.parse().ok(), None),
                "icmp6" => self.add_icmp(Protocol::ICMPV6, value.parse().ok(), None),
                _ => self.add_number(value.parse().unwrap_or(0)),
            };
        }
    }

    /// Adds `destination` or `destination:source`; false where it is neither.
    fn add_ports(&mut self, protocol: Protocol, text: &str) -> bool {
        let (destination, source) = match text.split_once(':') {
            Some((destination, source)) => (destination, Some(source)),
            None => (text, None),
        };
        let source = match source.map(words::port_range) {
            None => Vec::new(),
            Some(Some(range)) if range == (0..=u16::MAX) => Vec::new(),
            Some(Some(range)) => vec![(*range.start(), *range.end())],
            Some(None) => return false,
        };
        let Some(destination) = words::port_range(destination) else {
            return false;
        };
        self.ports
            .entry((protocol, source))
            .or_default()
            .push(destination);
        true
    }

    fn add_icmp(&mut self, protocol: Protocol, kind: Option<u8>, code: Option<u8>) -> bool {
        match kind {
            None => self.protocols.push(protocol),
            Some(kind) => self.icmp.push((
                protocol,
                IcmpMatch {
                    types: kind..=kind,
                    codes: code.map_or(0..=u8::MAX, |code| code..=code),
                },
            )),
        }
        true
    }

    fn add_number(&mut self, number: u8) -> bool {
        if number == 0 {
            self.every = true;
        } else {
            self.protocols.push(Protocol(number));
        }
        true
    }

    fn condition(self, origin: Span) -> Condition {
        if self.every {
            return Condition::Always;
        }
        let mut parts = Vec::new();
        let mut headed: Vec<Protocol> = Vec::new();
        for ((protocol, source), destination) in self.ports {
            headed.push(protocol);
            let mut part = vec![Condition::Protocol(vec![protocol])];
            if !destination.contains(&(0..=u16::MAX)) {
                part.push(Condition::DestinationPort(Ports(destination)));
            }
            if !source.is_empty() {
                let ranges = source.iter().map(|&(first, last)| first..=last);
                part.push(Condition::SourcePort(Ports(ranges.collect())));
            }
            parts.push(all(part));
        }
        for (protocol, matched) in self.icmp {
            headed.push(protocol);
            let protocol = Condition::Protocol(vec![protocol]);
            parts.push(all([protocol, Condition::Icmp(matched)]));
        }
        if !self.protocols.is_empty() {
            parts.push(Condition::Protocol(self.protocols));
        }
        parts.extend(self.others);
        if !headed.is_empty() {
            // A session is made for a whole datagram; a later fragment goes
            // where the first one goes, which its own header does not tell.
            headed.sort_unstable();
            headed.dedup();
            parts.push(all([
                Condition::LaterFragment,
                Condition::Protocol(headed),
                unknown(origin, "a fragment is judged by the datagram it belongs to"),
            ]));
        }
        if parts.is_empty() {
            never()
        } else {
            any(parts)
        }
    }
}

impl<'a> Domain<'a> {
    /// Looks at every service once, so that each line has its state.
    pub(super) fn read_services(&mut self) {
        for entry in self.entries("firewall service custom") {
            let mut ignored = Gathered::default();
            add_service(entry, &mut ignored);
            entry.rest(HARMLESS);
        }
        for entry in self.entries("firewall service group") {
            for word in entry.list("member") {
                if self.find_service(word).is_none() {
                    self.undefined("service or service group", word);
                }
            }
            entry.rest(HARMLESS);
        }
        self.report_cycles("firewall service group");
    }

    fn find_service(&self, word: &Word) -> Option<Service<'a>> {
        let custom = self.section("firewall service custom");
        if let Some(entry) = custom.and_then(|it| it.referred(word)) {
            return Some(Service::Custom(entry));
        }
        let groups = self.section("firewall service group");
        if let Some(entry) = groups.and_then(|it| it.referred(word)) {
            return Some(Service::Group(entry));
        }
        if let Some((_, parts)) = FACTORY.iter().find(|(name, _)| *name == word.text) {
            return Some(Service::Factory(parts));
        }
        let group = FACTORY_GROUPS.iter().find(|(name, _)| *name == word.text);
        group.map(|(_, members)| Service::FactoryGroup(members))
    }

    /// Returns the condition that a packet is of one of these services.
    pub(super) fn service_condition(&mut self, names: &[Word], origin: Span) -> Condition {
        let mut gathered = Gathered::default();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut waiting: Vec<&Word> = names.iter().rev().collect();
        while let Some(word) = waiting.pop() {
            if !self.afford() {
                let reason = "the groups expand to too many references";
                gathered.others.push(unknown(word.span, reason));
                break;
            }
            match self.find_service(word) {
                Some(Service::Custom(entry)) => {
                    if seen.insert(&entry.name) {
                        add_service(entry, &mut gathered);
                    }
                }
                Some(Service::Group(entry)) => {
                    if seen.insert(&entry.name) {
                        waiting.extend(entry.list("member").iter().rev());
                        if self.cyclic.contains(&entry.span.start) {
                            let reason = "the group contains itself";
                            gathered.others.push(unknown(entry.span, reason));
                        }
                        for span in entry.rest(HARMLESS) {
                            let reason = "a setting of the group is not recognised";
                            gathered.others.push(unknown(span, reason));
                        }
                    }
                }
                Some(Service::Factory(parts)) => gathered.add_factory(parts),
                Some(Service::FactoryGroup(members)) => {
                    for member in members {
                        let found = FACTORY.iter().find(|(name, _)| name == member);
                        gathered.add_factory(found.map_or(&[], |(_, parts)| parts));
                    }
                }
                None => {
                    self.undefined("service or service group", word);
                    let reason = format!("nothing defines `{}`", word.text);
                    gathered.others.push(unknown(word.span, reason));
                }
            }
        }
        gathered.condition(origin)
    }
}

enum Service<'a> {
    Custom(&'a Node),
    Group(&'a Node),
    Factory(&'static [(&'static str, &'static str)]),
    FactoryGroup(&'static [&'static str]),
}

/// Adds one custom service (CLI reference, `firewall service custom`): the
/// protocol is TCP/UDP/SCTP by default, an ICMP type that is not set is any,
/// and the protocol number 0 is any. Ports are `destination` or
/// `destination:source`.
fn add_service(entry: &Node, gathered: &mut Gathered) {
    let mut own = Gathered::default();
    let mut understood = true;
    match entry.word("protocol").unwrap_or("TCP/UDP/SCTP") {
        protocol @ ("TCP/UDP/SCTP"
        | "TCP/UDP/UDP-Lite/SCTP"
        | "ALL"
        | "HTTP"
        | "FTP"
        | "CONNECT"
        | "SOCKS"
        | "SOCKS-TCP"
        | "SOCKS-UDP") => {
            for (key, number) in [
                ("tcp-portrange", Protocol::TCP),
                ("udp-portrange", Protocol::UDP),
                ("sctp-portrange", Protocol::SCTP),
                ("udplite-portrange", Protocol::UDPLITE),
            ] {
                for word in entry.list(key) {
                    if !own.add_ports(number, &word.text) {
                        entry.reject(key);
                        understood = false;
                    }
                }
            }
            understood &= protocol.starts_with("TCP/") && !own.ports.is_empty();
        }
        kind @ ("ICMP" | "ICMP6") => {
            let protocol = if kind == "ICMP" {
                Protocol::ICMP
            } else {
                Protocol::ICMPV6
            };
            let icmp_type: Option<u8> = entry.parsed("icmptype");
            let code = entry.parsed("icmpcode");
            own.add_icmp(protocol, icmp_type, code);
        }
        "IP" => {
            own.add_number(entry.parsed("protocol-number").unwrap_or(0));
        }
        _ => {
            entry.reject("protocol");
            understood = false;
        }
    }
    entry.setting("iprange");
    let by_application = entry
        .word("app-service-type")
        .is_some_and(|kind| kind != "disable");
    let named = !entry.list("fqdn").is_empty();
    let strange = !entry.rest(HARMLESS).is_empty();
    if !understood || by_application || strange || named {
        let reason = "what the service matches cannot be told from the configuration";
        gathered.others.push(unknown(entry.span, reason));
        return;
    }
    if let Some(range) = entry.word("iprange").filter(|range| *range != "0.0.0.0") {
        let part = match words::address_range(range) {
            Some((first, last)) => {
                let set = AddressSet(vec![AddressMatch::Range(first, last)]);
                all([own.condition(entry.span), Condition::Destination(set)])
            }
            None => unknown(entry.span, "the range cannot be read"),
        };
        gathered.others.push(part);
        return;
    }
    gathered.every |= own.every;
    gathered.protocols.append(&mut own.protocols);
    gathered.icmp.append(&mut own.icmp);
    for (key, mut ranges) in own.ports {
        gathered.ports.entry(key).or_default().append(&mut ranges);
    }
}
