//! The cabling plan: Batfish's `layer1_topology.json`.

use serde::Deserialize;

/// The two ends of a cable, each as device and interface.
pub(crate) type Cable = ((String, String), (String, String));

#[derive(Deserialize)]
struct Plan {
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    node1: End,
    node2: End,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    hostname: String,
    interface_name: String,
}

/// Reads a plan.
///
/// # Errors
///
/// The text is not JSON of that form; `serde_json` bounds its depth.
pub(crate) fn read(text: &str) -> Result<Vec<Cable>, serde_json::Error> {
    let plan: Plan = serde_json::from_str(text)?;
    let end = |end: End| (end.hostname, end.interface_name);
    let edges = plan.edges.into_iter();
    Ok(edges
        .map(|edge| (end(edge.node1), end(edge.node2)))
        .collect())
}
