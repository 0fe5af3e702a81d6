//! Statements and their words.

use findings::{FileId, Span};
use std::ops::RangeInclusive;

/// Lines of a file, from one, both inclusive.
pub(crate) type Lines = RangeInclusive<u32>;

/// One word of a statement, quotes and escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// What it says.
    pub(crate) text: String,
    /// Where it stands, quotes included.
    pub(crate) span: Span,
}

/// One statement: a line, or several where a quoted value runs over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its words, the verb first; never empty.
    pub(crate) words: Vec<Word>,
    /// From the first word to the last.
    pub(crate) span: Span,
    /// The lines it covers.
    pub(crate) lines: Lines,
    /// Whether a quote in it is never closed; its line then ends it.
    pub(crate) unclosed: bool,
}

impl Statement {
    /// Returns the verb.
    pub(crate) fn verb(&self) -> &str {
        self.words.first().map_or("", |word| word.text.as_str())
    }

    /// Returns the words after the verb.
    pub(crate) fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// What a line that is no statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Nothing, or a comment: its text after the mark.
    Comment(&'a str),
}

/// Cuts a text into statements; comments go to `comment` with their line.
pub(crate) struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    /// Starts at the first byte.
    pub(crate) fn new(file: FileId, text: &'a str) -> Self {
        // A byte order mark says nothing.
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            file,
            text,
            at,
            line: 1,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: offset(start),
            end: offset(end),
        }
    }

    /// Returns the next statement; blank lines and comments on the way go to
    /// `other` with their line.
    pub(crate) fn next_statement(
        &mut self,
        mut other: impl FnMut(u32, Piece<'a>),
    ) -> Option<Statement> {
        loop {
            self.skip_blanks();
            match self.peek()? {
                b'\n' => {
                    other(self.line, Piece::Comment(""));
                    self.at += 1;
                    self.line += 1;
                }
                b'#' => {
                    let rest = self.text.get(self.at + 1..).unwrap_or_default();
                    let length = rest.find('\n').unwrap_or(rest.len());
                    other(
                        self.line,
                        Piece::Comment(rest.get(..length).unwrap_or_default()),
                    );
                    self.at += 1 + length;
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    self.line += 1;
                }
                _ => return Some(self.statement()),
            }
        }
    }

    /// Skips what separates words; a carriage return counts as a blank.
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | 0x0b | 0x0c)) {
            self.at += 1;
        }
    }

    fn statement(&mut self) -> Statement {
        let first_line = self.line;
        let start = self.at;
        let mut words = Vec::new();
        let mut end = start;
        let mut unclosed = false;
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(b'\n') => break,
                Some(_) => {
                    words.push(self.word(&mut unclosed));
                    end = self.at;
                }
            }
        }
        let last_line = self.line;
        if self.peek() == Some(b'\n') {
            self.at += 1;
            self.line += 1;
        }
        Statement {
            words,
            span: self.span(start, end),
            lines: first_line..=last_line,
            unclosed,
        }
    }

    /// Reads a word: bare, quoted, or several of these joined. Within double
    /// quotes and outside of quotes a backslash keeps the next character as it
    /// is; within single quotes nothing is special but the closing one.
    fn word(&mut self, unclosed: &mut bool) -> Word {
        let start = self.at;
        let mut text = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => break,
                b'"' | b'\'' => self.quoted(byte, &mut text, unclosed),
                b'\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'\n') | None => text.push(b'\\'),
                        Some(next) => {
                            text.push(next);
                            self.at += 1;
                        }
                    }
                    // A backslash before a line end at the end of a word
                    // leaves the line end to the statement.
                }
                _ => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        Word {
            text: String::from_utf8_lossy(&text).into_owned(),
            span: self.span(start, self.at),
        }
    }

    fn quoted(&mut self, quote: u8, text: &mut Vec<u8>, unclosed: &mut bool) {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        let mut lines = 0;
        let mut inside = Vec::new();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                _ if byte == quote => {
                    self.at = at + 1;
                    self.line += lines;
                    text.append(&mut inside);
                    return;
                }
                b'\\' if quote == b'"' => {
                    if let Some(&next) = bytes.get(at + 1) {
                        lines += u32::from(next == b'\n');
                        inside.push(next);
                    }
                    at += 2;
                }
                _ => {
                    lines += u32::from(byte == b'\n');
                    inside.push(byte);
                    at += 1;
                }
            }
        }
        // Never closed: nothing after it can be inside, so the quote stands for
        // itself and the line ends the statement. Such a scan to the end of
        // the text happens once for each kind of quote, because none follows.
        *unclosed = true;
        text.push(quote);
        self.at += 1;
    }
}
