//! BGP: groups and templates applied, one process a VRF.

use super::super::config::{
    BgpConfig, BgpFamily, BgpScope, DEFAULT_VRF, FamilyPeer, FilterKind, PeerConfig, Touch,
    peer_address,
};
use super::Builder;
use findings::Span;
use ipnet::IpNet;
use networks::model::{Aggregate, BgpAddPath, BgpNeighbor, BgpNetwork, BgpProcess, BgpSession};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Administrative distances of BGP on IOS: external, internal, local.
const DISTANCES: (u8, u8, u8) = (20, 200, 200);

/// How many templates one neighbour may inherit from; IOS takes eight.
const TEMPLATES_MAX: usize = 64;

/// Takes each field from the second where the first has none.
macro_rules! inherit {
    ($to:ident, $from:ident, $($field:ident),+ $(,)?) => {
        $( if $to.$field.is_none() { $to.$field.clone_from(&$from.$field); } )+
    };
}

impl<'a> Builder<'_, 'a> {
    /// Gives the VRFs their BGP process.
    pub(super) fn bgp(&mut self) {
        let config = self.config;
        let Some(process) = &config.bgp else {
            return;
        };
        for (&vrf, scope) in &process.scopes {
            let origin = if vrf == DEFAULT_VRF {
                process.origin
            } else {
                scope.origin.unwrap_or(process.origin)
            };
            let made = self.bgp_process(process, vrf, scope, origin);
            let id = self.vrf_id(vrf, Some(origin));
            if let Some(vrf) = self.vrf_mut(id) {
                vrf.bgp = Some(made);
            }
        }
    }

    fn bgp_process(
        &mut self,
        process: &BgpConfig<'a>,
        vrf: &'a str,
        scope: &BgpScope<'a>,
        origin: Span,
    ) -> BgpProcess {
        let default_vrf = vrf == DEFAULT_VRF;
        let family = &scope.ipv4;
        let mut networks = self.bgp_networks(family);
        networks.append(&mut self.bgp_networks(&scope.ipv6));
        let mut aggregates = self.aggregates(family);
        aggregates.append(&mut self.aggregates(&scope.ipv6));
        let redistributions = family
            .redistributions
            .iter()
            .map(|found| self.redistribution(found, family.default_metric))
            .collect();
        self.ipv6_unknowns(vrf, scope);
        let neighbors = self.neighbors(process, vrf, scope);
        let distances = family.distances.unwrap_or(DISTANCES);
        let router_id = scope.router_id.or_else(|| {
            let main = process.scopes.get(DEFAULT_VRF).filter(|_| default_vrf);
            main.and_then(|main| main.router_id)
        });
        BgpProcess {
            asn: process.asn,
            router_id,
            neighbors,
            networks,
            aggregates,
            redistributions,
            distance_external: distances.0,
            distance_internal: distances.1,
            distance_local: distances.2,
            multipath_external: family.paths_external.unwrap_or(1),
            multipath_internal: family.paths_internal.unwrap_or(1),
            multipath_mixed: family.paths_mixed.unwrap_or(1),
            selection: process.selection,
            cluster_id: process.cluster_id,
            confederation: process
                .confederation
                .map(|public| (public, process.confederation_peers.clone())),
            table_policy: family
                .table_map
                .map(|(name, origin)| self.route_map(name, origin, false)),
            default_information_originate: family.default_information,
            default_local_preference: process.default_local_preference,
            auto_summary: family.auto_summary,
            origin,
        }
    }

    /// What stands under IPv6 and the process has one field for both families.
    fn ipv6_unknowns(&mut self, vrf: &'a str, scope: &BgpScope<'a>) {
        let touch = Touch::Forwarding(vrf, Some(super::all_v6()));
        for found in &scope.ipv6.redistributions {
            let reason = "redistribution into BGP is modelled for IPv4 alone".to_owned();
            self.unread(found.origin, &touch, reason);
        }
    }

    fn bgp_networks(&mut self, family: &BgpFamily<'a>) -> Vec<BgpNetwork> {
        family
            .networks
            .iter()
            .map(|found| BgpNetwork {
                prefix: found.prefix,
                policy: found
                    .route_map
                    .map(|name| self.route_map(name, found.origin, false)),
                unconditional: false,
                origin: found.origin,
            })
            .collect()
    }

    fn aggregates(&mut self, family: &BgpFamily<'a>) -> Vec<Aggregate> {
        family
            .aggregates
            .iter()
            .map(|found| {
                let mut map = |name: Option<&'a str>| {
                    name.map(|name| self.route_map(name, found.origin, false))
                };
                let (suppress, advertise) = (map(found.suppress), map(found.advertise));
                let attributes = map(found.attributes);
                Aggregate {
                    prefix: found.prefix,
                    summary_only: found.summary_only,
                    suppress,
                    as_set: found.as_set,
                    advertise,
                    attributes,
                    origin: found.origin,
                }
            })
            .collect()
    }

    fn neighbors(
        &mut self,
        process: &BgpConfig<'a>,
        vrf: &'a str,
        scope: &BgpScope<'a>,
    ) -> Vec<BgpNeighbor> {
        let names: BTreeSet<&'a str> = [&scope.ipv4, &scope.ipv6]
            .into_iter()
            .flat_map(|family| family.peers.keys())
            .chain(scope.peers.keys())
            .copied()
            .collect();
        let listening: BTreeSet<&str> = scope.listens.iter().map(|(_, group, _)| *group).collect();
        let mut neighbors = Vec::new();
        for name in names {
            let peer = scope.peers.get(name).cloned().unwrap_or_default();
            let Some(address) = peer_address(name) else {
                let origin = peer.origin;
                if let (false, Some(at)) = (peer.is_group || peer.remote_as.is_some(), origin)
                    && peer.group.is_none()
                    && !listening.contains(name)
                {
                    self.undefined("peer group", name, at);
                }
                continue;
            };
            let origin = peer.origin.unwrap_or(process.origin);
            neighbors.push(self.neighbor(
                process,
                (vrf, scope),
                name,
                IpNet::from(address),
                origin,
            ));
        }
        for &(range, group, origin) in &scope.listens {
            if !scope.peers.contains_key(group) {
                self.undefined("peer group", group, origin);
            }
            let mut made = self.neighbor(process, (vrf, scope), group, range, origin);
            made.passive = true;
            neighbors.push(made);
        }
        neighbors
    }

    /// `name` is the neighbour's address, or the group of a listening range.
    fn neighbor(
        &mut self,
        process: &BgpConfig<'a>,
        (vrf, scope): (&'a str, &BgpScope<'a>),
        name: &'a str,
        address: IpNet,
        origin: Span,
    ) -> BgpNeighbor {
        let peer = self.whole_peer(process, scope, name);
        let group = scope
            .peers
            .get(name)
            .and_then(|peer| peer.group)
            .map(|(group, _)| group);
        let update_source = peer.update_source.as_ref().and_then(|(name, at)| {
            let id = self.interface_id(name);
            if id.is_none() {
                let reason = "the interface of `update-source` is not configured".to_owned();
                self.unread(*at, &Touch::Routing(vrf), reason);
            }
            id
        });
        let default = vrf != DEFAULT_VRF || process.default_ipv4_unicast;
        let declared = scope.ipv4.peers.contains_key(name) || vrf == DEFAULT_VRF;
        let ipv4 = self.session(process, &scope.ipv4, name, group, default && declared);
        let ipv6 = self.session(process, &scope.ipv6, name, group, false);
        let mut remote_as: Vec<u32> = peer.remote_as.into_iter().collect();
        remote_as.extend_from_slice(&peer.alternate_as);
        BgpNeighbor {
            address,
            remote_as,
            local_as: peer.local_as.map(|(number, _)| number),
            replace_as: peer.local_as.is_some_and(|(_, replace)| replace),
            shutdown: peer.shutdown.unwrap_or(false),
            update_source,
            local_address: None::<IpAddr>,
            ebgp_multihop: peer.multihop,
            disable_connected_check: peer.no_connected_check.unwrap_or(false),
            passive: peer.passive.unwrap_or(false),
            password: peer.password,
            ipv4,
            ipv6,
            description: peer.description.map(str::to_owned),
            origin,
        }
    }

    /// Returns what holds for a neighbour's session: its own settings, then
    /// its group's, then those of templates.
    fn whole_peer(
        &mut self,
        process: &BgpConfig<'a>,
        scope: &BgpScope<'a>,
        name: &'a str,
    ) -> PeerConfig<'a> {
        let mut whole = scope.peers.get(name).cloned().unwrap_or_default();
        if let Some((group, at)) = whole.group {
            match scope.peers.get(group) {
                Some(from) => fill_peer(&mut whole, from),
                None => self.undefined("peer group", group, at),
            }
        }
        let mut seen = BTreeSet::new();
        let mut left = whole.inherits.clone();
        while let Some((template, at)) = left.pop() {
            if !seen.insert(template) || seen.len() > TEMPLATES_MAX {
                continue;
            }
            match process.session_templates.get(template) {
                Some(from) => {
                    fill_peer(&mut whole, from);
                    left.extend_from_slice(&from.inherits);
                }
                None => self.undefined("session template", template, at),
            }
        }
        whole
    }

    fn session(
        &mut self,
        process: &BgpConfig<'a>,
        family: &BgpFamily<'a>,
        name: &'a str,
        group: Option<&'a str>,
        default: bool,
    ) -> Option<BgpSession> {
        let mut peer = family.peers.get(name).cloned().unwrap_or_default();
        if let Some(from) = group.and_then(|group| family.peers.get(group)) {
            fill_family(&mut peer, from);
        }
        let mut seen = BTreeSet::new();
        let mut left = peer.inherits.clone();
        while let Some((template, at)) = left.pop() {
            if !seen.insert(template) || seen.len() > TEMPLATES_MAX {
                continue;
            }
            match process.policy_templates.get(template) {
                Some(from) => {
                    fill_family(&mut peer, from);
                    left.extend_from_slice(&from.inherits);
                }
                None => self.undefined("policy template", template, at),
            }
        }
        if !peer.activate.unwrap_or(default) {
            return None;
        }
        let (send, receive) = peer
            .add_path
            .unwrap_or((family.add_path_send, family.add_path_receive));
        Some(BgpSession {
            policies_in: self.session_filters(&peer, true),
            policies_out: self.session_filters(&peer, false),
            next_hop_self: peer.next_hop_self.unwrap_or(false),
            next_hop_self_all: peer.next_hop_self_all.unwrap_or(false),
            next_hop_unchanged: peer.next_hop_unchanged.unwrap_or(false),
            route_reflector_client: peer.reflector_client.unwrap_or(false),
            send_community: peer.send_community.unwrap_or(false),
            send_extended_community: peer.send_extended.unwrap_or(false),
            default_originate: peer
                .default_originate
                .map(|map| map.map(|name| self.route_map(name, process.origin, false))),
            weight: peer.weight,
            allow_as_in: peer.allow_as_in.unwrap_or(0),
            as_override: peer.as_override.unwrap_or(false),
            remove_private_as: peer.remove_private.unwrap_or(false),
            // IOS leaves it to the receiver to find its own system in a path.
            advertise_to_own_as: true,
            add_path: BgpAddPath {
                send,
                receive,
                advertise_all: peer.advertise_all.unwrap_or(false),
                advertise_best: peer.advertise_best.unwrap_or(0),
            },
            prefix_limit: peer.prefix_limit,
        })
    }

    fn session_filters(
        &mut self,
        peer: &FamilyPeer<'a>,
        inbound: bool,
    ) -> Vec<networks::model::RoutePolicyId> {
        let used = peer.filters.iter().filter(|((way, _), _)| *way == inbound);
        used.map(|(_, &(kind, name, at))| match kind {
            FilterKind::RouteMap => self.route_map(name, at, true),
            _ => self.filter_policy(kind, name, at),
        })
        .collect()
    }
}

fn fill_peer<'a>(to: &mut PeerConfig<'a>, from: &PeerConfig<'a>) {
    inherit!(
        to,
        from,
        remote_as,
        local_as,
        shutdown,
        update_source,
        multihop,
        no_connected_check,
        passive,
        password,
        description,
    );
    if to.alternate_as.is_empty() {
        to.alternate_as.clone_from(&from.alternate_as);
    }
    if to.inherits.is_empty() {
        to.inherits.clone_from(&from.inherits);
    }
}

fn fill_family<'a>(to: &mut FamilyPeer<'a>, from: &FamilyPeer<'a>) {
    inherit!(
        to,
        from,
        activate,
        next_hop_self,
        next_hop_self_all,
        next_hop_unchanged,
        reflector_client,
        send_community,
        send_extended,
        default_originate,
        weight,
        allow_as_in,
        as_override,
        remove_private,
        add_path,
        advertise_all,
        advertise_best,
        prefix_limit,
    );
    for (key, filter) in &from.filters {
        to.filters.entry(*key).or_insert(*filter);
    }
    if to.inherits.is_empty() {
        to.inherits.clone_from(&from.inherits);
    }
}
