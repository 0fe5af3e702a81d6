//! Sets and maps, in braces or by name.

use super::{Reader, SHARED_SET_MIN};
use crate::linux::netfilter::{UNDEFINED, all, never, unknown};
use crate::linux::nft::fields::{Field, NotUnderstood};
use crate::linux::nft::lexer::Token;
use crate::linux::nft::tree::{Element, Set};
use networks::model::{Action, Condition, LineState, Rule, SessionEffect};
use std::rc::Rc;

impl<'t> Reader<'_, 't> {
    /// Any of the elements of a set.
    pub(super) fn any_of(
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
    pub(super) fn element(
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
    pub(super) fn named_set(
        &mut self,
        fields: &[Field],
        name: &str,
    ) -> Result<Condition, NotUnderstood> {
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
    pub(in crate::linux::nft) fn lookup(
        &mut self,
        name: &str,
    ) -> Result<Rc<Set<'t>>, NotUnderstood> {
        match self.scope.sets.get(name) {
            Some(set) => Ok(Rc::clone(set)),
            None => {
                let message = format!("set `{name}` is not defined");
                self.builder.warn(UNDEFINED, message, self.origin);
                Err(NotUnderstood(format!("set `{name}` is not defined")))
            }
        }
    }

    /// Reads the elements of a map: in braces, or by name.
    pub(in crate::linux::nft) fn map_elements(&mut self) -> Result<Rc<Set<'t>>, NotUnderstood> {
        if let Some(elements) = self.braced() {
            return Ok(Rc::new(Set {
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
    pub(super) fn verdict_map(&mut self, fields: &[Field]) -> Result<(), NotUnderstood> {
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
}
