//! The tree to types, by serde.

use super::tree::{Kind, Node};
use super::{Bytes, Fault};
use findings::FileId;
use rustc_hash::FxHashSet;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use std::cell::RefCell;

/// The name by which [`crate::Spanned`] asks for a value with its place.
pub(crate) const SPANNED: &str = "$region::Spanned";

/// The name by which [`crate::Entries`] asks for the entries of a mapping.
pub(crate) const ENTRIES: &str = "$region::Entries";

/// The name by which [`super::Attempt`] asks for a value or the note that it is wrong.
pub(super) const ATTEMPT: &str = "$region::Attempt";

/// A value of the tree, being deserialized.
#[derive(Clone, Copy)]
pub(super) struct De<'a> {
    node: &'a Node,
    file: FileId,
    /// Where problems go that reading can go on after.
    notes: &'a Notes,
}

/// What was found wrong, and what to leave out when reading again.
///
/// A type with named fields cannot be had when one of them is wrong, and serde
/// stops there. To tell what else is wrong the reading starts again without
/// that field; its absence is then no news.
#[derive(Debug, Default)]
pub(super) struct Notes {
    faults: RefCell<Vec<Fault>>,
    /// Keys whose values are wrong, by their place.
    left_out: RefCell<FxHashSet<Bytes>>,
}

impl Notes {
    pub(super) fn push(&self, fault: Fault) {
        if !fault.told {
            self.faults.borrow_mut().push(fault);
        }
    }

    /// Returns how many fields are left out.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.borrow().len()
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }
}

impl<'a> De<'a> {
    pub(super) fn new(node: &'a Node, file: FileId, notes: &'a Notes) -> Self {
        Self { node, file, notes }
    }

    fn on(self, node: &'a Node) -> Self {
        Self { node, ..self }
    }

    fn expected(self, what: &str) -> Fault {
        let message = format!("expected {what}, found {}", self.node.describe());
        let fault = Fault::value(message, self.node.place());
        if self.node.is_null() {
            fault.with_hint("write a value, or leave the key out where it is optional")
        } else {
            fault
        }
    }

    /// Says where, unless it has been said further in.
    fn placed<T>(self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| fault.at(self.node.place()))
    }

    fn text(self) -> Result<&'a str, Fault> {
        match &self.node.kind {
            Kind::Scalar { text, .. } if !self.node.is_null() => Ok(text),
            _ => Err(self.expected("text")),
        }
    }

    fn plain(self, what: &str) -> Result<&'a str, Fault> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } if !self.node.is_null() => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    fn sequence<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Sequence(items) => self.placed(visitor.visit_seq(Items {
                de: self,
                items: items.iter(),
            })),
            _ => Err(self.expected("a list")),
        }
    }

    fn entries(self) -> Result<&'a [(Node, Node)], Fault> {
        match &self.node.kind {
            Kind::Mapping(entries) => Ok(entries),
            _ => Err(self.expected("keys with values")),
        }
    }

    /// Visits the keys that are among `known`; notes the others.
    fn fields<V: Visitor<'a>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let entries = self.entries()?;
        let is_known = |key: &Node| known.is_none_or(|known| known.contains(&key.text()));
        for (key, _) in entries.iter().filter(|(key, _)| !is_known(key)) {
            let fault = Fault::unknown_key(key.text(), known.unwrap_or_default(), key.span);
            self.notes.push(fault);
        }
        let left_out = |key: &Node| self.notes.left_out.borrow().contains(&key.span);
        let known: Vec<_> = entries.iter().filter(|(key, _)| is_known(key)).collect();
        let left = known.iter().filter(|(key, _)| !left_out(key));
        let left: Vec<_> = left.copied().collect();
        let complete = left.len() == known.len();
        let result = visitor.visit_map(Fields {
            de: self,
            entries: left.into_iter(),
            entry: None,
        });
        self.placed(result.map_err(|fault| {
            if complete {
                fault
            } else {
                fault.told_if_missing()
            }
        }))
    }
}

/// Reads whole numbers as serde's widest and lets the visitor check the range.
macro_rules! whole_numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let text = self.plain("a whole number")?;
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<u64>().ok().filter(|_| digits);
            let number = number.ok_or_else(|| self.expected("a whole number"))?;
            self.placed(visitor.visit_u64(number))
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            _ if self.node.is_null() => self.placed(visitor.visit_unit()),
            Kind::Scalar { text, .. } => self.placed(visitor.visit_str(text)),
            Kind::Sequence(_) => self.sequence(visitor),
            Kind::Mapping(_) => self.fields(None, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.plain("true or false")? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.expected("true or false")),
        }
    }

    whole_numbers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = self.text()?;
        self.placed(visitor.visit_str(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.node.is_null() {
            return Err(self.expected("a value"));
        }
        self.placed(visitor.visit_some(self))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == SPANNED {
            return self.placed(visitor.visit_seq(Place { de: self, next: 0 }));
        }
        if name == ATTEMPT {
            return visitor.visit_seq(Trial {
                de: Some(self),
                notes: self.notes,
                at: self.node.place(),
            });
        }
        if name == ENTRIES {
            let entries = self.entries()?.iter();
            return self.placed(visitor.visit_seq(Pairs { de: self, entries }));
        }
        self.placed(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.sequence(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.sequence(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.fields(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.fields(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (text, at, value) = match &self.node.kind {
            Kind::Mapping(entries) => match entries.as_slice() {
                [(key, value)] => (key.text(), key.span, Some(self.on(value))),
                _ => return Err(self.expected(&format!("one of {}", variants.join(", ")))),
            },
            Kind::Scalar { text, .. } if !self.node.is_null() => {
                (text.as_str(), self.node.span, None)
            }
            _ => return Err(self.expected(&format!("one of {}", variants.join(", ")))),
        };
        if !variants.contains(&text) {
            return Err(Fault::unknown_choice(text, variants, at));
        }
        self.placed(visitor.visit_enum(Choice { text, at, value }))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct
    }
}

/// The elements of a list.
struct Items<'a> {
    de: De<'a>,
    items: std::slice::Iter<'a, Node>,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let next = self.items.next();
        next.map(|node| seed.deserialize(self.de.on(node)))
            .transpose()
    }
}

/// What [`super::Attempt`] is given: a value, or none where it is wrong, which is noted.
struct Trial<'a, D> {
    de: Option<D>,
    at: Bytes,
    notes: &'a Notes,
}

impl<'a, D: Deserializer<'a, Error = Fault>> SeqAccess<'a> for Trial<'a, D> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        match self.de.take().map(|de| seed.deserialize(de)).transpose() {
            Ok(value) => Ok(value),
            Err(fault) => {
                self.notes.push(fault.at(self.at));
                Ok(None)
            }
        }
    }
}

/// What [`crate::Spanned`] is given: file, first byte, end, and the value.
struct Place<'a> {
    de: De<'a>,
    next: u8,
}

impl<'a> SeqAccess<'a> for Place<'a> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        self.next += 1;
        let (start, end) = self.de.node.place();
        let file = u32::try_from(self.de.file.index()).unwrap_or(u32::MAX);
        let number = |number: u32| IntoDeserializer::<Fault>::into_deserializer(number);
        match self.next {
            1 => seed.deserialize(number(file)),
            2 => seed.deserialize(number(start)),
            3 => seed.deserialize(number(end)),
            4 => self.de.placed(seed.deserialize(self.de)),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

/// The entries of a mapping, one after the other.
struct Pairs<'a> {
    de: De<'a>,
    entries: std::slice::Iter<'a, (Node, Node)>,
}

impl<'a> SeqAccess<'a> for Pairs<'a> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let next = self.entries.next();
        next.map(|entry| seed.deserialize(Pair { de: self.de, entry }))
            .transpose()
    }
}

/// One entry of a mapping, as a key and a value.
struct Pair<'a> {
    de: De<'a>,
    entry: &'a (Node, Node),
}

impl<'de> Deserializer<'de> for Pair<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(PairParts {
            pair: self,
            next: 0,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (notes, at) = (self.de.notes, self.entry.0.span);
        visitor.visit_seq(Trial {
            de: Some(self),
            at,
            notes,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct
        enum identifier ignored_any
    }
}

/// The key, then the value.
struct PairParts<'a> {
    pair: Pair<'a>,
    next: u8,
}

impl<'a> SeqAccess<'a> for PairParts<'a> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        self.next += 1;
        let (key, value) = self.pair.entry;
        match self.next {
            1 => seed.deserialize(self.pair.de.on(key)),
            // A value that lacks a key has the place of its own key, where that is all there is.
            2 => seed
                .deserialize(self.pair.de.on(value))
                .map_err(|fault| fault.at(key.span)),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

/// The keys of a type with named fields, and their values.
struct Fields<'a> {
    de: De<'a>,
    entries: std::vec::IntoIter<&'a (Node, Node)>,
    entry: Option<&'a (Node, Node)>,
}

impl<'a> MapAccess<'a> for Fields<'a> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        self.entry = self.entries.next();
        let key = self.entry.map(|(key, _)| key);
        key.map(|key| seed.deserialize(self.de.on(key))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some((key, value)) = self.entry.take() else {
            return Err(self.de.expected("a value"));
        };
        let value = self.de.on(value);
        value.placed(seed.deserialize(value)).map_err(|fault| {
            self.de.notes.push(fault);
            self.de.notes.left_out.borrow_mut().insert(key.span);
            Fault::told(key.span)
        })
    }
}

/// A variant: its name, where that stands, and what is given with it.
struct Choice<'a> {
    text: &'a str,
    at: Bytes,
    value: Option<De<'a>>,
}

impl<'a> EnumAccess<'a> for Choice<'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.text.into_deserializer();
        seed.deserialize(name).map(|variant| (variant, self))
    }
}

impl<'a> Choice<'a> {
    fn given(&self) -> Result<De<'a>, Fault> {
        self.value.ok_or_else(|| {
            Fault::value(
                format!("`{}` needs more: keys with values below it", self.text),
                self.at,
            )
        })
    }
}

impl<'a> VariantAccess<'a> for Choice<'a> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(Fault::value(
                format!("`{}` stands alone, without a value", self.text),
                self.at,
            )),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.given()?)
    }

    fn tuple_variant<V: Visitor<'a>>(self, _len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.given()?.sequence(visitor)
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.given()?.fields(Some(fields), visitor)
    }
}
