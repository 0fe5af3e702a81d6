//! What configured networks do to packets.
//!
//! - [`model`] is the common vocabulary: devices, interfaces, chains of rules,
//!   translation, sessions, routing. Dialects produce it, everything else here
//!   reads it.
//! - [`forwarding`] is what routing comes to: routes, forwarding tables, roles.
//! - [`interpret`] follows one concrete packet through all that, slowly and
//!   obviously, and says at every step which line decided.
//! - [`matrix`] tells which addresses may talk to which through one chain.
//! - [`reachability`] tells which packets arrive and whether their answers come
//!   back, exactly, for all packets at once.

pub mod control;
pub mod forwarding;
pub mod interpret;
pub mod matrix;
pub mod model;
pub mod observed;
pub mod reachability;
pub mod topology;
