//! Chains as partitions of packets by what becomes of them.
//!
//! A chain is tried on sets: what is still undecided flows from rule to rule.
//! Straight runs of plain rules, which is what access lists are, are compiled at
//! once by first match. A rule that is not fully known leaves its packets
//! undecided *and* decides them, so the outcomes overlap exactly where more
//! than one is possible.

use super::condition::{Evaluation, Truth};
use super::context::{Context, Role};
use super::limits::PIECES_MAX;
use super::machine::{Machine, Marking};
use super::runs::is_plain;
use super::seeded::bug;
use crate::model::{
    Action, CALL_DEPTH_MAX, Chain, ChainId, DeviceId, Rule, SessionEffect, Translation, Unknown,
};
use packets::{PacketSets, Rewrite, SetError};
use std::sync::Arc;

/// Runs of at least this many plain rules are compiled at once; below it,
/// following sets from rule to rule is as fast.
const RUN_MIN: usize = 4;

/// How a packet leaves a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Accept(SessionEffect),
    Drop,
    Translate(Arc<Translation>),
    /// A decision of policy routing: the rule of the chain that makes it.
    Route(ChainId, usize),
    /// Back to the chain that called.
    Return,
    /// Past the last rule of a run.
    Through,
    /// It cannot be told.
    Unknown,
}

/// Packets that may leave a chain in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome<S> {
    /// Which packets, as they stood when they came to the chain.
    pub(super) guard: S,
    pub(super) end: End,
    /// How their mark was set on the way.
    pub(super) marking: Marking,
    /// Whether they were exempted from tracking on the way.
    pub(super) untracked: bool,
}

/// Packets whose outcome is not known, and all outcomes, alike ones parted.
type Unlike<S> = (S, Vec<Outcome<S>>);

/// What a chain does in one context.
#[derive(Debug, Clone)]
pub(super) struct Compiled<S> {
    /// Every possible way out; together they are all packets. They overlap
    /// where more than one is possible.
    pub(super) outcomes: Vec<Outcome<S>>,
    /// The same without overlaps: there, it is unknown. Only of a hook's chain.
    pub(super) settled: Vec<Outcome<S>>,
    /// What could not be told, and for which packets it was asked.
    pub(super) causes: Vec<(Unknown, S)>,
    /// Whether outcomes may overlap.
    pub(super) uncertain: bool,
}

/// Packets on their way through a chain that were marked alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<S> {
    pub(super) live: S,
    pub(super) marking: Marking,
    pub(super) untracked: bool,
}

/// A chain being tried.
#[derive(Debug)]
pub(super) struct Trial<S> {
    pub(super) device: DeviceId,
    pub(super) context: Context,
    pub(super) pieces: Vec<Piece<S>>,
    outcomes: Vec<Outcome<S>>,
    causes: Vec<(Unknown, S)>,
    uncertain: bool,
}

impl<S: PacketSets> Machine<'_, S> {
    /// Compiles a chain as a hook's own, or as a matcher or policy routing.
    pub(super) fn hook_chain(
        &mut self,
        device: DeviceId,
        chain: ChainId,
        context: Context,
    ) -> Result<Arc<Compiled<S::Set>>, SetError> {
        let context = self
            .reads(device, chain)
            .map_or(context, |reads| context.for_reads(reads));
        if let Some(known) = self.chains.get(&(device, chain, context, true)) {
            return Ok(Arc::clone(known));
        }
        let called = self.called_chain(device, chain, context)?;
        let world = Arc::clone(&self.world);
        let default = world
            .facts(device)
            .and_then(|facts| facts.device.chain(chain))
            .map(|chain| &chain.default);
        let back = match default {
            Some(Action::Accept(effect)) => End::Accept(effect.clone()),
            Some(Action::Drop) => End::Drop,
            Some(Action::Return) => End::Accept(SessionEffect::None),
            _ => End::Unknown,
        };
        let mut compiled = Compiled {
            outcomes: Vec::with_capacity(called.outcomes.len()),
            settled: Vec::new(),
            causes: called.causes.clone(),
            uncertain: called.uncertain,
        };
        for outcome in &called.outcomes {
            let end = if outcome.end == End::Return {
                back.clone()
            } else {
                outcome.end.clone()
            };
            self.add(
                &mut compiled.outcomes,
                Outcome {
                    end,
                    ..outcome.clone()
                },
            )?;
        }
        compiled.settled = self.settle(&compiled.outcomes, compiled.uncertain)?;
        let compiled = Arc::new(compiled);
        self.compilations += 1;
        self.chains
            .insert((device, chain, context, true), Arc::clone(&compiled));
        Ok(compiled)
    }

    /// Compiles a chain as one that another calls.
    fn called_chain(
        &mut self,
        device: DeviceId,
        id: ChainId,
        context: Context,
    ) -> Result<Arc<Compiled<S::Set>>, SetError> {
        let context = self
            .reads(device, id)
            .map_or(context, |reads| context.for_reads(reads));
        if let Some(known) = self.chains.get(&(device, id, context, false)) {
            return Ok(Arc::clone(known));
        }
        let world = Arc::clone(&self.world);
        let full = self.sets.full();
        let mut trial = Trial {
            device,
            context,
            pieces: vec![Piece {
                live: full,
                marking: Marking::default(),
                // What was exempted stays so, whatever the rules leave open.
                untracked: context.exempt,
            }],
            outcomes: Vec::new(),
            causes: Vec::new(),
            uncertain: false,
        };
        match world.facts(device).and_then(|facts| facts.device.chain(id)) {
            Some(chain) => {
                let end = match end_of(&chain.default) {
                    End::Drop if bug(35) => End::Return,
                    end => end,
                };
                self.run_rules(&mut trial, id, chain, &end)?;
                self.finish(&mut trial, &end)?;
            }
            None => self.finish(&mut trial, &End::Unknown)?,
        }
        let compiled = Arc::new(Compiled {
            outcomes: trial.outcomes,
            settled: Vec::new(),
            causes: trial.causes,
            uncertain: trial.uncertain,
        });
        self.compilations += 1;
        self.chains
            .insert((device, id, context, false), Arc::clone(&compiled));
        Ok(compiled)
    }

    /// What is left at the end of a chain takes its default.
    fn finish(&mut self, trial: &mut Trial<S::Set>, end: &End) -> Result<(), SetError> {
        for piece in std::mem::take(&mut trial.pieces) {
            self.leave(trial, piece, piece.live, end.clone())?;
        }
        Ok(())
    }

    fn run_rules(
        &mut self,
        trial: &mut Trial<S::Set>,
        id: ChainId,
        chain: &Chain,
        default: &End,
    ) -> Result<(), SetError> {
        let mut at = 0;
        while let Some(rest) = chain.rules.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.iter().take_while(|rule| is_plain(rule)).count();
            if plain >= RUN_MIN {
                let run = rest.get(..plain).unwrap_or_default();
                let last = plain == rest.len();
                self.run_plain(trial, run, if last { default } else { &End::Through })?;
                at += plain;
            } else if let Some(rule) = rest.first() {
                self.run_rule(trial, id, at, rule)?;
                at += 1;
            }
            if trial.pieces.len() > PIECES_MAX {
                return self.finish(trial, &End::Unknown);
            }
        }
        Ok(())
    }

    /// Tries one rule on every piece.
    fn run_rule(
        &mut self,
        trial: &mut Trial<S::Set>,
        id: ChainId,
        at: usize,
        rule: &Rule,
    ) -> Result<(), SetError> {
        for mut piece in std::mem::take(&mut trial.pieces) {
            if self.sets.is_empty(piece.live) {
                continue;
            }
            let mut truth = self.rule_truth(trial, piece, rule)?;
            if let (Action::Route(action), Role::Policy(vrf)) = (&rule.action, trial.context.role) {
                let world = Arc::clone(&self.world);
                let scope = world.route_scope(trial.device, vrf, action);
                let (must, may) = (self.to(&scope.must)?, self.to(&scope.may)?);
                truth.must = self.sets.and(truth.must, must)?;
                truth.may = self.sets.and(truth.may, may)?;
            }
            if !truth.is_known() {
                trial.uncertain = true;
            }
            let hit = self.sets.and(piece.live, truth.may)?;
            if self.sets.is_empty(hit) {
                trial.pieces.push(piece);
                continue;
            }
            let surely = if bug(38) { truth.may } else { truth.must };
            let left = self.sets.difference(piece.live, surely)?;
            let taken = Piece { live: hit, ..piece };
            piece.live = left;
            self.act(trial, taken, &mut piece, (id, at), rule)?;
            self.add_piece(&mut trial.pieces, piece)?;
        }
        Ok(())
    }

    /// Does what a rule says with the packets it may be for.
    ///
    /// `rest` are those that go on; a rule that decides nothing puts its own back.
    fn act(
        &mut self,
        trial: &mut Trial<S::Set>,
        taken: Piece<S::Set>,
        rest: &mut Piece<S::Set>,
        place: (ChainId, usize),
        rule: &Rule,
    ) -> Result<(), SetError> {
        let live = taken.live;
        let role = trial.context.role;
        match &rule.action {
            Action::Accept(effect) => self.leave(trial, taken, live, End::Accept(effect.clone())),
            Action::Drop => self.leave(trial, taken, live, End::Drop),
            Action::Return if bug(33) => self.leave(trial, taken, live, End::Drop),
            Action::Return => self.leave(trial, taken, live, End::Return),
            Action::Continue => {
                rest.live = self.sets.or(rest.live, live)?;
                Ok(())
            }
            Action::Call(callee) | Action::Goto(callee) => {
                let comes_back = matches!(rule.action, Action::Call(_)) != bug(34);
                self.call(trial, taken, *callee, comes_back, rule)
            }
            Action::SetMark { mask, value } => {
                let marking = taken.marking.then(Marking {
                    mask: if bug(36) { 0 } else { *mask },
                    value: *value & *mask,
                });
                self.add_piece(&mut trial.pieces, Piece { marking, ..taken })
            }
            Action::NoTrack => self.add_piece(
                &mut trial.pieces,
                Piece {
                    untracked: !bug(39),
                    ..taken
                },
            ),
            Action::Translate(translation) if role == Role::Translation => self.leave(
                trial,
                taken,
                live,
                End::Translate(Arc::new(translation.clone())),
            ),
            Action::Route(_) if matches!(role, Role::Policy(_)) => {
                self.leave(trial, taken, live, End::Route(place.0, place.1))
            }
            Action::Translate(_) | Action::Route(_) if role == Role::Matcher => {
                self.leave(trial, taken, live, End::Accept(SessionEffect::None))
            }
            Action::Translate(_) | Action::Route(_) => {
                trial.causes.push((out_of_place(rule), live));
                self.leave(trial, taken, live, End::Unknown)
            }
            Action::Unknown(unknown) => {
                trial.causes.push((unknown.clone(), live));
                self.leave(trial, taken, live, End::Unknown)
            }
        }
    }

    /// Finds where a rule holds, in terms of packets as they came to the chain.
    fn rule_truth(
        &mut self,
        trial: &mut Trial<S::Set>,
        piece: Piece<S::Set>,
        rule: &Rule,
    ) -> Result<Truth<S::Set>, SetError> {
        let context = if piece.untracked {
            trial.context.untracked()
        } else {
            trial.context
        };
        let mut causes = Vec::new();
        let mut evaluation = Evaluation {
            device: trial.device,
            context,
            origin: Some(rule.origin),
            causes: &mut causes,
        };
        let truth = self.truth(&rule.condition, &mut evaluation, 0)?;
        for (unknown, set) in causes {
            let concerned = self.sets.and(set, piece.live)?;
            trial.causes.push((unknown, concerned));
        }
        if piece.marking.is_nothing() {
            return Ok(truth);
        }
        let marked = piece.marking.on(Rewrite::keep())?;
        Ok(Truth {
            must: self.sets.pre_image_any(&marked, truth.must)?,
            may: self.sets.pre_image_any(&marked, truth.may)?,
        })
    }

    /// Tries another chain.
    fn call(
        &mut self,
        trial: &mut Trial<S::Set>,
        taken: Piece<S::Set>,
        callee: ChainId,
        comes_back: bool,
        rule: &Rule,
    ) -> Result<(), SetError> {
        let reads = self.reads(trial.device, callee);
        if reads.is_none_or(|reads| reads.cyclic || reads.depth >= CALL_DEPTH_MAX) {
            trial.causes.push((out_of_place(rule), taken.live));
            return self.leave(trial, taken, taken.live, End::Unknown);
        }
        let context = if taken.untracked {
            trial.context.untracked()
        } else {
            trial.context
        };
        let compiled = self.called_chain(trial.device, callee, context)?;
        let back = if comes_back {
            End::Return
        } else {
            End::Through
        };
        self.follow(trial, taken, &compiled, &back)
    }

    /// Takes the outcomes of another chain, or of a run of rules.
    ///
    /// Packets that leave it by `back` go on in this chain.
    pub(super) fn follow(
        &mut self,
        trial: &mut Trial<S::Set>,
        taken: Piece<S::Set>,
        compiled: &Compiled<S::Set>,
        back: &End,
    ) -> Result<(), SetError> {
        trial.uncertain |= compiled.uncertain;
        let marked = taken.marking.on(Rewrite::keep())?;
        for (unknown, set) in &compiled.causes {
            let concerned = self.sets.and(*set, taken.live)?;
            trial.causes.push((unknown.clone(), concerned));
        }
        for outcome in &compiled.outcomes {
            let guard = match taken.marking.is_nothing() {
                true => outcome.guard,
                false => self.sets.pre_image_any(&marked, outcome.guard)?,
            };
            let live = self.sets.and(taken.live, guard)?;
            if self.sets.is_empty(live) {
                continue;
            }
            let next = Piece {
                live,
                marking: taken.marking.then(outcome.marking),
                untracked: taken.untracked || outcome.untracked,
            };
            if outcome.end == *back {
                self.add_piece(&mut trial.pieces, next)?;
            } else {
                self.leave(trial, next, live, outcome.end.clone())?;
            }
        }
        Ok(())
    }

    /// Takes packets out of the chain.
    fn leave(
        &mut self,
        trial: &mut Trial<S::Set>,
        piece: Piece<S::Set>,
        guard: S::Set,
        end: End,
    ) -> Result<(), SetError> {
        let Piece {
            marking, untracked, ..
        } = piece;
        self.add(
            &mut trial.outcomes,
            Outcome {
                guard,
                end,
                marking,
                untracked,
            },
        )
    }

    /// Adds an outcome, joined with those that are alike.
    pub(super) fn add(
        &mut self,
        outcomes: &mut Vec<Outcome<S::Set>>,
        mut outcome: Outcome<S::Set>,
    ) -> Result<(), SetError> {
        if self.sets.is_empty(outcome.guard) {
            return Ok(());
        }
        if matches!(outcome.end, End::Drop | End::Unknown) {
            // Dropped packets are alike whatever was written on them.
            (outcome.marking, outcome.untracked) = (Marking::default(), false);
        }
        let alike = outcomes.iter_mut().find(|known| {
            known.end == outcome.end
                && known.marking == outcome.marking
                && known.untracked == outcome.untracked
        });
        match alike {
            Some(known) => known.guard = self.sets.or(known.guard, outcome.guard)?,
            None => outcomes.push(outcome),
        }
        Ok(())
    }

    fn add_piece(
        &mut self,
        pieces: &mut Vec<Piece<S::Set>>,
        piece: Piece<S::Set>,
    ) -> Result<(), SetError> {
        if self.sets.is_empty(piece.live) {
            return Ok(());
        }
        let alike = pieces
            .iter_mut()
            .find(|known| known.marking == piece.marking && known.untracked == piece.untracked);
        match alike {
            Some(known) => known.live = self.sets.or(known.live, piece.live)?,
            None => pieces.push(piece),
        }
        Ok(())
    }

    /// Finds where unlike outcomes overlap, and parts those that are alike.
    ///
    /// `same` compares two outcomes but for their marks: these are compared by
    /// value, for each packet.
    pub(super) fn unlike(
        &mut self,
        outcomes: &[Outcome<S::Set>],
        same: impl Fn(&Outcome<S::Set>, &Outcome<S::Set>) -> bool,
    ) -> Result<Unlike<S::Set>, SetError> {
        let mut unknown = self.sets.empty();
        let mut parted: Vec<Outcome<S::Set>> = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            let mut guard = outcome.guard;
            if outcome.end == End::Unknown {
                unknown = self.sets.or(unknown, guard)?;
            }
            for before in &parted {
                let both = self.sets.and(before.guard, guard)?;
                if self.sets.is_empty(both) {
                    continue;
                }
                let mut alike = self.sets.empty();
                if same(before, outcome)
                    && let Some(fields) = before.marking.equals(outcome.marking)
                {
                    let marks = self.sets.fields(&fields)?;
                    alike = self.sets.and(both, marks)?;
                }
                let differing = self.sets.difference(both, alike)?;
                unknown = self.sets.or(unknown, differing)?;
                guard = self.sets.difference(guard, alike)?;
            }
            parted.push(Outcome {
                guard,
                ..outcome.clone()
            });
        }
        Ok((unknown, parted))
    }

    /// Makes unknown what has more than one possible outcome.
    pub(super) fn settle(
        &mut self,
        outcomes: &[Outcome<S::Set>],
        uncertain: bool,
    ) -> Result<Vec<Outcome<S::Set>>, SetError> {
        if !uncertain || bug(37) {
            return Ok(outcomes.to_vec());
        }
        let (unknown, outcomes) = self.unlike(outcomes, |a, b| {
            a.end == b.end && a.untracked == b.untracked
        })?;
        let mut settled = Vec::with_capacity(outcomes.len() + 1);
        for outcome in outcomes
            .iter()
            .filter(|outcome| outcome.end != End::Unknown)
        {
            let guard = self.sets.difference(outcome.guard, unknown)?;
            self.add(
                &mut settled,
                Outcome {
                    guard,
                    ..outcome.clone()
                },
            )?;
        }
        let end = End::Unknown;
        let marking = Marking::default();
        self.add(
            &mut settled,
            Outcome {
                guard: unknown,
                end,
                marking,
                untracked: false,
            },
        )?;
        Ok(settled)
    }
}

/// Returns how packets leave a list by an action that only decides.
pub(super) fn end_of(action: &Action) -> End {
    match action {
        Action::Accept(effect) => End::Accept(effect.clone()),
        Action::Drop => End::Drop,
        Action::Return => End::Return,
        _ => End::Unknown,
    }
}

fn out_of_place(rule: &Rule) -> Unknown {
    let reason = "the rule cannot be followed from here".to_owned();
    Unknown {
        origin: rule.origin,
        reason,
    }
}
