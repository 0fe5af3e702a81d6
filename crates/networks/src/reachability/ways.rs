//! Where packets go from a place: the model's clauses, one place at a time.

use super::chain::{End, Outcome};
use super::context::{Context, Role};
use super::deciding::{Fate, TableRef};
use super::entering::Becomes;
use super::machine::{Machine, Marking};
use super::onward::Deciding;
use super::place::{AtHook, Causes, Held, Note, Phase, Place, Standing, Turn, Way};
use super::seeded::bug;
use super::world::{Facts, World};
use crate::model::{DeviceId, Hook};
use crate::model::{HookKind, InterfaceId, Port, SessionEffect, Stage, Unknown, VrfId};
use packets::{Address, Intervals, PacketSets, Rewrite, SetError};
use std::sync::Arc;

/// Collects why packets are unknown, and gives each list a number.
pub(super) trait Unknowns<S> {
    /// Returns the number of these causes.
    fn note(&mut self, causes: Causes<S>) -> u32;
}

type Ways<S> = Vec<Way<<S as PacketSets>::Key, <S as PacketSets>::Set>>;

impl<S: PacketSets> Machine<'_, S> {
    /// Returns the ways from a place for packets to these destinations.
    pub(super) fn ways(
        &mut self,
        place: Place,
        slice: &Intervals<S::Key>,
        unknowns: &mut dyn Unknowns<S::Set>,
    ) -> Result<Ways<S>, SetError> {
        let world = Arc::clone(&self.world);
        match place {
            Place::Enter { port, held } => {
                self.enter(&world, port.device, Some(port), held, unknowns)
            }
            Place::Send { device, held } => self.enter(&world, device, None, held, unknowns),
            Place::Hook(at) => self.hook(&world, at, slice, unknowns),
            Place::Restore(at) => Ok(vec![Way {
                turn: Turn::Restore(Phase::of(at.stage)),
                ..Way::to(world.after_restoring(at))
            }]),
            Place::Decide {
                device,
                vrf,
                enters,
                standing,
            } => self.decide(&world, (device, vrf), enters, standing, slice, unknowns),
            Place::Policy {
                device,
                vrf,
                enters,
                standing,
            } => self.policy(&world, (device, vrf), enters, standing, slice, unknowns),
            Place::Lookup {
                device,
                table,
                enters,
                standing,
            } => {
                let fates = world.fates(device, table, slice);
                let mut ways = Vec::with_capacity(fates.len());
                for (part, fate) in fates {
                    let next = world.after_lookup(device, fate, enters, standing, unknowns);
                    ways.push((part, next));
                }
                self.split(slice, ways)
            }
            Place::Wire { device, hop, .. } => {
                let ways = world.received(device, hop, slice);
                self.split(slice, ways)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Makes ways of destinations and where each part of them goes.
    fn split(
        &mut self,
        slice: &Intervals<S::Key>,
        parts: Vec<(Intervals<S::Key>, Vec<Place>)>,
    ) -> Result<Ways<S>, SetError> {
        let mut ways = Vec::with_capacity(parts.len());
        for (part, next) in parts {
            let whole = part == *slice;
            let guard = if whole { None } else { Some(self.to(&part)?) };
            let (turn, note) = (Turn::Keep, Note::default());
            ways.push(Way {
                guard,
                turn,
                slice: (!whole).then_some(part),
                next,
                note,
            });
        }
        Ok(ways)
    }

    fn enter(
        &mut self,
        world: &World<'_, S::Key>,
        device: DeviceId,
        port: Option<Port>,
        held: Held,
        unknowns: &mut dyn Unknowns<S::Set>,
    ) -> Result<Ways<S>, SetError> {
        let Some(facts) = world.facts(device) else {
            return Ok(vec![Way::to(Place::Unknown(note(unknowns, &[])))]);
        };
        if let Some(port) = port {
            match facts.device.interface(port.interface) {
                None => return Ok(vec![Way::to(Place::Unknown(note(unknowns, &[])))]),
                Some(interface) if !interface.is_up() => {
                    return Ok(vec![Way::to(Place::Gone { port })]);
                }
                Some(_) => {}
            }
        }
        let entries = self.entries(device, port, held.session)?;
        let zero = Marking {
            mask: u32::MAX,
            value: 0,
        }
        .on(Rewrite::keep())?;
        let single = entries.len() == 1;
        let mut ways = Vec::with_capacity(entries.len());
        for entry in entries.iter() {
            let mut way = Way::to(match &entry.becomes {
                Becomes::Dropped => Place::Dropped,
                Becomes::Unknown(causes) => Place::Unknown(note(unknowns, causes)),
                Becomes::Goes { seen, keep, bypass } => {
                    let (seen, keep, bypass) = (*seen, *keep, *bypass);
                    let standing = Standing {
                        seen,
                        keep,
                        bypass,
                        untracked: false,
                        held,
                    };
                    let stage = if port.is_some() {
                        Stage::Ingress
                    } else {
                        Stage::Output
                    };
                    let enters = port.map(|port| port.interface);
                    let at = AtHook {
                        device,
                        stage,
                        position: 0,
                        enters,
                        hop: None,
                        standing,
                    };
                    world.first_hook(at)
                }
            });
            way.guard = (!single).then_some(entry.guard);
            if facts.reads_mark {
                way.turn = Turn::Rewrite(zero.clone());
            }
            ways.push(way);
        }
        Ok(ways)
    }

    fn hook(
        &mut self,
        world: &World<'_, S::Key>,
        at: AtHook,
        slice: &Intervals<S::Key>,
        unknowns: &mut dyn Unknowns<S::Set>,
    ) -> Result<Ways<S>, SetError> {
        let Some((facts, hook)) = world
            .facts(at.device)
            .and_then(|facts| Some((facts, *facts.hooks(at.stage).get(at.position)?)))
        else {
            return Ok(vec![Way::to(Place::Dropped)]);
        };
        let role = match hook.kind {
            HookKind::Filter => Role::Filter,
            HookKind::Translation => Role::Translation,
        };
        let leaves = at.hop.map(|hop| hop.interface);
        let context = self.context_of(at.standing, at.enters, leaves, role);
        let compiled = self.hook_chain(at.device, hook.chain, context)?;
        let mut ways = Vec::with_capacity(compiled.settled.len());
        for outcome in &compiled.settled {
            match &outcome.end {
                End::Drop => ways.push(guarded(outcome, Place::Dropped)),
                End::Accept(effect) => {
                    let mut way = guarded(outcome, world.past_hook(at, outcome.untracked));
                    way.note = noted(facts, effect);
                    way.turn = marked(facts, outcome.marking, Rewrite::keep())?;
                    ways.push(way);
                }
                End::Translate(translation) => {
                    let interface = own_interface(facts, at);
                    let plan = self.plan(translation, interface)?;
                    let next = world.past_hook(at, outcome.untracked);
                    for (set, rewrite) in plan.ways {
                        let mut way = guarded(outcome, next);
                        way.guard = Some(self.sets.and(outcome.guard, set)?);
                        way.slice = Some(super::rewriting::moved(
                            &rewrite,
                            packets::Field::Destination,
                            slice,
                        ));
                        way.turn = Turn::Rewrite(outcome.marking.on(rewrite)?);
                        way.note.translated = Some(Phase::of(at.stage));
                        ways.push(way);
                    }
                    let mut way = guarded(outcome, next);
                    way.guard = Some(self.sets.and(outcome.guard, plan.untouched)?);
                    way.turn = marked(facts, outcome.marking, Rewrite::keep())?;
                    ways.push(way);
                    let undoable = self.sets.and(outcome.guard, plan.undoable)?;
                    if !self.sets.is_empty(undoable) {
                        let cause = untranslatable(hook, facts);
                        let mut way = guarded(outcome, Place::Unknown(note(unknowns, &cause)));
                        way.guard = Some(undoable);
                        ways.push(way);
                    }
                }
                End::Unknown | End::Route(..) | End::Return | End::Through => {
                    let causes = compiled.causes.iter();
                    let causes = causes.map(|(unknown, set)| (unknown.clone(), Some(*set)));
                    let number = unknowns.note(causes.collect());
                    ways.push(guarded(outcome, Place::Unknown(number)));
                }
            }
        }
        ways.retain(|way| way.guard.is_none_or(|guard| !self.sets.is_empty(guard)));
        Ok(ways)
    }

    fn context_of(
        &self,
        standing: Standing,
        enters: Option<InterfaceId>,
        leaves: Option<InterfaceId>,
        role: Role,
    ) -> Context {
        let context = Context {
            enters,
            leaves,
            seen: standing.seen,
            reflected: standing.held.reflected,
            exempt: false,
            role,
        };
        if standing.untracked {
            context.untracked()
        } else {
            context
        }
    }

    fn decide(
        &mut self,
        world: &World<'_, S::Key>,
        (device, vrf): (DeviceId, VrfId),
        enters: Option<InterfaceId>,
        standing: Standing,
        slice: &Intervals<S::Key>,
        unknowns: &mut dyn Unknowns<S::Set>,
    ) -> Result<Ways<S>, SetError> {
        let Some(facts) = world.facts(device) else {
            return Ok(vec![Way::to(Place::Dropped)]);
        };
        let mut parts = Vec::new();
        let mut left = slice.clone();
        if let Some(own) = facts.own(vrf) {
            let local = left.and(own);
            if !local.is_empty() {
                left = left.and(&own.not(S::Key::MAX));
                parts.push((local, vec![world.local(device, enters, standing)]));
            }
        }
        if facts.is_host() && enters.is_some() && !bug(5) {
            parts.push((left, vec![Place::Dropped]));
            parts.retain(|(part, _)| !part.is_empty());
            return self.split(slice, parts);
        }
        for (touched, cause) in facts.unread_destinations(vrf) {
            let part = left.and(touched);
            if !part.is_empty() && !bug(6) {
                left = left.and(&touched.not(S::Key::MAX));
                let causes = std::slice::from_ref(cause);
                parts.push((part, vec![Place::Unknown(note(unknowns, causes))]));
            }
        }
        if !left.is_empty() {
            let policy = facts.device.vrf(vrf).and_then(|vrf| vrf.policy_routing);
            if policy.is_some() && !bug(7) {
                parts.push((
                    left,
                    vec![Place::Policy {
                        device,
                        vrf,
                        enters,
                        standing,
                    }],
                ));
            } else {
                for (part, fate) in world.fates(device, TableRef::Fib(vrf), &left) {
                    let next = world.after_lookup(device, fate, enters, standing, unknowns);
                    parts.push((part, next));
                }
            }
        }
        self.split(slice, parts)
    }

    fn policy(
        &mut self,
        world: &World<'_, S::Key>,
        (device, vrf): (DeviceId, VrfId),
        enters: Option<InterfaceId>,
        standing: Standing,
        slice: &Intervals<S::Key>,
        unknowns: &mut dyn Unknowns<S::Set>,
    ) -> Result<Ways<S>, SetError> {
        let found = world
            .facts(device)
            .and_then(|facts| Some((facts, facts.device.vrf(vrf)?.policy_routing?)));
        let Some((facts, chain)) = found else {
            return Ok(vec![Way::to(Place::Dropped)]);
        };
        let context = self.context_of(standing, enters, None, Role::Policy(vrf));
        let compiled = self.hook_chain(device, chain, context)?;
        // Outcomes are alike where they lead to the same places; where more than
        // one is possible, that is looked at for each destination.
        let mut alike: Vec<Outcome<S::Set>> = Vec::new();
        let mut targets: Vec<Vec<Place>> = Vec::new();
        let mut untold: Vec<Unknown> = Vec::new();
        for outcome in &compiled.outcomes {
            let untracked = standing.untracked || outcome.untracked;
            let standing = Standing {
                untracked,
                ..standing
            };
            let at = Deciding {
                device,
                vrf,
                enters,
                standing,
            };
            let next = world.after_rule(facts, at, &outcome.end, unknowns, &mut untold);
            let parts = match next.as_deref() {
                Some([Place::Lookup { table, .. }]) if compiled.uncertain => {
                    let mut parts = Vec::new();
                    for (part, fate) in world.fates(device, *table, slice) {
                        let unknown = if let Fate::Unknown(causes) = &fate {
                            untold.extend_from_slice(causes);
                            true
                        } else {
                            false
                        };
                        // No route is not the same decision as a null route.
                        let next = match fate {
                            Fate::NoRoute => Vec::new(),
                            fate => world.after_lookup(device, fate, enters, standing, unknowns),
                        };
                        parts.push((Some(part), (!unknown).then_some(next)));
                    }
                    parts
                }
                Some(several) => {
                    let open = world.undecided(device, several, slice, &mut untold);
                    let rest = slice.and(&open.not(S::Key::MAX));
                    match open.is_empty() {
                        true => vec![(None, next)],
                        false => vec![(Some(open), None), (Some(rest), next)],
                    }
                }
                None => vec![(None, None)],
            };
            for (part, next) in parts {
                let mut guard = outcome.guard;
                if let Some(part) = part.filter(|part| part != slice) {
                    let to = self.to(&part)?;
                    guard = self.sets.and(guard, to)?;
                }
                let end = match next {
                    None => End::Unknown,
                    Some(_) if outcome.end == End::Drop => End::Drop,
                    Some(next) => {
                        let known = targets.iter().position(|known| *known == next);
                        let place = known.unwrap_or_else(|| {
                            targets.push(next);
                            targets.len() - 1
                        });
                        End::Route(chain, place)
                    }
                };
                self.add(
                    &mut alike,
                    Outcome {
                        guard,
                        end,
                        ..outcome.clone()
                    },
                )?;
            }
        }
        let (unknown, alike) =
            self.unlike(&alike, |a, b| a.end == b.end && a.untracked == b.untracked)?;
        let mut ways = Vec::with_capacity(alike.len() + 1);
        for outcome in alike {
            let next = match outcome.end {
                End::Drop => vec![Place::Dropped],
                End::Route(_, place) => {
                    let next = targets.get(place).filter(|next| !next.is_empty());
                    next.cloned().unwrap_or_else(|| vec![Place::Dropped])
                }
                _ => continue,
            };
            let guard = Some(self.sets.difference(outcome.guard, unknown)?);
            let turn = marked(facts, outcome.marking, Rewrite::keep())?;
            let note = Note::default();
            ways.push(Way {
                guard,
                turn,
                slice: None,
                next,
                note,
            });
        }
        if !self.sets.is_empty(unknown) {
            let causes = compiled.causes.iter();
            let causes = causes.map(|(cause, set)| (cause.clone(), Some(*set)));
            let more = untold.into_iter().map(|cause| (cause, None));
            let number = unknowns.note(causes.chain(more).collect());
            ways.push(Way {
                guard: Some(unknown),
                ..Way::to(Place::Unknown(number))
            });
        }
        ways.retain(|way| way.guard.is_none_or(|guard| !self.sets.is_empty(guard)));
        Ok(ways)
    }
}

/// Gives causes, each for any packet, their number.
pub(super) fn note<S>(unknowns: &mut dyn Unknowns<S>, causes: &[Unknown]) -> u32 {
    unknowns.note(causes.iter().map(|cause| (cause.clone(), None)).collect())
}

fn guarded<A, S: Copy>(outcome: &Outcome<S>, next: Place) -> Way<A, S> {
    Way {
        guard: Some(outcome.guard),
        ..Way::to(next)
    }
}

/// The turn that sets a mark, where the device ever looks at one.
fn marked<A: Address>(
    facts: &Facts<'_, A>,
    marking: Marking,
    rewrite: Rewrite<A>,
) -> Result<Turn<A>, SetError> {
    if marking.is_nothing() || !facts.reads_mark {
        return Ok(Turn::Keep);
    }
    Ok(Turn::Rewrite(marking.on(rewrite)?))
}

/// What an accepting rule makes the device remember.
fn noted<A>(facts: &Facts<'_, A>, effect: &SessionEffect) -> Note {
    match effect {
        SessionEffect::None => Note::default(),
        SessionEffect::Track => Note {
            track: facts.sessions_matter,
            ..Note::default()
        },
        SessionEffect::Reflect(name) => {
            let place = facts.reflects.binary_search(&name.as_str()).ok();
            let place = place
                .and_then(|place| u8::try_from(place).ok())
                .filter(|place| *place < 64);
            Note {
                reflect: place,
                ..Note::default()
            }
        }
    }
}

/// The interface that a translation at this hook can take an address from.
fn own_interface<'n, A>(facts: &Facts<'n, A>, at: AtHook) -> Option<&'n crate::model::Interface> {
    let id = match at.stage {
        Stage::Egress => at.hop.map(|hop| hop.interface),
        Stage::Ingress | Stage::Local => at.enters,
        Stage::Output => None,
    };
    id.and_then(|id| facts.device.interface(id))
}

fn untranslatable<A>(hook: &Hook, facts: &Facts<'_, A>) -> Vec<Unknown> {
    let chain = facts.device.chain(hook.chain);
    let origin = hook
        .origin
        .or_else(|| chain?.origin)
        .or_else(|| Some(chain?.rules.first()?.origin));
    let reason = "the translation cannot be made for these packets".to_owned();
    origin
        .into_iter()
        .map(|origin| Unknown {
            origin,
            reason: reason.clone(),
        })
        .collect()
}
