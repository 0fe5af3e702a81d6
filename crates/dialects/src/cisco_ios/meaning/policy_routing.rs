//! Policy routing: route maps on interfaces to one chain a VRF.

use super::super::config::{MapMatch, MapSet, RouteMapTerm};
use super::access::all_of;
use super::{Builder, DEFAULT_VRF};
use findings::Span;
use networks::model::{
    Action, Chain, ChainId, Condition, InterfaceId, InterfaceSet, NextHop, RouteAction, Rule,
    Unknown, VrfId,
};
use std::collections::BTreeMap;

impl<'a> Builder<'_, 'a> {
    /// Gives the VRFs what decides before their routes.
    pub(super) fn policy_routing(&mut self) {
        let config = self.config;
        let mut used: BTreeMap<(VrfId, &'a str), (Span, Vec<InterfaceId>)> = BTreeMap::new();
        for (interface, id) in config.interfaces.iter().zip((0u32..).map(InterfaceId)) {
            if let Some((name, origin)) = interface.policy_routing {
                let vrf = self.vrf_id(interface.vrf, Some(origin));
                let (_, ids) = used.entry((vrf, name)).or_insert((origin, Vec::new()));
                ids.push(id);
                if !config.route_maps.contains_key(name) {
                    self.undefined("route map", name, origin);
                }
            }
        }
        let mut rules: BTreeMap<VrfId, Vec<Rule>> = BTreeMap::new();
        for ((vrf, name), (origin, ids)) in used {
            // What a map that nothing defines does is not documented; an export
            // without it may also have been cut.
            let action = match self.map_chain(name) {
                Some(chain) => Action::Call(chain),
                None => Action::Unknown(Unknown {
                    origin,
                    reason: "the route map is not defined".to_owned(),
                }),
            };
            rules.entry(vrf).or_default().push(Rule {
                condition: Condition::EntersBy(InterfaceSet::new(ids)),
                action,
                origin,
            });
        }
        for (vrf, rules) in rules {
            let chain = self.add_chain(Chain {
                name: "policy routing".to_owned(),
                rules,
                default: Action::Return,
                origin: None,
            });
            if let Some(vrf) = self.vrf_mut(vrf) {
                vrf.policy_routing = Some(chain);
            }
        }
    }

    fn map_chain(&mut self, name: &'a str) -> Option<ChainId> {
        let map = self.config.route_maps.get(name)?;
        let mut rules = Vec::new();
        for term in map.terms.values() {
            self.term_rules(term, &mut rules);
        }
        Some(self.add_chain(Chain {
            name: name.to_owned(),
            rules,
            default: Action::Return,
            origin: Some(map.origin),
        }))
    }

    /// A term's settings are tried in IOS's order: next hops, interfaces,
    /// default next hops (Cisco IOS IP Routing: Protocol-Independent Command
    /// Reference, `set interface`); the routes decide where none is usable.
    fn term_rules(&mut self, term: &RouteMapTerm<'a>, rules: &mut Vec<Rule>) {
        let matches: Vec<_> = term
            .matches
            .iter()
            .map(|(found, at)| (found, *at))
            .collect();
        let condition = self.packet_condition(&matches);
        let mut push = |action: Action, origin: Span| {
            rules.push(Rule {
                condition: condition.clone(),
                action,
                origin,
            });
        };
        if term.permit {
            let mut actions: Vec<(u8, Action, Span)> = term
                .sets
                .iter()
                .filter_map(|(set, origin)| {
                    let (rank, action) = self.set_action(set, *origin)?;
                    Some((rank, action, *origin))
                })
                .collect();
            actions.sort_by_key(|(rank, ..)| *rank);
            for (_, action, origin) in actions {
                push(action, origin);
            }
        }
        push(Action::Route(RouteAction::UseFib), term.origin);
    }

    /// Returns when a packet is all that a term matches.
    pub(super) fn packet_condition(&mut self, matches: &[(&MapMatch<'a>, Span)]) -> Condition {
        let mut parts = Vec::new();
        let mut lists = Vec::new();
        for (found, origin) in matches {
            let unknown = |reason: &str| {
                Condition::Unknown(Unknown {
                    origin: *origin,
                    reason: reason.to_owned(),
                })
            };
            match found {
                MapMatch::Address { lists: names, ipv6 } => {
                    for name in names {
                        match self.list_chain(name, *ipv6, false) {
                            Some(chain) => lists.push(Condition::Accepted(chain)),
                            None => {
                                self.undefined("access list", name, *origin);
                                lists.push(unknown("the access list is not defined"));
                            }
                        }
                    }
                }
                _ => parts.push(unknown("this match is not modelled for packets")),
            }
        }
        if !lists.is_empty() {
            parts.push(Condition::Any(lists));
        }
        all_of(parts)
    }

    /// Returns what a line sets for packets and when it is tried.
    fn set_action(&mut self, set: &MapSet<'a>, origin: Span) -> Option<(u8, Action)> {
        let hops = |hops: &[std::net::IpAddr]| hops.iter().copied().map(NextHop::Address).collect();
        let route = |action| Some(Action::Route(action));
        let unknown = |reason: &str| {
            Action::Unknown(Unknown {
                origin,
                reason: reason.to_owned(),
            })
        };
        match set {
            MapSet::NextHop(list) => Some((1, route(RouteAction::FirstUsable(hops(list)))?)),
            MapSet::Vrf { name, next_hop } => {
                let vrf = if *name == DEFAULT_VRF {
                    VrfId::DEFAULT
                } else {
                    self.vrf_id(name, Some(origin))
                };
                let hop = match next_hop {
                    Some(address) => NextHop::VrfAddress(vrf, *address),
                    None => NextHop::Vrf(vrf),
                };
                Some((0, route(RouteAction::FirstUsable(vec![hop]))?))
            }
            MapSet::Interface(names) => {
                let mut found = Vec::new();
                for name in names {
                    if name.starts_with("Null") {
                        return Some((2, Action::Route(RouteAction::Discard)));
                    }
                    match self.interface_id(name) {
                        // The packet would enter the device again there.
                        Some(_) if name.starts_with("Loopback") => {
                            return Some((
                                2,
                                unknown("what a loopback sends back is not modelled"),
                            ));
                        }
                        Some(id) => found.push(NextHop::Interface(id)),
                        None => return Some((2, unknown("the interface is not configured"))),
                    }
                }
                Some((2, route(RouteAction::FirstUsable(found))?))
            }
            MapSet::DefaultNextHop(list) => {
                Some((3, route(RouteAction::FirstUsableUnlessRouted(hops(list)))?))
            }
            MapSet::UnknownForPackets(reason) => Some((0, unknown(reason))),
            MapSet::Route(_) | MapSet::DeleteCommunity(_) | MapSet::Nothing => None,
        }
    }
}
