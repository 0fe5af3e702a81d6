//! The matches of a rule.

use super::{Place, Table};
use crate::linux::addresses;
use crate::linux::names;
use crate::linux::netfilter::{Builder, negated_if, never, unknown};
use crate::linux::words::Words;
use networks::model::{Condition, ConnectionState, ConnectionStates, LineState};
use packets::{AddressMatch, AddressSet, Family, Ports, Protocol, TcpFlagMatch, TcpFlags};
use std::borrow::Cow;
use std::net::IpAddr;

/// Matches whose outcome a configuration does not tell, and why. The reason is
/// shown to people: "whether … cannot be told: REASON".
const RUN_TIME: [(&str, &str); 46] = [
    ("ah", "the SPI of IPsec headers is not modelled"),
    ("bpf", "a compiled program is not modelled"),
    ("cgroup", "it depends on the sending process"),
    ("cluster", "it depends on a hash of the flow"),
    ("connbytes", "it depends on traffic"),
    ("connlabel", "labels of connections are not modelled"),
    ("connlimit", "it depends on how many connections there are"),
    ("connmark", "marks of connections are not modelled"),
    ("cpu", "it depends on the processor that handles the packet"),
    ("dccp", "DCCP types and options are not modelled"),
    ("devgroup", "groups of interfaces are not in the rule set"),
    ("dscp", "the DSCP field is not modelled"),
    ("dst", "IPv6 extension headers are not modelled"),
    ("ecn", "the ECN field is not modelled"),
    ("esp", "the SPI of IPsec headers is not modelled"),
    ("eui64", "link-layer addresses are not modelled"),
    ("frag", "IPv6 extension headers are not modelled"),
    ("hashlimit", "it depends on traffic"),
    ("hbh", "IPv6 extension headers are not modelled"),
    ("helper", "which helper tracks a connection is not modelled"),
    ("hl", "the hop limit is not modelled"),
    ("ipv6header", "IPv6 extension headers are not modelled"),
    ("ipvs", "load balancing is not modelled"),
    ("length", "the length of packets is not modelled"),
    ("limit", "it depends on traffic"),
    ("mac", "link-layer addresses are not modelled"),
    ("mh", "mobility headers are not modelled"),
    ("nfacct", "it depends on traffic"),
    ("osf", "it depends on the sender's operating system"),
    ("owner", "it depends on the sending process"),
    ("physdev", "ports of bridges are not modelled"),
    (
        "pkttype",
        "how the link layer addressed the packet is not modelled",
    ),
    ("policy", "IPsec policies are not in the rule set"),
    ("quota", "it depends on traffic"),
    ("rateest", "it depends on traffic"),
    ("realm", "routing realms are not modelled"),
    ("rpfilter", "the reverse-path match is not modelled"),
    ("rt", "IPv6 extension headers are not modelled"),
    ("set", "the members of the set are not in the rule set"),
    ("socket", "it depends on open sockets"),
    ("statistic", "it is random"),
    ("string", "the content of packets is not modelled"),
    ("tcpmss", "TCP options are not modelled"),
    ("time", "it depends on the time of day"),
    ("tos", "the TOS field is not modelled"),
    ("ttl", "the TTL is not modelled"),
];

/// More of them, seldom seen.
const RUN_TIME_RARE: [(&str, &str); 4] = [
    ("ipcomp", "the CPI of IPComp headers is not modelled"),
    ("l2tp", "L2TP headers are not modelled"),
    ("u32", "raw bytes of packets are not modelled"),
    ("condition", "it depends on a run-time switch"),
];

/// Matches that are modelled, at least in part.
const MODELLED: [&str; 17] = [
    "addrtype",
    "comment",
    "conntrack",
    "icmp",
    "icmp6",
    "icmpv6",
    "ipv6-icmp",
    "iprange",
    "mark",
    "multiport",
    "recent",
    "sctp",
    "state",
    "standard",
    "tcp",
    "udp",
    "udplite",
];

/// What the matches of a rule come to.
#[derive(Debug)]
pub(super) struct Matches {
    /// All have to hold.
    pub(super) conditions: Vec<Condition>,
    /// The target and how it is jumped to.
    pub(super) target: Option<(Jump, String)>,
    /// How well they were understood.
    pub(super) state: LineState,
}

/// How a target is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    /// `-j`.
    Jump,
    /// `-g`.
    Goto,
}

/// The rule as far as it was read.
struct Rule<'b> {
    builder: &'b mut Builder,
    place: Place,
    conditions: Vec<Condition>,
    protocol: Option<Protocol>,
    module: String,
    state: LineState,
}

/// Reads matches up to and with the name of the target.
pub(super) fn read(builder: &mut Builder, words: &mut Words<'_>, place: Place) -> Matches {
    let mut rule = Rule {
        builder,
        place,
        conditions: Vec::new(),
        protocol: None,
        module: String::new(),
        state: LineState::Understood,
    };
    let mut target = None;
    while let Some(word) = words.next() {
        let negated = word.text == "!" && !word.quoted;
        let option = match negated {
            true => words.next().map(|word| word.text).unwrap_or_default(),
            false => word.text,
        };
        match option.as_ref() {
            "-j" | "--jump" | "-g" | "--goto" => {
                let jump = match option.as_ref() {
                    "-g" | "--goto" => Jump::Goto,
                    _ => Jump::Jump,
                };
                let name = words.next().map(|word| word.text).unwrap_or_default();
                target = Some((jump, name.into_owned()));
                break;
            }
            "-c" | "--set-counters" => words.skip_arguments(),
            _ => {
                let negated = negated || words.take("!");
                rule.option(&option, negated, words);
            }
        }
    }
    Matches {
        conditions: rule.conditions,
        target,
        state: rule.state,
    }
}

impl Rule<'_> {
    fn push(&mut self, negated: bool, condition: Condition) {
        self.conditions.push(negated_if(negated, condition));
    }

    /// What is known and cannot be told.
    fn push_unknown(&mut self, reason: impl Into<String>) {
        self.conditions.push(unknown(self.place.origin, reason));
        self.state = self.state.max(LineState::NotModelledCouldMatter);
    }

    /// What is not even known.
    fn push_unrecognised(&mut self, what: &str) {
        let reason = format!("`{what}` is not understood");
        self.conditions.push(unknown(self.place.origin, reason));
        self.state = LineState::NotRecognised;
    }

    fn option(&mut self, option: &str, negated: bool, words: &mut Words<'_>) {
        match option {
            "-s" | "--source" | "--src" | "-d" | "--destination" | "--dst" => {
                self.address(option, negated, words.argument());
            }
            "-i" | "--in-interface" | "-o" | "--out-interface" => {
                let name = words.argument().unwrap_or_default();
                let origin = self.place.origin;
                let set = self.builder.interfaces(&name, '+', origin);
                let condition = match option {
                    "-i" | "--in-interface" => Condition::EntersBy(set),
                    _ => Condition::LeavesBy(set),
                };
                self.push(negated, condition);
            }
            "-p" | "--protocol" | "--proto" => self.protocol(negated, words.argument()),
            "-f" | "--fragment" | "--fragments" => self.push(negated, Condition::LaterFragment),
            "-m" | "--match" => {
                let name = words.argument().unwrap_or_default();
                self.module(&name);
            }
            _ if !option.starts_with('-') => self.push_unrecognised(option),
            _ => self.module_option(option, negated, words),
        }
    }

    fn module(&mut self, name: &str) {
        name.clone_into(&mut self.module);
        if MODELLED.contains(&name) {
            return;
        }
        let known = RUN_TIME
            .iter()
            .chain(&RUN_TIME_RARE)
            .find(|(known, _)| *known == name);
        match known {
            Some((_, reason)) => self.push_unknown(*reason),
            None => self.push_unrecognised(&format!("-m {name}")),
        }
    }

    /// An option of a match extension, loaded by `-m` or implied by `-p`.
    fn module_option(&mut self, option: &str, negated: bool, words: &mut Words<'_>) {
        match option {
            "--sport"
            | "--source-port"
            | "--source-ports"
            | "--sports"
            | "--dport"
            | "--destination-port"
            | "--dports"
            | "--destination-ports"
            | "--ports"
            | "--port" => {
                self.ports(option, negated, words.argument());
            }
            "--syn" => self.tcp_flags(negated, "FIN,SYN,RST,ACK", "SYN"),
            "--tcp-flags" => {
                let mask = words.argument().unwrap_or_default();
                let value = words.argument().unwrap_or_default();
                self.tcp_flags(negated, &mask, &value);
            }
            "--icmp-type" | "--icmpv6-type" => self.icmp(negated, words.argument()),
            "--src-range" | "--dst-range" => self.range(option, negated, words.argument()),
            "--state" | "--ctstate" => self.connection(negated, words.argument()),
            "--ctproto" => self.tracked_protocol(negated, words.argument()),
            "--src-type" | "--dst-type" => self.address_type(option, negated, words.argument()),
            "--mark" if self.module == "mark" => self.mark(negated, words.argument()),
            "--comment" => words.skip_arguments(),
            _ => {
                words.skip_arguments();
                self.other(option, negated);
            }
        }
    }

    fn other(&mut self, option: &str, negated: bool) {
        match (self.module.as_str(), option) {
            // `--set` always holds; what it records is asked by matches that
            // are unknown themselves.
            ("recent", "--set") => {
                if negated {
                    self.conditions.push(never());
                }
            }
            ("recent", "--rcheck" | "--update" | "--remove") => {
                self.push_unknown("it depends on earlier packets");
            }
            ("recent", _) => {}
            ("conntrack", _) => {
                self.builder.tracks = true;
                self.push_unknown("only the state of connections is modelled");
            }
            ("addrtype", _) => self.push_unknown("address types by interface are not modelled"),
            ("tcp", "--tcp-option") => self.push_unknown("TCP options are not modelled"),
            ("sctp", "--chunk-types") => self.push_unknown("SCTP chunks are not modelled"),
            (module, _)
                if RUN_TIME
                    .iter()
                    .chain(&RUN_TIME_RARE)
                    .any(|(name, _)| *name == module) => {}
            _ => self.push_unrecognised(option),
        }
    }

    fn address(&mut self, option: &str, negated: bool, argument: Option<Cow<'_, str>>) {
        let argument = argument.unwrap_or_default();
        let family = self.place.family;
        let parts: Option<Vec<AddressMatch>> = argument
            .split(',')
            .map(|part| addresses::with_mask(part, family))
            .collect();
        let Some(parts) = parts else {
            self.push_unknown(format!(
                "`{argument}` is a name that is resolved when loaded"
            ));
            return;
        };
        let set = AddressSet(parts);
        let condition = if matches!(option, "-s" | "--source" | "--src") {
            Condition::Source(set)
        } else {
            Condition::Destination(set)
        };
        self.push(negated, condition);
    }

    fn protocol(&mut self, negated: bool, argument: Option<Cow<'_, str>>) {
        let name = argument.unwrap_or_default();
        if matches!(name.as_ref(), "all" | "0") {
            if negated {
                self.conditions.push(never());
            }
            return;
        }
        let Some(protocol) = names::protocol(&name) else {
            self.push_unrecognised(&format!("-p {name}"));
            return;
        };
        if !negated {
            self.protocol = Some(protocol);
        }
        self.push(negated, Condition::Protocol(vec![protocol]));
    }

    /// The ports of TCP, UDP, SCTP, DCCP and of `multiport`. A packet that
    /// shows no port matches neither the option nor its negation.
    fn ports(&mut self, option: &str, negated: bool, argument: Option<Cow<'_, str>>) {
        let argument = argument.unwrap_or_default();
        let ranges: Option<Vec<_>> = argument.split(',').map(port_range).collect();
        let Some(ranges) = ranges else {
            self.push_unrecognised(&format!("{option} {argument}"));
            return;
        };
        let ports = Ports(ranges);
        let condition = if option.starts_with("--s") {
            Condition::SourcePort(ports)
        } else if option.starts_with("--d") {
            Condition::DestinationPort(ports)
        } else {
            Condition::Any(vec![
                Condition::SourcePort(ports.clone()),
                Condition::DestinationPort(ports),
            ])
        };
        if negated {
            self.conditions
                .push(Condition::DestinationPort(Ports::any()));
        }
        self.push(negated, condition);
    }

    fn tcp_flags(&mut self, negated: bool, mask: &str, value: &str) {
        let (Some(mask), Some(value)) = (flags(mask), flags(value)) else {
            self.push_unrecognised("--tcp-flags");
            return;
        };
        if negated {
            let any = TcpFlagMatch {
                mask: TcpFlags(0),
                value: TcpFlags(0),
            };
            self.conditions.push(Condition::TcpFlags(any));
        }
        let condition = match mask.contains(value) {
            true => Condition::TcpFlags(TcpFlagMatch { mask, value }),
            false => never(),
        };
        self.push(negated, condition);
    }

    fn icmp(&mut self, negated: bool, argument: Option<Cow<'_, str>>) {
        let argument = argument.unwrap_or_default();
        let (found, any) = match self.place.family {
            Family::V4 => (names::icmp(&argument), names::icmp("any")),
            Family::V6 => (names::icmpv6(&argument), names::icmpv6("any")),
        };
        let Some(found) = found else {
            self.push_unrecognised(&format!("--icmp-type {argument}"));
            return;
        };
        if negated {
            self.conditions.extend(any.map(Condition::Icmp));
        }
        self.push(negated, Condition::Icmp(found));
    }

    fn range(&mut self, option: &str, negated: bool, argument: Option<Cow<'_, str>>) {
        let argument = argument.unwrap_or_default();
        let ends = argument.split_once('-').unwrap_or((&argument, &argument));
        let ends = (ends.0.parse::<IpAddr>(), ends.1.parse::<IpAddr>());
        let (Ok(first), Ok(last)) = ends else {
            self.push_unrecognised(&format!("{option} {argument}"));
            return;
        };
        let set = match Family::of(first) == Family::of(last) && first <= last {
            true => AddressSet(vec![AddressMatch::Range(first, last)]),
            false => AddressSet::default(),
        };
        let condition = match option {
            "--src-range" => Condition::Source(set),
            _ => Condition::Destination(set),
        };
        self.push(negated, condition);
    }

    fn connection(&mut self, negated: bool, argument: Option<Cow<'_, str>>) {
        self.builder.tracks = true;
        if self.place.table == Table::Raw {
            self.push_unknown("the rule comes before connection tracking");
            return;
        }
        let argument = argument.unwrap_or_default();
        let mut states = Vec::new();
        let mut translated = false;
        for name in argument.split(',') {
            match name.to_ascii_uppercase().as_str() {
                "NEW" => states.push(ConnectionState::New),
                "ESTABLISHED" => states.push(ConnectionState::Established),
                "RELATED" => states.push(ConnectionState::Related),
                "INVALID" => states.push(ConnectionState::Invalid),
                "UNTRACKED" => states.push(ConnectionState::Untracked),
                "SNAT" | "DNAT" => translated = true,
                _ => {
                    self.push_unrecognised(&format!("--ctstate {name}"));
                    return;
                }
            }
        }
        let mut parts = Vec::new();
        if !states.is_empty() {
            parts.push(Condition::Connection(ConnectionStates::new(states)));
        }
        if translated {
            let reason = "whether the connection was translated is not modelled";
            parts.push(unknown(self.place.origin, reason));
            self.state = self.state.max(LineState::NotModelledCouldMatter);
        }
        let condition = match parts.len() {
            1 => parts.pop().unwrap_or_else(never),
            _ => Condition::Any(parts),
        };
        self.push(negated, condition);
    }

    /// `--ctproto`: the protocol of the tracked connection is the packet's own;
    /// what is not tracked has none.
    fn tracked_protocol(&mut self, negated: bool, argument: Option<Cow<'_, str>>) {
        self.builder.tracks = true;
        let argument = argument.unwrap_or_default();
        let Some(protocol) = names::protocol(&argument) else {
            self.push_unrecognised(&format!("--ctproto {argument}"));
            return;
        };
        if self.place.table == Table::Raw {
            self.push_unknown("the rule comes before connection tracking");
            return;
        }
        let tracked = [
            ConnectionState::New,
            ConnectionState::Established,
            ConnectionState::Related,
        ];
        self.conditions
            .push(Condition::Connection(ConnectionStates::new(tracked)));
        self.push(negated, Condition::Protocol(vec![protocol]));
    }

    fn address_type(&mut self, option: &str, negated: bool, argument: Option<Cow<'_, str>>) {
        let argument = argument.unwrap_or_default();
        let mut parts = Vec::new();
        for kind in argument.split(',') {
            let Some(kind) = addresses::Kind::named(&kind.to_ascii_lowercase()) else {
                self.push_unrecognised(&format!("{option} {kind}"));
                return;
            };
            let side = match option {
                "--src-type" => addresses::Side::Source,
                _ => addresses::Side::Destination,
            };
            let (condition, state) = addresses::of_kind(
                &self.builder.device,
                self.builder.interfaces_open,
                side,
                kind,
                self.place.origin,
            );
            self.state = self.state.max(state);
            parts.push(condition);
        }
        let condition = match parts.len() {
            1 => parts.pop().unwrap_or_else(never),
            _ => Condition::Any(parts),
        };
        self.push(negated, condition);
    }

    fn mark(&mut self, negated: bool, argument: Option<Cow<'_, str>>) {
        let argument = argument.unwrap_or_default();
        let Some((value, mask)) = names::value_and_mask(&argument) else {
            self.push_unrecognised(&format!("--mark {argument}"));
            return;
        };
        let condition = match value & !mask == 0 {
            true => Condition::Mark { mask, value },
            false => never(),
        };
        self.push(negated, condition);
    }
}

/// Reads `80`, `80:90`, `:90`, `80:` or a service name.
pub(super) fn port_range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let Some((first, last)) = text.split_once(':') else {
        let port = names::port(text)?;
        return Some(port..=port);
    };
    let end = |text: &str, missing| match text {
        "" => Some(missing),
        _ => names::port(text),
    };
    Some(end(first, 0)?..=end(last, u16::MAX)?)
}

fn flags(text: &str) -> Option<TcpFlags> {
    text.split(',')
        .try_fold(TcpFlags::default(), |flags, name| {
            let flag = match name.to_ascii_uppercase().as_str() {
                "FIN" => TcpFlags::FIN,
                "SYN" => TcpFlags::SYN,
                "RST" => TcpFlags::RST,
                "PSH" => TcpFlags::PSH,
                "ACK" => TcpFlags::ACK,
                "URG" => TcpFlags::URG,
                "ALL" => TcpFlags(0x3f),
                "NONE" => TcpFlags(0),
                _ => return None,
            };
            Some(TcpFlags(flags.0 | flag.0))
        })
}
