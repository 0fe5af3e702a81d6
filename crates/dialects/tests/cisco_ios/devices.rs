//! Interfaces, redundancy and what is not read.

use super::support::{device, findings, read};
use networks::model::{
    InterfaceKind, LineState, RedundancyProtocol, ReversePath, SwitchPort, Touches, TrackedObject,
    VrfId,
};

/// Subinterfaces are down with what they are part of, and as fast; VLAN
/// interfaces, loopbacks and bundles are what they are.
#[test]
fn kinds_of_interfaces() {
    let device = device(
        "interface GigabitEthernet0/1\n shutdown\ninterface GigabitEthernet0/1.20\n encapsulation dot1Q 20\n ip address 10.0.0.1 255.255.255.0\ninterface Vlan30\n ip address 10.3.0.1 255.255.255.0\n ip address 10.4.0.1 255.255.255.0 secondary\ninterface Port-channel1\ninterface TenGigabitEthernet1/1\n channel-group 1 mode active\ninterface TenGigabitEthernet1/2\n channel-group 1 mode active\n",
    );
    let find = |name: &str| {
        device
            .interface(device.interface_named(name).unwrap())
            .unwrap()
    };
    let part = find("GigabitEthernet0/1.20");
    assert!(!part.enabled);
    assert_eq!(part.bandwidth_kbps, Some(1_000_000));
    assert!(matches!(
        part.kind,
        InterfaceKind::Subinterface { vlan: Some(20), .. }
    ));
    let vlan = find("Vlan30");
    assert_eq!(vlan.kind, InterfaceKind::Vlan(30));
    let addresses: Vec<_> = vlan
        .addresses
        .iter()
        .map(|a| (a.net.to_string(), a.secondary))
        .collect();
    assert_eq!(
        addresses,
        [("10.3.0.1/24".into(), false), ("10.4.0.1/24".into(), true)]
    );
    assert_eq!(find("Port-channel1").bandwidth_kbps, Some(20_000_000));
    assert_eq!(
        find("TenGigabitEthernet1/2").aggregate,
        device.interface_named("Port-channel1")
    );
}

/// Switch ports: modes, and VLANs added and removed line by line.
#[test]
fn switch_ports() {
    let device = device(
        "interface GigabitEthernet1/1\n switchport mode access\n switchport access vlan 7\ninterface GigabitEthernet1/2\n switchport trunk encapsulation dot1q\n switchport trunk allowed vlan 1-10,20\n switchport trunk allowed vlan add 30-31\n switchport trunk allowed vlan remove 5\n switchport trunk native vlan 9\n switchport mode trunk\n",
    );
    let ports: Vec<_> = device
        .interfaces
        .iter()
        .map(|found| found.switch_port.clone())
        .collect();
    assert_eq!(
        ports,
        [
            Some(SwitchPort::Access(7)),
            Some(SwitchPort::Trunk {
                allowed: vec![(1, 4), (6, 10), (20, 20), (30, 31)],
                native: 9
            }),
        ]
    );
}

/// HSRP and VRRP groups with priority, preemption and what they watch.
#[test]
fn redundancy_groups() {
    let device = device(
        "track 1 interface GigabitEthernet0/2 line-protocol\ntrack 2 ip sla 9 reachability\ninterface GigabitEthernet0/1\n ip address 10.0.0.2 255.255.255.0\n standby 5 ip 10.0.0.1\n standby 5 ip 10.1.0.1 secondary\n standby 5 priority 110\n standby 5 preempt delay minimum 30\n standby 5 track 1 decrement 20\n standby 5 track 2\ninterface GigabitEthernet0/2\n ip address 10.2.0.1 255.255.255.0\n vrrp 7 ip 10.2.0.1\n no vrrp 7 preempt\n",
    );
    let hsrp = &device.interfaces[0].redundancy[0];
    assert_eq!((hsrp.protocol, hsrp.group), (RedundancyProtocol::Hsrp, 5));
    assert_eq!(
        (hsrp.priority, hsrp.preempt, hsrp.addresses.len()),
        (110, true, 2)
    );
    let up_link = device.interface_named("GigabitEthernet0/2").unwrap();
    assert_eq!(hsrp.tracking[0].object, TrackedObject::Interface(up_link));
    assert_eq!(hsrp.tracking[0].decrement, Some(20));
    assert_eq!(hsrp.tracking[1].object, TrackedObject::RunTime);
    assert_eq!(hsrp.tracking[1].decrement, Some(10));
    let vrrp = &device.interfaces[1].redundancy[0];
    // It owns the address.
    assert_eq!((vrrp.priority, vrrp.preempt), (255, false));
}

/// Tunnels, unnumbered interfaces, VRFs, reverse-path checks.
#[test]
fn tunnels_vrfs_and_reverse_paths() {
    let device = device(
        "vrf definition RED\n rd 1:1\n address-family ipv4\n exit-address-family\ninterface Loopback0\n ip address 1.1.1.1 255.255.255.255\ninterface Tunnel1\n vrf forwarding RED\n ip unnumbered Loopback0\n tunnel source Loopback0\n tunnel destination 2.2.2.2\n tunnel key 7\n ip verify unicast source reachable-via rx allow-default\n",
    );
    let tunnel = &device.interfaces[1];
    let InterfaceKind::Tunnel(ends) = &tunnel.kind else {
        panic!("{:?}", tunnel.kind);
    };
    assert_eq!(ends.local_interface, device.interface_named("Loopback0"));
    assert_eq!(ends.remote, Some("2.2.2.2".parse().unwrap()));
    assert_eq!((ends.key, ends.encapsulation.as_str()), (Some(7), "gre"));
    assert_eq!(ends.transport_vrf, VrfId::DEFAULT);
    assert_eq!(device.vrf(tunnel.vrf).unwrap().name, "RED");
    assert_eq!(tunnel.addresses[0].net.to_string(), "1.1.1.1/32");
    assert_eq!(
        tunnel.reverse_path,
        Some(ReversePath::Strict {
            default_counts: true
        })
    );
}

/// A line that nothing knows is kept, with the narrowest thing it can touch.
#[test]
fn unknown_lines_touch_where_they_stand() {
    let reading = read(
        "hostname r1\nfrobnicate everything\ninterface GigabitEthernet0/1\n frobnicate port\nrouter ospf 1\n frobnicate ospf\n",
    );
    let states = &reading.coverage.lines;
    assert_eq!(states[1], LineState::NotRecognised);
    assert_eq!(states[3], LineState::NotRecognised);
    let device = &reading.devices[0];
    let touches: Vec<_> = device
        .unread
        .iter()
        .map(|unread| unread.touches.clone())
        .collect();
    let port = device.interface_named("GigabitEthernet0/1").unwrap();
    assert_eq!(
        touches,
        [
            Touches::Device,
            Touches::Interface(port),
            Touches::Routing(VrfId::DEFAULT)
        ]
    );
}

/// Secrets are told by kind and never shown.
#[test]
fn secrets_are_told_not_shown() {
    let reading = read(
        "enable secret 5 $1$abcd$HIDDEN\nusername joe password 7 0822455D0A16\nsnmp-server community HIDDEN ro\ncrypto isakmp key HIDDEN address 1.1.1.1\nrouter bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 password HIDDEN\n",
    );
    let told = findings(&reading);
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(
        told.iter()
            .all(|line| line.starts_with("secret-in-configuration"))
    );
    let everything = format!("{:?}", reading.findings);
    assert!(!everything.contains("HIDDEN") && !everything.contains("0822455D0A16"));
}

/// A policy map that only marks and queues is harmless; one that drops is not.
#[test]
fn policies_that_drop_could_matter() {
    let text = "policy-map MARK\n class class-default\n  set dscp ef\n  police 8000 conform-action transmit exceed-action drop\npolicy-map BLOCK\n class BAD\n  drop\ninterface GigabitEthernet0/1\n service-policy input MARK\ninterface GigabitEthernet0/2\n service-policy input BLOCK\n";
    let device = device(text);
    let second = device.interface_named("GigabitEthernet0/2").unwrap();
    let touches: Vec<_> = device
        .unread
        .iter()
        .map(|unread| unread.touches.clone())
        .collect();
    assert_eq!(touches, [Touches::Interface(second)]);
}
