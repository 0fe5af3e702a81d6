//! `seen check`

use crate::answer::{
    CheckAnswer, CoverageAnswer, EvidenceAnswer, FindingAnswer, JourneyAnswer, LegAnswer, Place,
    Summary, VERSION,
};
use crate::arguments::{Check, Format};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::loaded::Loaded;
use crate::render::{check, findings as shown, html, junit, sarif, table};
use crate::terminal::{self, Progress};
use findings::{Finding, Severity, Sources};
use journeys::judge::Verdict;
use journeys::verdict::Asked;
use journeys::{World, excess, inferred, judge, trouble};
use networks::model::LineState;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Findings of one kind shown without `--all`.
const SHOWN_OF_A_KIND_MAX: usize = 12;

/// What a check finds out.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Everything, for programs.
    pub(crate) answer: CheckAnswer,
    /// The findings, for people; sorted, worst first.
    pub(crate) findings: Vec<Finding>,
}

/// Proves journeys and says what is wrong.
pub(crate) fn run(arguments: &Check) -> Result<Exit, Failure> {
    let loaded = Loaded::read(&arguments.input)?;
    let name = arguments.input.folder.display().to_string();
    let detail = match arguments.format {
        Format::Table => Detail::Verdicts,
        _ => Detail::Legs,
    };
    let checked = check(&loaded, &name, detail);
    let answer = &checked.answer;
    let text = match arguments.format {
        Format::Table => {
            check::summary(answer)
                + &findings_text(&checked.findings, loaded.sources(), arguments.all)
        }
        Format::Json => table::pretty(answer)?,
        Format::Csv => table::write(&csv(answer), crate::arguments::TableFormat::Csv)?,
        Format::Sarif => sarif::sarif(&answer.findings)?,
        Format::Junit => junit::junit(answer)?,
        Format::Html => html::html(answer)?,
    };
    terminal::answer(text)?;
    Ok(exit(answer))
}

/// How a check ends: what is wrong goes before what is unknown.
pub(crate) fn exit(answer: &CheckAnswer) -> Exit {
    let summary = &answer.summary;
    if summary.errors + summary.warnings > 0 {
        Exit::Findings
    } else if summary.unknown > 0 {
        Exit::Unknown
    } else {
        Exit::Fine
    }
}

/// How much is told of each journey of a folder without a region, which can
/// have a great many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What holds of it.
    Verdicts,
    /// Each leg with a packet, and the lines in doubt.
    Legs,
}

/// Checks what was loaded.
pub(crate) fn check(loaded: &Loaded, name: &str, detail: Detail) -> Checked {
    let world = loaded.world();
    let mut findings = loaded.findings();
    let progress = Progress::start("proving journeys");
    let mut summary = Summary {
        devices: loaded.network().devices.len(),
        links: loaded
            .network()
            .links
            .iter()
            .filter(|link| link.ports.len() > 1)
            .count(),
        routes: loaded
            .routing()
            .devices
            .iter()
            .flat_map(|device| &device.vrfs)
            .map(|vrf| vrf.rib.routes.len())
            .sum(),
        ..Summary::default()
    };
    let journeys = match loaded.region() {
        Some(region) => {
            let judged = judge::journeys(&world, region, loaded.today());
            findings.extend(trouble::findings(&world, &judged));
            progress.now("looking for what nobody asked for");
            let excess = excess::excess(&world, region, loaded.today());
            findings.extend(excess::findings(&world, &excess));
            findings.extend(excess::red_lines(&world, region));
            summary.exposed = excess.iter().filter(|excess| excess.genuine).count();
            count_verdicts(&mut summary, judged.iter().map(|journey| &journey.verdict));
            judged
                .iter()
                .map(|journey| journey_answer(journey, loaded.sources()))
                .collect()
        }
        None => in_folder(&world, &mut summary, loaded.sources(), detail),
    };
    drop(progress);
    sort(&mut findings, loaded.sources());
    for finding in &findings {
        match finding.severity {
            Severity::Error => summary.errors += 1,
            Severity::Warning => summary.warnings += 1,
            Severity::Note => summary.notes += 1,
        }
    }
    let answer = CheckAnswer {
        version: VERSION,
        name: loaded
            .region()
            .map_or_else(|| name.to_owned(), |r| r.about.name.to_string()),
        kind: if loaded.region().is_some() {
            "region"
        } else {
            "folder"
        },
        today: loaded.today().to_string(),
        summary,
        journeys,
        findings: findings
            .iter()
            .map(|f| FindingAnswer::of(f, loaded.sources()))
            .collect(),
        coverage: coverage(loaded),
    };
    Checked { answer, findings }
}

/// Judges all pairs of segments of a folder without a region.
fn in_folder(
    world: &World<'_>,
    summary: &mut Summary,
    sources: &Sources,
    detail: Detail,
) -> Vec<JourneyAnswer> {
    let segments = inferred::segments(world);
    summary.segments_left_out = segments.len().saturating_sub(inferred::SEGMENTS_MAX);
    let named = |from: usize, to: usize, answer: JourneyAnswer| {
        let name = |at: usize| segments.get(at).map(|segment| segment.name.clone());
        JourneyAnswer {
            segment: name(from).unwrap_or_default(),
            service: name(to).unwrap_or_default(),
            ..answer
        }
    };
    match detail {
        Detail::Verdicts => {
            let matrix = inferred::matrix(world, &segments);
            let verdicts = matrix.pairs().map(|(_, _, asked)| asked);
            count(summary, verdicts, matrix.headers());
            let pairs = matrix.pairs();
            pairs
                .map(|(from, to, asked)| named(from, to, JourneyAnswer::of(asked)))
                .collect()
        }
        Detail::Legs => {
            let pairs = inferred::pairs(world, &segments);
            count_verdicts(summary, pairs.iter().map(|pair| &pair.verdict));
            let answer = |pair: &inferred::Pair| {
                named(pair.from, pair.to, verdict_answer(&pair.verdict, sources))
            };
            pairs.iter().map(answer).collect()
        }
    }
}

/// Sorts findings as people read them: worst first, then by kind and place.
fn sort(findings: &mut Vec<Finding>, sources: &Sources) {
    let path = |finding: &Finding| {
        let location = finding.primary.and_then(|span| sources.location(span));
        location.map(|location| (location.path.to_owned(), location.line))
    };
    findings.sort_by_cached_key(|finding| {
        (
            std::cmp::Reverse(finding.severity),
            finding.code,
            path(finding),
            finding.message.clone(),
        )
    });
    findings.dedup();
}

fn count_verdicts<'v>(summary: &mut Summary, verdicts: impl Iterator<Item = &'v Verdict> + Clone) {
    let headers = verdicts.clone().map(|verdict| verdict.headers).sum();
    let decided = verdicts.clone().map(|verdict| verdict.decided).sum();
    count(summary, verdicts.map(Verdict::asked), (headers, decided));
}

/// Counts journeys, and headers: how many were asked for, and decided.
fn count(
    summary: &mut Summary,
    verdicts: impl Iterator<Item = Asked>,
    (headers, decided): (f64, f64),
) {
    for asked in verdicts {
        summary.journeys += 1;
        match asked {
            Asked::Works => summary.works += 1,
            Asked::Partly => summary.partly += 1,
            Asked::Blocked => summary.blocked += 1,
            Asked::Unknown | Asked::NotChecked => summary.unknown += 1,
        }
    }
    let percent = |part: f64, whole: f64| {
        if whole > 0.0 {
            100.0 * part / whole
        } else {
            100.0
        }
    };
    let decided_journeys = summary.journeys - summary.unknown;
    summary.journeys_decided_percent = percent(decided_journeys as f64, summary.journeys as f64);
    summary.packets_decided_percent = percent(decided, headers);
}

fn journey_answer(journey: &judge::Journey, sources: &Sources) -> JourneyAnswer {
    JourneyAnswer {
        organisation: Some(journey.key.organisation.to_string()),
        site: Some(journey.key.segment.place.to_string()),
        segment: journey.key.segment.segment.to_string(),
        service: journey.key.service.to_string(),
        agreements: journey.agreements.iter().map(ToString::to_string).collect(),
        ..verdict_answer(&journey.verdict, sources)
    }
}

fn verdict_answer(verdict: &Verdict, sources: &Sources) -> JourneyAnswer {
    let legs = verdict.legs.iter().map(|leg| LegAnswer {
        leg: leg.kind.as_str(),
        asked: leg.asked.as_str(),
        witness: leg.witness.map(|packet| packet.to_string()),
        doubts: leg
            .doubts
            .iter()
            .map(|doubt| EvidenceAnswer {
                text: doubt.reason.clone(),
                place: Place::of(doubt.span, sources),
            })
            .collect(),
    });
    JourneyAnswer {
        legs: legs.collect(),
        assumptions: verdict
            .assumptions
            .iter()
            .map(|assumption| EvidenceAnswer {
                text: assumption.text.clone(),
                place: assumption.span.and_then(|span| Place::of(span, sources)),
            })
            .collect(),
        ..JourneyAnswer::of(verdict.asked())
    }
}

/// Counts the lines of each file by how well they are understood.
pub(crate) fn coverage(loaded: &Loaded) -> Vec<CoverageAnswer> {
    let snapshot = loaded.snapshot();
    let of = |file: &snapshots::FileCoverage| {
        let count = |state| file.coverage.count(state);
        let devices = file
            .devices
            .iter()
            .filter_map(|id| snapshot.network.device(*id));
        Some(CoverageAnswer {
            file: snapshot.sources.file(file.file)?.path().to_owned(),
            devices: devices.map(|device| device.name.clone()).collect(),
            lines: file.coverage.lines.len(),
            understood: count(LineState::Understood),
            harmless: count(LineState::Harmless),
            not_modelled_harmless: count(LineState::NotModelledHarmless),
            could_matter: count(LineState::NotModelledCouldMatter),
            not_recognised: count(LineState::NotRecognised),
        })
    };
    snapshot.coverage.iter().filter_map(of).collect()
}

/// Writes findings for people: without `all`, no notes, and limits for each kind
/// and for what is shown of each.
fn findings_text(findings: &[Finding], sources: &Sources, all: bool) -> String {
    let mut text = String::new();
    let mut shown: BTreeMap<findings::Code, usize> = BTreeMap::new();
    for finding in findings {
        let so_far = shown.entry(finding.code).or_default();
        *so_far += 1;
        if all || (finding.severity > Severity::Note && *so_far <= SHOWN_OF_A_KIND_MAX) {
            let _ = writeln!(text, "{}\n", shown::finding(finding, sources, all));
        }
    }
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let _ = writeln!(
        text,
        "{}, {}, {}",
        check::counted(count(Severity::Error), "error"),
        check::counted(count(Severity::Warning), "warning"),
        check::counted(count(Severity::Note), "note")
    );
    let cut: usize = shown
        .values()
        .map(|number| number.saturating_sub(SHOWN_OF_A_KIND_MAX))
        .sum();
    if !all && (cut > 0 || count(Severity::Note) > 0) {
        let _ = writeln!(text, "hint: `--all` shows the rest");
    }
    text
}

/// The journeys as a sheet.
fn csv(answer: &CheckAnswer) -> table::Sheet {
    use serde_json::json;
    let leg = |journey: &JourneyAnswer, name: &str| {
        let leg = journey.legs.iter().find(|leg| leg.leg == name);
        leg.map_or("", |leg| leg.asked)
    };
    table::Sheet {
        what: "journeys",
        columns: &[
            "organisation",
            "site",
            "segment",
            "service",
            "agreements",
            "verdict",
            "reach",
            "return",
            "witness",
        ],
        rows: answer
            .journeys
            .iter()
            .map(|journey| {
                let witness = journey.legs.iter().find_map(|leg| leg.witness.clone());
                vec![
                    json!(journey.organisation),
                    json!(journey.site),
                    json!(journey.segment),
                    json!(journey.service),
                    json!(journey.agreements),
                    json!(journey.asked),
                    json!(leg(journey, "reach")),
                    json!(leg(journey, "return")),
                    json!(witness),
                ]
            })
            .collect(),
    }
}
