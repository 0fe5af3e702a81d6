//! Object groups (Cisco IOS Security Configuration Guide, "Object Groups for
//! ACLs").

use super::super::config::{NetworkGroup, ServiceGroup, ServiceMember, Touch};
use super::super::names;
use super::super::words::{mask_length, parse};
use super::access::ports;
use super::{Outcome, Reader};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use packets::{AddressMatch, AddressSet, Protocol, Wildcard};
use std::net::{IpAddr, Ipv4Addr};

impl<'a> Reader<'_, 'a> {
    /// `object-group KIND NAME`, the words after the first.
    pub(super) fn object_group(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["network" | "v4-network" | "v6-network", name, ..] => self.network_group(index, name),
            ["service", name, ..] => self.service_group(index, name),
            ["protocol", name] => self.service_group(index, name),
            // Only lists for TrustSec and CPL refer to these.
            ["security" | "fqdn" | "geolocation", ..] => Outcome::Outside,
            _ => Outcome::Unrecognised,
        }
    }

    fn network_group(&mut self, index: usize, name: &'a str) -> Outcome<'a> {
        let mut group = self
            .config
            .networks
            .remove(name)
            .unwrap_or_else(|| NetworkGroup {
                members: AddressSet::default(),
                groups: Vec::new(),
                unread: None,
            });
        self.block(index, &Touch::Nothing, |reader, child, words| {
            let span = reader.span(child);
            match words {
                ["description", ..] => Outcome::Outside,
                ["group-object", name] => {
                    group.groups.push((name, span));
                    Outcome::Understood
                }
                ["any"] => {
                    group.members.0.append(&mut AddressSet::any().0);
                    Outcome::Understood
                }
                _ => match network_member(words) {
                    Some(member) => {
                        group.members.0.push(member);
                        Outcome::Understood
                    }
                    None => {
                        group.unread.get_or_insert(span);
                        Outcome::Unrecognised
                    }
                },
            }
        });
        self.config.networks.insert(name, group);
        Outcome::Understood
    }

    fn service_group(&mut self, index: usize, name: &'a str) -> Outcome<'a> {
        let mut group = self
            .config
            .services
            .remove(name)
            .unwrap_or_else(|| ServiceGroup {
                members: Vec::new(),
                groups: Vec::new(),
                unread: None,
            });
        self.block(index, &Touch::Nothing, |reader, child, words| {
            service_line(&mut group, reader.span(child), words)
        });
        self.config.services.insert(name, group);
        Outcome::Understood
    }
}

fn service_line<'a>(group: &mut ServiceGroup<'a>, span: Span, words: &[&'a str]) -> Outcome<'a> {
    match words {
        ["description", ..] => return Outcome::Outside,
        ["group-object", name] => {
            group.groups.push((name, span));
            return Outcome::Understood;
        }
        // `no` before a member takes it away again.
        ["no", "protocol", member] => {
            let member = names::protocol(member, false);
            group
                .members
                .retain(|present| present.protocols != member.map(|found| vec![found]));
            return Outcome::Understood;
        }
        _ => {}
    }
    let words = match words {
        ["protocol-object" | "protocol", rest @ ..] => rest,
        _ => words,
    };
    match service_member(words) {
        Some(member) => {
            group.members.push(member);
            Outcome::Understood
        }
        None => {
            group.unread.get_or_insert(span);
            Outcome::Unrecognised
        }
    }
}

fn network_member(words: &[&str]) -> Option<AddressMatch> {
    match words {
        ["host", address] => Some(AddressMatch::Net(IpNet::from(parse::<IpAddr>(address)?))),
        ["range", first, last] => {
            let (first, last) = (parse::<IpAddr>(first)?, parse::<IpAddr>(last)?);
            let ordered = first.is_ipv4() == last.is_ipv4() && first <= last;
            ordered.then_some(AddressMatch::Range(first, last))
        }
        ["network-object", rest @ ..] => network_member(rest),
        [address, length] if length.starts_with('/') => {
            let length: u8 = parse(length.trim_start_matches('/'))?;
            let net = Ipv4Net::new(parse(address)?, length).ok()?;
            Some(AddressMatch::Net(IpNet::V4(net.trunc())))
        }
        [address, mask] => {
            let (address, mask) = (parse::<Ipv4Addr>(address)?, parse::<Ipv4Addr>(mask)?);
            match mask_length(mask) {
                Some(length) => {
                    let net = Ipv4Net::new(address, length).ok()?;
                    Some(AddressMatch::Net(IpNet::V4(net.trunc())))
                }
                // A mask that starts with zeros was meant as a wildcard, or not: not read.
                None if mask.to_bits().leading_ones() == 0 => None,
                None => {
                    let ignore = Ipv4Addr::from_bits(!mask.to_bits());
                    Some(AddressMatch::Wildcard(Wildcard::new(address, ignore)))
                }
            }
        }
        [word] => Some(AddressMatch::Net(parse::<IpNet>(word)?.trunc())),
        _ => None,
    }
}

fn service_member(words: &[&str]) -> Option<ServiceMember> {
    let mut member = ServiceMember {
        protocols: None,
        source_ports: None,
        destination_ports: None,
        icmp: None,
    };
    let (protocol, mut rest) = match words {
        ["ip"] => return Some(member),
        ["tcp-udp", rest @ ..] => (Protocol::TCP, rest),
        [name, rest @ ..] => (names::protocol(name, false)?, rest),
        [] => return None,
    };
    let both = matches!(words, ["tcp-udp", ..]);
    member.protocols = Some(if both {
        vec![Protocol::TCP, Protocol::UDP]
    } else {
        vec![protocol]
    });
    if protocol.is_icmp() && !rest.is_empty() {
        let (icmp, used) = names::icmp(rest, false)?;
        member.icmp = Some(icmp);
        rest = rest.get(used..)?;
    }
    if protocol.has_ports() {
        if let ["source", after @ ..] = rest {
            rest = after;
            member.source_ports = service_ports(&mut rest, protocol)?;
        }
        if let ["destination", after @ ..] = rest {
            rest = after;
        }
        member.destination_ports = service_ports(&mut rest, protocol)?;
    }
    rest.is_empty().then_some(member)
}

/// A port in a service group needs no `eq` before it.
fn service_ports(words: &mut &[&str], protocol: Protocol) -> Option<Option<packets::Ports>> {
    if let [word, rest @ ..] = *words
        && let Some(port) = names::port(word, protocol)
    {
        *words = rest;
        return Some(Some(port.into()));
    }
    ports(words, protocol)
}
