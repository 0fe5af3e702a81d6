//! What a rule compares a field with.

use super::Reader;
use crate::linux::names;
use crate::linux::netfilter::{all, negated_if, never, unknown};
use crate::linux::nft::fields::{Field, NotUnderstood, flags};
use networks::model::{Condition, LineState};
use packets::{Ports, Protocol, TcpFlagMatch, TcpFlags};

/// What compares a field with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// None written: equal, or for bits any of them set.
    Implied,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

impl<'t> Reader<'_, 't> {
    pub(super) fn operator(&mut self) -> Operator {
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

    pub(super) fn comparison(&mut self, fields: &[Field]) -> Result<Condition, NotUnderstood> {
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
    pub(super) fn plain(
        &mut self,
        fields: &[Field],
        operator: Operator,
    ) -> Result<Condition, NotUnderstood> {
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

    pub(super) fn value(&mut self) -> Result<&'t str, NotUnderstood> {
        self.word()
            .ok_or_else(|| NotUnderstood("a value is missing".to_owned()))
    }

    pub(super) fn skip_value(&mut self) {
        if self.braced().is_some() {
            return;
        }
        self.word();
        while self.take(",") || self.take(".") || self.take("/") {
            self.word();
        }
    }

    pub(super) fn is_one_of(
        &mut self,
        field: Field,
        values: &[&str],
    ) -> Result<Condition, NotUnderstood> {
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
    pub(super) fn has_ports(&self) -> bool {
        self.conditions.iter().any(|condition| match condition {
            Condition::Protocol(protocols) => protocols.iter().all(|known| known.has_ports()),
            _ => false,
        })
    }

    /// `tcp flags`: alone any of the bits, with `/` these of those.
    pub(super) fn flags(
        &mut self,
        bits: &[&str],
        operator: Operator,
    ) -> Result<Condition, NotUnderstood> {
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
    pub(super) fn masked(&mut self, field: Field) -> Result<Condition, NotUnderstood> {
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
