//! First-hop redundancy groups.

use super::super::config::{InterfaceConfig, RedundancyConfig, TrackUse, TrackWatch};
use super::super::words;
use super::Builder;
use networks::model::{
    InterfaceId, RedundancyGroup, RedundancyProtocol, RedundancyTracking, TrackedObject,
};

/// The priority of a VRRP router that owns the address (RFC 5798 section 5.2.4).
const VRRP_OWNER: u8 = 255;

impl<'a> Builder<'_, 'a> {
    /// Gives an interface its groups.
    pub(super) fn redundancy(&mut self, from: &InterfaceConfig<'a>, id: InterfaceId) {
        for group in from.redundancy.iter().filter(|group| group.configured) {
            let tracking = group
                .tracks
                .iter()
                .map(|track| self.tracking(track))
                .collect();
            let made = RedundancyGroup {
                protocol: group.protocol,
                group: group.group,
                addresses: group.addresses.clone(),
                priority: priority(from, group),
                preempt: group.preempt,
                tracking,
                origin: group.origin,
            };
            if let Some(interface) = self.device.interfaces.get_mut(id.index()) {
                interface.redundancy.push(made);
            }
        }
    }

    fn tracking(&mut self, track: &TrackUse<'a>) -> RedundancyTracking {
        RedundancyTracking {
            object: self.tracked(track),
            decrement: track.decrement,
            origin: track.origin,
        }
    }

    fn tracked(&mut self, track: &TrackUse<'a>) -> TrackedObject {
        let first = track.what.first().copied().unwrap_or_default();
        let Some(number) = words::parse::<u16>(first) else {
            let interface =
                words::whole_interface(&track.what).and_then(|name| self.interface_id(&name));
            return interface.map_or(TrackedObject::RunTime, TrackedObject::Interface);
        };
        match self.config.tracks.get(&number).map(|track| &track.watches) {
            Some(TrackWatch::Interface(name)) => self
                .interface_id(name)
                .map_or(TrackedObject::RunTime, TrackedObject::Interface),
            Some(TrackWatch::Route(prefix, vrf)) => TrackedObject::Route {
                vrf: self.vrf_id(vrf, Some(track.origin)),
                prefix: ipnet::IpNet::V4(*prefix),
            },
            Some(TrackWatch::RunTime) => TrackedObject::RunTime,
            None => {
                self.undefined("track object", first, track.origin);
                TrackedObject::RunTime
            }
        }
    }
}

fn priority(from: &InterfaceConfig<'_>, group: &RedundancyConfig<'_>) -> u8 {
    let owns = group.protocol == RedundancyProtocol::Vrrp
        && from
            .primary
            .is_some_and(|(net, _)| group.addresses.contains(&net.addr().into()));
    if owns { VRRP_OWNER } else { group.priority }
}
