//! Boundary links, clouds and red lines.

use super::{Check, codes};
use crate::Spanned;
use crate::files::{BoundaryPeer, CloudEnd, InterfaceRef, RedLineEnd, RemoteInterface};
use crate::model::Network;
use crate::names::{AssumptionName, AttachmentName, NetworkName};
use crate::values::Date;
use findings::{Finding, Severity, Span};
use std::collections::BTreeMap;

pub(super) fn check(check: &mut Check<'_>) {
    let region = check.region;
    for (_, line) in region.about.red_lines.iter() {
        check.red_line(&line.from, "the region");
        check.red_line(&line.to, "the region");
    }
    for network in region.networks.values() {
        let owner = network.about.owner.as_str();
        for (_, line) in network.about.red_lines.iter() {
            check.red_line(&line.from, owner);
            check.red_line(&line.to, owner);
        }
        for (name, link) in network.about.boundary.iter() {
            match &link.peer {
                BoundaryPeer::Device(remote) => {
                    check.remote(network, name.span, &link.local, remote);
                }
                BoundaryPeer::Cloud(end) => check.cloud_end(end, owner),
                BoundaryPeer::External(end) => {
                    let what = format!("what is said of the external `{}`", end.name.value);
                    check.dated(&what, end.since, &end.until, owner);
                }
            }
        }
        check.assumptions(network);
    }
    check.shared_attachments();
}

impl Check<'_> {
    fn red_line(&mut self, end: &RedLineEnd, owner: &str) {
        for segment in &end.segments {
            self.segment(segment, owner);
        }
        for service in &end.services {
            self.service(service, owner);
        }
    }

    /// A link between two networks is declared by both, each from its side.
    fn remote(
        &mut self,
        network: &Network,
        span: Span,
        local: &InterfaceRef,
        remote: &RemoteInterface,
    ) {
        let region = self.region;
        let owner = network.about.owner.as_str();
        self.network(&remote.network, owner);
        let Some(other) = region.networks.get(&remote.network.value) else {
            return;
        };
        let declared = other.about.boundary.iter().any(|(_, link)| {
            let same_end = link.local.device.value == remote.device.value
                && link.local.interface.value == remote.interface.value;
            same_end
                && matches!(&link.peer, BoundaryPeer::Device(back)
                    if back.network.value == network.name
                        && back.device.value == local.device.value
                        && back.interface.value == local.interface.value)
        });
        if !declared {
            let message = format!(
                "`{}` does not declare this link from `{}` of its `{}`",
                other.name, remote.interface.value, remote.device.value
            );
            let finding = Finding::new(codes::BOUNDARY_ONE_SIDED, Severity::Note, message)
                .at(span)
                .owned_by(other.about.owner.as_str())
                .with_hint("each of the two networks declares the link from its own side");
            self.findings.push(finding);
        }
    }

    fn cloud_end(&mut self, end: &CloudEnd, owner: &str) {
        let region = self.region;
        self.network(&end.network, owner);
        let Some(cloud) = region.networks.get(&end.network.value) else {
            return;
        };
        let assumptions = &cloud.about.assumptions;
        let Some(assumption) = assumptions.get(&end.assumption.value) else {
            let known = assumptions.iter().map(|(name, _)| name.as_str());
            let name = &end.assumption;
            self.dangling("assumption", name.as_str(), name.span, owner, known);
            return;
        };
        if assumption.attachments.get(&end.attachment.value).is_none() {
            let known = assumption.attachments.iter().map(|(name, _)| name.as_str());
            let name = &end.attachment;
            self.dangling("attachment", name.as_str(), name.span, owner, known);
        }
    }

    fn assumptions(&mut self, network: &Network) {
        let owner = network.about.owner.as_str();
        for (name, assumption) in network.about.assumptions.iter() {
            let what = format!("the assumption `{}`", name.value);
            self.dated(&what, assumption.since, &assumption.until, owner);
        }
    }

    /// Notes what is said of others' networks, and is said for another day.
    fn dated(&mut self, what: &str, since: Date, until: &Spanned<Date>, owner: &str) {
        let (today, last) = (self.today, until.value);
        let message = if last < since {
            format!("{what} ends on {last}, before it begins on {since}")
        } else if last < today {
            format!("{what} may be relied on until {last} only")
        } else if today < since {
            format!("{what} may be relied on from {since} only")
        } else {
            return;
        };
        let finding = Finding::new(codes::ASSUMPTION_EXPIRED, Severity::Warning, message)
            .at(until.span)
            .owned_by(owner)
            .with_hint("ask again whether it is still so, and write the new days");
        self.findings.push(finding);
    }

    /// An attachment of a cloud has one interface attached.
    fn shared_attachments(&mut self) {
        let mut seen: BTreeMap<(&NetworkName, &AssumptionName, &AttachmentName), Span> =
            BTreeMap::new();
        let region = self.region;
        for network in region.networks.values() {
            for (name, link) in network.about.boundary.iter() {
                let BoundaryPeer::Cloud(end) = &link.peer else {
                    continue;
                };
                let attachment = &end.attachment;
                let key = (&end.network.value, &end.assumption.value, &attachment.value);
                if let Some(&first) = seen.get(&key) {
                    let message = format!("two links use the attachment `{}`", attachment.value);
                    let finding =
                        Finding::new(codes::ASSUMPTION_AMBIGUOUS, Severity::Note, message)
                            .at(name.span)
                            .because("the other link", Some(first))
                            .owned_by(network.about.owner.as_str())
                            .with_hint("they are taken to be on one broadcast domain");
                    self.findings.push(finding);
                } else {
                    seen.insert(key, name.span);
                }
            }
        }
    }
}
