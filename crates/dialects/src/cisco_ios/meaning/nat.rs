//! Translation.
//!
//! Cisco, "NAT Order of Operation" (document 6209): what goes from inside to
//! outside is translated after routing, what comes from outside before it.
//! Static rules come before dynamic ones, those with ports before those
//! without. Which of several dynamic rules takes a packet that more than one
//! of them matches is not documented: such packets are unknown.

use super::super::config::{
    MapMatch, NatGlobal, NatPort, NatRule, NatSide, NatTo, NatWhat, RouteMapTerm,
};
use super::access::all_of;
use super::{Builder, DEFAULT_VRF};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use networks::model::{
    Action, AddressRewrite, Chain, Condition, HookKind, HookScope, InterfaceId, InterfaceSet,
    NextHop, PortRewrite, Rule, SessionEffect, Stage, StaticRoute, Translation, Unknown, VrfId,
};
use packets::{AddressMatch, AddressSet, Ports};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// How many dynamic rules one device may have; more are unknown, because each
/// is compared with those before it.
const DYNAMIC_RULES_MAX: usize = 64;

/// How many interfaces of one subnet are remembered; IOS has one a VRF.
const SHARED_SUBNETS_MAX: usize = 4_096;

/// The rules of one stage, in the order in which they are tried.
#[derive(Debug, Default)]
struct Rules {
    with_ports: Vec<Rule>,
    hosts: Vec<Rule>,
    networks: Vec<Rule>,
    dynamic: Vec<Rule>,
}

impl Rules {
    fn fixed(&mut self, net: Ipv4Net, port: Option<NatPort>) -> &mut Vec<Rule> {
        match port {
            Some(_) => &mut self.with_ports,
            None if net.prefix_len() == 32 => &mut self.hosts,
            None => &mut self.networks,
        }
    }

    fn all(mut self) -> Vec<Rule> {
        // Of several dynamic rules it cannot be told which takes a packet.
        let mut overlaps = Vec::new();
        if self.dynamic.len() > DYNAMIC_RULES_MAX {
            for rule in &mut self.dynamic {
                rule.action = unknown(rule.origin, "there are too many dynamic translations");
            }
            overlaps.append(&mut self.dynamic);
        }
        for (at, rule) in self.dynamic.iter().enumerate().skip(1) {
            let before = self.dynamic.iter().take(at);
            let any = before.map(|rule| rule.condition.clone()).collect();
            overlaps.push(Rule {
                condition: Condition::All(vec![rule.condition.clone(), Condition::Any(any)]),
                action: unknown(rule.origin, "more than one dynamic translation matches"),
                origin: rule.origin,
            });
        }
        self.with_ports.append(&mut self.hosts);
        self.with_ports.append(&mut self.networks);
        self.with_ports.append(&mut overlaps);
        self.with_ports.append(&mut self.dynamic);
        self.with_ports
    }
}

/// The four places of translation.
#[derive(Debug, Default)]
pub(super) struct Nat {
    /// From inside to outside: the destination, then the source.
    out_destination: Rules,
    out_source: Rules,
    /// From outside to inside: the destination, then the source.
    in_destination: Rules,
    in_source: Rules,
}

impl<'a> Builder<'_, 'a> {
    /// Reads the rules into chains; the hooks are made by [`Self::nat_hooks`].
    pub(super) fn nat(&mut self) -> Nat {
        let mut nat = Nat::default();
        let config = self.config;
        for (interface, at) in self.device.interfaces.iter().zip(0usize..) {
            for address in &interface.addresses {
                let near = self.subnets.entry(address.net.trunc()).or_default();
                if near.len() < SHARED_SUBNETS_MAX {
                    near.push(at);
                }
            }
        }
        for rule in &config.nat_rules {
            match &rule.what {
                NatWhat::InsideStatic {
                    local,
                    global,
                    port,
                } => {
                    self.inside_static(&mut nat, rule, *local, global, *port);
                }
                NatWhat::OutsideStatic {
                    global,
                    local,
                    port,
                } => {
                    self.outside_static(&mut nat, rule, (*global, *local), *port);
                }
                NatWhat::InsideDynamic { list, to, overload } => {
                    let condition = self.dynamic_condition(rule, *list);
                    let action = self.dynamic_action(rule, to, *overload);
                    nat.out_source.dynamic.push(Rule {
                        condition: all_of(vec![self.of_vrf(rule, NatSide::Inside), condition]),
                        action,
                        origin: rule.origin,
                    });
                }
                NatWhat::OutsideDynamic { list, pool } => {
                    let condition = self.dynamic_condition(rule, *list);
                    let action = self.dynamic_action(rule, &NatTo::Pool(pool), false);
                    nat.in_source.dynamic.push(Rule {
                        condition,
                        action,
                        origin: rule.origin,
                    });
                }
                NatWhat::Unknown { inside, list } => {
                    let condition = match list {
                        Some(_) => self.dynamic_condition(rule, *list),
                        None => Condition::Always,
                    };
                    let made = || Rule {
                        condition: condition.clone(),
                        action: unknown(rule.origin, "this form of translation is not modelled"),
                        origin: rule.origin,
                    };
                    if *inside && list.is_some() {
                        nat.out_source.with_ports.push(made());
                    }
                    // Its other direction is not known: any packet may be meant.
                    let mut any = made();
                    any.condition = Condition::Always;
                    nat.in_destination.with_ports.push(any.clone());
                    if list.is_none() || !*inside {
                        nat.out_source.with_ports.push(any);
                    }
                }
            }
        }
        self.repeated_statics(&mut nat);
        nat
    }

    /// Makes the hooks of one direction.
    pub(super) fn nat_hooks(&mut self, nat: Nat, inbound: bool) -> Nat {
        let (inside, outside) = (
            self.side_of(NatSide::Inside),
            self.side_of(NatSide::Outside),
        );
        let mut rest = nat;
        let (first, second, stage, scope) = if inbound {
            (
                std::mem::take(&mut rest.in_destination),
                std::mem::take(&mut rest.in_source),
                Stage::Ingress,
                HookScope {
                    enters: Some(outside),
                    leaves: None,
                },
            )
        } else {
            (
                std::mem::take(&mut rest.out_destination),
                std::mem::take(&mut rest.out_source),
                Stage::Egress,
                HookScope {
                    enters: Some(inside),
                    leaves: Some(outside),
                },
            )
        };
        for (rules, what) in [(first.all(), "destination"), (second.all(), "source")] {
            let Some(origin) = rules.first().map(|rule| rule.origin) else {
                continue;
            };
            let way = if inbound {
                "outside to inside"
            } else {
                "inside to outside"
            };
            let chain = self.add_chain(Chain {
                name: format!("translation of the {what}, {way}"),
                rules,
                default: Action::Return,
                origin: Some(origin),
            });
            self.hook(stage, scope.clone(), HookKind::Translation, chain, origin);
        }
        rest
    }

    fn side_of(&self, side: NatSide) -> InterfaceSet {
        let interfaces = self.config.interfaces.iter().zip((0u32..).map(InterfaceId));
        let found = interfaces.filter(|(interface, _)| interface.nat == Some(side));
        InterfaceSet::new(found.map(|(_, id)| id))
    }

    /// Packets that enter by an interface of the side, in the rule's VRF.
    fn of_vrf(&self, rule: &NatRule<'a>, side: NatSide) -> Condition {
        let vrf = rule.vrf.unwrap_or(DEFAULT_VRF);
        let interfaces = self.config.interfaces.iter().zip((0u32..).map(InterfaceId));
        let found = interfaces.filter(|(interface, _)| interface.nat == Some(side));
        let (same, other): (Vec<_>, Vec<_>) = found.partition(|(found, _)| found.vrf == vrf);
        if other.is_empty() {
            Condition::Always
        } else {
            Condition::EntersBy(InterfaceSet::new(same.into_iter().map(|(_, id)| id)))
        }
    }

    /// A packet that comes from outside into another VRF than its own: how
    /// IOS looks its destination up is not modelled.
    fn crosses_vrf(&self, rule: &NatRule<'a>) -> bool {
        let vrf = rule.vrf.unwrap_or(DEFAULT_VRF);
        self.config
            .interfaces
            .iter()
            .any(|found| found.nat == Some(NatSide::Outside) && found.vrf != vrf)
    }

    fn inside_static(
        &mut self,
        nat: &mut Nat,
        rule: &NatRule<'a>,
        local: Ipv4Net,
        global: &NatGlobal,
        port: Option<NatPort>,
    ) {
        let origin = rule.origin;
        let global = match global {
            NatGlobal::Net(net) => Some(*net),
            NatGlobal::Interface(name) => self.primary(name).map(Ipv4Net::from),
        };
        let when = self.of_vrf(rule, NatSide::Inside);
        let only = self.static_map(rule);
        let Some(global) = global else {
            let action = unknown(
                origin,
                "the address of the interface is learned at run time",
            );
            let condition = all_of(vec![when, source_is(local, port.map(|p| (p, true)))]);
            nat.out_source.fixed(local, port).push(Rule {
                condition,
                action: action.clone(),
                origin,
            });
            nat.in_destination.with_ports.push(Rule {
                condition: Condition::Always,
                action,
                origin,
            });
            return;
        };
        self.answer_for(global, rule);
        let mut parts = vec![when, source_is(local, port.map(|port| (port, true)))];
        parts.extend(only.clone());
        nat.out_source.fixed(local, port).push(Rule {
            condition: all_of(parts),
            action: Action::Translate(Translation {
                source: Some(prefix(local, global)),
                source_port: port.map(|port| to_port(port.second)),
                ..Translation::default()
            }),
            origin,
        });
        let back = destination_is(global, port.map(|port| (port, false)));
        let action = if only.is_some() {
            unknown(
                origin,
                "whether a conditional translation works from outside is not modelled",
            )
        } else if self.crosses_vrf(rule) {
            unknown(origin, "translation between VRFs is not modelled")
        } else {
            Action::Translate(Translation {
                destination: Some(prefix(global, local)),
                destination_port: port.map(|port| to_port(port.first)),
                ..Translation::default()
            })
        };
        nat.in_destination.fixed(global, port).push(Rule {
            condition: back,
            action,
            origin,
        });
    }

    fn outside_static(
        &mut self,
        nat: &mut Nat,
        rule: &NatRule<'a>,
        (global, local): (Ipv4Net, Ipv4Net),
        port: Option<NatPort>,
    ) {
        let origin = rule.origin;
        self.answer_for(local, rule);
        let vrfs = self.crosses_vrf(rule) || rule.vrf.is_some() || rule.route_map.is_some();
        let translate = |translation: Translation| {
            if vrfs {
                unknown(origin, "this form of translation is not modelled")
            } else {
                Action::Translate(translation)
            }
        };
        nat.in_source.fixed(global, port).push(Rule {
            condition: source_is(global, port.map(|port| (port, true))),
            action: translate(Translation {
                source: Some(prefix(global, local)),
                source_port: port.map(|port| to_port(port.second)),
                ..Translation::default()
            }),
            origin,
        });
        nat.out_destination.fixed(local, port).push(Rule {
            condition: destination_is(local, port.map(|port| (port, false))),
            action: translate(Translation {
                destination: Some(prefix(local, global)),
                destination_port: port.map(|port| to_port(port.first)),
                ..Translation::default()
            }),
            origin,
        });
        if rule.add_route
            && let Some(vrf) = self.vrf_mut(VrfId::DEFAULT)
        {
            vrf.static_routes.push(StaticRoute {
                prefix: IpNet::V4(local),
                next_hop: NextHop::Address(IpAddr::V4(global.addr())),
                distance: 1,
                priority: 0,
                tag: 0,
                permanent: false,
                run_time: false,
                origin,
            });
        }
    }

    /// The route map of a static rule, as a condition.
    fn static_map(&mut self, rule: &NatRule<'a>) -> Option<Condition> {
        let name = rule.route_map?;
        Some(self.map_condition(name, rule.origin))
    }

    fn dynamic_condition(&mut self, rule: &NatRule<'a>, list: Option<&'a str>) -> Condition {
        match (list, rule.route_map) {
            (Some(list), _) => match self.list_chain(list, false, false) {
                Some(chain) => Condition::Accepted(chain),
                None => {
                    self.undefined("access list", list, rule.origin);
                    Condition::Unknown(Unknown {
                        origin: rule.origin,
                        reason: "the access list is not defined".to_owned(),
                    })
                }
            },
            (None, Some(map)) => self.map_condition(map, rule.origin),
            (None, None) => Condition::Always,
        }
    }

    /// Returns when a route map permits a packet.
    fn map_condition(&mut self, name: &'a str, used_at: Span) -> Condition {
        if let Some(&chain) = self.map_chains.get(name) {
            return Condition::Accepted(chain);
        }
        let Some(map) = self.config.route_maps.get(name) else {
            self.undefined("route map", name, used_at);
            return Condition::Unknown(Unknown {
                origin: used_at,
                reason: "the route map is not defined".to_owned(),
            });
        };
        let rules = map.terms.values().map(|term| self.map_rule(term)).collect();
        let chain = self.add_chain(Chain {
            name: name.to_owned(),
            rules,
            default: Action::Drop,
            origin: Some(map.origin),
        });
        self.map_chains.insert(name, chain);
        Condition::Accepted(chain)
    }

    fn map_rule(&mut self, term: &RouteMapTerm<'a>) -> Rule {
        let mut parts = Vec::new();
        let mut others = Vec::new();
        for (found, origin) in &term.matches {
            if let MapMatch::Interface(names) = found {
                let ids = names.iter().filter_map(|name| self.interface_id(name));
                parts.push(Condition::LeavesBy(InterfaceSet::new(ids)));
            } else {
                others.push((found, *origin));
            }
        }
        parts.push(self.packet_condition(&others));
        Rule {
            condition: all_of(parts),
            action: if term.permit {
                Action::Accept(SessionEffect::None)
            } else {
                Action::Drop
            },
            origin: term.origin,
        }
    }

    fn dynamic_action(&mut self, rule: &NatRule<'a>, to: &NatTo<'a>, overload: bool) -> Action {
        let origin = rule.origin;
        if self.crosses_vrf(rule) && rule.vrf.is_none() {
            return unknown(origin, "translation between VRFs is not modelled");
        }
        let ranges = match to {
            NatTo::Pool(name) => match self.config.nat_pools.get(name) {
                None => {
                    self.undefined("translation pool", name, origin);
                    return unknown(origin, "the pool is not defined");
                }
                Some(pool) => match pool.unread {
                    Some(reason) => return unknown(origin, reason),
                    None => pool.ranges.clone(),
                },
            },
            NatTo::Interface(name) => match self.primary(name) {
                None => {
                    let reason = "the address of the interface is learned at run time";
                    return unknown(origin, reason);
                }
                Some(address) => vec![(address, address)],
            },
        };
        for &(first, last) in &ranges {
            self.answer_for_range(first, last, rule);
        }
        let ranges = ranges
            .into_iter()
            .map(|(first, last)| (IpAddr::V4(first), IpAddr::V4(last)))
            .collect();
        Action::Translate(Translation {
            source: Some(AddressRewrite::Pool(ranges)),
            source_port: overload.then(|| PortRewrite::OneOf(Ports::from(1..=u16::MAX))),
            ..Translation::default()
        })
    }

    fn primary(&self, name: &str) -> Option<Ipv4Addr> {
        let at = *self.config.interface_index.get(name)?;
        let (net, _) = self.config.interfaces.get(at)?.primary?;
        Some(net.addr())
    }

    /// The device answers ARP for a translated address where an interface is
    /// in the same subnet.
    fn answer_for(&mut self, net: Ipv4Net, rule: &NatRule<'a>) {
        self.answer_for_range(net.network(), net.broadcast(), rule);
    }

    fn answer_for_range(&mut self, first: Ipv4Addr, last: Ipv4Addr, rule: &NatRule<'a>) {
        if !rule.alias {
            return;
        }
        let (first, last) = (IpAddr::V4(first), IpAddr::V4(last));
        let mut near: Vec<usize> = Vec::new();
        for (address, length) in [first, last]
            .into_iter()
            .flat_map(|address| (0..=32u8).map(move |length| (address, length)))
        {
            let net = IpNet::new(address, length).map(|net| net.trunc());
            near.extend(
                net.ok()
                    .and_then(|net| self.subnets.get(&net))
                    .into_iter()
                    .flatten(),
            );
        }
        near.sort_unstable();
        near.dedup();
        for at in near {
            let Some(interface) = self.device.interfaces.get_mut(at) else {
                continue;
            };
            let own = first == last && interface.has_address(first);
            if !own {
                interface
                    .answers_arp_for
                    .0
                    .push(AddressMatch::Range(first, last));
            }
        }
    }

    /// Two static rules without conditions for one inside address: which of
    /// the two a new flow gets is not known.
    fn repeated_statics(&mut self, nat: &mut Nat) {
        let mut seen: BTreeMap<(Ipv4Net, Option<&'a str>), usize> = BTreeMap::new();
        let plain = |rule: &NatRule<'a>| match &rule.what {
            NatWhat::InsideStatic {
                local, port: None, ..
            } if rule.route_map.is_none() => Some((*local, rule.vrf)),
            _ => None,
        };
        for key in self.config.nat_rules.iter().filter_map(plain) {
            *seen.entry(key).or_default() += 1;
        }
        let mut repeated = Vec::new();
        for rule in &self.config.nat_rules {
            if let Some(key) = plain(rule).filter(|key| seen.get(key).is_some_and(|&n| n > 1)) {
                seen.remove(&key);
                let again = Rule {
                    condition: all_of(vec![
                        self.of_vrf(rule, NatSide::Inside),
                        source_is(key.0, None),
                    ]),
                    action: unknown(rule.origin, "one address has several static translations"),
                    origin: rule.origin,
                };
                repeated.push(again);
            }
        }
        // Before all others without ports, those with ports being more exact.
        nat.out_source.with_ports.append(&mut repeated);
    }
}

fn unknown(origin: Span, reason: &str) -> Action {
    Action::Unknown(Unknown {
        origin,
        reason: reason.to_owned(),
    })
}

fn prefix(from: Ipv4Net, to: Ipv4Net) -> AddressRewrite {
    AddressRewrite::Prefix {
        from: IpNet::V4(from),
        to: IpNet::V4(to),
    }
}

fn to_port(port: u16) -> PortRewrite {
    PortRewrite::OneOf(Ports::from(port))
}

/// `true` is the first port of the line, `false` the second.
fn source_is(net: Ipv4Net, port: Option<(NatPort, bool)>) -> Condition {
    let mut parts = vec![Condition::Source(AddressSet::from(IpNet::V4(net)))];
    if let Some((port, first)) = port {
        parts.push(Condition::Protocol(vec![port.protocol]));
        let number = if first { port.first } else { port.second };
        parts.push(Condition::SourcePort(Ports::from(number)));
    }
    all_of(parts)
}

/// See [`source_is`].
fn destination_is(net: Ipv4Net, port: Option<(NatPort, bool)>) -> Condition {
    let mut parts = vec![Condition::Destination(AddressSet::from(IpNet::V4(net)))];
    if let Some((port, first)) = port {
        parts.push(Condition::Protocol(vec![port.protocol]));
        let number = if first { port.first } else { port.second };
        parts.push(Condition::DestinationPort(Ports::from(number)));
    }
    all_of(parts)
}
