//! Tunnels as links: IPsec, GRE and their kin. Their settings are judged apart.

use super::{Domain, all};
use crate::fortios::reading::Node;
use findings::Span;
use ipnet::IpNet;
use networks::model::{
    Action, Condition, Established, Hook, HookKind, HookScope, InterfaceId, InterfaceKind,
    InterfaceSet, LineState, Rule, SessionEffect, Stage, Touches, Tunnel, VrfId,
};
use packets::AddressSet;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Sections that make tunnels, with what people call them.
const SECTIONS: &[(&str, &str)] = &[
    ("vpn ipsec phase1-interface", "ipsec"),
    ("system gre-tunnel", "gre"),
    ("system ipip-tunnel", "ipip"),
    ("system sit-tunnel", "sit"),
    ("system ipv6-tunnel", "ip6ip6"),
    ("system vxlan", "vxlan"),
    ("system geneve", "geneve"),
];

impl<'a> Domain<'a> {
    /// Reads every tunnel.
    pub(super) fn read_tunnels(&mut self) {
        for (section, encapsulation) in SECTIONS {
            for entry in self.entries(section) {
                let tunnel = self.tunnel(entry, encapsulation);
                let id = self.interface_for(&entry.name, entry);
                if let Some(interface) = self.interface_mut(id) {
                    interface.kind = InterfaceKind::Tunnel(tunnel);
                    interface.bandwidth_kbps = None;
                }
                entry.rest_harmless();
            }
        }
        self.read_selectors();
        for entry in self.entries("vpn ipsec phase2") {
            entry.rest_harmless();
        }
        for section in [
            "vpn ipsec phase1",
            "vpn ipsec manualkey",
            "vpn ipsec manualkey-interface",
        ] {
            for entry in self.entries(section) {
                entry.mark(LineState::NotModelledCouldMatter);
                entry.rest_harmless();
                let reason = "VPNs without a tunnel interface are not modelled";
                self.unread(entry.span, Touches::Device, reason);
            }
        }
        for entry in self.entries("system vdom-link") {
            entry.rest_harmless();
        }
    }

    fn tunnel(&mut self, entry: &'a Node, encapsulation: &str) -> Tunnel {
        let word = entry.list("interface").first();
        let local_interface = match word {
            None => None,
            Some(word) => match self.interfaces.get(word.text.as_str()) {
                Some(&id) => Some(id),
                None => {
                    self.undefined("interface", word);
                    None
                }
            },
        };
        let address = |keys: &[&str]| {
            let found: Option<IpAddr> = keys.iter().find_map(|key| entry.parsed(key));
            found.filter(|address| !address.is_unspecified())
        };
        let dynamic = entry.word("type").is_some_and(|kind| kind != "static");
        let remote = address(&["remote-gw", "remote-gw6", "remote-ip", "destination"]);
        Tunnel {
            local: address(&["local-gw", "local-gw6", "source"]),
            local_interface,
            remote: remote.filter(|_| !dynamic),
            transport_vrf: local_interface.map_or(VrfId::DEFAULT, |id| self.vrf_of(id)),
            encapsulation: encapsulation.to_owned(),
            key: entry.parsed("key-outbound").filter(|&key| key != 0),
        }
    }

    /// Collects the selectors of second phases.
    fn read_selectors(&mut self) {
        let mut found: BTreeMap<InterfaceId, Vec<Selector>> = BTreeMap::new();
        for entry in self.entries("vpn ipsec phase2-interface") {
            let word = entry.list("phase1name").first();
            let id = word.and_then(|word| self.interfaces.get(word.text.as_str()).copied());
            if let (Some(word), None) = (word, id) {
                self.undefined("IPsec tunnel", word);
            }
            let selector = selector(entry);
            entry.rest_harmless();
            if let Some(id) = id {
                found.entry(id).or_default().push(selector);
            }
        }
        self.selectors = found;
    }

    /// An IPsec tunnel carries what a selector of its second phase names, in
    /// both directions, and drops the rest; by default a selector names
    /// everything (CLI reference, `vpn ipsec phase2-interface`). What is sent is
    /// compared after translation, what is received before.
    pub(super) fn add_selectors(&mut self) {
        for (id, selectors) in std::mem::take(&mut self.selectors) {
            if selectors
                .iter()
                .any(|it| matches!(it, Selector::Everything))
            {
                continue;
            }
            let dynamic = self.device.interface(id).is_some_and(|interface| {
                matches!(&interface.kind, InterfaceKind::Tunnel(tunnel) if tunnel.remote.is_none())
            });
            let mut between = Vec::new();
            for selector in selectors {
                match selector {
                    Selector::Between(local, remote, span) if !dynamic => {
                        between.push((local, remote, span));
                    }
                    Selector::Between(_, _, span) | Selector::Unclear(span) => {
                        let reason = "these IPsec selectors are not modelled";
                        self.unread(span, Touches::Interface(id), reason);
                    }
                    Selector::Everything => {}
                }
            }
            if between.is_empty() {
                continue;
            }
            let scope = InterfaceSet::new([id]);
            for (stage, leaves) in [(Stage::Egress, true), (Stage::Ingress, false)] {
                let rules = between.iter().map(|(local, remote, span)| {
                    let (from, to) = if leaves {
                        (local, remote)
                    } else {
                        (remote, local)
                    };
                    let from = AddressSet::from(*from);
                    let to = AddressSet::from(*to);
                    Rule {
                        condition: all([Condition::Source(from), Condition::Destination(to)]),
                        action: Action::Accept(SessionEffect::None),
                        origin: *span,
                    }
                });
                let rules = rules.collect();
                let chain = self.add_chain("IPsec selectors", rules, Action::Drop);
                let only = Some(scope.clone());
                let hook = Hook {
                    stage,
                    scope: HookScope {
                        enters: only.clone().filter(|_| !leaves),
                        leaves: only.filter(|_| leaves),
                    },
                    kind: HookKind::Filter,
                    chain,
                    established: Established::Evaluate,
                    origin: None,
                };
                if leaves {
                    self.device.hooks.push(hook);
                } else {
                    self.device.hooks.insert(0, hook);
                }
            }
        }
    }
}

/// What a selector of a second phase names.
#[derive(Debug)]
pub(super) enum Selector {
    /// Everything.
    Everything,
    /// Packets from the local prefix to the remote one, and back.
    Between(IpNet, IpNet, Span),
    /// Something else.
    Unclear(Span),
}

fn selector(entry: &Node) -> Selector {
    let Some(key) = narrow_selector(entry) else {
        return Selector::Everything;
    };
    let subnets = |key: &str| {
        let words = entry.list(key);
        if words.is_empty() {
            super::words::joined_net("0.0.0.0/0")
        } else {
            super::words::net(words).map(|net| net.trunc())
        }
    };
    let plain = ["src-subnet", "dst-subnet"].contains(&key)
        && ["src-name", "dst-name", "src-start-ip", "dst-start-ip"]
            .iter()
            .all(|key| entry.setting(key).is_none())
        && ["protocol", "src-port", "dst-port"]
            .iter()
            .all(|key| matches!(entry.word(key), None | Some("0")));
    match (subnets("src-subnet"), subnets("dst-subnet")) {
        (Some(local), Some(remote)) if plain => Selector::Between(local, remote, entry.span),
        _ => {
            if let Some(setting) = entry.setting(key) {
                setting.mark(LineState::NotModelledCouldMatter);
            }
            Selector::Unclear(entry.span)
        }
    }
}

/// Returns the setting by which a selector is narrower than everything.
fn narrow_selector(entry: &Node) -> Option<&'static str> {
    for key in ["src-subnet", "dst-subnet", "src-subnet6", "dst-subnet6"] {
        let words = entry.list(key);
        let everything = |net: IpNet| net.prefix_len() == 0;
        if !words.is_empty() && !super::words::net(words).is_some_and(everything) {
            return Some(key);
        }
    }
    for key in ["src-name", "dst-name", "src-name6", "dst-name6"] {
        if entry.word(key).is_some_and(|name| name != "all") {
            return Some(key);
        }
    }
    let further = [
        "src-start-ip",
        "dst-start-ip",
        "protocol",
        "src-port",
        "dst-port",
    ];
    further.into_iter().find(|key| {
        entry
            .word(key)
            .is_some_and(|value| value != "0" && value != "0.0.0.0")
    })
}
