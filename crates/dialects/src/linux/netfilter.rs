//! What both rule languages come to: chains, the netfilter hooks they hang on,
//! and the order of these.
//!
//! Priorities and hooks are those of `include/uapi/linux/netfilter_ipv4.h`:
//! raw -300, connection tracking -200, mangle -150, destination NAT -100,
//! filter 0, security 50, source NAT 100.

use findings::{Code, FileId, Finding, Severity, SourceFile, Span};
use networks::model::{
    Action, Chain, ChainId, Condition, ConnectionState, ConnectionStates, Device, Established,
    Hook, HookKind, HookScope, Interface, InterfaceId, InterfaceKind, InterfaceSet, LineState,
    OutOfState, Rule, SessionEffect, Sessions, Stage, Touches, Tracking, Translation, Unknown,
    Unread,
};
use packets::{AddressSet, Family};
use std::collections::BTreeMap;

/// A name is used that nothing defines.
pub(super) const UNDEFINED: Code = Code::new("linux-undefined-reference");
/// A line that cannot be what the tool would load.
pub(super) const MALFORMED: Code = Code::new("linux-malformed-line");
/// A rule names an interface that the device does not have.
pub(super) const NO_SUCH_INTERFACE: Code = Code::new("linux-no-such-interface");
/// Chains that call each other in a circle.
pub(super) const CHAIN_CYCLE: Code = Code::new("linux-chain-cycle");

/// A place in the kernel where packets meet rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NetfilterHook {
    /// What came in, before routing.
    Prerouting,
    /// What is for the device itself.
    Input,
    /// What is forwarded.
    Forward,
    /// What the device itself sends.
    Output,
    /// What leaves.
    Postrouting,
}

/// A chain that hangs on a hook.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// Where.
    pub(super) hook: NetfilterHook,
    /// In which order; smaller first.
    pub(super) priority: i32,
    /// The chain.
    pub(super) chain: ChainId,
    /// Whether it translates: then the kernel shows it only the first packet of
    /// a flow.
    pub(super) nat: bool,
    /// The line that hangs it there.
    pub(super) origin: Span,
}

/// One file that is read: for spans, and the state of each line.
#[derive(Debug)]
pub(super) struct Text<'t> {
    /// Its id.
    pub(super) file: FileId,
    /// Its text.
    pub(super) source: &'t SourceFile,
    /// One state a line, as far as known.
    pub(super) states: Vec<LineState>,
}

impl<'t> Text<'t> {
    /// Starts reading a file; every line is harmless until it is read.
    pub(super) fn new(file: FileId, source: &'t SourceFile) -> Self {
        Self {
            file,
            source,
            states: vec![LineState::Harmless; source.line_count() as usize],
        }
    }

    /// Returns the span of a line, from one.
    pub(super) fn line(&self, line: u32) -> Span {
        Span::of_line(self.file, self.source, line).unwrap_or(Span {
            file: self.file,
            start: 0,
            end: 0,
        })
    }

    /// Returns the span of some bytes.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }

    /// Says how well a line was understood; the worst that was said stands, and
    /// a line that says something besides nothing is understood.
    pub(super) fn mark(&mut self, line: u32, state: LineState) {
        let rank = |state| match state {
            LineState::Harmless => 0,
            LineState::Understood => 1,
            LineState::NotModelledHarmless => 2,
            LineState::NotModelledCouldMatter => 3,
            LineState::NotRecognised => 4,
        };
        let at = (line as usize).wrapping_sub(1);
        if let Some(known) = self.states.get_mut(at)
            && rank(state) > rank(*known)
        {
            *known = state;
        }
    }

    /// Says how well every line that a span touches was understood.
    pub(super) fn mark_span(&mut self, span: Span, state: LineState) {
        let first = self.source.line_of(span.start);
        let last = self
            .source
            .line_of(span.end.saturating_sub(1).max(span.start));
        for line in first..=last {
            self.mark(line, state);
        }
    }
}

/// A device while it is read.
#[derive(Debug)]
pub(super) struct Builder {
    /// The device as far as it is known.
    pub(super) device: Device,
    /// What was wrong.
    pub(super) findings: Vec<Finding>,
    /// Whether interfaces are those that rules name (a rule set without a host file).
    pub(super) interfaces_open: bool,
    /// Whether some rule asks for the state of connections, or translates: the
    /// kernel then tracks every packet.
    pub(super) tracks: bool,
    /// Whether something decides by the mark of packets.
    pub(super) marks_matter: bool,
    bases: Vec<Base>,
    /// Where translating chains with rules hang, and for which family.
    translating: Vec<(NetfilterHook, Option<Family>)>,
    names: BTreeMap<String, InterfaceId>,
}

impl Builder {
    /// Starts with a device whose interfaces are known.
    pub(super) fn new(device: Device, interfaces_open: bool) -> Self {
        let names = device
            .interfaces()
            .map(|(id, interface)| (interface.name.clone(), id))
            .collect();
        Self {
            device,
            findings: Vec::new(),
            interfaces_open,
            tracks: false,
            marks_matter: false,
            bases: Vec::new(),
            translating: Vec::new(),
            names,
        }
    }

    /// Adds a chain without rules.
    pub(super) fn add_chain(&mut self, name: String, default: Action, origin: Span) -> ChainId {
        let id = ChainId(u32::try_from(self.device.chains.len()).unwrap_or(u32::MAX));
        self.device.chains.push(Chain {
            name,
            rules: Vec::new(),
            default,
            origin: Some(origin),
        });
        id
    }

    /// Returns a chain to add to.
    pub(super) fn chain(&mut self, id: ChainId) -> Option<&mut Chain> {
        self.device.chains.get_mut(id.index())
    }

    /// The kernel tries a further translating chain of a hook only where those
    /// before did not translate, which the order of hooks does not say.
    fn refuse_second_translation(&mut self, base: &Base, family: Option<Family>) {
        let overlaps =
            |other: &Option<Family>| family.is_none() || other.is_none() || *other == family;
        let second = base.nat
            && self
                .translating
                .iter()
                .any(|(hook, other)| *hook == base.hook && overlaps(other));
        if second {
            let reason = "several chains translate at one place";
            self.unread(base.origin, reason);
        }
        let rules = self.device.chain(base.chain).map(|chain| chain.rules.len());
        if base.nat && rules.is_some_and(|rules| rules > 0) {
            self.translating.push((base.hook, family));
        }
    }

    /// Hangs a chain on a hook. Packets of other families than `family`, and for
    /// a translating chain those that the kernel does not show it, pass unseen.
    pub(super) fn add_base(&mut self, base: Base, family: Option<Family>) {
        self.refuse_second_translation(&base, family);
        let guard = |condition| Rule {
            condition,
            action: Action::Accept(SessionEffect::None),
            origin: base.origin,
        };
        let mut guards = Vec::new();
        if let Some(family) = family {
            let other = match family {
                Family::V4 => Family::V6,
                Family::V6 => Family::V4,
            };
            guards.push(guard(Condition::Source(AddressSet::all_of(other))));
        }
        if base.nat {
            let invalid = ConnectionStates::new([ConnectionState::Invalid]);
            guards.push(guard(Condition::Connection(invalid)));
        }
        if let Some(chain) = self.chain(base.chain) {
            chain.rules.splice(0..0, guards);
        }
        self.bases.push(base);
    }

    /// Records something wrong.
    pub(super) fn warn(&mut self, code: Code, message: impl Into<String>, span: Span) {
        self.findings
            .push(Finding::new(code, Severity::Warning, message).at(span));
    }

    /// Records that any packet through the device could meet what was not read.
    pub(super) fn unread(&mut self, origin: Span, reason: impl Into<String>) {
        self.device.unread.push(Unread {
            origin,
            touches: Touches::Device,
            reason: reason.into(),
        });
    }

    /// Makes an interface of this name if there is none.
    pub(super) fn ensure_interface(&mut self, name: &str, origin: Span) {
        if self.names.contains_key(name) {
            return;
        }
        let id = InterfaceId(u32::try_from(self.device.interfaces.len()).unwrap_or(u32::MAX));
        let kind = match name {
            "lo" => InterfaceKind::Loopback,
            _ => InterfaceKind::Physical,
        };
        self.device
            .interfaces
            .push(Interface::new(name, kind, origin));
        self.names.insert(name.to_owned(), id);
    }

    /// Returns the interfaces whose name is `pattern`, or starts with it where
    /// it ends in `wildcard` (`+` in iptables, `*` in nft).
    pub(super) fn interfaces(
        &mut self,
        pattern: &str,
        wildcard: char,
        origin: Span,
    ) -> InterfaceSet {
        if let Some(prefix) = pattern.strip_suffix(wildcard) {
            return InterfaceSet::new(
                self.names
                    .range(prefix.to_owned()..)
                    .take_while(|(name, _)| name.starts_with(prefix))
                    .map(|(_, &id)| id),
            );
        }
        if let Some(&id) = self.names.get(pattern) {
            return InterfaceSet::new([id]);
        }
        if pattern != "lo" {
            let message = format!("interface `{pattern}` is not one of the device's");
            self.warn(NO_SUCH_INTERFACE, message, origin);
        }
        InterfaceSet::default()
    }

    /// Puts the chains in the order in which the kernel tries them, and says
    /// what the device remembers.
    pub(super) fn finish(&mut self) {
        self.break_cycles();
        self.device.sessions = if self.tracks {
            Sessions {
                tracking: Tracking::All,
                tcp_out_of_state: OutOfState::Invalid,
                icmp_out_of_state: OutOfState::Invalid,
                ..Sessions::stateless()
            }
        } else {
            Sessions::stateless()
        };
        let mut bases = std::mem::take(&mut self.bases);
        bases.sort_by_key(|base| (base.hook, base.priority));
        let translates = self.translating_chains();
        let nat_in_use = translates.iter().any(|&translates| translates);
        let mut hooks = Vec::new();
        let mut translation_at = Vec::new();
        for base in bases {
            let idle = self.device.chain(base.chain).is_none_or(|chain| {
                chain.default == Action::Accept(SessionEffect::None)
                    && chain.rules.iter().all(|rule| {
                        matches!(
                            rule.action,
                            Action::Accept(SessionEffect::None) | Action::Continue
                        )
                    })
            });
            let keep_for_undoing = base.nat && nat_in_use;
            if idle && !keep_for_undoing {
                continue;
            }
            if base.nat {
                translation_at.push(base.hook);
            }
            hooks.push((base.hook, base.priority, self.hook(&base)));
        }
        if nat_in_use {
            self.add_missing_translation_hooks(&mut hooks, &translation_at);
        }
        hooks.sort_by_key(|&(hook, priority, _)| (hook, priority));
        self.device.hooks = hooks.into_iter().map(|(_, _, hook)| hook).collect();
    }

    fn hook(&self, base: &Base) -> Hook {
        let everywhere = InterfaceSet::new(self.device.interfaces().map(|(id, _)| id));
        let (stage, enters) = match base.hook {
            NetfilterHook::Prerouting => (Stage::Ingress, None),
            NetfilterHook::Input => (Stage::Local, None),
            // A packet that the device itself sends has no entering interface
            // and is not seen here.
            NetfilterHook::Forward => (Stage::Egress, Some(everywhere)),
            NetfilterHook::Output => (Stage::Output, None),
            NetfilterHook::Postrouting => (Stage::Egress, None),
        };
        Hook {
            stage,
            scope: HookScope {
                enters,
                leaves: None,
            },
            kind: if base.nat {
                HookKind::Translation
            } else {
                HookKind::Filter
            },
            chain: base.chain,
            established: if base.nat {
                Established::Skip
            } else {
                Established::Evaluate
            },
            origin: Some(base.origin),
        }
    }

    /// The kernel undoes translation at all four places as soon as one chain
    /// translates, whether or not a chain hangs there.
    fn add_missing_translation_hooks(
        &mut self,
        hooks: &mut Vec<(NetfilterHook, i32, Hook)>,
        present: &[NetfilterHook],
    ) {
        let Some(origin) = hooks.iter().find_map(|(_, _, hook)| hook.origin) else {
            return;
        };
        let places = [
            (NetfilterHook::Prerouting, -100),
            (NetfilterHook::Input, 100),
            (NetfilterHook::Output, -100),
            (NetfilterHook::Postrouting, 100),
        ];
        for (hook, priority) in places {
            if present.contains(&hook) {
                continue;
            }
            let accept = Action::Accept(SessionEffect::None);
            let chain = self.add_chain("translation undone".to_owned(), accept, origin);
            let base = Base {
                hook,
                priority,
                chain,
                nat: true,
                origin,
            };
            hooks.push((hook, priority, self.hook(&base)));
        }
    }

    /// Tells of every chain whether it, or one that it calls, translates.
    fn translating_chains(&self) -> Vec<bool> {
        self.device
            .chains
            .iter()
            .map(|chain| {
                chain
                    .rules
                    .iter()
                    .any(|rule| matches!(rule.action, Action::Translate(_)))
            })
            .collect()
    }

    /// Replaces calls that close a circle by what is not known; the kernel
    /// refuses to load such rules.
    fn break_cycles(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum Visit {
            Unseen,
            Open,
            Done,
        }
        let mut visits = vec![Visit::Unseen; self.device.chains.len()];
        let mut closing = Vec::new();
        for root in 0..self.device.chains.len() {
            if visits.get(root) != Some(&Visit::Unseen) {
                continue;
            }
            let mut path = vec![(root, 0)];
            while let Some((at, next)) = path.last_mut() {
                let (at, rule) = (*at, *next);
                *next += 1;
                if let Some(visit) = visits.get_mut(at) {
                    *visit = Visit::Open;
                }
                let Some(chain) = self.device.chains.get(at) else {
                    path.pop();
                    continue;
                };
                match chain.rules.get(rule).map(|rule| &rule.action) {
                    None => {
                        if let Some(visit) = visits.get_mut(at) {
                            *visit = Visit::Done;
                        }
                        path.pop();
                    }
                    Some(Action::Call(to) | Action::Goto(to)) => match visits.get(to.index()) {
                        Some(Visit::Unseen) => path.push((to.index(), 0)),
                        Some(Visit::Open) => closing.push((at, rule)),
                        _ => {}
                    },
                    Some(_) => {}
                }
            }
        }
        for (chain, rule) in closing {
            self.break_cycle_at(chain, rule);
        }
    }

    fn break_cycle_at(&mut self, chain: usize, rule: usize) {
        let rule = self
            .device
            .chains
            .get_mut(chain)
            .and_then(|chain| chain.rules.get_mut(rule));
        if let Some(rule) = rule {
            let origin = rule.origin;
            rule.action = unknown_action(origin, "the chain it calls leads back to it");
            self.warn(CHAIN_CYCLE, "this call closes a circle of chains", origin);
        }
    }
}

/// Makes what the chains, and those they call, ask of connections unknown: the
/// packet meets them before connection tracking.
pub(super) fn forget_connections(builder: &mut Builder, roots: &[ChainId]) {
    let mut seen = std::collections::BTreeSet::new();
    let mut waiting = roots.to_vec();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(chain) = builder.chain(id) else {
            continue;
        };
        for rule in &mut chain.rules {
            forget(&mut rule.condition, rule.origin);
            if let Action::Call(to) | Action::Goto(to) = rule.action {
                waiting.push(to);
            }
        }
    }
}

fn forget(condition: &mut Condition, origin: Span) {
    match condition {
        Condition::Connection(_) => {
            *condition = unknown(origin, "the rule comes before connection tracking");
        }
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter_mut().for_each(|part| forget(part, origin));
        }
        Condition::Not(part) => forget(part, origin),
        _ => {}
    }
}

/// Makes the condition of what cannot be told.
pub(super) fn unknown(origin: Span, reason: impl Into<String>) -> Condition {
    Condition::Unknown(Unknown {
        origin,
        reason: reason.into(),
    })
}

/// Makes the action of what cannot be told.
pub(super) fn unknown_action(origin: Span, reason: impl Into<String>) -> Action {
    Action::Unknown(Unknown {
        origin,
        reason: reason.into(),
    })
}

/// Makes the negation where asked for.
pub(super) fn negated_if(negated: bool, condition: Condition) -> Condition {
    if negated {
        Condition::Not(Box::new(condition))
    } else {
        condition
    }
}

/// Makes one condition of several.
pub(super) fn all(mut parts: Vec<Condition>) -> Condition {
    parts.retain(|part| *part != Condition::Always);
    match parts.len() {
        0 => Condition::Always,
        1 => parts.pop().unwrap_or(Condition::Always),
        _ => Condition::All(parts),
    }
}

/// Never true.
pub(super) fn never() -> Condition {
    Condition::Any(Vec::new())
}

/// Rewrites as source translation does: where no port is asked for, the kernel
/// keeps the port, or one of its kind where another flow has it already
/// (`nf_nat_l4proto_unique_tuple`: below 512, below 1024, above).
pub(super) fn source_port_kinds() -> [std::ops::RangeInclusive<u16>; 3] {
    [0..=511, 512..=1023, 1024..=u16::MAX]
}

/// Adds a rule that translates the source, for each kind of port.
pub(super) fn push_source_translation(
    rules: &mut Vec<Rule>,
    condition: &Condition,
    translation: &Translation,
    origin: Span,
) {
    if translation.source_port.is_none() {
        for ports in source_port_kinds() {
            let ports = packets::Ports::from(ports);
            rules.push(Rule {
                condition: all(vec![
                    condition.clone(),
                    Condition::SourcePort(ports.clone()),
                ]),
                action: Action::Translate(Translation {
                    source_port: Some(networks::model::PortRewrite::OneOf(ports)),
                    ..translation.clone()
                }),
                origin,
            });
        }
    }
    rules.push(Rule {
        condition: condition.clone(),
        action: Action::Translate(translation.clone()),
        origin,
    });
}
