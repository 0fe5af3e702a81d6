//! Statements in blocks.

use super::lexer::{Lexer, Lines, Piece, Statement, Word};
use findings::{FileId, SourceFile, Span};

/// How deep blocks may stand in each other. The deepest tables of FortiOS
/// 7.6 are seven deep within a virtual domain; what is deeper is not one.
pub(crate) const DEPTH_MAX: usize = 24;

/// A `config` or `edit` block.
#[derive(Debug)]
pub(crate) struct Block {
    /// Whether `edit` opens it; otherwise `config`.
    pub(crate) is_entry: bool,
    /// The words after `config` or `edit`.
    pub(crate) words: Vec<Word>,
    /// From the opening statement to the closing one.
    pub(crate) span: Span,
    /// The lines of the opening and closing statements.
    pub(crate) lines: Vec<Lines>,
    /// What stands in it.
    pub(crate) items: Vec<Item>,
    /// Whether the end of the text closed it.
    pub(crate) cut_short: bool,
}

/// A block, or a statement that opens and closes none.
#[derive(Debug)]
pub(crate) enum Item {
    /// A block.
    Block(Block),
    /// A statement.
    Statement(Statement),
}

/// A whole configuration.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// What stands at the top.
    pub(crate) items: Vec<Item>,
    /// Comments and blank lines: their lines and texts, blank ones left out.
    pub(crate) comments: Vec<(u32, String)>,
    /// Blank lines.
    pub(crate) blanks: Vec<u32>,
}

/// Reads a text into a tree; never fails, linear in the text.
pub(crate) fn parse(file: FileId, source: &SourceFile) -> Tree {
    let mut tree = Tree::default();
    let mut open: Vec<Block> = Vec::new();
    // Blocks beyond the depth limit that are open; their statements are kept
    // as statements of the deepest block, where nothing recognises them.
    let mut beyond: usize = 0;
    let mut lexer = Lexer::new(file, source.text());
    while let Some(statement) = lexer.next_statement(|line, Piece::Comment(text)| {
        if text.trim().is_empty() {
            tree.blanks.push(line);
        } else {
            tree.comments.push((line, text.trim().to_owned()));
        }
    }) {
        match statement.verb() {
            "config" | "edit" if open.len() >= DEPTH_MAX => {
                beyond += 1;
                push(&mut tree, &mut open, Item::Statement(statement));
            }
            "end" | "next" if beyond > 0 => {
                beyond -= 1;
                push(&mut tree, &mut open, Item::Statement(statement));
            }
            "config" => open.push(opened(statement, false)),
            "edit" if open.last().is_some_and(|block| block.is_entry) => {
                // An entry that was not closed by `next`.
                close(&mut tree, &mut open, None);
                open.push(opened(statement, true));
            }
            "edit" => open.push(opened(statement, true)),
            "next" if open.last().is_some_and(|block| block.is_entry) => {
                close(&mut tree, &mut open, Some(&statement));
            }
            "end" if !open.is_empty() => {
                if open.last().is_some_and(|block| block.is_entry) && open.len() > 1 {
                    close(&mut tree, &mut open, None);
                }
                close(&mut tree, &mut open, Some(&statement));
            }
            _ => push(&mut tree, &mut open, Item::Statement(statement)),
        }
    }
    while let Some(block) = open.last_mut() {
        block.cut_short = true;
        close(&mut tree, &mut open, None);
    }
    tree
}

fn opened(statement: Statement, is_entry: bool) -> Block {
    let Statement {
        mut words,
        span,
        lines,
        ..
    } = statement;
    words.drain(..words.len().min(1));
    Block {
        is_entry,
        words,
        span,
        lines: vec![lines],
        items: Vec::new(),
        cut_short: false,
    }
}

fn push(tree: &mut Tree, open: &mut [Block], item: Item) {
    match open.last_mut() {
        Some(block) => block.items.push(item),
        None => tree.items.push(item),
    }
}

fn close(tree: &mut Tree, open: &mut Vec<Block>, by: Option<&Statement>) {
    let Some(mut block) = open.pop() else {
        return;
    };
    if let Some(by) = by {
        block.lines.push(by.lines.clone());
        block.span = block.span.to(by.span);
    } else if let Some(last) = block.items.last() {
        block.span = block.span.to(match last {
            Item::Block(inner) => inner.span,
            Item::Statement(inner) => inner.span,
        });
    }
    push(tree, open, Item::Block(block));
}
