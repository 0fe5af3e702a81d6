//! Text to an indentation tree with spans.
//!
//! IOS prints sub-commands one column further right than the command that
//! opens them; `!` is a comment. Two things are not commands at all: the text
//! of a banner, up to its delimiter, and the hexadecimal of a certificate, up
//! to `quit`. Exports that lost their indentation are read by what each mode
//! takes ([`super::flat`]).
//!
//! The tree is a flat list: a line knows where the lines under it end. No
//! depth of nesting costs stack.

use super::flat;
use findings::{FileId, SourceFile, Span};

/// How many lines the text of one banner or certificate may have; what is
/// longer was never closed and is read as commands.
const RAW_LINES_MAX: u32 = 2_000;

/// How many lines are looked through, in a whole file, for the ends of banners
/// and certificates; past it nothing is taken as one.
const LOOK_AHEAD_MAX: u32 = 1_000_000;

/// How deep lines nest; what is deeper counts as of this depth. IOS has five.
const DEPTH_MAX: usize = 32;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// A command.
    Command,
    /// A comment or an empty line.
    Comment,
    /// The text of a banner or the bytes of a certificate.
    Raw,
}

/// One line of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// What it is.
    pub(super) kind: LineKind,
    /// The text without indentation and trailing blanks.
    pub(super) text: &'a str,
    /// Where that text stands.
    pub(super) span: Span,
    /// One past the last line under it, as an index.
    pub(super) end: usize,
}

/// All lines of a file; the line at index `i` is line `i + 1`.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    file: FileId,
    lines: Vec<Line<'a>>,
}

impl<'a> Tree<'a> {
    /// Returns a line by its index.
    pub(super) fn line(&self, index: usize) -> Option<&Line<'a>> {
        self.lines.get(index)
    }

    /// Returns the start of the file, for what stands on no line.
    pub(super) fn empty_span(&self) -> Span {
        Span {
            file: self.file,
            start: 0,
            end: 0,
        }
    }

    /// Returns how many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns the commands that stand under no other.
    pub(super) fn roots(&self) -> Commands<'_, 'a> {
        Commands {
            tree: self,
            at: 0,
            end: self.lines.len(),
        }
    }

    /// Returns the commands directly under a line.
    pub(super) fn children(&self, index: usize) -> Commands<'_, 'a> {
        let end = self.line(index).map_or(0, |line| line.end);
        Commands {
            tree: self,
            at: index + 1,
            end,
        }
    }

    /// Returns the indices of a line and of everything under it.
    pub(super) fn subtree(&self, index: usize) -> std::ops::Range<usize> {
        index..self.line(index).map_or(index, |line| line.end)
    }
}

/// Commands beside each other, as indices.
#[derive(Debug, Clone)]
pub(super) struct Commands<'t, 'a> {
    tree: &'t Tree<'a>,
    at: usize,
    end: usize,
}

impl Iterator for Commands<'_, '_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.at < self.end {
            let index = self.at;
            let line = self.tree.line(index)?;
            self.at = line.end.max(index + 1);
            if line.kind == LineKind::Command {
                return Some(index);
            }
        }
        None
    }
}

/// What the lines that follow belong to, apart from indentation.
enum Raw {
    /// Commands.
    No,
    /// A banner up to this delimiter, with the lines it may still have.
    Banner(String, u32),
    /// A certificate up to `quit`, with the lines it may still have.
    Certificate(u32),
}

/// A command that lines may still be put under.
struct Open {
    index: usize,
    indent: usize,
}

/// Reads the text into a tree.
pub(super) fn parse(file: FileId, source: &SourceFile) -> Tree<'_> {
    let count = source.line_count();
    let mut lines: Vec<Line<'_>> = Vec::with_capacity(count as usize);
    let mut open: Vec<Open> = Vec::new();
    let mut flat = flat::Modes::default();
    let mut raw = Raw::No;
    let mut budget = LOOK_AHEAD_MAX;
    for number in 1..=count {
        let index = lines.len();
        let (span, indent, text) = trimmed(file, source, number);
        let kind = match &mut raw {
            Raw::Banner(delimiter, left) if *left > 0 => {
                *left -= 1;
                if text.contains(delimiter.as_str()) {
                    raw = Raw::No;
                }
                LineKind::Raw
            }
            Raw::Certificate(left) if *left > 0 => {
                *left -= 1;
                if text == "quit" {
                    raw = Raw::No;
                }
                LineKind::Raw
            }
            _ if text.is_empty() || text.starts_with('!') => LineKind::Comment,
            _ => LineKind::Command,
        };
        lines.push(Line {
            kind,
            text,
            span,
            end: index + 1,
        });
        if kind != LineKind::Command {
            continue;
        }
        let indent = flat.indent(text, indent);
        while open.last().is_some_and(|top| top.indent >= indent) {
            close(&mut lines, &mut open, index);
        }
        if open.len() < DEPTH_MAX {
            open.push(Open { index, indent });
        }
        raw = raw_after(source, number, text, &mut budget);
    }
    let end = lines.len();
    while !open.is_empty() {
        close(&mut lines, &mut open, end);
    }
    Tree { file, lines }
}

fn close(lines: &mut [Line<'_>], open: &mut Vec<Open>, end: usize) {
    if let Some(top) = open.pop()
        && let Some(line) = lines.get_mut(top.index)
    {
        line.end = end;
    }
}

/// Returns a line's text without blanks at either end, where it stands, and
/// how far it is indented.
fn trimmed(file: FileId, source: &SourceFile, number: u32) -> (Span, usize, &str) {
    let whole = source.line_text(number).unwrap_or_default();
    let (start, _) = source.line_bounds(number).unwrap_or_default();
    let whole_start = whole.trim_start_matches('\u{feff}');
    let mark = whole.len() - whole_start.len();
    let text = whole_start.trim_start();
    let indent = whole_start.len() - text.len();
    let text = text.trim_end();
    let start = start.saturating_add(u32::try_from(mark + indent).unwrap_or(u32::MAX));
    let end = start.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
    (Span { file, start, end }, indent, text)
}

/// Tells whether this command starts text that is not commands.
fn raw_after(source: &SourceFile, number: u32, text: &str, budget: &mut u32) -> Raw {
    let first = text.split_ascii_whitespace().next();
    match first {
        Some("banner") => banner_after(source, number, text, budget),
        Some("certificate") => {
            let closes = following(source, number, budget).any(|line| line.trim() == "quit");
            if closes {
                Raw::Certificate(RAW_LINES_MAX)
            } else {
                Raw::No
            }
        }
        _ => Raw::No,
    }
}

fn banner_after(source: &SourceFile, number: u32, text: &str, budget: &mut u32) -> Raw {
    let mut rest = text.trim_start_matches("banner").trim_start();
    if let Some((kind, after)) = rest.split_once(char::is_whitespace)
        && kind.len() > 2
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    {
        rest = after.trim_start();
    }
    let delimiter: String = if rest.starts_with("^C") {
        "^C".into()
    } else {
        rest.chars().take(1).collect()
    };
    let Some(after) = rest.strip_prefix(delimiter.as_str()) else {
        return Raw::No;
    };
    let closed_here = delimiter.is_empty() || after.contains(delimiter.as_str());
    if !closed_here
        && following(source, number, budget).any(|line| line.contains(delimiter.as_str()))
    {
        Raw::Banner(delimiter, RAW_LINES_MAX)
    } else {
        Raw::No
    }
}

fn following<'a>(
    source: &'a SourceFile,
    number: u32,
    budget: &mut u32,
) -> impl Iterator<Item = &'a str> {
    (number.saturating_add(1)..=number.saturating_add(RAW_LINES_MAX)).map_while(|line| {
        *budget = budget.checked_sub(1)?;
        source.line_text(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use findings::Sources;

    fn outline(text: &str) -> String {
        let mut sources = Sources::new();
        let id = sources.add("a.cfg", text);
        let tree = parse(id, sources.file(id).unwrap());
        let mut out = String::new();
        let mut stack: Vec<(usize, usize)> = tree.roots().map(|index| (index, 0)).collect();
        stack.reverse();
        while let Some((index, depth)) = stack.pop() {
            let text = tree.line(index).unwrap().text;
            out.push_str(&format!("{}{text}\n", ".".repeat(depth)));
            let mut children: Vec<_> = tree.children(index).map(|c| (c, depth + 1)).collect();
            children.reverse();
            stack.append(&mut children);
        }
        out
    }

    /// Lines stand under the less indented command before them; comments do not count.
    #[test]
    fn indentation_makes_the_tree() {
        let text = "router bgp 1\n!\n neighbor a\n !\n address-family ipv4\n  network b\n exit-address-family\n!\nend\n";
        assert_eq!(
            outline(text),
            "router bgp 1\n.neighbor a\n.address-family ipv4\n..network b\n.exit-address-family\nend\n"
        );
    }

    /// The text of a banner is no command, whatever it says.
    #[test]
    fn banner_text_is_no_command() {
        let text = "banner motd ^C\ninterface Loopback0\n ^C\r\nhostname a\r\n";
        assert_eq!(outline(text), "banner motd ^C\nhostname a\n");
    }

    /// A banner that is never closed swallows nothing.
    #[test]
    fn unclosed_banner_is_one_line() {
        let text = "banner motd #hello\ninterface Loopback0\n shutdown\n";
        assert_eq!(
            outline(text),
            "banner motd #hello\ninterface Loopback0\n.shutdown\n"
        );
    }

    /// A block that lost its indentation is read by what its mode takes.
    #[test]
    fn flattened_blocks_keep_their_lines() {
        let text = "interface Vlan1\nip address 1.1.1.1 255.0.0.0\nno ip redirects\nip route 2.0.0.0 255.0.0.0 Null0\nip access-list extended A\npermit ip any any\nend\n";
        assert_eq!(
            outline(text),
            "interface Vlan1\n.ip address 1.1.1.1 255.0.0.0\n.no ip redirects\nip route 2.0.0.0 255.0.0.0 Null0\nip access-list extended A\n.permit ip any any\nend\n"
        );
    }
}
