//! Routing: from what is configured to routing and forwarding tables.
//!
//! [`compute`] repeats until nothing changes: connected and static routes,
//! OSPF, BGP, what each takes from the others, and the choice by distance.
//! What cannot be told carries its reasons (a `Doubt`) from the line that
//! causes it to every forwarding entry that it could change.

mod bgp;
pub mod codes;
mod connected;
mod doubt;
mod fib;
mod ospf;
mod outcome;
mod policy;
mod redundancy;
mod rounds;
mod statics;
mod table;
mod wild;

pub use rounds::compute;
