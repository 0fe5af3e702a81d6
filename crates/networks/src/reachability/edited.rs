//! A list of which a few lines changed, worked out where these lines match.
//!
//! Elsewhere it does what it did. Only the lines that can match a packet that
//! the changed ones match are looked at: of a thousand, about ten.

use super::chain::{Compiled, End, Outcome, end_of};
use super::condition::as_fields;
use super::context::Context;
use super::machine::{Machine, Marking};
use super::runs::is_plain;
use crate::model::{Action, Chain, ChainId, Condition, DeviceId, Rule};
use packets::{Fields, Match, PacketSets, SetError};

/// How many lines may be gone and come before the list is compiled anew.
const EDITED_MAX: usize = 16;

/// Tells whether two rules do the same, wherever they stand.
pub(super) fn same(a: &Rule, b: &Rule) -> bool {
    a.condition == b.condition && a.action == b.action
}

/// Tells whether two chains do the same, wherever their lines stand.
pub(super) fn alike(a: &Chain, b: &Chain) -> bool {
    let mut pairs = a.rules.iter().zip(&b.rules);
    a.rules.len() == b.rules.len() && a.default == b.default && pairs.all(|(a, b)| same(a, b))
}

/// Tells whether a chain tries another.
pub(super) fn calls(chain: &Chain) -> bool {
    !called(chain).is_empty()
}

/// Returns the chains that a chain tries.
fn called(chain: &Chain) -> Vec<ChainId> {
    let mut found = Vec::new();
    for rule in &chain.rules {
        if let Action::Call(callee) | Action::Goto(callee) = &rule.action {
            found.push(*callee);
        }
        let mut left = vec![&rule.condition];
        while let Some(condition) = left.pop() {
            match condition {
                Condition::All(parts) | Condition::Any(parts) => left.extend(parts),
                Condition::Not(part) => left.push(part),
                Condition::Accepted(callee) => found.push(*callee),
                _ => {}
            }
        }
    }
    found
}

/// Adds to the chains that changed those that try one of them, at any depth.
pub(super) fn stale(mut changed: Vec<bool>, chains: &[Chain]) -> Vec<bool> {
    if !changed.contains(&true) {
        return changed;
    }
    let calls: Vec<Vec<ChainId>> = chains.iter().map(called).collect();
    loop {
        let mut more = false;
        for (at, called) in calls.iter().enumerate() {
            let hit = called
                .iter()
                .any(|callee| changed.get(callee.index()) == Some(&true));
            if let Some(known) = changed.get_mut(at).filter(|known| hit && !**known) {
                *known = true;
                more = true;
            }
        }
        if !more {
            return changed;
        }
    }
}

/// Returns the rules that are gone and those that have come, between rules that stayed.
fn edits<'c>(before: &'c Chain, after: &'c Chain) -> (&'c [Rule], &'c [Rule]) {
    let mut pairs = before.rules.iter().zip(&after.rules);
    let first = pairs.by_ref().take_while(|(a, b)| same(a, b)).count();
    let gone = before.rules.get(first..).unwrap_or_default();
    let come = after.rules.get(first..).unwrap_or_default();
    let pairs = gone.iter().rev().zip(come.iter().rev());
    let last = pairs.take_while(|(a, b)| same(a, b)).count();
    let but_last = |rules: &'c [Rule]| rules.get(..rules.len() - last).unwrap_or_default();
    (but_last(gone), but_last(come))
}

impl<S: PacketSets> Machine<'_, S> {
    /// Compiles a chain that another calls, from what it was before a change.
    ///
    /// `None` where that needs more than a few lines.
    pub(super) fn edited(
        &mut self,
        old: &Compiled<S::Set>,
        (before, after): (&Chain, &Chain),
        device: DeviceId,
        context: Context,
    ) -> Result<Option<Compiled<S::Set>>, SetError> {
        let (gone, come) = edits(before, after);
        if old.uncertain
            || !old.causes.is_empty()
            || before.default != after.default
            || gone.len() + come.len() > EDITED_MAX
        {
            return Ok(None);
        }
        let fields = |rule: &Rule| -> Option<Fields<S::Key>> {
            let plain = is_plain(rule) && !matches!(rule.action, Action::Unknown(_));
            let reflected = |name: &str| self.reflected(device, context, name);
            let fields = as_fields(&rule.condition, context, reflected, 0);
            fields.filter(|_| plain)
        };
        let changed: Option<Vec<_>> = gone.iter().chain(come).map(fields).collect();
        let Some(changed) = changed else {
            return Ok(None);
        };
        let rest = end_of(&after.default);
        let mut ends: Vec<End> = Vec::new();
        let mut lines = Vec::new();
        for rule in &after.rules {
            let Some(fields) = fields(rule) else {
                return Ok(None);
            };
            if rule.action == Action::Continue || !changed.iter().any(|other| fields.meets(other)) {
                continue;
            }
            let end = end_of(&rule.action);
            if !ends.contains(&end) {
                ends.push(end.clone());
            }
            lines.push((end, Match::from(fields), None));
        }
        for end in old
            .outcomes
            .iter()
            .map(|outcome| &outcome.end)
            .chain([&rest])
        {
            if !ends.contains(end) {
                ends.push(end.clone());
            }
        }
        let mut touched = Vec::with_capacity(changed.len());
        for fields in &changed {
            touched.push(self.sets.fields(fields)?);
        }
        let touched = self.sets.any(&touched)?;
        let mut outcomes = Vec::with_capacity(ends.len());
        for end in ends {
            let now = self.first_for(&lines, &end, end == rest)?;
            let now = self.sets.and(now, touched)?;
            let known = old.outcomes.iter().find(|outcome| outcome.end == end);
            let kept = match known {
                Some(known) => self.sets.difference(known.guard, touched)?,
                None => self.sets.empty(),
            };
            let guard = self.sets.or(kept, now)?;
            let marking = Marking::default();
            let outcome = Outcome {
                guard,
                end,
                marking,
                untracked: false,
            };
            self.add(&mut outcomes, outcome)?;
        }
        Ok(Some(Compiled {
            outcomes,
            settled: Vec::new(),
            causes: Vec::new(),
            uncertain: false,
        }))
    }
}
