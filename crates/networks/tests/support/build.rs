//! Networks, packets and fates in words.
//!
//! Forwarding tables are written by hand here, so that what packets do is
//! tested apart from how routes are computed. A port is named `device interface`.

use super::{file, line, router};
use ipnet::IpNet;
use networks::forwarding::{
    DeviceRouting, Fib, FibAction, FibEntry, Hop, RouteProtocol, Routing, VrfRouting,
};
use networks::interpret::{Choices, Disposition, Interpreter, Return, RuleRef, Start, Trace, Walk};
use networks::model::{
    Action, Chain, ChainId, Condition, Device, DeviceId, DeviceKind, Established, Hook, HookKind,
    HookScope, Interface, InterfaceAddress, InterfaceId, InterfaceKind, InterfaceSet, Link,
    Network, Port, Rule, SessionEffect, Stage, Translation, Unknown, Vrf, VrfId,
};
use packets::{AddressSet, Fragment, Packet, Ports, Protocol, TcpFlagMatch, TcpFlags};
use std::net::{IpAddr, SocketAddr};

/// A network and its forwarding tables, as they are being described.
#[derive(Default)]
pub(crate) struct Built {
    pub(crate) network: Network,
    pub(crate) routing: Routing,
    pub(crate) choices: Choices,
}

impl Built {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a router with interfaces, each `name address address …`.
    pub(crate) fn router(&mut self, name: &str, ports: &[&str]) -> &mut Self {
        let mut device = router(name);
        device.file = file();
        self.network.devices.push(device);
        self.routing.devices.push(DeviceRouting {
            vrfs: vec![VrfRouting::default()],
            ..DeviceRouting::default()
        });
        for port in ports {
            self.add_port(name, port);
        }
        self
    }

    /// Adds a host: a device that does not forward.
    pub(crate) fn host(&mut self, name: &str, ports: &[&str]) -> &mut Self {
        self.router(name, ports).device(name).kind = DeviceKind::Host;
        self
    }

    /// Adds an interface, `name address address …`, with routes to its prefixes.
    pub(crate) fn add_port(&mut self, device: &str, described: &str) {
        let mut words = described.split_whitespace();
        let name = words.next().unwrap();
        let mut interface = Interface::new(name, InterfaceKind::Physical, line(0));
        for (at, address) in words.enumerate() {
            interface.addresses.push(InterfaceAddress {
                net: address.parse().unwrap(),
                secondary: at > 0,
                origin: line(0),
            });
        }
        let prefixes: Vec<IpNet> = interface
            .addresses
            .iter()
            .map(|own| own.net.trunc())
            .collect();
        self.device(device).interfaces.push(interface);
        for prefix in prefixes {
            self.route(device, &prefix.to_string(), &[name]);
        }
    }

    /// Joins ports.
    pub(crate) fn link(&mut self, ports: &[&str]) -> &mut Self {
        let mut ports: Vec<Port> = ports.iter().map(|port| self.at(port)).collect();
        ports.sort();
        self.network.links.push(Link { ports });
        self
    }

    /// Adds a route over several ways out, each `interface` or `interface gateway`.
    pub(crate) fn route(&mut self, device: &str, prefix: &str, hops: &[&str]) -> &mut Self {
        let hops = hops.iter().map(|hop| self.hop(device, hop)).collect();
        self.entry(device, VrfId::DEFAULT, prefix, FibAction::Forward(hops))
    }

    /// Adds an entry to a forwarding table; a later one replaces an earlier.
    pub(crate) fn entry(
        &mut self,
        device: &str,
        vrf: VrfId,
        prefix: &str,
        action: FibAction,
    ) -> &mut Self {
        let id = self.id(device);
        let prefix: IpNet = prefix.parse().unwrap();
        let fib = &mut self.routing.devices[id.index()].vrfs[vrf.index()].fib;
        let others = fib.entries().iter().filter(|entry| entry.prefix != prefix);
        let mut entries: Vec<FibEntry> = others.cloned().collect();
        entries.push(FibEntry {
            prefix,
            action,
            protocol: RouteProtocol::Static,
            origin: Some(line(7)),
        });
        *fib = Fib::new(entries);
        self
    }

    pub(crate) fn hop(&self, device: &str, described: &str) -> Hop {
        let mut words = described.split_whitespace();
        let interface = self
            .at(&format!("{device} {}", words.next().unwrap()))
            .interface;
        Hop {
            interface,
            gateway: words.next().map(|gateway| gateway.parse().unwrap()),
        }
    }

    /// Adds a VRF and moves interfaces into it with their connected routes.
    pub(crate) fn vrf(&mut self, device: &str, name: &str, ports: &[&str]) -> VrfId {
        let id = self.id(device);
        let vrf = VrfId(u32::try_from(self.device(device).vrfs.len()).unwrap());
        self.device(device).vrfs.push(Vrf::new(name));
        self.routing.devices[id.index()]
            .vrfs
            .push(VrfRouting::default());
        for port in ports {
            let prefixes: Vec<IpNet> = {
                let interface = self.interface(&format!("{device} {port}"));
                interface.vrf = vrf;
                interface
                    .addresses
                    .iter()
                    .map(|own| own.net.trunc())
                    .collect()
            };
            for prefix in prefixes {
                let fib = &mut self.routing.devices[id.index()].vrfs[0].fib;
                let others = fib.entries().iter().filter(|entry| entry.prefix != prefix);
                *fib = Fib::new(others.cloned().collect());
                let hop = self.hop(device, port);
                self.entry(
                    device,
                    vrf,
                    &prefix.to_string(),
                    FibAction::Forward(vec![hop]),
                );
            }
        }
        vrf
    }

    /// Adds a chain.
    pub(crate) fn chain(
        &mut self,
        device: &str,
        name: &str,
        rules: Vec<(Condition, Action)>,
        default: Action,
    ) -> ChainId {
        let chains = &mut self.device(device).chains;
        let id = ChainId(u32::try_from(chains.len()).unwrap());
        let rules = (0u32..)
            .zip(rules)
            .map(|(at, (condition, action))| Rule {
                condition,
                action,
                origin: line(100 * (id.0 + 1) + at),
            })
            .collect();
        chains.push(Chain {
            name: name.into(),
            rules,
            default,
            origin: Some(line(100 * (id.0 + 1) + 99)),
        });
        id
    }

    /// Puts a chain of the name at a stage as a filter that drops what no rule decides.
    pub(crate) fn filter(
        &mut self,
        device: &str,
        stage: Stage,
        name: &str,
        rules: Vec<(Condition, Action)>,
    ) -> &mut Hook {
        let chain = self.chain(device, name, rules, Action::Drop);
        self.hook(device, stage, HookKind::Filter, chain)
    }

    /// Puts a chain at a stage that translates and accepts what no rule decides.
    pub(crate) fn nat(
        &mut self,
        device: &str,
        stage: Stage,
        rules: Vec<(Condition, Translation)>,
    ) -> &mut Hook {
        let rules = rules
            .into_iter()
            .map(|(condition, translation)| (condition, Action::Translate(translation)))
            .collect();
        let chain = self.chain(device, "nat", rules, ACCEPT);
        self.hook(device, stage, HookKind::Translation, chain)
    }

    pub(crate) fn hook(
        &mut self,
        device: &str,
        stage: Stage,
        kind: HookKind,
        chain: ChainId,
    ) -> &mut Hook {
        let hooks = &mut self.device(device).hooks;
        hooks.push(Hook {
            stage,
            scope: HookScope::default(),
            kind,
            chain,
            established: Established::Skip,
            origin: None,
        });
        hooks.last_mut().unwrap()
    }

    pub(crate) fn interfaces(&self, device: &str, names: &[&str]) -> InterfaceSet {
        let port = |name: &&str| self.at(&format!("{device} {name}")).interface;
        InterfaceSet::new(names.iter().map(port))
    }

    pub(crate) fn id(&self, name: &str) -> DeviceId {
        let mut devices = self.network.devices();
        devices.find(|(_, device)| device.name == name).unwrap().0
    }

    pub(crate) fn device(&mut self, name: &str) -> &mut Device {
        let id = self.id(name);
        &mut self.network.devices[id.index()]
    }

    pub(crate) fn at(&self, port: &str) -> Port {
        let (device, interface) = port.split_once(' ').unwrap();
        let device = self.id(device);
        let of = self.network.device(device).unwrap();
        let interface = of.interface_named(interface).unwrap();
        Port { device, interface }
    }

    pub(crate) fn interface(&mut self, port: &str) -> &mut Interface {
        let port = self.at(port);
        self.interface_at(port)
    }

    pub(crate) fn interface_at(&mut self, port: Port) -> &mut Interface {
        let Port { device, interface } = port;
        &mut self.network.devices[device.index()].interfaces[interface.index()]
    }

    /// Makes a device hold the role of the first group of an interface.
    pub(crate) fn holds_role(&mut self, port: &str) {
        let Port { device, interface } = self.at(port);
        self.routing.devices[device.index()].active = vec![(interface, 0)];
    }

    /// Follows a packet from a port (`device interface`) or a device's own.
    pub(crate) fn walk(&self, start: &str, packet: &str) -> Walk {
        let interpreter = Interpreter::new(&self.network, &self.routing, &self.choices);
        interpreter.forward(self.start(start), self::packet(packet))
    }

    pub(crate) fn start(&self, start: &str) -> Start {
        if start.contains(' ') {
            Start::Enters(self.at(start))
        } else {
            Start::Sent(self.id(start))
        }
    }

    /// Says how a packet ends, for each way the choices fall.
    pub(crate) fn fates(&self, start: &str, packet: &str) -> Vec<String> {
        let mut fates: Vec<String> = self
            .walk(start, packet)
            .traces
            .iter()
            .map(|trace| self.fate(trace))
            .collect();
        fates.sort();
        fates.dedup();
        fates
    }

    /// Says how the answers end, for each way the choices fall both ways.
    pub(crate) fn answers(&self, start: &str, packet: &str) -> Vec<String> {
        let interpreter = Interpreter::new(&self.network, &self.routing, &self.choices);
        let mut ends = Vec::new();
        for trace in self.walk(start, packet).traces {
            for answer in interpreter.answer(&trace).traces {
                let fate = self.fate(&answer);
                ends.push(match interpreter.returned(&trace, &answer) {
                    Return::CameBack => "came back".to_owned(),
                    Return::Altered => format!("altered, {fate}"),
                    Return::Elsewhere => format!("elsewhere, {fate}"),
                    Return::Lost => format!("lost, {fate}"),
                });
            }
        }
        ends.sort();
        ends.dedup();
        ends
    }

    fn name(&self, device: DeviceId) -> &str {
        &self.network.device(device).unwrap().name
    }

    fn port_name(&self, port: Port) -> String {
        let interface: InterfaceId = port.interface;
        let device = self.network.device(port.device).unwrap();
        format!(
            "{} {}",
            device.name,
            device.interfaces[interface.index()].name
        )
    }

    fn rule_name(&self, device: DeviceId, rule: &RuleRef) -> String {
        let chain = self
            .network
            .device(device)
            .unwrap()
            .chain(rule.chain)
            .unwrap();
        let which = rule.rule.map_or("default".to_owned(), |at| at.to_string());
        format!("{}.{which}", chain.name)
    }

    pub(crate) fn fate(&self, trace: &Trace) -> String {
        let sent = trace
            .arrived()
            .map_or(String::new(), |packet| packet.to_string());
        match &trace.disposition {
            Disposition::Delivered { port } => {
                format!("delivered by {}: {sent}", self.port_name(*port))
            }
            Disposition::Accepted { device } => {
                format!("accepted by {}: {sent}", self.name(*device))
            }
            Disposition::Dropped { device, rule, .. } => {
                let rule = self.rule_name(*device, rule);
                format!("dropped at {} by {rule}", self.name(*device))
            }
            Disposition::ReversePath { port } => {
                format!("no reverse path at {}", self.port_name(*port))
            }
            Disposition::OutOfState { device } => format!("out of state at {}", self.name(*device)),
            Disposition::NoRoute { device } => format!("no route at {}", self.name(*device)),
            Disposition::Discarded { device, .. } => format!("discarded at {}", self.name(*device)),
            Disposition::NotForwarded { device } => {
                format!("not forwarded by {}", self.name(*device))
            }
            Disposition::Exits { port, gateway } => {
                let gateway = gateway.map_or("nobody".to_owned(), |gateway| gateway.to_string());
                format!("exits by {} to {gateway}", self.port_name(*port))
            }
            Disposition::Loop => "loop".to_owned(),
            Disposition::Unknown(unknowns) => {
                let reasons: Vec<_> = unknowns.iter().map(|one| one.reason.as_str()).collect();
                format!("unknown: {}", reasons.join("; "))
            }
        }
    }
}

/// Accepts without a session of its own.
pub(crate) const ACCEPT: Action = Action::Accept(SessionEffect::None);

/// Accepts and keeps a session.
pub(crate) const TRACK: Action = Action::Accept(SessionEffect::Track);

/// True of packets to a prefix.
pub(crate) fn to(prefix: &str) -> Condition {
    Condition::Destination(AddressSet::from(prefix.parse::<IpNet>().unwrap()))
}

/// True of packets from a prefix.
pub(crate) fn from(prefix: &str) -> Condition {
    Condition::Source(AddressSet::from(prefix.parse::<IpNet>().unwrap()))
}

/// True of packets of one protocol.
pub(crate) fn is(protocol: Protocol) -> Condition {
    Condition::Protocol(vec![protocol])
}

/// True of packets to one port.
pub(crate) fn port(port: u16) -> Condition {
    Condition::DestinationPort(Ports::from(port))
}

/// True where all are.
pub(crate) fn all(parts: impl IntoIterator<Item = Condition>) -> Condition {
    Condition::All(parts.into_iter().collect())
}

/// True of TCP with all these flags and none of the others in the mask.
pub(crate) fn flags(mask: TcpFlags, value: TcpFlags) -> Condition {
    Condition::TcpFlags(TcpFlagMatch { mask, value })
}

/// Not to be told, for this reason.
pub(crate) fn unknown(reason: &str) -> Unknown {
    Unknown {
        origin: line(50),
        reason: reason.into(),
    }
}

/// Reads a packet from words: `tcp 10.1.0.5:1000 10.2.0.5:443 [ack|syn-ack]`
/// (SYN else), `udp …`, `icmp FROM TO TYPE CODE` (of the addresses' version),
/// `later udp FROM TO`, `gre FROM TO`.
pub(crate) fn packet(described: &str) -> Packet {
    let mut words: Vec<&str> = described.split_whitespace().collect();
    let later = words[0] == "later";
    if later {
        words.remove(0);
    }
    let socket = |text: &str| -> (IpAddr, u16) {
        text.parse::<SocketAddr>()
            .map(|socket| (socket.ip(), socket.port()))
            .unwrap_or_else(|_| (text.parse().unwrap(), 0))
    };
    let ((source, source_port), (destination, destination_port)) =
        (socket(words[1]), socket(words[2]));
    let protocol = match words[0] {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        "gre" => Protocol::GRE,
        "icmp" if source.is_ipv4() => Protocol::ICMP,
        "icmp" => Protocol::ICMPV6,
        other => Protocol(other.parse().unwrap()),
    };
    let tcp_flags = match (protocol, words.get(3)) {
        (Protocol::TCP, None) => TcpFlags::SYN,
        (Protocol::TCP, Some(&"ack")) => TcpFlags::ACK,
        (Protocol::TCP, Some(&"syn-ack")) => TcpFlags::SYN_ACK,
        _ => TcpFlags::default(),
    };
    let mut packet = Packet {
        source,
        destination,
        protocol,
        source_port,
        destination_port,
        tcp_flags,
        fragment: if later {
            Fragment::Later
        } else {
            Fragment::First
        },
        mark: 0,
    };
    if protocol.is_icmp() {
        packet.destination_port = words[3].parse().unwrap();
        packet.source_port = words.get(4).map_or(0, |code| code.parse().unwrap());
    }
    packet.normalised()
}
