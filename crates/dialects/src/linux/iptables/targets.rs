//! The target of a rule: what it does with packets.

use super::matches::Jump;
use super::{KnownChain, Place, Table, rule_of, unknown_rule};
use crate::linux::harmless;
use crate::linux::names;
use crate::linux::netfilter::{Builder, NetfilterHook, UNDEFINED, push_source_translation};
use crate::linux::words::Words;
use ipnet::IpNet;
use networks::model::{
    Action, AddressRewrite, Condition, LineState, PortRewrite, Rule, SessionEffect, Translation,
};
use packets::{AddressMatch, Family, Ports};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// Targets that are known and not modelled, and why.
const NOT_MODELLED: [(&str, &str); 15] = [
    ("CLUSTERIP", "the packet is for one of several devices"),
    (
        "DNPT",
        "translation of prefixes without state is not modelled",
    ),
    ("HMARK", "the mark depends on a hash of the flow"),
    ("MIRROR", "the packet is sent back"),
    ("NFQUEUE", "a program decides"),
    ("PROXY", "a program takes the packet"),
    ("QUEUE", "a program decides"),
    ("RAWDNAT", "translation without state is not modelled"),
    ("RAWSNAT", "translation without state is not modelled"),
    ("ROUTE", "the rule routes the packet"),
    ("SAME", "the address depends on the flow"),
    (
        "SNPT",
        "translation of prefixes without state is not modelled",
    ),
    ("SYNPROXY", "the device answers for the server"),
    ("TEE", "a copy of the packet goes elsewhere"),
    ("TPROXY", "a program on the device takes the packet"),
];

/// What a target is read with.
pub(super) struct Context<'a, 't> {
    /// Where the rule stands.
    pub(super) place: Place,
    /// The matches.
    pub(super) conditions: &'a [Condition],
    /// The chains of the table.
    pub(super) chains: &'a HashMap<&'t str, KnownChain>,
}

/// An option of a target with its argument.
type Options = Vec<(String, String)>;

/// Makes the rules of a target.
pub(super) fn read(
    builder: &mut Builder,
    words: &mut Words<'_>,
    context: &Context<'_, '_>,
    jump: Jump,
    name: &str,
) -> (Vec<Rule>, LineState) {
    let options = options(words);
    if let Some(known) = context.chains.get(name)
        && known.hook.is_none()
    {
        let action = match jump {
            Jump::Jump => Action::Call(known.id),
            Jump::Goto => Action::Goto(known.id),
        };
        return (vec![context.rule(action)], LineState::Understood);
    }
    let simple = |action| (vec![context.rule(action)], LineState::Understood);
    match name {
        "ACCEPT" => simple(Action::Accept(SessionEffect::None)),
        "DROP" | "REJECT" => simple(Action::Drop),
        "RETURN" => simple(Action::Return),
        "MARK" => context.mark(builder, &options),
        "CONNMARK" => context.connection_mark(builder, &options),
        "NOTRACK" => simple(Action::NoTrack),
        "CT" => context.tracking(&options),
        "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" | "NETMAP" => {
            context.translation(builder, name, &options)
        }
        _ => context.other(builder, name),
    }
}

/// Cuts what follows a target into options, each with its words.
fn options(words: &mut Words<'_>) -> Options {
    let mut options = Options::new();
    while let Some(word) = words.next() {
        let mut value = String::new();
        while let Some(argument) = words.argument() {
            if !value.is_empty() {
                value.push(' ');
            }
            value.push_str(&argument);
        }
        options.push((word.text.into_owned(), value));
    }
    options
}

fn option<'o>(options: &'o Options, name: &str) -> Option<&'o str> {
    options
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

impl Context<'_, '_> {
    fn rule(&self, action: Action) -> Rule {
        rule_of(self.conditions, action, self.place.origin)
    }

    fn unknown(&self, reason: impl Into<String>) -> (Vec<Rule>, LineState) {
        let rule = unknown_rule(self.conditions, reason, self.place.origin);
        (vec![rule], LineState::NotModelledCouldMatter)
    }

    /// What changes nothing that anybody looks at.
    fn idle(&self) -> (Vec<Rule>, LineState) {
        let rule = self.rule(Action::Continue);
        (vec![rule], LineState::NotModelledHarmless)
    }

    fn other(&self, builder: &mut Builder, name: &str) -> (Vec<Rule>, LineState) {
        if harmless::target(name).is_some() {
            return self.idle();
        }
        if let Some((_, reason)) = NOT_MODELLED.iter().find(|(known, _)| *known == name) {
            return self.unknown(*reason);
        }
        let message = format!("`{name}` is neither a target nor a chain of the table");
        builder.warn(UNDEFINED, message, self.place.origin);
        let (rules, _) = self.unknown(format!("`{name}` is not defined"));
        (rules, LineState::NotRecognised)
    }

    fn mark(&self, builder: &Builder, options: &Options) -> (Vec<Rule>, LineState) {
        if !builder.marks_matter {
            return self.idle();
        }
        // The kernel computes `(mark & !mask) ^ value`; where no bit of the
        // value is outside the mask that is: the bits under it become it.
        let set = |(value, mask): (u32, u32)| (value & !mask == 0).then_some((value, mask));
        let plain = |text| names::number(text);
        let found = if let Some(text) = option(options, "--set-xmark") {
            names::value_and_mask(text).and_then(set)
        } else if let Some(text) = option(options, "--set-mark") {
            names::value_and_mask(text).map(|(value, mask)| (value, mask | value))
        } else if let Some(text) = option(options, "--or-mark") {
            plain(text).map(|bits| (bits, bits))
        } else if let Some(text) = option(options, "--and-mark") {
            plain(text).map(|bits| (0, !bits))
        } else {
            None
        };
        match found {
            Some((value, mask)) => {
                let rule = self.rule(Action::SetMark { mask, value });
                (vec![rule], LineState::Understood)
            }
            None => self.unknown("the mark is computed"),
        }
    }

    fn connection_mark(&self, builder: &Builder, options: &Options) -> (Vec<Rule>, LineState) {
        if builder.marks_matter && option(options, "--restore-mark").is_some() {
            return self.unknown("marks of connections are not modelled");
        }
        self.idle()
    }

    fn tracking(&self, options: &Options) -> (Vec<Rule>, LineState) {
        let told = |name| option(options, name).is_some();
        if told("--notrack") {
            return (vec![self.rule(Action::NoTrack)], LineState::Understood);
        }
        if told("--zone") || told("--zone-orig") || told("--zone-reply") {
            return self.unknown("zones of connection tracking are not modelled");
        }
        self.idle()
    }

    fn translation(
        &self,
        builder: &mut Builder,
        name: &str,
        options: &Options,
    ) -> (Vec<Rule>, LineState) {
        if self.place.table != Table::Nat {
            return self.unknown("translation outside the table `nat`");
        }
        builder.tracks = true;
        let translation = match name {
            "SNAT" => option(options, "--to-source").and_then(|to| self.source(to)),
            "DNAT" => option(options, "--to-destination").and_then(|to| self.destination(to)),
            "MASQUERADE" => self.masquerade(option(options, "--to-ports")),
            "REDIRECT" => self.redirect(option(options, "--to-ports")),
            _ => option(options, "--to").and_then(|to| self.netmap(to)),
        };
        let Some(translation) = translation else {
            return self.unknown(format!("this use of `{name}` is not modelled"));
        };
        let mut rules = Vec::new();
        match translation.source {
            Some(AddressRewrite::Prefix { .. }) | None => {
                rules.push(self.rule(Action::Translate(translation)));
            }
            Some(_) => push_source_translation(
                &mut rules,
                &crate::linux::netfilter::all(self.conditions.to_vec()),
                &translation,
                self.place.origin,
            ),
        }
        (rules, LineState::Understood)
    }

    fn source(&self, to: &str) -> Option<Translation> {
        let (address, port) = self.pool(to)?;
        Some(Translation {
            source: address,
            source_port: port,
            ..Translation::default()
        })
    }

    fn destination(&self, to: &str) -> Option<Translation> {
        let (address, port) = self.pool(to)?;
        Some(Translation {
            destination: address,
            destination_port: port,
            ..Translation::default()
        })
    }

    fn masquerade(&self, ports: Option<&str>) -> Option<Translation> {
        Some(Translation {
            source: Some(AddressRewrite::InterfaceAddress),
            source_port: optional_ports(ports)?,
            ..Translation::default()
        })
    }

    /// To the device itself: the address of the interface it came by, or the
    /// loopback address for what the device sends.
    fn redirect(&self, ports: Option<&str>) -> Option<Translation> {
        let destination = match (self.place.hook, self.place.family) {
            (Some(NetfilterHook::Output), Family::V4) => pool_of(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            (Some(NetfilterHook::Prerouting), _) => AddressRewrite::InterfaceAddress,
            _ => return None,
        };
        Some(Translation {
            destination: Some(destination),
            destination_port: optional_ports(ports)?,
            ..Translation::default()
        })
    }

    /// One prefix onto another: the prefix translated from is that of the
    /// rule's own match, where it has the same length or is within one.
    fn netmap(&self, to: &str) -> Option<Translation> {
        let to: IpNet = to.parse().ok().or_else(|| {
            let address: IpAddr = to.parse().ok()?;
            Some(IpNet::from(address))
        })?;
        let source = self.place.hook == Some(NetfilterHook::Postrouting);
        let from = self.conditions.iter().find_map(|condition| {
            let set = match (condition, source) {
                (Condition::Source(set), true) | (Condition::Destination(set), false) => set,
                _ => return None,
            };
            match set.0.as_slice() {
                [AddressMatch::Net(net)] if net.prefix_len() >= to.prefix_len() => {
                    IpNet::new(net.addr(), to.prefix_len())
                        .ok()
                        .map(|net| net.trunc())
                }
                _ => None,
            }
        })?;
        let rewrite = Some(AddressRewrite::Prefix {
            from,
            to: to.trunc(),
        });
        self.place.hook?;
        Some(match source {
            true => Translation {
                source: rewrite,
                ..Translation::default()
            },
            false => Translation {
                destination: rewrite,
                ..Translation::default()
            },
        })
    }

    /// Reads `A`, `A-B`, `A:p`, `A-B:p-q`, `:p`, with IPv6 addresses in brackets
    /// where a port follows.
    fn pool(&self, text: &str) -> Option<(Option<AddressRewrite>, Option<PortRewrite>)> {
        let (addresses, ports) = match self.place.family {
            Family::V4 => match text.split_once(':') {
                Some((addresses, ports)) => (addresses, Some(ports)),
                None => (text, None),
            },
            Family::V6 => match text.rsplit_once("]:") {
                Some((addresses, ports)) => (addresses, Some(ports)),
                None => (text, None),
            },
        };
        let address = |text: &str| -> Option<IpAddr> {
            let address: IpAddr = text.trim_matches(['[', ']']).parse().ok()?;
            (Family::of(address) == self.place.family).then_some(address)
        };
        let pool = match addresses {
            "" => None,
            _ => {
                let (first, last) = addresses.split_once('-').unwrap_or((addresses, addresses));
                let (first, last) = (address(first)?, address(last)?);
                (first <= last).then_some(())?;
                Some(AddressRewrite::Pool(vec![(first, last)]))
            }
        };
        Some((pool, optional_ports(ports)?))
    }
}

fn pool_of(address: IpAddr) -> AddressRewrite {
    AddressRewrite::Pool(vec![(address, address)])
}

/// Reads the ports of an option that may be missing; `None` for what is not
/// modelled.
fn optional_ports(text: Option<&str>) -> Option<Option<PortRewrite>> {
    match text {
        None => Some(None),
        Some(text) => port_choice(text).map(Some),
    }
}

/// Reads `p` or `p-q`. With a base (`p-q/base`) the choice follows the original
/// port and wraps around, which is not modelled.
fn port_choice(text: &str) -> Option<PortRewrite> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (names::port(first)?, names::port(last)?);
    (first <= last).then(|| PortRewrite::OneOf(Ports::from(first..=last)))
}
