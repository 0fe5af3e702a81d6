use crate::support::{data, folder, load, show};
use dialects::detect::Language;
use networks::model::Touches;
use std::fs;

const HOST: &str =
    r#"{"hostname": "a", "hostInterfaces": {"eth0": {"name": "eth0", "prefix": "10.0.0.1/24"}}}"#;
const OTHER: &str =
    r#"{"hostname": "b", "hostInterfaces": {"eth0": {"name": "eth0", "prefix": "10.0.0.2/24"}}}"#;
const RULES: &str =
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/// Devices of one subnet are joined wherever their files stand.
#[test]
fn layouts() {
    for files in [
        &[("hosts/a.json", HOST), ("hosts/b.json", OTHER)][..],
        &[("live/hosts/a.json", HOST), ("live/hosts/b.json", OTHER)],
        &[
            ("networks/x/hosts/a.json", HOST),
            ("networks/y/hosts/b.json", OTHER),
        ],
        &[("a.json", HOST), ("b.json", OTHER)],
    ] {
        let folder = folder(files);
        let shown = show(&load(folder.path()));
        assert!(
            shown.contains("link: a eth0 - b eth0"),
            "{files:?}\n{shown}"
        );
    }
}

/// A cabling plan narrows what equal subnets say.
#[test]
fn cabling() {
    let host = |name: &str, at: u8| {
        let host = HOST.replace("\"a\"", &format!("\"{name}\""));
        host.replace("10.0.0.1", &format!("10.0.0.{at}"))
    };
    let plan = r#"{"edges": [
        {"node1": {"hostname": "A", "interfaceName": "eth0"}, "node2": {"hostname": "c", "interfaceName": "eth0"}},
        {"node1": {"hostname": "b", "interfaceName": "Eth0"}, "node2": {"hostname": "d", "interfaceName": "eth0"}}
    ]}"#;
    let folder = folder(&[
        ("hosts/a.json", &host("a", 1)),
        ("hosts/b.json", &host("b", 2)),
        ("hosts/c.json", &host("c", 3)),
        ("hosts/d.json", &host("d", 4)),
        ("layer1_topology.json", plan),
    ]);
    let shown = show(&load(folder.path()));
    let links: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("link:"))
        .collect();
    assert_eq!(links, ["link: a eth0 - c eth0", "link: b eth0 - d eth0"]);
}

/// Rule sets are found where the host file says, and only there.
#[test]
fn rule_sets() {
    let host = HOST.replace(
        "\"hostname\"",
        "\"iptablesFile\": \"iptables/a.rules\", \"hostname\"",
    );
    let folder = folder(&[
        ("hosts/a.json", host.as_str()),
        ("iptables/a.rules", RULES),
        ("iptables/old.rules", RULES),
    ]);
    let snapshot = load(folder.path());
    assert!(!snapshot.network.devices[0].chains.is_empty());
    assert_eq!(snapshot.coverage.len(), 2);
    insta::assert_snapshot!(show(&snapshot), @"
    a (-, -, LinuxHost)
    link: a eth0
    note[file-ignored]  `iptables/old.rules` is not read: nothing names it
      owner: nobody; hint: none
    ");
}

/// A configuration in another language is a device of which nothing is known.
#[test]
fn languages_that_are_not_read() {
    let folder = folder(&[
        (
            "configs/j.cfg",
            "set system host-name j\nset interfaces ge-0/0/0 unit 0\n",
        ),
        ("configs/x.cfg", "lorem ipsum\n"),
        ("configs/README.md", "what this is\n"),
    ]);
    let snapshot = load(folder.path());
    for device in &snapshot.network.devices {
        assert_eq!(device.unread[0].touches, Touches::Device);
    }
    insta::assert_snapshot!(show(&snapshot), @r#"
    j (-, -, NotSupported("Juniper Junos"))
    x (-, -, Unknown)
    warning[configuration-language-not-supported] configs/j.cfg:1:1 `j` is configured in the language of Juniper Junos, which is not read yet
      owner: nobody; hint: what crosses the device is unknown
    warning[configuration-language-unknown] configs/x.cfg:1:1 nothing tells in which language `x` is configured
      owner: nobody; hint: what crosses the device is unknown
    "#);
}

/// In a folder without a layout, texts that are no configurations are told and left out.
#[test]
fn other_texts_beside_configurations() {
    let folder = folder(&[
        ("fw.rules", RULES),
        ("notes.txt", "buy milk\n"),
        ("table.json", "[]"),
        ("picture.png", ""),
    ]);
    insta::assert_snapshot!(show(&load(folder.path())), @"
    fw (-, -, LinuxRules)
    note[file-ignored] notes.txt:1:1 `notes.txt` is not taken for a configuration
      owner: nobody; hint: if it is one, put it into a folder `configs/`
    note[file-ignored] table.json:1:1 `table.json` is not taken for a configuration
      owner: nobody; hint: if it is one, put it into a folder `configs/`
    ");
}

/// A path to one file loads that file.
#[test]
fn one_file() {
    let folder = folder(&[("fw.rules", RULES), ("other.rules", RULES)]);
    let snapshot = load(&folder.path().join("fw.rules"));
    assert_eq!(snapshot.network.devices.len(), 1);
    assert_eq!(snapshot.devices[0].language, Some(Language::LinuxRules));
}

/// Every real folder loads, whatever it holds.
#[test]
fn real_folders() {
    for (path, devices) in [("batfish-example", 15), ("stanford", 16), ("iptables", 5)] {
        if let Some(path) = data(path) {
            let snapshot = load(&path);
            assert_eq!(
                snapshot.network.devices.len(),
                devices,
                "{}",
                show(&snapshot)
            );
        }
    }
    let Some(labs) = data("lab-validation") else {
        return;
    };
    for lab in fs::read_dir(labs).unwrap() {
        let lab = lab.unwrap().path();
        if !lab.is_dir() {
            continue;
        }
        let configs = fs::read_dir(lab.join("configs")).unwrap().count();
        let hosts = fs::read_dir(lab.join("hosts")).map_or(0, Iterator::count);
        let snapshot = load(&lab);
        assert_eq!(
            snapshot.network.devices.len(),
            configs + hosts,
            "{}",
            lab.display()
        );
    }
}

/// Observed tables go to the device whose name their file has.
#[test]
fn observed_tables() {
    let Some(path) = data("stanford") else { return };
    let snapshot = load(&path);
    assert_eq!(snapshot.observed.len(), 12);
    assert!(snapshot.observed.iter().all(|file| file.device.is_some()));
    assert!(
        snapshot
            .observed
            .iter()
            .all(|file| file.tables[0].routes.len() > 1000)
    );
}

/// A table that cannot be used is told, and why.
#[test]
fn unusable_observed_tables() {
    let folder = folder(&[
        ("hosts/a.json", HOST),
        ("observed/a_ip-route.txt", "default via 10.0.0.9 dev eth0\n"),
        ("observed/a_again.txt", "default via 10.0.0.8 dev eth0\n"),
        ("observed/a_notes.txt", "nothing to see\n"),
        ("observed/b_ip-route.txt", "default via 10.0.0.9 dev eth0\n"),
    ]);
    insta::assert_snapshot!(show(&load(folder.path())), @"
    a (-, -, LinuxHost)
    link: a eth0
    observed: observed/a_again.txt of a
    observed: observed/a_ip-route.txt of a
    observed: observed/a_notes.txt of a
    observed: observed/b_ip-route.txt of nobody
    warning[observed-table-unused] observed/a_ip-route.txt:1:1 `observed/a_ip-route.txt` has a second table of one VRF of the device
      owner: nobody; hint: keep the one that is right
    warning[observed-table-unused] observed/a_notes.txt:1:1 `observed/a_notes.txt` is in no format of routing tables that is read
      owner: nobody; hint: read are: show ip route, show ip cef, get router info routing-table all, ip route, FRR's JSON
    warning[observed-table-unused] observed/b_ip-route.txt:1:1 `observed/b_ip-route.txt` is of no device
      owner: nobody; hint: begin its name with the name of the device
    ");
}

/// Loading gives the same snapshot every time, on however many cores.
#[test]
fn loading_is_deterministic() {
    let Some(path) = data("batfish-example") else {
        return;
    };
    let first = show(&load(&path));
    for _ in 0..3 {
        assert_eq!(show(&load(&path)), first);
    }
}
