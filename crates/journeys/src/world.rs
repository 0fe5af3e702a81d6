//! What verdicts are made from: the network as it is, and the region that asks.

use crate::verdict::Assumption;
use findings::{Sources, Span};
use networks::forwarding::Routing;
use networks::model::{Device, DeviceId, Network};
use region::{NetworkName, Region};

/// Everything that is known when verdicts are made. Nothing of it changes.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The texts that spans point into.
    pub sources: &'a Sources,
    /// The devices and links.
    pub network: &'a Network,
    /// What the devices do.
    pub routing: &'a Routing,
    /// The administrative network of each device; empty for a bare folder.
    pub memberships: &'a [Option<NetworkName>],
    /// For a device that stands for an assumption (a cloud that nobody holds
    /// configurations of): which; `None` for a real one.
    pub assumed: &'a [Option<Assumption>],
    /// The region, where there is one.
    pub region: Option<&'a Region>,
}

impl<'a> World<'a> {
    /// Returns the administrative network of a device.
    pub fn network_of(&self, device: DeviceId) -> Option<&'a NetworkName> {
        self.memberships.get(device.index())?.as_ref()
    }

    /// Returns the organisation that can mend a device.
    pub fn owner_of(&self, device: DeviceId) -> Option<String> {
        let network = self.network_of(device)?;
        let owner = self.region?.owner_of(network)?;
        Some(owner.to_string())
    }

    /// Returns the assumption that a device stands for.
    pub fn assumption(&self, device: DeviceId) -> Option<&'a Assumption> {
        self.assumed.get(device.index())?.as_ref()
    }

    /// Returns a device's name; `?` for an id of another network.
    pub fn device_name(&self, device: DeviceId) -> &'a str {
        self.network
            .device(device)
            .map_or("?", |device| &device.name)
    }

    /// Returns the first line of a device's configuration, for what is missing in it.
    pub fn device_span(&self, device: &Device) -> Option<Span> {
        let file = self.sources.file(device.file)?;
        Span::of_line(device.file, file, 1)
    }
}
