//! Cisco IOS: what stands under a line, object groups, pools.

use super::{About, Line, PARTS_MAX, Part, Text};
use std::collections::BTreeSet;

pub(super) fn parts(text: Text<'_>, number: u32) -> Vec<Part<'_>> {
    let Some(head) = text.line(number) else {
        return Vec::new();
    };
    let mut words = head.text.split_ascii_whitespace();
    let mut parts: Vec<Part<'_>> = match words.next() {
        Some("interface") => text.block(head).filter_map(of_interface).collect(),
        Some("router") => text.block(head).filter_map(of_protocol).collect(),
        Some("class") => text
            .block(head)
            .map(|line| line.part(About::Effect))
            .collect(),
        Some("route-map") => text
            .block(head)
            .filter(|line| line.text.starts_with("set "))
            .map(|line| line.part(About::Gateway))
            .collect(),
        Some("standby" | "vrrp" | "glbp") => group_of_redundancy(text, head),
        _ => Vec::new(),
    };
    let words: Vec<&str> = head.text.split_ascii_whitespace().collect();
    for (before, name) in words.iter().zip(words.iter().skip(1)) {
        match *before {
            "object-group" => parts.extend(group(text, name)),
            "pool" if words.starts_with(&["ip", "nat"]) => parts.extend(pool(text, name)),
            _ => {}
        }
    }
    parts
}

fn of_interface(line: Line<'_>) -> Option<Part<'_>> {
    let about = match line.text.split_ascii_whitespace().next()? {
        "shutdown" => About::Effect,
        _ if line.text.starts_with("ip address") => About::Address,
        _ => return None,
    };
    Some(line.part(about))
}

fn of_protocol(line: Line<'_>) -> Option<Part<'_>> {
    let about = match line.text.split_ascii_whitespace().next()? {
        "network" => About::Prefix,
        "passive-interface" => About::Effect,
        "no" if line.text.contains("passive-interface") => About::Effect,
        _ => return None,
    };
    Some(line.part(about))
}

/// The lines of a redundancy group: those of the interface that start with the
/// same protocol and number.
fn group_of_redundancy<'t>(text: Text<'t>, line: Line<'t>) -> Vec<Part<'t>> {
    let start = |line: Line<'t>| {
        let mut words = line.text.split_ascii_whitespace();
        (words.next(), words.next())
    };
    let above = (1..line.number).rev().map_while(|number| text.line(number));
    let head = above.take(PARTS_MAX).find(|above| above.depth < line.depth);
    let Some(head) = head else {
        return Vec::new();
    };
    text.block(head)
        .filter(|other| start(*other) == start(line))
        .map(|line| line.part(About::Effect))
        .collect()
}

/// The members of an object group, and of the groups in it.
fn group<'t>(text: Text<'t>, name: &'t str) -> Vec<Part<'t>> {
    let mut parts = Vec::new();
    let mut waiting = vec![name];
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) || seen.len() > PARTS_MAX {
            continue;
        }
        let is_head = |line: &Line<'_>| {
            let mut words = line.text.split_ascii_whitespace();
            line.depth == 0
                && words.next() == Some("object-group")
                && words.next().is_some()
                && words.next() == Some(name)
        };
        let Some(head) = text.lines(1).find(is_head) else {
            continue;
        };
        parts.push(head.part(About::Match));
        for line in text.block(head) {
            match line.text.split_once(' ') {
                Some(("description", _)) => continue,
                Some(("group-object", inner)) => waiting.push(inner.trim()),
                _ => {}
            }
            parts.push(line.part(About::Match));
        }
    }
    parts
}

/// The line that defines a pool of addresses.
fn pool<'t>(text: Text<'t>, name: &str) -> Option<Part<'t>> {
    let is_it = |line: &Line<'_>| {
        let mut words = line.text.split_ascii_whitespace();
        words.by_ref().take(3).eq(["ip", "nat", "pool"]) && words.next() == Some(name)
    };
    Some(text.lines(1).find(is_it)?.part(About::Translation))
}
