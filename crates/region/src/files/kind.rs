//! Which file of a region folder is what.

use crate::names::{AgreementName, InvalidName, NetworkName, OrganisationName, SiteName};

/// What a file of a region folder holds, by its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// `region.yaml`.
    Region,
    /// `networks/<network>/network.yaml`.
    Network(NetworkName),
    /// `organisations/<organisation>.yaml`.
    Organisation(OrganisationName),
    /// `sites/<site>.yaml`.
    Site(SiteName),
    /// `agreements/<name>.yaml`.
    Agreement(AgreementName),
}

impl FileKind {
    /// Tells what a path, relative to the region's folder and with `/`
    /// between its parts, holds; `None` for what is no file of the region's own.
    ///
    /// # Errors
    ///
    /// The path is of a kind, but the name in it is not a name.
    pub fn of_path(path: &str) -> Result<Option<Self>, InvalidName> {
        let stem = |file: &str| file.strip_suffix(".yaml").map(str::to_owned);
        let parts: Vec<_> = path.split('/').collect();
        Ok(match parts.as_slice() {
            ["region.yaml"] => Some(Self::Region),
            ["networks", network, "network.yaml"] => {
                Some(Self::Network(NetworkName::new(*network)?))
            }
            [folder, file] => match (*folder, stem(file)) {
                ("organisations", Some(name)) => {
                    Some(Self::Organisation(OrganisationName::new(name)?))
                }
                ("sites", Some(name)) => Some(Self::Site(SiteName::new(name)?)),
                ("agreements", Some(name)) => Some(Self::Agreement(AgreementName::new(name)?)),
                _ => None,
            },
            _ => None,
        })
    }
}
