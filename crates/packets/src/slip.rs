//! Slips of the pen: how one address could have been written for another.

use std::net::IpAddr;

/// What lies between two addresses as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slip {
    /// How many digits of their numbers must be put in, taken away or changed;
    /// one for subnets side by side.
    pub digits: u32,
    /// How far from the end the first number that differs stands, in numbers.
    pub place: u32,
}

/// Compares the first bits of two addresses as people write them: four decimal
/// numbers, or eight hexadecimal ones. The less the result, the more likely one
/// was meant for the other; `None` for addresses of two families.
pub fn slip(left: IpAddr, right: IpAddr, bits: u32) -> Option<Slip> {
    let (left, right, width) = match (left, right) {
        (IpAddr::V4(left), IpAddr::V4(right)) => {
            let wide = |bits: u32| u128::from(bits) << 96;
            (wide(left.to_bits()), wide(right.to_bits()), 8)
        }
        (IpAddr::V6(left), IpAddr::V6(right)) => (left.to_bits(), right.to_bits(), 16),
        _ => return None,
    };
    let kept = !u128::MAX.checked_shr(bits).unwrap_or_default();
    let (left, right) = (left & kept, right & kept);
    let number = |bits: u128, at: u32| {
        let number = bits.checked_shl(at * width).unwrap_or_default() >> (u128::BITS - width);
        if width == 8 {
            format!("{number}")
        } else {
            format!("{number:x}")
        }
    };
    let digits = (0..8).map(|at| digits_apart(&number(left, at), &number(right, at)));
    let digits: u32 = digits.sum();
    // Of two subnets side by side one is easily taken for the other.
    let step = kept & kept.wrapping_neg();
    let beside = left.abs_diff(right) == step;
    Some(Slip {
        digits: if beside { digits.min(1) } else { digits },
        place: (u128::BITS - (left ^ right).leading_zeros()).div_ceil(width),
    })
}

/// Levenshtein's distance.
fn digits_apart(left: &str, right: &str) -> u32 {
    let mut row: Vec<u32> = (0..).take(right.len() + 1).collect();
    for (at, digit) in (1u32..).zip(left.bytes()) {
        let mut diagonal = at - 1;
        let mut before = at;
        if let Some(first) = row.first_mut() {
            *first = at;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(right.bytes()) {
            let changed = diagonal + u32::from(digit != other);
            diagonal = *cell;
            *cell = changed.min(*cell + 1).min(before + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Slip, slip};

    #[track_caller]
    fn check(left: &str, right: &str, bits: u32, expected: Option<(u32, u32)>) {
        let address = |text: &str| text.parse().expect("an address");
        let expected = expected.map(|(digits, place)| Slip { digits, place });
        assert_eq!(slip(address(left), address(right), bits), expected);
        assert_eq!(slip(address(right), address(left), bits), expected);
    }

    #[test]
    fn digits_that_differ() {
        check("10.0.0.1", "10.0.0.1", 32, Some((0, 0)));
        check("10.16.0.0", "10.17.45.6", 14, Some((0, 0)));
        check("11.16.0.0", "10.17.45.6", 14, Some((1, 16)));
        check("10.96.8.24", "10.96.8.42", 32, Some((2, 13)));
        check("10.1.0.0", "10.112.0.0", 16, Some((2, 15)));
        check("10.96.0.0", "10.103.4.5", 14, Some((1, 15)));
        check("0.0.0.0", "255.1.1.1", 0, Some((0, 0)));
        check("2001:db8::1", "2001:db8::11", 128, Some((1, 1)));
        check("10.0.0.1", "2001:db8::11", 128, None);
    }
}
