use crate::support::{folder, load, show, show_error, show_findings, today, two_networks};
use networks::model::{Action, NextHop};

/// Loads the region with texts replaced and prints its findings.
fn findings(changes: &[(&str, &str, &str)]) -> String {
    let folder = two_networks(changes);
    let snapshot = load(folder.path());
    show_findings(&snapshot.sources, &snapshot.findings)
}

/// Devices, owners, the cloud and the links that only declarations make.
#[test]
fn two_networks_and_a_cloud() {
    let folder = two_networks(&[]);
    insta::assert_snapshot!(show(&load(folder.path())), @"
    county-fw (county, county-council, LinuxHost)
    downs-edge (downs, downs-hospital, LinuxHost)
    records (downs, downs-hospital, LinuxHost)
    carrier/mpls (carrier, downs-hospital, assumed)
    link: county-fw wan - carrier/mpls county
    link: county-fw lan
    link: downs-edge eth0 - carrier/mpls downs
    link: downs-edge eth1
    link: downs-edge eth2
    link: downs-edge eth3 - records eth0
    external: internet at downs-edge
    observed: networks/downs/observed/downs-edge_ip-route.txt of downs-edge
    ");
}

/// The cloud forwards what it carries to those attached, and says so by the lines.
#[test]
fn cloud_forwards_what_it_carries() {
    let folder = two_networks(&[]);
    let snapshot = load(folder.path());
    let id = snapshot.device_named(None, "carrier/mpls").unwrap();
    let (cloud, info) = snapshot.device(id).unwrap();
    assert!(info.assumed.as_ref().unwrap().in_force);
    assert!(cloud.hooks.is_empty() && cloud.unread.is_empty());
    let routes = cloud.vrfs[0].static_routes.iter().map(|route| {
        let NextHop::InterfaceAddress(interface, gateway) = route.next_hop else {
            panic!("{route:?}");
        };
        let interface = &cloud.interface(interface).unwrap().name;
        let line = snapshot.sources.location(route.origin).unwrap();
        format!("{} by {interface} to {gateway}: {line}", route.prefix)
    });
    insta::assert_snapshot!(routes.collect::<Vec<_>>().join("\n"), @"
    10.40.0.0/13 by downs to 172.31.0.2: networks/carrier/network.yaml:12:49
    10.96.0.0/14 by county to 172.31.0.6: networks/carrier/network.yaml:13:50
    ");
    let bgp = cloud.vrfs[0].bgp.as_ref().unwrap();
    assert_eq!(bgp.neighbors.len(), 1, "one attachment speaks BGP");
    assert_eq!(bgp.neighbors[0].remote_as, [65020]);
}

/// What crosses a cloud whose assumption has expired, or of which nobody knows
/// whether it filters, is unknown by that line.
#[test]
fn doubtful_clouds() {
    let path = "networks/carrier/network.yaml";
    for (old, new, line) in [
        ("until: 2027-01-01", "until: 2026-11-22", 7),
        ("since: 2026-01-01", "since: 2026-12-01", 7),
        ("filters: nothing", "filters: unknown", 9),
    ] {
        let folder = two_networks(&[(path, old, new)]);
        let snapshot = load(folder.path());
        let id = snapshot.device_named(None, "carrier/mpls").unwrap();
        let (cloud, _) = snapshot.device(id).unwrap();
        let chain = cloud.chain(cloud.hooks[0].chain).unwrap();
        let Action::Unknown(unknown) = &chain.rules[0].action else {
            panic!("{chain:?}");
        };
        assert_eq!(
            snapshot.sources.location(unknown.origin).unwrap().line,
            line,
            "{new}"
        );
    }
}

/// Declared names that no configuration has are found, each at its place.
#[test]
fn names_that_no_configuration_has() {
    insta::assert_snapshot!(findings(&[
        ("networks/downs/network.yaml", "interface: eth0", "interface: eth9"),
        ("networks/county/network.yaml", "county-fw", "county-fv"),
        ("sites/county-hall.yaml", "interface: lan", "interface: lam"),
    ]), @"
    error[region-reference-dangling] networks/county/network.yaml:6:21 there is no device `county-fv` in `county`
      owner: county-council; hint: did you mean `county-fw`?
    error[region-reference-dangling] networks/downs/network.yaml:6:44 `downs-edge` has no interface `eth9`
      owner: downs-hospital; hint: did you mean `eth0`?
    error[region-reference-dangling] sites/county-hall.yaml:6:57 `county-fw` has no interface `lam`
      owner: county-council; hint: did you mean `lan`?
    warning[cloud-without-gateway] networks/carrier/network.yaml:12:49 the cloud carries 10.40.0.0/13 to `downs`, where no interface with an address of its subnet is attached
      owner: downs-hospital; hint: declare the boundary link to the attachment, or write its `gateway`
    warning[cloud-without-gateway] networks/carrier/network.yaml:13:50 the cloud carries 10.96.0.0/14 to `county`, where no interface with an address of its subnet is attached
      owner: downs-hospital; hint: declare the boundary link to the attachment, or write its `gateway`
    ");
}

/// An interface that is declared and shut down joins nothing.
#[test]
fn declared_interface_down() {
    insta::assert_snapshot!(findings(&[(
        "networks/county/hosts/county-fw.json",
        "\"prefix\": \"172.31.0.6/30\"",
        "\"prefix\": \"172.31.0.6/30\", \"shutdown\": true",
    )]), @"
    warning[cloud-without-gateway] networks/carrier/network.yaml:13:50 the cloud carries 10.96.0.0/14 to `county`, where no interface with an address of its subnet is attached
      owner: downs-hospital; hint: declare the boundary link to the attachment, or write its `gateway`
    warning[declared-interface-down] networks/county/network.yaml:6:43 `wan` of `county-fw` is shut down
      because: the interface networks/county/hosts/county-fw.json:5:12
      owner: county-council; hint: turn the interface on, or remove what names it
    ");
}

/// Devices of two networks may share a name; their networks tell them apart.
#[test]
fn one_name_in_two_networks() {
    let folder = two_networks(&[
        (
            "networks/county/hosts/county-fw.json",
            "county-fw",
            "downs-edge",
        ),
        ("networks/county/network.yaml", "county-fw", "downs-edge"),
        ("sites/county-hall.yaml", "county-fw", "downs-edge"),
    ]);
    let snapshot = load(folder.path());
    let mut names: Vec<_> = snapshot
        .network
        .devices
        .iter()
        .map(|device| device.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "carrier/mpls",
            "county/downs-edge",
            "downs/downs-edge",
            "records"
        ]
    );
    assert_eq!(snapshot.findings, []);
}

/// Files of a region that cannot be read end the loading, all told at once.
#[test]
fn unreadable_region() {
    let folder = two_networks(&[
        ("region.yaml", "footprints:", "footprint:"),
        ("sites/county-hall.yaml", "tenants:", "network: x\ntenants:"),
    ]);
    std::fs::write(
        folder.path().join("sites/County Hall.yaml"),
        "network: county\n",
    )
    .unwrap();
    let error = snapshots::load(folder.path(), today()).unwrap_err();
    insta::assert_snapshot!(show_error(&error, folder.path()), @"
    [region-unreadable] 3 problems in the region's files
    error[region-key-unknown] region.yaml:3:1 the key `footprint` means nothing here
      owner: nobody; hint: did you mean `footprints`?
    error[region-file-name] sites/County Hall.yaml:1:1 the path of this file names nothing: `County Hall` is not a name: names are of lower-case letters, digits and inner hyphens
      owner: nobody; hint: rename the file or folder
    error[region-key-duplicate] sites/county-hall.yaml:2:1 the key `network` stands here twice
      because: it stands here first sites/county-hall.yaml:1:1
      owner: nobody; hint: remove one of the two
      hint: the files are described in `docs/reference/region-files.md`; `seen schema` prints their JSON Schemas
    ");
}

/// A file with another ending than the region's files have is not passed over in silence.
#[test]
fn misnamed_files() {
    let folder = two_networks(&[]);
    let from = folder.path().join("agreements/discharge.yaml");
    std::fs::rename(from, folder.path().join("agreements/discharge.yml")).unwrap();
    let snapshot = load(folder.path());
    insta::assert_snapshot!(show_findings(&snapshot.sources, &snapshot.findings), @"
    warning[file-ignored]  `agreements/discharge.yml` is not read
      owner: nobody; hint: the files of a region end in `.yaml` and stand directly in their folder
    ");
}

/// A region may have no configurations yet.
#[test]
fn region_without_configurations() {
    let folder = folder(&[("region.yaml", "name: south-east\n")]);
    assert_eq!(show(&load(folder.path())), "");
}
