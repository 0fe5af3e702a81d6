//! How addresses are rewritten, and which policies see what of it.

use super::support::{check, read};
use std::net::IpAddr;

/// An inside and an outside, a policy outwards, and what else is given.
fn unit(version: &str, outwards: &str, rest: &str) -> String {
    format!(
        r#"#config-version=FGVMK6-{version}-FW-build0523-230606:opmode=0:vdom=0:user=admin
config system interface
    edit "lan"
        set ip 10.0.0.1 255.255.255.0
    next
    edit "wan"
        set ip 203.0.113.2 255.255.255.0
    next
end
{rest}
config firewall policy
    edit 1
        set srcintf lan
        set dstintf wan
        set srcaddr all
        set dstaddr all
        set action accept
        set schedule always
        set service ALL
        {outwards}
    next
end
"#
    )
}

fn inwards(destination: &str, action: &str) -> String {
    format!(
        "config firewall policy\n edit 2\n set srcintf wan\n set dstintf lan\n set srcaddr all\n \
         set dstaddr {destination}\n set schedule always\n set service ALL\n {action}\n next\nend\n"
    )
}

const VIP: &str = "config firewall vip\n edit web\n set extip 203.0.113.10\n set extintf wan\n \
                   set mappedip \"10.0.0.5\"\n next\nend\n";

const OUT: (&str, &str) = ("lan", "10.0.0.5:2000 > 203.0.113.99:80 tcp");
const IN: (&str, &str) = ("wan", "203.0.113.99:2000 > 203.0.113.10:80 tcp");

/// The source becomes the interface's address and another port, and answers
/// come back.
#[test]
fn interface_address() {
    check(
        &unit("7.2.5", "set nat enable", ""),
        &[(
            OUT.0,
            OUT.1,
            "wan 203.0.113.2:1024 -> 203.0.113.99:80 tcp CameBack\n\
             wan 203.0.113.2:65535 -> 203.0.113.99:80 tcp CameBack",
        )],
    );
    check(
        &unit("7.2.5", "set nat enable\n set fixedport enable", ""),
        &[(
            OUT.0,
            OUT.1,
            "wan 203.0.113.2:2000 -> 203.0.113.99:80 tcp CameBack",
        )],
    );
}

/// Pools: any address of a one-to-one pool with the same port; they answer ARP
/// once a policy uses them.
#[test]
fn pools() {
    let pool = "config firewall ippool\n edit pool\n set type one-to-one\n set startip 203.0.113.20\n \
                set endip 203.0.113.21\n next\nend\n";
    let used = unit(
        "7.2.5",
        "set nat enable\n set ippool enable\n set poolname pool",
        pool,
    );
    check(
        &used,
        &[(
            OUT.0,
            OUT.1,
            "wan 203.0.113.20:2000 -> 203.0.113.99:80 tcp CameBack\n\
             wan 203.0.113.21:2000 -> 203.0.113.99:80 tcp CameBack",
        )],
    );
    let answers = |text: &str| {
        let device = read(text).reading.devices.remove(0);
        let pooled: IpAddr = "203.0.113.20".parse().unwrap();
        let wan = device.interface_named("wan").unwrap();
        device
            .interface(wan)
            .unwrap()
            .answers_for(pooled, |_| false)
    };
    assert!(answers(&used));
    assert!(!answers(&unit("7.2.5", "set nat enable", pool)));
}

/// A virtual IP acts once a policy names it, and only that policy sees it.
#[test]
fn virtual_ips_are_named() {
    let translated = "lan 203.0.113.99:2000 -> 10.0.0.5:80 tcp CameBack";
    let accept = |to: &str| unit("7.0.12", "", VIP) + &inwards(to, "set action accept");
    check(&accept("web"), &[(IN.0, IN.1, translated)]);
    // Nothing names it: the packet is for nobody, and goes back to the segment.
    check(
        &accept("all"),
        &[(
            IN.0,
            IN.1,
            "wan 203.0.113.99:2000 -> 203.0.113.10:80 tcp CameBack",
        )],
    );
    // Named, but in a policy that comes later than one for every address.
    let both = accept("all").replace("edit 2", "edit 3") + &inwards("web", "");
    check(&both, &[(IN.0, IN.1, "Dropped")]);
    let group = accept("both")
        + "config firewall vipgrp\n edit both\n set interface wan\n set member web\n next\nend\n";
    check(&group, &[(IN.0, IN.1, translated)]);
}

/// A policy that denies sees what virtual IPs rewrote only with `match-vip`,
/// which is on by default from 7.2.3 on.
#[test]
fn match_vip() {
    let with = |version: &str, settings: &str| {
        let deny = inwards("all", settings);
        let accept = inwards("web", "set action accept").replace("edit 2", "edit 3");
        unit(version, "", VIP) + &deny + &accept
    };
    let passes = "lan 203.0.113.99:2000 -> 10.0.0.5:80 tcp CameBack";
    for (version, settings, expected) in [
        ("7.0.12", "", passes),
        ("7.0.12", "set match-vip enable", "Dropped"),
        ("7.2.4", "", "Dropped"),
        ("7.4.1", "set match-vip disable", passes),
    ] {
        check(&with(version, settings), &[(IN.0, IN.1, expected)]);
    }
    let unversioned = with("7.0.12", "").replace("#config-version", "#");
    check(
        &unversioned,
        &[(
            IN.0,
            IN.1,
            "unknown: whether `match-vip` is on depends on the version",
        )],
    );
}

/// Ports are forwarded, others of the address are not.
#[test]
fn port_forwarding() {
    let vip = "config firewall vip\n edit web\n set extip 203.0.113.10\n set extintf any\n \
               set portforward enable\n set mappedip 10.0.0.5\n set extport 8080-8081\n \
               set mappedport 80-81\n next\nend\n";
    let text = unit("7.2.5", "", vip) + &inwards("web", "set action accept");
    check(
        &text,
        &[
            (
                "wan",
                "203.0.113.99:2000 > 203.0.113.10:8081 tcp",
                "lan 203.0.113.99:2000 -> 10.0.0.5:81 tcp CameBack",
            ),
            (
                "wan",
                "203.0.113.99:2000 > 203.0.113.10:8081 udp",
                "wan 203.0.113.99:2000 -> 203.0.113.10:8081 udp CameBack",
            ),
        ],
    );
}

/// Overlapping virtual IPs: the first one from 7.2 on, unknown before.
#[test]
fn overlapping_virtual_ips() {
    let second = VIP
        .replace("edit web", "edit other")
        .replace("10.0.0.5", "10.0.0.6");
    let text = |version: &str| {
        unit(version, "", &format!("{VIP}{second}")) + &inwards("web other", "set action accept")
    };
    check(
        &text("7.2.5"),
        &[(
            IN.0,
            IN.1,
            "lan 203.0.113.99:2000 -> 10.0.0.5:80 tcp CameBack",
        )],
    );
    check(
        &text("7.0.5"),
        &[(
            IN.0,
            IN.1,
            "unknown: virtual IPs overlap, and which one is used depends on the version",
        )],
    );
}

/// Hosts behind a one-to-one virtual IP leave with its address; a pool goes
/// before that, and `nat-source-vip` before the pool.
#[test]
fn virtual_ips_of_sources() {
    let pool = "config firewall ippool\n edit pool\n set type one-to-one\n set startip 203.0.113.20\n \
                set endip 203.0.113.20\n next\nend\n";
    let pooled = "set nat enable\n set ippool enable\n set poolname pool";
    let as_vip = "wan 203.0.113.10:2000 -> 203.0.113.99:80 tcp CameBack";
    let as_pool = "wan 203.0.113.20:2000 -> 203.0.113.99:80 tcp CameBack";
    let forced = VIP.replace("set extintf", "set nat-source-vip enable\n set extintf");
    for (outwards, vip, expected) in [
        ("set nat enable", VIP, as_vip),
        (pooled, VIP, as_pool),
        (pooled, forced.as_str(), as_vip),
        ("", VIP, "wan 10.0.0.5:2000 -> 203.0.113.99:80 tcp CameBack"),
    ] {
        let text =
            unit("7.2.5", outwards, &format!("{vip}{pool}")) + &inwards("web", "set action accept");
        check(&text, &[(OUT.0, OUT.1, expected)]);
    }
}

/// With central NAT, policies name mapped addresses and the central table
/// decides about sources.
#[test]
fn central_nat() {
    let rest = format!(
        "config system settings\n set central-nat enable\nend\n{VIP}\
         config firewall address\n edit host\n set subnet 10.0.0.5/32\n next\nend\n\
         config firewall central-snat-map\n edit 1\n set srcintf lan\n set dstintf wan\n \
         set orig-addr host\n set dst-addr all\n set nat disable\n next\n edit 2\n set srcintf lan\n \
         set dstintf wan\n set orig-addr all\n set dst-addr all\n next\nend\n"
    );
    let text = unit("7.2.5", "set nat enable\n set fixedport enable", &rest)
        + &inwards("host", "set action accept");
    check(
        &text,
        &[
            (
                IN.0,
                IN.1,
                "lan 203.0.113.99:2000 -> 10.0.0.5:80 tcp CameBack",
            ),
            (
                OUT.0,
                OUT.1,
                "wan 10.0.0.5:2000 -> 203.0.113.99:80 tcp CameBack",
            ),
            (
                "lan",
                "10.0.0.6:2000 > 203.0.113.99:80 tcp",
                "wan 203.0.113.2:1024 -> 203.0.113.99:80 tcp CameBack\n\
                 wan 203.0.113.2:65535 -> 203.0.113.99:80 tcp CameBack",
            ),
        ],
    );
}
