//! IPv4 packets as bytes (RFC 791, 792, 768, 9293).

use packets::{Fragment, Packet, Protocol, TcpFlags};
use std::net::{IpAddr, Ipv4Addr};

/// What a packet carries besides the header that decisions look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Label {
    /// The identification field, which forwarding leaves alone.
    pub ident: u16,
    /// The identifier of an ICMP echo, which translation may change.
    pub echo: u16,
    /// Whether it answers: then its TCP sequence numbers do.
    pub answers: bool,
}

/// Writes a packet; `None` for IPv6.
pub fn write(packet: &Packet, label: Label) -> Option<Vec<u8>> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.source, packet.destination) else {
        return None;
    };
    let mut body = transport(packet, label);
    let length = u16::try_from(20 + body.len()).ok()?;
    if let Some(at) = checksum_place(packet.protocol) {
        let mut covered = Vec::new();
        if packet.protocol != Protocol::ICMP {
            covered.extend(source.octets());
            covered.extend(destination.octets());
            covered.extend([0, packet.protocol.0]);
            covered.extend(u16::try_from(body.len()).ok()?.to_be_bytes());
        }
        covered.extend(&body);
        let sum = checksum(&covered).to_be_bytes();
        body.get_mut(at..at + 2)?.copy_from_slice(&sum);
    }
    let mut bytes = vec![0x45, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend(label.ident.to_be_bytes());
    bytes.extend([0, 0, 64, packet.protocol.0, 0, 0]);
    bytes.extend(source.octets());
    bytes.extend(destination.octets());
    let sum = checksum(&bytes).to_be_bytes();
    bytes.get_mut(10..12)?.copy_from_slice(&sum);
    bytes.extend(body);
    Some(bytes)
}

fn transport(packet: &Packet, label: Label) -> Vec<u8> {
    let mut body = Vec::new();
    match packet.protocol {
        Protocol::TCP => {
            body.extend(packet.source_port.to_be_bytes());
            body.extend(packet.destination_port.to_be_bytes());
            let (sequence, acknowledged) = match label.answers {
                false => (1000u32, 5001u32),
                true => (5000, 1001),
            };
            let acknowledges = packet.tcp_flags.contains(TcpFlags::ACK);
            body.extend(sequence.to_be_bytes());
            body.extend(if acknowledges { acknowledged } else { 0 }.to_be_bytes());
            body.extend([0x50, packet.tcp_flags.0, 0x20, 0, 0, 0, 0, 0]);
        }
        Protocol::UDP => {
            body.extend(packet.source_port.to_be_bytes());
            body.extend(packet.destination_port.to_be_bytes());
            body.extend([0, 16, 0, 0]);
            body.extend(*b"journeys");
        }
        Protocol::ICMP => {
            let byte = |port: u16| u8::try_from(port).unwrap_or(u8::MAX);
            body.extend([
                byte(packet.destination_port),
                byte(packet.source_port),
                0,
                0,
            ]);
            body.extend(label.echo.to_be_bytes());
            body.extend([0, 1]);
            body.extend(*b"journeys");
        }
        _ => body.extend(*b"journeys"),
    }
    body
}

/// Reads a packet; `None` for what is no whole IPv4 packet.
pub fn read(bytes: &[u8]) -> Option<(Packet, Label)> {
    let byte = |at: usize| bytes.get(at).copied();
    let word = |at: usize| Some(u16::from_be_bytes([byte(at)?, byte(at + 1)?]));
    let address = |at: usize| {
        let octets: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    };
    if byte(0)? >> 4 != 4 {
        return None;
    }
    let start = usize::from(byte(0)? & 0x0f) * 4;
    let mut packet = Packet {
        source: address(12)?,
        destination: address(16)?,
        protocol: Protocol(byte(9)?),
        source_port: 0,
        destination_port: 0,
        tcp_flags: TcpFlags::default(),
        fragment: match word(6)? & 0x1fff {
            0 => Fragment::First,
            _ => Fragment::Later,
        },
        mark: 0,
    };
    let mut label = Label {
        ident: word(4)?,
        ..Label::default()
    };
    match packet.protocol {
        Protocol::TCP | Protocol::UDP => {
            (packet.source_port, packet.destination_port) = (word(start)?, word(start + 2)?);
        }
        Protocol::ICMP => {
            packet.destination_port = byte(start)?.into();
            packet.source_port = byte(start + 1)?.into();
            label.echo = word(start + 4)?;
        }
        _ => {}
    }
    if packet.protocol == Protocol::TCP {
        packet.tcp_flags = TcpFlags(byte(start + 13)?);
    }
    Some((packet, label))
}

fn checksum_place(protocol: Protocol) -> Option<usize> {
    match protocol {
        Protocol::TCP => Some(16),
        Protocol::UDP => Some(6),
        Protocol::ICMP => Some(2),
        _ => None,
    }
}

/// The ones' complement sum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in bytes.chunks(2) {
        let [high, low] = [pair.first(), pair.get(1)].map(|byte| byte.copied().unwrap_or(0));
        sum += u32::from(u16::from_be_bytes([high, low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
