//! Zone-based policies and context-based inspection.
//!
//! Both remember what they let out and let its answers back. They do so by
//! entries of their own, so each is an entry of a reflexive list here
//! ([`SessionEffect::Reflect`]): answers pass where that list is asked, and a
//! translation's memory opens nothing.

use super::super::config::{ClassMatch, InspectAction, InspectClass, ZonePair};
use super::super::names;
use super::Builder;
use super::access::all_of;
use super::filters::side;
use findings::Span;
use networks::model::{
    Action, Chain, ChainId, Condition, HookKind, HookScope, InterfaceId, InterfaceSet, Rule,
    SessionEffect, Stage, Unknown,
};
use packets::{IcmpMatch, Ports, Protocol, TcpFlagMatch, TcpFlags};
use std::collections::BTreeMap;

/// The zone of the device itself.
const SELF_ZONE: &str = "self";
/// The zone of interfaces that are in none, where it is configured (IOS-XE).
const DEFAULT_ZONE: &str = "default";
/// How deep class maps may contain each other; deeper is unknown.
const CLASS_DEPTH_MAX: u8 = 16;

/// How many pairs of zones times interfaces are looked at.
const ZONE_WORK_MAX: usize = 10_000_000;

impl<'a> Builder<'_, 'a> {
    /// Makes the hooks of zones (Cisco, "Zone-Based Policy Firewall Design
    /// Guide", document 98628): between two zones only what a policy lets
    /// pass; within a zone everything; between a zone and no zone nothing.
    pub(super) fn zones(&mut self) {
        let config = self.config;
        let mut members: BTreeMap<&'a str, Vec<InterfaceId>> = BTreeMap::new();
        let mut outside = Vec::new();
        for (interface, id) in config.interfaces.iter().zip((0u32..).map(InterfaceId)) {
            match interface.zone {
                Some((zone, origin)) => {
                    if !config.zones.contains_key(zone) {
                        self.undefined("zone", zone, origin);
                    }
                    members.entry(zone).or_default().push(id);
                }
                None if config.zones.contains_key(DEFAULT_ZONE) => {
                    members.entry(DEFAULT_ZONE).or_default().push(id);
                }
                None => outside.push(id),
            }
        }
        if config
            .interfaces
            .iter()
            .all(|interface| interface.zone.is_none())
        {
            return;
        }
        let work = config
            .zone_pairs
            .len()
            .saturating_mul(config.interfaces.len());
        if work > ZONE_WORK_MAX {
            if let Some(pair) = config.zone_pairs.first() {
                let reason = "there are too many pairs of zones".to_owned();
                self.unread(pair.origin, &super::Touch::Device, reason);
            }
            return;
        }
        for pair in &config.zone_pairs {
            for zone in [pair.source, pair.destination] {
                if zone != SELF_ZONE && zone != DEFAULT_ZONE && !config.zones.contains_key(zone) {
                    self.undefined("zone", zone, pair.origin);
                }
            }
        }
        let sets: BTreeMap<&'a str, InterfaceSet> = members
            .into_iter()
            .map(|(zone, ids)| (zone, InterfaceSet::new(ids)))
            .collect();
        for (zone, set) in &sets {
            self.leaving_by_zone(zone, set, &sets);
            self.for_the_device(zone, set);
        }
        self.out_of_zones(&sets, outside);
    }

    /// Packets that leave by a zone.
    fn leaving_by_zone(
        &mut self,
        zone: &'a str,
        set: &InterfaceSet,
        sets: &BTreeMap<&'a str, InterfaceSet>,
    ) {
        let config = self.config;
        let pairs = || config.zone_pairs.iter();
        let origin = config
            .zones
            .get(zone)
            .copied()
            .or_else(|| pairs().next().map(|pair| pair.origin))
            .or_else(|| config.interfaces.first().map(|interface| interface.origin));
        let Some(origin) = origin else {
            return;
        };
        let mut rules = Vec::new();
        // Answers to what the zone opened, whatever pair there is this way.
        for pair in pairs().filter(|pair| pair.source == zone && pair.policy.is_some()) {
            if let Some(from) = sets.get(pair.destination) {
                rules.push(Rule {
                    condition: Condition::All(vec![
                        Condition::EntersBy(from.clone()),
                        Condition::Reflected(opened_by(pair)),
                    ]),
                    action: Action::Accept(SessionEffect::None),
                    origin: pair.origin,
                });
            }
        }
        for pair in pairs().filter(|pair| pair.destination == zone && pair.source != SELF_ZONE) {
            let Some(from) = sets.get(pair.source) else {
                continue;
            };
            if let Some(action) = self.pair_action(pair) {
                rules.push(Rule {
                    condition: Condition::EntersBy(from.clone()),
                    action,
                    origin: pair.origin,
                });
            }
        }
        rules.push(Rule {
            condition: Condition::EntersBy(set.clone()),
            action: Action::Accept(SessionEffect::None),
            origin,
        });
        let all = (0..self.device.interfaces.len())
            .filter_map(|at| u32::try_from(at).ok())
            .map(InterfaceId);
        let own = Condition::Not(Box::new(Condition::EntersBy(InterfaceSet::new(all))));
        let from_self = pairs()
            .find(|pair| pair.source == SELF_ZONE && pair.destination == zone)
            .and_then(|pair| self.pair_action(pair));
        rules.push(Rule {
            condition: own,
            action: from_self.unwrap_or(Action::Accept(SessionEffect::None)),
            origin,
        });
        let chain = self.add_chain(Chain {
            name: format!("into zone {zone}"),
            rules,
            default: Action::Drop,
            origin: Some(origin),
        });
        let scope = HookScope {
            enters: None,
            leaves: Some(set.clone()),
        };
        self.hook(Stage::Egress, scope, HookKind::Filter, chain, origin);
    }

    /// Packets from a zone to the device itself: all, unless a pair says else.
    fn for_the_device(&mut self, zone: &'a str, set: &InterfaceSet) {
        let config = self.config;
        let to_self = |pair: &&ZonePair<'a>| pair.source == zone && pair.destination == SELF_ZONE;
        let Some(pair) = config.zone_pairs.iter().find(to_self) else {
            return;
        };
        let Some(action) = self.pair_action(pair) else {
            return;
        };
        let back = config
            .zone_pairs
            .iter()
            .find(|pair| pair.source == SELF_ZONE && pair.destination == zone);
        let mut rules: Vec<Rule> = back
            .into_iter()
            .map(|back| Rule {
                condition: Condition::Reflected(opened_by(back)),
                action: Action::Accept(SessionEffect::None),
                origin: back.origin,
            })
            .collect();
        rules.push(Rule {
            condition: Condition::Always,
            action,
            origin: pair.origin,
        });
        let chain = self.add_chain(Chain {
            name: format!("zone {zone} to self"),
            rules,
            default: Action::Return,
            origin: Some(pair.origin),
        });
        let scope = HookScope {
            enters: Some(set.clone()),
            leaves: None,
        };
        self.hook(Stage::Local, scope, HookKind::Filter, chain, pair.origin);
    }

    /// Packets that leave by an interface in no zone, having entered by one.
    fn out_of_zones(&mut self, sets: &BTreeMap<&'a str, InterfaceSet>, outside: Vec<InterfaceId>) {
        let zoned = InterfaceSet::new(sets.values().flat_map(InterfaceSet::iter));
        let first = self.config.interfaces.iter().find_map(|found| found.zone);
        let Some((_, origin)) = first.filter(|_| !outside.is_empty()) else {
            return;
        };
        let chain = self.add_chain(Chain {
            name: "from a zone to no zone".to_owned(),
            rules: vec![Rule {
                condition: Condition::EntersBy(zoned),
                action: Action::Drop,
                origin,
            }],
            default: Action::Return,
            origin: Some(origin),
        });
        let scope = HookScope {
            enters: None,
            leaves: Some(InterfaceSet::new(outside)),
        };
        self.hook(Stage::Egress, scope, HookKind::Filter, chain, origin);
    }

    /// What happens to packets of a pair; `None` where nothing is said: a pair
    /// without a policy is as if it were not there.
    fn pair_action(&mut self, pair: &ZonePair<'a>) -> Option<Action> {
        let (policy, origin) = pair.policy?;
        let Some(map) = self.config.inspect_maps.get(policy) else {
            self.undefined("policy map", policy, origin);
            return Some(Action::Unknown(Unknown {
                origin,
                reason: "the policy map is not defined".to_owned(),
            }));
        };
        if self.spend(map.classes.len()).is_err() {
            return Some(Action::Unknown(Unknown {
                origin,
                reason: "the policies are too long to be written out".to_owned(),
            }));
        }
        let mut rules = Vec::new();
        for class in &map.classes {
            self.class_rules(class, &opened_by(pair), &mut rules);
        }
        let chain = self.add_chain(Chain {
            name: format!("zone-pair {}", pair.name),
            rules,
            default: Action::Drop,
            origin: Some(map.origin),
        });
        Some(Action::Goto(chain))
    }

    fn class_rules(&mut self, class: &InspectClass<'a>, opened: &str, rules: &mut Vec<Rule>) {
        let origin = class.origin;
        let condition = match class.class {
            None => Condition::Always,
            Some(name) => self.class_condition(name, origin, 0),
        };
        let unknown = |reason: &str| {
            Action::Unknown(Unknown {
                origin,
                reason: reason.to_owned(),
            })
        };
        let action = match class.action {
            InspectAction::Inspect => {
                rules.extend(inspected(&condition, opened, origin));
                return;
            }
            InspectAction::Pass => Action::Accept(SessionEffect::None),
            InspectAction::Drop => Action::Drop,
            InspectAction::Missing if class.class.is_none() => Action::Drop,
            InspectAction::Missing => unknown("the class has no action"),
            InspectAction::Unknown(reason) => unknown(reason),
        };
        rules.push(Rule {
            condition,
            action,
            origin,
        });
    }

    /// Returns when a class map matches.
    fn class_condition(&mut self, name: &'a str, used_at: Span, depth: u8) -> Condition {
        let unknown = |reason: &str| {
            Condition::Unknown(Unknown {
                origin: used_at,
                reason: reason.to_owned(),
            })
        };
        let Some(map) = self.config.class_maps.get(name) else {
            self.undefined("class map", name, used_at);
            return unknown("the class map is not defined");
        };
        if depth > CLASS_DEPTH_MAX {
            return unknown("class maps contain each other");
        }
        if let Some(&chain) = self.class_chains.get(name) {
            return Condition::Accepted(chain);
        }
        if !self.classes_open.insert(name) {
            return unknown("class maps contain each other");
        }
        let parts: Vec<Condition> = map
            .matches
            .iter()
            .map(|(found, origin)| self.class_match(found, *origin, depth))
            .collect();
        self.classes_open.remove(name);
        let condition = if map.all {
            all_of(parts)
        } else {
            Condition::Any(parts)
        };
        let chain = self.add_chain(Chain {
            name: name.to_owned(),
            rules: vec![Rule {
                condition,
                action: Action::Accept(SessionEffect::None),
                origin: used_at,
            }],
            default: Action::Drop,
            origin: None,
        });
        self.class_chains.insert(name, chain);
        Condition::Accepted(chain)
    }

    fn class_match(&mut self, found: &ClassMatch<'a>, origin: Span, depth: u8) -> Condition {
        let unknown = |reason: &str| {
            Condition::Unknown(Unknown {
                origin,
                reason: reason.to_owned(),
            })
        };
        match found {
            ClassMatch::AccessGroup(list) | ClassMatch::NotAccessGroup(list) => {
                let Some(chain) = self.list_chain(list, false, false) else {
                    self.undefined("access list", list, origin);
                    return unknown("the access list is not defined");
                };
                let accepted = Condition::Accepted(chain);
                if matches!(found, ClassMatch::NotAccessGroup(_)) {
                    Condition::Not(Box::new(accepted))
                } else {
                    accepted
                }
            }
            ClassMatch::Protocol(protocol) => application(protocol, origin),
            ClassMatch::Class(name) => self.class_condition(name, origin, depth + 1),
            ClassMatch::Unknown(reason) => unknown(reason),
        }
    }

    /// Makes the chain of what `ip inspect` on interfaces lets back; that
    /// passes every list.
    pub(super) fn openings(&mut self) {
        let config = self.config;
        let mut rules = Vec::new();
        for interface in &config.interfaces {
            rules.extend(interface.inspections.iter().map(|used| Rule {
                condition: Condition::Reflected(inspected_on(used.list, &interface.name)),
                action: Action::Accept(SessionEffect::None),
                origin: used.origin,
            }));
        }
        if !rules.is_empty() {
            let chain = self.add_chain(Chain {
                name: "answers to what was inspected".to_owned(),
                rules,
                default: Action::Drop,
                origin: None,
            });
            self.openings = Some(chain);
        }
    }

    /// `ip inspect NAME in|out` on interfaces of one direction.
    pub(super) fn inspections(&mut self, inbound: bool) {
        let config = self.config;
        for (interface, id) in config.interfaces.iter().zip((0u32..).map(InterfaceId)) {
            for used in interface
                .inspections
                .iter()
                .filter(|used| used.inbound == inbound)
            {
                let Some(protocols) = config.inspections.get(used.list) else {
                    self.undefined("inspection", used.list, used.origin);
                    continue;
                };
                if self.spend(protocols.len()).is_err() {
                    let reason = "the inspections are too many to be written out".to_owned();
                    self.unread(used.origin, &super::Touch::Device, reason);
                    continue;
                }
                let opened = inspected_on(used.list, &interface.name);
                let rules = protocols
                    .iter()
                    .map(|found| Rule {
                        condition: Condition::All(vec![
                            application(found.protocol, found.origin),
                            opening(),
                        ]),
                        action: Action::Accept(SessionEffect::Reflect(opened.clone())),
                        origin: found.origin,
                    })
                    .collect();
                let chain: ChainId = self.add_chain(Chain {
                    name: opened.clone(),
                    rules,
                    default: Action::Return,
                    origin: Some(used.origin),
                });
                let (stage, scope) = side(inbound, id);
                self.hook(stage, scope, HookKind::Filter, chain, used.origin);
            }
        }
    }
}

fn opened_by(pair: &ZonePair<'_>) -> String {
    format!("zone-pair {}", pair.name)
}

fn inspected_on(name: &str, interface: &str) -> String {
    format!("ip inspect {name} on {interface}")
}

fn protocol(protocol: Protocol) -> Condition {
    Condition::Protocol(vec![protocol])
}

fn icmp(kind: u8) -> Condition {
    Condition::Icmp(IcmpMatch {
        types: kind..=kind,
        codes: 0..=u8::MAX,
    })
}

/// A packet that opens a session: a SYN, any UDP, an ICMP request.
fn opening() -> Condition {
    let syn = TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0);
    Condition::Any(vec![
        Condition::TcpFlags(TcpFlagMatch {
            mask: syn,
            value: TcpFlags::SYN,
        }),
        Condition::All(vec![
            protocol(Protocol::UDP),
            Condition::DestinationPort(Ports::any()),
        ]),
        icmp(8),
        icmp(13),
    ])
}

/// What inspection does with packets of a class: those that open are
/// remembered; TCP and ICMP answers that belong to nothing are dropped; of
/// fragments, ICMP errors and other protocols it cannot be told.
fn inspected(class: &Condition, opened: &str, origin: Span) -> Vec<Rule> {
    let rule = |what: Condition, action: Action| Rule {
        condition: Condition::All(vec![class.clone(), what]),
        action,
        origin,
    };
    let unknown = |reason: &str| {
        Action::Unknown(Unknown {
            origin,
            reason: reason.to_owned(),
        })
    };
    vec![
        rule(
            opening(),
            Action::Accept(SessionEffect::Reflect(opened.to_owned())),
        ),
        rule(
            Condition::LaterFragment,
            unknown("how inspection reassembles fragments is not modelled"),
        ),
        rule(protocol(Protocol::TCP), Action::Drop),
        rule(Condition::Any(vec![icmp(0), icmp(14)]), Action::Drop),
        rule(
            Condition::Always,
            unknown("what inspection does with this protocol is not modelled"),
        ),
    ]
}

/// Packets of an inspected protocol.
fn application(name: &str, origin: Span) -> Condition {
    let by_ports = |transport: Protocol, ports: &[u16]| {
        Condition::All(vec![
            protocol(transport),
            Condition::DestinationPort(Ports(ports.iter().map(|&port| port..=port).collect())),
        ])
    };
    match name {
        "tcp" => protocol(Protocol::TCP),
        "udp" => protocol(Protocol::UDP),
        "icmp" => protocol(Protocol::ICMP),
        _ => match names::application(name) {
            Some((tcp, udp)) => Condition::Any(vec![
                by_ports(Protocol::TCP, tcp),
                by_ports(Protocol::UDP, udp),
            ]),
            None => Condition::Unknown(Unknown {
                origin,
                reason: format!("which packets are `{name}` is not modelled"),
            }),
        },
    }
}
