//! What a rule looks at.

use super::Reader;
use crate::linux::names;
use crate::linux::nft::fields::{Field, NotUnderstood};
use packets::Family;

impl<'t> Reader<'_, 't> {
    /// Reads what a rule looks at.
    pub(in crate::linux::nft) fn field(&mut self) -> Result<Field, NotUnderstood> {
        let word = self.word().unwrap_or("");
        let bare = |field| Ok(field);
        match word {
            "meta" => {
                let key = self.word().unwrap_or("");
                meta(key)
            }
            "iifname" | "oifname" | "iif" | "oif" | "mark" | "l4proto" | "nfproto" | "pkttype"
            | "skuid" | "skgid" | "cpu" | "iifgroup" | "oifgroup" | "cgroup" => meta(word),
            "ip" | "ip6" => {
                let family = if word == "ip" { Family::V4 } else { Family::V6 };
                let key = self.word().unwrap_or("");
                bare(match key {
                    "saddr" => Field::Source(family),
                    "daddr" => Field::Destination(family),
                    "protocol" | "nexthdr" => Field::ProtocolOf(family),
                    "frag-off" => Field::Unknown("fragments are put together before rules"),
                    _ => Field::Unknown("this field of the IP header is not modelled"),
                })
            }
            "tcp" | "udp" | "sctp" | "dccp" | "udplite" | "th" => self.transport(word),
            "icmp" | "icmpv6" => {
                let family = if word == "icmp" {
                    Family::V4
                } else {
                    Family::V6
                };
                bare(match self.word().unwrap_or("") {
                    "type" => Field::IcmpType(family),
                    "code" => Field::IcmpCode(family),
                    _ => Field::Unknown("this field of ICMP is not modelled"),
                })
            }
            "ct" => {
                if self
                    .peek_word()
                    .is_some_and(|key| matches!(key, "original" | "reply"))
                {
                    self.at += 1;
                }
                self.builder.tracks = true;
                let key = self.word().unwrap_or("");
                if matches!(key, "ip" | "ip6") {
                    self.word();
                }
                bare(match key {
                    "state" => Field::State,
                    "mark" => Field::Unknown("marks of connections are not modelled"),
                    _ => Field::Unknown("only the state of connections is modelled"),
                })
            }
            "fib" => self.fib(),
            "ether" | "vlan" | "arp" | "exthdr" | "frag" | "hbh" | "rt" | "mh" | "dst" | "ah"
            | "esp" | "comp" | "socket" | "osf" | "ipsec" | "igmp" => {
                self.word();
                bare(Field::Unknown("this header is not modelled"))
            }
            "numgen" | "jhash" | "symhash" => {
                self.skip_hash();
                bare(Field::Unknown("it is random, or a hash of the packet"))
            }
            _ if word.starts_with('@') => {
                self.skip_raw();
                bare(Field::Unknown("raw bytes of packets are not modelled"))
            }
            _ => Err(NotUnderstood(format!("`{word}` is not understood"))),
        }
    }

    pub(super) fn transport(&mut self, header: &str) -> Result<Field, NotUnderstood> {
        let protocol = match header {
            "th" => None,
            _ => names::protocol(header),
        };
        let key = self.word().unwrap_or("");
        Ok(match key {
            "sport" => Field::SourcePort(protocol),
            "dport" => Field::DestinationPort(protocol),
            "flags" if header == "tcp" => Field::TcpFlags,
            "option" => {
                self.word();
                if self.peek_word() != Some("set") {
                    self.word();
                }
                Field::Unknown("TCP options are not modelled")
            }
            _ => Field::Unknown("this field of the transport header is not modelled"),
        })
    }

    /// `fib daddr type`, `fib saddr . iif oif`.
    pub(super) fn fib(&mut self) -> Result<Field, NotUnderstood> {
        let first = self.word().unwrap_or("");
        let mut alone = true;
        while self.take(".") {
            self.word();
            alone = false;
        }
        let asked = self.word().unwrap_or("");
        Ok(match (alone, first, asked) {
            (true, "saddr", "type") => Field::AddressType(true),
            (true, "daddr", "type") => Field::AddressType(false),
            _ => Field::Unknown("look-ups of routes in rules are not modelled"),
        })
    }

    pub(super) fn skip_hash(&mut self) {
        while let Some(word) = self.peek_word() {
            let goes_on = matches!(
                word,
                "random"
                    | "inc"
                    | "mod"
                    | "offset"
                    | "seed"
                    | "."
                    | "ip"
                    | "ip6"
                    | "saddr"
                    | "daddr"
                    | "tcp"
                    | "udp"
                    | "sport"
                    | "dport"
            ) || word.parse::<u32>().is_ok()
                || word.starts_with("0x");
            if !goes_on {
                break;
            }
            self.at += 1;
        }
    }

    pub(super) fn skip_raw(&mut self) {
        while self.take(",") {
            self.word();
        }
    }
}

fn meta(key: &str) -> Result<Field, NotUnderstood> {
    Ok(match key {
        "iifname" | "iif" => Field::EntersBy,
        "oifname" | "oif" => Field::LeavesBy,
        "mark" => Field::Mark,
        "l4proto" => Field::Protocol,
        "nfproto" => Field::Family,
        "pkttype" => Field::Unknown("how the link layer addressed the packet is not modelled"),
        "skuid" | "skgid" | "cgroup" => Field::Unknown("it depends on the sending process"),
        "time" | "day" | "hour" => Field::Unknown("it depends on the time of day"),
        "" => return Err(NotUnderstood("`meta` is not understood".to_owned())),
        _ => Field::Unknown("this property of packets is not modelled"),
    })
}
