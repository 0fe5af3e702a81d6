//! The Linux kernel as a judge.
//!
//! A Linux device of the model is brought up as it is written: its rule set is
//! loaded by `iptables-restore` or `nft -f`, its interfaces are TUN devices in a
//! network namespace ([`Kernel`]). A packet written into one ([`wire`]) enters
//! the device there, and what comes out of the others is what the kernel made of
//! it. [`judge`] does so with random rule sets and packets ([`generate`]) and
//! compares with the one-packet interpreter.
//!
//! This crate alone needs privileges: to make namespaces and TUN devices. A
//! namespace is entered by starting a program again through `unshare`; it is
//! gone when that program ends, whatever way it ends.

pub mod generate;
pub mod judge;
mod kernel;
mod random;
pub mod wire;

pub use kernel::{Kernel, LabError, Language, Seen, in_namespace};
pub use random::Random;
