//! Sections that nothing read: harmless ones, ones that could matter, strange ones.

use crate::fortios::harmless;
use crate::fortios::reading::{Database, Node};
use networks::model::{Device, InterfaceId, LineState, Touches, Unread};
use std::collections::HashMap;

/// Sections that are known and not modelled, and could change a verdict.
const COULD_MATTER: &[(&str, &str)] = &[
    (
        "firewall acl",
        "access control lists in hardware are not modelled",
    ),
    (
        "firewall acl6",
        "access control lists in hardware are not modelled",
    ),
    (
        "firewall interface-policy",
        "policies on one interface are not modelled",
    ),
    (
        "firewall interface-policy6",
        "policies on one interface are not modelled",
    ),
    (
        "firewall ttl-policy",
        "policies on the time to live are not modelled",
    ),
    (
        "firewall proxy-policy",
        "policies of the explicit proxy are not modelled",
    ),
    (
        "firewall security-policy",
        "policies by application are not modelled",
    ),
    (
        "firewall policy46",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "firewall policy64",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "firewall vip46",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "firewall vip64",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "firewall vipgrp46",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "firewall vipgrp64",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "system nat64",
        "translation between IPv4 and IPv6 is not modelled",
    ),
    (
        "system virtual-wire-pair",
        "transparent pairs of ports are not modelled",
    ),
    (
        "system nd-proxy",
        "proxying of neighbour discovery is not modelled",
    ),
    ("system wccp", "redirection to caches is not modelled"),
    (
        "system mac-address-table",
        "fixed hardware addresses are not modelled",
    ),
    ("system pppoe-interface", "PPPoE is not modelled"),
    (
        "system tos-based-priority",
        "the type of service is not modelled",
    ),
    ("router auth-path", "routes by user are not modelled"),
    ("router multicast-flow", "multicast is not modelled"),
];

/// Sections that are read where they are, with nothing left to do.
const READ_ELSEWHERE: &[&str] = &[
    "firewall schedule",
    "firewall profile-group",
    "application list",
    "webfilter profile",
    "dnsfilter profile",
    "ips sensor",
    "firewall multicast-policy",
    "firewall multicast-policy6",
    "router extcommunity-list",
    "router multicast",
    "router multicast6",
    "system admin",
    "vpn ipsec forticlient",
    "vpn ipsec concentrator",
];

/// Gives every section that is left its state, and the devices what it could touch.
pub(super) fn settle(database: &Database, devices: &mut [Device]) {
    let root = &database.root;
    let names: Vec<Names> = devices
        .iter()
        .map(|device| {
            let named = device.interfaces();
            named.map(|(id, it)| (it.name.clone(), id)).collect()
        })
        .collect();
    let mut scopes: Vec<(&Node, Option<usize>)> = vec![(root, None)];
    if let Some(global) = root.table("global") {
        scopes.push((global, None));
    }
    if let Some(domains) = root.table("vdom") {
        for (at, entry) in domains.all_entries().enumerate() {
            scopes.push((entry, Some(at)));
        }
    }
    for (scope, device) in scopes {
        for section in scope.tables() {
            settle_section(section, device, devices, &names);
        }
        for strange in scope.rest(&[]) {
            touch(device, devices, strange, "not recognised");
        }
    }
}

/// The interfaces of a device by name.
type Names = HashMap<String, InterfaceId>;

fn settle_section(section: &Node, device: Option<usize>, devices: &mut [Device], names: &[Names]) {
    let name = section.name.as_str();
    let looked_up = READ_ELSEWHERE.iter().any(|known| {
        name == *known
            || name
                .strip_prefix(known)
                .is_some_and(|rest| rest.starts_with(' '))
    });
    if looked_up {
        settle_looked_up(section);
        return;
    }
    if section.state().is_some() {
        for strange in section.rest(&[]) {
            touch(device, devices, strange, "not recognised");
        }
        for entry in section.all_entries() {
            if entry.state().is_none() {
                entry.mark(LineState::NotRecognised);
                touch(device, devices, entry.span, "not recognised");
            }
        }
    } else if section.is_empty() {
        section.mark(LineState::Harmless);
    } else if harmless::reason(name).is_some() {
        section.mark(LineState::NotModelledHarmless);
    } else if let Some((_, reason)) = COULD_MATTER.iter().find(|(known, _)| *known == name) {
        section.mark(LineState::NotModelledCouldMatter);
        touch_narrowly(section, device, devices, (names, reason));
    } else {
        section.mark(LineState::NotRecognised);
        let reason = format!("`config {name}` is not recognised");
        touch(device, devices, section.span, &reason);
    }
}

/// Touches the interfaces that each entry names; everything where one names none.
fn touch_narrowly(
    section: &Node,
    device: Option<usize>,
    devices: &mut [Device],
    (names, reason): (&[Names], &str),
) {
    for entry in section.all_entries() {
        let keys = ["interface", "srcintf", "member"];
        let mut named = entry
            .settings()
            .iter()
            .filter(|setting| keys.contains(&setting.key.as_str()))
            .flat_map(|setting| &setting.values)
            .peekable();
        if named.peek().is_none() {
            touch(device, devices, entry.span, reason);
            continue;
        }
        for word in named {
            let mut found = false;
            for (one, names) in devices.iter_mut().zip(names) {
                if let Some(&id) = names.get(&word.text) {
                    found = true;
                    one.unread.push(Unread {
                        origin: entry.span,
                        touches: Touches::Interface(id),
                        reason: reason.to_owned(),
                    });
                }
            }
            if !found {
                touch(device, devices, entry.span, reason);
            }
        }
    }
    if !section.settings().is_empty() {
        touch(device, devices, section.span, reason);
    }
}

/// What a policy names was read there; what it does not name has no effect.
fn settle_looked_up(section: &Node) {
    let mut waiting = vec![section];
    while let Some(node) = waiting.pop() {
        if node.state().is_none() {
            node.mark(LineState::NotModelledHarmless);
        }
        for setting in node.settings().iter().chain(&node.junk) {
            if setting.state().is_none() {
                setting.mark(LineState::NotModelledHarmless);
            }
        }
        waiting.extend(node.tables());
        waiting.extend(node.all_entries());
    }
}

fn touch(device: Option<usize>, devices: &mut [Device], origin: findings::Span, reason: &str) {
    let named = |at: usize| device.is_none_or(|device| device == at);
    for (_, device) in devices.iter_mut().enumerate().filter(|(at, _)| named(*at)) {
        device.unread.push(Unread {
            origin,
            touches: Touches::Device,
            reason: reason.to_owned(),
        });
    }
}
