//! The lines that a statement is made of.
//!
//! The common model gives each rule, route and object one place. Where a
//! language writes one over several lines (the settings of a FortiOS entry, an
//! interface of Cisco IOS), or by names of objects that stand elsewhere, people
//! look for the line among these. They are read off the text when something is
//! explained, so that nothing is kept for what is never asked.

mod cisco_ios;
mod fortios;
mod linux;

use crate::detect::{Language, detect};
use findings::{FileId, SourceFile, Span};

/// The longest text that is looked through, in bytes; nobody reads a longer
/// one by hand.
const TEXT_MAX: usize = 4 << 20;

/// How many lines one statement may have, its objects' included.
const PARTS_MAX: usize = 1_000;

/// What a line of a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// Which sources it is for.
    Source,
    /// Which destinations it is for.
    Destination,
    /// Which protocols and ports it is for.
    Service,
    /// Sources, destinations or services: the language does not say which.
    Match,
    /// The interface that packets enter by.
    Enters,
    /// The interface that packets leave by.
    Leaves,
    /// Whether it is in force, and what it does.
    Effect,
    /// How it translates.
    Translation,
    /// The destinations of a route.
    Prefix,
    /// The next hop of a route.
    Gateway,
    /// An address of an interface.
    Address,
}

/// A line of a statement, or of an object that the statement names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'t> {
    /// What it is about.
    pub about: About,
    /// The line, without what indents it.
    pub span: Span,
    /// Its text.
    pub text: &'t str,
}

/// What a whole device says in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whole {
    /// Whether it forwards packets.
    Forwarding,
    /// The list of its static routes.
    Routes,
}

/// Returns the further lines that the statement at a span is made of; none
/// where it is one line that names nothing.
pub fn parts<'t>(file: FileId, source: &'t SourceFile, at: Span) -> Vec<Part<'t>> {
    let Some(text) = Text::new(file, source) else {
        return Vec::new();
    };
    let line = source.line_of(at.start);
    let mut parts = match detect(source.path(), source.text()).language {
        Language::Fortios => fortios::parts(text, line),
        Language::CiscoIos => cisco_ios::parts(text, line),
        Language::LinuxRules => linux::parts(text, line),
        _ => Vec::new(),
    };
    parts.truncate(PARTS_MAX);
    parts
}

/// Returns the line by which a device says something of itself as a whole.
pub fn whole(file: FileId, source: &SourceFile, what: Whole) -> Option<Span> {
    let text = Text::new(file, source)?;
    let is_it = |line: &str| match (detect(source.path(), source.text()).language, what) {
        (Language::LinuxHost, Whole::Forwarding) => {
            line.starts_with("\"forwarding\"") || line.contains("ip_forward")
        }
        (Language::LinuxHost, Whole::Routes) => line.starts_with("\"routes\""),
        (Language::Fortios, Whole::Routes) => line == "config router static",
        _ => false,
    };
    let mut lines = text.lines(1);
    lines.find(|line| is_it(line.text)).map(|line| line.span)
}

/// A text that can be looked through.
#[derive(Debug, Clone, Copy)]
struct Text<'t> {
    file: FileId,
    source: &'t SourceFile,
}

/// A line without what indents it.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    number: u32,
    /// How far it is indented, in bytes.
    depth: usize,
    text: &'t str,
    span: Span,
}

impl<'t> Line<'t> {
    fn part(self, about: About) -> Part<'t> {
        Part {
            about,
            span: self.span,
            text: self.text,
        }
    }
}

impl<'t> Text<'t> {
    fn new(file: FileId, source: &'t SourceFile) -> Option<Self> {
        (source.text().len() <= TEXT_MAX).then_some(Self { file, source })
    }

    fn line(self, number: u32) -> Option<Line<'t>> {
        let whole = Span::of_line(self.file, self.source, number)?;
        let text = self.source.line_text(number)?;
        let inner = text.trim_start();
        let depth = text.len() - inner.len();
        let text = inner.trim_end();
        let start = whole.start.saturating_add(u32::try_from(depth).ok()?);
        let end = start.saturating_add(u32::try_from(text.len()).ok()?);
        let span = Span {
            start,
            end,
            ..whole
        };
        Some(Line {
            number,
            depth,
            text,
            span,
        })
    }

    /// The lines from one on.
    fn lines(self, first: u32) -> impl Iterator<Item = Line<'t>> {
        (first..=self.source.line_count()).map_while(move |number| self.line(number))
    }

    /// The lines below one that are indented further.
    fn block(self, head: Line<'t>) -> impl Iterator<Item = Line<'t>> {
        self.lines(head.number.saturating_add(1))
            .take_while(move |line| line.depth > head.depth)
            .take(PARTS_MAX)
    }
}
