//! Processes and the interfaces they run on.

use super::super::doubt::Doubt;
use crate::model::{
    Device, DeviceId, Interface, InterfaceKind, Network, OspfArea, OspfAreaKind, OspfInterface,
    OspfNetworkType, OspfProcess, Port, Touches, VrfId,
};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// The bandwidth of an interface whose configuration and kind tell none, in kbit/s.
const BANDWIDTH_ASSUMED_KBPS: u64 = 1_000_000;

/// The greatest cost of an interface (RFC 2328 section C.3).
pub(super) const COST_MAX: u32 = 65_535;

/// One process of one VRF.
pub(super) struct Process<'a> {
    pub(super) device: DeviceId,
    pub(super) vrf: VrfId,
    /// Its place in the VRF's list.
    pub(super) index: usize,
    pub(super) settings: &'a OspfProcess,
    pub(super) router_id: Option<Ipv4Addr>,
    /// The areas with at least one interface, ascending.
    pub(super) areas: BTreeSet<u32>,
    /// Unread lines that could change what it does.
    pub(super) doubt: Doubt,
}

/// An interface that takes part.
pub(super) struct OspfPort<'a> {
    pub(super) process: usize,
    pub(super) port: Port,
    pub(super) area: u32,
    pub(super) interface: &'a Interface,
    pub(super) settings: &'a OspfInterface,
    pub(super) kind: OspfNetworkType,
    pub(super) cost: u32,
    /// Its IPv4 addresses, the primary first.
    pub(super) addresses: Vec<Ipv4Net>,
}

/// All processes and ports of a network.
pub(super) struct Processes<'a> {
    pub(super) all: Vec<Process<'a>>,
    pub(super) ports: Vec<OspfPort<'a>>,
    pub(super) by_port: FxHashMap<Port, usize>,
}

impl<'a> Processes<'a> {
    /// Collects the version 2 processes and the interfaces that are up.
    pub(super) fn new(network: &'a Network) -> Self {
        let mut all = Vec::new();
        let mut by_name: BTreeMap<(DeviceId, VrfId, &str), usize> = BTreeMap::new();
        for (device, configured) in network.devices() {
            for (vrf, settings) in (0u32..).map(VrfId).zip(&configured.vrfs) {
                for (index, settings) in settings.ospf.iter().enumerate() {
                    if settings.version != 2 {
                        continue;
                    }
                    by_name.insert((device, vrf, settings.name.as_str()), all.len());
                    all.push(Process {
                        device,
                        vrf,
                        index,
                        settings,
                        router_id: settings.router_id.or_else(|| router_id_of(configured, vrf)),
                        areas: BTreeSet::new(),
                        doubt: routing_doubt(configured, vrf),
                    });
                }
            }
        }
        let mut processes = Self {
            all,
            ports: Vec::new(),
            by_port: FxHashMap::default(),
        };
        for (device, configured) in network.devices() {
            for (id, interface) in configured.interfaces() {
                let Some(settings) = interface.ospf.as_ref().filter(|_| interface.is_up()) else {
                    continue;
                };
                let key = (device, interface.vrf, settings.process.as_str());
                let Some(&process) = by_name.get(&key) else {
                    continue;
                };
                let port = Port {
                    device,
                    interface: id,
                };
                processes.add_port(process, port, interface, settings);
            }
        }
        processes
    }

    fn add_port(
        &mut self,
        process: usize,
        port: Port,
        interface: &'a Interface,
        settings: &'a OspfInterface,
    ) {
        let Some(owner) = self.all.get_mut(process) else {
            return;
        };
        owner.areas.insert(settings.area);
        let addresses: Vec<Ipv4Net> = interface
            .addresses
            .iter()
            .filter_map(|address| match address.net {
                IpNet::V4(net) => Some(net),
                IpNet::V6(_) => None,
            })
            .collect();
        self.by_port.insert(port, self.ports.len());
        self.ports.push(OspfPort {
            process,
            port,
            area: settings.area,
            interface,
            settings,
            kind: settings
                .network_type
                .unwrap_or_else(|| default_type(interface)),
            cost: settings
                .cost
                .unwrap_or_else(|| computed_cost(interface, owner.settings)),
            addresses,
        });
    }

    /// Returns the settings of an area at a process, where it has any.
    pub(super) fn area_settings(&self, process: usize, area: u32) -> Option<&'a OspfArea> {
        self.all
            .get(process)?
            .settings
            .areas
            .iter()
            .find(|settings| settings.id == area)
    }

    /// Returns the kind of an area at a process.
    pub(super) fn area_kind(&self, process: usize, area: u32) -> OspfAreaKind {
        self.area_settings(process, area)
            .map_or(OspfAreaKind::Normal, |settings| settings.kind)
    }
}

impl OspfPort<'_> {
    /// The primary address.
    pub(super) fn address(&self) -> Option<Ipv4Addr> {
        self.addresses.first().map(Ipv4Net::addr)
    }

    /// The primary subnet.
    pub(super) fn subnet(&self) -> Option<Ipv4Net> {
        self.addresses.first().map(Ipv4Net::trunc)
    }

    /// Whether it can have neighbours at all.
    pub(super) fn speaks(&self) -> bool {
        !self.settings.passive && self.kind != OspfNetworkType::Loopback
    }

    /// Whether its network type has a designated router.
    pub(super) fn is_transit(&self) -> bool {
        matches!(
            self.kind,
            OspfNetworkType::Broadcast | OspfNetworkType::NonBroadcast
        )
    }

    /// The line that puts the process on the interface.
    pub(super) fn origin(&self) -> Span {
        self.settings.origin
    }
}

fn default_type(interface: &Interface) -> OspfNetworkType {
    match interface.kind {
        InterfaceKind::Loopback => OspfNetworkType::Loopback,
        InterfaceKind::Tunnel(_) => OspfNetworkType::PointToPoint,
        _ => OspfNetworkType::Broadcast,
    }
}

/// The reference bandwidth over the interface's, at least 1 (IOS `auto-cost`).
fn computed_cost(interface: &Interface, process: &OspfProcess) -> u32 {
    let bandwidth = interface
        .bandwidth_kbps
        .filter(|&kbps| kbps > 0)
        .unwrap_or(BANDWIDTH_ASSUMED_KBPS);
    let cost = process.reference_bandwidth_kbps / bandwidth;
    u32::try_from(cost).unwrap_or(COST_MAX).clamp(1, COST_MAX)
}

/// Chooses a router identifier: the highest loopback address of the VRF, else
/// its highest address.
pub(in super::super) fn router_id_of(device: &Device, vrf: VrfId) -> Option<Ipv4Addr> {
    let highest = |loopback: bool| {
        device
            .interfaces
            .iter()
            .filter(|interface| {
                interface.vrf == vrf
                    && interface.is_up()
                    && (interface.kind == InterfaceKind::Loopback) == loopback
            })
            .flat_map(|interface| &interface.addresses)
            .filter_map(|address| match address.net.addr() {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(_) => None,
            })
            .max()
    };
    highest(true).or_else(|| highest(false))
}

/// Collects the unread lines that could change what protocols of a VRF do.
pub(in super::super) fn routing_doubt(device: &Device, vrf: VrfId) -> Doubt {
    let mut doubt = Doubt::NONE;
    for unread in &device.unread {
        if unread.touches == Touches::Routing(vrf) {
            doubt.add(&Doubt::of(unread.origin, unread.reason.clone()));
        }
    }
    doubt
}
