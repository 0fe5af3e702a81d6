//! Reading the cases, and comparing an answer with an expected line.

use super::answer::Answer;
use packets::{Packet, Protocol, TcpFlags};
use std::net::IpAddr;

const INTERFACES: &str = include_str!("interfaces.conf");
const SERVICES: &str = include_str!("services.conf");
const ROUTE: &str = include_str!("route.conf");

/// One case of the manual.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) name: String,
    version: String,
    base: String,
    global: String,
    pub(super) probes: Vec<Probe>,
    units: Vec<String>,
}

/// A packet and what must become of it.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) text: String,
    pub(super) enters: String,
    pub(super) packet: Packet,
    pub(super) expected: Vec<String>,
}

impl Case {
    /// Reads every case of a file.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut cases: Vec<Self> = Vec::new();
        let mut in_configuration = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("== ") {
                in_configuration = false;
                cases.push(Self {
                    name: name.to_owned(),
                    ..Self::default()
                });
                continue;
            }
            let case = cases.last_mut().expect("a case begins with `== name`");
            if line == "---" || line.starts_with("=== ") {
                in_configuration = true;
                case.units.push(String::new());
            } else if in_configuration {
                let unit = case.units.last_mut().expect("`---` begins a unit");
                unit.push_str(line);
                unit.push('\n');
            } else {
                case.heading(line);
            }
        }
        cases
    }

    fn heading(&mut self, line: &str) {
        if let Some(expected) = line.strip_prefix("  ") {
            let probe = self.probes.last_mut().expect("a packet stands before");
            probe.expected.push(expected.to_owned());
        } else if let Some(text) = line.strip_prefix("by ") {
            self.probes.push(Probe::read(text));
        } else if let Some((key, value)) = line.split_once(": ") {
            match key {
                "title" | "cite" | "judged" => {}
                "version" => value.clone_into(&mut self.version),
                "base" => value.clone_into(&mut self.base),
                "global" => self.global.push_str(&format!("    {value}\n")),
                _ => panic!("`{line}` of {} is not understood", self.name),
            }
        } else {
            assert!(line.is_empty(), "`{line}` of {}", self.name);
        }
    }

    /// Returns the configuration of each unit, complete.
    pub(super) fn configurations(&self) -> Vec<String> {
        let domains = self.units.iter().any(|unit| unit.contains("config vdom"));
        let whole = |(number, own): (usize, &String)| {
            let mut text = format!(
                "#config-version=FGVM64-{}-FW-build1688-240813:opmode=0:vdom={}:user=admin\n",
                self.version,
                u8::from(domains)
            );
            if !domains {
                text.push_str(&format!(
                    "config system global\n    set hostname \"unit{number}\"\n{}end\n",
                    self.global
                ));
            }
            for part in self.base.split_whitespace() {
                text.push_str(match part {
                    "interfaces" => INTERFACES,
                    "services" => SERVICES,
                    "route" => ROUTE,
                    other => panic!("`{other}` is no part"),
                });
            }
            text + own
        };
        self.units.iter().enumerate().map(whole).collect()
    }
}

impl Probe {
    fn read(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let [enters, source, ">", destination, kind] = words.as_slice() else {
            panic!("`{text}` is no packet");
        };
        let ((source, source_port), (destination, destination_port)) =
            (end(source), end(destination));
        let port = |text: &str| text.parse::<u16>().unwrap_or(0);
        let mut packet = Packet {
            source,
            destination,
            protocol: Protocol::TCP,
            source_port: port(source_port),
            destination_port: port(destination_port),
            tcp_flags: TcpFlags::default(),
            fragment: packets::Fragment::First,
            mark: 0,
        };
        match *kind {
            "tcp" => packet.tcp_flags = TcpFlags::SYN,
            "syn-ack" => packet.tcp_flags = TcpFlags::SYN_ACK,
            "udp" => packet.protocol = Protocol::UDP,
            "echo" => (packet.protocol, packet.destination_port) = (Protocol::ICMP, 8),
            "echo-reply" => packet.protocol = Protocol::ICMP,
            "timestamp" => (packet.protocol, packet.destination_port) = (Protocol::ICMP, 13),
            number => packet.protocol = Protocol(number.parse().expect("a protocol")),
        }
        Self {
            text: text.to_owned(),
            enters: enters.trim_end_matches(':').to_owned(),
            packet: packet.normalised(),
            expected: Vec::new(),
        }
    }
}

/// Splits `address`, `address:port` and `[address]:port`; the port is empty where
/// there is none.
fn end(text: &str) -> (IpAddr, &str) {
    if let Ok(address) = text.parse() {
        return (address, "");
    }
    let (address, port) = text.rsplit_once(':').expect("an address and a port");
    let address = address.trim_start_matches('[').trim_end_matches(']');
    (address.parse().expect("an address"), port)
}

/// Tells whether an answer is what a line expects.
pub(super) fn matches(line: &str, answer: &Answer) -> bool {
    if line == "lost" {
        return answer.lost;
    }
    let Some((left, destination)) = line.split_once(" -> ") else {
        return line == answer.words;
    };
    let (words, source) = left.rsplit_once(' ').expect("words and a header");
    answer.packet.is_some_and(|packet| {
        words == answer.words
            && end_matches(source, packet.source, packet.source_port)
            && end_matches(destination, packet.destination, packet.destination_port)
    })
}

fn end_matches(expected: &str, address: IpAddr, port: u16) -> bool {
    let (wanted, ports) = end(expected);
    wanted == address
        && match ports.split_once('-') {
            _ if ports.is_empty() || ports == "*" => true,
            Some((first, last)) => {
                (first.parse().unwrap()..=last.parse::<u16>().unwrap()).contains(&port)
            }
            None => ports.parse() == Ok(port),
        }
}
