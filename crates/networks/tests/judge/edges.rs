//! Packets at the edge of a set: next to one that is not in it, or in it next
//! to one that is.

use crate::support::random::Random;
use packets::{Packet, Protocol};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The fields that are looked at one after the other.
#[derive(Clone, Copy)]
enum Field {
    Source,
    Destination,
    SourcePort,
    DestinationPort,
    Kind,
}

/// Finds the edge between a packet and another that is on the other side.
///
/// Field by field the one becomes the other; where it first changes sides, the
/// two nearest values of that field are looked for.
pub(crate) fn between(
    from: Packet,
    to: &Packet,
    random: &mut Random,
    mut inside: impl FnMut(&Packet) -> bool,
) -> Packet {
    let side = inside(&from);
    let mut fields = [
        Field::Kind,
        Field::Source,
        Field::Destination,
        Field::SourcePort,
        Field::DestinationPort,
    ];
    // The fields of a protocol make sense only after it.
    let turn = random.below(fields.len());
    fields.rotate_left(turn);
    let mut at = from;
    for field in fields {
        let next = with(at, field, value(to, field), to);
        if inside(&next) == side {
            at = next;
            continue;
        }
        let (mut near, mut far) = (value(&at, field), value(to, field));
        while near.abs_diff(far) > 1 && !matches!(field, Field::Kind) {
            let middle = near.midpoint(far);
            if inside(&with(at, field, middle, to)) == side {
                near = middle;
            } else {
                far = middle;
            }
        }
        let chosen = if random.percent(50) { near } else { far };
        return with(at, field, chosen, to);
    }
    at
}

fn value(packet: &Packet, field: Field) -> u128 {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    match field {
        Field::Source => number(packet.source),
        Field::Destination => number(packet.destination),
        Field::SourcePort => u128::from(packet.source_port),
        Field::DestinationPort => u128::from(packet.destination_port),
        Field::Kind => u128::from(packet.protocol.0),
    }
}

/// The packet with one field changed; a protocol brings its flags.
fn with(mut packet: Packet, field: Field, value: u128, to: &Packet) -> Packet {
    let address = |old: IpAddr| match old {
        IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(value).unwrap()).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(value).into(),
    };
    match field {
        Field::Source => packet.source = address(packet.source),
        Field::Destination => packet.destination = address(packet.destination),
        Field::SourcePort => packet.source_port = u16::try_from(value).unwrap(),
        Field::DestinationPort => packet.destination_port = u16::try_from(value).unwrap(),
        Field::Kind if value != u128::from(to.protocol.0) => {}
        Field::Kind => {
            packet.protocol = Protocol(to.protocol.0);
            packet.tcp_flags = to.tcp_flags;
            packet.fragment = to.fragment;
        }
    }
    if packet.protocol.is_icmp() {
        packet.source_port &= 0xff;
        packet.destination_port &= 0xff;
    }
    packet.normalised()
}
