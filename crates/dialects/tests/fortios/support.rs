//! Reading a text, and saying shortly what came of it.

use findings::Sources;
use networks::model::{LineState, Reading};
use std::fmt::Write as _;

/// A configuration and what was read from it.
pub(super) struct Read {
    pub(super) sources: Sources,
    pub(super) reading: Reading,
}

/// Reads a text as a file named `fw.cfg`.
pub(super) fn read(text: &str) -> Read {
    let mut sources = Sources::new();
    let file = sources.add("fw.cfg", text);
    let reading = dialects::fortios::read(file, sources.file(file).unwrap());
    assert_eq!(
        reading.coverage.lines.len(),
        sources.file(file).unwrap().line_count() as usize,
        "every line has a state"
    );
    Read { sources, reading }
}

impl Read {
    /// Returns each finding as `code line message`, in order.
    pub(super) fn findings(&self) -> Vec<String> {
        let shown = self.reading.findings.iter().map(|finding| {
            let line = finding
                .primary
                .and_then(|span| self.sources.location(span))
                .map_or(0, |at| at.line);
            format!("{line}: {}: {}", finding.code, finding.message)
        });
        shown.collect()
    }

    /// Returns what is unread as `line touches reason`.
    pub(super) fn unread(&self) -> Vec<String> {
        let devices = self.reading.devices.iter();
        let shown = devices.flat_map(|device| &device.unread).map(|unread| {
            let line = self.sources.location(unread.origin).map_or(0, |at| at.line);
            format!("{line}: {:?}: {}", unread.touches, unread.reason)
        });
        shown.collect()
    }

    /// Returns the lines in a state, with their text.
    pub(super) fn lines(&self, state: LineState) -> String {
        let (_, file) = self.sources.iter().next().unwrap();
        let mut out = String::new();
        for (number, own) in (1_u32..).zip(&self.reading.coverage.lines) {
            if *own == state {
                writeln!(out, "{number}: {}", file.line_text(number).unwrap()).unwrap();
            }
        }
        out
    }
}
