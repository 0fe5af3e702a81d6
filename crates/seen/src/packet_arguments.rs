//! Packets as people type them.

use crate::failure::Failure;
use packets::{Fragment, Packet, Protocol, TcpFlags};
use std::net::{IpAddr, SocketAddr};

/// The port that a client uses where none is typed: the first of the range
/// that operating systems take them from (RFC 6335 section 6).
pub(crate) const CLIENT_PORT: u16 = 49152;

/// Reads an address with or without a port: `10.0.0.1`, `10.0.0.1:443`,
/// `2001:db8::1`, `[2001:db8::1]:443`.
pub(crate) fn end(text: &str) -> Result<(IpAddr, Option<u16>), Failure> {
    if let Ok(end) = text.parse::<SocketAddr>() {
        return Ok((end.ip(), Some(end.port())));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .map(|address| (address, None))
        .map_err(|_| Failure::Usage {
            message: format!("`{text}` is not an address"),
            hint: Some("write 10.0.0.1, 10.0.0.1:443, 2001:db8::1 or [2001:db8::1]:443".to_owned()),
        })
}

/// Reads a protocol by name or number.
pub(crate) fn protocol(text: &str, v6: bool) -> Result<Protocol, Failure> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        "icmp" | "ping" if v6 => Protocol::ICMPV6,
        "icmp" | "ping" => Protocol::ICMP,
        "sctp" => Protocol::SCTP,
        "gre" => Protocol::GRE,
        "esp" => Protocol::ESP,
        number => number.parse().map(Protocol).map_err(|_| Failure::Usage {
            message: format!("`{text}` is not a protocol"),
            hint: Some("write tcp, udp, icmp, or a number from 0 to 255".to_owned()),
        })?,
    })
}

/// Makes the first packet of a flow: TCP is a SYN, ICMP an echo request.
pub(crate) fn first_packet(
    source: &str,
    destination: &str,
    protocol_name: &str,
) -> Result<Packet, Failure> {
    let (source, source_port) = end(source)?;
    let (destination, destination_port) = end(destination)?;
    if source.is_ipv4() != destination.is_ipv4() {
        return Err(Failure::Usage {
            message: format!("{source} and {destination} are of different IP versions"),
            hint: None,
        });
    }
    let protocol = protocol(protocol_name, source.is_ipv6())?;
    if protocol.has_ports() && destination_port.is_none() {
        return Err(Failure::Usage {
            message: format!("{protocol} goes to a port, and `{destination}` has none"),
            hint: Some(format!(
                "write {destination}:443, or [{destination}]:443 for IPv6"
            )),
        });
    }
    let echo = if protocol == Protocol::ICMPV6 { 128 } else { 8 };
    let (source_port, destination_port) = if protocol.is_icmp() {
        (0, echo)
    } else {
        (
            source_port.unwrap_or(CLIENT_PORT),
            destination_port.unwrap_or(0),
        )
    };
    Ok(Packet {
        source,
        destination,
        protocol,
        source_port,
        destination_port,
        tcp_flags: TcpFlags::SYN,
        fragment: Fragment::First,
        mark: 0,
    }
    .normalised())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source: &str, destination: &str, protocol: &str) -> String {
        match first_packet(source, destination, protocol) {
            Ok(packet) => packet.to_string(),
            Err(failure) => failure.describe(),
        }
    }

    /// What people type becomes the first packet of a flow.
    #[test]
    fn first_packets() {
        assert_eq!(
            packet("10.0.0.1", "10.0.0.2:443", "tcp"),
            "10.0.0.1:49152 -> 10.0.0.2:443 tcp"
        );
        assert_eq!(
            packet("10.0.0.1", "10.0.0.2", "icmp"),
            "10.0.0.1 -> 10.0.0.2 icmp type 8 code 0"
        );
        assert_eq!(
            packet("2001:db8::1", "[2001:db8::2]:53", "udp"),
            "[2001:db8::1]:49152 -> [2001:db8::2]:53 udp"
        );
        assert!(packet("10.0.0.1", "10.0.0.2", "tcp").contains("write 10.0.0.2:443"));
        assert!(packet("10.0.0.1", "2001:db8::1", "udp").contains("different IP versions"));
        assert!(packet("10.0.0.300", "10.0.0.1:1", "tcp").contains("is not an address"));
    }
}
