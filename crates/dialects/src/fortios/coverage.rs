//! How well each line was understood.

use super::reading::{Database, Node, Setting};
use super::syntax::{Lines, Tree};
use findings::SourceFile;
use networks::model::{Coverage, LineState};

/// Collects what was said of every node and setting.
pub(crate) fn of(source: &SourceFile, tree: &Tree, database: &Database) -> Coverage {
    let count = source.line_count() as usize;
    let mut lines = Ledger {
        states: vec![None; count],
    };
    for &line in &tree.blanks {
        lines.put(&(line..=line), LineState::Harmless);
    }
    for (line, text) in &tree.comments {
        let header = super::version::Version::of_header(text).is_some();
        let state = if header {
            LineState::Understood
        } else {
            LineState::Harmless
        };
        lines.put(&(*line..=*line), state);
    }
    for act in &database.acts {
        lines.setting(act, None);
    }
    lines.sweep(&database.root);
    Coverage {
        lines: lines
            .states
            .into_iter()
            .map(|state| state.unwrap_or(LineState::NotRecognised))
            .collect(),
    }
}

struct Ledger {
    states: Vec<Option<LineState>>,
}

impl Ledger {
    /// Notes a state; of two for one line the worse stays.
    fn put(&mut self, lines: &Lines, state: LineState) {
        let first = (*lines.start() as usize).saturating_sub(1);
        let last = *lines.end() as usize;
        let end = last.min(self.states.len());
        for slot in self.states.get_mut(first..end).unwrap_or_default() {
            *slot = Some(slot.map_or(state, |old| old.max(state)));
        }
    }

    fn setting(&mut self, setting: &Setting, inherited: Option<LineState>) {
        let state = setting
            .state()
            .or(inherited)
            .unwrap_or(LineState::NotRecognised);
        for lines in &setting.lines {
            self.put(lines, state);
        }
    }

    /// Notes a node and what stands in it. A node of which nothing was said
    /// takes the state of the node it stands in, unless that was understood:
    /// then something was overlooked.
    fn sweep(&mut self, root: &Node) {
        let mut waiting: Vec<(&Node, Option<LineState>)> = vec![(root, None)];
        while let Some((node, inherited)) = waiting.pop() {
            let own = node.state().or(inherited);
            for lines in &node.lines {
                self.put(lines, own.unwrap_or(LineState::NotRecognised));
            }
            let below = own.filter(|&state| state != LineState::Understood);
            for setting in node.settings().iter().chain(&node.junk) {
                self.setting(setting, below);
            }
            waiting.extend(node.tables().iter().map(|table| (table, below)));
            waiting.extend(node.all_entries().map(|entry| (entry, below)));
            let gone = Some(LineState::Harmless);
            waiting.extend(node.deleted_entries().map(|entry| (entry, gone)));
        }
    }
}
