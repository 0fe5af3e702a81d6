//! Conditions, three-valued (Kleene).

use super::chain::Evaluation;
use super::sessions;
use crate::model::{ChainId, Condition, InterfaceSet, Unknown};
use packets::Fragment;

/// How deep conditions may stand in each other; deeper ones are unknown.
const CONDITION_DEPTH_MAX: usize = 64;

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    /// It does.
    True,
    /// It does not.
    False,
    /// It cannot be told, and why.
    Unknown(Vec<Unknown>),
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Truth {
    fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

/// What a rule's condition is asked about.
pub(super) struct Question<'e, 'a> {
    /// Everything that stays the same while a hook runs.
    pub(super) evaluation: &'e Evaluation<'a>,
    /// The mark as it is now.
    pub(super) mark: u32,
    /// Whether a rule exempted the packet from tracking.
    pub(super) exempt: bool,
    /// The chains that are being tried, outermost first.
    pub(super) stack: &'e [ChainId],
}

impl Question<'_, '_> {
    /// Answers for a condition.
    pub(super) fn ask(&self, condition: &Condition) -> Truth {
        self.ask_at(condition, 0)
    }

    fn ask_at(&self, condition: &Condition, depth: usize) -> Truth {
        if depth > CONDITION_DEPTH_MAX {
            return self.unknown("the condition is nested too deep");
        }
        match condition {
            Condition::Always => Truth::True,
            Condition::All(parts) => {
                // True unless a part says otherwise; the first `False` wins.
                self.combine(parts, depth, &Truth::False)
            }
            Condition::Any(parts) => self.combine(parts, depth, &Truth::True),
            Condition::Not(part) => self.ask_at(part, depth + 1).negated(),
            Condition::Connection(states) => self.connection(*states),
            Condition::Accepted(chain) => self.evaluation.accepted(self, *chain),
            Condition::Unknown(unknown) => Truth::Unknown(vec![unknown.clone()]),
            Condition::Reflected(name) => {
                let evaluation = self.evaluation;
                sessions::is_reflected(
                    evaluation.device_id,
                    evaluation.memories,
                    name,
                    &evaluation.packet,
                )
                .into()
            }
            header => self.holds(header).into(),
        }
    }

    /// Joins parts: one that is `decisive` decides; else any unknown; else the opposite.
    fn combine(&self, parts: &[Condition], depth: usize, decisive: &Truth) -> Truth {
        let mut unknowns = Vec::new();
        for part in parts {
            match self.ask_at(part, depth + 1) {
                truth if truth == *decisive => return truth,
                Truth::Unknown(more) => super::add_unknowns(&mut unknowns, more),
                _ => {}
            }
        }
        if unknowns.is_empty() {
            decisive.clone().negated()
        } else {
            Truth::Unknown(unknowns)
        }
    }

    fn connection(&self, states: crate::model::ConnectionStates) -> Truth {
        if self.exempt {
            return states
                .contains(crate::model::ConnectionState::Untracked)
                .into();
        }
        match self.evaluation.standing.is_in(states) {
            Ok(holds) => holds.into(),
            Err(unknown) => Truth::Unknown(vec![unknown]),
        }
    }

    /// Conditions on the header, the interfaces and the mark, which are never unknown.
    fn holds(&self, condition: &Condition) -> bool {
        let packet = &self.evaluation.packet;
        let whole = packet.fragment == Fragment::First;
        let among = |set: &InterfaceSet, id: Option<_>| id.is_some_and(|id| set.contains(id));
        match condition {
            Condition::Source(set) => set.contains(packet.source),
            Condition::Destination(set) => set.contains(packet.destination),
            Condition::Protocol(protocols) => protocols.contains(&packet.protocol),
            Condition::SourcePort(ports) => {
                whole && packet.protocol.has_ports() && ports.contains(packet.source_port)
            }
            Condition::DestinationPort(ports) => {
                whole && packet.protocol.has_ports() && ports.contains(packet.destination_port)
            }
            Condition::Icmp(icmp) => {
                let within = |range: &std::ops::RangeInclusive<u8>, value: u16| {
                    u16::from(*range.start()) <= value && value <= u16::from(*range.end())
                };
                whole
                    && packet.protocol.is_icmp()
                    && within(&icmp.types, packet.destination_port)
                    && within(&icmp.codes, packet.source_port)
            }
            Condition::TcpFlags(flags) => {
                whole
                    && packet.protocol == packets::Protocol::TCP
                    && flags.matches(packet.tcp_flags)
            }
            Condition::LaterFragment => !whole,
            Condition::EntersBy(set) => among(set, self.evaluation.enters),
            Condition::LeavesBy(set) => among(set, self.evaluation.leaves),
            Condition::Mark { mask, value } => self.mark & mask == *value,
            // Answered before they come here.
            Condition::Always
            | Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_)
            | Condition::Connection(_)
            | Condition::Reflected(_)
            | Condition::Accepted(_)
            | Condition::Unknown(_) => false,
        }
    }

    fn unknown(&self, reason: &str) -> Truth {
        Truth::Unknown(vec![Unknown {
            origin: sessions::start_of(self.evaluation.device),
            reason: reason.into(),
        }])
    }
}
