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
use networks::model::{
    Action, Condition, InterfaceId, NextHop, RouteAction, RoutingTable, Rule, SessionEffect,
    StaticRoute, TableId, VrfId,
};
use packets::{AddressMatch, AddressSet, Family, Ports, Protocol};
use std::collections::HashMap;
use std::net::IpAddr;

/// Routes by the interface they leave by, and the tables made of them so far.
#[derive(Debug, Default)]
struct Tables {
    routes: HashMap<(InterfaceId, Family), Vec<StaticRoute>>,
    made: HashMap<(InterfaceId, Family), TableId>,
}

impl<'a> Domain<'a> {
    /// Reads policy routes and SD-WAN rules into the chain before the FIB.
    pub(super) fn read_policy_routes(&mut self) {
        let mut rules = Vec::new();
        let mut tables = Tables::default();
        for route in self.fixed_routes() {
            if let Some(id) = leaves_by(route.next_hop) {
                let family = Family::of(route.prefix.addr());
                tables.routes.entry((id, family)).or_default().push(route);
            }
        }
        for (section, family) in [
            ("router policy", Family::V4),
            ("router policy6", Family::V6),
        ] {
            for entry in self.entries(section) {
                self.add_policy_route(entry, family, &mut tables, &mut rules);
            }
        }
        self.add_sdwan_rules(&mut rules);
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
                let table = match tables.made.get(&(id, family)) {
                    Some(&table) => table,
                    None => {
                        let routes = tables.routes.remove(&(id, family));
                        let table = self.table_by(id, routes.unwrap_or_default());
                        tables.made.insert((id, family), table);
                        table
                    }
                };
                Action::Route(RouteAction::Table(table))
            }
            (Some(_), None) => {
                let reason = "which learned route leads out by the interface is not modelled";
                unknown_action(entry.span, reason)
            }
            (None, None) => unknown_action(entry.span, "the policy route names no way out"),
        }
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
