//! Access lists to chains, object groups to sets.
//!
//! # Later fragments
//!
//! Cisco, "Access Control Lists and IP Fragments" (document 8014): an entry
//! with layer-3 information alone matches fragments of any kind; a permit with
//! layer-4 information matches later fragments on its layer-3 information; a
//! deny with layer-4 information does not match them, and the next entry is
//! tried.

use super::super::config::{
    AccessList, Ace, AceAddress, AceMatch, AceRule, AceService, ServiceMember,
};
use super::{Builder, GROUP_CYCLE};
use findings::{Finding, Severity, Span};
use networks::model::{Action, Chain, ChainId, Condition, Rule, SessionEffect, Unknown};
use packets::{AddressSet, Family, IcmpMatch, Ports, Protocol};
use std::collections::BTreeSet;

/// How many members of object groups the entries of one device may be written
/// out with; entries past it are unknown. A diamond of groups doubles at each
/// level.
pub(super) const EXPANSION_MAX: usize = 4_000_000;

/// How many members one group may have, written out.
const GROUP_MEMBERS_MAX: usize = 65_536;

/// An object group written out, or why it cannot be.
#[derive(Debug, Clone)]
pub(super) enum Resolved<T> {
    Is(T),
    Unknown(&'static str),
}

impl<'c, 'a> Builder<'c, 'a> {
    /// Adds a chain.
    pub(super) fn add_chain(&mut self, chain: Chain) -> ChainId {
        let id = ChainId(u32::try_from(self.device.chains.len()).unwrap_or(u32::MAX));
        self.device.chains.push(chain);
        id
    }

    /// Returns a list that has entries.
    pub(super) fn list(&self, name: &str, ipv6: bool) -> Option<&'c AccessList<'a>> {
        let config = self.config;
        let lists = if ipv6 {
            &config.lists_v6
        } else {
            &config.lists
        };
        lists.get(name).filter(|list| !list.entries.is_empty())
    }

    /// Returns the chain of a list, `mirrored` with source and destination in
    /// each other's place. `None` for a list that is not defined or empty.
    pub(super) fn list_chain(
        &mut self,
        name: &'a str,
        ipv6: bool,
        mirrored: bool,
    ) -> Option<ChainId> {
        let key = (name, ipv6, mirrored);
        if let Some(&id) = self.list_chains.get(&key) {
            return Some(id);
        }
        let list = self.list(name, ipv6)?;
        let mut entries: Vec<&Ace<'a>> = list.entries.iter().collect();
        entries.sort_by_key(|entry| entry.sequence);
        let mut rules = Vec::with_capacity(entries.len());
        let mut last = None;
        for entry in entries {
            let mut rule = self.entry_rule(entry, ipv6, mirrored);
            if last == Some(entry.sequence) {
                rule.action = Action::Unknown(Unknown {
                    origin: entry.origin,
                    reason: "two entries have one sequence number".to_owned(),
                });
            }
            last = Some(entry.sequence);
            rules.push(rule);
        }
        if ipv6 {
            rules.extend(neighbour_discovery(list.origin));
        }
        let id = self.add_chain(Chain {
            name: name.to_owned(),
            rules,
            default: Action::Drop,
            origin: Some(list.origin),
        });
        self.list_chains.insert(key, id);
        Some(id)
    }

    fn entry_rule(&mut self, entry: &Ace<'a>, ipv6: bool, mirrored: bool) -> Rule {
        let origin = entry.origin;
        let unknown = |reason: &str| Unknown {
            origin,
            reason: reason.to_owned(),
        };
        match &entry.rule {
            AceRule::Unread(reason) => Rule {
                condition: Condition::Always,
                action: Action::Unknown(unknown(reason)),
                origin,
            },
            AceRule::Evaluate(name) => Rule {
                condition: Condition::Reflected((*name).to_owned()),
                action: Action::Accept(SessionEffect::None),
                origin,
            },
            AceRule::Match(entry) => match self.entry_condition(entry, ipv6, mirrored, origin) {
                Ok(condition) => Rule {
                    condition,
                    action: entry_action(entry),
                    origin,
                },
                Err(reason) => Rule {
                    condition: Condition::Always,
                    action: Action::Unknown(unknown(reason)),
                    origin,
                },
            },
        }
    }

    /// Returns when an entry matches; `Err` where a group in it cannot be told.
    fn entry_condition(
        &mut self,
        entry: &AceMatch<'a>,
        ipv6: bool,
        mirrored: bool,
        origin: Span,
    ) -> Result<Condition, &'static str> {
        let mut parts = Vec::with_capacity(4);
        let mut source = self.addresses(&entry.source, origin)?;
        let mut destination = self.addresses(&entry.destination, origin)?;
        let mut source_ports = entry.source_ports.clone();
        let mut destination_ports = entry.destination_ports.clone();
        if mirrored {
            std::mem::swap(&mut source, &mut destination);
            std::mem::swap(&mut source_ports, &mut destination_ports);
        }
        if source.is_none() && destination.is_none() {
            let family = if ipv6 { Family::V6 } else { Family::V4 };
            source = Some(AddressSet::all_of(family));
        }
        parts.extend(source.map(Condition::Source));
        parts.extend(destination.map(Condition::Destination));
        let more = entry.more.as_deref();
        let fragments = more.is_some_and(|more| more.fragments);
        match &entry.service {
            AceService::Any => {}
            AceService::Protocol(protocol) => {
                parts.push(Condition::Protocol(vec![*protocol]));
                let mut transport = ports_part(source_ports, destination_ports);
                if let Some(more) = more {
                    transport.extend(more.icmp.clone().map(Condition::Icmp));
                    transport.extend(any_of(
                        more.flags
                            .iter()
                            .map(|flags| Condition::TcpFlags(*flags))
                            .collect(),
                    ));
                }
                if !fragments {
                    parts.extend(with_fragments(transport, entry.permit));
                }
            }
            AceService::Group(name) => {
                let members = self.service(name, origin)?;
                let any: Vec<Condition> = members
                    .iter()
                    .map(|member| member_condition(member, entry.permit, mirrored))
                    .collect();
                parts.push(Condition::Any(any));
            }
        }
        if fragments {
            parts.push(Condition::LaterFragment);
        }
        if let Some(reason) = more.and_then(|more| more.unknown) {
            parts.push(Condition::Unknown(Unknown {
                origin,
                reason: reason.to_owned(),
            }));
        }
        Ok(all_of(parts))
    }

    fn addresses(
        &mut self,
        addresses: &AceAddress<'a>,
        origin: Span,
    ) -> Result<Option<AddressSet>, &'static str> {
        Ok(match addresses {
            AceAddress::Any => None,
            AceAddress::One(one) => Some(AddressSet(vec![one.clone()])),
            AceAddress::Group(name) => Some(self.network(name, origin)?),
        })
    }

    /// Takes from what may still be written out.
    pub(super) fn spend(&mut self, members: usize) -> Result<(), &'static str> {
        match self.expansion_left.checked_sub(members) {
            Some(left) => {
                self.expansion_left = left;
                Ok(())
            }
            None => Err("the object groups have too many members to be written out"),
        }
    }

    /// Returns the addresses of a network group.
    fn network(&mut self, name: &'a str, used_at: Span) -> Result<AddressSet, &'static str> {
        if !self.config.networks.contains_key(name) {
            self.undefined("object group", name, used_at);
            return Err("the object group is not defined");
        }
        if !self.networks.contains_key(name) {
            let found = self.collect_network(name);
            self.networks.insert(name, found);
        }
        let length = match self.networks.get(name) {
            Some(Resolved::Is(set)) => set.0.len(),
            _ => 0,
        };
        self.spend(length)?;
        match self.networks.get(name) {
            Some(Resolved::Is(set)) => Ok(set.clone()),
            Some(Resolved::Unknown(reason)) => Err(reason),
            None => Err("the object group is not defined"),
        }
    }

    fn collect_network(&mut self, name: &'a str) -> Resolved<AddressSet> {
        let config = self.config;
        let names = match self.group_names(name, |name| {
            config
                .networks
                .get(name)
                .map(|group| group.groups.as_slice())
        }) {
            Ok(names) => names,
            Err(reason) => return Resolved::Unknown(reason),
        };
        let mut set = AddressSet::default();
        for name in names {
            let Some(group) = config.networks.get(name) else {
                continue;
            };
            if group.unread.is_some() {
                return Resolved::Unknown("a member of the object group is not recognised");
            }
            set.0.extend_from_slice(&group.members.0);
            if set.0.len() > GROUP_MEMBERS_MAX {
                return Resolved::Unknown("the object group has too many members");
            }
        }
        Resolved::Is(set)
    }

    /// Returns the members of a service group.
    fn service(
        &mut self,
        name: &'a str,
        used_at: Span,
    ) -> Result<Vec<ServiceMember>, &'static str> {
        if !self.config.services.contains_key(name) {
            self.undefined("object group", name, used_at);
            return Err("the object group is not defined");
        }
        if !self.services.contains_key(name) {
            let found = self.collect_service(name);
            self.services.insert(name, found);
        }
        let length = match self.services.get(name) {
            Some(Resolved::Is(members)) => members.len(),
            _ => 0,
        };
        self.spend(length)?;
        match self.services.get(name) {
            Some(Resolved::Is(members)) => Ok(members.clone()),
            Some(Resolved::Unknown(reason)) => Err(reason),
            None => Err("the object group is not defined"),
        }
    }

    fn collect_service(&mut self, name: &'a str) -> Resolved<Vec<ServiceMember>> {
        let config = self.config;
        let names = match self.group_names(name, |name| {
            config
                .services
                .get(name)
                .map(|group| group.groups.as_slice())
        }) {
            Ok(names) => names,
            Err(reason) => return Resolved::Unknown(reason),
        };
        let mut members = Vec::new();
        for name in names {
            let Some(group) = config.services.get(name) else {
                continue;
            };
            if group.unread.is_some() {
                return Resolved::Unknown("a member of the object group is not recognised");
            }
            members.extend_from_slice(&group.members);
            if members.len() > GROUP_MEMBERS_MAX {
                return Resolved::Unknown("the object group has too many members");
            }
        }
        Resolved::Is(members)
    }

    /// Returns a group and every group in it, each once; `Err` where one is
    /// not defined or contains itself.
    fn group_names(
        &mut self,
        name: &'a str,
        inside: impl Fn(&'a str) -> Option<&'c [(&'a str, Span)]>,
    ) -> Result<Vec<&'a str>, &'static str> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut path: Vec<(&'a str, usize)> = vec![(name, 0)];
        let mut on_path = BTreeSet::from([name]);
        while let Some((group, next)) = path.last_mut() {
            let (group, at) = (*group, *next);
            *next += 1;
            let Some(groups) = inside(group) else {
                return Err("an object group inside is not defined");
            };
            let Some(&(child, origin)) = groups.get(at) else {
                path.pop();
                on_path.remove(group);
                if seen.insert(group) {
                    found.push(group);
                }
                continue;
            };
            if on_path.contains(child) {
                let message = format!("object group `{child}` contains itself");
                let finding = Finding::new(GROUP_CYCLE, Severity::Error, message)
                    .at(origin)
                    .because("this member closes the circle", Some(origin));
                self.findings.push(finding);
                return Err("the object group contains itself");
            }
            if inside(child).is_none() {
                self.undefined("object group", child, origin);
            }
            if !seen.contains(child) {
                on_path.insert(child);
                path.push((child, 0));
            }
        }
        Ok(found)
    }
}

fn entry_action(entry: &AceMatch<'_>) -> Action {
    if !entry.permit {
        return Action::Drop;
    }
    let reflect = entry.more.as_deref().and_then(|more| more.reflect);
    Action::Accept(match reflect {
        Some(name) => SessionEffect::Reflect(name.to_owned()),
        None => SessionEffect::None,
    })
}

fn member_condition(member: &ServiceMember, permit: bool, mirrored: bool) -> Condition {
    let mut parts = Vec::new();
    parts.extend(member.protocols.clone().map(Condition::Protocol));
    let (source, destination) = if mirrored {
        (
            member.destination_ports.clone(),
            member.source_ports.clone(),
        )
    } else {
        (
            member.source_ports.clone(),
            member.destination_ports.clone(),
        )
    };
    let mut transport = ports_part(source, destination);
    transport.extend(member.icmp.clone().map(Condition::Icmp));
    parts.extend(with_fragments(transport, permit));
    all_of(parts)
}

fn ports_part(source: Option<Ports>, destination: Option<Ports>) -> Vec<Condition> {
    let source = source.map(Condition::SourcePort);
    source
        .into_iter()
        .chain(destination.map(Condition::DestinationPort))
        .collect()
}

/// Adds later fragments to what a permit asks of layer 4.
fn with_fragments(transport: Vec<Condition>, permit: bool) -> Option<Condition> {
    if transport.is_empty() {
        return None;
    }
    let transport = all_of(transport);
    Some(if permit {
        Condition::Any(vec![transport, Condition::LaterFragment])
    } else {
        transport
    })
}

/// All of the parts; the part itself where there is one.
pub(super) fn all_of(mut parts: Vec<Condition>) -> Condition {
    match parts.len() {
        0 => Condition::Always,
        1 => parts.pop().unwrap_or(Condition::Always),
        _ => Condition::All(parts),
    }
}

/// Any of the parts; nothing to ask where there are none.
fn any_of(mut parts: Vec<Condition>) -> Option<Condition> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Condition::Any(parts)),
    }
}

/// The entries at the end of every IPv6 list: neighbour discovery passes
/// (Cisco IOS IPv6 Command Reference, `ipv6 access-list`).
fn neighbour_discovery(origin: Span) -> impl Iterator<Item = Rule> {
    [136, 135].into_iter().map(move |kind| Rule {
        condition: Condition::All(vec![
            Condition::Protocol(vec![Protocol::ICMPV6]),
            Condition::Icmp(IcmpMatch {
                types: kind..=kind,
                codes: 0..=u8::MAX,
            }),
        ]),
        action: Action::Accept(SessionEffect::None),
        origin,
    })
}
