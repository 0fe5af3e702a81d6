//! Names: one type for each kind of thing that has one.

use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt;

/// The most characters of a name; it stands in file names, tables and messages.
const NAME_LENGTH_MAX: usize = 64;

/// The most characters of a name that devices give: interfaces, host names.
const DEVICE_NAME_LENGTH_MAX: usize = 255;

/// The form of a name, as a regular expression (for schemas).
macro_rules! name_pattern {
    () => {
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    };
}

/// A text is no name of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    text: String,
    rule: &'static str,
}

impl InvalidName {
    pub(crate) fn new(text: impl Into<String>, rule: &'static str) -> Self {
        /// Enough to recognise it; the whole stands in the file.
        const SHOWN_MAX: usize = 60;
        let text: String = text.into();
        Self {
            text: text.chars().take(SHOWN_MAX).collect(),
            rule,
        }
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.text, self.rule)
    }
}

impl std::error::Error for InvalidName {}

/// Tells whether a text has the form of [`name_pattern`].
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= NAME_LENGTH_MAX
        && text.bytes().all(|byte| inner(byte) || byte == b'-')
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(extend("pattern" = name_pattern!(), "maxLength" = NAME_LENGTH_MAX))]
        pub struct $name(String);

        impl $name {
            /// Makes a name.
            ///
            /// # Errors
            ///
            /// The text is empty, too long, or not of lower-case letters,
            /// digits and inner hyphens.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                if is_name(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidName::new(
                        text,
                        "is not a name: names are of lower-case letters, digits and inner hyphens",
                    ))
                }
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// Names a region.
    RegionName
    /// Names an administrative network.
    NetworkName
    /// Names an organisation.
    OrganisationName
    /// Names a site.
    SiteName
    /// Names a segment within its site or network.
    SegmentName
    /// Names a service within its organisation.
    ServiceName
    /// Names an agreement.
    AgreementName
    /// Names a footprint.
    FootprintName
    /// Names a role within its organisation.
    RoleName
    /// Names a boundary link within its network.
    BoundaryName
    /// Names an assumption within its network.
    AssumptionName
    /// Names an attachment within its assumption.
    AttachmentName
    /// Names a red line within its file.
    RedLineName
    /// Names a source within its organisation.
    SourceName
    /// Names a category of records.
    CategoryName
    /// Names a purpose for which records are used.
    PurposeName
    /// Names something outside the region (the internet, a national service).
    ExternalName
}

macro_rules! device_names {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(extend("minLength" = 1, "maxLength" = DEVICE_NAME_LENGTH_MAX))]
        pub struct $name(String);

        impl $name {
            /// Makes a name.
            ///
            /// # Errors
            ///
            /// The text is empty, too long, or has control characters.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                let valid = !text.is_empty()
                    && text.len() <= DEVICE_NAME_LENGTH_MAX
                    && !text.chars().any(char::is_control);
                if valid {
                    Ok(Self(text))
                } else {
                    Err(InvalidName::new(text, "is not a name that a device could give"))
                }
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

device_names! {
    /// Names a device, as its configuration does.
    DeviceName
    /// Names an interface, as the device's configuration does.
    InterfaceName
}

/// The code of an organisation in the NHS Organisation Data Service.
///
/// Any text is accepted, so that a wrong code is a finding and not the end of
/// reading; see [`Self::is_well_formed`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct OdsCode(String);

impl OdsCode {
    /// Returns the code as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether it could be a code: three to twelve capital letters and
    /// digits. Codes of different kinds of organisation have different forms
    /// (`RXH`, `A12345`, the three digits of a council), which grow with time;
    /// these bounds hold for all.
    pub fn is_well_formed(&self) -> bool {
        (3..=12).contains(&self.0.len())
            && self
                .0
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    }
}

impl fmt::Display for OdsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part after `@` in a RADIUS identity: a domain name (RFC 7542 section 2.2).
///
/// Realms are compared without regard to case; the form here is lower-case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$", "maxLength" = 253))]
pub struct Realm(String);

impl Realm {
    /// Makes a realm.
    ///
    /// # Errors
    ///
    /// The text is not a domain name of two labels or more.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if text.len() <= 253 && text.contains('.') && text.split('.').all(label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidName::new(
                text,
                "is not a realm: a realm is a domain name, such as `trust.nhs.uk`",
            ))
        }
    }

    /// Returns the realm in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Realm {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A site or a network: what a segment belongs to. Sites and networks share
/// one space of names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A building.
    Site(SiteName),
    /// A network itself, for segments that stand in no building of the region (a data centre).
    Network(NetworkName),
}

impl Place {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Site(name) => name.as_str(),
            Self::Network(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A segment, written `site/segment` (or `network/segment`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z0-9-]+/[a-z0-9-]+$"))]
pub struct SegmentRef {
    /// The name of the site or network.
    pub place: SiteName,
    /// The segment there.
    pub segment: SegmentName,
}

impl TryFrom<String> for SegmentRef {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let parts = text.split_once('/').and_then(|(place, segment)| {
            Some((SiteName::new(place).ok()?, SegmentName::new(segment).ok()?))
        });
        match parts {
            Some((place, segment)) => Ok(Self { place, segment }),
            None => Err(InvalidName::new(
                text,
                "is not a segment: write `site/segment`",
            )),
        }
    }
}

impl fmt::Display for SegmentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.place, self.segment)
    }
}

/// A service, written `organisation/service`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z0-9-]+/[a-z0-9-]+$"))]
pub struct ServiceRef {
    /// Whose.
    pub organisation: OrganisationName,
    /// Which.
    pub service: ServiceName,
}

impl TryFrom<String> for ServiceRef {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let parts = text.split_once('/').and_then(|(organisation, service)| {
            Some((
                OrganisationName::new(organisation).ok()?,
                ServiceName::new(service).ok()?,
            ))
        });
        match parts {
            Some((organisation, service)) => Ok(Self {
                organisation,
                service,
            }),
            None => Err(InvalidName::new(
                text,
                "is not a service: write `organisation/service`",
            )),
        }
    }
}

impl fmt::Display for ServiceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organisation, self.service)
    }
}
