//! Translation rules as rewrites of packet sets.

use super::limits::PICKS_MAX;
use super::machine::{Machine, ported};
use super::seeded::bug;
use crate::model::{AddressRewrite, Interface, PortRewrite, Translation};
use ipnet::IpNet;
use packets::{
    Address, Change, Field, Fields, Intervals, PacketSets, Piece, Ports, Rewrite, SetError,
};
use std::net::IpAddr;

/// What a translation rule does with packets of one family.
#[derive(Debug)]
pub(super) struct Plan<A, S> {
    /// Packets for which it cannot be done.
    pub(super) undoable: S,
    /// Packets that no part of it applies to: they stay as they are.
    pub(super) untouched: S,
    /// The others, by how they are rewritten; no packet is in two of them.
    pub(super) ways: Vec<(S, Rewrite<A>)>,
}

/// What a rule does with one field.
#[derive(Debug)]
struct Part<A> {
    field: Field,
    change: Change<A>,
    /// The values it applies to; `None` is all.
    applies: Option<Intervals<A>>,
    /// The values of these for which it cannot be done.
    undoable: Intervals<A>,
}

impl<S: PacketSets> Machine<'_, S> {
    /// Works out what a translation does, at a device where the packet's
    /// interface that it could take an address from is `interface`.
    pub(super) fn plan(
        &mut self,
        translation: &Translation,
        interface: Option<&Interface>,
    ) -> Result<Plan<S::Key, S::Set>, SetError> {
        let mut parts: Vec<Part<S::Key>> = Vec::new();
        for (field, rewrite) in [
            (Field::Source, &translation.source),
            (Field::Destination, &translation.destination),
        ] {
            parts.extend(
                rewrite
                    .as_ref()
                    .map(|rewrite| address_part(field, rewrite, interface)),
            );
        }
        for (field, rewrite) in [
            (Field::SourcePort, &translation.source_port),
            (Field::DestinationPort, &translation.destination_port),
        ] {
            parts.extend(rewrite.as_ref().map(|rewrite| port_part(field, rewrite)));
        }
        let mut untouched = self.sets.full();
        let mut undoable = self.sets.empty();
        for part in &parts {
            let mut applies = part.condition(part.applies.as_ref());
            let outside = self.sets.fields(&applies)?;
            untouched = self.sets.difference(untouched, outside)?;
            applies = applies.with(part.field, &part.undoable);
            let fails = self.sets.fields(&applies)?;
            undoable = self.sets.or(undoable, fails)?;
        }
        let touched = self.sets.or(untouched, undoable)?;
        let touched = self.sets.not(touched);
        let with_ports = self.ported()?;
        let mut ways = Vec::new();
        let has_port_parts = parts.iter().any(Part::is_of_ports);
        for ports in [true, false] {
            let mut guard = touched;
            if has_port_parts {
                let side = if ports {
                    with_ports
                } else {
                    self.sets.not(with_ports)
                };
                guard = self.sets.and(guard, side)?;
            } else if !ports {
                continue;
            }
            if self.sets.is_empty(guard) {
                continue;
            }
            let mut rewrite = Rewrite::keep();
            for part in parts
                .iter()
                .filter(|part| ports && !bug(44) || !part.is_of_ports())
            {
                rewrite = rewrite.with(part.field, part.change.clone())?;
            }
            ways.push((guard, rewrite));
        }
        Ok(Plan {
            undoable,
            untouched,
            ways,
        })
    }
}

impl<A: Address> Part<A> {
    fn is_of_ports(&self) -> bool {
        matches!(self.field, Field::SourcePort | Field::DestinationPort)
    }

    /// The packets with these values of the field, that have it.
    fn condition(&self, values: Option<&Intervals<A>>) -> Fields<A> {
        let base = if self.is_of_ports() {
            ported()
        } else {
            Fields::any()
        };
        values.map_or_else(
            || base.clone(),
            |values| base.clone().with(self.field, values),
        )
    }

    /// A part that cannot be done for these values.
    fn failing(field: Field, applies: Option<Intervals<A>>) -> Self {
        let all = Intervals::range(A::ZERO, field.highest::<A>());
        let undoable = applies.clone().unwrap_or(all);
        Self {
            field,
            change: Change::Shift(identity(field)),
            applies,
            undoable,
        }
    }

    /// A part that takes a value of these, whichever.
    fn any_of(field: Field, values: Intervals<A>) -> Self {
        if values.is_empty() {
            return Self::failing(field, None);
        }
        let change = Change::OneOf(values);
        Self {
            field,
            change,
            applies: None,
            undoable: Intervals::none(),
        }
    }

    /// A part that moves a range to begin at another value.
    fn moving(field: Field, first: A, last: A, to: A) -> Self {
        let max = field.highest::<A>();
        let applies = Intervals::range(first, last);
        if first > last {
            let change = Change::Shift(identity(field));
            return Self {
                field,
                change,
                applies: Some(applies),
                undoable: Intervals::none(),
            };
        }
        // Beyond this value the result would be past the last one.
        let fits = max.wrapping_sub(to);
        let whole = last.wrapping_sub(first) <= fits;
        let end = if whole {
            last
        } else {
            first.wrapping_add(fits)
        };
        let undoable = match end.next() {
            Some(next) if !whole => Intervals::range(next, last),
            _ => Intervals::none(),
        };
        let mut pieces = vec![Piece {
            first,
            last: end,
            to,
        }];
        for (first, last) in Intervals::range(first, end).not(max).parts() {
            pieces.push(Piece {
                first: *first,
                last: *last,
                to: *first,
            });
        }
        Self {
            field,
            change: Change::Shift(pieces),
            applies: Some(applies),
            undoable,
        }
    }
}

fn identity<A: Address>(field: Field) -> Vec<Piece<A>> {
    vec![Piece {
        first: A::ZERO,
        last: field.highest::<A>(),
        to: A::ZERO,
    }]
}

fn address_part<A: Address>(
    field: Field,
    rewrite: &AddressRewrite,
    interface: Option<&Interface>,
) -> Part<A> {
    match rewrite {
        AddressRewrite::Prefix { from, to } => {
            let ends = A::from_ip(from.network()).zip(A::from_ip(from.broadcast()));
            let Some((first, last)) = ends else {
                // A prefix of the other family: every packet is outside of it.
                return Part::moving(field, A::MAX, A::ZERO, A::ZERO);
            };
            match A::from_ip(to.network()).filter(|_| same_length(from, to)) {
                Some(target) => Part::moving(field, first, last, target),
                None => Part::failing(field, Some(Intervals::range(first, last))),
            }
        }
        AddressRewrite::Range { first, last, to } => {
            let Some((first, last)) = A::from_ip(*first).zip(A::from_ip(*last)) else {
                return Part::moving(field, A::MAX, A::ZERO, A::ZERO);
            };
            match A::from_ip(*to).map(|to| if bug(31) { first } else { to }) {
                Some(target) => Part::moving(field, first, last, target),
                None => Part::failing(field, Some(Intervals::range(first, last))),
            }
        }
        AddressRewrite::Pool(ranges) => {
            let of_family = |range: &(IpAddr, IpAddr)| A::from_ip(range.0).zip(A::from_ip(range.1));
            Part::any_of(
                field,
                Intervals::of(ranges.iter().filter_map(of_family).collect()),
            )
        }
        AddressRewrite::InterfaceAddress => {
            let addresses = interface
                .into_iter()
                .flat_map(|interface| &interface.addresses);
            let first = addresses
                .filter_map(|own| A::from_ip(own.net.addr()))
                .next();
            Part::any_of(field, first.map_or_else(Intervals::none, Intervals::one))
        }
    }
}

fn same_length(from: &IpNet, to: &IpNet) -> bool {
    from.prefix_len() == to.prefix_len()
}

fn port_part<A: Address>(field: Field, rewrite: &PortRewrite) -> Part<A> {
    let number = |port: u16| A::from_u32(u32::from(port));
    match rewrite {
        PortRewrite::OneOf(Ports(ranges)) if ranges.is_empty() => Part::failing(field, None),
        PortRewrite::OneOf(ports) => Part::any_of(field, Intervals::from(ports)),
        PortRewrite::Shift { first, last, to } => {
            Part::moving(field, number(*first), number(*last), number(*to))
        }
    }
}

/// Where values of a field can go.
pub(super) fn moved<A: Address>(
    rewrite: &Rewrite<A>,
    field: Field,
    values: &Intervals<A>,
) -> Intervals<A> {
    let change = rewrite
        .changes()
        .iter()
        .find(|(changed, _)| *changed == field);
    match change.map(|(_, change)| change) {
        None | Some(Change::Bits { .. }) => values.clone(),
        Some(Change::OneOf(values)) => values.clone(),
        Some(Change::Shift(pieces)) => {
            let mut parts = Vec::new();
            for piece in pieces {
                let within = values.and(&Intervals::range(piece.first, piece.last));
                parts.extend(within.parts().iter().map(|(first, last)| {
                    let shift = |value: A| piece.to.wrapping_add(value.wrapping_sub(piece.first));
                    (shift(*first), shift(*last))
                }));
            }
            Intervals::of(parts)
        }
    }
}

/// Tells whether a rewrite leaves the device a choice.
pub(super) fn has_choice<A: Address>(rewrite: &Rewrite<A>) -> bool {
    let single = |values: &Intervals<A>| matches!(values.parts(), [(first, last)] if first == last);
    rewrite.changes().iter().any(|(_, change)| match change {
        Change::OneOf(values) => !single(values),
        Change::Shift(_) | Change::Bits { .. } => false,
    })
}

/// Returns a rewrite that leaves a small choice as rewrites that leave none; no
/// rewrites for others.
pub(super) fn picks<A: Address>(rewrite: &Rewrite<A>) -> Result<Vec<Rewrite<A>>, SetError> {
    let mut picked = vec![Rewrite::keep()];
    for (field, change) in rewrite.changes() {
        let changes = match change {
            Change::OneOf(values) => match few(values) {
                Some(values) => values.into_iter().map(Change::OneOf).collect(),
                None => return Ok(Vec::new()),
            },
            other => vec![other.clone()],
        };
        let mut next = Vec::with_capacity(picked.len() * changes.len());
        for known in &picked {
            for change in &changes {
                next.push(known.clone().with(*field, change.clone())?);
            }
        }
        picked = next;
        if picked.len() > PICKS_MAX {
            return Ok(Vec::new());
        }
    }
    picked.retain(|_| has_choice(rewrite));
    Ok(picked)
}

/// Returns values one by one, where they are few.
fn few<A: Address>(values: &Intervals<A>) -> Option<Vec<Intervals<A>>> {
    let mut found = Vec::new();
    for &(first, last) in values.parts() {
        let mut next = Some(first);
        while let Some(value) = next.filter(|value| *value <= last) {
            if found.len() >= PICKS_MAX {
                return None;
            }
            found.push(Intervals::one(value));
            next = value.next();
        }
    }
    Some(found)
}

/// Returns a rewrite as it acts on answers: source and destination exchanged,
/// and the mark, which answers do not carry, left out.
pub(super) fn mirrored<A: Address>(rewrite: &Rewrite<A>) -> Result<Rewrite<A>, SetError> {
    let mut mirror = Rewrite::keep();
    for (field, change) in rewrite.changes() {
        let field = match field {
            Field::Source => Field::Destination,
            Field::Destination => Field::Source,
            Field::SourcePort => Field::DestinationPort,
            Field::DestinationPort => Field::SourcePort,
            Field::Mark => continue,
            other => *other,
        };
        mirror = mirror.with(field, change.clone())?;
    }
    Ok(mirror)
}

/// Returns the headers that a rewrite may leave as they are; surely so where it
/// leaves no choice.
pub(super) fn kept<A: Address>(rewrite: &Rewrite<A>) -> Fields<A> {
    undone(&Rewrite::keep(), rewrite).maybe
}

/// Headers that two rewrites, one after the other, bring back to what they were.
#[derive(Debug)]
pub(super) struct Undone<A> {
    pub(super) surely: Fields<A>,
    pub(super) maybe: Fields<A>,
}

/// Finds which headers `second` brings back to what they were before `first`.
pub(super) fn undone<A: Address>(first: &Rewrite<A>, second: &Rewrite<A>) -> Undone<A> {
    let changes = first.changes().iter().chain(second.changes());
    let mut fields: Vec<Field> = changes.map(|(field, _)| *field).collect();
    fields.sort_unstable();
    fields.dedup();
    let mut found = Undone {
        surely: Fields::any(),
        maybe: Fields::any(),
    };
    for field in fields {
        let (surely, maybe) = undone_values(first, second, field);
        found.surely = found.surely.with(field, &surely);
        found.maybe = found.maybe.with(field, &maybe);
    }
    found
}

/// The values of one field that come back, surely and possibly.
fn undone_values<A: Address>(
    first: &Rewrite<A>,
    second: &Rewrite<A>,
    field: Field,
) -> (Intervals<A>, Intervals<A>) {
    let change = |rewrite: &Rewrite<A>| {
        let found = rewrite
            .changes()
            .iter()
            .find(|(changed, _)| *changed == field);
        found.map_or_else(
            || Change::Shift(identity(field)),
            |(_, change)| change.clone(),
        )
    };
    let single = |values: &Intervals<A>| matches!(values.parts(), [(one, last)] if one == last);
    match (change(first), change(second)) {
        (Change::Shift(there), Change::Shift(back)) => {
            let mut parts = Vec::new();
            for a in &there {
                for b in &back {
                    let returns = a.first.wrapping_sub(a.to) == b.to.wrapping_sub(b.first);
                    let last = a.to.wrapping_add(a.last.wrapping_sub(a.first));
                    let (from, to) = (a.to.max(b.first), last.min(b.last));
                    if returns && from <= to {
                        let shift = |value: A| a.first.wrapping_add(value.wrapping_sub(a.to));
                        parts.push((shift(from), shift(to)));
                    }
                }
            }
            let values = Intervals::of(parts);
            (values.clone(), values)
        }
        // Whatever it was, it becomes one of these.
        (_, Change::OneOf(to)) if single(&to) => (to.clone(), to),
        (_, Change::OneOf(to)) => (Intervals::none(), to),
        (Change::OneOf(middle), Change::Shift(pieces)) => {
            let rewrite = Rewrite::keep().with(field, Change::Shift(pieces));
            let ends = rewrite.map_or_else(|_| middle.clone(), |back| moved(&back, field, &middle));
            if single(&middle) {
                (ends.clone(), ends)
            } else {
                (Intervals::none(), ends)
            }
        }
        (Change::Bits { .. }, _) | (_, Change::Bits { .. }) => (
            Intervals::none(),
            Intervals::range(A::ZERO, field.highest::<A>()),
        ),
    }
}
