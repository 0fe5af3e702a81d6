//! A layer-1 topology: which ports cables lead to.

use super::NamedPort;
use crate::model::{DeviceId, InterfaceKind, Network, Port};
use rustc_hash::FxHashMap;

/// What a cabling plan says of each port.
#[derive(Debug, Default)]
pub(super) struct Cabling {
    /// The plant (a set of ports joined by cables and switches) of each port in the plan.
    plants: FxHashMap<Port, u32>,
    /// Cables between two routed ports.
    routed: Vec<(Port, Port)>,
}

impl Cabling {
    /// Reads a plan; names that no device has are passed over.
    pub(super) fn new(network: &Network, cables: &[(NamedPort, NamedPort)]) -> Self {
        let devices: FxHashMap<&str, DeviceId> = network
            .devices()
            .map(|(id, device)| (device.name.as_str(), id))
            .collect();
        let find = |(device, interface): &NamedPort| {
            let device = *devices.get(device.as_str())?;
            let interface = network.device(device)?.interface_named(interface)?;
            let bundle = network
                .interface(Port { device, interface })
                .and_then(|settings| settings.aggregate);
            Some(Port {
                device,
                interface: bundle.unwrap_or(interface),
            })
        };
        let mut plan = Self::default();
        let mut groups = super::Groups::new(std::iter::empty());
        let mut switches: FxHashMap<DeviceId, Port> = FxHashMap::default();
        for (one, other) in cables {
            let (Some(one), Some(other)) = (find(one), find(other)) else {
                continue;
            };
            groups.join(one, other);
            let switched = |port| {
                network
                    .interface(port)
                    .is_some_and(|interface| interface.switch_port.is_some())
            };
            for port in [one, other].into_iter().filter(|port| switched(*port)) {
                // Which VLANs a switch joins is not looked at: all its ports are one plant.
                let first = *switches.entry(port.device).or_insert(port);
                groups.join(first, port);
            }
            if !switched(one) && !switched(other) {
                plan.routed.push((one, other));
            }
        }
        for (plant, ports) in (0u32..).zip(groups.into_sets()) {
            plan.plants
                .extend(ports.into_iter().map(|port| (port, plant)));
        }
        for (device, port) in switches {
            let Some(&plant) = plan.plants.get(&port) else {
                continue;
            };
            let vlans = network.device(device).into_iter().flat_map(|device| {
                device
                    .interfaces()
                    .filter(|(_, interface)| matches!(interface.kind, InterfaceKind::Vlan(_)))
            });
            for (interface, _) in vlans {
                plan.plants.insert(Port { device, interface }, plant);
            }
        }
        plan
    }

    /// Returns the plant of a port, or of the interface it is part of; `None`
    /// where the plan does not name it.
    pub(super) fn plant(&self, network: &Network, port: Port) -> Option<u32> {
        if let Some(&plant) = self.plants.get(&port) {
            return Some(plant);
        }
        match network.interface(port)?.kind {
            InterfaceKind::Subinterface { parent, .. } => self
                .plants
                .get(&Port {
                    interface: parent,
                    ..port
                })
                .copied(),
            _ => None,
        }
    }

    /// Returns the cables between routed ports that are up.
    pub(super) fn routed_pairs(&self) -> impl Iterator<Item = (Port, Port)> + '_ {
        self.routed.iter().copied()
    }
}
