//! Which packets policies let pass.

use super::support::{check, read};

/// Three interfaces; `rest` follows.
fn unit(rest: &str) -> String {
    format!(
        r#"#config-version=FGVMK6-7.0.12-FW-build0523-230606:opmode=0:vdom=0:user=admin
config system interface
    edit "lan"
        set ip 10.0.0.1 255.255.255.0
        set allowaccess ping ssh
        set type physical
    next
    edit "dmz"
        set ip 10.1.0.1/24
        set type physical
    next
    edit "wan"
        set ip 192.0.2.2 255.255.255.252
        set type physical
    next
end
config router static
    edit 1
        set gateway 192.0.2.1
        set device "wan"
    next
end
{rest}"#
    )
}

const WEB: (&str, &str) = ("lan", "10.0.0.5:2000 > 10.1.0.9:80 tcp");

fn policy(settings: &str) -> String {
    unit(&format!(
        "config firewall policy\n edit 7\n set srcintf lan\n set dstintf dmz\n set srcaddr all\n \
         set dstaddr all\n set action accept\n set schedule always\n set service ALL\n \
         {settings}\n next\nend\n"
    ))
}

const PASSES: &str = "dmz 10.0.0.5:2000 -> 10.1.0.9:80 tcp CameBack";

/// What no policy matches is dropped, and the file's order decides.
#[test]
fn first_match_in_the_order_of_the_file() {
    check(&unit(""), &[(WEB.0, WEB.1, "Dropped")]);
    check(&policy(""), &[(WEB.0, WEB.1, PASSES)]);
    let denied_first = policy("").replace(
        "edit 7",
        "edit 9\n set srcintf any\n set dstintf any\n set srcaddr all\n set dstaddr all\n \
         set service HTTP\n set schedule always\n next\n edit 7",
    );
    check(
        &denied_first,
        &[
            (WEB.0, WEB.1, "Dropped"),
            (
                "lan",
                "10.0.0.5:2000 > 10.1.0.9:81 tcp",
                "dmz 10.0.0.5:2000 -> 10.1.0.9:81 tcp CameBack",
            ),
        ],
    );
    let moved = denied_first.replace(" next\nend\n", " next\n move 7 before 9\nend\n");
    check(&moved, &[(WEB.0, WEB.1, PASSES)]);
}

/// A policy that is off, or for another direction, matches nothing.
#[test]
fn status_and_direction() {
    check(&policy("set status disable"), &[(WEB.0, WEB.1, "Dropped")]);
    check(
        &policy(""),
        &[("dmz", "10.1.0.9:2000 > 10.0.0.5:80 tcp", "Dropped")],
    );
}

/// What a header does not show makes unknown what the rest matches, no more.
#[test]
fn untold_conditions() {
    for (settings, reason) in [
        ("set groups staff", "it depends on who the user is"),
        ("set schedule worktime", "it depends on the time"),
        (
            "set internet-service enable\n set internet-service-name Google-DNS",
            "the addresses come from a database",
        ),
        ("set action ipsec", "the action `ipsec` is not modelled"),
        (
            "set no-such-setting 1",
            "a setting of the policy is not recognised",
        ),
    ] {
        check(
            &policy(settings),
            &[
                (WEB.0, WEB.1, &format!("unknown: {reason}")),
                ("dmz", "10.1.0.9:2000 > 10.0.0.5:80 tcp", "Dropped"),
            ],
        );
    }
    check(&policy("set schedule none"), &[(WEB.0, WEB.1, "Dropped")]);
}

/// A profile that only watches changes nothing; one that blocks may drop.
#[test]
fn profiles_are_bounded_both_ways() {
    let with = |action: &str| {
        let list = format!(
            "config application list\n edit apps\n config entries\n edit 1\n set category 2\n \
             {action}\n next\n end\n next\nend\n"
        );
        policy("set utm-status enable\n set application-list apps") + &list
    };
    check(&with("set action pass"), &[(WEB.0, WEB.1, PASSES)]);
    check(
        &with(""),
        &[(WEB.0, WEB.1, "unknown: the profile `apps` may block it")],
    );
}

/// Address objects of every kind, groups with exclusions, negation.
#[test]
fn addresses() {
    let objects = r#"
config firewall address
    edit odd
        set type wildcard
        set wildcard 10.0.0.1 255.255.0.1
    next
    edit range
        set type iprange
        set start-ip 10.0.0.4
        set end-ip 10.0.0.6
    next
    edit name
        set type fqdn
        set fqdn www.example.org
    next
    edit here
        set type interface-subnet
        set interface lan
    next
    edit five
        set subnet 10.0.0.5/32
    next
end
config firewall addrgrp
    edit inner
        set member range
    next
    edit group
        set member inner name
    next
    edit but
        set member here
        set exclude enable
        set exclude-member five
    next
    edit ring
        set member ring2
    next
    edit ring2
        set member ring five
    next
end
"#;
    let from = |settings: &str| policy(settings) + objects;
    let six = ("lan", "10.0.0.6:2000 > 10.1.0.9:80 tcp");
    let eight = ("lan", "10.0.0.8:2000 > 10.1.0.9:80 tcp");
    let passes = |host: &str| format!("dmz 10.0.0.{host}:2000 -> 10.1.0.9:80 tcp CameBack");
    for (settings, five_out, six_out, eight_out) in [
        (
            "set srcaddr odd",
            passes("5"),
            "Dropped".into(),
            "Dropped".into(),
        ),
        (
            "set srcaddr range",
            passes("5"),
            passes("6"),
            "Dropped".into(),
        ),
        (
            "set srcaddr range\n set srcaddr-negate enable",
            "Dropped".into(),
            "Dropped".into(),
            passes("8"),
        ),
        ("set srcaddr here", passes("5"), passes("6"), passes("8")),
        (
            "set srcaddr but",
            "Dropped".into(),
            passes("6"),
            passes("8"),
        ),
        (
            "set srcaddr group",
            passes("5"),
            passes("6"),
            "unknown: the name is resolved at run time".to_owned(),
        ),
        (
            "set srcaddr ring",
            passes("5"),
            "unknown: the group contains itself".into(),
            "unknown: the group contains itself".into(),
        ),
    ] {
        check(
            &from(settings),
            &[
                (WEB.0, WEB.1, &five_out),
                (six.0, six.1, &six_out),
                (eight.0, eight.1, &eight_out),
            ],
        );
    }
    let findings = read(&from("set srcaddr ring")).findings();
    assert!(
        findings[0].contains("group-contains-itself"),
        "{findings:?}"
    );
    let undefined = read(&policy("set dstaddr nowhere")).findings();
    assert_eq!(
        undefined,
        ["32: undefined-reference: no address or group is named `nowhere`"]
    );
}

/// Services: ports of both ends, ICMP types, numbers, groups, negation.
#[test]
fn services() {
    let objects = r#"
config firewall service custom
    edit both
        set tcp-portrange 80-81:2000-2001
        set udp-portrange 53
    next
    edit echo
        set protocol ICMP
        set icmptype 8
        unset icmpcode
    next
    edit gre47
        set protocol IP
        set protocol-number 47
    next
end
config firewall service group
    edit many
        set member echo gre47 HTTPS
    next
end
"#;
    let of = |settings: &str| policy(settings) + objects;
    let cases = [
        ("10.0.0.5:2000 > 10.1.0.9:80 tcp", "both"),
        ("10.0.0.5:2002 > 10.1.0.9:80 tcp", ""),
        ("10.0.0.5:2000 > 10.1.0.9:53 udp", "both"),
        ("10.0.0.5 > 10.1.0.9:8 icmp", "many"),
        ("10.0.0.5 > 10.1.0.9:13 icmp", ""),
        ("10.0.0.5 > 10.1.0.9 47", "many"),
        ("10.0.0.5:1 > 10.1.0.9:443 tcp", "many"),
    ];
    for (text, service) in cases {
        for tried in ["both", "many"] {
            let read = of(&format!("set service {tried}"));
            let text_out = {
                let reply = if text.ends_with("47") {
                    "10.0.0.5 -> 10.1.0.9 gre".to_owned()
                } else if text.ends_with("icmp") {
                    "10.0.0.5 -> 10.1.0.9 icmp type 8 code 0".to_owned()
                } else {
                    text.replace('>', "->")
                };
                format!("dmz {reply} CameBack")
            };
            let expected = if tried == service {
                &text_out
            } else {
                "Dropped"
            };
            check(&read, &[("lan", text, expected)]);
            let negated = of(&format!("set service {tried}\n set service-negate enable"));
            if tried == service {
                check(&negated, &[("lan", text, "Dropped")]);
            }
        }
    }
}

/// Zones: named by policies, and open within where they say so.
#[test]
fn zones() {
    let zone = |intrazone: &str| {
        unit(&format!(
            "config system zone\n edit inside\n set interface lan dmz\n {intrazone}\n next\nend\n"
        ))
    };
    check(&zone(""), &[(WEB.0, WEB.1, "Dropped")]);
    check(&zone("set intrazone allow"), &[(WEB.0, WEB.1, PASSES)]);
    // A policy comes before the zone's leave.
    let denied = zone("set intrazone allow")
        + "config firewall policy\n edit 1\n set srcintf any\n set dstintf any\n set srcaddr all\n \
           set dstaddr all\n set service ALL\n set schedule always\n next\nend\n";
    check(&denied, &[(WEB.0, WEB.1, "Dropped")]);
}

/// Packets that go back by their interface pass by default in 7.0.
#[test]
fn back_by_the_same_interface() {
    let routed = unit(
        "config router static\n edit 2\n set dst 10.5.0.0/16\n set gateway 10.0.0.2\n \
         set device lan\n next\nend\n",
    );
    let back = ("lan", "10.0.0.5:2000 > 10.5.0.1:80 tcp");
    check(
        &routed,
        &[(back.0, back.1, "exits lan 10.0.0.5:2000 -> 10.5.0.1:80 tcp")],
    );
    let off = format!("config system global\n set allow-traffic-redirect disable\nend\n{routed}");
    check(&off, &[(back.0, back.1, "Dropped")]);
}

/// TCP that opens nothing is dropped, or routed unseen with `asymroute`.
#[test]
fn sessions() {
    let stray = ("lan", "10.0.0.5:2000 > 10.1.0.9:80 ack");
    check(&policy(""), &[(stray.0, stray.1, "Dropped")]);
    let open = unit("config system settings\n set asymroute enable\nend\n");
    check(
        &open,
        &[
            (
                stray.0,
                stray.1,
                "dmz 10.0.0.5:2000 -> 10.1.0.9:80 tcp CameBack",
            ),
            (WEB.0, WEB.1, "Dropped"),
        ],
    );
}

/// Sources must have a way back by the interface, any one by default.
#[test]
fn reverse_path() {
    let spoofed = ("lan", "10.1.0.9:2000 > 192.0.2.1:80 tcp");
    check(&policy(""), &[(spoofed.0, spoofed.1, "ReversePath")]);
    let unchecked =
        policy("").replace("set allowaccess", "set src-check disable\n set allowaccess");
    check(&unchecked, &[(spoofed.0, spoofed.1, "Dropped")]);
}

/// The unit itself: what the interface allows, what a local-in policy denies.
#[test]
fn local() {
    let ssh = ("lan", "10.0.0.5:2000 > 10.0.0.1:22 tcp");
    let telnet = ("lan", "10.0.0.5:2000 > 10.0.0.1:23 tcp");
    let other = ("lan", "10.0.0.5:2000 > 10.0.0.1:179 tcp");
    check(
        &unit(""),
        &[
            (ssh.0, ssh.1, "Accepted"),
            (telnet.0, telnet.1, "Dropped"),
            (
                other.0,
                other.1,
                "unknown: which further services the unit offers is not modelled",
            ),
        ],
    );
    let denied = unit(
        "config firewall local-in-policy\n edit 1\n set intf any\n set srcaddr all\n \
         set dstaddr all\n set service SSH\n set schedule always\n next\nend\n",
    );
    check(&denied, &[(ssh.0, ssh.1, "Dropped")]);
}

/// Policy routes come before the routing table, and can hand back to it.
#[test]
fn policy_routes() {
    let with = |settings: &str| {
        policy("set dstintf any").replace("config firewall policy", &format!(
            "config router policy\n edit 1\n set input-device lan\n set src \"10.0.0.0/255.255.255.0\"\n \
             set dst \"198.51.100.0/255.255.255.0\"\n {settings}\n next\nend\nconfig firewall policy"
        ))
    };
    let out = ("lan", "10.0.0.5:2000 > 198.51.100.7:80 tcp");
    check(
        &with("set gateway 10.1.0.254\n set output-device dmz"),
        &[(
            out.0,
            out.1,
            "exits dmz 10.0.0.5:2000 -> 198.51.100.7:80 tcp",
        )],
    );
    check(
        &with("set action deny"),
        &[(
            out.0,
            out.1,
            "exits wan 10.0.0.5:2000 -> 198.51.100.7:80 tcp",
        )],
    );
    // No route by that interface: the policy route does not match.
    check(
        &with("set output-device dmz"),
        &[(
            out.0,
            out.1,
            "exits wan 10.0.0.5:2000 -> 198.51.100.7:80 tcp",
        )],
    );
}

/// A policy of both families matches each by its own addresses.
#[test]
fn both_families() {
    let six = |addresses: &str| {
        policy(addresses)
            .replace(
                "set allowaccess ping ssh",
                "config ipv6\n set ip6-address 2001:db8:0::1/64\n end",
            )
            .replace(
                "set ip 10.1.0.1/24",
                "set ip 10.1.0.1/24\n config ipv6\n set ip6-address 2001:db8:0:1::1/64\n end",
            )
    };
    let way = (
        "lan",
        "2001:db8::5:2000 > 2001:db8:0:1::9:80 tcp",
        "dmz [2001:db8::5]:2000 -> [2001:db8:0:1::9]:80 tcp CameBack",
    );
    check(
        &six("set srcaddr6 all\n set dstaddr6 all"),
        &[way, (WEB.0, WEB.1, PASSES)],
    );
    check(
        &six(""),
        &[(way.0, way.1, "Dropped"), (WEB.0, WEB.1, PASSES)],
    );
}
