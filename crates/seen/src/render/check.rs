//! The answer of a check as people read it on a terminal.

use crate::answer::{CheckAnswer, CoverageAnswer, JourneyAnswer, Summary};
use crate::render::matrix::Matrix;
use anstyle::{AnsiColor, Style};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Matrices of more rows or columns than this are summed up instead, as in a
/// bare folder with hundreds of subnets.
const MATRIX_MAX: usize = 60;

/// Writes everything but the findings, which need the sources.
pub(crate) fn summary(answer: &CheckAnswer) -> String {
    let mut text = String::new();
    let bold = Style::new().bold();
    let _ = writeln!(text, "{bold}{}{bold:#} on {}", answer.name, answer.today);
    let summary = &answer.summary;
    let _ = writeln!(
        text,
        "{}, {}, {}\n",
        counted(summary.devices, "device"),
        counted(summary.links, "link"),
        counted(summary.routes, "route")
    );
    text.push_str(&journeys(&answer.journeys));
    text.push_str(&numbers(summary));
    text.push_str(&assumptions(&answer.journeys));
    text.push_str(&coverage(&answer.coverage));
    text
}

/// Writes a number with its noun.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The letter of a verdict, and its colour; the letter alone says it all.
fn letter(asked: Option<&str>) -> (char, Style) {
    let coloured = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match asked {
        Some("works") => ('W', coloured(AnsiColor::Green)),
        Some("partly") => ('P', coloured(AnsiColor::Red).bold()),
        Some("blocked") => ('B', coloured(AnsiColor::Red).bold()),
        Some("unknown") => ('?', coloured(AnsiColor::Yellow).bold()),
        Some(_) => ('-', Style::new()),
        None => ('.', Style::new().dimmed()),
    }
}

fn journeys(journeys: &[JourneyAnswer]) -> String {
    if is_large(journeys) {
        return troubled(journeys);
    }
    let matrix = Matrix::of(journeys);
    if matrix.rows.is_empty() {
        return String::new();
    }
    let width = matrix
        .rows
        .iter()
        .map(|row| row.from.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    let heads: Vec<String> = (1..=matrix.services.len())
        .map(|number| number.to_string())
        .collect();
    let _ = writeln!(
        text,
        "{:width$}  {}",
        "",
        heads
            .iter()
            .map(|h| format!("{h:>2}"))
            .collect::<Vec<_>>()
            .join(" ")
    );
    for row in &matrix.rows {
        let _ = write!(text, "{:width$}  ", row.from);
        for (at, cell) in row.cells.iter().enumerate() {
            let (letter, style) = letter(*cell);
            let gap = if at == 0 { " " } else { "  " };
            let _ = write!(text, "{gap}{style}{letter}{style:#}");
        }
        text.push('\n');
    }
    text.push('\n');
    for (number, service) in heads.iter().zip(&matrix.services) {
        let _ = writeln!(text, "{number:>3}  {service}");
    }
    text.push_str(
        "\n  W works   P partly   B blocked   ? unknown   - not checked   . not asked\n\n",
    );
    text
}

/// Tells whether a matrix of journeys has too many rows or columns to be read.
fn is_large(journeys: &[JourneyAnswer]) -> bool {
    let (mut rows, mut services) = (BTreeSet::new(), BTreeSet::new());
    journeys.iter().any(|journey| {
        rows.insert((&journey.site, &journey.segment));
        services.insert(&journey.service);
        rows.len().max(services.len()) > MATRIX_MAX
    })
}

/// What does not work, one line a pair, where a matrix would be too large.
fn troubled(journeys: &[JourneyAnswer]) -> String {
    /// More than this nobody reads; the other formats have them all.
    const SHOWN_MAX: usize = 20;
    let mut text = String::new();
    let troubled: Vec<_> = journeys
        .iter()
        .filter(|j| matches!(j.asked, "partly" | "unknown"))
        .collect();
    for journey in troubled.iter().take(SHOWN_MAX) {
        let (_, style) = letter(Some(journey.asked));
        let _ = writeln!(
            text,
            "  {style}{:8}{style:#} {} -> {}",
            journey.asked, journey.segment, journey.service
        );
    }
    if troubled.len() > SHOWN_MAX {
        let _ = writeln!(
            text,
            "  … and {} more that are partly or unknown",
            troubled.len() - SHOWN_MAX
        );
    }
    if !troubled.is_empty() {
        text.push('\n');
    }
    text
}

fn numbers(summary: &Summary) -> String {
    if summary.journeys == 0 {
        return String::new();
    }
    let mut text = format!(
        "{} of {} work; {} partly, {} blocked, {} unknown\n\
         {:.1} % of journeys and {:.1} % of packets decided\n",
        summary.works,
        counted(summary.journeys, "journey"),
        summary.partly,
        summary.blocked,
        summary.unknown,
        summary.journeys_decided_percent,
        summary.packets_decided_percent,
    );
    if summary.exposed > 0 {
        let pairs = counted(summary.exposed, "pair");
        let _ = writeln!(
            text,
            "{pairs} exposed: packets pass that no agreement asks for"
        );
    }
    if summary.segments_left_out > 0 {
        let left_out = counted(summary.segments_left_out, "segment");
        let _ = writeln!(text, "{left_out} more not asked about: there are too many");
    }
    text.push('\n');
    text
}

/// What the verdicts rest on, each once, with how many journeys rest on it.
fn assumptions(journeys: &[JourneyAnswer]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for assumption in journeys.iter().flat_map(|journey| &journey.assumptions) {
        let place = assumption.place.as_ref().map_or_else(String::new, |place| {
            format!(" ({}:{})", place.file, place.line)
        });
        *counts
            .entry(format!("{}{place}", assumption.text))
            .or_default() += 1;
    }
    if counts.is_empty() {
        return String::new();
    }
    let mut text = String::from("Assuming:\n");
    for (assumption, count) in counts {
        let _ = writeln!(text, "  {assumption}: {}", counted(count, "journey"));
    }
    text.push('\n');
    text
}

/// One line over all files, then those with lines that could matter.
fn coverage(files: &[CoverageAnswer]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let lines: usize = files.iter().map(|file| file.lines).sum();
    let open: usize = files
        .iter()
        .map(|file| file.could_matter + file.not_recognised)
        .sum();
    let mut text = format!(
        "{} of configuration; {} not understood that could matter\n",
        counted(lines, "line"),
        if open == 0 {
            "none".to_owned()
        } else {
            open.to_string()
        }
    );
    for file in files
        .iter()
        .filter(|file| file.could_matter + file.not_recognised > 0)
    {
        let _ = writeln!(
            text,
            "  {}: {} not modelled, {} not recognised",
            file.file, file.could_matter, file.not_recognised
        );
    }
    text.push('\n');
    text
}
