//! Tree to IOS's own model: each command goes where it belongs, and each line
//! gets its state.

mod access;
mod bgp;
mod bgp_peer;
mod global;
mod groups;
mod interface;
mod lists;
mod nat;
mod ospf;
mod redistribute;
mod route_map;
mod secrets;
mod security;
mod standby;
mod statics;

use super::config::{Config, Touch};
use super::harmless::{self, Context};
use super::syntax::{LineKind, Tree};
use super::words;
use findings::{Code, Finding, Severity, Span};
use networks::model::LineState;

/// The finding for a line that no part of the dialect knows.
pub(super) const LINE_NOT_READ: Code = Code::new("ios-line-not-recognised");
/// The finding for two lines that cannot both hold.
pub(super) const CONTRADICTION: Code = Code::new("contradiction");

/// What reading a file gave.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) config: Config<'a>,
    pub(super) states: Vec<LineState>,
    pub(super) unread: Vec<Pending<'a>>,
    pub(super) findings: Vec<Finding>,
}

/// A line that could matter, its interface or VRF by name.
#[derive(Debug)]
pub(super) struct Pending<'a> {
    pub(super) origin: Span,
    pub(super) touches: Touch<'a>,
    pub(super) reason: String,
}

/// What became of one line.
#[derive(Debug, Clone)]
pub(super) enum Outcome<'a> {
    /// It is in the model.
    Understood,
    /// It says nothing: a default, or the end of a block.
    Harmless,
    /// The dialect's list says that it does not bear on packets.
    Outside,
    /// It could matter where it stands.
    Matters(&'static str),
    /// It could matter elsewhere than where it stands.
    MattersFor(Touch<'a>, &'static str),
    /// Nothing knows it.
    Unrecognised,
}

impl Outcome<'_> {
    /// Understood where reading it gave something, else not recognised.
    fn from_option(read: Option<()>) -> Self {
        read.map_or(Self::Unrecognised, |()| Self::Understood)
    }
}

/// Reads the lines of one file.
pub(super) struct Reader<'t, 'a> {
    tree: &'t Tree<'a>,
    config: Config<'a>,
    states: Vec<Option<LineState>>,
    unread: Vec<Pending<'a>>,
    findings: Vec<Finding>,
    secrets: secrets::Secrets,
}

/// Reads a tree.
pub(super) fn read<'a>(tree: &Tree<'a>) -> Read<'a> {
    let mut reader = Reader {
        tree,
        config: Config::default(),
        states: vec![None; tree.len()],
        unread: Vec::new(),
        findings: Vec::new(),
        secrets: secrets::Secrets::default(),
    };
    reader.config.vrfs.insert(
        super::config::DEFAULT_VRF,
        super::config::VrfConfig {
            imports: Vec::new(),
        },
    );
    for index in tree.roots() {
        let words = reader.words(index);
        let outcome = reader.global(index, &words);
        reader.settle(index, outcome, &Touch::Device);
    }
    reader.finish()
}

impl<'t, 'a> Reader<'t, 'a> {
    /// Returns the words of a line.
    fn words(&self, index: usize) -> Vec<&'a str> {
        self.tree
            .line(index)
            .map(|line| words::split(line.text))
            .unwrap_or_default()
    }

    /// Returns the text of a line after its first `words` words.
    fn rest(&self, index: usize, words: usize) -> &'a str {
        let mut text = self.tree.line(index).map_or("", |line| line.text);
        for _ in 0..words {
            text = text
                .split_once(|c: char| c.is_ascii_whitespace())
                .map_or("", |(_, rest)| rest.trim_ascii_start());
        }
        text
    }

    /// Returns where a line stands.
    fn span(&self, index: usize) -> Span {
        self.tree
            .line(index)
            .map_or_else(|| self.tree.empty_span(), |line| line.span)
    }

    /// Reads each command under a line.
    fn block(
        &mut self,
        index: usize,
        touch: &Touch<'a>,
        mut read: impl FnMut(&mut Self, usize, &[&'a str]) -> Outcome<'a>,
    ) {
        let tree: &'t Tree<'a> = self.tree;
        for child in tree.children(index) {
            let words = self.words(child);
            let outcome = read(self, child, &words);
            self.settle(child, outcome, touch);
        }
    }

    /// Looks a line up in the list of harmless classes.
    fn outside(&mut self, index: usize, context: Context, words: &[&'a str]) -> Outcome<'a> {
        if harmless::class(context, words).is_some() {
            self.secrets.look(self.span(index), words);
            Outcome::Outside
        } else {
            Outcome::Unrecognised
        }
    }

    /// Writes down what became of a line, and of the lines under it that
    /// nobody has looked at.
    fn settle(&mut self, index: usize, outcome: Outcome<'a>, touch: &Touch<'a>) {
        let (state, below, matter) = match outcome {
            Outcome::Understood => (LineState::Understood, None, None),
            Outcome::Harmless => (LineState::Harmless, None, None),
            Outcome::Outside => {
                let state = LineState::NotModelledHarmless;
                (state, Some(state), None)
            }
            Outcome::Matters(reason) => {
                let state = LineState::NotModelledCouldMatter;
                (state, Some(state), Some((touch.clone(), reason)))
            }
            Outcome::MattersFor(touch, reason) => {
                let state = LineState::NotModelledCouldMatter;
                (state, Some(state), Some((touch, reason)))
            }
            Outcome::Unrecognised => {
                let state = LineState::NotRecognised;
                let matter = (touch.clone(), "the line is not recognised");
                (state, Some(state), Some(matter))
            }
        };
        self.set_state(index, state);
        if let Some(below) = below {
            for line in self.tree.subtree(index) {
                if let Some(slot @ None) = self.states.get_mut(line) {
                    *slot = Some(below);
                }
            }
        }
        if state == LineState::NotModelledHarmless {
            for line in self.tree.subtree(index).skip(1) {
                let words = self.words(line);
                self.secrets.look(self.span(line), &words);
            }
        }
        if let Some((touches, reason)) = matter
            && !matches!(touches, Touch::Nothing)
        {
            self.unread.push(Pending {
                origin: self.span(index),
                touches,
                reason: reason.to_owned(),
            });
        }
    }

    fn set_state(&mut self, index: usize, state: LineState) {
        if let Some(slot) = self.states.get_mut(index) {
            *slot = Some(state);
        }
    }

    /// Adds a finding at a line.
    fn finding(&mut self, code: Code, severity: Severity, message: String, at: Span) {
        self.findings
            .push(Finding::new(code, severity, message).at(at));
    }

    fn finish(mut self) -> Read<'a> {
        let mut states = Vec::with_capacity(self.states.len());
        for (index, state) in self.states.iter().enumerate() {
            let kind = self.tree.line(index).map(|line| line.kind);
            states.push(match (kind, state) {
                (Some(LineKind::Comment) | None, _) => LineState::Harmless,
                (Some(LineKind::Raw), _) => LineState::NotModelledHarmless,
                (Some(LineKind::Command), Some(state)) => *state,
                (Some(LineKind::Command), None) => {
                    self.unread.push(Pending {
                        origin: self.span(index),
                        touches: Touch::Device,
                        reason: "the line stands where nothing is expected".to_owned(),
                    });
                    LineState::NotRecognised
                }
            });
        }
        let mut findings = self.findings;
        findings.append(&mut self.secrets.findings());
        Read {
            config: self.config,
            states,
            unread: self.unread,
            findings,
        }
    }
}
