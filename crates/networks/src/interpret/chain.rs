//! Trying chains of rules (clauses C1 to C5).
//!
//! A condition that cannot be told leaves two ways. Ways that still go on are
//! [`Live`]; ways that ended are [`Ended`]; alike ones count once.

use super::condition::{Question, Truth};
use super::sessions::{Standing, start_of};
use super::trace::{Decision, RuleRef};
use super::{Memory, RULES_TRIED_MAX, add_unknowns};
use crate::model::{
    Action, CALL_DEPTH_MAX, Chain, ChainId, Device, DeviceId, InterfaceId, RouteAction, Rule,
    SessionEffect, Translation, Unknown,
};
use findings::Span;
use packets::Packet;
use std::cell::Cell;

/// How many ways may go on at once; more make the packet unknown.
const LIVE_MAX: usize = 256;

/// Resolves an action of policy routing; `None` where the next rule follows.
pub(super) type Route<'r> = &'r dyn Fn(&RouteAction, Span) -> Option<Result<Decision, Unknowns>>;

/// Why something cannot be told.
pub(super) type Unknowns = Vec<Unknown>;

/// Where a chain stands, which says what may stand in it (C3, C4).
#[derive(Clone, Copy)]
pub(super) enum Place<'r> {
    /// A hook that filters.
    Filter,
    /// A hook that translates.
    Translation,
    /// Policy routing.
    Routing(Route<'r>),
    /// A condition.
    Matcher,
}

/// What stays the same while one chain is tried on one packet.
pub(super) struct Evaluation<'a> {
    pub(super) device_id: DeviceId,
    pub(super) device: &'a Device,
    pub(super) memories: &'a [Memory],
    pub(super) packet: Packet,
    pub(super) enters: Option<InterfaceId>,
    pub(super) leaves: Option<InterfaceId>,
    pub(super) standing: Standing,
    pub(super) exempt: bool,
    /// How many rules were tried so far.
    pub(super) tried: Cell<u32>,
}

/// A way that goes on, and the rules that took part in it.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) mark: u32,
    pub(super) exempt: bool,
    pub(super) rules: Vec<RuleRef>,
}

/// How a way ends.
#[derive(Debug, Clone)]
pub(super) enum End {
    Accept(SessionEffect),
    Drop,
    Translate(Translation),
    Route(Decision),
    /// It cannot be told; the reasons are with the run.
    Unknown,
}

/// A way that ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) live: Live,
}

impl Ended {
    /// Tells whether two ways come to the same (C5).
    fn is_like(&self, other: &Self) -> bool {
        let state = |ended: &Self| (ended.live.mark, ended.live.exempt);
        let same_state = state(self) == state(other);
        match (&self.end, &other.end) {
            (End::Drop, End::Drop) | (End::Unknown, End::Unknown) => true,
            (End::Accept(left), End::Accept(right)) => left == right && same_state,
            (End::Translate(left), End::Translate(right)) => left == right && same_state,
            (End::Route(left), End::Route(right)) => left.ways == right.ways && same_state,
            _ => false,
        }
    }
}

/// What came of trying a chain.
#[derive(Default)]
struct Run {
    ended: Vec<Ended>,
    returned: Vec<Live>,
    unknowns: Unknowns,
}

impl Run {
    fn end(&mut self, end: End, live: Live) {
        let ended = Ended { end, live };
        if !self.ended.iter().any(|other| other.is_like(&ended)) {
            self.ended.push(ended);
        }
    }

    fn end_unknown(&mut self, unknown: Unknown, live: Live) {
        add_unknowns(&mut self.unknowns, [unknown]);
        self.end(End::Unknown, live);
    }

    /// Takes over what a chain that was called ended; returns what came back.
    fn absorb(&mut self, other: Self) -> Vec<Live> {
        for ended in other.ended {
            self.end(ended.end, ended.live);
        }
        add_unknowns(&mut self.unknowns, other.unknowns);
        other.returned
    }
}

fn add_live(to: &mut Vec<Live>, live: Live) {
    let state = |live: &Live| (live.mark, live.exempt);
    if !to.iter().any(|other| state(other) == state(&live)) {
        to.push(live);
    }
}

impl Evaluation<'_> {
    /// Tries a chain as a hook's own, and returns what all ways come to;
    /// `Err` where they differ.
    pub(super) fn run_hook(&self, place: Place<'_>, chain: ChainId) -> Result<Ended, Unknowns> {
        let live = Live {
            mark: self.packet.mark,
            exempt: self.exempt,
            rules: Vec::new(),
        };
        let run = self.run_own(place, chain, live, &[]);
        let mut ended = run.ended.into_iter();
        match (ended.next(), ended.next()) {
            (Some(only), None) if !matches!(only.end, End::Unknown) => Ok(only),
            _ => Err(run.unknowns),
        }
    }

    /// Answers [`crate::model::Condition::Accepted`] (C4).
    pub(super) fn accepted(&self, question: &Question<'_, '_>, chain: ChainId) -> Truth {
        let live = Live {
            mark: question.mark,
            exempt: question.exempt,
            rules: Vec::new(),
        };
        let run = self.run_own(Place::Matcher, chain, live, question.stack);
        let is = |wanted: fn(&End) -> bool| run.ended.iter().all(|ended| wanted(&ended.end));
        if is(|end| matches!(end, End::Drop)) {
            Truth::False
        } else if is(|end| !matches!(end, End::Drop | End::Unknown)) {
            Truth::True
        } else {
            Truth::Unknown(run.unknowns)
        }
    }

    /// Tries a chain as a hook's own: what returns meets its default (C2).
    fn run_own(&self, place: Place<'_>, id: ChainId, live: Live, stack: &[ChainId]) -> Run {
        let mut run = self.run(place, id, vec![live], stack, start_of(self.device));
        let chain = self.device.chain(id);
        for mut live in std::mem::take(&mut run.returned) {
            live.rules.push(RuleRef {
                chain: id,
                rule: None,
                origin: chain.and_then(|chain| chain.origin),
            });
            let end = match chain.map(|chain| &chain.default) {
                Some(Action::Drop) => End::Drop,
                Some(Action::Accept(effect)) => End::Accept(effect.clone()),
                _ => End::Accept(SessionEffect::None),
            };
            self.finish(&mut run, place, end, live);
        }
        run
    }

    /// Ends a way; in policy routing, accepting means the FIB (C2).
    fn finish(&self, run: &mut Run, place: Place<'_>, end: End, live: Live) {
        match (place, end) {
            (Place::Routing(route), End::Accept(_)) => {
                let decided = route(&RouteAction::UseFib, start_of(self.device));
                self.finish_route(run, decided, live);
            }
            (_, end) => run.end(end, live),
        }
    }

    /// Ends a way with a decision; hands it back where none was made.
    fn finish_route(
        &self,
        run: &mut Run,
        decided: Option<Result<Decision, Unknowns>>,
        live: Live,
    ) -> Option<Live> {
        match decided {
            Some(Ok(decision)) => run.end(End::Route(decision), live),
            Some(Err(unknowns)) => {
                add_unknowns(&mut run.unknowns, unknowns);
                run.end(End::Unknown, live);
            }
            None => return Some(live),
        }
        None
    }

    fn run(
        &self,
        place: Place<'_>,
        id: ChainId,
        mut live: Vec<Live>,
        stack: &[ChainId],
        origin: Span,
    ) -> Run {
        let mut run = Run::default();
        let refused = if stack.contains(&id) {
            Some("the chain calls itself")
        } else if stack.len() >= CALL_DEPTH_MAX {
            Some("chains call each other too deep")
        } else {
            None
        };
        let chain = match (self.device.chain(id), refused) {
            (Some(chain), None) => chain,
            (_, refused) => {
                let reason = refused.unwrap_or("the chain does not exist");
                for live in live {
                    run.end_unknown(unknown(origin, reason), live);
                }
                return run;
            }
        };
        let stack: Vec<ChainId> = stack.iter().copied().chain([id]).collect();
        for (index, rule) in chain.rules.iter().enumerate() {
            let at = RuleRef {
                chain: id,
                rule: Some(index),
                origin: Some(rule.origin),
            };
            live = self.step(place, &mut run, rule, at, live, &stack);
        }
        self.end_chain(place, &mut run, chain, id, live);
        run
    }

    /// Tries one rule on every way; returns the ways that go on after it.
    fn step(
        &self,
        place: Place<'_>,
        run: &mut Run,
        rule: &Rule,
        at: RuleRef,
        live: Vec<Live>,
        stack: &[ChainId],
    ) -> Vec<Live> {
        let mut on = Vec::new();
        for way in live {
            self.tried.set(self.tried.get().saturating_add(1));
            if self.tried.get() > RULES_TRIED_MAX || on.len() >= LIVE_MAX {
                run.end_unknown(unknown(rule.origin, "too many ways through the rules"), way);
                continue;
            }
            let question = Question {
                evaluation: self,
                mark: way.mark,
                exempt: way.exempt,
                stack,
            };
            let truth = question.ask(&rule.condition);
            if truth == Truth::False {
                add_live(&mut on, way);
                continue;
            }
            if let Truth::Unknown(reasons) = truth {
                add_unknowns(&mut run.unknowns, reasons);
                add_live(&mut on, way.clone());
            }
            let mut taken = way;
            taken.rules.push(at);
            for next in self.act(place, run, rule, taken, stack) {
                add_live(&mut on, next);
            }
        }
        on
    }

    /// Does what the rule does; returns the ways for which the next rule follows.
    fn act(
        &self,
        place: Place<'_>,
        run: &mut Run,
        rule: &Rule,
        mut live: Live,
        stack: &[ChainId],
    ) -> Vec<Live> {
        match (&rule.action, place) {
            (Action::Accept(effect), _) => {
                self.finish(run, place, End::Accept(effect.clone()), live);
            }
            (Action::Drop, _) => run.end(End::Drop, live),
            (Action::Continue, _) => return vec![live],
            (Action::Call(chain), _) => {
                let called = self.run(place, *chain, vec![live], stack, rule.origin);
                return run.absorb(called);
            }
            (Action::Goto(chain), _) => {
                let called = self.run(place, *chain, vec![live], stack, rule.origin);
                let back = run.absorb(called);
                run.returned.extend(back);
            }
            (Action::Return, _) => run.returned.push(live),
            (Action::SetMark { mask, value }, _) => {
                live.mark = live.mark & !mask | value & mask;
                return vec![live];
            }
            (Action::NoTrack, _) => {
                live.exempt = true;
                return vec![live];
            }
            (Action::Translate(translation), Place::Translation) => {
                run.end(End::Translate(translation.clone()), live);
            }
            (Action::Translate(_) | Action::Route(_), Place::Matcher) => {
                run.end(End::Accept(SessionEffect::None), live);
            }
            (Action::Route(action), Place::Routing(route)) => {
                let decided = route(action, rule.origin);
                return self.finish_route(run, decided, live).into_iter().collect();
            }
            (Action::Translate(_) | Action::Route(_), _) => {
                run.end_unknown(
                    unknown(rule.origin, "the action does not belong here"),
                    live,
                );
            }
            (Action::Unknown(reason), _) => run.end_unknown(reason.clone(), live),
        }
        Vec::new()
    }

    /// Does what the chain does with packets that no rule decided.
    fn end_chain(
        &self,
        place: Place<'_>,
        run: &mut Run,
        chain: &Chain,
        id: ChainId,
        live: Vec<Live>,
    ) {
        let at = RuleRef {
            chain: id,
            rule: None,
            origin: chain.origin,
        };
        for mut way in live {
            match &chain.default {
                Action::Return => run.returned.push(way),
                Action::Accept(effect) => {
                    way.rules.push(at);
                    self.finish(run, place, End::Accept(effect.clone()), way);
                }
                Action::Drop => {
                    way.rules.push(at);
                    run.end(End::Drop, way);
                }
                _ => {
                    let origin = chain.origin.unwrap_or_else(|| start_of(self.device));
                    let reason = "the chain's default is no verdict";
                    run.end_unknown(unknown(origin, reason), way);
                }
            }
        }
    }
}

/// Makes the reason for something that a line leaves open.
pub(super) fn unknown(origin: Span, reason: &str) -> Unknown {
    Unknown {
        origin,
        reason: reason.into(),
    }
}
