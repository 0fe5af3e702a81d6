//! Routing tables of small networks.

mod statics;
