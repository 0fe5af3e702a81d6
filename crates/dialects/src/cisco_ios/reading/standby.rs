//! First-hop redundancy, switch ports and tunnels: the longer families of
//! interface lines.

use super::super::config::{RedundancyConfig, SwitchConfig, Touch, TrackUse};
use super::super::harmless::Context;
use super::super::words::{self, parse, put};
use super::{Outcome, Reader};
use findings::Span;
use networks::model::RedundancyProtocol;
use std::net::{IpAddr, Ipv4Addr};

/// The priority a group has by itself, in all three protocols.
const PRIORITY_DEFAULT: u8 = 100;

/// How many groups an interface may have; IOS takes 4,096 of version 2.
const GROUPS_MAX: usize = 4_096;

impl<'a> Reader<'_, 'a> {
    /// `standby …`, `vrrp …` and `glbp …`, with or without `no`.
    pub(super) fn redundancy_line(
        &mut self,
        at: usize,
        index: usize,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let (no, line) = match words {
            ["no", rest @ ..] => (true, rest),
            _ => (false, words),
        };
        let (protocol, rest) = match line {
            ["standby", rest @ ..] => (RedundancyProtocol::Hsrp, rest),
            ["vrrp", rest @ ..] => (RedundancyProtocol::Vrrp, rest),
            ["glbp", rest @ ..] => (RedundancyProtocol::Glbp, rest),
            _ => return Outcome::Unrecognised,
        };
        let (group, rest) = match rest {
            [number, rest @ ..] if parse::<u16>(number).is_some() => {
                (parse::<u16>(number).unwrap_or_default(), rest)
            }
            _ => (0, rest),
        };
        if let ["address-family", family] = rest {
            return self.vrrp_family(at, index, group, family);
        }
        match rest {
            ["ip" | "priority" | "preempt" | "track" | "ipv6", ..] => {
                let origin = self.span(index);
                self.group_line(at, (protocol, group), origin, no, rest)
            }
            _ => self.outside(index, Context::Interface, line),
        }
    }

    /// `vrrp N address-family ipv4` of VRRP version 3.
    fn vrrp_family(&mut self, at: usize, index: usize, group: u16, family: &str) -> Outcome<'a> {
        if family != "ipv4" {
            return Outcome::Matters("VRRP for IPv6 is not modelled");
        }
        let touch = self
            .config
            .interfaces
            .get(at)
            .map_or(Touch::Device, |to| Touch::Interface(to.name.clone()));
        self.block(index, &touch, |reader, child, words| {
            let (no, words) = match words {
                ["no", rest @ ..] => (true, rest),
                _ => (false, words),
            };
            let key = (RedundancyProtocol::Vrrp, group);
            let origin = reader.span(child);
            match words {
                ["address", address, ..] => {
                    reader.group_line(at, key, origin, no, &["ip", address])
                }
                ["priority" | "preempt" | "track", ..] => {
                    reader.group_line(at, key, origin, no, words)
                }
                [
                    "timers" | "description" | "vrrpv2" | "vrrs" | "match-address" | "exit-vrrp",
                    ..,
                ] => Outcome::Outside,
                ["shutdown"] if no => Outcome::Harmless,
                _ => Outcome::Unrecognised,
            }
        });
        Outcome::Understood
    }

    fn group_line(
        &mut self,
        at: usize,
        key: (RedundancyProtocol, u16),
        origin: Span,
        no: bool,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let Some(interface) = self.config.interfaces.get_mut(at) else {
            return Outcome::Unrecognised;
        };
        let Some(group) = group_of(&mut interface.redundancy, key, origin) else {
            return Outcome::Unrecognised;
        };
        match words {
            ["ip"] if !no => {
                group.configured = true;
                Outcome::Understood
            }
            ["ip", address, ..] if !no => {
                let Some(address) = parse::<Ipv4Addr>(address) else {
                    return Outcome::Unrecognised;
                };
                group.configured = true;
                group.addresses.push(IpAddr::V4(address));
                Outcome::Understood
            }
            ["ipv6", address, ..] if !no => {
                group.configured = true;
                match parse::<IpAddr>(address) {
                    Some(address) => {
                        group.addresses.push(address);
                        Outcome::Understood
                    }
                    None => self.v6_group(at),
                }
            }
            ["priority", number, ..] if !no => match parse::<u8>(number) {
                Some(priority) => {
                    group.priority = priority;
                    Outcome::Understood
                }
                None => Outcome::Unrecognised,
            },
            ["preempt", ..] => {
                group.preempt = !no;
                Outcome::Understood
            }
            ["track", rest @ ..] if !no => {
                let Some(track) = track_use(rest, key.0, origin) else {
                    return Outcome::Unrecognised;
                };
                group.tracks.push(track);
                Outcome::Understood
            }
            _ if no => Outcome::Harmless,
            _ => Outcome::Unrecognised,
        }
    }

    fn v6_group(&self, at: usize) -> Outcome<'a> {
        let vrf = self
            .config
            .interfaces
            .get(at)
            .map_or("default", |to| to.vrf);
        let all = ipnet::IpNet::V6(ipnet::Ipv6Net::default());
        let touch = Touch::Forwarding(vrf, Some(all));
        Outcome::MattersFor(touch, "the virtual address is made from the hardware's")
    }

    /// `switchport …`, the words after it.
    pub(super) fn switchport(&mut self, at: usize, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let Some(interface) = self.config.interfaces.get_mut(at) else {
            return Outcome::Unrecognised;
        };
        let port = &mut interface.switch;
        port.present = true;
        let read = match words {
            [] => Some(()),
            ["mode", "access"] => put(&mut port.trunk, Some(false)),
            ["mode", "trunk"] => put(&mut port.trunk, Some(true)),
            ["mode", "dynamic", ..] => put(&mut port.trunk, None),
            ["access", "vlan", number] => parse(number).map(|vlan| port.access = Some(vlan)),
            ["trunk", "native", "vlan", number] => {
                parse(number).map(|vlan| port.native = Some(vlan))
            }
            ["trunk", "allowed", "vlan", rest @ ..] => allowed(port, rest),
            ["mode", ..] | ["private-vlan", ..] | ["protected", ..] => {
                return Outcome::Matters("private VLANs and tunnels of VLANs are not modelled");
            }
            ["port-security", ..] => {
                return Outcome::Matters("port security filters by addresses learned at run time");
            }
            ["block", ..] | ["backup", ..] => {
                return Outcome::Matters("what this port does at layer 2 is not modelled");
            }
            _ => {
                let mut all = vec!["switchport"];
                all.extend_from_slice(words);
                return self.outside(index, Context::Interface, &all);
            }
        };
        Outcome::from_option(read)
    }

    /// `tunnel …`, the words after it.
    pub(super) fn tunnel_line(
        &mut self,
        at: usize,
        index: usize,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let Some(interface) = self.config.interfaces.get_mut(at) else {
            return Outcome::Unrecognised;
        };
        let tunnel = &mut interface.tunnel;
        match words {
            ["source", rest @ ..] => {
                tunnel.source = Some(rest.to_vec());
                Outcome::Understood
            }
            ["destination", address] => match parse::<IpAddr>(address) {
                Some(address) => {
                    tunnel.destination = Some(address);
                    Outcome::Understood
                }
                None => Outcome::Matters("the other end of the tunnel is known at run time"),
            },
            ["mode", mode @ ..] => match mode {
                ["gre", "ip" | "ipv6"] => set_mode(&mut tunnel.mode, "gre"),
                ["gre", "multipoint", ..] => {
                    tunnel.mode = Some("mgre");
                    Outcome::Matters("NHRP learns the ends of tunnels at run time")
                }
                ["ipip"] => set_mode(&mut tunnel.mode, "ipip"),
                ["ipsec", "ipv4" | "ipv6"] => set_mode(&mut tunnel.mode, "ipsec"),
                ["ipv6ip"] => set_mode(&mut tunnel.mode, "ipv6ip"),
                _ => Outcome::Matters("this kind of tunnel is not modelled"),
            },
            ["key", number] => match parse(number) {
                Some(number) => {
                    tunnel.key = Some(number);
                    Outcome::Understood
                }
                None => Outcome::Unrecognised,
            },
            ["vrf", vrf] => {
                tunnel.vrf = Some(vrf);
                Outcome::Understood
            }
            ["protection", "ipsec", "profile", ..] => {
                tunnel.protected = true;
                Outcome::Understood
            }
            _ => {
                let mut all = vec!["tunnel"];
                all.extend_from_slice(words);
                self.outside(index, Context::Interface, &all)
            }
        }
    }
}

fn set_mode<'a>(mode: &mut Option<&'static str>, to: &'static str) -> Outcome<'a> {
    *mode = Some(to);
    Outcome::Understood
}

fn group_of<'g, 'a>(
    groups: &'g mut Vec<RedundancyConfig<'a>>,
    key: (RedundancyProtocol, u16),
    origin: Span,
) -> Option<&'g mut RedundancyConfig<'a>> {
    let at = groups
        .iter()
        .rposition(|group| (group.protocol, group.group) == key)
        .unwrap_or(groups.len());
    if at >= GROUPS_MAX {
        return None;
    }
    if at == groups.len() {
        groups.push(RedundancyConfig {
            protocol: key.0,
            group: key.1,
            addresses: Vec::new(),
            configured: false,
            priority: PRIORITY_DEFAULT,
            // VRRP preempts unless told not to (RFC 5798 section 6.1); HSRP does not.
            preempt: key.0 == RedundancyProtocol::Vrrp,
            tracks: Vec::new(),
            origin,
        });
    }
    groups.get_mut(at)
}

/// Reads what a group watches: an object or an interface, and what follows.
fn track_use<'a>(
    words: &[&'a str],
    protocol: RedundancyProtocol,
    origin: Span,
) -> Option<TrackUse<'a>> {
    let (what, options) = match words {
        [number, options @ ..] if parse::<u16>(number).is_some() => (vec![*number], options),
        _ => {
            let (_, used) = words::interface(words)?;
            (words.get(..used)?.to_vec(), words.get(used..)?)
        }
    };
    // A tracked object lowers the priority by 10 where nothing else is said.
    let decrement = match options {
        [] => Some(10),
        ["decrement", number] | [number] if *number != "shutdown" => Some(parse(number)?),
        ["shutdown"] if protocol != RedundancyProtocol::Glbp => None,
        _ => return None,
    };
    Some(TrackUse {
        what,
        decrement,
        origin,
    })
}

/// Reads the VLANs a trunk carries: a list, or a change of the list so far.
fn allowed(port: &mut SwitchConfig, words: &[&str]) -> Option<()> {
    match words {
        ["none"] => port.allowed = Some(Vec::new()),
        ["all"] => port.allowed = None,
        ["add", list] => {
            let mut more = vlans(list)?;
            if let Some(allowed) = &mut port.allowed {
                allowed.append(&mut more);
                merge(allowed);
            }
        }
        ["remove" | "except", list] => {
            let start = match words {
                ["remove", ..] => port.allowed.take().unwrap_or_else(|| vec![VLANS_ALL]),
                _ => vec![VLANS_ALL],
            };
            port.allowed = Some(without(start, &vlans(list)?));
        }
        [list] => port.allowed = Some(vlans(list)?),
        _ => return None,
    }
    Some(())
}

/// The VLANs there are (IEEE 802.1Q).
const VLANS_ALL: (u16, u16) = (1, 4094);

fn vlans(list: &str) -> Option<Vec<(u16, u16)>> {
    if list.split(',').count() > usize::from(VLANS_ALL.1) {
        return None;
    }
    list.split(',')
        .map(|part| match part.split_once('-') {
            None => parse(part).map(|vlan| (vlan, vlan)),
            Some((first, last)) => Some((parse(first)?, parse(last)?)),
        })
        .collect()
}

/// Joins ranges that touch, so that their number stays small.
fn merge(ranges: &mut Vec<(u16, u16)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joined = next.0 <= kept.1.saturating_add(1);
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
}

fn without(ranges: Vec<(u16, u16)>, gone: &[(u16, u16)]) -> Vec<(u16, u16)> {
    gone.iter().fold(ranges, |ranges, &(first, last)| {
        ranges
            .into_iter()
            .flat_map(|(low, high)| {
                let before = (low, high.min(first.saturating_sub(1)));
                let after = (low.max(last.saturating_add(1)), high);
                [before, after]
            })
            .filter(|(low, high)| low <= high)
            .collect()
    })
}
