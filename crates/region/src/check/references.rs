//! Names that stand for nothing, or for two things.

use super::{Check, codes};
use crate::Spanned;
use crate::files::{Gateway, Occupant, Segment};
use crate::model::{Organisation, Region, Site};
use crate::names::{NetworkName, OrganisationName, SegmentRef, ServiceRef};
use findings::{Finding, Severity, Span};
use std::collections::BTreeMap;

pub(super) fn check(check: &mut Check<'_>) {
    let region = check.region;
    for key in &region.about.keys {
        check.organisation(&key.organisation, "the region");
    }
    for organisation in region.organisations.values() {
        check.of_organisation(organisation);
    }
    for site in region.sites.values() {
        check.of_site(site);
    }
    for network in region.networks.values() {
        let owner = network.about.owner.as_str();
        check.organisation(&network.about.owner, owner);
        for (_, segment) in network.about.segments.iter() {
            check.of_segment(segment, &network.name, owner);
        }
    }
    check.unique_identities();
    check.unique_places();
}

impl<'a> Check<'a> {
    pub(super) fn network(&mut self, name: &Spanned<NetworkName>, owner: &str) {
        let region = self.region;
        if !region.networks.contains_key(&name.value) {
            let known = region.networks.keys().map(NetworkName::as_str);
            self.dangling("network", name.as_str(), name.span, owner, known);
        }
    }

    pub(super) fn organisation(&mut self, name: &Spanned<OrganisationName>, owner: &str) {
        let region = self.region;
        if !region.organisations.contains_key(&name.value) {
            let known = region.organisations.keys().map(OrganisationName::as_str);
            self.dangling("organisation", name.as_str(), name.span, owner, known);
        }
    }

    pub(super) fn segment(&mut self, name: &Spanned<SegmentRef>, owner: &str) {
        if self.region.segment(&name.value).is_none() {
            let known = self.known(|region| region.segments().map(|(name, _)| name));
            let known = known.iter().map(String::as_str);
            self.dangling("segment", &name.to_string(), name.span, owner, known);
        }
    }

    pub(super) fn service(&mut self, name: &Spanned<ServiceRef>, owner: &str) {
        if self.region.service(&name.value).is_none() {
            let known = self.known(|region| region.services().map(|info| info.reference));
            let known = known.iter().map(String::as_str);
            self.dangling("service", &name.to_string(), name.span, owner, known);
        }
    }

    /// Returns all names of a kind, while names are still compared.
    fn known<I: Iterator<Item: ToString>>(&self, all: impl Fn(&'a Region) -> I) -> Vec<String> {
        if self.hints_left == 0 {
            return Vec::new();
        }
        all(self.region).map(|name| name.to_string()).collect()
    }

    fn of_organisation(&mut self, organisation: &Organisation) {
        let region = self.region;
        let owner = organisation.name.as_str();
        let about = &organisation.about;
        self.network(&about.network, owner);
        for footprint in &about.footprints {
            if region.about.footprints.get(&footprint.value).is_none() {
                let footprints = region.about.footprints.iter();
                let known = footprints.map(|(name, _)| name.as_str());
                self.dangling(
                    "footprint",
                    footprint.as_str(),
                    footprint.span,
                    owner,
                    known,
                );
            }
        }
        for (_, service) in about.services.iter() {
            if let Some(network) = &service.network {
                self.network(network, owner);
            }
            if let Some(site) = &service.site
                && !region.sites.contains_key(&site.value)
            {
                let known = region.sites.keys().map(crate::SiteName::as_str);
                self.dangling("site", site.as_str(), site.span, owner, known);
            }
        }
        if !about.ods.is_well_formed() {
            let message = format!("`{}` cannot be an ODS code", about.ods.as_str());
            let finding = Finding::new(codes::ODS_CODE_FORM, Severity::Warning, message)
                .at(about.ods.span)
                .owned_by(owner)
                .with_hint("an ODS code is three to twelve capital letters and digits");
            self.findings.push(finding);
        }
    }

    fn of_site(&mut self, site: &Site) {
        let network = &site.about.network;
        let owner = match (self.region.owner_of(network), site.about.tenants.first()) {
            (Some(owner), _) => owner.to_string(),
            (None, Some(tenant)) => tenant.to_string(),
            (None, None) => site.name.to_string(),
        };
        self.network(network, &owner);
        for tenant in &site.about.tenants {
            self.organisation(tenant, &owner);
        }
        for (_, segment) in site.about.segments.iter() {
            self.of_segment(segment, network, &owner);
        }
    }

    fn of_segment(&mut self, segment: &Segment, network: &NetworkName, owner: &str) {
        let other = segment.network.as_ref();
        if let Some(other) = other {
            self.network(other, owner);
        }
        for occupant in &segment.occupants {
            if let Occupant::Organisation(name) = &occupant.value {
                let name = Spanned {
                    value: name.clone(),
                    span: occupant.span,
                };
                self.organisation(&name, owner);
            }
        }
        if let Some(vlan) = segment
            .vlan
            .as_ref()
            .filter(|vlan| !(1..=4094).contains(&vlan.value))
        {
            let message = format!("`{}` is not a VLAN", vlan.value);
            let finding = Finding::new(codes::VLAN_RANGE, Severity::Error, message)
                .at(vlan.span)
                .owned_by(owner)
                .with_hint("VLANs have numbers from 1 to 4094 (IEEE 802.1Q)");
            self.findings.push(finding);
        }
        if let Some(Gateway::Address(address)) = &segment.gateway {
            let ip = address.ip();
            if !segment
                .prefixes
                .iter()
                .any(|prefix| prefix.net().contains(&ip))
            {
                let network = other.map_or(network, |other| &other.value);
                let message =
                    format!("the gateway `{ip}` is in none of the prefixes of its segment");
                let finding = Finding::new(codes::OUTSIDE_ALLOCATION, Severity::Error, message)
                    .at(address.span)
                    .owned_by(self.region.owner_or_network(network))
                    .with_hint("correct the gateway or the prefixes");
                self.findings.push(finding);
            }
        }
    }

    /// ODS codes and realms stand for one organisation each.
    fn unique_identities(&mut self) {
        let mut seen: BTreeMap<(&str, &str), Span> = BTreeMap::new();
        for organisation in self.region.organisations.values() {
            let about = &organisation.about;
            let realm = about.realm.iter();
            let realm = realm.map(|realm| ("realm", realm.as_str(), realm.span));
            let ods = ("ODS code", about.ods.as_str(), about.ods.span);
            for (what, text, span) in realm.chain([ods]) {
                if let Some(first) = seen.insert((what, text), span) {
                    let message = format!("two organisations have the {what} `{text}`");
                    let owner = organisation.name.as_str();
                    let hint = "each organisation has its own";
                    self.duplicate(message, first, span, owner, hint);
                }
            }
        }
    }

    /// Sites and networks share one space of names, so that `place/segment` is clear.
    fn unique_places(&mut self) {
        let region = self.region;
        for site in region.sites.values() {
            let network = NetworkName::new(site.name.as_str()).ok();
            let Some(network) = network.and_then(|name| region.networks.get(&name)) else {
                continue;
            };
            let message = format!("`{}` is a site and a network", site.name);
            let owner = region.owner_or_network(&network.name);
            let hint = "rename the site: segments are written `site/segment` or `network/segment`";
            self.duplicate(message, network.start(), site.start(), &owner, hint);
        }
    }
}

impl Region {
    /// Returns who can mend what a network does: its owner, else its name.
    pub(crate) fn owner_or_network(&self, network: &NetworkName) -> String {
        match self.owner_of(network) {
            Some(owner) => owner.to_string(),
            None => network.to_string(),
        }
    }
}
