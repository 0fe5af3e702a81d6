//! Zones, inspection and encryption.

use super::super::config::{
    ClassMap, ClassMatch, CryptoEntry, InspectAction, InspectClass, InspectMap, Inspection,
    PolicyMap, Touch, ZonePair,
};
use super::super::words::parse;
use super::{Outcome, Reader};

impl<'a> Reader<'_, 'a> {
    /// A command of these families; `None` where it is none.
    pub(super) fn security(&mut self, index: usize, words: &[&'a str]) -> Option<Outcome<'a>> {
        Some(match words {
            ["zone", "security", name, ..] => {
                let origin = self.span(index);
                self.config.zones.entry(name).or_insert(origin);
                self.block(index, &Touch::Device, |_, _, words| match words {
                    ["description" | "exit", ..] => Outcome::Outside,
                    _ => Outcome::Unrecognised,
                });
                Outcome::Understood
            }
            [
                "zone-pair",
                "security",
                name,
                "source",
                source,
                "destination",
                destination,
            ] => self.zone_pair(index, name, source, destination),
            ["class-map", "type", "inspect", rest @ ..] => self.class_map(index, rest)?,
            // What classes of marking and queueing match only acts in their policy.
            ["class-map", "type", ..] | ["policy-map", "type", "inspect", _, _] => Outcome::Outside,
            ["class-map", ..] => Outcome::Outside,
            ["policy-map", "type", "inspect", name] => self.inspect_map(index, name),
            ["policy-map", "type", ..] => Outcome::Outside,
            ["policy-map", name] => self.policy_map(index, name),
            ["crypto", "map", name, rest @ ..] => self.crypto_map(index, name, rest),
            _ => return None,
        })
    }

    fn zone_pair(
        &mut self,
        index: usize,
        name: &'a str,
        source: &'a str,
        destination: &'a str,
    ) -> Outcome<'a> {
        let mut pair = ZonePair {
            name,
            source,
            destination,
            policy: None,
            origin: self.span(index),
        };
        self.block(index, &Touch::Device, |reader, child, words| match words {
            ["description" | "exit", ..] => Outcome::Outside,
            ["service-policy", "type", "inspect", policy] => {
                pair.policy = Some((policy, reader.span(child)));
                Outcome::Understood
            }
            _ => Outcome::Unrecognised,
        });
        self.config.zone_pairs.push(pair);
        Outcome::Understood
    }

    /// `class-map type inspect [match-any|match-all] NAME`; `None` for one of
    /// a single application.
    fn class_map(&mut self, index: usize, words: &[&'a str]) -> Option<Outcome<'a>> {
        let (all, name) = match words {
            ["match-any", name] => (false, *name),
            ["match-all", name] | [name] => (true, *name),
            _ => return Some(Outcome::Outside),
        };
        let mut map = ClassMap {
            all,
            matches: Vec::new(),
        };
        self.block(index, &Touch::Nothing, |reader, child, words| {
            let (found, outcome) = match words {
                ["description", ..] => return Outcome::Outside,
                ["match", "access-group", "name", list] | ["match", "access-group", list] => {
                    (ClassMatch::AccessGroup(list), Outcome::Understood)
                }
                ["match", "not", "access-group", "name", list]
                | ["match", "not", "access-group", list] => {
                    (ClassMatch::NotAccessGroup(list), Outcome::Understood)
                }
                ["match", "protocol", protocol] => {
                    (ClassMatch::Protocol(protocol), Outcome::Understood)
                }
                ["match", "class-map", class] => (ClassMatch::Class(class), Outcome::Understood),
                ["match", ..] => {
                    let reason = "what it matches is not modelled";
                    (ClassMatch::Unknown(reason), Outcome::Matters(reason))
                }
                _ => {
                    let reason = "the line is not recognised";
                    (ClassMatch::Unknown(reason), Outcome::Unrecognised)
                }
            };
            map.matches.push((found, reader.span(child)));
            outcome
        });
        self.config.class_maps.insert(name, map);
        Some(Outcome::Understood)
    }

    fn inspect_map(&mut self, index: usize, name: &'a str) -> Outcome<'a> {
        let mut map = InspectMap {
            classes: Vec::new(),
            origin: self.span(index),
        };
        self.block(index, &Touch::Nothing, |reader, child, words| {
            let class = match words {
                ["description", ..] => return Outcome::Outside,
                ["class", "class-default"] => None,
                ["class", "type", "inspect", class] | ["class", class] => Some(*class),
                _ => {
                    map.classes.push(InspectClass {
                        class: None,
                        action: InspectAction::Unknown("the line is not recognised"),
                        origin: reader.span(child),
                    });
                    return Outcome::Unrecognised;
                }
            };
            let mut action = InspectAction::Missing;
            let origin = reader.span(child);
            reader.block(child, &Touch::Nothing, |_, _, words| {
                inspect_action(&mut action, words)
            });
            map.classes.push(InspectClass {
                class,
                action,
                origin,
            });
            Outcome::Understood
        });
        self.config.inspect_maps.insert(name, map);
        Outcome::Understood
    }

    /// A policy of marking and queueing: only whether it drops is looked at.
    fn policy_map(&mut self, index: usize, name: &'a str) -> Outcome<'a> {
        let mut map = PolicyMap {
            drops: None,
            nested: Vec::new(),
        };
        for line in self.tree.subtree(index).skip(1) {
            let words = self.words(line);
            if let ["service-policy", nested] = words.as_slice() {
                map.nested.push(nested);
            }
            let drops_what_conforms = words
                .windows(2)
                .any(|pair| matches!(pair, ["conform-action" | "conform", "drop"]));
            if words.as_slice() == ["drop"] || drops_what_conforms {
                map.drops.get_or_insert(self.span(line));
            }
        }
        self.config.policy_maps.insert(name, map);
        Outcome::Outside
    }

    /// `crypto map NAME SEQUENCE ipsec-isakmp …`, the words after the name.
    fn crypto_map(&mut self, index: usize, name: &'a str, words: &[&'a str]) -> Outcome<'a> {
        let [number, rest @ ..] = words else {
            return Outcome::Unrecognised;
        };
        if parse::<u32>(number).is_none() {
            // Settings of the map as a whole: which address it speaks from, who may connect.
            return Outcome::Outside;
        }
        if matches!(rest, ["set" | "match", ..]) {
            return Outcome::Matters("one line of a crypto map is not modelled");
        }
        let mut list = None;
        self.block(index, &Touch::Nothing, |_, _, words| match words {
            ["match", "address", name] | ["match", "address", "ipv4", name] => {
                list = Some(*name);
                Outcome::Understood
            }
            _ => Outcome::Outside,
        });
        let origin = self.span(index);
        let entries = self.config.crypto_maps.entry(name).or_default();
        entries.push(CryptoEntry { list, origin });
        Outcome::MattersFor(Touch::Nothing, "encryption is not modelled")
    }

    /// `ip inspect name NAME PROTOCOL …`, the words after these three.
    pub(super) fn inspection(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let [name, protocol, options @ ..] = words else {
            return Outcome::Unrecognised;
        };
        let origin = self.span(index);
        let inspections = self.config.inspections.entry(name).or_default();
        inspections.push(Inspection { protocol, origin });
        for pair in options.chunks(2) {
            match pair {
                ["timeout" | "alert" | "audit-trail", _] | ["router-traffic"] => {}
                _ => return Outcome::Matters("this form of inspection is not modelled"),
            }
        }
        Outcome::Understood
    }
}

fn inspect_action<'a>(action: &mut InspectAction, words: &[&'a str]) -> Outcome<'a> {
    let (found, outcome) = match words {
        ["inspect", ..] => (InspectAction::Inspect, Outcome::Understood),
        ["pass", ..] => (InspectAction::Pass, Outcome::Understood),
        ["drop", ..] => (InspectAction::Drop, Outcome::Understood),
        ["police", ..] => return Outcome::Outside,
        ["service-policy" | "urlfilter", ..] => {
            let reason = "what a deep inspection drops is not modelled";
            (InspectAction::Unknown(reason), Outcome::Matters(reason))
        }
        _ => {
            let reason = "the line is not recognised";
            (InspectAction::Unknown(reason), Outcome::Unrecognised)
        }
    };
    if !matches!(action, InspectAction::Unknown(_)) {
        *action = found;
    }
    outcome
}
