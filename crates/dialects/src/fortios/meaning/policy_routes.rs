//! Policy routes, tried before SD-WAN rules and the forwarding table.
//!
//! Administration guide, "Policy routes": with an interface and a gateway the
//! packet goes there; with one of both the routing table says the other, and
//! where it has no such route the policy route does not match. `action deny`
//! is "stop policy routing": the forwarding table decides, SD-WAN rules
//! passed over (Fortinet knowledge base FD50169).

use super::addresses::Side;
use super::{Domain, all, any, not, unknown, unknown_action, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use crate::fortios::version::Version;
use ipnet::IpNet;
use networks::model::{
    Action, Condition, InterfaceId, InterfaceSet, NextHop, RouteAction, RoutingTable, Rule,
    SessionEffect, StaticRoute, TableId, VrfId,
};
use packets::{AddressMatch, AddressSet, Family, Ports, Protocol};
use std::collections::HashMap;
use std::net::IpAddr;

/// Routes by the interface they leave by, and the tables made of them so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    routes: HashMap<(InterfaceId, Family), Vec<StaticRoute>>,
    made: HashMap<(InterfaceId, Family), TableId>,
}

impl<'a> Domain<'a> {
    /// Reads policy routes and SD-WAN rules into the chain before the FIB.
    pub(super) fn read_policy_routes(&mut self) {
        let mut rules = Vec::new();
        let mut tables = Tables::default();
        for route in self.installed_routes() {
            if let Some(id) = leaves_by(route.next_hop) {
                let family = Family::of(route.prefix.addr());
                tables.routes.entry((id, family)).or_default().push(route);
            }
        }
        self.add_owned(&mut rules);
        self.add_returning(&mut tables, &mut rules);
        let before = rules.len();
        for (section, family) in [
            ("router policy", Family::V4),
            ("router policy6", Family::V6),
        ] {
            for entry in self.entries(section) {
                self.add_policy_route(entry, family, &mut tables, &mut rules);
            }
        }
        self.add_sdwan_rules(&mut rules);
        if rules.len() > before {
            let connected = self.connected_rules();
            rules.splice(before..before, connected);
        }
        if rules.is_empty() {
            return;
        }
        let end = Action::Accept(SessionEffect::None);
        let chain = self.add_chain("policy routes and SD-WAN rules", rules, end);
        for vrf in &mut self.device.vrfs {
            vrf.policy_routing = Some(chain);
        }
    }

    fn add_policy_route(
        &mut self,
        entry: &'a Node,
        family: Family,
        tables: &mut Tables,
        rules: &mut Vec<Rule>,
    ) {
        let enabled = entry.flag("status").unwrap_or(true);
        let mut parts = self.route_conditions(entry, family);
        let action = self.policy_route_action(entry, family, tables);
        for span in entry.rest(&["comments", "seq-num"]) {
            parts.push(unknown(
                span,
                "a setting of a policy route is not recognised",
            ));
        }
        if enabled {
            rules.push(Rule {
                condition: all(parts),
                action,
                origin: entry.span,
            });
        }
    }

    fn route_conditions(&mut self, entry: &'a Node, family: Family) -> Vec<Condition> {
        let mut parts = Vec::new();
        if let Some(set) = self.interface_set(entry.list("input-device")) {
            let enters = Condition::EntersBy(set);
            let negated = entry.flag("input-device-negate") == Some(true);
            parts.push(if negated { not(enters) } else { enters });
        }
        for (plain, objects, negate, side) in [
            ("src", "srcaddr", "src-negate", Side::Source),
            ("dst", "dstaddr", "dst-negate", Side::Destination),
        ] {
            let condition = self.one_side(entry, family, (plain, objects), side);
            let negated = entry.flag(negate) == Some(true);
            parts.push(match (condition, negated) {
                (None, false) => every(family, side),
                (None, true) => super::never(),
                (Some(condition), false) => condition,
                (Some(condition), true) => all([every(family, side), not(condition)]),
            });
        }
        parts.extend(header_conditions(
            entry,
            ("start-port", "end-port"),
            ("start-source-port", "end-source-port"),
        ));
        for key in [
            "internet-service-id",
            "internet-service-custom",
            "internet-service-fortiguard",
        ] {
            if let Some(setting) = entry.setting(key) {
                parts.push(unknown(setting.span, "the addresses come from a database"));
            }
        }
        for key in ["users", "groups"] {
            if let Some(setting) = entry.setting(key) {
                parts.push(unknown(setting.span, "it depends on who the user is"));
            }
        }
        parts
    }

    fn one_side(
        &mut self,
        entry: &'a Node,
        family: Family,
        (plain, objects): (&str, &str),
        side: Side,
    ) -> Option<Condition> {
        let mut parts = Vec::new();
        let nets: &[Word] = entry.list(plain);
        if !nets.is_empty() {
            let mut set = AddressSet::default();
            // `10.0.0.0 255.0.0.0` before 5.4, a list of `10.0.0.0/255.0.0.0` since.
            if let Some(net) = words::net(nets).filter(|_| nets.len() == 2) {
                set.0.push(AddressMatch::Net(net.trunc()));
            } else {
                for word in nets {
                    match words::joined_net(&word.text) {
                        Some(net) => set.0.push(AddressMatch::Net(net.trunc())),
                        None => {
                            entry.reject(plain);
                            parts.push(unknown(word.span, "the prefix cannot be read"));
                        }
                    }
                }
            }
            parts.push(match side {
                Side::Source => Condition::Source(set),
                Side::Destination => Condition::Destination(set),
            });
        }
        let names = entry.list(objects);
        if !names.is_empty() {
            parts.push(self.select(names, family).condition(side));
        }
        (!parts.is_empty()).then(|| any(parts))
    }

    fn policy_route_action(
        &mut self,
        entry: &'a Node,
        family: Family,
        tables: &mut Tables,
    ) -> Action {
        let gateway: Option<IpAddr> = entry.parsed("gateway");
        let gateway = gateway.filter(|gateway| !gateway.is_unspecified());
        let device = entry.list("output-device").first();
        if entry.word("action") == Some("deny") {
            return Action::Route(RouteAction::UseFib);
        }
        let id = match device {
            None => None,
            Some(word) => match self.interfaces.get(word.text.as_str()) {
                Some(&id) => Some(id),
                None => {
                    self.undefined("interface", word);
                    return unknown_action(word.span, "the interface is not defined");
                }
            },
        };
        match (id, gateway) {
            (Some(id), Some(gateway)) => {
                Action::Route(RouteAction::FirstUsable(vec![NextHop::InterfaceAddress(
                    id, gateway,
                )]))
            }
            (None, Some(gateway)) => {
                Action::Route(RouteAction::FirstUsable(vec![NextHop::Address(gateway)]))
            }
            (Some(id), None) if !self.has_dynamic_routes() => {
                match self.table_of(id, family, tables) {
                    Some(table) => Action::Route(RouteAction::Table(table)),
                    None => unknown_action(entry.span, "there are too many tables"),
                }
            }
            (Some(_), None) => {
                let reason = "which learned route leads out by the interface is not modelled";
                unknown_action(entry.span, reason)
            }
            (None, None) => unknown_action(entry.span, "the policy route names no way out"),
        }
    }

    /// Returns the table of the routes of a family that leave by an interface,
    /// made where it is new.
    pub(super) fn table_of(
        &mut self,
        id: InterfaceId,
        family: Family,
        tables: &mut Tables,
    ) -> Option<TableId> {
        if let Some(&table) = tables.made.get(&(id, family)) {
            return Some(table);
        }
        if !self.afford() {
            return None;
        }
        let routes = tables.routes.remove(&(id, family));
        let table = self.table_by(id, routes.unwrap_or_default());
        tables.made.insert((id, family), table);
        Some(table)
    }

    /// Returns rules by which destinations of connected subnets are not asked
    /// for in policy routes, as from 6.2.3 on (technical tip "Routing lookup
    /// process outgoing and reply traffic").
    fn connected_rules(&mut self) -> Vec<Rule> {
        let since = self.version.map(|own| own.has(&[Version(6, 2, 3)]));
        if since == Some(false) {
            return Vec::new();
        }
        let several = self.device.vrfs.len() > 1;
        let mut members: HashMap<VrfId, Vec<InterfaceId>> = HashMap::new();
        for (id, interface) in self.device.interfaces() {
            members.entry(interface.vrf).or_default().push(id);
        }
        let up = self.device.interfaces().filter(|(_, own)| own.is_up());
        let connected: Vec<_> = up
            .map(|(_, own)| {
                let nets = own.addresses.iter();
                let nets: Vec<_> = nets.map(|at| AddressMatch::Net(at.net.trunc())).collect();
                (own.vrf, own.origin, nets)
            })
            .filter(|(_, _, nets)| !nets.is_empty())
            .collect();
        let mut rules = Vec::new();
        for (vrf, origin, nets) in connected {
            if !self.afford() {
                break;
            }
            let mut parts = vec![Condition::Destination(AddressSet(nets))];
            if let Some(ids) = members.get(&vrf).filter(|_| several) {
                parts.push(Condition::EntersBy(InterfaceSet::new(ids.iter().copied())));
            }
            if since.is_none() {
                let reason = "whether policy routes are asked for it depends on the version";
                parts.push(unknown(origin, reason));
            }
            rules.push(Rule {
                condition: all(parts),
                action: Action::Route(RouteAction::UseFib),
                origin,
            });
        }
        rules
    }

    /// Returns the routes of [`Self::fixed_routes`] that no other of the same
    /// prefix and a smaller distance keeps out of the routing table.
    fn installed_routes(&self) -> Vec<StaticRoute> {
        let usable = |route: &StaticRoute| {
            let by = leaves_by(route.next_hop).and_then(|id| self.device.interface(id));
            by.is_none_or(networks::model::Interface::is_up)
        };
        let mut routes = self.fixed_routes();
        routes.retain(usable);
        let mut least: HashMap<IpNet, u8> = HashMap::new();
        for route in routes.iter().filter(|route| !route.run_time) {
            let least = least.entry(route.prefix).or_insert(route.distance);
            *least = (*least).min(route.distance);
        }
        routes.retain(|route| {
            let least = least.get(&route.prefix);
            least.is_none_or(|least| route.distance <= *least)
        });
        routes
    }

    /// Makes a table of the routes that leave by one interface.
    fn table_by(&mut self, id: InterfaceId, routes: Vec<StaticRoute>) -> TableId {
        let vrf = self.vrf_of(id);
        let table = TableId(u32::try_from(self.device.tables.len()).unwrap_or(u32::MAX));
        let interface = self.device.interface(id);
        let name = interface.map_or_else(String::new, |interface| interface.name.clone());
        self.device.tables.push(RoutingTable {
            name: format!("routes by {name}"),
            vrf,
            routes,
        });
        table
    }

    /// Tells whether a routing protocol may add routes that no line names.
    pub(super) fn has_dynamic_routes(&self) -> bool {
        [
            "router ospf",
            "router ospf6",
            "router bgp",
            "router rip",
            "router ripng",
            "router isis",
        ]
        .iter()
        .filter_map(|name| self.section(name))
        .any(|section| !section.is_empty())
    }

    /// Returns static routes and the prefixes of interfaces that are up, these
    /// with distance zero.
    pub(super) fn fixed_routes(&self) -> Vec<StaticRoute> {
        let mut routes: Vec<StaticRoute> = self
            .device
            .vrf(VrfId::DEFAULT)
            .map(|vrf| vrf.static_routes.clone())
            .unwrap_or_default();
        for (id, interface) in self.device.interfaces() {
            if interface.vrf != VrfId::DEFAULT || !interface.is_up() {
                continue;
            }
            routes.extend(interface.addresses.iter().map(|own| StaticRoute {
                prefix: own.net.trunc(),
                next_hop: NextHop::Interface(id),
                distance: 0,
                priority: 0,
                tag: 0,
                permanent: false,
                run_time: false,
                origin: own.origin,
            }));
        }
        routes
    }
}

impl Tables {
    /// Returns every route that no table was made of yet.
    pub(super) fn all(&self) -> impl Iterator<Item = &StaticRoute> {
        self.routes.values().flatten()
    }
}

/// Returns the interface a next hop names.
pub(super) fn leaves_by(next_hop: NextHop) -> Option<InterfaceId> {
    match next_hop {
        NextHop::Interface(id) | NextHop::InterfaceAddress(id, _) => Some(id),
        _ => None,
    }
}

fn every(family: Family, side: Side) -> Condition {
    let set = AddressSet::all_of(family);
    match side {
        Side::Source => Condition::Source(set),
        Side::Destination => Condition::Destination(set),
    }
}

/// Returns conditions on protocol and ports as policy routes and SD-WAN rules
/// write them: protocol 0 is any, ports matter only where they are narrowed.
pub(super) fn header_conditions(
    entry: &Node,
    destination: (&str, &str),
    source: (&str, &str),
) -> Vec<Condition> {
    let mut parts = Vec::new();
    if let Some(number) = entry.parsed::<u8>("protocol").filter(|&number| number != 0) {
        parts.push(Condition::Protocol(vec![Protocol(number)]));
    }
    for ((first, last), is_source) in [(destination, false), (source, true)] {
        let start = entry.parsed::<u16>(first);
        let end = entry.parsed::<u16>(last);
        if start.is_none() && end.is_none() {
            continue;
        }
        let (from, to) = (start.unwrap_or(0), end.unwrap_or(u16::MAX));
        if from <= 1 && to == u16::MAX || from == 0 && to == 0 {
            continue;
        }
        let ports = Ports(vec![from..=to]);
        parts.push(if is_source {
            Condition::SourcePort(ports)
        } else {
            Condition::DestinationPort(ports)
        });
    }
    for key in ["tos", "tos-mask"] {
        if let Some(setting) = entry.setting(key)
            && setting
                .values
                .first()
                .is_some_and(|word| word.text != "0x00")
        {
            parts.push(unknown(setting.span, "the type of service is not modelled"));
        }
    }
    parts
}
