//! Rare endings: a further device behind the last one of a way that went
//! through much, which does one thing to what comes to it.

use super::build::{ACCEPT, Built, unknown};
use super::generate::Generated;
use super::line;
use super::random::Random;
use ipnet::IpNet;
use networks::forwarding::{FibAction, Hop};
use networks::interpret::{HopTrace, Step, WayOut};
use networks::model::{
    Condition, DeviceKind, HookKind, InterfaceKind, Link, OutOfState, Port, ReversePath, Sessions,
    Stage, Touches, Tracking, Unread, VrfId,
};
use packets::{Fragment, Packet, Protocol, TcpFlags};
use std::net::IpAddr;

/// The name of the device, and its place on the segment.
const NAME: &str = "further";
const PLACE: usize = 250;

/// What the further device does to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Delivers,
    Accepts,
    Drops,
    ChecksSource,
    ExpectsSessions,
    HasNoRoute,
    Discards,
    IsHost,
    SendsAway,
    SendsBack,
    CannotTell,
}

/// Every ending.
pub(crate) const ENDINGS: [Ending; 11] = [
    Ending::Delivers,
    Ending::Accepts,
    Ending::Drops,
    Ending::ChecksSource,
    Ending::ExpectsSessions,
    Ending::HasNoRoute,
    Ending::Discards,
    Ending::IsHost,
    Ending::SendsAway,
    Ending::SendsBack,
    Ending::CannotTell,
];

impl Ending {
    /// The disposition that it leads to.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivers => "Delivered",
            Self::Accepts => "Accepted",
            Self::Drops => "Dropped",
            Self::ChecksSource => "ReversePath",
            Self::ExpectsSessions => "OutOfState",
            Self::HasNoRoute => "NoRoute",
            Self::Discards => "Discarded",
            Self::IsHost => "NotForwarded",
            Self::SendsAway => "Exits",
            Self::SendsBack => "Loop",
            Self::CannotTell => "Unknown",
        }
    }

    /// Tells whether it may come to this packet.
    pub(crate) fn is_for(self, packet: &Packet) -> bool {
        let opens = packet.protocol == Protocol::TCP
            && packet.tcp_flags.contains(TcpFlags::SYN)
            && !packet.tcp_flags.contains(TcpFlags::ACK);
        let kind = (packet.protocol, packet.destination_port);
        let answers = match packet.fragment {
            Fragment::Later => false,
            Fragment::First => {
                packet.protocol == Protocol::TCP && !opens
                    || kind == (Protocol::ICMP, 0)
                    || kind == (Protocol::ICMPV6, 129)
            }
        };
        self != Self::ExpectsSessions || answers
    }
}

/// Returns the packet of a hop as its forwarding decision saw it, where it was
/// sent on by that.
pub(crate) fn decided(hop: &HopTrace) -> Option<Packet> {
    let mut packet = hop.received;
    for step in &hop.steps {
        match step {
            Step::Hook(hook) => packet = hook.packet,
            Step::Restored(restored) => packet = *restored,
            Step::Decided(decision) => {
                return (!decision.ways.contains(&WayOut::Local)).then_some(packet);
            }
            Step::ReversePathPassed => {}
        }
    }
    None
}

/// Puts a further device behind that of a hop, and sends the hop's packet there;
/// tells whether there was a place for it.
pub(crate) fn spoil(
    generated: &mut Generated,
    hop: &HopTrace,
    packet: &Packet,
    ending: Ending,
    random: &mut Random,
) -> bool {
    let id = hop.device;
    let device = &generated.built.network.devices[id.index()];
    let entered = hop.enters.and_then(|enters| device.interface(enters));
    let vrf = entered.map_or(VrfId::DEFAULT, |interface| interface.vrf);
    let free = |port: &Port| {
        device.interface(port.interface).is_some_and(|interface| {
            interface.is_up() && matches!(interface.kind, InterfaceKind::Physical)
        })
    };
    let places: Vec<(usize, Port)> = generated
        .segments
        .iter()
        .flat_map(|segment| segment.ports.iter().map(|port| (segment.number, *port)))
        .filter(|(_, port)| port.device == id && free(port))
        .collect();
    if places.is_empty() {
        return false;
    }
    let (number, beside) = *random.pick(&places);
    let segment = &generated.segments[number - 1];
    let six = packet.destination.is_ipv6();
    let (place, back) = (
        segment.address(PLACE, six),
        segment.address(id.index() + 1, six),
    );
    let built = &mut generated.built;
    built.router(NAME, &[]);
    built.add_port(NAME, &format!("in {place}/{}", if six { 64 } else { 24 }));
    join(built, beside);
    let whole = random.percent(50);
    let near = near(packet.destination, whole);
    let to_it = FibAction::Forward(vec![Hop {
        interface: beside.interface,
        gateway: Some(place),
    }]);
    let name = built.network.devices[id.index()].name.clone();
    built.entry(&name, vrf, &near.to_string(), to_it);
    if random.percent(50) {
        built.device(&name).vrfs[vrf.index()].policy_routing = None;
    }
    end(built, ending, packet, near, back);
    embellish(built, random);
    true
}

/// Puts the further device on the link of a port.
fn join(built: &mut Built, beside: Port) {
    let own = built.at(&format!("{NAME} in"));
    let links = &mut built.network.links;
    match links.iter_mut().find(|link| link.ports.contains(&beside)) {
        Some(link) => link.ports.push(own),
        None => links.push(Link {
            ports: vec![beside, own],
        }),
    }
}

/// The destinations sent to it: one, or what is around it.
fn near(address: IpAddr, whole: bool) -> IpNet {
    let length = match (address.is_ipv6(), whole) {
        (true, false) => 128,
        (false, false) => 32,
        (true, true) => 120,
        (false, true) => 25,
    };
    IpNet::new(address, length).unwrap().trunc()
}

fn end(built: &mut Built, ending: Ending, packet: &Packet, near: IpNet, back: IpAddr) {
    let everything = if packet.destination.is_ipv6() {
        "::/0"
    } else {
        "0.0.0.0/0"
    };
    let onward = |built: &mut Built| {
        let hop = built.hop(NAME, &format!("in {back}"));
        built.entry(
            NAME,
            VrfId::DEFAULT,
            everything,
            FibAction::Forward(vec![hop]),
        );
    };
    match ending {
        Ending::Delivers => {
            // The segment behind it holds the destination, and it is not its own.
            let inner = IpNet::new(near.addr(), near.max_prefix_len() - 8).unwrap();
            let own = near.hosts().find(|own| *own != packet.destination);
            let own = own.unwrap_or(inner.network());
            let length = inner.prefix_len();
            built.add_port(NAME, &format!("out {own}/{length}"));
        }
        Ending::Accepts => {
            let own = IpNet::from(packet.destination);
            built.add_port(NAME, &format!("out {own}"));
        }
        Ending::Drops => {
            built.filter(NAME, Stage::Ingress, "drops", Vec::new());
        }
        Ending::ChecksSource => {
            let default_counts = false;
            built.interface(&format!("{NAME} in")).reverse_path =
                Some(ReversePath::Strict { default_counts });
            onward(built);
        }
        Ending::ExpectsSessions => {
            built.device(NAME).sessions = Sessions {
                tracking: Tracking::Explicit,
                tcp_out_of_state: OutOfState::Drop,
                icmp_out_of_state: OutOfState::Drop,
                ..Sessions::stateless()
            };
        }
        Ending::HasNoRoute => {}
        Ending::Discards => {
            built.entry(NAME, VrfId::DEFAULT, everything, FibAction::Discard);
        }
        Ending::IsHost => built.device(NAME).kind = DeviceKind::Host,
        Ending::SendsAway => {
            let nobody = built.hop(NAME, "in");
            built.entry(
                NAME,
                VrfId::DEFAULT,
                everything,
                FibAction::Forward(vec![nobody]),
            );
        }
        Ending::SendsBack => onward(built),
        Ending::CannotTell => {
            let causes = vec![unknown("the route depends on a probe")];
            built.entry(NAME, VrfId::DEFAULT, everything, FibAction::Unknown(causes));
        }
    }
}

/// Adds what makes no difference by itself, sometimes.
fn embellish(built: &mut Built, random: &mut Random) {
    if random.percent(25) {
        built.device(NAME).unread.push(Unread {
            origin: line(61),
            touches: Touches::Forwarding {
                vrf: VrfId::DEFAULT,
                destinations: Some("192.0.2.0/24".parse().unwrap()),
            },
            reason: "the line was not understood".into(),
        });
    }
    if random.percent(25) {
        let doubtful = Condition::Unknown(unknown("the condition was not understood"));
        let rules = vec![(doubtful, ACCEPT)];
        let chain = built.chain(NAME, "doubts", rules, ACCEPT);
        built.hook(NAME, Stage::Ingress, HookKind::Filter, chain);
    }
    if random.percent(25) {
        let interface = built.interface(&format!("{NAME} in"));
        let default_counts = true;
        interface.reverse_path = interface
            .reverse_path
            .or(Some(ReversePath::Loose { default_counts }));
    }
    if random.percent(15) {
        let device = built.device(NAME);
        if device.sessions == Sessions::stateless() {
            device.sessions.tracking = Tracking::All;
        }
    }
}
