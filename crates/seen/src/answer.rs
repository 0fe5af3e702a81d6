//! Answers as programs read them: the JSON that `--format json` prints.
//!
//! These types are apart from the model's, so that the model can change and
//! the answers stay. A field is added without notice; one that goes or changes
//! its meaning raises [`VERSION`].

use findings::{Finding, Sources, Span};
use journeys::verdict::Asked;
use serde::Serialize;

/// The version of every JSON answer.
pub(crate) const VERSION: u32 = 1;

/// A place in a file, from one, with the text of its line.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) text: String,
}

impl Place {
    /// Returns the place of a span; `None` for one of other sources.
    pub(crate) fn of(span: Span, sources: &Sources) -> Option<Self> {
        let location = sources.location(span)?;
        Some(Self {
            file: location.path.to_owned(),
            line: location.line,
            column: location.column,
            text: sources.line_text(span)?.to_owned(),
        })
    }
}

/// A piece of evidence.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvidenceAnswer {
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
}

/// A finding.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FindingAnswer {
    pub(crate) code: &'static str,
    pub(crate) severity: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) evidence: Vec<EvidenceAnswer>,
}

impl FindingAnswer {
    /// Puts a finding into the form of an answer.
    pub(crate) fn of(finding: &Finding, sources: &Sources) -> Self {
        let place = |span: Option<Span>| span.and_then(|span| Place::of(span, sources));
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.to_string(),
            message: finding.message.clone(),
            place: place(finding.primary),
            owner: finding.owner.clone(),
            hint: finding.hint.clone(),
            evidence: finding
                .evidence
                .iter()
                .map(|evidence| EvidenceAnswer {
                    text: evidence.text.clone(),
                    place: place(evidence.span),
                })
                .collect(),
        }
    }
}

/// One leg of a journey.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LegAnswer {
    pub(crate) leg: &'static str,
    pub(crate) asked: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) witness: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) doubts: Vec<EvidenceAnswer>,
}

/// One journey with its verdict.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct JourneyAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organisation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
    pub(crate) segment: String,
    pub(crate) service: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) agreements: Vec<String>,
    pub(crate) asked: &'static str,
    pub(crate) legs: Vec<LegAnswer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) assumptions: Vec<EvidenceAnswer>,
}

impl JourneyAnswer {
    /// A verdict, with no names and no legs yet.
    pub(crate) fn of(asked: Asked) -> Self {
        Self {
            organisation: None,
            site: None,
            segment: String::new(),
            service: String::new(),
            agreements: Vec::new(),
            asked: asked.as_str(),
            legs: Vec::new(),
            assumptions: Vec::new(),
        }
    }
}

/// How well one device's configuration is understood, in lines.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CoverageAnswer {
    pub(crate) file: String,
    pub(crate) devices: Vec<String>,
    pub(crate) lines: usize,
    pub(crate) understood: usize,
    pub(crate) harmless: usize,
    pub(crate) not_modelled_harmless: usize,
    pub(crate) could_matter: usize,
    pub(crate) not_recognised: usize,
}

/// What was decided, in numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) devices: usize,
    pub(crate) links: usize,
    pub(crate) routes: usize,
    pub(crate) journeys: usize,
    pub(crate) works: usize,
    pub(crate) partly: usize,
    pub(crate) blocked: usize,
    pub(crate) unknown: usize,
    /// Segments of a folder that nothing was asked about, because there are so many.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) segments_left_out: usize,
    /// Pairs of segment and destination that pass packets nobody asked for.
    pub(crate) exposed: usize,
    /// Journeys decided either way, of all, in per cent.
    pub(crate) journeys_decided_percent: f64,
    /// Headers decided either way, of all that journeys ask for, in per cent.
    pub(crate) packets_decided_percent: f64,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) notes: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The answer of `seen check`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckAnswer {
    pub(crate) version: u32,
    pub(crate) name: String,
    /// `region`, or `folder` for configurations alone.
    pub(crate) kind: &'static str,
    pub(crate) today: String,
    pub(crate) summary: Summary,
    pub(crate) journeys: Vec<JourneyAnswer>,
    pub(crate) findings: Vec<FindingAnswer>,
    pub(crate) coverage: Vec<CoverageAnswer>,
}
