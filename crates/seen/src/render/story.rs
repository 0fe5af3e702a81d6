//! A packet's way as people read it, and as programs do.

use crate::answer::Place;
use anstyle::{AnsiColor, Style};
use findings::{Sources, Span};
use journeys::story::{Hop, Line, Story};
use serde::Serialize;
use std::fmt::Write as _;

/// Writes a story: a paragraph a device, a line a decision with its file and text.
pub(crate) fn text(story: &Story, sources: &Sources) -> String {
    let mut text = String::new();
    for (number, hop) in story.hops.iter().enumerate() {
        write_hop(&mut text, number + 1, hop, sources);
    }
    let colour = if story.arrived {
        AnsiColor::Green
    } else {
        AnsiColor::Red
    };
    let style = Style::new().fg_color(Some(colour.into())).bold();
    let mark = if story.arrived { "arrives" } else { "stops" };
    let _ = writeln!(text, "{style}{mark}{style:#}: {}", story.end.text);
    write_place(&mut text, story.end.span, sources);
    for clue in story.clues.iter().chain(&story.beyond) {
        let _ = writeln!(text, "  {}", clue.text);
        write_place(&mut text, clue.span, sources);
    }
    text
}

fn write_hop(text: &mut String, number: usize, hop: &Hop, sources: &Sources) {
    let bold = Style::new().bold();
    let network = hop
        .network
        .as_ref()
        .map_or_else(String::new, |n| format!(" of {n}"));
    let enters = hop
        .enters
        .as_ref()
        .map_or_else(String::new, |name| format!(", in by {name}"));
    let _ = writeln!(
        text,
        "{number}. {bold}{}{bold:#}{network}{enters}: {}",
        hop.device, hop.packet
    );
    for line in &hop.lines {
        let _ = writeln!(text, "   {}", line.text);
        write_place(text, line.span, sources);
    }
}

fn write_place(text: &mut String, span: Option<Span>, sources: &Sources) {
    if let Some(place) = span.and_then(|span| Place::of(span, sources)) {
        let dim = Style::new().dimmed();
        let _ = writeln!(
            text,
            "     {dim}{}:{}:{dim:#} {}",
            place.file, place.line, place.text
        );
    }
}

/// Something that happened, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct LineAnswer {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// A device on the way, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct HopAnswer {
    device: String,
    network: Option<String>,
    enters: Option<String>,
    leaves: Option<String>,
    packet: String,
    lines: Vec<LineAnswer>,
}

/// A story, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct StoryAnswer {
    arrived: bool,
    end: LineAnswer,
    hops: Vec<HopAnswer>,
    clues: Vec<LineAnswer>,
    beyond: Vec<LineAnswer>,
}

impl StoryAnswer {
    /// Puts a story into the form of an answer.
    pub(crate) fn of(story: &Story, sources: &Sources) -> Self {
        let line = |line: &Line| LineAnswer {
            text: line.text.clone(),
            place: line.span.and_then(|span| Place::of(span, sources)),
        };
        Self {
            arrived: story.arrived,
            end: line(&story.end),
            hops: story
                .hops
                .iter()
                .map(|hop| HopAnswer {
                    device: hop.device.clone(),
                    network: hop.network.clone(),
                    enters: hop.enters.clone(),
                    leaves: hop.leaves.clone(),
                    packet: hop.packet.to_string(),
                    lines: hop.lines.iter().map(line).collect(),
                })
                .collect(),
            clues: story.clues.iter().map(line).collect(),
            beyond: story.beyond.iter().map(line).collect(),
        }
    }
}
