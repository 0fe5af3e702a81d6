//! Random small networks: whatever the model can say, in little space, so that
//! packets meet it.
//!
//! Routes are right at first (shortest paths, all equal ones) and then spoilt:
//! loops, null routes, unknown ones, routes that lead out of the network.

use super::build::{Built, unknown};
use super::generate_rules::Rules;
use super::line;
use super::random::Random;
use super::spare;
use ipnet::IpNet;
use networks::forwarding::{Fib, FibAction, FibEntry, Hop, RouteProtocol, VrfRouting};
use networks::model::{
    DeviceId, DeviceKind, InterfaceId, InterfaceKind, NextHop, OutOfState, Port, RedundancyGroup,
    RedundancyProtocol, ReversePath, RoutingTable, Sessions, StaticRoute, Touches, Tracking,
    Tunnel, Unread, Vrf, VrfId,
};
use packets::AddressSet;
use std::collections::VecDeque;
use std::net::IpAddr;

/// A segment that routers are joined by or hosts are on.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Its number, which its prefixes are made of.
    pub(crate) number: usize,
    /// Its ports.
    pub(crate) ports: Vec<Port>,
}

impl Segment {
    pub(crate) fn v4(&self) -> IpNet {
        format!("10.{}.0.0/24", self.number).parse().unwrap()
    }

    pub(crate) fn v6(&self) -> IpNet {
        format!("2001:db8:{}::/64", self.number).parse().unwrap()
    }

    /// An address of the segment.
    pub(crate) fn address(&self, host: usize, six: bool) -> IpAddr {
        let text = if six {
            format!("2001:db8:{}::{host:x}", self.number)
        } else {
            format!("10.{}.0.{host}", self.number)
        };
        text.parse().unwrap()
    }
}

/// The address that routers of a segment share where they share one.
pub(crate) const VIRTUAL: usize = 254;

/// The addresses of a segment that translation uses: the first and the last.
pub(crate) const TRANSLATED: (usize, usize) = (200, 203);

/// A random network with what it was made of.
pub(crate) struct Generated {
    pub(crate) built: Built,
    pub(crate) segments: Vec<Segment>,
}

/// Makes the network of a seed.
pub(crate) fn generate(seed: u64) -> Generated {
    let mut maker = Maker {
        random: Random::new(seed),
        built: Built::new(),
        segments: Vec::new(),
    };
    maker.devices();
    maker.roles();
    maker.vrfs();
    maker.routes();
    maker.spoil_routes();
    maker.tables();
    maker.settings();
    for device in 0..maker.built.network.devices.len() {
        let id = DeviceId(u32::try_from(device).unwrap());
        Rules::new(&mut maker.random, &mut maker.built, &maker.segments, id).make();
    }
    spare::add(&mut maker.random, &mut maker.built);
    Generated {
        built: maker.built,
        segments: maker.segments,
    }
}

struct Maker {
    random: Random,
    built: Built,
    segments: Vec<Segment>,
}

impl Maker {
    fn device_ids(&self) -> impl Iterator<Item = DeviceId> + use<> {
        (0..u32::try_from(self.built.network.devices.len()).unwrap()).map(DeviceId)
    }

    /// Routers in a tree, some more links, a segment of hosts at most of them.
    fn devices(&mut self) {
        let count = self.random.between(2, 8);
        for device in 0..count {
            let name = format!("d{device}");
            if device > 1 && self.random.percent(14) {
                self.built.host(&name, &[]);
            } else {
                self.built.router(&name, &[]);
            }
        }
        for device in 1..count {
            let other = self.random.below(device);
            let mut members = vec![other, device];
            if self.random.percent(25) && count > 2 {
                members.push(self.random.below(count));
            }
            self.segment(members);
        }
        for _ in 0..self.random.below(3) {
            let pair = vec![self.random.below(count), self.random.below(count)];
            self.segment(pair);
        }
        for device in 0..count {
            if self.random.percent(70) || device == 0 {
                self.segment(vec![device]);
            }
        }
        for device in 0..count {
            if self.random.percent(20) {
                let name = format!("d{device}");
                self.add_port(&name, "null0", InterfaceKind::Null, &[]);
            }
        }
    }

    fn segment(&mut self, mut members: Vec<usize>) {
        members.sort_unstable();
        members.dedup();
        let number = self.segments.len() + 1;
        let mut segment = Segment {
            number,
            ports: Vec::new(),
        };
        let tunnel = members.len() == 2 && self.random.percent(15);
        for device in &members {
            let host = device + 1;
            let (four, six) = (
                format!("{}/24", segment.address(host, false)),
                format!("{}/64", segment.address(host, true)),
            );
            let kind = if tunnel {
                InterfaceKind::Tunnel(Tunnel {
                    local: None,
                    local_interface: None,
                    remote: None,
                    transport_vrf: VrfId::DEFAULT,
                    encapsulation: "gre".into(),
                    key: None,
                })
            } else {
                InterfaceKind::Physical
            };
            let name = format!("d{device}");
            let port = self.add_port(&name, &format!("s{number}"), kind, &[&four, &six]);
            segment.ports.push(port);
        }
        if members.len() > 1 || self.random.percent(50) {
            self.built.network.links.push(networks::model::Link {
                ports: segment.ports.clone(),
            });
        }
        self.segments.push(segment);
    }

    fn add_port(
        &mut self,
        device: &str,
        name: &str,
        kind: InterfaceKind,
        addresses: &[&str],
    ) -> Port {
        let described = std::iter::once(name).chain(addresses.iter().copied());
        let described: Vec<&str> = described.collect();
        self.built.add_port(device, &described.join(" "));
        let port = self.built.at(&format!("{device} {name}"));
        let interface = self.built.interface_at(port);
        interface.kind = kind;
        port
    }

    /// Shared addresses, proxies, reverse-path checks, ports that are off.
    fn roles(&mut self) {
        for segment in self.segments.clone() {
            let shared = segment.ports.len() > 1 && self.random.percent(30);
            for port in &segment.ports {
                let addresses = vec![
                    segment.address(VIRTUAL, false),
                    segment.address(VIRTUAL, true),
                ];
                if shared {
                    let held = self.random.percent(55);
                    self.built
                        .interface_at(*port)
                        .redundancy
                        .push(RedundancyGroup {
                            protocol: RedundancyProtocol::Vrrp,
                            group: 1,
                            addresses,
                            priority: 100,
                            preempt: true,
                            tracking: Vec::new(),
                            origin: line(0),
                        });
                    if held {
                        let active = &mut self.built.routing.devices[port.device.index()].active;
                        active.push((port.interface, 0));
                        active.sort_unstable();
                    }
                }
                if self.random.percent(20) {
                    let mut parts = AddressSet::default();
                    for six in [false, true] {
                        parts.0.push(packets::AddressMatch::Range(
                            segment.address(TRANSLATED.0, six),
                            segment.address(TRANSLATED.1, six),
                        ));
                    }
                    self.built.interface_at(*port).answers_arp_for = parts;
                }
                if self.random.percent(20) {
                    let default_counts = self.random.percent(50);
                    let modes = [
                        ReversePath::Strict { default_counts },
                        ReversePath::Feasible { default_counts },
                        ReversePath::Loose { default_counts },
                    ];
                    self.built.interface_at(*port).reverse_path = Some(*self.random.pick(&modes));
                }
                if self.random.percent(2) {
                    self.built.interface_at(*port).enabled = false;
                }
            }
        }
    }

    /// Puts some interfaces of some devices into a VRF of their own.
    fn vrfs(&mut self) {
        for id in self.device_ids() {
            if !self.random.percent(25) {
                continue;
            }
            self.built.network.devices[id.index()]
                .vrfs
                .push(Vrf::new("other"));
            self.built.routing.devices[id.index()]
                .vrfs
                .push(VrfRouting::default());
            let ports = self.built.network.devices[id.index()].interfaces.len();
            for interface in 0..ports {
                if self.random.percent(35) {
                    let interface =
                        &mut self.built.network.devices[id.index()].interfaces[interface];
                    interface.vrf = VrfId(1);
                }
            }
        }
    }

    /// Shortest paths to every segment, by every next device that is on one.
    fn routes(&mut self) {
        let distances: Vec<Vec<usize>> = (0..self.segments.len())
            .map(|segment| self.distances(segment))
            .collect();
        for id in self.device_ids() {
            let mut by_vrf: Vec<Vec<FibEntry>> = vec![Vec::new(), Vec::new()];
            for (at, distance) in distances.iter().enumerate() {
                for six in [false, true] {
                    let hops = self.hops_towards(id, at, distance, six);
                    let segment = &self.segments[at];
                    let prefix = if six { segment.v6() } else { segment.v4() };
                    let Some(first) = hops.first() else { continue };
                    let device = &self.built.network.devices[id.index()];
                    let vrf = device.interfaces[first.interface.index()].vrf;
                    let other = VrfId(1 - vrf.0);
                    by_vrf[vrf.index()].push(entry(prefix, FibAction::Forward(hops.clone())));
                    if self.random.percent(60) {
                        let leak = self.random.percent(50);
                        let action = if leak {
                            FibAction::Vrf(vrf)
                        } else {
                            FibAction::Forward(hops)
                        };
                        by_vrf[other.index()].push(entry(prefix, action));
                    }
                }
            }
            let routing = &mut self.built.routing.devices[id.index()];
            for (vrf, entries) in routing.vrfs.iter_mut().zip(by_vrf) {
                vrf.fib = Fib::new(entries);
            }
        }
    }

    /// How many links each device is away from a segment.
    fn distances(&self, segment: usize) -> Vec<usize> {
        let mut distances = vec![usize::MAX; self.built.network.devices.len()];
        let mut queue: VecDeque<usize> = VecDeque::new();
        for port in &self.segments[segment].ports {
            distances[port.device.index()] = 0;
            queue.push_back(port.device.index());
        }
        while let Some(device) = queue.pop_front() {
            for segment in &self.segments {
                if !segment
                    .ports
                    .iter()
                    .any(|port| port.device.index() == device)
                {
                    continue;
                }
                for port in &segment.ports {
                    let other = port.device.index();
                    if distances[other] == usize::MAX {
                        distances[other] = distances[device] + 1;
                        queue.push_back(other);
                    }
                }
            }
        }
        distances
    }

    fn hops_towards(
        &mut self,
        id: DeviceId,
        target: usize,
        distances: &[usize],
        six: bool,
    ) -> Vec<Hop> {
        let mut hops = Vec::new();
        for segment in self.segments.clone() {
            let Some(own) = segment.ports.iter().find(|port| port.device == id) else {
                continue;
            };
            if segment.number == target + 1 {
                return vec![Hop {
                    interface: own.interface,
                    gateway: None,
                }];
            }
            for port in &segment.ports {
                let nearer = distances[port.device.index()] < distances[id.index()];
                if port.device == id || !nearer {
                    continue;
                }
                let shared = !self.built.interface_at(*port).redundancy.is_empty();
                let host = if shared && self.random.percent(70) {
                    VIRTUAL
                } else {
                    port.device.index() + 1
                };
                hops.push(Hop {
                    interface: own.interface,
                    gateway: Some(segment.address(host, six)),
                });
            }
        }
        hops.sort_unstable();
        hops.dedup();
        hops
    }

    /// Any way out of a device, likely or not.
    fn random_hop(&mut self, id: DeviceId, six: bool) -> Option<Hop> {
        let near: Vec<Segment> = self
            .segments
            .iter()
            .filter(|segment| segment.ports.iter().any(|port| port.device == id))
            .cloned()
            .collect();
        if near.is_empty() {
            return None;
        }
        let segment = self.random.pick(&near).clone();
        let own = segment.ports.iter().find(|port| port.device == id)?;
        let others: Vec<&Port> = segment
            .ports
            .iter()
            .filter(|port| port.device != id)
            .collect();
        let gateway = match self.random.weighted(&[6, 1, 1, 1]) {
            0 if !others.is_empty() => Some(self.random.pick(&others).device.index() + 1),
            1 => Some(VIRTUAL),
            2 => None,
            _ => Some(99),
        };
        Some(Hop {
            interface: own.interface,
            gateway: gateway.map(|host| segment.address(host, six)),
        })
    }

    fn random_action(&mut self, id: DeviceId, six: bool) -> FibAction {
        let null = self.built.network.devices[id.index()].interface_named("null0");
        match self.random.weighted(&[11, 6, 3, 3, 2]) {
            1 => FibAction::Discard,
            2 => FibAction::Unknown(vec![unknown("the route depends on a probe")]),
            3 => FibAction::Vrf(VrfId(u32::from(self.random.percent(60)))),
            4 if null.is_some() => FibAction::Forward(
                null.map(|interface| Hop {
                    interface,
                    gateway: None,
                })
                .into_iter()
                .collect(),
            ),
            _ => {
                let mut hops: Vec<Hop> = Vec::new();
                for _ in 0..self.random.between(1, 2) {
                    hops.extend(self.random_hop(id, six));
                }
                if hops.is_empty() {
                    FibAction::Discard
                } else {
                    FibAction::Forward(hops)
                }
            }
        }
    }

    /// A prefix of some segment, of everything, or of nothing near.
    fn random_prefix(&mut self, six: bool) -> IpNet {
        let segment = self.random.pick(&self.segments.clone()).clone();
        let base = segment.address(*self.random.pick(&[1, 2, 64, 128, 200, 254]), six);
        let lengths: &[u8] = if six {
            &[0, 48, 64, 65, 120, 128]
        } else {
            &[0, 8, 16, 24, 25, 26, 32]
        };
        IpNet::new(base, *self.random.pick(lengths))
            .unwrap()
            .trunc()
    }

    fn spoil_routes(&mut self) {
        for id in self.device_ids() {
            let vrfs = self.built.routing.devices[id.index()].vrfs.len();
            for vrf in 0..vrfs {
                for _ in 0..self.random.below(4) {
                    let six = self.random.percent(40);
                    let prefix = self.random_prefix(six);
                    let action = self.random_action(id, six);
                    self.put(id, vrf, &entry(prefix, action));
                }
                if self.random.percent(25) {
                    let six = self.random.percent(40);
                    let everything = if six { "::/0" } else { "0.0.0.0/0" };
                    let action = self.random_action(id, six);
                    self.put(id, vrf, &entry(everything.parse().unwrap(), action));
                }
                if self.random.percent(7) {
                    self.built.routing.devices[id.index()].vrfs[vrf].unknown =
                        vec![unknown("EIGRP is not modelled")];
                }
            }
        }
    }

    fn put(&mut self, id: DeviceId, vrf: usize, new: &FibEntry) {
        let fib = &mut self.built.routing.devices[id.index()].vrfs[vrf].fib;
        let others = fib.entries().iter().filter(|old| old.prefix != new.prefix);
        let entries = others.cloned().chain([new.clone()]).collect();
        *fib = Fib::new(entries);
    }

    /// Further tables, for policy routing.
    fn tables(&mut self) {
        for id in self.device_ids() {
            for _ in 0..self.random.below(3) {
                let mut entries = Vec::new();
                for _ in 0..self.random.between(1, 4) {
                    let six = self.random.percent(40);
                    let prefix = self.random_prefix(six);
                    entries.push(entry(prefix, self.random_action(id, six)));
                }
                self.built.network.devices[id.index()]
                    .tables
                    .push(RoutingTable {
                        name: "further".into(),
                        vrf: VrfId::DEFAULT,
                        routes: Vec::<StaticRoute>::new(),
                    });
                self.built.routing.devices[id.index()]
                    .tables
                    .push(Fib::new(entries));
            }
        }
    }

    /// Sessions and unread lines.
    fn settings(&mut self) {
        let settings = [
            OutOfState::Drop,
            OutOfState::Invalid,
            OutOfState::New,
            OutOfState::Bypass,
        ];
        for id in self.device_ids() {
            if self.random.percent(55) {
                let sessions = Sessions {
                    tracking: if self.random.percent(75) {
                        Tracking::All
                    } else {
                        Tracking::Explicit
                    },
                    tcp_out_of_state: *self.random.pick(&settings),
                    icmp_out_of_state: *self.random.pick(&settings),
                    shared: self.random.percent(25).then(|| "pair".to_owned()),
                    ..Sessions::stateless()
                };
                self.built.network.devices[id.index()].sessions = sessions;
            }
            if self.random.percent(5) {
                let ports = self.built.network.devices[id.index()].interfaces.len();
                let prefix = self.random_prefix(false);
                let interface =
                    InterfaceId(u32::try_from(self.random.below(ports.max(1))).unwrap());
                let touches = match self.random.weighted(&[1, 4, 4, 1]) {
                    0 => Touches::Device,
                    1 => Touches::Interface(interface),
                    2 => Touches::Forwarding {
                        vrf: VrfId::DEFAULT,
                        destinations: Some(prefix),
                    },
                    _ => Touches::Routing(VrfId::DEFAULT),
                };
                self.built.network.devices[id.index()].unread.push(Unread {
                    origin: line(60),
                    touches,
                    reason: "the line was not understood".into(),
                });
            }
        }
    }
}

fn entry(prefix: IpNet, action: FibAction) -> FibEntry {
    FibEntry {
        prefix,
        action,
        protocol: RouteProtocol::Static,
        origin: Some(line(7)),
    }
}

/// Where policy routing may send packets from a device.
pub(crate) fn next_hops(built: &Built, segments: &[Segment], id: DeviceId) -> Vec<NextHop> {
    let device = &built.network.devices[id.index()];
    let mut next_hops = vec![NextHop::Discard, NextHop::Vrf(VrfId::DEFAULT)];
    if device.vrfs.len() > 1 {
        next_hops.push(NextHop::Vrf(VrfId(1)));
    }
    for segment in segments {
        for six in [false, true] {
            let far = segment.address(99, six);
            next_hops.push(NextHop::Address(far));
            if device.vrfs.len() > 1 {
                next_hops.push(NextHop::VrfAddress(VrfId(1), far));
            }
            let Some(own) = segment.ports.iter().find(|port| port.device == id) else {
                continue;
            };
            next_hops.push(NextHop::Interface(own.interface));
            for port in &segment.ports {
                let near = segment.address(port.device.index() + 1, six);
                if port.device != id && device.kind == DeviceKind::Router {
                    next_hops.push(NextHop::Address(near));
                    next_hops.push(NextHop::InterfaceAddress(own.interface, near));
                }
            }
        }
    }
    next_hops
}
