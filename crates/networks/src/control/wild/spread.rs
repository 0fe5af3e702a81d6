//! Where wild routes may get to: by redistribution, OSPF flooding and BGP.

use super::super::bgp::{Bgp, Passage};
use super::super::doubt::Doubt;
use super::super::ospf::{Ospf, routing_doubt};
use super::super::table::Table;
use super::space::{bounded, through, through_all};
use super::{Channel, PrefixBox, Wild};
use crate::model::{
    Device, DeviceId, Network, Redistribution, RouteSource, Touches, Unknown, Vrf, VrfId,
};
use findings::Span;
use ipnet::{IpNet, Ipv4Net};
use rustc_hash::FxHashMap;

/// The smallest distance of a route of a protocol that is not modelled: that of
/// an EIGRP summary (Cisco, "What Is Administrative Distance?").
const UNMODELLED_DISTANCE_MIN: u8 = 5;

/// The distance of an external BGP route, which an unread line may bring.
const UNREAD_DISTANCE_MIN: u8 = 20;

/// Wild routes by device and VRF.
pub(in super::super) type Wilds = Vec<Vec<Vec<Wild>>>;

/// A VRF of a device.
type Place = (DeviceId, VrfId);

/// Finds all wild routes of a network; empty where everything is modelled.
pub(in super::super) fn spread(
    network: &Network,
    ospf: &Ospf<'_>,
    bgp: &Bgp<'_>,
    tables: &[Vec<Table>],
) -> Wilds {
    let mut spreading = Spreading {
        network,
        ospf,
        bgp,
        wilds: network
            .devices
            .iter()
            .map(|device| vec![Vec::new(); device.vrfs.len()])
            .collect(),
        seen: FxHashMap::default(),
        open: Vec::new(),
    };
    for (device, configured) in network.devices() {
        for (vrf, settings) in (0u32..).map(VrfId).zip(&configured.vrfs) {
            spreading.seed((device, vrf), configured, settings, tables);
        }
    }
    while let Some((place, wild)) = spreading.open.pop() {
        spreading.pass_on(place, &wild);
    }
    spreading.wilds
}

struct Spreading<'a> {
    network: &'a Network,
    ospf: &'a Ospf<'a>,
    bgp: &'a Bgp<'a>,
    wilds: Wilds,
    /// What has been at a place already, by channel and first reason.
    seen: FxHashMap<(Place, Channel, Option<Span>), Vec<PrefixBox>>,
    open: Vec<(Place, Wild)>,
}

impl Spreading<'_> {
    /// Puts in what starts at a VRF.
    fn seed(&mut self, place: Place, device: &Device, vrf: &Vrf, tables: &[Vec<Table>]) {
        for &origin in &vrf.unmodelled_protocols {
            let doubt = Doubt::of(origin, "what this protocol learns is not modelled");
            self.add(
                place,
                Wild {
                    channel: Channel::Unmodelled,
                    space: vec![PrefixBox::all_v4(), PrefixBox::all_v6()],
                    distance: UNMODELLED_DISTANCE_MIN,
                    doubt,
                },
            );
        }
        for process in vrf.ospf.iter().filter(|process| process.version == 3) {
            self.add(
                place,
                Wild {
                    channel: Channel::Unmodelled,
                    space: vec![PrefixBox::all_v6()],
                    distance: process.distance_intra,
                    doubt: Doubt::of(process.origin, "OSPF version 3 is not modelled"),
                },
            );
        }
        for unread in &device.unread {
            let Touches::Forwarding {
                vrf,
                destinations: Some(prefix),
            } = unread.touches
            else {
                continue;
            };
            if vrf == place.1 {
                self.add(
                    place,
                    Wild {
                        channel: Channel::Static,
                        space: vec![PrefixBox::exactly(prefix)],
                        distance: 1,
                        doubt: Doubt::because(Unknown {
                            origin: unread.origin,
                            reason: unread.reason.clone(),
                        }),
                    },
                );
            }
        }
        let doubt = routing_doubt(device, place.1);
        if doubt.exists() {
            self.seed_unread(place, vrf, &doubt, tables);
        }
    }

    /// An unread line of a routing protocol may bring anything in, and announce
    /// what the device has.
    fn seed_unread(&mut self, place: Place, vrf: &Vrf, doubt: &Doubt, tables: &[Vec<Table>]) {
        if vrf.bgp.is_none() && vrf.ospf.is_empty() {
            return;
        }
        self.add(
            place,
            Wild {
                channel: Channel::Unread,
                space: vec![PrefixBox::all_v4(), PrefixBox::all_v6()],
                distance: UNREAD_DISTANCE_MIN,
                doubt: doubt.clone(),
            },
        );
        let table = tables
            .get(place.0.index())
            .and_then(|tables| tables.get(place.1.index()));
        let held: Vec<PrefixBox> = table
            .into_iter()
            .flat_map(Table::iter)
            .map(|(prefix, _)| PrefixBox::exactly(prefix))
            .collect();
        for (index, _) in vrf.ospf.iter().enumerate() {
            self.flood(place, index, &held, doubt);
        }
        if vrf.bgp.is_some() {
            self.announce(place, None, &held, doubt);
        }
    }

    /// Adds wild routes to a place, where they are not there already.
    fn add(&mut self, place: Place, mut wild: Wild) {
        let first = wild.doubt.reasons().first().map(|reason| reason.origin);
        let seen = self.seen.entry((place, wild.channel, first)).or_default();
        wild.space
            .retain(|new| !seen.iter().any(|old| old.covers(new)));
        wild.space = bounded(wild.space);
        if wild.space.is_empty() {
            return;
        }
        seen.extend(&wild.space);
        let slot = self
            .wilds
            .get_mut(place.0.index())
            .and_then(|vrfs| vrfs.get_mut(place.1.index()));
        if let Some(slot) = slot {
            slot.push(wild.clone());
            self.open.push((place, wild));
        }
    }

    /// Gives wild routes of a VRF to the protocols that take them.
    fn pass_on(&mut self, place: Place, wild: &Wild) {
        let network = self.network;
        let Some(device) = network.device(place.0) else {
            return;
        };
        let Some(vrf) = device.vrf(place.1) else {
            return;
        };
        for (index, process) in vrf.ospf.iter().enumerate() {
            if wild.channel == Channel::Ospf(index) || process.version != 2 {
                continue;
            }
            let mut space = Vec::new();
            for redistribution in &process.redistributions {
                if takes(vrf, redistribution, wild.channel) {
                    space.extend(through(device, redistribution.policy, &wild.space));
                }
            }
            let default = IpNet::V4(Ipv4Net::default());
            let asks = process
                .default_originate
                .as_ref()
                .is_some_and(|own| !own.always);
            if asks && wild.space.iter().any(|space| space.holds(default)) {
                space.push(PrefixBox::exactly(default));
            }
            space.retain(|space| space.net.addr().is_ipv4());
            self.flood(place, index, &space, &wild.doubt);
        }
        let Some(bgp) = &vrf.bgp else { return };
        if matches!(wild.channel, Channel::BgpExternal | Channel::BgpInternal) {
            let space = wild.space.clone();
            self.announce(place, Some(wild.channel), &space, &wild.doubt);
            return;
        }
        let mut space = Vec::new();
        for redistribution in &bgp.redistributions {
            if takes(vrf, redistribution, wild.channel) {
                space.extend(through(device, redistribution.policy, &wild.space));
            }
        }
        let named = bgp.networks.iter().map(|network| network.prefix);
        space.extend(
            named
                .filter(|prefix| wild.space.iter().any(|space| space.holds(*prefix)))
                .map(PrefixBox::exactly),
        );
        // An aggregate may come up over what is under it.
        let aggregates = bgp.aggregates.iter().map(|aggregate| aggregate.prefix);
        let over: Vec<PrefixBox> = aggregates
            .filter(|prefix| space.iter().any(|space| prefix.contains(&space.net)))
            .map(PrefixBox::exactly)
            .collect();
        space.extend(over);
        self.announce(place, None, &space, &wild.doubt);
    }

    /// Brings external routes to every router of an OSPF domain.
    fn flood(&mut self, place: Place, index: usize, space: &[PrefixBox], doubt: &Doubt) {
        if space.is_empty() {
            return;
        }
        for (device, vrf, other, distance) in self.ospf.domain(place.0, place.1, index) {
            self.add(
                (device, vrf),
                Wild {
                    channel: Channel::Ospf(other),
                    space: space.to_vec(),
                    distance,
                    doubt: doubt.clone(),
                },
            );
        }
    }

    /// Brings routes to the neighbours of a speaker, as far as policies let them.
    fn announce(
        &mut self,
        place: Place,
        learned: Option<Channel>,
        space: &[PrefixBox],
        doubt: &Doubt,
    ) {
        if space.is_empty() {
            return;
        }
        let network = self.network;
        for passage in self.bgp.passages(place.0, place.1) {
            if !carries(&passage, learned) {
                continue;
            }
            let (Some(from), Some(to)) = (network.device(place.0), network.device(passage.to.0))
            else {
                continue;
            };
            for (family, out, into) in &passage.policies {
                let own: Vec<PrefixBox> = space
                    .iter()
                    .filter(|space| space.net.addr().is_ipv4() == *family)
                    .copied()
                    .collect();
                let left = through_all(from, out, own);
                let left = through_all(to, into, left);
                self.add(
                    passage.to,
                    Wild {
                        channel: passage.channel,
                        space: left,
                        distance: passage.distance,
                        doubt: doubt.clone(),
                    },
                );
            }
        }
    }
}

/// Internal routes go to internal neighbours by a reflector alone.
fn carries(passage: &Passage<'_>, learned: Option<Channel>) -> bool {
    learned != Some(Channel::BgpInternal)
        || passage.channel != Channel::BgpInternal
        || passage.reflects
}

/// Tells whether a redistribution takes routes of a channel.
fn takes(vrf: &Vrf, redistribution: &Redistribution, channel: Channel) -> bool {
    match (&redistribution.source, channel) {
        (RouteSource::Unmodelled(_), Channel::Unmodelled)
        | (RouteSource::Static, Channel::Static)
        | (RouteSource::Bgp, Channel::BgpExternal | Channel::BgpInternal) => true,
        (RouteSource::Ospf { process, .. }, Channel::Ospf(index)) => {
            let name = vrf.ospf.get(index).map(|process| &process.name);
            process.is_none() || process.as_ref() == name
        }
        _ => false,
    }
}
