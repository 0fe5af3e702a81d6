//! The whole region, and who and what is where in it.

use crate::Spanned;
use crate::files::{
    AgreementFile, NetworkFile, Occupant, OrganisationFile, RegionFile, Segment, Service, SiteFile,
};
use crate::names::{
    AgreementName, NetworkName, OrganisationName, Place, SegmentName, SegmentRef, ServiceRef,
    SiteName,
};
use crate::values::{Date, Prefix};
use findings::{FileId, Span};
use std::collections::BTreeMap;

/// One file with the name its path gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<N, T> {
    /// The name.
    pub name: N,
    /// The file.
    pub file: FileId,
    /// What the file says.
    pub about: T,
}

/// An administrative network.
pub type Network = Named<NetworkName, NetworkFile>;
/// A legal body.
pub type Organisation = Named<OrganisationName, OrganisationFile>;
/// A building.
pub type Site = Named<SiteName, SiteFile>;
/// An agreement.
pub type Agreement = Named<AgreementName, AgreementFile>;

impl<N, T> Named<N, T> {
    /// Returns the start of the file, for what is about the whole of it.
    pub fn start(&self) -> Span {
        Span {
            file: self.file,
            start: 0,
            end: 0,
        }
    }
}

impl Agreement {
    /// Tells whether it is in force on a day; the first and the last day count.
    pub fn in_force(&self, today: Date) -> bool {
        self.about.from.value <= today
            && self
                .about
                .until
                .as_ref()
                .is_none_or(|until| today <= until.value)
    }

    /// Tells whether records are shared under it.
    pub fn shares_records(&self) -> bool {
        let mut allowances = self.about.allow.iter();
        allowances.any(|allowance| !allowance.categories.is_empty())
    }
}

/// Everything that the files of a region say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The file `region.yaml`.
    pub file: FileId,
    /// What it says.
    pub about: RegionFile,
    /// The networks.
    pub networks: BTreeMap<NetworkName, Network>,
    /// The organisations.
    pub organisations: BTreeMap<OrganisationName, Organisation>,
    /// The sites.
    pub sites: BTreeMap<SiteName, Site>,
    /// The agreements.
    pub agreements: BTreeMap<AgreementName, Agreement>,
}

/// A segment with what it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SegmentInfo<'a> {
    /// The site, for a segment of one.
    pub site: Option<&'a Site>,
    /// The network that serves it, whether a file describes it or not.
    pub network: &'a NetworkName,
    /// The name, with its place.
    pub name: &'a Spanned<SegmentName>,
    /// What is said of it.
    pub segment: &'a Segment,
}

impl<'a> SegmentInfo<'a> {
    /// Returns what it belongs to.
    pub fn place(self) -> Place {
        match self.site {
            Some(site) => Place::Site(site.name.clone()),
            None => Place::Network(self.network.clone()),
        }
    }

    /// Returns the prefixes by which a network sees it: its own in the network
    /// that serves it, else those it is translated to, where it is.
    pub fn prefixes_seen_from(self, network: &NetworkName) -> &'a [Spanned<Prefix>] {
        seen_from(
            self.network == network,
            &self.segment.prefixes,
            &self.segment.seen_as,
        )
    }
}

/// A service with what it belongs to.
#[derive(Debug, Clone)]
pub struct ServiceInfo<'a> {
    /// Its full name.
    pub reference: ServiceRef,
    /// The network it is on, whether a file describes it or not.
    pub network: &'a NetworkName,
    /// Where its name is written.
    pub span: Span,
    /// What is said of it.
    pub service: &'a Service,
}

impl<'a> ServiceInfo<'a> {
    /// Returns the addresses by which a network sees it.
    pub fn addresses_seen_from(&self, network: &NetworkName) -> &'a [Spanned<Prefix>] {
        seen_from(
            self.network == network,
            &self.service.addresses,
            &self.service.seen_as,
        )
    }
}

/// Chooses between own addresses and those that others see.
fn seen_from<'a>(
    own: bool,
    addresses: &'a [Spanned<Prefix>],
    seen_as: &'a [Spanned<Prefix>],
) -> &'a [Spanned<Prefix>] {
    if own || seen_as.is_empty() {
        addresses
    } else {
        seen_as
    }
}

impl Region {
    /// Returns every segment of the region: of sites by name, then of networks.
    pub fn segments(&self) -> impl Iterator<Item = (SegmentRef, SegmentInfo<'_>)> {
        let of_sites = self.sites.values().flat_map(|site| {
            site.about.segments.iter().map(|(name, segment)| {
                let network = segment.network.as_ref().unwrap_or(&site.about.network);
                let info = SegmentInfo {
                    site: Some(site),
                    network: &network.value,
                    name,
                    segment,
                };
                (site.name.as_str(), info)
            })
        });
        let of_networks = self.networks.values().flat_map(|network| {
            network.about.segments.iter().map(|(name, segment)| {
                let info = SegmentInfo {
                    site: None,
                    network: &network.name,
                    name,
                    segment,
                };
                (network.name.as_str(), info)
            })
        });
        of_sites.chain(of_networks).filter_map(|(place, info)| {
            let reference = SegmentRef {
                place: SiteName::new(place).ok()?,
                segment: info.name.value.clone(),
            };
            Some((reference, info))
        })
    }

    /// Returns a segment; a site's where a site and a network share the name.
    pub fn segment(&self, reference: &SegmentRef) -> Option<SegmentInfo<'_>> {
        if let Some(site) = self.sites.get(&reference.place) {
            let (name, segment) = site.about.segments.entry(&reference.segment)?;
            let network = segment.network.as_ref().unwrap_or(&site.about.network);
            return Some(SegmentInfo {
                site: Some(site),
                network: &network.value,
                name,
                segment,
            });
        }
        let network = NetworkName::new(reference.place.as_str()).ok()?;
        let network = self.networks.get(&network)?;
        let (name, segment) = network.about.segments.entry(&reference.segment)?;
        Some(SegmentInfo {
            site: None,
            network: &network.name,
            name,
            segment,
        })
    }

    /// Returns every service of the region, by organisation.
    pub fn services(&self) -> impl Iterator<Item = ServiceInfo<'_>> {
        self.organisations.values().flat_map(|organisation| {
            let services = organisation.about.services.iter();
            services.map(|(name, service)| ServiceInfo {
                reference: ServiceRef {
                    organisation: organisation.name.clone(),
                    service: name.value.clone(),
                },
                network: &service
                    .network
                    .as_ref()
                    .unwrap_or(&organisation.about.network)
                    .value,
                span: name.span,
                service,
            })
        })
    }

    /// Returns a service.
    pub fn service(&self, reference: &ServiceRef) -> Option<ServiceInfo<'_>> {
        let organisation = self.organisations.get(&reference.organisation)?;
        let (name, service) = organisation.about.services.entry(&reference.service)?;
        let network = service
            .network
            .as_ref()
            .unwrap_or(&organisation.about.network);
        Some(ServiceInfo {
            reference: reference.clone(),
            network: &network.value,
            span: name.span,
            service,
        })
    }

    /// Tells whether people of an organisation may sit in a segment.
    ///
    /// Without a list of occupants a site's segment is for the site's tenants,
    /// and a network's for the organisations on that network.
    pub fn may_sit(&self, organisation: &OrganisationName, at: SegmentInfo<'_>) -> bool {
        let occupants = &at.segment.occupants;
        if !occupants.is_empty() {
            return occupants.iter().any(|occupant| match &occupant.value {
                Occupant::Visitors => true,
                Occupant::Organisation(name) => name == organisation,
            });
        }
        match at.site {
            Some(site) => {
                let mut tenants = site.about.tenants.iter();
                tenants.any(|tenant| tenant.value == *organisation)
            }
            None => self
                .organisations
                .get(organisation)
                .is_some_and(|organisation| organisation.about.network.value == *at.network),
        }
    }

    /// Returns the organisation that runs a network and can mend it.
    pub fn owner_of(&self, network: &NetworkName) -> Option<&OrganisationName> {
        let network = self.networks.get(network)?;
        Some(&network.about.owner.value)
    }
}
