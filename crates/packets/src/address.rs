//! The two address families behind one generic engine.

use crate::header::Family;
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u128 {}
}

/// An address as a number: `u32` for IPv4, `u128` for IPv6.
///
/// The values of every other header field fit into either, so a diagram of one
/// family uses one type of key throughout.
pub trait Address:
    sealed::Sealed + Copy + Ord + Hash + fmt::Debug + Default + Send + Sync + 'static
{
    /// The family these addresses belong to.
    const FAMILY: Family;
    /// The lowest value.
    const ZERO: Self;
    /// The highest value.
    const MAX: Self;
    /// The number of bits of an address.
    const BITS: u8;

    /// Widens a smaller field's value.
    fn from_u32(value: u32) -> Self;

    /// Returns the number as the widest integer.
    fn to_u128(self) -> u128;

    /// Returns the number, where it fits.
    fn from_u128(value: u128) -> Option<Self>;

    /// Returns the number of an address, unless it is of the other family.
    fn from_ip(address: IpAddr) -> Option<Self>;

    /// Returns the address with this number.
    fn to_ip(self) -> IpAddr;

    /// Adds modulo the size of the address space.
    #[must_use]
    fn wrapping_add(self, other: Self) -> Self;

    /// Subtracts modulo the size of the address space.
    #[must_use]
    fn wrapping_sub(self, other: Self) -> Self;

    /// Returns the next number, unless this is the last.
    fn next(self) -> Option<Self>;

    /// Returns the number before, unless this is zero.
    fn previous(self) -> Option<Self>;

    /// Mixes the number and another into a hash.
    #[must_use]
    fn mix(self, other: u32, hash: u64) -> u64;
}

/// An odd multiplier with well spread bits (the golden ratio, as in Fibonacci hashing).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes one word into a running hash.
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD)
}

impl Address for u32 {
    const FAMILY: Family = Family::V4;
    const ZERO: Self = 0;
    const MAX: Self = u32::MAX;
    const BITS: u8 = 32;

    fn from_u32(value: u32) -> Self {
        value
    }

    fn to_u128(self) -> u128 {
        u128::from(self)
    }

    fn from_u128(value: u128) -> Option<Self> {
        Self::try_from(value).ok()
    }

    fn from_ip(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address.to_bits()),
            IpAddr::V6(_) => None,
        }
    }

    fn to_ip(self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(self))
    }

    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }

    fn mix(self, other: u32, hash: u64) -> u64 {
        mix(hash, u64::from(self) << 32 | u64::from(other))
    }
}

impl Address for u128 {
    const FAMILY: Family = Family::V6;
    const ZERO: Self = 0;
    const MAX: Self = u128::MAX;
    const BITS: u8 = 128;

    fn from_u32(value: u32) -> Self {
        Self::from(value)
    }

    fn to_u128(self) -> u128 {
        self
    }

    fn from_u128(value: u128) -> Option<Self> {
        Some(value)
    }

    fn from_ip(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address.to_bits()),
        }
    }

    fn to_ip(self) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from_bits(self))
    }

    fn wrapping_add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn wrapping_sub(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a hash takes both halves in turn"
    )]
    fn mix(self, other: u32, hash: u64) -> u64 {
        let low = mix(hash, self as u64 ^ u64::from(other).rotate_left(40));
        mix(low, (self >> 64) as u64)
    }
}
