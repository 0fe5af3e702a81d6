//! `seen graph`

use crate::answer::VERSION;
use crate::arguments::{Graph, GraphFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::loaded::Loaded;
use crate::render::{graph, table};
use crate::terminal;
use serde_json::json;

/// Prints the network for a drawing program.
pub(crate) fn run(arguments: &Graph) -> Result<Exit, Failure> {
    let loaded = Loaded::read(&arguments.input)?;
    let network = loaded.network();
    let groups: Vec<String> = network
        .devices()
        .map(|(id, _)| {
            loaded
                .world()
                .network_of(id)
                .map_or_else(String::new, ToString::to_string)
        })
        .collect();
    let text = match arguments.format {
        GraphFormat::Dot => graph::dot(network, &groups),
        GraphFormat::Mermaid => graph::mermaid(network, &groups),
        GraphFormat::Json => {
            let devices: Vec<_> = network
                .devices()
                .zip(&groups)
                .map(|((_, device), group)| json!({ "name": device.name, "network": group }))
                .collect();
            let name = |port: networks::model::Port| {
                let device = network
                    .device(port.device)
                    .map_or("", |device| &device.name);
                let interface = network.interface(port).map_or("", |i| i.name.as_str());
                json!({ "device": device, "interface": interface })
            };
            let links: Vec<Vec<_>> = network
                .links
                .iter()
                .map(|link| link.ports.iter().copied().map(name).collect())
                .collect();
            table::pretty(&json!({ "version": VERSION, "devices": devices, "links": links }))?
        }
    };
    terminal::answer(text)?;
    Ok(Exit::Fine)
}
