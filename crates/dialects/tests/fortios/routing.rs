//! Routes, routing protocols, SD-WAN, virtual domains, tunnels.

use super::support::{check, read};
use networks::model::{InterfaceKind, NextHop, PolicyAction, RouteMatch, VrfId};

const PORTS: &str = r#"#config-version=FGVMK6-7.2.5-FW-build0523-230606:opmode=0:vdom=0:user=admin
config system interface
    edit "lan"
        set ip 10.0.0.1 255.255.255.0
        set secondary-IP enable
        config secondaryip
            edit 1
                set ip 10.9.0.1 255.255.255.0
            next
        end
        config vrrp
            edit 5
                set vrip 10.0.0.254
                set priority 200
                set vrdst 192.0.2.1
                set vrdst-priority 50
            next
        end
    next
    edit "wan1"
        set ip 192.0.2.2 255.255.255.252
    next
    edit "wan2"
        set ip 198.51.100.2 255.255.255.252
    next
    edit "vlan9"
        set ip 10.99.0.1/24
        set interface "lan"
        set vlanid 9
        set status down
        set vrf 3
    next
    edit "lo"
        set ip 10.255.0.1 255.255.255.255
        set type loopback
    next
end
"#;

const OPEN: &str = "config firewall policy\n edit 1\n set srcintf any\n set dstintf any\n \
                    set srcaddr all\n set dstaddr all\n set action accept\n set schedule always\n \
                    set service ALL\n next\nend\n";

/// Interfaces carry their kind, VRF, state, further addresses and virtual routers.
#[test]
fn interfaces() {
    let device = read(PORTS).reading.devices.remove(0);
    let named = |name: &str| {
        let id = device.interface_named(name).unwrap();
        device.interface(id).unwrap().clone()
    };
    let lan = named("lan");
    assert_eq!(lan.addresses.len(), 2);
    assert!(lan.addresses[1].secondary);
    let group = &lan.redundancy[0];
    assert_eq!((group.group, group.priority, group.preempt), (5, 200, true));
    assert_eq!(group.tracking[0].decrement, Some(150));
    let vlan = named("vlan9");
    assert!(!vlan.enabled);
    assert_eq!(device.vrf(vlan.vrf).unwrap().name, "3");
    let parent = device.interface_named("lan").unwrap();
    assert_eq!(
        vlan.kind,
        InterfaceKind::Subinterface {
            parent,
            vlan: Some(9)
        }
    );
    assert_eq!(named("lo").kind, InterfaceKind::Loopback);
}

/// Static routes: defaults, objects, black holes, what is off, what is unknown.
#[test]
fn static_routes() {
    let text = format!(
        "{PORTS}{}",
        r#"config firewall address
    edit net
        set subnet 10.20.0.0/16
        set allow-routing enable
    next
end
config router static
    edit 1
        set gateway 192.0.2.1
        set device wan1
    next
    edit 2
        set dstaddr net
        set gateway 198.51.100.1
        set device wan2
        set distance 5
        set priority 9
    next
    edit 3
        set dst 10.0.0.0/8
        set blackhole enable
        set distance 254
    next
    edit 4
        set dst 10.30.0.0/16
        set device wan1
        set status disable
    next
    edit 5
        set dst 10.40.0.0/16
        set device wan1
        set dynamic-gateway enable
    next
end
config system link-monitor
    edit m
        set srcintf wan2
        set server 198.51.100.1
    next
end
"#
    );
    let read = read(&text);
    let device = &read.reading.devices[0];
    let shown: Vec<String> = device.vrfs[0]
        .static_routes
        .iter()
        .map(|route| {
            let hop = match route.next_hop {
                NextHop::Discard => "discard".to_owned(),
                NextHop::InterfaceAddress(id, to) => {
                    format!("{to} {}", device.interface(id).unwrap().name)
                }
                other => format!("{other:?}"),
            };
            let (distance, priority) = (route.distance, route.priority);
            format!(
                "{} {hop} [{distance}/{priority}] {}",
                route.prefix, route.run_time
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0.0.0.0/0 192.0.2.1 wan1 [10/1] false",
            "10.20.0.0/16 198.51.100.1 wan2 [5/9] true",
            "10.0.0.0/8 discard [254/1] false",
        ]
    );
    let unread = read.unread();
    assert_eq!(unread.len(), 1, "{unread:?}");
    assert!(unread[0].contains("10.40.0.0/16"), "{unread:?}");
}

/// SD-WAN rules act where the best route leaves by a member, and only members
/// with a route there are chosen.
#[test]
fn sdwan() {
    let sdwan = |service: &str| {
        format!(
            "{PORTS}{OPEN}config firewall address\n edit far\n set subnet 10.50.0.0/16\n next\nend\n\
             config system sdwan\n set status enable\n config members\n edit 1\n \
             set interface wan1\n set gateway 192.0.2.1\n next\n edit 2\n set interface wan2\n \
             set gateway 198.51.100.1\n next\n end\n config service\n edit 1\n set dst all\n \
             set src all\n {service}\n next\n end\nend\n\
             config router static\n edit 1\n set distance 1\n set sdwan-zone virtual-wan-link\n next\n \
             edit 2\n set dst 10.60.0.0/16\n set gateway 10.0.0.2\n set device lan\n next\nend\n"
        )
    };
    let out = ("lan", "10.0.0.5:2000 > 203.0.113.7:80 tcp");
    let by = |name: &str| format!("exits {name} 10.0.0.5:2000 -> 203.0.113.7:80 tcp");
    check(
        &sdwan("set mode manual\n set priority-members 2 1"),
        &[
            (out.0, out.1, &by("wan2")),
            // The best route leaves by something else.
            (
                "wan1",
                "192.0.2.1:2000 > 10.60.0.1:80 tcp",
                "exits lan 192.0.2.1:2000 -> 10.60.0.1:80 tcp",
            ),
        ],
    );
    let both = format!("{}\n{}", by("wan1"), by("wan2"));
    check(
        &sdwan("set mode priority\n set priority-members 2 1"),
        &[(out.0, out.1, &both)],
    );
    // No rule matches: equal-cost routes over all members.
    check(
        &sdwan("set dst far\n set priority-members 2"),
        &[(out.0, out.1, &both)],
    );
}

/// One device for each virtual domain, with its own interfaces and sections.
#[test]
fn virtual_domains() {
    let text = r#"#config-version=FGVMK6-7.2.5-FW-build0523-230606:opmode=0:vdom=1:user=admin
config vdom
edit root
next
edit north
next
end
config global
config system global
    set hostname "edge"
    set vdom-mode multi-vdom
end
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.0.0.1 255.255.255.0
    next
    edit "port2"
        set vdom "north"
        set ip 10.1.0.1 255.255.255.0
    next
    edit "link0"
        set vdom "root"
        set ip 10.2.0.1 255.255.255.252
        set type vdom-link
    next
    edit "link1"
        set vdom "north"
        set ip 10.2.0.2 255.255.255.252
        set type vdom-link
    next
end
config system vdom-link
    edit "link"
    next
end
end
config vdom
edit root
config firewall policy
    edit 1
        set srcintf "port1"
        set dstintf "link0"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "ALL"
    next
end
config router static
    edit 1
        set dst 10.1.0.0 255.255.0.0
        set gateway 10.2.0.2
        set device "link0"
    next
end
end
config vdom
edit north
config firewall policy
    edit 1
        set srcintf "link1"
        set dstintf "port2"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "HTTP"
    next
end
config router static
    edit 1
        set gateway 10.2.0.1
        set device "link1"
    next
end
end
"#;
    let read = read(text);
    let names: Vec<&str> = read
        .reading
        .devices
        .iter()
        .map(|device| device.name.as_str())
        .collect();
    assert_eq!(names, ["edge/root", "edge/north"]);
    assert_eq!(read.unread(), Vec::<String>::new());
    check(
        text,
        &[
            (
                "port1",
                "10.0.0.5:2000 > 10.1.0.9:80 tcp",
                "port2 10.0.0.5:2000 -> 10.1.0.9:80 tcp CameBack",
            ),
            ("port1", "10.0.0.5:2000 > 10.1.0.9:81 tcp", "Dropped"),
        ],
    );
}

/// Tunnels are links to their far end, and carry what a selector names.
#[test]
fn tunnels() {
    let text = format!(
        "{PORTS}{}",
        r#"config vpn ipsec phase1-interface
    edit "to-hub"
        set interface "wan1"
        set remote-gw 203.0.113.9
        set psksecret ENC abcdef
    next
end
config vpn ipsec phase2-interface
    edit "narrow"
        set phase1name "to-hub"
        set dst-subnet 10.7.0.0 255.255.0.0
    next
end
"#
    );
    let read = read(&text);
    let device = &read.reading.devices[0];
    let id = device.interface_named("to-hub").unwrap();
    let InterfaceKind::Tunnel(tunnel) = &device.interface(id).unwrap().kind else {
        panic!("a tunnel");
    };
    assert_eq!(tunnel.remote, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(tunnel.local_interface, device.interface_named("wan1"));
    assert_eq!(read.unread(), Vec::<String>::new());
    let routed = format!(
        "{text}{OPEN}config router static\n edit 1\n set dst 10.0.0.0/8\n set device to-hub\n next\nend\n"
    );
    check(
        &routed,
        &[
            (
                "lan",
                "10.0.0.5:2000 > 10.7.0.1:80 tcp",
                "exits to-hub 10.0.0.5:2000 -> 10.7.0.1:80 tcp",
            ),
            ("lan", "10.0.0.5:2000 > 10.8.0.1:80 tcp", "Dropped"),
            ("to-hub", "10.8.0.1:2000 > 10.0.0.5:80 tcp", "Dropped"),
        ],
    );
    let secrets = read.findings();
    assert_eq!(
        secrets,
        ["42: secret-in-configuration: the configuration holds a secret: `psksecret`"]
    );
}

/// OSPF runs on the interfaces that a network names, with their settings.
#[test]
fn ospf() {
    let text = format!(
        "{PORTS}{}",
        r#"config router ospf
    set router-id 1.1.1.1
    set default-information-originate always
    set passive-interface "lan"
    config area
        edit 0.0.0.0
        next
        edit 0.0.0.7
            set type nssa
        next
    end
    config ospf-interface
        edit "one"
            set interface "wan1"
            set cost 20
            set network-type point-to-point
        next
    end
    config network
        edit 1
            set prefix 192.0.2.0 255.255.255.0
        next
        edit 2
            set prefix 10.0.0.0 255.0.0.0
            set area 0.0.0.7
        next
    end
    config redistribute "static"
        set status enable
        set metric 30
    end
    config redistribute "bgp"
    end
end
"#
    );
    let read = read(&text);
    assert_eq!(read.unread(), Vec::<String>::new());
    let device = &read.reading.devices[0];
    let process = &device.vrfs[VrfId::DEFAULT.index()].ospf[0];
    assert_eq!(process.redistributions.len(), 1);
    assert_eq!(process.redistributions[0].metric, Some(30));
    assert!(process.default_originate.as_ref().unwrap().always);
    let on = |name: &str| {
        let id = device.interface_named(name).unwrap();
        let ospf = device.interface(id).unwrap().ospf.clone();
        ospf.map(|ospf| (ospf.area, ospf.cost, ospf.passive))
    };
    assert_eq!(on("wan1"), Some((0, Some(20), false)));
    assert_eq!(on("lan"), Some((7, None, true)));
    assert_eq!(on("wan2"), None);
}

/// BGP neighbours, groups, filters and networks.
#[test]
fn bgp() {
    let text = format!(
        "{PORTS}{}",
        r#"config router prefix-list
    edit "ten"
        config rule
            edit 1
                set prefix 10.0.0.0 255.0.0.0
                unset ge
                set le 24
            next
        end
    next
end
config router route-map
    edit "in"
        config rule
            edit 1
                set match-ip-address "ten"
                set set-local-preference 200
            next
        end
    next
end
config router bgp
    set as 65001
    set router-id 1.1.1.1
    set ebgp-multipath enable
    config neighbor
        edit "192.0.2.1"
            set remote-as 65002
            set route-map-in "in"
            set prefix-list-out "ten"
            set route-map-out "missing"
            set password ENC xyz
        next
    end
    config neighbor-group
        edit "branch"
            set remote-as 65001
            set route-reflector-client enable
        next
    end
    config neighbor-range
        edit 1
            set prefix 10.200.0.0 255.255.0.0
            set neighbor-group "branch"
        next
    end
    config network
        edit 1
            set prefix 10.0.0.0 255.255.255.0
        next
    end
    config redistribute "connected"
        set status enable
    end
end
"#
    );
    let read = read(&text);
    assert_eq!(read.unread(), Vec::<String>::new());
    let device = &read.reading.devices[0];
    let process = device.vrfs[0].bgp.as_ref().unwrap();
    assert_eq!((process.asn, process.multipath_external), (65001, 255));
    let [peer, range] = process.neighbors.as_slice() else {
        panic!("two neighbours");
    };
    let session = peer.ipv4.as_ref().unwrap();
    assert_eq!(
        (session.policies_in.len(), session.policies_out.len()),
        (1, 2)
    );
    let map = device.policy(session.policies_in[0]).unwrap();
    assert_eq!(map.default, PolicyAction::Deny);
    assert!(matches!(map.terms[0].matches[..], [RouteMatch::Prefix(_)]));
    assert_eq!(range.address.to_string(), "10.200.0.0/16");
    assert!(range.ipv4.as_ref().unwrap().route_reflector_client);
    assert!(!process.networks[0].unconditional);
    let findings = read.findings();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(
        findings
            .iter()
            .any(|it| it.contains("no route map is named `missing`"))
    );
}
