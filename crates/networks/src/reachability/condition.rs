//! Conditions as pairs of sets: where they surely hold, and where they may.

use super::chain::End;
use super::context::{Context, Reads, Role};
use super::limits::CONDITION_DEPTH_MAX;
use super::machine::{Machine, ported};
use super::seeded::bug;
use crate::model::{CALL_DEPTH_MAX, ChainId, Condition, DeviceId, Unknown};
use findings::Span;
use packets::{Address, Field, Fields, Intervals, PacketSets, Protocol, SetError};

/// Where a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truth<S> {
    /// Packets it surely holds for.
    pub(super) must: S,
    /// Packets it may hold for; `must` is among them.
    pub(super) may: S,
}

impl<S: Copy + PartialEq> Truth<S> {
    pub(super) fn known(set: S) -> Self {
        Self {
            must: set,
            may: set,
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.must == self.may
    }
}

/// A condition being worked out, and what could not be told on the way.
#[derive(Debug)]
pub(super) struct Evaluation<'a, S> {
    pub(super) device: DeviceId,
    pub(super) context: Context,
    /// The rule it belongs to, where it belongs to one.
    pub(super) origin: Option<Span>,
    /// What could not be told, and for which packets.
    pub(super) causes: &'a mut Vec<(Unknown, S)>,
}

/// Returns a condition as a conjunction of fields, where it is one.
pub(super) fn as_fields<A: Address>(
    condition: &Condition,
    context: Context,
    reflected: impl Fn(&str) -> Option<bool> + Copy,
    depth: usize,
) -> Option<Fields<A>> {
    let never = || Fields::any().with(Field::Protocol, &Intervals::none());
    let constant = |holds: bool| if holds { Fields::any() } else { never() };
    Some(match condition {
        Condition::All(parts) if depth < CONDITION_DEPTH_MAX => {
            let mut all = Fields::any();
            for part in parts {
                all = all.and(&as_fields(part, context, reflected, depth + 1)?);
            }
            all
        }
        Condition::Connection(states) => constant(context.seen.is_in(*states)?),
        Condition::EntersBy(set) => constant(
            context
                .enters
                .is_some_and(|interface| set.contains(interface)),
        ),
        Condition::LeavesBy(set) => constant(
            context
                .leaves
                .is_some_and(|interface| set.contains(interface)),
        ),
        Condition::Mark { value, .. } if bug(32) => Fields::any().mark(u32::MAX, *value),
        Condition::Mark { mask, value } => Fields::any().mark(*mask, *value),
        Condition::Reflected(name) => constant(reflected(name)?),
        _ => return header_fields(condition),
    })
}

/// Returns what one condition asks of one or two header fields; `None` where it
/// asks something else.
pub(super) fn header_fields<A: Address>(condition: &Condition) -> Option<Fields<A>> {
    Some(match condition {
        Condition::Always => Fields::any(),
        Condition::Source(set) => Fields::any().source(set).ok()?,
        Condition::Destination(set) => Fields::any().destination(set).ok()?,
        Condition::Protocol(list) => Fields::any().with(Field::Protocol, &numbers(list)),
        Condition::SourcePort(ports) if bug(24) => ported().destination_ports(ports),
        Condition::SourcePort(ports) => ported().source_ports(ports),
        Condition::DestinationPort(ports) if bug(23) => Fields::any().destination_ports(ports),
        Condition::DestinationPort(ports) => ported().destination_ports(ports),
        Condition::Icmp(kinds) => {
            let icmp = numbers(&[Protocol::ICMP, Protocol::ICMPV6]);
            if bug(26) {
                return Some(Fields::any().with(Field::Protocol, &icmp));
            }
            Fields::any().with(Field::Protocol, &icmp).icmp(kinds)
        }
        Condition::TcpFlags(_) if bug(25) => Fields::any().protocol(Protocol::TCP),
        Condition::TcpFlags(flags) => Fields::any().protocol(Protocol::TCP).tcp_flags(*flags),
        Condition::LaterFragment => Fields::any().fragment(packets::Fragment::Later),
        _ => return None,
    })
}

fn numbers<A: Address>(list: &[Protocol]) -> Intervals<A> {
    Intervals::small(
        list.iter()
            .map(|protocol| u32::from(protocol.0)..=u32::from(protocol.0)),
    )
}

impl<S: PacketSets> Machine<'_, S> {
    /// Tells whether the list of this name has an entry for the packet.
    ///
    /// `None` for a name beyond those that a context can hold.
    pub(super) fn reflected(&self, device: DeviceId, context: Context, name: &str) -> Option<bool> {
        let names = &self.world.facts(device)?.reflects;
        let place = names.binary_search(&name).ok()?;
        let bit = 1_u64.checked_shl(u32::try_from(place).ok()?)?;
        Some(context.reflected & if bug(46) { u64::MAX } else { bit } != 0)
    }

    /// Finds where a condition holds.
    pub(super) fn truth(
        &mut self,
        condition: &Condition,
        evaluation: &mut Evaluation<'_, S::Set>,
        depth: usize,
    ) -> Result<Truth<S::Set>, SetError> {
        let (device, context) = (evaluation.device, evaluation.context);
        let fields = {
            let reflected = |name: &str| self.reflected(device, context, name);
            as_fields(condition, context, reflected, depth)
        };
        if let Some(fields) = fields {
            return Ok(Truth::known(self.sets.fields(&fields)?));
        }
        if depth >= CONDITION_DEPTH_MAX {
            return Ok(self.untold(evaluation, None, "the condition is nested too deeply"));
        }
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                let all = matches!(condition, Condition::All(_)) || bug(29);
                let (mut must, mut may) = (Vec::new(), Vec::new());
                for part in parts {
                    let truth = self.truth(part, evaluation, depth + 1)?;
                    must.push(truth.must);
                    may.push(truth.may);
                }
                let known = must == may;
                let must = if all {
                    self.sets.all(&must)?
                } else {
                    self.sets.any(&must)?
                };
                if known {
                    return Ok(Truth::known(must));
                }
                let may = if all {
                    self.sets.all(&may)?
                } else {
                    self.sets.any(&may)?
                };
                Ok(Truth { must, may })
            }
            Condition::Not(part) => {
                let truth = self.truth(part, evaluation, depth + 1)?;
                Ok(Truth {
                    must: self.sets.not(if bug(27) { truth.must } else { truth.may }),
                    may: self.sets.not(truth.must),
                })
            }
            Condition::Accepted(chain) => self.accepted(*chain, evaluation),
            Condition::Unknown(unknown) => Ok(self.untold(evaluation, Some(unknown), "")),
            Condition::Connection(_) => {
                Ok(self.untold(evaluation, None, "an ICMP error may be related or invalid"))
            }
            _ => Ok(self.untold(evaluation, None, "the values fall into too many intervals")),
        }
    }

    /// Finds which packets a list accepts that is used as a matcher.
    fn accepted(
        &mut self,
        chain: ChainId,
        evaluation: &mut Evaluation<'_, S::Set>,
    ) -> Result<Truth<S::Set>, SetError> {
        let reads = self.reads(evaluation.device, chain);
        if reads.is_none_or(|reads| reads.cyclic || reads.depth >= CALL_DEPTH_MAX) {
            return Ok(self.untold(evaluation, None, "the list cannot be tried here"));
        }
        let context = Context {
            role: Role::Matcher,
            ..evaluation.context
        };
        let compiled = self.hook_chain(evaluation.device, chain, context)?;
        let mut accepted = Vec::new();
        let mut otherwise = Vec::new();
        for outcome in &compiled.outcomes {
            match outcome.end {
                End::Drop if !bug(30) => otherwise.push(outcome.guard),
                End::Unknown => {
                    accepted.push(outcome.guard);
                    otherwise.push(outcome.guard);
                }
                _ => accepted.push(outcome.guard),
            }
        }
        evaluation.causes.extend(compiled.causes.iter().cloned());
        let may = self.sets.any(&accepted)?;
        let otherwise = self.sets.any(&otherwise)?;
        Ok(Truth {
            must: self.sets.not(otherwise),
            may,
        })
    }

    /// Returns what a chain reads, or `None` where there is no such chain.
    pub(super) fn reads(&self, device: DeviceId, chain: ChainId) -> Option<Reads> {
        self.world.facts(device)?.reads.get(chain.index()).copied()
    }

    /// Nothing can be told of any packet.
    fn untold(
        &mut self,
        evaluation: &mut Evaluation<'_, S::Set>,
        unknown: Option<&Unknown>,
        reason: &str,
    ) -> Truth<S::Set> {
        let own = |origin| Unknown {
            origin,
            reason: reason.to_owned(),
        };
        let cause = unknown.cloned().or_else(|| evaluation.origin.map(own));
        let full = self.sets.full();
        evaluation.causes.extend(cause.map(|cause| (cause, full)));
        Truth {
            must: self.sets.empty(),
            may: if bug(28) { self.sets.empty() } else { full },
        }
    }
}
