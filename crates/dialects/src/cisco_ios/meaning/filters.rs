//! Lists on interfaces to hooks.

use super::super::config::{FilterUse, InterfaceConfig};
use super::{Builder, all_v6};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use networks::model::{
    Action, Chain, ChainId, Condition, Established, Hook, HookKind, HookScope, InterfaceId,
    InterfaceSet, Rule, SessionEffect, Stage,
};
use packets::AddressSet;

impl<'a> Builder<'_, 'a> {
    /// Makes the hooks of the device, in IOS's order of operations.
    pub(super) fn filters(&mut self) {
        let nat = self.nat();
        self.openings();
        self.crypto_maps(true);
        self.lists(true);
        self.inspections(true);
        let nat = self.nat_hooks(nat, true);
        self.zones();
        self.nat_hooks(nat, false);
        self.crypto_maps(false);
        self.lists(false);
        self.inspections(false);
        self.no_ipv6_forwarding();
    }

    /// The lists on interfaces of one direction.
    fn lists(&mut self, inbound: bool) {
        let config = self.config;
        for (interface, id) in config.interfaces.iter().zip((0u32..).map(InterfaceId)) {
            let uses = interface.filters.iter();
            for used in uses.filter(|used| used.inbound == inbound) {
                self.filter(interface, id, *used);
            }
        }
    }

    fn filter(&mut self, interface: &InterfaceConfig<'a>, id: InterfaceId, used: FilterUse<'a>) {
        // A list of a switch port filters what the switch bridges.
        if interface.switch.present && !interface.switch.routed {
            let reason = "a list on a switch port filters what is bridged".to_owned();
            let touch = super::Touch::Device;
            self.unread(used.origin, &touch, reason);
            return;
        }
        let Some(chain) = self.filter_chain(used) else {
            // A list that is not defined, or empty, lets everything pass.
            self.undefined("access list", used.list, used.origin);
            return;
        };
        let (stage, scope) = side(used.inbound, id);
        self.hook(stage, scope, HookKind::Filter, chain, used.origin);
    }

    /// Adds a hook.
    pub(super) fn hook(
        &mut self,
        stage: Stage,
        scope: HookScope,
        kind: HookKind,
        chain: ChainId,
        origin: Span,
    ) {
        self.device.hooks.push(Hook {
            stage,
            scope,
            kind,
            chain,
            established: Established::Evaluate,
            origin: Some(origin),
        });
    }

    /// Returns the chain that a list is on an interface: packets of the other
    /// family pass it.
    fn filter_chain(&mut self, used: FilterUse<'a>) -> Option<ChainId> {
        let key = (used.list, used.ipv6);
        if let Some(&id) = self.filter_chains.get(&key) {
            return Some(id);
        }
        let list = self.list_chain(used.list, used.ipv6, false)?;
        let other = if used.ipv6 {
            IpNet::V4(Ipv4Net::default())
        } else {
            all_v6()
        };
        let origin = self
            .list(used.list, used.ipv6)
            .map_or(used.origin, |list| list.origin);
        // Answers to what was inspected pass whatever the list says.
        let mut rules: Vec<Rule> = self
            .openings
            .map(|openings| Rule {
                condition: Condition::Accepted(openings),
                action: Action::Accept(SessionEffect::None),
                origin: used.origin,
            })
            .into_iter()
            .collect();
        rules.extend([
            Rule {
                condition: Condition::Destination(AddressSet::from(other)),
                action: Action::Accept(SessionEffect::None),
                origin,
            },
            Rule {
                condition: Condition::Always,
                action: Action::Goto(list),
                origin,
            },
        ]);
        let id = self.add_chain(Chain {
            name: used.list.to_owned(),
            rules,
            default: Action::Return,
            origin: Some(origin),
        });
        self.filter_chains.insert(key, id);
        Some(id)
    }

    /// IPv6 is not forwarded without `ipv6 unicast-routing`.
    fn no_ipv6_forwarding(&mut self) {
        let config = self.config;
        let first = config
            .interfaces
            .iter()
            .find(|interface| interface.ipv6_enabled || !interface.ipv6.is_empty());
        let Some(interface) = first.filter(|_| !config.ipv6_routing) else {
            return;
        };
        let origin = interface.origin;
        let chain = self.add_chain(Chain {
            name: "IPv6 is not forwarded without `ipv6 unicast-routing`".to_owned(),
            rules: vec![Rule {
                condition: Condition::Destination(AddressSet::from(all_v6())),
                action: Action::Drop,
                origin,
            }],
            default: Action::Return,
            origin: None,
        });
        let scope = HookScope::default();
        self.hook(Stage::Egress, scope, HookKind::Filter, chain, origin);
    }
}

/// The stage and scope of what is applied to one side of an interface.
pub(super) fn side(inbound: bool, id: InterfaceId) -> (Stage, HookScope) {
    let set = Some(InterfaceSet::new([id]));
    if inbound {
        let scope = HookScope {
            enters: set,
            leaves: None,
        };
        (Stage::Ingress, scope)
    } else {
        let scope = HookScope {
            enters: None,
            leaves: set,
        };
        (Stage::Egress, scope)
    }
}
