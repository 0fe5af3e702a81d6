//! Tables, chains and sets of nft(8), before what their rules mean.

use super::lexer::{Kind, Token, tokens};
use std::collections::HashMap;

/// How many tokens variables may expand to in one file; a definition that uses
/// others many times over could otherwise grow without bound.
const EXPANSION_MAX: usize = 4_000_000;

/// A statement: the tokens of a line, or up to a semicolon.
pub(super) type Statement<'t> = Vec<Token<'t>>;

/// A rule set.
#[derive(Debug, Default)]
pub(super) struct File<'t> {
    /// The tables in order.
    pub(super) tables: Vec<Table<'t>>,
    /// What stands outside of tables and is not understood.
    pub(super) strays: Vec<Statement<'t>>,
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table<'t> {
    /// `ip`, `ip6`, `inet`, `arp`, `bridge`, `netdev`.
    pub(super) family: &'t str,
    /// Its name.
    pub(super) name: &'t str,
    /// The bytes of its first line.
    pub(super) place: (usize, usize),
    /// Its chains in order.
    pub(super) chains: Vec<Chain<'t>>,
    /// Its sets and maps by name.
    pub(super) sets: HashMap<&'t str, Set<'t>>,
    /// What is not understood.
    pub(super) strays: Vec<Statement<'t>>,
}

/// A chain.
#[derive(Debug, Default)]
pub(super) struct Chain<'t> {
    /// Its name.
    pub(super) name: &'t str,
    /// The bytes of its first line.
    pub(super) place: (usize, usize),
    /// Its statements in order.
    pub(super) statements: Vec<Statement<'t>>,
}

/// A set or a map.
#[derive(Debug, Default, Clone)]
pub(super) struct Set<'t> {
    /// Its elements.
    pub(super) elements: Vec<Element<'t>>,
    /// Whether elements come and go at run time.
    pub(super) dynamic: bool,
}

/// An element of a set or a map.
#[derive(Debug, Default, Clone)]
pub(super) struct Element<'t> {
    /// The values that are joined by `.`; one for most.
    pub(super) key: Vec<&'t str>,
    /// What a map gives for it.
    pub(super) value: Vec<Token<'t>>,
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    variables: HashMap<&'t str, Vec<Token<'t>>>,
    expanded: usize,
}

/// Reads a file.
pub(super) fn parse(text: &str) -> File<'_> {
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
        variables: HashMap::new(),
        expanded: 0,
    };
    let mut file = File::default();
    while parser.at < parser.tokens.len() {
        parser.item(&mut file);
    }
    file
}

impl<'t> Parser<'t> {
    fn peek(&self, ahead: usize) -> Option<&Token<'t>> {
        self.tokens.get(self.at + ahead)
    }

    fn at_word(&self, word: &str) -> bool {
        self.peek(0).is_some_and(|token| token.is(word))
    }

    fn item(&mut self, file: &mut File<'t>) {
        if self.at_word("\n") || self.at_word(";") {
            self.at += 1;
            return;
        }
        if self.at_word("add") && self.peek(1).is_some_and(|token| token.is("table")) {
            self.at += 1;
        }
        if self.at_word("table") {
            file.tables.extend(self.table());
            return;
        }
        let statement = self.statement();
        match statement.as_slice() {
            [define, name, equals, value @ ..] if define.is("define") && equals.is("=") => {
                if let Some(name) = name.value() {
                    self.variables.insert(name, value.to_vec());
                }
            }
            [flush, ruleset] if flush.is("flush") && ruleset.is("ruleset") => {}
            [shebang, ..] if shebang.is("!") => {}
            [] => self.at += 1,
            _ => file.strays.push(statement),
        }
    }

    /// Reads tokens to the end of the line or a semicolon, line ends within
    /// braces left out, variables put in.
    fn statement(&mut self) -> Statement<'t> {
        let mut statement = Statement::new();
        let mut depth = 0usize;
        while let Some(token) = self.tokens.get(self.at).cloned() {
            match token.kind {
                Kind::Symbol("\n" | ";") if depth == 0 => {
                    self.at += 1;
                    break;
                }
                Kind::Symbol("\n") => {
                    self.at += 1;
                    continue;
                }
                Kind::Symbol("{") => depth += 1,
                Kind::Symbol("}") if depth == 0 => break,
                Kind::Symbol("}") => depth -= 1,
                _ => {}
            }
            self.at += 1;
            self.push_expanded(&mut statement, token);
        }
        statement
    }

    fn push_expanded(&mut self, statement: &mut Statement<'t>, token: Token<'t>) {
        let variable = match token.kind {
            Kind::Word(word) => word
                .strip_prefix('$')
                .and_then(|name| self.variables.get(name)),
            _ => None,
        };
        match variable {
            Some(value) if self.expanded + value.len() <= EXPANSION_MAX => {
                self.expanded += value.len();
                let place = (token.start, token.end);
                statement.extend(value.iter().map(|token| Token {
                    kind: token.kind,
                    start: place.0,
                    end: place.1,
                }));
            }
            _ => statement.push(token),
        }
    }

    /// Reads what stands before `{`, and steps past the brace.
    fn heading(&mut self) -> Statement<'t> {
        let mut heading = Statement::new();
        while let Some(token) = self.tokens.get(self.at).cloned() {
            self.at += 1;
            if token.is("{") || token.is("\n") || token.is(";") {
                break;
            }
            heading.push(token);
        }
        heading
    }

    fn opens_block(&self) -> bool {
        self.tokens
            .get(self.at..)
            .unwrap_or_default()
            .iter()
            .take_while(|token| !token.is("\n") && !token.is(";") && !token.is("}"))
            .any(|token| token.is("{"))
    }

    fn table(&mut self) -> Option<Table<'t>> {
        let block = self.opens_block();
        let heading = self.heading();
        let names: Vec<_> = heading.iter().filter_map(Token::value).collect();
        let (family, name) = match names.as_slice() {
            [_, family, name] => (*family, *name),
            [_, name] => ("ip", *name),
            _ => ("", ""),
        };
        let mut table = Table {
            family,
            name,
            place: place(&heading),
            ..Table::default()
        };
        while block && !self.take_end() {
            self.table_item(&mut table);
        }
        Some(table)
    }

    /// Steps past a closing brace; true also at the end of the text.
    fn take_end(&mut self) -> bool {
        let end = self.at_word("}") || self.at >= self.tokens.len();
        self.at += usize::from(end);
        end
    }

    fn table_item(&mut self, table: &mut Table<'t>) {
        let block = self.opens_block();
        let keyword = self.peek(0).and_then(Token::value).unwrap_or("");
        match keyword {
            "chain" if block => {
                let heading = self.heading();
                let name = heading.get(1).and_then(Token::value).unwrap_or("");
                let statements = self.block();
                table.chains.push(Chain {
                    name,
                    place: place(&heading),
                    statements,
                });
            }
            "set" | "map" if block => {
                let heading = self.heading();
                let name = heading.get(1).and_then(Token::value).unwrap_or("");
                let statements = self.block();
                table.sets.insert(name, set(&statements));
            }
            "counter" | "quota" | "limit" | "ct" | "flowtable" | "secmark" | "synproxy"
            | "tunnel"
                if block =>
            {
                self.heading();
                self.block();
            }
            "comment" | "flags" => drop(self.statement()),
            _ => {
                let statement = self.statement();
                if !statement.is_empty() {
                    table.strays.push(statement);
                }
            }
        }
    }

    fn block(&mut self) -> Vec<Statement<'t>> {
        let mut statements = Vec::new();
        while !self.take_end() {
            let statement = self.statement();
            if !statement.is_empty() {
                statements.push(statement);
            }
        }
        statements
    }
}

/// Returns the bytes that some tokens cover.
pub(super) fn place(tokens: &[Token<'_>]) -> (usize, usize) {
    let start = tokens.first().map_or(0, |token| token.start);
    let end = tokens.last().map_or(start, |token| token.end);
    (start, end)
}

fn set<'t>(statements: &[Statement<'t>]) -> Set<'t> {
    let mut set = Set::default();
    for statement in statements {
        match statement.as_slice() {
            [first, equals, rest @ ..] if first.is("elements") && equals.is("=") => {
                set.elements.extend(elements(rest));
            }
            [first, rest @ ..] if first.is("flags") => {
                set.dynamic |= rest
                    .iter()
                    .any(|flag| flag.is("dynamic") || flag.is("timeout"));
            }
            [first, ..] if first.is("timeout") => set.dynamic = true,
            _ => {}
        }
    }
    set
}

/// Reads `{ a . b : value, c }`; braces within, which come of variables, are
/// looked through.
pub(super) fn elements<'t>(tokens: &[Token<'t>]) -> Vec<Element<'t>> {
    let mut elements = Vec::new();
    let mut element = Element::default();
    let mut in_value = false;
    let mut joined = true;
    for token in tokens {
        match token.kind {
            Kind::Symbol(",") => {
                elements.push(std::mem::take(&mut element));
                (in_value, joined) = (false, true);
            }
            Kind::Symbol("{" | "}") => {}
            Kind::Symbol(":") => in_value = true,
            _ if in_value => element.value.push(token.clone()),
            Kind::Word(".") => joined = true,
            Kind::Word(value) | Kind::Quoted(value) if joined => {
                element.key.push(value);
                joined = false;
            }
            // `timeout`, `expires`, `counter`, `comment` of an element.
            _ => {}
        }
    }
    elements.push(element);
    elements.retain(|element| !element.key.is_empty());
    elements
}
