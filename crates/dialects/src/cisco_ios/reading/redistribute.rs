//! `redistribute`, in OSPF and in BGP.

use super::super::config::RedistributeConfig;
use super::super::words::parse;
use findings::Span;
use networks::model::{OspfMetricType, RouteSource, RouteType};

/// Which protocol takes the routes: what is taken by default differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    Ospf,
    Bgp,
}

const OSPF_ALL: [RouteType; 6] = [
    RouteType::OspfIntra,
    RouteType::OspfInter,
    RouteType::OspfExternal1,
    RouteType::OspfExternal2,
    RouteType::OspfNssa1,
    RouteType::OspfNssa2,
];

/// Reads `redistribute …`, the words after the first.
///
/// Source: Cisco IOS IP Routing: Protocol-Independent Command Reference,
/// `redistribute (IP)`: OSPF into BGP takes internal routes alone unless
/// `match` says otherwise; between OSPF processes all are taken.
pub(super) fn read<'a>(
    words: &[&'a str],
    into: Into,
    origin: Span,
) -> Option<RedistributeConfig<'a>> {
    let (source, mut rest) = source(words, into)?;
    let mut found = RedistributeConfig {
        source,
        metric: None,
        metric_type: None,
        tag: None,
        route_map: None,
        subnets: false,
        origin,
    };
    let mut types = Vec::new();
    while let Some((&option, after)) = rest.split_first() {
        rest = match (option, after) {
            ("subnets", after) => {
                found.subnets = true;
                after
            }
            ("metric", ["transparent", after @ ..]) => after,
            ("metric", [number, after @ ..]) => {
                found.metric = Some(parse(number)?);
                after
            }
            ("metric-type", [kind, after @ ..]) => {
                found.metric_type = Some(match *kind {
                    "1" => OspfMetricType::External1,
                    "2" => OspfMetricType::External2,
                    _ => return None,
                });
                after
            }
            ("tag", [number, after @ ..]) => {
                found.tag = Some(parse(number)?);
                after
            }
            ("route-map", [name, after @ ..]) => {
                found.route_map = Some(name);
                after
            }
            ("match", after) => ospf_types(after, &mut types)?,
            _ => return None,
        };
    }
    if !types.is_empty() {
        if let RouteSource::Ospf { types: taken, .. } = &mut found.source {
            *taken = types;
        } else {
            return None;
        }
    }
    Some(found)
}

fn source<'w, 'a>(words: &'w [&'a str], into: Into) -> Option<(RouteSource, &'w [&'a str])> {
    Some(match words {
        ["connected", rest @ ..] => (RouteSource::Connected, rest),
        ["static", rest @ ..] => (RouteSource::Static, rest),
        ["ospf", process, rest @ ..] => {
            // A process of another VRF is named so; processes have one name a device.
            let rest = match rest {
                ["vrf", _, rest @ ..] => rest,
                _ => rest,
            };
            let types = match into {
                Into::Ospf => OSPF_ALL.to_vec(),
                Into::Bgp => vec![RouteType::OspfIntra, RouteType::OspfInter],
            };
            let process = Some((*process).to_owned());
            (RouteSource::Ospf { process, types }, rest)
        }
        ["bgp", _, rest @ ..] => (RouteSource::Bgp, rest),
        ["rip", rest @ ..] => (RouteSource::Unmodelled("rip".to_owned()), rest),
        ["eigrp", number, rest @ ..] => (RouteSource::Unmodelled(format!("eigrp {number}")), rest),
        ["isis", rest @ ..] => {
            let rest = match rest {
                [name, rest @ ..] if !is_option(name) => match rest {
                    ["level-1" | "level-2" | "level-1-2", rest @ ..] => rest,
                    _ => rest,
                },
                _ => rest,
            };
            (RouteSource::Unmodelled("isis".to_owned()), rest)
        }
        [
            other @ ("mobile" | "odr" | "lisp" | "application" | "nhrp"),
            rest @ ..,
        ] => (RouteSource::Unmodelled((*other).to_owned()), rest),
        _ => return None,
    })
}

fn is_option(word: &str) -> bool {
    matches!(
        word,
        "metric"
            | "metric-type"
            | "route-map"
            | "subnets"
            | "tag"
            | "match"
            | "level-1"
            | "level-2"
    )
}

/// Reads what follows `match`: `internal`, `external [1|2]`, `nssa-external [1|2]`.
fn ospf_types<'w, 'a>(
    mut words: &'w [&'a str],
    types: &mut Vec<RouteType>,
) -> Option<&'w [&'a str]> {
    use RouteType::{OspfExternal1, OspfExternal2, OspfInter, OspfIntra, OspfNssa1, OspfNssa2};
    loop {
        let (add, rest): (&[RouteType], _) = match words {
            ["internal", rest @ ..] => (&[OspfIntra, OspfInter], rest),
            ["external", "1", rest @ ..] => (&[OspfExternal1], rest),
            ["external", "2", rest @ ..] => (&[OspfExternal2], rest),
            ["external", rest @ ..] => (&[OspfExternal1, OspfExternal2], rest),
            ["nssa-external", "1", rest @ ..] => (&[OspfNssa1], rest),
            ["nssa-external", "2", rest @ ..] => (&[OspfNssa2], rest),
            ["nssa-external", rest @ ..] => (&[OspfNssa1, OspfNssa2], rest),
            _ if types.is_empty() => return None,
            _ => return Some(words),
        };
        types.extend_from_slice(add);
        words = rest;
    }
}
