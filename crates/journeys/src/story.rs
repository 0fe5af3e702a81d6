//! A packet's way, told hop by hop and line by line.

use crate::World;
use crate::beyond::{beyond, is_filter};
use crate::clues::clues;
use crate::ending::{rule_span, stage_name, tell_end};
use networks::interpret::{Decision, HookOutcome, HookTrace, HopTrace, Start, Step, Trace, WayOut};
use networks::model::{Device, DeviceId, InterfaceId};
use packets::Packet;

pub use crate::line::Line;

/// What one device did with the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The device.
    pub device: String,
    /// Its administrative network, where the region has one.
    pub network: Option<String>,
    /// The interface the packet entered by; `None` where the device sent it.
    pub enters: Option<String>,
    /// The packet as it entered.
    pub packet: Packet,
    /// What happened, in order.
    pub lines: Vec<Line>,
    /// The interface the packet left by.
    pub leaves: Option<String>,
}

/// A packet's way and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The devices, in order.
    pub hops: Vec<Hop>,
    /// Whether it arrived.
    pub arrived: bool,
    /// How it ended, in a sentence without a final period.
    pub end: Line,
    /// The device where it ended, and who can mend that.
    pub device: Option<DeviceId>,
    /// Where it stopped: lines that were perhaps meant for it, and why they did
    /// not serve.
    pub clues: Vec<Line>,
    /// What would stop it next if the filter that stopped it did not.
    pub beyond: Vec<Line>,
}

/// Tells the story of a first packet, and what lies beyond where it stopped.
pub fn tell_first(world: &World<'_>, trace: &Trace) -> Story {
    let mut story = tell(world, trace);
    story.beyond = beyond(world, trace).map_or_else(Vec::new, |beyond| beyond.lines);
    story
}

/// Tells the story of a trace.
pub fn tell(world: &World<'_>, trace: &Trace) -> Story {
    let hops = trace
        .hops
        .iter()
        .filter_map(|hop| tell_hop(world, hop))
        .collect();
    let (end, device) = tell_end(world, trace);
    Story {
        hops,
        arrived: trace.disposition.is_delivered(),
        end,
        device,
        clues: clues(world, trace),
        beyond: Vec::new(),
    }
}

fn interface_name(device: &Device, id: InterfaceId) -> String {
    device
        .interface(id)
        .map_or_else(|| "?".to_owned(), |interface| interface.name.clone())
}

fn tell_hop(world: &World<'_>, hop: &HopTrace) -> Option<Hop> {
    let device = world.network.device(hop.device)?;
    let mut lines = Vec::new();
    if hop.answers.is_some() {
        lines.push(Line::new(
            "belongs to a session that the first packet left here",
            None,
        ));
    }
    for step in &hop.steps {
        lines.extend(tell_step(device, step));
    }
    if let Some(sent) = hop.sent.filter(|sent| *sent != hop.received) {
        lines.push(Line::new(format!("leaves as {sent}"), None));
    }
    Some(Hop {
        device: device.name.clone(),
        network: world.network_of(hop.device).map(ToString::to_string),
        enters: hop.enters.map(|id| interface_name(device, id)),
        packet: hop.received,
        lines,
        leaves: hop.leaves.map(|way| interface_name(device, way.interface)),
    })
}

fn tell_step(device: &Device, step: &Step) -> Vec<Line> {
    match step {
        Step::ReversePathPassed => vec![Line::new("passes the reverse-path check", None)],
        Step::Restored(packet) => {
            vec![Line::new(format!("translation undone: {packet}"), None)]
        }
        Step::Hook(hook) => tell_hook(device, hook),
        Step::Decided(decision) => vec![tell_decision(device, decision)],
    }
}

fn tell_hook(device: &Device, trace: &HookTrace) -> Vec<Line> {
    let Some(hook) = device.hooks.get(trace.hook) else {
        return Vec::new();
    };
    let name = device
        .chain(hook.chain)
        .map_or("?", |chain| chain.name.as_str());
    if trace.outcome == HookOutcome::Accepted && !is_filter(device, hook) {
        // A translation that leaves the packet alone, a chain that only
        // remembers: not worth a line.
        return Vec::new();
    }
    let verb = match trace.outcome {
        HookOutcome::Accepted => "permitted by",
        HookOutcome::Translated => "translated by",
        HookOutcome::Skipped => "part of a session, so not asked:",
        HookOutcome::Dropped => "dropped by",
        HookOutcome::Unknown => "cannot be told at",
    };
    let decided = trace.rules.last();
    let by_default = decided.is_none_or(|rule| rule.rule.is_none());
    let end = if by_default && trace.outcome != HookOutcome::Skipped {
        ", which no rule of it decided"
    } else {
        ""
    };
    let span = rule_span(device, decided).or(hook.origin);
    vec![Line::new(
        format!("{verb} `{name}` {}{end}", stage_name(trace.stage)),
        span,
    )]
}

fn tell_decision(device: &Device, decision: &Decision) -> Line {
    let ways: Vec<String> = decision
        .ways
        .iter()
        .map(|way| match way {
            WayOut::Local => "to the device itself".to_owned(),
            WayOut::Discard => "nowhere: discarded".to_owned(),
            WayOut::NoRoute => "nowhere: no route".to_owned(),
            WayOut::Hop(hop) => {
                let name = interface_name(device, hop.interface);
                hop.gateway.map_or_else(
                    || format!("out of `{name}`, attached"),
                    |gateway| format!("out of `{name}` to {gateway}"),
                )
            }
        })
        .collect();
    Line::new(
        format!("routed {}", ways.join(", or ")),
        decision.origins.last().copied(),
    )
}

/// Says where a packet starts, for the head of a story.
pub fn tell_start(world: &World<'_>, start: Start) -> String {
    match start {
        Start::Enters(port) => {
            let interface = world
                .network
                .interface(port)
                .map_or("?", |i| i.name.as_str());
            format!(
                "enters `{}` by `{interface}`",
                world.device_name(port.device)
            )
        }
        Start::Sent(device) => format!("sent by `{}`", world.device_name(device)),
    }
}
