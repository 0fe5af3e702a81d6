//! Computed routing tables against those of another verifier and of real devices.
//!
//! The texts are read by the dialects, the tables by `networks::observed`; what
//! is compared is VRF, prefix, protocol, next hop or interface, distance, metric.

/// The three autonomous systems of Batfish's example: every route.
#[cfg(test)]
#[path = "routes/batfish_example.rs"]
mod batfish_example;
/// Labs of real devices: the share of captured routes, by operating system.
#[cfg(test)]
#[path = "routes/labs.rs"]
mod labs;
/// Reading folders of configurations, and printing routes alike.
#[cfg(test)]
#[path = "routes/support.rs"]
mod support;
