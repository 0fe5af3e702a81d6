//! Putting observed tables in the place of computed ones.

use super::{ObservedHop, ObservedProtocol, ObservedRoute, ObservedTable};
use crate::forwarding::{
    DeviceRouting, Fib, FibAction, FibEntry, Hop, Rib, Route, RouteProtocol, Routing, VrfRouting,
};
use crate::model::{Device, DeviceId, InterfaceId, Network, NextHop, Unknown, VrfId};
use findings::{Code, FileId, Finding, Severity, SourceFile, Span};
use ipnet::IpNet;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// An observed table and the computed one differ.
pub const OBSERVED_DIFFERS: Code = Code::new("observed-table-differs");

/// Something in an observed table cannot be used.
pub const OBSERVED_UNREADABLE: Code = Code::new("observed-table-unreadable");

/// The most evidence lines of one finding; the message counts them all.
const EVIDENCE_MAX: usize = 20;

/// A table that was observed at a device.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The device.
    pub device: DeviceId,
    /// The table.
    pub table: &'a ObservedTable,
    /// The file it stands in, for the lines of findings.
    pub file: Option<(FileId, &'a SourceFile)>,
}

/// Replaces the computed routing of one VRF by what was observed.
///
/// What differs is added to the findings. A line that was not understood makes
/// the VRF's other destinations unknown, and a route by an interface that the
/// device does not have makes its own prefix unknown. An entry for the address
/// of a redundancy group tells whether the device holds its role.
pub fn replace(network: &Network, routing: &mut Routing, given: Given<'_>) {
    let Some(device) = network.device(given.device) else {
        return;
    };
    let vrf = match &given.table.vrf {
        None => Some(VrfId::DEFAULT),
        Some(name) => (0u32..)
            .map(VrfId)
            .zip(&device.vrfs)
            .find(|(_, vrf)| vrf.name == *name)
            .map(|(id, _)| id),
    };
    let slot = vrf.and_then(|vrf| {
        routing
            .devices
            .get_mut(given.device.index())?
            .vrfs
            .get_mut(vrf.index())
    });
    let Some(slot) = slot else {
        routing.findings.push(Finding::new(
            OBSERVED_UNREADABLE,
            Severity::Warning,
            format!(
                "a table was observed for `{}`, which `{}` does not configure",
                given.table.vrf.as_deref().unwrap_or("default"),
                device.name
            ),
        ));
        return;
    };
    let table = Observed::new(device, given);
    let observed = table.routing();
    let differences = differences(device, given, slot, &observed);
    *slot = observed;
    routing.findings.extend(differences);
    if let Some((vrf, slot)) = vrf.zip(routing.devices.get_mut(given.device.index())) {
        table.roles(vrf, slot);
    }
}

struct Observed<'a> {
    device: &'a Device,
    given: Given<'a>,
    names: FxHashMap<&'a str, InterfaceId>,
    routes: BTreeMap<IpNet, Vec<&'a ObservedRoute>>,
}

impl<'a> Observed<'a> {
    fn new(device: &'a Device, given: Given<'a>) -> Self {
        let mut routes: BTreeMap<IpNet, Vec<&ObservedRoute>> = BTreeMap::new();
        for route in &given.table.routes {
            routes.entry(route.prefix).or_default().push(route);
        }
        Self {
            device,
            given,
            names: device
                .interfaces()
                .map(|(id, interface)| (interface.name.as_str(), id))
                .collect(),
            routes,
        }
    }

    fn span(&self, line: u32) -> Option<Span> {
        let (file, source) = self.given.file?;
        Span::of_line(file, source, line)
    }

    /// A reason by a line of the table; by the device's own file without one.
    fn unknown(&self, line: u32, reason: &str) -> Unknown {
        Unknown {
            origin: self.span(line).unwrap_or(Span {
                file: self.device.file,
                start: 0,
                end: 0,
            }),
            reason: reason.into(),
        }
    }

    fn routing(&self) -> VrfRouting {
        let mut routes = Vec::new();
        let mut entries = Vec::new();
        for (prefix, observed) in &self.routes {
            let mut hops = BTreeSet::new();
            let mut unknown = Vec::new();
            for route in observed {
                match self.hops(&route.hop, 0) {
                    Some(found) => hops.extend(found),
                    None => unknown.push(self.unknown(
                        route.line,
                        "the observed route leaves by an interface the device does not have",
                    )),
                }
                routes.push(self.route(route));
            }
            let first = observed.first();
            let action = if !unknown.is_empty() {
                FibAction::Unknown(unknown)
            } else if hops.is_empty() {
                FibAction::Discard
            } else {
                FibAction::Forward(hops.into_iter().collect())
            };
            entries.push(FibEntry {
                prefix: *prefix,
                action,
                protocol: first.map_or(RouteProtocol::Observed, |route| protocol(route)),
                origin: first.and_then(|route| self.span(route.line)),
            });
        }
        VrfRouting {
            rib: Rib { routes },
            fib: Fib::new(entries),
            unknown: self
                .given
                .table
                .unread
                .iter()
                .map(|line| self.unknown(*line, "the line of the observed table is not understood"))
                .collect(),
            // An observed table shows every installed route as an entry.
            spare: Vec::new(),
        }
    }

    /// Takes the roles of redundancy groups from their addresses' own entries,
    /// where the table has them: who holds the role receives, others send.
    fn roles(&self, vrf: VrfId, routing: &mut DeviceRouting) {
        let interfaces = self.device.interfaces();
        for (id, interface) in interfaces.filter(|(_, interface)| interface.vrf == vrf) {
            for (index, group) in interface.redundancy.iter().enumerate() {
                let mut entries = group.addresses.iter().filter_map(|address| {
                    let entry = self.routes.get(&IpNet::from(*address))?;
                    entry.iter().find_map(|route| match route.hop {
                        ObservedHop::Receive => Some(true),
                        ObservedHop::Attached(_) => Some(false),
                        _ => None,
                    })
                });
                let role = (id, index);
                match (entries.next(), routing.active.binary_search(&role)) {
                    (Some(true), Err(at)) => routing.active.insert(at, role),
                    (Some(false), Ok(at)) => drop(routing.active.remove(at)),
                    _ => {}
                }
            }
        }
    }

    fn route(&self, route: &ObservedRoute) -> Route {
        let interface = |name: &String| self.names.get(name.as_str()).copied();
        let next_hop = match &route.hop {
            ObservedHop::Gateway {
                address,
                interface: name,
            } => match name.as_ref().and_then(interface) {
                Some(id) => NextHop::InterfaceAddress(id, *address),
                None => NextHop::Address(*address),
            },
            ObservedHop::Attached(name) => {
                interface(name).map_or(NextHop::Discard, NextHop::Interface)
            }
            ObservedHop::Receive => self
                .owner(route.prefix.addr())
                .map_or(NextHop::Discard, NextHop::Interface),
            ObservedHop::Discard => NextHop::Discard,
        };
        Route {
            prefix: route.prefix,
            protocol: protocol(route),
            next_hop,
            distance: route.distance,
            metric: route.metric,
            tag: 0,
            origin: self.span(route.line),
        }
    }

    fn owner(&self, address: IpAddr) -> Option<InterfaceId> {
        self.device
            .interfaces()
            .find(|(_, interface)| interface.has_address(address))
            .map(|(id, _)| id)
    }

    /// The ways out of a next hop; `None` where they cannot be told. An address
    /// without an interface goes by the longest observed route to it.
    fn hops(&self, hop: &ObservedHop, depth: u8) -> Option<Vec<Hop>> {
        /// A chain of next hops longer than this is taken for a circle.
        const DEPTH_MAX: u8 = 8;
        match hop {
            ObservedHop::Discard => Some(Vec::new()),
            ObservedHop::Receive => Some(Vec::new()),
            ObservedHop::Attached(name) => {
                let interface = *self.names.get(name.as_str())?;
                Some(vec![Hop {
                    interface,
                    gateway: None,
                }])
            }
            ObservedHop::Gateway {
                address,
                interface: Some(name),
            } => {
                let interface = *self.names.get(name.as_str())?;
                Some(vec![Hop {
                    interface,
                    gateway: Some(*address),
                }])
            }
            ObservedHop::Gateway {
                address,
                interface: None,
            } if depth < DEPTH_MAX => {
                let whole = if address.is_ipv4() { 32 } else { 128 };
                let through = (0..=whole).rev().find_map(|length| {
                    let prefix = IpNet::new(*address, length).ok()?.trunc();
                    self.routes.get(&prefix)
                })?;
                let mut hops = Vec::new();
                for route in through {
                    for hop in self.hops(&route.hop, depth + 1)? {
                        hops.push(Hop {
                            gateway: hop.gateway.or(Some(*address)),
                            ..hop
                        });
                    }
                }
                Some(hops)
            }
            ObservedHop::Gateway { .. } => None,
        }
    }
}

fn protocol(route: &ObservedRoute) -> RouteProtocol {
    match &route.protocol {
        ObservedProtocol::Known(known) => *known,
        ObservedProtocol::Other(_) => RouteProtocol::Observed,
    }
}

/// Compares what both tables do with each prefix that one of them has.
fn differences(
    device: &Device,
    given: Given<'_>,
    computed: &VrfRouting,
    observed: &VrfRouting,
) -> Option<Finding> {
    let table = |routing: &VrfRouting| -> BTreeMap<IpNet, FibAction> {
        let entries = routing.fib.entries().iter();
        // Own addresses are in some formats and not in others.
        entries
            .filter(|entry| entry.protocol != RouteProtocol::Local)
            .filter(|entry| !device_owns(device, entry.prefix))
            .map(|entry| (entry.prefix, entry.action.clone()))
            .collect()
    };
    let (ours, theirs) = (table(computed), table(observed));
    let all: BTreeSet<IpNet> = ours.keys().chain(theirs.keys()).copied().collect();
    let mut texts = Vec::new();
    for prefix in all {
        let (text, at) = match (ours.get(&prefix), theirs.get(&prefix)) {
            (Some(FibAction::Unknown(_)), Some(_)) => continue,
            (Some(one), Some(other)) if one == other => continue,
            (Some(_), Some(_)) => (format!("{prefix} goes another way"), true),
            (Some(_), None) => (format!("{prefix} was computed and not observed"), false),
            (None, _) => (format!("{prefix} was observed and not computed"), true),
        };
        let line = at.then(|| observed.fib.lookup_exact(prefix)).flatten();
        texts.push((text, line.and_then(|entry| entry.origin)));
    }
    if texts.is_empty() {
        return None;
    }
    let mut finding = Finding::new(
        OBSERVED_DIFFERS,
        Severity::Warning,
        format!(
            "{} routes of `{}` ({}) were observed otherwise than the configuration says",
            texts.len(),
            device.name,
            given.table.vrf.as_deref().unwrap_or("default")
        ),
    );
    finding.primary = texts.iter().find_map(|(_, origin)| *origin);
    for (text, origin) in texts.into_iter().take(EVIDENCE_MAX) {
        finding = finding.because(text, origin);
    }
    Some(finding)
}

fn device_owns(device: &Device, prefix: IpNet) -> bool {
    prefix.prefix_len() == prefix.max_prefix_len()
        && device
            .interfaces
            .iter()
            .any(|interface| interface.has_address(prefix.addr()))
}
