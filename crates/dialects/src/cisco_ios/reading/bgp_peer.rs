//! Neighbours of BGP, their groups and templates.

use super::super::config::{FamilyPeer, FilterKind, PeerConfig};
use super::super::harmless::Context;
use super::super::words::{self, asn, key_digest, parse, push, put};
use super::bgp::Place;
use super::{Outcome, Reader};
use findings::Span;

/// What reading a line of a neighbour gave.
enum Line {
    Read,
    Matters(&'static str),
    /// Not one of these lines.
    Other,
    Malformed,
}

impl From<Option<()>> for Line {
    fn from(read: Option<()>) -> Self {
        read.map_or(Self::Malformed, |()| Self::Read)
    }
}

/// The hops an external session may cross where `ebgp-multihop` gives none.
const MULTIHOP_DEFAULT: u8 = 255;

impl<'a> Reader<'_, 'a> {
    /// `[no] neighbor PEER …`, the words after the peer.
    pub(super) fn neighbor(
        &mut self,
        index: usize,
        place: Place<'a>,
        name: &'a str,
        no: bool,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let origin = self.span(index);
        let description = self.rest(index, 3);
        let Some(scope) = self
            .config
            .bgp
            .as_mut()
            .map(|process| process.scopes.entry(place.vrf).or_default())
        else {
            return Outcome::Unrecognised;
        };
        let peer = scope.peers.entry(name).or_default();
        peer.origin.get_or_insert(origin);
        let line = match words {
            ["description", ..] => {
                peer.description = Some(description);
                Line::Read
            }
            _ => session_line(peer, origin, no, words),
        };
        let line = match line {
            Line::Other => {
                let family = if place.ipv6 {
                    &mut scope.ipv6
                } else {
                    &mut scope.ipv4
                };
                family_peer_line(family.peers.entry(name).or_default(), origin, no, words)
            }
            line => line,
        };
        self.peer_outcome(index, &line, no, words)
    }

    /// A line of `template peer-session` or `template peer-policy`.
    pub(super) fn template_line(
        &mut self,
        index: usize,
        session: bool,
        name: &'a str,
        words: &[&'a str],
    ) -> Outcome<'a> {
        let origin = self.span(index);
        self.secrets.look(origin, words);
        let Some(process) = &mut self.config.bgp else {
            return Outcome::Unrecognised;
        };
        let (no, words) = match words {
            ["no", rest @ ..] => (true, rest),
            _ => (false, words),
        };
        let line = if session {
            let template = process.session_templates.entry(name).or_default();
            session_line(template, origin, no, words)
        } else {
            let template = process.policy_templates.entry(name).or_default();
            family_peer_line(template, origin, no, words)
        };
        self.peer_outcome(index, &line, no, words)
    }

    fn peer_outcome(
        &mut self,
        index: usize,
        line: &Line,
        no: bool,
        words: &[&'a str],
    ) -> Outcome<'a> {
        match line {
            Line::Read => Outcome::Understood,
            Line::Matters(reason) => Outcome::Matters(reason),
            Line::Malformed => Outcome::Unrecognised,
            Line::Other if matches!(words, [] | ["description", ..]) => Outcome::Outside,
            Line::Other => match self.outside(index, Context::BgpPeer, words) {
                Outcome::Unrecognised if no => Outcome::Matters("it is not modelled"),
                outcome => outcome,
            },
        }
    }
}

/// Settings of the session, the same for every address family.
fn session_line<'a>(peer: &mut PeerConfig<'a>, origin: Span, no: bool, words: &[&'a str]) -> Line {
    let read = match words {
        ["remote-as", first, rest @ ..] if !no => {
            peer.remote_as = asn(first);
            match rest {
                [] => {}
                ["alternate-as", more @ ..] => {
                    peer.alternate_as = more.iter().filter_map(|word| asn(word)).collect();
                }
                _ => return Line::Malformed,
            }
            peer.remote_as.map(|_| ())
        }
        ["peer-group"] => put(&mut peer.is_group, true),
        ["peer-group", group] if !no => put(&mut peer.group, Some((group, origin))),
        ["inherit", "peer-session", template] | ["inherit", "peer-session", template, _] => {
            push(&mut peer.inherits, (template, origin))
        }
        ["shutdown", ..] => put(&mut peer.shutdown, Some(!no)),
        ["update-source", name @ ..] if !no => {
            words::whole_interface(name).map(|name| peer.update_source = Some((name, origin)))
        }
        ["ebgp-multihop"] => put(&mut peer.multihop, (!no).then_some(MULTIHOP_DEFAULT)),
        ["ebgp-multihop", hops] if !no => parse(hops).map(|hops| peer.multihop = Some(hops)),
        ["ttl-security", "hops", hops] if !no => parse(hops).map(|hops| peer.multihop = Some(hops)),
        ["disable-connected-check"] => put(&mut peer.no_connected_check, Some(!no)),
        ["transport", "connection-mode", mode] => put(&mut peer.passive, Some(*mode == "passive")),
        ["local-as", number, rest @ ..] if !no => {
            let replace = match rest {
                [] | ["no-prepend"] => false,
                ["no-prepend", "replace-as"] => true,
                _ => return Line::Matters("this form of `local-as` is not modelled"),
            };
            asn(number).map(|number| peer.local_as = Some((number, replace)))
        }
        ["password", key @ ..] if !no => match key_digest(key) {
            Some(digest) => put(&mut peer.password, Some(digest)),
            None => {
                return Line::Matters(
                    "whether the keys of both ends agree cannot be told from encrypted text",
                );
            }
        },
        _ => return Line::Other,
    };
    read.into()
}

/// Settings of one address family.
fn family_peer_line<'a>(
    peer: &mut FamilyPeer<'a>,
    origin: Span,
    no: bool,
    words: &[&'a str],
) -> Line {
    let on = Some(!no);
    match words {
        ["activate"] => peer.activate = on,
        ["inherit", "peer-policy", template, ..] => peer.inherits.push((template, origin)),
        ["next-hop-self"] => peer.next_hop_self = on,
        ["next-hop-self", "all"] => {
            peer.next_hop_self = on;
            peer.next_hop_self_all = on;
        }
        ["next-hop-unchanged", ..] => peer.next_hop_unchanged = on,
        ["route-reflector-client"] => peer.reflector_client = on,
        ["send-community"] | ["send-community", "standard"] => peer.send_community = on,
        ["send-community", "extended"] => peer.send_extended = on,
        ["send-community", "both"] => {
            peer.send_community = on;
            peer.send_extended = on;
        }
        ["default-originate"] => peer.default_originate = (!no).then_some(None),
        ["default-originate", "route-map", name] => peer.default_originate = Some(Some(name)),
        ["allowas-in"] => peer.allow_as_in = Some(if no { 0 } else { 3 }),
        ["as-override"] => peer.as_override = on,
        ["remove-private-as"] => peer.remove_private = on,
        ["remove-private-as", ..] => {
            return Line::Matters("which private systems are removed or replaced is not modelled");
        }
        ["advertise", "additional-paths", "all"] => peer.advertise_all = on,
        ["additional-paths", "disable"] => peer.add_path = Some((false, false)),
        ["additional-paths", "send"] => peer.add_path = Some((true, false)),
        ["additional-paths", "receive"] => peer.add_path = Some((false, true)),
        ["additional-paths", "send", "receive"] => peer.add_path = Some((true, true)),
        ["maximum-prefix", _, rest @ ..] if rest.contains(&"warning-only") => {}
        [
            kind @ ("route-map" | "prefix-list" | "filter-list" | "distribute-list"),
            name,
            way,
        ] => {
            let kind = match *kind {
                "route-map" => FilterKind::RouteMap,
                "prefix-list" => FilterKind::PrefixList,
                "filter-list" => FilterKind::AsPath,
                _ => FilterKind::AccessList,
            };
            let inbound = match *way {
                "in" => true,
                "out" => false,
                _ => return Line::Malformed,
            };
            if !no {
                peer.filters
                    .insert((inbound, rank(kind, inbound)), (kind, name, origin));
            }
        }
        ["weight" | "allowas-in" | "maximum-prefix" | "advertise", ..] => {
            return family_number(peer, words);
        }
        [
            "unsuppress-map"
            | "advertise-map"
            | "soo"
            | "dmzlink-bw"
            | "send-label"
            | "cost-community"
            | "route-server-client"
            | "internal-vpn-client"
            | "suppress-signaling-protocol"
            | "additional-paths"
            | "capability-route-refresh",
            ..,
        ] => {
            return Line::Matters("it is not modelled");
        }
        _ => return Line::Other,
    }
    Line::Read
}

fn family_number(peer: &mut FamilyPeer<'_>, words: &[&str]) -> Line {
    match words {
        ["weight", number] => parse(number).map(|number| peer.weight = Some(number)),
        ["allowas-in", number] => parse(number).map(|number| peer.allow_as_in = Some(number)),
        ["maximum-prefix", number, ..] => {
            parse(number).map(|number| peer.prefix_limit = Some(number))
        }
        ["advertise", "additional-paths", "best", number] => {
            parse(number).map(|number| peer.advertise_best = Some(number))
        }
        _ => return Line::Matters("it is not modelled"),
    }
    .into()
}

/// In which order the filters of one direction are applied (Cisco, "How BGP
/// Routers Use the Multi-Exit Discriminator" and document 5816: in: route map,
/// filter list, prefix or distribute list; out: the other way round).
fn rank(kind: FilterKind, inbound: bool) -> u8 {
    let place = match kind {
        FilterKind::RouteMap => 0,
        FilterKind::AsPath => 1,
        FilterKind::PrefixList => 2,
        FilterKind::AccessList => 3,
    };
    if inbound { place } else { 3 - place }
}
