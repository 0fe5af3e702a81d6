//! The stable codes of what routing can find wrong.

use findings::Code;

/// The holder of a virtual address rests on something not configured.
pub const REDUNDANCY_ROLE_ASSUMED: Code = Code::new("redundancy-role-assumed");
/// Members of one group answer for different virtual addresses.
pub const REDUNDANCY_SPLIT: Code = Code::new("redundancy-address-mismatch");
/// A static route's next hop does not resolve, so the route is not used.
pub const STATIC_UNRESOLVED: Code = Code::new("static-route-unresolved");
/// Routing comes to no fixed point.
pub const ROUTING_UNSTABLE: Code = Code::new("routing-unstable");
/// Routing has several fixed points; which one is reached is not configured.
pub const ROUTING_AMBIGUOUS: Code = Code::new("routing-ambiguous");
/// Two OSPF neighbours disagree on a setting, so they form no adjacency.
pub const OSPF_MISMATCH: Code = Code::new("ospf-neighbour-mismatch");
/// Two OSPF routers have one router identifier.
pub const OSPF_ROUTER_ID_DUPLICATE: Code = Code::new("ospf-router-id-duplicate");
/// A BGP session cannot come up.
pub const BGP_SESSION_DOWN: Code = Code::new("bgp-session-down");
/// The ends of a BGP session disagree.
pub const BGP_MISMATCH: Code = Code::new("bgp-neighbour-mismatch");
/// More equal paths exist than the device uses.
pub const MULTIPATH_EXCEEDED: Code = Code::new("multipath-exceeded");
/// No configuration is held of a BGP neighbour; what it alone announces is unknown.
pub const BGP_NEIGHBOUR_UNKNOWN: Code = Code::new("bgp-neighbour-unknown");
