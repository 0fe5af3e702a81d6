//! Words and symbols of nft(8).

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// What it is.
    pub(super) kind: Kind<'t>,
    /// The first byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
}

/// Kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// A word: a name, a number, an address, a range.
    Word(&'t str),
    /// What stood in quotes.
    Quoted(&'t str),
    /// A symbol: braces, operators, `;`, or a line's end (`\n`).
    Symbol(&'t str),
}

impl<'t> Token<'t> {
    /// Returns the text of a word or of what stood in quotes.
    pub(super) fn value(&self) -> Option<&'t str> {
        match self.kind {
            Kind::Word(text) | Kind::Quoted(text) => Some(text),
            Kind::Symbol(_) => None,
        }
    }

    /// Tells whether it is this word or symbol.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word(own) | Kind::Symbol(own) if own == text)
    }
}

const DOUBLE: [&str; 4] = ["!=", "==", "<=", ">="];

/// Cuts a text into tokens; comments and continued line ends are left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(letter) = rest.chars().next() else {
            break;
        };
        let length = match letter {
            '\n' => symbol(&mut tokens, rest, at, 1),
            '\\' if rest.starts_with("\\\n") => 2,
            '\\' if rest.starts_with("\\\r\n") => 3,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' => quoted(&mut tokens, rest, at),
            _ if letter.is_whitespace() => letter.len_utf8(),
            _ if is_word(letter) => word(&mut tokens, rest, at),
            _ => {
                let double = DOUBLE.iter().any(|double| rest.starts_with(double));
                let length = if double { 2 } else { letter.len_utf8() };
                symbol(&mut tokens, rest, at, length)
            }
        };
        at += length.max(1);
    }
    tokens
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_.:/@*+-[]$%".contains(letter)
}

fn symbol<'t>(tokens: &mut Vec<Token<'t>>, rest: &'t str, at: usize, length: usize) -> usize {
    if let Some(text) = rest.get(..length) {
        tokens.push(Token {
            kind: Kind::Symbol(text),
            start: at,
            end: at + length,
        });
    }
    length
}

fn quoted<'t>(tokens: &mut Vec<Token<'t>>, rest: &'t str, at: usize) -> usize {
    let inside = rest.get(1..).unwrap_or("");
    let length = inside.find(['"', '\n']).unwrap_or(inside.len());
    tokens.push(Token {
        kind: Kind::Quoted(inside.get(..length).unwrap_or("")),
        start: at,
        end: at + 1 + length,
    });
    let closed = inside
        .get(length..)
        .is_some_and(|rest| rest.starts_with('"'));
    1 + length + usize::from(closed)
}

/// A word; a colon at its end is a symbol of its own (`{ established: accept }`).
fn word<'t>(tokens: &mut Vec<Token<'t>>, rest: &'t str, at: usize) -> usize {
    let length = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
    let text = rest.get(..length).unwrap_or("");
    let (word, colon) = match text.strip_suffix(':') {
        Some(word) if !word.ends_with(':') => (word, true),
        _ => (text, false),
    };
    if !word.is_empty() {
        tokens.push(Token {
            kind: Kind::Word(word),
            start: at,
            end: at + word.len(),
        });
    }
    if colon {
        let start = at + word.len();
        symbol(tokens, rest.get(word.len()..).unwrap_or(""), start, 1);
    }
    length
}
