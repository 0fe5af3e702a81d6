//! What is read out of a set: witnesses, boxes, counts.

use crate::support::*;
use packets::*;
use proptest::prelude::*;

fn check_witness<A: Address>(set: &Expression, wish: &RawPacket) {
    let mut sets = Diagram::<A>::new();
    let headers = sets.headers().unwrap();
    let built = set.build(&mut sets);
    let real = sets.and(built, headers).unwrap();
    for wish in [preferred(A::FAMILY), packet::<A>(wish)] {
        match sets.witness(built, &wish).unwrap() {
            None => assert!(sets.is_empty(real)),
            Some(witness) => {
                assert!(set.holds::<A>(&witness), "{witness:?}");
                assert_eq!(witness.normalised(), witness);
                assert_eq!(sets.contains(headers, &witness), Ok(true));
            }
        }
    }
    let zero = Field::Destination.of::<A>(&packet::<A>(wish)) == Some(A::ZERO)
        || Field::Source.of::<A>(&packet::<A>(wish)) == Some(A::ZERO);
    let wish = packet::<A>(wish).normalised();
    if !zero && sets.contains(real, &wish).unwrap() {
        assert_eq!(
            sets.witness(built, &wish).unwrap(),
            Some(wish),
            "a wish in the set is taken"
        );
    }
}

fn check_headers<A: Address>(seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let headers = sets.headers().unwrap();
    for probe in seeds.iter().map(packet::<A>) {
        let byte = |port: u16| port < 256;
        let fits =
            !probe.protocol.is_icmp() || byte(probe.source_port) && byte(probe.destination_port);
        let real = probe.normalised() == probe && fits;
        assert_eq!(sets.contains(headers, &probe).unwrap(), real, "{probe:?}");
        let real = probe.normalised();
        let fits =
            !real.protocol.is_icmp() || byte(real.source_port) && byte(real.destination_port);
        assert_eq!(sets.contains(headers, &real).unwrap(), fits, "{real:?}");
    }
}

fn check_boxes<A: Address>(set: &Expression) {
    let mut sets = Diagram::<A>::new();
    let set = set.build(&mut sets);
    const LIMIT: usize = 10_000;
    let boxes = sets.boxes(set, LIMIT).unwrap();
    if !boxes.complete {
        let fields = sets.depends_on(set).unwrap();
        assert!(
            fields.contains(&Field::Mark),
            "only scattered marks cannot be written"
        );
        return;
    }
    let mut union = sets.empty();
    let mut total = 0.0;
    for part in &boxes.boxes {
        let fields = part.iter().fold(Fields::any(), |fields, (field, values)| {
            fields.with(*field, values)
        });
        let part = sets.fields(&fields).unwrap();
        assert_eq!(
            sets.and(union, part).unwrap(),
            sets.empty(),
            "boxes share no packet"
        );
        union = sets.or(union, part).unwrap();
        total += sets.count(part).unwrap();
    }
    assert_eq!(union, set, "boxes are the set");
    let count = sets.count(set).unwrap();
    assert!((count - total).abs() <= total * 1e-9, "{count} {total}");
    let rest = sets.count(sets.not(set)).unwrap();
    let all = sets.count(sets.full()).unwrap();
    assert!((count + rest - all).abs() <= all * 1e-9);
    if boxes.boxes.len() > 1 {
        let cut = sets.boxes(set, 1).unwrap();
        assert_eq!((cut.boxes.len(), cut.complete), (1, false));
    }
}

/// Moving a value between two edges of a field leaves a packet in or out.
fn check_edges<A: Address>(set: &Expression, seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let built = set.build(&mut sets);
    for probe in seeds.iter().map(packet::<A>) {
        for field in Field::ALL.into_iter().filter(|field| *field != Field::Mark) {
            let edges = sets.edges(built, field).unwrap();
            let here = field.of::<A>(&probe).unwrap();
            let below = edges
                .iter()
                .rev()
                .find(|edge| **edge <= here)
                .copied()
                .unwrap();
            let mut moved = probe;
            field.set::<A>(&mut moved, below);
            assert_eq!(
                set.holds::<A>(&moved),
                set.holds::<A>(&probe),
                "{field:?} {probe:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn witnesses_are_real_and_inside(set in expression(), wish in prop::array::uniform15(0..16_u8)) {
        both_families!(check_witness(&set, &wish));
    }

    #[test]
    fn headers_are_the_normalised_packets(seeds in raw_packets()) {
        both_families!(check_headers(&seeds));
    }

    #[test]
    fn boxes_cover_exactly(set in expression()) {
        both_families!(check_boxes(&set));
    }

    #[test]
    fn nothing_changes_between_edges(set in expression(), seeds in raw_packets()) {
        both_families!(check_edges(&set, &seeds));
    }
}

fn check_reads(fields: &Fields<u32>, expected: &str) {
    let mut sets = Diagram::<u32>::new();
    let set = sets.fields(fields).unwrap();
    let witness = sets.witness(set, &preferred(Family::V4)).unwrap();
    let witness = witness.map_or("none".to_owned(), |packet| packet.to_string());
    assert_eq!(witness, expected);
}

/// A witness is a packet that a person would pick.
#[test]
fn witnesses_read_well() {
    let net = |text: &str| AddressSet::from(text.parse::<ipnet::IpNet>().unwrap());
    let between = Fields::any()
        .source(&net("10.1.0.0/16"))
        .unwrap()
        .destination(&net("10.2.3.0/24"))
        .unwrap();
    check_reads(&between, "10.1.0.1:49152 -> 10.2.3.1:443 tcp");
    check_reads(
        &between
            .clone()
            .protocol(Protocol::UDP)
            .destination_ports(&Ports::from(53)),
        "10.1.0.1:49152 -> 10.2.3.1:53 udp",
    );
    check_reads(
        &between.clone().protocol(Protocol::ICMP),
        "10.1.0.1 -> 10.2.3.1 icmp type 8 code 0",
    );
    check_reads(
        &between.clone().protocol(Protocol::GRE),
        "10.1.0.1 -> 10.2.3.1 gre",
    );
    check_reads(
        &between.fragment(Fragment::Later),
        "10.1.0.1 -> 10.2.3.1 tcp later fragment",
    );
}
