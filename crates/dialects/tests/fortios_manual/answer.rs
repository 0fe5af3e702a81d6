//! What we say becomes of a packet, in the words of the cases.

use findings::{Sources, Span};
use networks::control;
use networks::forwarding::Routing;
use networks::interpret::{Choices, Disposition, Interpreter, Return, RuleRef, Start, Trace};
use networks::model::{DeviceId, Network, Port, Stage, Unknown};
use networks::topology;
use packets::Packet;
use std::fmt;

/// What becomes of a packet, one way it may fall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) words: String,
    pub(super) packet: Option<Packet>,
    pub(super) lost: bool,
    /// Why it cannot be told; not compared with what is expected.
    why: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        self.packet.map_or(Ok(()), |packet| write!(f, " {packet}"))
    }
}

/// The units of a case, read and routed.
pub(super) struct Unit {
    sources: Sources,
    network: Network,
    routing: Routing,
}

impl Unit {
    /// Reads the configurations of a case.
    pub(super) fn read(configurations: &[String]) -> Self {
        let mut sources = Sources::new();
        let mut network = Network::default();
        for (number, text) in configurations.iter().enumerate() {
            let file = sources.add(format!("unit{number}.conf"), text.as_str());
            let reading = dialects::fortios::read(file, sources.file(file).unwrap());
            network.devices.extend(reading.devices);
        }
        network.links = topology::infer_links(&network, &topology::Declared::default()).links;
        let routing = control::compute(&network);
        Self {
            sources,
            network,
            routing,
        }
    }

    /// Returns what becomes of a packet and of its answers, each once.
    pub(super) fn answers(&self, enters: &str, packet: Packet) -> Vec<Answer> {
        let port = self
            .network
            .devices()
            .find_map(|(device, own)| {
                let interface = own.interface_named(enters)?;
                Some(Port { device, interface })
            })
            .unwrap_or_else(|| panic!("no interface `{enters}`"));
        let choices = Choices::default();
        let interpreter = Interpreter::new(&self.network, &self.routing, &choices);
        let mut answers: Vec<Answer> = Vec::new();
        let mut add = |answer: Answer| {
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        };
        let forward = interpreter.forward(Start::Enters(port), packet);
        for trace in &forward.traces {
            add(self.answer(trace));
            for reply in &interpreter.answer(trace).traces {
                add(match interpreter.returned(trace, reply) {
                    Return::CameBack => Answer {
                        words: "reply came back".to_owned(),
                        packet: None,
                        lost: false,
                        why: String::new(),
                    },
                    _ => {
                        let answer = self.answer(reply);
                        Answer {
                            words: format!("reply {}", answer.words),
                            ..answer
                        }
                    }
                });
            }
        }
        answers
    }

    fn answer(&self, trace: &Trace) -> Answer {
        let name = |port: Port| self.network.interface(port).unwrap().name.clone();
        let sent = trace.hops.last().and_then(|hop| hop.sent);
        let (words, packet) = match &trace.disposition {
            Disposition::Delivered { port } => (format!("out {}", name(*port)), sent),
            Disposition::Exits { port, gateway } => {
                let to = gateway.map_or("the destination".to_owned(), |to| to.to_string());
                (format!("to {to} by {}", name(*port)), sent)
            }
            Disposition::Accepted { .. } => ("accepted".to_owned(), None),
            Disposition::Dropped { device, hook, rule } => {
                (self.denial(*device, *hook, *rule), None)
            }
            Disposition::ReversePath { .. } => ("reverse path".to_owned(), None),
            Disposition::OutOfState { .. } => ("no session".to_owned(), None),
            Disposition::NoRoute { .. } => ("no route".to_owned(), None),
            Disposition::Discarded { .. } => ("blackhole".to_owned(), None),
            Disposition::NotForwarded { .. } => ("not forwarded".to_owned(), None),
            Disposition::Loop => ("loop".to_owned(), None),
            Disposition::Unknown(_) => ("unknown".to_owned(), None),
        };
        let lost = !trace.disposition.is_delivered()
            && !matches!(
                trace.disposition,
                Disposition::Exits { .. } | Disposition::Unknown(_)
            );
        let why = match &trace.disposition {
            Disposition::Unknown(reasons) => self.reasons(reasons),
            _ => String::new(),
        };
        Answer {
            words,
            packet,
            lost,
            why,
        }
    }

    fn reasons(&self, reasons: &[Unknown]) -> String {
        let shown = reasons.iter().map(|unknown| {
            let line = self.sources.line_text(unknown.origin).unwrap_or_default();
            format!("{} (`{}`)", unknown.reason, line.trim())
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    fn denial(&self, device: DeviceId, hook: usize, rule: RuleRef) -> String {
        let stage = self.network.device(device).unwrap().hooks[hook].stage;
        if stage == Stage::Local {
            return "local-in denies".to_owned();
        }
        match rule.origin.and_then(|origin| self.policy_at(origin)) {
            Some(policy) => format!("denied by policy {policy}"),
            None => "implicit deny".to_owned(),
        }
    }

    /// Returns the number of the policy whose lines a place stands in.
    fn policy_at(&self, at: Span) -> Option<String> {
        let line = self.sources.location(at)?.line;
        let file = self.sources.file(at.file)?;
        let mut path: Vec<String> = Vec::new();
        for number in 1..=line {
            let text = file.line_text(number)?.trim();
            let left = text == "end" || text == "next";
            if text.starts_with("config ") || text.starts_with("edit ") {
                path.push(text.to_owned());
            } else if left && number < line {
                path.pop();
            }
        }
        let edit = path.last()?.strip_prefix("edit ")?;
        let table = path.iter().rev().nth(1)?;
        (table == "config firewall policy").then(|| edit.to_owned())
    }
}
