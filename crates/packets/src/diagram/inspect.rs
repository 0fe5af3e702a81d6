//! Looking into a set: packets, sizes, boxes, edges.

use crate::address::Address;
use crate::diagram::arena::{Edge, TERMINAL_LEVEL, index};
use crate::diagram::{Diagram, EMPTY, FULL, Set};
use crate::error::SetError;
use crate::field::{Field, LEVELS, Level, MARK_LEVEL, highest_at, mark_bit, value_at};
use crate::header::{Family, Fragment, Packet, Protocol, TcpFlags};
use crate::intervals::Intervals;
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The values of the fields that matter, the others being free; a product.
pub type FieldValues<A> = Vec<(Field, Intervals<A>)>;

/// A set written as a union of products that share no packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boxes<A> {
    /// The products.
    pub boxes: Vec<FieldValues<A>>,
    /// Whether these are all of them; if not, the limit cut the list.
    pub complete: bool,
}

/// The conditions on the way from a set's root.
struct Path<A> {
    values: FieldValues<A>,
    /// The bits of the mark that were looked at, and what they are.
    mask: u32,
    mark: u32,
}

impl<A: Address> Path<A> {
    /// Returns the conditions, unless the mark has too many intervals.
    fn product(&self) -> Option<FieldValues<A>> {
        let mut product = self.values.clone();
        if self.mask != 0 {
            product.push((Field::Mark, Intervals::masked(self.mask, self.mark).ok()?));
        }
        Some(product)
    }
}

/// Returns a packet that reads well, to be preferred as a witness.
///
/// It opens an HTTPS connection from the first ephemeral port (RFC 6335); its
/// addresses are unspecified, so the first ones of the set are taken.
pub fn preferred(family: Family) -> Packet {
    let nowhere = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Packet {
        source: nowhere,
        destination: nowhere,
        protocol: Protocol::TCP,
        source_port: 49152,
        destination_port: 443,
        tcp_flags: TcpFlags::SYN,
        fragment: Fragment::First,
        mark: 0,
    }
}

/// Returns what to take first at a field, given what was taken above it.
fn wish<A: Address>(level: Level, preferred: &Packet, chosen: &Packet) -> A {
    let other = preferred.protocol != chosen.protocol;
    let value = match (Field::at(level), chosen.protocol) {
        // An echo request says more than the port's number read as a type.
        (Field::DestinationPort, Protocol::ICMP) if other => 8,
        (Field::DestinationPort, Protocol::ICMPV6) if other => 128,
        _ => return value_at(level, preferred),
    };
    A::from_u32(value)
}

/// Returns the value of an interval to show: not an address that ends in zero, if possible.
fn shown<A: Address>(field: Field, first: A, last: A) -> A {
    let address = matches!(field, Field::Destination | Field::Source);
    if address && first < last && first.to_u128() & 0xff == 0 {
        return first.next().unwrap_or(first);
    }
    first
}

impl<A: Address> Diagram<A> {
    pub(super) fn holds_packet(&self, edge: Edge, packet: &Packet) -> bool {
        if Field::Destination.of::<A>(packet).is_none() || Field::Source.of::<A>(packet).is_none() {
            return false;
        }
        let mut edge = edge;
        // A way down has at most as many nodes as there are levels.
        for _ in 0..LEVELS {
            let level = self.level(edge);
            if level == TERMINAL_LEVEL {
                break;
            }
            edge = self.arena.child(index(edge), value_at(level, packet)) ^ (edge & 1);
        }
        edge == FULL
    }

    /// Returns a packet of the set, `None` of the empty one.
    ///
    /// Every edge but the empty one leads on to a packet, so the greedy choice
    /// never has to be taken back.
    pub(super) fn nearest(&self, edge: Edge, preferred_packet: &Packet) -> Option<Packet> {
        if edge == EMPTY {
            return None;
        }
        let mut chosen = preferred(A::FAMILY);
        let mut edge = edge;
        for level in 0..LEVELS {
            let field = Field::at(level);
            let wished = wish::<A>(level, preferred_packet, &chosen);
            let (value, child) = self.nearest_at(edge, level, wished)?;
            if level < MARK_LEVEL {
                field.set(&mut chosen, value);
            } else if value != A::ZERO {
                chosen.mark |= mark_bit(level);
            }
            edge = child;
        }
        Some(chosen)
    }

    /// Returns the wished value at a level, or else the first that leads to a packet,
    /// and where it leads.
    fn nearest_at(&self, edge: Edge, level: Level, wished: A) -> Option<(A, Edge)> {
        let field = Field::at(level);
        // Zero as a wish means that there is none.
        let value = |first: A, end: A| {
            if wished != A::ZERO && first <= wished && wished <= end {
                wished
            } else {
                shown(field, first, end)
            }
        };
        if self.level(edge) != level {
            return Some((value(A::ZERO, highest_at(level)), edge));
        }
        let flip = edge & 1;
        let (start, end) = self.arena.span(index(edge));
        let there = self.arena.seek(start, end, wished);
        for place in std::iter::once(there).chain(start..end) {
            let segment = self.arena.at(place);
            if segment.child ^ flip != EMPTY {
                let before = place.checked_sub(1).filter(|before| *before >= start);
                let first = before.and_then(|before| self.arena.at(before).end.next());
                let value = value(first.unwrap_or(A::ZERO), segment.end);
                return Some((value, segment.child ^ flip));
            }
        }
        None
    }

    /// Returns the number of field combinations in the set, rounded.
    ///
    /// Fields that do not matter count with all their values, those that no
    /// real packet has included.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    pub fn count(&self, set: Set) -> Result<f64, SetError> {
        let edge = self.open(set)?;
        let share = self.share(edge, &mut FxHashMap::default());
        let bits: u32 = Field::ALL
            .iter()
            .map(|field| u32::from(field.bits::<A>()))
            .sum();
        Ok(share * f64::from(bits).exp2())
    }

    /// Returns the share of all field combinations, without a difference of near numbers.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the result is documented as rounded"
    )]
    fn share(&self, edge: Edge, known: &mut FxHashMap<Edge, f64>) -> f64 {
        if edge == EMPTY || edge == FULL {
            return f64::from(edge);
        }
        if let Some(share) = known.get(&edge) {
            return *share;
        }
        let mut sum = 0.0;
        let mut before = None;
        let (start, end) = self.arena.span(index(edge));
        for place in start..end {
            let segment = self.arena.at(place);
            let top = segment.end.to_u128();
            let width = match before {
                None => top as f64 + 1.0,
                Some(before) => (top - before) as f64,
            };
            before = Some(top);
            sum += width * self.share(segment.child ^ (edge & 1), known);
        }
        let level = self.level(edge);
        let bits = if level < MARK_LEVEL {
            Field::at(level).bits::<A>()
        } else {
            1
        };
        let share = sum / f64::from(bits).exp2();
        known.insert(edge, share);
        share
    }

    /// Writes the set as products of intervals, at most `limit` of them.
    ///
    /// Marks under a scattered mask may have too many intervals to write; the
    /// list is then not complete.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    pub fn boxes(&self, set: Set, limit: usize) -> Result<Boxes<A>, SetError> {
        let edge = self.open(set)?;
        let mut found = Boxes {
            boxes: Vec::new(),
            complete: true,
        };
        let mut path = Path {
            values: Vec::new(),
            mask: 0,
            mark: 0,
        };
        self.walk(edge, &mut path, limit, &mut found);
        Ok(found)
    }

    /// Adds the products below an edge; the depth is the number of levels.
    fn walk(&self, edge: Edge, path: &mut Path<A>, limit: usize, found: &mut Boxes<A>) {
        if edge == EMPTY || !found.complete {
            return;
        }
        let level = self.level(edge);
        if level == TERMINAL_LEVEL {
            match path.product() {
                Some(product) if found.boxes.len() < limit => found.boxes.push(product),
                _ => found.complete = false,
            }
            return;
        }
        let mut groups: FxHashMap<Edge, Vec<(A, A)>> = FxHashMap::default();
        let mut order = Vec::new();
        let mut first = A::ZERO;
        for row in self.rows(edge, level) {
            let values = groups.entry(row.child).or_default();
            if values.is_empty() {
                order.push(row.child);
            }
            values.push((first, row.end));
            first = row.end.next().unwrap_or(row.end);
        }
        for child in order {
            let values = Intervals::of(groups.remove(&child).unwrap_or_default());
            let bit = mark_bit(level);
            if bit == 0 {
                path.values.push((Field::at(level), values));
                self.walk(child, path, limit, found);
                path.values.pop();
            } else {
                let before = (path.mask, path.mark);
                path.mask |= bit;
                path.mark |= if values.contains(A::ZERO) { 0 } else { bit };
                self.walk(child, path, limit, found);
                (path.mask, path.mark) = before;
            }
        }
    }

    /// Returns the values of a field at which the set can change: the last one of
    /// each interval and the first of the next, in ascending order.
    ///
    /// Packets made of these test whatever is at the edges of the set. Of the
    /// mark, they are those that have one bit that matters, or all but one.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    pub fn edges(&self, set: Set, field: Field) -> Result<Vec<A>, SetError> {
        let edge = self.open(set)?;
        let max = field.highest::<A>();
        let mut values = vec![A::ZERO, max];
        for node in self.reachable(&[edge]) {
            let level = self.arena.level(node);
            let bit = mark_bit(level);
            if bit != 0 && field == Field::Mark {
                values.extend([A::from_u32(bit), A::from_u32(!bit)]);
            } else if level == field.level() {
                let ends = self.arena.row(node).iter().map(|segment| segment.end);
                values.extend(ends.flat_map(|end| {
                    let next = end.next().filter(|next| *next <= max);
                    std::iter::once(end).chain(next)
                }));
            }
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    /// Returns the fields that the set depends on.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    pub fn depends_on(&self, set: Set) -> Result<Vec<Field>, SetError> {
        let edge = self.open(set)?;
        let nodes = self.reachable(&[edge]);
        let fields: FxHashSet<Field> = nodes
            .into_iter()
            .map(|node| Field::at(self.arena.level(node)))
            .collect();
        Ok(Field::ALL
            .into_iter()
            .filter(|field| fields.contains(field))
            .collect())
    }

    /// Returns the number of nodes and of segments that a set is made of.
    ///
    /// # Errors
    ///
    /// [`SetError::Released`].
    pub fn size(&self, set: Set) -> Result<(usize, usize), SetError> {
        let nodes = self.reachable(&[self.open(set)?]);
        let segments = nodes.iter().map(|node| self.arena.row(*node).len()).sum();
        Ok((nodes.len(), segments))
    }

    /// Returns the nodes under some edges, in no particular order.
    pub(super) fn reachable(&self, edges: &[Edge]) -> Vec<u32> {
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut left: Vec<u32> = edges.iter().map(|edge| index(*edge)).collect();
        let mut nodes = Vec::new();
        while let Some(node) = left.pop() {
            if self.arena.level(node) < TERMINAL_LEVEL && seen.insert(node) {
                nodes.push(node);
                left.extend(
                    self.arena
                        .row(node)
                        .iter()
                        .map(|segment| index(segment.child)),
                );
            }
        }
        nodes
    }
}
