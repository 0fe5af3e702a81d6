//! Host files: interfaces, routes, rules, settings.

use super::{action, condition, read_host_text, state_letters};
use networks::model::{Device, DeviceKind, InterfaceKind, NextHop, ReversePath, VrfId};

fn file(rest: &str) -> String {
    format!(
        "{{\n\"hostname\": \"fw\",\n\"hostInterfaces\": {{\n\
         \"eth0\": {{\"prefix\": \"10.0.0.1/24\"}},\n\
         \"eth1\": {{\"prefixes\": [\"192.0.2.2/24\", \"2001:db8::2/64\"], \"gateway\": \"192.0.2.1\"}}}}{rest}\n}}\n"
    )
}

fn routes(device: &Device) -> Vec<String> {
    let hop = |hop: NextHop| match hop {
        NextHop::InterfaceAddress(id, via) => {
            format!("{via} by {}", device.interface(id).unwrap().name)
        }
        NextHop::Interface(id) => device.interface(id).unwrap().name.clone(),
        other => format!("{other:?}"),
    };
    device
        .vrf(VrfId::DEFAULT)
        .unwrap()
        .static_routes
        .iter()
        .map(|route| {
            format!(
                "{} {} {}",
                route.prefix,
                hop(route.next_hop),
                route.priority
            )
        })
        .collect()
}

/// Lines of `ip route` are routes; those of the kernel itself are the connected
/// ones; a line that is not understood makes destinations unknown.
#[test]
fn lines_of_ip_route_are_routes() {
    let reading = read_host_text(
        &file(
            ",\n\"forwarding\": true, \"routes\": [\n\"10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\",\n\
             \"10.8.0.0/16 via 10.0.0.9 dev eth0 proto static metric 50\",\n\
             \"default metric 9 \\\\ nexthop via 10.0.0.7 dev eth0 weight 1 nexthop via 192.0.2.9 dev eth1\",\n\
             \"blackhole 10.0.0.0/8\",\n\"2001:db8:1::/48 via 2001:db8::1 dev eth1 metric 1024 pref medium\",\n\
             \"10.9.0.0/16 via 10.0.0.9 dev eth7\"]",
        ),
        None,
    );
    let device = &reading.reading.devices[0];
    assert_eq!(
        routes(device),
        [
            "0.0.0.0/0 192.0.2.1 by eth1 0",
            "10.8.0.0/16 10.0.0.9 by eth0 50",
            "0.0.0.0/0 10.0.0.7 by eth0 9",
            "0.0.0.0/0 192.0.2.9 by eth1 9",
            "10.0.0.0/8 Discard 0",
            "2001:db8:1::/48 2001:db8::1 by eth1 1024",
        ]
    );
    assert_eq!(device.unread.len(), 1);
    assert_eq!(
        device.unread[0].reason,
        "the device has no interface `eth7`"
    );
    assert_eq!(device.kind, DeviceKind::Router);
    assert_eq!(
        state_letters(&reading.reading.coverage.lines),
        "huuuuuuuuuuXh"
    );
}

/// Lines of `ip rule` are a chain of policy routing.
#[test]
fn lines_of_ip_rule_are_policy_routing() {
    let reading = read_host_text(
        &file(
            ",\n\"forwarding\": true, \"routes\": [\"default via 10.0.0.7 dev eth0 table 30\", \"10.7.0.0/16 via 10.0.0.5 dev eth0\"],\n\
             \"rules\": [\"0: from all lookup local\", \"100: from 10.1.0.0/16 iif eth0 lookup 30\",\n\
             \"50: not from all fwmark 0x10/0xff lookup main suppress_prefixlength 0\",\n\
             \"200: from all to 10.2.0.0/16 ipproto tcp dport 25 prohibit\", \"32766: from all lookup main\"]",
        ),
        None,
    );
    let device = &reading.reading.devices[0];
    assert_eq!(device.unread, []);
    let chain = device.vrfs[0]
        .policy_routing
        .and_then(|id| device.chain(id))
        .unwrap();
    let rules: Vec<_> = chain
        .rules
        .iter()
        .map(|rule| {
            format!(
                "{} -> {}",
                condition(device, &rule.condition),
                action(device, &rule.action)
            )
        })
        .collect();
    insta::assert_snapshot!(rules.join("\n"));
    let shorter = &device.tables[1];
    assert_eq!(shorter.name, "main, longer than /0");
    assert_eq!(shorter.routes.len(), 4);
}

/// Settings of the kernel, and keys that nobody knows.
#[test]
fn settings_and_unknown_keys() {
    let reading = read_host_text(
        &file(
            ",\n\"sysctls\": {\"net.ipv4.conf.all.rp_filter\": 1,\n\"net.ipv4.tcp_syncookies\": 1,\n\
             \"net.ipv4.ip_forward\": \"1\"},\n\"frowarding\": true",
        ),
        None,
    );
    let device = &reading.reading.devices[0];
    assert_eq!(
        device.interfaces[0].reverse_path,
        Some(ReversePath::Strict {
            default_counts: true
        })
    );
    // It has IPv6 addresses too, which the check does not look at.
    assert_eq!(device.interfaces[1].reverse_path, None);
    let codes: Vec<_> = reading
        .reading
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, ["linux-host-file-unknown-key"]);
    assert_eq!(device.unread.len(), 2);
    assert_eq!(state_letters(&reading.reading.coverage.lines), "huuuuunuXh");
}

/// Several interfaces and not a word of forwarding: it cannot be told.
#[test]
fn forwarding_has_to_be_stated() {
    let reading = read_host_text(&file(""), None);
    let codes: Vec<_> = reading
        .reading
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, ["linux-forwarding-unstated"]);
    assert_eq!(reading.reading.devices[0].unread.len(), 1);
}

/// A tagged part of another interface, one that is off, a rule set that is missing.
#[test]
fn interfaces_of_every_kind() {
    let reading = read_host_text(
        "{\"iptablesFile\": \"iptables/x\", \"forwarding\": false, \"hostInterfaces\": {\"eth0\": {\"shutdown\": true, \"mtu\": 9000},\n\
         \"v\": {\"name\": \"eth0.7\", \"parent\": \"eth0\", \"vlan\": 7, \"prefix\": \"10.7.0.1/24\"}, \"lo\": {}}}",
        None,
    );
    let device = &reading.reading.devices[0];
    assert_eq!(
        (device.name.as_str(), device.kind),
        ("fw", DeviceKind::Host)
    );
    let eth0 = device.interface_named("eth0").unwrap();
    let tagged = &device.interfaces[device.interface_named("eth0.7").unwrap().index()];
    assert_eq!(
        tagged.kind,
        InterfaceKind::Subinterface {
            parent: eth0,
            vlan: Some(7)
        }
    );
    assert!(!device.interfaces[eth0.index()].enabled);
    assert_eq!(
        device.interfaces[device.interface_named("lo").unwrap().index()].kind,
        InterfaceKind::Loopback
    );
    assert_eq!(
        device.unread[0].reason,
        "the rule set `iptables/x` was not given"
    );
}
