//! Findings as SARIF 2.1.0, for code scanning.

use crate::answer::{FindingAnswer, Place};
use crate::failure::Failure;
use serde_sarif::sarif::{
    ArtifactLocation, Location, Message, PhysicalLocation, Region, ReportingDescriptor, Result,
    ResultLevel, Run, Sarif, Tool, ToolComponent,
};
use std::collections::BTreeSet;

/// Writes findings as a SARIF log with one run.
pub(crate) fn sarif(findings: &[FindingAnswer]) -> std::result::Result<String, Failure> {
    let rules: BTreeSet<_> = findings.iter().map(|finding| finding.code).collect();
    let driver = ToolComponent::builder()
        .name("seen")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(
            rules
                .into_iter()
                .map(|code| ReportingDescriptor::builder().id(code).build())
                .collect::<Vec<_>>(),
        )
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .results(findings.iter().map(result).collect::<Vec<_>>())
        .build();
    let log = Sarif::builder()
        .version(serde_json::json!("2.1.0"))
        .runs(vec![run])
        .build();
    serde_json::to_string_pretty(&log)
        .map(|text| text + "\n")
        .map_err(|cause| Failure::Format {
            format: "SARIF",
            cause: cause.into(),
        })
}

fn result(finding: &FindingAnswer) -> Result {
    let level = match finding.severity.as_str() {
        "error" => ResultLevel::Error,
        "warning" => ResultLevel::Warning,
        _ => ResultLevel::Note,
    };
    let mut text = finding.message.clone();
    if let Some(owner) = &finding.owner {
        text.push_str(&format!(" (`{owner}` can mend it)"));
    }
    if let Some(hint) = &finding.hint {
        text.push_str(&format!("; {hint}"));
    }
    let related: Vec<_> = finding
        .evidence
        .iter()
        .filter_map(|evidence| {
            let mut place = location(evidence.place.as_ref()?);
            place.message = Some(Message::builder().text(evidence.text.clone()).build());
            Some(place)
        })
        .collect();
    let mut result = Result::builder()
        .rule_id(finding.code)
        .level(level)
        .message(Message::builder().text(text).build())
        .locations(finding.place.iter().map(location).collect::<Vec<_>>())
        .build();
    if !related.is_empty() {
        result.related_locations = Some(related);
    }
    result
}

fn location(place: &Place) -> Location {
    Location::builder()
        .physical_location(
            PhysicalLocation::builder()
                .artifact_location(ArtifactLocation::builder().uri(place.file.clone()).build())
                .region(
                    Region::builder()
                        .start_line(i64::from(place.line))
                        .start_column(i64::from(place.column))
                        .build(),
                )
                .build(),
        )
        .build()
}
