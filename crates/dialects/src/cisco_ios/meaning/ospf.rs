//! OSPF.

use super::super::config::{
    AreaConfig, FilterKind, InterfaceConfig, OspfConfig, RedistributeConfig,
};
use super::super::words;
use super::Builder;
use networks::model::{
    OspfArea, OspfAreaKind, OspfDefault, OspfInterface, OspfMetricType, OspfNetworkType,
    OspfProcess, Redistribution,
};
use std::collections::BTreeMap;

/// The metric of redistributed routes where none is configured (Cisco IOS IP
/// Routing: OSPF Command Reference, `default-metric`): 1 for BGP, 20 otherwise.
const METRIC_BGP: u32 = 1;
/// See [`METRIC_BGP`].
const METRIC_OTHER: u32 = 20;
/// The metric of an announced default, as `show ip route` of the neighbours has it.
const METRIC_DEFAULT_ROUTE: u32 = 1;

impl<'a> Builder<'_, 'a> {
    /// Gives the VRFs their processes and puts these on interfaces.
    pub(super) fn ospf(&mut self) {
        let config = self.config;
        let processes: Vec<_> = config
            .ospf
            .iter()
            .filter(|process| !process.shutdown)
            .collect();
        let mut used_areas: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (from, at) in config.interfaces.iter().zip(0usize..) {
            let found = processes
                .iter()
                .find_map(|process| self.on_interface(process, from));
            if let Some((process, made)) = found {
                used_areas.entry(process).or_default().push(made.area);
                if let Some(interface) = self.device.interfaces.get_mut(at) {
                    interface.ospf = Some(made);
                }
            }
        }
        for process in processes {
            let areas = used_areas.remove(process.name).unwrap_or_default();
            let made = self.process(process, &areas);
            let vrf = self.vrf_id(process.vrf, Some(process.origin));
            if let Some(vrf) = self.vrf_mut(vrf) {
                vrf.ospf.push(made);
            }
        }
    }

    /// Returns OSPF of a process on an interface, where it runs there.
    fn on_interface<'p>(
        &self,
        process: &'p OspfConfig<'a>,
        from: &InterfaceConfig<'a>,
    ) -> Option<(&'p str, OspfInterface)> {
        if process.vrf != from.vrf {
            return None;
        }
        let id = self.interface_id(&from.name)?;
        let made = self.device.interface(id)?;
        let primary = made
            .addresses
            .iter()
            .find_map(|address| match address.net {
                ipnet::IpNet::V4(net) => Some(net.addr()),
                ipnet::IpNet::V6(_) => None,
            })?;
        let (area, origin) = match from.ospf.process {
            Some((name, area, origin)) if name == process.name => (area, origin),
            Some(_) => return None,
            // The statement that asks for most bits decides.
            None => process
                .networks
                .iter()
                .filter(|(network, ..)| network.contains(primary))
                .min_by_key(|(network, ..)| network.ignore.to_bits().count_ones())
                .map(|(_, area, origin)| (*area, *origin))?,
        };
        let network_type = from.ospf.network_type.or_else(|| default_type(from));
        let hello = from.ospf.hello_s.unwrap_or(match network_type {
            Some(OspfNetworkType::NonBroadcast | OspfNetworkType::PointToMultipoint) => 30,
            _ => 10,
        });
        let passive = process.passive.get(&from.name).copied();
        let area_auth = process
            .areas
            .get(&area)
            .and_then(|area| area.authentication);
        let found = OspfInterface {
            process: process.name.to_owned(),
            area,
            cost: from.ospf.cost,
            passive: passive.unwrap_or(process.passive_default),
            network_type,
            hello_interval_s: hello,
            dead_interval_s: from.ospf.dead_s.unwrap_or_else(|| hello.saturating_mul(4)),
            mtu_ignore: from.ospf.mtu_ignore,
            authentication: authentication(from, area_auth),
            priority: from.ospf.priority.unwrap_or(1),
            origin,
        };
        Some((process.name, found))
    }

    fn process(&mut self, from: &OspfConfig<'a>, used_areas: &[u32]) -> OspfProcess {
        let redistributions = from
            .redistributions
            .iter()
            .map(|found| {
                let default = match found.source {
                    networks::model::RouteSource::Bgp => METRIC_BGP,
                    _ => METRIC_OTHER,
                };
                self.redistribution(found, Some(from.default_metric.unwrap_or(default)))
            })
            .collect();
        let default_originate = from.default_originate.as_ref().map(|found| OspfDefault {
            always: found.always,
            metric: found.metric.unwrap_or(METRIC_DEFAULT_ROUTE),
            metric_type: found.metric_type,
            policy: found
                .route_map
                .map(|name| self.route_map(name, found.origin, false)),
            origin: found.origin,
        });
        let policy_in = from.filter_in.map(|(kind, name, origin)| match kind {
            // A list of extended form asks for the announcing router there.
            FilterKind::AccessList => self.igp_list(name, origin),
            _ => self.filter_policy(kind, name, origin),
        });
        OspfProcess {
            name: from.name.to_owned(),
            version: 2,
            router_id: from.router_id,
            areas: self.areas(from, used_areas),
            reference_bandwidth_kbps: from.reference_mbps.saturating_mul(1_000),
            redistributions,
            default_originate,
            distance_intra: from.distances.0,
            distance_inter: from.distances.1,
            distance_external: from.distances.2,
            policy_in,
            external_ranges: from.summaries.clone(),
            multipath_max: from.multipath,
            max_metric: from.max_metric,
            rfc1583: from.rfc1583,
            origin: from.origin,
        }
    }

    /// A redistribution; `default` is the metric where none is configured.
    pub(super) fn redistribution(
        &mut self,
        from: &RedistributeConfig<'a>,
        default: Option<u32>,
    ) -> Redistribution {
        Redistribution {
            source: from.source.clone(),
            metric: from.metric,
            metric_default: default,
            metric_type: from.metric_type.unwrap_or(OspfMetricType::External2),
            tag: from.tag,
            policy: from
                .route_map
                .map(|name| self.route_map(name, from.origin, false)),
            subnets: from.subnets,
            origin: from.origin,
        }
    }

    fn areas(&mut self, from: &OspfConfig<'a>, used: &[u32]) -> Vec<OspfArea> {
        let mut areas: BTreeMap<u32, Option<&AreaConfig<'a>>> =
            used.iter().map(|&id| (id, None)).collect();
        areas.extend(from.areas.iter().map(|(&id, area)| (id, Some(area))));
        areas
            .into_iter()
            .map(|(id, area)| self.area(id, area))
            .collect()
    }

    fn area(&mut self, id: u32, from: Option<&AreaConfig<'a>>) -> OspfArea {
        let Some(from) = from else {
            return OspfArea {
                id,
                kind: OspfAreaKind::Normal,
                ranges: Vec::new(),
                filter_in: None,
                filter_out: None,
                virtual_links: Vec::new(),
            };
        };
        let mut kind = from.kind.unwrap_or(OspfAreaKind::Normal);
        if let (
            OspfAreaKind::Stub { default_cost, .. } | OspfAreaKind::Nssa { default_cost, .. },
            Some(cost),
        ) = (&mut kind, from.default_cost)
        {
            *default_cost = cost;
        }
        let mut filter = |used: Option<(&'a str, findings::Span)>| {
            used.map(|(name, origin)| self.filter_policy(FilterKind::PrefixList, name, origin))
        };
        let (filter_in, filter_out) = (filter(from.filter_in), filter(from.filter_out));
        OspfArea {
            id,
            kind,
            ranges: from.ranges.clone(),
            filter_in,
            filter_out,
            virtual_links: from.virtual_links.clone(),
        }
    }
}

/// Links that are point-to-point by what they are.
fn default_type(from: &InterfaceConfig<'_>) -> Option<OspfNetworkType> {
    let kind = words::interface_type(&from.name);
    let serial = matches!(
        kind,
        "Serial" | "POS" | "Multilink" | "Dialer" | "Async" | "Virtual-Template"
    );
    let tunnel = kind == "Tunnel" && from.tunnel.mode != Some("mgre");
    (serial || tunnel).then_some(OspfNetworkType::PointToPoint)
}

fn authentication(from: &InterfaceConfig<'_>, area: Option<&str>) -> Option<String> {
    let ospf = &from.ospf;
    match ospf.authentication.or(area)? {
        "simple" => Some(format!(
            "simple {}",
            ospf.key.as_deref().unwrap_or_default()
        )),
        "digest" => Some(match ospf.digest_keys.last() {
            Some((number, digest)) => format!("md5 {number} {digest}"),
            None => "md5 0".to_owned(),
        }),
        _ => None,
    }
}
