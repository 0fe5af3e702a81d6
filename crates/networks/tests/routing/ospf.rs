//! OSPF: areas, externals, and what keeps neighbours apart.

use crate::support::{
    codes, interface, network, ospf_area, ospf_on, redistribute, rib, router, start_ospf,
    static_route, via,
};
use networks::control::compute;
use networks::model::{
    Device, InterfaceId, NextHop, OspfAreaKind, OspfDefault, OspfMetricType, OspfNetworkType,
    OspfRange, RouteSource,
};

/// A router of process `1` with these interfaces: name, address, area, cost.
fn ospf_router(name: &str, router_id: &str, ports: &[(&str, &str, u32, u32)]) -> Device {
    let mut device = router(name);
    start_ospf(&mut device, router_id);
    for (port, address, area, cost) in ports {
        let id = interface(&mut device, port, &[address]);
        ospf_on(&mut device, id, *area, *cost);
    }
    device
}

fn check(devices: Vec<Device>, device: &str, expected: &str) -> Vec<&'static str> {
    let network = network(devices);
    let routing = compute(&network);
    assert_eq!(rib(&network, &routing, device), expected);
    codes(&routing)
}

/// Three routers in a row: left (area 1), middle (border), right (backbone).
fn row() -> [Device; 3] {
    [
        ospf_router(
            "left",
            "1.1.1.1",
            &[("e0", "10.0.1.1/24", 1, 10), ("lo0", "1.1.1.1/32", 1, 1)],
        ),
        ospf_router(
            "middle",
            "2.2.2.2",
            &[("e0", "10.0.1.2/24", 1, 10), ("e1", "10.0.2.2/24", 0, 5)],
        ),
        ospf_router(
            "right",
            "3.3.3.3",
            &[("e0", "10.0.2.3/24", 0, 5), ("lo0", "3.3.3.3/32", 0, 1)],
        ),
    ]
}

/// A border router carries the prefixes of one area into the other.
#[test]
fn routes_pass_between_areas() {
    check(
        row().into(),
        "left",
        "3.3.3.3/32 OspfInter e0 10.0.1.2 [110/16]\n10.0.2.0/24 OspfInter e0 10.0.1.2 [110/15]",
    );
    check(
        row().into(),
        "right",
        "1.1.1.1/32 OspfInter e0 10.0.2.2 [110/16]\n10.0.1.0/24 OspfInter e0 10.0.2.2 [110/15]",
    );
}

/// A range hides what is under it and leaves a discard route at the border.
#[test]
fn ranges_summarise() {
    let mut devices = row();
    ospf_area(&mut devices[1], 1, OspfAreaKind::Normal);
    devices[1].vrfs[0].ospf[0].areas[0].ranges.push(OspfRange {
        prefix: "10.0.0.0/23".parse().unwrap(),
        advertise: true,
        cost: None,
        origin: crate::support::line(1),
    });
    check(
        devices.clone().into(),
        "right",
        "1.1.1.1/32 OspfInter e0 10.0.2.2 [110/16]\n10.0.0.0/23 OspfInter e0 10.0.2.2 [110/15]",
    );
    check(
        devices.into(),
        "middle",
        "1.1.1.1/32 OspfIntra e0 10.0.1.1 [110/11]\n\
         3.3.3.3/32 OspfIntra e1 10.0.2.3 [110/6]\n\
         10.0.0.0/23 OspfDiscard discard [110/10]",
    );
}

/// External routes reach normal areas by their type, and no stub area.
#[test]
fn externals_by_type_and_area() {
    let with_static = |metric_type| {
        let mut devices = row();
        let id = interface(&mut devices[2], "e9", &["172.16.0.1/24"]);
        devices[2].vrfs[0].static_routes =
            vec![static_route("192.168.0.0/16", NextHop::Interface(id))];
        let mut redistribution = redistribute(RouteSource::Static);
        redistribution.metric_type = metric_type;
        devices[2].vrfs[0].ospf[0].redistributions = vec![redistribution];
        devices
    };
    let inter =
        "3.3.3.3/32 OspfInter e0 10.0.1.2 [110/16]\n10.0.2.0/24 OspfInter e0 10.0.1.2 [110/15]";
    check(
        with_static(OspfMetricType::External2).into(),
        "left",
        &format!("{inter}\n192.168.0.0/16 OspfExternal2 e0 10.0.1.2 [110/20]"),
    );
    check(
        with_static(OspfMetricType::External1).into(),
        "left",
        &format!("{inter}\n192.168.0.0/16 OspfExternal1 e0 10.0.1.2 [110/35]"),
    );
    let mut stub = with_static(OspfMetricType::External2);
    for device in &mut stub[..2] {
        let kind = OspfAreaKind::Stub {
            no_summary: false,
            default_cost: 1,
        };
        ospf_area(device, 1, kind);
    }
    check(
        stub.into(),
        "left",
        &format!("0.0.0.0/0 OspfInter e0 10.0.1.2 [110/11]\n{inter}"),
    );
}

/// A not-so-stubby area's own externals are translated at its border.
#[test]
fn nssa_externals_are_translated() {
    let mut devices = row();
    for device in &mut devices[..2] {
        let kind = OspfAreaKind::Nssa {
            no_summary: true,
            default_originate: false,
            default_cost: 7,
        };
        ospf_area(device, 1, kind);
    }
    let id = interface(&mut devices[0], "e9", &["172.16.0.1/24"]);
    devices[0].vrfs[0].static_routes = vec![static_route("192.168.0.0/16", NextHop::Interface(id))];
    devices[0].vrfs[0].ospf[0].redistributions = vec![redistribute(RouteSource::Static)];
    check(
        devices.clone().into(),
        "left",
        "0.0.0.0/0 OspfInter e0 10.0.1.2 [110/17]\n192.168.0.0/16 Static Interface(InterfaceId(2)) [1/0]",
    );
    check(
        devices.clone().into(),
        "middle",
        "1.1.1.1/32 OspfIntra e0 10.0.1.1 [110/11]\n\
         3.3.3.3/32 OspfIntra e1 10.0.2.3 [110/6]\n\
         192.168.0.0/16 OspfNssa2 e0 10.0.1.1 [110/20]",
    );
    check(
        devices.into(),
        "right",
        "1.1.1.1/32 OspfInter e0 10.0.2.2 [110/16]\n\
         10.0.1.0/24 OspfInter e0 10.0.2.2 [110/15]\n\
         192.168.0.0/16 OspfExternal2 e0 10.0.2.2 [110/20]",
    );
}

/// `redistribute` without `subnets` takes whole class networks alone.
#[test]
fn subnets_rule() {
    let mut devices = row();
    let id = interface(&mut devices[2], "e9", &["172.30.0.1/24"]);
    devices[2].vrfs[0].static_routes = vec![
        static_route("172.16.0.0/16", NextHop::Interface(id)),
        static_route("172.17.1.0/24", NextHop::Interface(id)),
    ];
    let mut redistribution = redistribute(RouteSource::Static);
    redistribution.subnets = false;
    devices[2].vrfs[0].ospf[0].redistributions = vec![redistribution];
    check(
        devices.into(),
        "middle",
        "1.1.1.1/32 OspfIntra e0 10.0.1.1 [110/11]\n\
         3.3.3.3/32 OspfIntra e1 10.0.2.3 [110/6]\n\
         172.16.0.0/16 OspfExternal2 e1 10.0.2.3 [110/20]",
    );
}

/// A default is announced where the router has one, or always.
#[test]
fn default_information() {
    let with_default = |always, has| {
        let mut devices = row();
        devices[2].vrfs[0].ospf[0].default_originate = Some(OspfDefault {
            always,
            metric: 1,
            metric_type: OspfMetricType::External2,
            policy: None,
            origin: crate::support::line(1),
        });
        if has {
            devices[2].vrfs[0].static_routes = vec![static_route("0.0.0.0/0", NextHop::Discard)];
        }
        devices
    };
    let inner =
        "1.1.1.1/32 OspfIntra e0 10.0.1.1 [110/11]\n3.3.3.3/32 OspfIntra e1 10.0.2.3 [110/6]";
    let default = format!("0.0.0.0/0 OspfExternal2 e1 10.0.2.3 [110/1]\n{inner}");
    check(with_default(false, false).into(), "middle", inner);
    check(with_default(true, false).into(), "middle", &default);
    check(with_default(false, true).into(), "middle", &default);
}

/// Each setting that neighbours must agree on keeps them apart and is a finding.
#[test]
fn mismatches_are_findings() {
    let changes: [fn(&mut Device); 7] = [
        |device| port(device).hello_interval_s = 30,
        |device| port(device).dead_interval_s = 120,
        |device| port(device).authentication = Some("md5 1 digest".into()),
        |device| port(device).network_type = Some(OspfNetworkType::PointToPoint),
        |device| port(device).area = 7,
        |device| device.interfaces[0].mtu = Some(9000),
        |device| device.vrfs[0].ospf[0].router_id = Some("2.2.2.2".parse().unwrap()),
    ];
    for change in changes {
        let mut devices = row();
        change(&mut devices[2]);
        let found = check(
            devices.into(),
            "middle",
            "1.1.1.1/32 OspfIntra e0 10.0.1.1 [110/11]",
        );
        assert_eq!(found, ["ospf-neighbour-mismatch"]);
    }
}

fn port(device: &mut Device) -> &mut networks::model::OspfInterface {
    device.interfaces[0].ospf.as_mut().unwrap()
}

/// A passive interface announces its prefix and has no neighbours; that is no finding.
#[test]
fn passive_interfaces_are_silent() {
    let mut devices = row();
    port(&mut devices[2]).passive = true;
    let found = check(
        devices.into(),
        "middle",
        "1.1.1.1/32 OspfIntra e0 10.0.1.1 [110/11]",
    );
    assert_eq!(found, Vec::<&str>::new());
}

/// A difference in MTU is no obstacle where the router with the smaller ignores it.
#[test]
fn mtu_ignore() {
    let mut devices = row();
    devices[2].interfaces[0].mtu = Some(9000);
    devices[1].interfaces[1].ospf.as_mut().unwrap().mtu_ignore = true;
    let found = check(
        devices.into(),
        "right",
        "1.1.1.1/32 OspfInter e0 10.0.2.2 [110/16]\n10.0.1.0/24 OspfInter e0 10.0.2.2 [110/15]",
    );
    assert_eq!(found, Vec::<&str>::new());
}

/// A router that announces the greatest metric is used only for its own prefixes.
#[test]
fn max_metric_keeps_traffic_away() {
    let ring = |max| {
        let mut devices = vec![
            ospf_router(
                "a",
                "1.1.1.1",
                &[("e0", "10.0.1.1/24", 0, 1), ("e1", "10.0.4.1/24", 0, 1)],
            ),
            ospf_router(
                "b",
                "2.2.2.2",
                &[("e0", "10.0.1.2/24", 0, 1), ("e1", "10.0.2.2/24", 0, 1)],
            ),
            ospf_router(
                "c",
                "3.3.3.3",
                &[
                    ("e0", "10.0.2.3/24", 0, 1),
                    ("e1", "10.0.3.3/24", 0, 1),
                    ("lo0", "3.3.3.3/32", 0, 1),
                ],
            ),
            ospf_router(
                "d",
                "4.4.4.4",
                &[("e0", "10.0.3.4/24", 0, 1), ("e1", "10.0.4.4/24", 0, 1)],
            ),
        ];
        devices[1].vrfs[0].ospf[0].max_metric = max;
        devices
    };
    let others =
        "10.0.2.0/24 OspfIntra e0 10.0.1.2 [110/2]\n10.0.3.0/24 OspfIntra e1 10.0.4.4 [110/2]";
    check(
        ring(false),
        "a",
        &format!(
            "3.3.3.3/32 OspfIntra e0 10.0.1.2 [110/3]\n3.3.3.3/32 OspfIntra e1 10.0.4.4 [110/3]\n{others}"
        ),
    );
    check(
        ring(true),
        "a",
        "3.3.3.3/32 OspfIntra e1 10.0.4.4 [110/3]\n\
         10.0.2.0/24 OspfIntra e1 10.0.4.4 [110/3]\n\
         10.0.3.0/24 OspfIntra e1 10.0.4.4 [110/2]",
    );
}

/// A virtual link joins an area that does not touch the backbone.
#[test]
fn virtual_links_carry_the_backbone() {
    // backbone - (area 0) - near - (area 1) - far - (area 2)
    let mut devices = vec![
        ospf_router(
            "core",
            "9.9.9.9",
            &[("e0", "10.0.0.9/24", 0, 1), ("lo0", "9.9.9.9/32", 0, 1)],
        ),
        ospf_router(
            "near",
            "1.1.1.1",
            &[("e0", "10.0.0.1/24", 0, 1), ("e1", "10.0.1.1/24", 1, 1)],
        ),
        ospf_router(
            "far",
            "2.2.2.2",
            &[("e0", "10.0.1.2/24", 1, 1), ("e1", "10.0.2.2/24", 2, 1)],
        ),
    ];
    check(
        devices.clone(),
        "core",
        "10.0.1.0/24 OspfInter e0 10.0.0.1 [110/2]",
    );
    for (device, other) in [(1, "2.2.2.2"), (2, "1.1.1.1")] {
        ospf_area(&mut devices[device], 1, OspfAreaKind::Normal);
        devices[device].vrfs[0].ospf[0].areas[0].virtual_links = vec![other.parse().unwrap()];
    }
    check(
        devices.clone(),
        "core",
        "10.0.1.0/24 OspfInter e0 10.0.0.1 [110/2]\n10.0.2.0/24 OspfInter e0 10.0.0.1 [110/3]",
    );
    check(
        devices,
        "far",
        "9.9.9.9/32 OspfIntra e0 10.0.1.1 [110/3]\n10.0.0.0/24 OspfIntra e0 10.0.1.1 [110/2]",
    );
}

/// A static route towards a router on a shared OSPF network is announced with
/// that router as forwarding address, so packets do not make a detour.
#[test]
fn forwarding_addresses_avoid_detours() {
    let mut devices = vec![
        ospf_router("asbr", "1.1.1.1", &[("e0", "10.0.0.1/24", 0, 1)]),
        ospf_router("other", "2.2.2.2", &[("e0", "10.0.0.2/24", 0, 1)]),
    ];
    devices[0].vrfs[0].static_routes = vec![static_route("192.168.0.0/16", via("10.0.0.7"))];
    devices[0].vrfs[0].ospf[0].redistributions = vec![redistribute(RouteSource::Static)];
    check(
        devices,
        "other",
        "192.168.0.0/16 OspfExternal2 e0 10.0.0.7 [110/20]",
    );
}

/// Interfaces that are down take no part.
#[test]
fn interfaces_that_are_down_take_no_part() {
    let mut devices = row();
    devices[1].interfaces[InterfaceId(1).index()].enabled = false;
    check(devices.into(), "right", "");
}
