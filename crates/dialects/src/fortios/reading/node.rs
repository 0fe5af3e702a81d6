//! Tables, entries and settings.

use super::build::Entries;
use crate::fortios::syntax::{Lines, Word};
use findings::Span;
use networks::model::LineState;
use std::cell::Cell;
use std::collections::HashMap;
use std::str::FromStr;

/// A setting as it stands after the last line that touched it.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Its name.
    pub(crate) key: String,
    /// Its values; empty where it was unset.
    pub(crate) values: Vec<Word>,
    /// The statement that last set it.
    pub(crate) span: Span,
    /// The lines of every statement that touched it.
    pub(crate) lines: Vec<Lines>,
    state: Cell<Option<LineState>>,
}

impl Setting {
    pub(crate) fn new(key: &str, span: Span) -> Self {
        Self {
            key: key.to_owned(),
            values: Vec::new(),
            span,
            lines: Vec::new(),
            state: Cell::new(None),
        }
    }

    /// Says how well it was understood; a worse state stays.
    pub(crate) fn mark(&self, state: LineState) {
        self.state
            .set(Some(self.state.get().map_or(state, |old| old.max(state))));
    }

    /// Returns what was said about it.
    pub(crate) fn state(&self) -> Option<LineState> {
        self.state.get()
    }
}

/// A table, an object or an entry.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The words after `config`, joined by a blank, or the entry's name.
    pub(crate) name: String,
    /// The block that first opened it.
    pub(crate) span: Span,
    /// The lines that open and close it.
    pub(crate) lines: Vec<Lines>,
    /// Statements in it that are none of FortiOS.
    pub(crate) junk: Vec<Setting>,
    settings: Vec<Setting>,
    setting_index: HashMap<String, usize>,
    tables: Vec<Node>,
    table_index: HashMap<String, usize>,
    pub(super) entries: Entries,
    state: Cell<Option<LineState>>,
}

impl Node {
    pub(crate) fn new(name: impl Into<String>, span: Span) -> Self {
        Self {
            name: name.into(),
            span,
            lines: Vec::new(),
            junk: Vec::new(),
            settings: Vec::new(),
            setting_index: HashMap::new(),
            tables: Vec::new(),
            table_index: HashMap::new(),
            entries: Entries::default(),
            state: Cell::new(None),
        }
    }

    /// Returns the setting of this name, made where it is missing.
    pub(super) fn setting_mut(&mut self, key: &str, span: Span) -> Option<&mut Setting> {
        let at = match self.setting_index.get(key) {
            Some(&at) => at,
            None => {
                self.settings.push(Setting::new(key, span));
                self.setting_index
                    .insert(key.to_owned(), self.settings.len() - 1);
                self.settings.len() - 1
            }
        };
        self.settings.get_mut(at)
    }

    /// Returns the table of this name in it, made where it is missing.
    pub(super) fn table_mut(&mut self, name: &str, span: Span) -> Option<&mut Node> {
        let at = match self.table_index.get(name) {
            Some(&at) => at,
            None => {
                self.tables.push(Node::new(name, span));
                self.table_index
                    .insert(name.to_owned(), self.tables.len() - 1);
                self.tables.len() - 1
            }
        };
        self.tables.get_mut(at)
    }

    /// Says how well the node itself was understood.
    pub(crate) fn mark(&self, state: LineState) {
        self.state
            .set(Some(self.state.get().map_or(state, |old| old.max(state))));
    }

    /// Returns what was said about the node itself.
    pub(crate) fn state(&self) -> Option<LineState> {
        self.state.get()
    }

    /// Returns every setting, used or not, without using it.
    pub(crate) fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Returns every table in it without using it.
    pub(crate) fn tables(&self) -> &[Node] {
        &self.tables
    }

    /// Returns every entry in order without using it.
    pub(crate) fn all_entries(&self) -> impl Iterator<Item = &Node> {
        self.entries.iter()
    }

    /// Returns the entries that statements deleted again.
    pub(crate) fn deleted_entries(&self) -> impl Iterator<Item = &Node> {
        self.entries.deleted()
    }

    /// Tells whether nothing at all stands in it or in what stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.junk.is_empty()
            && self.entries.iter().next().is_none()
            && self.tables.iter().all(Self::is_empty)
    }

    /// Returns a table in it and counts it as understood.
    pub(crate) fn table(&self, name: &str) -> Option<&Node> {
        let node = self.tables.get(*self.table_index.get(name)?)?;
        node.mark(LineState::Understood);
        Some(node)
    }

    /// Returns the entries in order and counts them as understood.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Node> {
        self.entries
            .iter()
            .inspect(|entry| entry.mark(LineState::Understood))
    }

    /// Returns an entry by its name, not counting it as anything.
    pub(crate) fn entry(&self, name: &str) -> Option<&Node> {
        self.entries.get(name)
    }

    /// Returns an entry as a word of the file refers to it: by its name, or by
    /// a former name that was in force where the word stands.
    pub(crate) fn referred(&self, word: &Word) -> Option<&Node> {
        self.entries.referred(&word.text, word.span.start)
    }

    /// Returns a setting and counts it as understood; `None` where it is not
    /// there or was unset.
    pub(crate) fn setting(&self, key: &str) -> Option<&Setting> {
        let setting = self.settings.get(*self.setting_index.get(key)?)?;
        setting.mark(LineState::Understood);
        Some(setting).filter(|setting| !setting.values.is_empty())
    }

    /// Returns the values of a setting; empty where it is not there.
    pub(crate) fn list(&self, key: &str) -> &[Word] {
        self.setting(key)
            .map_or(&[], |setting| setting.values.as_slice())
    }

    /// Returns the first value of a setting.
    pub(crate) fn word(&self, key: &str) -> Option<&str> {
        self.list(key).first().map(|word| word.text.as_str())
    }

    /// Returns the first value of a setting, which must be one of these. One
    /// that is none of them counts as not recognised and is as if not set.
    pub(crate) fn choice<'a>(&self, key: &str, known: &[&'a str]) -> Option<&'a str> {
        let word = self.word(key)?;
        let found = known.iter().find(|&&known| known == word).copied();
        if found.is_none() {
            self.reject(key);
        }
        found
    }

    /// Returns a setting that is `enable` or `disable`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.choice(key, &["enable", "disable"])
            .map(|word| word == "enable")
    }

    /// Returns the first value as a number or address; one that is none counts
    /// as not recognised and is as if not set.
    pub(crate) fn parsed<T: FromStr>(&self, key: &str) -> Option<T> {
        let parsed = self.word(key)?.parse().ok();
        if parsed.is_none() {
            self.reject(key);
        }
        parsed
    }

    /// Counts a setting as not recognised.
    pub(crate) fn reject(&self, key: &str) {
        let found = self
            .setting_index
            .get(key)
            .and_then(|&at| self.settings.get(at));
        if let Some(setting) = found {
            setting.mark(LineState::NotRecognised);
        }
    }

    /// Returns where a setting stands, else where the node does.
    pub(crate) fn span_of(&self, key: &str) -> Span {
        self.setting_index
            .get(key)
            .and_then(|&at| self.settings.get(at))
            .map_or(self.span, |setting| setting.span)
    }

    /// Settles what nothing has used yet as known not to matter.
    pub(crate) fn rest_harmless(&self) {
        for setting in &self.settings {
            if setting.state().is_none() {
                setting.mark(LineState::NotModelledHarmless);
            }
        }
        for table in &self.tables {
            if table.state().is_none() {
                table.mark(LineState::NotModelledHarmless);
            }
        }
    }

    /// Settles what nothing has used yet: settings and tables that `harmless`
    /// names count as harmless, all others as not recognised. Returns the
    /// places of those that are not recognised, rejected values included.
    pub(crate) fn rest(&self, harmless: &[&str]) -> Vec<Span> {
        let mut strange = Vec::new();
        for setting in self.settings.iter().chain(&self.junk) {
            match setting.state() {
                None if harmless.contains(&setting.key.as_str()) => {
                    setting.mark(LineState::NotModelledHarmless);
                }
                None => {
                    setting.mark(LineState::NotRecognised);
                    strange.push(setting.span);
                }
                Some(LineState::NotRecognised) => strange.push(setting.span),
                Some(_) => {}
            }
        }
        for table in self.tables.iter().filter(|table| table.state().is_none()) {
            if table.is_empty() {
                table.mark(LineState::Harmless);
            } else if harmless.contains(&table.name.as_str()) {
                table.mark(LineState::NotModelledHarmless);
            } else {
                table.mark(LineState::NotRecognised);
                strange.push(table.span);
            }
        }
        strange
    }
}
