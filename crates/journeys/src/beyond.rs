//! What lies beyond the filter that stopped a packet: who else would stop it,
//! and who has opened the way already.

use crate::World;
use crate::ending::tell_end;
use crate::line::Line;
use findings::Span;
use networks::interpret::{Choices, Disposition, HookOutcome, Interpreter, Return, Step, Trace};
use networks::model::{Action, Chain, Condition, Device, DeviceId, Hook, HookKind};
use packets::{AddressMatch, AddressSet};

/// How many filters are passed over to see what lies beyond them.
const FILTERS_MAX: usize = 8;

/// The way of a packet if the filters that stop it let it pass.
#[derive(Debug, Clone)]
pub(crate) struct Beyond {
    /// What would stop it next, and next again; or that nothing would.
    pub(crate) lines: Vec<Line>,
    /// The whole way, as far as it leads.
    pub(crate) way: Trace,
}

/// Follows a first packet that a filter dropped as if this filter, and those
/// after it, let it pass; `None` where no filter dropped it.
pub(crate) fn beyond(world: &World<'_>, trace: &Trace) -> Option<Beyond> {
    let choices = Choices::default();
    let interpreter = Interpreter::new(world.network, world.routing, &choices);
    let mut passed: Vec<(DeviceId, usize)> = Vec::new();
    let mut found = Beyond {
        lines: Vec::new(),
        way: trace.clone(),
    };
    while let Disposition::Dropped { device, hook, .. } = found.way.disposition {
        if passed.len() == FILTERS_MAX || passed.contains(&(device, hook)) {
            break;
        }
        passed.push((device, hook));
        let walk = interpreter
            .passing(&passed)
            .forward(trace.start, trace.packet);
        // Of several ways on, one that fails tells more.
        let next = walk
            .traces
            .into_iter()
            .filter(|next| passed_at(next, device, hook))
            .min_by_key(|next| next.disposition.is_delivered())?;
        found.way = next;
        let arrived = found.way.disposition.is_delivered();
        found.lines.push(if arrived {
            Line::new("nothing beyond it stops the packet", None)
        } else {
            let (end, _) = tell_end(world, &found.way);
            Line::new(format!("beyond it, {}", end.text), end.span)
        });
    }
    if passed.is_empty() {
        return None;
    }
    if found.way.disposition.is_delivered() {
        let interpreter = interpreter.passing(&passed);
        let answers = interpreter.answer(&found.way).traces;
        let lost = answers
            .iter()
            .find(|answer| interpreter.returned(&found.way, answer) != Return::CameBack);
        if let Some(lost) = lost {
            let (end, _) = tell_end(world, lost);
            let text = format!("but its answer would not come back: {}", end.text);
            found.lines.push(Line::new(text, end.span));
        }
    }
    Some(found)
}

/// Tells whether a packet got past a hook.
fn passed_at(trace: &Trace, device: DeviceId, hook: usize) -> bool {
    trace
        .hops
        .iter()
        .filter(|hop| hop.device == device)
        .any(|hop| {
            hop.steps.iter().any(|step| {
                matches!(step, Step::Hook(seen)
                if seen.hook == hook && seen.outcome == HookOutcome::Accepted)
            })
        })
}

/// Rules of other networks, made for some addresses, that let the packet pass:
/// with a filter that does not, the opening is one-sided.
pub(crate) fn opened_elsewhere(
    world: &World<'_>,
    trace: &Trace,
    stopped_at: DeviceId,
) -> Vec<(String, Span)> {
    let here = world.network_of(stopped_at);
    let mut found = Vec::new();
    for hop in &trace.hops {
        let network = world
            .network_of(hop.device)
            .filter(|own| Some(*own) != here);
        let (Some(network), Some(device)) = (network, world.network.device(hop.device)) else {
            continue;
        };
        for step in &hop.steps {
            let Step::Hook(seen) = step else { continue };
            let hook = device.hooks.get(seen.hook);
            let last = seen.rules.last();
            let rule = last.and_then(|last| device.chain(last.chain)?.rules.get(last.rule?));
            if let (HookOutcome::Accepted, Some(hook), Some(rule)) = (seen.outcome, hook, rule)
                && is_filter(device, hook)
                && is_opening(&rule.condition)
                && matches!(rule.action, Action::Accept(_))
            {
                let text = format!("`{}` of `{network}` lets it through", device.name);
                found.push((text, rule.origin));
            }
        }
    }
    found
}

/// Tells whether a hook can stop packets; one that only remembers is no filter
/// to people.
pub(crate) fn is_filter(device: &Device, hook: &Hook) -> bool {
    let stops = |chain: &Chain| {
        chain.default == Action::Drop
            || chain
                .rules
                .iter()
                .any(|rule| !matches!(rule.action, Action::Accept(_) | Action::Continue))
    };
    hook.kind == HookKind::Filter && device.chain(hook.chain).is_some_and(stops)
}

/// Tells whether a condition picks addresses: `permit ip any any` opens nothing
/// to anybody in particular.
fn is_opening(condition: &Condition) -> bool {
    match condition {
        Condition::Source(set) | Condition::Destination(set) => !everywhere(set),
        Condition::All(parts) => parts.iter().any(is_opening),
        Condition::Any(parts) => parts.iter().all(is_opening),
        // A class map's list.
        Condition::Accepted(_) => true,
        _ => false,
    }
}

fn everywhere(set: &AddressSet) -> bool {
    set.0
        .iter()
        .any(|part| matches!(part, AddressMatch::Net(net) if net.prefix_len() == 0))
}
