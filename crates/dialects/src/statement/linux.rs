//! Rule sets: the elements of named sets.

use super::{About, Line, Part, Text};

pub(super) fn parts(text: Text<'_>, number: u32) -> Vec<Part<'_>> {
    let Some(rule) = text.line(number) else {
        return Vec::new();
    };
    let names = rule
        .text
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix('@'));
    let mut parts = Vec::new();
    for name in names {
        let is_head = |line: &Line<'_>| {
            let mut words = line.text.split_ascii_whitespace();
            matches!(words.next(), Some("set" | "map")) && words.next() == Some(name)
        };
        let Some(head) = text.lines(1).find(is_head) else {
            continue;
        };
        let elements = text
            .block(head)
            .skip_while(|line| !line.text.starts_with("elements"));
        parts.extend(elements.map(|line| line.part(About::Match)));
    }
    parts
}
