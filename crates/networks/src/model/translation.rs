//! Network address and port translation.

use ipnet::IpNet;
use packets::Ports;
use std::net::IpAddr;

/// How a rule rewrites a packet's header; a part that is `None` stays.
///
/// Where a rewrite leaves a choice, the device may make any of them and the
/// verdict must hold for all. The device remembers the choice and undoes it
/// for answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Translation {
    /// The source address.
    pub source: Option<AddressRewrite>,
    /// The destination address.
    pub destination: Option<AddressRewrite>,
    /// The source port; only for packets that have one. For ICMP echo it is
    /// the identifier that changes, which no filter sees.
    pub source_port: Option<PortRewrite>,
    /// The destination port; only for packets that have one.
    pub destination_port: Option<PortRewrite>,
}

/// How an address is rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressRewrite {
    /// One prefix onto another of the same length; the host bits stay.
    /// Addresses outside `from` stay as they are.
    Prefix {
        /// The addresses before.
        from: IpNet,
        /// The addresses after.
        to: IpNet,
    },
    /// A range onto one of the same length that starts at `to`, in order.
    /// Addresses outside the range stay as they are.
    Range {
        /// The first address before.
        first: IpAddr,
        /// The last address before.
        last: IpAddr,
        /// The first address after.
        to: IpAddr,
    },
    /// Any one address of these inclusive ranges, as the device chooses.
    Pool(Vec<(IpAddr, IpAddr)>),
    /// The primary address of the interface the packet leaves by (egress), or
    /// entered by (ingress).
    InterfaceAddress,
}

/// How a port is rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortRewrite {
    /// Any one port of these, as the device chooses; exactly one where there is one.
    OneOf(Ports),
    /// A range onto one of the same length that starts at `to`, in order.
    /// Ports outside the range stay as they are.
    Shift {
        /// The first port before.
        first: u16,
        /// The last port before.
        last: u16,
        /// The first port after.
        to: u16,
    },
}
