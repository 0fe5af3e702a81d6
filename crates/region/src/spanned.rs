//! Values that know where they were written.

use crate::yaml::{Attempt, ENTRIES, SPANNED};
use findings::{FileId, Span};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A value and where it was written.
///
/// It stands for its value: it derefs to it, and has its schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where: of a mapping or list, the first key or element.
    pub span: Span,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpannedVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let parts = (
                    seq.next_element::<u32>()?,
                    seq.next_element::<u32>()?,
                    seq.next_element::<u32>()?,
                    seq.next_element::<T>()?,
                );
                let (Some(file), Some(start), Some(end), Some(value)) = parts else {
                    return Err(A::Error::custom("a value without its place"));
                };
                let file = FileId::from_index(file);
                let span = Span { file, start, end };
                Ok(Spanned { value, span })
            }
        }
        deserializer.deserialize_newtype_struct(SPANNED, SpannedVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Named things, in the order they were written; no name stands twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entries<K, V> {
    entries: Vec<(Spanned<K>, V)>,
    /// Positions in `entries`, in the order of the names.
    by_name: Vec<usize>,
}

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            by_name: Vec::new(),
        }
    }
}

impl<K: Ord, V> Entries<K, V> {
    fn new(entries: Vec<(Spanned<K>, V)>) -> Self {
        let mut by_name: Vec<usize> = (0..entries.len()).collect();
        by_name.sort_by_key(|&at| entries.get(at).map(|(name, _)| &name.value));
        Self { entries, by_name }
    }

    /// Returns the entry of a name.
    pub fn get(&self, name: &K) -> Option<&V> {
        self.entry(name).map(|(_, value)| value)
    }

    /// Returns the entry of a name, with the place of the name.
    pub fn entry(&self, name: &K) -> Option<(&Spanned<K>, &V)> {
        let key = |at: &usize| self.entries.get(*at).map(|(key, _)| &key.value);
        let at = self.by_name.partition_point(|at| key(at) < Some(name));
        let (key, value) = self.entries.get(*self.by_name.get(at)?)?;
        (key.value == *name).then_some((key, value))
    }
}

impl<K, V> Entries<K, V> {
    /// Returns every name with its place, and what it names.
    pub fn iter(&self) -> impl Iterator<Item = (&Spanned<K>, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Entries<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Entry<K, V> = Attempt<(Spanned<K>, V)>;
        struct EntriesVisitor<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
            type Value = Entries<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with what they name")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = seq.next_element::<Entry<K, V>>()? {
                    entries.extend(entry.0);
                }
                Ok(Entries::new(entries))
            }
        }
        deserializer.deserialize_newtype_struct(ENTRIES, EntriesVisitor(PhantomData))
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Entries<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}By{}", V::schema_name(), K::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<V>();
        let names = generator.subschema_for::<K>();
        schemars::json_schema!({
            "type": "object",
            "propertyNames": names,
            "additionalProperties": values,
        })
    }
}
