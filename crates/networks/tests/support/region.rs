//! Generated regions: many networks of one shape, joined by hubs.
//!
//! Each network has four zones behind access routers, two cores with equal-cost
//! paths, an internal firewall, a border firewall that hides the first zone and
//! publishes a server of the third, and a border router with lists that know no
//! sessions. Lists are random, with the permits that make some journeys work.

use findings::{Sources, Span};
use ipnet::IpNet;
use networks::forwarding::{
    DeviceRouting, Fib, FibAction, FibEntry, Hop, RouteProtocol, Routing, VrfRouting,
};
use networks::model::{
    Action, AddressRewrite, Chain, ChainId, Condition, Device, DeviceId, DeviceKind, Established,
    Hook, HookKind, HookScope, Interface, InterfaceAddress, InterfaceId, InterfaceKind,
    InterfaceSet, Link, Network, OutOfState, Port, PortRewrite, Rule, SessionEffect, Sessions,
    Stage, Tracking, Translation,
};
use networks::reachability::{Endpoint, Goal, LinkId, Start};
use packets::{AddressSet, Ports, Protocol, TcpFlagMatch, TcpFlags};
use std::net::Ipv4Addr;

/// A generated region, and the segments that are asked about.
pub(crate) struct Region {
    pub(crate) network: Network,
    pub(crate) routing: Routing,
    pub(crate) endpoints: Vec<Endpoint>,
    /// The lists, for changing a line: device and chain.
    pub(crate) lists: Vec<(DeviceId, ChainId)>,
}

/// How many networks one hub joins.
const HUB_SIZE: usize = 6;

/// Numbers that look random and are the same every time (xorshift, Marsaglia 2003).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }
}

struct Maker {
    numbers: Numbers,
    networks: usize,
    region: Region,
    next_pair: u32,
    span: Span,
}

/// Makes a region of so many networks.
pub(crate) fn region(networks: usize, seed: u64) -> Region {
    let file = Sources::new().add("generated", "generated\n");
    let mut maker = Maker {
        numbers: Numbers::new(seed),
        networks,
        region: Region {
            network: Network::default(),
            routing: Routing::default(),
            endpoints: Vec::new(),
            lists: Vec::new(),
        },
        next_pair: 0,
        span: Span {
            file,
            start: 0,
            end: 1,
        },
    };
    let backbone = maker.device("backbone");
    let mut hub = backbone;
    let mut uplink = None;
    for number in 0..networks {
        if number % HUB_SIZE == 0 {
            hub = maker.device(&format!("hub{number}"));
            uplink = Some(maker.join(backbone, hub));
            let (_, up) = uplink.unwrap();
            maker.route(hub, "0.0.0.0/0", &[up]);
        }
        let (down, _) = uplink.unwrap();
        maker.network(number, hub);
        for prefix in [inside(number), public(number)] {
            maker.route(backbone, &prefix, &[down]);
        }
    }
    let region = &mut maker.region;
    for routing in &mut region.routing.devices {
        let fib = &mut routing.vrfs[0].fib;
        *fib = Fib::new(fib.entries().to_vec());
    }
    maker.region
}

fn inside(number: usize) -> String {
    format!("10.{number}.0.0/16")
}

fn zone(number: usize, zone: usize) -> String {
    format!("10.{number}.{}.0/24", zone * 16)
}

fn public(number: usize) -> String {
    format!("100.64.{number}.0/24")
}

fn prefix(text: &str) -> IpNet {
    text.parse().unwrap()
}

impl Maker {
    fn device(&mut self, name: &str) -> DeviceId {
        let id = DeviceId(u32::try_from(self.region.network.devices.len()).unwrap());
        let device = Device::new(name, self.span.file, DeviceKind::Router);
        self.region.network.devices.push(device);
        self.region.routing.devices.push(DeviceRouting {
            vrfs: vec![VrfRouting::default()],
            ..DeviceRouting::default()
        });
        id
    }

    fn at(&mut self, device: DeviceId) -> &mut Device {
        &mut self.region.network.devices[device.index()]
    }

    fn interface(&mut self, device: DeviceId, net: &str) -> InterfaceId {
        let (span, count) = (self.span, self.at(device).interfaces.len());
        let mut interface = Interface::new(format!("e{count}"), InterfaceKind::Physical, span);
        let net = prefix(net);
        interface.addresses.push(InterfaceAddress {
            net,
            secondary: false,
            origin: span,
        });
        self.at(device).interfaces.push(interface);
        let id = InterfaceId(u32::try_from(count).unwrap());
        let hop = Hop {
            interface: id,
            gateway: None,
        };
        self.route(device, &net.trunc().to_string(), &[hop]);
        id
    }

    fn route(&mut self, device: DeviceId, net: &str, hops: &[Hop]) {
        let fib = &mut self.region.routing.devices[device.index()].vrfs[0].fib;
        let mut entries = fib.entries().to_vec();
        entries.push(FibEntry {
            prefix: prefix(net),
            action: FibAction::Forward(hops.to_vec()),
            protocol: RouteProtocol::Static,
            origin: None,
        });
        *fib = Fib::new(entries);
    }

    /// Joins two devices; returns the ways from the first to the second and back.
    fn join(&mut self, a: DeviceId, b: DeviceId) -> (Hop, Hop) {
        let base = u32::from(Ipv4Addr::new(172, 16, 0, 0)) + 4 * self.next_pair;
        self.next_pair += 1;
        let (first, second) = (Ipv4Addr::from(base + 1), Ipv4Addr::from(base + 2));
        let left = self.interface(a, &format!("{first}/30"));
        let right = self.interface(b, &format!("{second}/30"));
        let mut ports = vec![
            Port {
                device: a,
                interface: left,
            },
            Port {
                device: b,
                interface: right,
            },
        ];
        ports.sort();
        self.region.network.links.push(Link { ports });
        (
            Hop {
                interface: left,
                gateway: Some(second.into()),
            },
            Hop {
                interface: right,
                gateway: Some(first.into()),
            },
        )
    }

    fn network(&mut self, number: usize, hub: DeviceId) {
        let named = |name: &str| format!("n{number}-{name}");
        let cores = [self.device(&named("core0")), self.device(&named("core1"))];
        let inner = self.device(&named("inner"));
        let border = self.device(&named("border"));
        let router = self.device(&named("router"));
        for place in 0..4 {
            let access = self.device(&named(&format!("access{place}")));
            self.zone(number, place, access, cores);
        }
        let mut to_cores = Vec::new();
        let mut from_inside = Vec::new();
        for core in cores {
            let (up, down) = self.join(core, inner);
            self.route(core, "0.0.0.0/0", &[up]);
            to_cores.push(down);
            from_inside.push(down.interface);
        }
        self.route(inner, &inside(number), &to_cores);
        let (out, back) = self.join(inner, border);
        self.route(inner, "0.0.0.0/0", &[out]);
        self.route(border, &inside(number), &[back]);
        let (border_out, border_back) = self.join(border, router);
        self.route(border, "0.0.0.0/0", &[border_out]);
        for net in [inside(number), public(number)] {
            self.route(router, &net, &[border_back]);
        }
        let (router_out, router_back) = self.join(router, hub);
        self.route(router, "0.0.0.0/0", &[router_out]);
        for net in [inside(number), public(number)] {
            self.route(hub, &net, &[router_back]);
        }
        for firewall in [inner, border] {
            self.at(firewall).sessions = Sessions {
                tracking: Tracking::All,
                tcp_out_of_state: OutOfState::Drop,
                icmp_out_of_state: OutOfState::Drop,
                shared: None,
                answers_unchecked: false,
                origin: None,
            };
        }
        self.publish(number, border, border_out.interface);
        let (many, few) = (
            self.numbers.between(100, 300),
            self.numbers.between(50, 150),
        );
        self.filter(inner, &from_inside, many, false);
        self.filter(inner, &[out.interface], few, false);
        let (many, few) = (
            self.numbers.between(100, 1000),
            self.numbers.between(100, 1000),
        );
        self.filter(border, &[back.interface], many, false);
        self.filter(border, &[border_out.interface], few, false);
        self.hide(number, border, border_out.interface);
        let (many, few) = (self.numbers.between(50, 150), self.numbers.between(50, 150));
        self.filter(router, &[border_back.interface], many, true);
        self.filter(router, &[router_out.interface], few, true);
    }

    fn zone(&mut self, number: usize, place: usize, access: DeviceId, cores: [DeviceId; 2]) {
        let net = zone(number, place);
        let lan = self.interface(access, &net.replace(".0/24", ".1/24"));
        let port = Port {
            device: access,
            interface: lan,
        };
        let link = LinkId(u32::try_from(self.region.network.links.len()).unwrap());
        self.region.network.links.push(Link { ports: vec![port] });
        let mut up = Vec::new();
        for core in cores {
            let (out, back) = self.join(access, core);
            up.push(out);
            self.route(core, &net, &[back]);
        }
        self.route(access, "0.0.0.0/0", &up);
        let hosts = AddressSet(vec![packets::AddressMatch::Range(
            net.replace(".0/24", ".2").parse().unwrap(),
            net.replace(".0/24", ".254").parse().unwrap(),
        )]);
        let goal = Goal {
            links: vec![link],
            ..Goal::default()
        };
        let start = Start::Segment(port);
        self.region.endpoints.push(Endpoint {
            start,
            sources: hosts.clone(),
            destinations: hosts,
            goal: goal.clone(),
        });
        if place == 2 {
            let server = format!("100.64.{number}.10/32");
            self.region.endpoints.push(Endpoint {
                start,
                sources: AddressSet::default(),
                destinations: AddressSet::from(prefix(&server)),
                goal,
            });
        }
    }

    /// A chain of the device, and the hook that asks it.
    fn hook(
        &mut self,
        device: DeviceId,
        stage: Stage,
        scope: HookScope,
        kind: HookKind,
        chain: Chain,
    ) -> ChainId {
        let of = self.at(device);
        let id = ChainId(u32::try_from(of.chains.len()).unwrap());
        of.chains.push(chain);
        of.hooks.push(Hook {
            stage,
            scope,
            kind,
            chain: id,
            established: if of.sessions.tracking == Tracking::All {
                Established::Skip
            } else {
                Established::Evaluate
            },
            origin: None,
        });
        id
    }

    fn translate(
        &mut self,
        device: DeviceId,
        stage: Stage,
        scope: HookScope,
        condition: Condition,
        translation: Translation,
    ) {
        let rule = Rule {
            condition,
            action: Action::Translate(translation),
            origin: self.span,
        };
        let chain = Chain {
            name: "nat".into(),
            rules: vec![rule],
            default: Action::Accept(SessionEffect::None),
            origin: None,
        };
        self.hook(device, stage, scope, HookKind::Translation, chain);
    }

    /// The server of the third zone is reached by a public address.
    fn publish(&mut self, number: usize, border: DeviceId, outside: InterfaceId) {
        let public = format!("100.64.{number}.10/32");
        let server = zone(number, 2).replace(".0/24", ".10/32");
        let destination = AddressRewrite::Prefix {
            from: prefix(&public),
            to: prefix(&server),
        };
        let translation = Translation {
            destination: Some(destination),
            ..Translation::default()
        };
        let scope = HookScope {
            enters: Some(InterfaceSet::new([outside])),
            leaves: None,
        };
        let condition = Condition::Destination(AddressSet::from(prefix(&public)));
        self.translate(border, Stage::Ingress, scope, condition, translation);
    }

    /// The first zone is hidden behind one public address.
    fn hide(&mut self, number: usize, border: DeviceId, outside: InterfaceId) {
        let pool = format!("100.64.{number}.1").parse().unwrap();
        let translation = Translation {
            source: Some(AddressRewrite::Pool(vec![(pool, pool)])),
            source_port: Some(PortRewrite::OneOf(Ports::from(1024..=65535))),
            ..Translation::default()
        };
        let scope = HookScope {
            enters: None,
            leaves: Some(InterfaceSet::new([outside])),
        };
        let condition = Condition::Source(AddressSet::from(prefix(&zone(number, 0))));
        self.translate(border, Stage::Egress, scope, condition, translation);
    }

    /// A random list on what enters by these interfaces.
    fn filter(&mut self, device: DeviceId, enters: &[InterfaceId], lines: usize, stateless: bool) {
        let mut rules: Vec<Rule> = (0..lines).map(|_| self.random_rule()).collect();
        let permit = |condition| Rule {
            condition,
            action: Action::Accept(SessionEffect::None),
            origin: self.span,
        };
        if stateless {
            let flags = TcpFlagMatch {
                mask: TcpFlags::ACK,
                value: TcpFlags::ACK,
            };
            rules.push(permit(Condition::TcpFlags(flags)));
            rules.push(permit(Condition::All(vec![
                Condition::Protocol(vec![Protocol::UDP]),
                Condition::SourcePort(Ports::from(53)),
            ])));
        }
        for (protocol, port) in [(Protocol::TCP, 443), (Protocol::UDP, 53)] {
            rules.push(permit(Condition::All(vec![
                Condition::Protocol(vec![protocol]),
                Condition::DestinationPort(Ports::from(port)),
            ])));
        }
        let scope = HookScope {
            enters: Some(InterfaceSet::new(enters.iter().copied())),
            leaves: None,
        };
        let chain = Chain {
            name: "list".into(),
            rules,
            default: Action::Drop,
            origin: None,
        };
        let id = self.hook(device, Stage::Ingress, scope, HookKind::Filter, chain);
        self.region.lists.push((device, id));
    }

    fn random_rule(&mut self) -> Rule {
        let mut parts = Vec::new();
        if self.numbers.below(10) < 8 {
            parts.push(Condition::Source(self.random_addresses()));
        }
        // A line for everybody would leave nothing to the lines after it.
        if parts.is_empty() || self.numbers.below(10) < 8 {
            parts.push(Condition::Destination(self.random_addresses()));
        }
        let protocol = if self.numbers.below(3) == 0 {
            Protocol::UDP
        } else {
            Protocol::TCP
        };
        parts.push(Condition::Protocol(vec![protocol]));
        if self.numbers.below(10) < 9 {
            let port = u16::try_from(self.numbers.between(20, 9_000)).unwrap();
            let width = [0, 0, 0, 10, 1_000][self.numbers.below(5)];
            parts.push(Condition::DestinationPort(Ports::from(port..=port + width)));
        }
        let permits = self.numbers.below(10) < 7;
        let action = if permits {
            Action::Accept(SessionEffect::None)
        } else {
            Action::Drop
        };
        Rule {
            condition: Condition::All(parts),
            action,
            origin: self.span,
        }
    }

    fn random_addresses(&mut self) -> AddressSet {
        let number = self.numbers.below(self.networks);
        let net = match self.numbers.below(4) {
            0 => inside(number),
            1 => format!(
                "10.{number}.{}.{}/32",
                self.numbers.below(4) * 16,
                self.numbers.below(256)
            ),
            _ => zone(number, self.numbers.below(4)),
        };
        AddressSet::from(prefix(&net))
    }
}
