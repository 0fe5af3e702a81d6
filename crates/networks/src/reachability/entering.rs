//! What becomes of packets as they enter a device, before any hook.
//!
//! In the order of the model's clauses E2 to E5: unread lines, later fragments,
//! reverse-path checks, and where a packet stands to the sessions of the device.

use super::context::Seen;
use super::machine::Machine;
use super::seeded::bug;
use super::world::{Facts, leaves_by};
use crate::forwarding::FibAction;
use crate::model::{
    ConnectionState, DeviceId, InterfaceId, OutOfState, Port, ReversePath, Unknown, VrfId,
};
use packets::{Address, Field, Fields, Fragment, Intervals, PacketSets, Protocol, SetError};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Packets that enter alike; entries of one place share no packet and together
/// are all packets.
#[derive(Debug, Clone)]
pub(super) struct Entry<S> {
    pub(super) guard: S,
    pub(super) becomes: Becomes,
}

/// What becomes of packets that enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Becomes {
    Unknown(Vec<Unknown>),
    Dropped,
    /// They meet the hooks.
    Goes {
        /// What [`crate::model::Condition::Connection`] sees.
        seen: Seen,
        /// Whether they make a session if the device lets them go.
        keep: bool,
        /// Whether they pass every hook unseen.
        bypass: bool,
    },
}

/// Values of a source that pass, fail, or are not known to.
struct Check<A> {
    fail: Intervals<A>,
    unknown: Intervals<A>,
}

impl<S: PacketSets> Machine<'_, S> {
    /// Returns what becomes of packets that enter a device by a port, or that it
    /// sends itself, when they belong to a session there or to none.
    pub(super) fn entries(
        &mut self,
        device: DeviceId,
        port: Option<Port>,
        session: bool,
    ) -> Result<Arc<Vec<Entry<S::Set>>>, SetError> {
        let key = (device, port, session);
        if let Some(known) = self.entries.get(&key) {
            return Ok(Arc::clone(known));
        }
        let world = Arc::clone(&self.world);
        let entries = match world.facts(device) {
            Some(facts) => self.entries_at(facts, port.map(|port| port.interface), session)?,
            None => vec![Entry {
                guard: self.sets.full(),
                becomes: Becomes::Dropped,
            }],
        };
        let entries = Arc::new(entries);
        self.compilations += 1;
        self.entries.insert(key, Arc::clone(&entries));
        Ok(entries)
    }

    fn entries_at(
        &mut self,
        facts: &Facts<'_, S::Key>,
        interface: Option<InterfaceId>,
        session: bool,
    ) -> Result<Vec<Entry<S::Set>>, SetError> {
        let full = self.sets.full();
        let mut unread = facts.unread.clone();
        if let Some(interface) = interface {
            unread.extend_from_slice(facts.unread_at(interface));
        }
        if !unread.is_empty() && !bug(1) {
            return Ok(vec![Entry {
                guard: full,
                becomes: Becomes::Unknown(unread),
            }]);
        }
        let mut entries = Vec::new();
        let mut left = full;
        if facts.tracks_all() && !bug(2) {
            let later = self.sets.fields(&Fields::any().fragment(Fragment::Later))?;
            let becomes = Becomes::Unknown(reassembles(facts));
            self.take(&mut entries, &mut left, later, becomes)?;
        }
        if let Some((interface, check)) =
            interface.and_then(|id| Some((id, facts.device.interface(id)?.reverse_path?)))
            && !(session && facts.device.sessions.answers_unchecked && !bug(22))
        {
            let check = reverse_path(facts, interface, check);
            let fail = self.from(&check.fail)?;
            let unknown = self.from(&check.unknown)?;
            let vrf = facts
                .device
                .interface(interface)
                .map_or(VrfId::DEFAULT, |at| at.vrf);
            if !bug(3) {
                self.take(&mut entries, &mut left, fail, Becomes::Dropped)?;
            }
            let causes = facts.unknown_routes(vrf).to_vec();
            self.take(&mut entries, &mut left, unknown, Becomes::Unknown(causes))?;
        }
        self.classify(facts, session, &mut entries, &mut left)?;
        Ok(entries)
    }

    /// Splits what is left by where it stands to the sessions of the device.
    fn classify(
        &mut self,
        facts: &Facts<'_, S::Key>,
        session: bool,
        entries: &mut Vec<Entry<S::Set>>,
        left: &mut S::Set,
    ) -> Result<(), SetError> {
        let new = if facts.tracks_all() {
            ConnectionState::New
        } else {
            ConnectionState::Untracked
        };
        let goes = |state: Seen, keep: bool, bypass: bool| Becomes::Goes {
            seen: if facts.reads_connection {
                state
            } else {
                Seen::As(ConnectionState::New)
            },
            keep: keep && (facts.tracks_all() || bug(21)) && facts.sessions_matter,
            bypass,
        };
        let everything = self.sets.full();
        if session {
            let established = goes(Seen::As(ConnectionState::Established), true, false);
            return self.take(entries, left, everything, established);
        }
        let sessions = &facts.device.sessions;
        let tcp = self.tcp_out_of_state()?;
        let answers = self.icmp_types([&ICMP_ANSWERS, &ICMPV6_ANSWERS])?;
        let errors = self.icmp_types([&ICMP_ERRORS, &ICMPV6_ERRORS])?;
        let invalid = Seen::As(ConnectionState::Invalid);
        for (set, setting, error) in [
            (tcp, sessions.tcp_out_of_state, false),
            (answers, sessions.icmp_out_of_state, false),
            (errors, sessions.icmp_out_of_state, true),
        ] {
            let becomes = match (setting, error) {
                (OutOfState::New, _) => continue,
                (OutOfState::Drop, false) if bug(4) => continue,
                (OutOfState::Drop, false) => Becomes::Dropped,
                (OutOfState::Drop, true) if bug(19) => Becomes::Dropped,
                (OutOfState::Drop, true) => Becomes::Unknown(quotes(facts)),
                (OutOfState::Invalid, false) => goes(invalid, false, false),
                (OutOfState::Invalid, true) => goes(Seen::RelatedOrInvalid, false, false),
                (OutOfState::Bypass, _) => goes(Seen::As(new), false, true),
            };
            self.take(entries, left, set, becomes)?;
        }
        self.take(entries, left, everything, goes(Seen::As(new), true, false))
    }

    /// Gives packets that are left to an entry.
    fn take(
        &mut self,
        entries: &mut Vec<Entry<S::Set>>,
        left: &mut S::Set,
        set: S::Set,
        becomes: Becomes,
    ) -> Result<(), SetError> {
        let guard = self.sets.and(*left, set)?;
        if self.sets.is_empty(guard) {
            return Ok(());
        }
        *left = self.sets.difference(*left, set)?;
        match entries.iter_mut().find(|entry| entry.becomes == becomes) {
            Some(entry) => entry.guard = self.sets.or(entry.guard, guard)?,
            None => entries.push(Entry { guard, becomes }),
        }
        Ok(())
    }

    /// TCP other than SYN without ACK.
    fn tcp_out_of_state(&mut self) -> Result<S::Set, SetError> {
        let bit = |value: u32| Intervals::one(S::Key::from_u32(value));
        let tcp = Fields::any()
            .protocol(Protocol::TCP)
            .fragment(Fragment::First);
        let opens = tcp
            .clone()
            .with(Field::Syn, &bit(1))
            .with(Field::Ack, &bit(0));
        let (tcp, opens) = (self.sets.fields(&tcp)?, self.sets.fields(&opens)?);
        self.sets.difference(tcp, opens)
    }

    /// Packets with one of these types of ICMP, or of ICMP for IPv6: by the
    /// protocol number, whatever the family.
    fn icmp_types(&mut self, types: [&[RangeInclusive<u32>]; 2]) -> Result<S::Set, SetError> {
        let mut all = self.sets.empty();
        for (protocol, types) in [Protocol::ICMP, Protocol::ICMPV6].into_iter().zip(types) {
            let types = Intervals::small(types.iter().cloned());
            let of = Fields::any()
                .protocol(protocol)
                .with(Field::DestinationPort, &types)
                .fragment(Fragment::First);
            let of = self.sets.fields(&of)?;
            all = self.sets.or(all, of)?;
        }
        Ok(all)
    }
}

/// ICMP answers: they open nothing (RFC 792).
const ICMP_ANSWERS: [RangeInclusive<u32>; 4] = [0..=0, 14..=14, 16..=16, 18..=18];

/// The same of ICMP for IPv6 (RFC 4443 section 4.2, RFC 4620).
const ICMPV6_ANSWERS: [RangeInclusive<u32>; 2] = [129..=129, 140..=140];

/// ICMP errors: they quote the packet they are about (RFC 792).
const ICMP_ERRORS: [RangeInclusive<u32>; 2] = [3..=5, 11..=12];

/// The same of ICMP for IPv6 (RFC 4443 section 2.1).
const ICMPV6_ERRORS: [RangeInclusive<u32>; 1] = [0..=127];

fn reassembles<A>(facts: &Facts<'_, A>) -> Vec<Unknown> {
    cause_of_sessions(
        facts,
        "a later fragment is judged by a header it does not carry",
    )
}

fn quotes<A>(facts: &Facts<'_, A>) -> Vec<Unknown> {
    cause_of_sessions(facts, "an ICMP error is judged by the packet it quotes")
}

/// A cause that is no line of its own: the line that set the sessions, or the
/// first interface's for a device as it comes.
fn cause_of_sessions<A>(facts: &Facts<'_, A>, reason: &str) -> Vec<Unknown> {
    let own = facts.device.sessions.origin;
    let origin = own.or_else(|| {
        facts
            .device
            .interfaces
            .first()
            .map(|interface| interface.origin)
    });
    origin
        .into_iter()
        .map(|origin| Unknown {
            origin,
            reason: reason.to_owned(),
        })
        .collect()
}

/// Finds which sources fail the check of an interface.
fn reverse_path<A: Address>(
    facts: &Facts<'_, A>,
    interface: InterfaceId,
    check: ReversePath,
) -> Check<A> {
    let default_counts = match check {
        ReversePath::Strict { default_counts }
        | ReversePath::Feasible { default_counts }
        | ReversePath::Loose { default_counts } => default_counts,
    };
    let vrf = facts
        .device
        .interface(interface)
        .map_or(VrfId::DEFAULT, |at| at.vrf);
    let all = Intervals::range(A::ZERO, A::MAX);
    let (mut pass, mut unknown) = (Intervals::none(), Intervals::none());
    let mut left = vec![(all, vrf, vec![vrf])];
    while let Some((slice, vrf, asked)) = left.pop() {
        if matches!(check, ReversePath::Feasible { .. }) {
            let (found, open) = feasible(facts, vrf, interface, default_counts);
            pass = pass.or(&slice.and(&found));
            unknown = unknown.or(&slice.and(&open));
            continue;
        }
        let Some(fib) = facts.fib(vrf) else { continue };
        let counts = |length: u8| length > 0 || default_counts || bug(17);
        // The default route alone is looked at by its length.
        let counting = fib.values(|entry| entry.is_none_or(|(_, length)| counts(length)));
        for (part, action) in fib.cut(&slice) {
            let counted = part.and(&counting);
            if !facts.unknown_routes(vrf).is_empty() {
                // A default route that does not count is as if it were not there.
                unknown = unknown.or(&part.and(&counting.not(A::MAX)));
            }
            match action {
                Some(FibAction::Vrf(other)) if !asked.contains(other) => {
                    let asked = asked.iter().chain([other]).copied().collect();
                    left.push((counted, *other, asked));
                }
                Some(FibAction::Unknown(_)) => unknown = unknown.or(&counted),
                None if !facts.unknown_routes(vrf).is_empty() => unknown = unknown.or(&counted),
                Some(action @ FibAction::Forward(_)) => {
                    let loose = matches!(check, ReversePath::Loose { .. }) || bug(18);
                    if loose || leaves_by(action, interface) {
                        pass = pass.or(&counted);
                    }
                }
                _ => {}
            }
        }
    }
    let unknown = unknown.and(&pass.not(A::MAX));
    Check {
        fail: pass.or(&unknown).not(A::MAX),
        unknown,
    }
}

/// The sources for which some entry, longest or not, leads back by an interface.
fn feasible<A: Address>(
    facts: &Facts<'_, A>,
    vrf: VrfId,
    interface: InterfaceId,
    default_counts: bool,
) -> (Intervals<A>, Intervals<A>) {
    let (mut found, mut open) = (Intervals::none(), Intervals::none());
    let mut left = vec![(Intervals::range(A::ZERO, A::MAX), vrf, vec![vrf])];
    while let Some((within, vrf, asked)) = left.pop() {
        let entries = facts
            .vrf_routing(vrf)
            .map_or(&[][..], |routing| routing.fib.entries());
        let mut known = Intervals::none();
        let (mut here, mut unsure) = (Intervals::none(), Intervals::none());
        let mut onward: Vec<(Intervals<A>, VrfId)> = Vec::new();
        // Of prefixes in each other the shortest comes first.
        for entry in entries {
            let part = super::world::addresses_of::<A>(&entry.prefix.into()).and(&within);
            if part.is_empty() {
                continue;
            }
            if entry.prefix.prefix_len() == 0 && !default_counts {
                continue;
            }
            known = known.or(&part);
            match &entry.action {
                FibAction::Discard => {
                    let others = part.not(A::MAX);
                    here = here.and(&others);
                    unsure = unsure.and(&others);
                    for (slice, _) in &mut onward {
                        *slice = slice.and(&others);
                    }
                    continue;
                }
                FibAction::Unknown(_) => unsure = unsure.or(&part),
                FibAction::Vrf(other) if !asked.contains(other) => {
                    onward.push((part.clone(), *other));
                }
                action if leaves_by(action, interface) => here = here.or(&part),
                _ => {}
            }
            for spare in facts.spare(vrf, entry.prefix, interface) {
                if spare.unknown.is_empty() {
                    here = here.or(&part);
                } else {
                    unsure = unsure.or(&part);
                }
            }
        }
        found = found.or(&here);
        open = open.or(&unsure);
        for (slice, other) in onward {
            let asked = asked.iter().copied().chain([other]).collect();
            left.push((slice, other, asked));
        }
        if !facts.unknown_routes(vrf).is_empty() {
            open = open.or(&within.and(&known.not(A::MAX)));
        }
    }
    (found, open)
}
