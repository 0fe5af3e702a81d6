//! Which features were met on the way to which dispositions.

use super::{Answer, Judged};
use crate::support::generate::{Generated, VIRTUAL};
use networks::interpret::{HookOutcome, HookTrace, HopTrace, Step, Trace, WayOut};
use networks::model::{
    Action, Condition, Device, Established, PortRewrite, Stage, Tracking, Translation, VrfId,
};
use packets::Fragment;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

/// What a packet met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    Ipv4,
    Ipv6,
    LaterFragment,
    EqualPaths,
    PolicyRouting,
    Vrfs,
    VirtualAddress,
    ReversePath,
    NestedChains,
    Marks,
    UnknownCondition,
    /// A line of a device on the way was not read.
    UnreadLine,
    Exempted,
    SourceTranslation,
    /// Source and source port are translated together.
    Pat,
    DestinationTranslation,
    PortChoice,
    AddressChoice,
    Tracking,
    TrackedByRule,
    Reflected,
    SentByDevice,
    AnswerTcp,
    AnswerOther,
    AnswerEstablished,
    AnswerEvaluated,
    AnswerUntranslated,
    AnswerAsymmetricTcp,
    AnswerAsymmetricUdp,
}

/// Every feature.
pub(crate) const FEATURES: [Feature; 29] = [
    Feature::Ipv4,
    Feature::Ipv6,
    Feature::LaterFragment,
    Feature::EqualPaths,
    Feature::PolicyRouting,
    Feature::Vrfs,
    Feature::VirtualAddress,
    Feature::ReversePath,
    Feature::NestedChains,
    Feature::Marks,
    Feature::UnknownCondition,
    Feature::UnreadLine,
    Feature::Exempted,
    Feature::SourceTranslation,
    Feature::Pat,
    Feature::DestinationTranslation,
    Feature::PortChoice,
    Feature::AddressChoice,
    Feature::Tracking,
    Feature::TrackedByRule,
    Feature::Reflected,
    Feature::SentByDevice,
    Feature::AnswerTcp,
    Feature::AnswerOther,
    Feature::AnswerEstablished,
    Feature::AnswerEvaluated,
    Feature::AnswerUntranslated,
    Feature::AnswerAsymmetricTcp,
    Feature::AnswerAsymmetricUdp,
];

/// The dispositions, as columns.
const COLUMNS: [&str; 11] = [
    "Delivered",
    "Accepted",
    "Dropped",
    "ReversePath",
    "OutOfState",
    "NoRoute",
    "Discarded",
    "NotForwarded",
    "Exits",
    "Loop",
    "Unknown",
];

/// What cannot happen, with the reason.
pub(crate) const IMPOSSIBLE: [(Feature, &str, &str); 2] = [
    (
        Feature::LaterFragment,
        "OutOfState",
        "later fragments show no flags, and devices that track all reassemble",
    ),
    (
        Feature::AnswerAsymmetricUdp,
        "OutOfState",
        "every UDP packet may open a session",
    ),
];

/// A feature and a disposition.
pub(crate) type Cell = (Feature, &'static str);

/// Counts of packets by feature and disposition; a packet counts once in a cell.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    cells: BTreeMap<Cell, usize>,
    answers: BTreeMap<Answer, usize>,
}

impl Coverage {
    /// Returns the cells that a packet is in.
    pub(crate) fn cells(generated: &Generated, judged: &Judged) -> BTreeSet<Cell> {
        let mut cells = BTreeSet::new();
        for trace in &judged.forward.traces {
            let name = trace.disposition.name();
            let met = features(generated, trace);
            cells.extend(met.into_iter().map(|one| (one, name)));
        }
        for (_, trace) in &judged.answers {
            let name = trace.disposition.name();
            let mut met = features(generated, trace);
            met.extend(answer_features(trace, judged.forward.traces.iter()));
            cells.extend(met.into_iter().map(|one| (one, name)));
        }
        cells
    }

    /// Returns what one way, there or back, met.
    pub(crate) fn of(generated: &Generated, judged: &Judged, trace: &Trace) -> BTreeSet<Feature> {
        let mut met = features(generated, trace);
        if judged.answers.iter().any(|(_, answer)| answer == trace) {
            met.extend(answer_features(trace, judged.forward.traces.iter()));
        }
        met
    }

    /// Tells whether one of the cells was met less often than this.
    pub(crate) fn is_thin(&self, cells: &BTreeSet<Cell>, least: usize) -> bool {
        let count = |cell: &Cell| self.cells.get(cell).copied().unwrap_or(0);
        cells.iter().any(|cell| count(cell) < least)
    }

    /// Returns how often a cell was met; never, for one that cannot be.
    pub(crate) fn count(&self, cell: &Cell) -> Option<usize> {
        let same = |known: &(Feature, &str, &str)| (known.0, known.1) == *cell;
        let possible = !IMPOSSIBLE.iter().any(same);
        possible.then(|| self.cells.get(cell).copied().unwrap_or(0))
    }

    pub(crate) fn add(&mut self, cells: BTreeSet<Cell>, judged: &Judged) {
        for cell in cells {
            *self.cells.entry(cell).or_default() += 1;
        }
        let answers: BTreeSet<Answer> = judged.answers.iter().map(|(answer, _)| *answer).collect();
        for answer in answers {
            *self.answers.entry(answer).or_default() += 1;
        }
    }

    /// Returns the cell that was met least, of those that can be met.
    pub(crate) fn least(&self) -> (usize, Cell) {
        let cells = FEATURES
            .into_iter()
            .flat_map(|feature| COLUMNS.map(|column| (feature, column)));
        let counted = cells.filter_map(|cell| Some((self.count(&cell)?, cell)));
        counted.min().unwrap()
    }

    pub(crate) fn join(&mut self, other: Self) {
        for (cell, count) in other.cells {
            *self.cells.entry(cell).or_default() += count;
        }
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<24}", "")?;
        for column in COLUMNS {
            write!(f, "{column:>13}")?;
        }
        writeln!(f)?;
        for feature in FEATURES {
            write!(f, "{:<24}", format!("{feature:?}"))?;
            for column in COLUMNS {
                let count = self.cells.get(&(feature, column)).copied().unwrap_or(0);
                write!(f, "{count:>13}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "answers: {:?}", self.answers)
    }
}

fn features(generated: &Generated, trace: &Trace) -> BTreeSet<Feature> {
    let mut met = BTreeSet::new();
    let packet = &trace.packet;
    met.insert(if packet.source.is_ipv4() {
        Feature::Ipv4
    } else {
        Feature::Ipv6
    });
    if packet.fragment == Fragment::Later {
        met.insert(Feature::LaterFragment);
    }
    for hop in &trace.hops {
        if let Some(device) = generated.built.network.device(hop.device) {
            of_hop(&mut met, device, hop);
        }
    }
    met
}

fn of_hop(met: &mut BTreeSet<Feature>, device: &Device, hop: &HopTrace) {
    if hop.enters.is_none() {
        met.insert(Feature::SentByDevice);
    }
    if !device.unread.is_empty() {
        met.insert(Feature::UnreadLine);
    }
    if device.sessions.tracking == Tracking::All {
        met.insert(Feature::Tracking);
    }
    let vrf = |id| {
        device
            .interface(id)
            .map_or(VrfId::DEFAULT, |interface| interface.vrf)
    };
    let entered = hop.enters.map_or(VrfId::DEFAULT, vrf);
    if entered != VrfId::DEFAULT || hop.leaves.is_some_and(|out| vrf(out.interface) != entered) {
        met.insert(Feature::Vrfs);
    }
    let shared = |address: IpAddr| match address {
        IpAddr::V4(address) => usize::from(address.octets()[3]) == VIRTUAL,
        IpAddr::V6(address) => usize::from(address.segments()[7]) == VIRTUAL,
    };
    if hop
        .leaves
        .is_some_and(|out| out.gateway.is_some_and(shared))
    {
        met.insert(Feature::VirtualAddress);
    }
    let reflects = |memory: &networks::interpret::Memory| !memory.reflected.is_empty();
    if hop.memory.as_ref().is_some_and(reflects) {
        met.insert(Feature::Reflected);
    }
    for step in &hop.steps {
        match step {
            Step::ReversePathPassed => {
                met.insert(Feature::ReversePath);
            }
            Step::Restored(_) => {
                met.insert(Feature::AnswerUntranslated);
            }
            Step::Decided(decision) => {
                if decision.ways.len() > 1 {
                    met.insert(Feature::EqualPaths);
                }
                let routed = device
                    .vrf(entered)
                    .is_some_and(|vrf| vrf.policy_routing.is_some());
                if routed && !decision.ways.contains(&WayOut::Local) {
                    met.insert(Feature::PolicyRouting);
                }
            }
            Step::Hook(hook) => of_hook(met, device, hop, hook),
        }
    }
}

fn of_hook(met: &mut BTreeSet<Feature>, device: &Device, hop: &HopTrace, hook: &HookTrace) {
    let chains: BTreeSet<_> = hook.rules.iter().map(|rule| rule.chain).collect();
    if chains.len() > 1 {
        met.insert(Feature::NestedChains);
    }
    if hook.outcome == HookOutcome::Skipped {
        met.insert(Feature::AnswerEstablished);
    }
    let established = device.hooks.get(hook.hook).map(|hook| hook.established);
    let session = hop.answers.as_ref().is_some_and(|entry| entry.session);
    if session && established == Some(Established::Evaluate) {
        met.insert(Feature::AnswerEvaluated);
    }
    let own = device
        .hooks
        .get(hook.hook)
        .and_then(|hook| device.chain(hook.chain));
    if own.is_some_and(|chain| chain.rules.iter().any(|rule| is_unknown(&rule.condition))) {
        met.insert(Feature::UnknownCondition);
    }
    for rule in &hook.rules {
        let chain = device.chain(rule.chain);
        let Some(rule) = chain
            .zip(rule.rule)
            .and_then(|(chain, at)| chain.rules.get(at))
        else {
            continue;
        };
        match &rule.action {
            Action::SetMark { .. } => met.insert(Feature::Marks),
            Action::NoTrack => met.insert(Feature::Exempted),
            Action::Accept(networks::model::SessionEffect::Track) => {
                met.insert(Feature::TrackedByRule)
            }
            Action::Translate(translation) => {
                of_translation(met, translation, hook.stage);
                true
            }
            _ => false,
        };
    }
}

fn of_translation(met: &mut BTreeSet<Feature>, translation: &Translation, _: Stage) {
    use networks::model::AddressRewrite::Pool;
    if translation.source.is_some() {
        met.insert(Feature::SourceTranslation);
    }
    if translation.source.is_some() && translation.source_port.is_some() {
        met.insert(Feature::Pat);
    }
    if translation.destination.is_some() {
        met.insert(Feature::DestinationTranslation);
    }
    let mut addresses = translation.source.iter().chain(&translation.destination);
    if addresses.any(|rewrite| matches!(rewrite, Pool(_))) {
        met.insert(Feature::AddressChoice);
    }
    let ports = translation.source_port.iter();
    let mut ports = ports.chain(&translation.destination_port);
    if ports.any(|rewrite| matches!(rewrite, PortRewrite::OneOf(_))) {
        met.insert(Feature::PortChoice);
    }
}

fn is_unknown(condition: &Condition) -> bool {
    match condition {
        Condition::Unknown(_) => true,
        Condition::Not(part) => is_unknown(part),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(is_unknown),
        _ => false,
    }
}

fn answer_features<'t>(answer: &Trace, forward: impl Iterator<Item = &'t Trace>) -> Vec<Feature> {
    use packets::Protocol;
    let devices =
        |trace: &Trace| -> BTreeSet<_> { trace.hops.iter().map(|hop| hop.device).collect() };
    let came = devices(answer);
    // Another way back than any way there.
    let asymmetric = forward
        .filter(|trace| trace.disposition.is_delivered())
        .all(|trace| !came.is_subset(&devices(trace)));
    match (answer.packet.protocol, asymmetric) {
        (Protocol::TCP, true) => vec![Feature::AnswerTcp, Feature::AnswerAsymmetricTcp],
        (Protocol::TCP, false) => vec![Feature::AnswerTcp],
        (Protocol::UDP, true) => vec![Feature::AnswerOther, Feature::AnswerAsymmetricUdp],
        _ => vec![Feature::AnswerOther],
    }
}
