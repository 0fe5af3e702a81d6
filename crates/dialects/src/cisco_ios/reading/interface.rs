//! Interfaces.

use super::super::config::{FilterUse, InterfaceConfig, NatSide, Touch};
use super::super::harmless::Context;
use super::super::words::{self, net, parse};
use super::{Outcome, Reader};
use findings::Span;
use ipnet::IpNet;
use networks::model::{OspfNetworkType, ReversePath};
use std::net::IpAddr;

impl<'a> Reader<'_, 'a> {
    /// `interface NAME`, the words after the first.
    pub(super) fn interface(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let Some((name, used)) = words::interface(words) else {
            return if matches!(words, ["range", ..]) {
                Outcome::Matters("interface ranges are not exported")
            } else {
                Outcome::Unrecognised
            };
        };
        let options = words.get(used..).unwrap_or_default();
        let origin = self.span(index);
        // What it is a part of is there, whether written out or not.
        if let Some((parent, _)) = name.rsplit_once('.') {
            self.interface_at(parent, origin);
        }
        let at = self.interface_at(&name, origin);
        match options {
            [] | ["multipoint"] => {}
            ["point-to-point"] => self.edit(at, |found| found.point_to_point = true),
            _ => return Outcome::Unrecognised,
        }
        let touch = Touch::Interface(name);
        self.block(index, &touch, |reader, child, words| {
            reader.interface_line(at, child, words)
        });
        Outcome::Understood
    }

    /// Returns the position of an interface, making it where it is new.
    pub(super) fn interface_at(&mut self, name: &str, origin: Span) -> usize {
        if let Some(&at) = self.config.interface_index.get(name) {
            return at;
        }
        let at = self.config.interfaces.len();
        let made = InterfaceConfig::new(name.to_owned(), origin);
        self.config.interfaces.push(made);
        self.config.interface_index.insert(name.to_owned(), at);
        at
    }

    /// Changes an interface.
    pub(super) fn edit(&mut self, at: usize, change: impl FnOnce(&mut InterfaceConfig<'a>)) {
        if let Some(interface) = self.config.interfaces.get_mut(at) {
            change(interface);
        }
    }

    fn interface_line(&mut self, at: usize, index: usize, words: &[&'a str]) -> Outcome<'a> {
        self.secrets.look(self.span(index), words);
        match words {
            ["description", ..] => {
                let text = self.rest(index, 1);
                self.edit(at, |found| found.description = Some(text));
                Outcome::Understood
            }
            ["shutdown"] => self.set(at, |found| found.shutdown = true),
            ["no", "shutdown"] => self.set(at, |found| found.shutdown = false),
            ["ip", rest @ ..] => self.ip_line(at, index, rest),
            ["no", "ip", rest @ ..] => self.no_ip_line(index, rest),
            ["ipv6", rest @ ..] => self.ipv6_line(at, index, rest),
            ["vrf", "forwarding", vrf] => self.set(at, |found| found.vrf = vrf),
            ["bandwidth", number] => self.number(
                number,
                |n| move |found: &mut InterfaceConfig<'a>| found.bandwidth = Some(n),
                at,
            ),
            ["mtu", number] => self.number(
                number,
                |n| move |found: &mut InterfaceConfig<'a>| found.mtu = found.mtu.or(Some(n)),
                at,
            ),
            ["speed", "auto" | "nonegotiate"] => Outcome::Harmless,
            ["speed", "auto", ..] => Outcome::Harmless,
            ["speed", number] => self.number(
                number,
                |n| move |found: &mut InterfaceConfig<'a>| found.speed_mbps = Some(n),
                at,
            ),
            ["encapsulation", rest @ ..] => self.encapsulation(at, rest),
            ["switchport", rest @ ..] => self.switchport(at, index, rest),
            ["no", "switchport"] => self.set(at, |found| found.switch.routed = true),
            ["channel-group", number, ..] => self.number(
                number,
                |n| move |found: &mut InterfaceConfig<'a>| found.channel_group = Some(n),
                at,
            ),
            ["tunnel", rest @ ..] => self.tunnel_line(at, index, rest),
            ["zone-member", "security", zone] => {
                let origin = self.span(index);
                self.set(at, |found| found.zone = Some((zone, origin)))
            }
            ["crypto", "map", name] => {
                let origin = self.span(index);
                self.set(at, |found| found.crypto_map = Some((name, origin)))
            }
            ["service-policy", "input" | "output", name] => {
                let origin = self.span(index);
                self.set(at, |found| found.qos.push((name, origin)))
            }
            ["standby" | "vrrp" | "glbp", ..] | ["no", "standby" | "vrrp" | "glbp", ..] => {
                self.redundancy_line(at, index, words)
            }
            ["ospfv3", ..] => self.not_modelled_v6(at, "OSPFv3 is not modelled"),
            _ => self.other_interface_line(at, index, words),
        }
    }

    fn set(&mut self, at: usize, change: impl FnOnce(&mut InterfaceConfig<'a>)) -> Outcome<'a> {
        self.edit(at, change);
        Outcome::Understood
    }

    fn number<N, C>(&mut self, word: &str, change: impl FnOnce(N) -> C, at: usize) -> Outcome<'a>
    where
        N: std::str::FromStr,
        C: FnOnce(&mut InterfaceConfig<'a>),
    {
        match parse::<N>(word) {
            Some(number) => self.set(at, change(number)),
            None => Outcome::Unrecognised,
        }
    }

    fn not_modelled_v6(&self, at: usize, reason: &'static str) -> Outcome<'a> {
        let vrf = self
            .config
            .interfaces
            .get(at)
            .map_or(super::super::config::DEFAULT_VRF, |found| found.vrf);
        let all = IpNet::V6(ipnet::Ipv6Net::default());
        Outcome::MattersFor(Touch::Forwarding(vrf, Some(all)), reason)
    }

    fn ip_line(&mut self, at: usize, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        match words {
            ["address", address, mask, rest @ ..] => {
                let Some(found) = net(address, mask) else {
                    return Outcome::Unrecognised;
                };
                match rest {
                    [] => self.set(at, |to| to.primary = Some((found, origin))),
                    ["secondary", ..] => self.set(at, |to| to.secondary.push((found, origin))),
                    _ => Outcome::Unrecognised,
                }
            }
            ["address", prefix] if prefix.contains('/') => match parse::<ipnet::Ipv4Net>(prefix) {
                Some(found) => self.set(at, |to| to.primary = Some((found, origin))),
                None => Outcome::Unrecognised,
            },
            [
                "address",
                "dhcp" | "negotiated" | "pool" | "slarp" | "autoip",
                ..,
            ] => Outcome::Matters("the address is learned at run time"),
            ["unnumbered", rest @ ..] => match words::interface(rest) {
                Some((name, _)) => self.set(at, |to| to.unnumbered = Some((name, origin))),
                None => Outcome::Unrecognised,
            },
            ["vrf", "forwarding", vrf] => self.set(at, |to| to.vrf = vrf),
            ["access-group", list, way @ ("in" | "out"), ..] => {
                let applied = FilterUse {
                    list,
                    inbound: *way == "in",
                    ipv6: false,
                    origin,
                };
                self.set(at, |to| to.filters.push(applied))
            }
            ["mtu", number] => self.number(
                number,
                |n| move |to: &mut InterfaceConfig<'a>| to.mtu = Some(n),
                at,
            ),
            ["policy", "route-map", name] => {
                self.set(at, |to| to.policy_routing = Some((name, origin)))
            }
            ["nat", "inside"] => self.set(at, |to| to.nat = Some(NatSide::Inside)),
            ["nat", "outside"] => self.set(at, |to| to.nat = Some(NatSide::Outside)),
            ["nat", ..] => Outcome::Matters("this form of translation is not modelled"),
            ["verify", "unicast", rest @ ..] => self.reverse_path(at, origin, rest),
            ["inspect", name, way @ ("in" | "out")] => {
                let applied = FilterUse {
                    list: name,
                    inbound: *way == "in",
                    ipv6: false,
                    origin,
                };
                self.set(at, |to| to.inspections.push(applied))
            }
            ["ospf", rest @ ..] => self.interface_ospf(at, index, rest),
            ["router", "isis", ..] => self.unmodelled_on(at, "IS-IS is not modelled"),
            ["wccp", ..] => Outcome::Matters("WCCP sends packets to a cache chosen at run time"),
            ["nhrp", ..] => Outcome::Matters("NHRP learns the ends of tunnels at run time"),
            ["ips", ..] | ["urlfilter", ..] => {
                Outcome::Matters("intrusion prevention may drop packets")
            }
            ["verify", "source", ..] | ["source", "binding", ..] => {
                Outcome::Matters("IP source guard filters by addresses learned at run time")
            }
            ["dhcp", "relay" | "client" | "snooping", ..] => Outcome::Outside,
            _ => {
                let mut all = vec!["ip"];
                all.extend_from_slice(words);
                self.outside(index, Context::Interface, &all)
            }
        }
    }

    fn no_ip_line(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        match words {
            [
                "address" | "unnumbered" | "access-group" | "policy" | "nat" | "verify" | "mtu"
                | "inspect" | "ospf" | "vrf",
                ..,
            ] => Outcome::Harmless,
            _ => {
                let mut all = vec!["ip"];
                all.extend_from_slice(words);
                self.outside(index, Context::Interface, &all)
            }
        }
    }

    fn reverse_path(&mut self, at: usize, origin: Span, words: &[&'a str]) -> Outcome<'a> {
        let (strict, options) = match words {
            ["source", "reachable-via", "rx", rest @ ..] => (true, rest),
            ["source", "reachable-via", "any", rest @ ..] => (false, rest),
            _ => return Outcome::Matters("this form of reverse-path check is not modelled"),
        };
        let mut default_counts = false;
        for option in options {
            match *option {
                "allow-default" => default_counts = true,
                // Concerns packets that the device sends to itself.
                "allow-self-ping" => {}
                _ => return Outcome::Matters("a list exempts packets from the reverse-path check"),
            }
        }
        let check = if strict {
            ReversePath::Strict { default_counts }
        } else {
            ReversePath::Loose { default_counts }
        };
        self.set(at, |to| to.reverse_path = Some((check, origin)))
    }

    fn ipv6_line(&mut self, at: usize, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        match words {
            ["enable"] => self.set(at, |to| to.ipv6_enabled = true),
            ["address", address, "link-local"] => match parse::<IpAddr>(address) {
                Some(address) => self.set(at, |to| to.ipv6.push((host_of(address), origin))),
                None => Outcome::Unrecognised,
            },
            ["address", prefix] | ["address", prefix, "anycast"] => match parse::<IpNet>(prefix) {
                Some(found) if found.addr().is_ipv6() => {
                    self.set(at, |to| to.ipv6.push((found, origin)))
                }
                _ if matches!(*prefix, "dhcp" | "autoconfig") => {
                    self.not_modelled_v6(at, "the address is learned at run time")
                }
                _ => self.not_modelled_v6(at, "the address is made of a general prefix"),
            },
            ["address", prefix, "eui-64"] => match parse::<IpNet>(prefix) {
                Some(found) => {
                    self.edit(at, |to| to.ipv6_enabled = true);
                    let vrf = self
                        .config
                        .interfaces
                        .get(at)
                        .map_or("default", |to| to.vrf);
                    let touch = Touch::Forwarding(vrf, Some(found.trunc()));
                    Outcome::MattersFor(touch, "the address is made from the hardware's")
                }
                None => Outcome::Unrecognised,
            },
            ["address", ..] => self.not_modelled_v6(at, "this form of address is not modelled"),
            ["traffic-filter", list, way @ ("in" | "out")] => {
                let applied = FilterUse {
                    list,
                    inbound: *way == "in",
                    ipv6: true,
                    origin,
                };
                self.set(at, |to| to.filters.push(applied))
            }
            ["ospf", _, "area", ..] => self.not_modelled_v6(at, "OSPFv3 is not modelled"),
            ["rip" | "eigrp", ..] | ["router", "isis", ..] => {
                self.not_modelled_v6(at, "this routing protocol is not modelled")
            }
            ["policy" | "verify" | "nat" | "inspect" | "unnumbered", ..] => {
                self.not_modelled_v6(at, "it is modelled for IPv4 alone")
            }
            _ => {
                let mut all = vec!["ipv6"];
                all.extend_from_slice(words);
                self.outside(index, Context::Interface, &all)
            }
        }
    }

    fn encapsulation(&mut self, at: usize, words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["dot1Q" | "dot1q" | "isl", tag] => self.number(
                tag,
                |n| move |to: &mut InterfaceConfig<'a>| to.vlan_tag = Some(n),
                at,
            ),
            ["dot1Q" | "dot1q", tag, "native"] => {
                // Untagged: the tag only names the VLAN.
                match parse::<u16>(tag) {
                    Some(_) => self.set(at, |to| to.vlan_tag = None),
                    None => Outcome::Unrecognised,
                }
            }
            ["dot1Q" | "dot1q", _, "second-dot1q", ..] => {
                Outcome::Matters("double tags are not modelled")
            }
            ["ppp" | "hdlc" | "slip"] => Outcome::Harmless,
            ["frame-relay", ..] => self.set(at, |to| {
                to.ospf.network_type = to.ospf.network_type.or(Some(OspfNetworkType::NonBroadcast));
            }),
            ["aal5snap" | "aal5mux", ..] => Outcome::Outside,
            _ => Outcome::Unrecognised,
        }
    }

    fn unmodelled_on(&mut self, at: usize, reason: &'static str) -> Outcome<'a> {
        let vrf = self
            .config
            .interfaces
            .get(at)
            .map_or("default", |to| to.vrf);
        Outcome::MattersFor(Touch::Routing(vrf), reason)
    }

    fn other_interface_line(&mut self, at: usize, index: usize, words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["bridge-group", ..] | ["bridge-domain", ..] => {
                Outcome::Matters("bridging is not modelled")
            }
            ["service", "instance", ..] | ["xconnect", ..] | ["l2transport", ..] => {
                Outcome::Matters("layer-2 services are not modelled")
            }
            ["mpls", "ip"] | ["tag-switching", "ip"] => {
                Outcome::Matters("packets with labels pass no lists")
            }
            ["service-policy", "type", ..] => {
                Outcome::Matters("this type of policy is not modelled")
            }
            ["ip", "router", ..] => self.unmodelled_on(at, "the routing protocol is not modelled"),
            ["mac", "access-group", ..] => {
                Outcome::Matters("filters by hardware address are not modelled")
            }
            ["zone-member", ..] | ["crypto", ..] => Outcome::Matters("it is not modelled"),
            ["vrf", ..] => Outcome::Matters("VRF selection is not modelled"),
            [
                "no",
                "vrf" | "zone-member" | "crypto" | "bandwidth" | "mtu" | "speed" | "encapsulation"
                | "tunnel" | "channel-group" | "bridge-group" | "service-policy" | "mpls"
                | "switchport" | "ipv6" | "xconnect" | "mac",
                ..,
            ] => Outcome::Harmless,
            ["backup", ..] => {
                Outcome::Matters("a backup interface is up only when another is down")
            }
            ["source", "template", ..] | ["pppoe", ..] | ["pppoe-client", ..] => {
                Outcome::Matters("what it brings is not modelled")
            }
            _ => self.outside(index, Context::Interface, words),
        }
    }
}

/// An address alone, without the prefix it stands in.
fn host_of(address: IpAddr) -> IpNet {
    IpNet::from(address)
}
