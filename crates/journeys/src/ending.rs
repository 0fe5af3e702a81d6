//! How a packet's way ended, and by which line.

use crate::World;
use crate::line::Line;
use findings::Span;
use networks::interpret::{Disposition, HopTrace, RuleRef, Step, Trace};
use networks::model::{Device, DeviceId, Port, Stage};

/// How the trace ended, and at which device.
pub(crate) fn tell_end(world: &World<'_>, trace: &Trace) -> (Line, Option<DeviceId>) {
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

/// The line of a rule, or of the chain where its default decided.
pub(crate) fn rule_span(device: &Device, rule: Option<&RuleRef>) -> Option<Span> {
    let rule = rule?;
    rule.origin.or_else(|| device.chain(rule.chain)?.origin)
}

/// Says when a hook sees packets.
pub(crate) fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ingress => "in",
        Stage::Local => "to the device",
        Stage::Output => "from the device",
        Stage::Egress => "out",
    }
}
