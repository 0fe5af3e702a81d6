//! Random rule sets, and packets that are near to what their rules ask.
//!
//! Everything in a rule set is something the model decides: what it calls
//! unknown would judge nothing.

use crate::kernel::Language;
use crate::random::Random;
use packets::{Fragment, Packet, Protocol, TcpFlags};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// The interfaces and their addresses.
pub const INTERFACES: [(&str, &str); 3] = [
    ("lan0", "10.0.0.1/16"),
    ("lan1", "10.1.0.1/16"),
    ("wan0", "192.168.0.1/16"),
];

/// The host file of the device.
pub fn host_file() -> String {
    let interfaces =
        INTERFACES.map(|(name, prefix)| format!("\"{name}\": {{\"prefix\": \"{prefix}\"}}"));
    format!(
        "{{\"hostname\": \"fw\", \"iptablesFile\": \"iptables/fw\", \"forwarding\": true,\n\
         \"sysctls\": {{\"net.netfilter.nf_conntrack_tcp_loose\": 0}},\n\
         \"hostInterfaces\": {{{}}}}}\n",
        interfaces.join(", ")
    )
}

const PORTS: [u16; 6] = [22, 53, 80, 443, 1023, 8080];

fn network(random: &mut Random) -> String {
    let base = random.of(&["10.0", "10.1", "192.168"]);
    match random.below(5) {
        0 => format!("{base}.0.0/16"),
        1 => format!("{base}.{}.0/24", random.below(3)),
        2 => format!("{base}.{}.0/22", random.below(2) * 4),
        3 => format!("{base}.{}.{}/31", random.below(3), 2 + 2 * random.below(3)),
        _ => format!("{base}.{}.{}", random.below(3), 2 + random.below(8)),
    }
}

/// Writes a rule set of the language.
pub fn rule_set(random: &mut Random, language: Language) -> String {
    match language {
        Language::Iptables => iptables(random),
        Language::Nft => nft(random),
    }
}

fn not(random: &mut Random) -> &'static str {
    if random.once_in(4) { "! " } else { "" }
}

fn iptables_matches(random: &mut Random, tracked: bool, leaves: bool) -> String {
    let mut text = String::new();
    if random.once_in(2) {
        let (not, network) = (not(random), network(random));
        text += &format!(" {not}-s {network}");
    }
    if random.once_in(2) {
        let (not, network) = (not(random), network(random));
        text += &format!(" {not}-d {network}");
    }
    if random.once_in(4) {
        let (not, name) = (not(random), random.of(&["lan0", "lan+", "wan0"]));
        text += &format!(" {not}-i {name}");
    }
    if leaves && random.once_in(4) {
        let (not, name) = (not(random), random.of(&["lan1", "lan+", "wan0"]));
        text += &format!(" {not}-o {name}");
    }
    if random.once_in(2) {
        text += &iptables_transport(random);
    }
    if random.once_in(8) {
        text += " -m iprange --src-range 10.0.0.3-10.0.2.200";
    }
    if random.once_in(8) {
        let value = random.below(4);
        text += &format!(" -m mark --mark {value:#x}/0x3");
    }
    if tracked && random.once_in(3) {
        let not = not(random);
        let states = random.of(&[
            "NEW",
            "ESTABLISHED",
            "RELATED,ESTABLISHED",
            "INVALID",
            "NEW,UNTRACKED",
            "UNTRACKED",
        ]);
        text += &format!(" -m conntrack {not}--ctstate {states}");
    }
    text
}

fn iptables_transport(random: &mut Random) -> String {
    let (not, port) = (not(random), random.of(&PORTS));
    match random.below(6) {
        0 => format!(" -p tcp -m tcp {not}--dport {port}"),
        1 => format!(
            " -p udp -m udp {not}--dport {port}:{}",
            u32::from(port) + 100
        ),
        2 => format!(" -p tcp -m multiport {not}--ports 22,80:443,{port}"),
        3 => format!(
            " -p icmp -m icmp {not}--icmp-type {}",
            random.of(&["8", "0", "3/1", "13"])
        ),
        4 => format!(
            " -p tcp -m tcp {not}--tcp-flags FIN,SYN,RST,ACK {}",
            random.of(&["SYN", "ACK", "SYN,ACK"])
        ),
        _ => format!(" {not}-p {}", random.of(&["tcp", "udp", "esp"])),
    }
}

fn iptables(random: &mut Random) -> String {
    let mut text = String::from("*raw\n:PREROUTING ACCEPT [0:0]\n");
    if random.once_in(4) {
        let matches = iptables_matches(random, false, false);
        let _ = writeln!(text, "-A PREROUTING{matches} -j CT --notrack");
    }
    text += "COMMIT\n*mangle\n:PREROUTING ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n";
    for _ in 0..random.below(4) {
        let matches = iptables_matches(random, true, false);
        let value = random.below(4);
        let action = random.of(&["set-mark", "or-mark", "set-xmark"]);
        let value = match action {
            "set-xmark" => format!("{value:#x}/0x3"),
            _ => format!("{value:#x}"),
        };
        let _ = writeln!(text, "-A PREROUTING{matches} -j MARK --{action} {value}");
    }
    text += "COMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n";
    for _ in 0..random.below(4) {
        let matches = iptables_matches(random, false, false);
        let target = random.of(&[
            "DNAT --to-destination 10.1.0.9",
            "DNAT --to-destination 192.168.1.4-192.168.1.6",
            "ACCEPT",
            "RETURN",
        ]);
        let _ = writeln!(text, "-A PREROUTING{matches} -j {target}");
    }
    if random.once_in(3) {
        let network = network(random);
        let _ = writeln!(
            text,
            "-A PREROUTING -d {network} -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.7:8080"
        );
    }
    for _ in 0..random.below(4) {
        let network = network(random);
        let target = random.of(&[
            "SNAT --to-source 192.168.3.1",
            "SNAT --to-source 10.0.9.1-10.0.9.3",
            "MASQUERADE",
            "ACCEPT",
        ]);
        let out = random.of(&["", " -o wan0", " -o lan1"]);
        let _ = writeln!(text, "-A POSTROUTING -s {network}{out} -j {target}");
    }
    text += "COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n";
    let policy = random.of(&["ACCEPT", "DROP"]);
    let _ = writeln!(text, ":FORWARD {policy} [0:0]\n:one - [0:0]\n:two - [0:0]");
    for chain in ["FORWARD", "one", "two"] {
        for _ in 0..2 + random.below(8) {
            let matches = iptables_matches(random, true, true);
            let target = match chain {
                "FORWARD" => random.of(&["ACCEPT", "ACCEPT", "DROP", "one", "two", "RETURN"]),
                "one" => random.of(&["ACCEPT", "DROP", "two", "RETURN", "REJECT"]),
                _ => random.of(&["ACCEPT", "DROP", "RETURN"]),
            };
            let jump = match target {
                "one" | "two" if random.once_in(3) => "-g",
                _ => "-j",
            };
            let _ = writeln!(text, "-A {chain}{matches} {jump} {target}");
        }
    }
    text + "COMMIT\n"
}

/// One match; `transport` of the transport header, of which a rule has one at most.
fn nft_match(random: &mut Random, transport: bool) -> String {
    let not = if random.once_in(4) { "!= " } else { "" };
    let port = random.of(&PORTS);
    if transport {
        return match random.below(7) {
            0 => format!("tcp dport {not}{{ {port}, 9000-9100 }}"),
            1 => format!("udp sport {not}{port}-65535"),
            2 => format!(
                "meta l4proto {not}{}",
                random.of(&["tcp", "{ udp, icmp }", "esp"])
            ),
            3 => format!(
                "icmp type {not}{}",
                random.of(&["echo-request", "{ echo-reply, timestamp-request }"])
            ),
            4 => format!("ip saddr . tcp dport {not}@pairs"),
            5 => format!("udp dport > {port}"),
            _ => {
                let flags = [
                    "syn",
                    "syn / syn,ack",
                    "!= syn / fin,syn,rst,ack",
                    "{ syn, ack }",
                ];
                format!("tcp flags {}", random.of(&flags))
            }
        };
    }
    match random.below(8) {
        0 => format!("ip saddr {not}{}", network(random)),
        1 => format!("ip daddr {not}{}", network(random)),
        2 => format!("ip saddr {not}{{ 10.0.0.2-10.0.0.6, 10.1.1.0/24, 192.168.2.3 }}"),
        3 => format!(
            "iifname {not}{}",
            random.of(&["\"lan0\"", "\"lan*\"", "{ \"lan1\", \"wan0\" }"])
        ),
        4 => format!("oifname {not}{}", random.of(&["\"lan1\"", "\"lan*\""])),
        5 => format!("meta mark & 0x3 == {:#x}", random.below(4)),
        6 => "ct state established".to_owned(),
        _ => {
            let states = [
                "new",
                "established,related",
                "invalid",
                "!= new",
                "{ new, untracked }",
            ];
            format!("ct state {}", random.of(&states))
        }
    }
}

fn nft_rule(random: &mut Random, verdicts: &[&'static str]) -> String {
    let mut rule = String::new();
    let transport = random.once_in(2);
    for transport in [false, transport] {
        rule += &nft_match(random, transport);
        rule.push(' ');
    }
    let verdict = random.of(verdicts);
    // A map holds verdicts alone.
    let mapped = if verdict == "reject" { "drop" } else { verdict };
    match random.below(8) {
        0 => format!(
            "ct state vmap {{ established : accept, invalid : {} }}",
            mapped
        ),
        1 => format!(
            "tcp dport vmap {{ 22 : accept, 80-443 : {}, 8080 : drop }}",
            mapped
        ),
        2 => format!("{rule}meta mark set {:#x} {}", random.below(4), verdict),
        3 => format!(
            "{rule}counter meta mark set meta mark or {:#x}",
            random.below(4)
        ),
        _ => rule + verdict,
    }
}

fn nft(random: &mut Random) -> String {
    let mut text = String::from(
        "table inet t {\n set pairs {\n type ipv4_addr . inet_service\n flags interval\n\
         elements = { 10.0.0.0/24 . 22, 10.1.0.0-10.1.1.9 . 80-443, 192.168.0.0/16 . 8080 }\n }\n",
    );
    for (chain, verdicts) in [
        ("two", ["accept", "drop", "return", "continue"].as_slice()),
        (
            "one",
            ["accept", "drop", "return", "jump two", "goto two", "reject"].as_slice(),
        ),
    ] {
        let _ = writeln!(text, " chain {chain} {{");
        for _ in 0..1 + random.below(6) {
            let _ = writeln!(text, "  {}", nft_rule(random, verdicts));
        }
        text += " }\n";
    }
    let chains = [("early", "filter - 10"), ("late", "filter + 10")];
    for (chain, priority) in chains {
        let policy = random.of(&["accept", "accept", "drop"]);
        let _ = writeln!(
            text,
            " chain {chain} {{\n  type filter hook forward priority {priority}; policy {policy};"
        );
        for _ in 0..1 + random.below(7) {
            let verdicts = ["accept", "drop", "return", "jump one", "goto one", "accept"];
            let _ = writeln!(text, "  {}", nft_rule(random, &verdicts));
        }
        text += " }\n";
    }
    text += " chain before {\n  type filter hook prerouting priority raw; policy accept;\n";
    if random.once_in(4) {
        let matched = format!("ip saddr {}", network(random));
        let _ = writeln!(text, "  {matched} notrack");
    }
    text +=
        " }\n chain translate_to {\n  type nat hook prerouting priority dstnat; policy accept;\n";
    for _ in 0..random.below(3) {
        let network = network(random);
        let target = random.of(&[
            "dnat ip to 10.1.0.9",
            "tcp dport 80 dnat ip to 10.1.0.7:8080",
            "accept",
            "meta l4proto tcp dnat ip to tcp dport map { 22 : 10.0.0.4, 443 : 10.1.0.5 }",
        ]);
        let _ = writeln!(text, "  ip daddr {network} {target}");
    }
    text += " }\n chain translate_from {\n  type nat hook postrouting priority srcnat; policy accept;\n";
    for _ in 0..random.below(3) {
        let network = network(random);
        let target = random.of(&[
            "snat ip to 192.168.3.1",
            "oifname \"wan0\" masquerade",
            "snat ip to 10.0.9.1-10.0.9.3",
            "return",
        ]);
        let _ = writeln!(text, "  ip saddr {network} {target}");
    }
    text + " }\n}\n"
}

/// Makes a packet that enters by the interface, of a flow that no other has.
pub fn packet(random: &mut Random, interface: usize, number: u16) -> Packet {
    let bases: [[u8; 2]; 3] = [[10, 0], [10, 1], [192, 168]];
    let side = |random: &mut Random, base: usize| {
        let [a, b] = bases.get(base).copied().unwrap_or_default();
        let low = |value: usize| u8::try_from(value).unwrap_or(0);
        let c = low(random.below(5));
        IpAddr::V4(Ipv4Addr::new(a, b, c, 2 + low(random.below(8))))
    };
    let from = if random.once_in(6) {
        random.below(3)
    } else {
        interface
    };
    let to = random.below(3);
    let (source, destination) = (side(random, from), side(random, to));
    let mut packet = Packet {
        source,
        destination,
        protocol: Protocol::TCP,
        // No two packets share it, so no two are of one flow.
        source_port: 2000 + number,
        destination_port: random.of(&PORTS) + u16::from(random.once_in(4)),
        tcp_flags: TcpFlags::SYN,
        fragment: Fragment::First,
        mark: 0,
    };
    match random.below(10) {
        0..=3 => {}
        4 => packet.tcp_flags = TcpFlags(random.of(&[0x10, 0x12, 0x11, 0x04, 0x14, 0x18, 0xc2])),
        5..=7 => packet.protocol = Protocol::UDP,
        8 => {
            packet.protocol = Protocol::ICMP;
            packet.source_port = 0;
            packet.destination_port = random.of(&[8, 8, 8, 0, 13]);
        }
        _ => {
            packet.protocol = Protocol::ESP;
            // The flow is its addresses: make them new.
            let [high, low] = number.to_be_bytes();
            let [a, b] = bases.get(from).copied().unwrap_or_default();
            packet.source = IpAddr::V4(Ipv4Addr::new(a, b, 100 + (high & 0x3f), low.clamp(1, 254)));
        }
    }
    packet.normalised()
}
