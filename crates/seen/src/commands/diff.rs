//! `seen diff`

use crate::answer::{CheckAnswer, FindingAnswer, JourneyAnswer, VERSION};
use crate::arguments::{Diff, PlainFormat};
use crate::commands::check::{self, Detail};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::loaded::Loaded;
use crate::render::table;
use crate::terminal;
use findings::Sources;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// How many lines of each file are shown on a terminal.
const LINES_MAX: usize = 40;

/// A journey whose verdict is another one.
#[derive(Debug, Serialize)]
struct Changed {
    journey: String,
    before: Option<&'static str>,
    after: Option<&'static str>,
}

/// A line that only one side has.
#[derive(Debug, Serialize)]
struct ChangedLine {
    file: String,
    line: u32,
    side: &'static str,
    text: String,
}

/// Compares two folders: journeys first, then findings, then lines.
///
/// Losing a journey is a finding (exit code 1); gaining one is not.
pub(crate) fn run(arguments: &Diff) -> Result<Exit, Failure> {
    let before = Loaded::read_folder(&arguments.before, arguments.today)?;
    let after = Loaded::read_folder(&arguments.after, arguments.today)?;
    let answer = |loaded: &Loaded, folder: &Path| {
        let name = folder.display().to_string();
        check::check(loaded, &name, Detail::Verdicts).answer
    };
    let old = answer(&before, &arguments.before);
    let new = answer(&after, &arguments.after);
    let journeys = journeys(&old, &new);
    let lost = journeys
        .iter()
        .filter(|change| change.before == Some("works"))
        .count();
    let gained = journeys
        .iter()
        .filter(|change| change.after == Some("works"))
        .count();
    let unchanged = new.journeys.len()
        - journeys
            .iter()
            .filter(|change| change.after.is_some())
            .count();
    let (solved, appeared) = findings(&old.findings, &new.findings);
    let lines = lines(before.sources(), after.sources());
    let text = match arguments.format {
        PlainFormat::Json => table::pretty(&json!({
            "version": VERSION,
            "gained": gained,
            "lost": lost,
            "unchanged": unchanged,
            "journeys": journeys,
            "findings_solved": solved,
            "findings_new": appeared,
            "lines": lines,
        }))?,
        PlainFormat::Text => {
            let mut text =
                format!("journeys: {gained} gained, {lost} lost, {unchanged} unchanged\n");
            for change in &journeys {
                let before = change.before.unwrap_or("not asked");
                let after = change.after.unwrap_or("not asked");
                let _ = writeln!(text, "  {}: {before} -> {after}", change.journey);
            }
            let _ = writeln!(
                text,
                "\nfindings: {} solved, {} new",
                solved.len(),
                appeared.len()
            );
            for (mark, list) in [('-', &solved), ('+', &appeared)] {
                for finding in list {
                    let _ = writeln!(text, "  {mark} {finding}");
                }
            }
            text.push_str(&lines_text(&lines));
            text
        }
    };
    terminal::answer(text)?;
    Ok(if lost > 0 { Exit::Findings } else { Exit::Fine })
}

fn name(journey: &JourneyAnswer) -> String {
    let who = journey
        .organisation
        .as_ref()
        .map_or_else(String::new, |who| format!("{who} at "));
    let site = journey
        .site
        .as_ref()
        .map_or_else(String::new, |site| format!("{site}/"));
    format!("{who}{site}{} to {}", journey.segment, journey.service)
}

fn journeys(old: &CheckAnswer, new: &CheckAnswer) -> Vec<Changed> {
    let verdicts = |answer: &CheckAnswer| -> BTreeMap<String, &'static str> {
        answer
            .journeys
            .iter()
            .map(|journey| (name(journey), journey.asked))
            .collect()
    };
    let (old, new) = (verdicts(old), verdicts(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .map(|journey| Changed {
            journey: journey.clone(),
            before: old.get(journey).copied(),
            after: new.get(journey).copied(),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

/// Findings that only one side has, as lines; where they stand in a file does
/// not count, since lines move.
fn findings(old: &[FindingAnswer], new: &[FindingAnswer]) -> (Vec<String>, Vec<String>) {
    let line = |finding: &FindingAnswer| {
        let file = finding
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!(" ({})", place.file));
        format!(
            "{}[{}]: {}{file}",
            finding.severity, finding.code, finding.message
        )
    };
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (
        old.iter().map(line).collect(),
        new.iter().map(line).collect(),
    );
    (
        old.difference(&new).cloned().collect(),
        new.difference(&old).cloned().collect(),
    )
}

/// The lines of configurations and region files that only one side has.
fn lines(before: &Sources, after: &Sources) -> Vec<ChangedLine> {
    let (old, new) = (texts(before), texts(after));
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let mut changed = Vec::new();
    for name in names {
        let text =
            |side: &BTreeMap<&str, &'_ str>| side.get(name).copied().unwrap_or("").to_owned();
        let (left, right) = (text(&old), text(&new));
        if left == right {
            continue;
        }
        let difference = similar::TextDiff::from_lines(left.as_str(), right.as_str());
        for change in difference.iter_all_changes() {
            let (side, index) = match change.tag() {
                similar::ChangeTag::Delete => ("before", change.old_index()),
                similar::ChangeTag::Insert => ("after", change.new_index()),
                similar::ChangeTag::Equal => continue,
            };
            changed.push(ChangedLine {
                file: name.to_owned(),
                line: index.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0),
                side,
                text: change.value().trim_end().to_owned(),
            });
        }
    }
    changed
}

/// The texts of a folder by their paths below it.
fn texts(sources: &Sources) -> BTreeMap<&str, &str> {
    sources
        .iter()
        .map(|(_, file)| (file.path(), file.text()))
        .collect()
}

fn lines_text(lines: &[ChangedLine]) -> String {
    let mut text = format!("\nlines: {} changed\n", lines.len());
    for line in lines.iter().take(LINES_MAX) {
        let mark = if line.side == "before" { '-' } else { '+' };
        let _ = writeln!(text, "  {}:{} {mark} {}", line.file, line.line, line.text);
    }
    if lines.len() > LINES_MAX {
        let _ = writeln!(text, "  … and {} more", lines.len() - LINES_MAX);
    }
    text
}
