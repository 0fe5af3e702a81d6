//! Agreements: parties, days, approvals, and what they ask for.

use super::{Check, codes};
use crate::Spanned;
use crate::files::{Allowance, ApprovalKind, Prohibition};
use crate::journeys::JOURNEYS_MAX;
use crate::model::{Agreement, Region};
use crate::names::{OrganisationName, RoleName, SiteName};
use findings::{Finding, Severity};

pub(super) fn check(check: &mut Check<'_>) {
    let region = check.region;
    for agreement in region.agreements.values() {
        let owner = first_party(agreement);
        for party in &agreement.about.parties {
            check.organisation(party, &owner);
        }
        for approval in &agreement.about.approvals {
            check.organisation(&approval.organisation, &owner);
            check.party(agreement, &approval.organisation, "an approval is");
        }
        for allowance in &agreement.about.allow {
            check.allowance(agreement, allowance);
        }
        for prohibition in &agreement.about.never {
            check.prohibition(prohibition, &owner);
        }
        check.days(agreement);
        check.approvals(agreement);
    }
    check.contradictions();
}

/// Returns the party that is named first: whom people ask about an agreement.
fn first_party(agreement: &Agreement) -> String {
    let party = agreement.about.parties.first();
    party.map_or_else(|| agreement.name.to_string(), |party| party.to_string())
}

/// Tells whether an organisation is party to an agreement.
fn is_party(agreement: &Agreement, organisation: &OrganisationName) -> bool {
    let mut parties = agreement.about.parties.iter();
    parties.any(|party| party.value == *organisation)
}

impl Check<'_> {
    fn party(&mut self, agreement: &Agreement, name: &Spanned<OrganisationName>, what: &str) {
        let known = self.region.organisations.contains_key(&name.value);
        if known && !is_party(agreement, &name.value) {
            let message = format!("{what} of `{}`, which is not a party", name.value);
            let finding = Finding::new(codes::AGREEMENT_NOT_PARTY, Severity::Error, message)
                .at(name.span)
                .owned_by(first_party(agreement))
                .with_hint("an agreement binds its parties alone: add it to `parties`");
            self.findings.push(finding);
        }
    }

    fn allowance(&mut self, agreement: &Agreement, allowance: &Spanned<Allowance>) {
        let region = self.region;
        let owner = first_party(agreement);
        let findings_before = self.findings.len();
        for organisation in &allowance.who.organisations {
            self.organisation(organisation, &owner);
            self.party(agreement, organisation, "the people are");
        }
        self.roles(allowance, &owner);
        for site in &allowance.from.sites {
            self.site(site, &owner);
        }
        for segment in &allowance.from.segments {
            self.segment(segment, &owner);
            self.seats(allowance, segment, &owner);
        }
        for service in &allowance.to {
            self.service(service, &owner);
            let whose = Spanned {
                value: service.organisation.clone(),
                span: service.span,
            };
            if region.service(&service.value).is_some() {
                self.party(agreement, &whose, "the service is");
            }
        }
        let places = !allowance.from.sites.is_empty() || !allowance.from.segments.is_empty();
        // A name that stands for nothing is reason enough, and has been told.
        let mut told = self.findings.iter().skip(findings_before);
        let dangling = told.any(|finding| finding.code == codes::REFERENCE_DANGLING);
        if region.asked(allowance).next().is_none() && !dangling {
            let message = if places {
                "this allows no journey: none of the people may sit in any of the places"
            } else {
                "this allows no journey: it names no place that people sit in"
            };
            let finding = Finding::new(codes::AGREEMENT_EMPTY, Severity::Warning, message)
                .at(allowance.span)
                .owned_by(owner)
                .with_hint("name sites with segments for them, or add them to `occupants`");
            self.findings.push(finding);
        }
    }

    fn roles(&mut self, allowance: &Allowance, owner: &str) {
        let region = self.region;
        let homes: Vec<_> = allowance
            .who
            .organisations
            .iter()
            .filter_map(|name| region.organisations.get(&name.value))
            .collect();
        for role in &allowance.who.roles {
            let mut homes_with = homes.iter().map(|home| &home.about.roles);
            if homes.is_empty() || homes_with.any(|roles| roles.get(&role.value).is_some()) {
                continue;
            }
            let known = homes.iter().flat_map(|home| home.about.roles.iter());
            let known: Vec<&str> = known.map(|(name, _)| RoleName::as_str(name)).collect();
            self.dangling("role", role.as_str(), role.span, owner, known);
        }
    }

    fn site(&mut self, site: &Spanned<SiteName>, owner: &str) {
        let region = self.region;
        if !region.sites.contains_key(&site.value) {
            let known = region.sites.keys().map(SiteName::as_str);
            self.dangling("site", site.as_str(), site.span, owner, known);
        }
    }

    /// People can only travel from where they may sit.
    fn seats(&mut self, allowance: &Allowance, segment: &Spanned<crate::SegmentRef>, owner: &str) {
        let region = self.region;
        let Some(at) = region.segment(&segment.value) else {
            return;
        };
        for organisation in &allowance.who.organisations {
            let known = region.organisations.contains_key(&organisation.value);
            if !known || region.may_sit(&organisation.value, at) {
                continue;
            }
            let message = format!(
                "people of `{}` may not sit in `{}`",
                organisation.value, segment.value
            );
            let finding = Finding::new(codes::AGREEMENT_NO_SEAT, Severity::Warning, message)
                .at(segment.span)
                .because("the segment", Some(at.name.span))
                .owned_by(owner)
                .with_hint("add them (or `visitors`) to the segment's `occupants`");
            self.findings.push(finding);
        }
    }

    fn prohibition(&mut self, prohibition: &Prohibition, owner: &str) {
        for site in &prohibition.from.sites {
            self.site(site, owner);
        }
        let segments = prohibition.from.segments.iter();
        for segment in segments.chain(&prohibition.to.segments) {
            self.segment(segment, owner);
        }
        for service in &prohibition.to.services {
            self.service(service, owner);
        }
    }

    fn days(&mut self, agreement: &Agreement) {
        let about = &agreement.about;
        let Some(until) = &about.until else { return };
        let (from, last) = (about.from.value, until.value);
        let (code, severity, message, hint) = if last < from {
            (
                codes::AGREEMENT_DATES,
                Severity::Error,
                format!("the agreement ends on {last}, before it begins on {from}"),
                "correct `from` or `until`",
            )
        } else if last < self.today {
            (
                codes::AGREEMENT_EXPIRED,
                Severity::Warning,
                format!("the agreement `{}` ended on {last}", agreement.name),
                "renew it, or remove the file: nothing that it allowed is asked for any longer",
            )
        } else {
            return;
        };
        let finding = Finding::new(code, severity, message)
            .at(until.span)
            .owned_by(first_party(agreement))
            .with_hint(hint);
        self.findings.push(finding);
    }

    /// Every party has given the approvals that the region asks for.
    fn approvals(&mut self, agreement: &Agreement) {
        if agreement.in_force(self.today) {
            let missing = self.region.approvals_missing(agreement);
            for (party, kind) in missing {
                let message = format!(
                    "`{party}` has not given the {} approval of `{}`",
                    approval(kind),
                    agreement.name
                );
                let finding = Finding::new(codes::AGREEMENT_UNAPPROVED, Severity::Note, message)
                    .at(party_span(agreement, &party))
                    .owned_by(party.as_str())
                    .with_hint("add it to `approvals` when it is given");
                self.findings.push(finding);
            }
        }
    }

    /// What one agreement in force never allows, no other allows.
    fn contradictions(&mut self) {
        let region = self.region;
        let journeys = region.journeys(self.today);
        if journeys.len() >= JOURNEYS_MAX {
            let message = format!("agreements ask for {JOURNEYS_MAX} journeys or more");
            let finding = Finding::new(codes::TOO_MANY_JOURNEYS, Severity::Error, message)
                .with_hint("only so many are looked at: split the region, or name fewer sites");
            self.findings.push(finding);
        }
        for agreement in region.agreements_in_force(self.today) {
            for never in &agreement.about.never {
                let hit = journeys.iter().find(|(key, _)| {
                    let from = &never.from;
                    let site = from
                        .sites
                        .iter()
                        .any(|site| site.value == key.segment.place);
                    let single = from.segments.iter().any(|name| name.value == key.segment);
                    let mut to = never.to.services.iter();
                    (site || single) && to.any(|service| service.value == key.service)
                });
                let Some((key, by)) = hit else { continue };
                let message = format!("`{}` never allows what is allowed: {key}", agreement.name);
                let mut finding =
                    Finding::new(codes::AGREEMENT_CONTRADICTION, Severity::Error, message)
                        .at(never.span)
                        .owned_by(first_party(agreement))
                        .with_hint("the parties have to agree on one of the two");
                for by in by {
                    finding =
                        finding.because(format!("`{}` allows it", by.agreement), Some(by.span));
                }
                self.findings.push(finding);
            }
        }
    }
}

/// Returns where a party is named.
fn party_span(agreement: &Agreement, party: &OrganisationName) -> findings::Span {
    let mut parties = agreement.about.parties.iter();
    parties
        .find(|named| named.value == *party)
        .map_or_else(|| agreement.start(), |named| named.span)
}

/// Says a kind of approval in words.
fn approval(kind: ApprovalKind) -> &'static str {
    match kind {
        ApprovalKind::Technical => "technical",
        ApprovalKind::Executive => "executive",
        ApprovalKind::InformationGovernance => "information-governance",
    }
}

impl Region {
    /// Returns the approvals that the region asks for and an agreement lacks:
    /// who has to give which.
    pub fn approvals_missing(
        &self,
        agreement: &Agreement,
    ) -> Vec<(OrganisationName, ApprovalKind)> {
        let rules = &self.about.approvals;
        let mut kinds = rules.agreement.clone();
        if agreement.shares_records() {
            kinds.extend(&rules.records);
        }
        kinds.sort_unstable();
        kinds.dedup();
        let given = |party: &OrganisationName, kind| {
            let mut approvals = agreement.about.approvals.iter();
            approvals.any(|given| given.organisation.value == *party && given.kind == kind)
        };
        let mut missing = Vec::new();
        for party in &agreement.about.parties {
            let lacking = kinds.iter().filter(|&&kind| !given(&party.value, kind));
            missing.extend(lacking.map(|&kind| (party.value.clone(), kind)));
        }
        missing
    }
}
