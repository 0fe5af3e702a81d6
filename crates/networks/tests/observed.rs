//! Observed tables: their formats, and what they replace.

use crate::support::{codes, fib, interface, network, router, static_route, via};
use networks::control::compute;
use networks::model::DeviceId;
use networks::observed::{
    Given, ObservedHop, ObservedProtocol, ObservedTable, cef, fortios, frr, ios, linux, replace,
};

/// Prints a table one route a line, unread lines last.
fn printed(table: &ObservedTable) -> String {
    let mut lines: Vec<String> = Vec::new();
    for route in &table.routes {
        let protocol = match &route.protocol {
            ObservedProtocol::Known(known) => format!("{known:?}"),
            ObservedProtocol::Other(name) => format!("`{name}`"),
        };
        let hop = match &route.hop {
            ObservedHop::Gateway { address, interface } => {
                format!("{address} {}", interface.as_deref().unwrap_or("-"))
            }
            ObservedHop::Attached(interface) => interface.clone(),
            ObservedHop::Receive => "receive".into(),
            ObservedHop::Discard => "discard".into(),
        };
        lines.push(format!(
            "{} {protocol} {hop} [{}/{}]",
            route.prefix, route.distance, route.metric
        ));
    }
    lines.extend(table.unread.iter().map(|line| format!("unread {line}")));
    lines.join("\n")
}

/// `show ip route` with masks printed once a block, wrapped lines, several
/// next hops, and more than one VRF.
#[test]
fn ios_show_ip_route() {
    let tables = ios::read(
        "Codes: L - local, C - connected\n       O - OSPF, IA - OSPF inter area\n\n\
         Gateway of last resort is 10.0.0.1 to network 0.0.0.0\n\n\
         S*    0.0.0.0/0 [1/0] via 10.0.0.1\n\
         \x20     1.0.0.0/32 is subnetted, 2 subnets\n\
         C        1.1.1.1 is directly connected, Loopback0\n\
         O E2     1.2.2.2 [110/20] via 10.0.0.2, 00:03:29, Ethernet1/0\n\
         \x20                 [110/20] via 10.0.0.3, 00:03:29, Ethernet1/1\n\
         \x20     10.0.0.0/8 is variably subnetted, 3 subnets, 2 masks\n\
         B        10.9.0.0/16 [200/0] via 0.0.0.0, 00:01:02, Null0\n\
         D EX  192.168.122.0/24\n\
         \x20          [170/2585856] via 10.13.21.1, 13:45:04, GigabitEthernet1\n\
         O        10.8.0.0/16 is a summary, 00:00:05, Null0\n\n\
         Routing Table: BLUE\n\n\
         B     172.16.0.0/12 [20/5] via 10.0.1.1, 2d03h\n",
    );
    assert_eq!(tables.len(), 2);
    assert_eq!(
        printed(&tables[0]),
        "0.0.0.0/0 Static 10.0.0.1 - [1/0]\n\
         1.1.1.1/32 Connected Loopback0 [0/0]\n\
         1.2.2.2/32 OspfExternal2 10.0.0.2 Ethernet1/0 [110/20]\n\
         1.2.2.2/32 OspfExternal2 10.0.0.3 Ethernet1/1 [110/20]\n\
         10.9.0.0/16 BgpLocal discard [200/0]\n\
         192.168.122.0/24 `DEX` 10.13.21.1 GigabitEthernet1 [170/2585856]\n\
         10.8.0.0/16 OspfDiscard discard [110/0]"
    );
    assert_eq!(tables[1].vrf.as_deref(), Some("BLUE"));
    assert_eq!(
        printed(&tables[1]),
        "172.16.0.0/12 BgpExternal 10.0.1.1 - [20/5]"
    );
}

/// `show ip cef`: attached, own, dropped, and several next hops.
#[test]
fn ios_show_ip_cef() {
    let table = cef::read(
        "Prefix               Next Hop             Interface\n\
         0.0.0.0/0            172.20.4.2           Vlan2\n\
         \x20                    172.20.4.3           Vlan3\n\
         0.0.0.0/8            drop\n\
         0.0.0.0/32           receive\n\
         10.0.0.0/8           attached             Null0\n\
         10.1.0.0/24          attached             Vlan10\n\
         rubbish here\n",
    );
    assert_eq!(
        printed(&table),
        "0.0.0.0/0 Observed 172.20.4.2 Vlan2 [0/0]\n\
         0.0.0.0/0 Observed 172.20.4.3 Vlan3 [0/0]\n\
         0.0.0.0/8 Observed discard [0/0]\n\
         0.0.0.0/32 Observed receive [0/0]\n\
         10.0.0.0/8 Observed discard [0/0]\n\
         10.1.0.0/24 Observed Vlan10 [0/0]\n\
         unread 8"
    );
}

/// Every line of the Stanford tables is understood.
#[test]
fn stanford_tables_are_read_whole() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/stanford/observed"
    );
    let Ok(entries) = std::fs::read_dir(folder) else {
        crate::support::skipped("there is no ../shared/data/stanford");
        return;
    };
    let mut tables = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let table = cef::read(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(table.unread, Vec::<u32>::new(), "{}", path.display());
        assert!(table.routes.len() > 1000, "{}", path.display());
        tables += 1;
    }
    assert_eq!(tables, 12);
}

/// `ip route`: kernel routes, defaults, blackholes, several next hops.
#[test]
fn linux_ip_route() {
    let table = linux::read(
        "default via 10.0.0.1 dev eth0 proto static metric 100\n\
         10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2\n\
         blackhole 172.16.0.0/12\n\
         192.168.0.0/16 proto bgp metric 20\n\
         \tnexthop via 10.0.0.3 dev eth0 weight 1\n\
         \tnexthop via 10.0.1.3 dev eth1 weight 1\n\
         local 10.0.0.2 dev eth0 table local proto kernel scope host\n\
         what is this\n",
    );
    assert_eq!(
        printed(&table),
        "0.0.0.0/0 Static 10.0.0.1 eth0 [0/100]\n\
         10.0.0.0/24 Connected eth0 [0/0]\n\
         172.16.0.0/12 Static discard [0/0]\n\
         192.168.0.0/16 BgpExternal 10.0.0.3 eth0 [0/20]\n\
         192.168.0.0/16 BgpExternal 10.0.1.3 eth1 [0/20]\n\
         10.0.0.2/32 Local receive [0/0]\n\
         unread 8"
    );
}

/// `get router info routing-table all`.
#[test]
fn fortios_routing_table() {
    let tables = fortios::read(
        "Codes: K - kernel, C - connected, S - static\n       * - candidate default\n\n\
         Routing table for VRF=0\n\
         S*      0.0.0.0/0 [10/0] via 10.0.0.1, port1, [1/0]\n\
         \x20                 [10/0] via 10.0.1.1, port2, [1/0]\n\
         C       10.0.0.0/24 is directly connected, port1\n\
         B       10.9.0.0/16 [200/0] via 10.0.0.9 (recursive is directly connected, port1), 01:02:03\n\
         S       172.16.0.0/12 [254/0] is a summary, Null\n",
    );
    assert_eq!(tables.len(), 1);
    assert_eq!(
        printed(&tables[0]),
        "0.0.0.0/0 Static 10.0.0.1 port1 [10/0]\n\
         0.0.0.0/0 Static 10.0.1.1 port2 [10/0]\n\
         10.0.0.0/24 Connected port1 [0/0]\n\
         10.9.0.0/16 BgpInternal 10.0.0.9 - [200/0]\n\
         172.16.0.0/12 Static discard [254/0]"
    );
}

/// FRR's JSON: selected routes alone.
#[test]
fn frr_json() {
    let tables = frr::read(
        r#"{"10.0.0.0/8":[
             {"protocol":"ospf","distance":110,"metric":20,
              "nexthops":[{"ip":"10.1.1.1","interfaceName":"swp1"}]},
             {"protocol":"static","selected":true,"distance":1,"metric":0,
              "nexthops":[{"blackhole":true}]}],
            "192.0.2.0/24":[{"protocol":"connected","selected":true,
              "nexthops":[{"directlyConnected":true,"interfaceName":"swp2"}]}]}"#,
    )
    .unwrap();
    assert_eq!(
        printed(&tables[0]),
        "10.0.0.0/8 Static discard [1/0]\n192.0.2.0/24 Connected swp2 [0/0]"
    );
    assert!(frr::read("{").is_err());
}

/// An observed table replaces the computed one; what differs is a finding, an
/// interface that the device does not have makes its route unknown.
#[test]
fn observed_replaces_computed() {
    let mut device = router("r");
    interface(&mut device, "e0", &["10.0.0.1/24"]);
    interface(&mut device, "e1", &["10.0.1.1/24"]);
    device.vrfs[0].static_routes = vec![static_route("0.0.0.0/0", via("10.0.0.2"))];
    let network = network(vec![device]);
    let give = |text: &str| {
        let mut routing = compute(&network);
        let given = Given {
            device: DeviceId(0),
            table: &linux::read(text),
            file: None,
        };
        replace(&network, &mut routing, given);
        (fib(&network, &routing, "r"), codes(&routing))
    };
    let connected = "10.0.0.0/24 dev e0 proto kernel\n10.0.1.0/24 dev e1 proto kernel\n";
    let (text, found) = give(&format!("default via 10.0.0.2 dev e0\n{connected}"));
    assert_eq!(
        text,
        "0.0.0.0/0 e0 10.0.0.2\n10.0.0.0/24 e0\n10.0.1.0/24 e1\n"
    );
    assert_eq!(found, Vec::<&str>::new());
    let (text, found) = give(&format!("default via 10.0.1.2 dev e1\n{connected}"));
    assert_eq!(
        text,
        "0.0.0.0/0 e1 10.0.1.2\n10.0.0.0/24 e0\n10.0.1.0/24 e1\n"
    );
    assert_eq!(found, ["observed-table-differs"]);
    let (text, _) = give(&format!("default via 10.0.1.2 dev e7\n{connected}"));
    assert!(text.starts_with("0.0.0.0/0 unknown: "), "{text}");
}
