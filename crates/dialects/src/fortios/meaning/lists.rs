//! Lists that routing policies ask: prefixes, AS paths, communities.

use super::{Domain, words};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Span;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use networks::model::{
    AsPathEntry, Community, CommunityEntry, CommunityMatch, PrefixEntry, Touches, VrfId,
};
use packets::Wildcard;
use std::net::Ipv4Addr;

/// Settings of lists and their rules that match nothing.
const HARMLESS: &[&str] = &["comments", "flags", "uuid"];

impl<'a> Domain<'a> {
    /// Looks at every list once, so that each line has its state.
    pub(super) fn check_lists(&mut self) {
        for section in [
            "router access-list",
            "router access-list6",
            "router prefix-list",
            "router prefix-list6",
            "router aspath-list",
            "router community-list",
        ] {
            for entry in self.entries(section) {
                match section {
                    "router aspath-list" => drop(self.as_path_entries(entry)),
                    "router community-list" => drop(self.community_entries(entry)),
                    _ => drop(self.prefix_entries(entry, section)),
                }
                self.settle_list(entry);
            }
        }
        for entry in self.entries("router key-chain") {
            entry.rest_harmless();
            let keys = entry.table("key").into_iter().flat_map(Node::entries);
            keys.for_each(Node::rest_harmless);
        }
    }

    fn settle_list(&mut self, entry: &'a Node) {
        let mut strange = entry.rest(HARMLESS);
        let mut last = 0_u64;
        for rule in entry.table("rule").into_iter().flat_map(Node::entries) {
            strange.extend(rule.rest(HARMLESS));
            // Numbers are the order of rules in the routing protocols, and
            // files give them in that order.
            match rule.name.parse::<u64>() {
                Ok(number) if number >= last => last = number,
                _ => strange.push(rule.span),
            }
        }
        for span in strange {
            let reason = "a rule of a list is not recognised or out of order";
            self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
        }
    }

    /// Returns the entries of an access list or prefix list by its name.
    pub(super) fn prefix_list(&mut self, word: &Word, six: bool) -> Option<Vec<PrefixEntry>> {
        let sections = if six {
            ["router access-list6", "router prefix-list6"]
        } else {
            ["router access-list", "router prefix-list"]
        };
        for section in sections {
            if let Some(entry) = self.section(section).and_then(|it| it.referred(word)) {
                return Some(self.prefix_entries(entry, section));
            }
        }
        self.undefined("access list or prefix list", word);
        None
    }

    /// CLI reference, `router access-list`, `router prefix-list`: a rule permits
    /// unless it says otherwise; a prefix of an access list matches all that is
    /// under it unless `exact-match` is on; one of a prefix list matches only
    /// itself unless `ge` or `le` widens it.
    fn prefix_entries(&mut self, list: &'a Node, section: &str) -> Vec<PrefixEntry> {
        let access = section.starts_with("router access-list");
        let rules = list.table("rule").into_iter().flat_map(Node::entries);
        rules
            .filter_map(|rule| prefix_rule(rule, access, section.ends_with('6')))
            .collect()
    }

    /// Returns the entries of an AS path list by its name.
    pub(super) fn as_path_list(&mut self, word: &Word) -> Option<Vec<AsPathEntry>> {
        let section = self.section("router aspath-list");
        match section.and_then(|section| section.referred(word)) {
            Some(entry) => Some(self.as_path_entries(entry)),
            None => {
                self.undefined("AS path list", word);
                None
            }
        }
    }

    fn as_path_entries(&self, list: &'a Node) -> Vec<AsPathEntry> {
        let rules = list.table("rule").into_iter().flat_map(Node::entries);
        rules
            .filter_map(|rule| {
                Some(AsPathEntry {
                    permit: permits(rule),
                    regex: as_regex(rule.word("regexp")?),
                    origin: rule.span,
                })
            })
            .collect()
    }

    /// Returns the entries of a community list by its name.
    pub(super) fn community_list(&mut self, word: &Word) -> Option<Vec<CommunityEntry>> {
        let section = self.section("router community-list");
        match section.and_then(|section| section.referred(word)) {
            Some(entry) => Some(self.community_entries(entry)),
            None => {
                self.undefined("community list", word);
                None
            }
        }
    }

    fn community_entries(&self, list: &'a Node) -> Vec<CommunityEntry> {
        let expanded = list.word("type") == Some("expanded");
        let rules = list.table("rule").into_iter().flat_map(Node::entries);
        rules
            .map(|rule| {
                rule.setting("regexp");
                rule.setting("match");
                let matches = if expanded {
                    let regex = rule.word("regexp").map(as_regex);
                    regex.map_or(CommunityMatch::Any, CommunityMatch::Regex)
                } else {
                    let words = rule.list("match");
                    if words.iter().any(|word| word.text == "internet") {
                        CommunityMatch::Any
                    } else {
                        CommunityMatch::All(communities(words))
                    }
                };
                CommunityEntry {
                    permit: permits(rule),
                    matches,
                    origin: rule.span,
                }
            })
            .collect()
    }
}

fn permits(rule: &Node) -> bool {
    rule.word("action") != Some("deny")
}

fn prefix_rule(rule: &Node, access: bool, six: bool) -> Option<PrefixEntry> {
    let permit = permits(rule);
    let origin: Span = rule.span;
    let key = if six { "prefix6" } else { "prefix" };
    let exact = rule.flag("exact-match").unwrap_or(false);
    let (ge, le) = (rule.parsed::<u8>("ge"), rule.parsed::<u8>("le"));
    let wildcard = rule.list("wildcard");
    let words = rule.list(key);
    let any = words.is_empty() || words.iter().any(|word| word.text == "any");
    if let ([address, ignore], true) = (wildcard, any) {
        let address: Ipv4Addr = address.text.parse().ok()?;
        let ignore: Ipv4Addr = ignore.text.parse().ok()?;
        return Some(PrefixEntry::Wildcard {
            permit,
            address: Wildcard::new(address, ignore),
            length_min: 0,
            length_max: 32,
            origin,
        });
    }
    let everything = if six {
        IpNet::V6(Ipv6Net::default())
    } else {
        IpNet::V4(Ipv4Net::default())
    };
    let longest = everything.max_prefix_len();
    let net = if any {
        everything
    } else {
        match words::net(words) {
            Some(net) => net.trunc(),
            None => {
                rule.reject(key);
                return None;
            }
        }
    };
    let own = net.prefix_len();
    let (length_min, length_max) = match (access, any, ge, le) {
        (true, _, _, _) if exact && !any => (own, own),
        (true, _, _, _) | (false, true, None, None) => (own, longest),
        (false, _, None, None) => (own, own),
        (false, _, Some(ge), None) => (ge, longest),
        (false, _, None, Some(le)) => (own, le),
        (false, _, Some(ge), Some(le)) => (ge, le),
    };
    Some(PrefixEntry::Net {
        permit,
        net,
        length_min,
        length_max,
        origin,
    })
}

/// Translates an expression on paths: `_` stands for a border or an end.
fn as_regex(expression: &str) -> String {
    expression.replace('_', "(?:^|$|[ ,{}()])")
}

/// Reads communities: `high:low`, a number, or a well-known name.
pub(super) fn communities(words: &[Word]) -> Vec<Community> {
    let texts = words.iter().flat_map(|word| word.text.split_whitespace());
    texts
        .filter_map(|text| match text {
            "no-export" => Some(Community::NO_EXPORT),
            "no-advertise" => Some(Community::NO_ADVERTISE),
            "local-AS" => Some(Community::LOCAL_AS),
            _ => match text.split_once(':') {
                Some((high, low)) => Some(Community::new(high.parse().ok()?, low.parse().ok()?)),
                None => text.parse().ok().map(Community),
            },
        })
        .collect()
}
