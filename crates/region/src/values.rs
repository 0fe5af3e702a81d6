//! Values that people write: prefixes, traffic, dates.

use crate::names::InvalidName;
use ipnet::IpNet;
use jiff::civil;
use packets::Protocol;
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Derives what a value needs that is written as text.
macro_rules! from_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }
    };
}

/// A prefix: an address with a length, host bits zero; an address alone is a prefix of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("examples" = ["10.40.0.0/13", "2001:db8:40::/48"]))]
pub struct Prefix(IpNet);

impl Prefix {
    /// Reads a prefix.
    ///
    /// # Errors
    ///
    /// The text is neither an address nor a prefix, or has host bits set.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let net = text
            .parse::<IpAddr>()
            .map(IpNet::from)
            .or_else(|_| text.parse::<IpNet>())
            .map_err(|_| InvalidName::new(text, "is neither an address nor a prefix"))?;
        if net.trunc() == net {
            Ok(Self(net))
        } else {
            Err(InvalidName::new(
                text,
                "has bits set after its length: write the first address of the prefix",
            ))
        }
    }

    /// Returns the prefix.
    pub fn net(self) -> IpNet {
        self.0
    }

    /// Tells whether two prefixes have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }

    /// Tells whether every address of `other` is in this one.
    pub fn contains(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }
}

from_text!(Prefix);

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

/// An address of a device with the length of the prefix it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("examples" = ["172.31.0.1/30"]))]
pub struct DeviceAddress(IpNet);

impl DeviceAddress {
    /// Reads an address with a length.
    ///
    /// # Errors
    ///
    /// The text is not of this form.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        text.parse().map(Self).map_err(|_| {
            InvalidName::new(
                text,
                "is not an address with a length, such as `172.31.0.1/30`",
            )
        })
    }

    /// Returns the address with its prefix length; host bits are the address.
    pub fn net(self) -> IpNet {
        self.0
    }
}

from_text!(DeviceAddress);

/// An address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("examples" = ["172.31.0.2"]))]
pub struct Address(IpAddr);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// The text is no address.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        text.parse()
            .map(Self)
            .map_err(|_| InvalidName::new(text, "is not an address"))
    }

    /// Returns the address.
    pub fn ip(self) -> IpAddr {
        self.0
    }
}

from_text!(Address);

/// What a service listens to: `tcp/443`, `tcp/8000-8100`, `udp/53`, `icmp/echo`,
/// or a protocol alone (`tcp`, `udp`, `esp`, `gre`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend(
    "pattern" = "^((tcp|udp|sctp)(/[0-9]+(-[0-9]+)?)?|icmp/echo|esp|ah|gre)$",
    "examples" = ["tcp/443", "udp/53", "tcp/8000-8100", "icmp/echo"],
))]
pub enum Traffic {
    /// A protocol with ports, to these destination ports.
    Ports {
        /// TCP, UDP or SCTP.
        protocol: Protocol,
        /// The destination ports.
        ports: PortRange,
    },
    /// Echo requests: ICMP type 8 (RFC 792), ICMPv6 type 128 (RFC 4443).
    Echo,
    /// Every packet of a protocol without ports.
    Protocol(Protocol),
}

/// Ports from the first to the last, both included.
pub type PortRange = RangeInclusive<u16>;

impl Traffic {
    /// Reads what a service listens to.
    ///
    /// # Errors
    ///
    /// The text has another form, or a range of ports ends before it begins.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let (name, detail) = match text.split_once('/') {
            Some((name, detail)) => (name, Some(detail)),
            None => (text, None),
        };
        let with_ports = match name {
            "tcp" => Some(Protocol::TCP),
            "udp" => Some(Protocol::UDP),
            "sctp" => Some(Protocol::SCTP),
            _ => None,
        };
        let traffic = match (with_ports, name, detail) {
            (Some(protocol), _, None) => Some(Self::Ports {
                protocol,
                ports: 0..=u16::MAX,
            }),
            (Some(protocol), _, Some(detail)) => {
                ports(detail).map(|ports| Self::Ports { protocol, ports })
            }
            (None, "icmp", Some("echo")) => Some(Self::Echo),
            (None, "esp", None) => Some(Self::Protocol(Protocol::ESP)),
            (None, "ah", None) => Some(Self::Protocol(Protocol::AH)),
            (None, "gre", None) => Some(Self::Protocol(Protocol::GRE)),
            _ => None,
        };
        traffic.ok_or_else(|| {
            InvalidName::new(
                text,
                "is no traffic: write `tcp/443`, `udp/53`, `tcp/8000-8100` or `icmp/echo`",
            )
        })
    }
}

/// Reads `443` or `8000-8100`.
fn ports(text: &str) -> Option<PortRange> {
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    (first <= last).then_some(first..=last)
}

from_text!(Traffic);

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ports { protocol, ports } => {
                let (first, last) = (*ports.start(), *ports.end());
                if (first, last) == (0, u16::MAX) {
                    write!(f, "{protocol}")
                } else if first == last {
                    write!(f, "{protocol}/{first}")
                } else {
                    write!(f, "{protocol}/{first}-{last}")
                }
            }
            Self::Echo => f.write_str("icmp/echo"),
            Self::Protocol(protocol) => write!(f, "{protocol}"),
        }
    }
}

/// A day of the calendar, written `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("format" = "date"))]
pub struct Date(civil::Date);

impl Date {
    /// Reads a day.
    ///
    /// # Errors
    ///
    /// The text is not `YYYY-MM-DD`, or the calendar has no such day.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        // jiff reads further forms of ISO 8601; one is enough for people.
        let form = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        text.parse()
            .ok()
            .filter(|_| form)
            .map(Self)
            .ok_or_else(|| InvalidName::new(text, "is not a day: write `2026-11-23`"))
    }

    /// Returns the day.
    pub fn day(self) -> civil::Date {
        self.0
    }
}

from_text!(Date);

impl From<civil::Date> for Date {
    fn from(day: civil::Date) -> Self {
        Self(day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An SSH public key as `ssh-keygen` writes it: the kind, then base64.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$"))]
pub struct PublicKey(String);

impl PublicKey {
    /// The longest key that is read, in characters; RSA of 16384 bits fits.
    const LENGTH_MAX: usize = 4096;

    /// Reads a key; its mathematics is not checked here.
    ///
    /// # Errors
    ///
    /// The text does not have the form of a public key.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let mut words = text.split_ascii_whitespace();
        let kind = words.next().is_some_and(|kind| {
            ["ssh-", "ecdsa-", "sk-"]
                .iter()
                .any(|prefix| kind.starts_with(prefix))
        });
        let base64 = words.next().is_some_and(|data| {
            data.starts_with("AAAA")
                && data
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        });
        if kind && base64 && text.len() <= Self::LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(
                text,
                "is not an SSH public key, such as a line of `id_ed25519.pub`",
            ))
        }
    }

    /// Returns the key as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

from_text!(PublicKey);
