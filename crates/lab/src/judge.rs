//! Whether the kernel and the interpreter agree.

use crate::generate;
use crate::kernel::{Kernel, LabError, Language, Seen};
use crate::random::Random;
use crate::wire::Label;
use findings::Sources;
use networks::control;
use networks::forwarding::Routing;
use networks::interpret::{Choices, Disposition, Interpreter, Start, Trace, Walk};
use networks::model::{DeviceId, Network, Port};
use networks::topology::{Declared, infer_links};
use packets::{Packet, Protocol};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// How many packets of each outcome were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// First packets of a flow on which both agree.
    pub agreed: u32,
    /// Of these, such as passed.
    pub passed: u32,
    /// Of these, such as were translated.
    pub translated: u32,
    /// Answers on which both agree.
    pub answers: u32,
    /// Of these, such as passed.
    pub answers_passed: u32,
    /// Packets of which the interpreter says that it cannot tell.
    pub unknown: u32,
    /// Packets on which they do not agree.
    pub differing: u32,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.agreed += other.agreed;
        self.passed += other.passed;
        self.translated += other.translated;
        self.answers += other.answers;
        self.answers_passed += other.answers_passed;
        self.unknown += other.unknown;
        self.differing += other.differing;
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(line: &str) -> Option<Self> {
        let numbers: Option<Vec<u32>> = line
            .strip_prefix("tally ")?
            .split(' ')
            .map(|number| number.parse().ok())
            .collect();
        let numbers: [u32; 7] = numbers?.try_into().ok()?;
        let [
            agreed,
            passed,
            translated,
            answers,
            answers_passed,
            unknown,
            differing,
        ] = numbers;
        Some(Self {
            agreed,
            passed,
            translated,
            answers,
            answers_passed,
            unknown,
            differing,
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tally {} {} {} {} {} {} {}",
            self.agreed,
            self.passed,
            self.translated,
            self.answers,
            self.answers_passed,
            self.unknown,
            self.differing
        )
    }
}

/// What the judge found with one rule set.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The counts.
    pub tally: Tally,
    /// Where they differ: the packet, what the kernel did, what the interpreter says.
    pub differences: Vec<String>,
    /// The rule set.
    pub rules: String,
}

/// What became of a packet: the interface it left by and its header, or nothing.
type Outcome = Option<(usize, Packet)>;

/// Judges a random rule set with some packets and their answers.
///
/// Only to be called in a namespace of one's own ([`crate::in_namespace`]).
///
/// # Errors
///
/// Where the kernel refuses what it needs; a rule set that it does not load too.
pub fn judge(seed: u64, packets: u16) -> Result<Verdict, LabError> {
    let mut random = Random::new(seed);
    let language = match seed % 2 {
        0 => Language::Iptables,
        _ => Language::Nft,
    };
    let rules = generate::rule_set(&mut random, language);
    let names = generate::INTERFACES.map(|(name, address)| (name.to_owned(), address.to_owned()));
    let kernel = Kernel::new(&names)?;
    kernel.load(language, &rules)?;
    let (network, routing) = model(&rules);
    let mut case = Case {
        kernel,
        network,
        routing,
        verdict: Verdict {
            tally: Tally::default(),
            differences: Vec::new(),
            rules,
        },
        flows: BTreeSet::new(),
    };
    for number in 0..packets {
        let interface = random.below(names.len());
        let packet = generate::packet(&mut random, interface, number);
        case.first(interface, packet, number)?;
    }
    Ok(case.verdict)
}

/// Reads the same rule set into the model.
fn model(rules: &str) -> (Network, Routing) {
    let mut sources = Sources::new();
    let host = sources.add("hosts/fw.json", generate::host_file());
    let rules = sources.add("iptables/fw", rules);
    let of = |id| sources.file(id).map(|file| (id, file));
    let mut network = Network::default();
    if let Some(host) = of(host) {
        let reading = dialects::linux::read(host, of(rules), None);
        network.devices = reading.reading.devices;
    }
    network.links = infer_links(&network, &Declared::default()).links;
    let routing = control::compute(&network);
    (network, routing)
}

struct Case {
    kernel: Kernel,
    network: Network,
    routing: Routing,
    verdict: Verdict,
    /// The addresses of packets without ports that left.
    flows: BTreeSet<(IpAddr, IpAddr)>,
}

impl Case {
    fn port(&self, interface: usize) -> Option<Port> {
        let (name, _) = generate::INTERFACES.get(interface)?;
        let device = DeviceId(0);
        let interface = self.network.device(device)?.interface_named(name)?;
        Some(Port { device, interface })
    }

    fn interface(&self, port: Port) -> Option<usize> {
        let name = &self.network.interface(port)?.name;
        generate::INTERFACES
            .iter()
            .position(|(known, _)| known == name)
    }

    /// What a trace says that the kernel does; `None` for what cannot be told.
    fn says(&self, trace: &Trace) -> Option<Outcome> {
        match trace.disposition {
            Disposition::Unknown(_) => None,
            Disposition::Delivered { port } | Disposition::Exits { port, .. } => {
                let sent = trace.hops.last().and_then(|hop| hop.sent)?;
                Some(Some((self.interface(port)?, Packet { mark: 0, ..sent })))
            }
            _ => Some(None),
        }
    }

    /// Tells whether the interpreter agrees; `None` where it cannot tell.
    fn agrees<'w>(&self, walk: &'w Walk, seen: Outcome) -> Option<Option<&'w Trace>> {
        let said: Option<Vec<Outcome>> = walk.traces.iter().map(|trace| self.says(trace)).collect();
        let at = said?.iter().position(|outcome| *outcome == seen);
        Some(at.and_then(|at| walk.traces.get(at)))
    }

    fn first(&mut self, interface: usize, packet: Packet, number: u16) -> Result<(), LabError> {
        let Some(port) = self.port(interface) else {
            return Ok(());
        };
        let label = Label {
            ident: number + 1,
            echo: number + 1,
            answers: false,
        };
        let seen = self.kernel.pass(interface, &packet, label)?;
        let outcome = seen.map(|seen| (seen.interface, seen.packet));
        let choices = choices(seen);
        let interpreter = Interpreter::new(&self.network, &self.routing, &choices);
        let walk = interpreter.forward(Start::Enters(port), packet);
        let without_ports = !packet.protocol.has_ports() && !packet.protocol.is_icmp();
        if without_ports && clashes(&mut self.flows, &walk) {
            return Ok(());
        }
        let Some(agreed) = self.agrees(&walk, outcome) else {
            self.verdict.tally.unknown += 1;
            return Ok(());
        };
        let Some(trace) = agreed else {
            self.differs("", interface, packet, outcome, &walk);
            return Ok(());
        };
        let tally = &mut self.verdict.tally;
        tally.agreed += 1;
        let Some(seen) = seen else { return Ok(()) };
        tally.passed += 1;
        tally.translated += u32::from(seen.packet != packet);
        let Some(answer) = answer(&seen.packet) else {
            return Ok(());
        };
        let walk = interpreter.answer(trace);
        let label = Label {
            ident: 0x8000 | label.ident,
            answers: true,
            ..seen.label
        };
        let back = self.kernel.pass(seen.interface, &answer, label)?;
        let outcome = back.map(|back| (back.interface, back.packet));
        match self.agrees(&walk, outcome) {
            None => self.verdict.tally.unknown += 1,
            Some(Some(_)) => {
                self.verdict.tally.answers += 1;
                self.verdict.tally.answers_passed += u32::from(back.is_some());
            }
            Some(None) => self.differs("answer ", seen.interface, answer, outcome, &walk),
        }
        Ok(())
    }

    fn differs(
        &mut self,
        what: &str,
        interface: usize,
        packet: Packet,
        outcome: Outcome,
        walk: &Walk,
    ) {
        let said: Vec<_> = walk
            .traces
            .iter()
            .map(|trace| {
                let name = trace.disposition.name();
                let sent = trace.hops.last().and_then(|hop| hop.sent);
                format!(
                    "{name} {}",
                    sent.map(|sent| sent.to_string()).unwrap_or_default()
                )
            })
            .collect();
        let seen = match outcome {
            Some((interface, packet)) => format!("left by {interface} as {packet}"),
            None => "did not leave".to_owned(),
        };
        self.verdict.tally.differing += 1;
        self.verdict.differences.push(format!(
            "{what}{packet} flags {:#04x}, entering by {interface}: the kernel: {seen}; the interpreter: {}",
            packet.tcp_flags.0,
            said.join(" or ")
        ));
    }
}

/// Tells whether a packet without ports would leave as one of another flow did.
/// Translation cannot tell two such flows apart and drops the second, which
/// depends on traffic, not on the configuration.
fn clashes(flows: &mut BTreeSet<(IpAddr, IpAddr)>, walk: &Walk) -> bool {
    let sent: Vec<_> = walk
        .traces
        .iter()
        .filter_map(|trace| trace.hops.last().and_then(|hop| hop.sent))
        .map(|sent| (sent.source, sent.destination))
        .collect();
    let clashes = sent.iter().any(|&(source, destination)| {
        flows.contains(&(source, destination)) || flows.contains(&(destination, source))
    });
    flows.extend(sent);
    clashes
}

/// Translation's choices: what the kernel chose must be among those allowed.
fn choices(seen: Option<Seen>) -> Choices {
    let mut choices = Choices::default();
    if let Some(Seen { packet, .. }) = seen {
        choices.addresses = vec![packet.source, packet.destination];
        choices.ports = vec![packet.source_port, packet.destination_port];
    }
    choices
}

/// The answer to a packet as it left; of ICMP only echoes are answered.
fn answer(packet: &Packet) -> Option<Packet> {
    let v4 = matches!(packet.source, IpAddr::V4(_));
    let answered = packet.protocol != Protocol::ICMP || packet.destination_port == 8;
    packet.reply().filter(|_| v4 && answered)
}
