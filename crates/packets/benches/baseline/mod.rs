//! The same lists in a binary decision diagram crate (oxidd, complement edges).

use crate::filters::Rule;
use cpu_time::ProcessTime;
use oxidd::bcdd::{BCDDFunction, BCDDManagerRef, new_manager};
use oxidd::util::{AllocResult, OutOfMemory};
use oxidd::{BooleanFunction, Function as _, Manager as _, ManagerRef as _};
use packets::{Field, Packet};
use std::collections::HashMap;
use std::time::Duration;

/// Room for the largest set; oxidd's own garbage collection comes on top.
const NODES: usize = 1 << 23;
const CACHE: usize = 1 << 21;

/// The fields that ClassBench filters on, in the interval diagram's order.
const FIELDS: [Field; 5] = [
    Field::Destination,
    Field::Source,
    Field::Protocol,
    Field::DestinationPort,
    Field::SourcePort,
];

fn bits(field: Field) -> u32 {
    u32::from(field.bits::<u32>())
}

fn first_variable(field: Field) -> u32 {
    FIELDS
        .iter()
        .take_while(|other| **other != field)
        .map(|field| bits(*field))
        .sum()
}

/// A compiled list.
pub(crate) struct Compiled {
    permit: BCDDFunction,
    _manager: BCDDManagerRef,
}

impl Compiled {
    pub(crate) fn contains(&self, packet: &Packet) -> bool {
        let values = FIELDS.into_iter().flat_map(|field| {
            let value: u32 = field.of(packet).unwrap_or(0);
            let first = first_variable(field);
            (0..bits(field))
                .map(move |place| (first + place, value >> (bits(field) - 1 - place) & 1 == 1))
        });
        self.permit.eval(values)
    }

    pub(crate) fn nodes(&self) -> usize {
        self.permit.node_count()
    }
}

/// What a compilation needs at hand.
struct Work {
    literals: Vec<BCDDFunction>,
    truth: BCDDFunction,
    /// Predicates of one field that were made before.
    known: HashMap<(Field, u32, u32), BCDDFunction>,
}

/// Compiles a list some times, and returns the least CPU time.
///
/// Making the manager and its tables is not counted.
pub(crate) fn measure(rules: &[Rule], runs: u32) -> Result<(Duration, Compiled), OutOfMemory> {
    let mut best = Duration::MAX;
    let mut compiled = None;
    for _ in 0..runs.max(1) {
        drop(compiled.take());
        let manager = new_manager(NODES, CACHE, 1);
        let mut work = manager.with_manager_exclusive(|manager| -> AllocResult<Work> {
            let count = FIELDS.iter().map(|field| bits(*field)).sum();
            manager.add_vars(count);
            let literals = (0..count).map(|place| BCDDFunction::var(manager, place));
            Ok(Work {
                literals: literals.collect::<AllocResult<_>>()?,
                truth: BCDDFunction::t(manager),
                known: HashMap::new(),
            })
        })?;
        let start = ProcessTime::now();
        let permit = compile(rules, &mut work)?;
        best = best.min(start.elapsed());
        compiled = Some(Compiled {
            permit,
            _manager: manager,
        });
    }
    compiled.map(|compiled| (best, compiled)).ok_or(OutOfMemory)
}

/// Batfish's order (`IpAccessListToBdd`).
fn compile(rules: &[Rule], work: &mut Work) -> AllocResult<BCDDFunction> {
    let mut permit = work.truth.not()?;
    for block in rules.chunk_by(|a, b| a.permit == b.permit).rev() {
        let mut matched = Vec::with_capacity(block.len());
        for rule in block {
            matched.push(work.rule(rule)?);
        }
        while matched.len() > 1 {
            let mut halved = Vec::with_capacity(matched.len().div_ceil(2));
            for pair in matched.chunks(2) {
                match pair {
                    [a, b] => halved.push(a.or(b)?),
                    rest => halved.extend_from_slice(rest),
                }
            }
            matched = halved;
        }
        let (Some(matched), Some(first)) = (matched.first(), block.first()) else {
            continue;
        };
        permit = if first.permit {
            permit.or(matched)?
        } else {
            permit.and(&matched.not()?)?
        };
    }
    Ok(permit)
}

impl Work {
    fn rule(&mut self, rule: &Rule) -> AllocResult<BCDDFunction> {
        let wide = |(first, last): (u16, u16)| (u32::from(first), u32::from(last));
        let protocol = rule
            .protocol
            .map_or((0, 255), |number| (number.into(), number.into()));
        // From the lowest variables up, so that each step only adds nodes above.
        let mut all = self.within(Field::SourcePort, wide(rule.source_ports))?;
        for (field, range) in [
            (Field::DestinationPort, wide(rule.destination_ports)),
            (Field::Protocol, protocol),
            (Field::Source, rule.source),
            (Field::Destination, rule.destination),
        ] {
            all = self.within(field, range)?.and(&all)?;
        }
        Ok(all)
    }

    fn within(&mut self, field: Field, (first, last): (u32, u32)) -> AllocResult<BCDDFunction> {
        if let Some(known) = self.known.get(&(field, first, last)) {
            return Ok(known.clone());
        }
        let variables = first_variable(field)..first_variable(field) + bits(field);
        let (mut above, mut below) = (self.truth.clone(), self.truth.clone());
        for (place, variable) in variables.rev().enumerate() {
            let Some(literal) = self.literals.get(variable as usize) else {
                continue;
            };
            above = if first >> place & 1 == 1 {
                literal.and(&above)?
            } else {
                literal.or(&above)?
            };
            let not = literal.not()?;
            below = if last >> place & 1 == 1 {
                not.or(&below)?
            } else {
                not.and(&below)?
            };
        }
        let within = above.and(&below)?;
        self.known.insert((field, first, last), within.clone());
        Ok(within)
    }
}
