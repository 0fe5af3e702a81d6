//! BGP.
//!
//! Defaults are those of the CLI reference, `router bgp`: both families are
//! active, communities are sent, `network` asks the routing table
//! (`network-import-check`), and distances are 20, 200 and 200.

use super::ospf::digest;
use super::{Domain, words};
use crate::fortios::reading::Node;
use findings::Span;
use ipnet::IpNet;
use networks::model::{
    Aggregate, BgpAddPath, BgpNeighbor, BgpNetwork, BgpProcess, BgpSelection, BgpSession, Touches,
    VrfId,
};
use std::net::{IpAddr, Ipv4Addr};

/// Settings of the process that do not bear on which routes there are in the
/// steady state.
const HARMLESS: &[&str] = &[
    "keepalive-timer",
    "holdtime-timer",
    "scan-time",
    "log-neighbour-changes",
    "fast-external-failover",
    "graceful-restart",
    "graceful-restart-time",
    "graceful-stalepath-time",
    "graceful-update-delay",
    "graceful-end-on-timer",
    "client-to-client-reflection",
    "enforce-first-as",
    "ignore-optional-capability",
    "recursive-next-hop",
    "recursive-inherit-priority",
    "synchronization",
    "multipath-recursive-distance",
    "comments",
];

/// Settings of a neighbour that do not bear on which routes there are in the
/// steady state.
const NEIGHBOR_HARMLESS: &[&str] = &[
    "advertisement-interval",
    "bfd",
    "connect-timer",
    "keep-alive-timer",
    "holdtime-timer",
    "retain-stale-time",
    "restart-time",
    "stale-route",
    "link-down-failover",
    "soft-reconfiguration",
    "soft-reconfiguration6",
    "soft-reconfiguration-vpnv4",
    "soft-reconfiguration-vpnv6",
    "soft-reconfiguration-evpn",
    "activate-vpnv4",
    "activate-vpnv6",
    "activate-evpn",
    "capability-graceful-restart",
    "capability-graceful-restart6",
    "capability-orf",
    "capability-orf6",
    "capability-route-refresh",
    "capability-dynamic",
    "dont-capability-negotiate",
    "override-capability",
    "strict-capability-match",
    "maximum-prefix-threshold",
    "maximum-prefix-threshold6",
    "maximum-prefix-warning-only",
    "maximum-prefix-warning-only6",
    "rr-attr-allow-change",
    "rr-attr-allow-change6",
    "auth-options",
    "comments",
];

impl<'a> Domain<'a> {
    /// Reads `router bgp`; it runs once it has a system number.
    pub(super) fn read_bgp(&mut self) {
        let Some(section) = self.section("router bgp") else {
            return;
        };
        let asn = section.word("as").and_then(system);
        if section.setting("as").is_some() && asn.is_none() {
            section.reject("as");
        }
        let mut neighbors = Vec::new();
        for entry in section
            .table("neighbor")
            .into_iter()
            .flat_map(Node::entries)
        {
            neighbors.extend(self.bgp_neighbor(section, entry));
        }
        neighbors.extend(self.bgp_ranges(section));
        let networks = self.bgp_networks(section);
        let aggregates = self.bgp_aggregates(section);
        let mut redistributions = self.redistributions(section, "redistribute", false);
        redistributions.extend(self.redistributions(section, "redistribute6", false));
        let paths = self
            .device
            .vrf(VrfId::DEFAULT)
            .map_or(255, |vrf| vrf.multipath_max);
        let several = |key: &str| {
            if section.flag(key) == Some(true) {
                paths
            } else {
                1
            }
        };
        let on = |key: &str| section.flag(key) == Some(true);
        let confederation = section.word("confederation-identifier").and_then(system);
        let peers = section.list("confederation-peers").iter();
        let peers: Vec<u32> = peers.filter_map(|word| system(&word.text)).collect();
        let address = |key: &str| {
            let found: Option<Ipv4Addr> = section.parsed(key);
            found.filter(|address| !address.is_unspecified())
        };
        let process = BgpProcess {
            asn: asn.unwrap_or(0),
            router_id: address("router-id"),
            neighbors,
            networks,
            aggregates,
            redistributions,
            distance_external: section.parsed("distance-external").unwrap_or(20),
            distance_internal: section.parsed("distance-internal").unwrap_or(200),
            distance_local: section.parsed("distance-local").unwrap_or(200),
            multipath_external: several("ebgp-multipath"),
            multipath_internal: several("ibgp-multipath"),
            multipath_mixed: 1,
            selection: BgpSelection {
                always_compare_med: on("always-compare-med"),
                deterministic_med: on("deterministic-med"),
                missing_med_worst: on("bestpath-med-missing-as-worst"),
                ignore_as_path_length: on("bestpath-as-path-ignore"),
                multipath_relax: false,
                compare_router_id: on("bestpath-cmp-routerid"),
                ignore_igp_metric: false,
            },
            cluster_id: address("cluster-id"),
            confederation: confederation.map(|number| (number, peers)),
            table_policy: None,
            default_information_originate: true,
            default_local_preference: section.parsed("default-local-preference").unwrap_or(100),
            auto_summary: false,
            origin: section.span,
        };
        section.setting("network-import-check");
        self.settle_bgp(section);
        if asn.is_some_and(|asn| asn != 0)
            && let Some(vrf) = self.vrf_mut(VrfId::DEFAULT)
        {
            vrf.bgp = Some(process);
        }
    }

    fn settle_bgp(&mut self, section: &'a Node) {
        let mut strange = section.rest(HARMLESS);
        for name in ["admin-distance", "vrf", "vrf6", "vrf-leak", "vrf-leak6"] {
            if let Some(table) = section.table(name).filter(|table| !table.is_empty()) {
                strange.push(table.span);
            }
        }
        for span in strange {
            let reason = "a setting of BGP is not modelled";
            self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
        }
    }

    fn bgp_neighbor(&mut self, section: &'a Node, entry: &'a Node) -> Option<BgpNeighbor> {
        let address: Option<IpAddr> = entry.name.parse().ok();
        let group = self.neighbor_group(section, entry);
        let neighbor = address
            .filter(|address| !address.is_unspecified())
            .map(|address| self.neighbor(entry, group, IpNet::from(address)));
        if neighbor.is_none() {
            let reason = "the neighbour has no address";
            self.unread(entry.span, Touches::Routing(VrfId::DEFAULT), reason);
        }
        self.settle_neighbor(entry);
        neighbor
    }

    fn settle_neighbor(&mut self, entry: &'a Node) {
        let mut strange = entry.rest(NEIGHBOR_HARMLESS);
        if let Some(table) = entry
            .table("conditional-advertise")
            .filter(|it| !it.is_empty())
        {
            strange.push(table.span);
        }
        for span in strange {
            let reason = "a setting of a neighbour is not modelled";
            self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
        }
    }

    fn neighbor_group(&mut self, section: &'a Node, entry: &'a Node) -> Option<&'a Node> {
        let word = entry.list("neighbor-group").first()?;
        let groups = section.table("neighbor-group");
        let found = groups.and_then(|groups| groups.referred(word));
        if found.is_none() {
            self.undefined("neighbour group", word);
        }
        found
    }

    /// Neighbours that call from a prefix take the settings of a group.
    fn bgp_ranges(&mut self, section: &'a Node) -> Vec<BgpNeighbor> {
        let mut neighbors = Vec::new();
        for (table, key) in [("neighbor-range", "prefix"), ("neighbor-range6", "prefix6")] {
            for entry in section.table(table).into_iter().flat_map(Node::entries) {
                let net = words::net(entry.list(key));
                let group = self.neighbor_group(section, entry);
                entry.rest(&["max-neighbor-num", "comments"]);
                if let (Some(net), Some(group)) = (net, group) {
                    let mut neighbor = self.neighbor(group, None, net.trunc());
                    neighbor.passive = true;
                    neighbor.origin = entry.span;
                    neighbors.push(neighbor);
                }
            }
        }
        let groups = section.table("neighbor-group");
        for group in groups.into_iter().flat_map(Node::entries) {
            // Looked at once more for groups that no range names.
            self.neighbor(group, None, IpNet::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
            self.settle_neighbor(group);
        }
        neighbors
    }

    fn neighbor(
        &mut self,
        entry: &'a Node,
        group: Option<&'a Node>,
        address: IpNet,
    ) -> BgpNeighbor {
        // What an entry does not set, its group does.
        let of = |key: &str| match group {
            Some(group) if entry.setting(key).is_none() => group,
            _ => entry,
        };
        let on = |key: &str| of(key).flag(key) == Some(true);
        let remote = of("remote-as").word("remote-as").and_then(system);
        if of("remote-as").setting("remote-as").is_some() && remote.is_none() {
            of("remote-as").reject("remote-as");
        }
        let multihop = on("ebgp-enforce-multihop");
        let ttl: u8 = of("ebgp-multihop-ttl")
            .parsed("ebgp-multihop-ttl")
            .unwrap_or(255);
        let source = of("update-source").list("update-source").first();
        let update_source = source.and_then(|word| {
            let found = self.interfaces.get(word.text.as_str()).copied();
            if found.is_none() {
                self.undefined("interface", word);
            }
            found
        });
        let password = of("password").list("password").last();
        let description = of("description").word("description").map(str::to_owned);
        let family = |six: bool| if six { "6" } else { "" };
        let active = |six: bool| {
            let key = format!("activate{}", family(six));
            of(&key).flag(&key).unwrap_or(true)
        };
        let (four, six) = (active(false), active(true));
        let sessions = [
            self.bgp_session(entry, group, false),
            self.bgp_session(entry, group, true),
        ];
        let [ipv4, ipv6] = sessions;
        for key in ["interface", "additional-path", "adv-additional-path"] {
            of(key).setting(key);
        }
        BgpNeighbor {
            address,
            remote_as: remote.filter(|&remote| remote != 0).into_iter().collect(),
            local_as: of("local-as")
                .word("local-as")
                .and_then(system)
                .filter(|&number| number != 0),
            replace_as: on("local-as-replace-as"),
            shutdown: on("shutdown"),
            update_source,
            local_address: None,
            ebgp_multihop: multihop.then_some(ttl),
            disable_connected_check: false,
            passive: on("passive"),
            password: password.map(|word| digest(&word.text)),
            ipv4: four.then_some(ipv4),
            ipv6: six.then_some(ipv6),
            description,
            origin: entry.span,
        }
    }

    fn bgp_session(&mut self, entry: &'a Node, group: Option<&'a Node>, six: bool) -> BgpSession {
        let end = if six { "6" } else { "" };
        let name = |key: &str| format!("{key}{end}");
        let of = |key: &str| match group {
            Some(group) if entry.setting(key).is_none() => group,
            _ => entry,
        };
        let on = |key: &str| of(&name(key)).flag(&name(key)) == Some(true);
        let word = |key: &str| of(&name(key)).word(&name(key)).map(str::to_owned);
        let mut policies: [Vec<_>; 2] = [Vec::new(), Vec::new()];
        for (way, list) in ["in", "out"].iter().zip(&mut policies) {
            for kind in ["distribute-list", "prefix-list"] {
                let key = name(&format!("{kind}-{way}"));
                list.extend(self.filter_by(of(&key), &key, six));
            }
            let key = name(&format!("filter-list-{way}"));
            list.extend(self.filter_by_path(of(&key), &key));
            let key = name(&format!("route-map-{way}"));
            list.extend(self.route_map(of(&key), &key));
        }
        let [policies_in, policies_out] = policies;
        let own: u8 = of(&name("allowas-in"))
            .parsed(&name("allowas-in"))
            .filter(|&count| count != 0)
            .unwrap_or(3);
        let sends = word("send-community").unwrap_or_else(|| "both".to_owned());
        let default = on("capability-default-originate").then(|| {
            let key = format!("default-originate-routemap{end}");
            self.route_map(of(&key), &key)
        });
        let unchanged = of(&name("attribute-unchanged")).list(&name("attribute-unchanged"));
        let several = ["additional-path", "additional-path6"];
        let mode = word(several.first().copied().unwrap_or_default()).unwrap_or_default();
        let number: u8 = of(&name("adv-additional-path"))
            .parsed(&name("adv-additional-path"))
            .unwrap_or(2);
        let sending = matches!(mode.as_str(), "send" | "both");
        BgpSession {
            policies_in,
            policies_out,
            next_hop_self: on("next-hop-self"),
            next_hop_self_all: on("next-hop-self-rr"),
            next_hop_unchanged: unchanged.iter().any(|word| word.text == "next-hop"),
            route_reflector_client: on("route-reflector-client"),
            send_community: matches!(sends.as_str(), "both" | "standard"),
            send_extended_community: matches!(sends.as_str(), "both" | "extended"),
            default_originate: default,
            weight: of("weight").parsed("weight").filter(|&weight| weight != 0),
            allow_as_in: if on("allowas-in-enable") { own } else { 0 },
            as_override: on("as-override"),
            remove_private_as: on("remove-private-as"),
            advertise_to_own_as: false,
            add_path: BgpAddPath {
                send: sending,
                receive: matches!(mode.as_str(), "receive" | "both"),
                advertise_all: false,
                advertise_best: if sending { number } else { 0 },
            },
            prefix_limit: of(&name("maximum-prefix"))
                .parsed(&name("maximum-prefix"))
                .filter(|&limit| limit != 0),
        }
    }

    fn bgp_networks(&mut self, section: &'a Node) -> Vec<BgpNetwork> {
        let checked = section.flag("network-import-check").unwrap_or(true);
        let mut networks = Vec::new();
        for (table, key) in [("network", "prefix"), ("network6", "prefix6")] {
            for entry in section.table(table).into_iter().flat_map(Node::entries) {
                let net = words::net(entry.list(key)).filter(|net| net.prefix_len() > 0);
                if net.is_none() {
                    entry.reject(key);
                }
                let own = match entry.word("network-import-check") {
                    Some("enable") => true,
                    Some("disable") => false,
                    _ => checked,
                };
                let policy = self.route_map(entry, "route-map");
                let backdoor = entry.flag("backdoor") == Some(true);
                let mut strange: Vec<Span> = entry.rest(&["comments", "prefix-name"]);
                if backdoor {
                    strange.push(entry.span_of("backdoor"));
                }
                for span in strange {
                    let reason = "a setting of a BGP network is not modelled";
                    self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
                }
                networks.extend(net.map(|net| BgpNetwork {
                    prefix: net.trunc(),
                    policy,
                    unconditional: !own,
                    origin: entry.span,
                }));
            }
        }
        networks
    }

    fn bgp_aggregates(&mut self, section: &'a Node) -> Vec<Aggregate> {
        let mut aggregates = Vec::new();
        for (table, key) in [
            ("aggregate-address", "prefix"),
            ("aggregate-address6", "prefix6"),
        ] {
            for entry in section.table(table).into_iter().flat_map(Node::entries) {
                let net = words::net(entry.list(key));
                let summary_only = entry.flag("summary-only") == Some(true);
                let as_set = entry.flag("as-set") == Some(true);
                for span in entry.rest(&["comments"]) {
                    let reason = "a setting of an aggregate is not recognised";
                    self.unread(span, Touches::Routing(VrfId::DEFAULT), reason);
                }
                aggregates.extend(net.map(|net| Aggregate {
                    prefix: net.trunc(),
                    summary_only,
                    suppress: None,
                    as_set,
                    advertise: None,
                    attributes: None,
                    origin: entry.span,
                }));
            }
        }
        aggregates
    }
}

/// Reads a system number, plain or in two halves (RFC 5396).
fn system(text: &str) -> Option<u32> {
    match text.split_once('.') {
        Some((high, low)) => {
            let (high, low): (u16, u16) = (high.parse().ok()?, low.parse().ok()?);
            Some(u32::from(high) << 16 | u32::from(low))
        }
        None => text.parse().ok(),
    }
}
