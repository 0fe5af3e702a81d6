//! `iptables-save` and `ip6tables-save`: iptables(8), iptables-extensions(8).
//!
//! The text is what `iptables-restore` takes: tables, chains with policies and
//! counters, rules. A rule's matches all have to hold; a match that is not
//! modelled is unknown in its rule, a target that is not modelled is unknown at
//! its place.

mod matches;
mod targets;

use super::netfilter::{
    Base, Builder, MALFORMED, NetfilterHook, Text, UNDEFINED, all, unknown_action,
};
use super::words::Words;
use findings::Span;
use networks::model::{Action, ChainId, LineState, Rule, SessionEffect};
use packets::Family;
use std::collections::HashMap;

/// A table of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Table {
    /// Before connection tracking.
    Raw,
    /// Marks and fields.
    Mangle,
    /// Translation.
    Nat,
    /// Filters.
    Filter,
    /// Filters of mandatory access control.
    Security,
}

impl Table {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "raw" => Self::Raw,
            "mangle" => Self::Mangle,
            "nat" => Self::Nat,
            "filter" => Self::Filter,
            "security" => Self::Security,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Mangle => "mangle",
            Self::Nat => "nat",
            Self::Filter => "filter",
            Self::Security => "security",
        }
    }

    /// Returns where a built-in chain of the table hangs.
    fn hook(self, chain: &str) -> Option<(NetfilterHook, i32)> {
        let hook = match chain {
            "PREROUTING" => NetfilterHook::Prerouting,
            "INPUT" => NetfilterHook::Input,
            "FORWARD" => NetfilterHook::Forward,
            "OUTPUT" => NetfilterHook::Output,
            "POSTROUTING" => NetfilterHook::Postrouting,
            _ => return None,
        };
        let source = matches!(hook, NetfilterHook::Input | NetfilterHook::Postrouting);
        let priority = match self {
            Self::Raw => -300,
            Self::Mangle => -150,
            Self::Nat if source => 100,
            Self::Nat => -100,
            Self::Filter => 0,
            Self::Security => 50,
        };
        Some((hook, priority))
    }
}

/// A chain of the table being read.
#[derive(Debug, Clone, Copy)]
struct KnownChain {
    id: ChainId,
    hook: Option<NetfilterHook>,
}

/// What a rule is read with.
struct Reader<'b, 't> {
    builder: &'b mut Builder,
    text: &'b mut Text<'t>,
    family: Family,
    table: Option<Table>,
    chains: HashMap<&'t str, KnownChain>,
    seen: Vec<Table>,
    open_since: Option<Span>,
}

/// Where a rule stands, for what its parts may mean.
#[derive(Debug, Clone, Copy)]
struct Place {
    family: Family,
    table: Table,
    hook: Option<NetfilterHook>,
    origin: Span,
}

/// Reads a rule set for packets of one family into the device.
pub(super) fn read(builder: &mut Builder, text: &mut Text<'_>, family: Family) {
    let source = text.source;
    if builder.interfaces_open {
        name_interfaces(builder, text);
    }
    builder.marks_matter |= source.text().contains(" --mark ");
    let mut reader = Reader {
        builder,
        text,
        family,
        table: None,
        chains: HashMap::new(),
        seen: Vec::new(),
        open_since: None,
    };
    for number in 1..=source.line_count() {
        let line = source.line_text(number).unwrap_or("").trim();
        let origin = reader.text.line(number);
        let state = reader.line(line, origin);
        reader.text.mark(number, state);
    }
    if let Some(origin) = reader.open_since {
        let message = "the table has no `COMMIT` after it: `iptables-restore` would not load it";
        reader.builder.warn(MALFORMED, message, origin);
    }
}

/// Makes an interface of each name that a rule matches on.
fn name_interfaces(builder: &mut Builder, text: &Text<'_>) {
    let mut patterns = Vec::new();
    for number in 1..=text.source.line_count() {
        let mut words = text
            .source
            .line_text(number)
            .unwrap_or("")
            .split_whitespace();
        while let Some(word) = words.next() {
            if !matches!(word, "-i" | "-o" | "--in-interface" | "--out-interface") {
                continue;
            }
            let name = words
                .next()
                .filter(|&name| name != "!")
                .or_else(|| words.next());
            match name {
                Some(name) if name.ends_with('+') => patterns.push((name, text.line(number))),
                Some(name) => builder.ensure_interface(name, text.line(number)),
                None => {}
            }
        }
    }
    for (pattern, origin) in patterns {
        let prefix = pattern.trim_end_matches('+');
        let known = builder
            .device
            .interfaces()
            .any(|(_, interface)| interface.name.starts_with(prefix));
        if !known && !prefix.is_empty() {
            builder.ensure_interface(pattern, origin);
        }
    }
}

impl<'t> Reader<'_, 't> {
    fn line(&mut self, line: &'t str, origin: Span) -> LineState {
        if line.is_empty() || line.starts_with('#') {
            return LineState::Harmless;
        }
        if let Some(name) = line.strip_prefix('*') {
            return self.begin_table(name.trim(), origin);
        }
        if line == "COMMIT" {
            self.open_since = None;
            return LineState::Understood;
        }
        let Some(table) = self.table else {
            self.builder
                .unread(origin, "the line stands in no known table");
            return LineState::NotRecognised;
        };
        if let Some(declaration) = line.strip_prefix(':') {
            return self.declare(table, declaration, origin);
        }
        let line = skip_counters(line);
        let mut words = Words::new(line);
        let command = words.next().map(|word| word.text).unwrap_or_default();
        match command.as_ref() {
            "-A" | "--append" => self.rule(table, &mut words, line, None, origin),
            "-I" | "--insert" => self.rule(table, &mut words, line, Some(0), origin),
            "-N" | "--new-chain" | "-P" | "--policy" => {
                let name = line.split_whitespace().nth(1).unwrap_or("");
                let policy = line.split_whitespace().nth(2).unwrap_or("-");
                self.define(table, name, policy, origin)
            }
            _ => {
                self.builder
                    .unread(origin, "the command is not one of a saved rule set");
                LineState::NotRecognised
            }
        }
    }

    fn begin_table(&mut self, name: &str, origin: Span) -> LineState {
        self.chains.clear();
        self.table = Table::named(name);
        self.open_since = Some(origin);
        let Some(table) = self.table else {
            self.builder
                .unread(origin, format!("table `{name}` is not modelled"));
            return LineState::NotRecognised;
        };
        if self.seen.contains(&table) {
            let message =
                format!("table `{name}` stands twice; loading the second empties the first");
            self.builder.warn(MALFORMED, message, origin);
            self.builder.unread(origin, "the table stands twice");
            return LineState::NotModelledCouldMatter;
        }
        self.seen.push(table);
        LineState::Understood
    }

    /// Reads `NAME POLICY [packets:bytes]`.
    fn declare(&mut self, table: Table, declaration: &'t str, origin: Span) -> LineState {
        let mut words = declaration.split_whitespace();
        let name = words.next().unwrap_or("");
        let policy = words.next().unwrap_or("-");
        self.define(table, name, policy, origin)
    }

    fn define(&mut self, table: Table, name: &'t str, policy: &str, origin: Span) -> LineState {
        let hook = table.hook(name);
        let default = match (hook.is_some(), policy) {
            (true, "ACCEPT" | "-") => Action::Accept(SessionEffect::None),
            (true, "DROP") => Action::Drop,
            (false, "-") => Action::Return,
            _ => {
                self.builder
                    .unread(origin, "the policy of the chain is not one of iptables");
                return LineState::NotRecognised;
            }
        };
        if let Some(known) = self.chains.get(name) {
            if let Some(chain) = self.builder.chain(known.id) {
                chain.default = default;
                chain.origin = Some(origin);
            }
            return LineState::Understood;
        }
        let id = self
            .builder
            .add_chain(format!("{} {name}", table.name()), default, origin);
        let known = KnownChain {
            id,
            hook: hook.map(|(hook, _)| hook),
        };
        self.chains.insert(name, known);
        if let Some((hook, priority)) = hook {
            let base = Base {
                hook,
                priority,
                chain: id,
                nat: table == Table::Nat,
                origin,
            };
            self.builder.add_base(base, Some(self.family));
        }
        LineState::Understood
    }

    fn rule(
        &mut self,
        table: Table,
        words: &mut Words<'t>,
        line: &'t str,
        insert_at: Option<usize>,
        origin: Span,
    ) -> LineState {
        words.next();
        let name = line.split_whitespace().nth(1).unwrap_or("");
        let Some(&known) = self.chains.get(name) else {
            self.builder
                .warn(UNDEFINED, format!("chain `{name}` is not defined"), origin);
            self.builder
                .unread(origin, "the chain of the rule is not defined");
            return LineState::NotModelledCouldMatter;
        };
        let place = Place {
            family: self.family,
            table,
            hook: known.hook,
            origin,
        };
        if insert_at.is_some()
            && words
                .peek()
                .is_some_and(|word| word.text.parse::<u32>().is_ok())
        {
            self.builder
                .unread(origin, "the rule is inserted at a number");
            return LineState::NotModelledCouldMatter;
        }
        let read = matches::read(self.builder, words, place);
        let (rules, target_state) = match read.target {
            Some((jump, target)) => {
                let context = targets::Context {
                    place,
                    conditions: &read.conditions,
                    chains: &self.chains,
                };
                targets::read(self.builder, words, &context, jump, &target)
            }
            // Without a target the rule counts packets.
            None => (Vec::new(), LineState::Understood),
        };
        // What does nothing to packets does it whatever its conditions.
        let idle = rules.iter().all(|rule| rule.action == Action::Continue);
        let mut state = target_state;
        if !idle || read.state == LineState::NotRecognised {
            state = state.max(read.state);
        }
        if !idle && let Some(chain) = self.builder.chain(known.id) {
            let at = match insert_at {
                Some(_) => 0,
                None => chain.rules.len(),
            };
            chain.rules.splice(at..at, rules);
        }
        state
    }
}

/// Steps past `[packets:bytes]`, which `iptables-save -c` prints before rules.
fn skip_counters(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest.trim_start(),
        None => line,
    }
}

/// Makes a rule of conditions that all have to hold.
fn rule_of(conditions: &[networks::model::Condition], action: Action, origin: Span) -> Rule {
    Rule {
        condition: all(conditions.to_vec()),
        action,
        origin,
    }
}

/// Makes the rule of a target that is not known.
fn unknown_rule(
    conditions: &[networks::model::Condition],
    reason: impl Into<String>,
    origin: Span,
) -> Rule {
    rule_of(conditions, unknown_action(origin, reason), origin)
}
