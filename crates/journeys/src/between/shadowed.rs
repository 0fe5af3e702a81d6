//! Filter rules at the boundary of networks that never decide.

use super::is_boundary;
use crate::World;
use findings::{Code, Finding, Severity, Span};
use networks::model::{Action, Chain, ChainId, Device, DeviceId, HookKind, Port, Rule};
use networks::reachability::{Shadowed, shadowed};
use packets::SetError;
use std::collections::{BTreeMap, BTreeSet};

/// Earlier rules match all that a rule of a boundary's filter matches.
pub const RULE_SHADOWED: Code = Code::new("rule-shadowed");

/// How many rules a chain may have to be looked at.
const RULES_MAX: usize = 100_000;

/// How many of the rules that decide before it a finding names.
const NAMED_MAX: usize = 3;

/// Finds the rules of filters on devices at a boundary that never decide.
pub(super) fn shadowed_rules(world: &World<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, device) in world.network.devices() {
        let at_boundary = device.interfaces().any(|(interface, _)| {
            let port = Port {
                device: id,
                interface,
            };
            is_boundary(world, port)
        });
        if !at_boundary {
            continue;
        }
        for chain in filters(device) {
            found.extend(in_chain(world, id, chain));
        }
    }
    found
}

/// Finds the lines of one chain none of whose rules decides.
fn in_chain(world: &World<'_>, device: DeviceId, chain: &Chain) -> Vec<Finding> {
    let rules = if chain.rules.len() > RULES_MAX {
        Err(SetError::Exhausted {
            unit: "rules",
            limit: RULES_MAX,
        })
    } else {
        shadowed(chain)
    };
    let Ok(rules) = rules else {
        return vec![not_compared(world, device, chain)];
    };
    // One line may stand for several rules.
    let mut lines: BTreeMap<Span, Vec<&Shadowed>> = BTreeMap::new();
    for rule in &rules {
        if let Some(known) = chain.rules.get(rule.rule) {
            lines.entry(known.origin).or_default().push(rule);
        }
    }
    let mut standing: BTreeMap<Span, usize> = BTreeMap::new();
    for rule in &chain.rules {
        *standing.entry(rule.origin).or_default() += 1;
    }
    lines.retain(|line, shadowed| standing.get(line) == Some(&shadowed.len()));
    lines
        .into_values()
        .filter_map(|shadowed| finding(world, device, chain, &shadowed))
        .collect()
}

fn not_compared(world: &World<'_>, device: DeviceId, chain: &Chain) -> Finding {
    let mut finding = Finding::new(
        RULE_SHADOWED,
        Severity::Note,
        format!(
            "`{}` on `{}` is too long to look for rules that never decide ({} rules)",
            chain.name,
            world.device_name(device),
            chain.rules.len()
        ),
    );
    finding.primary = chain.origin;
    finding.owner = world.owner_of(device);
    finding
}

/// Returns the chains that the filters of a device try, each once.
fn filters(device: &Device) -> Vec<&Chain> {
    let mut open: Vec<ChainId> = device
        .hooks
        .iter()
        .filter(|hook| hook.kind == HookKind::Filter)
        .map(|hook| hook.chain)
        .collect();
    let mut tried = BTreeSet::new();
    while let Some(id) = open.pop() {
        if tried.insert(id) {
            let rules = device.chain(id).into_iter().flat_map(|chain| &chain.rules);
            open.extend(rules.filter_map(|rule| match rule.action {
                Action::Call(inner) | Action::Goto(inner) => Some(inner),
                _ => None,
            }));
        }
    }
    tried
        .into_iter()
        .filter_map(|id| device.chain(id))
        .collect()
}

/// The finding for a line none of whose rules decides.
fn finding(
    world: &World<'_>,
    device: DeviceId,
    chain: &Chain,
    shadowed: &[&Shadowed],
) -> Option<Finding> {
    let rule = chain.rules.get(shadowed.first()?.rule)?;
    let by: BTreeSet<usize> = shadowed
        .iter()
        .flat_map(|other| &other.by)
        .copied()
        .collect();
    let mut by: Vec<&Rule> = by
        .iter()
        .filter_map(|&earlier| chain.rules.get(earlier))
        .filter(|earlier| earlier.origin != rule.origin)
        .collect();
    // Those that do otherwise tell more.
    by.sort_by_key(|earlier| alike(&earlier.action, &rule.action));
    let differs = by
        .iter()
        .any(|earlier| !alike(&earlier.action, &rule.action));
    let (severity, hint) = if differs {
        (
            Severity::Warning,
            "move it up, or remove it: as it stands it does nothing",
        )
    } else {
        (Severity::Note, "remove it: nothing changes")
    };
    let mut finding = Finding::new(
        RULE_SHADOWED,
        severity,
        format!(
            "a rule of `{}` on `{}` never decides: earlier ones match all that it matches",
            chain.name,
            world.device_name(device)
        ),
    )
    .at(rule.origin);
    for earlier in by.iter().take(NAMED_MAX) {
        let text = if alike(&earlier.action, &rule.action) {
            "does the same before it"
        } else {
            "decides otherwise before it"
        };
        finding = finding.because(text, Some(earlier.origin));
    }
    if by.len() > NAMED_MAX {
        finding = finding.because(format!("and {} more", by.len() - NAMED_MAX), None);
    }
    finding.owner = world.owner_of(device);
    Some(finding.with_hint(hint))
}

/// Tells whether two actions come to the same for packets, as far as can be
/// said without trying other chains.
fn alike(left: &Action, right: &Action) -> bool {
    matches!(
        (left, right),
        (Action::Accept(_), Action::Accept(_)) | (Action::Drop, Action::Drop)
    ) || left == right
}
