//! Which language a configuration is written in.
//!
//! Told by its content: file names say little, exports are named as people
//! please. A language is told by a line that only it has. Cisco IOS, whose
//! syntax others imitate, is told last, after every imitation that is known:
//! reading another vendor's text as IOS would give silent wrong answers, not
//! reading an IOS text only says so.

/// The most bytes of a file that are looked at; marks stand early.
const LOOKED_AT_MAX: usize = 1 << 20;

/// The language of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Cisco IOS and IOS-XE.
    CiscoIos,
    /// Fortinet FortiOS.
    Fortios,
    /// A Linux host file (Batfish's `hosts/<name>.json`).
    LinuxHost,
    /// A netfilter rule set, of `iptables-save` or of `nft list ruleset`.
    LinuxRules,
    /// A language that is known by name and not read yet.
    NotSupported(&'static str),
    /// Nothing tells the language.
    Unknown,
}

/// A language, and what told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detection {
    /// The language.
    pub language: Language,
    /// The line, from one, that told it; `None` where nothing did.
    pub line: Option<u32>,
}

/// Tells the language of a configuration by its path and text.
pub fn detect(path: &str, text: &str) -> Detection {
    let mut end = text.len().min(LOOKED_AT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(found) = as_document(path, text) {
        return found;
    }
    // The languages in the order in which they are asked, each of the whole
    // text: a later line of a mark that is asked earlier wins.
    for (language, is_mark) in MARKS {
        let mut lines = (1u32..).zip(text.lines());
        if let Some((line, _)) = lines.find(|(_, text)| is_mark(text)) {
            return Detection {
                language: *language,
                line: Some(line),
            };
        }
    }
    Detection {
        language: Language::Unknown,
        line: None,
    }
}

/// Tells what is a JSON or XML document.
fn as_document(path: &str, text: &str) -> Option<Detection> {
    let line = Some(1);
    let language = match text.trim_start().chars().next()? {
        '{' if text.contains("\"hostInterfaces\"") || path.contains("hosts/") => {
            Language::LinuxHost
        }
        '{' | '[' if path.ends_with(".json") => Language::NotSupported("JSON"),
        '<' if text.contains("<config ") && text.contains("<devices>") => {
            Language::NotSupported("Palo Alto PAN-OS (XML)")
        }
        '<' => Language::NotSupported("XML"),
        _ => return None,
    };
    Some(Detection { language, line })
}

/// Tells whether a line is a mark of a language.
type Mark = fn(&str) -> bool;

/// The marks of each language, in the order in which they are asked.
const MARKS: &[(Language, Mark)] = &[
    (Language::Fortios, fortios),
    (Language::LinuxRules, linux_rules),
    (Language::NotSupported("Palo Alto PAN-OS"), pan_os),
    (Language::NotSupported("Juniper Junos"), junos),
    (Language::NotSupported("FRR or Cumulus Linux"), frr),
    (Language::NotSupported("Cisco ASA"), asa),
    (Language::NotSupported("Cisco IOS XR"), ios_xr),
    (Language::NotSupported("Cisco NX-OS"), nx_os),
    (Language::NotSupported("Arista EOS"), eos),
    (Language::NotSupported("Nokia SR OS"), sr_os),
    (Language::NotSupported("F5 BIG-IP"), big_ip),
    (Language::NotSupported("Check Point Gaia"), gaia),
    (Language::NotSupported("A10"), a10),
    (Language::NotSupported("Aruba or HPE"), aruba),
    (Language::NotSupported("Huawei VRP or HPE Comware"), huawei),
    (Language::NotSupported("Dell OS"), dell),
    (Language::NotSupported("Ruckus ICX"), ruckus),
    (Language::NotSupported("MikroTik RouterOS"), router_os),
    (Language::NotSupported("Extreme XOS"), extreme),
    (Language::CiscoIos, cisco_ios),
];

/// Tells whether a line is a header of RANCID for one of these contents.
fn rancid(line: &str, contents: &[&str]) -> bool {
    let header = line.trim_start_matches(['!', '#', ' ']);
    header
        .strip_prefix("RANCID-CONTENT-TYPE:")
        .is_some_and(|content| {
            let content = content.trim();
            contents.iter().any(|known| content.starts_with(known))
        })
}

/// Tells whether a line starts with one of these.
fn starts(line: &str, marks: &[&str]) -> bool {
    marks.iter().any(|mark| line.starts_with(mark))
}

fn fortios(line: &str) -> bool {
    rancid(line, &["fortigate", "fortinet", "fnsysctl"])
        || line.starts_with("#config-version=")
        || starts(
            line.trim_start(),
            &[
                "config system global",
                "config system interface",
                "config system settings",
                "config system zone",
                "config system sdwan",
                "config system virtual-wan-link",
                "config firewall ",
                "config router ",
                "config vdom",
                "config global",
                "config vpn ipsec",
            ],
        ) && !line.contains('{')
}

fn linux_rules(line: &str) -> bool {
    let line = line.trim_end();
    let families = ["inet", "ip", "ip6", "arp", "bridge", "netdev"];
    matches!(
        line,
        "*filter" | "*nat" | "*mangle" | "*raw" | "*security" | "*rawpost"
    ) || line.starts_with("#!/usr/sbin/nft")
        || line.starts_with("# Generated by iptables-save")
        || line.starts_with("# Generated by ip6tables-save")
        || match line.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            ["table", family, _, "{" | "{}"] => families.contains(family),
            ["table", _, "{"] => true,
            _ => false,
        }
}

fn pan_os(line: &str) -> bool {
    rancid(line, &["paloalto", "palo"])
        || starts(
            line,
            &[
                "set deviceconfig ",
                "set network interface ethernet ",
                "set network virtual-router ",
                "set network profiles ",
                "set rulebase ",
                "set vsys ",
                "set shared ",
                "set mgt-config ",
                "set template ",
                "set device-group ",
                "set readonly ",
                "deviceconfig {",
                "set address ",
                "set service ",
                "set zone ",
                "set profiles ",
            ],
        )
        || line.trim() == "deviceconfig {"
}

fn junos(line: &str) -> bool {
    rancid(line, &["juniper", "junos"])
        || line.contains("BATFISH FLATTENED JUNIPER CONFIG")
        || starts(
            line,
            &[
                "## Last commit:",
                "## Last changed:",
                "set system ",
                "set version ",
                "set groups ",
                "set apply-groups",
                "set interfaces ",
                "set protocols ",
                "set policy-options ",
                "set routing-options ",
                "set routing-instances ",
                "set firewall family ",
                "set firewall filter ",
                "set security zones ",
                "set security policies ",
                "set security nat ",
                "set logical-systems ",
                "set chassis ",
                "set vlans ",
            ],
        )
        || matches!(
            line.trim_end(),
            "system {"
                | "interfaces {"
                | "protocols {"
                | "policy-options {"
                | "routing-options {"
                | "routing-instances {"
                | "security {"
                | "firewall {"
                | "chassis {"
                | "groups {"
                | "logical-systems {"
        )
}

fn frr(line: &str) -> bool {
    let line = line.trim_end();
    starts(
        line,
        &[
            "frr version",
            "frr defaults",
            "# ports.conf",
            "hostname frr ",
        ],
    ) || line == "# This file describes the network interfaces"
        || line == "auto lo"
        || line == "iface lo inet loopback"
        || line == "service integrated-vtysh-config"
        || rancid(line, &["frr", "cumulus"])
}

fn asa(line: &str) -> bool {
    let inner = line.trim_start();
    // `security-level` alone stands in IOS's device tracking, with a word after it.
    let level = inner.strip_prefix("security-level ");
    rancid(line, &["asa", "cisco-asa"])
        || starts(
            line,
            &[
                "ASA Version ",
                ": Serial Number:",
                "PIX Version ",
                "FWSM Version ",
            ],
        )
        || starts(line, &["same-security-traffic ", "threat-detection "])
        || line.trim_end() == "names"
        || inner.starts_with("nameif ")
        || level.is_some_and(|level| level.trim().parse::<u8>().is_ok())
}

fn ios_xr(line: &str) -> bool {
    line.contains("IOS XR Configuration")
        || rancid(line, &["cisco-xr", "ios-xr", "iosxr"])
        || matches!(line.trim_end(), "end-policy" | "end-set" | "router static")
        || starts(
            line,
            &[
                "taskgroup ",
                "rd-set ",
                "community-set ",
                "prefix-set ",
                "hw-module ",
            ],
        )
}

fn nx_os(line: &str) -> bool {
    rancid(line, &["cisco-nx", "nxos", "nx-os"])
        || starts(
            line,
            &[
                "feature ",
                "nv overlay evpn",
                "vdc ",
                "install feature-set",
                "boot nxos ",
                "boot kickstart ",
                "!Command: show running-config",
                "vpc domain ",
                "system default switchport",
            ],
        )
}

fn eos(line: &str) -> bool {
    rancid(line, &["arista"])
        || line.contains("EOS-4.")
        || starts(
            line,
            &[
                "! Arista ",
                "! boot system flash:/vEOS",
                "! boot system flash:/EOS",
                "transceiver qsfp default-mode",
                "service routing protocols model",
                "management api ",
                "daemon TerminAttr",
            ],
        )
}

fn sr_os(line: &str) -> bool {
    starts(line, &["# TiMOS-", "/configure ", "configure {"]) || line.trim_end() == "exit all"
}

fn big_ip(line: &str) -> bool {
    starts(
        line,
        &[
            "#TMSH-VERSION",
            "ltm ",
            "net self ",
            "net vlan ",
            "sys global-settings",
        ],
    )
}

fn gaia(line: &str) -> bool {
    starts(
        line,
        &[
            "set interface eth",
            "add interface ",
            "set installer ",
            "set static-route ",
        ],
    )
}

fn a10(line: &str) -> bool {
    line.contains("ACOS") || starts(line, &["slb server ", "slb virtual-server "])
}

fn aruba(line: &str) -> bool {
    line.contains("ArubaOS") || line.contains("hpStack_") || line.starts_with("; J9")
}

fn huawei(line: &str) -> bool {
    starts(
        line,
        &[
            "sysname ",
            " sysname ",
            "irf mac-address ",
            "!Software Version V",
        ],
    )
}

fn dell(line: &str) -> bool {
    starts(
        line,
        &[
            "! Version 9.",
            "stack-unit ",
            "! Dell ",
            "!Current Configuration ...",
        ],
    )
}

fn ruckus(line: &str) -> bool {
    starts(
        line,
        &[
            "ver 08.",
            "ver 09.",
            "ver 10.",
            "module 1 icx",
            "stack unit ",
        ],
    )
}

fn router_os(line: &str) -> bool {
    line.contains("by RouterOS") || starts(line, &["/ip address", "/interface "])
}

fn extreme(line: &str) -> bool {
    starts(
        line,
        &["configure vlan ", "create vlan ", "# Module devmgr"],
    )
}

fn cisco_ios(line: &str) -> bool {
    let lower = line.trim_end().to_ascii_lowercase();
    let lower = lower.as_str();
    if let Some(interface) = lower.strip_prefix("interface ") {
        return starts(interface, IOS_INTERFACES);
    }
    rancid(line, &["cisco"])
        || lower == "boot-start-marker"
        || starts(
            lower,
            &[
                "current configuration :",
                "service timestamps ",
                "hostname ",
                "ip access-list ",
                "access-list ",
                "ip route ",
                "ip prefix-list ",
                "ipv6 unicast-routing",
                "ip cef",
                "ip nat ",
                "line vty ",
                "line con ",
                "router bgp ",
                "router ospf ",
                "router eigrp ",
                "router rip",
                "route-map ",
                "crypto isakmp ",
                "object-group ",
                "aaa ",
                "snmp-server ",
                "ntp server ",
                "logging ",
                "vrf definition ",
                "ip vrf ",
                "ip community-list ",
                "ip as-path access-list ",
                "spanning-tree ",
                "tacacs-server ",
                "track ",
                "no ip ",
            ],
        )
}

/// What names of IOS interfaces begin with, in lower case.
const IOS_INTERFACES: &[&str] = &[
    "gi",
    "fa",
    "te",
    "eth",
    "et",
    "hu",
    "fo",
    "twe",
    "ser",
    "lo",
    "vlan",
    "vl",
    "tu",
    "port-channel",
    "po",
    "nu",
    "bvi",
    "bdi",
    "atm",
    "dialer",
    "virtual-",
    "cellular",
    "multilink",
    "async",
    "mgmt",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::Path;

    /// Says that a test did not run, and why.
    #[expect(clippy::print_stdout, reason = "a skipped test has to be seen")]
    fn skipped(why: &str) {
        println!("skipped: {why}");
    }

    /// No text of another vendor is taken for one that is read, and no more
    /// than one in fifty texts of those that are read is left aside.
    #[test]
    fn corpus_of_six_dialects() {
        let corpus = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/dialect-corpus"
        );
        if !Path::new(corpus).is_dir() {
            skipped("there is no folder of dialect examples");
            return;
        }
        for (folder, expected) in [
            ("cisco-ios", Some(Language::CiscoIos)),
            ("fortios", Some(Language::Fortios)),
            ("cisco-asa", None),
            ("frr", None),
            ("junos", None),
            ("panos", None),
        ] {
            let mut found: BTreeMap<Language, usize> = BTreeMap::new();
            for entry in std::fs::read_dir(Path::new(corpus).join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let text = std::fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&text);
                let language = detect(&path.to_string_lossy(), &text).language;
                *found.entry(language).or_default() += 1;
            }
            let total: usize = found.values().sum();
            for (language, count) in found {
                if Some(language) == expected {
                    assert!(count * 50 >= total * 49, "{folder}: {count} of {total}");
                    continue;
                }
                let not_read = matches!(language, Language::NotSupported(_) | Language::Unknown);
                assert!(not_read, "{folder}: {count} taken for {language:?}");
            }
        }
    }

    /// Marks that several languages share go to the one that has more of them.
    #[test]
    fn imitations_are_asked_first() {
        let asa = "hostname a\ninterface GigabitEthernet0/1\n nameif inside\n security-level 100\n";
        let nx_os = "hostname a\nfeature ospf\ninterface Ethernet1/1\n";
        let xr = "hostname a\ninterface GigabitEthernet0/0/0/0\nrouter static\n";
        let eos = "! device: a (vEOS, EOS-4.20.1F)\nhostname a\ninterface Ethernet1\n";
        let tracking = "hostname a\ndevice-tracking policy p\n security-level glean\n";
        for (text, expected) in [
            (asa, Language::NotSupported("Cisco ASA")),
            (nx_os, Language::NotSupported("Cisco NX-OS")),
            (xr, Language::NotSupported("Cisco IOS XR")),
            (eos, Language::NotSupported("Arista EOS")),
            (tracking, Language::CiscoIos),
            ("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", Language::LinuxRules),
            ("table inet filter {\n}\n", Language::LinuxRules),
            ("\u{feff}#config-version=FGT60E-7.0.1\n", Language::Fortios),
            ("lorem ipsum\n", Language::Unknown),
            ("", Language::Unknown),
        ] {
            assert_eq!(detect("configs/a.cfg", text).language, expected, "{text}");
        }
    }

    /// The line that told the language is named.
    #[test]
    fn evidence_is_named() {
        assert_eq!(detect("a", "!\n! x\nASA Version 9.9\n").line, Some(3));
        assert_eq!(
            detect("hosts/h.json", "\n{\"hostname\": \"h\"}").language,
            Language::LinuxHost
        );
    }
}
