//! Virtual IPs: destinations rewritten before routing.
//!
//! A virtual IP acts once a policy that is on names it, or always with central
//! NAT. They are tried from top to bottom (Fortinet technical tip "Virtual IP
//! port forwarding order of execution"); before 7.2 the order of overlapping
//! ones depended on how they came to be, so there it is unknown. Which one
//! rewrote a packet is kept in the lower half of its mark, for policies to see.
//!
//! What comes to one by another interface than its own is unknown: `extintf`
//! does not bind the translation to the interface (technical tip "Firewall VIP
//! difference in srcintf-filter and extintf"), and such packets may pass the
//! policy to the outer interface first (technical tip "Configuring Hairpin NAT
//! (VIP)").

use super::vip_order::{HARMLESS, overlapping};
use super::{Domain, all, not, unknown_action, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use crate::fortios::version::Version;
use findings::Span;
use networks::model::{
    Action, AddressRewrite, ChainId, Condition, InterfaceId, InterfaceSet, PortRewrite, Rule,
    Translation,
};
use packets::{AddressMatch, AddressSet, Family, Ports, Protocol};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// The bits of the mark that tell which virtual IP rewrote a packet.
pub(super) const VIP_MASK: u32 = 0x0000_ffff;

/// Why packets to a virtual IP that come in elsewhere are unknown.
const ELSEWHERE: &str = "it comes to a virtual IP by another interface than the virtual IP's";

/// Every virtual IP of a virtual domain.
#[derive(Debug, Default)]
pub(super) struct Vips<'a> {
    list: Vec<Vip<'a>>,
    index: HashMap<(Family, &'a str), usize>,
    /// The addresses of the unit's interfaces, in order.
    pub(super) owners: BTreeMap<IpAddr, InterfaceId>,
}

#[derive(Debug)]
struct Vip<'a> {
    entry: &'a Node,
    family: Family,
    used: bool,
    parsed: Option<Parsed>,
}

/// What a virtual IP does.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) condition: Condition,
    /// Where packets to it must not come in: by others than these, it is not
    /// told what becomes of them. `None` where any interface will do.
    home: Option<InterfaceSet>,
    rewrite: Result<Translation, String>,
    pub(super) external: Vec<(IpAddr, IpAddr)>,
    /// The interfaces it listens on; `None` for any.
    pub(super) interfaces: Option<Vec<InterfaceId>>,
    /// Where it also rewrites the source of what its hosts send: the mapped
    /// range and the first external address, and whether it depends on ports.
    reverse: Option<Reverse>,
    /// The protocol (0 for any) and external ports, to tell overlaps.
    pub(super) overlaps: (u8, Ports),
}

/// The other direction of a one-to-one virtual IP.
#[derive(Debug, Clone)]
pub(super) struct Reverse {
    /// The mapped addresses.
    pub(super) mapped: (IpAddr, IpAddr),
    /// The first external address.
    pub(super) external: IpAddr,
    /// Which packets of the mapped hosts it is for, besides their address.
    pub(super) only: Condition,
    /// Whether it can be told which packets it is for.
    pub(super) certain: bool,
    /// The interfaces they must leave by; `None` for any.
    pub(super) leaves: Option<Vec<InterfaceId>>,
    /// Whether it comes before IP pools (`nat-source-vip`).
    pub(super) forced: bool,
    /// The entry.
    pub(super) origin: Span,
}

/// Returns the mark of a virtual IP; `None` beyond what marks can tell.
pub(super) fn mark(index: usize) -> Option<u32> {
    u32::try_from(index + 1)
        .ok()
        .filter(|&value| value <= VIP_MASK)
}

impl Vips<'_> {
    /// Tells whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Tells whether a policy that is on names one.
    pub(super) fn any_used(&self) -> bool {
        self.list.iter().any(|vip| vip.used)
    }

    /// Notes that a policy names these.
    pub(super) fn used(&mut self, indices: &[usize], enabled: bool) {
        for &index in indices.iter().filter(|_| enabled) {
            if let Some(vip) = self.list.get_mut(index) {
                vip.used = true;
            }
        }
    }
}

const SECTIONS: [(Family, &str, &str); 2] = [
    (Family::V4, "firewall vip", "firewall vipgrp"),
    (Family::V6, "firewall vip6", "firewall vipgrp6"),
];

impl<'a> Domain<'a> {
    /// Numbers the virtual IPs.
    pub(super) fn index_vips(&mut self) {
        for (family, section, _) in SECTIONS {
            for entry in self.entries(section) {
                let at = self.vips.list.len();
                self.vips.list.push(Vip {
                    entry,
                    family,
                    used: false,
                    parsed: None,
                });
                self.vips.index.insert((family, &entry.name), at);
            }
        }
    }

    /// Returns the virtual IPs that a name stands for: one, or those of a group.
    pub(super) fn vips_named(&self, word: &Word, family: Family) -> Option<Vec<usize>> {
        let (_, section, groups) = SECTIONS.iter().find(|(of, _, _)| *of == family)?;
        let entries = self.section(section);
        let one = |word: &Word| {
            let entry = entries?.referred(word)?;
            self.vips.index.get(&(family, entry.name.as_str())).copied()
        };
        if let Some(index) = one(word) {
            return Some(vec![index]);
        }
        let group = self.section(groups)?.referred(word)?;
        Some(group.list("member").iter().filter_map(one).collect())
    }

    /// Reads every virtual IP and group.
    pub(super) fn read_vips(&mut self) {
        if !self.vips.is_empty() {
            self.vips.owners = self.own_addresses();
        }
        for at in 0..self.vips.list.len() {
            let Some((entry, family)) = self.vips.list.get(at).map(|vip| (vip.entry, vip.family))
            else {
                continue;
            };
            let parsed = self.parse_vip(entry, family);
            if let Some(vip) = self.vips.list.get_mut(at) {
                vip.parsed = parsed;
            }
        }
        for (family, _, groups) in SECTIONS {
            for group in self.entries(groups) {
                for word in group.list("member") {
                    if self.vips_named(word, family).is_none() {
                        self.undefined("virtual IP", word);
                    }
                }
                group.setting("interface");
                group.rest(&["uuid", "comments", "color"]);
            }
        }
    }

    fn parse_vip(&mut self, entry: &'a Node, family: Family) -> Option<Parsed> {
        let enabled = entry.flag("status").unwrap_or(true);
        let kind = entry.word("type").unwrap_or("static-nat");
        let interfaces = match entry.list("extintf") {
            [] => None,
            words => self
                .interface_set(words)
                .map(|set| set.iter().collect::<Vec<_>>()),
        };
        let mut certain = true;
        let mut external: Vec<(IpAddr, IpAddr)> = Vec::new();
        for word in entry.list("extip") {
            match words::address_range(&word.text) {
                Some((first, _)) if first.is_unspecified() => {
                    external.extend(self.first_addresses(interfaces.as_deref(), family));
                }
                Some(range) => external.push(range),
                None => {
                    entry.reject("extip");
                    certain = false;
                }
            }
        }
        certain &= entry.list("extaddr").is_empty() && !external.is_empty();
        let (ports, protocol) = self.forwarded_ports(entry, kind);
        let mut parts = Vec::new();
        let home = self.home_of(interfaces.as_deref(), &external);
        let ranges = external.iter().map(|&(a, b)| AddressMatch::Range(a, b));
        parts.push(if certain {
            Condition::Destination(AddressSet(ranges.collect()))
        } else {
            super::unknown(entry.span, "the external address is known at run time")
        });
        self.vip_filters(entry, &mut parts);
        if let Some(protocol) = protocol {
            parts.push(Condition::Protocol(vec![protocol]));
            if let Some(ports) = ports.clone().filter(|_| protocol.has_ports()) {
                parts.push(Condition::DestinationPort(Ports(vec![ports])));
            }
        }
        let rewrite = self.vip_rewrite(entry, kind, &external, ports.clone());
        let reverse = self.reverse(entry, kind, &external, interfaces.clone());
        if rewrite.is_err() {
            // What it does is unknown already.
            entry.rest_harmless();
        }
        entry.setting("portmapping-type");
        self.settle_vip(entry, interfaces.as_deref(), &external);
        if !enabled || kind == "dns-translation" {
            return None;
        }
        Some(Parsed {
            condition: all(parts),
            home,
            rewrite,
            external,
            interfaces,
            reverse,
            overlaps: (
                protocol.map_or(0, |protocol| protocol.0),
                ports.map_or_else(Ports::any, Ports::from),
            ),
        })
    }

    fn settle_vip(
        &mut self,
        entry: &'a Node,
        interfaces: Option<&[InterfaceId]>,
        external: &[(IpAddr, IpAddr)],
    ) {
        let replies = ["arp-reply", "ndp-reply"]
            .iter()
            .all(|key| entry.flag(key).unwrap_or(true));
        if replies {
            let all: Vec<InterfaceId> = self.device.interfaces().map(|(id, _)| id).collect();
            for &id in interfaces.unwrap_or(&all) {
                for &(first, last) in external {
                    self.answer_for(id, first, last);
                }
            }
        }
        for span in entry.rest(HARMLESS) {
            let touches = networks::model::Touches::Device;
            self.unread(span, touches, "a setting of a virtual IP is not recognised");
        }
    }

    /// Returns the first address of each interface, for `extip 0.0.0.0`.
    fn first_addresses(
        &self,
        interfaces: Option<&[InterfaceId]>,
        family: Family,
    ) -> Vec<(IpAddr, IpAddr)> {
        let ids = interfaces.unwrap_or_default();
        ids.iter()
            .filter_map(|&id| self.device.interface(id))
            .filter_map(|interface| {
                let addresses = interface.addresses.iter().map(|own| own.net.addr());
                let mut own = addresses.filter(|&own| Family::of(own) == family);
                own.next().map(|own| (own, own))
            })
            .collect()
    }

    /// Returns the external ports and the protocol, where it is about one.
    fn forwarded_ports(
        &mut self,
        entry: &'a Node,
        kind: &str,
    ) -> (Option<std::ops::RangeInclusive<u16>>, Option<Protocol>) {
        let forwards = entry.flag("portforward").unwrap_or(false);
        let balanced = kind == "server-load-balance";
        let server = entry.word("server-type");
        let said = entry.word("protocol");
        let port = entry.word("extport");
        if !forwards && !balanced {
            return (None, None);
        }
        let protocol = match (said, server) {
            (_, Some("udp")) | (Some("udp"), _) => Protocol::UDP,
            (Some("sctp"), _) => Protocol::SCTP,
            (Some("icmp"), _) => Protocol::ICMP,
            (_, Some("ip")) => return (None, None),
            _ => Protocol::TCP,
        };
        let ports = match port.map(words::port_range) {
            None => None,
            Some(Some(range)) if range == (0..=0) => None,
            Some(Some(range)) => Some(range),
            Some(None) => {
                entry.reject("extport");
                None
            }
        };
        (ports, Some(protocol))
    }

    fn vip_filters(&mut self, entry: &'a Node, parts: &mut Vec<Condition>) {
        if let Some(set) = self.interface_set(entry.list("srcintf-filter")) {
            parts.push(Condition::EntersBy(set));
        }
        let filter = entry.list("src-filter");
        if !filter.is_empty() {
            let mut set = AddressSet::default();
            for word in filter {
                if let Some(net) = words::joined_net(&word.text) {
                    set.0.push(AddressMatch::Net(net.trunc()));
                } else if let Some((first, last)) = words::address_range(&word.text) {
                    set.0.push(AddressMatch::Range(first, last));
                } else {
                    entry.reject("src-filter");
                }
            }
            parts.push(Condition::Source(set));
        }
        let service = entry.list("service");
        if !service.is_empty() {
            parts.push(self.service_condition(service, entry.span));
        }
    }

    /// Returns how the destination is rewritten, or why that cannot be told.
    fn vip_rewrite(
        &mut self,
        entry: &'a Node,
        kind: &str,
        external: &[(IpAddr, IpAddr)],
        ports: Option<std::ops::RangeInclusive<u16>>,
    ) -> Result<Translation, String> {
        if kind == "server-load-balance" {
            return real_servers(entry);
        }
        if !matches!(kind, "static-nat" | "load-balance") {
            return Err(format!("virtual IPs of type `{kind}` are not modelled"));
        }
        if !entry.list("mapped-addr").is_empty() {
            return Err("the mapped address is known at run time".to_owned());
        }
        let mapped = mapped_ranges(entry).ok_or("the mapped address cannot be read")?;
        let destination = match (kind, external, mapped.as_slice()) {
            ("load-balance", _, ranges) => AddressRewrite::Pool(ranges.to_vec()),
            (_, [(first, last)], [to])
                if words::width(*to) == 0 || words::width(*to) == words::width((*first, *last)) =>
            {
                AddressRewrite::Range {
                    first: *first,
                    last: *last,
                    to: to.0,
                }
            }
            _ => return Err("external and mapped addresses do not pair up".to_owned()),
        };
        let to = match entry.word("mappedport").map(words::port_range) {
            None => None,
            Some(Some(range)) => Some(range),
            Some(None) => return Err("the mapped port cannot be read".to_owned()),
        };
        let destination_port = ports.zip(to).map(|(from, to)| {
            if to.len() == from.len() {
                PortRewrite::Shift {
                    first: *from.start(),
                    last: *from.end(),
                    to: *to.start(),
                }
            } else {
                PortRewrite::OneOf(Ports::from(to))
            }
        });
        Ok(Translation {
            destination: Some(destination),
            destination_port,
            ..Translation::default()
        })
    }

    /// A one-to-one virtual IP also gives its hosts its external address where
    /// a policy rewrites sources (administration guide, "Configuring VIPs",
    /// "External IP address/range"; technical tip "Mapping VIP outbound
    /// connections").
    fn reverse(
        &mut self,
        entry: &'a Node,
        kind: &str,
        external: &[(IpAddr, IpAddr)],
        leaves: Option<Vec<InterfaceId>>,
    ) -> Option<Reverse> {
        let forced = entry.flag("nat-source-vip").unwrap_or(false);
        if kind != "static-nat" {
            return None;
        }
        let [(first, last)] = external else {
            return None;
        };
        let ranges = mapped_ranges(entry)?;
        let [(mapped, _)] = ranges.as_slice() else {
            return None;
        };
        let end = words::after(*mapped, words::width((*first, *last)))?;
        let filtered = ["src-filter", "service", "srcintf-filter"]
            .iter()
            .any(|key| !entry.list(key).is_empty());
        let only = if entry.flag("portforward") == Some(true) {
            let port = entry.word("mappedport").or_else(|| entry.word("extport"));
            let port = port.and_then(words::port_range)?;
            Condition::SourcePort(Ports::from(port))
        } else {
            Condition::Always
        };
        Some(Reverse {
            mapped: (*mapped, end),
            external: *first,
            certain: !filtered && only == Condition::Always,
            only,
            leaves: if forced { None } else { leaves },
            forced,
            origin: entry.span,
        })
    }

    /// Returns what virtual IPs in force do to sources.
    pub(super) fn reverses(&self) -> Vec<Reverse> {
        let central = self.central_nat();
        let active = self.vips.list.iter().filter(|vip| vip.used || central);
        active
            .filter_map(|vip| vip.parsed.as_ref()?.reverse.clone())
            .collect()
    }

    /// Makes the rules of the virtual IPs in force.
    pub(super) fn vip_rules(&mut self) -> Vec<Rule> {
        let central = self.central_nat();
        let active: Vec<(usize, Parsed, Span)> = self
            .vips
            .list
            .iter()
            .enumerate()
            .filter(|(_, vip)| vip.used || central)
            .filter_map(|(at, vip)| Some((at, vip.parsed.clone()?, vip.entry.span)))
            .collect();
        let ordered = self
            .version
            .is_some_and(|version| version >= Version(7, 2, 0));
        let mut rules = if ordered {
            Vec::new()
        } else {
            overlapping(&active)
        };
        for (at, parsed, origin) in active {
            let action = match (parsed.rewrite, mark(at)) {
                (Err(reason), _) => unknown_action(origin, reason),
                (_, None) => unknown_action(origin, "there are too many virtual IPs"),
                (Ok(rewrite), Some(value)) => {
                    Action::Goto(self.rewriting_chain(rewrite, value, origin))
                }
            };
            if let Some(home) = parsed.home {
                rules.push(Rule {
                    condition: all([parsed.condition.clone(), not(Condition::EntersBy(home))]),
                    action: unknown_action(origin, ELSEWHERE),
                    origin,
                });
            }
            rules.push(Rule {
                condition: parsed.condition,
                action,
                origin,
            });
        }
        rules
    }

    /// Returns the external IPv4 addresses that the unit answers ARP for, in
    /// use or not, with the entries they stand in.
    pub(super) fn external_addresses(&self) -> Vec<(IpAddr, IpAddr, Span)> {
        let mut found = Vec::new();
        for vip in &self.vips.list {
            let replies = vip.entry.flag("arp-reply").unwrap_or(true);
            let Some(parsed) = vip.parsed.as_ref().filter(|_| replies) else {
                continue;
            };
            let ranges = parsed.external.iter().filter(|(first, _)| first.is_ipv4());
            found.extend(ranges.map(|&(first, last)| (first, last, vip.entry.span)));
        }
        found
    }

    fn rewriting_chain(&mut self, rewrite: Translation, value: u32, origin: Span) -> ChainId {
        let rule = |action| Rule {
            condition: Condition::Always,
            action,
            origin,
        };
        let set = Action::SetMark {
            mask: VIP_MASK,
            value,
        };
        let rules = vec![rule(set), rule(Action::Translate(rewrite))];
        self.add_chain(
            "virtual IP",
            rules,
            Action::Accept(networks::model::SessionEffect::None),
        )
    }
}

fn mapped_ranges(entry: &Node) -> Option<Vec<(IpAddr, IpAddr)>> {
    let mut ranges = Vec::new();
    for word in entry.list("mappedip") {
        match words::address_range(&word.text) {
            Some(range) => ranges.push(range),
            None => {
                entry.reject("mappedip");
                return None;
            }
        }
    }
    (!ranges.is_empty()).then_some(ranges)
}

/// The servers behind a load balancer: any of them may get a session. Types
/// that end the session at the device and open another are not modelled.
fn real_servers(entry: &Node) -> Result<Translation, String> {
    let kind = entry.word("server-type").unwrap_or("tcp");
    let mut pool = Vec::new();
    let mut ports = Vec::new();
    for server in entry
        .table("realservers")
        .into_iter()
        .flat_map(Node::entries)
    {
        let address = server.word("ip").and_then(words::address_range);
        let port: u16 = server.parsed("port").unwrap_or(0);
        let off = server.word("status") == Some("disable");
        server.rest(&[
            "weight",
            "holddown-interval",
            "healthcheck",
            "http-host",
            "translate-host",
            "max-connections",
            "monitor",
            "client-ip",
            "verify-cert",
            "type",
        ]);
        if off {
            continue;
        }
        pool.push(address.ok_or("a server's address is known at run time")?);
        ports.push(port);
    }
    if !matches!(kind, "tcp" | "udp" | "ip") {
        return Err(format!("virtual servers of type `{kind}` are not modelled"));
    }
    ports.sort_unstable();
    ports.dedup();
    let destination_port = match ports.as_slice() {
        [] => return Err("no server is on".to_owned()),
        [0] => None,
        [port] => Some(PortRewrite::OneOf(Ports::from(*port))),
        _ => return Err("servers on different ports are not modelled".to_owned()),
    };
    Ok(Translation {
        destination: Some(AddressRewrite::Pool(pool)),
        destination_port,
        ..Translation::default()
    })
}
