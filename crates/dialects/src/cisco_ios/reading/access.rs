//! Access lists.

use super::super::config::{
    AccessList, Ace, AceAddress, AceMatch, AceMore, AceRule, AceService, Touch,
};
use super::super::names;
use super::super::words::{parse, wildcard};
use super::{CONTRADICTION, Outcome, Reader};
use findings::{Severity, Span};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use packets::{AddressMatch, Ports, Protocol, TcpFlagMatch, TcpFlags};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The distance between sequence numbers that IOS gives by itself.
const SEQUENCE_STEP: u32 = 10;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Standard,
    Extended,
    V6,
}

impl<'a> Reader<'_, 'a> {
    /// `access-list NUMBER …`, the words after the first.
    pub(super) fn numbered_entry(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let [name, rest @ ..] = words else {
            return Outcome::Unrecognised;
        };
        let form = match parse::<u16>(name) {
            Some(1..=99 | 1300..=1999) => Form::Standard,
            Some(100..=199 | 2000..=2699) => Form::Extended,
            // Lists of other protocols (MAC, IPX): only what refers to them acts.
            Some(200..=1299) => return Outcome::Outside,
            _ => return Outcome::Unrecognised,
        };
        if matches!(rest, ["dynamic-extended", ..]) {
            return Outcome::Matters("lock-and-key access lists change at run time");
        }
        self.entry(index, name, form, rest)
    }

    /// `ip access-list …` and `ipv6 access-list …`, the words after these two.
    pub(super) fn access_list(
        &mut self,
        index: usize,
        words: &[&'a str],
        ipv6: bool,
    ) -> Outcome<'a> {
        let (form, name) = match words {
            [name] if ipv6 => (Form::V6, *name),
            ["standard", name] => (Form::Standard, *name),
            ["extended", name] => (Form::Extended, *name),
            [
                "resequence" | "persistent" | "role-based" | "helper" | "fqdn",
                ..,
            ] => {
                return Outcome::Outside;
            }
            _ => return Outcome::Unrecognised,
        };
        let span = self.span(index);
        self.list(name, form, span);
        self.block(index, &Touch::Nothing, |reader, child, words| {
            reader.entry(child, name, form, words)
        });
        Outcome::Understood
    }

    fn list(&mut self, name: &'a str, form: Form, origin: Span) -> &mut AccessList<'a> {
        let lists = match form {
            Form::V6 => &mut self.config.lists_v6,
            _ => &mut self.config.lists,
        };
        lists.entry(name).or_insert_with(|| AccessList {
            standard: form == Form::Standard,
            entries: Vec::new(),
            origin,
        })
    }

    /// One entry, with or without its sequence number.
    fn entry(&mut self, index: usize, name: &'a str, form: Form, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let (sequence, words) = match words {
            ["sequence", number, rest @ ..] => (parse::<u32>(number), rest),
            [number, rest @ ..] if parse::<u32>(number).is_some() => (parse::<u32>(number), rest),
            _ => (None, words),
        };
        let list = self.list(name, form, origin);
        match words {
            ["remark", ..] | [] => return Outcome::Harmless,
            // IOS-XE writes a number after the remark's own on some releases.
            ["exit" | "exit-access-list"] => return Outcome::Harmless,
            ["statistics" | "hardware" | "fragments-allowed", ..] => return Outcome::Outside,
            _ => {}
        }
        let rule = read_entry(form, words);
        let unread = match &rule {
            AceRule::Unread(reason) => Some(*reason),
            _ => None,
        };
        let last = list
            .entries
            .iter()
            .next_back()
            .map_or(0, |ace| ace.sequence);
        let sequence = sequence.unwrap_or_else(|| last.saturating_add(SEQUENCE_STEP));
        let duplicate = sequence == last && !list.entries.is_empty();
        list.entries.push(Ace {
            sequence,
            rule,
            origin,
        });
        if duplicate {
            let message = format!("two entries of `{name}` have the sequence number {sequence}");
            self.finding(CONTRADICTION, Severity::Warning, message, origin);
        }
        match unread {
            None => Outcome::Understood,
            Some("the entry is not recognised") => Outcome::Unrecognised,
            Some(reason) => Outcome::Matters(reason),
        }
    }
}

fn read_entry<'a>(form: Form, words: &[&'a str]) -> AceRule<'a> {
    let permit = match words {
        ["permit", ..] => true,
        ["deny", ..] => false,
        ["evaluate", name, ..] => return AceRule::Evaluate(name),
        ["dynamic", ..] => return AceRule::Unread("lock-and-key entries open at run time"),
        _ => return AceRule::Unread("the entry is not recognised"),
    };
    let mut cursor = Cursor {
        words: words.get(1..).unwrap_or_default(),
        ipv6: form == Form::V6,
    };
    let read = match form {
        Form::Standard => cursor.standard(permit),
        _ => cursor.extended(permit),
    };
    match read {
        Some(entry) => AceRule::Match(entry),
        None => AceRule::Unread("the entry is not recognised"),
    }
}

/// What of an entry is still to be read.
struct Cursor<'w, 'a> {
    words: &'w [&'a str],
    ipv6: bool,
}

impl<'a> Cursor<'_, 'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.first().copied()
    }

    /// `permit|deny {any | host A | A [WILDCARD]} [log]`.
    fn standard(&mut self, permit: bool) -> Option<AceMatch<'a>> {
        let source = match self.next()? {
            "any" => AceAddress::Any,
            "host" => host(self.next()?, false)?,
            "object-group" | "addrgroup" => AceAddress::Group(self.next()?),
            address => match self.peek() {
                Some(mask) if parse::<Ipv4Addr>(mask).is_some() => {
                    let found = wildcard(address, self.next()?)?;
                    AceAddress::One(AddressMatch::Wildcard(found))
                }
                _ => host(address, false)?,
            },
        };
        matches!(self.words, [] | ["log"] | ["log", _]).then_some(AceMatch {
            permit,
            service: AceService::Any,
            source,
            destination: AceAddress::Any,
            source_ports: None,
            destination_ports: None,
            more: None,
        })
    }

    fn extended(&mut self, permit: bool) -> Option<AceMatch<'a>> {
        let word = self.next()?;
        let service = match word {
            "ip" if !self.ipv6 => AceService::Any,
            "ipv6" if self.ipv6 => AceService::Any,
            "object-group" => AceService::Group(self.next()?),
            _ => match names::protocol(word, self.ipv6) {
                Some(protocol) => AceService::Protocol(protocol),
                // `permit 2001:db8::/32 any`: the protocol may be left out.
                None if self.ipv6 && (word == "any" || word == "host" || word.contains(':')) => {
                    return self.ipv6_without_protocol(permit, word);
                }
                None => return None,
            },
        };
        self.after_service(permit, service)
    }

    fn ipv6_without_protocol(&mut self, permit: bool, first: &'a str) -> Option<AceMatch<'a>> {
        let mut words = vec![first];
        words.extend_from_slice(self.words);
        let mut cursor = Cursor {
            words: &words,
            ipv6: true,
        };
        cursor.after_service(permit, AceService::Any)
    }

    fn after_service(&mut self, permit: bool, service: AceService<'a>) -> Option<AceMatch<'a>> {
        let protocol = match service {
            AceService::Protocol(protocol) => Some(protocol),
            _ => None,
        };
        let source = self.address()?;
        let source_ports = self.ports(protocol)?;
        let destination = self.address()?;
        let destination_ports = self.ports(protocol)?;
        let more = self.options(protocol)?;
        Some(AceMatch {
            permit,
            service,
            source,
            destination,
            source_ports,
            destination_ports,
            more,
        })
    }

    fn address(&mut self) -> Option<AceAddress<'a>> {
        let word = self.next()?;
        match word {
            "any" | "any4" | "any6" => Some(AceAddress::Any),
            "host" => host(self.next()?, self.ipv6),
            "object-group" | "addrgroup" => Some(AceAddress::Group(self.next()?)),
            _ if self.ipv6 => {
                let net = parse::<Ipv6Net>(word)?;
                Some(AceAddress::One(AddressMatch::Net(IpNet::V6(net.trunc()))))
            }
            _ if word.contains('/') => {
                let net = parse::<Ipv4Net>(word)?;
                Some(AceAddress::One(AddressMatch::Net(IpNet::V4(net.trunc()))))
            }
            _ => {
                let found = wildcard(word, self.next()?)?;
                Some(AceAddress::One(AddressMatch::Wildcard(found)))
            }
        }
    }

    /// Port operators; `Some(None)` where there are none.
    fn ports(&mut self, protocol: Option<Protocol>) -> Option<Option<Ports>> {
        let Some(protocol) = protocol.filter(|protocol| protocol.has_ports()) else {
            return Some(None);
        };
        ports(&mut self.words, protocol)
    }

    fn options(&mut self, protocol: Option<Protocol>) -> Option<Option<Box<AceMore<'a>>>> {
        let mut more = AceMore::default();
        let mut any = false;
        while let Some(word) = self.next() {
            if matches!(word, "log" | "log-input") {
                // A cookie may follow; it is only written to the log.
                if self.words.len() == 1 && !is_option(self.words) {
                    self.next();
                }
                continue;
            }
            any = true;
            self.option(word, protocol, &mut more)?;
        }
        Some(any.then(|| Box::new(more)))
    }

    fn option(
        &mut self,
        word: &'a str,
        protocol: Option<Protocol>,
        more: &mut AceMore<'a>,
    ) -> Option<()> {
        match word {
            "fragments" => more.fragments = true,
            "established" if protocol == Some(Protocol::TCP) => {
                more.flags.extend([set(TcpFlags::ACK), set(TcpFlags::RST)]);
            }
            "match-all" if protocol == Some(Protocol::TCP) => {
                let flags = self.flags()?;
                let mask = flags.iter().fold(0, |bits, flag| bits | flag.mask.0);
                let value = flags.iter().fold(0, |bits, flag| bits | flag.value.0);
                more.flags.push(TcpFlagMatch {
                    mask: TcpFlags(mask),
                    value: TcpFlags(value),
                });
            }
            "match-any" if protocol == Some(Protocol::TCP) => more.flags.extend(self.flags()?),
            "ack" | "fin" | "psh" | "rst" | "syn" | "urg" if protocol == Some(Protocol::TCP) => {
                more.flags.push(set(flag(word)?));
            }
            "time-range" => {
                self.next()?;
                more.unknown = Some("it holds at certain times only");
            }
            "dscp" | "precedence" | "tos" | "option" | "flow-label" | "traffic-class"
            | "mobility-type" | "dest-option-type" | "routing-type" => {
                self.next()?;
                more.unknown = Some("it asks for a field that is not modelled");
            }
            "ttl" => {
                self.words = &[];
                more.unknown = Some("it asks for a time to live");
            }
            "routing" | "auth" | "dest-option" | "hbh" | "undetermined-transport" | "mobility" => {
                more.unknown = Some("it asks for an extension header");
            }
            "reflect" => {
                more.reflect = Some(self.next()?);
                if self.peek() == Some("timeout") {
                    self.next();
                    self.next();
                }
            }
            "sequence" => {
                self.next()?;
            }
            _ if protocol.is_some_and(Protocol::is_icmp) => {
                let mut words = vec![word];
                words.extend_from_slice(self.words);
                let (found, used) = names::icmp(&words, self.ipv6)?;
                more.icmp = Some(found);
                self.words = self.words.get(used - 1..)?;
            }
            _ if protocol == Some(Protocol::IGMP) => {
                more.unknown = Some("it asks for an IGMP type");
            }
            _ => return None,
        }
        Some(())
    }

    /// `+syn -ack …`.
    fn flags(&mut self) -> Option<Vec<TcpFlagMatch>> {
        let mut flags = Vec::new();
        while let Some(word) = self.peek() {
            let (wanted, name) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
                (Some(name), _) => (true, name),
                (_, Some(name)) => (false, name),
                _ => break,
            };
            self.next();
            let mask = flag(name)?;
            let value = if wanted { mask } else { TcpFlags(0) };
            flags.push(TcpFlagMatch { mask, value });
        }
        (!flags.is_empty()).then_some(flags)
    }
}

fn is_option(words: &[&str]) -> bool {
    matches!(
        words,
        ["fragments"
            | "established"
            | "log"
            | "log-input"
            | "ack"
            | "fin"
            | "psh"
            | "rst"
            | "syn"
            | "urg"]
    )
}

fn set(flag: TcpFlags) -> TcpFlagMatch {
    TcpFlagMatch {
        mask: flag,
        value: flag,
    }
}

fn flag(name: &str) -> Option<TcpFlags> {
    Some(match name {
        "ack" => TcpFlags::ACK,
        "fin" => TcpFlags::FIN,
        "psh" => TcpFlags::PSH,
        "rst" => TcpFlags::RST,
        "syn" => TcpFlags::SYN,
        "urg" => TcpFlags::URG,
        _ => return None,
    })
}

fn host<'a>(word: &str, ipv6: bool) -> Option<AceAddress<'a>> {
    let address = if ipv6 {
        IpAddr::V6(parse::<Ipv6Addr>(word)?)
    } else {
        IpAddr::V4(parse::<Ipv4Addr>(word)?)
    };
    Some(AceAddress::One(AddressMatch::Net(IpNet::from(address))))
}

/// Reads a port operator and its ports; `Some(None)` where there is none,
/// `None` where a port is not known.
///
/// Source: Cisco IOS Security Command Reference, `access-list (IP extended)`:
/// `lt`, `gt`, `eq`, `neq`, `range`; `eq` and `neq` take up to ten ports.
pub(super) fn ports(words: &mut &[&str], protocol: Protocol) -> Option<Option<Ports>> {
    let Some((&operator, rest)) = words.split_first() else {
        return Some(None);
    };
    let port = |word: &&str| names::port(word, protocol);
    match operator {
        "lt" => {
            let last = port(rest.first()?)?.checked_sub(1);
            *words = rest.get(1..)?;
            Some(Some(
                last.map_or_else(Ports::default, |last| Ports::from(0..=last)),
            ))
        }
        "gt" => {
            let first = port(rest.first()?)?.checked_add(1);
            *words = rest.get(1..)?;
            Some(Some(first.map_or_else(Ports::default, |first| {
                Ports::from(first..=u16::MAX)
            })))
        }
        "range" => {
            let (one, other) = (port(rest.first()?)?, port(rest.get(1)?)?);
            *words = rest.get(2..)?;
            Some(Some(Ports::from(one.min(other)..=one.max(other))))
        }
        "eq" | "neq" => {
            let listed: Vec<u16> = rest.iter().map_while(port).collect();
            *words = rest.get(listed.len()..)?;
            if listed.is_empty() {
                return None;
            }
            Some(Some(if operator == "eq" {
                Ports(listed.into_iter().map(|port| port..=port).collect())
            } else {
                all_but(listed)
            }))
        }
        _ => Some(None),
    }
}

/// Returns every port that is not listed.
fn all_but(mut listed: Vec<u16>) -> Ports {
    listed.sort_unstable();
    listed.dedup();
    let mut ranges = Vec::new();
    let mut start = Some(0u16);
    for port in listed {
        if let Some(first) = start
            && first < port
        {
            ranges.push(first..=port - 1);
        }
        start = port.checked_add(1);
    }
    if let Some(first) = start {
        ranges.push(first..=u16::MAX);
    }
    Ports(ranges)
}
