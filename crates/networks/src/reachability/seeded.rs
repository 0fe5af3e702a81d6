//! Deliberate faults, to measure whether the tests would notice them.
//!
//! Without the feature `seeded-bugs` there are none, and [`bug`] is the constant
//! `false`. With it, a fault is chosen for the length of a closure on one thread.

#[cfg(feature = "seeded-bugs")]
use std::cell::Cell;

#[cfg(feature = "seeded-bugs")]
std::thread_local! {
    static CHOSEN: Cell<u8> = const { Cell::new(0) };
}

/// Tells whether the fault of this number is switched on.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn bug(_: u8) -> bool {
    false
}

/// Tells whether the fault of this number is switched on.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn bug(number: u8) -> bool {
    CHOSEN.get() == number
}

/// Does something with one fault switched on; zero is none.
#[cfg(feature = "seeded-bugs")]
pub fn with<T>(number: u8, work: impl FnOnce() -> T) -> T {
    let before = CHOSEN.replace(number);
    let result = work();
    CHOSEN.set(before);
    result
}
