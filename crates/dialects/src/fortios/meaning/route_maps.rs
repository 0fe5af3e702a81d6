//! Route maps, and lists used as filters.

use super::{Domain, lists};
use crate::fortios::reading::Node;
use crate::fortios::syntax::Word;
use findings::Span;
use networks::model::{
    OspfMetricType, PolicyAction, PolicyTerm, RouteMatch, RoutePolicy, RoutePolicyId, RouteSet,
    RouteType, SetMetric,
};
use std::net::IpAddr;

/// Settings of a rule that change nothing where they are empty or default.
const HARMLESS: &[&str] = &["match-flags", "set-flags", "comments"];

impl<'a> Domain<'a> {
    /// Reads every route map.
    pub(super) fn read_route_maps(&mut self) {
        self.check_lists();
        for entry in self.entries("router route-map") {
            entry.rest(HARMLESS);
            let rules = entry.table("rule").into_iter().flat_map(Node::entries);
            let terms: Vec<PolicyTerm> = rules.map(|rule| self.term(rule)).collect();
            let id = self.add_policy_map(RoutePolicy {
                name: entry.name.clone(),
                terms,
                default: PolicyAction::Deny,
                origin: Some(entry.span),
            });
            self.route_maps.insert(&entry.name, id);
        }
    }

    fn add_policy_map(&mut self, policy: RoutePolicy) -> RoutePolicyId {
        let id = RoutePolicyId(u32::try_from(self.device.policies.len()).unwrap_or(u32::MAX));
        self.device.policies.push(policy);
        id
    }

    /// Returns a route map by a name; one that nothing defines is reported, and
    /// what it would do is unknown.
    pub(super) fn route_map(&mut self, node: &Node, key: &str) -> Option<RoutePolicyId> {
        let word = node
            .list(key)
            .first()
            .filter(|word| !word.text.is_empty())?;
        let section = self.section("router route-map");
        if let Some(entry) = section.and_then(|section| section.referred(word))
            && let Some(&id) = self.route_maps.get(entry.name.as_str())
        {
            return Some(id);
        }
        self.undefined("route map", word);
        Some(self.unknown_policy(word))
    }

    fn unknown_policy(&mut self, word: &Word) -> RoutePolicyId {
        self.add_policy_map(RoutePolicy {
            name: word.text.clone(),
            terms: vec![PolicyTerm {
                sequence: 1,
                matches: vec![RouteMatch::Unknown(word.span)],
                sets: Vec::new(),
                action: PolicyAction::Permit,
                origin: word.span,
            }],
            default: PolicyAction::Deny,
            origin: None,
        })
    }

    /// Returns a policy that permits what a list permits.
    pub(super) fn filter_by(
        &mut self,
        node: &'a Node,
        key: &str,
        six: bool,
    ) -> Option<RoutePolicyId> {
        let word = node
            .list(key)
            .first()
            .filter(|word| !word.text.is_empty())?;
        let Some(entries) = self.prefix_list(word, six) else {
            return Some(self.unknown_policy(word));
        };
        Some(self.one_match(word, RouteMatch::Prefix(vec![entries])))
    }

    /// Returns a policy that permits the paths a list permits.
    pub(super) fn filter_by_path(&mut self, node: &'a Node, key: &str) -> Option<RoutePolicyId> {
        let word = node
            .list(key)
            .first()
            .filter(|word| !word.text.is_empty())?;
        let Some(entries) = self.as_path_list(word) else {
            return Some(self.unknown_policy(word));
        };
        Some(self.one_match(word, RouteMatch::AsPath(vec![entries])))
    }

    fn one_match(&mut self, word: &Word, matched: RouteMatch) -> RoutePolicyId {
        self.add_policy_map(RoutePolicy {
            name: word.text.clone(),
            terms: vec![PolicyTerm {
                sequence: 1,
                matches: vec![matched],
                sets: Vec::new(),
                action: PolicyAction::Permit,
                origin: word.span,
            }],
            default: PolicyAction::Deny,
            origin: Some(word.span),
        })
    }

    fn term(&mut self, rule: &'a Node) -> PolicyTerm {
        let deny = rule.word("action") == Some("deny");
        let mut matches = self.matches(rule);
        let sets = sets_of(rule);
        matches.extend(rule.rest(HARMLESS).into_iter().map(RouteMatch::Unknown));
        PolicyTerm {
            sequence: rule.name.parse().unwrap_or(0),
            matches,
            sets,
            action: if deny {
                PolicyAction::Deny
            } else {
                PolicyAction::Permit
            },
            origin: rule.span,
        }
    }

    fn matches(&mut self, rule: &'a Node) -> Vec<RouteMatch> {
        let mut matches = Vec::new();
        for (key, six, next_hop) in [
            ("match-ip-address", false, false),
            ("match-ip6-address", true, false),
            ("match-ip-nexthop", false, true),
            ("match-ip6-nexthop", true, true),
        ] {
            if let Some(word) = rule.list(key).first().filter(|word| !word.text.is_empty()) {
                matches.push(match (self.prefix_list(word, six), next_hop) {
                    (Some(entries), false) => RouteMatch::Prefix(vec![entries]),
                    (Some(entries), true) => RouteMatch::NextHop(vec![entries]),
                    (None, _) => RouteMatch::Unknown(word.span),
                });
            }
        }
        if let Some(word) = rule.list("match-as-path").first() {
            matches.push(match self.as_path_list(word) {
                Some(entries) => RouteMatch::AsPath(vec![entries]),
                None => RouteMatch::Unknown(word.span),
            });
        }
        let exact = rule.flag("match-community-exact") == Some(true);
        if let Some(word) = rule.list("match-community").first() {
            matches.push(match self.community_list(word) {
                Some(entries) => RouteMatch::Community {
                    lists: vec![entries],
                    exact,
                },
                None => RouteMatch::Unknown(word.span),
            });
        }
        if let Some(word) = rule.list("match-interface").first() {
            matches.push(match self.interfaces.get(word.text.as_str()) {
                Some(&id) => RouteMatch::Interface(vec![id]),
                None => {
                    self.undefined("interface", word);
                    RouteMatch::Unknown(word.span)
                }
            });
        }
        if let Some(metric) = rule.parsed("match-metric") {
            matches.push(RouteMatch::Metric(vec![metric]));
        }
        if let Some(tag) = rule.parsed("match-tag") {
            matches.push(RouteMatch::Tag(vec![tag]));
        }
        match rule.word("match-route-type") {
            Some("external-type1" | "1") => {
                let types = vec![RouteType::OspfExternal1, RouteType::OspfNssa1];
                matches.push(RouteMatch::Type(types));
            }
            Some("external-type2" | "2") => {
                let types = vec![RouteType::OspfExternal2, RouteType::OspfNssa2];
                matches.push(RouteMatch::Type(types));
            }
            _ => {}
        }
        for key in [
            "match-origin",
            "match-vrf",
            "match-extcommunity",
            "match-suppress",
        ] {
            if let Some(setting) = rule.setting(key)
                && setting
                    .values
                    .first()
                    .is_some_and(|word| word.text != "none")
            {
                matches.push(RouteMatch::Unknown(setting.span));
            }
        }
        matches
    }
}

fn sets_of(rule: &Node) -> Vec<RouteSet> {
    let mut sets = Vec::new();
    let path = rule.list("set-aspath");
    let systems: Vec<u32> = path
        .iter()
        .flat_map(|word| word.text.split_whitespace())
        .filter_map(|text| text.parse().ok())
        .collect();
    if !path.is_empty() {
        sets.push(match rule.word("set-aspath-action") {
            None | Some("prepend") => RouteSet::PrependAsPath(systems),
            Some(_) => RouteSet::Unknown(rule.span_of("set-aspath-action")),
        });
    }
    if let Some(setting) = rule.setting("set-community") {
        let none = setting.values.iter().any(|word| word.text == "none");
        sets.push(if none {
            RouteSet::NoCommunity
        } else {
            RouteSet::Community {
                communities: lists::communities(&setting.values),
                additive: rule.flag("set-community-additive") == Some(true),
            }
        });
    }
    for key in ["set-ip-nexthop", "set-ip6-nexthop"] {
        if let Some(address) = rule.parsed::<IpAddr>(key) {
            sets.push(RouteSet::NextHop(address));
        }
    }
    if let Some(value) = rule.parsed("set-local-preference") {
        sets.push(RouteSet::LocalPreference(value));
    }
    if let Some(text) = rule.word("set-metric") {
        let value = |text: &str| text.parse().ok();
        let metric = match text.split_at_checked(1) {
            Some(("+", rest)) => value(rest).map(SetMetric::Add),
            Some(("-", rest)) => value(rest).map(SetMetric::Subtract),
            _ => value(text).map(SetMetric::To),
        };
        let unknown = RouteSet::Unknown(rule.span_of("set-metric"));
        sets.push(metric.map_or(unknown, RouteSet::Metric));
    }
    match rule.word("set-metric-type") {
        Some("external-type1" | "1") => {
            sets.push(RouteSet::MetricType(OspfMetricType::External1));
        }
        Some("external-type2" | "2") => {
            sets.push(RouteSet::MetricType(OspfMetricType::External2));
        }
        _ => {}
    }
    further_sets(rule, &mut sets);
    sets
}

/// Adds what a rule sets besides path, communities, metric and next hop.
fn further_sets(rule: &Node, sets: &mut Vec<RouteSet>) {
    match rule.word("set-origin") {
        Some("igp") => sets.push(RouteSet::Origin(0)),
        Some("egp") => sets.push(RouteSet::Origin(1)),
        Some("incomplete") => sets.push(RouteSet::Origin(2)),
        _ => {}
    }
    if let Some(tag) = rule.parsed("set-tag") {
        sets.push(RouteSet::Tag(tag));
    }
    if let Some(weight) = rule.parsed("set-weight") {
        sets.push(RouteSet::Weight(weight));
    }
    for key in [
        "set-community-delete",
        "set-originator-id",
        "set-route-tag",
        "set-priority",
        "set-vpnv4-nexthop",
        "set-extcommunity-rt",
        "set-extcommunity-soo",
        "set-aggregator-as",
        "set-aggregator-ip",
        "set-atomic-aggregate",
        "set-dampening-reachability-half-life",
        "set-ip-prefsrc",
    ] {
        let setting = rule.setting(key);
        let on = setting.filter(|setting| {
            let value = setting.values.first().map_or("", |word| word.text.as_str());
            !matches!(value, "0" | "disable" | "0.0.0.0")
        });
        let span: Option<Span> = on.map(|setting| setting.span);
        sets.extend(span.map(RouteSet::Unknown));
    }
}
