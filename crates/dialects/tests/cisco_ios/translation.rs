//! Translation and stateful filters.

use super::support::{device, packet, through};
use networks::model::Stage;

const NAT: &str = "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip nat inside\n ip access-group IN in\ninterface GigabitEthernet0/1\n ip address 203.0.113.1 255.255.255.0\n ip nat outside\n ip access-group OUT out\nip access-list extended IN\n permit ip 10.0.0.0 0.255.255.255 any\nip access-list extended OUT\n permit ip any any\naccess-list 1 permit 10.0.0.0 0.0.0.255\nip nat inside source static 10.0.0.5 203.0.113.5\nip nat inside source static tcp 10.0.0.6 80 203.0.113.6 8080 extendable\nip nat inside source list 1 interface GigabitEthernet0/1 overload\n";

fn out(text: &str, case: &str) -> Vec<String> {
    through(
        &device(text),
        Stage::Egress,
        "GigabitEthernet0/0",
        "GigabitEthernet0/1",
        &[],
        &packet(case),
    )
}

fn back(text: &str, case: &str) -> Vec<String> {
    through(
        &device(text),
        Stage::Ingress,
        "GigabitEthernet0/1",
        "",
        &[],
        &packet(case),
    )
}

/// From inside to outside: translation after routing, before the output list.
#[test]
fn inside_to_outside() {
    assert_eq!(
        out(NAT, "udp 10.0.0.5:1 -> 9.9.9.9:9"),
        [
            "source Prefix { from: 10.0.0.5/32, to: 203.0.113.5/32 }",
            "accept"
        ]
    );
    assert_eq!(
        out(NAT, "udp 10.0.0.9:1 -> 9.9.9.9:9"),
        [
            "source Pool([(203.0.113.1, 203.0.113.1)]), source port OneOf(Ports([1..=65535]))",
            "accept"
        ]
    );
    assert_eq!(
        out(NAT, "tcp 10.0.0.6:80 -> 9.9.9.9:9 ack"),
        [
            "source Prefix { from: 10.0.0.6/32, to: 203.0.113.6/32 }, source port OneOf(Ports([8080..=8080]))",
            "accept"
        ]
    );
    assert_eq!(out(NAT, "udp 10.9.0.9:1 -> 9.9.9.9:9"), ["end", "accept"]);
}

/// From outside to inside: static rules alone open, before routing.
#[test]
fn outside_to_inside() {
    assert_eq!(
        back(NAT, "tcp 9.9.9.9:9 -> 203.0.113.6:8080 syn"),
        [
            "destination Prefix { from: 203.0.113.6/32, to: 10.0.0.6/32 }, destination port OneOf(Ports([80..=80]))"
        ]
    );
    assert_eq!(back(NAT, "tcp 9.9.9.9:9 -> 203.0.113.6:81 syn"), ["end"]);
}

/// The device answers ARP for translated addresses of its subnets.
#[test]
fn translated_addresses_are_answered_for() {
    let device = device(NAT);
    let outside = &device.interfaces[1];
    let answers = |text: &str| outside.answers_for(text.parse().unwrap(), |_| false);
    assert!(answers("203.0.113.5") && answers("203.0.113.6"));
    assert!(!answers("203.0.113.7"));
}

/// Of two dynamic rules that both match it cannot be told which one translates.
#[test]
fn overlapping_dynamic_rules_are_unknown() {
    let text = format!(
        "{NAT}access-list 2 permit 10.0.0.0 0.0.0.15\nip nat pool P 203.0.113.50 203.0.113.60 netmask 255.255.255.0\nip nat inside source list 2 pool P\n"
    );
    assert_eq!(out(&text, "udp 10.0.0.9:1 -> 9.9.9.9:9"), ["unknown"]);
    assert_ne!(out(&text, "udp 10.0.0.99:1 -> 9.9.9.9:9"), ["unknown"]);
}

/// Twice NAT: destinations and sources are translated one after the other.
#[test]
fn outside_source_translation() {
    let text = format!("{NAT}ip nat outside source static 9.9.9.9 10.9.9.9 add-route\n");
    let found = out(&text, "udp 10.0.0.5:1 -> 10.9.9.9:9");
    assert_eq!(
        found[0],
        "destination Prefix { from: 10.9.9.9/32, to: 9.9.9.9/32 }"
    );
    assert_eq!(
        found[1],
        "source Prefix { from: 10.0.0.5/32, to: 203.0.113.5/32 }"
    );
    assert_eq!(
        back(&text, "udp 9.9.9.9:9 -> 203.0.113.77:1"),
        ["end", "source Prefix { from: 9.9.9.9/32, to: 10.9.9.9/32 }"]
    );
    assert_eq!(device(&text).vrfs[0].static_routes.len(), 1);
}

const ZONES: &str = "zone security IN\nzone security OUT\nclass-map type inspect match-any WEB\n match protocol http\n match access-group name DNS\nip access-list extended DNS\n permit udp any any eq domain\npolicy-map type inspect P\n class type inspect WEB\n  inspect\n class class-default\n  drop log\nzone-pair security IN-OUT source IN destination OUT\n service-policy type inspect P\ninterface GigabitEthernet0/0\n zone-member security IN\ninterface GigabitEthernet0/1\n zone-member security OUT\ninterface GigabitEthernet0/2\n zone-member security IN\ninterface GigabitEthernet0/3\n";

fn zones(enters: u8, leaves: u8, reflected: &[&str], case: &str) -> String {
    let name = |number: u8| format!("GigabitEthernet0/{number}");
    let found = through(
        &device(ZONES),
        Stage::Egress,
        &name(enters),
        &name(leaves),
        reflected,
        &packet(case),
    );
    found.join(", ")
}

/// Between zones only what the policy lets pass, and its answers.
#[test]
fn zone_policies() {
    let opens = "reflect zone-pair IN-OUT";
    assert_eq!(zones(0, 1, &[], "tcp 1.1.1.1:9 -> 2.2.2.2:80 syn"), opens);
    assert_eq!(zones(0, 1, &[], "udp 1.1.1.1:9 -> 2.2.2.2:53"), opens);
    assert_eq!(zones(0, 1, &[], "tcp 1.1.1.1:9 -> 2.2.2.2:22 syn"), "drop");
    // A TCP packet that opens nothing belongs to no session.
    assert_eq!(zones(0, 1, &[], "tcp 1.1.1.1:9 -> 2.2.2.2:80 ack"), "drop");
    let answer = "tcp 2.2.2.2:80 -> 1.1.1.1:9 syn ack";
    assert_eq!(zones(1, 0, &[], answer), "drop");
    assert_eq!(zones(1, 0, &["zone-pair IN-OUT"], answer), "accept");
}

/// Within a zone everything passes; between a zone and no zone nothing does.
#[test]
fn zones_and_no_zone() {
    let case = "gre 1.1.1.1 -> 2.2.2.2";
    assert_eq!(zones(0, 2, &[], case), "accept");
    assert_eq!(zones(0, 3, &[], case), "drop");
    assert_eq!(zones(3, 0, &[], case), "drop");
}

/// `ip inspect` lets answers back through lists that would drop them.
#[test]
fn inspection_opens_lists() {
    let text = "ip inspect name FW tcp\nip inspect name FW udp\ninterface GigabitEthernet0/0\ninterface GigabitEthernet0/1\n ip access-group CLOSED in\n ip inspect FW out\nip access-list extended CLOSED\n deny ip any any\n";
    let opened = "ip inspect FW on GigabitEthernet0/1";
    assert_eq!(
        out(text, "tcp 1.1.1.1:9 -> 2.2.2.2:80 syn"),
        [format!("reflect {opened}")]
    );
    let answer = packet("tcp 2.2.2.2:80 -> 1.1.1.1:9 syn ack");
    let device = device(text);
    let port = "GigabitEthernet0/1";
    assert_eq!(
        through(&device, Stage::Ingress, port, "", &[], &answer),
        ["drop"]
    );
    assert_eq!(
        through(&device, Stage::Ingress, port, "", &[opened], &answer),
        ["accept"]
    );
}

/// What a crypto map would take is unknown, both ways; the rest is not.
#[test]
fn crypto_maps_make_their_traffic_unknown() {
    let text = "crypto isakmp policy 10\n encr aes\ncrypto map VPN 10 ipsec-isakmp\n set peer 9.9.9.9\n match address TO-B\nip access-list extended TO-B\n permit ip 10.0.0.0 0.0.0.255 10.1.0.0 0.0.0.255\ninterface GigabitEthernet0/0\ninterface GigabitEthernet0/1\n crypto map VPN\n";
    assert_eq!(out(text, "udp 10.0.0.5:1 -> 10.1.0.5:1"), ["unknown"]);
    assert_eq!(out(text, "udp 10.0.0.5:1 -> 8.8.8.8:1"), ["end"]);
    assert_eq!(back(text, "udp 10.1.0.5:1 -> 10.0.0.5:1"), ["unknown"]);
}
