//! Reads a snippet, and says what a chain does to one packet.

use dialects::cisco_ios;
use findings::Sources;
use networks::model::{
    Action, Chain, ChainId, Condition, Device, InterfaceId, LineState, Reading, SessionEffect,
    Stage,
};
use packets::{Fragment, Packet, Protocol, TcpFlags};
use std::net::IpAddr;

/// Reads a configuration.
pub(crate) fn read(text: &str) -> Reading {
    let mut sources = Sources::new();
    let id = sources.add("snippet.cfg", text);
    cisco_ios::read(id, sources.file(id).unwrap())
}

/// Reads a configuration of which every line is known, and returns its device.
pub(crate) fn device(text: &str) -> Device {
    let mut reading = read(text);
    for (line, state) in text.lines().zip(&reading.coverage.lines) {
        assert_ne!(*state, LineState::NotRecognised, "{line}");
    }
    reading.devices.remove(0)
}

/// Returns the codes and messages of the findings.
pub(crate) fn findings(reading: &Reading) -> Vec<String> {
    reading
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.code, finding.message))
        .collect()
}

/// Reads a packet: `tcp 10.0.0.1:1000 -> 10.0.0.2:80 [syn|ack|rst|later]`,
/// `icmp A -> B 8/0`.
pub(crate) fn packet(text: &str) -> Packet {
    let words: Vec<_> = text.split(' ').collect();
    let protocol = match words[0] {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        "icmp" => Protocol::ICMP,
        "gre" => Protocol::GRE,
        other => panic!("no protocol {other}"),
    };
    let end = |word: &str| match word.parse::<IpAddr>() {
        Ok(address) => (address, 0),
        Err(_) => {
            let (address, port) = word.rsplit_once(':').unwrap();
            (address.parse().unwrap(), port.parse().unwrap())
        }
    };
    let (source, source_port) = end(words[1]);
    let (destination, destination_port) = end(words[3]);
    let mut found = Packet {
        source,
        destination,
        protocol,
        source_port,
        destination_port,
        tcp_flags: TcpFlags::default(),
        fragment: Fragment::First,
        mark: 0,
    };
    for word in &words[4..] {
        match *word {
            "syn" => found.tcp_flags.0 |= TcpFlags::SYN.0,
            "ack" => found.tcp_flags.0 |= TcpFlags::ACK.0,
            "rst" => found.tcp_flags.0 |= TcpFlags::RST.0,
            "later" => found.fragment = Fragment::Later,
            other => {
                let (kind, code) = other.split_once('/').unwrap();
                found.destination_port = kind.parse().unwrap();
                found.source_port = code.parse().unwrap();
            }
        }
    }
    found.normalised()
}

/// What a chain does to a packet that entered by an interface.
pub(crate) struct Judge<'d> {
    pub(crate) device: &'d Device,
    pub(crate) enters: Option<InterfaceId>,
    pub(crate) leaves: Option<InterfaceId>,
    /// Reflexive lists that have an entry for the packet.
    pub(crate) reflected: Vec<String>,
}

impl Judge<'_> {
    /// `accept`, `reflect NAME`, `drop`, `unknown`, `route …`, `translate …`,
    /// or `end` where no rule decides.
    pub(crate) fn chain(&self, id: ChainId, packet: &Packet) -> String {
        let chain: &Chain = self.device.chain(id).unwrap();
        for rule in &chain.rules {
            match self.holds(&rule.condition, packet) {
                Some(false) => continue,
                None => return "unknown".to_owned(),
                Some(true) => {}
            }
            match &rule.action {
                Action::Call(inner) => match self.chain(*inner, packet).as_str() {
                    "end" => {}
                    decided => return decided.to_owned(),
                },
                Action::Goto(inner) => return self.chain(*inner, packet),
                action => return verdict(action),
            }
        }
        verdict(&chain.default)
    }

    fn holds(&self, condition: &Condition, packet: &Packet) -> Option<bool> {
        let first = packet.fragment == Fragment::First;
        let ports = first && packet.protocol.has_ports();
        Some(match condition {
            Condition::Always => true,
            Condition::All(parts) => {
                let found: Vec<_> = parts.iter().map(|part| self.holds(part, packet)).collect();
                if found.contains(&Some(false)) {
                    false
                } else if found.contains(&None) {
                    return None;
                } else {
                    true
                }
            }
            Condition::Any(parts) => {
                let found: Vec<_> = parts.iter().map(|part| self.holds(part, packet)).collect();
                if found.contains(&Some(true)) {
                    true
                } else if found.contains(&None) {
                    return None;
                } else {
                    false
                }
            }
            Condition::Not(part) => !self.holds(part, packet)?,
            Condition::Source(set) => set.contains(packet.source),
            Condition::Destination(set) => set.contains(packet.destination),
            Condition::Protocol(list) => list.contains(&packet.protocol),
            Condition::SourcePort(set) => ports && set.contains(packet.source_port),
            Condition::DestinationPort(set) => ports && set.contains(packet.destination_port),
            Condition::Icmp(icmp) => {
                let kind = u8::try_from(packet.destination_port).unwrap_or(0);
                let code = u8::try_from(packet.source_port).unwrap_or(0);
                first
                    && packet.protocol.is_icmp()
                    && icmp.types.contains(&kind)
                    && icmp.codes.contains(&code)
            }
            Condition::TcpFlags(flags) => {
                first && packet.protocol == Protocol::TCP && flags.matches(packet.tcp_flags)
            }
            Condition::LaterFragment => !first,
            Condition::EntersBy(set) => self.enters.is_some_and(|id| set.contains(id)),
            Condition::LeavesBy(set) => self.leaves.is_some_and(|id| set.contains(id)),
            Condition::Reflected(name) => self.reflected.contains(name),
            Condition::Accepted(chain) => match self.chain(*chain, packet).as_str() {
                "unknown" => return None,
                decided => decided.starts_with("accept") || decided.starts_with("reflect"),
            },
            _ => return None,
        })
    }
}

fn verdict(action: &Action) -> String {
    match action {
        Action::Accept(SessionEffect::Reflect(name)) => format!("reflect {name}"),
        Action::Accept(_) => "accept".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Return => "end".to_owned(),
        Action::Unknown(_) => "unknown".to_owned(),
        Action::Route(route) => format!("{route:?}"),
        Action::Translate(translation) => {
            let mut parts = Vec::new();
            let t = translation;
            parts.extend(t.source.as_ref().map(|to| format!("source {to:?}")));
            parts.extend(
                t.source_port
                    .as_ref()
                    .map(|to| format!("source port {to:?}")),
            );
            parts.extend(
                t.destination
                    .as_ref()
                    .map(|to| format!("destination {to:?}")),
            );
            parts.extend(
                t.destination_port
                    .as_ref()
                    .map(|to| format!("destination port {to:?}")),
            );
            parts.join(", ")
        }
        other => format!("{other:?}"),
    }
}

/// Returns what the hooks of a stage do to a packet between two interfaces, in
/// order, up to the first that does not let it pass.
pub(crate) fn through(
    device: &Device,
    stage: Stage,
    enters: &str,
    leaves: &str,
    reflected: &[&str],
    packet: &Packet,
) -> Vec<String> {
    let judge = Judge {
        device,
        enters: device.interface_named(enters),
        leaves: device.interface_named(leaves),
        reflected: reflected.iter().map(|&name| name.to_owned()).collect(),
    };
    let mut found = Vec::new();
    for hook in device.hooks.iter().filter(|hook| hook.stage == stage) {
        let enters = hook.scope.enters.as_ref();
        let leaves = hook.scope.leaves.as_ref();
        let seen = enters.is_none_or(|set| judge.enters.is_some_and(|id| set.contains(id)))
            && leaves.is_none_or(|set| judge.leaves.is_some_and(|id| set.contains(id)));
        if !seen {
            continue;
        }
        let decided = judge.chain(hook.chain, packet);
        let stops = decided == "drop" || decided == "unknown";
        found.push(decided);
        if stops {
            break;
        }
    }
    found
}
