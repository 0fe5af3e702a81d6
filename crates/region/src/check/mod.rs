//! What is readable but does not fit together.

mod addresses;
mod agreements;
mod networks;
mod references;

use crate::model::Region;
use crate::values::Date;
use crate::yaml::nearest;
use findings::{Code, Finding, Severity, Span};
use std::cmp::Reverse;

/// The codes of findings about a region's files.
pub mod codes {
    use findings::Code;

    /// A file that a region needs is not there.
    pub const FILE_MISSING: Code = Code::new("region-file-missing");
    /// The path of a file gives it a name that is none.
    pub const FILE_NAME: Code = Code::new("region-file-name");
    /// A name stands for two things.
    pub const NAME_DUPLICATE: Code = Code::new("region-name-duplicate");
    /// A name stands for nothing.
    pub const REFERENCE_DANGLING: Code = Code::new("region-reference-dangling");
    /// A text cannot be a code of the Organisation Data Service.
    pub const ODS_CODE_FORM: Code = Code::new("region-ods-code-form");
    /// Prefixes are allocated to two networks.
    pub const ALLOCATION_OVERLAP: Code = Code::new("region-allocation-overlap");
    /// A segment or service has addresses that its network was not allocated.
    pub const OUTSIDE_ALLOCATION: Code = Code::new("region-outside-allocation");
    /// Two segments have an address in common where both are seen.
    pub const SEGMENT_OVERLAP: Code = Code::new("region-segment-overlap");
    /// Addresses of 192.168.0.0/16 would have to be routed between networks.
    pub const PRIVATE_CROSSING: Code = Code::new("region-private-crossing");
    /// A VLAN number is none.
    pub const VLAN_RANGE: Code = Code::new("region-vlan-range");
    /// Two networks say different things of one boundary link, or only one speaks.
    pub const BOUNDARY_ONE_SIDED: Code = Code::new("region-boundary-one-sided");
    /// Several links use one attachment of a cloud.
    pub const ASSUMPTION_AMBIGUOUS: Code = Code::new("region-assumption-ambiguous");
    /// An assumption may no longer, or not yet, be relied on.
    pub const ASSUMPTION_EXPIRED: Code = Code::new("region-assumption-expired");
    /// An agreement has ended.
    pub const AGREEMENT_EXPIRED: Code = Code::new("region-agreement-expired");
    /// An agreement ends before it begins.
    pub const AGREEMENT_DATES: Code = Code::new("region-agreement-dates");
    /// An approval that the region asks for is not there.
    pub const AGREEMENT_UNAPPROVED: Code = Code::new("region-agreement-unapproved");
    /// An agreement speaks for an organisation that is not party to it.
    pub const AGREEMENT_NOT_PARTY: Code = Code::new("region-agreement-not-party");
    /// An agreement asks for a journey from where the people may not sit.
    pub const AGREEMENT_NO_SEAT: Code = Code::new("region-agreement-no-seat");
    /// One agreement allows what another never allows.
    pub const AGREEMENT_CONTRADICTION: Code = Code::new("region-agreement-contradiction");
    /// Agreements ask for more journeys than are looked at.
    pub const TOO_MANY_JOURNEYS: Code = Code::new("region-too-many-journeys");
    /// An allowance asks for no journey at all.
    pub const AGREEMENT_EMPTY: Code = Code::new("region-agreement-empty");
}

impl Region {
    /// Returns everything in the region's files that does not fit together on
    /// a day, worst first, then by code and place.
    pub fn findings(&self, today: Date) -> Vec<Finding> {
        let mut check = Check {
            region: self,
            today,
            findings: Vec::new(),
            hints_left: HINTS_MAX,
        };
        references::check(&mut check);
        networks::check(&mut check);
        addresses::check(&mut check);
        agreements::check(&mut check);
        let mut findings = check.findings;
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        findings.dedup();
        findings
    }
}

/// The order in which people read findings.
fn order(finding: &Finding) -> (Reverse<Severity>, Code, Option<Span>, &str) {
    (
        Reverse(finding.severity),
        finding.code,
        finding.primary,
        &finding.message,
    )
}

/// How many names that stand for nothing are compared with all that exist.
const HINTS_MAX: usize = 100;

/// A region under examination, and what was found.
struct Check<'a> {
    region: &'a Region,
    today: Date,
    findings: Vec<Finding>,
    hints_left: usize,
}

impl Check<'_> {
    /// Notes a name that stands for nothing.
    fn dangling<'n>(
        &mut self,
        what: &str,
        name: &str,
        span: Span,
        owner: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let near = if self.hints_left > 0 {
            self.hints_left -= 1;
            nearest(name, known)
        } else {
            None
        };
        let finding = Finding::new(
            codes::REFERENCE_DANGLING,
            Severity::Error,
            format!("there is no {what} `{name}`"),
        )
        .at(span)
        .owned_by(owner);
        self.findings.push(match near {
            Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
            None => finding.with_hint(format!("describe the {what}, or remove the reference")),
        });
    }

    /// Notes two uses of one name; the hint says what to do.
    fn duplicate(&mut self, message: String, first: Span, second: Span, owner: &str, hint: &str) {
        let finding = Finding::new(codes::NAME_DUPLICATE, Severity::Error, message)
            .at(second)
            .because("it stands here first", Some(first))
            .owned_by(owner)
            .with_hint(hint);
        self.findings.push(finding);
    }
}
