//! Generated conditions, lists and packets, and what a packet-by-packet judge says of them.
//!
//! Values come from short lists of edges a field has, so that generated
//! intervals touch, overlap and nest, and generated packets fall on their ends.

use packets::*;
use proptest::prelude::*;

/// An interval of a field, by the places of its ends in the field's list of values.
pub(crate) type RawParts = Vec<(u8, u8)>;

/// A conjunction before it is given to the engine.
#[derive(Debug, Clone)]
pub(crate) struct RawFields {
    parts: Vec<(Field, RawParts)>,
    /// Mask and value of the mark.
    marks: Vec<(u32, u32)>,
}

/// A set before it is given to the engine.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    Fields(RawFields),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

const PROTOCOLS: [u32; 16] = [
    0, 1, 2, 6, 7, 17, 33, 47, 50, 58, 88, 89, 132, 136, 200, 255,
];
const PORTS: [u32; 16] = [
    0, 1, 8, 22, 53, 80, 128, 129, 255, 256, 443, 1023, 1024, 49152, 65534, 65535,
];
const MARKS: [u32; 16] = [
    0,
    1,
    2,
    3,
    0xfe,
    0xff,
    0x100,
    0x1ff,
    0x1_0000,
    0x1_00ff,
    0x8000_0000,
    0x8000_0001,
    0xff00_0000,
    0xffff_0000,
    0xffff_fffe,
    0xffff_ffff,
];
const ADDRESSES: [u32; 16] = [
    0,
    1,
    0x0a00_0000,
    0x0a00_0001,
    0x0a00_00ff,
    0x0a00_0100,
    0x0a00_ffff,
    0x0a01_0000,
    0x0aff_ffff,
    0x0b00_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xc0a8_0001,
    0xc0a8_00ff,
    0xffff_fffe,
    0xffff_ffff,
];

/// Returns the value at a place of the field's list.
pub(crate) fn value<A: Address>(field: Field, place: u8) -> A {
    let place = usize::from(place % 16);
    match field {
        Field::Destination | Field::Source => {
            let top = u128::from(ADDRESSES[place]) << (A::BITS - 32);
            // The lower bits of an IPv6 address are not always zero.
            let low = if A::BITS > 32 && place % 2 == 1 {
                (1 << (A::BITS - 32)) - 1
            } else {
                0
            };
            A::from_u128(top | low).unwrap()
        }
        Field::Protocol => A::from_u32(PROTOCOLS[place]),
        Field::DestinationPort | Field::SourcePort => A::from_u32(PORTS[place]),
        Field::Mark => A::from_u32(MARKS[place]),
        _ => A::from_u32(u32::try_from(place % 2).unwrap()),
    }
}

impl RawFields {
    /// Returns the condition for the engine.
    pub(crate) fn build<A: Address>(&self) -> Fields<A> {
        let fields = self
            .parts
            .iter()
            .fold(Fields::any(), |fields, (field, parts)| {
                fields.with(*field, &intervals(*field, parts))
            });
        self.marks
            .iter()
            .fold(fields, |fields, (mask, value)| fields.mark(*mask, *value))
    }

    /// Judges a packet without the engine.
    pub(crate) fn holds<A: Address>(&self, packet: &Packet) -> bool {
        let marked = self
            .marks
            .iter()
            .all(|(mask, value)| packet.mark & mask == *value);
        marked
            && self.parts.iter().all(|(field, parts)| {
                let of_packet = field.of::<A>(packet).unwrap();
                parts.iter().any(|(a, b)| {
                    value::<A>(*field, *a) <= of_packet && of_packet <= value(*field, *b)
                })
            })
    }
}

pub(crate) fn intervals<A: Address>(field: Field, parts: &[(u8, u8)]) -> Intervals<A> {
    Intervals::of(
        parts
            .iter()
            .map(|(a, b)| (value(field, *a), value(field, *b)))
            .collect(),
    )
}

impl Expression {
    pub(crate) fn build<S: PacketSets>(&self, sets: &mut S) -> S::Set {
        match self {
            Self::Fields(fields) => sets.fields(&fields.build()).unwrap(),
            Self::Not(inner) => {
                let inner = inner.build(sets);
                sets.not(inner)
            }
            Self::And(a, b) => {
                let (a, b) = (a.build(sets), b.build(sets));
                sets.and(a, b).unwrap()
            }
            Self::Or(a, b) => {
                let (a, b) = (a.build(sets), b.build(sets));
                sets.or(a, b).unwrap()
            }
        }
    }

    pub(crate) fn holds<A: Address>(&self, packet: &Packet) -> bool {
        match self {
            Self::Fields(fields) => fields.holds::<A>(packet),
            Self::Not(inner) => !inner.holds::<A>(packet),
            Self::And(a, b) => a.holds::<A>(packet) && b.holds::<A>(packet),
            Self::Or(a, b) => a.holds::<A>(packet) || b.holds::<A>(packet),
        }
    }
}

pub(crate) fn parts() -> impl Strategy<Value = RawParts> {
    prop::collection::vec((0..16_u8, 0..16_u8), 1..4)
}

/// Mostly the fields that filters use, now and then any.
pub(crate) fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        6 => (0..5_usize).prop_map(|place| Field::ALL[place]),
        2 => (0..15_usize).prop_map(|place| Field::ALL[place]),
    ]
}

pub(crate) fn raw_fields() -> impl Strategy<Value = RawFields> {
    let mark =
        (0..16_usize, 0..16_usize, prop::bool::weighted(0.9)).prop_map(|(mask, value, fits)| {
            let (mask, value) = (MARKS[mask] | 0x11, MARKS[value]);
            (mask, if fits { value & mask } else { value })
        });
    let marks = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(mark, 1..3)];
    (prop::collection::vec((field(), parts()), 0..5), marks)
        .prop_map(|(parts, marks)| RawFields { parts, marks })
}

pub(crate) fn expression() -> impl Strategy<Value = Expression> {
    raw_fields()
        .prop_map(Expression::Fields)
        .prop_recursive(4, 16, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|a| Expression::Not(Box::new(a))),
                (inner.clone(), inner.clone())
                    .prop_map(|(a, b)| Expression::And(Box::new(a), Box::new(b))),
                (inner.clone(), inner).prop_map(|(a, b)| Expression::Or(Box::new(a), Box::new(b))),
            ]
        })
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => Just(Action::Permit),
        4 => Just(Action::Deny),
        1 => Just(Action::Unknown),
    ]
}

/// Places of a packet's values, field by field.
pub(crate) type RawPacket = [u8; 15];

pub(crate) fn raw_packets() -> impl Strategy<Value = Vec<RawPacket>> {
    prop::collection::vec(prop::array::uniform15(0..16_u8), 1..40)
}

pub(crate) fn packet<A: Address>(raw: &RawPacket) -> Packet {
    let mut packet = preferred(A::FAMILY);
    for (field, place) in Field::ALL.into_iter().zip(raw) {
        field.set::<A>(&mut packet, value(field, *place));
    }
    packet
}

/// Returns packets made of the values at which a set can change.
pub(crate) fn packets_at_edges<A: Address>(
    sets: &Diagram<A>,
    set: Set,
    seeds: &[RawPacket],
) -> Vec<Packet> {
    let edges = Field::ALL.map(|field| sets.edges(set, field).unwrap());
    let at = |raw: &RawPacket| {
        let mut packet = preferred(A::FAMILY);
        for ((field, values), place) in Field::ALL.into_iter().zip(&edges).zip(raw) {
            let spread = usize::from(*place) * 7 % values.len();
            field.set::<A>(&mut packet, values[spread]);
        }
        packet
    };
    seeds.iter().map(at).collect()
}

/// Runs a generic check for both families.
macro_rules! both_families {
    ($check:ident ( $($argument:expr),* )) => {{
        $check::<u32>($($argument),*);
        $check::<u128>($($argument),*);
    }};
}
pub(crate) use both_families;
