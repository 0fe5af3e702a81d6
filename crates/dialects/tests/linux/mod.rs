//! Linux: rule sets and host files.

/// Host files.
mod host;
/// A real firewall against a machine-checked analyser.
mod matrix;
/// What no text may do.
mod robust;

/// Rule sets of nft.
mod nft;

use dialects::linux::{LinuxReading, read, read_rules};
use findings::Sources;
use networks::model::{Action, Chain, Condition, Device, LineState, Stage};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Test data that nobody here wrote; `None` where it is not at hand.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn read_rules_text(text: &str) -> LinuxReading {
    let mut sources = Sources::new();
    let file = sources.add("rules.v4", text);
    read_rules(file, sources.file(file).unwrap())
}

fn read_host_text(json: &str, rules: Option<&str>) -> LinuxReading {
    let mut sources = Sources::new();
    let host = sources.add("hosts/fw.json", json);
    let rules = rules.map(|text| sources.add("iptables/fw", text));
    let of = |id| (id, sources.file(id).unwrap());
    read(of(host), rules.map(of), None)
}

/// Prints the condition in short.
fn condition(device: &Device, condition_: &Condition) -> String {
    let several = |parts: &[Condition], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| condition(device, part)).collect();
        format!("({})", parts.join(word))
    };
    let names = |set: &networks::model::InterfaceSet| {
        let names: Vec<_> = set
            .iter()
            .filter_map(|id| device.interface(id))
            .map(|interface| interface.name.as_str())
            .collect();
        names.join(",")
    };
    match condition_ {
        Condition::Always => "always".to_owned(),
        Condition::All(parts) => several(parts, " & "),
        Condition::Any(parts) => several(parts, " | "),
        Condition::Not(part) => format!("!{}", condition(device, part)),
        Condition::Source(set) => format!("src {:?}", addresses(set)),
        Condition::Destination(set) => format!("dst {:?}", addresses(set)),
        Condition::Protocol(protocols) => {
            let names: Vec<_> = protocols.iter().map(ToString::to_string).collect();
            names.join(",")
        }
        Condition::SourcePort(ports) => format!("sport {:?}", ports.0),
        Condition::DestinationPort(ports) => format!("dport {:?}", ports.0),
        Condition::Icmp(icmp) => format!("icmp {:?} {:?}", icmp.types, icmp.codes),
        Condition::TcpFlags(flags) => format!("flags {:02x}/{:02x}", flags.value.0, flags.mask.0),
        Condition::LaterFragment => "fragment".to_owned(),
        Condition::Connection(states) => {
            use networks::model::ConnectionState as S;
            let names = [
                (S::New, "new"),
                (S::Established, "est"),
                (S::Related, "rel"),
                (S::Invalid, "inv"),
                (S::Untracked, "untracked"),
            ];
            let names: Vec<_> = names
                .iter()
                .filter(|(state, _)| states.contains(*state))
                .map(|(_, name)| *name)
                .collect();
            format!("ct {}", names.join(","))
        }
        Condition::EntersBy(set) => format!("in [{}]", names(set)),
        Condition::LeavesBy(set) => format!("out [{}]", names(set)),
        Condition::Mark { mask, value } => format!("mark {value:#x}/{mask:#x}"),
        Condition::Reflected(name) => format!("reflected {name}"),
        Condition::Accepted(chain) => format!("accepted {}", chain.0),
        Condition::Unknown(unknown) => format!("? {}", unknown.reason),
    }
}

fn addresses(set: &packets::AddressSet) -> Vec<String> {
    set.0
        .iter()
        .map(|part| match part {
            packets::AddressMatch::Net(net) => net.to_string(),
            packets::AddressMatch::Range(first, last) => format!("{first}-{last}"),
            packets::AddressMatch::Wildcard(wildcard) => {
                format!("{}~{}", wildcard.address, wildcard.ignore)
            }
        })
        .collect()
}

fn action(device: &Device, action: &Action) -> String {
    let name = |id| {
        device
            .chain(id)
            .map_or("?", |chain: &Chain| chain.name.as_str())
    };
    match action {
        Action::Accept(_) => "accept".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Continue => "continue".to_owned(),
        Action::Return => "return".to_owned(),
        Action::NoTrack => "notrack".to_owned(),
        Action::Call(id) => format!("call {}", name(*id)),
        Action::Goto(id) => format!("goto {}", name(*id)),
        Action::SetMark { mask, value } => format!("set mark {value:#x}/{mask:#x}"),
        Action::Translate(to) => {
            let mut text = "translate".to_owned();
            for (what, rewrite) in [("source", &to.source), ("destination", &to.destination)] {
                if let Some(rewrite) = rewrite {
                    write!(text, " {what} {rewrite:?}").unwrap();
                }
            }
            let ports = [("sport", &to.source_port), ("dport", &to.destination_port)];
            for (what, rewrite) in ports {
                if let Some(rewrite) = rewrite {
                    write!(text, " {what} {rewrite:?}").unwrap();
                }
            }
            text
        }
        Action::Route(route) => format!("route {route:?}"),
        Action::Unknown(unknown) => format!("? {}", unknown.reason),
    }
}

/// Prints the hooks with their chains, and after them the chains that are called.
fn print(device: &Device) -> String {
    let mut text = String::new();
    for hook in &device.hooks {
        let stage = match (hook.stage, hook.scope.enters.is_some()) {
            (Stage::Ingress, _) => "ingress",
            (Stage::Local, _) => "local",
            (Stage::Output, _) => "output",
            (Stage::Egress, true) => "egress of what is forwarded",
            (Stage::Egress, false) => "egress",
        };
        writeln!(text, "{stage}: {}", device.chain(hook.chain).unwrap().name).unwrap();
    }
    for chain in &device.chains {
        if chain.rules.is_empty() {
            continue;
        }
        writeln!(
            text,
            "{}, else {}",
            chain.name,
            action(device, &chain.default)
        )
        .unwrap();
        for rule in &chain.rules {
            let condition = condition(device, &rule.condition);
            writeln!(text, "  {condition} -> {}", action(device, &rule.action)).unwrap();
        }
    }
    text
}

fn state_letters(lines: &[LineState]) -> String {
    lines
        .iter()
        .map(|state| match state {
            LineState::Understood => 'u',
            LineState::Harmless => 'h',
            LineState::NotModelledHarmless => 'n',
            LineState::NotModelledCouldMatter => 'M',
            LineState::NotRecognised => 'X',
        })
        .collect()
}

/// Every rule set of the collection is read with each line in a known state.
#[test]
fn collected_rule_sets_have_no_unrecognised_line() {
    let Some(folder) = data("iptables") else {
        return;
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "iptables-save") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let reading = read_rules_text(&text);
        let lines = &reading.reading.coverage.lines;
        for (line, text) in lines.iter().zip(text.lines()) {
            assert_ne!(
                *line,
                LineState::NotRecognised,
                "{}: {text}",
                path.display()
            );
        }
        assert_eq!(reading.reading.devices[0].unread, [], "{}", path.display());
        assert_eq!(lines.len(), text.lines().count());
    }
}

/// The hosts of the example network are read whole.
#[test]
fn example_hosts_are_read_whole() {
    for host in ["host1", "host2"] {
        let Some(json) = data(&format!("batfish-example/live/hosts/{host}.json")) else {
            return;
        };
        let rules = data(&format!("batfish-example/live/iptables/{host}.iptables")).unwrap();
        let json = std::fs::read_to_string(json).unwrap();
        let reading = read_host_text(&json, Some(&std::fs::read_to_string(rules).unwrap()));
        let device = &reading.reading.devices[0];
        assert_eq!(device.name, host);
        assert_eq!(reading.reading.findings, []);
        assert_eq!(device.unread, []);
        assert_eq!(device.interfaces.len(), 1);
        assert_eq!(device.vrfs[0].static_routes.len(), 1);
        assert!(!state_letters(&reading.reading.coverage.lines).contains(['M', 'X']));
        assert!(!state_letters(&reading.rules.unwrap().lines).contains(['M', 'X']));
    }
}

/// The order of the kernel: raw, mangle, nat, filter; what is forwarded passes
/// the forward chains before those of everything that leaves.
#[test]
fn hooks_follow_the_kernels_order() {
    let reading = read_rules_text(
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [1:2]\n:OUTPUT DROP\n:mine - [0:0]\n\
         -A FORWARD -i eth0 -o eth1+ -j mine\n-A FORWARD -i eth1.5 -g mine\n\
         -A mine ! -s 10.0.0.0/8,192.168.0.0/16 -p tcp -m tcp ! --dport 80:90 -j RETURN\n\
         -A mine -m conntrack --ctstate NEW,RELATED -j ACCEPT\nCOMMIT\n\
         *nat\n:PREROUTING ACCEPT\n:POSTROUTING ACCEPT\n\
         -A PREROUTING -d 1.2.3.4/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.1-10.0.0.9:5353\n\
         -A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n\
         *raw\n:PREROUTING ACCEPT\n-A PREROUTING -s 10.9.0.0/255.0.255.0 -j CT --notrack\nCOMMIT\n",
    );
    insta::assert_snapshot!(print(&reading.reading.devices[0]));
    let states = state_letters(&reading.reading.coverage.lines);
    assert_eq!(states, "uuuuuuuuuuuuuuuuuuuu");
}

/// Each target of iptables, with its forms.
#[test]
fn targets_of_iptables_are_read() {
    let reading = read_rules_text(
        "*mangle\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING -m mark --mark 0x1/0xff -j MARK --set-xmark 0x2/0xff\n\
         -A PREROUTING -j MARK --or-mark 0x10\n-A PREROUTING -j MARK --and-mark 0xfe\n\
         -A PREROUTING -j MARK --xor-mark 0x1\n-A PREROUTING -j CONNMARK --restore-mark\n\
         -A PREROUTING -j CONNMARK --save-mark\n-A PREROUTING -j TPROXY --on-port 80\n\
         -A PREROUTING -j TTL --ttl-set 64\n-A PREROUTING -j FROBNICATE\nCOMMIT\n\
         *nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n\
         -A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\n\
         -A OUTPUT -p tcp -j REDIRECT\n-A PREROUTING -d 10.0.0.0/24 -j NETMAP --to 10.9.9.0/24\n\
         -A POSTROUTING -j NETMAP --to 10.9.9.0/24\n\
         -A POSTROUTING -p tcp -j SNAT --to-source 1.2.3.4:1024-2048 --random\n\
         -A PREROUTING -p tcp -j DNAT --to-destination :22\n\
         -A PREROUTING -p tcp -j DNAT --to-destination 1.2.3.4:100-200/300\nCOMMIT\n",
    );
    insta::assert_snapshot!(print(&reading.reading.devices[0]));
    let states = state_letters(&reading.reading.coverage.lines);
    assert_eq!(states, "uuuuuMMnMnXuuuuuuuuMuuMu");
}

/// Each match of iptables that is modelled, and some that cannot be.
#[test]
fn matches_of_iptables_are_read() {
    let reading = read_rules_text(
        "*filter\n:FORWARD ACCEPT [0:0]\n\
         -A FORWARD -s ! 10.0.0.0/8 -p ! tcp -j DROP\n\
         -A FORWARD -p tcp -m tcp ! --syn -m comment --comment \"it's -j DROP\" -j DROP\n\
         -A FORWARD -p tcp -m multiport ! --ports 22,80:90 -j ACCEPT\n\
         -A FORWARD -p icmp -m icmp --icmp-type host-unreachable -j ACCEPT\n\
         -A FORWARD -f -j DROP\n-A FORWARD -m iprange ! --dst-range 10.0.0.1-10.0.0.9 -j DROP\n\
         -A FORWARD -m addrtype --dst-type MULTICAST -j DROP\n\
         -A FORWARD -m limit --limit 5/min -j LOG --log-prefix \"a b\"\n\
         -A FORWARD -m limit --limit 5/min -j ACCEPT\n\
         -A FORWARD -m set --match-set bad src -j DROP\n\
         -A FORWARD -m conntrack --ctstate ESTABLISHED,DNAT -j ACCEPT\n\
         -A FORWARD -m recent --set --name x --rsource -j ACCEPT\n\
         -A FORWARD -m newmatch --new-option 1 -j ACCEPT\n\
         [5:300] -A FORWARD -s host.example -j ACCEPT\nCOMMIT\n",
    );
    insta::assert_snapshot!(print(&reading.reading.devices[0]));
    let states = state_letters(&reading.reading.coverage.lines);
    assert_eq!(states, "uuuuuuuuunMMMuXMu");
}
