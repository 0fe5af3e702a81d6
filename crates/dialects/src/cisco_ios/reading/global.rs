//! Commands that stand under no other.

use super::super::config::{DEFAULT_VRF, Touch, VrfConfig};
use super::super::harmless::Context;
use super::{Outcome, Reader};

impl<'a> Reader<'_, 'a> {
    /// One command and what stands under it.
    pub(super) fn global(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["access-list", rest @ ..] => self.numbered_entry(index, rest),
            ["interface", rest @ ..] => self.interface(index, rest),
            ["ip", rest @ ..] => self.global_ip(index, words, rest),
            ["ipv6", rest @ ..] => self.global_ipv6(index, words, rest),
            ["no", rest @ ..] => self.global_no(index, words, rest),
            ["hostname", name] => {
                self.config.hostname = Some(name.trim_matches('"'));
                Outcome::Understood
            }
            ["router", rest @ ..] => self.router(index, rest),
            ["route-map", rest @ ..] => self.route_map(index, rest),
            ["vrf", "definition", name] => self.vrf(index, name),
            ["object-group", rest @ ..] => self.object_group(index, rest),
            ["track", rest @ ..] => self.track(index, rest),
            ["vlan", list] if list.starts_with(|c: char| c.is_ascii_digit()) => {
                self.block(index, &Touch::Device, |_, _, words| match words {
                    [
                        "name" | "mtu" | "remote-span" | "exit" | "media" | "state" | "no"
                        | "member",
                        ..,
                    ] => Outcome::Outside,
                    _ => Outcome::Unrecognised,
                });
                Outcome::Outside
            }
            ["vlan", "filter", ..] => Outcome::Matters("filters of a whole VLAN are not modelled"),
            ["bridge", ..] => Outcome::Matters("bridging is not modelled"),
            ["mpls", "ip"] | ["mpls", "ldp", "autoconfig"] => Outcome::Harmless,
            [
                "frame-relay" | "l2tp-class" | "vpdn" | "vpdn-group" | "bba-group" | "l2",
                ..,
            ] => Outcome::Matters("what it brings is not modelled"),
            [
                "enable" | "username" | "snmp-server" | "tacacs-server" | "radius-server" | "key"
                | "crypto" | "aaa" | "line" | "archive" | "tacacs" | "radius",
                ..,
            ] => {
                self.secrets.look(self.span(index), words);
                self.security_or_outside(index, words)
            }
            _ => self.security_or_outside(index, words),
        }
    }

    fn security_or_outside(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        match self.security(index, words) {
            Some(outcome) => outcome,
            None => self.outside(index, Context::Global, words),
        }
    }

    fn global_ip(&mut self, index: usize, words: &[&'a str], rest: &[&'a str]) -> Outcome<'a> {
        match rest {
            ["access-list", "logging" | "log-update", ..] => Outcome::Outside,
            ["access-list", rest @ ..] => self.access_list(index, rest, false),
            ["route", "profile" | "static", ..] => Outcome::Outside,
            ["route", rest @ ..] => self.static_route(index, rest, false),
            ["prefix-list", "sequence-number"] => Outcome::Harmless,
            ["prefix-list", rest @ ..] => self.prefix_list(index, rest, false),
            ["community-list", rest @ ..] => self.community_list(index, rest),
            ["as-path", "access-list", rest @ ..] => self.as_path_list(index, rest),
            ["vrf", name] => self.vrf(index, name),
            ["default-gateway", address] => self.default_gateway(index, address),
            ["default-network", ..] => {
                let default = ipnet::IpNet::V4(ipnet::Ipv4Net::default());
                let touch = Touch::Forwarding(DEFAULT_VRF, Some(default));
                Outcome::MattersFor(touch, "a default network is not modelled")
            }
            ["routing"] => Outcome::Harmless,
            ["local", "policy", ..] => {
                // Concerns packets that the device itself sends.
                Outcome::Outside
            }
            ["nat", rest @ ..] => self.nat(index, words, rest),
            ["inspect", "name", rest @ ..] => self.inspection(index, rest),
            ["source", "binding", ..] => Outcome::Outside,
            ["ips", ..] | ["ip", "ips", ..] | ["wccp", ..] => {
                // What acts is the line of an interface that turns it on.
                Outcome::Outside
            }
            ["route-reorder" | "multipath", ..] => Outcome::Outside,
            _ => self.outside(index, Context::Global, words),
        }
    }

    fn global_ipv6(&mut self, index: usize, words: &[&'a str], rest: &[&'a str]) -> Outcome<'a> {
        match rest {
            ["unicast-routing"] => {
                self.config.ipv6_routing = true;
                Outcome::Understood
            }
            ["access-list", "log-update", ..] => Outcome::Outside,
            ["access-list", rest @ ..] => self.access_list(index, rest, true),
            ["route", rest @ ..] => self.static_route(index, rest, true),
            ["prefix-list", "sequence-number"] => Outcome::Harmless,
            ["prefix-list", rest @ ..] => self.prefix_list(index, rest, true),
            ["router", kind, ..] => {
                let all = ipnet::IpNet::V6(ipnet::Ipv6Net::default());
                let touch = Touch::Forwarding(DEFAULT_VRF, Some(all));
                let reason = if *kind == "ospf" {
                    "OSPFv3 is not modelled"
                } else {
                    "the routing protocol is not modelled"
                };
                Outcome::MattersFor(touch, reason)
            }
            ["local", "policy", ..] => Outcome::Outside,
            _ => self.outside(index, Context::Global, words),
        }
    }

    fn global_no(&mut self, index: usize, words: &[&'a str], rest: &[&'a str]) -> Outcome<'a> {
        match rest {
            ["ip", "routing"] => {
                self.config.no_ip_routing = Some(self.span(index));
                Outcome::Understood
            }
            ["ipv6", "unicast-routing"] => {
                self.config.ipv6_routing = false;
                Outcome::Understood
            }
            // What is not there does nothing.
            [
                "access-list" | "interface" | "router" | "route-map" | "hostname" | "vlan"
                | "track" | "object-group" | "vrf" | "zone" | "zone-pair" | "class-map"
                | "policy-map",
                ..,
            ]
            | [
                "ip" | "ipv6",
                "route" | "access-list" | "prefix-list" | "community-list" | "as-path" | "nat"
                | "default-gateway" | "default-network" | "vrf" | "inspect",
                ..,
            ] => Outcome::Harmless,
            _ => self.outside(index, Context::Global, words),
        }
    }

    fn router(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["ospf", rest @ ..] => self.router_ospf(index, rest),
            ["bgp", rest @ ..] => self.router_bgp(index, rest),
            ["ospfv3", ..] => {
                let all = ipnet::IpNet::V6(ipnet::Ipv6Net::default());
                let touch = Touch::Forwarding(DEFAULT_VRF, Some(all));
                Outcome::MattersFor(touch, "OSPFv3 is not modelled")
            }
            [
                "eigrp" | "rip" | "isis" | "odr" | "egp" | "mobile" | "iso-igrp" | "igrp" | "lisp",
                ..,
            ] => self.unmodelled_protocol(index),
            _ => Outcome::MattersFor(
                Touch::Routing(DEFAULT_VRF),
                "the routing protocol is not modelled",
            ),
        }
    }

    /// A routing protocol that is recognised only, in the VRFs it runs in.
    fn unmodelled_protocol(&mut self, index: usize) -> Outcome<'a> {
        let origin = self.span(index);
        self.config.unmodelled.push((DEFAULT_VRF, origin));
        for line in self.tree.subtree(index).skip(1) {
            let words = self.words(line);
            let family = words.first() == Some(&"address-family");
            if let Some(at) = words.iter().position(|word| *word == "vrf")
                && family
                && let Some(vrf) = words.get(at + 1)
            {
                self.config.unmodelled.push((vrf, self.span(line)));
            }
        }
        Outcome::MattersFor(Touch::Nothing, "the routing protocol is not modelled")
    }

    /// `ip vrf NAME` and `vrf definition NAME`.
    fn vrf(&mut self, index: usize, name: &'a str) -> Outcome<'a> {
        let mut vrf = self.config.vrfs.remove(name).unwrap_or(VrfConfig {
            imports: Vec::new(),
        });
        self.block(index, &Touch::Routing(name), |reader, child, words| {
            let outcome = vrf_line(&mut vrf, reader.span(child), words);
            if let ["address-family", ..] = words {
                reader.block(child, &Touch::Routing(name), |reader, line, words| {
                    vrf_line(&mut vrf, reader.span(line), words)
                });
            }
            outcome
        });
        self.config.vrfs.insert(name, vrf);
        Outcome::Understood
    }
}

fn vrf_line<'a>(vrf: &mut VrfConfig, span: findings::Span, words: &[&'a str]) -> Outcome<'a> {
    match words {
        [
            "rd"
            | "description"
            | "vnet"
            | "exit-address-family"
            | "exit-vrf-definition"
            | "vpn"
            | "export"
            | "mdt"
            | "no"
            | "bgp"
            | "mode"
            | "maximum",
            ..,
        ] => Outcome::Outside,
        ["address-family", ..] => Outcome::Harmless,
        ["route-target", "export", ..] => Outcome::Outside,
        ["route-target", ..] | ["import", ..] | ["inter-as-hybrid", ..] => {
            vrf.imports.push(span);
            // What imports has an effect only where BGP runs: see `meaning`.
            Outcome::MattersFor(Touch::Nothing, "routes of other VRFs may come in")
        }
        _ => Outcome::Unrecognised,
    }
}
