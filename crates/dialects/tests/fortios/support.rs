//! Reading a text, and saying shortly what came of it.

use findings::Sources;
use networks::control;
use networks::interpret::{Choices, Disposition, Interpreter, Start, Trace};
use networks::model::{LineState, Network, Port, Reading};
use networks::topology;
use packets::{Packet, Protocol, TcpFlags};
use std::fmt::Write as _;
use std::net::IpAddr;

/// A configuration and what was read from it.
pub(super) struct Read {
    pub(super) sources: Sources,
    pub(super) reading: Reading,
}

/// Reads a text as a file named `fw.cfg`.
pub(super) fn read(text: &str) -> Read {
    let mut sources = Sources::new();
    let file = sources.add("fw.cfg", text);
    let reading = dialects::fortios::read(file, sources.file(file).unwrap());
    assert_eq!(
        reading.coverage.lines.len(),
        sources.file(file).unwrap().line_count() as usize,
        "every line has a state"
    );
    Read { sources, reading }
}

impl Read {
    /// Returns each finding as `code line message`, in order.
    pub(super) fn findings(&self) -> Vec<String> {
        let shown = self.reading.findings.iter().map(|finding| {
            let line = finding
                .primary
                .and_then(|span| self.sources.location(span))
                .map_or(0, |at| at.line);
            format!("{line}: {}: {}", finding.code, finding.message)
        });
        shown.collect()
    }

    /// Returns what is unread as `line touches reason`.
    pub(super) fn unread(&self) -> Vec<String> {
        let devices = self.reading.devices.iter();
        let shown = devices.flat_map(|device| &device.unread).map(|unread| {
            let line = self.sources.location(unread.origin).map_or(0, |at| at.line);
            format!("{line}: {:?}: {}", unread.touches, unread.reason)
        });
        shown.collect()
    }

    /// Returns the lines in a state, with their text.
    pub(super) fn lines(&self, state: LineState) -> String {
        let (_, file) = self.sources.iter().next().unwrap();
        let mut out = String::new();
        for (number, own) in (1_u32..).zip(&self.reading.coverage.lines) {
            if *own == state {
                writeln!(out, "{number}: {}", file.line_text(number).unwrap()).unwrap();
            }
        }
        out
    }
}

/// Follows packets through the unit as the interpreter of `networks` does.
///
/// Each case is the interface a packet enters by, the packet as
/// `source > destination protocol`, and what becomes of it, one line for each
/// way the unit may choose.
pub(super) fn check(text: &str, cases: &[(&str, &str, &str)]) {
    let read = read(text);
    let mut network = Network {
        devices: read.reading.devices.clone(),
        links: Vec::new(),
    };
    network.links = topology::infer_links(&network, &topology::Declared::default()).links;
    let routing = control::compute(&network);
    let choices = Choices::default();
    let interpreter = Interpreter::new(&network, &routing, &choices);
    for (enters, text, expected) in cases {
        let (device, interface) = network
            .devices()
            .find_map(|(id, device)| Some((id, device.interface_named(enters)?)))
            .unwrap();
        let port = Port { device, interface };
        let walk = interpreter.forward(Start::Enters(port), packet(text));
        let mut shown: Vec<String> = walk
            .traces
            .iter()
            .map(|trace| shown(&network, &interpreter, trace))
            .collect();
        shown.sort();
        shown.dedup();
        assert_eq!(shown.join("\n"), *expected, "{text} by {enters}");
    }
}

fn shown(network: &Network, interpreter: &Interpreter<'_>, trace: &Trace) -> String {
    let name = |port: Port| network.interface(port).unwrap().name.clone();
    let sent = trace.hops.last().and_then(|hop| hop.sent);
    let sent = sent.map_or(String::new(), |packet| packet.to_string());
    let back = || {
        let answers = interpreter.answer(trace);
        let mut ways: Vec<String> = answers
            .traces
            .iter()
            .map(|answer| format!("{:?}", interpreter.returned(trace, answer)))
            .collect();
        ways.sort();
        ways.dedup();
        ways.join("+")
    };
    match &trace.disposition {
        Disposition::Delivered { port } => format!("{} {sent} {}", name(*port), back()),
        Disposition::Exits { port, .. } => format!("exits {} {sent}", name(*port)),
        Disposition::Unknown(reasons) => format!("unknown: {}", reasons[0].reason),
        other => other.name().to_owned(),
    }
}

/// Reads `10.0.0.1:1024 > 10.0.1.1:80 tcp`; ICMP carries `type/code` in place of
/// the destination's port.
fn packet(text: &str) -> Packet {
    let words: Vec<&str> = text.split(' ').collect();
    let [source, ">", destination, protocol] = words.as_slice() else {
        panic!("`{text}` is no packet");
    };
    let end = |text: &str| -> (IpAddr, u16) {
        match text.rsplit_once(':') {
            Some((address, port)) => (address.parse().unwrap(), port.parse().unwrap()),
            None => (text.parse().unwrap(), 0),
        }
    };
    let ((source, source_port), (destination, destination_port)) = (end(source), end(destination));
    let (protocol, tcp_flags) = match *protocol {
        "tcp" => (Protocol::TCP, TcpFlags::SYN),
        "ack" => (Protocol::TCP, TcpFlags::ACK),
        "udp" => (Protocol::UDP, TcpFlags::default()),
        "icmp" => (Protocol::ICMP, TcpFlags::default()),
        other => (Protocol(other.parse().unwrap()), TcpFlags::default()),
    };
    Packet {
        source,
        destination,
        protocol,
        source_port,
        destination_port,
        tcp_flags,
        fragment: packets::Fragment::First,
        mark: 0,
    }
    .normalised()
}
