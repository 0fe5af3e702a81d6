//! OSPF for IPv4.
//!
//! Defaults are those of the CLI reference, `router ospf`. Distributed lists
//! for announcing, and anything that is not named here, make what the protocol
//! learns and announces unknown.

use super::{Domain, words};
use crate::fortios::reading::Node;
use ipnet::{IpNet, Ipv4Net};
use networks::model::{
    InterfaceId, OspfArea, OspfAreaKind, OspfDefault, OspfInterface, OspfMetricType,
    OspfNetworkType, OspfProcess, OspfRange, Redistribution, RouteSource, RouteType, Touches,
    VrfId,
};
use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

/// The name of the one process of a virtual domain.
const PROCESS: &str = "ospf";

/// Settings that do not bear on which routes there are in the steady state.
const HARMLESS: &[&str] = &[
    "bfd",
    "log-neighbour-changes",
    "lsa-refresh-interval",
    "spf-timers",
    "restart-mode",
    "restart-period",
    "restart-on-topology-change",
    "database-overflow",
    "database-overflow-max-lsas",
    "database-overflow-time-to-recover",
    "comments",
];

impl<'a> Domain<'a> {
    /// Reads `router ospf`; it runs on interfaces that a network names.
    pub(super) fn read_ospf(&mut self) {
        let Some(section) = self.section("router ospf") else {
            return;
        };
        let networks = self.ospf_networks(section);
        let areas = self.ospf_areas(section);
        let passive: HashSet<&str> = section
            .list("passive-interface")
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        let redistributions = self.redistributions(section, "redistribute", true);
        let policy_in = self
            .filter_by(section, "distribute-list-in", false)
            .or_else(|| self.route_map(section, "distribute-route-map-in"));
        let default_originate = self.ospf_default(section);
        let distance = section.parsed("distance").unwrap_or(110);
        let bandwidth: u64 = section.parsed("auto-cost-ref-bandwidth").unwrap_or(1000);
        let process = OspfProcess {
            name: PROCESS.to_owned(),
            version: 2,
            router_id: section
                .parsed("router-id")
                .filter(|id: &Ipv4Addr| !id.is_unspecified()),
            areas,
            reference_bandwidth_kbps: bandwidth.saturating_mul(1000),
            redistributions,
            default_originate,
            distance_intra: section.parsed("distance-intra-area").unwrap_or(distance),
            distance_inter: section.parsed("distance-inter-area").unwrap_or(distance),
            distance_external: section.parsed("distance-external").unwrap_or(distance),
            policy_in,
            external_ranges: ospf_ranges(section.table("summary-address")),
            multipath_max: self
                .device
                .vrf(VrfId::DEFAULT)
                .map_or(255, |vrf| vrf.multipath_max),
            max_metric: false,
            rfc1583: section.flag("rfc1583-compatible").unwrap_or(false),
            origin: section.span,
        };
        self.ospf_interfaces(section, &networks, &passive);
        for name in ["abr-type", "default-metric"] {
            section.setting(name);
        }
        let mut strange = section.rest(HARMLESS);
        for table in ["distribute-list", "neighbor"] {
            if let Some(table) = section.table(table).filter(|table| !table.is_empty()) {
                strange.push(table.span);
                table.entries().for_each(Node::rest_harmless);
            }
        }
        for span in strange {
            let reason = "a setting of OSPF is not modelled";
            self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
        }
        if networks.is_empty() {
            return;
        }
        if let Some(vrf) = self.vrf_mut(VrfId::DEFAULT) {
            vrf.ospf.push(process);
        }
    }

    fn ospf_networks(&mut self, section: &'a Node) -> BTreeMap<Ipv4Net, u32> {
        let table = section.table("network");
        let mut networks = BTreeMap::new();
        for entry in table.into_iter().flat_map(Node::entries) {
            let net = words::net(entry.list("prefix"));
            let area = entry.word("area").and_then(area_id);
            entry.rest(&["comments"]);
            match (net, area) {
                (Some(IpNet::V4(net)), area) => {
                    networks.insert(net.trunc(), area.unwrap_or(0));
                }
                _ => {
                    let reason = "the network cannot be read";
                    self.unread(entry.span, Touches::Routing(VrfId::DEFAULT), reason);
                }
            }
        }
        networks
    }

    fn ospf_areas(&mut self, section: &'a Node) -> Vec<OspfArea> {
        let mut areas: BTreeMap<u32, OspfArea> = BTreeMap::new();
        for entry in section.table("area").into_iter().flat_map(Node::entries) {
            let id = area_id(&entry.name).unwrap_or(0);
            let no_summary = entry.word("stub-type") == Some("no-summary");
            let default_cost = entry.parsed("default-cost").unwrap_or(10);
            let originate = entry.word("nssa-default-information-originate");
            let kind = match entry.word("type") {
                Some("stub") => OspfAreaKind::Stub {
                    no_summary,
                    default_cost,
                },
                Some("nssa") => OspfAreaKind::Nssa {
                    no_summary,
                    default_originate: originate.is_some_and(|word| word != "disable"),
                    default_cost: entry
                        .parsed("nssa-default-information-originate-metric")
                        .unwrap_or(10),
                },
                _ => OspfAreaKind::Normal,
            };
            let (mut filter_in, mut filter_out) = (None, None);
            for filter in entry
                .table("filter-list")
                .into_iter()
                .flat_map(Node::entries)
            {
                let policy = self.filter_by(filter, "list", false);
                match filter.word("direction") {
                    Some("in") => filter_in = policy,
                    _ => filter_out = policy,
                }
                filter.rest_harmless();
            }
            let links = entry
                .table("virtual-link")
                .into_iter()
                .flat_map(Node::entries);
            let virtual_links = links
                .filter_map(|link| {
                    let peer = link.parsed("peer");
                    link.rest_harmless();
                    for keys in link.table("md5-keys").into_iter().flat_map(Node::entries) {
                        keys.rest_harmless();
                    }
                    peer
                })
                .collect();
            let ranges = ospf_ranges(entry.table("range"));
            for key in [
                "shortcut",
                "authentication",
                "nssa-default-information-originate-metric-type",
                "nssa-translator-role",
                "nssa-redistribution",
            ] {
                entry.setting(key);
            }
            for span in entry.rest(&["comments"]) {
                let reason = "a setting of an area is not recognised";
                self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
            }
            areas.insert(
                id,
                OspfArea {
                    id,
                    kind,
                    ranges,
                    filter_in,
                    filter_out,
                    virtual_links,
                },
            );
        }
        areas.into_values().collect()
    }

    fn ospf_default(&mut self, section: &'a Node) -> Option<OspfDefault> {
        let mode = section.word("default-information-originate");
        let policy = self.route_map(section, "default-information-route-map");
        let metric = section.parsed("default-information-metric").unwrap_or(10);
        let metric_type = metric_type(section.word("default-information-metric-type"));
        Some(OspfDefault {
            always: match mode {
                Some("always") => true,
                Some("enable") => false,
                _ => return None,
            },
            metric,
            metric_type,
            policy,
            origin: section.span_of("default-information-originate"),
        })
    }

    /// Reads what a protocol takes from others. `connected` and its like stand
    /// in the name of the table.
    pub(super) fn redistributions(
        &mut self,
        section: &'a Node,
        table: &str,
        into_ospf: bool,
    ) -> Vec<Redistribution> {
        let default = section.parsed("default-metric").unwrap_or(10);
        let mut found = Vec::new();
        for (name, source) in [
            ("connected", RouteSource::Connected),
            ("static", RouteSource::Static),
            ("bgp", RouteSource::Bgp),
            ("ospf", any_ospf()),
            ("ospf6", RouteSource::Unmodelled("ospf6".to_owned())),
            ("rip", RouteSource::Unmodelled("rip".to_owned())),
            ("isis", RouteSource::Unmodelled("isis".to_owned())),
        ] {
            let Some(node) = section.table(&format!("{table} {name}")) else {
                continue;
            };
            let on = node.flag("status").unwrap_or(false);
            let key = if into_ospf { "routemap" } else { "route-map" };
            let policy = self.route_map(node, key);
            let metric = node.parsed("metric").filter(|&metric: &u32| metric != 0);
            let redistribution = Redistribution {
                source,
                metric,
                metric_default: into_ospf.then_some(default),
                metric_type: metric_type(node.word("metric-type")),
                tag: node.parsed("tag").filter(|&tag| tag != 0),
                policy,
                subnets: true,
                origin: node.span,
            };
            for span in node.rest(&["comments"]) {
                let reason = "a setting of a redistribution is not recognised";
                self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
            }
            if on {
                found.push(redistribution);
            }
        }
        found
    }

    /// Puts the process on every interface of which an address is in a network;
    /// of several networks the longest decides about the area.
    fn ospf_interfaces(
        &mut self,
        section: &'a Node,
        networks: &BTreeMap<Ipv4Net, u32>,
        passive: &HashSet<&str>,
    ) {
        let mut settings: BTreeMap<&str, &'a Node> = BTreeMap::new();
        for entry in section
            .table("ospf-interface")
            .into_iter()
            .flat_map(Node::entries)
        {
            if let Some(word) = entry.list("interface").first() {
                settings.insert(&word.text, entry);
                if !self.interfaces.contains_key(word.text.as_str()) {
                    self.undefined("interface", word);
                }
            }
        }
        let mut on: Vec<(InterfaceId, OspfInterface)> = Vec::new();
        for (id, interface) in self.device.interfaces() {
            if interface.vrf != VrfId::DEFAULT {
                continue;
            }
            let addresses = interface.addresses.iter().map(|own| own.net.addr());
            let area = addresses
                .filter_map(|own| match own {
                    IpAddr::V4(own) => {
                        std::iter::successors(Some(Ipv4Net::from(own)), Ipv4Net::supernet)
                            .find_map(|net| networks.get(&net).copied())
                    }
                    IpAddr::V6(_) => None,
                })
                .next();
            let Some(area) = area else {
                continue;
            };
            let entry = settings.get(interface.name.as_str()).copied();
            let is_passive = passive.contains(interface.name.as_str());
            on.push((id, ospf_interface(entry, area, is_passive, section)));
        }
        for (id, ospf) in on {
            if let Some(interface) = self.interface_mut(id) {
                interface.ospf = Some(ospf);
            }
        }
        self.settle_ospf_interfaces(settings.into_values());
    }

    fn settle_ospf_interfaces(&mut self, entries: impl Iterator<Item = &'a Node>) {
        for entry in entries {
            for key in [
                "cost",
                "priority",
                "dead-interval",
                "hello-interval",
                "authentication",
                "authentication-key",
                "mtu-ignore",
                "network-type",
                "md5-keychain",
                "keychain",
            ] {
                entry.setting(key);
            }
            for keys in entry.table("md5-keys").into_iter().flat_map(Node::entries) {
                keys.rest_harmless();
            }
            for span in entry.rest(&[
                "comments",
                "bfd",
                "mtu",
                "resync-timeout",
                "retransmit-interval",
                "transmit-delay",
                "hello-multiplier",
                "linkdown-fast-failover",
                "ip",
                "prefix-length",
            ]) {
                let reason = "a setting of OSPF on an interface is not recognised";
                self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
            }
        }
    }
}

/// OSPF as a source: every kind of its routes.
fn any_ospf() -> RouteSource {
    RouteSource::Ospf {
        process: None,
        types: vec![
            RouteType::OspfIntra,
            RouteType::OspfInter,
            RouteType::OspfExternal1,
            RouteType::OspfExternal2,
            RouteType::OspfNssa1,
            RouteType::OspfNssa2,
        ],
    }
}

fn ospf_interface(entry: Option<&Node>, area: u32, passive: bool, section: &Node) -> OspfInterface {
    let number = |key: &str| {
        let value: Option<u16> = entry.and_then(|entry| entry.parsed(key));
        value.filter(|&value| value != 0)
    };
    let word = |key: &str| entry.and_then(|entry| entry.word(key));
    let secret = entry.and_then(|entry| {
        let key = entry.list("authentication-key").last();
        key.map(|word| digest(&word.text))
    });
    let authentication = match word("authentication") {
        None | Some("none") => None,
        Some(kind) => Some(format!("{kind} {}", secret.unwrap_or_default())),
    };
    let cost = entry.and_then(|entry| entry.parsed("cost"));
    OspfInterface {
        process: PROCESS.to_owned(),
        area,
        cost: cost.filter(|&cost: &u32| cost != 0),
        passive,
        network_type: match word("network-type") {
            Some("point-to-point") => Some(OspfNetworkType::PointToPoint),
            Some("broadcast") => Some(OspfNetworkType::Broadcast),
            Some("non-broadcast") => Some(OspfNetworkType::NonBroadcast),
            Some(kind) if kind.starts_with("point-to-multipoint") => {
                Some(OspfNetworkType::PointToMultipoint)
            }
            _ => None,
        },
        hello_interval_s: number("hello-interval").unwrap_or(10),
        dead_interval_s: number("dead-interval").unwrap_or(40),
        mtu_ignore: entry.and_then(|entry| entry.flag("mtu-ignore")) == Some(true),
        authentication,
        priority: entry
            .and_then(|entry| entry.parsed("priority"))
            .unwrap_or(1),
        origin: entry.map_or(section.span, |entry| entry.span),
    }
}

/// Stands for a secret, so that two can be compared and none be read: FNV-1a,
/// 64 bits. A text that the unit obscures differs from unit to unit.
pub(super) fn digest(secret: &str) -> String {
    let hash = secret
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

fn metric_type(word: Option<&str>) -> OspfMetricType {
    if word == Some("1") {
        OspfMetricType::External1
    } else {
        OspfMetricType::External2
    }
}

/// Reads an area number, plain or dotted.
fn area_id(text: &str) -> Option<u32> {
    let dotted = text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
    dotted.or_else(|| text.parse().ok())
}

fn ospf_ranges(table: Option<&Node>) -> Vec<OspfRange> {
    let entries = table.into_iter().flat_map(Node::entries);
    entries
        .filter_map(|entry| {
            let prefix = words::net(entry.list("prefix"));
            let advertise = entry.flag("advertise").unwrap_or(true);
            for key in ["substitute", "substitute-status", "tag"] {
                entry.setting(key);
            }
            entry.rest(&["comments"]);
            let Some(IpNet::V4(prefix)) = prefix else {
                return None;
            };
            Some(OspfRange {
                prefix: prefix.trunc(),
                advertise,
                cost: None,
                origin: entry.span,
            })
        })
        .collect()
}
