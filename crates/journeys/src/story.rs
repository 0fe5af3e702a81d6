//! A packet's way, told hop by hop and line by line.

use crate::World;
use crate::beyond::{beyond, is_filter};
use crate::clues::clues;
use findings::Span;
use networks::interpret::{
    Decision, Disposition, HookOutcome, HookTrace, HopTrace, RuleRef, Start, Step, Trace, WayOut,
};
use networks::model::{Device, DeviceId, InterfaceId, Port, Stage};
use packets::Packet;

/// Something that happened, and the line that made it happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What happened, in a fragment.
    pub text: String,
    /// The line.
    pub span: Option<Span>,
}

impl Line {
    pub(crate) fn new(text: impl Into<String>, span: Option<Span>) -> Self {
        Self {
            text: text.into(),
            span,
        }
    }
}

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

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ingress => "in",
        Stage::Local => "to the device",
        Stage::Output => "from the device",
        Stage::Egress => "out",
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

/// The line of a rule, or of the chain where its default decided.
fn rule_span(device: &Device, rule: Option<&RuleRef>) -> Option<Span> {
    let rule = rule?;
    rule.origin.or_else(|| device.chain(rule.chain)?.origin)
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

/// How the trace ended, and at which device.
fn tell_end(world: &World<'_>, trace: &Trace) -> (Line, Option<DeviceId>) {
    let last = trace.hops.last().map(|hop| hop.device);
    let name = |device: DeviceId| world.device_name(device);
    let port = |port: Port| {
        let interface = world
            .network
            .interface(port)
            .map_or("?", |i| i.name.as_str());
        format!("`{}` out of `{interface}`", name(port.device))
    };
    let line = match &trace.disposition {
        Disposition::Delivered { port: to } => {
            Line::new(format!("arrives at the segment of {}", port(*to)), None)
        }
        Disposition::Accepted { device } => {
            Line::new(format!("arrives at `{}`", name(*device)), None)
        }
        Disposition::Dropped { device, hook, rule } => dropped(world, *device, *hook, rule),
        Disposition::ReversePath { port: at } => Line::new(
            format!(
                "`{}` drops it: the way back to {} is not by `{}`",
                name(at.device),
                trace
                    .hops
                    .last()
                    .map_or(trace.packet.source, |hop| hop.received.source),
                world
                    .network
                    .interface(*at)
                    .map_or("?", |i| i.name.as_str())
            ),
            world
                .network
                .interface(*at)
                .map(|interface| interface.origin),
        ),
        Disposition::OutOfState { device } => Line::new(
            format!(
                "`{}` drops it: it holds no session that this could belong to",
                name(*device)
            ),
            world
                .network
                .device(*device)
                .and_then(|device| device.sessions.origin),
        ),
        Disposition::NoRoute { device } => Line::new(
            format!(
                "`{}` has no route to {}",
                name(*device),
                trace
                    .hops
                    .last()
                    .map_or(trace.packet.destination, |hop| hop.received.destination)
            ),
            None,
        ),
        Disposition::Discarded { device, origin } => {
            Line::new(format!("`{}` discards it", name(*device)), *origin)
        }
        Disposition::NotForwarded { device } => Line::new(
            format!("`{}` is not for it and does not forward", name(*device)),
            None,
        ),
        Disposition::Exits { port: at, gateway } => Line::new(
            match gateway {
                Some(gateway) => {
                    format!(
                        "leaves {} to {gateway}, which no configuration shows",
                        port(*at)
                    )
                }
                None => format!("leaves {} to what no configuration shows", port(*at)),
            },
            world
                .network
                .interface(*at)
                .map(|interface| interface.origin),
        ),
        Disposition::Loop => Line::new(
            format!(
                "comes back to `{}` unchanged: a loop",
                last.map_or("?", name)
            ),
            trace.hops.last().and_then(decision_span),
        ),
        Disposition::Unknown(causes) => Line::new(
            match causes.first() {
                Some(cause) => format!("cannot be told: {}", cause.reason),
                None => "cannot be told".to_owned(),
            },
            causes.first().map(|cause| cause.origin),
        ),
    };
    (line, last)
}

/// The line of the last forwarding decision of a hop.
fn decision_span(hop: &HopTrace) -> Option<Span> {
    hop.steps.iter().rev().find_map(|step| match step {
        Step::Decided(decision) => decision.origins.last().copied(),
        _ => None,
    })
}

fn dropped(world: &World<'_>, device: DeviceId, hook: usize, rule: &RuleRef) -> Line {
    let Some(device) = world.network.device(device) else {
        return Line::new("dropped", None);
    };
    let hook = device.hooks.get(hook);
    let stage = hook.map_or("", |hook| stage_name(hook.stage));
    let name = device
        .chain(rule.chain)
        .map_or("?", |chain| chain.name.as_str());
    let how = if rule.rule.is_some() {
        ""
    } else {
        ": no rule of it lets it through"
    };
    Line::new(
        format!("`{}` drops it by `{name}` {stage}{how}", device.name),
        rule_span(device, Some(rule)).or_else(|| hook.and_then(|hook| hook.origin)),
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
