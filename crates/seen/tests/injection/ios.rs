//! Ways of getting Cisco IOS configurations wrong.

use super::fault::{Change, Kind, Site, bumped, mistyped, mistyped_prefix, with_word, wrong_mask};
use Change::{After, Before, Gone, To};

/// Every way.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "list: port",
        change: list_port,
    },
    Kind {
        name: "list: mask",
        change: list_mask,
    },
    Kind {
        name: "list: address",
        change: list_address,
    },
    Kind {
        name: "list: permit is deny",
        change: list_action,
    },
    Kind {
        name: "list: permit gone",
        change: |site, _| (listed(site)?[0] == "permit").then_some(Gone(1)),
    },
    Kind {
        name: "list: deny gone",
        change: |site, _| (listed(site)?[0] == "deny").then_some(Gone(1)),
    },
    Kind {
        name: "list: deny before",
        change: list_deny_before,
    },
    Kind {
        name: "list: undefined name",
        change: list_name,
    },
    Kind {
        name: "list: not applied",
        change: |site, _| {
            site.line()
                .starts_with("ip access-group")
                .then_some(Gone(1))
        },
    },
    Kind {
        name: "group: entry",
        change: group_entry,
    },
    Kind {
        name: "route: gone",
        change: |site, _| route(site).map(|_| Gone(1)),
    },
    Kind {
        name: "route: prefix",
        change: route_prefix,
    },
    Kind {
        name: "route: mask",
        change: route_mask,
    },
    Kind {
        name: "route: next hop",
        change: route_next_hop,
    },
    Kind {
        name: "route: null beside",
        change: route_null,
    },
    Kind {
        name: "ospf: area",
        change: ospf_area,
    },
    Kind {
        name: "ospf: network",
        change: ospf_network,
    },
    Kind {
        name: "ospf: network gone",
        change: |site, _| ospf(site).map(|_| Gone(1)),
    },
    Kind {
        name: "ospf: passive",
        change: ospf_passive,
    },
    Kind {
        name: "ospf: default gone",
        change: |site, _| {
            site.line()
                .starts_with("default-information")
                .then_some(Gone(1))
        },
    },
    Kind {
        name: "bgp: remote-as",
        change: bgp_remote_as,
    },
    Kind {
        name: "bgp: network",
        change: bgp_network,
    },
    Kind {
        name: "bgp: network gone",
        change: |site, _| bgp(site, "network").map(|_| Gone(1)),
    },
    Kind {
        name: "prefix-list: prefix",
        change: prefix_list_prefix,
    },
    Kind {
        name: "prefix-list: length",
        change: prefix_list_length,
    },
    Kind {
        name: "prefix-list: gone",
        change: |site, _| prefix_list(site).map(|_| Gone(1)),
    },
    Kind {
        name: "prefix-list: permit is deny",
        change: |site, _| prefix_list(site).map(|_| To(site.line().replace("permit", "deny"))),
    },
    Kind {
        name: "nat: pool",
        change: nat_pool,
    },
    Kind {
        name: "nat: static",
        change: nat_static,
    },
    Kind {
        name: "nat: gone",
        change: |site, _| {
            site.line()
                .starts_with("ip nat inside source")
                .then_some(Gone(1))
        },
    },
    Kind {
        name: "nat: side gone",
        change: |site, _| {
            matches!(site.line(), "ip nat inside" | "ip nat outside").then_some(Gone(1))
        },
    },
    Kind {
        name: "hsrp: priority",
        change: hsrp_priority,
    },
    Kind {
        name: "hsrp: address",
        change: hsrp_address,
    },
    Kind {
        name: "interface: address",
        change: interface_address,
    },
    Kind {
        name: "interface: mask",
        change: interface_mask,
    },
    Kind {
        name: "interface: shutdown",
        change: interface_shutdown,
    },
    Kind {
        name: "zone: member gone",
        change: |site, _| site.line().starts_with("zone-member").then_some(Gone(1)),
    },
    Kind {
        name: "zone: drop",
        change: |site, _| (site.line() == "inspect").then(|| To("  drop".to_owned())),
    },
    Kind {
        name: "policy routing: next hop",
        change: policy_next_hop,
    },
    Kind {
        name: "policy routing: gone",
        change: |site, _| site.line().starts_with("ip policy").then_some(Gone(1)),
    },
];

fn words(site: Site<'_>) -> Vec<&str> {
    site.line()
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect()
}

/// The words of a line of a list that packets meet. Lists that are not applied
/// and lines for routing sessions, of which one of two is enough, are left out.
fn listed(site: Site<'_>) -> Option<Vec<&str>> {
    let words = words(site);
    let list = site.head_line().starts_with("ip access-list") && !site.head_line().contains("OLD");
    let meant = !words.contains(&"bgp") && !words.contains(&"icmp") && !words.contains(&"bootpc");
    (list && meant && matches!(words[0], "permit" | "deny")).then_some(words)
}

fn joined(words: &[&str]) -> String {
    format!(" {}", words.join(" "))
}

fn list_port(site: Site<'_>, number: u64) -> Option<Change> {
    let mut words = listed(site)?;
    let at = words.iter().rposition(|word| *word == "eq")? + 1;
    words[at] = match (words[at], number % 2) {
        ("443", 0) => "8443",
        ("8443", 0) => "8434",
        (_, 0) => "8080",
        _ => "444",
    };
    Some(To(joined(&words)))
}

/// Where the line has an address with a wildcard.
fn wildcards(words: &[&str]) -> Vec<usize> {
    let address = |word: &str| word.split('.').count() == 4;
    (1..words.len())
        .filter(|at| address(words[*at]) && address(words[*at - 1]))
        .collect()
}

fn list_mask(site: Site<'_>, number: u64) -> Option<Change> {
    let mut words = listed(site)?;
    let found = wildcards(&words);
    let at = *found.get(usize::try_from(number).ok()? % found.len().max(1))?;
    words[at] = wrong_mask(words[at])?;
    Some(To(joined(&words)))
}

fn list_address(site: Site<'_>, number: u64) -> Option<Change> {
    let words = listed(site)?;
    let mut ways = Vec::new();
    for at in wildcards(&words) {
        ways.push((at - 1, mistyped(words[at - 1], words[at], true)?));
    }
    for (at, _) in words
        .iter()
        .enumerate()
        .filter(|(_, word)| **word == "host")
    {
        ways.push((at + 1, bumped(words[at + 1], 3, 1)?));
    }
    let (at, address) = ways.get(usize::try_from(number).ok()? % ways.len().max(1))?;
    let mut words = words;
    words[*at] = address;
    Some(To(joined(&words)))
}

fn list_action(site: Site<'_>, _: u64) -> Option<Change> {
    let mut words = listed(site).filter(|words| words[0] == "permit")?;
    words[0] = "deny";
    Some(To(joined(&words)))
}

fn list_deny_before(site: Site<'_>, number: u64) -> Option<Change> {
    let mut words = listed(site).filter(|words| words[0] == "permit")?;
    words[0] = "deny";
    let standard = site.head_line().contains("standard");
    let line = match number % 3 {
        0 if standard => " deny any".to_owned(),
        0 => " deny ip any any".to_owned(),
        _ => joined(&words),
    };
    Some(Before(vec![line]))
}

fn list_name(site: Site<'_>, _: u64) -> Option<Change> {
    let words = words(site);
    let at = match words.as_slice() {
        ["ip", "access-group", _, "in"] => 2,
        ["match", "access-group", "name", _] | ["match", "ip", "address", _] => 3,
        ["ip", "nat", "inside", "source", "list", ..] => 5,
        _ => return None,
    };
    let name = format!("{}-2", words[at]);
    Some(To(with_word(site.lines[site.at], at, &name)))
}

fn group_entry(site: Site<'_>, number: u64) -> Option<Change> {
    let words = words(site);
    let [address, mask] = words.as_slice() else {
        return None;
    };
    if !site.head_line().starts_with("object-group") || mask.split('.').count() != 4 {
        return None;
    }
    match number % 3 {
        0 => Some(Gone(1)),
        1 => Some(To(format!(" {address} {}", wrong_mask(mask)?))),
        _ => Some(To(format!(" {} {mask}", mistyped(address, mask, false)?))),
    }
}

/// A static route by a gateway: its words.
fn route(site: Site<'_>) -> Option<Vec<&str>> {
    let words = words(site);
    let by_gateway = site.line().starts_with("ip route ") && words[2] != "vrf";
    (by_gateway && words[4] != "Null0").then_some(words)
}

fn route_prefix(site: Site<'_>, _: u64) -> Option<Change> {
    let words = route(site)?;
    let prefix = mistyped(words[2], words[3], false)?;
    Some(To(with_word(site.line(), 2, &prefix)))
}

fn route_mask(site: Site<'_>, _: u64) -> Option<Change> {
    let words = route(site)?;
    Some(To(with_word(site.line(), 3, wrong_mask(words[3])?)))
}

fn route_next_hop(site: Site<'_>, number: u64) -> Option<Change> {
    let words = route(site)?;
    let by = if number.is_multiple_of(2) { 1 } else { 16 };
    Some(To(with_word(site.line(), 4, &bumped(words[4], 3, by)?)))
}

/// A route to nowhere for the servers in a prefix that is routed.
fn route_null(site: Site<'_>, _: u64) -> Option<Change> {
    let words = route(site)?;
    let octets: Vec<&str> = words[2].split('.').collect();
    (words[3] != "0.0.0.0").then(|| {
        let (first, second) = (octets[0], octets[1]);
        Before(vec![format!(
            "ip route {first}.{second}.8.0 255.255.255.0 Null0"
        )])
    })
}

/// A network line of OSPF: its words.
fn ospf(site: Site<'_>) -> Option<Vec<&str>> {
    let ours = site.head_line().starts_with("router ospf") && site.line().starts_with("network ");
    ours.then(|| words(site))
}

fn ospf_area(site: Site<'_>, number: u64) -> Option<Change> {
    ospf(site)?;
    let area = if number.is_multiple_of(2) { "1" } else { "10" };
    Some(To(with_word(site.lines[site.at], 4, area)))
}

fn ospf_network(site: Site<'_>, _: u64) -> Option<Change> {
    let words = ospf(site)?;
    let network = mistyped(words[1], words[2], true)?;
    Some(To(with_word(site.lines[site.at], 1, &network)))
}

fn ospf_passive(site: Site<'_>, _: u64) -> Option<Change> {
    site.line()
        .starts_with("no passive-interface")
        .then_some(Gone(1))
}

/// A line of BGP that starts so: its words.
fn bgp<'a>(site: Site<'a>, start: &str) -> Option<Vec<&'a str>> {
    let words = words(site);
    let ours = site.head_line().starts_with("router bgp") && words[0] == start;
    ours.then_some(words)
}

fn bgp_remote_as(site: Site<'_>, number: u64) -> Option<Change> {
    let words = bgp(site, "neighbor").filter(|words| words[2] == "remote-as")?;
    let number = words[3].parse::<u64>().ok()? + 1 + number % 9;
    Some(To(with_word(site.lines[site.at], 3, &number.to_string())))
}

fn bgp_network(site: Site<'_>, number: u64) -> Option<Change> {
    let words = bgp(site, "network")?;
    let (at, wrong) = if number.is_multiple_of(2) {
        (1, mistyped(words[1], words[3], false)?)
    } else {
        (3, wrong_mask(words[3])?.to_owned())
    };
    Some(To(with_word(site.lines[site.at], at, &wrong)))
}

/// An entry of a prefix list: its words.
fn prefix_list(site: Site<'_>) -> Option<Vec<&str>> {
    let words = words(site);
    (site.line().starts_with("ip prefix-list") && words.len() == 7).then_some(words)
}

fn prefix_list_prefix(site: Site<'_>, _: u64) -> Option<Change> {
    let words = prefix_list(site)?;
    Some(To(with_word(site.line(), 6, &mistyped_prefix(words[6])?)))
}

fn prefix_list_length(site: Site<'_>, number: u64) -> Option<Change> {
    let words = prefix_list(site)?;
    let (address, _) = words[6].split_once('/')?;
    let length = if number.is_multiple_of(2) { 24 } else { 15 };
    Some(To(with_word(
        site.line(),
        6,
        &format!("{address}/{length}"),
    )))
}

fn nat_pool(site: Site<'_>, _: u64) -> Option<Change> {
    let words = words(site);
    if !site.line().starts_with("ip nat pool") {
        return None;
    }
    let first = with_word(site.line(), 4, &bumped(words[4], 3, 1)?);
    Some(To(with_word(&first, 5, &bumped(words[5], 3, 1)?)))
}

fn nat_static(site: Site<'_>, number: u64) -> Option<Change> {
    let words = words(site);
    if !site.line().starts_with("ip nat inside source static") {
        return None;
    }
    let at = if number.is_multiple_of(2) { 5 } else { 6 };
    Some(To(with_word(site.line(), at, &bumped(words[at], 3, 1)?)))
}

fn hsrp_priority(site: Site<'_>, _: u64) -> Option<Change> {
    let words = words(site);
    matches!(words.as_slice(), ["standby", _, "priority", _])
        .then(|| To(with_word(site.lines[site.at], 3, "90")))
}

fn hsrp_address(site: Site<'_>, _: u64) -> Option<Change> {
    let words = words(site);
    let ["standby", _, "ip", address] = words.as_slice() else {
        return None;
    };
    Some(To(with_word(
        site.lines[site.at],
        3,
        &bumped(address, 3, 40)?,
    )))
}

/// The address line of an interface that packets use: its words.
fn address(site: Site<'_>) -> Option<Vec<&str>> {
    let words = words(site);
    let physical =
        site.head_line().starts_with("interface") && !site.head_line().contains("Loopback");
    let used = !site.line().contains("172.16.99.");
    (physical && used && site.line().starts_with("ip address ")).then_some(words)
}

fn interface_address(site: Site<'_>, number: u64) -> Option<Change> {
    let words = address(site)?;
    let (octet, by) = if number.is_multiple_of(2) {
        (3, 4)
    } else {
        (2, 1)
    };
    Some(To(with_word(
        site.lines[site.at],
        2,
        &bumped(words[2], octet, by)?,
    )))
}

fn interface_mask(site: Site<'_>, _: u64) -> Option<Change> {
    let words = address(site)?;
    Some(To(with_word(site.lines[site.at], 3, wrong_mask(words[3])?)))
}

fn interface_shutdown(site: Site<'_>, _: u64) -> Option<Change> {
    address(site).map(|_| After(" shutdown".to_owned()))
}

fn policy_next_hop(site: Site<'_>, number: u64) -> Option<Change> {
    let words = words(site);
    if !site.line().starts_with("set ip next-hop") {
        return None;
    }
    let by = if number.is_multiple_of(2) { 1 } else { 16 };
    Some(To(with_word(
        site.lines[site.at],
        3,
        &bumped(words[3], 3, by)?,
    )))
}
