//! Which place comes next: from hook to hook, out of a device, onto a link.

use super::chain::End;
use super::deciding::{Fate, TableRef, Target};
use super::place::{AtHook, Held, Kept, Place, Standing};
use super::seeded::bug;
use super::ways::{Unknowns, note};
use super::world::{Facts, World};
use crate::forwarding::Hop;
use crate::model::{
    Action, DeviceId, Established, Hook, HookKind, InterfaceId, InterfaceKind, Port, Stage,
    Unknown, VrfId,
};
use packets::{Address, Intervals};

/// A packet at policy routing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deciding {
    pub(super) device: DeviceId,
    pub(super) vrf: VrfId,
    pub(super) enters: Option<InterfaceId>,
    pub(super) standing: Standing,
}

impl<A: Address> World<'_, A> {
    /// Returns the next place from a hook's position on: the hook, if it sees
    /// the packet, or what comes after.
    pub(super) fn first_hook(&self, at: AtHook) -> Place {
        self.scan(at, false)
    }

    /// Returns where a packet goes that a hook let past.
    pub(super) fn past_hook(&self, at: AtHook, untracked: bool) -> Place {
        let standing = Standing {
            untracked: at.standing.untracked || untracked,
            ..at.standing
        };
        self.scan(
            AtHook {
                position: at.position + 1,
                standing,
                ..at
            },
            false,
        )
    }

    pub(super) fn after_restoring(&self, at: AtHook) -> Place {
        self.scan(at, true)
    }

    /// `restored` tells whether translation was undone before the first position.
    fn scan(&self, mut at: AtHook, mut restored: bool) -> Place {
        let Some(facts) = self.facts(at.device) else {
            return Place::Dropped;
        };
        let standing = at.standing;
        let undone = standing.held.undo && !standing.untracked && !bug(42);
        let restoring = undone.then(|| facts.restoring_place(at.stage));
        let hooks = facts.hooks(at.stage);
        loop {
            if restoring == Some(at.position) && !restored {
                return Place::Restore(at);
            }
            restored = false;
            let Some(hook) = hooks.get(at.position) else {
                break;
            };
            let translates = hook.kind == HookKind::Translation;
            let unseen = standing.bypass
                || !in_scope(hook, at)
                || translates && (standing.untracked || standing.held.undo)
                || standing.held.session
                    && !standing.untracked
                    && (hook.established == Established::Skip || bug(41));
            if !unseen {
                return Place::Hook(at);
            }
            at.position += 1;
        }
        let AtHook {
            device,
            enters,
            standing,
            ..
        } = at;
        let kept = kept(facts, standing);
        match (at.stage, at.hop) {
            (Stage::Ingress | Stage::Output, _) => {
                let interface = enters.and_then(|id| facts.device.interface(id));
                let vrf = interface.map_or(VrfId::DEFAULT, |interface| interface.vrf);
                let enters = if facts.entering_matters {
                    enters
                } else {
                    enters.map(|_| ANY)
                };
                Place::Decide {
                    device,
                    vrf,
                    enters,
                    standing,
                }
            }
            (Stage::Egress, Some(hop)) => Place::Wire { device, hop, kept },
            (Stage::Egress, None) => Place::Dropped,
            (Stage::Local, _) => Place::Accepted { device, kept },
        }
    }

    /// Returns the first place of local delivery.
    pub(super) fn local(
        &self,
        device: DeviceId,
        enters: Option<InterfaceId>,
        standing: Standing,
    ) -> Place {
        let stage = Stage::Local;
        self.first_hook(AtHook {
            device,
            stage,
            position: 0,
            enters,
            hop: None,
            standing,
        })
    }

    pub(super) fn after_lookup<S>(
        &self,
        device: DeviceId,
        fate: Fate,
        enters: Option<InterfaceId>,
        standing: Standing,
        unknowns: &mut dyn Unknowns<S>,
    ) -> Vec<Place> {
        match fate {
            Fate::Local => vec![self.local(device, enters, standing)],
            Fate::NoRoute | Fate::Discard => vec![Place::Dropped],
            Fate::Unknown(causes) => vec![Place::Unknown(note(unknowns, &causes))],
            Fate::Hops(hops) => {
                let hops = hops.into_iter().take(if bug(20) { 1 } else { usize::MAX });
                let mut next: Vec<Place> = hops
                    .map(|hop| self.out(device, hop, enters, standing, unknowns))
                    .collect();
                next.dedup();
                next
            }
        }
    }

    /// Returns where an outcome of policy routing leads, where that is known.
    pub(super) fn after_rule<S>(
        &self,
        facts: &Facts<'_, A>,
        at: Deciding,
        end: &End,
        unknowns: &mut dyn Unknowns<S>,
        untold: &mut Vec<Unknown>,
    ) -> Option<Vec<Place>> {
        let Deciding {
            device,
            vrf,
            enters,
            standing,
        } = at;
        match end {
            End::Drop => Some(vec![Place::Dropped]),
            End::Accept(_) | End::Return | End::Through | End::Translate(_) => {
                let table = TableRef::Fib(vrf);
                Some(vec![Place::Lookup {
                    device,
                    table,
                    enters,
                    standing,
                }])
            }
            End::Route(chain, rule) => {
                let chain = facts.device.chain(*chain)?;
                let Action::Route(action) = &chain.rules.get(*rule)?.action else {
                    return None;
                };
                let targets = self.targets(device, vrf, action);
                let mut known = true;
                for target in &targets {
                    if let Target::Unknown(causes) = target {
                        known = false;
                        untold.extend_from_slice(causes);
                    }
                }
                if !known {
                    return None;
                }
                Some(self.after_policy(device, targets, enters, standing, unknowns))
            }
            End::Unknown => None,
        }
    }

    /// Returns the destinations for which one of several ways of policy routing
    /// is a table that does not tell: then none of them is told (F3).
    pub(super) fn undecided(
        &self,
        device: DeviceId,
        several: &[Place],
        slice: &Intervals<A>,
        untold: &mut Vec<Unknown>,
    ) -> Intervals<A> {
        let mut open = Intervals::none();
        let tables = several.iter().filter_map(|place| match place {
            Place::Lookup { table, .. } if several.len() > 1 => Some(*table),
            _ => None,
        });
        for table in tables {
            for (part, fate) in self.fates(device, table, slice) {
                if let Fate::Unknown(causes) = fate {
                    untold.extend(causes);
                    open = open.or(&part);
                }
            }
        }
        open
    }

    pub(super) fn after_policy<S>(
        &self,
        device: DeviceId,
        targets: Vec<Target>,
        enters: Option<InterfaceId>,
        standing: Standing,
        unknowns: &mut dyn Unknowns<S>,
    ) -> Vec<Place> {
        let mut next: Vec<Place> = targets
            .into_iter()
            .map(|target| match target {
                Target::Lookup(table) => Place::Lookup {
                    device,
                    table,
                    enters,
                    standing,
                },
                Target::Hop(hop) => self.out(device, hop, enters, standing, unknowns),
                Target::Discard => Place::Dropped,
                Target::Unknown(causes) => Place::Unknown(note(unknowns, &causes)),
            })
            .collect();
        next.dedup();
        next
    }

    /// Returns the first place of a way out.
    fn out<S>(
        &self,
        device: DeviceId,
        hop: Hop,
        enters: Option<InterfaceId>,
        standing: Standing,
        unknowns: &mut dyn Unknowns<S>,
    ) -> Place {
        let port = Port {
            device,
            interface: hop.interface,
        };
        let facts = self.facts(device);
        let interface = facts.and_then(|facts| facts.device.interface(hop.interface));
        let Some((facts, interface)) = facts.zip(interface) else {
            return Place::Gone { port };
        };
        if interface.kind == InterfaceKind::Null {
            return Place::Dropped;
        }
        let unread = facts.unread_at(hop.interface);
        if !unread.is_empty() {
            return Place::Unknown(note(unknowns, unread));
        }
        if !interface.is_up() {
            return Place::Gone { port };
        }
        let stage = Stage::Egress;
        self.first_hook(AtHook {
            device,
            stage,
            position: 0,
            enters,
            hop: Some(hop),
            standing,
        })
    }

    /// Returns who receives what a device sends to these destinations.
    pub(super) fn received(
        &self,
        device: DeviceId,
        hop: Hop,
        slice: &Intervals<A>,
    ) -> Vec<(Intervals<A>, Vec<Place>)> {
        let port = Port {
            device,
            interface: hop.interface,
        };
        let enter = |port: Port| Place::Enter {
            port,
            held: Held::default(),
        };
        let Some((id, link)) = self.link_id(port).and_then(|id| Some((id, self.link(id)?))) else {
            return vec![(slice.clone(), vec![Place::Gone { port }])];
        };
        if let Some(Some(other)) = self.tunnel_end(port, link) {
            return vec![(slice.clone(), vec![enter(other)])];
        }
        if let Some(gateway) = hop.gateway {
            let receivers = self.receivers(port, gateway);
            if receivers.is_empty() {
                return vec![(slice.clone(), vec![Place::Gone { port }])];
            }
            return vec![(slice.clone(), receivers.into_iter().map(enter).collect())];
        }
        let mut parts = vec![(slice.clone(), Vec::new())];
        if self.tunnel_end(port, link).is_none() {
            let others = || link.ports.iter().filter(|other| other.port != port);
            for other in others() {
                divide(&mut parts, &other.own, enter(other.port), |_| true);
            }
            let owned: Vec<bool> = parts.iter().map(|(_, next)| !next.is_empty()).collect();
            let (mut left, taken): (Vec<_>, Vec<_>) =
                parts.into_iter().zip(owned).partition(|(_, owned)| !owned);
            let mut open: Vec<(Intervals<A>, Vec<Place>)> =
                left.drain(..).map(|(part, _)| part).collect();
            for other in others() {
                divide(&mut open, &other.proxied, enter(other.port), |_| true);
            }
            open.extend(taken.into_iter().map(|(part, _)| part));
            parts = open;
        }
        let interface = self.network.interface(port);
        let nets = interface
            .into_iter()
            .flat_map(|interface| &interface.addresses);
        let attached = nets
            .map(|own| super::world::addresses_of::<A>(&own.net.trunc().into()))
            .fold(Intervals::none(), |all, net| all.or(&net));
        let all = Intervals::range(A::ZERO, A::MAX);
        divide(
            &mut parts,
            if bug(43) { &all } else { &attached },
            Place::Delivered { link: id, port },
            <[Place]>::is_empty,
        );
        divide(&mut parts, &all, Place::Gone { port }, <[Place]>::is_empty);
        parts
    }
}

/// Adds a place to the destinations that it is for, where `wanted`.
fn divide<A: Address>(
    parts: &mut Vec<(Intervals<A>, Vec<Place>)>,
    values: &Intervals<A>,
    place: Place,
    wanted: impl Fn(&[Place]) -> bool,
) {
    let mut divided = Vec::with_capacity(parts.len() + 1);
    for (part, next) in std::mem::take(parts) {
        let inside = if wanted(&next) {
            part.and(values)
        } else {
            Intervals::none()
        };
        if inside.is_empty() {
            divided.push((part, next));
            continue;
        }
        let outside = part.and(&values.not(A::MAX));
        if !outside.is_empty() {
            divided.push((outside, next.clone()));
        }
        divided.push((inside, next.into_iter().chain([place]).collect()));
    }
    *parts = divided;
}

/// Stands for every interface, where the one a packet entered by does not matter.
const ANY: InterfaceId = InterfaceId(u32::MAX);

fn kept<A>(facts: &Facts<'_, A>, standing: Standing) -> Kept {
    let on_request = facts.sessions_matter && !standing.untracked && !standing.bypass;
    Kept {
        session: standing.keep && on_request,
        on_request,
        translation: !standing.untracked,
    }
}

/// Tells whether a hook is for the interfaces of a packet.
fn in_scope(hook: &Hook, at: AtHook) -> bool {
    let enters = hook
        .scope
        .enters
        .as_ref()
        .is_none_or(|set| at.enters.is_some_and(|interface| set.contains(interface)));
    let leaves = hook.scope.leaves.as_ref().is_none_or(|set| {
        at.stage != Stage::Egress || at.hop.is_some_and(|hop| set.contains(hop.interface))
    });
    (enters || bug(40)) && leaves
}
