//! What agreements ask for.

use crate::files::Allowance;
use crate::model::{Agreement, Region};
use crate::names::{AgreementName, OrganisationName, SegmentRef, ServiceRef};
use crate::values::Date;
use findings::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most journeys that are looked at; more is a finding. A region of a
/// hundred organisations, sites and services asks for a tenth of it.
pub const JOURNEYS_MAX: usize = 1_000_000;

/// What makes a journey the journey it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JourneyKey {
    /// The organisation whose people travel.
    pub organisation: OrganisationName,
    /// Where they sit: the site (or network) and the segment.
    pub segment: SegmentRef,
    /// What they reach.
    pub service: ServiceRef,
}

impl fmt::Display for JourneyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {} to {}",
            self.organisation, self.segment, self.service
        )
    }
}

/// Which line of which agreement asks for a journey.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskedBy {
    /// The agreement.
    pub agreement: AgreementName,
    /// The allowance in it.
    pub span: Span,
}

/// A segment and a service, between which packets may pass that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exposure {
    /// Where packets would come from.
    pub segment: SegmentRef,
    /// What they would reach.
    pub service: ServiceRef,
    /// The agreements in force that ask for a journey from there to it; the
    /// traffic of the service is then asked for, and any other is excess.
    pub asked_by: BTreeSet<AgreementName>,
    /// Whether excess is judged at all: there are agreements in force, and the
    /// service is not on the segment's own network.
    pub judged: bool,
}

impl Region {
    /// Returns every journey that agreements in force on a day ask for, each
    /// with the lines that do.
    ///
    /// An allowance from a site asks from each of its segments in which people
    /// of the organisation may sit; one from a segment asks from there. What
    /// names nothing that exists asks for nothing (and is a finding). No more
    /// than [`JOURNEYS_MAX`] are returned.
    pub fn journeys(&self, today: Date) -> BTreeMap<JourneyKey, BTreeSet<AskedBy>> {
        let mut journeys: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for agreement in self.agreements_in_force(today) {
            for allowance in &agreement.about.allow {
                let left = JOURNEYS_MAX.saturating_sub(journeys.len());
                for key in self.asked(allowance).take(left) {
                    journeys.entry(key).or_default().insert(AskedBy {
                        agreement: agreement.name.clone(),
                        span: allowance.span,
                    });
                }
            }
        }
        journeys
    }

    /// Returns every segment with every service, for judging what is exposed.
    pub fn exposures(&self, today: Date) -> Vec<Exposure> {
        let mut asked: BTreeMap<(SegmentRef, ServiceRef), BTreeSet<AgreementName>> =
            BTreeMap::new();
        for (key, by) in self.journeys(today) {
            asked
                .entry((key.segment, key.service))
                .or_default()
                .extend(by.into_iter().map(|by| by.agreement));
        }
        let agreements = self.agreements_in_force(today).next().is_some();
        let mut exposures = Vec::new();
        for (segment, at) in self.segments() {
            for service in self.services() {
                let pair = (segment.clone(), service.reference.clone());
                exposures.push(Exposure {
                    asked_by: asked.remove(&pair).unwrap_or_default(),
                    judged: agreements && at.network != service.network,
                    segment: pair.0,
                    service: pair.1,
                });
            }
        }
        exposures
    }

    /// Returns the agreements in force on a day, by name.
    pub fn agreements_in_force(&self, today: Date) -> impl Iterator<Item = &Agreement> {
        let agreements = self.agreements.values();
        agreements.filter(move |agreement| agreement.in_force(today))
    }

    /// Returns the journeys that one allowance asks for, each once.
    pub(crate) fn asked<'a>(
        &'a self,
        allowance: &'a Allowance,
    ) -> impl Iterator<Item = JourneyKey> + 'a {
        let names = allowance.who.organisations.iter().map(|name| &name.value);
        let organisations: BTreeSet<&OrganisationName> = names
            .filter(|name| self.organisations.contains_key(name))
            .collect();
        let names = allowance.to.iter().map(|name| &name.value);
        let services: Vec<&ServiceRef> = names
            .filter(|name| self.service(name).is_some())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        organisations.into_iter().flat_map(move |organisation| {
            let services = services.clone();
            let segments = self.origins(allowance, organisation).into_iter();
            segments.flat_map(move |segment| {
                let services = services.clone().into_iter();
                services.map(move |service| JourneyKey {
                    organisation: organisation.clone(),
                    segment: segment.clone(),
                    service: service.clone(),
                })
            })
        })
    }

    /// Returns the segments that an allowance asks from, for one organisation.
    fn origins(
        &self,
        allowance: &Allowance,
        organisation: &OrganisationName,
    ) -> BTreeSet<SegmentRef> {
        let of_sites = allowance.from.sites.iter().flat_map(|site| {
            let site = self.sites.get(&site.value);
            site.into_iter().flat_map(|site| {
                site.about.segments.iter().map(|(name, _)| SegmentRef {
                    place: site.name.clone(),
                    segment: name.value.clone(),
                })
            })
        });
        let of_sites = of_sites.filter(|segment| {
            self.segment(segment)
                .is_some_and(|at| self.may_sit(organisation, at))
        });
        let single = allowance.from.segments.iter();
        let single = single
            .map(|segment| segment.value.clone())
            .filter(|segment| self.segment(segment).is_some());
        of_sites.chain(single).collect()
    }
}
