//! Cisco IOS.

/// The shared configurations.
mod corpus;
