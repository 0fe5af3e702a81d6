//! FortiOS: the settings of an entry, and the objects that they name.

use super::{About, Line, PARTS_MAX, Part, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Where addresses, and what policies name beside them, stand.
const ADDRESSES: &[&str] = &[
    "firewall address",
    "firewall addrgrp",
    "firewall vip",
    "firewall vipgrp",
    "firewall address6",
    "firewall addrgrp6",
    "firewall vip6",
    "firewall vipgrp6",
];

/// Where services stand.
const SERVICES: &[&str] = &["firewall service custom", "firewall service group"];

/// Where pools of addresses stand.
const POOLS: &[&str] = &["firewall ippool", "firewall ippool6"];

/// The entries of a file, by section and name: the line of each.
type Entries<'t> = BTreeMap<(&'t str, &'t str), u32>;

pub(super) fn parts(text: Text<'_>, number: u32) -> Vec<Part<'_>> {
    let Some(head) = text.line(number).filter(|line| is_edit(line)) else {
        return Vec::new();
    };
    let mut parts = Vec::new();
    let mut named = Vec::new();
    for line in settings(text, head) {
        let mut words = words(line.text).into_iter().skip(1);
        let Some((about, sections)) = words.next().and_then(meaning) else {
            continue;
        };
        parts.push(line.part(about));
        if !sections.is_empty() {
            named.extend(words.map(|name| (about, sections, name)));
        }
    }
    if !named.is_empty() {
        objects(text, named, &mut parts);
    }
    parts
}

fn is_edit(line: &Line<'_>) -> bool {
    line.text.starts_with("edit ")
}

/// What a setting is about, and the sections of what it names.
fn meaning(key: &str) -> Option<(About, &'static [&'static str])> {
    let none: &[&str] = &[];
    Some(match key {
        "srcaddr" | "srcaddr6" => (About::Source, ADDRESSES),
        "dstaddr" | "dstaddr6" => (About::Destination, ADDRESSES),
        "service" => (About::Service, SERVICES),
        "srcintf" | "extintf" => (About::Enters, none),
        "dstintf" | "device" => (About::Leaves, none),
        "action" | "status" => (About::Effect, none),
        "nat" | "ippool" | "mappedip" | "mappedport" | "startip" | "endip" => {
            (About::Translation, none)
        }
        "poolname" | "poolname6" => (About::Translation, POOLS),
        "extip" => (About::Destination, none),
        "extport" => (About::Service, none),
        "dst" => (About::Prefix, none),
        "gateway" => (About::Gateway, none),
        "ip" => (About::Address, none),
        _ => return None,
    })
}

/// The lines of the objects that are named, and of those that these name.
fn objects<'t>(
    text: Text<'t>,
    mut named: Vec<(About, &'static [&'static str], &'t str)>,
    parts: &mut Vec<Part<'t>>,
) {
    let entries = entries(text);
    let mut seen = BTreeSet::new();
    // The first named is looked at first.
    named.reverse();
    while let Some((about, sections, name)) = named.pop() {
        for section in sections {
            let Some(number) = entries.get(&(*section, name)) else {
                continue;
            };
            if !seen.insert((about, *number)) || parts.len() > PARTS_MAX {
                continue;
            }
            let Some(head) = text.line(*number) else {
                continue;
            };
            for line in settings(text, head) {
                let mut words = words(line.text).into_iter().skip(1);
                let key = words.next().unwrap_or_default();
                if matches!(key, "member" | "exclude-member") {
                    named.extend(words.map(|name| (about, sections, name)));
                }
                if tells(key) {
                    parts.push(line.part(about));
                }
            }
        }
    }
}

/// Tells whether a setting of an object says what the object stands for.
fn tells(key: &str) -> bool {
    const KEYS: &[&str] = &[
        "subnet",
        "ip6",
        "start-ip",
        "end-ip",
        "wildcard",
        "fqdn",
        "member",
        "exclude-member",
        "tcp-portrange",
        "udp-portrange",
        "sctp-portrange",
        "protocol",
        "protocol-number",
        "icmptype",
        "extip",
        "extport",
        "mappedip",
        "mappedport",
        "extintf",
        "startip",
        "endip",
    ];
    KEYS.contains(&key)
}

/// The settings that stand in an entry, not those of tables in it.
fn settings<'t>(text: Text<'t>, head: Line<'t>) -> Vec<Line<'t>> {
    let mut found = Vec::new();
    let mut inside = 0usize;
    for line in text.lines(head.number.saturating_add(1)).take(PARTS_MAX) {
        match line.text.split(' ').next() {
            Some("config" | "edit") => inside += 1,
            Some("next" | "end") => match inside.checked_sub(1) {
                Some(left) => inside = left,
                None => break,
            },
            Some("set" | "append" | "select" | "unset") if inside == 0 => found.push(line),
            _ => {}
        }
    }
    found
}

/// Every entry of a section at the top, or at the top of a virtual domain.
fn entries(text: Text<'_>) -> Entries<'_> {
    let mut found = Entries::new();
    let mut sections: Vec<&str> = Vec::new();
    for line in text.lines(1) {
        if let Some(section) = line.text.strip_prefix("config ") {
            sections.push(section);
        } else if line.text == "end" {
            sections.pop();
        } else if let Some(section) = sections.last().filter(|_| is_edit(&line))
            && let Some(name) = words(line.text).get(1)
        {
            found.entry((*section, *name)).or_insert(line.number);
        }
    }
    found
}

/// The words of a line, without the quotes around some.
fn words(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        found.push(word);
        rest = after.trim_start();
    }
    found
}
