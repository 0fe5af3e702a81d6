//! Which packets a service asks for, and which answer it, as conditions on headers.

use ipnet::IpNet;
use networks::model::Condition;
use packets::{
    AddressMatch, AddressSet, Family, IcmpMatch, Ports, Protocol, TcpFlagMatch, TcpFlags,
};
use region::Traffic;
use std::ops::RangeInclusive;

/// The ports that clients use: all but the well-known ones (RFC 6335 section
/// 6 and what operating systems do; some still start below its dynamic range).
pub const CLIENT_PORTS: RangeInclusive<u16> = 1024..=u16::MAX;

/// A SYN that opens a connection: SYN set, ACK, RST and FIN clear (RFC 9293 section 3.5).
const OPENS: TcpFlagMatch = TcpFlagMatch {
    mask: TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0 | TcpFlags::RST.0 | TcpFlags::FIN.0),
    value: TcpFlags::SYN,
};

/// ICMP echo requests of both families.
fn echo_requests() -> Condition {
    let echo = |protocol, kind: u8| {
        Condition::All(vec![
            Condition::Protocol(vec![protocol]),
            Condition::Icmp(IcmpMatch {
                types: kind..=kind,
                codes: 0..=0,
            }),
        ])
    };
    Condition::Any(vec![echo(Protocol::ICMP, 8), echo(Protocol::ICMPV6, 128)])
}

/// The first packets that a client of this traffic sends, addresses left open.
pub fn asked(traffic: &[Traffic]) -> Condition {
    Condition::Any(traffic.iter().map(first_packets).collect())
}

fn first_packets(traffic: &Traffic) -> Condition {
    match traffic {
        Traffic::Ports { protocol, ports } => {
            let mut parts = vec![
                Condition::Protocol(vec![*protocol]),
                Condition::DestinationPort(Ports::from(ports.clone())),
                Condition::SourcePort(Ports::from(CLIENT_PORTS)),
            ];
            if *protocol == Protocol::TCP {
                parts.push(Condition::TcpFlags(OPENS));
            }
            Condition::All(parts)
        }
        Traffic::Echo => echo_requests(),
        Traffic::Protocol(protocol) => Condition::All(vec![
            Condition::Protocol(vec![*protocol]),
            Condition::Not(Box::new(Condition::LaterFragment)),
        ]),
    }
}

/// Every packet of a service's traffic in one direction, client and flags left
/// open: what an agreement lets pass besides the first packets.
pub fn towards(traffic: &[Traffic]) -> Condition {
    Condition::Any(
        traffic
            .iter()
            .map(|traffic| match traffic {
                Traffic::Ports { protocol, ports } => Condition::All(vec![
                    Condition::Protocol(vec![*protocol]),
                    Condition::DestinationPort(Ports::from(ports.clone())),
                ]),
                Traffic::Echo => echo_requests(),
                Traffic::Protocol(protocol) => Condition::Protocol(vec![*protocol]),
            })
            .collect(),
    )
}

/// Every packet that a service may answer with.
pub fn answers(traffic: &[Traffic]) -> Condition {
    Condition::Any(
        traffic
            .iter()
            .map(|traffic| match traffic {
                Traffic::Ports { protocol, ports } => Condition::All(vec![
                    Condition::Protocol(vec![*protocol]),
                    Condition::SourcePort(Ports::from(ports.clone())),
                ]),
                Traffic::Echo => Condition::Protocol(vec![Protocol::ICMP, Protocol::ICMPV6]),
                Traffic::Protocol(protocol) => Condition::Protocol(vec![*protocol]),
            })
            .collect(),
    )
}

/// Packets that can open something: TCP SYN, and all that is neither TCP, ICMP
/// nor a later fragment.
pub fn opening() -> Condition {
    let other = Condition::Not(Box::new(Condition::Any(vec![
        Condition::Protocol(vec![Protocol::TCP, Protocol::ICMP, Protocol::ICMPV6]),
        Condition::LaterFragment,
    ])));
    Condition::Any(vec![Condition::TcpFlags(OPENS), other])
}

/// What people try first between two places whose services nobody declared:
/// TCP connections, UDP from client ports, and echo requests.
pub fn anything() -> Condition {
    let udp = Condition::All(vec![
        Condition::Protocol(vec![Protocol::UDP]),
        Condition::SourcePort(Ports::from(CLIENT_PORTS)),
    ]);
    let tcp = Condition::All(vec![
        Condition::SourcePort(Ports::from(CLIENT_PORTS)),
        Condition::TcpFlags(OPENS),
    ]);
    Condition::Any(vec![tcp, udp, echo_requests()])
}

/// Returns the prefixes of one family as a set.
pub fn of_family(prefixes: impl IntoIterator<Item = IpNet>, family: Family) -> AddressSet {
    AddressSet(
        prefixes
            .into_iter()
            .filter(|net| Family::of(net.addr()) == family)
            .map(AddressMatch::Net)
            .collect(),
    )
}
