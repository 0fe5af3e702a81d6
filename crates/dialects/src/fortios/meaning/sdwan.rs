//! SD-WAN: members, zones, rules.
//!
//! Administration guide, "SD-WAN rules": rules are tried after policy routes
//! and before the forwarding table. A rule is passed over unless the best route
//! to the destination leaves by a member, and a member is passed over unless it
//! has a route to the destination; `manual` takes the first member left, the
//! other modes choose by measurements that a configuration does not tell.

use super::addresses::Side;
use super::policy_routes::{header_conditions, leaves_by};
use super::{Domain, Zone, all, not, unknown, unknown_action};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Span;
use ipnet::IpNet;
use networks::model::{
    Action, ChainId, Condition, InterfaceId, NextHop, RouteAction, Rule, SessionEffect,
};
use packets::{AddressSet, Family};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

/// How many pairs of route and member are looked at; above, the rules are
/// unknown. The largest models have 512 members.
const PAIRS_MAX: usize = 2_000_000;

/// A member: an interface and the gateway behind it.
#[derive(Debug, Clone)]
struct Member {
    number: String,
    interface: InterfaceId,
    gateway: Option<IpAddr>,
    zone: String,
    /// Whether probes decide whether its routes are there.
    probed: bool,
}

impl Member {
    fn next_hop(&self) -> NextHop {
        match self.gateway {
            Some(gateway) => NextHop::InterfaceAddress(self.interface, gateway),
            None => NextHop::Interface(self.interface),
        }
    }
}

/// The zone of members that name none, and of versions without zones.
const DEFAULT_ZONE: &str = "virtual-wan-link";

impl<'a> Domain<'a> {
    fn sdwan(&self) -> Option<&'a Node> {
        self.section("system sdwan")
            .or_else(|| self.section("system virtual-wan-link"))
    }

    fn sdwan_enabled(&self) -> bool {
        self.sdwan()
            .is_some_and(|sdwan| sdwan.flag("status") == Some(true))
    }

    fn sdwan_members(&self) -> Vec<Member> {
        let Some(sdwan) = self.sdwan() else {
            return Vec::new();
        };
        let probed = probed_members(sdwan);
        let members = sdwan.table("members").into_iter().flat_map(Node::entries);
        members
            .filter(|entry| entry.word("status") != Some("disable"))
            .filter_map(|entry| {
                let word = entry.list("interface").first()?;
                let gateway: Option<IpAddr> = entry.parsed("gateway");
                Some(Member {
                    number: entry.name.clone(),
                    interface: *self.interfaces.get(word.text.as_str())?,
                    gateway: gateway.filter(|gateway| !gateway.is_unspecified()),
                    zone: entry.word("zone").unwrap_or(DEFAULT_ZONE).to_owned(),
                    probed: probed
                        .as_ref()
                        .is_some_and(|probed| probed.is_empty() || probed.contains(&*entry.name)),
                })
            })
            .collect()
    }

    /// Makes the zones known as interfaces of policies.
    pub(super) fn read_sdwan_zones(&mut self) {
        let Some(sdwan) = self.sdwan() else {
            return;
        };
        let mut zones: BTreeMap<String, Zone> = BTreeMap::new();
        let zone = |span: Span| Zone {
            members: Vec::new(),
            intrazone: false,
            span,
        };
        zones.insert(DEFAULT_ZONE.to_owned(), zone(sdwan.span));
        for entry in sdwan.table("zone").into_iter().flat_map(Node::entries) {
            zones.insert(entry.name.clone(), zone(entry.span));
            entry.rest_harmless();
        }
        for member in self.sdwan_members() {
            zones
                .entry(member.zone)
                .or_insert_with(|| zone(sdwan.span))
                .members
                .push(member.interface);
        }
        self.zones.extend(zones);
        for entry in sdwan.table("members").into_iter().flat_map(Node::entries) {
            if let Some(word) = entry.list("interface").first()
                && !self.interfaces.contains_key(word.text.as_str())
            {
                self.undefined("interface", word);
            }
            entry.rest_harmless();
        }
        for name in ["health-check", "health-check-fortiguard"] {
            for entry in sdwan.table(name).into_iter().flat_map(Node::entries) {
                entry.rest_harmless();
                for sla in entry.table("sla").into_iter().flat_map(Node::entries) {
                    sla.rest_harmless();
                }
            }
        }
        for name in ["neighbor", "duplication"] {
            for entry in sdwan.table(name).into_iter().flat_map(Node::entries) {
                entry.rest_harmless();
            }
        }
        sdwan.flag("status");
        sdwan.table("service");
        sdwan.rest_harmless();
    }

    /// Returns the ways out of a static route that names SD-WAN, and whether
    /// probes decide about each; `None` for a route that does not.
    pub(super) fn sdwan_route(
        &mut self,
        entry: &'a Node,
        device: Option<&Word>,
    ) -> Option<Vec<(NextHop, bool)>> {
        let mut zones: Vec<&Word> = entry.list("sdwan-zone").iter().collect();
        let every = ["sdwan", "virtual-wan-link"]
            .iter()
            .any(|key| entry.flag(key) == Some(true));
        let named = device.filter(|word| {
            self.zones.contains_key(&word.text) && !self.interfaces.contains_key(&*word.text)
        });
        zones.extend(named);
        if zones.is_empty() && !every {
            return None;
        }
        for word in &zones {
            if !self.zones.contains_key(&word.text) {
                self.undefined("SD-WAN zone", word);
            }
        }
        if !self.sdwan_enabled() {
            return Some(Vec::new());
        }
        let wanted =
            |member: &Member| zones.is_empty() || zones.iter().any(|z| z.text == member.zone);
        let members: Vec<Member> = self.sdwan_members().into_iter().filter(wanted).collect();
        let mut hops = Vec::new();
        for member in members {
            if self.afford() {
                hops.push((member.next_hop(), member.probed));
            }
        }
        Some(hops)
    }

    /// Adds the SD-WAN rules: for each prefix of the routing table, longest
    /// first, either the rules with the members that have a route there, or the
    /// forwarding table.
    pub(super) fn add_sdwan_rules(&mut self, rules: &mut Vec<Rule>) {
        let Some(sdwan) = self.sdwan() else {
            return;
        };
        let members = self.sdwan_members();
        let services: Vec<&'a Node> = sdwan
            .table("service")
            .into_iter()
            .flat_map(Node::entries)
            .collect();
        let matched: Vec<(&Node, Condition)> = services
            .iter()
            .map(|&entry| (entry, self.sdwan_condition(entry)))
            .collect();
        for entry in &services {
            entry.rest_harmless();
        }
        if !self.sdwan_enabled() || members.is_empty() || services.is_empty() {
            return;
        }
        if self.has_dynamic_routes() {
            for (entry, condition) in matched {
                let reason = "whether the best route leaves by a member depends on learned routes";
                rules.push(Rule {
                    condition,
                    action: unknown_action(entry.span, reason),
                    origin: entry.span,
                });
            }
            return;
        }
        let Some(prefixes) = self.sdwan_prefixes(&members) else {
            rules.push(Rule {
                condition: Condition::Always,
                action: unknown_action(sdwan.span, "there are too many routes and members"),
                origin: sdwan.span,
            });
            return;
        };
        let mut chains: BTreeMap<Vec<usize>, ChainId> = BTreeMap::new();
        for (prefix, (usable, origin)) in prefixes {
            let action = if usable.is_empty() {
                Action::Route(RouteAction::UseFib)
            } else {
                let chain = match chains.get(&usable) {
                    Some(&chain) => chain,
                    None => {
                        let chain = self.sdwan_chain(&matched, &members, &usable);
                        chains.insert(usable, chain);
                        chain
                    }
                };
                Action::Goto(chain)
            };
            rules.push(Rule {
                condition: Condition::Destination(AddressSet::from(prefix)),
                action,
                origin,
            });
        }
    }

    /// Returns, for each prefix of the routing table, longest first, the members
    /// with a route to it: none where the best route leaves by something else.
    #[expect(
        clippy::type_complexity,
        reason = "a list of prefixes with what goes with each, used once"
    )]
    fn sdwan_prefixes(&self, members: &[Member]) -> Option<Vec<(IpNet, (Vec<usize>, Span))>> {
        let routes = self.fixed_routes();
        if routes.len().saturating_mul(members.len()) > PAIRS_MAX {
            return None;
        }
        let mut best: BTreeMap<IpNet, ((u8, u32), BTreeSet<Option<InterfaceId>>, Span)> =
            BTreeMap::new();
        let mut reached: Vec<HashSet<IpNet>> = vec![HashSet::new(); members.len()];
        for route in &routes {
            let by = leaves_by(route.next_hop);
            let rank = (route.distance, route.priority);
            let slot = best
                .entry(route.prefix)
                .or_insert_with(|| (rank, BTreeSet::new(), route.origin));
            if rank < slot.0 {
                *slot = (rank, BTreeSet::new(), route.origin);
            }
            if rank == slot.0 {
                slot.1.insert(by);
            }
            for (member, reached) in members.iter().zip(&mut reached) {
                if by == Some(member.interface) {
                    reached.insert(route.prefix);
                }
            }
        }
        let is_member =
            |by: &Option<InterfaceId>| members.iter().any(|member| *by == Some(member.interface));
        let mut prefixes: Vec<(IpNet, (Vec<usize>, Span))> = best
            .into_iter()
            .map(|(prefix, (_, by, origin))| {
                let mut usable = Vec::new();
                if by.iter().any(is_member) {
                    let covered = |reached: &HashSet<IpNet>| {
                        std::iter::successors(Some(prefix), IpNet::supernet)
                            .any(|wider| reached.contains(&wider))
                    };
                    let indexed = reached.iter().enumerate();
                    usable.extend(indexed.filter(|(_, it)| covered(it)).map(|(at, _)| at));
                }
                (prefix, (usable, origin))
            })
            .collect();
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.prefix_len()));
        Some(prefixes)
    }

    /// Makes the chain of rules where only some members have a route.
    fn sdwan_chain(
        &mut self,
        matched: &[(&Node, Condition)],
        members: &[Member],
        usable: &[usize],
    ) -> ChainId {
        let mut rules = Vec::new();
        for (entry, condition) in matched {
            let zones = entry.list("priority-zone");
            let listed: Vec<&Word> = entry
                .list("priority-members")
                .iter()
                .chain(entry.list("member"))
                .collect();
            let mut chosen: Vec<&Member> = Vec::new();
            let with_route = || usable.iter().filter_map(|&at| members.get(at));
            for word in &listed {
                chosen.extend(with_route().filter(|member| member.number == word.text));
            }
            chosen.extend(
                with_route().filter(|member| zones.iter().any(|zone| zone.text == member.zone)),
            );
            if chosen.is_empty() {
                continue;
            }
            let hops = chosen.iter().map(|member| member.next_hop()).collect();
            let manual = matches!(entry.word("mode"), None | Some("manual"));
            let probed = chosen.iter().any(|member| member.probed);
            let action = if manual && !probed {
                RouteAction::FirstUsable(hops)
            } else {
                RouteAction::AnyOf(hops)
            };
            rules.push(Rule {
                condition: condition.clone(),
                action: Action::Route(action),
                origin: entry.span,
            });
        }
        let end = Action::Accept(SessionEffect::None);
        self.add_chain("SD-WAN rules", rules, end)
    }

    fn sdwan_condition(&mut self, entry: &'a Node) -> Condition {
        if entry.word("status") == Some("disable") {
            return super::never();
        }
        let family = match entry.word("addr-mode") {
            Some("ipv6") => Family::V6,
            _ => Family::V4,
        };
        let end = if family == Family::V6 { "6" } else { "" };
        let mut parts = Vec::new();
        for key in ["input-device", "input-zone"] {
            if let Some(set) = self.interface_set(entry.list(key)) {
                let enters = Condition::EntersBy(set);
                let negated = entry.flag("input-device-negate") == Some(true);
                parts.push(if negated { not(enters) } else { enters });
            }
        }
        for (key, side) in [("src", Side::Source), ("dst", Side::Destination)] {
            let names = entry.list(&format!("{key}{end}"));
            let negated = entry.flag(&format!("{key}-negate")) == Some(true);
            let every = match side {
                Side::Source => Condition::Source(AddressSet::all_of(family)),
                Side::Destination => Condition::Destination(AddressSet::all_of(family)),
            };
            parts.push(every);
            if !names.is_empty() {
                let condition = self.select(names, family).condition(side);
                parts.push(if negated { not(condition) } else { condition });
            }
        }
        parts.extend(header_conditions(
            entry,
            ("start-port", "end-port"),
            ("start-src-port", "end-src-port"),
        ));
        for (key, reason) in [
            ("internet-service", "the addresses come from a database"),
            ("users", "it depends on who the user is"),
            ("groups", "it depends on who the user is"),
            ("route-tag", "it depends on tags of learned routes"),
            (
                "default",
                "the rule may act without a route to the destination",
            ),
            (
                "standalone-action",
                "the rule acts only for some neighbours",
            ),
            ("role", "the rule acts only in one role"),
        ] {
            if let Some(setting) = entry.setting(key) {
                let off = ["disable", "0", "standalone"];
                let value = setting.values.first().map_or("", |word| word.text.as_str());
                if !off.contains(&value) {
                    parts.push(unknown(setting.span, reason));
                }
            }
        }
        all(parts)
    }
}

/// Returns the members that probes decide about: none where no check takes
/// routes away, an empty set for all of them (`members 0`).
fn probed_members(sdwan: &Node) -> Option<HashSet<&str>> {
    let mut probed = HashSet::new();
    let mut found = false;
    let checks = sdwan
        .table("health-check")
        .into_iter()
        .flat_map(Node::entries);
    for check in checks {
        if check.flag("update-static-route") == Some(false) {
            continue;
        }
        for word in check.list("members") {
            if word.text == "0" {
                return Some(HashSet::new());
            }
            found = true;
            probed.insert(word.text.as_str());
        }
    }
    found.then_some(probed)
}
