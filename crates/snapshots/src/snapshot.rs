//! What a loaded folder is.

use dialects::detect::Language;
use findings::{FileId, Finding, Sources, Span};
use networks::model::{Coverage, Device, DeviceId, Network, Port};
use networks::observed::ObservedTable;
use region::{AssumptionName, Date, ExternalName, NetworkName, Prefix, Region};

/// The codes of findings about a folder as a whole.
pub mod codes {
    use findings::Code;

    /// A configuration is in a language that is known by name and not read yet.
    pub const LANGUAGE_NOT_SUPPORTED: Code = Code::new("configuration-language-not-supported");
    /// Nothing tells the language of a configuration.
    pub const LANGUAGE_UNKNOWN: Code = Code::new("configuration-language-unknown");
    /// A file is not in UTF-8.
    pub const NOT_UTF8: Code = Code::new("file-not-utf8");
    /// A file is not read because of its name or place.
    pub const FILE_IGNORED: Code = Code::new("file-ignored");
    /// A link to a folder is not followed.
    pub const LINK_IGNORED: Code = Code::new("link-ignored");
    /// An interface that the region names is shut down.
    pub const DECLARED_INTERFACE_DOWN: Code = Code::new("declared-interface-down");
    /// An observed table is not used.
    pub const OBSERVED_UNUSED: Code = Code::new("observed-table-unused");
    /// A cloud hands packets to nobody that is known.
    pub const CLOUD_WITHOUT_GATEWAY: Code = Code::new("cloud-without-gateway");
}

/// Configurations and observed tables read at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The texts of all files that were read.
    pub sources: Sources,
    /// What the region's files say; `None` for a bare folder.
    pub region: Option<Region>,
    /// The devices and how they are joined, clouds that are assumed included.
    pub network: Network,
    /// What is known of each device besides its configuration, in the order of
    /// [`Network::devices`].
    pub devices: Vec<DeviceInfo>,
    /// How well each configuration was understood, by file.
    pub coverage: Vec<FileCoverage>,
    /// Where packets leave the region.
    pub externals: Vec<ExternalLink>,
    /// Tables that were observed on devices.
    pub observed: Vec<ObservedFile>,
    /// All that was found wrong while reading, the region's own files
    /// included, each with its owner where one is known; worst first.
    pub findings: Vec<Finding>,
}

/// What is known of a device besides its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The administrative network it is in; `None` where no folder names one.
    pub network: Option<NetworkName>,
    /// The number of that network, for [`networks::topology::Declared::networks`].
    pub area: u32,
    /// The organisation that can mend it.
    pub owner: Option<String>,
    /// What its configuration calls it. [`Device::name`] is the same unless
    /// devices of several networks share the name: then `network/name`.
    pub own_name: String,
    /// The language of its configuration; `None` for a cloud that is assumed.
    pub language: Option<Language>,
    /// For a cloud that is assumed: which assumption.
    pub assumed: Option<Assumed>,
}

/// An assumption that stands for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumed {
    /// The provider's network.
    pub network: NetworkName,
    /// The assumption.
    pub name: AssumptionName,
    /// Where it is written.
    pub span: Span,
    /// Who says so.
    pub by: String,
    /// The last day on which it may be relied on.
    pub until: Date,
    /// Whether it may be relied on on the day of loading.
    pub in_force: bool,
}

/// How well one file was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCoverage {
    /// The file.
    pub file: FileId,
    /// The devices it is about.
    pub devices: Vec<DeviceId>,
    /// The organisation that can mend it.
    pub owner: Option<String>,
    /// The language.
    pub language: Language,
    /// The state of each line.
    pub coverage: Coverage,
}

/// A place where packets leave the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalLink {
    /// The interface they leave by.
    pub port: Port,
    /// What is there.
    pub name: ExternalName,
    /// What is reached through it, as far as anybody says.
    pub prefixes: Vec<Prefix>,
    /// Where it is declared.
    pub span: Span,
    /// Who says so.
    pub by: String,
    /// The last day on which that may be relied on.
    pub until: Date,
}

/// A table that was observed on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedFile {
    /// The file.
    pub file: FileId,
    /// The device whose name the path begins with (after `observed/`); the
    /// longest such name. `None` where no device has one.
    pub device: Option<DeviceId>,
    /// The tables in it, one a VRF.
    pub tables: Vec<ObservedTable>,
}

impl Snapshot {
    /// Returns a device with what is known of it.
    pub fn device(&self, id: DeviceId) -> Option<(&Device, &DeviceInfo)> {
        Some((self.network.device(id)?, self.devices.get(id.index())?))
    }

    /// Returns a device by its network and the name its configuration gives
    /// it; without a network, by [`Device::name`].
    pub fn device_named(&self, network: Option<&NetworkName>, name: &str) -> Option<DeviceId> {
        let mut all = self.network.devices().zip(&self.devices);
        let found = all.find(|((_, device), info)| match network {
            Some(network) => info.network.as_ref() == Some(network) && info.own_name == name,
            None => device.name == name,
        });
        found.map(|((id, _), _)| id)
    }

    /// Returns the organisation that can mend what a file says.
    pub fn owner_of_file(&self, file: FileId) -> Option<&str> {
        let coverage = self.coverage.iter().find(|coverage| coverage.file == file);
        coverage.and_then(|coverage| coverage.owner.as_deref())
    }
}
