//! What a rule changes: the mark.

use super::Reader;
use crate::linux::names;
use crate::linux::netfilter::unknown_action;
use crate::linux::nft::fields::{Field, NotUnderstood};
use crate::linux::nft::lexer::Kind;
use networks::model::{Action, LineState};

impl<'t> Reader<'_, 't> {
    /// `FIELD set VALUE`.
    pub(super) fn set_field(&mut self, fields: &[Field]) -> Result<(), NotUnderstood> {
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
    pub(super) fn end_of_value(&self) -> usize {
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
}
