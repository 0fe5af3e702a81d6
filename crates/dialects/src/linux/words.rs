//! Lines cut into words as `iptables-restore` does: at blanks, with quotes.

use std::borrow::Cow;

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'t> {
    /// The text, quotes and escapes resolved.
    pub(super) text: Cow<'t, str>,
    /// Whether it stood in quotes, and so is never an option.
    pub(super) quoted: bool,
}

/// The words of a line, read from the left.
#[derive(Debug, Clone)]
pub(super) struct Words<'t> {
    words: Vec<Word<'t>>,
    at: usize,
}

impl<'t> Words<'t> {
    /// Cuts a line.
    pub(super) fn new(line: &'t str) -> Self {
        let mut words = Vec::new();
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (word, after) = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => quoted(rest, quote),
                _ => bare(rest),
            };
            words.push(word);
            rest = after.trim_start();
        }
        Self { words, at: 0 }
    }

    /// Returns the next word and steps past it.
    pub(super) fn next(&mut self) -> Option<Word<'t>> {
        let word = self.words.get(self.at).cloned();
        self.at += usize::from(word.is_some());
        word
    }

    /// Returns the next word without stepping.
    pub(super) fn peek(&self) -> Option<&Word<'t>> {
        self.words.get(self.at)
    }

    /// Returns the next word if it can be the argument of an option.
    pub(super) fn argument(&mut self) -> Option<Cow<'t, str>> {
        if self.at_option() {
            return None;
        }
        self.next().map(|word| word.text)
    }

    /// Steps past words until the next option or the end.
    pub(super) fn skip_arguments(&mut self) {
        while !self.at_option() {
            self.at += 1;
        }
    }

    /// Steps past `word` if it is next.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is_next = self
            .peek()
            .is_some_and(|next| !next.quoted && next.text == word);
        self.at += usize::from(is_next);
        is_next
    }

    /// Tells whether an option, a negation or the end comes next.
    fn at_option(&self) -> bool {
        self.peek().is_none_or(|word| {
            !word.quoted && (word.text == "!" || word.text.len() > 1 && word.text.starts_with('-'))
        })
    }
}

fn bare(text: &str) -> (Word<'_>, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let word = Word {
        text: Cow::Borrowed(word),
        quoted: false,
    };
    (word, rest)
}

fn quoted(text: &str, quote: char) -> (Word<'_>, &str) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            _ if letter == quote => {
                let rest = text.get(at + letter.len_utf8()..).unwrap_or("");
                return (word(value), rest);
            }
            _ => value.push(letter),
        }
    }
    (word(value), "")
}

fn word<'t>(value: String) -> Word<'t> {
    Word {
        text: Cow::Owned(value),
        quoted: true,
    }
}
