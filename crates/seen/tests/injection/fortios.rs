//! Ways of getting FortiOS configurations wrong.

use super::fault::{Change, Kind, Site, bumped, mistyped, with_word, wrong_mask};
use Change::{After, Before, Gone, To};

/// Every way.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "policy: disabled",
        change: policy_disabled,
    },
    Kind {
        name: "policy: enabled",
        change: |site, _| (site.line() == "set status disable").then_some(Gone(1)),
    },
    Kind {
        name: "policy: deny",
        change: |site, _| {
            (live_policy(site)? == "set action accept").then(|| set(site, "action", "deny"))
        },
    },
    Kind {
        name: "policy: interface",
        change: policy_interface,
    },
    Kind {
        name: "policy: address",
        change: policy_address,
    },
    Kind {
        name: "policy: service",
        change: policy_service,
    },
    Kind {
        name: "policy: gone",
        change: policy_gone,
    },
    Kind {
        name: "policy: deny before",
        change: policy_deny_before,
    },
    Kind {
        name: "policy: translation off",
        change: |site, _| {
            (live_policy(site)? == "set nat enable").then(|| set(site, "nat", "disable"))
        },
    },
    Kind {
        name: "policy: pool",
        change: policy_pool,
    },
    Kind {
        name: "service: port",
        change: service_port,
    },
    Kind {
        name: "address: subnet",
        change: address_subnet,
    },
    Kind {
        name: "address: mask",
        change: address_mask,
    },
    Kind {
        name: "group: member gone",
        change: group_member,
    },
    Kind {
        name: "virtual address: mapped",
        change: |site, _| virtual_address(site, "mappedip"),
    },
    Kind {
        name: "virtual address: outside",
        change: |site, _| virtual_address(site, "extip"),
    },
    Kind {
        name: "virtual address: interface",
        change: virtual_interface,
    },
    Kind {
        name: "pool: addresses",
        change: pool_address,
    },
    Kind {
        name: "route: gateway",
        change: route_gateway,
    },
    Kind {
        name: "route: prefix",
        change: route_prefix,
    },
    Kind {
        name: "route: device",
        change: route_device,
    },
    Kind {
        name: "route: gone",
        change: route_gone,
    },
    Kind {
        name: "interface: address",
        change: interface_address,
    },
    Kind {
        name: "interface: down",
        change: interface_down,
    },
];

fn set(site: Site<'_>, name: &str, value: &str) -> Change {
    To(format!("{}set {name} {value}", site.indent()))
}

/// The value of a setting: what follows its name.
fn setting<'a>(site: Site<'a>, name: &str) -> Option<&'a str> {
    site.line()
        .strip_prefix("set ")?
        .strip_prefix(name)?
        .strip_prefix(' ')
}

/// The lines of the block that an `edit` line starts, `next` included.
fn block(site: Site<'_>) -> usize {
    let depth = site.indent();
    let end = site.lines[site.at..]
        .iter()
        .position(|line| line.strip_prefix(depth) == Some("next"));
    end.map_or(1, |after| after + 1)
}

fn in_section(site: Site<'_>, section: &str) -> bool {
    site.section() == section && site.head_line().starts_with("edit")
}

/// A line of a policy that is not switched off.
fn live_policy(site: Site<'_>) -> Option<&str> {
    let head = Site {
        lines: site.lines,
        at: site.head(),
    };
    let off = site.lines[head.at..head.at + block(head)]
        .iter()
        .any(|line| line.trim() == "set status disable");
    (in_section(site, "config firewall policy") && !off).then(|| site.line())
}

fn policy_disabled(site: Site<'_>, _: u64) -> Option<Change> {
    let line = live_policy(site)?;
    let after = || After(format!("{}set status disable", site.indent()));
    line.starts_with("set dstaddr").then(after)
}

fn policy_interface(site: Site<'_>, number: u64) -> Option<Change> {
    live_policy(site)?;
    let name = if number.is_multiple_of(2) {
        "dstintf"
    } else {
        "srcintf"
    };
    let other = match setting(site, name)? {
        "\"port1\"" => "\"port2\"",
        "\"port2\"" => "\"port1\"",
        "\"wan1\"" => "\"internal\"",
        "\"internal\"" => "\"dmz\"",
        _ => "\"wan1\"",
    };
    Some(set(site, name, other))
}

/// The names of a section's objects.
fn objects<'a>(site: Site<'a>, section: &str) -> Vec<&'a str> {
    site.lines
        .iter()
        .skip_while(|line| **line != section)
        .take_while(|line| **line != "end")
        .filter_map(|line| line.strip_prefix("    edit "))
        .filter(|name| !matches!(*name, "\"all\"" | "\"ALL\""))
        .collect()
}

/// Another object of a section than the one that is used.
fn other<'a>(site: Site<'a>, section: &str, used: &str, number: u64) -> Option<&'a str> {
    let objects: Vec<_> = objects(site, section)
        .into_iter()
        .filter(|name| !used.contains(name))
        .collect();
    let count = u64::try_from(objects.len()).ok()?;
    let at = number.checked_rem(count)?;
    objects.get(usize::try_from(at).ok()?).copied()
}

fn policy_address(site: Site<'_>, number: u64) -> Option<Change> {
    live_policy(site)?;
    let name = if number.is_multiple_of(2) {
        "srcaddr"
    } else {
        "dstaddr"
    };
    let used = setting(site, name)?;
    Some(set(
        site,
        name,
        other(site, "config firewall address", used, number / 2)?,
    ))
}

fn policy_service(site: Site<'_>, number: u64) -> Option<Change> {
    live_policy(site)?;
    let used = setting(site, "service")?;
    let wrong = other(site, "config firewall service custom", used, number)?;
    Some(set(site, "service", wrong))
}

fn policy_gone(site: Site<'_>, _: u64) -> Option<Change> {
    let policy = site.line().starts_with("edit") && site.head_line() == "config firewall policy";
    let inside = Site {
        lines: site.lines,
        at: site.at + 1,
    };
    live_policy(inside)
        .filter(|_| policy)
        .map(|_| Gone(block(site)))
}

fn policy_deny_before(site: Site<'_>, _: u64) -> Option<Change> {
    policy_gone(site, 0)?;
    let setting = |name: &str| {
        site.lines[site.at..site.at + block(site)]
            .iter()
            .find(|line| line.trim().starts_with(&format!("set {name} ")))
            .map(|line| (*line).to_owned())
    };
    let indent = site.indent();
    let inner = format!("{indent}    ");
    Some(Before(vec![
        format!("{indent}edit 900"),
        setting("srcintf")?,
        setting("dstintf")?,
        format!("{inner}set srcaddr \"all\""),
        setting("dstaddr")?,
        format!("{inner}set schedule \"always\""),
        format!("{inner}set service \"ALL\""),
        format!("{indent}next"),
    ]))
}

fn policy_pool(site: Site<'_>, number: u64) -> Option<Change> {
    live_policy(site)?;
    let used = setting(site, "poolname")?;
    Some(set(
        site,
        "poolname",
        other(site, "config firewall ippool", used, number)?,
    ))
}

fn service_port(site: Site<'_>, number: u64) -> Option<Change> {
    let name = if number.is_multiple_of(2) {
        "tcp-portrange"
    } else {
        "udp-portrange"
    };
    let wrong = match setting(site, name)? {
        "443" => "8443",
        "8443" => "8434",
        _ => "8080",
    };
    Some(set(site, name, wrong))
}

fn subnet(site: Site<'_>) -> Option<(&str, &str)> {
    in_section(site, "config firewall address").then_some(())?;
    setting(site, "subnet")?.split_once(' ')
}

fn address_subnet(site: Site<'_>, _: u64) -> Option<Change> {
    let (address, mask) = subnet(site)?;
    Some(set(
        site,
        "subnet",
        &format!("{} {mask}", mistyped(address, mask, false)?),
    ))
}

fn address_mask(site: Site<'_>, _: u64) -> Option<Change> {
    let (address, mask) = subnet(site)?;
    Some(set(
        site,
        "subnet",
        &format!("{address} {}", wrong_mask(mask)?),
    ))
}

fn group_member(site: Site<'_>, number: u64) -> Option<Change> {
    in_section(site, "config firewall addrgrp").then_some(())?;
    let mut members: Vec<&str> = setting(site, "member")?.split(' ').collect();
    let count = u64::try_from(members.len()).ok()?;
    members.remove(usize::try_from(number % count).ok()?);
    Some(set(site, "member", &members.join(" ")))
}

fn virtual_address(site: Site<'_>, name: &str) -> Option<Change> {
    let value = setting(site, name)?;
    let wrong = bumped(value.trim_matches('"'), 3, 1)?;
    let quote = if value.starts_with('"') { "\"" } else { "" };
    Some(set(site, name, &format!("{quote}{wrong}{quote}")))
}

fn virtual_interface(site: Site<'_>, _: u64) -> Option<Change> {
    setting(site, "extintf").map(|_| set(site, "extintf", "\"internal\""))
}

/// Both ends of a pool of one address, so that it stays a pool.
fn pool_address(site: Site<'_>, _: u64) -> Option<Change> {
    let wrong = bumped(setting(site, "endip")?, 3, 1)?;
    Some(set(site, "endip", &wrong))
}

fn in_routes(site: Site<'_>) -> bool {
    in_section(site, "config router static")
}

fn route_gateway(site: Site<'_>, number: u64) -> Option<Change> {
    let gateway = setting(site, "gateway").filter(|_| in_routes(site))?;
    let by = if number.is_multiple_of(2) { 1 } else { 16 };
    Some(set(site, "gateway", &bumped(gateway, 3, by)?))
}

fn route_prefix(site: Site<'_>, number: u64) -> Option<Change> {
    let (address, mask) = setting(site, "dst")
        .filter(|_| in_routes(site))?
        .split_once(' ')?;
    let wrong = if number.is_multiple_of(2) {
        format!("{} {mask}", mistyped(address, mask, false)?)
    } else {
        format!("{address} {}", wrong_mask(mask)?)
    };
    Some(set(site, "dst", &wrong))
}

fn route_device(site: Site<'_>, _: u64) -> Option<Change> {
    let wrong = match setting(site, "device").filter(|_| in_routes(site))? {
        "\"port1\"" => "\"port2\"",
        "\"port2\"" => "\"port1\"",
        "\"wan1\"" => "\"internal\"",
        _ => "\"wan1\"",
    };
    Some(set(site, "device", wrong))
}

fn route_gone(site: Site<'_>, _: u64) -> Option<Change> {
    let route = site.line().starts_with("edit") && site.head_line() == "config router static";
    let whole = block(site);
    let blackhole = site.lines[site.at..site.at + whole]
        .iter()
        .any(|line| line.contains("blackhole"));
    (route && !blackhole).then_some(Gone(whole))
}

fn interface_address(site: Site<'_>, _: u64) -> Option<Change> {
    in_section(site, "config system interface").then_some(())?;
    let (address, mask) = setting(site, "ip")?.split_once(' ')?;
    Some(set(
        site,
        "ip",
        &format!("{} {mask}", bumped(address, 3, 4)?),
    ))
}

fn interface_down(site: Site<'_>, _: u64) -> Option<Change> {
    in_section(site, "config system interface").then_some(())?;
    setting(site, "ip")?;
    Some(After(with_word(
        &format!("{}set status up", site.indent()),
        2,
        "down",
    )))
}
