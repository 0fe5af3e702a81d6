//! Why journeys do not work, as findings: one a cause, with all it stops.

use crate::World;
use crate::beyond::{beyond, opened_elsewhere};
use crate::judge::{Journey, traces};
use crate::statements::behind;
use crate::story::{Line, tell};
use crate::untranslated::{Untranslated, untranslated};
use crate::verdict::{Asked, Leg, LegKind};
use dialects::statement::About;
use findings::{Code, Finding, Severity, Span};
use networks::interpret::{Choices, Disposition, HookOutcome, Interpreter, Return, Step, Trace};
use networks::model::DeviceId;
use packets::Packet;
use std::collections::{BTreeMap, BTreeSet};

/// A filter stops a journey.
pub const STOPPED_BY_FILTER: Code = Code::new("journey-filtered");
/// A filter stops a journey for which another network has opened the way.
pub const ONE_SIDED: Code = Code::new("opening-one-sided");
/// A journey leaves its network under addresses that others are not to see.
pub const UNTRANSLATED: Code = Code::new("source-untranslated");
/// A device has no route for a journey.
pub const NO_ROUTE: Code = Code::new("journey-no-route");
/// A null route stops a journey.
pub const DISCARDED: Code = Code::new("journey-discarded");
/// A journey goes round in a loop.
pub const LOOP: Code = Code::new("journey-loop");
/// A reverse-path check stops a journey.
pub const REVERSE_PATH: Code = Code::new("journey-reverse-path");
/// The answer meets a stateful device that did not see the question.
pub const OUT_OF_STATE: Code = Code::new("journey-asymmetric");
/// A journey leaves what the configurations show.
pub const LEAVES: Code = Code::new("journey-leaves-region");
/// A journey ends at a device that it is not for.
pub const ELSEWHERE: Code = Code::new("journey-elsewhere");
/// The answer comes back with other addresses than it was asked under.
pub const ALTERED: Code = Code::new("journey-answer-altered");
/// It cannot be told whether a journey works, because of a line.
pub const UNKNOWN: Code = Code::new("journey-unknown");

/// How many clues come first.
const NEAREST: usize = 3;

/// How many journeys a finding names.
const NAMED_MAX: usize = 8;

/// One cause, and the journeys it stops.
struct Cause {
    finding: Finding,
    journeys: BTreeSet<String>,
}

/// What makes two causes the same.
type CauseKey = (Code, LegKind, Option<DeviceId>, Option<Span>, String);

/// Finds out why each journey that does not work does not.
pub fn findings(world: &World<'_>, journeys: &[Journey]) -> Vec<Finding> {
    let mut causes: BTreeMap<CauseKey, Cause> = BTreeMap::new();
    let mut told: BTreeMap<(Packet, LegKind), Vec<(CauseKey, Finding)>> = BTreeMap::new();
    for journey in journeys {
        for leg in &journey.verdict.legs {
            let found = match (leg.asked, leg.witness, journey.verdict.port) {
                (Asked::Blocked | Asked::Partly, Some(packet), Some(port)) => told
                    .entry((packet, leg.kind))
                    .or_insert_with(|| why(world, port, packet, leg.kind))
                    .clone(),
                (Asked::Unknown, ..) => unknown(world, leg),
                _ => continue,
            };
            for (key, finding) in found {
                let cause = causes.entry(key).or_insert_with(|| Cause {
                    finding,
                    journeys: BTreeSet::new(),
                });
                cause.journeys.insert(journey.key.to_string());
            }
        }
    }
    causes.into_values().map(finish).collect()
}

/// Puts the journeys that a cause stops into its finding.
fn finish(cause: Cause) -> Finding {
    let Cause {
        mut finding,
        journeys,
    } = cause;
    let number = journeys.len();
    let noun = if number == 1 { "journey" } else { "journeys" };
    finding.message = format!("{} ({number} {noun})", finding.message);
    for journey in journeys.iter().take(NAMED_MAX) {
        finding = finding.because(format!("stops {journey}"), None);
    }
    if number > NAMED_MAX {
        finding = finding.because(format!("and {} more", number - NAMED_MAX), None);
    }
    finding
}

/// Follows a witness to where it stops.
fn why(
    world: &World<'_>,
    port: networks::model::Port,
    packet: Packet,
    leg: LegKind,
) -> Vec<(CauseKey, Finding)> {
    let choices = Choices::default();
    let interpreter = Interpreter::new(world.network, world.routing, &choices);
    let mut found: Vec<(CauseKey, Finding)> = Vec::new();
    for (trace, answers) in traces(world, port, packet) {
        if leg == LegKind::Reach {
            if !trace.disposition.is_delivered() {
                found.push(stopped(world, &trace, leg));
            }
            continue;
        }
        for answer in answers {
            match interpreter.returned(&trace, &answer) {
                Return::CameBack => {}
                Return::Lost => found.push(stopped(world, &answer, leg)),
                Return::Altered => found.push(astray(world, &answer, ALTERED)),
                Return::Elsewhere => found.push(astray(world, &answer, ELSEWHERE)),
            }
        }
    }
    // A packet that arrives at the wrong place is stopped by nobody.
    if found.is_empty() && leg == LegKind::Reach {
        found.extend(
            traces(world, port, packet)
                .first()
                .map(|(trace, _)| astray(world, trace, ELSEWHERE)),
        );
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    found
}

fn code(disposition: &Disposition) -> Code {
    match disposition {
        Disposition::Dropped { .. } => STOPPED_BY_FILTER,
        Disposition::ReversePath { .. } => REVERSE_PATH,
        Disposition::OutOfState { .. } => OUT_OF_STATE,
        Disposition::NoRoute { .. } => NO_ROUTE,
        Disposition::Discarded { .. } => DISCARDED,
        Disposition::Loop => LOOP,
        Disposition::Exits { .. } => LEAVES,
        Disposition::NotForwarded { .. }
        | Disposition::Delivered { .. }
        | Disposition::Accepted { .. } => ELSEWHERE,
        Disposition::Unknown(_) => UNKNOWN,
    }
}

fn direction(leg: LegKind) -> &'static str {
    if leg == LegKind::Return {
        "on the way back, "
    } else {
        ""
    }
}

/// The finding for a packet that was stopped because it left its network under
/// addresses that the region says others do not see.
fn left_untranslated(
    world: &World<'_>,
    trace: &Trace,
    leg: LegKind,
    left: &Untranslated,
) -> (CauseKey, Finding) {
    let story = tell(world, trace);
    let message = format!("{}{}", direction(leg), left.text);
    let mut finding = Finding::new(UNTRANSLATED, Severity::Error, message);
    finding.primary = left.span.or_else(|| {
        let device = world.network.device(left.device)?;
        world.device_span(device)
    });
    finding.owner = world.owner_of(left.device);
    finding = finding
        .because(format!("for example {}", trace.packet), None)
        .because(format!("so {}", story.end.text), story.end.span);
    for Line { text, span } in &story.clues {
        finding = finding.because(text.clone(), *span);
    }
    finding = finding.with_hint("translate it before it leaves, or change what `seen-as` declares");
    let key = (
        UNTRANSLATED,
        leg,
        Some(left.device),
        finding.primary,
        left.text.clone(),
    );
    (key, finding)
}

/// The finding for a packet that was stopped.
fn stopped(world: &World<'_>, trace: &Trace, leg: LegKind) -> (CauseKey, Finding) {
    if let Some(left) = untranslated(world, trace) {
        return left_untranslated(world, trace, leg, &left);
    }
    let story = tell(world, trace);
    let beyond = (leg == LegKind::Reach)
        .then(|| beyond(world, trace))
        .flatten();
    let way = beyond.as_ref().map_or(trace, |beyond| &beyond.way);
    let opened = story
        .device
        .map_or_else(Vec::new, |device| opened_elsewhere(world, way, device));
    let mut code = code(&trace.disposition);
    if code == STOPPED_BY_FILTER && !opened.is_empty() {
        code = ONE_SIDED;
    }
    let span = story
        .end
        .span
        .or_else(|| missing_line(world, &trace.disposition));
    let mut finding = Finding::new(
        code,
        Severity::Error,
        format!("{}{}", direction(leg), general(world, trace, &story.end)),
    );
    finding.primary = span;
    finding.owner = story.device.and_then(|device| world.owner_of(device));
    finding = finding.because(format!("for example {}", trace.packet), None);
    // What nearly fitted, who has opened the way and what lies beyond tell more
    // than clues that are farther off.
    let (nearest, farther) = story.clues.split_at(story.clues.len().min(NEAREST));
    let opened = opened
        .into_iter()
        .map(|(text, span)| Line::new(text, Some(span)));
    let beyond = beyond.into_iter().flat_map(|beyond| beyond.lines);
    let lines = nearest.iter().cloned().chain(opened).chain(beyond);
    for Line { text, span } in lines.chain(farther.iter().cloned()) {
        finding = finding.because(text, span);
    }
    finding.hint = hint(code).map(str::to_owned);
    // What one line stops (an implicit deny, a missing route) may have several
    // causes: the clues tell them apart, else what was stopped.
    let detail = if story.clues.is_empty() && story.end.span.is_none() {
        story.end.text.clone()
    } else {
        let spans: Vec<_> = story.clues.iter().map(|clue| clue.span).collect();
        format!("{spans:?}")
    };
    ((code, leg, story.device, span, detail), finding)
}

/// The end of a story without the packet's own addresses, where others share it.
fn general(world: &World<'_>, trace: &Trace, end: &Line) -> String {
    match &trace.disposition {
        Disposition::NoRoute { device } => {
            let to = trace
                .hops
                .last()
                .map_or(trace.packet, |hop| hop.received)
                .destination;
            format!("`{}` has no route to {to}", world.device_name(*device))
        }
        _ => end.text.clone(),
    }
}

/// The line to look at where no line stopped it.
fn missing_line(world: &World<'_>, disposition: &Disposition) -> Option<Span> {
    let device = match disposition {
        Disposition::NoRoute { device }
        | Disposition::OutOfState { device }
        | Disposition::Discarded { device, .. }
        | Disposition::NotForwarded { device } => world.network.device(*device)?,
        _ => return None,
    };
    world.device_span(device)
}

fn hint(code: Code) -> Option<&'static str> {
    match code {
        STOPPED_BY_FILTER | ONE_SIDED => {
            Some("if the agreement stands, add the line that lets it through before this one")
        }
        NO_ROUTE => Some(
            "add or announce the route, or find out why the one that is configured is not used",
        ),
        OUT_OF_STATE => {
            Some("let the answer take the way of the question, or share sessions between the two")
        }
        REVERSE_PATH => {
            Some("route the way back by the interface it comes from, or loosen the check there")
        }
        LEAVES => {
            Some("declare who is there: a boundary link, or a dated assumption in `network.yaml`")
        }
        _ => None,
    }
}

/// The finding for a packet that arrived where or as it should not.
fn astray(world: &World<'_>, trace: &Trace, code: Code) -> (CauseKey, Finding) {
    let story = tell(world, trace);
    let text = if code == ALTERED {
        format!(
            "the answer comes back as {}, which nobody asked for",
            story.hops.last().map_or(trace.packet, |hop| hop.packet)
        )
    } else {
        format!("it {}, which is not where it should", story.end.text)
    };
    let translated = trace.hops.iter().find_map(|hop| {
        let restored = hop
            .steps
            .iter()
            .any(|step| matches!(step, Step::Restored(_)));
        restored.then_some(hop.device)
    });
    let device = translated.or(story.device);
    let mut finding = Finding::new(code, Severity::Error, text);
    finding.primary = device
        .and_then(|device| world.network.device(device))
        .and_then(|device| world.device_span(device));
    finding.owner = device.and_then(|device| world.owner_of(device));
    finding = finding.because(format!("for example {}", trace.packet), None);
    for (text, span) in rewritten(world, trace) {
        finding.primary = Some(span);
        finding = finding.because(text, Some(span));
        let about = [About::Translation, About::Destination, About::Source];
        for Line { text, span } in behind(world, span, &about, &[]) {
            finding = finding.because(text, span);
        }
    }
    (
        (
            code,
            LegKind::Return,
            device,
            finding.primary,
            String::new(),
        ),
        finding,
    )
}

/// The lines that translated a packet, the last one last.
fn rewritten(world: &World<'_>, trace: &Trace) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for hop in &trace.hops {
        for step in &hop.steps {
            let Step::Hook(hook) = step else { continue };
            let span = hook.rules.last().and_then(|rule| rule.origin);
            if let (HookOutcome::Translated, Some(span)) = (hook.outcome, span) {
                let name = world.device_name(hop.device);
                found.push((format!("`{name}` translates it to {}", hook.packet), span));
            }
        }
    }
    found
}

/// The findings for a leg that cannot be told: one a line that could matter.
fn unknown(world: &World<'_>, leg: &Leg) -> Vec<(CauseKey, Finding)> {
    leg.doubts
        .iter()
        .map(|doubt| {
            let mut finding = Finding::new(
                UNKNOWN,
                Severity::Note,
                format!("{}it cannot be told: {}", direction(leg.kind), doubt.reason),
            )
            .at(doubt.span);
            let about = [
                About::Effect,
                About::Address,
                About::Enters,
                About::Destination,
                About::Translation,
            ];
            for Line { text, span } in behind(world, doubt.span, &about, &[]) {
                finding = finding.because(text, span);
            }
            let mut devices = world.network.devices();
            finding.owner = devices
                .find(|(_, device)| device.file == doubt.span.file)
                .and_then(|(id, _)| world.owner_of(id));
            let key = (UNKNOWN, leg.kind, None, Some(doubt.span), String::new());
            (key, finding)
        })
        .collect()
}
