//! `nft list ruleset` and files of `nft -f`: nft(8), libnftables.
//!
//! Tables of the families `ip`, `ip6` and `inet`; of `arp` nothing matters to
//! packets, `bridge` and `netdev` are not modelled. A chain's `accept` ends only
//! the chain that hangs on the hook, its `drop` is final.

mod fields;
mod lexer;
mod rule;
mod translate;
mod tree;

use super::netfilter::{Base, Builder, NetfilterHook, Text, forget_connections};
use fields::Field;
use findings::Span;
use lexer::{Kind, Token};
use networks::model::{Action, ChainId, LineState, SessionEffect};
use packets::Family;
use std::collections::HashMap;
use std::rc::Rc;

/// Up to this priority connection tracking has not seen the packet.
const TRACKING: i32 = -200;

/// What rules of a table are read with.
struct Scope<'t> {
    /// The chains of the table.
    chains: HashMap<&'t str, ChainId>,
    /// The sets and maps of the table.
    sets: HashMap<&'t str, Rc<tree::Set<'t>>>,
    /// Chains that stand for large sets.
    matchers: HashMap<(String, Vec<Field>), ChainId>,
    /// Where the chain being read hangs.
    hook: Option<NetfilterHook>,
    /// The family of the table; `None` for both.
    family: Option<Family>,
}

/// What a chain says of itself.
#[derive(Debug)]
struct Heading {
    hook: NetfilterHook,
    priority: i32,
    nat: bool,
    origin: Span,
}

/// Tells whether the text is of nft.
pub(super) fn recognises(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| {
            ["table", "define", "flush", "add table", "include"]
                .iter()
                .any(|word| line.starts_with(word))
        })
}

/// Reads a rule set into the device.
pub(super) fn read(builder: &mut Builder, text: &mut Text<'_>) {
    let source = text.source;
    understand_lines(text);
    let file = tree::parse(source.text());
    if builder.interfaces_open {
        name_interfaces(builder, text, &file);
    }
    builder.marks_matter |= marks_are_asked(&file);
    for stray in &file.strays {
        unread(builder, text, stray, "the statement is not understood");
    }
    for table in &file.tables {
        read_table(builder, text, table);
    }
}

/// Every line with a word is read by somebody below, who says so if it is not
/// understood.
fn understand_lines(text: &mut Text<'_>) {
    for number in 1..=text.source.line_count() {
        let line = text.source.line_text(number).unwrap_or("").trim();
        let says_something = line.contains(|letter: char| letter.is_alphanumeric());
        if says_something && !line.starts_with('#') {
            text.mark(number, LineState::Understood);
        }
    }
}

fn unread(builder: &mut Builder, text: &mut Text<'_>, statement: &[Token<'_>], reason: &str) {
    let (start, end) = tree::place(statement);
    let span = text.span(start, end);
    text.mark_span(span, LineState::NotRecognised);
    builder.unread(span, reason);
}

/// Makes an interface of each quoted name in rules that ask for interfaces.
fn name_interfaces(builder: &mut Builder, text: &Text<'_>, file: &tree::File<'_>) {
    let chains = file.tables.iter().flat_map(|table| &table.chains);
    let mut patterns = Vec::new();
    for statement in chains.flat_map(|chain| &chain.statements) {
        let asks = ["iifname", "oifname", "iif", "oif"];
        if !statement
            .iter()
            .any(|token| asks.iter().any(|word| token.is(word)))
        {
            continue;
        }
        for pair in statement.windows(2) {
            let [before, token] = pair else { continue };
            let Kind::Quoted(name) = token.kind else {
                continue;
            };
            let label = ["prefix", "comment", "name", "level"];
            if label.iter().any(|word| before.is(word)) {
                continue;
            }
            let origin = text.span(token.start, token.end);
            match name.strip_suffix('*') {
                Some(prefix) => patterns.push((prefix.to_owned(), name.to_owned(), origin)),
                None => builder.ensure_interface(name, origin),
            }
        }
    }
    for (prefix, name, origin) in patterns {
        let known = builder
            .device
            .interfaces()
            .any(|(_, interface)| interface.name.starts_with(&prefix));
        if !known {
            builder.ensure_interface(&name, origin);
        }
    }
}

/// Tells whether some rule decides by the mark.
fn marks_are_asked(file: &tree::File<'_>) -> bool {
    let chains = file.tables.iter().flat_map(|table| &table.chains);
    chains.flat_map(|chain| &chain.statements).any(|statement| {
        statement.windows(3).any(|three| match three {
            [before, mark, after] => {
                mark.is("mark") && !before.is("ct") && !after.is("set") && !before.is("mark")
            }
            _ => false,
        })
    })
}

fn read_table<'t>(builder: &mut Builder, text: &mut Text<'_>, table: &tree::Table<'t>) {
    let family = match table.family {
        "ip" => Some(Family::V4),
        "ip6" => Some(Family::V6),
        "inet" => None,
        "arp" => return mark_table(text, table, LineState::NotModelledHarmless),
        _ => {
            let span = text.span(table.place.0, table.place.1);
            let empty = table.chains.iter().all(|chain| chain.statements.len() <= 1);
            if !empty {
                let reason = format!("tables of the family `{}` are not modelled", table.family);
                builder.unread(span, reason);
            }
            return mark_table(text, table, LineState::NotModelledCouldMatter);
        }
    };
    for stray in &table.strays {
        unread(builder, text, stray, "the statement is not understood");
    }
    let sets = table
        .sets
        .iter()
        .map(|(name, set)| (*name, Rc::new(set.clone())));
    let mut scope = Scope {
        chains: HashMap::new(),
        sets: sets.collect(),
        matchers: HashMap::new(),
        hook: None,
        family,
    };
    let mut headings = Vec::new();
    for chain in &table.chains {
        let origin = text.span(chain.place.0, chain.place.1);
        let name = format!("{} {} {}", table.family, table.name, chain.name);
        let id = builder.add_chain(name, Action::Return, origin);
        scope.chains.insert(chain.name, id);
        headings.push(read_heading(builder, text, chain, id));
    }
    let mut untracked = Vec::new();
    for (chain, heading) in table.chains.iter().zip(headings) {
        let Some(&id) = scope.chains.get(chain.name) else {
            continue;
        };
        scope.hook = heading.as_ref().map(|heading| heading.hook);
        read_rules(builder, text, &mut scope, chain, id);
        let Some(heading) = heading else { continue };
        let early = matches!(
            heading.hook,
            NetfilterHook::Prerouting | NetfilterHook::Output
        );
        if early && heading.priority <= TRACKING {
            untracked.push(id);
        }
        let base = Base {
            hook: heading.hook,
            priority: heading.priority,
            chain: id,
            nat: heading.nat,
            origin: heading.origin,
        };
        builder.add_base(base, family);
    }
    forget_connections(builder, &untracked);
}

fn mark_table(text: &mut Text<'_>, table: &tree::Table<'_>, state: LineState) {
    for statement in table.chains.iter().flat_map(|chain| &chain.statements) {
        let (start, end) = tree::place(statement);
        let span = text.span(start, end);
        text.mark_span(span, state);
    }
}

fn is_heading(statement: &[Token<'_>]) -> bool {
    statement
        .first()
        .is_some_and(|first| first.is("type") || first.is("policy"))
}

/// Reads `type T hook H priority P` and `policy X`.
fn read_heading(
    builder: &mut Builder,
    text: &mut Text<'_>,
    chain: &tree::Chain<'_>,
    id: ChainId,
) -> Option<Heading> {
    let mut heading = None;
    let mut policy = None;
    let mut default = Action::Accept(SessionEffect::None);
    for statement in chain
        .statements
        .iter()
        .filter(|statement| is_heading(statement))
    {
        let (start, end) = tree::place(statement);
        let origin = text.span(start, end);
        let words: Vec<_> = statement.iter().filter_map(Token::value).collect();
        match words.as_slice() {
            ["policy", "accept"] => policy = Some(origin),
            ["policy", "drop"] => {
                policy = Some(origin);
                default = Action::Drop;
            }
            [
                "type",
                kind @ ("filter" | "nat" | "route"),
                "hook",
                hook,
                rest @ ..,
            ] => {
                let hook = match *hook {
                    "prerouting" => NetfilterHook::Prerouting,
                    "input" => NetfilterHook::Input,
                    "forward" => NetfilterHook::Forward,
                    "output" => NetfilterHook::Output,
                    "postrouting" => NetfilterHook::Postrouting,
                    _ => {
                        unread(builder, text, statement, "the hook is not modelled");
                        continue;
                    }
                };
                let Some(priority) = priority(rest) else {
                    unread(builder, text, statement, "the priority is not understood");
                    continue;
                };
                heading = Some(Heading {
                    hook,
                    priority,
                    nat: *kind == "nat",
                    origin,
                });
            }
            _ => unread(
                builder,
                text,
                statement,
                "the chain's hook is not understood",
            ),
        }
    }
    if heading.is_some()
        && let Some(chain) = builder.chain(id)
    {
        chain.default = default;
        chain.origin = policy.or(chain.origin);
    }
    heading
}

/// Reads `priority filter`, `priority mangle - 1`, `priority -150`.
fn priority(words: &[&str]) -> Option<i32> {
    let of_name = |name: &str| {
        Some(match name {
            "raw" => -300,
            "mangle" => -150,
            "dstnat" => -100,
            "filter" => 0,
            "security" => 50,
            "srcnat" => 100,
            _ => name.parse().ok()?,
        })
    };
    match words {
        ["priority", name] => of_name(name).or_else(|| {
            let at = name.find(['+', '-'])?;
            let (name, offset) = name.split_at_checked(at)?;
            Some(of_name(name)? + offset.parse::<i32>().ok()?)
        }),
        ["priority", name, "+", offset] => of_name(name)?.checked_add(offset.parse().ok()?),
        ["priority", name, "-", offset] => of_name(name)?.checked_sub(offset.parse().ok()?),
        _ => None,
    }
}

fn read_rules<'t>(
    builder: &mut Builder,
    text: &mut Text<'_>,
    scope: &mut Scope<'t>,
    chain: &tree::Chain<'t>,
    id: ChainId,
) {
    for statement in chain
        .statements
        .iter()
        .filter(|statement| !is_heading(statement))
    {
        if statement.first().is_some_and(|first| first.is("comment")) {
            continue;
        }
        let (start, end) = tree::place(statement);
        let origin = text.span(start, end);
        let (rules, state) = rule::read(builder, scope, statement, origin);
        text.mark_span(origin, state);
        if let Some(chain) = builder.chain(id) {
            chain.rules.extend(rules);
        }
    }
}
