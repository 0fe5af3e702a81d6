//! Routing policies: route maps and lists used on routes.

use super::super::config::{
    AccessList, AceAddress, AceRule, AceService, FilterKind, MapMatch, MapSet, RouteMapTerm,
};
use super::Builder;
use findings::Span;
use ipnet::IpNet;
use networks::model::{
    AsPathEntry, CommunityEntry, PolicyAction, PolicyTerm, PrefixEntry, RouteMatch, RoutePolicy,
    RoutePolicyId, RouteSet,
};
use packets::{AddressMatch, Wildcard};
use std::net::Ipv4Addr;

/// What a policy is made of, so that each is made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    /// A route map, and whether BGP neighbours use it.
    Map(&'a str, bool),
    Prefix(&'a str),
    List(&'a str),
    IgpList(&'a str),
    AsPath(&'a str),
}

impl<'a> Builder<'_, 'a> {
    fn add_policy(&mut self, key: Key<'a>, policy: RoutePolicy) -> RoutePolicyId {
        let id = RoutePolicyId(u32::try_from(self.device.policies.len()).unwrap_or(u32::MAX));
        self.device.policies.push(policy);
        self.policies.insert(key, id);
        id
    }

    /// Returns the policy of a route map used at a line.
    ///
    /// One that nothing defines lets nothing pass where BGP neighbours use it
    /// (the captured lab `ios_example_network`, router `as2core2`); what it
    /// does elsewhere is not known.
    pub(super) fn route_map(
        &mut self,
        name: &'a str,
        used_at: Span,
        neighbor: bool,
    ) -> RoutePolicyId {
        let key = Key::Map(name, neighbor);
        let Some(map) = self.config.route_maps.get(name) else {
            self.undefined("route map", name, used_at);
            if let Some(&id) = self.policies.get(&key) {
                return id;
            }
            let mut policy = RoutePolicy {
                name: name.to_owned(),
                terms: Vec::new(),
                default: PolicyAction::Deny,
                origin: None,
            };
            if !neighbor {
                policy.terms.push(unknown_term(used_at));
            }
            return self.add_policy(key, policy);
        };
        if let Some(&id) = self.policies.get(&key) {
            return id;
        }
        let terms = map
            .terms
            .iter()
            .map(|(&sequence, term)| self.term(sequence, term))
            .collect();
        let policy = RoutePolicy {
            name: name.to_owned(),
            terms,
            default: PolicyAction::Deny,
            origin: Some(map.origin),
        };
        self.add_policy(key, policy)
    }

    fn term(&mut self, sequence: u32, term: &RouteMapTerm<'a>) -> PolicyTerm {
        let mut matches = Vec::new();
        let (mut lists, mut prefixes) = (false, false);
        for (found, origin) in &term.matches {
            lists |= matches!(found, MapMatch::Address { .. });
            prefixes |= matches!(found, MapMatch::AddressPrefix { .. });
            let made = self.route_match(found, *origin);
            merge(&mut matches, made);
        }
        // How IOS joins a list and a prefix list of one term is not documented.
        if lists && prefixes {
            matches.push(RouteMatch::Unknown(term.origin));
        }
        let mut sets = Vec::new();
        for (set, origin) in &term.sets {
            sets.extend(self.route_set(set, *origin));
        }
        let action = match (term.permit, term.proceed) {
            (true, None) => PolicyAction::Permit,
            (false, None) => PolicyAction::Deny,
            (true, Some(to)) => {
                PolicyAction::ContinueAt(to.unwrap_or_else(|| sequence.saturating_add(1)))
            }
            (false, Some(_)) => {
                matches.push(RouteMatch::Unknown(term.origin));
                PolicyAction::Deny
            }
        };
        PolicyTerm {
            sequence,
            matches,
            sets,
            action,
            origin: term.origin,
        }
    }

    fn route_match(&mut self, found: &MapMatch<'a>, origin: Span) -> RouteMatch {
        let made = match found {
            MapMatch::Address { lists, ipv6: false } => {
                self.route_lists(lists, origin).map(RouteMatch::Prefix)
            }
            MapMatch::AddressPrefix { lists, ipv6 } => self
                .prefix_lists(lists, *ipv6, origin)
                .map(RouteMatch::Prefix),
            MapMatch::NextHop { lists, prefix } => self
                .host_lists(lists, *prefix, origin)
                .map(RouteMatch::NextHop),
            MapMatch::Source { lists, prefix } => self
                .host_lists(lists, *prefix, origin)
                .map(RouteMatch::Source),
            MapMatch::AsPath(lists) => lists
                .iter()
                .map(|name| self.as_path_entries(name, origin))
                .collect::<Option<_>>()
                .map(RouteMatch::AsPath),
            MapMatch::Community { lists, exact } => lists
                .iter()
                .map(|name| self.community_entries(name, origin))
                .collect::<Option<_>>()
                .map(|lists| RouteMatch::Community {
                    lists,
                    exact: *exact,
                }),
            MapMatch::Metric(values) => Some(RouteMatch::Metric(values.clone())),
            MapMatch::LocalPreference(values) => Some(RouteMatch::LocalPreference(values.clone())),
            MapMatch::Tag(values) => Some(RouteMatch::Tag(values.clone())),
            MapMatch::Interface(names) => names
                .iter()
                .map(|name| self.interface_id(name))
                .collect::<Option<_>>()
                .map(RouteMatch::Interface),
            MapMatch::Type(types) => Some(RouteMatch::Type(types.clone())),
            MapMatch::Protocol(sources) => Some(RouteMatch::Protocol(sources.clone())),
            MapMatch::Address { ipv6: true, .. } | MapMatch::Unknown(_) => None,
        };
        made.unwrap_or(RouteMatch::Unknown(origin))
    }

    fn route_set(&mut self, set: &MapSet<'a>, origin: Span) -> Option<RouteSet> {
        Some(match set {
            MapSet::Route(set) => set.clone(),
            MapSet::NextHop(hops) => RouteSet::NextHop(*hops.first()?),
            MapSet::DeleteCommunity(name) => match self.community_entries(name, origin) {
                Some(entries) => RouteSet::DeleteCommunity(entries),
                None => RouteSet::Unknown(origin),
            },
            // These are for packets; on a route they set nothing.
            MapSet::DefaultNextHop(_) | MapSet::Interface(_) | MapSet::Vrf { .. } => return None,
            MapSet::UnknownForPackets(_) | MapSet::Nothing => return None,
        })
    }

    fn route_lists(&mut self, names: &[&'a str], at: Span) -> Option<Vec<Vec<PrefixEntry>>> {
        names.iter().map(|name| self.route_list(name, at)).collect()
    }

    /// Returns an access list as entries on prefixes; `None` where it is not
    /// defined or cannot be told.
    fn route_list(&mut self, name: &'a str, at: Span) -> Option<Vec<PrefixEntry>> {
        match self.list(name, false) {
            Some(list) => {
                self.spend(list.entries.len()).ok()?;
                on_prefixes(list)
            }
            None => {
                self.undefined("access list", name, at);
                None
            }
        }
    }

    fn prefix_lists(
        &mut self,
        names: &[&'a str],
        ipv6: bool,
        at: Span,
    ) -> Option<Vec<Vec<PrefixEntry>>> {
        names
            .iter()
            .map(|name| self.prefix_entries(name, ipv6, at))
            .collect()
    }

    /// Lists on addresses: the prefixes asked for are host prefixes.
    fn host_lists(
        &mut self,
        names: &[&'a str],
        prefix: bool,
        at: Span,
    ) -> Option<Vec<Vec<PrefixEntry>>> {
        if prefix {
            return self.prefix_lists(names, false, at);
        }
        let standard = names
            .iter()
            .all(|name| self.list(name, false).is_none_or(|list| list.standard));
        if standard {
            self.route_lists(names, at)
        } else {
            None
        }
    }

    fn prefix_entries(&mut self, name: &'a str, ipv6: bool, at: Span) -> Option<Vec<PrefixEntry>> {
        let config = self.config;
        let lists = if ipv6 {
            &config.prefix_lists_v6
        } else {
            &config.prefix_lists
        };
        let other = if ipv6 {
            &config.prefix_lists
        } else {
            &config.prefix_lists_v6
        };
        let Some(list) = lists.get(name).or_else(|| other.get(name)) else {
            self.undefined("prefix list", name, at);
            return None;
        };
        if list.unread.is_some() {
            return None;
        }
        self.spend(list.entries.len()).ok()?;
        let entries = list.entries.values().map(|item| PrefixEntry::Net {
            permit: item.permit,
            net: item.net,
            length_min: item.length_min,
            length_max: item.length_max,
            origin: item.origin,
        });
        Some(entries.collect())
    }

    fn community_entries(&mut self, name: &'a str, at: Span) -> Option<Vec<CommunityEntry>> {
        let Some(list) = self.config.community_lists.get(name) else {
            self.undefined("community list", name, at);
            return None;
        };
        self.spend(list.entries.len()).ok()?;
        list.unread.is_none().then(|| list.entries.clone())
    }

    fn as_path_entries(&mut self, name: &'a str, at: Span) -> Option<Vec<AsPathEntry>> {
        let Some(list) = self.config.as_path_lists.get(name) else {
            self.undefined("AS-path list", name, at);
            return None;
        };
        self.spend(list.entries.len()).ok()?;
        list.unread.is_none().then(|| list.entries.clone())
    }

    /// Returns the policy that a list stands for: what it permits passes.
    pub(super) fn filter_policy(
        &mut self,
        kind: FilterKind,
        name: &'a str,
        at: Span,
    ) -> RoutePolicyId {
        let key = match kind {
            FilterKind::RouteMap => return self.route_map(name, at, false),
            FilterKind::AccessList => Key::List(name),
            FilterKind::PrefixList => Key::Prefix(name),
            FilterKind::AsPath => Key::AsPath(name),
        };
        if let Some(&id) = self.policies.get(&key) {
            return id;
        }
        let matched = match kind {
            FilterKind::AsPath => self
                .as_path_entries(name, at)
                .map(|entries| RouteMatch::AsPath(vec![entries])),
            FilterKind::PrefixList => self
                .prefix_entries(name, false, at)
                .map(|entries| RouteMatch::Prefix(vec![entries])),
            _ => self
                .route_list(name, at)
                .map(|entries| RouteMatch::Prefix(vec![entries])),
        };
        self.list_policy(key, name, matched, at)
    }

    /// An access list on what enters the routing table of an IGP.
    pub(super) fn igp_list(&mut self, name: &'a str, at: Span) -> RoutePolicyId {
        let key = Key::IgpList(name);
        if let Some(&id) = self.policies.get(&key) {
            return id;
        }
        let standard = self.list(name, false).is_none_or(|list| list.standard);
        let entries = self.route_list(name, at).filter(|_| standard);
        let matched = entries.map(|entries| RouteMatch::Prefix(vec![entries]));
        self.list_policy(key, name, matched, at)
    }

    fn list_policy(
        &mut self,
        key: Key<'a>,
        name: &str,
        matched: Option<RouteMatch>,
        at: Span,
    ) -> RoutePolicyId {
        let term = PolicyTerm {
            sequence: 10,
            matches: vec![matched.unwrap_or(RouteMatch::Unknown(at))],
            sets: Vec::new(),
            action: PolicyAction::Permit,
            origin: at,
        };
        let policy = RoutePolicy {
            name: name.to_owned(),
            terms: vec![term],
            default: PolicyAction::Deny,
            origin: Some(at),
        };
        self.add_policy(key, policy)
    }
}

fn unknown_term(at: Span) -> PolicyTerm {
    PolicyTerm {
        sequence: 10,
        matches: vec![RouteMatch::Unknown(at)],
        sets: vec![RouteSet::Unknown(at)],
        action: PolicyAction::Permit,
        origin: at,
    }
}

/// Values of one kind on several lines are alternatives, as on one line.
fn merge(matches: &mut Vec<RouteMatch>, made: RouteMatch) {
    for present in matches.iter_mut() {
        match (present, &made) {
            (RouteMatch::Prefix(lists), RouteMatch::Prefix(more))
            | (RouteMatch::NextHop(lists), RouteMatch::NextHop(more)) => {
                lists.extend_from_slice(more);
                return;
            }
            (RouteMatch::AsPath(lists), RouteMatch::AsPath(more)) => {
                lists.extend_from_slice(more);
                return;
            }
            (
                RouteMatch::Community {
                    lists,
                    exact: false,
                },
                RouteMatch::Community {
                    lists: more,
                    exact: false,
                },
            ) => {
                lists.extend_from_slice(more);
                return;
            }
            (RouteMatch::Tag(values), RouteMatch::Tag(more))
            | (RouteMatch::Metric(values), RouteMatch::Metric(more)) => {
                values.extend_from_slice(more);
                return;
            }
            (RouteMatch::Interface(ids), RouteMatch::Interface(more)) => {
                ids.extend_from_slice(more);
                return;
            }
            (RouteMatch::Type(types), RouteMatch::Type(more)) => {
                types.extend_from_slice(more);
                return;
            }
            _ => {}
        }
    }
    matches.push(made);
}

/// Reads an access list as IOS applies it to routes: a standard list asks for
/// the network address; an extended one for the address by its source and for
/// the mask by its destination (Cisco IOS IP Routing: BGP Command Reference,
/// `neighbor distribute-list`).
fn on_prefixes(list: &AccessList<'_>) -> Option<Vec<PrefixEntry>> {
    let mut entries: Vec<_> = list.entries.iter().collect();
    entries.sort_by_key(|entry| entry.sequence);
    let mut made = Vec::with_capacity(entries.len());
    for entry in entries {
        let AceRule::Match(found) = &entry.rule else {
            return None;
        };
        let plain = matches!(found.service, AceService::Any) && found.more.is_none();
        if !plain {
            return None;
        }
        let address = as_wildcard(&found.source)?;
        let lengths = match &found.destination {
            AceAddress::Any => vec![(0, 32)],
            mask => lengths(as_wildcard(mask)?),
        };
        made.extend(
            lengths
                .into_iter()
                .map(|(length_min, length_max)| PrefixEntry::Wildcard {
                    permit: found.permit,
                    address,
                    length_min,
                    length_max,
                    origin: entry.origin,
                }),
        );
    }
    Some(made)
}

fn as_wildcard(address: &AceAddress<'_>) -> Option<Wildcard> {
    match address {
        AceAddress::Any => Some(Wildcard::new(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST)),
        AceAddress::One(AddressMatch::Wildcard(wildcard)) => Some(*wildcard),
        AceAddress::One(AddressMatch::Net(IpNet::V4(net))) => {
            Some(Wildcard::new(net.network(), net.hostmask()))
        }
        _ => None,
    }
}

/// Returns the prefix lengths whose masks match, as ranges.
fn lengths(mask: Wildcard) -> Vec<(u8, u8)> {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for length in 0..=32u8 {
        let bits = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        if !mask.contains(Ipv4Addr::from_bits(bits)) {
            continue;
        }
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == length => *last = length,
            _ => ranges.push((length, length)),
        }
    }
    ranges
}
