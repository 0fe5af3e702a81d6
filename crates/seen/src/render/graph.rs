//! The network as text that drawing programs read.

use networks::model::{DeviceKind, Network, Port};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One device as it is drawn.
struct Node<'a> {
    name: &'a str,
    group: &'a str,
    host: bool,
}

/// One link as it is drawn: the ends by device number, and what stands beside it.
struct Edge {
    ends: Vec<usize>,
    label: String,
}

/// A network reduced to what is drawn.
struct Drawing<'a> {
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge>,
}

impl<'a> Drawing<'a> {
    /// Reduces a network; `groups` names the administrative network of each
    /// device. Links with one end are left out: they are segments, not links.
    fn of(network: &'a Network, groups: &'a [String]) -> Self {
        let nodes = network
            .devices()
            .map(|(id, device)| Node {
                name: &device.name,
                group: groups.get(id.index()).map_or("", String::as_str),
                host: device.kind == DeviceKind::Host,
            })
            .collect();
        let edges = network
            .links
            .iter()
            .filter(|link| link.ports.len() > 1)
            .map(|link| Edge {
                ends: link.ports.iter().map(|port| port.device.index()).collect(),
                label: label(network, &link.ports),
            })
            .collect();
        Self { nodes, edges }
    }

    fn grouped(&self) -> BTreeMap<&str, Vec<(usize, &Node<'a>)>> {
        let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            groups.entry(node.group).or_default().push((at, node));
        }
        groups
    }
}

/// The prefix of a link, as one of its ends has it.
fn label(network: &Network, ports: &[Port]) -> String {
    ports
        .iter()
        .filter_map(|&port| network.interface(port))
        .flat_map(|interface| &interface.addresses)
        .map(|address| address.net.trunc().to_string())
        .next()
        .unwrap_or_default()
}

/// Writes the network in Graphviz's language: a box a device, a frame an
/// administrative network, a dot a link of more than two ends.
pub(crate) fn dot(network: &Network, groups: &[String]) -> String {
    let drawing = Drawing::of(network, groups);
    let mut text = String::from("graph seen {\n  node [shape=box];\n");
    for (number, (group, nodes)) in drawing.grouped().into_iter().enumerate() {
        let (open, close) = if group.is_empty() {
            (String::new(), "")
        } else {
            (
                format!("  subgraph cluster_{number} {{ label={};\n", quoted(group)),
                "  }\n",
            )
        };
        text.push_str(&open);
        for (at, node) in nodes {
            let shape = if node.host { " shape=ellipse" } else { "" };
            let _ = writeln!(text, "    d{at} [label={}{shape}];", quoted(node.name));
        }
        text.push_str(close);
    }
    for (number, edge) in drawing.edges.iter().enumerate() {
        if let [one, other] = edge.ends.as_slice() {
            let _ = writeln!(
                text,
                "  d{one} -- d{other} [label={}];",
                quoted(&edge.label)
            );
        } else {
            let _ = writeln!(
                text,
                "  l{number} [shape=point xlabel={}];",
                quoted(&edge.label)
            );
            for end in &edge.ends {
                let _ = writeln!(text, "  d{end} -- l{number};");
            }
        }
    }
    text.push_str("}\n");
    text
}

/// Writes the network in Mermaid's language.
pub(crate) fn mermaid(network: &Network, groups: &[String]) -> String {
    let drawing = Drawing::of(network, groups);
    let mut text = String::from("graph LR\n");
    for (number, (group, nodes)) in drawing.grouped().into_iter().enumerate() {
        if !group.is_empty() {
            let _ = writeln!(text, "  subgraph g{number}[{}]", quoted(group));
        }
        for (at, node) in nodes {
            let _ = writeln!(text, "    d{at}[{}]", quoted(node.name));
        }
        if !group.is_empty() {
            text.push_str("  end\n");
        }
    }
    for (number, edge) in drawing.edges.iter().enumerate() {
        if let [one, other] = edge.ends.as_slice() {
            let _ = writeln!(text, "  d{one} ---|{}| d{other}", quoted(&edge.label));
        } else {
            let _ = writeln!(text, "  l{number}(({}))", quoted(&edge.label));
            for end in &edge.ends {
                let _ = writeln!(text, "  d{end} --- l{number}");
            }
        }
    }
    text
}

/// A text in double quotes, with what would end it made harmless.
fn quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .filter(|letter| !letter.is_control())
        .map(|letter| {
            if letter == '"' || letter == '\\' {
                '\''
            } else {
                letter
            }
        })
        .collect();
    format!("\"{inner}\"")
}
