//! Static routes, OSPF, BGP, routing policies, policy routing.

use super::support::{Judge, device, findings, packet, read};
use networks::model::{
    BgpProcess, CommunityMatch, NextHop, OspfAreaKind, OspfNetworkType, PolicyAction, PrefixEntry,
    RouteMatch, RouteSet, RouteSource, RouteType, SetMetric, VrfId,
};
use packets::Wildcard;

/// Static routes in all their forms.
#[test]
fn static_routes() {
    let device = device(
        "vrf definition RED\ninterface GigabitEthernet0/0\nip route 0.0.0.0 0.0.0.0 10.0.0.1 250 name \"two words\"\nip route 10.1.0.0 255.255.0.0 GigabitEthernet0/0 10.0.0.9 tag 7 permanent\nip route 10.2.0.0 255.255.0.0 Null0\nip route 10.3.0.0 255.255.0.0 10.0.0.2 track 4\nip route vrf RED 10.4.0.0 255.255.0.0 10.0.0.3 global\nipv6 route 2001:db8::/32 2001:db8:1::1 5\n",
    );
    let port = device.interface_named("GigabitEthernet0/0").unwrap();
    let routes: Vec<_> = device.vrfs[0]
        .static_routes
        .iter()
        .map(|route| {
            (
                route.prefix.to_string(),
                route.next_hop,
                route.distance,
                route.run_time,
            )
        })
        .collect();
    let address = |text: &str| text.parse().unwrap();
    assert_eq!(
        routes,
        [
            (
                "0.0.0.0/0".into(),
                NextHop::Address(address("10.0.0.1")),
                250,
                false
            ),
            (
                "10.1.0.0/16".into(),
                NextHop::InterfaceAddress(port, address("10.0.0.9")),
                1,
                false
            ),
            ("10.2.0.0/16".into(), NextHop::Discard, 1, false),
            (
                "10.3.0.0/16".into(),
                NextHop::Address(address("10.0.0.2")),
                1,
                true
            ),
            (
                "2001:db8::/32".into(),
                NextHop::Address(address("2001:db8:1::1")),
                5,
                false
            ),
        ]
    );
    assert!(device.vrfs[0].static_routes[1].permanent);
    let red = &device.vrfs[1].static_routes[0];
    assert_eq!(
        red.next_hop,
        NextHop::VrfAddress(VrfId::DEFAULT, address("10.0.0.3"))
    );
}

/// OSPF on interfaces: the most exact statement, the interface's own line, passive, timers.
#[test]
fn ospf_interfaces() {
    let device = device(
        "interface Loopback0\n ip address 1.1.1.1 255.255.255.255\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip ospf cost 5\n ip ospf hello-interval 3\n ip ospf message-digest-key 1 md5 7 0822455D0A16\ninterface GigabitEthernet0/1\n ip address 10.0.1.1 255.255.255.0\n ip ospf 1 area 7\n ip ospf network point-to-point\nrouter ospf 1\n router-id 9.9.9.9\n auto-cost reference-bandwidth 1000\n area 1 authentication message-digest\n area 2 nssa no-summary\n area 2 default-cost 3\n area 1 range 10.0.0.0 255.255.0.0 not-advertise\n passive-interface default\n no passive-interface GigabitEthernet0/0\n network 10.0.0.0 0.0.255.255 area 0\n network 10.0.0.0 0.0.0.255 area 1\n redistribute bgp 65001 subnets route-map M\n redistribute static metric 5 metric-type 1\n default-information originate always\nroute-map M permit 10\n",
    );
    let ospf: Vec<_> = device
        .interfaces
        .iter()
        .map(|found| found.ospf.clone())
        .collect();
    assert_eq!(ospf[0], None);
    let first = ospf[1].as_ref().unwrap();
    assert_eq!((first.area, first.passive, first.cost), (1, false, Some(5)));
    assert_eq!((first.hello_interval_s, first.dead_interval_s), (3, 12));
    assert!(first.authentication.as_ref().unwrap().starts_with("md5 1 "));
    let second = ospf[2].as_ref().unwrap();
    assert_eq!((second.area, second.passive), (7, true));
    assert_eq!(second.network_type, Some(OspfNetworkType::PointToPoint));
    let process = &device.vrfs[0].ospf[0];
    assert_eq!(process.reference_bandwidth_kbps, 1_000_000);
    let areas: Vec<_> = process
        .areas
        .iter()
        .map(|area| (area.id, area.kind))
        .collect();
    let nssa = OspfAreaKind::Nssa {
        no_summary: true,
        default_originate: false,
        default_cost: 3,
    };
    assert_eq!(
        areas,
        [
            (1, OspfAreaKind::Normal),
            (2, nssa),
            (7, OspfAreaKind::Normal)
        ]
    );
    assert!(!process.areas[0].ranges[0].advertise);
    let taken: Vec<_> = process
        .redistributions
        .iter()
        .map(|found| {
            (
                found.source.clone(),
                found.metric,
                found.metric_default,
                found.subnets,
            )
        })
        .collect();
    assert_eq!(
        taken,
        [
            (RouteSource::Bgp, None, Some(1), true),
            (RouteSource::Static, Some(5), Some(20), false)
        ]
    );
    assert!(process.default_originate.as_ref().unwrap().always);
}

fn bgp(text: &str) -> BgpProcess {
    device(text).vrfs.remove(0).bgp.unwrap()
}

/// Groups and templates give what a neighbour does not say itself.
#[test]
fn bgp_inheritance() {
    let process = bgp(
        "interface Loopback0\nrouter bgp 65001\n bgp router-id 1.1.1.1\n template peer-session BASE\n  ebgp-multihop 4\n template peer-session S\n  remote-as 65002\n  inherit peer-session BASE\n template peer-policy P\n  send-community both\n  allowas-in 2\n neighbor G peer-group\n neighbor G remote-as 65001\n neighbor G update-source Loopback0\n neighbor 2.2.2.2 peer-group G\n neighbor 3.3.3.3 inherit peer-session S\n neighbor 4.4.4.4 remote-as 1.1\n neighbor 4.4.4.4 shutdown\n address-family ipv4\n  neighbor G route-reflector-client\n  neighbor G next-hop-self\n  neighbor 2.2.2.2 activate\n  neighbor 3.3.3.3 activate\n  neighbor 3.3.3.3 inherit peer-policy P\n  no neighbor 4.4.4.4 activate\n  maximum-paths eibgp 5\n  network 10.0.0.0\n  network 10.1.2.0 mask 255.255.255.0\n  redistribute ospf 1\n exit-address-family\n",
    );
    let [second, third, fourth] = process.neighbors.as_slice() else {
        panic!("{:#?}", process.neighbors);
    };
    assert_eq!(second.remote_as, [65001]);
    assert!(second.update_source.is_some());
    let session = second.ipv4.as_ref().unwrap();
    assert!(session.route_reflector_client && session.next_hop_self);
    assert_eq!(
        (third.remote_as.as_slice(), third.ebgp_multihop),
        ([65002].as_slice(), Some(4))
    );
    let session = third.ipv4.as_ref().unwrap();
    assert!(session.send_community && session.send_extended_community);
    assert_eq!(session.allow_as_in, 2);
    assert_eq!(
        (fourth.remote_as.as_slice(), fourth.shutdown),
        ([65537].as_slice(), true)
    );
    assert_eq!((&fourth.ipv4, &fourth.ipv6), (&None, &None));
    let networks: Vec<_> = process
        .networks
        .iter()
        .map(|found| found.prefix.to_string())
        .collect();
    assert_eq!(networks, ["10.0.0.0/8", "10.1.2.0/24"]);
    assert_eq!(process.multipath_mixed, 5);
    assert_eq!(
        process.redistributions[0].source,
        RouteSource::Ospf {
            process: Some("1".into()),
            types: vec![RouteType::OspfIntra, RouteType::OspfInter]
        }
    );
}

/// Address families of VRFs are processes of their own.
#[test]
fn bgp_in_vrfs() {
    let device = device(
        "vrf definition RED\n rd 1:1\n address-family ipv4\nrouter bgp 65001\n no bgp default ipv4-unicast\n neighbor 9.9.9.9 remote-as 65009\n address-family ipv4 vrf RED\n  neighbor 2.2.2.2 remote-as 65002\n  neighbor 2.2.2.2 activate\n  redistribute connected\n exit-address-family\n",
    );
    let main = device.vrfs[0].bgp.as_ref().unwrap();
    assert_eq!(main.neighbors[0].ipv4, None);
    let red = device.vrfs[1].bgp.as_ref().unwrap();
    assert_eq!(red.neighbors.len(), 1);
    assert!(red.neighbors[0].ipv4.is_some());
    assert_eq!(red.redistributions.len(), 1);
}

/// Route maps: lists resolved, sequence order, `continue`, what is set.
#[test]
fn route_maps() {
    let device = device(
        "ip prefix-list P seq 20 permit 10.0.0.0/8 ge 16 le 24\nip prefix-list P seq 10 deny 10.1.0.0/16\nip prefix-list P permit 0.0.0.0/0 le 32\nip community-list standard C permit 65001:1 no-export\nip community-list expanded E permit _65001:[0-9]+_\nip as-path access-list 5 permit ^65002(_65003)?$\naccess-list 101 permit ip host 10.1.0.0 host 255.255.0.0\nroute-map M permit 20\n set metric +5\nroute-map M deny 10\n match ip address prefix-list P\n match community C E\n match as-path 5\nroute-map M permit 15\n match ip address 101\n set local-preference 200\n set community 65001:7 additive\n set as-path prepend 65001 65001\n continue\nrouter bgp 65001\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 route-map M in\n neighbor 1.1.1.1 prefix-list P in\n",
    );
    let process = device.vrfs[0].bgp.as_ref().unwrap();
    let session = process.neighbors[0].ipv4.as_ref().unwrap();
    let policies: Vec<_> = session
        .policies_in
        .iter()
        .map(|&id| device.policy(id).unwrap())
        .collect();
    assert_eq!(policies[0].name, "M");
    assert_eq!(policies[1].name, "P");
    let terms = &policies[0].terms;
    let order: Vec<_> = terms
        .iter()
        .map(|term| (term.sequence, term.action))
        .collect();
    assert_eq!(
        order,
        [
            (10, PolicyAction::Deny),
            (15, PolicyAction::ContinueAt(16)),
            (20, PolicyAction::Permit)
        ]
    );
    let [
        RouteMatch::Prefix(prefixes),
        RouteMatch::Community {
            lists,
            exact: false,
        },
        RouteMatch::AsPath(paths),
    ] = terms[0].matches.as_slice()
    else {
        panic!("{:#?}", terms[0].matches);
    };
    let lengths: Vec<_> = prefixes[0]
        .iter()
        .map(|entry| match entry {
            PrefixEntry::Net {
                permit,
                length_min,
                length_max,
                ..
            } => (*permit, *length_min, *length_max),
            PrefixEntry::Wildcard { .. } => panic!("{entry:?}"),
        })
        .collect();
    assert_eq!(lengths, [(false, 16, 16), (true, 16, 24), (true, 0, 32)]);
    assert_eq!(lists.len(), 2);
    assert_eq!(
        lists[1][0].matches,
        CommunityMatch::Regex("(?:^|$|[ ,{}()])65001:[0-9]+(?:^|$|[ ,{}()])".into())
    );
    assert_eq!(paths[0][0].regex, "^65002((?:^|$|[ ,{}()])65003)?$");
    let [RouteMatch::Prefix(lists)] = terms[1].matches.as_slice() else {
        panic!("{:#?}", terms[1].matches);
    };
    let PrefixEntry::Wildcard {
        address,
        length_min,
        length_max,
        ..
    } = &lists[0][0]
    else {
        panic!("{lists:?}");
    };
    let only = Wildcard::new("10.1.0.0".parse().unwrap(), "0.0.0.0".parse().unwrap());
    assert_eq!((*address, *length_min, *length_max), (only, 16, 16));
    assert_eq!(terms[1].sets.len(), 3);
    assert_eq!(terms[2].sets, [RouteSet::Metric(SetMetric::Add(5))]);
}

/// A route map that nothing defines lets nothing pass on a neighbour, and is told.
#[test]
fn undefined_route_maps() {
    let reading = read(
        "router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 route-map NONE in\n redistribute static route-map NONE\n",
    );
    let device = &reading.devices[0];
    assert_eq!(device.policies.len(), 2);
    assert!(device.policies.iter().all(|policy| policy.origin.is_none()));
    let unknown = device
        .policies
        .iter()
        .filter(|policy| !policy.terms.is_empty())
        .count();
    assert_eq!(unknown, 1);
    assert_eq!(findings(&reading).len(), 2);
}

/// Policy routing decides by interface and list; what it does not take follows the routes.
#[test]
fn policy_routing() {
    let device = device(
        "interface GigabitEthernet0/0\n ip policy route-map PBR\ninterface GigabitEthernet0/1\naccess-list 10 permit 10.0.0.0 0.255.255.255\naccess-list 11 permit 192.168.0.0 0.0.255.255\naccess-list 12 permit 172.16.0.0 0.0.255.255\nroute-map PBR deny 10\n match ip address 12\nroute-map PBR permit 20\n match ip address 10\n set ip next-hop 1.1.1.1 2.2.2.2\nroute-map PBR permit 30\n match ip address 11\n set ip default next-hop 3.3.3.3\n set interface Null0\nroute-map PBR permit 40\n match length 1 100\n set ip next-hop 4.4.4.4\n",
    );
    let chain = device.vrfs[0].policy_routing.unwrap();
    let seen = |enters: &str, source: &str| {
        let judge = Judge {
            device: &device,
            enters: device.interface_named(enters),
            leaves: None,
            reflected: Vec::new(),
        };
        judge.chain(chain, &packet(&format!("udp {source}:1 -> 9.9.9.9:9")))
    };
    let port = "GigabitEthernet0/0";
    assert_eq!(seen(port, "172.16.1.1"), "UseFib");
    assert_eq!(
        seen(port, "10.1.1.1"),
        "FirstUsable([Address(1.1.1.1), Address(2.2.2.2)])"
    );
    assert_eq!(seen(port, "192.168.1.1"), "Discard");
    assert_eq!(seen(port, "8.8.8.8"), "unknown");
    assert_eq!(seen("GigabitEthernet0/1", "10.1.1.1"), "end");
}

/// What a map that nothing defines does to packets is unknown, and told.
#[test]
fn undefined_policy_routing() {
    let reading = read("interface GigabitEthernet0/0\n ip policy route-map NONE\n");
    let device = &reading.devices[0];
    let judge = Judge {
        device,
        enters: device.interface_named("GigabitEthernet0/0"),
        leaves: None,
        reflected: Vec::new(),
    };
    let chain = device.vrfs[0].policy_routing.unwrap();
    assert_eq!(
        judge.chain(chain, &packet("udp 1.1.1.1:1 -> 9.9.9.9:9")),
        "unknown"
    );
    assert_eq!(
        findings(&reading),
        ["undefined-reference: route map `NONE` is not defined"]
    );
}

/// EIGRP, IS-IS and RIP are kept for the VRFs they run in.
#[test]
fn unmodelled_protocols() {
    let device = device(
        "ip vrf RED\nrouter eigrp 1\n network 10.0.0.0\n address-family ipv4 vrf RED autonomous-system 2\n  network 10.0.0.0\nrouter rip\n version 2\n",
    );
    let counts: Vec<_> = device
        .vrfs
        .iter()
        .map(|vrf| vrf.unmodelled_protocols.len())
        .collect();
    assert_eq!(counts, [2, 1]);
    assert!(device.unread.is_empty());
}
