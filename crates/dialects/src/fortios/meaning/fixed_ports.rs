//! IP pools that give each source ports of its own.

use super::{all, words};
use findings::Span;
use networks::model::{Action, AddressRewrite, Condition, PortRewrite, Rule, Translation};
use packets::{AddressSet, Ports};
use std::net::IpAddr;

/// The first port that pools give.
const FIRST_PORT: u16 = 5117;

/// How many ports a pool gives for each of its addresses.
const PORTS: u32 = 60_416;

/// How many sources get rules of their own; with more, each may get any port.
const SOURCES_MAX: u32 = 256;

/// Adds the rules of a pool of type `fixed-port-range` with one address: its
/// ports are divided among the sources, in order (administration guide,
/// "Dynamic SNAT", "Fixed port range"). False where that cannot be told.
pub(super) fn fixed_ports(
    pool: (IpAddr, IpAddr),
    sources: (IpAddr, IpAddr),
    condition: &Condition,
    origin: Span,
    rules: &mut Vec<Rule>,
) -> bool {
    let count = words::width(sources).saturating_add(1);
    let Some(count) = u32::try_from(count).ok().filter(|&n| n <= SOURCES_MAX) else {
        return false;
    };
    let Some(share) = PORTS.checked_div(count) else {
        return false;
    };
    if words::width(pool) != 0 {
        return false;
    }
    let mut own = Vec::new();
    for number in 0..count {
        let first = u32::from(FIRST_PORT) + number * share;
        let ports = (u16::try_from(first), u16::try_from(first + share - 1));
        let source = words::after(sources.0, number.into());
        let ((Ok(first), Ok(last)), Some(source)) = (ports, source) else {
            return false;
        };
        own.push(Rule {
            condition: all([
                condition.clone(),
                Condition::Source(AddressSet::from(source)),
            ]),
            action: Action::Translate(Translation {
                source: Some(AddressRewrite::Pool(vec![pool])),
                source_port: Some(PortRewrite::OneOf(Ports::from(first..=last))),
                ..Translation::default()
            }),
            origin,
        });
    }
    rules.append(&mut own);
    true
}
