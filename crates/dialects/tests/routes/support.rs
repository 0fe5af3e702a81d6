//! Reading folders of configurations, and printing routes alike.

use findings::Sources;
use networks::control::compute;
use networks::forwarding::{Route, RouteProtocol, Routing};
use networks::model::{Device, Network, NextHop};
use networks::topology::{Declared, infer_links};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folder of test data, or `None` with a word why not.
pub(crate) fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    say(&format!("skipped: there is no ../shared/data/{folder}"));
    None
}

/// Prints a line: a score, or that a test is skipped.
#[expect(
    clippy::print_stdout,
    reason = "scores and skips are read in the test's output"
)]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Prints a number that the project is accepted by beside its bar.
pub(crate) fn number(what: &str, (right, all): (usize, usize), percent_min: usize) {
    let word = if right * 100 >= all * percent_min {
        "pass"
    } else {
        "fail"
    };
    say(&format!(
        "number: {what} | {right} of {all} | {percent_min} % | {word}"
    ));
}

/// The entries of a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Adds the devices of one configuration.
pub(crate) fn read_ios(sources: &mut Sources, path: &Path, devices: &mut Vec<Device>) {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let id = sources.add(name(path), text);
    let reading = dialects::cisco_ios::read(id, sources.file(id).unwrap());
    devices.extend(reading.devices);
}

/// Adds the devices of one FortiOS configuration.
pub(crate) fn read_fortios(sources: &mut Sources, path: &Path, devices: &mut Vec<Device>) {
    let id = sources.add(name(path), std::fs::read_to_string(path).unwrap());
    let reading = dialects::fortios::read(id, sources.file(id).unwrap());
    devices.extend(reading.devices);
}

/// Adds the device of a host file.
pub(crate) fn read_host(sources: &mut Sources, path: &Path, devices: &mut Vec<Device>) {
    let id = sources.add(name(path), std::fs::read_to_string(path).unwrap());
    let host = (id, sources.file(id).unwrap());
    let reading = dialects::linux::read(host, None, None);
    devices.extend(reading.reading.devices);
}

/// Joins the devices by their addresses and computes.
pub(crate) fn routed(devices: Vec<Device>) -> (Network, Routing) {
    let mut network = Network {
        devices,
        links: Vec::new(),
    };
    network.links = infer_links(&network, &Declared::default()).links;
    let routing = compute(&network);
    (network, routing)
}

/// Prints the routes of a device, one a line: VRF, prefix, protocol, next hop,
/// distance, metric.
pub(crate) fn print(
    network: &Network,
    routing: &Routing,
    device: &str,
    protocol_name: fn(RouteProtocol) -> &'static str,
) -> BTreeSet<String> {
    let at = network
        .devices
        .iter()
        .position(|configured| configured.name == device)
        .unwrap_or_else(|| panic!("no device {device}"));
    let configured = &network.devices[at];
    let mut lines = BTreeSet::new();
    for (vrf, routing) in configured.vrfs.iter().zip(&routing.devices[at].vrfs) {
        for route in &routing.rib.routes {
            lines.insert(format!(
                "{} {} {} {} [{}/{}]",
                vrf.name,
                route.prefix,
                protocol_name(route.protocol),
                next_hop(configured, route),
                route.distance,
                route.metric
            ));
        }
    }
    lines
}

fn next_hop(device: &Device, route: &Route) -> String {
    let name = |id| &device.interface(id).unwrap().name;
    match route.next_hop {
        NextHop::Address(address) => address.to_string(),
        NextHop::Interface(id) => name(id).clone(),
        NextHop::InterfaceAddress(id, address) => format!("{} {address}", name(id)),
        NextHop::Discard => "discard".into(),
        other => format!("{other:?}"),
    }
}
