//! `router ospf` and `ip ospf` on interfaces.

use super::super::config::{AreaConfig, DEFAULT_VRF, DefaultConfig, FilterKind, OspfConfig, Touch};
use super::super::harmless::Context;
use super::super::words::{self, area, key_digest, net, parse, push, put, wildcard};
use super::{Outcome, Reader, redistribute};
use findings::Span;
use networks::model::{OspfAreaKind, OspfMetricType, OspfNetworkType, OspfRange};
use std::collections::BTreeMap;

/// The administrative distance of OSPF on IOS.
const DISTANCE: u8 = 110;
/// The bandwidth that costs 1 where nothing is configured, in Mbit/s.
const REFERENCE_MBPS: u64 = 100;
/// How many equal paths a process uses where nothing is configured.
const MULTIPATH: u16 = 4;

/// How many processes a device may have; IOS takes 32.
const PROCESSES_MAX: usize = 256;
/// How many `network` statements a process may have.
const NETWORKS_MAX: usize = 4_096;

impl<'a> Reader<'_, 'a> {
    /// `router ospf …`, the words after these two.
    pub(super) fn router_ospf(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let (name, vrf) = match words {
            [name] => (*name, DEFAULT_VRF),
            [name, "vrf", vrf] => (*name, *vrf),
            _ => return Outcome::Unrecognised,
        };
        let origin = self.span(index);
        let at = self
            .config
            .ospf
            .iter()
            .position(|process| process.name == name)
            .unwrap_or(self.config.ospf.len());
        if at >= PROCESSES_MAX {
            return Outcome::MattersFor(Touch::Routing(vrf), "there are too many processes");
        }
        if at == self.config.ospf.len() {
            self.config.ospf.push(new_process(name, vrf, origin));
        }
        self.block(index, &Touch::Routing(vrf), |reader, child, words| {
            reader.ospf_line(at, child, words)
        });
        Outcome::Understood
    }

    fn ospf_line(&mut self, at: usize, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let Some(process) = self.config.ospf.get_mut(at) else {
            return Outcome::Unrecognised;
        };
        match words {
            ["passive-interface", ..] | ["no", "passive-interface", ..] => {
                Outcome::from_option(passive(process, words))
            }
            ["redistribute", rest @ ..] => {
                let read = redistribute::read(rest, redistribute::Into::Ospf, origin);
                Outcome::from_option(read.map(|found| process.redistributions.push(found)))
            }
            ["default-information", "originate", rest @ ..] => {
                let read = default_originate(rest, origin);
                Outcome::from_option(read.map(|found| process.default_originate = Some(found)))
            }
            ["area", number, rest @ ..] => match area(number) {
                Some(id) => area_line(process.areas.entry(id).or_default(), rest, origin)
                    .unwrap_or_else(|| self.outside(index, Context::Ospf, words)),
                None => Outcome::Unrecognised,
            },
            ["distribute-list", rest @ ..] => distribute_list(process, rest, origin),
            ["summary-address", rest @ ..] => {
                let read = summary(rest, origin);
                Outcome::from_option(read.map(|found| process.summaries.push(found)))
            }
            ["distance", rest @ ..] => distance(process, rest),
            ["max-metric", "router-lsa", rest @ ..] => max_metric(process, rest),
            ["neighbor", ..] => Outcome::Matters("configured OSPF neighbours are not modelled"),
            ["mpls" | "segment-routing" | "capability", ..]
                if !matches!(words, ["capability", "lls" | "opaque" | "transit", ..]) =>
            {
                Outcome::Matters("it is not modelled")
            }
            _ => match ospf_setting(process, words, origin) {
                Some(()) => Outcome::Understood,
                None => self.outside(index, Context::Ospf, words),
            },
        }
    }

    /// `ip ospf …` on an interface, the words after these two.
    pub(super) fn interface_ospf(
        &mut self,
        at: usize,
        index: usize,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let origin = self.span(index);
        let vrf = self
            .config
            .interfaces
            .get(at)
            .map_or(DEFAULT_VRF, |to| to.vrf);
        let Some(interface) = self.config.interfaces.get_mut(at) else {
            return Outcome::Unrecognised;
        };
        let ospf = &mut interface.ospf;
        let read = match words {
            [process, "area", number, "secondaries", "none"] | [process, "area", number] => {
                area(number).map(|id| ospf.process = Some((process, id, origin)))
            }
            ["cost", number] => parse(number).map(|cost| ospf.cost = Some(cost)),
            ["network", kind @ ..] => network_type(kind).map(|kind| ospf.network_type = Some(kind)),
            ["hello-interval", number] => parse(number).map(|s| ospf.hello_s = Some(s)),
            ["dead-interval", "minimal", "hello-multiplier", _] => {
                // Hellos several times a second, dead after one (RFC has no such; IOS does).
                ospf.dead_s = Some(1);
                put(&mut ospf.hello_s, Some(0))
            }
            ["dead-interval", number] => parse(number).map(|s| ospf.dead_s = Some(s)),
            ["mtu-ignore"] => put(&mut ospf.mtu_ignore, true),
            ["priority", number] => parse(number).map(|n| ospf.priority = Some(n)),
            ["authentication"] => put(&mut ospf.authentication, Some("simple")),
            ["authentication", "message-digest"] => put(&mut ospf.authentication, Some("digest")),
            ["authentication", "null"] => put(&mut ospf.authentication, Some("null")),
            ["authentication", "key-chain", ..]
            | ["demand-circuit", ..]
            | ["database-filter", ..]
            | ["multi-area", ..]
            | ["prefix-suppression", ..] => {
                return Outcome::MattersFor(Touch::Routing(vrf), "it is not modelled");
            }
            ["authentication-key", key @ ..] => match key_digest(key) {
                Some(digest) => put(&mut ospf.key, Some(digest)),
                None => return self.hidden_key(vrf),
            },
            ["message-digest-key", number, "md5", key @ ..] => match key_digest(key) {
                Some(digest) => push(&mut ospf.digest_keys, (number, digest)),
                None => return self.hidden_key(vrf),
            },
            _ => {
                let mut all = vec!["ip", "ospf"];
                all.extend_from_slice(words);
                return self.outside(index, Context::Interface, &all);
            }
        };
        Outcome::from_option(read)
    }

    fn hidden_key(&self, vrf: &'a str) -> Outcome<'a> {
        let reason = "whether the keys of both ends agree cannot be told from encrypted text";
        Outcome::MattersFor(Touch::Routing(vrf), reason)
    }
}

fn new_process<'a>(name: &'a str, vrf: &'a str, origin: Span) -> OspfConfig<'a> {
    OspfConfig {
        name,
        vrf,
        origin,
        router_id: None,
        shutdown: false,
        networks: Vec::new(),
        areas: BTreeMap::new(),
        passive_default: false,
        passive: BTreeMap::new(),
        reference_mbps: REFERENCE_MBPS,
        redistributions: Vec::new(),
        default_metric: None,
        default_originate: None,
        distances: (DISTANCE, DISTANCE, DISTANCE),
        filter_in: None,
        summaries: Vec::new(),
        multipath: MULTIPATH,
        max_metric: false,
        rfc1583: true,
    }
}

fn ospf_setting<'a>(process: &mut OspfConfig<'a>, words: &[&'a str], origin: Span) -> Option<()> {
    match words {
        ["router-id", address] => process.router_id = Some(parse(address)?),
        ["network", address, ignore, "area", number] => {
            let network = wildcard(address, ignore)?;
            if process.networks.len() >= NETWORKS_MAX {
                return None;
            }
            process.networks.push((network, area(number)?, origin));
        }
        ["auto-cost", "reference-bandwidth", number] => process.reference_mbps = parse(number)?,
        ["default-metric", number] => process.default_metric = Some(parse(number)?),
        ["maximum-paths", number] => process.multipath = parse(number)?,
        ["compatible", "rfc1583"] => process.rfc1583 = true,
        ["no", "compatible", "rfc1583"] => process.rfc1583 = false,
        ["shutdown"] => process.shutdown = true,
        ["no", "shutdown"] => process.shutdown = false,
        [
            "no",
            "max-metric"
            | "auto-cost"
            | "default-information"
            | "default-metric"
            | "distribute-list"
            | "area"
            | "network"
            | "redistribute"
            | "capability",
            ..,
        ] => {}
        _ => return None,
    }
    Some(())
}

fn passive(process: &mut OspfConfig<'_>, words: &[&str]) -> Option<()> {
    match words {
        ["passive-interface", "default"] => process.passive_default = true,
        ["no", "passive-interface", "default"] => process.passive_default = false,
        ["passive-interface", name @ ..] => {
            process.passive.insert(words::whole_interface(name)?, true);
        }
        ["no", "passive-interface", name @ ..] => {
            process.passive.insert(words::whole_interface(name)?, false);
        }
        _ => return None,
    }
    Some(())
}

fn default_originate<'a>(mut words: &[&'a str], origin: Span) -> Option<DefaultConfig<'a>> {
    let mut found = DefaultConfig {
        always: false,
        metric: None,
        metric_type: OspfMetricType::External2,
        route_map: None,
        origin,
    };
    loop {
        words = match words {
            [] => return Some(found),
            ["always", rest @ ..] => {
                found.always = true;
                rest
            }
            ["metric", number, rest @ ..] => {
                found.metric = Some(parse(number)?);
                rest
            }
            ["metric-type", kind, rest @ ..] => {
                found.metric_type = match *kind {
                    "1" => OspfMetricType::External1,
                    "2" => OspfMetricType::External2,
                    _ => return None,
                };
                rest
            }
            ["route-map", name, rest @ ..] => {
                found.route_map = Some(name);
                rest
            }
            _ => return None,
        };
    }
}

/// `None` where the line is not one of these.
fn area_line<'a>(
    area: &mut AreaConfig<'a>,
    words: &[&'a str],
    origin: Span,
) -> Option<Outcome<'a>> {
    match words {
        ["stub", rest @ ..] => {
            let no_summary = match rest {
                [] => false,
                ["no-summary"] => true,
                _ => return Some(Outcome::Matters("this form of stub area is not modelled")),
            };
            area.kind = Some(OspfAreaKind::Stub {
                no_summary,
                default_cost: 1,
            });
        }
        ["nssa", rest @ ..] => {
            let known = ["no-summary", "default-information-originate"];
            if rest.iter().any(|word| !known.contains(word)) {
                return Some(Outcome::Matters(
                    "this form of not-so-stubby area is not modelled",
                ));
            }
            area.kind = Some(OspfAreaKind::Nssa {
                no_summary: rest.contains(&"no-summary"),
                default_originate: rest.contains(&"default-information-originate"),
                default_cost: 1,
            });
        }
        ["default-cost", number] => area.default_cost = Some(parse(number)?),
        ["range", rest @ ..] => area.ranges.push(range(rest, origin)?),
        ["filter-list", "prefix", name, "in"] => area.filter_in = Some((name, origin)),
        ["filter-list", "prefix", name, "out"] => area.filter_out = Some((name, origin)),
        ["virtual-link", id] => area.virtual_links.push(parse(id)?),
        ["virtual-link", ..] => {
            return Some(Outcome::Matters(
                "settings of virtual links are not modelled",
            ));
        }
        ["authentication"] => area.authentication = Some("simple"),
        ["authentication", "message-digest"] => area.authentication = Some("digest"),
        ["sham-link", ..] => return Some(Outcome::Matters("sham links are not modelled")),
        _ => return None,
    }
    Some(Outcome::Understood)
}

/// `range A M [advertise | not-advertise] [cost N]`.
fn range(words: &[&str], origin: Span) -> Option<OspfRange> {
    let [address, mask, rest @ ..] = words else {
        return None;
    };
    let mut found = OspfRange {
        prefix: net(address, mask)?.trunc(),
        advertise: true,
        cost: None,
        origin,
    };
    let mut rest = rest;
    loop {
        rest = match rest {
            [] => return Some(found),
            ["advertise", rest @ ..] => rest,
            ["not-advertise", rest @ ..] => {
                found.advertise = false;
                rest
            }
            ["cost", number, rest @ ..] => {
                found.cost = Some(parse(number)?);
                rest
            }
            _ => return None,
        };
    }
}

/// `summary-address A M [not-advertise] [tag N] [nssa-only]`.
fn summary(words: &[&str], origin: Span) -> Option<OspfRange> {
    let [address, mask, rest @ ..] = words else {
        return None;
    };
    let advertise = match rest {
        [] | ["tag", _] => true,
        ["not-advertise"] => false,
        _ => return None,
    };
    Some(OspfRange {
        prefix: net(address, mask)?.trunc(),
        advertise,
        cost: None,
        origin,
    })
}

fn distribute_list<'a>(
    process: &mut OspfConfig<'a>,
    words: &[&'a str],
    origin: Span,
) -> Outcome<'a> {
    let filter = match words {
        ["prefix", name, "in"] => (FilterKind::PrefixList, *name, origin),
        ["route-map", name, "in"] => (FilterKind::RouteMap, *name, origin),
        [name, "in"] if *name != "gateway" => (FilterKind::AccessList, *name, origin),
        _ => return Outcome::Matters("this form of distribute list is not modelled"),
    };
    if process.filter_in.is_some() {
        return Outcome::Matters("a second distribute list of one process is not modelled");
    }
    process.filter_in = Some(filter);
    Outcome::Understood
}

fn distance<'a>(process: &mut OspfConfig<'a>, words: &[&str]) -> Outcome<'a> {
    let (intra, inter, external) = &mut process.distances;
    match words {
        [number] => match parse::<u8>(number) {
            Some(number) => process.distances = (number, number, number),
            None => return Outcome::Unrecognised,
        },
        ["ospf", rest @ ..] => {
            for pair in rest.chunks(2) {
                let slot = match pair {
                    ["intra-area", _] => &mut *intra,
                    ["inter-area", _] => &mut *inter,
                    ["external", _] => &mut *external,
                    _ => return Outcome::Unrecognised,
                };
                match pair.get(1).and_then(|number| parse(number)) {
                    Some(number) => *slot = number,
                    None => return Outcome::Unrecognised,
                }
            }
        }
        _ => return Outcome::Matters("a distance by neighbour is not modelled"),
    }
    Outcome::Understood
}

fn max_metric<'a>(process: &mut OspfConfig<'a>, words: &[&str]) -> Outcome<'a> {
    if words.contains(&"on-startup") {
        // In force for a while after a restart; verdicts are about the steady state.
        return Outcome::Outside;
    }
    process.max_metric = true;
    if words.is_empty() {
        Outcome::Understood
    } else {
        Outcome::Matters("which metrics are raised besides is not modelled")
    }
}

fn network_type(words: &[&str]) -> Option<OspfNetworkType> {
    Some(match words {
        ["broadcast"] => OspfNetworkType::Broadcast,
        ["point-to-point"] => OspfNetworkType::PointToPoint,
        ["non-broadcast"] => OspfNetworkType::NonBroadcast,
        ["point-to-multipoint", ..] => OspfNetworkType::PointToMultipoint,
        _ => return None,
    })
}
