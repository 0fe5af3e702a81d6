//! Crypto maps on interfaces: what they take is unknown here.

use super::Builder;
use super::filters::side;
use networks::model::{Action, Chain, Condition, HookKind, InterfaceId, Rule, Unknown};

impl<'a> Builder<'_, 'a> {
    /// Makes what crypto maps take unknown: what they would encrypt on the way
    /// out, and its mirror image on the way in.
    pub(super) fn crypto_maps(&mut self, inbound: bool) {
        let config = self.config;
        for (interface, id) in config.interfaces.iter().zip((0u32..).map(InterfaceId)) {
            let Some((name, origin)) = interface.crypto_map else {
                continue;
            };
            let Some(entries) = config.crypto_maps.get(name) else {
                if inbound {
                    self.undefined("crypto map", name, origin);
                }
                continue;
            };
            if let Some(&chain) = self.crypto_chains.get(&(name, inbound)) {
                let (stage, scope) = side(inbound, id);
                self.hook(stage, scope, HookKind::Filter, chain, origin);
                continue;
            }
            let mut rules = Vec::new();
            for entry in entries {
                let condition = match entry.list {
                    Some(list) => match self.list_chain(list, false, inbound) {
                        Some(chain) => Condition::Accepted(chain),
                        None => {
                            self.undefined("access list", list, entry.origin);
                            Condition::Always
                        }
                    },
                    None => Condition::Always,
                };
                rules.push(Rule {
                    condition,
                    action: Action::Unknown(Unknown {
                        origin: entry.origin,
                        reason: "what the crypto map takes is not modelled".to_owned(),
                    }),
                    origin: entry.origin,
                });
            }
            let chain = self.add_chain(Chain {
                name: name.to_owned(),
                rules,
                default: Action::Return,
                origin: Some(origin),
            });
            self.crypto_chains.insert((name, inbound), chain);
            let (stage, scope) = side(inbound, id);
            self.hook(stage, scope, HookKind::Filter, chain, origin);
        }
    }
}
