//! Text to a tree in which every key and value knows where it stands.

use super::de::Notes;
use super::{Bytes, Fault};
use granit_parser::{Event, Parser, ScalarStyle};
use rustc_hash::FxHashMap;

/// The largest file of a region, in bytes; the largest real ones are a hundredth of it.
pub const FILE_SIZE_MAX: usize = 4 << 20;

/// How deep lists and mappings may stand in each other; the file kinds need eight.
pub const DEPTH_MAX: usize = 32;

/// The most keys and values of one file.
pub const NODES_MAX: usize = 500_000;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Bytes,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text as it is meant, and whether it was written without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys, all different and scalars, with their values.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// Returns the text of a scalar, such as a key; nothing of anything else.
    pub(super) fn text(&self) -> &str {
        match &self.kind {
            Kind::Scalar { text, .. } => text,
            Kind::Sequence(_) | Kind::Mapping(_) => "",
        }
    }

    /// Tells whether nothing is written, or a plain `null` or `~`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Returns the place people should look at: of a mapping its first key.
    pub(super) fn place(&self) -> Bytes {
        match &self.kind {
            Kind::Mapping(entries) => entries.first().map_or(self.span, |(key, _)| key.span),
            Kind::Sequence(items) => items.first().map_or(self.span, Node::place),
            Kind::Scalar { .. } => self.span,
        }
    }

    /// Says what it is, for messages.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            _ if self.is_null() => "nothing".to_owned(),
            Kind::Scalar { text, .. } => {
                let short: String = text.chars().take(60).collect();
                format!("`{short}`")
            }
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "keys with values".to_owned(),
        }
    }
}

/// A list or mapping that is being filled.
enum Open {
    Sequence {
        start: u32,
        items: Vec<Node>,
    },
    Mapping {
        start: u32,
        entries: Vec<(Node, Node)>,
        seen: FxHashMap<String, Bytes>,
        key: Option<Node>,
    },
}

/// Parses a file into its tree; duplicate keys go to `notes`, the first stays.
pub(super) fn parse(text: &str, notes: &Notes) -> Result<Node, Fault> {
    if text.len() > FILE_SIZE_MAX {
        return Err(Fault::syntax(
            format!("the file is larger than {} MiB", FILE_SIZE_MAX >> 20),
            (0, 0),
        ));
    }
    let mut builder = Builder {
        open: Vec::new(),
        root: None,
        nodes: 0,
        notes,
    };
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| syntax(&error, text))?;
        let bytes = span
            .byte_range()
            .map_or((0, 0), |range| (offset(range.start), offset(range.end)));
        builder.take(event, bytes)?;
    }
    builder.root.ok_or_else(|| {
        Fault::syntax("the file is empty", (0, 0)).with_hint("write at least the required keys")
    })
}

/// Narrows an offset; files are smaller by [`FILE_SIZE_MAX`].
fn offset(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

/// Says where the parser stopped: the character there, or the end of the text.
fn syntax(error: &granit_parser::ScanError, text: &str) -> Fault {
    let at = error
        .marker()
        .byte_offset()
        .filter(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len());
    let length = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .filter(|&c| c != '\n')
        .map_or(0, char::len_utf8);
    Fault::syntax(
        format!("not YAML: {}", error.info()),
        (offset(at), offset(at + length)),
    )
}

struct Builder<'a> {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    notes: &'a Notes,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, bytes: Bytes) -> Result<(), Fault> {
        if event.tag().is_some() {
            return Err(Fault::syntax("tags are not used in these files", bytes));
        }
        if event.anchor_id().is_some_and(|id| id != 0) || event.is_alias() {
            return Err(
                Fault::syntax("anchors and aliases are not used in these files", bytes)
                    .with_hint("write the value out where it is meant"),
            );
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                self.scalar(text.into_owned(), plain, bytes)
            }
            Event::SequenceStart(..) => self.push(
                Open::Sequence {
                    start: bytes.0,
                    items: Vec::new(),
                },
                bytes,
            ),
            Event::MappingStart(..) => self.push(
                Open::Mapping {
                    start: bytes.0,
                    entries: Vec::new(),
                    seen: FxHashMap::default(),
                    key: None,
                },
                bytes,
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(bytes),
            Event::DocumentStart(..) if self.root.is_some() => Err(Fault::syntax(
                "a second document starts in this file",
                bytes,
            )
            .with_hint("one file holds one thing: remove the `---`, or move what follows it")),
            _ => Ok(()),
        }
    }

    fn count(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("the file has more than {NODES_MAX} keys and values");
            return Err(Fault::syntax(message, bytes));
        }
        Ok(())
    }

    fn push(&mut self, open: Open, bytes: Bytes) -> Result<(), Fault> {
        self.count(bytes)?;
        if self.open.len() >= DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} lists and mappings stand in each other");
            return Err(Fault::syntax(message, bytes));
        }
        if let Some(Open::Mapping { key: None, .. }) = self.open.last() {
            return Err(Fault::syntax("a key must be text", bytes));
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&mut self, text: String, plain: bool, span: Bytes) -> Result<(), Fault> {
        self.count(span)?;
        if let Some(Open::Mapping {
            key: key @ None, ..
        }) = self.open.last_mut()
        {
            *key = Some(Node {
                kind: Kind::Scalar { text, plain: false },
                span,
            });
            return Ok(());
        }
        self.value(Node {
            kind: Kind::Scalar { text, plain },
            span,
        });
        Ok(())
    }

    fn close(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let node = match self.open.pop() {
            Some(Open::Sequence { start, items }) => Node {
                kind: Kind::Sequence(items),
                span: (start, bytes.1.max(start)),
            },
            Some(Open::Mapping { start, entries, .. }) => Node {
                kind: Kind::Mapping(entries),
                span: (start, bytes.1.max(start)),
            },
            None => {
                return Err(Fault::syntax(
                    "a list or mapping ends that began nowhere",
                    bytes,
                ));
            }
        };
        self.value(node);
        Ok(())
    }

    fn value(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping {
                entries, seen, key, ..
            }) => {
                let Some(key) = key.take() else { return };
                if let Some(&first) = seen.get(key.text()) {
                    let fault = Fault::duplicate(key.text(), first, key.span);
                    self.notes.push(fault);
                    return;
                }
                seen.insert(key.text().to_owned(), key.span);
                entries.push((key, node));
            }
        }
    }
}
