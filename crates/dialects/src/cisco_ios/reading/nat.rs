//! `ip nat` (Cisco IOS IP Addressing Services Command Reference).

use super::super::config::{NatGlobal, NatPool, NatPort, NatRule, NatTo, NatWhat, Touch};
use super::super::harmless::Context;
use super::super::words::{self, mask_length, parse};
use super::{Outcome, Reader};
use findings::Span;
use ipnet::Ipv4Net;
use packets::Protocol;
use std::net::Ipv4Addr;

impl<'a> Reader<'_, 'a> {
    /// `ip nat …`: the whole line, and the words after these two.
    pub(super) fn nat(&mut self, index: usize, line: &[&'a str], words: &[&'a str]) -> Outcome<'a> {
        match words {
            ["pool", name, rest @ ..] => self.nat_pool(index, name, rest),
            ["inside" | "outside", ..] => {
                let origin = self.span(index);
                let rule = rule(words, origin).unwrap_or_else(|| unknown(words, origin));
                let outcome = match rule.what {
                    NatWhat::Unknown { .. } => Outcome::MattersFor(
                        Touch::Nothing,
                        "this form of translation is not modelled",
                    ),
                    _ => Outcome::Understood,
                };
                self.config.nat_rules.push(rule);
                outcome
            }
            ["source", ..] => Outcome::Matters("translation by virtual interface is not modelled"),
            _ => match self.outside(index, Context::Global, line) {
                Outcome::Unrecognised => {
                    Outcome::Matters("this form of translation is not modelled")
                }
                outcome => outcome,
            },
        }
    }

    /// `ip nat pool NAME [FIRST LAST] netmask M|prefix-length N [type …]`.
    fn nat_pool(&mut self, index: usize, name: &'a str, words: &[&'a str]) -> Outcome<'a> {
        let mut pool = NatPool {
            ranges: Vec::new(),
            unread: None,
        };
        let rest = match words {
            [first, last, rest @ ..] if range(first, last).is_some() => {
                pool.ranges.extend(range(first, last));
                rest
            }
            _ => words,
        };
        match rest {
            ["netmask" | "prefix-length", _] => {}
            _ => pool.unread = Some("this form of pool is not modelled"),
        }
        self.block(index, &Touch::Nothing, |_, _, words| match words {
            ["address", first, last] if range(first, last).is_some() => {
                pool.ranges.extend(range(first, last));
                Outcome::Understood
            }
            _ => {
                pool.unread = Some("a line of the pool is not recognised");
                Outcome::Unrecognised
            }
        });
        let unread = pool.unread;
        self.config.nat_pools.insert(name, pool);
        match unread {
            None => Outcome::Understood,
            Some(reason) => Outcome::MattersFor(Touch::Nothing, reason),
        }
    }
}

fn range(first: &str, last: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let (first, last) = (parse::<Ipv4Addr>(first)?, parse::<Ipv4Addr>(last)?);
    (first <= last).then_some((first, last))
}

/// A rule of which only the side is known, and its list where it has one.
fn unknown<'a>(words: &[&'a str], origin: Span) -> NatRule<'a> {
    let list = words
        .windows(2)
        .find_map(|pair| matches!(pair, ["list", _]).then(|| pair.last().copied()))
        .flatten();
    NatRule {
        what: NatWhat::Unknown {
            inside: words.first() == Some(&"inside"),
            list,
        },
        vrf: None,
        route_map: None,
        alias: true,
        add_route: false,
        origin,
    }
}

/// Reads a rule; `None` for a form that is not known.
fn rule<'a>(words: &[&'a str], origin: Span) -> Option<NatRule<'a>> {
    let (what, route_map, options) = match words {
        ["inside", "source", "static", rest @ ..] => {
            let (what, options) = inside_static(rest)?;
            (what, None, options)
        }
        ["outside", "source", "static", rest @ ..] => {
            let (what, options) = outside_static(rest)?;
            (what, None, options)
        }
        [
            "inside",
            "source",
            kind @ ("list" | "route-map"),
            name,
            rest @ ..,
        ] => {
            let (to, options) = target(rest)?;
            let (list, map) = by(kind, name);
            let overload = options.contains(&"overload") || matches!(to, NatTo::Interface(_));
            (NatWhat::InsideDynamic { list, to, overload }, map, options)
        }
        [
            "outside",
            "source",
            kind @ ("list" | "route-map"),
            name,
            "pool",
            pool,
            options @ ..,
        ] => {
            let (list, map) = by(kind, name);
            (NatWhat::OutsideDynamic { list, pool }, map, options)
        }
        _ => return None,
    };
    let mut rule = NatRule {
        what,
        vrf: None,
        route_map,
        alias: true,
        add_route: false,
        origin,
    };
    options_of(&mut rule, options)?;
    Some(rule)
}

fn by<'a>(kind: &str, name: &'a str) -> (Option<&'a str>, Option<&'a str>) {
    if kind == "list" {
        (Some(name), None)
    } else {
        (None, Some(name))
    }
}

fn target<'w, 'a>(words: &'w [&'a str]) -> Option<(NatTo<'a>, &'w [&'a str])> {
    match words {
        ["pool", pool, rest @ ..] => Some((NatTo::Pool(pool), rest)),
        ["interface", rest @ ..] => {
            let (name, used) = words::interface(rest)?;
            Some((NatTo::Interface(name), rest.get(used..)?))
        }
        _ => None,
    }
}

fn options_of<'a>(rule: &mut NatRule<'a>, mut words: &[&'a str]) -> Option<()> {
    loop {
        words = match words {
            [] => return Some(()),
            ["vrf", vrf, rest @ ..] => {
                rule.vrf = Some(vrf);
                rest
            }
            ["route-map", name, rest @ ..] => {
                rule.route_map = Some(name);
                rest
            }
            ["no-alias", rest @ ..] => {
                rule.alias = false;
                rest
            }
            ["add-route", rest @ ..] => {
                rule.add_route = true;
                rest
            }
            // `extendable` lets one address have several translations; payloads
            // and the standby group that answers do not change the mapping.
            [
                "extendable" | "overload" | "no-payload" | "match-in-vrf" | "reversible",
                rest @ ..,
            ]
            | ["redundancy" | "mapping-id", _, rest @ ..] => rest,
            _ => return None,
        };
    }
}

/// Reads the two addresses of a static translation, with their ports.
fn pair(words: &[&str]) -> Option<(Ipv4Net, Ipv4Net, Option<NatPort>, usize)> {
    match words {
        ["network", first, second, mask, ..] => {
            let length = match mask.strip_prefix('/') {
                Some(length) => parse(length)?,
                None => mask_length(parse(mask)?)?,
            };
            let net = |word: &str| Some(Ipv4Net::new(parse(word)?, length).ok()?.trunc());
            Some((net(first)?, net(second)?, None, 4))
        }
        [protocol @ ("tcp" | "udp"), first, one, second, other, ..] => {
            let port = NatPort {
                protocol: protocol_of(protocol),
                first: parse(one)?,
                second: parse(other)?,
            };
            let (first, second) = (parse::<Ipv4Addr>(first)?, parse::<Ipv4Addr>(second)?);
            Some((first.into(), second.into(), Some(port), 5))
        }
        [first, second, ..] => {
            let (first, second) = (parse::<Ipv4Addr>(first)?, parse::<Ipv4Addr>(second)?);
            Some((first.into(), second.into(), None, 2))
        }
        _ => None,
    }
}

fn protocol_of(word: &str) -> Protocol {
    if word == "tcp" {
        Protocol::TCP
    } else {
        Protocol::UDP
    }
}

fn inside_static<'w, 'a>(words: &'w [&'a str]) -> Option<(NatWhat<'a>, &'w [&'a str])> {
    if let Some((local, global, port, used)) = pair(words) {
        let what = NatWhat::InsideStatic {
            local,
            global: NatGlobal::Net(global),
            port,
        };
        return Some((what, words.get(used..)?));
    }
    match words {
        [
            protocol @ ("tcp" | "udp"),
            local,
            one,
            "interface",
            rest @ ..,
        ] => {
            let (name, used) = words::interface(rest)?;
            let port = NatPort {
                protocol: protocol_of(protocol),
                first: parse(one)?,
                second: parse(rest.get(used)?)?,
            };
            let what = NatWhat::InsideStatic {
                local: parse::<Ipv4Addr>(local)?.into(),
                global: NatGlobal::Interface(name),
                port: Some(port),
            };
            Some((what, rest.get(used + 1..)?))
        }
        [local, "interface", rest @ ..] => {
            let (name, used) = words::interface(rest)?;
            let what = NatWhat::InsideStatic {
                local: parse::<Ipv4Addr>(local)?.into(),
                global: NatGlobal::Interface(name),
                port: None,
            };
            Some((what, rest.get(used..)?))
        }
        _ => None,
    }
}

fn outside_static<'w, 'a>(words: &'w [&'a str]) -> Option<(NatWhat<'a>, &'w [&'a str])> {
    let (global, local, port, used) = pair(words)?;
    let what = NatWhat::OutsideStatic {
        global,
        local,
        port,
    };
    Some((what, words.get(used..)?))
}
