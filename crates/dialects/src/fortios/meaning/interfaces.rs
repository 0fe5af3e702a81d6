//! Interfaces, their addresses, VRRP, zones.

use super::interface_settings::HARMLESS;
use super::{Domain, Zone, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Code;
use ipnet::{IpNet, Ipv4Net};
use networks::model::{
    Interface, InterfaceAddress, InterfaceId, InterfaceKind, NextHop, RedundancyGroup,
    RedundancyProtocol, RedundancyTracking, StaticRoute, Touches, TrackedObject, VrfId,
};
use packets::{AddressMatch, AddressSet};
use std::net::IpAddr;

/// Kinds of interfaces by what `set type` says.
const TYPES: &[&str] = &[
    "physical",
    "vlan",
    "aggregate",
    "redundant",
    "tunnel",
    "vdom-link",
    "loopback",
    "switch",
    "hard-switch",
    "emac-vlan",
    "ssl",
    "wl-mesh",
    "vap-switch",
    "fext-wan",
    "fctrl-trunk",
    "vxlan",
    "geneve",
    "hdlc",
    "switch-vlan",
    "lan-extension",
];

impl<'a> Domain<'a> {
    /// Reads `config system interface`: those of this virtual domain, and ports
    /// of others that they are part of.
    pub(super) fn read_interfaces(&mut self) {
        let Some(section) = self.section("system interface") else {
            return;
        };
        let own: Vec<&'a Node> = section
            .entries()
            .filter(|entry| self.single || entry.word("vdom").unwrap_or("root") == self.name)
            .collect();
        for &entry in &own {
            self.add_interface(&entry.name, entry);
        }
        // A VLAN may stand on a port of another virtual domain.
        for &entry in &own {
            if let Some(parent) = entry.list("interface").first()
                && !self.interfaces.contains_key(parent.text.as_str())
                && let Some(node) = section.referred(parent)
            {
                self.add_interface(&node.name, node);
            }
        }
        for &entry in &own {
            self.settle_interface(entry);
        }
        self.read_switches();
        self.read_proxy_arp();
    }

    fn add_interface(&mut self, name: &'a str, node: &'a Node) -> InterfaceId {
        let id = InterfaceId(u32::try_from(self.device.interfaces.len()).unwrap_or(u32::MAX));
        let kind = InterfaceKind::Physical;
        self.device
            .interfaces
            .push(Interface::new(name, kind, node.span));
        self.interfaces.insert(name, id);
        id
    }

    /// Returns the interface of a name, made from `node` where it is new.
    pub(super) fn interface_for(&mut self, name: &'a str, node: &'a Node) -> InterfaceId {
        match self.interfaces.get(name) {
            Some(&id) => id,
            None => self.add_interface(name, node),
        }
    }

    pub(super) fn interface_mut(&mut self, id: InterfaceId) -> Option<&mut Interface> {
        self.device.interfaces.get_mut(id.index())
    }

    fn settle_interface(&mut self, entry: &'a Node) {
        let Some(&id) = self.interfaces.get(entry.name.as_str()) else {
            return;
        };
        let vrf = entry.parsed::<u16>("vrf").unwrap_or(0);
        let vrf = self.vrf_numbered(vrf);
        let kind = self.interface_kind(entry);
        let members = self.member_ids(entry);
        for member in members {
            if let Some(member) = self.interface_mut(member) {
                member.aggregate = Some(id);
            }
        }
        let mtu_override = entry.flag("mtu-override").unwrap_or(false);
        let mtu = entry.parsed("mtu").filter(|_| mtu_override);
        let description = entry.word("description").or_else(|| entry.word("alias"));
        let description = description.map(str::to_owned);
        let enabled = entry.choice("status", &["up", "down"]) != Some("down");
        let bandwidth = match entry.word("speed") {
            Some(speed) if speed.starts_with("10000") => 10_000_000,
            Some(speed) if speed.starts_with("1000") => 1_000_000,
            Some(speed) if speed.starts_with("100") => 100_000,
            Some(speed) if speed.starts_with("10") => 10_000,
            _ => 1_000_000,
        };
        if let Some(interface) = self.interface_mut(id) {
            interface.vrf = vrf;
            interface.enabled = enabled;
            interface.mtu = mtu;
            interface.description = description;
            let wired = matches!(
                kind,
                InterfaceKind::Physical
                    | InterfaceKind::Subinterface { .. }
                    | InterfaceKind::Aggregate
            );
            interface.bandwidth_kbps = wired.then_some(bandwidth);
            interface.kind = kind;
        }
        self.read_addresses(entry, id, vrf);
        self.read_ipv6(entry, id, vrf);
        self.read_vrrp(entry, id, vrf);
        self.settle_strange(entry, id);
    }

    fn settle_strange(&mut self, entry: &Node, id: InterfaceId) {
        entry.setting("vdom");
        entry.flag("src-check");
        for key in ["forward-domain", "security-mode"] {
            if let Some(setting) = entry.setting(key)
                && !setting
                    .values
                    .iter()
                    .all(|word| matches!(word.text.as_str(), "none" | "0"))
            {
                setting.mark(networks::model::LineState::NotModelledCouldMatter);
                let reason = format!("`{key}` is not modelled");
                self.unread(setting.span, Touches::Interface(id), reason);
            }
        }
        for span in entry.rest(HARMLESS) {
            let reason = "a setting of the interface that is not recognised";
            self.unread(span, Touches::Interface(id), reason);
        }
    }

    fn interface_kind(&mut self, entry: &'a Node) -> InterfaceKind {
        let parent = self.parent_id(entry);
        let vlan = entry.parsed::<u16>("vlanid");
        let kind = entry.choice("type", TYPES);
        match kind {
            Some("aggregate" | "redundant") => InterfaceKind::Aggregate,
            Some("loopback") => InterfaceKind::Loopback,
            Some("switch" | "hard-switch" | "vap-switch") => InterfaceKind::Bridge,
            Some("vlan" | "emac-vlan" | "switch-vlan") | None => match (parent, vlan) {
                (Some(parent), vlan) => InterfaceKind::Subinterface { parent, vlan },
                (None, Some(vlan)) => InterfaceKind::Vlan(vlan),
                (None, None) => InterfaceKind::Physical,
            },
            Some(_) => InterfaceKind::Physical,
        }
    }

    fn parent_id(&mut self, entry: &'a Node) -> Option<InterfaceId> {
        let word = entry.list("interface").first()?;
        let found = self.interfaces.get(word.text.as_str()).copied();
        if found.is_none() {
            self.undefined("interface", word);
        }
        found
    }

    fn member_ids(&mut self, entry: &'a Node) -> Vec<InterfaceId> {
        let words = entry.list("member");
        let mut ids = Vec::new();
        for word in words {
            match self.interfaces.get(word.text.as_str()) {
                Some(&id) => ids.push(id),
                None => self.undefined("interface", word),
            }
        }
        ids
    }

    /// Software switches name their members in a section of their own; hard
    /// switches in `system virtual-switch`.
    fn read_switches(&mut self) {
        for entry in self.entries("system switch-interface") {
            let id = self.interface_for(&entry.name, entry);
            if let Some(interface) = self.interface_mut(id) {
                interface.kind = InterfaceKind::Bridge;
            }
            for member in self.member_ids(entry) {
                if let Some(member) = self.interface_mut(member) {
                    member.aggregate = Some(id);
                }
            }
            // With `explicit`, policies judge what passes between the members
            // of a switch, of which the model has only the whole.
            if entry.word("intra-switch-policy") == Some("explicit") {
                let span = entry.span_of("intra-switch-policy");
                let reason = "policies between the members of a switch are not modelled";
                self.unread(span, Touches::Interface(id), reason);
            }
            for key in ["vdom", "type"] {
                entry.setting(key);
            }
            for span in entry.rest(&["mac-ttl", "span", "span-dest-port", "span-source-port"]) {
                self.unread(span, Touches::Interface(id), "not recognised");
            }
        }
        for entry in self.entries("system virtual-switch") {
            let id = self.interface_for(&entry.name, entry);
            if let Some(ports) = entry.table("port") {
                for port in ports.entries() {
                    port.rest(&["alias", "speed", "status", "poe"]);
                    if let Some(&member) = self.interfaces.get(port.name.as_str())
                        && let Some(member) = self.interface_mut(member)
                    {
                        member.aggregate = Some(id);
                    }
                }
            }
            for span in entry.rest(&["physical-switch", "vlan", "span"]) {
                self.unread(span, Touches::Interface(id), "not recognised");
            }
        }
    }

    fn read_addresses(&mut self, entry: &'a Node, id: InterfaceId, vrf: VrfId) {
        let mode = entry.choice("mode", &["static", "dhcp", "pppoe"]);
        if let Some(mode @ ("dhcp" | "pppoe")) = mode {
            // It brings an address, and a default route where it is not told
            // otherwise (administration guide, "Configuring a DHCP interface").
            self.addressless.push(id);
            let reason = format!("the address comes by {mode} at run time");
            let touches = Touches::Forwarding {
                vrf,
                destinations: None,
            };
            let span = entry.span_of("mode");
            self.unread(span, touches, reason);
            entry.setting("ip");
            return;
        }
        let remote = entry.list("remote-ip");
        let primary = self.own_address(entry, "ip", entry.list("ip"));
        if let (Some(primary), Some(remote)) = (primary, words::net(remote)) {
            self.read_remote(entry, id, vrf, primary, remote);
        } else if let Some(net) = primary {
            self.add_address(id, net, false, entry.span_of("ip"));
        }
        if primary.is_none() {
            self.addressless.push(id);
        }
        let secondary = entry.flag("secondary-IP").unwrap_or(true);
        for extra in entry
            .table("secondaryip")
            .into_iter()
            .flat_map(Node::entries)
        {
            let net = self.own_address(extra, "ip", extra.list("ip"));
            if let Some(net) = net.filter(|_| secondary) {
                self.add_address(id, net, true, extra.span_of("ip"));
            }
            for span in extra.rest(&[
                "allowaccess",
                "detectserver",
                "detectprotocol",
                "gwdetect",
                "ha-priority",
                "ping-serv-status",
                "secip-relay-ip",
            ]) {
                self.unread(span, Touches::Interface(id), "not recognised");
            }
        }
    }

    /// The two ends of a numbered tunnel: `remote-ip` with a mask gives the
    /// prefix that both are in; a host mask gives a route to the other end.
    fn read_remote(
        &mut self,
        entry: &'a Node,
        id: InterfaceId,
        vrf: VrfId,
        own: IpNet,
        remote: IpNet,
    ) {
        let origin = entry.span_of("ip");
        let wide = Ipv4Net::new(
            match own.addr() {
                IpAddr::V4(address) => address,
                IpAddr::V6(_) => return,
            },
            remote.prefix_len(),
        );
        match wide {
            Ok(wide)
                if wide.contains(&match remote.addr() {
                    IpAddr::V4(address) => address,
                    IpAddr::V6(_) => return,
                }) =>
            {
                self.add_address(id, IpNet::V4(wide), false, origin);
            }
            _ => {
                self.add_address(id, own, false, origin);
                let route = StaticRoute {
                    prefix: remote.trunc(),
                    next_hop: NextHop::Interface(id),
                    distance: 0,
                    priority: 0,
                    tag: 0,
                    permanent: false,
                    run_time: false,
                    origin: entry.span_of("remote-ip"),
                };
                if let Some(vrf) = self.vrf_mut(vrf) {
                    vrf.static_routes.push(route);
                }
            }
        }
    }

    /// Reads an address; `0.0.0.0` is none, and one that cannot be read is reported.
    fn own_address(&mut self, node: &Node, key: &str, words: &[Word]) -> Option<IpNet> {
        if words.is_empty() {
            return None;
        }
        match words::net(words) {
            Some(net) => Some(net).filter(|net| !net.addr().is_unspecified()),
            None => {
                node.reject(key);
                let code = Code::new("configuration-line-rejected");
                self.report(code, node.span_of(key), "this is no address".to_owned());
                None
            }
        }
    }

    fn add_address(
        &mut self,
        id: InterfaceId,
        net: IpNet,
        secondary: bool,
        origin: findings::Span,
    ) {
        if let Some(interface) = self.interface_mut(id) {
            interface.addresses.push(InterfaceAddress {
                net,
                secondary,
                origin,
            });
        }
    }

    fn read_ipv6(&mut self, entry: &'a Node, id: InterfaceId, vrf: VrfId) {
        let Some(ipv6) = entry.table("ipv6") else {
            return;
        };
        if let Some(mode @ ("dhcp" | "pppoe" | "delegated")) =
            ipv6.choice("ip6-mode", &["static", "dhcp", "pppoe", "delegated"])
        {
            let touches = Touches::Forwarding {
                vrf,
                destinations: words::joined_net("::/0"),
            };
            let reason = format!("the address comes by {mode} at run time");
            self.unread(ipv6.span_of("ip6-mode"), touches, reason);
        }
        let primary = self.own_address(ipv6, "ip6-address", ipv6.list("ip6-address"));
        if let Some(net) = primary {
            self.add_address(id, net, false, ipv6.span_of("ip6-address"));
        }
        for extra in ipv6
            .table("ip6-extra-addr")
            .into_iter()
            .flat_map(Node::entries)
        {
            extra.rest(&[]);
            if let Some(net) = words::joined_net(&extra.name) {
                self.add_address(id, net, true, extra.span);
            }
        }
        for group in ipv6.table("vrrp6").into_iter().flat_map(Node::entries) {
            self.add_group(group, id, vrf, "vrip6", "vrdst6");
        }
        for span in ipv6.rest(&[
            "ip6-allowaccess",
            "ip6-send-adv",
            "ip6-manage-flag",
            "ip6-other-flag",
            "ip6-max-interval",
            "ip6-min-interval",
            "ip6-link-mtu",
            "ip6-reachable-time",
            "ip6-retrans-time",
            "ip6-default-life",
            "ip6-hop-limit",
            "ip6-adv-rio",
            "ip6-prefix-list",
            "ip6-delegated-prefix-list",
            "ip6-dns-server-override",
            "ip6-subnet",
            "dhcp6-relay-service",
            "dhcp6-relay-type",
            "dhcp6-relay-ip",
            "dhcp6-information-request",
            "dhcp6-prefix-delegation",
            "nd-mode",
            "autoconf",
            "icmp6-send-redirect",
            "unique-autoconf-addr",
            "vrip6_link_local",
            "vrrp-virtual-mac6",
            "client-options",
        ]) {
            self.unread(span, Touches::Interface(id), "not recognised");
        }
    }

    fn read_vrrp(&mut self, entry: &'a Node, id: InterfaceId, vrf: VrfId) {
        entry.setting("vrrp-virtual-mac");
        for group in entry.table("vrrp").into_iter().flat_map(Node::entries) {
            self.add_group(group, id, vrf, "vrip", "vrdst");
        }
    }

    /// Reads one virtual router (CLI reference, `system interface`, `vrrp`):
    /// priority 100 and preemption are the defaults; `vrdst` names destinations
    /// without a route to which the priority becomes `vrdst-priority`.
    fn add_group(&mut self, node: &'a Node, id: InterfaceId, vrf: VrfId, ip: &str, watched: &str) {
        let addresses: Vec<IpAddr> = node
            .list(ip)
            .iter()
            .filter_map(|word| word.text.parse().ok())
            .collect();
        let priority = node.parsed("priority").unwrap_or(100);
        let fallen: Option<u8> = node.parsed("vrdst-priority");
        let origin = node.span_of(watched);
        let tracking = node
            .list(watched)
            .iter()
            .filter_map(|word| word.text.parse::<IpAddr>().ok())
            .map(|address| RedundancyTracking {
                object: TrackedObject::Route {
                    vrf,
                    prefix: IpNet::from(address),
                },
                decrement: fallen.map(|fallen| u8::saturating_sub(priority, fallen)),
                origin,
            })
            .collect();
        let enabled = node.flag("status").unwrap_or(true);
        let group = RedundancyGroup {
            protocol: RedundancyProtocol::Vrrp,
            group: node.name.parse().unwrap_or(0),
            addresses,
            priority,
            preempt: node.flag("preempt").unwrap_or(true),
            tracking,
            origin: node.span,
        };
        for span in node.rest(&[
            "adv-interval",
            "start-time",
            "accept-mode",
            "version",
            "vrgrp",
            "ignore-default-route",
        ]) {
            self.unread(span, Touches::Interface(id), "not recognised");
        }
        if enabled && let Some(interface) = self.interface_mut(id) {
            interface.redundancy.push(group);
        }
    }

    fn read_proxy_arp(&mut self) {
        for entry in self.entries("system proxy-arp") {
            let first: Option<IpAddr> = entry.parsed("ip");
            let last: Option<IpAddr> = entry.parsed("end-ip").or(first);
            let at = entry.list("interface").first();
            let id = at.and_then(|word| self.interfaces.get(word.text.as_str()).copied());
            if let (Some(first), Some(last), Some(id)) = (first, last, id) {
                self.answer_for(id, first, last);
            }
            entry.rest(&[]);
        }
    }

    /// Makes an interface answer ARP or neighbour discovery for a range.
    pub(super) fn answer_for(&mut self, id: InterfaceId, first: IpAddr, last: IpAddr) {
        let Some((first, last)) = words::ordered(first, last) else {
            return;
        };
        if !self.afford() {
            return;
        }
        let part = if first == last {
            AddressMatch::Net(IpNet::from(first))
        } else {
            AddressMatch::Range(first, last)
        };
        if let Some(interface) = self.interface_mut(id) {
            let AddressSet(parts) = &mut interface.answers_arp_for;
            parts.push(part);
        }
    }

    /// Reads `config system zone`. What the interfaces of a zone send each
    /// other needs a policy unless `intrazone allow` is set (CLI reference,
    /// `system zone`: the default is `deny`).
    pub(super) fn read_zones(&mut self) {
        for entry in self.entries("system zone") {
            let mut members = Vec::new();
            for word in entry.list("interface") {
                match self.interfaces.get(word.text.as_str()) {
                    Some(&id) => members.push(id),
                    None => self.undefined("interface", word),
                }
            }
            for &id in &members {
                if let Some(interface) = self.interface_mut(id) {
                    interface.zone = Some(entry.name.clone());
                }
            }
            let intrazone = entry.choice("intrazone", &["allow", "deny"]) == Some("allow");
            let touched = members.clone();
            self.zones.insert(
                entry.name.clone(),
                Zone {
                    members,
                    intrazone,
                    span: entry.span,
                },
            );
            for span in entry.rest(&["description", "tagging"]) {
                for &id in &touched {
                    self.unread(span, Touches::Interface(id), "not recognised");
                }
            }
        }
    }
}
