//! Changes of one line of a generated region.

use super::region::{Numbers, Region};
use networks::forwarding::{Fib, FibAction, FibEntry, Routing};
use networks::model::{Action, AddressRewrite, ChainId, DeviceId, Network};

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Filter,
    Translation,
    Route,
}

/// A line of a region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) device: DeviceId,
    /// The chain, where it is in one.
    chain: ChainId,
    /// The position in the chain, or in the forwarding table.
    position: usize,
}

/// A region with one line changed.
pub(crate) struct Changed {
    pub(crate) line: Line,
    pub(crate) network: Network,
    pub(crate) routing: Routing,
}

/// Returns every line of a region: of lists, of translation, and of routes that
/// are not the device's own prefixes.
pub(crate) fn lines(region: &Region) -> Vec<Line> {
    let mut lines = Vec::new();
    for (device, configured) in region.network.devices() {
        for (number, chain) in configured.chains.iter().enumerate() {
            for (position, rule) in chain.rules.iter().enumerate() {
                let translates = matches!(rule.action, Action::Translate(_));
                lines.push(Line {
                    kind: if translates {
                        Kind::Translation
                    } else {
                        Kind::Filter
                    },
                    device,
                    chain: ChainId(u32::try_from(number).unwrap()),
                    position,
                });
            }
        }
        for (position, entry) in entries(region, device).iter().enumerate() {
            let FibAction::Forward(hops) = &entry.action else {
                continue;
            };
            if hops.iter().all(|hop| hop.gateway.is_some()) {
                lines.push(Line {
                    kind: Kind::Route,
                    device,
                    chain: ChainId(0),
                    position,
                });
            }
        }
    }
    lines
}

fn entries(region: &Region, device: DeviceId) -> &[FibEntry] {
    let routing = region.routing.device(device).unwrap();
    routing.vrfs[0].fib.entries()
}

/// Changes a line: takes it out, or makes it say something else.
pub(crate) fn change(region: &Region, line: Line, numbers: &mut Numbers) -> Changed {
    let (mut network, mut routing) = (region.network.clone(), region.routing.clone());
    let way = numbers.below(3);
    let at = line.device.index();
    match line.kind {
        Kind::Filter => {
            let rules = &mut network.devices[at].chains[line.chain.index()].rules;
            match way {
                0 => drop(rules.remove(line.position)),
                1 => {
                    let rule = &mut rules[line.position];
                    rule.action = match rule.action {
                        Action::Drop => Action::Accept(networks::model::SessionEffect::None),
                        _ => Action::Drop,
                    };
                }
                _ => {
                    let other = rules[numbers.below(rules.len())].clone();
                    rules.insert(line.position, other);
                }
            }
        }
        Kind::Translation => {
            let rules = &mut network.devices[at].chains[line.chain.index()].rules;
            match &mut rules[line.position].action {
                Action::Translate(translation) if way > 0 => {
                    if let Some(AddressRewrite::Pool(pool)) = &mut translation.source {
                        let other = "100.64.250.7".parse().unwrap();
                        *pool = vec![(other, other)];
                    } else {
                        translation.destination = None;
                    }
                }
                _ => drop(rules.remove(line.position)),
            }
        }
        Kind::Route => {
            let fib = &mut routing.devices[at].vrfs[0].fib;
            let mut entries = fib.entries().to_vec();
            match &mut entries[line.position].action {
                FibAction::Forward(hops) if hops.len() > 1 && way > 0 => drop(hops.pop()),
                action if way == 1 => *action = FibAction::Discard,
                _ => drop(entries.remove(line.position)),
            }
            *fib = Fib::new(entries);
        }
    }
    Changed {
        line,
        network,
        routing,
    }
}
