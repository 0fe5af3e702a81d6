//! Cisco IOS and IOS-XE.

/// The shared configurations.
mod corpus;
/// Interfaces, redundancy and what is not read.
mod devices;
/// Access lists and object groups, by what they do to packets.
mod lists;
/// Random text, and a million lines.
mod robust;
/// Static routes, OSPF, BGP, routing policies, policy routing.
mod routing;
/// A reader and a one-packet judge for snippets.
mod support;
/// Translation and stateful filters.
mod translation;
