//! Packets for the unit itself.
//!
//! Local-in policies come first, in order, dropping unless they accept; what
//! they leave is admitted where the interface allows the kind of access
//! (administration guide, "Local-in policy"; CLI reference, `system interface`,
//! `allowaccess`). Other services that the unit may offer (routing protocols,
//! VPNs, portals) are not modelled, so that for them it is unknown. Packets to
//! the address of a loopback interface also need a policy towards it.

use super::addresses::Side;
use super::{Domain, all, any, never, not, unknown, unknown_action};
use crate::fortios::reading::Node;
use networks::model::{
    Action, Chain, ChainId, Condition, Established, Hook, HookKind, HookScope, InterfaceId,
    InterfaceKind, InterfaceSet, Rule, SessionEffect, Stage,
};
use packets::{AddressSet, Family, IcmpMatch, Ports, Protocol};
use std::net::IpAddr;

/// How many loopback interfaces get a chain of policies of their own; packets
/// to further ones are unknown.
const LOOPBACKS_MAX: usize = 16;

impl<'a> Domain<'a> {
    /// Adds what happens to packets for the unit.
    pub(super) fn read_local(&mut self) {
        let mut rules = self.loopback_rules();
        let admission = self.admission();
        for (section, family) in [
            ("firewall local-in-policy", Family::V4),
            ("firewall local-in-policy6", Family::V6),
        ] {
            for entry in self.entries(section) {
                let condition = self.local_condition(entry, family);
                let accept = entry.word("action") == Some("accept");
                let enabled = entry.flag("status").unwrap_or(true);
                let strange = entry.rest(&["uuid", "comments", "logtraffic", "virtual-patch"]);
                if !enabled {
                    continue;
                }
                let (condition, action) = match (strange.first(), accept) {
                    (Some(&line), _) => {
                        let reason = "a setting of the policy is not recognised";
                        (Condition::Always, unknown_action(line, reason))
                    }
                    (None, true) => (condition, Action::Goto(admission)),
                    (None, false) => (condition, Action::Drop),
                };
                rules.push(Rule {
                    condition,
                    action,
                    origin: entry.span,
                });
            }
        }
        rules.push(Rule {
            condition: Condition::Always,
            action: Action::Goto(admission),
            origin: self.top,
        });
        let chain = self.add_chain("local-in", rules, Action::Drop);
        self.add_hook(Hook {
            stage: Stage::Local,
            scope: HookScope::default(),
            kind: HookKind::Filter,
            chain,
            established: Established::Skip,
            origin: None,
        });
    }

    fn local_condition(&mut self, entry: &'a Node, family: Family) -> Condition {
        let mut parts = Vec::new();
        if let Some(set) = self.interface_set(entry.list("intf")) {
            parts.push(Condition::EntersBy(set));
        }
        for (key, side) in [("srcaddr", Side::Source), ("dstaddr", Side::Destination)] {
            let words = entry.list(key);
            let negated = entry.flag(&format!("{key}-negate")) == Some(true);
            let condition = if words.is_empty() {
                Condition::Always
            } else {
                self.select(words, family).condition(side)
            };
            parts.push(if negated { not(condition) } else { condition });
        }
        parts.push(Condition::Source(AddressSet::all_of(family)));
        let services = entry.list("service");
        if !services.is_empty() {
            let condition = self.service_condition(services, entry.span);
            let negated = entry.flag("service-negate") == Some(true);
            parts.push(if negated { not(condition) } else { condition });
        }
        parts.push(self.schedule_condition(entry));
        for key in ["internet-service-src", "ha-mgmt-intf-only", "ha-mgmt-intf"] {
            if let Some(setting) = entry.setting(key)
                && setting
                    .values
                    .first()
                    .is_some_and(|word| word.text != "disable")
            {
                parts.push(unknown(setting.span, "the setting is not modelled"));
            }
        }
        all(parts)
    }

    /// Makes the chain of what the interfaces allow.
    fn admission(&mut self) -> ChainId {
        let mut rules = Vec::new();
        let trusted = self.entries("system admin").find_map(|admin| {
            let host = admin.settings().iter();
            let mut host = host.filter(|setting| setting.key.contains("trusthost"));
            host.next().map(|setting| setting.span)
        });
        let section = self.section("system interface");
        let interfaces: Vec<(InterfaceId, String)> = self
            .device
            .interfaces()
            .map(|(id, interface)| (id, interface.name.clone()))
            .collect();
        for (id, name) in interfaces {
            let Some(entry) = section.and_then(|section| section.entry(&name)) else {
                continue;
            };
            let ipv6 = entry.table("ipv6");
            let allowed4: Vec<&str> = texts(entry, "allowaccess");
            let allowed6: Vec<&str> = ipv6.map_or(Vec::new(), |it| texts(it, "ip6-allowaccess"));
            for (family, allowed) in [(Family::V4, allowed4), (Family::V6, allowed6)] {
                self.access_rules(entry, id, family, &allowed, trusted, &mut rules);
            }
        }
        let reason = "which further services the unit offers is not modelled";
        rules.push(Rule {
            condition: Condition::Always,
            action: unknown_action(self.top, reason),
            origin: self.top,
        });
        self.add_chain("access to the unit", rules, Action::Drop)
    }

    fn access_rules(
        &self,
        entry: &Node,
        id: InterfaceId,
        family: Family,
        allowed: &[&str],
        trusted: Option<findings::Span>,
        rules: &mut Vec<Rule>,
    ) {
        let global = self.section("system global");
        let port = |key: &str, usual: u16| {
            global
                .and_then(|global| global.parsed(key))
                .unwrap_or(usual)
        };
        let portal = self.section("vpn ssl settings").is_some_and(|settings| {
            settings.rest_harmless();
            !settings.is_empty()
        });
        let tcp = |port: u16| {
            all([
                Condition::Protocol(vec![Protocol::TCP]),
                Condition::DestinationPort(Ports::from(port)),
            ])
        };
        let (icmp, echo) = match family {
            Family::V4 => (Protocol::ICMP, 8),
            Family::V6 => (Protocol::ICMPV6, 128),
        };
        let ping = all([
            Condition::Protocol(vec![icmp]),
            Condition::Icmp(IcmpMatch {
                types: echo..=echo,
                codes: 0..=u8::MAX,
            }),
        ]);
        let snmp = all([
            Condition::Protocol(vec![Protocol::UDP]),
            Condition::DestinationPort(Ports::from(161)),
        ]);
        let kinds = [
            ("ping", ping, false, true),
            ("https", tcp(port("admin-sport", 443)), true, !portal),
            (
                "http",
                tcp(port("admin-port", 80)),
                true,
                !portal && !allowed.contains(&"https"),
            ),
            ("ssh", tcp(port("admin-ssh-port", 22)), true, true),
            ("telnet", tcp(port("admin-telnet-port", 23)), true, true),
            ("snmp", snmp, false, true),
        ];
        let here = all([
            Condition::EntersBy(InterfaceSet::new([id])),
            Condition::Destination(AddressSet::all_of(family)),
        ]);
        for (kind, condition, managed, certain) in kinds {
            let on = allowed.contains(&kind);
            let origin = entry.span_of("allowaccess");
            let action = match (on, trusted.filter(|_| managed), certain) {
                (true, Some(line), _) => {
                    unknown_action(line, "administrators are bound to addresses")
                }
                (true, None, _) => Action::Accept(SessionEffect::Track),
                (false, _, true) => Action::Drop,
                (false, _, false) => continue,
            };
            rules.push(Rule {
                condition: all([here.clone(), condition]),
                action,
                origin,
            });
        }
    }

    /// Packets to a loopback interface's address, unless they entered by it,
    /// are dropped where no policy towards it accepts them.
    fn loopback_rules(&mut self) -> Vec<Rule> {
        let policy = self
            .device
            .hooks
            .iter()
            .find(|hook| hook.stage == Stage::Egress && hook.kind == HookKind::Filter)
            .and_then(|hook| self.device.chain(hook.chain).cloned());
        let Some(policy) = policy else {
            return Vec::new();
        };
        let loopbacks: Vec<(InterfaceId, Vec<IpAddr>, findings::Span)> = self
            .device
            .interfaces()
            .filter(|(_, interface)| interface.kind == InterfaceKind::Loopback && interface.is_up())
            .map(|(id, interface)| {
                let own = interface.addresses.iter().map(|own| own.net.addr());
                (id, own.collect(), interface.origin)
            })
            .collect();
        let mut rules = Vec::new();
        for (count, (id, own, origin)) in loopbacks.into_iter().enumerate() {
            let set = own.into_iter().flat_map(|own| AddressSet::from(own).0);
            let here = all([
                Condition::Destination(AddressSet(set.collect())),
                not(Condition::EntersBy(InterfaceSet::new([id]))),
            ]);
            if count >= LOOPBACKS_MAX {
                let reason = "there are too many loopback interfaces";
                rules.push(Rule {
                    condition: here,
                    action: unknown_action(origin, reason),
                    origin,
                });
                continue;
            }
            let towards = towards(&policy, id);
            let Chain { rules: inner, .. } = towards;
            let chain = self.add_chain("policies towards a loopback", inner, Action::Drop);
            rules.push(Rule {
                condition: all([here, not(Condition::Accepted(chain))]),
                action: Action::Drop,
                origin,
            });
        }
        rules
    }
}

fn texts<'n>(node: &'n Node, key: &str) -> Vec<&'n str> {
    let words = node.list(key).iter();
    words.map(|word| word.text.as_str()).collect()
}

/// Returns the policies as packets that leave by one interface meet them.
fn towards(policy: &Chain, id: InterfaceId) -> Chain {
    let rules = policy.rules.iter().map(|rule| Rule {
        condition: leaving(&rule.condition, id),
        ..rule.clone()
    });
    Chain {
        rules: rules.filter(|rule| rule.condition != never()).collect(),
        ..policy.clone()
    }
}

/// Settles where the packet leaves by. Conditions of policies nest no deeper
/// than groups with exclusions do.
fn leaving(condition: &Condition, id: InterfaceId) -> Condition {
    match condition {
        Condition::LeavesBy(set) if set.contains(id) => Condition::Always,
        Condition::LeavesBy(_) => never(),
        Condition::All(parts) => {
            let parts: Vec<Condition> = parts.iter().map(|part| leaving(part, id)).collect();
            if parts.contains(&never()) {
                never()
            } else {
                all(parts)
            }
        }
        Condition::Any(parts) => any(parts.iter().map(|part| leaving(part, id))),
        Condition::Not(part) => not(leaving(part, id)),
        other => other.clone(),
    }
}
