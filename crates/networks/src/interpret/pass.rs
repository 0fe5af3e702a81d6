//! A packet's way through one device.

use super::decide::{Decided, Decider};
use super::hooks::unread;
use super::reverse_path::Check;
use super::sessions::{self, Standing};
use super::trace::{Disposition, HopTrace, Start, Step, WayOut};
use super::{Choices, Interpreter, Memory};
use crate::forwarding::{DeviceRouting, Hop};
use crate::model::{
    ConnectionState, Device, DeviceId, Interface, InterfaceId, InterfaceKind, Network, Port, Stage,
    Touches, Tracking, VrfId,
};
use packets::{Fragment, Packet};
use std::net::IpAddr;
use std::rc::Rc;

/// A packet that comes to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    device: DeviceId,
    enters: Option<InterfaceId>,
    packet: Packet,
}

impl Arrival {
    pub(super) fn starting(start: Start, packet: Packet) -> Self {
        match start {
            Start::Enters(port) => Self {
                device: port.device,
                enters: Some(port.interface),
                packet,
            },
            Start::Sent(device) => Self {
                device,
                enters: None,
                packet,
            },
        }
    }

    /// Tells whether the packet was here before, unchanged (L4).
    pub(super) fn seen_in(&self, hops: &[Rc<HopTrace>]) -> bool {
        hops.iter().any(|hop| {
            hop.device == self.device && hop.enters == self.enters && hop.received == self.packet
        })
    }
}

/// What follows after a device.
pub(super) enum Next {
    Ended(Disposition),
    To(Arrival),
}

/// Everything that one arrival comes to, over all choices.
pub(super) struct Outcome {
    pub(super) ends: Vec<(HopTrace, Next)>,
    pub(super) complete: bool,
}

impl Outcome {
    pub(super) fn end(&mut self, pass: Pass, disposition: Disposition) {
        self.ends.push((pass.hop, Next::Ended(disposition)));
    }
}

/// Where a packet is, and what is known there.
pub(super) struct Place<'a> {
    pub(super) network: &'a Network,
    pub(super) id: DeviceId,
    pub(super) device: &'a Device,
    pub(super) routing: Option<&'a DeviceRouting>,
    pub(super) memories: &'a [Memory],
    pub(super) choices: &'a Choices,
    /// Hooks that let pass what they would drop.
    pub(super) passing: &'a [(DeviceId, usize)],
    pub(super) enters: Option<InterfaceId>,
}

/// A packet on its way through one device.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) hop: HopTrace,
    /// As it is now, with its mark.
    pub(super) packet: Packet,
    /// Whether a rule exempted it from tracking.
    pub(super) exempt: bool,
    /// Whether it passes every hook unseen.
    pub(super) bypasses: bool,
    pub(super) standing: Standing,
    /// As it was when the forwarding decision was made.
    pub(super) decided: Packet,
    /// Whether a rule asked for a session.
    pub(super) tracked: bool,
    /// Whether a rule translated it.
    pub(super) translated: bool,
    /// What reflexive lists keep.
    pub(super) reflected: Vec<(String, Packet)>,
}

impl Pass {
    pub(super) fn leaves(&self) -> Option<InterfaceId> {
        self.hop.leaves.map(|hop| hop.interface)
    }
}

impl Interpreter<'_> {
    /// Takes a packet through the device it comes to.
    pub(super) fn pass(&self, arrival: &Arrival, memories: &[Memory]) -> Outcome {
        let mut out = Outcome {
            ends: Vec::new(),
            complete: true,
        };
        let hop = HopTrace {
            device: arrival.device,
            enters: arrival.enters,
            received: arrival.packet,
            answers: None,
            steps: Vec::new(),
            leaves: None,
            sent: None,
            memory: None,
        };
        let Some(device) = self.network.device(arrival.device) else {
            out.ends.push((hop, Next::Ended(lost(arrival))));
            return out;
        };
        let place = Place {
            network: self.network,
            id: arrival.device,
            device,
            routing: self.routing.device(arrival.device),
            memories,
            choices: self.choices,
            passing: self.passing,
            enters: arrival.enters,
        };
        let stage = if arrival.enters.is_some() {
            Stage::Ingress
        } else {
            Stage::Output
        };
        if let Some(pass) = place.enter(hop, arrival, &mut out) {
            for pass in place.run_stage(stage, pass, &mut out) {
                self.decide(&place, pass, &mut out);
            }
        }
        out
    }

    /// Makes the forwarding decision and follows every way out.
    fn decide(&self, place: &Place<'_>, mut pass: Pass, out: &mut Outcome) {
        pass.decided = pass.packet;
        let decider = Decider {
            device: place.device,
            routing: place.routing,
            vrf: place.vrf(),
            destination: pass.packet.destination,
        };
        let device = place.id;
        let decision = match decider.decide(&place.evaluation(&pass)) {
            Decided::Ways {
                decision,
                mark,
                exempt,
            } => {
                pass.packet.mark = mark;
                pass.exempt = exempt;
                decision
            }
            Decided::DroppedBy(origin) => {
                return out.end(pass, Disposition::Discarded { device, origin });
            }
            Decided::NotForwarded => return out.end(pass, Disposition::NotForwarded { device }),
            Decided::Unknown(unknowns) => return out.end(pass, Disposition::Unknown(unknowns)),
        };
        let origin = decision.origins.last().copied();
        pass.hop.steps.push(Step::Decided(decision.clone()));
        for way in decision.ways {
            let pass = pass.clone();
            match way {
                WayOut::Local => place.accept(pass, out),
                WayOut::Hop(hop) => self.leave(place, pass, hop, out),
                WayOut::Discard => out.end(pass, Disposition::Discarded { device, origin }),
                WayOut::NoRoute => out.end(pass, Disposition::NoRoute { device }),
            }
        }
    }

    /// Sends the packet out (L1 to L3).
    fn leave(&self, place: &Place<'_>, mut pass: Pass, hop: Hop, out: &mut Outcome) {
        pass.hop.leaves = Some(hop);
        let port = Port {
            device: place.id,
            interface: hop.interface,
        };
        let gateway = hop.gateway;
        let unread = unread(place.device, |touches| {
            *touches == Touches::Interface(hop.interface)
        });
        if !unread.is_empty() {
            return out.end(pass, Disposition::Unknown(unread));
        }
        let interface = place.device.interface(hop.interface);
        let Some(interface) = interface.filter(|interface| interface.is_up()) else {
            return out.end(pass, Disposition::Exits { port, gateway });
        };
        for mut pass in place.run_stage(Stage::Egress, pass, out) {
            place.remember(&mut pass);
            let target = gateway.unwrap_or(pass.packet.destination);
            let receivers = self.receivers(port, interface, target);
            let packet = Packet {
                mark: 0,
                ..pass.packet
            };
            for receiver in &receivers {
                let arrival = Arrival::starting(Start::Enters(*receiver), packet);
                out.ends.push((pass.hop.clone(), Next::To(arrival)));
            }
            if receivers.is_empty() {
                let attached = interface
                    .addresses
                    .iter()
                    .any(|own| own.net.contains(&target));
                let disposition = if gateway.is_none() && attached {
                    Disposition::Delivered { port }
                } else {
                    Disposition::Exits { port, gateway }
                };
                out.end(pass, disposition);
            }
        }
    }

    /// Returns who receives what is sent to an address (L2).
    fn receivers(&self, from: Port, interface: &Interface, target: IpAddr) -> Vec<Port> {
        let Some(link) = self.network.link_of(from) else {
            return Vec::new();
        };
        let others: Vec<(Port, &Interface)> = link
            .ports
            .iter()
            .filter(|port| **port != from)
            .filter_map(|port| Some((*port, self.network.interface(*port)?)))
            .filter(|(_, other)| other.is_up())
            .collect();
        let chosen = |wanted: &dyn Fn(Port, &Interface) -> bool| -> Vec<Port> {
            others
                .iter()
                .filter(|(port, other)| wanted(*port, other))
                .map(|(port, _)| *port)
                .collect()
        };
        if matches!(interface.kind, InterfaceKind::Tunnel(_)) && link.ports.len() == 2 {
            return chosen(&|_, _| true);
        }
        let own = chosen(&|port, other| {
            let device = self.routing.device(port.device);
            let holds =
                |index| device.is_some_and(|device| device.is_active(port.interface, index));
            let is_virtual = |(index, group): (usize, &crate::model::RedundancyGroup)| {
                group.addresses.contains(&target) && holds(index)
            };
            other.has_address(target) || other.redundancy.iter().enumerate().any(is_virtual)
        });
        if own.is_empty() {
            chosen(&|_, other| other.answers_arp_for.contains(target))
        } else {
            own
        }
    }
}

impl Place<'_> {
    fn vrf(&self) -> VrfId {
        self.enters
            .and_then(|id| self.device.interface(id))
            .map_or(VrfId::DEFAULT, |interface| interface.vrf)
    }

    /// Takes the packet in (E1 to E5); `None` where that ends it.
    fn enter(&self, hop: HopTrace, arrival: &Arrival, out: &mut Outcome) -> Option<Pass> {
        let packet = Packet {
            mark: 0,
            ..arrival.packet
        };
        let mut pass = Pass {
            hop,
            packet,
            exempt: false,
            bypasses: false,
            standing: Standing::Dropped,
            decided: packet,
            tracked: false,
            translated: false,
            reflected: Vec::new(),
        };
        if let Some(disposition) = self.refusal(arrival) {
            out.end(pass, disposition);
            return None;
        }
        if packet.fragment == Fragment::First {
            pass.hop.answers =
                sessions::find(self.network, self.id, self.memories, &packet).cloned();
        }
        let session = pass.answers().is_some_and(|entry| entry.session);
        if !(session && self.device.sessions.answers_unchecked) {
            if let Some(disposition) = self.no_reverse_path(packet.source) {
                // Nobody asks what it would have belonged to.
                pass.hop.answers = None;
                out.end(pass, disposition);
                return None;
            }
            if self.checks_reverse_path() {
                pass.hop.steps.push(Step::ReversePathPassed);
            }
        }
        pass.standing = sessions::standing(self.device, session, &packet);
        match &pass.standing {
            Standing::Dropped => {
                let device = self.id;
                out.end(pass, Disposition::OutOfState { device });
                return None;
            }
            Standing::Unknown(unknown) => {
                let unknowns = vec![unknown.clone()];
                out.end(pass, Disposition::Unknown(unknowns));
                return None;
            }
            Standing::Bypasses(_) => pass.bypasses = true,
            Standing::Seen(_) | Standing::RelatedOrInvalid(_) => {}
        }
        Some(pass)
    }

    fn checks_reverse_path(&self) -> bool {
        self.enters
            .and_then(|id| self.device.interface(id))
            .is_some_and(|interface| interface.reverse_path.is_some())
    }

    /// Returns how the packet ends before all checks, where it does (E1 to E3).
    fn refusal(&self, arrival: &Arrival) -> Option<Disposition> {
        if let Some(id) = arrival.enters
            && !self.device.interface(id).is_some_and(Interface::is_up)
        {
            return Some(lost(arrival));
        }
        let unread = unread(self.device, |touches| match touches {
            Touches::Device => true,
            Touches::Interface(id) => arrival.enters == Some(*id),
            Touches::Forwarding { .. } | Touches::Routing(_) => false,
        });
        if !unread.is_empty() {
            return Some(Disposition::Unknown(unread));
        }
        let sessions = &self.device.sessions;
        if sessions.tracking == Tracking::All && arrival.packet.fragment == Fragment::Later {
            let origin = sessions
                .origin
                .unwrap_or_else(|| sessions::start_of(self.device));
            let reason = "the device reassembles, and a later fragment does not show its ports";
            let unknown = super::chain::unknown(origin, reason);
            return Some(Disposition::Unknown(vec![unknown]));
        }
        None
    }

    /// Returns how the packet ends for want of a reverse path (E4).
    fn no_reverse_path(&self, source: IpAddr) -> Option<Disposition> {
        let id = self.enters?;
        let interface = self.device.interface(id)?;
        let mode = interface.reverse_path?;
        match Check::passes(self.routing, interface.vrf, id, source, mode) {
            Ok(true) => None,
            Ok(false) => Some(Disposition::ReversePath {
                port: Port {
                    device: self.id,
                    interface: id,
                },
            }),
            Err(unknowns) => Some(Disposition::Unknown(unknowns)),
        }
    }

    /// Delivers the packet to the device itself.
    fn accept(&self, pass: Pass, out: &mut Outcome) {
        for mut pass in self.run_stage(Stage::Local, pass, out) {
            self.remember(&mut pass);
            out.end(pass, Disposition::Accepted { device: self.id });
        }
    }

    /// Writes down how the packet left and what the device remembers of it (S2).
    fn remember(&self, pass: &mut Pass) {
        let sent = Packet {
            mark: 0,
            ..pass.packet
        };
        pass.hop.sent = Some(sent);
        let kept = !pass.exempt;
        let tracks_all = self.device.sessions.tracking == Tracking::All;
        let new = pass.standing == Standing::Seen(ConnectionState::New);
        let memory = Memory {
            device: self.id,
            received: pass.hop.received,
            decided: pass.decided,
            sent,
            session: kept && (pass.tracked || tracks_all && new),
            translated: kept && pass.translated,
            reflected: pass.reflected.clone(),
        };
        pass.hop.memory = Some(memory).filter(Memory::matters);
    }
}

/// Returns the end of a packet that is handed to nobody: the port is down or not there.
fn lost(arrival: &Arrival) -> Disposition {
    match arrival.enters {
        Some(interface) => Disposition::Exits {
            port: Port {
                device: arrival.device,
                interface,
            },
            gateway: None,
        },
        None => Disposition::NotForwarded {
            device: arrival.device,
        },
    }
}
