//! Straight runs of plain rules, which is what access lists are, compiled at
//! once by first match.

use super::chain::{Compiled, End, Outcome, Trial, end_of};
use super::condition::{Evaluation, as_fields};
use super::context::Context;
use super::machine::{Machine, Marking};
use crate::model::{Action, Condition, DeviceId, Rule};
use packets::{Fields, Line, Match, PacketSets, SetError};

/// A rule of a run: how it ends, what it surely matches, and what it may match
/// where that differs.
pub(super) type RunLine<S> = (
    End,
    Match<<S as PacketSets>::Key, <S as PacketSets>::Set>,
    Option<Match<<S as PacketSets>::Key, <S as PacketSets>::Set>>,
);

/// Tells whether a rule only decides, so that a run of such rules is one list.
pub(super) fn is_plain(rule: &Rule) -> bool {
    matches!(
        rule.action,
        Action::Accept(_) | Action::Drop | Action::Return | Action::Continue | Action::Unknown(_)
    )
}

impl<S: PacketSets> Machine<'_, S> {
    /// Compiles a run of plain rules at once, and follows every piece through it.
    ///
    /// What no rule decides ends as `rest` says: it goes on, or takes the default
    /// of the chain, which is then not told apart from rules that do the same.
    pub(super) fn run_plain(
        &mut self,
        trial: &mut Trial<S::Set>,
        rules: &[Rule],
        rest: &End,
    ) -> Result<(), SetError> {
        for piece in std::mem::take(&mut trial.pieces) {
            let context = if piece.untracked {
                trial.context.untracked()
            } else {
                trial.context
            };
            let run = self.compile_run(trial.device, context, rules, rest)?;
            self.follow(trial, piece, &run, &End::Through)?;
        }
        Ok(())
    }

    fn compile_run(
        &mut self,
        device: DeviceId,
        context: Context,
        rules: &[Rule],
        rest: &End,
    ) -> Result<Compiled<S::Set>, SetError> {
        let mut causes = Vec::new();
        let mut uncertain = false;
        let mut ends: Vec<End> = Vec::new();
        let mut lines = Vec::with_capacity(rules.len());
        for rule in rules.iter().filter(|rule| rule.action != Action::Continue) {
            let mut evaluation = Evaluation {
                device,
                context,
                origin: Some(rule.origin),
                causes: &mut causes,
            };
            let (must, may) = self.matches(&rule.condition, &mut evaluation)?;
            uncertain |= may.is_some();
            let end = end_of(&rule.action);
            if let Action::Unknown(unknown) = &rule.action {
                let shown = may.clone().unwrap_or_else(|| must.clone());
                causes.push((unknown.clone(), matched(&mut self.sets, &shown)?));
            }
            if !ends.contains(&end) && end != *rest {
                ends.push(end.clone());
            }
            lines.push((end, must, may));
        }
        ends.push(rest.clone());
        let mut outcomes = Vec::with_capacity(ends.len());
        let mut decided = self.sets.empty();
        for end in &ends {
            let guard = if end == rest && !uncertain {
                self.sets.not(decided)
            } else {
                self.first_for(&lines, end, end == rest)?
            };
            decided = self.sets.or(decided, guard)?;
            let marking = Marking::default();
            self.add(
                &mut outcomes,
                Outcome {
                    guard,
                    end: end.clone(),
                    marking,
                    untracked: false,
                },
            )?;
        }
        Ok(Compiled {
            outcomes,
            settled: Vec::new(),
            causes,
            uncertain,
        })
    }

    /// Finds which packets may leave a run of rules in one way: those that may
    /// come to such a rule before one that surely decides otherwise, or past all
    /// of them where what is left leaves in that way, too.
    pub(super) fn first_for(
        &mut self,
        lines: &[RunLine<S>],
        wanted: &End,
        rest: bool,
    ) -> Result<S::Set, SetError> {
        let mut list = Vec::with_capacity(lines.len() + 1);
        for (end, must, may) in lines {
            if end == wanted {
                let when = may.as_ref().unwrap_or(must).clone();
                list.push(Line {
                    when,
                    action: packets::Action::Permit,
                });
            } else {
                list.push(Line {
                    when: must.clone(),
                    action: packets::Action::Deny,
                });
            }
        }
        if rest {
            list.push(Line::new(Fields::any(), packets::Action::Permit));
        }
        Ok(self.sets.first_match(&list)?.permit)
    }

    /// Returns what a rule of a run matches: surely, and possibly where that differs.
    #[expect(
        clippy::type_complexity,
        reason = "a pair of matches, named by the sentence above"
    )]
    fn matches(
        &mut self,
        condition: &Condition,
        evaluation: &mut Evaluation<'_, S::Set>,
    ) -> Result<(Match<S::Key, S::Set>, Option<Match<S::Key, S::Set>>), SetError> {
        let (device, context) = (evaluation.device, evaluation.context);
        let fields = {
            let reflected = |name: &str| self.reflected(device, context, name);
            as_fields(condition, context, reflected, 0)
        };
        if let Some(fields) = fields {
            return Ok((Match::from(fields), None));
        }
        let truth = self.truth(condition, evaluation, 0)?;
        let within = |set| Match {
            fields: Fields::any(),
            within: Some(set),
        };
        let may = (!truth.is_known()).then(|| within(truth.may));
        Ok((within(truth.must), may))
    }
}

/// Returns the packets that a line matches.
pub(super) fn matched<S: PacketSets>(
    sets: &mut S,
    line: &Match<S::Key, S::Set>,
) -> Result<S::Set, SetError> {
    let fields = sets.fields(&line.fields)?;
    line.within
        .map_or(Ok(fields), |within| sets.and(fields, within))
}
