//! Firewall policies: who may talk to whom.
//!
//! Policies are tried in the order of the file, whatever their numbers; the
//! first that matches decides, and what none matches is dropped
//! (administration guide, "Firewall policy"). They see the interface the packet
//! entered by, the one it is to leave by, its own source, and the destination
//! that virtual IPs have made of it.

use super::addresses::{Selection, Side};
use super::policy_settings::{HARMLESS, IDLE, UNTOLD};
use super::vips::VIP_MASK;
use super::{Domain, all, any, not, unknown, unknown_action};
use crate::fortios::reading::Node;
use crate::fortios::version::Version;
use findings::{Code, Span};
use networks::model::{
    Action, ChainId, Condition, ConnectionState, ConnectionStates, Established, Hook, HookKind,
    HookScope, InterfaceKind, InterfaceSet, OutOfState, Rule, SessionEffect, Stage,
};
use packets::{AddressMatch, AddressSet, Family};

/// How a destination rewritten by a virtual IP meets a policy that does not
/// name that virtual IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MatchVip {
    Yes,
    No,
    Unsure,
}

impl<'a> Domain<'a> {
    /// Reads the policies into one chain, evaluated when the way out is known.
    pub(super) fn read_policies(&mut self) {
        let mut rules = self.rules_before();
        for entry in self.entries("firewall policy") {
            self.add_policy(entry, "", &mut rules);
        }
        for entry in self.entries("firewall consolidated policy") {
            self.add_policy(entry, "", &mut rules);
        }
        for entry in self.entries("firewall policy6") {
            self.add_policy(entry, "6", &mut rules);
        }
        self.add_intrazone(&mut rules);
        let chain = self.add_chain("firewall policy", rules, Action::Drop);
        let origin = self.section("firewall policy").map(|section| section.span);
        if let Some(chain) = self.device.chains.get_mut(chain.index()) {
            chain.origin = origin;
        }
        self.add_hook(Hook {
            stage: Stage::Egress,
            scope: HookScope::default(),
            kind: HookKind::Filter,
            chain,
            established: Established::Skip,
            origin,
        });
    }

    /// What is decided before any policy: packets that go back by the interface
    /// they came from, packets out of any session, multicast.
    fn rules_before(&mut self) -> Vec<Rule> {
        let mut rules = Vec::new();
        self.add_redirect(&mut rules);
        if !self.without_syn {
            let shared = "the session may be one that a peer has told of";
            let (action, origin) = match self.half_shared {
                Some(span) => (unknown_action(span, shared), span),
                None => (Action::Drop, self.top),
            };
            if self.device.sessions.tcp_out_of_state == OutOfState::Invalid {
                rules.push(Rule {
                    condition: invalid(),
                    action,
                    origin,
                });
            }
        }
        let multicast = AddressSet(
            ["224.0.0.0/4", "ff00::/8"]
                .iter()
                .filter_map(|text| super::words::joined_net(text))
                .map(AddressMatch::Net)
                .collect(),
        );
        let sections = ["firewall multicast-policy", "firewall multicast-policy6"];
        let policy = sections
            .iter()
            .filter_map(|name| self.section(name))
            .find(|section| !section.is_empty());
        let (action, origin) = match policy {
            Some(section) => (
                unknown_action(section.span, "multicast policies are not modelled"),
                section.span,
            ),
            None => (Action::Drop, self.top),
        };
        rules.push(Rule {
            condition: Condition::Destination(multicast),
            action,
            origin,
        });
        rules
    }

    /// Packets that leave by the interface they entered by need no policy where
    /// `allow-traffic-redirect` is on: the default before 7.4.10 and 7.6.5
    /// (Fortinet technical tip "Traffic handled by FortiGate for packets with
    /// ingress and egress as same interface"). From 7.0.16, 7.2.11 and 7.4.4 on
    /// this holds for every source, before for sources of the interface's own
    /// prefixes. Packets to a virtual IP always need one.
    fn add_redirect(&mut self, rules: &mut Vec<Rule>) {
        let global = self.global.table("system global");
        for (key, family) in [
            ("allow-traffic-redirect", Family::V4),
            ("ipv6-allow-traffic-redirect", Family::V6),
        ] {
            let set = global.and_then(|global| global.flag(key));
            let origin = global.map_or(self.top, |global| global.span_of(key));
            let off_by_default = self
                .version
                .map(|version| version.has(&[Version(7, 4, 10), Version(7, 6, 5)]));
            let on = set.or(off_by_default.map(|off| !off));
            if on == Some(false) {
                continue;
            }
            let any_source = self.version.map(|version| {
                version.has(&[Version(7, 0, 16), Version(7, 2, 11), Version(7, 4, 4)])
            });
            for (id, interface) in self.device.interfaces() {
                let own: Vec<AddressMatch> = interface
                    .addresses
                    .iter()
                    .filter(|own| Family::of(own.net.addr()) == family)
                    .map(|own| AddressMatch::Net(own.net.trunc()))
                    .collect();
                let tunnel = matches!(interface.kind, InterfaceKind::Tunnel(_));
                if tunnel || own.is_empty() && any_source != Some(true) {
                    continue;
                }
                let here = InterfaceSet::new([id]);
                let mut back = vec![
                    Condition::EntersBy(here.clone()),
                    Condition::LeavesBy(here),
                    Condition::Destination(AddressSet::all_of(family)),
                ];
                if !self.vips.is_empty() {
                    back.push(Condition::Mark {
                        mask: VIP_MASK,
                        value: 0,
                    });
                }
                let sources = match any_source {
                    Some(true) => Condition::Always,
                    Some(false) => Condition::Source(AddressSet(own)),
                    None => any([
                        Condition::Source(AddressSet(own)),
                        unknown(
                            origin,
                            "from which version on it holds for every source is not told",
                        ),
                    ]),
                };
                back.push(sources);
                if on.is_none() {
                    let reason = "whether packets may go back unjudged depends on the version";
                    back.push(unknown(origin, reason));
                }
                rules.push(Rule {
                    condition: all(back),
                    action: Action::Accept(SessionEffect::None),
                    origin: interface.origin,
                });
            }
        }
    }

    /// Within a zone with `intrazone allow`, what no policy decided passes
    /// (Fortinet technical tip "Information about policy matching order when
    /// the intrazone setting is used").
    fn add_intrazone(&mut self, rules: &mut Vec<Rule>) {
        for zone in self.zones.values().filter(|zone| zone.intrazone) {
            let members = InterfaceSet::new(zone.members.iter().copied());
            rules.push(Rule {
                condition: all([
                    Condition::EntersBy(members.clone()),
                    Condition::LeavesBy(members),
                ]),
                action: Action::Accept(SessionEffect::Track),
                origin: zone.span,
            });
        }
    }

    fn add_policy(&mut self, entry: &'a Node, suffix: &str, rules: &mut Vec<Rule>) {
        let enabled = entry.flag("status").unwrap_or(true);
        let action = entry.word("action").unwrap_or("deny");
        let condition = self.policy_condition(entry, suffix, action);
        let doubt = self.profile_doubt(entry);
        let accept = match action {
            "accept" => Some(self.accept_action(entry)),
            "deny" => None,
            other => {
                let reason = format!("the action `{other}` is not modelled");
                Some(unknown_action(entry.span_of("action"), reason))
            }
        };
        for key in IDLE {
            entry.setting(key);
        }
        let strange = entry.rest(HARMLESS);
        if !enabled {
            // It matches nothing; kept so that explanations can point at it.
            if let Some(action) = accept {
                rules.push(Rule {
                    condition: Condition::All(vec![super::never(), condition]),
                    action,
                    origin: entry.span_of("status"),
                });
            }
            return;
        }
        let origin = entry.span;
        if let Some(&line) = strange.first() {
            // It could turn what the policy matches into anything between
            // these interfaces.
            let parts = self.interface_conditions(entry);
            let reason = "a setting of the policy is not recognised";
            rules.push(Rule {
                condition: all(parts),
                action: unknown_action(line, reason),
                origin,
            });
            return;
        }
        if condition == super::never() {
            return;
        }
        let action = match (accept, doubt) {
            (None, _) => Action::Drop,
            (Some(accept), None) => accept,
            (Some(accept), Some(doubt)) => self.bounded(entry, doubt, accept),
        };
        rules.push(Rule {
            condition,
            action,
            origin,
        });
    }

    /// Bounded both ways: a profile may end what the policy admits, but what it
    /// does not admit never comes to the profile.
    fn bounded(&mut self, entry: &Node, doubt: Condition, accept: Action) -> Action {
        let rule = |condition, action| Rule {
            condition,
            action,
            origin: entry.span,
        };
        let rules = vec![rule(doubt, Action::Drop), rule(Condition::Always, accept)];
        let name = format!("policy {} and its profiles", entry.name);
        Action::Goto(self.add_chain(name, rules, Action::Drop))
    }

    /// Returns what accepting comes to: where the source is rewritten, a chain
    /// that remembers how.
    fn accept_action(&mut self, entry: &'a Node) -> Action {
        let accept = Action::Accept(SessionEffect::Track);
        for key in ["nat46", "nat64"] {
            if entry.flag(key) == Some(true) {
                let reason = "translation between IPv4 and IPv6 is not modelled";
                return unknown_action(entry.span_of(key), reason);
            }
        }
        match self.nat_chain(entry) {
            Some(chain) => Action::Goto(chain),
            None => accept,
        }
    }

    /// Makes the chain of accepting with a mark that names the translation.
    pub(super) fn marking_chain(&mut self, mask: u32, value: u32, origin: Span) -> ChainId {
        let rule = |condition, action| Rule {
            condition,
            action,
            origin,
        };
        let rules = vec![
            rule(Condition::Always, Action::SetMark { mask, value }),
            rule(Condition::Always, Action::Accept(SessionEffect::Track)),
        ];
        self.add_chain("accepted for translation", rules, Action::Drop)
    }

    fn policy_condition(&mut self, entry: &'a Node, suffix: &str, action: &str) -> Condition {
        let mut parts = self.interface_conditions(entry);
        for key in ["srcintf", "dstintf"] {
            if entry.list(key).is_empty() {
                self.incomplete(entry, key, &mut parts);
            }
        }
        parts.push(self.address_condition(entry, suffix, action));
        let by_database = ["internet-service", "internet-service6"]
            .iter()
            .any(|key| entry.flag(key) == Some(true));
        if entry.list("service").is_empty() {
            if !by_database {
                self.incomplete(entry, "service", &mut parts);
            }
        } else {
            let service = self.service_condition(entry.list("service"), entry.span);
            let negated = entry.flag("service-negate") == Some(true);
            parts.push(if negated { not(service) } else { service });
        }
        parts.push(self.schedule_condition(entry));
        self.untold(entry, &mut parts);
        if let Some(setting) = entry.setting("tcp-session-without-syn")
            && self.without_syn
        {
            let mode = setting.values.first().map_or("", |word| word.text.as_str());
            match mode {
                "all" => {}
                "data-only" => parts.push(any([
                    not(invalid()),
                    unknown(setting.span, "what counts as data is not modelled"),
                ])),
                _ => parts.push(not(invalid())),
            }
        } else if self.without_syn {
            parts.push(not(invalid()));
        }
        all(parts)
    }

    /// Returns the conditions on the interfaces of a policy.
    fn interface_conditions(&mut self, entry: &'a Node) -> Vec<Condition> {
        let mut parts = Vec::new();
        for (key, enters) in [("srcintf", true), ("dstintf", false)] {
            let Some(set) = self.interface_set(entry.list(key)) else {
                continue;
            };
            let known = if enters {
                Condition::EntersBy(set)
            } else {
                Condition::LeavesBy(set)
            };
            // What nothing defines may be anything.
            let strange = entry.list(key).iter();
            let mut strange = strange.filter(|word| self.named_interfaces(word).is_none());
            parts.push(match strange.next() {
                None => known,
                Some(word) => {
                    let reason = format!("nothing defines `{}`", word.text);
                    any([known, unknown(word.span, reason)])
                }
            });
        }
        parts
    }

    fn incomplete(&mut self, entry: &Node, key: &str, parts: &mut Vec<Condition>) {
        let code = Code::new("policy-incomplete");
        let message = format!("policy `{}` has no `{key}`", entry.name);
        self.report(code, entry.span, message);
        parts.push(unknown(entry.span, format!("the policy has no `{key}`")));
    }

    fn untold(&mut self, entry: &Node, parts: &mut Vec<Condition>) {
        for (key, reason) in UNTOLD {
            let Some(setting) = entry.setting(key) else {
                continue;
            };
            let value = setting.values.first().map_or("", |word| word.text.as_str());
            if !matches!(value, "disable" | "none" | "0" | "0x00") {
                parts.push(unknown(setting.span, *reason));
            }
        }
        // Lists that go with settings above name what no header shows.
        for setting in entry.settings() {
            let named = ["internet-service", "network-service", "ztna-", "app-"];
            if named.iter().any(|start| setting.key.starts_with(start)) {
                setting.mark(networks::model::LineState::Understood);
            }
        }
    }

    /// Returns the condition on both addresses: those of IPv4, or those of IPv6.
    fn address_condition(&mut self, entry: &'a Node, suffix: &str, action: &str) -> Condition {
        let mut families = Vec::new();
        let fields = if suffix == "6" {
            vec![(Family::V6, "")]
        } else {
            vec![(Family::V4, ""), (Family::V6, "6")]
        };
        for (family, end) in fields {
            // A consolidated policy of 6.2 calls the IPv4 ones `srcaddr4`.
            let name = |key: &str| {
                let four = format!("{key}4");
                if family == Family::V4 && entry.setting(&four).is_some() {
                    four
                } else {
                    format!("{key}{end}")
                }
            };
            let (source, destination) = (name("srcaddr"), name("dstaddr"));
            let (sources, destinations) = (entry.list(&source), entry.list(&destination));
            if sources.is_empty() && destinations.is_empty() {
                continue;
            }
            let negated = |key: &str| {
                let own = entry.flag(&format!("{key}-negate"));
                own.unwrap_or(false)
            };
            let from = self.select(sources, family);
            let to = self.select(destinations, family);
            let enabled = entry.flag("status").unwrap_or(true);
            self.vips.used(&to.vips, enabled);
            let database = |key: &str| entry.flag(key) == Some(true);
            let mut parts = Vec::new();
            if !sources.is_empty() {
                parts.push(side(&from, Side::Source, family, negated(&source)));
            } else if !database("internet-service-src") && !database("internet-service6-src") {
                self.incomplete(entry, &source, &mut parts);
            }
            if !destinations.is_empty() {
                let matched = self.match_vip(entry, action);
                parts.push(self.destination(&to, family, negated(&destination), matched, entry));
            } else if !database("internet-service") && !database("internet-service6") {
                self.incomplete(entry, &destination, &mut parts);
            }
            if sources.is_empty() || destinations.is_empty() {
                parts.push(Condition::Destination(AddressSet::all_of(family)));
            }
            families.push(all(parts));
        }
        if families.is_empty() {
            let both = ["internet-service", "internet-service-src"];
            if both.iter().any(|key| entry.flag(key) != Some(true)) {
                let mut parts = Vec::new();
                self.incomplete(entry, "srcaddr", &mut parts);
                return all(parts);
            }
            return Condition::Always;
        }
        any(families)
    }

    /// Returns the condition on the destination. What a virtual IP has
    /// rewritten is matched by naming that virtual IP, and by addresses only as
    /// `match-vip` says. With central NAT, policies see addresses alone.
    fn destination(
        &mut self,
        to: &Selection,
        family: Family,
        negated: bool,
        matched: MatchVip,
        entry: &Node,
    ) -> Condition {
        let plain = side(to, Side::Destination, family, negated);
        if self.vips.is_empty() || self.central_nat() {
            return plain;
        }
        let untouched = Condition::Mark {
            mask: VIP_MASK,
            value: 0,
        };
        let mut parts = Vec::new();
        match matched {
            MatchVip::Yes => parts.push(plain),
            MatchVip::No => parts.push(all([untouched, plain])),
            MatchVip::Unsure => {
                let reason = "whether `match-vip` is on depends on the version";
                let doubt = unknown(entry.span_of("match-vip"), reason);
                parts.push(all([plain, any([untouched, doubt])]));
            }
        }
        for &vip in &to.vips {
            if let Some(value) = super::vips::mark(vip) {
                let named = Condition::Mark {
                    mask: VIP_MASK,
                    value,
                };
                parts.push(if negated {
                    all([
                        named,
                        unknown(entry.span, "negation of a virtual IP is not modelled"),
                    ])
                } else {
                    named
                });
            }
        }
        any(parts)
    }

    /// `match-vip` is off unless set before 7.2.3, on unless unset from there on
    /// for policies that deny (Fortinet technical tip "DENY policy for Virtual
    /// IP firewall policy"), and not available in policies that accept from
    /// 6.4.3 on (release notes of 6.4.8, "Enabling match-vip in firewall
    /// policies").
    fn match_vip(&self, entry: &Node, action: &str) -> MatchVip {
        let set = entry.flag("match-vip");
        let certain = |on: bool| if on { MatchVip::Yes } else { MatchVip::No };
        match (action, set, self.version) {
            ("deny", Some(on), _) => certain(on),
            ("deny", None, Some(version)) => certain(version.has(&[Version(7, 2, 3)])),
            ("deny", None, None) => MatchVip::Unsure,
            (_, Some(true), Some(version)) => certain(version < Version(6, 4, 3)),
            (_, Some(true), None) => MatchVip::Unsure,
            _ => MatchVip::No,
        }
    }

    /// A recurring schedule of every day without hours is always in force, one
    /// without days never; all others are unknown.
    pub(super) fn schedule_condition(&mut self, entry: &'a Node) -> Condition {
        let Some(word) = entry.list("schedule").first() else {
            return Condition::Always;
        };
        let recurring = self.section("firewall schedule recurring");
        let Some(schedule) = recurring.and_then(|section| section.referred(word)) else {
            let elsewhere = ["firewall schedule onetime", "firewall schedule group"];
            let defined = elsewhere
                .iter()
                .filter_map(|name| self.section(name))
                .any(|section| section.referred(word).is_some());
            return match word.text.as_str() {
                "always" => Condition::Always,
                "none" if !defined => super::never(),
                _ => {
                    if !defined {
                        self.undefined("schedule", word);
                    }
                    unknown(word.span, "it depends on the time")
                }
            };
        };
        let days = schedule.list("day");
        let midnight = |key: &str| schedule.word(key).is_none_or(|time| time == "00:00");
        let hours = !(midnight("start") && midnight("end"));
        let none = days.is_empty() || days.iter().all(|day| day.text == "none");
        match (none, days.len() >= 7, hours) {
            (true, _, _) => super::never(),
            (false, true, false) => Condition::Always,
            _ => unknown(word.span, "it depends on the time"),
        }
    }
}

fn invalid() -> Condition {
    Condition::Connection(ConnectionStates::new([ConnectionState::Invalid]))
}

/// Returns the condition on one address; a negation stays within the family.
fn side(selection: &Selection, side: Side, family: Family, negated: bool) -> Condition {
    let plain = selection.condition(side);
    if !negated {
        return plain;
    }
    let every = AddressSet::all_of(family);
    let within = match side {
        Side::Source => Condition::Source(every),
        Side::Destination => Condition::Destination(every),
    };
    all([within, not(plain)])
}
