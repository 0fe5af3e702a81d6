//! Sources rewritten after the policy: by policies, IP pools, the central table.
//!
//! What a policy asks for is kept in the upper half of the mark when it
//! accepts, and done in a chain of its own after it. The order is that of the
//! technical tip "Mapping VIP outbound connections": virtual IPs with
//! `nat-source-vip`, IP pools, other one-to-one virtual IPs, the address of the
//! interface that the packet leaves by.

use super::fixed_ports::fixed_ports;
use super::vips::Reverse;
use super::{Domain, all, not, unknown_action, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Span;
use networks::model::{
    Action, AddressRewrite, ChainId, Condition, Established, Hook, HookKind, HookScope,
    InterfaceSet, PortRewrite, Rule, SessionEffect, Stage, Touches, Translation,
};
use packets::{AddressMatch, AddressSet, Family, Ports, Protocol};
use std::collections::HashMap;
use std::net::IpAddr;

/// The bits of the mark that tell how the source is to be rewritten.
pub(super) const NAT_MASK: u32 = 0xffff_0000;

/// The greatest number of different ways to rewrite sources.
const PLANS_MAX: u32 = 0xffff;

/// Settings of an IP pool that do not bear on which addresses it gives.
const POOL_HARMLESS: &[&str] = &[
    "comments",
    "uuid",
    "associated-interface",
    "permit-any-host",
    "block-size",
    "num-blocks-per-user",
    "pba-timeout",
    "pba-interim-log",
    "port-per-user",
    "startport",
    "endport",
    "subnet-broadcast-in-ippool",
    "exclude-ip",
    "add-nat64-route",
    "nat64",
    "source-prefix6",
    "client-prefix-length",
    "cgn-block-size",
    "cgn-port-start",
    "cgn-port-end",
    "cgn-spa",
    "cgn-client-startip",
    "cgn-client-endip",
    "cgn-fixedalloc",
    "cgn-client-ipv6shift",
    "cgn-overload",
    "utilization-alarm-clear",
    "utilization-alarm-raise",
    "privileged-port-use-pba",
    "icmp-session-quota",
    "tcp-session-quota",
    "udp-session-quota",
];

/// How a policy rewrites sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Plan {
    /// IP pools by name; none for the address of the interface.
    pools: Vec<String>,
    /// Whether source ports stay (`fixedport`).
    fixed: bool,
}

/// What policies asked for.
#[derive(Debug, Default)]
pub(super) struct Nat {
    plans: Vec<(Plan, Span)>,
    index: HashMap<Plan, u32>,
}

/// An IP pool.
struct Pool {
    kind: PoolKind,
    range: (IpAddr, IpAddr),
    sources: Option<(IpAddr, IpAddr)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PoolKind {
    /// Addresses and ports are shared.
    Overload,
    /// Each source gets an address of its own, ports stay.
    OneToOne,
    /// Each source of a range gets an address and ports.
    FixedRange,
}

impl<'a> Domain<'a> {
    /// Tells whether sources are rewritten by the central table, not by
    /// policies (CLI reference, `system settings`, `central-nat`).
    pub(super) fn central_nat(&self) -> bool {
        self.section("system settings")
            .is_some_and(|settings| settings.flag("central-nat") == Some(true))
    }

    /// Returns the chain that accepts and marks for translation, where the
    /// policy rewrites sources.
    pub(super) fn nat_chain(&mut self, entry: &'a Node) -> Option<ChainId> {
        let on = entry.flag("nat").unwrap_or(false);
        let pooled = entry.flag("ippool").unwrap_or(false);
        let fixed = entry.flag("fixedport").unwrap_or(false);
        entry.setting("port-preserve");
        let names = entry.list("poolname");
        entry.setting("poolname6");
        for word in names {
            let pools = self.section("firewall ippool");
            if pools.and_then(|pools| pools.referred(word)).is_none() {
                self.undefined("IP pool", word);
            }
        }
        if !on || self.central_nat() {
            return None;
        }
        let pools = if pooled { names } else { &[] };
        let plan = Plan {
            pools: pools.iter().map(|word| word.text.clone()).collect(),
            fixed,
        };
        let next = u32::try_from(self.nat.plans.len()).unwrap_or(PLANS_MAX) + 1;
        let number = match self.nat.index.get(&plan) {
            Some(&number) => number,
            None if next > PLANS_MAX => {
                let reason = "there are too many ways to rewrite sources";
                self.unread(entry.span, Touches::Device, reason);
                return None;
            }
            None => {
                self.nat.plans.push((plan.clone(), entry.span));
                self.nat.index.insert(plan, next);
                next
            }
        };
        Some(self.marking_chain(NAT_MASK, number << 16, entry.span))
    }

    /// Adds the hooks that rewrite destinations and sources. Both are there as
    /// soon as one has rules, for answers to be restored at the right places.
    pub(super) fn add_translation(&mut self) {
        let before = self.vip_rules();
        let after = if self.central_nat() {
            self.central_rules()
        } else {
            self.source_rules()
        };
        self.settle_pools();
        if before.is_empty() && after.is_empty() {
            return;
        }
        let accept = || Action::Accept(SessionEffect::None);
        for (stage, name, rules) in [
            (Stage::Ingress, "virtual IPs", before),
            (Stage::Egress, "source NAT", after),
        ] {
            let chain = self.add_chain(name, rules, accept());
            self.add_hook(Hook {
                stage,
                scope: HookScope::default(),
                kind: HookKind::Translation,
                chain,
                established: Established::Skip,
                origin: None,
            });
        }
    }

    fn source_rules(&mut self) -> Vec<Rule> {
        let plans = std::mem::take(&mut self.nat.plans);
        let mut rules = Vec::new();
        let Some((_, first)) = plans.first() else {
            self.hairpin_rules(&mut rules);
            return rules;
        };
        let marked = not(Condition::Mark {
            mask: NAT_MASK,
            value: 0,
        });
        rules.push(Rule {
            condition: all([
                marked.clone(),
                Condition::Source(AddressSet::all_of(Family::V6)),
            ]),
            action: unknown_action(*first, "translation of IPv6 sources is not modelled"),
            origin: *first,
        });
        let reverses = self.reverses();
        for reverse in reverses.iter().filter(|reverse| reverse.forced) {
            rules.push(self.reverse_rule(reverse, &marked));
        }
        let mut later = Vec::new();
        for (number, (plan, origin)) in (1_u32..).zip(&plans) {
            let condition = Condition::Mark {
                mask: NAT_MASK,
                value: number << 16,
            };
            if plan.pools.is_empty() {
                self.interface_rules(condition, plan.fixed, *origin, &mut later);
            } else {
                let pools = plan.pools.clone();
                self.pool_rules(&pools, plan.fixed, condition, *origin, &mut rules);
            }
        }
        for reverse in reverses.iter().filter(|reverse| !reverse.forced) {
            rules.push(self.reverse_rule(reverse, &marked));
        }
        rules.extend(later);
        self.hairpin_rules(&mut rules);
        rules
    }

    fn reverse_rule(&self, reverse: &Reverse, within: &Condition) -> Rule {
        let (first, last) = reverse.mapped;
        let set = AddressSet(vec![AddressMatch::Range(first, last)]);
        let mut parts = vec![within.clone(), Condition::Source(set), reverse.only.clone()];
        if let Some(leaves) = &reverse.leaves {
            let set = InterfaceSet::new(leaves.iter().copied());
            parts.push(Condition::LeavesBy(set));
        }
        let action = if reverse.certain {
            Action::Translate(Translation {
                source: Some(AddressRewrite::Range {
                    first,
                    last,
                    to: reverse.external,
                }),
                ..Translation::default()
            })
        } else {
            let reason = "what a filtered virtual IP does to sources is not modelled";
            unknown_action(reverse.origin, reason)
        };
        Rule {
            condition: all(parts),
            action,
            origin: reverse.origin,
        }
    }

    /// The source becomes the address of the interface; where that is not in
    /// the file, what it becomes is unknown.
    fn interface_rules(
        &self,
        condition: Condition,
        fixed: bool,
        origin: Span,
        rules: &mut Vec<Rule>,
    ) {
        if !self.addressless.is_empty() {
            let set = InterfaceSet::new(self.addressless.iter().copied());
            rules.push(Rule {
                condition: all([condition.clone(), Condition::LeavesBy(set)]),
                action: unknown_action(origin, "the interface's address is not in the file"),
                origin,
            });
        }
        push_ported(
            &AddressRewrite::InterfaceAddress,
            fixed,
            condition,
            origin,
            rules,
        );
    }

    fn pool_rules(
        &mut self,
        names: &[String],
        fixed: bool,
        condition: Condition,
        origin: Span,
        rules: &mut Vec<Rule>,
    ) {
        let mut pools = Vec::new();
        for name in names {
            match self.pool(name) {
                Some(pool) => pools.push(pool),
                None => {
                    let action = unknown_action(origin, "the IP pool cannot be read");
                    rules.push(Rule {
                        condition,
                        action,
                        origin,
                    });
                    return;
                }
            }
        }
        let Some(kind) = pools.first().map(|pool| pool.kind) else {
            return;
        };
        if pools.iter().any(|pool| pool.kind != kind) {
            let action = unknown_action(origin, "IP pools of different types together");
            rules.push(Rule {
                condition,
                action,
                origin,
            });
            return;
        }
        let sources: Vec<AddressMatch> = pools
            .iter()
            .filter_map(|pool| pool.sources)
            .map(|(first, last)| AddressMatch::Range(first, last))
            .collect();
        if kind == PoolKind::FixedRange && !sources.is_empty() {
            let outside = not(Condition::Source(AddressSet(sources)));
            rules.push(Rule {
                condition: all([condition.clone(), outside]),
                action: unknown_action(origin, "the source is outside of the pool's sources"),
                origin,
            });
        }
        if let [pool] = pools.as_slice()
            && kind == PoolKind::FixedRange
            && let Some(sources) = pool.sources
            && fixed_ports(pool.range, sources, &condition, origin, rules)
        {
            return;
        }
        let rewrite = AddressRewrite::Pool(pools.iter().map(|pool| pool.range).collect());
        let fixed = fixed || kind == PoolKind::OneToOne;
        push_ported(&rewrite, fixed, condition, origin, rules);
    }

    /// Reads an IP pool (CLI reference, `firewall ippool`): `overload` is the
    /// default type; `port-block-allocation` shares addresses alike.
    fn pool(&mut self, name: &str) -> Option<Pool> {
        let section = self.section("firewall ippool")?;
        let entry = section.entry(name)?;
        let kind = match entry.word("type").unwrap_or("overload") {
            "overload" | "port-block-allocation" => PoolKind::Overload,
            "one-to-one" => PoolKind::OneToOne,
            "fixed-port-range" => PoolKind::FixedRange,
            _ => return None,
        };
        let ends =
            |first: &str, last: &str| words::ordered(entry.parsed(first)?, entry.parsed(last)?);
        Some(Pool {
            kind,
            range: ends("startip", "endip")?,
            sources: ends("source-startip", "source-endip"),
        })
    }

    /// Returns the addresses of pools that the unit answers ARP for, in use or
    /// not, with the entries they stand in.
    pub(super) fn pool_addresses(&mut self) -> Vec<(IpAddr, IpAddr, Span)> {
        let mut found = Vec::new();
        for entry in self.entries("firewall ippool") {
            let replies = entry.flag("arp-reply").unwrap_or(true);
            if let Some(pool) = self.pool(&entry.name).filter(|_| replies) {
                found.push((pool.range.0, pool.range.1, entry.span));
            }
        }
        found
    }

    /// Looks at every pool once; those that policies use answer ARP.
    fn settle_pools(&mut self) {
        let mut used: Vec<String> = self
            .nat
            .index
            .keys()
            .flat_map(|plan| plan.pools.iter().cloned())
            .collect();
        for entry in self.entries("firewall central-snat-map") {
            used.extend(
                entry
                    .list("nat-ippool")
                    .iter()
                    .map(|word| word.text.clone()),
            );
        }
        used.sort_unstable();
        for entry in self.entries("firewall ippool") {
            let replies = entry.flag("arp-reply").unwrap_or(true);
            let pool = self.pool(&entry.name);
            let at = entry.list("arp-intf").first();
            let only = at.and_then(|word| self.interfaces.get(word.text.as_str()).copied());
            if let Some(pool) = pool.filter(|_| replies && used.binary_search(&entry.name).is_ok())
            {
                let every: Vec<_> = self.device.interfaces().map(|(id, _)| id).collect();
                let ids = only.map_or(every, |id| vec![id]);
                for id in ids {
                    self.answer_for(id, pool.range.0, pool.range.1);
                }
            }
            for span in entry.rest(POOL_HARMLESS) {
                self.unread(
                    span,
                    Touches::Device,
                    "a setting of an IP pool is not recognised",
                );
            }
        }
        for entry in self.entries("firewall ippool6") {
            for key in ["startip", "endip", "nat46", "add-nat46-route"] {
                entry.setting(key);
            }
            entry.rest(&["comments", "uuid"]);
        }
    }

    /// The central table (administration guide, "Central SNAT"): read from the
    /// top, the first entry that matches decides; without one the source stays.
    fn central_rules(&mut self) -> Vec<Rule> {
        let mut rules = Vec::new();
        let reverses = self.reverses();
        for entry in self.entries("firewall central-snat-map") {
            let enabled = entry.flag("status").unwrap_or(true);
            let condition = self.central_condition(entry);
            let nat = entry.flag("nat").unwrap_or(true);
            let origin = entry.span;
            let names: Vec<String> = entry
                .list("nat-ippool")
                .iter()
                .map(|word| word.text.clone())
                .collect();
            let port = entry.word("nat-port").map(words::port_range);
            let strange = entry.rest(&["uuid", "comments", "port-preserve", "port-random"]);
            if !enabled {
                continue;
            }
            let mut parts = vec![condition];
            for span in strange {
                parts.push(super::unknown(span, "not recognised"));
            }
            let condition = all(parts);
            if !nat {
                rules.push(Rule {
                    condition,
                    action: Action::Accept(SessionEffect::None),
                    origin,
                });
                continue;
            }
            for reverse in reverses.iter().filter(|reverse| reverse.forced) {
                if self.afford() {
                    rules.push(self.reverse_rule(reverse, &condition));
                }
            }
            match port {
                Some(range) if range != Some(0..=0) => {
                    let reason = "ports of the central table are not modelled";
                    let action = unknown_action(origin, reason);
                    rules.push(Rule {
                        condition,
                        action,
                        origin,
                    });
                }
                _ if names.is_empty() => {
                    self.interface_rules(condition, false, origin, &mut rules);
                }
                _ => self.pool_rules(&names, false, condition, origin, &mut rules),
            }
        }
        self.hairpin_rules(&mut rules);
        rules
    }

    fn central_condition(&mut self, entry: &'a Node) -> Condition {
        let mut parts = Vec::new();
        if let Some(set) = self.interface_set(entry.list("srcintf")) {
            parts.push(Condition::EntersBy(set));
        }
        if let Some(set) = self.interface_set(entry.list("dstintf")) {
            parts.push(Condition::LeavesBy(set));
        }
        let six = entry.word("type") == Some("ipv6");
        let (family, end) = if six {
            (Family::V6, "6")
        } else {
            (Family::V4, "")
        };
        for (key, side) in [
            ("orig-addr", super::addresses::Side::Source),
            ("dst-addr", super::addresses::Side::Destination),
        ] {
            let words: &[Word] = entry.list(&format!("{key}{end}"));
            parts.push(if words.is_empty() {
                Condition::Source(AddressSet::all_of(family))
            } else {
                self.select(words, family).condition(side)
            });
        }
        if let Some(number) = entry.parsed::<u8>("protocol").filter(|&number| number != 0) {
            parts.push(Condition::Protocol(vec![Protocol(number)]));
        }
        for (key, source) in [("orig-port", true), ("dst-port", false)] {
            let range = entry.word(key).map(words::port_range);
            match range {
                None => {}
                Some(Some(range)) if range == (0..=0) => {}
                Some(Some(range)) if source => {
                    parts.push(Condition::SourcePort(Ports::from(range)));
                }
                Some(Some(range)) => parts.push(Condition::DestinationPort(Ports::from(range))),
                Some(None) => {
                    entry.reject(key);
                    parts.push(super::unknown(entry.span, "the port cannot be read"));
                }
            }
        }
        all(parts)
    }
}

/// Adds the rules of a rewrite. Without `fixedport` the source port is one of
/// the ephemeral ones, or stays where it is free (CLI reference, `firewall
/// policy`, `port-preserve`): ports of 1024 and above become any of these,
/// lower ones any at all.
pub(super) fn push_ported(
    source: &AddressRewrite,
    fixed: bool,
    condition: Condition,
    origin: Span,
    rules: &mut Vec<Rule>,
) {
    let rewrite = |ports: Option<Ports>| {
        Action::Translate(Translation {
            source: Some(source.clone()),
            source_port: ports.map(PortRewrite::OneOf),
            ..Translation::default()
        })
    };
    if fixed {
        rules.push(Rule {
            condition,
            action: rewrite(None),
            origin,
        });
        return;
    }
    let low = Condition::SourcePort(Ports(vec![0..=1023]));
    rules.push(Rule {
        condition: all([condition.clone(), low]),
        action: rewrite(Some(Ports::any())),
        origin,
    });
    rules.push(Rule {
        condition,
        action: rewrite(Some(Ports(vec![1024..=u16::MAX]))),
        origin,
    });
}
