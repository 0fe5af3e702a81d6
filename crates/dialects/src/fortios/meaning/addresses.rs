//! Address objects and groups.
//!
//! Objects and groups share one space of names for each family (CLI reference,
//! `firewall address`, `firewall addrgrp`, and their `6` forms), and policies
//! name virtual IPs beside them.

use super::{Domain, all, any, never, not, unknown, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::{Code, Span};
use ipnet::IpNet;
use networks::model::Condition;
use packets::{AddressMatch, AddressSet, Family};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How deep groups with exclusions may stand in each other. FortiOS allows
/// ten levels of groups (maximum values table).
const EXCLUDE_DEPTH_MAX: usize = 12;

/// How many prefixes the object of one route may come to.
const PREFIXES_MAX: usize = 10_000;

/// Settings of addresses and groups that match nothing. `associated-interface`
/// only limits where the object may be chosen.
const HARMLESS: &[&str] = &[
    "uuid",
    "comment",
    "color",
    "visibility",
    "associated-interface",
    "allow-routing",
    "fabric-object",
    "passive-fabric-member",
    "cache-ttl",
    "tagging",
    "node-ip-only",
    "sdn-tag",
    "obj-tag",
    "obj-type",
    "tag-detection-level",
    "tag-type",
    "dirty",
    "category",
    "route-tag",
    "list",
    "start-mac",
    "end-mac",
    "macaddr",
    "subnet-segment",
    "template",
    "host",
    "host-type",
    "interface",
    "sdn",
    "sdn-addr-type",
    "sub-type",
    "filter",
    "organization",
    "os",
    "hw-vendor",
    "hw-model",
    "fsso-group",
    "clearpass-spt",
    "epg-name",
    "subnet-name",
    "policy-group",
    "tenant",
    "country",
    "fqdn",
    "wildcard-fqdn",
    "object-id",
];

/// What names in a policy select.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// Addresses.
    pub(super) set: AddressSet,
    /// Parts that can only be said as a condition on one address: what is
    /// unknown and groups with exclusions.
    pub(super) parts: Vec<Part>,
    /// Virtual IPs, by position in the order of the configuration.
    pub(super) vips: Vec<usize>,
}

/// A part of a selection.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Whether an address belongs cannot be told.
    Unknown(Span, String),
    /// The first but not the second.
    Except(Box<Selection>, Box<Selection>),
}

/// Which address of a packet a selection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The source.
    Source,
    /// The destination.
    Destination,
}

impl Selection {
    /// Returns the condition that an address of a packet is selected; virtual
    /// IPs are not looked at.
    pub(super) fn condition(&self, side: Side) -> Condition {
        let mut parts = Vec::new();
        if !self.set.0.is_empty() {
            parts.push(match side {
                Side::Source => Condition::Source(self.set.clone()),
                Side::Destination => Condition::Destination(self.set.clone()),
            });
        }
        for part in &self.parts {
            parts.push(match part {
                Part::Unknown(origin, reason) => unknown(*origin, reason.clone()),
                Part::Except(within, without) => {
                    all([within.condition(side), not(without.condition(side))])
                }
            });
        }
        if parts.is_empty() {
            never()
        } else {
            any(parts)
        }
    }

    fn unknown(span: Span, reason: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::Unknown(span, reason.into())],
            ..Self::default()
        }
    }

    /// Adds what lines that are not recognised could make of an object.
    fn doubt(&mut self, entry: &Node) {
        let strange = entry.rest(HARMLESS).into_iter();
        let reason = "a setting of the object is not recognised";
        self.parts
            .extend(strange.map(|span| Part::Unknown(span, reason.to_owned())));
    }

    fn absorb(&mut self, other: Self) {
        self.set.0.extend(other.set.0);
        self.parts.extend(other.parts);
        self.vips.extend(other.vips);
    }
}

/// The sections of one family.
fn sections(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::V4 => ("firewall address", "firewall addrgrp"),
        Family::V6 => ("firewall address6", "firewall addrgrp6"),
    }
}

impl<'a> Domain<'a> {
    /// Looks at every object and group once, so that each line has its state,
    /// and reports groups that contain themselves.
    pub(super) fn check_addresses(&mut self) {
        for family in [Family::V4, Family::V6] {
            let (addresses, groups) = sections(family);
            for entry in self.entries(addresses) {
                let selection = self.address(entry, family);
                drop(selection);
                entry.rest(HARMLESS);
            }
            for entry in self.entries(groups) {
                for key in ["member", "exclude", "exclude-member", "type"] {
                    entry.setting(key);
                }
                for word in entry
                    .list("member")
                    .iter()
                    .chain(entry.list("exclude-member"))
                {
                    if self.find(word, family).is_none() {
                        self.undefined("address or group", word);
                    }
                }
                entry.rest(HARMLESS);
            }
            self.report_cycles(groups);
        }
    }

    /// Finds groups that contain themselves, each once, in linear time.
    pub(super) fn report_cycles(&mut self, section: &str) {
        let Some(groups) = self.section(section) else {
            return;
        };
        // 1: being looked at, 2: done.
        let mut state: HashMap<&str, u8> = HashMap::new();
        for root in groups.entries() {
            let mut stack: Vec<(&'a Node, usize)> = vec![(root, 0)];
            while let Some((group, next)) = stack.pop() {
                if next == 0 && state.insert(&group.name, 1) == Some(2) {
                    state.insert(&group.name, 2);
                    continue;
                }
                let Some(word) = group.list("member").get(next) else {
                    state.insert(&group.name, 2);
                    continue;
                };
                stack.push((group, next + 1));
                let Some(member) = groups.referred(word) else {
                    continue;
                };
                match state.get(member.name.as_str()) {
                    Some(1) => {
                        let code = Code::new("group-contains-itself");
                        let message = format!("the group `{}` contains itself", member.name);
                        self.report(code, word.span, message);
                        self.cyclic.insert(member.span.start);
                    }
                    Some(_) => {}
                    None => stack.push((member, 0)),
                }
            }
        }
    }

    /// Returns what a name in the space of addresses and groups stands for.
    fn find(&self, word: &Word, family: Family) -> Option<Found<'a>> {
        let (addresses, groups) = sections(family);
        if let Some(entry) = self.section(addresses).and_then(|it| it.referred(word)) {
            return Some(Found::Address(entry));
        }
        if let Some(entry) = self.section(groups).and_then(|it| it.referred(word)) {
            return Some(Found::Group(entry));
        }
        if let Some(vips) = self.vips_named(word, family) {
            return Some(Found::Vips(vips));
        }
        // What every unit has from the factory.
        let every = AddressSet::all_of(family);
        let nothing = match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        match word.text.as_str() {
            "all" => Some(Found::Factory(every)),
            "none" => Some(Found::Factory(AddressSet::from(nothing))),
            _ => None,
        }
    }

    /// Resolves names of a policy or a group.
    pub(super) fn select(&mut self, names: &[Word], family: Family) -> Selection {
        self.select_within(names, family, 0)
    }

    fn select_within(&mut self, names: &[Word], family: Family, depth: usize) -> Selection {
        let mut selection = Selection::default();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut waiting: Vec<&Word> = names.iter().rev().collect();
        while let Some(word) = waiting.pop() {
            if !self.afford() {
                let reason = "the groups expand to too many references";
                selection.absorb(Selection::unknown(word.span, reason));
                break;
            }
            match self.find(word, family) {
                Some(Found::Address(entry)) => {
                    if seen.insert(&entry.name) {
                        selection.absorb(self.address(entry, family));
                        selection.doubt(entry);
                    }
                }
                Some(Found::Factory(set)) => selection.set.0.extend(set.0),
                Some(Found::Vips(vips)) => {
                    for vip in vips {
                        if self.afford() {
                            selection.vips.push(vip);
                        }
                    }
                }
                Some(Found::Group(group)) => {
                    if !seen.insert(&group.name) {
                        continue;
                    }
                    selection.doubt(group);
                    if self.cyclic.contains(&group.span.start) {
                        let reason = "the group contains itself";
                        selection.absorb(Selection::unknown(group.span, reason));
                    }
                    let excludes = group.flag("exclude").unwrap_or(false);
                    let excluded = group.list("exclude-member");
                    if !excludes || excluded.is_empty() {
                        waiting.extend(group.list("member").iter().rev());
                        continue;
                    }
                    if depth >= EXCLUDE_DEPTH_MAX {
                        let reason = "groups with exclusions stand too deep in each other";
                        selection.absorb(Selection::unknown(group.span, reason));
                        continue;
                    }
                    let within = self.select_within(group.list("member"), family, depth + 1);
                    let without = self.select_within(excluded, family, depth + 1);
                    selection.vips.extend(&within.vips);
                    let part = Part::Except(Box::new(within), Box::new(without));
                    selection.parts.push(part);
                }
                None => {
                    self.undefined("address or group", word);
                    let reason = format!("nothing defines `{}`", word.text);
                    selection.absorb(Selection::unknown(word.span, reason));
                }
            }
        }
        selection.vips.sort_unstable();
        selection.vips.dedup();
        selection
    }

    /// Reads one address object.
    fn address(&mut self, entry: &'a Node, family: Family) -> Selection {
        let selection = match family {
            Family::V4 => self.address4(entry),
            Family::V6 => address6(entry),
        };
        selection.unwrap_or_else(|reason| Selection::unknown(entry.span, reason))
    }

    /// CLI reference, `firewall address`: type `ipmask` is the default, and the
    /// default subnet is everything. In a `wildcard` the set bits of the mask
    /// count.
    fn address4(&mut self, entry: &'a Node) -> Result<Selection, String> {
        let kind = entry.word("type").unwrap_or("ipmask");
        let subnet = entry.list("subnet");
        let wildcard = entry.list("wildcard");
        let range = (entry.word("start-ip"), entry.word("end-ip"));
        let every = AddressSet::all_of(Family::V4);
        let set = match kind {
            "ipmask" if subnet.is_empty() && range == (None, None) && wildcard.is_empty() => every,
            "ipmask" => AddressSet(vec![words::masked(subnet).ok_or_else(|| odd(entry))?]),
            "wildcard" if wildcard.is_empty() && range == (None, None) && subnet.is_empty() => {
                every
            }
            "wildcard" => AddressSet(vec![words::masked(wildcard).ok_or_else(|| odd(entry))?]),
            "iprange" => range_of(entry, range)?,
            "interface-subnet" => self.interface_subnet(entry)?,
            "fqdn" | "wildcard-fqdn" => {
                return Err("the name is resolved at run time".to_owned());
            }
            "geography" => return Err("countries are looked up at run time".to_owned()),
            "mac" => return Err("hardware addresses are not modelled".to_owned()),
            "dynamic" | "route-tag" => return Err("it is filled at run time".to_owned()),
            _ => {
                entry.reject("type");
                return Err(format!("the address type `{kind}` is not recognised"));
            }
        };
        Ok(Selection {
            set,
            ..Selection::default()
        })
    }

    fn interface_subnet(&mut self, entry: &'a Node) -> Result<AddressSet, String> {
        let Some(word) = entry.list("interface").first() else {
            return Err("it names no interface".to_owned());
        };
        let Some(&id) = self.interfaces.get(word.text.as_str()) else {
            self.undefined("interface", word);
            return Err(format!("nothing defines `{}`", word.text));
        };
        let first = self.device.interface(id).and_then(|interface| {
            let own = interface
                .addresses
                .iter()
                .find(|own| own.net.addr().is_ipv4());
            own.map(|own| own.net.trunc())
        });
        first
            .map(AddressSet::from)
            .ok_or_else(|| "the interface has no address that the file tells".to_owned())
    }

    /// Returns prefixes that make up the addresses a static route names, or
    /// nothing where they cannot be told.
    pub(super) fn route_prefixes(&mut self, names: &[Word], family: Family) -> Option<Vec<IpNet>> {
        let selection = self.select(names, family);
        if !selection.parts.is_empty() || !selection.vips.is_empty() {
            return None;
        }
        let mut nets = Vec::new();
        for part in &selection.set.0 {
            if nets.len() > PREFIXES_MAX {
                return None;
            }
            match part {
                AddressMatch::Net(net) => nets.push(*net),
                AddressMatch::Range(IpAddr::V4(first), IpAddr::V4(last)) => {
                    let subnets = ipnet::Ipv4Subnets::new(*first, *last, 0);
                    nets.extend(subnets.map(IpNet::V4));
                }
                AddressMatch::Range(IpAddr::V6(first), IpAddr::V6(last)) => {
                    let subnets = ipnet::Ipv6Subnets::new(*first, *last, 0);
                    nets.extend(subnets.map(IpNet::V6));
                }
                _ => return None,
            }
        }
        Some(nets)
    }
}

/// What a name stands for.
enum Found<'a> {
    Address(&'a Node),
    Group(&'a Node),
    Vips(Vec<usize>),
    Factory(AddressSet),
}

fn odd(entry: &Node) -> String {
    for key in ["subnet", "wildcard", "ip6"] {
        entry.reject(key);
    }
    "the address cannot be read".to_owned()
}

fn range_of(entry: &Node, range: (Option<&str>, Option<&str>)) -> Result<AddressSet, String> {
    let parse = |text: Option<&str>| text.and_then(|text| text.parse::<IpAddr>().ok());
    let ends = (parse(range.0), parse(range.1));
    let ordered = ends.0.zip(ends.1).and_then(|(a, b)| words::ordered(a, b));
    match ordered {
        Some((first, last)) => Ok(AddressSet(vec![AddressMatch::Range(first, last)])),
        None => {
            for (key, end) in [("start-ip", ends.0), ("end-ip", ends.1)] {
                if end.is_none() {
                    entry.reject(key);
                }
            }
            Err("the range has no two ends in order".to_owned())
        }
    }
}

/// CLI reference, `firewall address6`: type `ipprefix` is the default, and the
/// default prefix is everything.
fn address6(entry: &Node) -> Result<Selection, String> {
    let range = (entry.word("start-ip"), entry.word("end-ip"));
    let prefix = entry.list("ip6");
    let set = match entry.word("type").unwrap_or("ipprefix") {
        "ipprefix" if prefix.is_empty() => AddressSet::all_of(Family::V6),
        "ipprefix" => {
            let net = words::net(prefix).ok_or_else(|| odd(entry))?;
            AddressSet::from(net.trunc())
        }
        "iprange" => range_of(entry, range)?,
        "fqdn" => return Err("the name is resolved at run time".to_owned()),
        "geography" => return Err("countries are looked up at run time".to_owned()),
        "dynamic" | "route-tag" => return Err("it is filled at run time".to_owned()),
        "mac" => return Err("hardware addresses are not modelled".to_owned()),
        "template" => return Err("address templates are not modelled".to_owned()),
        kind => {
            entry.reject("type");
            return Err(format!("the address type `{kind}` is not recognised"));
        }
    };
    Ok(Selection {
        set,
        ..Selection::default()
    })
}
