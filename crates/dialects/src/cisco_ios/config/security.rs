//! Zones, inspection, translation and encryption as configured.

use findings::Span;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// A class map, of any type.
#[derive(Debug)]
pub(crate) struct ClassMap<'a> {
    pub(crate) all: bool,
    pub(crate) matches: Vec<(ClassMatch<'a>, Span)>,
}

/// What a class map matches.
#[derive(Debug)]
pub(crate) enum ClassMatch<'a> {
    AccessGroup(&'a str),
    Protocol(&'a str),
    Class(&'a str),
    NotAccessGroup(&'a str),
    Unknown(&'static str),
}

/// A policy map that is not of `type inspect`.
#[derive(Debug)]
pub(crate) struct PolicyMap<'a> {
    /// The line that drops what it should not, where there is one.
    pub(crate) drops: Option<Span>,
    /// Policy maps inside it.
    pub(crate) nested: Vec<&'a str>,
}

/// A policy map of `type inspect`.
#[derive(Debug)]
pub(crate) struct InspectMap<'a> {
    pub(crate) classes: Vec<InspectClass<'a>>,
    pub(crate) origin: Span,
}

/// What an inspecting policy does with a class.
#[derive(Debug)]
pub(crate) struct InspectClass<'a> {
    /// The class map; `None` is `class-default`.
    pub(crate) class: Option<&'a str>,
    pub(crate) action: InspectAction,
    pub(crate) origin: Span,
}

/// See [`InspectClass`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InspectAction {
    /// None given: what IOS does then is not documented for a class of one's own.
    Missing,
    Inspect,
    Pass,
    Drop,
    /// An action that is not modelled (a deep inspection that may drop).
    Unknown(&'static str),
}

/// A pair of zones with its policy.
#[derive(Debug)]
pub(crate) struct ZonePair<'a> {
    pub(crate) name: &'a str,
    pub(crate) source: &'a str,
    pub(crate) destination: &'a str,
    pub(crate) policy: Option<(&'a str, Span)>,
    pub(crate) origin: Span,
}

/// One protocol of `ip inspect name`.
#[derive(Debug)]
pub(crate) struct Inspection<'a> {
    pub(crate) protocol: &'a str,
    pub(crate) origin: Span,
}

/// A pool of `ip nat pool`.
#[derive(Debug)]
pub(crate) struct NatPool {
    pub(crate) ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// What of it is not modelled.
    pub(crate) unread: Option<&'static str>,
}

/// A rule of `ip nat`.
#[derive(Debug)]
pub(crate) struct NatRule<'a> {
    pub(crate) what: NatWhat<'a>,
    pub(crate) vrf: Option<&'a str>,
    pub(crate) route_map: Option<&'a str>,
    pub(crate) alias: bool,
    pub(crate) add_route: bool,
    pub(crate) origin: Span,
}

/// What a rule of `ip nat` translates.
#[derive(Debug)]
pub(crate) enum NatWhat<'a> {
    /// `ip nat inside source static`: local and global, of one length.
    InsideStatic {
        local: Ipv4Net,
        global: NatGlobal,
        port: Option<NatPort>,
    },
    /// `ip nat outside source static`: global and local, of one length.
    OutsideStatic {
        global: Ipv4Net,
        local: Ipv4Net,
        port: Option<NatPort>,
    },
    /// `ip nat inside source list|route-map`.
    InsideDynamic {
        list: Option<&'a str>,
        to: NatTo<'a>,
        overload: bool,
    },
    /// `ip nat outside source list|route-map`.
    OutsideDynamic {
        list: Option<&'a str>,
        pool: &'a str,
    },
    /// A form that is not modelled, with the list it is for where it has one.
    Unknown { inside: bool, list: Option<&'a str> },
}

/// The global address of a static translation.
#[derive(Debug)]
pub(crate) enum NatGlobal {
    Net(Ipv4Net),
    Interface(String),
}

/// Ports of a static translation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NatPort {
    pub(crate) protocol: packets::Protocol,
    /// Inside local or outside global: as the first address of the line.
    pub(crate) first: u16,
    pub(crate) second: u16,
}

/// What a dynamic translation gives.
#[derive(Debug)]
pub(crate) enum NatTo<'a> {
    Pool(&'a str),
    Interface(String),
}

/// One entry of a crypto map.
#[derive(Debug)]
pub(crate) struct CryptoEntry<'a> {
    /// The list of what it takes; `None` where that is not configured here.
    pub(crate) list: Option<&'a str>,
    pub(crate) origin: Span,
}
