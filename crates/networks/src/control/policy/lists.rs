//! Prefix, community and AS-path lists.

use super::super::bgp::AsPath;
use super::super::doubt::Doubt;
use crate::model::{AsPathEntry, Community, CommunityEntry, CommunityMatch, PrefixEntry};
use ipnet::IpNet;
use regex::Regex;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::fmt::Write as _;

/// Kleene's three values; unknown with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown(Doubt),
}

impl Truth {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// Tells whether one of the lists permits the prefix.
pub(super) fn prefix_any(lists: &[Vec<PrefixEntry>], prefix: IpNet) -> Truth {
    Truth::of(lists.iter().any(|list| permits(list, prefix)))
}

/// The first entry that matches decides; none denies.
fn permits(list: &[PrefixEntry], prefix: IpNet) -> bool {
    list.iter()
        .find_map(|entry| match entry {
            PrefixEntry::Net {
                permit,
                net,
                length_min,
                length_max,
                ..
            } => {
                let length = prefix.prefix_len();
                let matches = net.contains(&prefix.network())
                    && (*length_min..=*length_max).contains(&length)
                    && length >= net.prefix_len();
                matches.then_some(*permit)
            }
            PrefixEntry::Wildcard {
                permit,
                address,
                length_min,
                length_max,
                ..
            } => {
                let matches = matches!(prefix, IpNet::V4(net) if address.contains(net.network()))
                    && (*length_min..=*length_max).contains(&prefix.prefix_len());
                matches.then_some(*permit)
            }
        })
        .unwrap_or(false)
}

/// The compiled expressions of policies, shared by all devices.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    compiled: RefCell<FxHashMap<String, Option<Regex>>>,
}

impl Expressions {
    /// Matches an expression; `None` where it is not well formed.
    fn matches(&self, expression: &str, text: &str) -> Option<bool> {
        let mut compiled = self.compiled.borrow_mut();
        if let Some(known) = compiled.get(expression) {
            return known.as_ref().map(|regex| regex.is_match(text));
        }
        let regex = Regex::new(expression).ok();
        let answer = regex.as_ref().map(|regex| regex.is_match(text));
        compiled.insert(expression.to_owned(), regex);
        answer
    }

    /// Tells whether one of the lists permits the path.
    pub(super) fn as_path(&self, lists: &[Vec<AsPathEntry>], path: &AsPath) -> Truth {
        let text = path.to_string();
        any(lists.iter().map(|list| {
            first(list.iter().map(|entry| {
                let matches = self.matches(&entry.regex, &text);
                (entry.permit, entry.origin, matches)
            }))
        }))
    }

    /// Tells whether one of the lists permits the communities.
    pub(super) fn communities(
        &self,
        lists: &[Vec<CommunityEntry>],
        exact: bool,
        communities: &[Community],
    ) -> Truth {
        let text = written(communities);
        any(lists.iter().map(|list| {
            first(list.iter().map(|entry| {
                let matches = match &entry.matches {
                    CommunityMatch::Any => Some(true),
                    CommunityMatch::All(wanted) => Some(
                        wanted.iter().all(|one| communities.contains(one))
                            && (!exact || wanted.len() == communities.len()),
                    ),
                    CommunityMatch::Regex(expression) => self.matches(expression, &text),
                };
                (entry.permit, entry.origin, matches)
            }))
        }))
    }

    /// Takes away the communities that a list permits, each on its own.
    pub(super) fn delete_communities(
        &self,
        entries: &[CommunityEntry],
        communities: &mut Vec<Community>,
    ) -> Doubt {
        let mut doubt = Doubt::NONE;
        let list = [entries.to_vec()];
        communities.retain(|one| match self.communities(&list, false, &[*one]) {
            Truth::Yes => false,
            Truth::No => true,
            Truth::Unknown(reason) => {
                doubt.add(&reason);
                true
            }
        });
        doubt
    }
}

/// Writes communities in ascending order as `high:low`, a space between.
fn written(communities: &[Community]) -> String {
    let mut sorted = communities.to_vec();
    sorted.sort_unstable();
    let mut text = String::new();
    for Community(value) in sorted {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{}:{}", value >> 16, value & 0xffff);
    }
    text
}

/// The first entry that matches decides; none denies.
fn first(entries: impl Iterator<Item = (bool, findings::Span, Option<bool>)>) -> Truth {
    for (permit, origin, matches) in entries {
        match matches {
            Some(true) => return Truth::of(permit),
            Some(false) => {}
            None => {
                return Truth::Unknown(Doubt::of(origin, "the expression is not understood"));
            }
        }
    }
    Truth::No
}

fn any(lists: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::No;
    for truth in lists {
        match truth {
            Truth::Yes => return Truth::Yes,
            Truth::No => {}
            unknown => result = unknown,
        }
    }
    result
}
