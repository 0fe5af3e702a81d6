//! `router bgp`: the process, its address families, its templates.

use super::super::config::{
    AggregateConfig, BgpConfig, BgpFamily, BgpScope, DEFAULT_VRF, NetworkConfig, Touch,
};
use super::super::harmless::Context;
use super::super::words::{asn, classful, net, parse, put};
use super::{CONTRADICTION, Outcome, Reader, redistribute};
use findings::{Severity, Span};
use ipnet::{IpNet, Ipv4Net};
use networks::model::BgpSelection;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Which part of the process a line stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) vrf: &'a str,
    pub(super) ipv6: bool,
}

impl<'a> Reader<'_, 'a> {
    /// `router bgp N`, the words after these two.
    pub(super) fn router_bgp(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let [number] = words else {
            return Outcome::Unrecognised;
        };
        let Some(number) = asn(number) else {
            return Outcome::Unrecognised;
        };
        match &self.config.bgp {
            None => self.config.bgp = Some(new_process(number, origin)),
            Some(process) if process.asn != number => {
                let message = format!("a second BGP process {number} beside {}", process.asn);
                self.finding(CONTRADICTION, Severity::Error, message, origin);
                return Outcome::MattersFor(
                    Touch::Routing(DEFAULT_VRF),
                    "a device has one BGP process",
                );
            }
            Some(_) => {}
        }
        let place = Place {
            vrf: DEFAULT_VRF,
            ipv6: false,
        };
        self.block(
            index,
            &Touch::Routing(DEFAULT_VRF),
            |reader, child, words| reader.bgp_line(child, place, words),
        );
        Outcome::Understood
    }

    fn bgp_line(&mut self, index: usize, place: Place<'a>, words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["address-family", rest @ ..] => self.address_family(index, rest),
            ["template", kind @ ("peer-session" | "peer-policy"), name] => {
                self.template(index, *kind == "peer-session", name)
            }
            ["scope" | "segment-routing" | "bmp" | "bgp-flowspec", ..] => {
                Outcome::Matters("it is not modelled")
            }
            _ => self.scope_line(index, place, words),
        }
    }

    /// `address-family …`, the words after it.
    fn address_family(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let place = match words {
            ["ipv4"] | ["ipv4", "unicast"] => Place {
                vrf: DEFAULT_VRF,
                ipv6: false,
            },
            ["ipv6"] | ["ipv6", "unicast"] => Place {
                vrf: DEFAULT_VRF,
                ipv6: true,
            },
            ["ipv4", "vrf", vrf] | ["ipv4", "unicast", "vrf", vrf] => Place { vrf, ipv6: false },
            ["ipv6", "vrf", vrf] | ["ipv6", "unicast", "vrf", vrf] => Place { vrf, ipv6: true },
            ["ipv4" | "ipv6", "multicast" | "mvpn" | "mdt", ..]
            | ["nsap" | "rtfilter" | "link-state", ..] => {
                return Outcome::Outside;
            }
            ["vpnv4" | "vpnv6", ..] => {
                return Outcome::Matters("routes between VRFs by MPLS are not modelled");
            }
            _ => return Outcome::Matters("this address family is not modelled"),
        };
        if let Some(process) = &mut self.config.bgp {
            let scope = process.scopes.entry(place.vrf).or_default();
            scope.origin.get_or_insert(origin);
        }
        self.block(index, &Touch::Routing(place.vrf), |reader, child, words| {
            reader.scope_line(child, place, words)
        });
        Outcome::Understood
    }

    fn template(&mut self, index: usize, session: bool, name: &'a str) -> Outcome<'a> {
        self.block(
            index,
            &Touch::Routing(DEFAULT_VRF),
            |reader, child, words| reader.template_line(child, session, name, words),
        );
        Outcome::Understood
    }

    /// A line of the process or of an address family.
    fn scope_line(&mut self, index: usize, place: Place<'a>, words: &[&'a str]) -> Outcome<'a> {
        self.secrets.look(self.span(index), words);
        match words {
            ["neighbor", peer, rest @ ..] => self.neighbor(index, place, peer, false, rest),
            ["no", "neighbor", peer, rest @ ..] => self.neighbor(index, place, peer, true, rest),
            ["bgp", rest @ ..] => self.bgp_setting(index, place, false, rest),
            ["no", "bgp", rest @ ..] => self.bgp_setting(index, place, true, rest),
            _ => self.family_line(index, place, words),
        }
    }

    fn family_line(&mut self, index: usize, place: Place<'a>, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let Some(family) = self.family(place) else {
            return Outcome::Unrecognised;
        };
        let read = match words {
            ["network", rest @ ..] => {
                network(rest, place.ipv6, origin).map(|found| family.networks.push(found))
            }
            ["aggregate-address", rest @ ..] => {
                aggregate(rest, place.ipv6, origin).map(|found| family.aggregates.push(found))
            }
            ["redistribute", rest @ ..] => {
                redistribute::read(rest, redistribute::Into::Bgp, origin)
                    .map(|found| family.redistributions.push(found))
            }
            ["maximum-paths", rest @ ..] => maximum_paths(family, rest),
            ["distance", "bgp", a, b, c] => parse(a)
                .zip(parse(b))
                .zip(parse(c))
                .map(|((a, b), c)| family.distances = Some((a, b, c))),
            ["table-map", name] => put(&mut family.table_map, Some((name, origin))),
            ["default-information", "originate"] => put(&mut family.default_information, true),
            ["default-metric", number] => {
                parse(number).map(|number| family.default_metric = Some(number))
            }
            ["auto-summary"] => put(&mut family.auto_summary, true),
            ["no", "auto-summary"] => put(&mut family.auto_summary, false),
            [
                "no",
                "network"
                | "aggregate-address"
                | "redistribute"
                | "maximum-paths"
                | "default-information"
                | "default-metric"
                | "distance"
                | "table-map",
                ..,
            ] => Some(()),
            [
                "distance" | "table-map" | "advertise" | "import" | "export" | "distribute-list",
                ..,
            ] => {
                return Outcome::Matters("it is not modelled");
            }
            _ => return self.outside(index, Context::Bgp, words),
        };
        Outcome::from_option(read)
    }

    /// Returns the family of a place.
    pub(super) fn family(&mut self, place: Place<'a>) -> Option<&mut BgpFamily<'a>> {
        let scope = self
            .config
            .bgp
            .as_mut()?
            .scopes
            .entry(place.vrf)
            .or_default();
        Some(if place.ipv6 {
            &mut scope.ipv6
        } else {
            &mut scope.ipv4
        })
    }

    /// `bgp …`, the words after it.
    fn bgp_setting(
        &mut self,
        index: usize,
        place: Place<'a>,
        no: bool,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let origin = self.span(index);
        if let ["additional-paths", rest @ ..] = words {
            return self.additional_paths(place, no, rest);
        }
        let Some(process) = &mut self.config.bgp else {
            return Outcome::Unrecognised;
        };
        let read = match words {
            ["router-id", address] if !no => parse::<Ipv4Addr>(address).map(|address| {
                process.scopes.entry(place.vrf).or_default().router_id = Some(address);
            }),
            ["listen", "range", prefix, "peer-group", group] if !no => {
                parse::<IpNet>(prefix).map(|range| {
                    let scope = process.scopes.entry(place.vrf).or_default();
                    scope.listens.push((range.trunc(), group, origin));
                })
            }
            ["listen", "limit", ..] => return Outcome::Outside,
            ["suppress-inactive"] => {
                return Outcome::Matters("routes that are not installed are not announced");
            }
            _ => selection(process, no, words),
        };
        if read.is_some() {
            return Outcome::Understood;
        }
        let mut all = vec!["bgp"];
        all.extend_from_slice(words);
        match self.outside(index, Context::Bgp, &all) {
            Outcome::Unrecognised if no => Outcome::Matters("it is not modelled"),
            outcome => outcome,
        }
    }

    fn additional_paths(&mut self, place: Place<'a>, no: bool, words: &[&'a str]) -> Outcome<'a> {
        let Some(family) = self.family(place) else {
            return Outcome::Unrecognised;
        };
        match words {
            ["send"] => family.add_path_send = !no,
            ["receive"] => family.add_path_receive = !no,
            ["send", "receive"] => {
                family.add_path_send = !no;
                family.add_path_receive = !no;
            }
            // Which paths are candidates; neighbours say which of them they get.
            ["select", ..] => {}
            ["install", ..] => return Outcome::Outside,
            _ => return Outcome::Unrecognised,
        }
        Outcome::Understood
    }
}

fn new_process<'a>(asn: u32, origin: Span) -> BgpConfig<'a> {
    BgpConfig {
        asn,
        origin,
        cluster_id: None,
        confederation: None,
        confederation_peers: Vec::new(),
        default_ipv4_unicast: true,
        default_local_preference: 100,
        selection: BgpSelection {
            always_compare_med: false,
            deterministic_med: false,
            missing_med_worst: false,
            ignore_as_path_length: false,
            multipath_relax: false,
            compare_router_id: false,
            ignore_igp_metric: false,
        },
        scopes: BTreeMap::from([(DEFAULT_VRF, BgpScope::default())]),
        session_templates: BTreeMap::new(),
        policy_templates: BTreeMap::new(),
    }
}

/// Settings of the whole process.
fn selection(process: &mut BgpConfig<'_>, no: bool, words: &[&str]) -> Option<()> {
    let choice = &mut process.selection;
    match words {
        ["cluster-id", id] => {
            let address = parse::<Ipv4Addr>(id).or_else(|| parse(id).map(Ipv4Addr::from_bits));
            process.cluster_id = Some(address?);
        }
        ["confederation", "identifier", number] => process.confederation = Some(asn(number)?),
        ["confederation", "peers", peers @ ..] => {
            let peers = peers
                .iter()
                .map(|peer| asn(peer))
                .collect::<Option<Vec<_>>>()?;
            process.confederation_peers.extend(peers);
        }
        ["default", "ipv4-unicast"] => process.default_ipv4_unicast = !no,
        ["default", "route-target", ..] => {}
        ["default", "local-preference", number] => {
            process.default_local_preference = parse(number)?;
        }
        ["always-compare-med"] => choice.always_compare_med = !no,
        ["deterministic-med"] => choice.deterministic_med = !no,
        ["bestpath", "as-path", "ignore"] => choice.ignore_as_path_length = !no,
        ["bestpath", "as-path", "multipath-relax"] => choice.multipath_relax = !no,
        ["bestpath", "med", "missing-as-worst"] => choice.missing_med_worst = !no,
        ["bestpath", "compare-routerid"] => choice.compare_router_id = !no,
        ["bestpath", "igp-metric", "ignore"] => choice.ignore_igp_metric = !no,
        ["client-to-client", "reflection"] if !no => {}
        ["enforce-first-as"] if !no => {}
        ["suppress-inactive"] if no => {}
        _ => return None,
    }
    Some(())
}

/// `network A [mask M] [route-map R] [backdoor]`, `network P/L …`.
fn network<'a>(words: &[&'a str], ipv6: bool, origin: Span) -> Option<NetworkConfig<'a>> {
    let (prefix, rest) = match words {
        [prefix, rest @ ..] if ipv6 || prefix.contains('/') => (parse::<IpNet>(prefix)?, rest),
        [address, "mask", mask, rest @ ..] => (IpNet::V4(net(address, mask)?), rest),
        [address, rest @ ..] => (IpNet::V4(classful(parse(address)?)), rest),
        [] => return None,
    };
    let route_map = match rest {
        [] => None,
        ["route-map", name] => Some(*name),
        _ => return None,
    };
    Some(NetworkConfig {
        prefix: prefix.trunc(),
        route_map,
        origin,
    })
}

fn aggregate<'a>(words: &[&'a str], ipv6: bool, origin: Span) -> Option<AggregateConfig<'a>> {
    let (prefix, mut rest) = match words {
        [prefix, rest @ ..] if ipv6 => (parse::<IpNet>(prefix)?, rest),
        [address, mask, rest @ ..] => (IpNet::V4(Ipv4Net::trunc(&net(address, mask)?)), rest),
        _ => return None,
    };
    let mut found = AggregateConfig {
        prefix: prefix.trunc(),
        summary_only: false,
        as_set: false,
        suppress: None,
        advertise: None,
        attributes: None,
        origin,
    };
    loop {
        rest = match rest {
            [] => return Some(found),
            ["summary-only", after @ ..] => {
                found.summary_only = true;
                after
            }
            ["as-set", after @ ..] => {
                found.as_set = true;
                after
            }
            ["suppress-map", name, after @ ..] => {
                found.suppress = Some(name);
                after
            }
            ["advertise-map", name, after @ ..] => {
                found.advertise = Some(name);
                after
            }
            ["attribute-map" | "route-map", name, after @ ..] => {
                found.attributes = Some(name);
                after
            }
            _ => return None,
        };
    }
}

fn maximum_paths(family: &mut BgpFamily<'_>, words: &[&str]) -> Option<()> {
    match words {
        ["ibgp", number] => family.paths_internal = Some(parse(number)?),
        ["eibgp", number] => family.paths_mixed = Some(parse(number)?),
        [number] => family.paths_external = Some(parse(number)?),
        _ => return None,
    }
    Some(())
}
