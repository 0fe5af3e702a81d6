//! Journeys and findings as JUnit, for build servers: a test a journey, and
//! one a finding that no journey has.

use crate::answer::{CheckAnswer, FindingAnswer, JourneyAnswer};
use crate::failure::Failure;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// Writes the answer of a check as a JUnit report.
pub(crate) fn junit(answer: &CheckAnswer) -> Result<String, Failure> {
    let mut journeys = TestSuite::new("journeys");
    journeys.add_test_cases(answer.journeys.iter().map(journey));
    let mut findings = TestSuite::new("findings");
    findings.add_test_cases(
        answer
            .findings
            .iter()
            .filter(|f| f.severity == "error")
            .map(finding),
    );
    let mut report = Report::new("seen");
    report.add_test_suites([journeys, findings]);
    report.to_string().map_err(|cause| Failure::Format {
        format: "JUnit",
        cause: cause.into(),
    })
}

fn journey(journey: &JourneyAnswer) -> TestCase {
    let mut status = match journey.asked {
        "works" => TestCaseStatus::success(),
        "not checked" => TestCaseStatus::skipped(),
        "unknown" => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if journey.asked != "works" {
        let legs: Vec<_> = journey
            .legs
            .iter()
            .map(|leg| format!("{} {}", leg.leg, leg.asked))
            .collect();
        status.set_message(format!("{}: {}", journey.asked, legs.join(", ")));
    }
    let from = [journey.site.as_deref(), Some(&journey.segment)];
    let from: Vec<_> = from.into_iter().flatten().collect();
    let mut case = TestCase::new(format!("{} to {}", from.join("/"), journey.service), status);
    case.set_classname(
        journey
            .organisation
            .clone()
            .unwrap_or_else(|| "journeys".to_owned()),
    );
    case
}

fn finding(finding: &FindingAnswer) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(finding.message.clone());
    status.set_type(finding.code);
    let place = finding.place.as_ref();
    let name = place.map_or_else(
        || finding.message.clone(),
        |place| format!("{}:{}", place.file, place.line),
    );
    let mut case = TestCase::new(name, status);
    case.set_classname(finding.code);
    case
}
