//! What configured networks do to packets.
//!
//! - [`model`] is the common vocabulary: devices, interfaces, chains of rules,
//!   translation, sessions, routing. Dialects produce it, everything else here
//!   reads it.
//! - [`forwarding`] is what routing comes to: routes, forwarding tables, roles.

pub mod control;
pub mod forwarding;
pub mod model;
pub mod topology;
