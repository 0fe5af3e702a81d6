//! Packets for a random network, half of them from the edges of its rules.

use super::generate::{Generated, Segment};
use super::generate_rules::PORTS;
use super::random::Random;
use networks::forwarding::Fib;
use networks::interpret::{Choices, Start};
use networks::model::{Action, AddressRewrite, Condition, Device, PortRewrite, Translation};
use packets::{AddressMatch, AddressSet, Fragment, Packet, Ports, Protocol, TcpFlags};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where the rules, routes and pools of a network begin and end, and one to either side.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    addresses: Vec<IpAddr>,
    ports: Vec<u16>,
}

impl Edges {
    pub(crate) fn of(generated: &Generated) -> Self {
        let mut edges = Self::default();
        for segment in &generated.segments {
            for prefix in [segment.v4(), segment.v6()] {
                edges.between(prefix.network(), prefix.broadcast());
            }
        }
        for device in &generated.built.network.devices {
            edges.device(device);
        }
        for device in &generated.built.routing.devices {
            let tables = device.vrfs.iter().map(|vrf| &vrf.fib).chain(&device.tables);
            tables.for_each(|fib| edges.table(fib));
        }
        edges.ports.extend(PORTS);
        edges.addresses.sort_unstable();
        edges.addresses.dedup();
        edges.ports.sort_unstable();
        edges.ports.dedup();
        edges
    }

    /// Choices of translation that lie on edges.
    pub(crate) fn choices(&self) -> Choices {
        Choices {
            addresses: self.addresses.clone(),
            ports: PORTS.to_vec(),
            all_up_to: 4,
        }
    }

    fn device(&mut self, device: &Device) {
        for interface in &device.interfaces {
            for own in &interface.addresses {
                self.between(own.net.addr(), own.net.addr());
            }
            for group in &interface.redundancy {
                for address in &group.addresses {
                    self.between(*address, *address);
                }
            }
            self.set(&interface.answers_arp_for);
        }
        for rule in device.chains.iter().flat_map(|chain| &chain.rules) {
            self.condition(&rule.condition);
            if let Action::Translate(translation) = &rule.action {
                self.translation(translation);
            }
        }
    }

    fn table(&mut self, fib: &Fib) {
        for entry in fib.entries() {
            self.between(entry.prefix.network(), entry.prefix.broadcast());
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Not(part) => self.condition(part),
            Condition::Source(set) | Condition::Destination(set) => self.set(set),
            Condition::SourcePort(ports) | Condition::DestinationPort(ports) => {
                self.port_set(ports);
            }
            _ => {}
        }
    }

    fn translation(&mut self, translation: &Translation) {
        for rewrite in translation.source.iter().chain(&translation.destination) {
            match rewrite {
                AddressRewrite::Prefix { from, to } => {
                    self.between(from.network(), from.broadcast());
                    self.between(to.network(), to.broadcast());
                }
                AddressRewrite::Range { first, last, to } => {
                    self.between(*first, *last);
                    self.between(*to, *to);
                }
                AddressRewrite::Pool(ranges) => {
                    for (first, last) in ranges {
                        self.between(*first, *last);
                    }
                }
                AddressRewrite::InterfaceAddress => {}
            }
        }
        let ports = translation.source_port.iter();
        for rewrite in ports.chain(&translation.destination_port) {
            match rewrite {
                PortRewrite::OneOf(ports) => self.port_set(ports),
                PortRewrite::Shift { first, last, to } => {
                    self.port_set(&Ports(vec![*first..=*last, *to..=*to]));
                }
            }
        }
    }

    fn set(&mut self, set: &AddressSet) {
        for part in &set.0 {
            match part {
                AddressMatch::Net(net) => self.between(net.network(), net.broadcast()),
                AddressMatch::Range(first, last) => self.between(*first, *last),
                AddressMatch::Wildcard(wildcard) => {
                    let base = wildcard.address.to_bits();
                    let last = Ipv4Addr::from_bits(base | wildcard.ignore.to_bits());
                    self.between(wildcard.address.into(), last.into());
                    // One bit that may be anything, and the lowest that may not.
                    let ignore = wildcard.ignore.to_bits();
                    for bit in [ignore & ignore.wrapping_neg(), !ignore & (ignore + 1)] {
                        let near = Ipv4Addr::from_bits(base ^ bit);
                        self.between(near.into(), near.into());
                    }
                }
            }
        }
    }

    fn port_set(&mut self, ports: &Ports) {
        for range in &ports.0 {
            let (first, last) = (*range.start(), *range.end());
            self.ports
                .extend([first.wrapping_sub(1), first, last, last.wrapping_add(1)]);
        }
    }

    fn between(&mut self, first: IpAddr, last: IpAddr) {
        self.addresses
            .extend([step(first, false), first, last, step(last, true)]);
    }
}

fn step(address: IpAddr, up: bool) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let bits = if up {
                bits.wrapping_add(1)
            } else {
                bits.wrapping_sub(1)
            };
            Ipv4Addr::from_bits(bits).into()
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let bits = if up {
                bits.wrapping_add(1)
            } else {
                bits.wrapping_sub(1)
            };
            Ipv6Addr::from_bits(bits).into()
        }
    }
}

/// In how many places packets of one network begin.
const STARTS: usize = 3;

/// The ports that a choice between many is tried on.
pub(crate) fn every_port() -> Vec<u16> {
    PORTS.to_vec()
}

/// Picks a packet for one of the starts; `edge` takes addresses and ports from edges.
pub(crate) fn sample(
    generated: &Generated,
    edges: &Edges,
    starts: &[Begin],
    random: &mut Random,
    edge: bool,
) -> (Start, Packet) {
    let six = random.percent(35);
    let begin = random.pick(starts);
    let host = *random.pick(&[5, 10, 77, 130]);
    let (start, from) = match begin.start {
        Start::Enters(_) => (begin.start, begin.segment.address(host, six)),
        Start::Sent(device) => (begin.start, begin.segment.address(device.index() + 1, six)),
    };
    let address = |random: &mut Random| -> IpAddr {
        if edge && random.percent(75) {
            let of: Vec<_> = edges
                .addresses
                .iter()
                .filter(|one| one.is_ipv6() == six)
                .collect();
            return **random.pick(&of);
        }
        let segment = random.pick(&generated.segments);
        let host = *random.pick(&[1, 2, 3, 5, 10, 77, 130, 200, 202, 254]);
        segment.address(host, six)
    };
    let source = if edge && random.percent(60) || random.percent(15) {
        address(random)
    } else {
        from
    };
    let destination = address(random);
    let port = |random: &mut Random| {
        if edge && random.percent(80) {
            *random.pick(&edges.ports)
        } else if random.percent(60) {
            *random.pick(&PORTS)
        } else {
            u16::try_from(random.below(65536)).unwrap()
        }
    };
    let (source_port, destination_port) = (port(random), port(random));
    let packet = Packet {
        source,
        destination,
        protocol: Protocol::TCP,
        source_port,
        destination_port,
        tcp_flags: TcpFlags::default(),
        fragment: Fragment::First,
        mark: 0,
    };
    (start, of_protocol(packet, random, six).normalised())
}

fn of_protocol(mut packet: Packet, random: &mut Random, six: bool) -> Packet {
    match random.weighted(&[40, 30, 20, 10]) {
        0 => {
            let flags = [0x02, 0x02, 0x02, 0x12, 0x10, 0x18, 0x00, 0x04, 0x3f, 0xc2];
            packet.tcp_flags = TcpFlags(*random.pick(&flags));
        }
        1 => packet.protocol = Protocol::UDP,
        2 => {
            packet.protocol = if six {
                Protocol::ICMPV6
            } else {
                Protocol::ICMP
            };
            let types: &[u16] = if six {
                &[128, 128, 128, 129, 1, 3, 135, 140]
            } else {
                &[8, 8, 8, 0, 3, 11, 13, 14]
            };
            packet.destination_port = *random.pick(types);
            packet.source_port = *random.pick(&[0, 0, 0, 3, 4, 255]);
        }
        _ => packet.protocol = *random.pick(&[Protocol::GRE, Protocol::SCTP, Protocol(255)]),
    }
    if random.percent(8) {
        packet.fragment = Fragment::Later;
    }
    packet
}

/// Picks a packet like another; `edge` takes what differs from edges.
pub(crate) fn like(packet: &Packet, edges: &Edges, random: &mut Random, edge: bool) -> Packet {
    let mut packet = *packet;
    let six = packet.destination.is_ipv6();
    let changes = random.between(usize::from(edge), 2);
    for _ in 0..changes {
        let address = |random: &mut Random, old: IpAddr| {
            if edge {
                let of = edges.addresses.iter().filter(|one| one.is_ipv6() == six);
                **random.pick(&of.collect::<Vec<_>>())
            } else {
                step(old, random.percent(50))
            }
        };
        let port = |random: &mut Random| {
            if edge {
                *random.pick(&edges.ports)
            } else {
                u16::try_from(random.below(65536)).unwrap()
            }
        };
        match random.weighted(&[2, 1, 5, 5, 3]) {
            0 => packet.source = address(random, packet.source),
            1 => packet.destination = address(random, packet.destination),
            2 if packet.protocol.has_ports() => packet.source_port = port(random),
            3 if packet.protocol.has_ports() => packet.destination_port = port(random),
            _ => packet = of_protocol(packet, random, six),
        }
    }
    packet.normalised()
}

/// Where packets begin, and the segment they are genuinely of.
pub(crate) struct Begin {
    start: Start,
    segment: Segment,
}

/// Picks where packets begin in a network: a few places, since engines work
/// out each for all packets.
pub(crate) fn starts(generated: &Generated, random: &mut Random) -> Vec<Begin> {
    let ported: Vec<_> = generated
        .segments
        .iter()
        .flat_map(|segment| segment.ports.iter().map(move |port| (segment, *port)))
        .collect();
    (0..STARTS)
        .map(|_| {
            let (segment, port) = *random.pick(&ported);
            Begin {
                start: if random.percent(15) {
                    Start::Sent(port.device)
                } else {
                    Start::Enters(port)
                },
                segment: segment.clone(),
            }
        })
        .collect()
}
