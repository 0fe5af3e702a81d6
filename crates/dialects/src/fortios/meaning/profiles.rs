//! Security profiles that may end what a policy admits.
//!
//! What a profile does depends on what a session carries, which no header
//! shows. Profiles fall in two kinds. Those that look for harm in contents
//! (antivirus, mail, data loss) end sessions because of what is wrong with
//! them, and a journey does not rest on harmful contents getting through: the
//! policy's verdict stands. Those that tell applications, sites and names apart
//! (application control, web filter, DNS filter) and intrusion prevention with
//! an action that blocks can end sessions that someone rightly opens: where
//! such a profile really can block, what the policy accepts is bounded both
//! ways, passing or dropped, and never less than that: a profile that only
//! watches changes nothing.

use super::{Domain, all, any, unknown};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Span;
use networks::model::Condition;
use packets::{Ports, Protocol};

impl<'a> Domain<'a> {
    /// Returns the condition that a profile of the policy may drop the packet;
    /// `None` where none can.
    pub(super) fn profile_doubt(&mut self, policy: &'a Node) -> Option<Condition> {
        let named = [
            "application-list",
            "webfilter-profile",
            "dnsfilter-profile",
            "ips-sensor",
        ];
        let on = policy.flag("utm-status").unwrap_or(false);
        let grouped = policy.word("profile-type") == Some("group");
        let group = policy.list("profile-group").first();
        for key in named {
            policy.setting(key);
        }
        if !on && !grouped {
            return None;
        }
        let mut doubts = Vec::new();
        let holder = match group.filter(|_| grouped) {
            None => policy,
            Some(word) => {
                let section = self.section("firewall profile-group");
                match section.and_then(|section| section.referred(word)) {
                    Some(group) => group,
                    None => {
                        self.undefined("profile group", word);
                        return Some(unknown(word.span, "nothing defines the profile group"));
                    }
                }
            }
        };
        for (key, section) in [
            ("application-list", "application list"),
            ("webfilter-profile", "webfilter profile"),
            ("dnsfilter-profile", "dnsfilter profile"),
            ("ips-sensor", "ips sensor"),
        ] {
            if let Some(word) = holder.list(key).first() {
                doubts.extend(self.one_doubt(key, section, word));
            }
        }
        (!doubts.is_empty()).then(|| any(doubts))
    }

    fn one_doubt(&mut self, key: &str, section: &str, word: &Word) -> Option<Condition> {
        let profile = self.section(section).and_then(|it| it.referred(word));
        let (origin, reason) = match profile {
            None => {
                self.undefined("profile", word);
                (
                    word.span,
                    format!("nothing defines the profile `{}`", word.text),
                )
            }
            Some(profile) => {
                let origin = match key {
                    "application-list" => application_blocks(profile),
                    "webfilter-profile" => web_blocks(profile),
                    "dnsfilter-profile" => dns_blocks(profile),
                    _ => intrusion_blocks(profile),
                }?;
                (origin, format!("the profile `{}` may block it", word.text))
            }
        };
        let doubt = unknown(origin, reason);
        Some(match key {
            // Web traffic is TCP, or QUIC over UDP.
            "webfilter-profile" => all([
                Condition::Protocol(vec![Protocol::TCP, Protocol::UDP]),
                doubt,
            ]),
            "dnsfilter-profile" => all([
                Condition::Protocol(vec![Protocol::TCP, Protocol::UDP]),
                Condition::DestinationPort(Ports(vec![53..=53, 853..=853])),
                doubt,
            ]),
            _ => doubt,
        })
    }
}

/// Returns the place that may block, by CLI reference `application list`: an
/// entry blocks unless it says `pass`; what no entry names passes unless set
/// otherwise.
fn application_blocks(profile: &Node) -> Option<Span> {
    for key in ["other-application-action", "unknown-application-action"] {
        if profile.word(key) == Some("block") {
            return Some(profile.span_of(key));
        }
    }
    if profile.flag("enforce-default-app-port") == Some(true) {
        return Some(profile.span_of("enforce-default-app-port"));
    }
    let entries = profile.table("entries").into_iter().flat_map(Node::entries);
    let mut blocking = entries.filter(|entry| entry.word("action") != Some("pass"));
    blocking.next().map(|entry| entry.span)
}

/// CLI reference `webfilter profile`: a category filter monitors unless it says
/// otherwise; a list of addresses may hold blocked ones.
fn web_blocks(profile: &Node) -> Option<Span> {
    if let Some(web) = profile.table("web") {
        for key in ["urlfilter-table", "bword-table", "allowlist", "blocklist"] {
            let off = matches!(web.word(key), None | Some("0" | "disable"));
            if !off {
                return Some(web.span_of(key));
            }
        }
    }
    let filters = profile.table("ftgd-wf").and_then(|it| it.table("filters"));
    let mut entries = filters.into_iter().flat_map(Node::entries);
    let blocking =
        entries.find(|entry| !matches!(entry.word("action"), None | Some("allow" | "monitor")));
    blocking.map(|entry| entry.span)
}

/// CLI reference `dnsfilter profile`.
fn dns_blocks(profile: &Node) -> Option<Span> {
    for key in ["block-botnet", "safe-search", "external-ip-blocklist"] {
        if !matches!(profile.word(key), None | Some("disable")) {
            return Some(profile.span_of(key));
        }
    }
    if let Some(table) = profile.table("domain-filter")
        && table
            .word("domain-filter-table")
            .is_some_and(|id| id != "0")
    {
        return Some(table.span_of("domain-filter-table"));
    }
    let filters = profile.table("ftgd-dns").and_then(|it| it.table("filters"));
    let mut entries = filters.into_iter().flat_map(Node::entries);
    entries
        .find(|entry| entry.word("action") == Some("block"))
        .map(|entry| entry.span)
}

/// CLI reference `ips sensor`: an entry does what each signature says unless it
/// says `pass`, and signatures block by default in part.
fn intrusion_blocks(profile: &Node) -> Option<Span> {
    let mut entries = profile.table("entries").into_iter().flat_map(Node::entries);
    entries
        .find(|entry| {
            entry.word("action") != Some("pass") && entry.word("status") != Some("disable")
        })
        .map(|entry| entry.span)
}
