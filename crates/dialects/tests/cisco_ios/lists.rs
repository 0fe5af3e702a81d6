//! Access lists and object groups, by what they do to packets.

use super::support::{device, findings, packet, read, through};
use networks::model::Stage;

/// Puts a list on an interface and checks what it does to packets that enter.
fn check(list: &str, cases: &[(&str, &str)]) {
    let text = format!(
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip access-group A in\n{list}\n"
    );
    let device = device(&text);
    for (case, expected) in cases {
        let found = through(
            &device,
            Stage::Ingress,
            "GigabitEthernet0/0",
            "",
            &[],
            &packet(case),
        );
        assert_eq!(found, [*expected], "{case}");
    }
}

/// Entries are tried by sequence number, wherever they stand.
#[test]
fn sequence_numbers_order_entries() {
    check(
        "ip access-list extended A\n 20 permit ip any any\n 10 deny tcp any any eq 23\n remark telnet",
        &[
            ("tcp 1.1.1.1:9 -> 2.2.2.2:23 syn", "drop"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:22 syn", "accept"),
        ],
    );
}

/// What no entry matches is dropped; packets of the other family are not looked at.
#[test]
fn the_end_of_a_list_denies_its_own_family() {
    check(
        "ip access-list standard A\n permit host 1.1.1.1\n permit 10.0.0.0 0.0.255.255",
        &[
            ("udp 1.1.1.1:1 -> 2.2.2.2:2", "accept"),
            ("udp 10.0.77.1:1 -> 2.2.2.2:2", "accept"),
            ("udp 1.1.1.2:1 -> 2.2.2.2:2", "drop"),
            ("udp 2001:db8::1 -> 2001:db8::2", "accept"),
        ],
    );
}

/// Wildcards need not be contiguous.
#[test]
fn wildcards_are_exact() {
    check(
        "ip access-list extended A\n permit ip 10.0.0.5 0.255.0.0 any",
        &[
            ("udp 10.9.0.5:1 -> 2.2.2.2:2", "accept"),
            ("udp 10.9.1.5:1 -> 2.2.2.2:2", "drop"),
        ],
    );
}

/// Every port operator, with names and several ports.
#[test]
fn port_operators() {
    check(
        "ip access-list extended A\n permit tcp any eq bgp any eq www 443\n permit tcp any any gt 65530\n permit udp any lt snmp any\n permit udp any any range 500 600\n permit tcp any neq 1 2 3 any eq 7",
        &[
            ("tcp 1.1.1.1:179 -> 2.2.2.2:443", "accept"),
            ("tcp 1.1.1.1:178 -> 2.2.2.2:443", "drop"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:65531", "accept"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:65530", "drop"),
            ("udp 1.1.1.1:160 -> 2.2.2.2:1", "accept"),
            ("udp 1.1.1.1:161 -> 2.2.2.2:1", "drop"),
            ("udp 1.1.1.1:900 -> 2.2.2.2:600", "accept"),
            ("tcp 1.1.1.1:2 -> 2.2.2.2:7", "drop"),
            ("tcp 1.1.1.1:4 -> 2.2.2.2:7", "accept"),
        ],
    );
}

/// `established` is ACK or RST; `match-all` asks for all, `match-any` for one.
#[test]
fn tcp_flags() {
    check(
        "ip access-list extended A\n permit tcp any any eq 1 established\n permit tcp any any eq 2 match-all +syn -ack\n permit tcp any any eq 3 match-any +rst -ack",
        &[
            ("tcp 1.1.1.1:9 -> 2.2.2.2:1 syn", "drop"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:1 ack", "accept"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:1 rst", "accept"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:2 syn", "accept"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:2 syn ack", "drop"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:3 ack", "drop"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:3 syn", "accept"),
        ],
    );
}

/// A permit with ports takes later fragments by addresses alone; a deny does not.
#[test]
fn later_fragments() {
    check(
        "ip access-list extended A\n deny tcp any host 2.2.2.2 eq 80\n permit tcp any host 2.2.2.2 eq 443\n deny ip any host 3.3.3.3 fragments\n permit ip any host 3.3.3.3",
        &[
            ("tcp 1.1.1.1:9 -> 2.2.2.2:80", "drop"),
            ("tcp 1.1.1.1:0 -> 2.2.2.2:0 later", "accept"),
            ("udp 1.1.1.1:0 -> 2.2.2.2:0 later", "drop"),
            ("udp 1.1.1.1:0 -> 3.3.3.3:0 later", "drop"),
            ("udp 1.1.1.1:5 -> 3.3.3.3:5", "accept"),
        ],
    );
}

/// ICMP messages by name and by number.
#[test]
fn icmp_messages() {
    check(
        "ip access-list extended A\n permit icmp any any echo log\n permit icmp any any 3 4\n permit icmp any any time-exceeded",
        &[
            ("icmp 1.1.1.1 -> 2.2.2.2 8/0", "accept"),
            ("icmp 1.1.1.1 -> 2.2.2.2 3/4", "accept"),
            ("icmp 1.1.1.1 -> 2.2.2.2 3/3", "drop"),
            ("icmp 1.1.1.1 -> 2.2.2.2 11/1", "accept"),
        ],
    );
}

/// What the model has no field for is unknown where it is reached, not elsewhere.
#[test]
fn unmodelled_options_are_unknown() {
    check(
        "ip access-list extended A\n permit tcp any any eq 22\n permit tcp any any eq 80 time-range WORK\n permit udp any any dscp ef\n permit gre any any",
        &[
            ("tcp 1.1.1.1:9 -> 2.2.2.2:22", "accept"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:80", "unknown"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:81", "drop"),
            ("udp 1.1.1.1:9 -> 2.2.2.2:80", "unknown"),
            ("gre 1.1.1.1 -> 2.2.2.2", "accept"),
        ],
    );
}

/// A line that is not understood makes unknown only what reaches it.
#[test]
fn unread_entries_stand_in_their_place() {
    let reading = read(
        "interface GigabitEthernet0/0\n ip access-group A in\nip access-list extended A\n permit tcp any any eq 22\n permit frobnicate any any\n permit ip any any\n",
    );
    let seen = |case: &str| {
        let device = &reading.devices[0];
        through(
            device,
            Stage::Ingress,
            "GigabitEthernet0/0",
            "",
            &[],
            &packet(case),
        )
    };
    assert_eq!(seen("tcp 1.1.1.1:9 -> 2.2.2.2:22"), ["accept"]);
    assert_eq!(seen("udp 1.1.1.1:9 -> 2.2.2.2:22"), ["unknown"]);
    assert!(reading.devices[0].unread.is_empty());
}

/// Object groups of networks and services, one inside another.
#[test]
fn object_groups() {
    check(
        "object-group network SERVERS\n host 2.2.2.2\n 3.3.0.0 255.255.0.0\n range 4.4.4.4 4.4.4.6\n group-object MORE\nobject-group network MORE\n 5.5.5.0 /24\nobject-group service WEB\n tcp eq www\n tcp source gt 1023 range 8000 8001\n icmp echo\nip access-list extended A\n permit object-group WEB any object-group SERVERS",
        &[
            ("tcp 1.1.1.1:9 -> 2.2.2.2:80", "accept"),
            ("tcp 1.1.1.1:9 -> 4.4.4.5:80", "accept"),
            ("tcp 1.1.1.1:9 -> 5.5.5.77:80", "accept"),
            ("tcp 1.1.1.1:9 -> 2.2.2.2:8000", "drop"),
            ("tcp 1.1.1.1:2000 -> 3.3.9.9:8001", "accept"),
            ("icmp 1.1.1.1 -> 2.2.2.2 8/0", "accept"),
            ("udp 1.1.1.1:9 -> 2.2.2.2:80", "drop"),
        ],
    );
}

/// Groups that contain themselves are told, and what uses them is unknown.
#[test]
fn group_cycles_are_told() {
    let reading = read(
        "interface GigabitEthernet0/0\n ip access-group A in\nobject-group network X\n group-object Y\nobject-group network Y\n group-object X\nip access-list extended A\n permit ip object-group X any\n",
    );
    assert_eq!(
        findings(&reading),
        ["object-group-cycle: object group `X` contains itself"]
    );
    let case = packet("udp 1.1.1.1:9 -> 2.2.2.2:80");
    let device = &reading.devices[0];
    let found = through(device, Stage::Ingress, "GigabitEthernet0/0", "", &[], &case);
    assert_eq!(found, ["unknown"]);
}

/// A reflexive list lets back what answers what it saw.
#[test]
fn reflexive_lists() {
    let device = device(
        "interface GigabitEthernet0/0\n ip access-group OUT out\n ip access-group IN in\nip access-list extended OUT\n permit tcp any any reflect SEEN timeout 60\nip access-list extended IN\n evaluate SEEN\n deny ip any any\n",
    );
    let out = packet("tcp 1.1.1.1:9 -> 2.2.2.2:80 syn");
    let back = packet("tcp 2.2.2.2:80 -> 1.1.1.1:9 syn ack");
    let port = "GigabitEthernet0/0";
    assert_eq!(
        through(&device, Stage::Egress, "", port, &[], &out),
        ["reflect SEEN"]
    );
    assert_eq!(
        through(&device, Stage::Ingress, port, "", &["SEEN"], &back),
        ["accept"]
    );
    assert_eq!(
        through(&device, Stage::Ingress, port, "", &[], &back),
        ["drop"]
    );
}

/// A list that nothing defines, or that is empty, lets everything pass, and is told.
#[test]
fn undefined_and_empty_lists_pass_everything() {
    let reading = read(
        "interface GigabitEthernet0/0\n ip access-group NONE in\n ip access-group EMPTY out\nip access-list extended EMPTY\n remark nothing\n",
    );
    assert!(reading.devices[0].hooks.is_empty());
    assert_eq!(
        findings(&reading),
        [
            "undefined-reference: access list `NONE` is not defined",
            "undefined-reference: access list `EMPTY` has no entries",
        ]
    );
}

/// IPv6 lists let neighbour discovery pass at their end, and nothing else.
#[test]
fn ipv6_lists() {
    let device = device(
        "ipv6 unicast-routing\ninterface GigabitEthernet0/0\n ipv6 address 2001:db8::1/64\n ipv6 traffic-filter A in\nipv6 access-list A\n permit tcp any host 2001:db8::5 eq 22\n sequence 5 deny ipv6 2001:db8:bad::/48 any\n",
    );
    let seen = |source: &str, port: u16| {
        let mut case = packet("tcp 2001:db8::9 -> 2001:db8::5");
        case.source = source.parse().unwrap();
        case.destination_port = port;
        through(
            &device,
            Stage::Ingress,
            "GigabitEthernet0/0",
            "",
            &[],
            &case,
        )
    };
    assert_eq!(seen("2001:db8::9", 22), ["accept"]);
    assert_eq!(seen("2001:db8:bad::9", 22), ["drop"]);
    assert_eq!(seen("2001:db8::9", 23), ["drop"]);
    let v4 = packet("tcp 1.1.1.1:9 -> 2.2.2.2:80");
    let found = through(&device, Stage::Ingress, "GigabitEthernet0/0", "", &[], &v4);
    assert_eq!(found, ["accept"]);
}
