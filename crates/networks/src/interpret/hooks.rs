//! Running the hooks of one stage (clauses C1, T1, T2, S5).

use super::chain::{End, Ended, Evaluation, Place};
use super::pass::{Outcome, Pass, Place as At};
use super::sessions::start_of;
use super::trace::{Disposition, HookOutcome, HookTrace, RuleRef, Step};
use super::{Memory, translate};
use crate::model::{
    Action, Established, Hook, HookKind, Interface, SessionEffect, Stage, Translation, Unknown,
};
use packets::Packet;
use std::cell::Cell;

impl At<'_> {
    /// Runs the hooks of a stage; returns what goes on, the rest ends in `out`.
    pub(super) fn run_stage(&self, stage: Stage, pass: Pass, out: &mut Outcome) -> Vec<Pass> {
        let before = matches!(stage, Stage::Ingress | Stage::Output);
        let hooks: Vec<(usize, &Hook)> = self
            .device
            .hooks
            .iter()
            .enumerate()
            .filter(|(_, hook)| hook.stage == stage)
            .collect();
        let place = hooks
            .iter()
            .position(|(_, hook)| hook.kind == HookKind::Translation)
            .unwrap_or(if before { hooks.len() } else { 0 });
        let mut passes = vec![pass];
        for (position, (index, hook)) in hooks.iter().enumerate() {
            if position == place {
                passes.iter_mut().for_each(|pass| restore(pass, before));
            }
            passes = passes
                .into_iter()
                .flat_map(|pass| self.run_hook(*index, hook, pass, out))
                .collect();
        }
        if place >= hooks.len() {
            passes.iter_mut().for_each(|pass| restore(pass, before));
        }
        passes
    }

    /// Tells whether the hook sees the packet, by interface (C1).
    fn in_scope(&self, hook: &Hook, pass: &Pass) -> bool {
        let scope = &hook.scope;
        let enters = scope
            .enters
            .as_ref()
            .is_none_or(|set| self.enters.is_some_and(|id| set.contains(id)));
        let leaves = hook.stage != Stage::Egress
            || scope
                .leaves
                .as_ref()
                .is_none_or(|set| pass.leaves().is_some_and(|id| set.contains(id)));
        enters && leaves
    }

    fn run_hook(&self, index: usize, hook: &Hook, mut pass: Pass, out: &mut Outcome) -> Vec<Pass> {
        let undone = pass.answers().is_some_and(|entry| entry.translated);
        let translates = hook.kind == HookKind::Translation;
        if pass.bypasses || !self.in_scope(hook, &pass) || translates && (pass.exempt || undone) {
            return vec![pass];
        }
        let session = pass.answers().is_some_and(|entry| entry.session) && !pass.exempt;
        if session && hook.established == Established::Skip {
            pass.note(index, hook, HookOutcome::Skipped, Vec::new());
            return vec![pass];
        }
        let evaluation = self.evaluation(&pass);
        let place = if translates {
            Place::Translation
        } else {
            Place::Filter
        };
        match evaluation.run_hook(place, hook.chain) {
            Err(unknowns) => {
                pass.note(index, hook, HookOutcome::Unknown, Vec::new());
                out.end(pass, Disposition::Unknown(unknowns));
                Vec::new()
            }
            Ok(ended) => self.conclude(index, hook, pass, ended, out),
        }
    }

    pub(super) fn evaluation(&self, pass: &Pass) -> Evaluation<'_> {
        Evaluation {
            device_id: self.id,
            device: self.device,
            memories: self.memories,
            packet: pass.packet,
            enters: self.enters,
            leaves: pass.leaves(),
            standing: pass.standing.clone(),
            exempt: pass.exempt,
            tried: Cell::new(0),
        }
    }

    /// Does what the hook's chain came to.
    fn conclude(
        &self,
        index: usize,
        hook: &Hook,
        mut pass: Pass,
        ended: Ended,
        out: &mut Outcome,
    ) -> Vec<Pass> {
        let rules = ended.live.rules;
        pass.packet.mark = ended.live.mark;
        pass.exempt = ended.live.exempt;
        match ended.end {
            End::Accept(effect) => {
                match effect {
                    SessionEffect::None => {}
                    SessionEffect::Track => pass.tracked = true,
                    SessionEffect::Reflect(name) => pass.reflected.push((name, pass.packet)),
                }
                pass.note(index, hook, HookOutcome::Accepted, rules);
                vec![pass]
            }
            End::Translate(translation) => {
                self.translate(index, hook, pass, &translation, &rules, out)
            }
            End::Drop if self.passing.contains(&(self.id, index)) => {
                pass.tracked |= self.tracks(hook);
                pass.note(index, hook, HookOutcome::Accepted, rules);
                vec![pass]
            }
            // Decisions end only chains of policy routing.
            End::Drop | End::Route(_) | End::Unknown => {
                let rule = rules.last().copied().unwrap_or(RuleRef {
                    chain: hook.chain,
                    rule: None,
                    origin: hook.origin,
                });
                pass.note(index, hook, HookOutcome::Dropped, rules);
                let device = self.id;
                out.end(
                    pass,
                    Disposition::Dropped {
                        device,
                        hook: index,
                        rule,
                    },
                );
                Vec::new()
            }
        }
    }

    /// Tells whether rules of a hook's chain make sessions of what they accept.
    fn tracks(&self, hook: &Hook) -> bool {
        let rules = self.device.chain(hook.chain).into_iter();
        let mut rules = rules.flat_map(|chain| &chain.rules);
        rules.any(|rule| rule.action == Action::Accept(SessionEffect::Track))
    }

    fn translate(
        &self,
        index: usize,
        hook: &Hook,
        mut pass: Pass,
        translation: &Translation,
        rules: &[RuleRef],
        out: &mut Outcome,
    ) -> Vec<Pass> {
        pass.translated |= translate::applies(&pass.packet, translation);
        let origin = rules
            .last()
            .and_then(|rule| rule.origin)
            .unwrap_or_else(|| start_of(self.device));
        let interface = self.translation_interface(hook.stage, &pass);
        let made = translate::translate(&pass.packet, translation, interface, self.choices, origin);
        match made {
            Ok(made) => {
                out.complete &= made.complete;
                made.packets
                    .into_iter()
                    .map(|packet| {
                        let mut pass = pass.clone();
                        pass.packet = packet;
                        pass.note(index, hook, HookOutcome::Translated, rules.to_vec());
                        pass
                    })
                    .collect()
            }
            Err(unknown) => {
                pass.note(index, hook, HookOutcome::Unknown, rules.to_vec());
                out.end(pass, Disposition::Unknown(vec![unknown]));
                Vec::new()
            }
        }
    }

    /// Returns the interface that [`crate::model::AddressRewrite::InterfaceAddress`] means (T1).
    fn translation_interface(&self, stage: Stage, pass: &Pass) -> Option<&Interface> {
        let id = match stage {
            Stage::Egress => pass.leaves(),
            Stage::Ingress | Stage::Local => self.enters,
            Stage::Output => None,
        };
        self.device.interface(id?)
    }
}

impl Pass {
    fn note(&mut self, index: usize, hook: &Hook, outcome: HookOutcome, rules: Vec<RuleRef>) {
        let trace = HookTrace {
            hook: index,
            stage: hook.stage,
            outcome,
            rules,
            packet: self.packet,
        };
        self.hop.steps.push(Step::Hook(trace));
    }

    pub(super) fn answers(&self) -> Option<&Memory> {
        self.hop.answers.as_ref()
    }
}

/// Undoes what the first packet's hooks did on the other side of the decision (S5).
fn restore(pass: &mut Pass, before: bool) {
    let Some(entry) = pass.hop.answers.as_ref() else {
        return;
    };
    if !entry.translated || pass.exempt {
        return;
    }
    let first = if before {
        entry.decided
    } else {
        entry.received
    };
    let mut packet = Packet {
        source: first.destination,
        destination: first.source,
        ..pass.packet
    };
    if packet.protocol.has_ports() {
        packet.source_port = first.destination_port;
        packet.destination_port = first.source_port;
    }
    if packet != pass.packet {
        pass.packet = packet;
        pass.hop.steps.push(Step::Restored(packet));
    }
}

/// Returns the reasons of the device's unread lines that `touches` picks.
pub(super) fn unread(
    device: &crate::model::Device,
    touches: impl Fn(&crate::model::Touches) -> bool,
) -> Vec<Unknown> {
    device
        .unread
        .iter()
        .filter(|line| touches(&line.touches))
        .map(|line| Unknown {
            origin: line.origin,
            reason: line.reason.clone(),
        })
        .collect()
}
