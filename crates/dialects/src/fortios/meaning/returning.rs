//! Answers leave by the interface that the first packet came by.
//!
//! Administration guide, "Controlling return path with auxiliary session":
//! without auxiliary sessions the answer leaves by the interface of arrival,
//! with the next hop that a route by it gives, whatever policy routes and SD-WAN
//! rules say (technical tip "Routing lookup process outgoing and reply
//! traffic"); where no route leads out by it, the routing table decides. With
//! `auxiliary-session`, always on from 6.2.0 to 6.2.2, or with `asymroute`, the
//! routing table decides alone.
//!
//! It matters where one destination has routes by several interfaces. There a
//! chain after translation notes by which of them a packet comes, and what
//! answers it is looked up in a table of the routes by that interface first.
//! Learned routes are not in these tables.

use super::Domain;
use super::policy_routes::{Tables, leaves_by};
use crate::fortios::version::Version;
use networks::model::{
    Action, Condition, Established, Hook, HookKind, HookScope, InterfaceId, InterfaceSet,
    RouteAction, Rule, SessionEffect, Stage, StaticRoute,
};
use packets::Family;
use std::collections::BTreeSet;

/// How many interfaces are told apart; in units with more that have routes to
/// the same destinations, the routing table decides about answers.
const ARRIVALS_MAX: usize = 48;

impl Domain<'_> {
    /// Adds the rules about answers, and the chain that notes where first
    /// packets come in.
    pub(super) fn add_returning(&mut self, tables: &mut Tables, rules: &mut Vec<Rule>) {
        if self.answers_by_table() {
            return;
        }
        let routes = tables.all().cloned().collect::<Vec<_>>();
        let arrivals = rivals(&routes);
        if arrivals.is_empty() || arrivals.len() > ARRIVALS_MAX {
            return;
        }
        let mut notes = Vec::new();
        for id in arrivals {
            let Some(interface) = self.device.interface(id) else {
                continue;
            };
            let (name, origin) = (format!("came by {}", interface.name), interface.origin);
            notes.push(Rule {
                condition: Condition::EntersBy(InterfaceSet::new([id])),
                action: Action::Accept(SessionEffect::Reflect(name.clone())),
                origin,
            });
            for family in [Family::V4, Family::V6] {
                if let Some(table) = self.table_of(id, family, tables) {
                    rules.push(Rule {
                        condition: Condition::Reflected(name.clone()),
                        action: Action::Route(RouteAction::Table(table)),
                        origin,
                    });
                }
            }
        }
        let accept = Action::Accept(SessionEffect::None);
        let chain = self.add_chain("interface of arrival", notes, accept);
        self.add_hook(Hook {
            stage: Stage::Ingress,
            scope: HookScope::default(),
            kind: HookKind::Filter,
            chain,
            established: Established::Skip,
            origin: None,
        });
    }

    /// Tells whether answers are routed by the table alone.
    fn answers_by_table(&self) -> bool {
        let set = |key: &str| {
            let settings = self.section("system settings");
            settings.and_then(|settings| settings.flag(key)) == Some(true)
        };
        let always = self
            .version
            .is_some_and(|own| (Version(6, 2, 0)..=Version(6, 2, 2)).contains(&own));
        always || set("auxiliary-session") || set("asymroute")
    }
}

/// Returns the interfaces with configured routes to destinations that another
/// interface has a configured route to as well.
fn rivals(routes: &[StaticRoute]) -> BTreeSet<InterfaceId> {
    let mut sorted: Vec<(&StaticRoute, InterfaceId)> = routes
        .iter()
        .filter(|route| route.distance > 0)
        .filter_map(|route| Some((route, leaves_by(route.next_hop)?)))
        .collect();
    sorted.sort_by_key(|(route, _)| route.prefix);
    let mut found = BTreeSet::new();
    // Prefixes that contain the one looked at, the shortest first.
    let mut around: Vec<(&StaticRoute, InterfaceId)> = Vec::new();
    for (route, id) in sorted {
        while around
            .last()
            .is_some_and(|(outer, _)| !outer.prefix.contains(&route.prefix))
        {
            around.pop();
        }
        for &(_, other) in around.iter().filter(|(_, other)| *other != id) {
            found.insert(id);
            found.insert(other);
        }
        if found.len() > ARRIVALS_MAX {
            return found;
        }
        // Of one prefix each interface is kept once.
        if !around
            .iter()
            .any(|(outer, other)| outer.prefix == route.prefix && *other == id)
        {
            around.push((route, id));
        }
    }
    found
}
