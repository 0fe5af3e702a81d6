//! Rewrites as relations between packets, and answers.

use crate::support::*;
use packets::*;
use proptest::prelude::*;

/// A change of one field by places in its list of values.
#[derive(Debug, Clone)]
pub(crate) enum RawChange {
    Shift(Vec<(u8, u8, u8)>),
    OneOf(RawParts),
    Bits(u8, u8),
}

pub(crate) fn change() -> impl Strategy<Value = (Field, RawChange)> {
    let bits = (0..16_u8, 0..16_u8).prop_map(|(mask, value)| RawChange::Bits(mask, value));
    let kind = prop_oneof![
        prop::collection::vec((0..16_u8, 0..16_u8, 0..16_u8), 0..4).prop_map(RawChange::Shift),
        parts().prop_map(RawChange::OneOf),
    ];
    prop_oneof![
        4 => (field(), kind),
        1 => bits.prop_map(|bits| (Field::Mark, bits)),
    ]
}

/// Adds a change where it is well-formed, and says whether it was.
pub(crate) fn build<A: Address>(changes: &[(Field, RawChange)]) -> Rewrite<A> {
    let mut rewrite = Rewrite::keep();
    for (field, change) in changes {
        let at = |place: &u8| value::<A>(*field, *place);
        let change = match change {
            RawChange::Shift(_) if *field == Field::Mark => continue,
            // A set's edges tell too little of its marks to choose among many.
            RawChange::OneOf(parts) if *field == Field::Mark => {
                let single = parts
                    .iter()
                    .map(|(place, _)| (*place, *place))
                    .collect::<Vec<_>>();
                Change::OneOf(intervals(*field, &single))
            }
            RawChange::Shift(pieces) => {
                let piece = |(a, b, to): &(u8, u8, u8)| Piece {
                    first: at(a),
                    last: at(b),
                    to: at(to),
                };
                let mut kept: Vec<Piece<A>> = Vec::new();
                for piece in pieces.iter().map(piece) {
                    let mut more = kept.clone();
                    more.push(piece);
                    if Rewrite::keep()
                        .with(*field, Change::Shift(more.clone()))
                        .is_ok()
                    {
                        kept = more;
                    }
                }
                Change::Shift(kept)
            }
            RawChange::OneOf(parts) => Change::OneOf(intervals(*field, parts)),
            RawChange::Bits(mask, value) => {
                let mask = u32::try_from(self::value::<u128>(Field::Mark, *mask)).unwrap();
                let value = u32::try_from(self::value::<u128>(Field::Mark, *value)).unwrap() & mask;
                Change::Bits { mask, value }
            }
        };
        rewrite = rewrite.clone().with(*field, change).unwrap_or(rewrite);
    }
    rewrite
}

/// Returns the values a change can give, as far as `edges` can tell them apart.
fn choices<A: Address>(change: &Change<A>, before: A, edges: &[A]) -> Vec<A> {
    match change {
        Change::Shift(pieces) => {
            let piece = pieces
                .iter()
                .find(|piece| piece.first <= before && before <= piece.last);
            piece
                .map(|piece| piece.to.wrapping_add(before.wrapping_sub(piece.first)))
                .into_iter()
                .collect()
        }
        Change::OneOf(values) => {
            let firsts = values.parts().iter().map(|(first, _)| *first);
            firsts
                .chain(edges.iter().copied().filter(|edge| values.contains(*edge)))
                .collect()
        }
        Change::Bits { mask, value } => {
            let before = u32::try_from(before.to_u128()).unwrap();
            vec![A::from_u32((before & !mask) | value)]
        }
    }
}

/// Returns the packets that a packet can become, as far as a set can tell them apart.
fn rewritten<A: Address>(
    sets: &Diagram<A>,
    set: Set,
    rewrite: &Rewrite<A>,
    packet: Packet,
) -> Vec<Packet> {
    let mut packets = vec![packet];
    for (field, change) in rewrite.changes() {
        let edges = sets.edges(set, *field).unwrap();
        let step = |packet: &Packet| {
            let before = field.of::<A>(packet).unwrap();
            let after = choices(change, before, &edges).into_iter();
            let with = |value| {
                let mut packet = *packet;
                field.set::<A>(&mut packet, value);
                packet
            };
            after.map(with).collect::<Vec<_>>()
        };
        packets = packets.iter().flat_map(step).collect();
    }
    packets
}

fn check_pre_images<A: Address>(
    changes: &[(Field, RawChange)],
    set: &Expression,
    seeds: &[RawPacket],
) {
    let mut sets = Diagram::<A>::new();
    let rewrite = build::<A>(changes);
    let set = set.build(&mut sets);
    let some = sets.pre_image_any(&rewrite, set).unwrap();
    let every = sets.pre_image_all(&rewrite, set).unwrap();
    let mut probes: Vec<Packet> = seeds.iter().map(packet::<A>).collect();
    probes.extend(packets_at_edges(&sets, some, seeds));
    for probe in probes {
        let after = rewritten(&sets, set, &rewrite, probe);
        let inside: Vec<bool> = after
            .iter()
            .map(|packet| sets.contains(set, packet).unwrap())
            .collect();
        let expected = inside.contains(&true);
        assert_eq!(
            sets.contains(some, &probe).unwrap(),
            expected,
            "any {probe:?}"
        );
        let expected = !inside.is_empty() && !inside.contains(&false);
        assert_eq!(
            sets.contains(every, &probe).unwrap(),
            expected,
            "all {probe:?}"
        );
    }
}

fn check_images<A: Address>(
    changes: &[(Field, RawChange)],
    from: &Expression,
    to: &Expression,
    seeds: &[RawPacket],
) {
    let mut sets = Diagram::<A>::new();
    let rewrite = build::<A>(changes);
    let (from, to) = (from.build(&mut sets), to.build(&mut sets));
    let image = sets.image(&rewrite, from).unwrap();
    let before = sets.pre_image_any(&rewrite, to).unwrap();
    let arrive = sets.and(image, to).unwrap();
    let leave = sets.and(from, before).unwrap();
    assert_eq!(
        sets.is_empty(arrive),
        sets.is_empty(leave),
        "image and pre-image are adjoint"
    );
    // The same for sets of one packet says of each whether it is in the image.
    for probe in packets_at_edges(&sets, image, seeds) {
        let one = Field::ALL.into_iter().fold(Fields::any(), |fields, field| {
            fields.with(field, &Intervals::one(field.of::<A>(&probe).unwrap()))
        });
        let one = sets.fields(&one).unwrap();
        let sources = sets.pre_image_any(&rewrite, one).unwrap();
        let sources = sets.and(sources, from).unwrap();
        assert_eq!(
            sets.contains(image, &probe).unwrap(),
            !sets.is_empty(sources),
            "{probe:?}"
        );
    }
    let every = sets.pre_image_all(&rewrite, to).unwrap();
    let within = sets.and(from, every).unwrap();
    let within = sets.image(&rewrite, within).unwrap();
    assert!(sets.subset(within, to).unwrap());
}

fn check_swap<A: Address>(set: &Expression, seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let set = set.build(&mut sets);
    let swapped = sets.swap(set).unwrap();
    assert_eq!(sets.swap(swapped).unwrap(), set, "swap is its own inverse");
    for probe in packets_at_edges(&sets, set, seeds) {
        let back = Packet {
            source: probe.destination,
            destination: probe.source,
            source_port: probe.destination_port,
            destination_port: probe.source_port,
            ..probe
        };
        assert_eq!(
            sets.contains(swapped, &back).unwrap(),
            sets.contains(set, &probe).unwrap()
        );
    }
}

fn check_replies<A: Address>(asked: &Expression, answered: &Expression, seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let headers = sets.headers().unwrap();
    let (asked, answered) = (asked.build(&mut sets), answered.build(&mut sets));
    let replies = sets.replies(asked).unwrap();
    let requests = sets.requests(answered).unwrap();
    let mut probes: Vec<Packet> = seeds.iter().map(packet::<A>).collect();
    probes.extend(packets_at_edges(&sets, asked, seeds));
    for probe in probes.into_iter().map(Packet::normalised) {
        if !sets.contains(headers, &probe).unwrap() {
            continue;
        }
        let reply = probe.reply();
        if let Some(reply) = reply
            && sets.contains(asked, &probe).unwrap()
        {
            assert!(sets.contains(replies, &reply).unwrap(), "{probe:?}");
        }
        let expected = reply.is_some_and(|reply| sets.contains(answered, &reply).unwrap());
        assert_eq!(
            sets.contains(requests, &probe).unwrap(),
            expected,
            "{probe:?}"
        );
    }
    assert!(sets.subset(replies, headers).unwrap());
    let here = sets.and(asked, requests).unwrap();
    let there = sets.and(replies, answered).unwrap();
    assert_eq!(
        sets.is_empty(here),
        sets.is_empty(there),
        "replies and requests are adjoint"
    );
}

proptest! {
    #[test]
    fn pre_images_agree_with_packets(
        changes in prop::collection::vec(change(), 0..4),
        set in expression(),
        seeds in raw_packets(),
    ) {
        both_families!(check_pre_images(&changes, &set, &seeds));
    }

    #[test]
    fn images_are_adjoint_to_pre_images(
        changes in prop::collection::vec(change(), 0..4),
        from in expression(),
        to in expression(),
        seeds in raw_packets(),
    ) {
        both_families!(check_images(&changes, &from, &to, &seeds));
    }

    #[test]
    fn swapping_exchanges_the_ends(set in expression(), seeds in raw_packets()) {
        both_families!(check_swap(&set, &seeds));
    }

    #[test]
    fn replies_are_those_of_the_packets(
        asked in expression(), answered in expression(), seeds in raw_packets()
    ) {
        both_families!(check_replies(&asked, &answered, &seeds));
    }
}

/// A rewrite that is no function, or leaves the field, is refused.
#[test]
fn malformed_rewrites_are_refused() {
    let piece = |first, last, to| Piece { first, last, to };
    for (field, change) in [
        (
            Field::SourcePort,
            Change::Shift(vec![piece(0_u32, 10, 65530)]),
        ),
        (Field::SourcePort, Change::Shift(vec![piece(5, 4, 0)])),
        (
            Field::SourcePort,
            Change::Shift(vec![piece(0, 5, 0), piece(5, 9, 20)]),
        ),
        (Field::Source, Change::Shift(vec![piece(0, 1, u32::MAX)])),
        (Field::Protocol, Change::OneOf(Intervals::one(256))),
        (Field::Syn, Change::Bits { mask: 1, value: 0 }),
        (Field::Mark, Change::Shift(vec![piece(0, 1, 2)])),
        (Field::Mark, Change::Bits { mask: 1, value: 3 }),
    ] {
        let made = Rewrite::keep().with(field, change.clone());
        assert_eq!(
            made,
            Err(SetError::MalformedRewrite),
            "{field:?} {change:?}"
        );
    }
}
