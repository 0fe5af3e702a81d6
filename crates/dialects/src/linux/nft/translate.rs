//! Translation in nft: `snat`, `dnat`, `masquerade`, `redirect`.

use super::fields::{Field, NotUnderstood, net, ports};
use super::rule::Reader;
use super::tree::Element;
use crate::linux::names;
use crate::linux::netfilter::{NetfilterHook, all, source_port_kinds};
use networks::model::{Action, AddressRewrite, Condition, PortRewrite, Translation};
use packets::{AddressSet, Family, Ports};
use std::net::{IpAddr, Ipv4Addr};

/// What a translating statement comes to: conditions of its own, and actions.
type Effects = Vec<(Condition, Action)>;

fn refused(what: &str) -> NotUnderstood {
    NotUnderstood(format!("this use of `{what}` is not modelled"))
}

/// Reads a translating statement.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    conditions: &[Condition],
) -> Result<Effects, NotUnderstood> {
    let keyword = reader.word().unwrap_or("");
    let source = matches!(keyword, "snat" | "masquerade");
    if matches!(keyword, "masquerade" | "redirect") {
        return to_itself(reader, keyword);
    }
    let mut family = match (reader.take("ip6"), reader.take("ip")) {
        (true, _) => Some(Family::V6),
        (_, true) => Some(Family::V4),
        _ => None,
    };
    let prefixes = reader.take("prefix");
    let addresses_and_ports = reader.take("addr") && {
        reader.take(".");
        reader.take("port")
    };
    if !reader.take("to") || addresses_and_ports {
        return Err(refused(keyword));
    }
    if names_a_field(reader) {
        return by_map(reader, keyword, family, source, prefixes);
    }
    let text = reader.word().unwrap_or("");
    let to = target(text).ok_or_else(|| refused(keyword))?;
    if prefixes {
        return Err(refused(keyword));
    }
    family = family.or(to.family());
    let translation = to.translation(source);
    Ok(with_family(family, conditions, source, translation))
}

/// Where a packet is sent: addresses and ports as written.
#[derive(Debug, Default, Clone)]
struct Target {
    addresses: Option<(IpAddr, IpAddr)>,
    ports: Option<Ports>,
}

impl Target {
    fn family(&self) -> Option<Family> {
        self.addresses.map(|(first, _)| Family::of(first))
    }

    fn translation(self, source: bool) -> Translation {
        let address = self
            .addresses
            .map(|range| AddressRewrite::Pool(vec![range]));
        let port = self.ports.map(PortRewrite::OneOf);
        match source {
            true => Translation {
                source: address,
                source_port: port,
                ..Translation::default()
            },
            false => Translation {
                destination: address,
                destination_port: port,
                ..Translation::default()
            },
        }
    }
}

/// Reads `a`, `a-b`, `a:p`, `a-b:p-q`, `:p`, `[a]:p`.
fn target(text: &str) -> Option<Target> {
    if let Some(port) = text.strip_prefix(':') {
        return Some(Target {
            addresses: None,
            ports: Some(Ports::from(ports(port)?)),
        });
    }
    let plain = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let range = (address(first)?, address(last)?);
        let fits = Family::of(range.0) == Family::of(range.1) && range.0 <= range.1;
        fits.then_some(range)
    };
    if let Some(range) = plain(text) {
        return Some(Target {
            addresses: Some(range),
            ports: None,
        });
    }
    let (addresses, port) = text.rsplit_once(':')?;
    Some(Target {
        addresses: Some(plain(addresses)?),
        ports: Some(Ports::from(ports(port)?)),
    })
}

/// Tells whether a map follows: then a field does, not an address.
fn names_a_field(reader: &Reader<'_, '_>) -> bool {
    reader.peek_word().is_some_and(|word| {
        matches!(
            word,
            "ip" | "ip6"
                | "tcp"
                | "udp"
                | "th"
                | "meta"
                | "iifname"
                | "oifname"
                | "ct"
                | "numgen"
                | "jhash"
        )
    })
}

/// Source translation chooses a port where it has to.
fn with_family(
    family: Option<Family>,
    conditions: &[Condition],
    source: bool,
    translation: Translation,
) -> Effects {
    let mut own = Vec::new();
    let told = conditions
        .iter()
        .any(|condition| matches!(condition, Condition::Source(_) | Condition::Destination(_)));
    if let (Some(family), false) = (family, told) {
        own.push(Condition::Source(AddressSet::all_of(family)));
    }
    let mut effects = Vec::new();
    if source && translation.source_port.is_none() {
        for kind in source_port_kinds() {
            let ports = Ports::from(kind);
            let mut parts = own.clone();
            parts.push(Condition::SourcePort(ports.clone()));
            let action = Action::Translate(Translation {
                source_port: Some(PortRewrite::OneOf(ports)),
                ..translation.clone()
            });
            effects.push((all(parts), action));
        }
    }
    effects.push((all(own), Action::Translate(translation)));
    effects
}

/// `masquerade`, `redirect`: to the address of the interface.
fn to_itself(reader: &mut Reader<'_, '_>, keyword: &str) -> Result<Effects, NotUnderstood> {
    let mut chosen = None;
    let mut effects = Vec::new();
    let masquerade = keyword == "masquerade";
    if reader.take("to") {
        let colon = reader.take(":");
        let text = reader.word().unwrap_or("");
        let text = text.strip_prefix(':').unwrap_or(text);
        match ports(text) {
            Some(range) => chosen = Some(PortRewrite::OneOf(Ports::from(range))),
            None if colon || !text.is_empty() => {
                return redirect_by_map(reader, keyword, text);
            }
            None => return Err(refused(keyword)),
        }
    }
    if masquerade {
        let translation = Translation {
            source: Some(AddressRewrite::InterfaceAddress),
            source_port: chosen,
            ..Translation::default()
        };
        effects.extend(with_family(None, &[], true, translation));
    } else {
        effects.push((Condition::Always, redirected(reader, chosen)?));
    }
    Ok(effects)
}

fn redirected(reader: &Reader<'_, '_>, port: Option<PortRewrite>) -> Result<Action, NotUnderstood> {
    let destination = match (reader.scope.hook, reader.scope.family) {
        (Some(NetfilterHook::Prerouting), _) => AddressRewrite::InterfaceAddress,
        (Some(NetfilterHook::Output), Some(Family::V4)) => {
            let own = IpAddr::V4(Ipv4Addr::LOCALHOST);
            AddressRewrite::Pool(vec![(own, own)])
        }
        _ => return Err(refused("redirect")),
    };
    Ok(Action::Translate(Translation {
        destination: Some(destination),
        destination_port: port,
        ..Translation::default()
    }))
}

/// `redirect to :tcp dport map { 22 : 2222 }`; the first word of the field is
/// read already.
fn redirect_by_map(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    header: &str,
) -> Result<Effects, NotUnderstood> {
    let (protocol, key) = (names::protocol(header), reader.word());
    if keyword != "redirect" || key != Some("dport") || !reader.take("map") {
        return Err(refused(keyword));
    }
    let field = Field::DestinationPort(protocol);
    let mut effects = Vec::new();
    let map = reader.map_elements()?;
    for element in &map.elements {
        let [key] = element.key.as_slice() else {
            return Err(refused(keyword));
        };
        let port = element.value.first().and_then(|token| token.value());
        let port = port.and_then(ports).ok_or_else(|| refused(keyword))?;
        let origin = reader.origin;
        let (condition, _) = field.is_one_of(reader.builder, &[key], origin)?;
        let action = redirected(reader, Some(PortRewrite::OneOf(Ports::from(port))))?;
        effects.push((condition, action));
    }
    Ok(effects)
}

/// `dnat ip to tcp dport map { 80 : 10.0.0.1 }`, also by name and with prefixes.
fn by_map(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    family: Option<Family>,
    source: bool,
    prefixes: bool,
) -> Result<Effects, NotUnderstood> {
    let mut fields = vec![reader.field()?];
    while reader.take(".") {
        fields.push(reader.field()?);
    }
    if !reader.take("map") {
        return Err(refused(keyword));
    }
    let map = reader.map_elements()?;
    let mut effects = Vec::new();
    for element in &map.elements {
        if element.key.len() != fields.len() {
            return Err(refused(keyword));
        }
        let mut parts = Vec::new();
        for (field, value) in fields.iter().zip(&element.key) {
            let origin = reader.origin;
            let (condition, state) = field.is_one_of(reader.builder, &[value], origin)?;
            reader.state = reader.state.max(state);
            parts.push(condition);
        }
        let translation = match prefixes {
            true => prefix_translation(element, source),
            false => element_target(element).map(|target| target.translation(source)),
        };
        let translation = translation.ok_or_else(|| refused(keyword))?;
        for (own, action) in with_family(family, &parts, source && !prefixes, translation) {
            let mut parts = parts.clone();
            if own != Condition::Always {
                parts.push(own);
            }
            effects.push((all(parts), action));
        }
    }
    Ok(effects)
}

/// The value of a map: an address, or an address and a port joined by `.`.
fn element_target(element: &Element<'_>) -> Option<Target> {
    let values: Vec<&str> = element
        .value
        .iter()
        .filter_map(|token| token.value())
        .collect();
    match values.as_slice() {
        [address] => target(address),
        [address, ".", port] => Some(Target {
            addresses: target(address)?.addresses,
            ports: Some(Ports::from(ports(port)?)),
        }),
        _ => None,
    }
}

fn prefix_translation(element: &Element<'_>, source: bool) -> Option<Translation> {
    let [from] = element.key.as_slice() else {
        return None;
    };
    let to = net(element.value.first()?.value()?)?;
    let from = net(from)?;
    if from.prefix_len() != to.prefix_len() {
        return None;
    }
    let rewrite = Some(AddressRewrite::Prefix {
        from: from.trunc(),
        to: to.trunc(),
    });
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
