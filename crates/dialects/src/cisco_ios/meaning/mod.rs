//! IOS's own model to the common one: names are resolved here.

mod access;
mod bgp;
mod crypto;
mod filters;
mod inspection;
mod interface;
mod nat;
mod ospf;
mod policy;
mod policy_routing;
mod redundancy;
mod routes;

use super::config::{Config, DEFAULT_VRF, Touch};
use super::reading::{LINE_NOT_READ, Read};
use findings::{Code, FileId, Finding, Severity, SourceFile, Span};
use ipnet::{IpNet, Ipv6Net};
use networks::model::{
    ChainId, Coverage, Device, DeviceKind, InterfaceId, LineState, Reading, RoutePolicyId, Touches,
    Unread, Vrf, VrfId,
};
use std::collections::{BTreeMap, BTreeSet};

/// A name is used that nothing defines.
pub(super) const UNDEFINED: Code = Code::new("undefined-reference");
/// Object groups that contain themselves.
pub(super) const GROUP_CYCLE: Code = Code::new("object-group-cycle");

/// Builds one device.
pub(super) struct Builder<'c, 'a> {
    config: &'c Config<'a>,
    device: Device,
    findings: Vec<Finding>,
    vrf_ids: BTreeMap<&'a str, VrfId>,
    /// Chains already made of lists: name, whether IPv6, whether mirrored.
    list_chains: BTreeMap<(&'a str, bool, bool), ChainId>,
    /// Chains already made for lists that filter.
    filter_chains: BTreeMap<(&'a str, bool), ChainId>,
    /// Chains already made of class maps.
    class_chains: BTreeMap<&'a str, ChainId>,
    /// Chains already made of route maps that choose packets to translate.
    map_chains: BTreeMap<&'a str, ChainId>,
    /// Chains already made of crypto maps, by name and whether inbound.
    crypto_chains: BTreeMap<(&'a str, bool), ChainId>,
    /// What inspection on interfaces lets back, where there is any.
    openings: Option<ChainId>,
    /// Interfaces by the subnets they stand in.
    subnets: BTreeMap<IpNet, Vec<usize>>,
    /// Class maps being read, so that a circle is seen.
    classes_open: BTreeSet<&'a str>,
    policies: BTreeMap<policy::Key<'a>, RoutePolicyId>,
    networks: BTreeMap<&'a str, access::Resolved<packets::AddressSet>>,
    services: BTreeMap<&'a str, access::Resolved<Vec<super::config::ServiceMember>>>,
    /// How many members of groups may still be written out.
    expansion_left: usize,
    /// Undefined names already told.
    told: BTreeSet<(&'static str, &'a str, Span)>,
}

/// Takes what was read to the common model.
pub(super) fn build(file: FileId, source: &SourceFile, read: Read<'_>) -> Reading {
    let mut builder = Builder::new(file, source, &read.config);
    builder.vrfs();
    builder.interfaces();
    builder.static_routes();
    builder.ospf();
    builder.bgp();
    builder.policy_routing();
    builder.filters();
    for pending in read.unread {
        builder.unread(pending.origin, &pending.touches, pending.reason);
    }
    let mut findings = read.findings;
    findings.append(&mut builder.findings);
    let unknown = read.states.iter().zip(1u32..);
    for (_, line) in unknown.filter(|(state, _)| **state == LineState::NotRecognised) {
        if let Some(span) = Span::of_line(file, source, line) {
            findings.push(
                Finding::new(LINE_NOT_READ, Severity::Note, "the line is not recognised").at(span),
            );
        }
    }
    Reading {
        devices: vec![builder.device],
        coverage: Coverage { lines: read.states },
        findings,
    }
}

impl<'c, 'a> Builder<'c, 'a> {
    fn new(file: FileId, source: &SourceFile, config: &'c Config<'a>) -> Self {
        let name = config.hostname.map_or_else(
            || {
                let file = source.path().rsplit(['/', '\\']).next().unwrap_or_default();
                file.split('.').next().unwrap_or(file).to_owned()
            },
            str::to_owned,
        );
        let kind = if config.no_ip_routing.is_some() {
            DeviceKind::Host
        } else {
            DeviceKind::Router
        };
        Self {
            config,
            device: Device {
                vrfs: Vec::new(),
                ..Device::new(name, file, kind)
            },
            findings: Vec::new(),
            vrf_ids: BTreeMap::new(),
            list_chains: BTreeMap::new(),
            filter_chains: BTreeMap::new(),
            class_chains: BTreeMap::new(),
            map_chains: BTreeMap::new(),
            crypto_chains: BTreeMap::new(),
            openings: None,
            subnets: BTreeMap::new(),
            classes_open: BTreeSet::new(),
            policies: BTreeMap::new(),
            networks: BTreeMap::new(),
            services: BTreeMap::new(),
            expansion_left: access::EXPANSION_MAX,
            told: BTreeSet::new(),
        }
    }

    /// Makes the VRFs: the default one first, then those defined, then those
    /// only referred to.
    fn vrfs(&mut self) {
        let config = self.config;
        self.vrf_id(DEFAULT_VRF, None);
        for name in config.vrfs.keys() {
            self.vrf_id(name, None);
        }
        for interface in &config.interfaces {
            self.vrf_id(interface.vrf, Some(interface.origin));
        }
        for route in &config.static_routes {
            self.vrf_id(route.vrf, Some(route.origin));
        }
        for process in &config.ospf {
            self.vrf_id(process.vrf, Some(process.origin));
        }
        for (name, span) in &config.unmodelled {
            let id = self.vrf_id(name, Some(*span));
            if let Some(vrf) = self.vrf_mut(id) {
                vrf.unmodelled_protocols.push(*span);
            }
        }
        let runs_bgp = |name: &str| {
            config
                .bgp
                .as_ref()
                .is_some_and(|process| process.scopes.contains_key(name))
        };
        for (name, vrf) in config.vrfs.iter().filter(|(name, _)| runs_bgp(name)) {
            for span in &vrf.imports {
                let reason = "routes of other VRFs may come in".to_owned();
                self.unread(*span, &Touch::Routing(name), reason);
            }
        }
    }

    /// Returns the id of a VRF, making it where nothing defines it.
    fn vrf_id(&mut self, name: &'a str, used_at: Option<Span>) -> VrfId {
        if let Some(&id) = self.vrf_ids.get(name) {
            return id;
        }
        let id = VrfId(u32::try_from(self.device.vrfs.len()).unwrap_or(u32::MAX));
        self.device.vrfs.push(Vrf::new(name));
        self.vrf_ids.insert(name, id);
        if let Some(at) = used_at.filter(|_| !self.config.vrfs.contains_key(name)) {
            self.undefined("VRF", name, at);
        }
        id
    }

    fn vrf_mut(&mut self, id: VrfId) -> Option<&mut Vrf> {
        self.device.vrfs.get_mut(id.index())
    }

    fn interface_id(&self, name: &str) -> Option<InterfaceId> {
        let at = *self.config.interface_index.get(name)?;
        Some(InterfaceId(u32::try_from(at).ok()?))
    }

    /// Says that a name is used that nothing defines.
    fn undefined(&mut self, kind: &'static str, name: &'a str, at: Span) {
        if self.told.insert((kind, name, at)) {
            let lists = [&self.config.lists, &self.config.lists_v6];
            let empty = lists
                .iter()
                .find_map(|lists| lists.get(name))
                .filter(|_| kind == "access list");
            let what = if empty.is_some() {
                "has no entries"
            } else {
                "is not defined"
            };
            let message = format!("{kind} `{name}` {what}");
            let mut finding = Finding::new(UNDEFINED, Severity::Warning, message)
                .at(at)
                .because("it is used here", Some(at));
            if let Some(list) = empty {
                finding = finding.because("it stands here", Some(list.origin));
            }
            self.findings.push(finding);
        }
    }

    /// Adds a line that could matter.
    fn unread(&mut self, origin: Span, touch: &Touch<'a>, reason: String) {
        let touches = match touch {
            Touch::Nothing => return,
            Touch::Device => Touches::Device,
            Touch::Interface(name) => match self.interface_id(name) {
                Some(id) => Touches::Interface(id),
                None => Touches::Device,
            },
            Touch::Forwarding(vrf, destinations) => Touches::Forwarding {
                vrf: self.vrf_id(vrf, Some(origin)),
                destinations: *destinations,
            },
            Touch::Routing(vrf) => Touches::Routing(self.vrf_id(vrf, Some(origin))),
        };
        self.device.unread.push(Unread {
            origin,
            touches,
            reason,
        });
    }
}

/// Every IPv6 destination.
pub(super) fn all_v6() -> IpNet {
    IpNet::V6(Ipv6Net::default())
}
