//! What happens to one packet, slowly and obviously.
//!
//! The [`Interpreter`] follows a concrete packet from device to device by the
//! clauses of [`crate::model`], one at a time, and writes down what it saw.
//! It shares no code with the symbolic engine that it judges. It also tells
//! people why: every step names the line that decided.
//!
//! Wherever the model leaves a choice (equal-cost paths, several receivers,
//! addresses and ports of a translation), every choice is followed and gives a
//! [`Trace`] of its own. Ways out and receivers are always followed all;
//! of a translation's addresses and ports, those that [`Choices`] names.
//!
//! # Dispositions
//!
//! Every trace ends in one [`Disposition`]:
//!
//! | disposition | the packet | clause | success |
//! |---|---|---|---|
//! | `Delivered` | left by a port to a host of the attached segment | L3 | yes |
//! | `Accepted` | was for a device, whose local hooks let it in | F1 | yes |
//! | `Dropped` | was dropped by a rule, or a chain's default, of a hook | C | no |
//! | `ReversePath` | failed the reverse-path check | E4 | no |
//! | `OutOfState` | could only belong to a session that the device does not hold | S3 | no |
//! | `NoRoute` | met a forwarding table without an entry for it | F2 | no |
//! | `Discarded` | met a null route, a null interface, or policy routing that drops | F1, F3, F4 | no |
//! | `NotForwarded` | reached a host that it is not for | F1 | no |
//! | `Exits` | left to somebody the configurations do not show | L3 | no |
//! | `Loop` | came to a place it had been in, unchanged | L4 | no |
//! | `Unknown` | met something that cannot be told and that mattered | C5, E, F, L1, T1 | no |
//!
//! An answer ([`Interpreter::answer`]) ends the same way; whether it came back
//! to who asked is its [`Return`].

mod chain;
mod condition;
mod decide;
mod hooks;
mod pass;
mod reverse_path;
mod sessions;
mod trace;
mod translate;

pub use sessions::Memory;
pub use trace::{
    Decision, Disposition, HookOutcome, HookTrace, HopTrace, Return, RuleRef, Start, Step, Trace,
    Walk, WayOut,
};
pub use translate::Choices;

use crate::forwarding::{self, Routing};
use crate::model::{DeviceId, Network, Port, Unknown};
use packets::Packet;
use pass::{Arrival, Next};
use std::rc::Rc;

/// How many traces one walk may have; a walk with more is not [`Walk::complete`].
pub const TRACES_MAX: usize = 1024;

/// How many times one walk may come to a device, all its traces together; a
/// walk that would more often is not [`Walk::complete`]. Translation that
/// chooses anew at every turn of a loop could go on for very long.
pub const PASSES_MAX: usize = 4096;

/// How many devices a packet may pass: the greatest time to live (RFC 791).
pub const HOPS_MAX: usize = 255;

/// How many rules may be tried for one packet at one hook; more make it unknown.
pub const RULES_TRIED_MAX: u32 = 1_000_000;

/// Follows packets through one network.
#[derive(Debug, Clone, Copy)]
pub struct Interpreter<'a> {
    network: &'a Network,
    routing: &'a Routing,
    choices: &'a Choices,
    /// Hooks that let pass what they would drop, by position.
    passing: &'a [(DeviceId, usize)],
}

/// A packet on its way, and how it came where it is.
struct Way {
    arrival: Arrival,
    hops: Vec<Rc<HopTrace>>,
}

impl<'a> Interpreter<'a> {
    /// Makes an interpreter of a network, its routing, and the choices of
    /// translation that are followed.
    pub fn new(network: &'a Network, routing: &'a Routing, choices: &'a Choices) -> Self {
        Self {
            network,
            routing,
            choices,
            passing: &[],
        }
    }

    /// Makes an interpreter to which some hooks of devices, by position, let
    /// pass what they would drop, as if one of their rules were for it: to see
    /// what lies beyond them.
    pub fn passing(self, hooks: &'a [(DeviceId, usize)]) -> Self {
        Self {
            passing: hooks,
            ..self
        }
    }

    /// Follows the first packet of a flow.
    pub fn forward(&self, start: Start, packet: Packet) -> Walk {
        self.walk(start, packet, &[])
    }

    /// Follows the answer to a packet that arrived, against the sessions it left.
    ///
    /// Empty where the packet did not arrive or has no answer
    /// ([`Packet::reply`]). A host's answer starts at each of
    /// [`forwarding::gateways`].
    pub fn answer(&self, trace: &Trace) -> Walk {
        let mut all = Walk {
            traces: Vec::new(),
            complete: true,
        };
        let Some(reply) = trace.arrived().and_then(|packet| packet.reply()) else {
            return all;
        };
        let starts = match trace.disposition {
            Disposition::Accepted { device } => vec![Start::Sent(device)],
            Disposition::Delivered { port } => self
                .gateways(port, &reply)
                .into_iter()
                .map(Start::Enters)
                .collect(),
            _ => Vec::new(),
        };
        let memories: Vec<Memory> = trace.memories().cloned().collect();
        for start in starts {
            let walk = self.walk(start, reply, &memories);
            all.complete &= walk.complete;
            all.traces.extend(walk.traces);
        }
        all
    }

    /// Tells whether an answer came back to who sent the packet of `forward`.
    pub fn returned(&self, forward: &Trace, answer: &Trace) -> Return {
        let Some(arrived) = answer.arrived() else {
            return Return::Lost;
        };
        let here = match (forward.start, &answer.disposition) {
            (Start::Enters(port), &Disposition::Delivered { port: to }) => {
                port == to
                    || self
                        .network
                        .link_of(port)
                        .is_some_and(|link| link.ports.contains(&to))
            }
            (Start::Sent(device), &Disposition::Accepted { device: to }) => device == to,
            _ => false,
        };
        if !here {
            return Return::Elsewhere;
        }
        let expected = forward.packet.reply();
        if expected.is_some_and(|expected| sessions::same_flow(&expected, &arrived)) {
            Return::CameBack
        } else {
            Return::Altered
        }
    }

    fn gateways(&self, port: Port, answer: &Packet) -> Vec<Port> {
        forwarding::gateways(self.network, self.routing, port, answer.source)
    }

    fn walk(&self, start: Start, packet: Packet, memories: &[Memory]) -> Walk {
        let packet = Packet { mark: 0, ..packet }.normalised();
        let mut walk = Walk {
            traces: Vec::new(),
            complete: true,
        };
        let mut open = vec![Way {
            arrival: Arrival::starting(start, packet),
            hops: Vec::new(),
        }];
        let mut passes = 0;
        while let Some(way) = open.pop() {
            passes += 1;
            if walk.traces.len() + open.len() >= TRACES_MAX || passes > PASSES_MAX {
                walk.complete = false;
                break;
            }
            let ended = |hops: Vec<Rc<HopTrace>>, disposition| Trace {
                start,
                packet,
                hops: hops.into_iter().map(Rc::unwrap_or_clone).collect(),
                disposition,
            };
            if way.hops.len() >= HOPS_MAX || way.arrival.seen_in(&way.hops) {
                walk.traces.push(ended(way.hops, Disposition::Loop));
                continue;
            }
            let outcome = self.pass(&way.arrival, memories);
            walk.complete &= outcome.complete;
            for (hop, next) in outcome.ends {
                let mut hops = way.hops.clone();
                hops.push(Rc::new(hop));
                match next {
                    Next::Ended(disposition) => walk.traces.push(ended(hops, disposition)),
                    Next::To(arrival) => open.push(Way { arrival, hops }),
                }
            }
        }
        walk
    }
}

/// Adds what is not there yet, in the order met.
fn add_unknowns(to: &mut Vec<Unknown>, more: impl IntoIterator<Item = Unknown>) {
    for unknown in more {
        if !to.contains(&unknown) {
            to.push(unknown);
        }
    }
}
