//! What does not fit between networks, whether a journey meets it or not.

mod addresses;
mod shadowed;

pub use addresses::{ADDRESS_OUTSIDE_ALLOCATION, ADDRESSES_OVERLAP, SITE_LOCAL_ROUTED};
pub use shadowed::RULE_SHADOWED;

use crate::World;
use findings::Finding;
use networks::model::{DeviceId, Port};
use region::NetworkName;

/// Finds what does not fit between the networks of a region; nothing without one.
pub fn findings(world: &World<'_>) -> Vec<Finding> {
    let Some(region) = world.region else {
        return Vec::new();
    };
    let mut findings = addresses::overlaps(world, region);
    findings.extend(addresses::outside_allocation(world, region));
    findings.extend(addresses::site_local_routed(world));
    findings.extend(shadowed::shadowed_rules(world));
    findings
}

/// Tells whether the port's link joins devices of several administrative networks.
pub(crate) fn is_boundary(world: &World<'_>, port: Port) -> bool {
    world.network.link_of(port).is_some_and(|link| {
        let own = world.network_of(port.device);
        link.ports
            .iter()
            .any(|other| world.network_of(other.device) != own)
    })
}

/// Returns every port that is up, with its device's network.
fn ports<'a>(world: &World<'a>) -> impl Iterator<Item = (Port, &'a NetworkName)> {
    let world = *world;
    world
        .network
        .devices()
        .flat_map(move |(device_id, device)| {
            let network = world.network_of(device_id);
            let up = device
                .interfaces()
                .filter(|(_, interface)| interface.is_up());
            up.filter_map(move |(interface, _)| {
                Some((
                    Port {
                        device: device_id,
                        interface,
                    },
                    network?,
                ))
            })
        })
}

/// Says whose device it is, for messages.
fn whose(world: &World<'_>, device: DeviceId) -> String {
    match world.network_of(device) {
        Some(network) => format!("`{}` of `{network}`", world.device_name(device)),
        None => format!("`{}`", world.device_name(device)),
    }
}
