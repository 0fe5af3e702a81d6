//! Which interfaces are on one link.

use crate::support::{interface, router};
use networks::model::{Device, DeviceId, InterfaceId, InterfaceKind, Network, Port, Tunnel, VrfId};
use networks::topology::{Declared, infer_links};

fn check(devices: Vec<Device>, declared: &Declared<'_>, expected: &str) -> Vec<&'static str> {
    let network = Network {
        devices,
        links: Vec::new(),
    };
    let topology = infer_links(&network, declared);
    let mut lines: Vec<String> = Vec::new();
    for link in &topology.links {
        let names: Vec<String> = link
            .ports
            .iter()
            .map(|port| {
                let device = network.device(port.device).unwrap();
                let interface = device.interface(port.interface).unwrap();
                format!("{}:{}", device.name, interface.name)
            })
            .collect();
        lines.push(names.join(" "));
    }
    assert_eq!(lines.join("\n"), expected);
    topology
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

fn one(name: &str, address: &str) -> Device {
    let mut device = router(name);
    interface(&mut device, "e0", &[address]);
    device
}

fn port(device: u32, interface: u32) -> Port {
    Port {
        device: DeviceId(device),
        interface: InterfaceId(interface),
    }
}

/// Interfaces that are up and share a subnet are on one link; others stand alone.
#[test]
fn equal_subnets_are_one_link() {
    let mut down = one("c", "10.0.0.3/24");
    down.interfaces[0].enabled = false;
    let devices = vec![
        one("a", "10.0.0.1/24"),
        one("b", "10.0.0.2/24"),
        down,
        one("d", "10.0.1.1/24"),
        one("e", "10.0.0.9/25"),
    ];
    let findings = check(devices, &Declared::default(), "a:e0 b:e0\nd:e0\ne:e0");
    assert_eq!(findings, ["subnet-mask-mismatch"]);
}

/// Loopbacks are on no link, whatever their masks.
#[test]
fn loopbacks_join_nothing() {
    let mut devices = vec![one("a", "10.0.0.1/24"), one("b", "10.0.0.2/24")];
    for device in &mut devices {
        interface(device, "lo0", &["192.168.1.1/24"]);
    }
    check(devices, &Declared::default(), "a:e0 b:e0");
}

/// Devices of different administrative networks are joined by declared links alone.
#[test]
fn administrative_networks_are_not_joined_by_addresses() {
    let devices = || vec![one("a", "10.0.0.1/24"), one("b", "10.0.0.2/24")];
    let declared = Declared {
        networks: &[0, 1],
        ..Declared::default()
    };
    check(devices(), &declared, "a:e0\nb:e0");
    let links = [vec![port(0, 0), port(1, 0)]];
    let declared = Declared {
        networks: &[0, 1],
        links: &links,
        ..Declared::default()
    };
    check(devices(), &declared, "a:e0 b:e0");
}

/// A cabling plan narrows what equal subnets join.
#[test]
fn cables_narrow_subnets() {
    let devices = vec![
        one("a", "10.0.0.1/24"),
        one("b", "10.0.0.2/24"),
        one("c", "10.0.0.3/24"),
        one("d", "10.0.0.4/24"),
    ];
    let end = |name: &str| (name.to_owned(), "e0".to_owned());
    let cables = [(end("a"), end("c")), (end("b"), end("d"))];
    let declared = Declared {
        cables: Some(&cables),
        ..Declared::default()
    };
    check(devices, &declared, "a:e0 c:e0\nb:e0 d:e0");
}

/// Two interfaces of one link with one address are a finding.
#[test]
fn duplicate_addresses_are_found() {
    let devices = vec![one("a", "10.0.0.1/24"), one("b", "10.0.0.1/24")];
    let findings = check(devices, &Declared::default(), "a:e0 b:e0");
    assert_eq!(findings, ["address-duplicate"]);
}

/// A tunnel is a link where both ends name each other, whatever the inner subnet.
#[test]
fn tunnels_whose_ends_match_are_links() {
    let tunnelled = |name: &str, own: &str, remote: &str| {
        let mut device = one(name, own);
        let id = interface(&mut device, "t0", &["172.16.0.1/30"]);
        device.interfaces[id.index()].kind = InterfaceKind::Tunnel(Tunnel {
            local: None,
            local_interface: Some(InterfaceId(0)),
            remote: Some(remote.parse().unwrap()),
            transport_vrf: VrfId::DEFAULT,
            encapsulation: "gre".into(),
            key: None,
        });
        device
    };
    let devices = vec![
        tunnelled("a", "10.0.0.1/24", "10.0.1.1"),
        tunnelled("b", "10.0.1.1/24", "10.0.0.1"),
        tunnelled("c", "10.0.2.1/24", "10.0.0.1"),
    ];
    check(
        devices,
        &Declared::default(),
        "a:e0\na:t0 b:t0\nb:e0\nc:e0\nc:t0",
    );
}
