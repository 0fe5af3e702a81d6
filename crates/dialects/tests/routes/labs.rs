//! Labs of real devices: the share of captured routes, by operating system.

use crate::support::{data, entries, name, number, print, read_fortios, read_ios, routed, say};
use findings::Sources;
use networks::forwarding::{FibAction, RouteProtocol, Routing};
use networks::model::Network;
use networks::observed::{ObservedHop, ObservedProtocol, ObservedTable, fortios, ios};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The labs with IOS and IOS-XE routers.
const CISCO: [&str; 7] = [
    "iosxe_connectivity_sample",
    "ios_add_path",
    "ospf_lab_validation",
    "iosxe_redistribution",
    "ios_example_network",
    "iosxe_ebgp_loop_prevention",
    "ios_ibgp_split_horizon",
];

/// The share of captured routes, in per cent, that must be exact.
const SHARE_MIN: usize = 97;

/// What was right and wrong of one operating system.
#[derive(Default)]
struct Score {
    captured: usize,
    right: usize,
    /// What was captured and not computed (`-`), and the other way round (`+`).
    differences: Vec<String>,
}

fn protocol(of: RouteProtocol) -> &'static str {
    match of {
        RouteProtocol::Connected => "C",
        RouteProtocol::Local => "L",
        RouteProtocol::Static => "S",
        RouteProtocol::OspfIntra => "O",
        RouteProtocol::OspfInter => "O IA",
        RouteProtocol::OspfExternal1 => "O E1",
        RouteProtocol::OspfExternal2 => "O E2",
        RouteProtocol::OspfNssa1 => "O N1",
        RouteProtocol::OspfNssa2 => "O N2",
        RouteProtocol::BgpExternal => "B",
        RouteProtocol::BgpInternal => "B internal",
        RouteProtocol::BgpLocal => "B local",
        RouteProtocol::OspfDiscard => "O summary",
        RouteProtocol::Observed => "observed",
    }
}

/// Prints an observed table as computed ones are printed; routes of protocols
/// that are not modelled are left out.
fn captured(table: &ObservedTable) -> BTreeSet<String> {
    let vrf = table.vrf.as_deref().unwrap_or("default");
    let mut lines = BTreeSet::new();
    for route in &table.routes {
        let ObservedProtocol::Known(known) = &route.protocol else {
            continue;
        };
        let hop = match &route.hop {
            ObservedHop::Gateway {
                address,
                interface: Some(interface),
            } => format!("{interface} {address}"),
            ObservedHop::Gateway { address, .. } => address.to_string(),
            ObservedHop::Attached(interface) => interface.clone(),
            ObservedHop::Receive => "receive".into(),
            ObservedHop::Discard => "discard".into(),
        };
        lines.insert(format!(
            "{vrf} {} {} {hop} [{}/{}]",
            route.prefix,
            protocol(*known),
            route.distance,
            route.metric
        ));
    }
    lines
}

/// Which operating system each device of a lab runs.
fn systems(lab: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(lab.join("show/host_nos.txt")).unwrap();
    let words: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    words
        .chunks(2)
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
        .collect()
}

/// Compares every device of a lab that runs IOS or IOS-XE.
fn compare(lab: &Path, scores: &mut BTreeMap<String, Score>) {
    let systems = systems(lab);
    let (network, routing) = cisco_lab(lab);
    for folder in entries(&lab.join("show")) {
        let device = name(&folder);
        if !is_cisco(&systems, &device) {
            continue;
        }
        let computed = print(&network, &routing, &device, protocol);
        let mut expected = BTreeSet::new();
        for file in entries(&folder) {
            if name(&file).starts_with("show_ip_route") {
                let text = std::fs::read_to_string(file).unwrap();
                for table in ios::read(&text) {
                    assert_eq!(table.unread, Vec::<u32>::new(), "{device}");
                    expected.extend(captured(&table));
                }
            }
        }
        let score = scores.entry(systems[&device].clone()).or_default();
        score.captured += expected.len();
        score.right += expected.intersection(&computed).count();
        let lab = name(lab);
        let missed = expected.difference(&computed);
        score
            .differences
            .extend(missed.map(|line| format!("- {lab} {device} {line}")));
        let added = computed.difference(&expected);
        score
            .differences
            .extend(added.map(|line| format!("+ {lab} {device} {line}")));
    }
}

/// Reads and computes one lab of IOS and IOS-XE routers.
fn cisco_lab(lab: &Path) -> (Network, Routing) {
    let systems = systems(lab);
    let mut sources = Sources::new();
    let mut devices = Vec::new();
    for folder in entries(&lab.join("configs")) {
        if is_cisco(&systems, &name(&folder)) {
            let file = folder.join("show_running-config.txt");
            read_ios(&mut sources, &file, &mut devices);
        }
    }
    routed(devices)
}

fn is_cisco(systems: &BTreeMap<String, String>, device: &str) -> bool {
    let system = systems.get(device).map(String::as_str);
    matches!(system, Some("ios" | "iosxe"))
}

/// What EIGRP may bring is unknown where it may get to, and nowhere else: the
/// policies of `D1_redist` let one prefix of it pass to BGP and to OSPF.
#[test]
fn redistribution_from_eigrp_is_unknown() {
    let Some(folder) = data("lab-validation") else {
        return;
    };
    let (network, routing) = cisco_lab(&folder.join("iosxe_redistribution"));
    for device in ["D4_bgp", "D5_ospf"] {
        assert_eq!(unknown(&network, &routing, device), ["192.168.123.3/32"]);
    }
}

/// The prefixes of a device's default VRF whose forwarding is unknown.
fn unknown(network: &Network, routing: &Routing, device: &str) -> Vec<String> {
    let at = network
        .devices
        .iter()
        .position(|configured| configured.name == device)
        .unwrap();
    let entries = routing.devices[at].vrfs[0].fib.entries().iter();
    entries
        .filter(|entry| matches!(entry.action, FibAction::Unknown(_)))
        .map(|entry| entry.prefix.to_string())
        .collect()
}

/// Every captured route of the FortiOS lab is exact.
#[test]
fn captured_routes_of_fortios_lab() {
    let Some(folder) = data("lab-validation/fortios_fw_policy_basic") else {
        return;
    };
    let mut sources = Sources::new();
    let mut devices = Vec::new();
    for path in entries(&folder.join("configs/fw")) {
        read_fortios(&mut sources, &path, &mut devices);
    }
    let device = devices[0].name.clone();
    let (network, routing) = routed(devices);
    let computed = print(&network, &routing, &device, protocol);
    let path = folder.join("show/fw/get_router_info_routing-table_all.txt");
    let mut expected = BTreeSet::new();
    for table in fortios::read(&std::fs::read_to_string(path).unwrap()) {
        assert_eq!(table.unread, Vec::<u32>::new());
        expected.extend(captured(&table));
    }
    let right = expected.intersection(&computed).count();
    number(
        "captured routes, fortios",
        (right, expected.len()),
        SHARE_MIN,
    );
    assert_eq!(
        expected.difference(&computed).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

/// At least 97 of 100 captured routes of connected interfaces, static routes,
/// OSPF and BGP are exact, on IOS and on IOS-XE.
#[test]
fn captured_routes_of_cisco_labs() {
    let Some(folder) = data("lab-validation") else {
        return;
    };
    let mut scores = BTreeMap::new();
    for lab in CISCO {
        compare(&folder.join(lab), &mut scores);
    }
    for (system, score) in &scores {
        let what = format!("captured routes, {system}");
        number(&what, (score.right, score.captured), SHARE_MIN);
        for difference in &score.differences {
            say(&format!("  {difference}"));
        }
    }
    for (system, score) in &scores {
        assert!(
            score.right * 100 >= score.captured * SHARE_MIN,
            "{system}: {} of {}",
            score.right,
            score.captured
        );
    }
}
