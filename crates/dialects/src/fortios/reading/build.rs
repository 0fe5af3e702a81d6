//! Running the script.

use super::node::{Node, Setting};
use crate::fortios::syntax::{Block, Item, Statement, Tree, Word};
use findings::{Code, Finding, Severity, Span};
use networks::model::LineState;
use std::collections::HashMap;

/// How many nodes and settings `clone` may make in one file altogether.
/// Backups hold no `clone` at all; scripts copy a few entries.
const CLONED_MAX: usize = 200_000;

/// The entries of a table, in order, found by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    slots: Vec<Slot>,
    index: HashMap<String, usize>,
    /// Former names of entries: the slot and where in the file the name ends.
    former: HashMap<String, Vec<(usize, u32)>>,
    first: Option<usize>,
    last: Option<usize>,
    greatest: u64,
}

#[derive(Debug, Clone)]
struct Slot {
    node: Node,
    before: Option<usize>,
    after: Option<usize>,
    gone: bool,
}

impl Entries {
    /// Returns the entries that were deleted.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = &Node> {
        let gone = self.slots.iter().filter(|slot| slot.gone);
        gone.map(|slot| &slot.node)
    }

    /// Returns the entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.first, |&at| self.slots.get(at)?.after)
            .filter_map(|at| Some(&self.slots.get(at)?.node))
    }

    /// Returns an entry by name.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        Some(&self.slots.get(*self.index.get(name)?)?.node)
    }

    /// Returns an entry by a name used at a place of the file.
    pub(crate) fn referred(&self, name: &str, place: u32) -> Option<&Node> {
        self.get(name).or_else(|| {
            let (at, _) = self
                .former
                .get(name)?
                .iter()
                .find(|&&(_, end)| place < end)?;
            let node = &self.slots.get(*at)?.node;
            self.index.contains_key(&node.name).then_some(node)
        })
    }

    fn add(&mut self, node: Node) -> usize {
        let at = self.slots.len();
        if let Ok(number) = node.name.parse::<u64>() {
            self.greatest = self.greatest.max(number);
        }
        self.index.insert(node.name.clone(), at);
        self.slots.push(Slot {
            node,
            before: None,
            after: None,
            gone: false,
        });
        self.link(at, self.last);
        at
    }

    /// Puts a slot after another, or first.
    fn link(&mut self, at: usize, before: Option<usize>) {
        let after = match before {
            Some(before) => self.slots.get(before).and_then(|slot| slot.after),
            None => self.first,
        };
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.before, slot.after) = (before, after);
        }
        match before.and_then(|before| self.slots.get_mut(before)) {
            Some(slot) => slot.after = Some(at),
            None => self.first = Some(at),
        }
        match after.and_then(|after| self.slots.get_mut(after)) {
            Some(slot) => slot.before = Some(at),
            None => self.last = Some(at),
        }
    }

    fn unlink(&mut self, at: usize) {
        let Some((before, after)) = self.slots.get(at).map(|slot| (slot.before, slot.after)) else {
            return;
        };
        match before.and_then(|before| self.slots.get_mut(before)) {
            Some(slot) => slot.after = after,
            None => self.first = after,
        }
        match after.and_then(|after| self.slots.get_mut(after)) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
    }

    fn open(&mut self, name: &str, span: Span) -> Option<&mut Node> {
        // `edit 0` asks for the next free number.
        let name = if name == "0" {
            (self.greatest + 1).to_string()
        } else {
            name.to_owned()
        };
        let at = match self.index.get(&name) {
            Some(&at) => at,
            None => self.add(Node::new(name, span)),
        };
        self.slots.get_mut(at).map(|slot| &mut slot.node)
    }

    fn delete(&mut self, name: &str) -> bool {
        let Some(at) = self.index.remove(name) else {
            return false;
        };
        self.unlink(at);
        if let Some(slot) = self.slots.get_mut(at) {
            slot.gone = true;
        }
        true
    }

    fn purge(&mut self) {
        self.index.clear();
        (self.first, self.last) = (None, None);
        for slot in &mut self.slots {
            slot.gone = true;
        }
    }

    fn rename(&mut self, from: &str, to: &str, place: u32) -> bool {
        if self.index.contains_key(to) {
            return false;
        }
        let Some(at) = self.index.remove(from) else {
            return false;
        };
        self.index.insert(to.to_owned(), at);
        self.former
            .entry(from.to_owned())
            .or_default()
            .push((at, place));
        if let Some(slot) = self.slots.get_mut(at) {
            slot.node.name = to.to_owned();
        }
        true
    }

    fn relocate(&mut self, name: &str, side: &str, other: &str) -> bool {
        let (Some(&at), Some(&other)) = (self.index.get(name), self.index.get(other)) else {
            return false;
        };
        if at == other {
            return false;
        }
        self.unlink(at);
        let before = match side {
            "after" => Some(other),
            _ => self.slots.get(other).and_then(|slot| slot.before),
        };
        self.link(at, before);
        true
    }
}

/// Everything a file configures.
#[derive(Debug)]
pub(crate) struct Database {
    /// Tables at the top, and statements that stand in none.
    pub(crate) root: Node,
    /// Statements that act on entries, and how well they were understood.
    pub(crate) acts: Vec<Setting>,
    /// What is wrong with the script.
    pub(crate) findings: Vec<Finding>,
    cloned: usize,
}

/// Runs a script.
pub(crate) fn build(tree: &Tree, whole: Span) -> Database {
    let mut database = Database {
        root: Node::new("", whole),
        acts: Vec::new(),
        findings: Vec::new(),
        cloned: 0,
    };
    let mut root = Node::new("", whole);
    database.fill(&mut root, &tree.items);
    database.root = root;
    database
}

impl Database {
    /// Runs what stands in a node; blocks nest no deeper than the tree does.
    fn fill(&mut self, node: &mut Node, items: &[Item]) {
        for item in items {
            match item {
                Item::Statement(statement) => self.run(node, statement),
                Item::Block(block) => self.descend(node, block),
            }
        }
    }

    fn descend(&mut self, node: &mut Node, block: &Block) {
        if block.cut_short {
            self.findings.push(
                Finding::new(
                    Code::new("configuration-cut-short"),
                    Severity::Warning,
                    "the block is not closed before the file ends",
                )
                .at(block.span),
            );
        }
        let name = joined(&block.words);
        let inner = if block.is_entry {
            node.entries.open(&name, block.span)
        } else {
            node.table_mut(&name, block.span)
        };
        if let Some(inner) = inner {
            inner.lines.extend(block.lines.iter().cloned());
            self.fill(inner, &block.items);
        }
    }

    fn run(&mut self, node: &mut Node, statement: &Statement) {
        if statement.unclosed {
            self.findings.push(
                Finding::new(
                    Code::new("configuration-cut-short"),
                    Severity::Warning,
                    "a quote is opened and never closed",
                )
                .at(statement.span),
            );
        }
        let arguments = statement.arguments();
        let key = arguments.first().map_or("", |word| word.text.as_str());
        match (statement.verb(), arguments) {
            ("set", [_, values @ ..]) => assign(node, statement, key, |setting| {
                setting.values = values.to_vec();
            }),
            ("append", [_, values @ ..]) => assign(node, statement, key, |setting| {
                setting.values.extend_from_slice(values);
            }),
            ("select", [_, values @ ..]) => assign(node, statement, key, |setting| {
                setting.values = values.to_vec();
            }),
            ("unselect", [_, values @ ..]) => assign(node, statement, key, |setting| {
                setting
                    .values
                    .retain(|word| values.iter().all(|gone| gone.text != word.text));
            }),
            ("unset", [_]) => assign(node, statement, key, |setting| setting.values.clear()),
            ("delete" | "purge" | "rename" | "clone" | "move", _) => {
                let done = self.act(node, statement);
                self.note(statement, done);
            }
            _ => node.junk.push(of_statement(statement)),
        }
    }

    /// Runs a statement on entries; tells whether it could be done.
    fn act(&mut self, node: &mut Node, statement: &Statement) -> bool {
        let text = |at: usize| {
            let word = statement.words.get(at);
            word.map_or("", |word| word.text.as_str())
        };
        let entries = &mut node.entries;
        match (text(0), statement.words.len()) {
            ("delete", 2) => entries.delete(text(1)),
            ("purge", 1) => {
                entries.purge();
                true
            }
            ("rename", 4) if text(2) == "to" => {
                entries.rename(text(1), text(3), statement.span.start)
            }
            ("move", 4) if matches!(text(2), "before" | "after") => {
                entries.relocate(text(1), text(2), text(3))
            }
            ("clone", 4) if text(2) == "to" => {
                let copy = entries.get(text(1)).cloned();
                let Some(mut copy) = copy.filter(|_| entries.get(text(3)).is_none()) else {
                    return false;
                };
                self.cloned += size(&copy);
                if self.cloned > CLONED_MAX {
                    return false;
                }
                copy.name = text(3).to_owned();
                copy.span = statement.span;
                copy.lines.push(statement.lines.clone());
                entries.add(copy);
                true
            }
            _ => false,
        }
    }

    fn note(&mut self, statement: &Statement, done: bool) {
        let act = of_statement(statement);
        act.mark(if done {
            LineState::Understood
        } else {
            LineState::NotRecognised
        });
        if !done {
            self.findings.push(
                Finding::new(
                    Code::new("configuration-line-rejected"),
                    Severity::Warning,
                    format!("the device would reject this `{}`", statement.verb()),
                )
                .at(statement.span),
            );
        }
        self.acts.push(act);
    }
}

fn of_statement(statement: &Statement) -> Setting {
    let mut setting = Setting::new("", statement.span);
    setting.values = statement.words.clone();
    setting.lines = vec![statement.lines.clone()];
    setting
}

fn assign(node: &mut Node, statement: &Statement, key: &str, change: impl FnOnce(&mut Setting)) {
    if let Some(setting) = node.setting_mut(key, statement.span) {
        setting.span = statement.span;
        setting.lines.push(statement.lines.clone());
        change(setting);
    }
}

fn joined(words: &[Word]) -> String {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    texts.join(" ")
}

/// Counts the nodes and settings in a node.
fn size(node: &Node) -> usize {
    let mut count = 0;
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        count += 1 + node.settings().len() + node.junk.len();
        waiting.extend(node.tables());
        waiting.extend(node.all_entries());
    }
    count
}
