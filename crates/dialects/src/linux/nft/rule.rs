//! One rule of nft: matches and statements from left to right.

mod change;
mod compare;
mod look;
mod sets;

use super::fields::NotUnderstood;
use super::lexer::{Kind, Token};
use super::tree::{Element, elements};
use super::{Scope, translate};
use crate::linux::harmless;
use crate::linux::netfilter::{Builder, UNDEFINED, all, unknown, unknown_action};
use findings::Span;
use networks::model::{Action, Condition, LineState, Rule, SessionEffect};

/// A named set of more elements than this is kept once, as a chain that rules
/// ask, instead of once in each rule.
const SHARED_SET_MIN: usize = 64;

/// A rule while it is read.
pub(super) struct Reader<'r, 't> {
    /// The device.
    pub(super) builder: &'r mut Builder,
    /// The table and where in it the rule stands.
    pub(super) scope: &'r mut Scope<'t>,
    tokens: &'r [Token<'t>],
    at: usize,
    /// The line.
    pub(super) origin: Span,
    conditions: Vec<Condition>,
    effects: Vec<(Condition, Action)>,
    /// How well it was understood.
    pub(super) state: LineState,
}

/// Reads a rule into rules of the model.
pub(super) fn read<'t>(
    builder: &mut Builder,
    scope: &mut Scope<'t>,
    tokens: &[Token<'t>],
    origin: Span,
) -> (Vec<Rule>, LineState) {
    let mut reader = Reader {
        builder,
        scope,
        tokens,
        at: 0,
        origin,
        conditions: Vec::new(),
        effects: Vec::new(),
        state: LineState::Understood,
    };
    while reader.at < tokens.len() {
        let asked = reader.conditions.len();
        let changed = reader.changes();
        if let Err(NotUnderstood(reason)) = reader.part() {
            reader.give_up(reason);
            break;
        }
        // What comes after a change does not decide whether it is made.
        if changed && reader.conditions.len() > asked {
            reader.conditions.truncate(asked);
            reader.give_up("a match after a change is not modelled".to_owned());
            break;
        }
    }
    reader.finish()
}

impl<'t> Reader<'_, 't> {
    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    /// Returns the next token and steps past it.
    pub(super) fn next(&mut self) -> Option<Token<'t>> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// Returns the next word or quoted text and steps past it.
    pub(super) fn word(&mut self) -> Option<&'t str> {
        let value = self.peek().and_then(Token::value);
        self.at += usize::from(value.is_some());
        value
    }

    /// Steps past this word or symbol, if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(text));
        self.at += usize::from(found);
        found
    }

    /// Returns the next word without stepping.
    pub(super) fn peek_word(&self) -> Option<&'t str> {
        self.peek().and_then(Token::value)
    }

    /// Returns the tokens of a set in braces, and steps past it.
    fn braced(&mut self) -> Option<Vec<Element<'t>>> {
        if !self.peek().is_some_and(|token| token.is("{")) {
            return None;
        }
        let mut depth = 0usize;
        let start = self.at;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Symbol("{") => depth += 1,
                Kind::Symbol("}") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Some(elements(
            self.tokens.get(start..self.at).unwrap_or_default(),
        ))
    }

    /// Nothing is known of the rest of the rule: under what was read so far it
    /// may do anything.
    fn give_up(&mut self, reason: String) {
        self.state = LineState::NotRecognised;
        let action = unknown_action(self.origin, reason);
        self.effects.push((Condition::Always, action));
    }

    /// What is known and cannot be told.
    fn push_unknown(&mut self, reason: impl Into<String>) {
        self.conditions.push(unknown(self.origin, reason));
        self.state = self.state.max(LineState::NotModelledCouldMatter);
    }

    /// Tells whether some effect changes the packet and goes on.
    fn changes(&self) -> bool {
        self.effects
            .iter()
            .any(|(_, action)| matches!(action, Action::SetMark { .. } | Action::NoTrack))
    }

    fn effect(&mut self, action: Action) {
        self.effects.push((Condition::Always, action));
    }

    /// What changes nothing that anybody looks at.
    fn idle(&mut self) {
        self.state = self.state.max(LineState::NotModelledHarmless);
        self.effect(Action::Continue);
    }

    fn part(&mut self) -> Result<(), NotUnderstood> {
        let Some(word) = self.peek_word() else {
            return Err(NotUnderstood("the rule is not understood".to_owned()));
        };
        if let Some(action) = self.verdict()? {
            self.effect(action);
            return Ok(());
        }
        match word {
            "counter" => {
                self.at += 1;
                if self.take("name") {
                    self.word();
                } else if self.take("packets") {
                    self.at += 3;
                }
                Ok(())
            }
            "comment" => {
                self.at += 2;
                Ok(())
            }
            "limit" | "quota" | "connlimit" => {
                self.skip_statement();
                self.push_unknown("it depends on traffic");
                Ok(())
            }
            "reject" => {
                self.at = self.tokens.len();
                self.effect(Action::Drop);
                Ok(())
            }
            "notrack" => {
                self.at += 1;
                self.effect(Action::NoTrack);
                Ok(())
            }
            "flow" => {
                self.at = self.tokens.len();
                self.idle();
                Ok(())
            }
            "snat" | "dnat" | "masquerade" | "redirect" => self.translation(),
            "queue" | "tproxy" | "synproxy" | "dup" | "fwd" | "xt" => {
                self.at = self.tokens.len();
                self.state = self.state.max(LineState::NotModelledCouldMatter);
                let reason = format!("`{word}` is not modelled");
                let action = unknown_action(self.origin, reason);
                self.effect(action);
                Ok(())
            }
            "update" | "add" | "set" | "delete" => self.set_update(),
            _ if harmless::statement(word).is_some() => {
                self.skip_statement();
                Ok(())
            }
            _ => self.match_or_set(),
        }
    }

    /// Steps past a statement with its settings: words and quoted text that no
    /// other statement begins with.
    fn skip_statement(&mut self) {
        self.at += 1;
        let settings = [
            "rate",
            "over",
            "until",
            "burst",
            "packets",
            "bytes",
            "kbytes",
            "mbytes",
            "prefix",
            "level",
            "group",
            "snaplen",
            "queue-threshold",
            "flags",
            "name",
            "count",
            "used",
        ];
        while let Some(word) = self.peek_word() {
            let number = word.starts_with(|letter: char| letter.is_ascii_digit());
            let quoted = matches!(self.peek().map(|token| token.kind), Some(Kind::Quoted(_)));
            let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
            let argument = before.is_some_and(|before| before.is("level") || before.is("flags"));
            if !(settings.contains(&word) || number || quoted || argument) {
                break;
            }
            self.at += 1;
        }
    }

    fn verdict(&mut self) -> Result<Option<Action>, NotUnderstood> {
        let Some(Kind::Word(word)) = self.peek().map(|token| token.kind) else {
            return Ok(None);
        };
        let simple = match word {
            "accept" => Action::Accept(SessionEffect::None),
            "drop" => Action::Drop,
            "continue" => Action::Continue,
            "return" => Action::Return,
            "jump" | "goto" => {
                self.at += 1;
                let name = self.word().unwrap_or("");
                return self.call(word, name).map(Some);
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(simple))
    }

    fn call(&mut self, word: &str, name: &str) -> Result<Action, NotUnderstood> {
        let Some(&id) = self.scope.chains.get(name) else {
            let message = format!("chain `{name}` is not defined");
            self.builder.warn(UNDEFINED, message, self.origin);
            return Err(NotUnderstood(format!("chain `{name}` is not defined")));
        };
        Ok(match word {
            "goto" => Action::Goto(id),
            _ => Action::Call(id),
        })
    }

    fn translation(&mut self) -> Result<(), NotUnderstood> {
        let conditions = self.conditions.clone();
        let made = translate::read(self, &conditions)?;
        self.builder.tracks = true;
        self.effects.extend(made);
        self.at = self.tokens.len();
        Ok(())
    }

    /// Elements that rules add at run time: the set is unknown to all.
    fn set_update(&mut self) -> Result<(), NotUnderstood> {
        self.at += 1;
        self.take("@");
        self.word();
        if self.braced().is_none() {
            return Err(NotUnderstood("the statement is not understood".to_owned()));
        }
        self.idle();
        Ok(())
    }

    fn match_or_set(&mut self) -> Result<(), NotUnderstood> {
        let mut fields = vec![self.field()?];
        while self.take(".") {
            fields.push(self.field()?);
        }
        if self.take("set") {
            return self.set_field(&fields);
        }
        if self.take("vmap") {
            return self.verdict_map(&fields);
        }
        let condition = self.comparison(&fields)?;
        self.conditions.push(condition);
        Ok(())
    }

    /// Makes rules of what was read. Several effects of one rule go into a chain
    /// of their own, so that what the first changes does not decide on the next.
    fn finish(self) -> (Vec<Rule>, LineState) {
        let (origin, state, changes) = (self.origin, self.state, self.changes());
        let condition = all(self.conditions);
        let effects: Vec<_> = self
            .effects
            .into_iter()
            .filter(|(_, action)| *action != Action::Continue)
            .collect();
        let rule = |condition, action| Rule {
            condition,
            action,
            origin,
        };
        let changes = changes && effects.len() > 1;
        if !changes {
            let rules = effects.into_iter().map(|(own, action)| {
                let condition = match own {
                    Condition::Always => condition.clone(),
                    own => all(vec![condition.clone(), own]),
                };
                rule(condition, action)
            });
            let rules: Vec<_> = rules.collect();
            let state = match rules.is_empty() {
                // A rule that does nothing does it whatever it asks.
                true if state == LineState::NotModelledCouldMatter => {
                    LineState::NotModelledHarmless
                }
                _ => state,
            };
            return (rules, state);
        }
        // Leaving the chain of effects has to leave the rule's chain too, where
        // `return` and `goto` do; then nothing may come to its end.
        let leaves = |action: &Action| matches!(action, Action::Return | Action::Goto(_));
        let returns = effects.iter().any(|(_, action)| leaves(action));
        let ends = effects.last().is_some_and(|(own, action)| {
            let last = matches!(action, Action::Accept(_) | Action::Drop) || leaves(action);
            *own == Condition::Always && last
        });
        if returns && !ends {
            let action = unknown_action(origin, "a map after a change is not modelled");
            return (
                vec![rule(condition, action)],
                state.max(LineState::NotModelledCouldMatter),
            );
        }
        let chain = self
            .builder
            .add_chain("effects of a rule".to_owned(), Action::Return, origin);
        let inner = effects
            .into_iter()
            .map(|(own, action)| rule(own, action))
            .collect();
        if let Some(chain) = self.builder.chain(chain) {
            chain.rules = inner;
        }
        let action = match returns {
            true => Action::Goto(chain),
            false => Action::Call(chain),
        };
        (vec![rule(condition, action)], state)
    }
}
