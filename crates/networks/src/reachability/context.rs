//! What a chain's outcome depends on besides the packet.

use super::solve::strongly_connected;
use crate::model::{
    Action, ChainId, Condition, ConnectionState, ConnectionStates, Device, InterfaceId, VrfId,
};

/// Where a packet stands to the sessions of a device, as chains see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Seen {
    /// One of the states, known.
    As(ConnectionState),
    /// An ICMP error: `Related` or `Invalid`, by a header that is not seen.
    RelatedOrInvalid,
}

impl Seen {
    /// Tells whether the packet is in one of the states; `None` when that is unknown.
    pub(super) fn is_in(self, states: ConnectionStates) -> Option<bool> {
        match self {
            Self::As(state) => Some(states.contains(state)),
            Self::RelatedOrInvalid => {
                let related = states.contains(ConnectionState::Related);
                (related == states.contains(ConnectionState::Invalid)).then_some(related)
            }
        }
    }
}

/// What a chain is tried for; decides which actions belong in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// A hook that filters.
    Filter,
    /// A list used as a matcher.
    Matcher,
    /// A hook that translates.
    Translation,
    /// Policy routing of a VRF.
    Policy(VrfId),
}

/// Everything besides the packet that a chain's outcome depends on.
///
/// Parts that a chain does not read are set to one value by
/// [`Context::for_reads`], so that contexts that do not differ for it are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Context {
    /// The interface the packet entered by; `None` for the device's own.
    pub(super) enters: Option<InterfaceId>,
    /// The interface it leaves by, at egress.
    pub(super) leaves: Option<InterfaceId>,
    pub(super) seen: Seen,
    /// The reflexive lists that have an entry for it: bits by position in the
    /// device's list of names.
    pub(super) reflected: u64,
    /// Whether a rule exempted it from tracking before.
    pub(super) exempt: bool,
    pub(super) role: Role,
}

impl Context {
    /// Forgets what a chain does not read.
    pub(super) fn for_reads(mut self, reads: Reads) -> Self {
        if !reads.enters {
            self.enters = None;
        }
        if !reads.leaves {
            self.leaves = None;
        }
        if !reads.connection {
            self.seen = Seen::As(ConnectionState::New);
        }
        if !reads.reflected {
            self.reflected = 0;
        }
        self.exempt &= reads.exempts;
        self
    }

    /// The same after a rule exempted the packet from tracking.
    pub(super) fn untracked(self) -> Self {
        Self {
            seen: Seen::As(ConnectionState::Untracked),
            exempt: true,
            ..self
        }
    }
}

/// Which parts of a context a chain reads, with all that it calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reads {
    pub(super) enters: bool,
    pub(super) leaves: bool,
    pub(super) connection: bool,
    pub(super) reflected: bool,
    pub(super) mark: bool,
    /// Whether it may exempt packets from tracking.
    pub(super) exempts: bool,
    /// How many chains are tried within each other, itself counted.
    pub(super) depth: usize,
    /// Whether it can come to be tried within itself.
    pub(super) cyclic: bool,
}

impl Reads {
    /// Returns what either reads.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            enters: self.enters || other.enters,
            leaves: self.leaves || other.leaves,
            connection: self.connection || other.connection,
            reflected: self.reflected || other.reflected,
            mark: self.mark || other.mark,
            exempts: self.exempts || other.exempts,
            depth: self.depth.max(other.depth),
            cyclic: self.cyclic || other.cyclic,
        }
    }

    /// Finds what each chain of a device reads.
    ///
    /// Chains are taken callees first, but for those on a cycle, which are not
    /// followed.
    pub(super) fn of_chains(device: &Device) -> Vec<Self> {
        let own: Vec<(Self, Vec<ChainId>)> = device
            .chains
            .iter()
            .map(|chain| {
                let mut reads = Self::default();
                let mut calls = Vec::new();
                for rule in &chain.rules {
                    reads.read_condition(&rule.condition, &mut calls);
                    match &rule.action {
                        Action::Call(callee) | Action::Goto(callee) => calls.push(*callee),
                        // Whether two outcomes are alike depends on their marks.
                        Action::SetMark { .. } => reads.mark = true,
                        Action::NoTrack => reads.exempts = true,
                        _ => {}
                    }
                }
                calls.sort_unstable();
                calls.dedup();
                calls.retain(|callee| callee.index() < device.chains.len());
                (reads, calls)
            })
            .collect();
        let everything = Self {
            enters: true,
            leaves: true,
            connection: true,
            reflected: true,
            mark: true,
            exempts: true,
            depth: 1,
            cyclic: true,
        };
        let mut done: Vec<Option<Self>> = vec![None; own.len()];
        for chain in on_cycles(&own) {
            if let Some(place) = done.get_mut(chain) {
                *place = Some(everything);
            }
        }
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); own.len()];
        let mut waiting: Vec<usize> = Vec::with_capacity(own.len());
        for (caller, (_, calls)) in own.iter().enumerate() {
            let open = |callee: &&ChainId| done.get(callee.index()) == Some(&None);
            waiting.push(calls.iter().filter(open).count());
            for callee in calls.iter().filter(open) {
                if let Some(list) = callers.get_mut(callee.index()) {
                    list.push(caller);
                }
            }
        }
        let free = |at: &usize| waiting.get(*at) == Some(&0) && done.get(*at) == Some(&None);
        let mut ready: Vec<usize> = (0..own.len()).filter(free).collect();
        while let Some(at) = ready.pop() {
            let Some((reads, calls)) = own.get(at) else {
                continue;
            };
            let below = calls
                .iter()
                .filter_map(|callee| done.get(callee.index()).copied().flatten());
            let mut reads = below.fold(*reads, Self::or);
            reads.depth += 1;
            // What it calls may call itself; that is refused there.
            reads.cyclic = false;
            if let Some(place) = done.get_mut(at) {
                *place = Some(reads);
            }
            for &caller in callers.get(at).into_iter().flatten() {
                if let Some(left) = waiting.get_mut(caller) {
                    *left -= 1;
                    if *left == 0 && done.get(caller) == Some(&None) {
                        ready.push(caller);
                    }
                }
            }
        }
        done.into_iter()
            .map(|reads| reads.unwrap_or(everything))
            .collect()
    }

    fn read_condition(&mut self, condition: &Condition, calls: &mut Vec<ChainId>) {
        let mut left = vec![condition];
        while let Some(condition) = left.pop() {
            match condition {
                Condition::All(parts) | Condition::Any(parts) => left.extend(parts),
                Condition::Not(part) => left.push(part),
                Condition::Connection(_) => self.connection = true,
                Condition::EntersBy(_) => self.enters = true,
                Condition::LeavesBy(_) => self.leaves = true,
                Condition::Mark { .. } => self.mark = true,
                Condition::Reflected(_) => self.reflected = true,
                Condition::Accepted(callee) => calls.push(*callee),
                _ => {}
            }
        }
    }
}

/// Returns the chains that can come to be tried within themselves.
fn on_cycles(own: &[(Reads, Vec<ChainId>)]) -> Vec<usize> {
    let calls = |chain: u32| -> Vec<u32> {
        let calls = own.get(chain as usize).map(|(_, calls)| calls);
        calls.into_iter().flatten().map(|callee| callee.0).collect()
    };
    strongly_connected(own.len(), calls)
        .into_iter()
        .filter(|group| group.len() > 1 || group.iter().any(|one| calls(*one).contains(one)))
        .flatten()
        .map(|chain| chain as usize)
        .collect()
}
