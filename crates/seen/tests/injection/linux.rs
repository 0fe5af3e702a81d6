//! Ways of getting a Linux firewall wrong: rules that `iptables-save` and `nft`
//! print, and the host's addresses and routes.

use super::fault::{Change, Kind, Site, mistyped_prefix};
use Change::{Before, Gone, To};

/// Every way.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "rule: gone",
        change: |site, _| rule(site).map(|_| Gone(1)),
    },
    Kind {
        name: "rule: port",
        change: rule_port,
    },
    Kind {
        name: "rule: source",
        change: |site, _| rule_prefix(site, &["-s ", "saddr "]),
    },
    Kind {
        name: "rule: destination",
        change: |site, _| rule_prefix(site, &["-d ", "daddr "]),
    },
    Kind {
        name: "rule: interface",
        change: rule_interface,
    },
    Kind {
        name: "rule: drop",
        change: rule_drop,
    },
    Kind {
        name: "rule: drop before",
        change: rule_drop_before,
    },
    Kind {
        name: "rule: protocol",
        change: rule_protocol,
    },
    Kind {
        name: "rule: reject wider",
        change: |site, _| changed(site, "10.120.1.0/29", "10.120.1.0/27"),
    },
    Kind {
        name: "chain: policy",
        change: chain_policy,
    },
    Kind {
        name: "chain: jump elsewhere",
        change: |site, _| {
            changed(site, "-j FROM-PSN", "-j TO-PSN")
                .or_else(|| changed(site, "-o eth0 -j TO-PSN", "-o eth0 -j FROM-PSN"))
        },
    },
    Kind {
        name: "set: element",
        change: set_element,
    },
    Kind {
        name: "translation: put in",
        change: translation,
    },
    Kind {
        name: "host: route gone",
        change: host_route_gone,
    },
    Kind {
        name: "host: route prefix",
        change: host_route_prefix,
    },
    Kind {
        name: "host: route gateway",
        change: host_route_gateway,
    },
    Kind {
        name: "host: address",
        change: host_address,
    },
    Kind {
        name: "host: not forwarding",
        change: |site, _| changed(site, "\"forwarding\": true", "\"forwarding\": false"),
    },
];

fn changed(site: Site<'_>, old: &str, new: &str) -> Option<Change> {
    let line = site.lines[site.at];
    line.contains(old).then(|| To(line.replacen(old, new, 1)))
}

/// A rule that forwarded packets meet, what it says.
fn rule(site: Site<'_>) -> Option<&str> {
    let line = site.line();
    let tables = ["-A FORWARD ", "-A FROM-PSN ", "-A TO-PSN "];
    let save = tables.iter().any(|start| line.starts_with(start));
    let nft = site.head_line() == "chain forward {" && !line.starts_with("type") && line != "}";
    let decides = !line.contains("LOG") && !line.contains("log prefix");
    ((save || nft) && decides).then_some(line)
}

/// A rule that accepts first packets.
fn accepting(site: Site<'_>) -> Option<&str> {
    rule(site)
        .filter(|line| line.contains("-j ACCEPT") || line.contains(" accept"))
        .filter(|line| !line.contains("ESTABLISHED") && !line.contains("established"))
}

fn rule_port(site: Site<'_>, number: u64) -> Option<Change> {
    rule(site)?;
    let wrong = if number.is_multiple_of(2) {
        "8080"
    } else {
        "444"
    };
    ["443", "8443", "123"]
        .iter()
        .find_map(|port| changed(site, &format!("dport {port} "), &format!("dport {wrong} ")))
}

/// Changes the prefix, or the address, that follows one of some words.
fn rule_prefix(site: Site<'_>, words: &[&str]) -> Option<Change> {
    let line = rule(site)?;
    words.iter().find_map(|word| {
        let (_, rest) = line.split_once(word)?;
        let old = rest.split(' ').next()?;
        let new = if old.contains('/') {
            mistyped_prefix(old)?
        } else {
            let wrong = mistyped_prefix(&format!("{old}/32"))?;
            wrong.trim_end_matches("/32").to_owned()
        };
        changed(site, &format!("{word}{old} "), &format!("{word}{new} "))
    })
}

fn rule_interface(site: Site<'_>, number: u64) -> Option<Change> {
    rule(site)?;
    let swaps = [
        ("-i eth1", "-i eth2"),
        ("-i eth2", "-i eth1"),
        ("-o eth0", "-o eth1"),
        ("-o eth1", "-o eth2"),
        ("-i eth0", "-i eth1"),
        ("iifname \"eth1\"", "iifname \"eth3\""),
        ("iifname \"eth3\"", "iifname \"eth2\""),
        ("oifname \"eth0\"", "oifname \"eth1\""),
        ("iifname \"eth0\"", "iifname \"eth1\""),
        ("oifname \"eth2\"", "oifname \"eth3\""),
    ];
    let ways: Vec<Change> = swaps
        .iter()
        .filter_map(|(old, new)| changed(site, old, new))
        .collect();
    let count = u64::try_from(ways.len()).ok()?;
    ways.get(usize::try_from(number.checked_rem(count)?).ok()?)
        .cloned()
}

fn rule_drop(site: Site<'_>, _: u64) -> Option<Change> {
    accepting(site)?;
    changed(site, "-j ACCEPT", "-j DROP").or_else(|| changed(site, " accept", " drop"))
}

fn rule_drop_before(site: Site<'_>, number: u64) -> Option<Change> {
    let line = accepting(site)?;
    let indent = site.indent();
    let wide = number.is_multiple_of(2);
    let drop = match line
        .strip_prefix("-A ")
        .and_then(|rest| rest.split(' ').next())
    {
        Some(chain) if wide => format!("-A {chain} -p tcp -j DROP"),
        Some(_) => line.replacen("-j ACCEPT", "-j DROP", 1),
        None if wide => format!("{indent}ip protocol tcp drop"),
        None => {
            let (start, _) = line.split_once(" accept")?;
            format!("{indent}{start} drop")
        }
    };
    Some(Before(vec![drop]))
}

fn rule_protocol(site: Site<'_>, _: u64) -> Option<Change> {
    rule(site)?;
    changed(site, "-p tcp -m tcp", "-p udp -m udp")
        .or_else(|| changed(site, "-p udp -m udp", "-p tcp -m tcp"))
        .or_else(|| changed(site, "tcp dport 443", "udp dport 443"))
}

fn chain_policy(site: Site<'_>, _: u64) -> Option<Change> {
    changed(site, ":FORWARD DROP", ":FORWARD ACCEPT").or_else(|| {
        changed(
            site,
            "hook forward priority filter; policy drop;",
            "hook forward priority filter; policy accept;",
        )
    })
}

fn set_element(site: Site<'_>, number: u64) -> Option<Change> {
    let swaps = [
        ("10.16.8.20", "10.16.8.21"),
        ("10.96.8.24", "10.96.8.42"),
        ("10.32.8.20 . 443", "10.32.8.20 . 8443"),
        ("10.32.8.25", "10.32.8.26"),
        ("10.96.8.40", "10.96.8.4"),
    ];
    site.line().starts_with("elements").then_some(())?;
    let ways: Vec<Change> = swaps
        .iter()
        .filter_map(|(old, new)| changed(site, old, new))
        .collect();
    let count = u64::try_from(ways.len()).ok()?;
    ways.get(usize::try_from(number.checked_rem(count)?).ok()?)
        .cloned()
}

fn translation(site: Site<'_>, number: u64) -> Option<Change> {
    let nat = site.lines.iter().position(|line| *line == "*nat")?;
    (site.at > nat
        && site.line() == "COMMIT"
        && site.lines[..site.at].iter().all(|line| *line != "COMMIT"))
    .then_some(())?;
    let servers = ["10.96.8.20", "10.96.8.24", "10.96.8.40"];
    let to = servers.get(usize::try_from(number % 3).ok()?)?;
    let line = match number % 2 {
        0 => format!(
            "-A PREROUTING -d {to}/32 -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.96.8.99"
        ),
        _ => format!(
            "-A PREROUTING -d {to}/32 -i eth0 -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 8443"
        ),
    };
    Some(Before(vec![line]))
}

/// A route of the host, without quotes and comma.
fn host_route(site: Site<'_>) -> Option<&str> {
    let line = site.line().trim_end_matches(',').trim_matches('"');
    (site.line().starts_with('"') && line.contains(" via ") && !line.contains('[')).then_some(line)
}

fn host_route_gone(site: Site<'_>, _: u64) -> Option<Change> {
    // The last one has no comma, which the one before would have to lose.
    host_route(site)
        .filter(|_| site.line().ends_with(','))
        .map(|_| Gone(1))
}

fn host_route_prefix(site: Site<'_>, _: u64) -> Option<Change> {
    let (old, _) = host_route(site)?.split_once(" via ")?;
    let new = if old == "default" {
        "10.0.0.0/16".to_owned()
    } else {
        mistyped_prefix(old)?
    };
    changed(site, old, &new)
}

fn host_route_gateway(site: Site<'_>, _: u64) -> Option<Change> {
    site.line().contains(" via ").then_some(())?;
    [
        ("via 172.31.0.5", "via 172.31.0.50"),
        ("via 10.96.255.2", "via 10.96.255.6"),
        ("via 10.96.255.6", "via 10.96.255.2"),
        ("via 10.18.255.1", "via 10.18.255.9"),
    ]
    .iter()
    .find_map(|(old, new)| changed(site, old, new))
}

fn host_address(site: Site<'_>, number: u64) -> Option<Change> {
    let (_, rest) = site.line().split_once("\"prefix\": \"")?;
    let (old, _) = rest.split_once('"')?;
    let (address, length) = old.split_once('/')?;
    let new = if number.is_multiple_of(2) {
        format!("{address}/{}", length.parse::<u8>().ok()? + 1)
    } else {
        let wrong = mistyped_prefix(&format!("{address}/24"))?;
        format!("{}/{length}", wrong.trim_end_matches("/24"))
    };
    changed(site, old, &new)
}
