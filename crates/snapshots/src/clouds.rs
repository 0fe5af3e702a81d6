//! Clouds that nobody holds configurations of, as devices that do what is assumed.

use crate::boundary::{CloudPort, Ends};
use crate::snapshot::{Assumed, DeviceInfo, Snapshot, codes};
use findings::{Finding, Severity, Span};
use ipnet::IpNet;
use networks::model::{
    Action, BgpNeighbor, BgpNetwork, BgpProcess, BgpSelection, BgpSession, Chain, ChainId,
    Condition, Device, DeviceId, DeviceKind, Established, Hook, HookKind, HookScope, Interface,
    InterfaceAddress, InterfaceId, InterfaceKind, NextHop, PolicyAction, PolicyTerm, Port,
    PrefixEntry, RouteMatch, RoutePolicy, RoutePolicyId, Rule, Stage, StaticRoute, Touches,
    Unknown, Unread, Vrf, VrfId,
};
use region::files::{Assumption, Attachment, Filtering};
use region::{AssumptionName, AttachmentName, Date, Network, NetworkName, Region, Spanned};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Adds a device for each assumption; returns the interface of each attachment.
pub(crate) fn add(
    region: &Region,
    snapshot: &mut Snapshot,
    areas: &BTreeMap<NetworkName, u32>,
    ends: &Ends,
    today: Date,
) -> BTreeMap<CloudPort, Port> {
    let mut ports = BTreeMap::new();
    for network in region.networks.values() {
        let Some(&area) = areas.get(&network.name) else {
            continue;
        };
        for (name, assumption) in network.about.assumptions.iter() {
            let id = DeviceId(u32::try_from(snapshot.network.devices.len()).unwrap_or(u32::MAX));
            let cloud = Cloud {
                network,
                name,
                assumption,
                today,
            };
            let device = cloud.device(snapshot, ends);
            for (interface, (attachment, _)) in (0u32..).zip(assumption.attachments.iter()) {
                let port = Port {
                    device: id,
                    interface: InterfaceId(interface),
                };
                ports.insert(cloud.port(attachment), port);
            }
            snapshot.devices.push(DeviceInfo {
                network: Some(network.name.clone()),
                area,
                owner: Some(network.about.owner.to_string()),
                own_name: name.value.to_string(),
                language: None,
                assumed: Some(Assumed {
                    network: network.name.clone(),
                    name: name.value.clone(),
                    span: name.span,
                    by: assumption.by.clone(),
                    until: assumption.until.value,
                    in_force: cloud.in_force(),
                }),
            });
            snapshot.network.devices.push(device);
        }
    }
    ports
}

/// One assumption, being made a device.
struct Cloud<'a> {
    network: &'a Network,
    name: &'a Spanned<AssumptionName>,
    assumption: &'a Assumption,
    today: Date,
}

impl Cloud<'_> {
    fn in_force(&self) -> bool {
        (self.assumption.since..=self.assumption.until.value).contains(&self.today)
    }

    fn port(&self, attachment: &AttachmentName) -> CloudPort {
        let (network, name) = (&self.network.name, &self.name.value);
        (network.clone(), name.clone(), attachment.clone())
    }

    fn device(&self, snapshot: &mut Snapshot, ends: &Ends) -> Device {
        let name = format!("{}/{}", self.network.name, self.name.value);
        let mut device = Device {
            vrfs: Vec::new(),
            ..Device::new(name, self.network.file, DeviceKind::Router)
        };
        let mut vrf = Vrf::new("default");
        let mut neighbors = Vec::new();
        for (at, (name, attachment)) in (0u32..).zip(self.assumption.attachments.iter()) {
            let kind = InterfaceKind::Physical;
            let mut interface = Interface::new(name.value.as_str(), kind, name.span);
            interface.addresses.push(InterfaceAddress {
                net: attachment.address.net(),
                secondary: false,
                origin: attachment.address.span,
            });
            device.interfaces.push(interface);
            let gateways = self.gateways(snapshot, ends, name, attachment);
            let id = InterfaceId(at);
            let orphans = routes(&mut vrf, id, attachment, &gateways);
            for prefix in orphans {
                device
                    .unread
                    .push(self.without_gateway(snapshot, name, prefix));
            }
            if let Some(peer) = attachment.peer_as.filter(|_| self.assumption.bgp.is_some()) {
                let policies = self.policies(&mut device, name, attachment);
                let gateways = gateways.iter();
                neighbors
                    .extend(gateways.map(|&gateway| neighbor(gateway, peer, policies, name.span)));
            }
        }
        vrf.bgp = self.bgp(neighbors);
        device.vrfs.push(vrf);
        self.filter(&mut device);
        device
    }

    /// Returns to whom packets are handed at an attachment: the gateway that is
    /// written, else the virtual address of the interface that is attached,
    /// else its own.
    fn gateways(
        &self,
        snapshot: &Snapshot,
        ends: &Ends,
        name: &AttachmentName,
        attachment: &Attachment,
    ) -> Vec<IpAddr> {
        if let Some(gateway) = &attachment.gateway {
            return vec![gateway.ip()];
        }
        let own = attachment.address.net();
        let reachable = |address: &IpAddr| own.contains(address) && *address != own.addr();
        let ports = ends.at_clouds.get(&self.port(name));
        let interfaces = ports.into_iter().flatten();
        let interfaces = interfaces.filter_map(|port| snapshot.network.interface(*port));
        let mut gateways: Vec<IpAddr> = interfaces
            .filter_map(|interface| {
                let shared = interface.redundancy.iter();
                let mut shared = shared.flat_map(|group| group.addresses.iter().copied());
                let mut own = interface.addresses.iter().map(|address| address.net.addr());
                shared.find(&reachable).or_else(|| own.find(&reachable))
            })
            .collect();
        gateways.sort_unstable();
        gateways.dedup();
        gateways
    }

    /// Notes a prefix that is handed to nobody; packets to it are unknown.
    fn without_gateway(
        &self,
        snapshot: &mut Snapshot,
        name: &AttachmentName,
        prefix: &Spanned<region::Prefix>,
    ) -> Unread {
        let message = format!(
            "the cloud carries {} to `{name}`, where no interface with an address of its subnet is attached",
            prefix.value
        );
        let finding = Finding::new(codes::CLOUD_WITHOUT_GATEWAY, Severity::Warning, message)
            .at(prefix.span)
            .owned_by(self.network.about.owner.as_str())
            .with_hint("declare the boundary link to the attachment, or write its `gateway`");
        snapshot.findings.push(finding);
        Unread {
            origin: prefix.span,
            touches: Touches::Forwarding {
                vrf: VrfId::DEFAULT,
                destinations: Some(prefix.net()),
            },
            reason: "to whom the cloud hands these packets is not known".to_owned(),
        }
    }

    /// Makes the cloud's routing policies at an attachment: it learns nothing
    /// there, and announces what the other attachments carry.
    fn policies(
        &self,
        device: &mut Device,
        name: &Spanned<AttachmentName>,
        attachment: &Attachment,
    ) -> (RoutePolicyId, RoutePolicyId) {
        let others = self.assumption.attachments.iter();
        let others = others.filter(|(other, _)| other.value != name.value);
        let announced: Vec<PrefixEntry> = others
            .flat_map(|(_, other)| &other.carries)
            .filter(|prefix| {
                let mut own = attachment.carries.iter();
                !own.any(|own| own.value == prefix.value)
            })
            .map(|prefix| exactly(prefix.net(), prefix.span))
            .collect();
        let learns = add_policy(device, format!("nothing from {}", name.value), Vec::new());
        let term = PolicyTerm {
            sequence: 10,
            matches: vec![RouteMatch::Prefix(vec![announced])],
            sets: Vec::new(),
            action: PolicyAction::Permit,
            origin: name.span,
        };
        let announces = add_policy(device, format!("of others to {}", name.value), vec![term]);
        (learns, announces)
    }

    fn bgp(&self, neighbors: Vec<BgpNeighbor>) -> Option<BgpProcess> {
        let bgp = self.assumption.bgp.as_ref()?;
        let attachments = self.assumption.attachments.iter();
        let mut networks: Vec<BgpNetwork> = attachments
            .flat_map(|(_, attachment)| &attachment.carries)
            .map(|prefix| BgpNetwork {
                prefix: prefix.net(),
                policy: None,
                unconditional: true,
                origin: prefix.span,
            })
            .collect();
        networks.sort_by_key(|network| (network.prefix, network.origin));
        networks.dedup_by_key(|network| network.prefix);
        Some(BgpProcess {
            asn: bgp.asn,
            router_id: None,
            neighbors,
            networks,
            aggregates: Vec::new(),
            redistributions: Vec::new(),
            distance_external: 20,
            distance_internal: 200,
            distance_local: 200,
            multipath_external: 1,
            multipath_internal: 1,
            multipath_mixed: 1,
            selection: BgpSelection {
                always_compare_med: false,
                deterministic_med: true,
                missing_med_worst: false,
                ignore_as_path_length: false,
                multipath_relax: false,
                compare_router_id: true,
                ignore_igp_metric: false,
            },
            cluster_id: None,
            confederation: None,
            table_policy: None,
            default_information_originate: true,
            default_local_preference: 100,
            auto_summary: false,
            origin: self.name.span,
        })
    }

    /// Where nobody knows whether the cloud filters, or the assumption is not
    /// in force, makes whatever enters it unknown.
    fn filter(&self, device: &mut Device) {
        let assumption = self.assumption;
        let (origin, reason) = if !self.in_force() {
            let reason = format!(
                "what is assumed of the cloud holds from {} to {} only",
                assumption.since, assumption.until.value
            );
            (assumption.until.span, reason)
        } else if assumption.filters.value == Filtering::Unknown {
            let reason = "whether the cloud filters is not known".to_owned();
            (assumption.filters.span, reason)
        } else {
            return;
        };
        device.chains.push(Chain {
            name: "what the cloud lets through".to_owned(),
            rules: vec![Rule {
                condition: Condition::Always,
                action: Action::Unknown(Unknown { origin, reason }),
                origin,
            }],
            default: Action::Return,
            origin: Some(origin),
        });
        device.hooks.push(Hook {
            stage: Stage::Ingress,
            scope: HookScope::default(),
            kind: HookKind::Filter,
            chain: ChainId(0),
            established: Established::Evaluate,
            origin: Some(origin),
        });
    }
}

/// Adds a route to each gateway for each prefix; returns the prefixes without any.
fn routes<'a>(
    vrf: &mut Vrf,
    interface: InterfaceId,
    attachment: &'a Attachment,
    gateways: &[IpAddr],
) -> Vec<&'a Spanned<region::Prefix>> {
    let mut orphans = Vec::new();
    for prefix in &attachment.carries {
        let family = |gateway: &&IpAddr| gateway.is_ipv4() == prefix.net().addr().is_ipv4();
        let before = vrf.static_routes.len();
        vrf.static_routes
            .extend(gateways.iter().filter(family).map(|&gateway| StaticRoute {
                prefix: prefix.net(),
                next_hop: NextHop::InterfaceAddress(interface, gateway),
                distance: 1,
                priority: 0,
                tag: 0,
                permanent: false,
                run_time: false,
                origin: prefix.span,
            }));
        if vrf.static_routes.len() == before {
            orphans.push(prefix);
        }
    }
    orphans
}

/// The cloud's side of a BGP session.
fn neighbor(
    gateway: IpAddr,
    peer: u32,
    (learns, announces): (RoutePolicyId, RoutePolicyId),
    origin: Span,
) -> BgpNeighbor {
    let session = BgpSession {
        policies_in: vec![learns],
        policies_out: vec![announces],
        ..BgpSession::default()
    };
    let (ipv4, ipv6) = if gateway.is_ipv4() {
        (Some(session), None)
    } else {
        (None, Some(session))
    };
    BgpNeighbor {
        address: IpNet::from(gateway),
        remote_as: vec![peer],
        local_as: None,
        replace_as: false,
        shutdown: false,
        update_source: None,
        local_address: None,
        ebgp_multihop: None,
        disable_connected_check: false,
        passive: false,
        password: None,
        ipv4,
        ipv6,
        description: None,
        origin,
    }
}

/// Permits one prefix, as it is.
fn exactly(net: IpNet, origin: Span) -> PrefixEntry {
    PrefixEntry::Net {
        permit: true,
        net,
        length_min: net.prefix_len(),
        length_max: net.prefix_len(),
        origin,
    }
}

fn add_policy(device: &mut Device, name: String, terms: Vec<PolicyTerm>) -> RoutePolicyId {
    let id = RoutePolicyId(u32::try_from(device.policies.len()).unwrap_or(u32::MAX));
    device.policies.push(RoutePolicy {
        name,
        terms,
        default: PolicyAction::Deny,
        origin: None,
    });
    id
}
