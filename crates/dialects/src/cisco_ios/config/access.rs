//! Access lists and object groups as configured.

use findings::Span;
use packets::{AddressMatch, AddressSet, IcmpMatch, Ports, Protocol, TcpFlagMatch};

/// An access list.
#[derive(Debug)]
pub(crate) struct AccessList<'a> {
    pub(crate) standard: bool,
    pub(crate) entries: Vec<Ace<'a>>,
    pub(crate) origin: Span,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Ace<'a> {
    pub(crate) sequence: u32,
    pub(crate) rule: AceRule<'a>,
    pub(crate) origin: Span,
}

/// What an entry is.
#[derive(Debug)]
pub(crate) enum AceRule<'a> {
    Match(AceMatch<'a>),
    /// `evaluate NAME`.
    Evaluate(&'a str),
    /// Not understood, and why.
    Unread(&'static str),
}

/// A permit or a deny.
#[derive(Debug)]
pub(crate) struct AceMatch<'a> {
    pub(crate) permit: bool,
    pub(crate) service: AceService<'a>,
    pub(crate) source: AceAddress<'a>,
    pub(crate) destination: AceAddress<'a>,
    pub(crate) source_ports: Option<Ports>,
    pub(crate) destination_ports: Option<Ports>,
    /// What few entries have.
    pub(crate) more: Option<Box<AceMore<'a>>>,
}

/// What few entries have.
#[derive(Debug, Default)]
pub(crate) struct AceMore<'a> {
    pub(crate) icmp: Option<IcmpMatch>,
    /// Any of these.
    pub(crate) flags: Vec<TcpFlagMatch>,
    pub(crate) fragments: bool,
    /// What the model has no field for: `dscp`, `time-range` and the like.
    pub(crate) unknown: Option<&'static str>,
    pub(crate) reflect: Option<&'a str>,
}

/// The protocol of an entry.
#[derive(Debug)]
pub(crate) enum AceService<'a> {
    Any,
    Protocol(Protocol),
    /// A service object group.
    Group(&'a str),
}

/// The addresses of an entry.
#[derive(Debug)]
pub(crate) enum AceAddress<'a> {
    Any,
    One(AddressMatch),
    /// A network object group.
    Group(&'a str),
}

/// A network object group.
#[derive(Debug)]
pub(crate) struct NetworkGroup<'a> {
    pub(crate) members: AddressSet,
    pub(crate) groups: Vec<(&'a str, Span)>,
    /// A member that was not understood.
    pub(crate) unread: Option<Span>,
}

/// A service object group.
#[derive(Debug)]
pub(crate) struct ServiceGroup<'a> {
    pub(crate) members: Vec<ServiceMember>,
    pub(crate) groups: Vec<(&'a str, Span)>,
    /// A member that was not understood.
    pub(crate) unread: Option<Span>,
}

/// One service.
#[derive(Debug, Clone)]
pub(crate) struct ServiceMember {
    /// `None` is any protocol.
    pub(crate) protocols: Option<Vec<Protocol>>,
    pub(crate) source_ports: Option<Ports>,
    pub(crate) destination_ports: Option<Ports>,
    pub(crate) icmp: Option<IcmpMatch>,
}
