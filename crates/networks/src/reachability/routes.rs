//! What the tables of a device say, prepared for one address family.

use super::table::Table;
use super::world::intervals_of;
use crate::forwarding::{DeviceRouting, Fib};
use crate::model::{Device, VrfId};
use packets::{Address, Intervals};

/// What the tables of a device say.
#[derive(Debug)]
pub(super) struct Routes<A> {
    /// The addresses it owns, by VRF.
    pub(super) own: Vec<Intervals<A>>,
    pub(super) fibs: Vec<Table<A>>,
    pub(super) tables: Vec<Table<A>>,
}

impl<A: Address> Routes<A> {
    pub(super) fn new(device: &Device, routing: Option<&DeviceRouting>) -> Self {
        let mut routes = Self {
            own: Vec::new(),
            fibs: Vec::new(),
            tables: Vec::new(),
        };
        for index in 0..device.vrfs.len() {
            let vrf = VrfId(u32::try_from(index).unwrap_or(u32::MAX));
            routes.own.push(own_addresses(device, routing, vrf));
            let known = routing.and_then(|routing| routing.vrf(vrf));
            let fib = known.map_or_else(|| Table::new(&Fib::default()), |vrf| Table::new(&vrf.fib));
            routes.fibs.push(fib);
        }
        if let Some(routing) = routing {
            routes.tables = routing.tables.iter().map(Table::new).collect();
        }
        routes
    }

    /// Returns the destinations that some VRF routes in another way; `None` where
    /// there are others.
    pub(super) fn differing(&self, other: &Self) -> Option<Intervals<A>> {
        if self.fibs.len() != other.fibs.len() || self.own != other.own {
            return None;
        }
        let pairs = self.fibs.iter().zip(&other.fibs);
        Some(pairs.fold(Intervals::none(), |all, (a, b)| all.or(&a.differing(b))))
    }
}

/// Tells whether a device looks at no more than destinations to route packets,
/// and at no source to let them in.
pub(super) fn routed_by_destination(device: &Device) -> bool {
    let checked = device
        .interfaces
        .iter()
        .any(|interface| interface.reverse_path.is_some());
    let mut vrfs = device.vrfs.iter();
    !checked && vrfs.all(|vrf| vrf.policy_routing.is_none())
}

/// Tells whether two routings differ in what could add routes.
pub(super) fn unknown_routes(a: Option<&DeviceRouting>, b: Option<&DeviceRouting>) -> bool {
    let vrfs = |routing: Option<&'_ DeviceRouting>| routing.map_or(0, |routing| routing.vrfs.len());
    let both = a.into_iter().flat_map(|routing| &routing.vrfs);
    let mut both = both.zip(b.into_iter().flat_map(|routing| &routing.vrfs));
    vrfs(a) != vrfs(b) || both.any(|(a, b)| a.unknown != b.unknown)
}

/// Returns the addresses that a device owns in a VRF.
fn own_addresses<A: Address>(
    device: &Device,
    routing: Option<&DeviceRouting>,
    vrf: VrfId,
) -> Intervals<A> {
    let up = device
        .interfaces()
        .filter(|(_, at)| at.vrf == vrf && at.is_up());
    let own = up.flat_map(|(id, interface)| {
        let groups = interface.redundancy.iter().enumerate();
        let held = groups
            .filter(move |(index, _)| routing.is_some_and(|routing| routing.is_active(id, *index)));
        let plain = interface.addresses.iter().map(|own| own.net.addr());
        plain.chain(held.flat_map(|(_, group)| group.addresses.iter().copied()))
    });
    intervals_of(own)
}
