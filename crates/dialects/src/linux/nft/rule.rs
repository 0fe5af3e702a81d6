//! One rule of nft: matches and statements from left to right.

use super::fields::{Field, NotUnderstood, flags};
use super::lexer::{Kind, Token};
use super::tree::{Element, Set, elements};
use super::{Scope, translate};
use crate::linux::harmless;
use crate::linux::names;
use crate::linux::netfilter::{
    Builder, UNDEFINED, all, negated_if, never, unknown, unknown_action,
};
use findings::Span;
use networks::model::{Action, Condition, LineState, Rule, SessionEffect};
use packets::{Family, Ports, Protocol, TcpFlagMatch, TcpFlags};

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

/// What compares a field with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// None written: equal, or for bits any of them set.
    Implied,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
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

    /// Reads what a rule looks at.
    pub(super) fn field(&mut self) -> Result<Field, NotUnderstood> {
        let word = self.word().unwrap_or("");
        let bare = |field| Ok(field);
        match word {
            "meta" => {
                let key = self.word().unwrap_or("");
                meta(key)
            }
            "iifname" | "oifname" | "iif" | "oif" | "mark" | "l4proto" | "nfproto" | "pkttype"
            | "skuid" | "skgid" | "cpu" | "iifgroup" | "oifgroup" | "cgroup" => meta(word),
            "ip" | "ip6" => {
                let family = if word == "ip" { Family::V4 } else { Family::V6 };
                let key = self.word().unwrap_or("");
                bare(match key {
                    "saddr" => Field::Source(family),
                    "daddr" => Field::Destination(family),
                    "protocol" | "nexthdr" => Field::ProtocolOf(family),
                    "frag-off" => Field::Unknown("fragments are put together before rules"),
                    _ => Field::Unknown("this field of the IP header is not modelled"),
                })
            }
            "tcp" | "udp" | "sctp" | "dccp" | "udplite" | "th" => self.transport(word),
            "icmp" | "icmpv6" => {
                let family = if word == "icmp" {
                    Family::V4
                } else {
                    Family::V6
                };
                bare(match self.word().unwrap_or("") {
                    "type" => Field::IcmpType(family),
                    "code" => Field::IcmpCode(family),
                    _ => Field::Unknown("this field of ICMP is not modelled"),
                })
            }
            "ct" => {
                if self
                    .peek_word()
                    .is_some_and(|key| matches!(key, "original" | "reply"))
                {
                    self.at += 1;
                }
                self.builder.tracks = true;
                let key = self.word().unwrap_or("");
                if matches!(key, "ip" | "ip6") {
                    self.word();
                }
                bare(match key {
                    "state" => Field::State,
                    "mark" => Field::Unknown("marks of connections are not modelled"),
                    _ => Field::Unknown("only the state of connections is modelled"),
                })
            }
            "fib" => self.fib(),
            "ether" | "vlan" | "arp" | "exthdr" | "frag" | "hbh" | "rt" | "mh" | "dst" | "ah"
            | "esp" | "comp" | "socket" | "osf" | "ipsec" | "igmp" => {
                self.word();
                bare(Field::Unknown("this header is not modelled"))
            }
            "numgen" | "jhash" | "symhash" => {
                self.skip_hash();
                bare(Field::Unknown("it is random, or a hash of the packet"))
            }
            _ if word.starts_with('@') => {
                self.skip_raw();
                bare(Field::Unknown("raw bytes of packets are not modelled"))
            }
            _ => Err(NotUnderstood(format!("`{word}` is not understood"))),
        }
    }

    fn transport(&mut self, header: &str) -> Result<Field, NotUnderstood> {
        let protocol = match header {
            "th" => None,
            _ => names::protocol(header),
        };
        let key = self.word().unwrap_or("");
        Ok(match key {
            "sport" => Field::SourcePort(protocol),
            "dport" => Field::DestinationPort(protocol),
            "flags" if header == "tcp" => Field::TcpFlags,
            "option" => {
                self.word();
                if self.peek_word() != Some("set") {
                    self.word();
                }
                Field::Unknown("TCP options are not modelled")
            }
            _ => Field::Unknown("this field of the transport header is not modelled"),
        })
    }

    /// `fib daddr type`, `fib saddr . iif oif`.
    fn fib(&mut self) -> Result<Field, NotUnderstood> {
        let first = self.word().unwrap_or("");
        let mut alone = true;
        while self.take(".") {
            self.word();
            alone = false;
        }
        let asked = self.word().unwrap_or("");
        Ok(match (alone, first, asked) {
            (true, "saddr", "type") => Field::AddressType(true),
            (true, "daddr", "type") => Field::AddressType(false),
            _ => Field::Unknown("look-ups of routes in rules are not modelled"),
        })
    }

    fn skip_hash(&mut self) {
        while let Some(word) = self.peek_word() {
            let goes_on = matches!(
                word,
                "random"
                    | "inc"
                    | "mod"
                    | "offset"
                    | "seed"
                    | "."
                    | "ip"
                    | "ip6"
                    | "saddr"
                    | "daddr"
                    | "tcp"
                    | "udp"
                    | "sport"
                    | "dport"
            ) || word.parse::<u32>().is_ok()
                || word.starts_with("0x");
            if !goes_on {
                break;
            }
            self.at += 1;
        }
    }

    fn skip_raw(&mut self) {
        while self.take(",") {
            self.word();
        }
    }

    /// `FIELD set VALUE`.
    fn set_field(&mut self, fields: &[Field]) -> Result<(), NotUnderstood> {
        if fields != [Field::Mark] || !self.builder.marks_matter {
            self.at = self.tokens.len().min(self.end_of_value());
            self.idle();
            return Ok(());
        }
        let start = self.at;
        let end = self.end_of_value();
        let value: Vec<_> = self
            .tokens
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .collect();
        self.at = end;
        let texts: Vec<&str> = value
            .iter()
            .map(|token| match token.kind {
                Kind::Word(text) | Kind::Quoted(text) | Kind::Symbol(text) => text,
            })
            .collect();
        let number = |text: &str| names::number(text);
        let found = match texts.as_slice() {
            [value] => number(value).map(|value| (value, u32::MAX)),
            ["meta", "mark", "&" | "and", keep] => number(keep).map(|keep| (0, !keep)),
            ["meta", "mark", "|" | "or", bits] => number(bits).map(|bits| (bits, bits)),
            ["meta", "mark", "&" | "and", keep, "|" | "or", bits]
            | [
                "(",
                "meta",
                "mark",
                "&" | "and",
                keep,
                ")",
                "|" | "or",
                bits,
            ] => {
                let both = number(keep).zip(number(bits));
                both.map(|(keep, bits)| (bits, !keep | bits))
            }
            ["meta", "mark", "&" | "and", keep, "^" | "xor", bits] => {
                let both = number(keep).zip(number(bits));
                both.filter(|(keep, bits)| keep & bits == 0)
                    .map(|(keep, bits)| (bits, !keep))
            }
            _ => None,
        };
        match found {
            Some((value, mask)) => self.effect(Action::SetMark { mask, value }),
            None => {
                self.state = self.state.max(LineState::NotModelledCouldMatter);
                let action = unknown_action(self.origin, "the mark is computed");
                self.effect(action);
            }
        }
        Ok(())
    }

    /// Returns where the value of `set` ends: before the next statement.
    fn end_of_value(&self) -> usize {
        let ends = [
            "accept",
            "drop",
            "continue",
            "return",
            "jump",
            "goto",
            "counter",
            "log",
            "comment",
            "ct",
            "notrack",
            "snat",
            "dnat",
            "masquerade",
            "redirect",
            "reject",
            "limit",
        ];
        let start = self.at;
        let rest = self.tokens.get(start..).unwrap_or_default();
        rest.iter()
            .enumerate()
            .skip(1)
            .find(|(_, token)| ends.iter().any(|end| token.is(end)))
            .map_or(self.tokens.len(), |(at, _)| start + at)
    }

    fn operator(&mut self) -> Operator {
        let operators = [
            ("!=", Operator::NotEqual),
            ("==", Operator::Equal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("ne", Operator::NotEqual),
            ("eq", Operator::Equal),
            ("lt", Operator::Less),
            ("gt", Operator::Greater),
            ("le", Operator::LessOrEqual),
            ("ge", Operator::GreaterOrEqual),
        ];
        for (text, operator) in operators {
            if self.take(text) {
                return operator;
            }
        }
        Operator::Implied
    }

    fn comparison(&mut self, fields: &[Field]) -> Result<Condition, NotUnderstood> {
        if let [field] = fields
            && (self.take("&") || self.take("and"))
        {
            return self.masked(*field);
        }
        let operator = self.operator();
        let negated = operator == Operator::NotEqual;
        if let Some(reason) = fields.iter().find_map(|field| match field {
            Field::Unknown(reason) => Some(*reason),
            _ => None,
        }) {
            self.skip_value();
            self.state = self.state.max(LineState::NotModelledCouldMatter);
            return Ok(unknown(self.origin, reason));
        }
        let condition = if let Some(elements) = self.braced() {
            self.any_of(fields, &elements)?
        } else if self.peek_word().is_some_and(|word| word.starts_with('@')) {
            let name = self.word().unwrap_or("");
            self.named_set(fields, name.trim_start_matches('@'))?
        } else {
            return self.plain(fields, operator);
        };
        let mut parts = Vec::new();
        if negated {
            parts.extend(fields.iter().filter_map(|field| field.presence()));
        }
        parts.push(negated_if(negated, condition));
        Ok(all(parts))
    }

    /// A value, a range, or for bits a list or a value under a mask.
    fn plain(&mut self, fields: &[Field], operator: Operator) -> Result<Condition, NotUnderstood> {
        let mut values = vec![self.value()?];
        if let [field] = fields {
            let field = *field;
            let mut bits = vec![values.first().copied().unwrap_or("")];
            while self.take(",") {
                bits.push(self.value()?);
            }
            if field == Field::TcpFlags {
                return self.flags(&bits, operator);
            }
            if bits.len() > 1 && field != Field::State {
                return Err(NotUnderstood("the list is not understood".to_owned()));
            }
            if operator == Operator::Implied
                || matches!(operator, Operator::Equal | Operator::NotEqual)
            {
                let condition = self.is_one_of(field, &bits)?;
                let negated = operator == Operator::NotEqual;
                let mut parts = Vec::new();
                if negated {
                    parts.extend(field.presence());
                }
                parts.push(negated_if(negated, condition));
                return Ok(all(parts));
            }
            return ordered(field, operator, bits.first().copied().unwrap_or(""));
        }
        while self.take(".") {
            values.push(self.value()?);
        }
        if values.len() != fields.len() {
            return Err(NotUnderstood("the values do not fit the fields".to_owned()));
        }
        let mut parts = Vec::new();
        for (field, value) in fields.iter().zip(values) {
            parts.push(self.is_one_of(*field, &[value])?);
        }
        Ok(negated_if(operator == Operator::NotEqual, all(parts)))
    }

    fn value(&mut self) -> Result<&'t str, NotUnderstood> {
        self.word()
            .ok_or_else(|| NotUnderstood("a value is missing".to_owned()))
    }

    fn skip_value(&mut self) {
        if self.braced().is_some() {
            return;
        }
        self.word();
        while self.take(",") || self.take(".") || self.take("/") {
            self.word();
        }
    }

    fn is_one_of(&mut self, field: Field, values: &[&str]) -> Result<Condition, NotUnderstood> {
        if field == Field::State {
            self.builder.tracks = true;
        }
        let (condition, state) = field.is_one_of(self.builder, values, self.origin)?;
        self.state = self.state.max(state);
        Ok(match field {
            // Without a protocol that has ports, these are other bytes.
            Field::SourcePort(None) | Field::DestinationPort(None) if !self.has_ports() => {
                let ports = Condition::Protocol(Protocol::WITH_PORTS.to_vec());
                let other = unknown(self.origin, "raw bytes of packets are not modelled");
                let other = Condition::All(vec![Condition::Not(Box::new(ports)), other]);
                Condition::Any(vec![condition, other])
            }
            _ => condition,
        })
    }

    /// Tells whether the rule has asked for protocols with ports before.
    fn has_ports(&self) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Condition::Protocol(protocols) => protocols.iter().all(|known| known.has_ports()),
            _ => false,
        })
    }

    /// `tcp flags`: alone any of the bits, with `/` these of those.
    fn flags(&mut self, bits: &[&str], operator: Operator) -> Result<Condition, NotUnderstood> {
        let read = |bits: &[&str]| {
            bits.iter().try_fold(TcpFlags(0), |sum, bit| {
                let bit = flags(bit)
                    .ok_or_else(|| NotUnderstood(format!("`{bit}` is not understood")))?;
                Ok(TcpFlags(sum.0 | bit.0))
            })
        };
        let value = read(bits)?;
        let exact = |mask, value| Condition::TcpFlags(TcpFlagMatch { mask, value });
        let negated = operator == Operator::NotEqual;
        let condition = if self.take("/") {
            let mut mask = vec![self.value()?];
            while self.take(",") {
                mask.push(self.value()?);
            }
            let mask = read(&mask)?;
            match mask.contains(value) {
                true => exact(mask, value),
                false => never(),
            }
        } else if operator == Operator::Implied {
            let none = exact(value, TcpFlags(0));
            Condition::All(vec![
                exact(TcpFlags(0), TcpFlags(0)),
                Condition::Not(Box::new(none)),
            ])
        } else {
            exact(TcpFlags(0xff), value)
        };
        let mut parts = Vec::new();
        if negated {
            parts.extend(Field::TcpFlags.presence());
        }
        parts.push(negated_if(negated, condition));
        Ok(all(parts))
    }

    /// `FIELD & MASK == VALUE`.
    fn masked(&mut self, field: Field) -> Result<Condition, NotUnderstood> {
        let mut mask = Vec::new();
        let bracketed = self.take("(");
        while let Some(word) = self.word() {
            mask.push(word);
            if !(self.take("|") || self.take(",")) {
                break;
            }
        }
        if bracketed {
            self.take(")");
        }
        let operator = self.operator();
        let negated = operator == Operator::NotEqual;
        let mut value = vec![self.value()?];
        while self.take("|") || self.take(",") {
            value.push(self.value()?);
        }
        let (&[mask_text, ..], &[value_text, ..]) = (mask.as_slice(), value.as_slice()) else {
            return Err(NotUnderstood("the mask is not understood".to_owned()));
        };
        let condition = match field {
            Field::Unknown(reason) => {
                self.state = self.state.max(LineState::NotModelledCouldMatter);
                return Ok(unknown(self.origin, reason));
            }
            Field::TcpFlags => {
                let sum = |bits: &[&str]| {
                    bits.iter().try_fold(TcpFlags(0), |sum, bit| {
                        Some(TcpFlags(sum.0 | flags(bit)?.0))
                    })
                };
                sum(&mask)
                    .zip(sum(&value))
                    .map(|(mask, value)| Condition::TcpFlags(TcpFlagMatch { mask, value }))
            }
            Field::Mark => names::number(mask_text)
                .zip(names::number(value_text))
                .map(|(mask, value)| Condition::Mark { mask, value }),
            Field::Source(family) | Field::Destination(family) => {
                let text = format!("{value_text}/{mask_text}");
                let set = crate::linux::addresses::with_mask(&text, family)
                    .map(|part| packets::AddressSet(vec![part]));
                set.map(|set| match field {
                    Field::Source(_) => Condition::Source(set),
                    _ => Condition::Destination(set),
                })
            }
            _ => None,
        };
        let condition = condition
            .ok_or_else(|| NotUnderstood("this use of a mask is not modelled".to_owned()))?;
        let mut parts = Vec::new();
        if negated {
            parts.extend(field.presence());
        }
        parts.push(negated_if(negated, condition));
        Ok(all(parts))
    }

    /// Any of the elements of a set.
    fn any_of(
        &mut self,
        fields: &[Field],
        elements: &[Element<'_>],
    ) -> Result<Condition, NotUnderstood> {
        if let [field] = fields {
            let values: Vec<&str> = elements
                .iter()
                .filter_map(|element| element.key.first().copied())
                .collect();
            if values.is_empty() {
                return Ok(never());
            }
            return self.is_one_of(*field, &values);
        }
        let mut any = Vec::new();
        for element in elements {
            any.push(self.element(fields, element)?);
        }
        Ok(Condition::Any(any))
    }

    /// The values of one element, each of its field.
    fn element(
        &mut self,
        fields: &[Field],
        element: &Element<'_>,
    ) -> Result<Condition, NotUnderstood> {
        if element.key == ["*"] {
            return Ok(Condition::Always);
        }
        if element.key.len() != fields.len() {
            return Err(NotUnderstood("the values do not fit the fields".to_owned()));
        }
        let mut parts = Vec::new();
        for (field, value) in fields.iter().zip(&element.key) {
            parts.push(self.is_one_of(*field, &[value])?);
        }
        Ok(all(parts))
    }

    /// The elements of a named set, as far as they are in the rule set.
    fn named_set(&mut self, fields: &[Field], name: &str) -> Result<Condition, NotUnderstood> {
        let set = self.lookup(name)?;
        if set.dynamic {
            self.state = self.state.max(LineState::NotModelledCouldMatter);
            return Ok(unknown(self.origin, "elements of the set come and go"));
        }
        if set.elements.len() < SHARED_SET_MIN {
            return self.any_of(fields, &set.elements);
        }
        let key = (name.to_owned(), fields.to_vec());
        if let Some(&chain) = self.scope.matchers.get(&key) {
            return Ok(Condition::Accepted(chain));
        }
        let condition = self.any_of(fields, &set.elements)?;
        let chain = self
            .builder
            .add_chain(format!("set {name}"), Action::Drop, self.origin);
        let rule = Rule {
            condition,
            action: Action::Accept(SessionEffect::None),
            origin: self.origin,
        };
        if let Some(chain) = self.builder.chain(chain) {
            chain.rules.push(rule);
        }
        self.scope.matchers.insert(key, chain);
        Ok(Condition::Accepted(chain))
    }

    /// Returns a named set or map.
    pub(super) fn lookup(&mut self, name: &str) -> Result<std::rc::Rc<Set<'t>>, NotUnderstood> {
        match self.scope.sets.get(name) {
            Some(set) => Ok(std::rc::Rc::clone(set)),
            None => {
                let message = format!("set `{name}` is not defined");
                self.builder.warn(UNDEFINED, message, self.origin);
                Err(NotUnderstood(format!("set `{name}` is not defined")))
            }
        }
    }

    /// Reads the elements of a map: in braces, or by name.
    pub(super) fn map_elements(&mut self) -> Result<std::rc::Rc<Set<'t>>, NotUnderstood> {
        if let Some(elements) = self.braced() {
            return Ok(std::rc::Rc::new(Set {
                elements,
                dynamic: false,
            }));
        }
        let name = self.word().unwrap_or("");
        let set = self.lookup(name.trim_start_matches('@'))?;
        match set.dynamic {
            true => Err(NotUnderstood("elements of the map come and go".to_owned())),
            false => Ok(set),
        }
    }

    /// `FIELDS vmap { key : verdict, … }`: what matches no key goes on.
    fn verdict_map(&mut self, fields: &[Field]) -> Result<(), NotUnderstood> {
        let map = self.map_elements()?;
        let unknown_field = fields.iter().find_map(|field| match field {
            Field::Unknown(reason) => Some(*reason),
            _ => None,
        });
        // Exact keys go before the one for all others.
        let (others, exact): (Vec<_>, Vec<_>) = map
            .elements
            .iter()
            .partition(|element| element.key == ["*"]);
        for element in exact.into_iter().chain(others) {
            let condition = match unknown_field {
                Some(reason) => {
                    self.state = self.state.max(LineState::NotModelledCouldMatter);
                    unknown(self.origin, reason)
                }
                None => self.element(fields, element)?,
            };
            let [word, rest @ ..] = element.value.as_slice() else {
                return Err(NotUnderstood("the map has no verdicts".to_owned()));
            };
            let name = rest.first().and_then(Token::value).unwrap_or("");
            let action = match word.value().unwrap_or("") {
                "accept" => Action::Accept(SessionEffect::None),
                "drop" => Action::Drop,
                "continue" => Action::Continue,
                "return" => Action::Return,
                word @ ("jump" | "goto") => self.call(word, name)?,
                word => return Err(NotUnderstood(format!("`{word}` is no verdict"))),
            };
            self.effects.push((condition, action));
        }
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

fn meta(key: &str) -> Result<Field, NotUnderstood> {
    Ok(match key {
        "iifname" | "iif" => Field::EntersBy,
        "oifname" | "oif" => Field::LeavesBy,
        "mark" => Field::Mark,
        "l4proto" => Field::Protocol,
        "nfproto" => Field::Family,
        "pkttype" => Field::Unknown("how the link layer addressed the packet is not modelled"),
        "skuid" | "skgid" | "cgroup" => Field::Unknown("it depends on the sending process"),
        "time" | "day" | "hour" => Field::Unknown("it depends on the time of day"),
        "" => return Err(NotUnderstood("`meta` is not understood".to_owned())),
        _ => Field::Unknown("this property of packets is not modelled"),
    })
}

/// `tcp dport > 1023` and its like.
fn ordered(field: Field, operator: Operator, value: &str) -> Result<Condition, NotUnderstood> {
    let refused = || NotUnderstood("this comparison is not modelled".to_owned());
    let value = names::port(value).ok_or_else(refused)?;
    let range = match operator {
        Operator::Less => value.checked_sub(1).map(|last| 0..=last),
        Operator::LessOrEqual => Some(0..=value),
        Operator::Greater => value.checked_add(1).map(|first| first..=u16::MAX),
        _ => Some(value..=u16::MAX),
    };
    let ports = range.map_or_else(Ports::default, Ports::from);
    let (protocol, condition) = match field {
        Field::SourcePort(protocol) => (protocol, Condition::SourcePort(ports)),
        Field::DestinationPort(protocol) => (protocol, Condition::DestinationPort(ports)),
        _ => return Err(refused()),
    };
    let protocol = protocol.ok_or_else(refused)?;
    Ok(Condition::All(vec![
        Condition::Protocol(vec![protocol]),
        condition,
    ]))
}
