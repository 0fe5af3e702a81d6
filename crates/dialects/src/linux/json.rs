//! JSON values that know where they stand.
//!
//! Parsing is `serde_json`'s; a value keeps the slice of the text that it was
//! read from, which gives its place. Objects keep their order and repeated keys,
//! so that these can be reported. Values are opened one level at a time, so
//! depth costs nothing.

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A value, not opened yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'t> {
    /// The text of the value.
    pub(super) text: &'t str,
    /// Where it starts in the file.
    pub(super) start: usize,
}

impl<'t> Json<'t> {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// Where and why the text is not JSON.
    pub(super) fn parse(text: &'t str) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Ok(Self::within(text, 0, raw))
    }

    fn within(whole: &str, start: usize, raw: &'t RawValue) -> Self {
        let text = raw.get();
        let offset = (text.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        Self {
            text,
            start: start + offset,
        }
    }

    /// Returns one past the last byte.
    pub(super) fn end(self) -> usize {
        self.start + self.text.len()
    }

    /// Returns the members of an object, in order; `None` for another value.
    pub(super) fn members(self) -> Option<Vec<(String, Json<'t>)>> {
        if !self.text.starts_with('{') {
            return None;
        }
        let mut reader = serde_json::Deserializer::from_str(self.text);
        let members = reader.deserialize_map(Members).ok()?;
        Some(
            members
                .into_iter()
                .map(|(key, raw)| (key, Self::within(self.text, self.start, raw)))
                .collect(),
        )
    }

    /// Returns the items of an array, in order; `None` for another value.
    pub(super) fn items(self) -> Option<Vec<Json<'t>>> {
        if !self.text.starts_with('[') {
            return None;
        }
        let mut reader = serde_json::Deserializer::from_str(self.text);
        let items = reader.deserialize_seq(Items).ok()?;
        Some(
            items
                .into_iter()
                .map(|raw| Self::within(self.text, self.start, raw))
                .collect(),
        )
    }

    /// Returns a string.
    pub(super) fn string(self) -> Option<String> {
        serde_json::from_str(self.text).ok()
    }

    /// Returns a truth value.
    pub(super) fn boolean(self) -> Option<bool> {
        serde_json::from_str(self.text).ok()
    }

    /// Returns a whole number.
    pub(super) fn integer(self) -> Option<u64> {
        serde_json::from_str(self.text).ok()
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}
