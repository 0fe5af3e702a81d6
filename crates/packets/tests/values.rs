//! Intervals, wildcards, and conditions made of them.

use crate::support::*;
use packets::*;
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn wildcard(address: u32, ignore: u32) -> AddressSet {
    let wildcard = Wildcard::new(Ipv4Addr::from_bits(address), Ipv4Addr::from_bits(ignore));
    AddressSet(vec![AddressMatch::Wildcard(wildcard)])
}

proptest! {
    #[test]
    fn intervals_agree_with_values(a in parts(), b in parts()) {
        let field = Field::SourcePort;
        let (left, right) = (intervals::<u32>(field, &a), intervals::<u32>(field, &b));
        let max = field.highest::<u32>();
        prop_assert_eq!(left.not(max).not(max), left.clone());
        for probe in (0..16).map(|place| value::<u32>(field, place)) {
            let of = |parts: &RawParts| {
                parts.iter().any(|(a, b)| (value::<u32>(field, *a)..=value(field, *b)).contains(&probe))
            };
            prop_assert_eq!(left.contains(probe), of(&a));
            prop_assert_eq!(left.not(max).contains(probe), !of(&a));
            prop_assert_eq!(left.and(&right).contains(probe), of(&a) && of(&b));
            prop_assert_eq!(left.or(&right).contains(probe), of(&a) || of(&b));
        }
    }

    #[test]
    fn wildcards_are_exact(address: u32, ignore: u32, probes in prop::collection::vec(any::<u32>(), 50)) {
        // At most sixteen scattered bits, else the limit says no.
        let ignore = ignore & 0x0f0f_ff0f;
        let set = wildcard(address, ignore);
        if let Ok(values) = Intervals::<u32>::addresses(&set) {
            for probe in probes {
                for near in [probe, address ^ (probe & ignore), address ^ (probe & !ignore)] {
                    let expected = set.contains(Ipv4Addr::from_bits(near).into());
                    prop_assert_eq!(values.contains(near), expected);
                }
            }
        } else {
            prop_assert!((ignore & !0xf).count_ones() > 12);
        }
    }
}

/// Stanford's mask leaves 256 intervals; one bit too many is refused.
#[test]
fn wildcard_sizes() {
    let size = |ignore| Intervals::<u32>::addresses(&wildcard(0, ignore)).map(|v| v.parts().len());
    assert_eq!(size(0x0000_ff00), Ok(256));
    assert_eq!(size(0x0000_00ff), Ok(1));
    assert_eq!(size(0xffff_ffff), Ok(1));
    assert_eq!(size(0xffff_0000), Ok(1 << 16));
    let limit = Err(SetError::TooManyIntervals {
        limit: MAX_INTERVALS,
    });
    assert_eq!(size(0xffff_8000), limit);
    assert_eq!(size(0xffff_fffe), limit);
}

/// Addresses of the other family are no part of a set, and of no packet.
#[test]
fn families_stay_apart() {
    let all = AddressSet::any();
    assert_eq!(
        Intervals::<u32>::addresses(&all).unwrap().parts(),
        [(0, u32::MAX)]
    );
    assert_eq!(
        Intervals::<u128>::addresses(&all).unwrap().parts(),
        [(0, u128::MAX)]
    );
    let only_four = AddressSet::all_of(Family::V4);
    assert!(Intervals::<u128>::addresses(&only_four).unwrap().is_empty());
    let sets = Diagram::<u32>::new();
    assert_eq!(
        sets.contains(sets.full(), &preferred(Family::V6)),
        Ok(false)
    );
    assert_eq!(sets.contains(sets.full(), &preferred(Family::V4)), Ok(true));
}

/// Flags under the mask must be as given; a value outside the mask never matches.
#[test]
fn flag_conditions() {
    for mask in [0, 0x02, 0x12, 0x3f, 0xff] {
        for value in [0, 0x02, 0x10, 0x12, 0x40] {
            let condition = TcpFlagMatch {
                mask: TcpFlags(mask),
                value: TcpFlags(value),
            };
            let fields = Fields::<u32>::any().tcp_flags(condition);
            for flags in 0..=u8::MAX {
                let probe = Packet {
                    tcp_flags: TcpFlags(flags),
                    ..preferred(Family::V4)
                };
                assert_eq!(fields.contains(&probe), condition.matches(TcpFlags(flags)));
            }
        }
    }
}

/// One bit of the mark is a small set, though it has two thousand million intervals.
#[test]
fn masked_marks_are_exact() {
    let mut sets = Diagram::<u32>::new();
    let odd = sets.fields(&Fields::any().mark(1, 1)).unwrap();
    assert_eq!(sets.size(odd), Ok((1, 2)));
    for mark in [0, 1, 2, 3, u32::MAX - 1, u32::MAX] {
        let probe = Packet {
            mark,
            ..preferred(Family::V4)
        };
        assert_eq!(sets.contains(odd, &probe), Ok(mark % 2 == 1));
    }
    let never = sets.fields(&Fields::any().mark(1, 2)).unwrap();
    assert_eq!(never, sets.empty());
    let clash = sets.fields(&Fields::any().mark(3, 1).mark(6, 2)).unwrap();
    assert_eq!(clash, sets.empty());
    let some = sets.field(Field::Mark, &Intervals::range(3, 9)).unwrap();
    let both = sets.fields(
        &Fields::any()
            .mark(1, 1)
            .with(Field::Mark, &Intervals::range(3, 9)),
    );
    assert_eq!(sets.and(some, odd), both);
}
