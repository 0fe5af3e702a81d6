//! A folder, read and routed: what most subcommands start from.

use crate::arguments::Input;
use crate::failure::Failure;
use crate::terminal::Progress;
use findings::{Finding, Sources};
use journeys::World;
use journeys::verdict::Assumption;
use networks::forwarding::Routing;
use networks::model::Network;
use region::{Date, NetworkName, Region};
use snapshots::Snapshot;
use std::path::Path;

/// A snapshot with what its devices do.
#[derive(Debug)]
pub(crate) struct Loaded {
    snapshot: Snapshot,
    routing: Routing,
    memberships: Vec<Option<NetworkName>>,
    assumed: Vec<Option<Assumption>>,
    today: Date,
}

impl Loaded {
    /// Reads the folder that the command line names.
    pub(crate) fn read(input: &Input) -> Result<Self, Failure> {
        Self::read_folder(&input.folder, input.today)
    }

    /// Reads a folder as it is judged on a day (default: today).
    pub(crate) fn read_folder(
        folder: &Path,
        today: Option<jiff::civil::Date>,
    ) -> Result<Self, Failure> {
        let today = Date::from(today.unwrap_or_else(|| jiff::Zoned::now().date()));
        let progress = Progress::start("reading configurations");
        let snapshot = snapshots::load(folder, today).map_err(|cause| Failure::Load {
            path: folder.to_path_buf(),
            cause,
        })?;
        progress.now("computing routes");
        let routing = snapshot.routing();
        let memberships = snapshot
            .devices
            .iter()
            .map(|device| device.network.clone())
            .collect();
        let assumed = snapshot
            .devices
            .iter()
            .map(|device| {
                device.assumed.as_ref().map(|assumed| Assumption {
                    text: format!(
                        "`{}` does as `{}` says, until {}",
                        assumed.network, assumed.name, assumed.until
                    ),
                    span: Some(assumed.span),
                })
            })
            .collect();
        Ok(Self {
            snapshot,
            routing,
            memberships,
            assumed,
            today,
        })
    }

    /// Returns what verdicts are made from.
    pub(crate) fn world(&self) -> World<'_> {
        World {
            sources: &self.snapshot.sources,
            network: &self.snapshot.network,
            routing: &self.routing,
            memberships: &self.memberships,
            assumed: &self.assumed,
            region: self.snapshot.region.as_ref(),
        }
    }

    /// Returns what was read.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Returns the texts that spans point into.
    pub(crate) fn sources(&self) -> &Sources {
        &self.snapshot.sources
    }

    /// Returns the devices and links.
    pub(crate) fn network(&self) -> &Network {
        &self.snapshot.network
    }

    /// Returns what the devices do.
    pub(crate) fn routing(&self) -> &Routing {
        &self.routing
    }

    /// Returns the region, where there is one.
    pub(crate) fn region(&self) -> Option<&Region> {
        self.snapshot.region.as_ref()
    }

    /// Returns the day that agreements are judged by.
    pub(crate) fn today(&self) -> Date {
        self.today
    }

    /// Returns what was wrong before any journey was looked at: in files, in
    /// routing, between networks.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.snapshot.findings.clone();
        findings.extend(self.routing.findings.iter().cloned().map(|mut finding| {
            if finding.owner.is_none() {
                let file = finding.primary.map(|span| span.file);
                let owner = file.and_then(|file| self.snapshot.owner_of_file(file));
                finding.owner = owner.map(str::to_owned);
            }
            finding
        }));
        findings.extend(journeys::between::findings(&self.world()));
        findings
    }
}
