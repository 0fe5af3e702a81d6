//! Routing tables of small networks.

mod bgp;
mod ospf;
mod redundancy;
mod statics;
mod unknown;
