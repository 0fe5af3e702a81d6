//! Source files and spans in them.

use std::fmt;

/// Identifies a file within one [`Sources`].
///
/// A value from one `Sources` means nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

impl FileId {
    /// Makes the id of the file at a position of its [`Sources`], from zero, for
    /// values that carried the position through a deserializer.
    pub const fn from_index(index: u32) -> Self {
        Self(index)
    }

    /// Returns the position of the file in its [`Sources`], from zero.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A stretch of bytes in one source file.
///
/// Bytes count from zero; `end` is exclusive. A span that covers a block (a
/// policy with its settings) starts on the line that people quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place in a file as people and editors count: from one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location<'a> {
    /// The path as the file was named when it was read.
    pub path: &'a str,
    /// The line, from one.
    pub line: u32,
    /// The column in characters, from one.
    pub column: u32,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// One file as it was read: its name, its text and where its lines start.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: String,
    text: String,
    line_starts: Vec<u32>,
}

impl SourceFile {
    fn new(path: String, text: String) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(
            text.bytes()
                .enumerate()
                .filter(|&(_, byte)| byte == b'\n')
                .filter_map(|(at, _)| u32::try_from(at + 1).ok()),
        );
        Self {
            path,
            text,
            line_starts,
        }
    }

    /// Returns the path as the file was named when it was read.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns how many lines the file has; a last line without a newline counts.
    pub fn line_count(&self) -> u32 {
        let starts = u32::try_from(self.line_starts.len()).unwrap_or(u32::MAX);
        if self.text.is_empty() || self.text.ends_with('\n') {
            starts - 1
        } else {
            starts
        }
    }

    /// Returns the line, from one, that the byte stands on.
    pub fn line_of(&self, byte: u32) -> u32 {
        u32::try_from(self.line_starts.partition_point(|&start| start <= byte)).unwrap_or(u32::MAX)
    }

    /// Returns the bytes of a line (from one) without its line ending.
    ///
    /// `None` where the file has no such line.
    pub fn line_bounds(&self, line: u32) -> Option<(u32, u32)> {
        let at = (line as usize).checked_sub(1)?;
        let start = *self.line_starts.get(at)?;
        let text_end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let end = self
            .line_starts
            .get(at + 1)
            .map_or(text_end, |next| next - 1);
        let carriage_return = self
            .text
            .as_bytes()
            .get(end as usize - usize::from(end > start));
        let end = if end > start && carriage_return == Some(&b'\r') {
            end - 1
        } else {
            end
        };
        Some((start, end))
    }

    /// Returns the text of a line (from one) without its line ending.
    pub fn line_text(&self, line: u32) -> Option<&str> {
        let (start, end) = self.line_bounds(line)?;
        self.text.get(start as usize..end as usize)
    }
}

/// Every file that was read for one answer.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// The largest file that can be held, in bytes: offsets are 32 bits wide.
    pub const FILE_SIZE_MAX: usize = u32::MAX as usize - 1;

    /// Returns an empty set of files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and returns its id.
    ///
    /// `text` longer than [`Self::FILE_SIZE_MAX`] is cut there, on a character
    /// boundary; callers refuse such files before.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let mut text = text.into();
        if text.len() > Self::FILE_SIZE_MAX {
            let mut end = Self::FILE_SIZE_MAX;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(path.into(), text));
        id
    }

    /// Returns the file, or `None` for an id of another `Sources`.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.index())
    }

    /// Returns every file with its id, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0u32..).map(FileId).zip(&self.files)
    }

    /// Returns where a span starts, in people's terms.
    pub fn location(&self, span: Span) -> Option<Location<'_>> {
        let file = self.file(span.file)?;
        let line = file.line_of(span.start);
        let (line_start, _) = file.line_bounds(line)?;
        let before = file.text.get(line_start as usize..span.start as usize)?;
        let column = u32::try_from(before.chars().count()).ok()? + 1;
        Some(Location {
            path: &file.path,
            line,
            column,
        })
    }

    /// Returns the text a span covers.
    pub fn snippet(&self, span: Span) -> Option<&str> {
        self.file(span.file)?
            .text
            .get(span.start as usize..span.end as usize)
    }

    /// Returns the whole line on which a span starts, without indentation.
    pub fn line_text(&self, span: Span) -> Option<&str> {
        let file = self.file(span.file)?;
        Some(file.line_text(file.line_of(span.start))?.trim())
    }
}

impl Span {
    /// Returns the span of a whole line (from one) of a file.
    pub fn of_line(file: FileId, source: &SourceFile, line: u32) -> Option<Self> {
        let (start, end) = source.line_bounds(line)?;
        Some(Self { file, start, end })
    }

    /// Returns the smallest span that covers both, which are of one file.
    pub fn to(self, other: Self) -> Self {
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str, start: u32) -> String {
        let mut sources = Sources::new();
        let file = sources.add("a.cfg", text);
        sources
            .location(Span {
                file,
                start,
                end: start,
            })
            .unwrap()
            .to_string()
    }

    /// Lines and columns count from one, columns in characters.
    #[test]
    fn location_counts_characters_from_one() {
        assert_eq!(location("héllo\nab\n", 0), "a.cfg:1:1");
        assert_eq!(location("héllo\nab\n", 3), "a.cfg:1:3");
        assert_eq!(location("héllo\nab\n", 8), "a.cfg:2:2");
    }

    /// Windows line endings are not part of a line.
    #[test]
    fn line_text_has_no_line_ending() {
        let mut sources = Sources::new();
        let id = sources.add("a.cfg", "one\r\n\r\ntwo");
        let file = sources.file(id).unwrap();
        let lines: Vec<_> = (1..=4).map(|line| file.line_text(line)).collect();
        assert_eq!(lines, [Some("one"), Some(""), Some("two"), None]);
        assert_eq!(file.line_count(), 3);
    }

    /// An empty file has no lines, and asking for one is no panic.
    #[test]
    fn empty_file_has_no_lines() {
        let mut sources = Sources::new();
        let id = sources.add("a.cfg", "");
        assert_eq!(sources.file(id).unwrap().line_count(), 0);
    }
}
