//! Tunnels as links: IPsec, GRE and their kin. Their settings are judged apart.

use super::Domain;
use crate::fortios::reading::Node;
use ipnet::IpNet;
use networks::model::{InterfaceId, InterfaceKind, LineState, Touches, Tunnel, VrfId};
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

    /// An IPsec tunnel carries what a selector of its second phase names, and
    /// drops the rest; by default a selector names everything (CLI reference,
    /// `vpn ipsec phase2-interface`). Narrower ones are not modelled.
    fn read_selectors(&mut self) {
        for entry in self.entries("vpn ipsec phase2-interface") {
            let word = entry.list("phase1name").first();
            let id: Option<InterfaceId> =
                word.and_then(|word| self.interfaces.get(word.text.as_str()).copied());
            if let (Some(word), None) = (word, id) {
                self.undefined("IPsec tunnel", word);
            }
            let narrow = narrow_selector(entry);
            entry.rest_harmless();
            if let (Some(id), Some(key)) = (id, narrow) {
                let span = entry.span_of(key);
                let reason = "narrow IPsec selectors are not modelled";
                self.unread(span, Touches::Interface(id), reason);
                if let Some(setting) = entry.setting(key) {
                    setting.mark(LineState::NotModelledCouldMatter);
                }
            }
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
