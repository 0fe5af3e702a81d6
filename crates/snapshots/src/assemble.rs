//! Readings to one network: names, clouds, boundary links, topology.

use crate::LoadError;
use crate::boundary;
use crate::clouds;
use crate::languages::Output;
use crate::layer1::Cable;
use crate::observed;
use crate::snapshot::{DeviceInfo, FileCoverage, ObservedFile, Snapshot};
use findings::{FileId, Finding, Sources};
use networks::model::{DeviceId, InterfaceId, Network};
use networks::topology::{self, Declared, NamedPort};
use region::{Date, NetworkName, Region};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was read.
pub(crate) struct Read {
    pub(crate) sources: Sources,
    pub(crate) region: Option<Region>,
    /// The network of each area, where a folder names one.
    pub(crate) networks: Vec<Option<NetworkName>>,
    pub(crate) units: Vec<ReadUnit>,
    /// Cables, each with the area whose plan has it.
    pub(crate) cables: Vec<(u32, Cable)>,
    /// Observed tables: the area, the folder they stand in, the file.
    pub(crate) observed: Vec<(u32, String, FileId)>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) today: Date,
}

/// What one unit came to, and the area it is in.
pub(crate) struct ReadUnit {
    pub(crate) area: u32,
    pub(crate) output: Output,
}

/// Joins everything that was read into a snapshot.
pub(crate) fn assemble(read: Read) -> Result<Snapshot, LoadError> {
    let Read {
        sources,
        region,
        networks,
        units,
        cables,
        observed,
        findings,
        today,
    } = read;
    let mut assembly = Assembly {
        snapshot: Snapshot {
            sources,
            region,
            network: Network::default(),
            devices: Vec::new(),
            coverage: Vec::new(),
            externals: Vec::new(),
            observed: Vec::new(),
            findings,
        },
        networks,
        names: BTreeMap::new(),
    };
    for unit in units {
        assembly.unit(unit)?;
    }
    assembly.tell_names_apart();
    let cables = assembly.cables(&cables);
    assembly.observed(&observed);
    let links = assembly.boundaries(today);
    assembly.link(&links, cables.as_deref());
    Ok(assembly.finish(today))
}

struct Assembly {
    snapshot: Snapshot,
    networks: Vec<Option<NetworkName>>,
    /// Devices by area and the name their configuration gives them.
    names: BTreeMap<(u32, String), DeviceId>,
}

impl Assembly {
    fn network_of(&self, area: u32) -> Option<&NetworkName> {
        let at = usize::try_from(area).ok()?;
        self.networks.get(at)?.as_ref()
    }

    /// Returns who can mend what stands in an area: the owner of the network,
    /// else its name.
    fn owner_of(&self, area: u32) -> Option<String> {
        let network = self.network_of(area)?;
        let region = self.snapshot.region.as_ref();
        let owner = region.and_then(|region| region.owner_of(network));
        Some(owner.map_or_else(|| network.to_string(), ToString::to_string))
    }

    /// Takes in the devices of a unit.
    fn unit(&mut self, unit: ReadUnit) -> Result<(), LoadError> {
        let ReadUnit { area, output } = unit;
        let owner = self.owner_of(area);
        let mut ids = Vec::new();
        for device in output.devices {
            let id =
                DeviceId(u32::try_from(self.snapshot.network.devices.len()).unwrap_or(u32::MAX));
            let key = (area, device.name.clone());
            if let Some(first) = self.names.insert(key, id) {
                return Err(self.duplicate(first, device.name, device.file));
            }
            self.snapshot.devices.push(DeviceInfo {
                network: self.network_of(area).cloned(),
                area: self.area_of_links(area),
                owner: owner.clone(),
                own_name: device.name.clone(),
                language: output.language,
                assumed: None,
            });
            self.snapshot.network.devices.push(device);
            ids.push(id);
        }
        for (file, language, coverage) in output.coverage {
            self.snapshot.coverage.push(FileCoverage {
                file,
                devices: ids.clone(),
                owner: owner.clone(),
                language,
                coverage,
            });
        }
        let findings = output.findings.into_iter().map(|mut finding| {
            finding.owner = finding.owner.or_else(|| owner.clone());
            finding
        });
        self.snapshot.findings.extend(findings);
        Ok(())
    }

    /// Returns the area that decides which addresses are joined: in a bare
    /// folder nobody declares boundary links, so all is one.
    fn area_of_links(&self, area: u32) -> u32 {
        if self.snapshot.region.is_some() {
            area
        } else {
            0
        }
    }

    fn duplicate(&self, first: DeviceId, device: String, second: FileId) -> LoadError {
        let path = |file: FileId| {
            let source = self.snapshot.sources.file(file);
            source.map_or_else(String::new, |source| source.path().to_owned())
        };
        let first = self.snapshot.network.device(first);
        LoadError::DuplicateDevice {
            device,
            first: first.map_or_else(String::new, |first| path(first.file)),
            second: path(second),
        }
    }

    /// Where devices of several networks share a name, puts the network before it.
    fn tell_names_apart(&mut self) {
        let mut areas: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for (area, name) in self.names.keys() {
            areas.entry(name).or_default().insert(*area);
        }
        for ((area, name), id) in &self.names {
            if areas.get(name.as_str()).is_none_or(|areas| areas.len() < 2) {
                continue;
            }
            let network = self.network_of(*area).map(ToString::to_string);
            let network = network.unwrap_or_else(|| area.to_string());
            if let Some(device) = self.snapshot.network.devices.get_mut(id.index()) {
                device.name = format!("{network}/{name}");
            }
        }
    }

    /// Names the ends of cables as the devices do; cables to what no device
    /// has stay as they are. `None` without any plan.
    fn cables(&self, cables: &[(u32, Cable)]) -> Option<Vec<(NamedPort, NamedPort)>> {
        if cables.is_empty() {
            return None;
        }
        let lower: BTreeMap<(u32, String), DeviceId> = self
            .names
            .iter()
            .map(|((area, name), id)| ((*area, name.to_lowercase()), *id))
            .collect();
        let end = |area: u32, (device, interface): &NamedPort| -> NamedPort {
            let exact = self.names.get(&(area, device.clone()));
            let found = exact.or_else(|| lower.get(&(area, device.to_lowercase())));
            let Some((id, found)) =
                found.and_then(|id| Some((*id, self.snapshot.network.device(*id)?)))
            else {
                return (device.clone(), interface.clone());
            };
            let named = boundary::interface(&self.snapshot.network, id, interface);
            let named = named.and_then(|at: InterfaceId| found.interface(at));
            let interface = named.map_or_else(|| interface.clone(), |named| named.name.clone());
            (found.name.clone(), interface)
        };
        let cables = cables.iter();
        Some(
            cables
                .map(|(area, (one, other))| (end(*area, one), end(*area, other)))
                .collect(),
        )
    }

    /// Says whose observed tables are: the device whose name the path begins with.
    fn observed(&mut self, files: &[(u32, String, FileId)]) {
        for (area, folder, file) in files {
            let source = self.snapshot.sources.file(*file);
            let (path, text) = source.map_or(("", ""), |source| (source.path(), source.text()));
            let rest = path.strip_prefix(folder.as_str()).unwrap_or(path);
            let named = self.names.iter().filter(|((of, name), _)| {
                of == area
                    && rest.strip_prefix(name.as_str()).is_some_and(|rest| {
                        !rest.starts_with(|c: char| c.is_alphanumeric()) || rest.is_empty()
                    })
            });
            let longest = named.max_by_key(|((_, name), _)| name.len());
            self.snapshot.observed.push(ObservedFile {
                file: *file,
                device: longest.map(|(_, id)| *id),
                tables: observed::read(text).unwrap_or_default(),
            });
        }
        observed::judge(&mut self.snapshot);
    }

    /// Adds the clouds, and returns the links between networks.
    fn boundaries(&mut self, today: Date) -> Vec<Vec<networks::model::Port>> {
        let Some(region) = self.snapshot.region.take() else {
            return Vec::new();
        };
        let areas: BTreeMap<NetworkName, u32> = (0u32..)
            .zip(&self.networks)
            .filter_map(|(area, name)| Some((name.clone()?, area)))
            .collect();
        let ends = boundary::resolve(&region, &mut self.snapshot, &areas, &self.names);
        let ports = clouds::add(&region, &mut self.snapshot, &areas, &ends, today);
        let links = boundary::links(&ends, &ports);
        boundary::gateways(&region, &mut self.snapshot, &areas, &self.names);
        self.snapshot.region = Some(region);
        links
    }

    /// Infers who hears whom.
    fn link(
        &mut self,
        links: &[Vec<networks::model::Port>],
        cables: Option<&[(NamedPort, NamedPort)]>,
    ) {
        let areas: Vec<u32> = self.snapshot.devices.iter().map(|info| info.area).collect();
        let declared = Declared {
            cables,
            networks: &areas,
            links,
        };
        let topology = topology::infer_links(&self.snapshot.network, &declared);
        self.snapshot.network.links = topology.links;
        let owners: BTreeMap<FileId, String> = self
            .snapshot
            .coverage
            .iter()
            .filter_map(|coverage| Some((coverage.file, coverage.owner.clone()?)))
            .collect();
        for mut finding in topology.findings {
            let file = finding.primary.map(|span| span.file);
            finding.owner = finding
                .owner
                .or_else(|| file.and_then(|file| owners.get(&file).cloned()));
            self.snapshot.findings.push(finding);
        }
    }

    fn finish(self, today: Date) -> Snapshot {
        let mut snapshot = self.snapshot;
        if let Some(region) = &snapshot.region {
            let findings = region.findings(today);
            snapshot.findings.extend(findings);
        }
        snapshot.findings.sort_by(|a, b| {
            let key =
                |finding: &Finding| (Reverse(finding.severity), finding.code, finding.primary);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        snapshot
    }
}
