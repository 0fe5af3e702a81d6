//! Route maps.

use super::super::config::{MapMatch, MapSet, RouteMap, RouteMapTerm, Touch};
use super::super::words::{self, asn, parse};
use super::lists::community;
use super::{Outcome, Reader};
use networks::model::{OspfMetricType, RouteSet, RouteSource, RouteType, SetMetric};
use std::collections::BTreeMap;
use std::net::IpAddr;

impl<'a> Reader<'_, 'a> {
    /// `route-map NAME [permit|deny] [N]`, the words after the first.
    pub(super) fn route_map(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let (name, permit, sequence) = match words {
            [name] => (*name, true, Some(10)),
            [name, kind @ ("permit" | "deny")] => (*name, *kind == "permit", Some(10)),
            [name, kind @ ("permit" | "deny"), number] => {
                (*name, *kind == "permit", parse::<u32>(number))
            }
            _ => return Outcome::Unrecognised,
        };
        let Some(sequence) = sequence else {
            return Outcome::Unrecognised;
        };
        let map = self
            .config
            .route_maps
            .entry(name)
            .or_insert_with(|| RouteMap {
                terms: BTreeMap::new(),
                origin,
            });
        let mut term = map.terms.remove(&sequence).unwrap_or(RouteMapTerm {
            permit,
            matches: Vec::new(),
            sets: Vec::new(),
            proceed: None,
            origin,
        });
        term.permit = permit;
        self.block(index, &Touch::Nothing, |reader, child, words| {
            let span = reader.span(child);
            match words {
                ["description", ..] => Outcome::Outside,
                ["match", rest @ ..] => {
                    let found = map_match(rest);
                    let outcome = match &found {
                        MapMatch::Unknown(reason) => Outcome::Matters(reason),
                        _ => Outcome::Understood,
                    };
                    term.matches.push((found, span));
                    outcome
                }
                ["set", rest @ ..] => {
                    let (found, outcome) = match map_set(rest, span) {
                        Some(MapSet::UnknownForPackets(reason)) => {
                            (MapSet::UnknownForPackets(reason), Outcome::Matters(reason))
                        }
                        Some(MapSet::Nothing) => (MapSet::Nothing, Outcome::Outside),
                        Some(MapSet::Route(RouteSet::Unknown(at))) => {
                            let reason = "what it sets is not modelled";
                            (
                                MapSet::Route(RouteSet::Unknown(at)),
                                Outcome::Matters(reason),
                            )
                        }
                        Some(found) => (found, Outcome::Understood),
                        None => {
                            term.sets.push((
                                MapSet::UnknownForPackets("the line is not recognised"),
                                span,
                            ));
                            (
                                MapSet::Route(RouteSet::Unknown(span)),
                                Outcome::Unrecognised,
                            )
                        }
                    };
                    term.sets.push((found, span));
                    outcome
                }
                ["continue"] => {
                    term.proceed = Some(None);
                    Outcome::Understood
                }
                ["continue", number] => match parse(number) {
                    Some(number) => {
                        term.proceed = Some(Some(number));
                        Outcome::Understood
                    }
                    None => Outcome::Unrecognised,
                },
                _ => {
                    term.matches
                        .push((MapMatch::Unknown("the line is not recognised"), span));
                    Outcome::Unrecognised
                }
            }
        });
        if let Some(map) = self.config.route_maps.get_mut(name) {
            map.terms.insert(sequence, term);
        }
        Outcome::Understood
    }
}

fn map_match<'a>(words: &[&'a str]) -> MapMatch<'a> {
    read_match(words).unwrap_or(MapMatch::Unknown("what it matches is not modelled"))
}

fn read_match<'a>(words: &[&'a str]) -> Option<MapMatch<'a>> {
    let all = |words: &[&str]| {
        words
            .iter()
            .map(|word| parse::<u32>(word))
            .collect::<Option<Vec<_>>>()
    };
    Some(match words {
        [
            family @ ("ip" | "ipv6"),
            "address",
            "prefix-list",
            lists @ ..,
        ] => MapMatch::AddressPrefix {
            lists: lists.to_vec(),
            ipv6: *family == "ipv6",
        },
        [family @ ("ip" | "ipv6"), "address", lists @ ..] => MapMatch::Address {
            lists: lists.to_vec(),
            ipv6: *family == "ipv6",
        },
        ["ip", "next-hop", "prefix-list", lists @ ..] => MapMatch::NextHop {
            lists: lists.to_vec(),
            prefix: true,
        },
        ["ip", "next-hop", lists @ ..] => MapMatch::NextHop {
            lists: lists.to_vec(),
            prefix: false,
        },
        ["ip", "route-source", "prefix-list", lists @ ..] => MapMatch::Source {
            lists: lists.to_vec(),
            prefix: true,
        },
        ["ip", "route-source", lists @ ..] if !lists.contains(&"redistribution-source") => {
            MapMatch::Source {
                lists: lists.to_vec(),
                prefix: false,
            }
        }
        ["as-path", lists @ ..] => MapMatch::AsPath(lists.to_vec()),
        ["community", lists @ .., "exact-match"] => MapMatch::Community {
            lists: lists.to_vec(),
            exact: true,
        },
        ["community", lists @ ..] => MapMatch::Community {
            lists: lists.to_vec(),
            exact: false,
        },
        ["metric", numbers @ ..] => MapMatch::Metric(all(numbers)?),
        ["local-preference", numbers @ ..] => MapMatch::LocalPreference(all(numbers)?),
        ["tag", numbers @ ..] => MapMatch::Tag(all(numbers)?),
        ["interface", names @ ..] => MapMatch::Interface(interfaces(names)?),
        ["route-type", kinds @ ..] => MapMatch::Type(route_types(kinds)?),
        ["source-protocol", rest @ ..] => MapMatch::Protocol(protocols(rest)?),
        _ => return None,
    })
}

fn interfaces(mut words: &[&str]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !words.is_empty() {
        let (name, used) = words::interface(words)?;
        names.push(name);
        words = words.get(used..)?;
    }
    Some(names)
}

fn route_types(words: &[&str]) -> Option<Vec<RouteType>> {
    let mut types = Vec::new();
    let mut words = words;
    while let Some((&kind, rest)) = words.split_first() {
        words = rest;
        match (kind, rest) {
            ("internal", _) => types.extend([
                RouteType::OspfIntra,
                RouteType::OspfInter,
                RouteType::BgpInternal,
            ]),
            ("external", ["type-1", after @ ..]) => {
                types.push(RouteType::OspfExternal1);
                words = after;
            }
            ("external", ["type-2", after @ ..]) => {
                types.push(RouteType::OspfExternal2);
                words = after;
            }
            ("external", _) => types.extend([
                RouteType::OspfExternal1,
                RouteType::OspfExternal2,
                RouteType::BgpExternal,
            ]),
            ("nssa-external", ["type-1", after @ ..]) => {
                types.push(RouteType::OspfNssa1);
                words = after;
            }
            ("nssa-external", ["type-2", after @ ..]) => {
                types.push(RouteType::OspfNssa2);
                words = after;
            }
            ("nssa-external", _) => types.extend([RouteType::OspfNssa1, RouteType::OspfNssa2]),
            ("local", _) => types.push(RouteType::Local),
            _ => return None,
        }
    }
    Some(types)
}

fn protocols(words: &[&str]) -> Option<Vec<RouteSource>> {
    let mut found = Vec::new();
    let mut words = words;
    while let Some((&kind, rest)) = words.split_first() {
        words = rest;
        match (kind, rest) {
            ("connected", _) => found.push(RouteSource::Connected),
            ("static", _) => found.push(RouteSource::Static),
            ("bgp", [_, after @ ..]) => {
                found.push(RouteSource::Bgp);
                words = after;
            }
            ("ospf", [process, after @ ..]) => {
                let types = vec![
                    RouteType::OspfIntra,
                    RouteType::OspfInter,
                    RouteType::OspfExternal1,
                    RouteType::OspfExternal2,
                    RouteType::OspfNssa1,
                    RouteType::OspfNssa2,
                ];
                let process = Some((*process).to_owned());
                found.push(RouteSource::Ospf { process, types });
                words = after;
            }
            ("eigrp", [number, after @ ..]) => {
                found.push(RouteSource::Unmodelled(format!("eigrp {number}")));
                words = after;
            }
            ("rip", _) => found.push(RouteSource::Unmodelled("rip".to_owned())),
            ("isis", _) => found.push(RouteSource::Unmodelled("isis".to_owned())),
            _ => return None,
        }
    }
    Some(found)
}

/// `None` where the line is not known at all.
fn map_set<'a>(words: &[&'a str], span: findings::Span) -> Option<MapSet<'a>> {
    let unknown = MapSet::Route(RouteSet::Unknown(span));
    Some(match words {
        ["metric", number] => MapSet::Route(RouteSet::Metric(metric(number)?)),
        ["metric", ..] => unknown,
        ["metric-type", "internal"] => MapSet::Route(RouteSet::Metric(SetMetric::Igp)),
        ["metric-type", "type-1"] => MapSet::Route(RouteSet::MetricType(OspfMetricType::External1)),
        ["metric-type", "type-2"] => MapSet::Route(RouteSet::MetricType(OspfMetricType::External2)),
        ["local-preference", number] => MapSet::Route(RouteSet::LocalPreference(parse(number)?)),
        ["weight", number] => MapSet::Route(RouteSet::Weight(parse(number)?)),
        ["tag", number] => MapSet::Route(RouteSet::Tag(parse(number)?)),
        ["origin", "igp"] => MapSet::Route(RouteSet::Origin(0)),
        ["origin", "egp", ..] => MapSet::Route(RouteSet::Origin(1)),
        ["origin", "incomplete"] => MapSet::Route(RouteSet::Origin(2)),
        ["community", "none"] => MapSet::Route(RouteSet::NoCommunity),
        ["community", rest @ ..] => MapSet::Route(communities(rest)?),
        ["comm-list", list, "delete"] => MapSet::DeleteCommunity(list),
        ["as-path", "prepend", "last-as", number] => {
            MapSet::Route(RouteSet::PrependLastAs(parse(number)?))
        }
        ["as-path", "prepend", systems @ ..] => {
            let systems = systems
                .iter()
                .map(|word| asn(word))
                .collect::<Option<Vec<_>>>()?;
            MapSet::Route(RouteSet::PrependAsPath(systems))
        }
        ["as-path", ..]
        | [
            "level" | "automatic-tag" | "dampening" | "traffic-index" | "nlri" | "distance"
            | "aigp-metric" | "mpls-label",
            ..,
        ] => unknown,
        // Extended communities choose what other VRFs import, which is judged there.
        ["extcommunity" | "extcomm-list", ..] => MapSet::Nothing,
        ["ip", rest @ ..] => packet_set(rest)?,
        ["ipv6", "next-hop", addresses @ ..] => MapSet::NextHop(hops(addresses)?),
        ["ipv6", ..] => MapSet::UnknownForPackets("it is modelled for IPv4 alone"),
        ["interface", names @ ..] => MapSet::Interface(interfaces(names)?),
        ["vrf", name] => MapSet::Vrf {
            name,
            next_hop: None,
        },
        ["global"] => MapSet::Vrf {
            name: super::super::config::DEFAULT_VRF,
            next_hop: None,
        },
        ["default", "interface", ..] => {
            MapSet::UnknownForPackets("default interfaces of policy routing are not modelled")
        }
        _ => return None,
    })
}

/// `set ip …`.
fn packet_set<'a>(words: &[&'a str]) -> Option<MapSet<'a>> {
    Some(match words {
        ["next-hop", "peer-address"] => MapSet::Route(RouteSet::NextHopPeer),
        ["next-hop", "self"] => MapSet::Route(RouteSet::NextHopSelf),
        ["next-hop", "verify-availability", ..] => {
            MapSet::UnknownForPackets("whether the next hop is available is known at run time")
        }
        [
            "next-hop",
            "recursive" | "unchanged" | "encapsulate" | "dynamic",
            ..,
        ] => MapSet::UnknownForPackets("this form of next hop is not modelled"),
        ["next-hop", addresses @ ..] => MapSet::NextHop(hops(addresses)?),
        ["default", "next-hop", "verify-availability", ..] => {
            MapSet::UnknownForPackets("whether the next hop is available is known at run time")
        }
        ["default", "next-hop", addresses @ ..] => MapSet::DefaultNextHop(hops(addresses)?),
        ["vrf", name, "next-hop", address] => MapSet::Vrf {
            name,
            next_hop: Some(parse(address)?),
        },
        ["global", "next-hop", address] => MapSet::Vrf {
            name: super::super::config::DEFAULT_VRF,
            next_hop: Some(parse(address)?),
        },
        // Marking changes no packet's way on this device.
        ["precedence" | "tos" | "dscp" | "df" | "qos-group", ..] => MapSet::Nothing,
        _ => return None,
    })
}

fn hops(words: &[&str]) -> Option<Vec<IpAddr>> {
    (!words.is_empty())
        .then(|| words.iter().map(|word| parse(word)).collect())
        .flatten()
}

fn metric(word: &str) -> Option<SetMetric> {
    Some(match (word.strip_prefix('+'), word.strip_prefix('-')) {
        (Some(number), _) => SetMetric::Add(parse(number)?),
        (_, Some(number)) => SetMetric::Subtract(parse(number)?),
        _ => SetMetric::To(parse(word)?),
    })
}

fn communities(words: &[&str]) -> Option<RouteSet> {
    let (words, additive) = match words {
        [rest @ .., "additive"] => (rest, true),
        _ => (words, false),
    };
    let communities = words
        .iter()
        .map(|word| community(word))
        .collect::<Option<Vec<_>>>()?;
    Some(RouteSet::Community {
        communities,
        additive,
    })
}
