//! AS paths (RFC 4271 section 4.3, RFC 5065 for confederations).

use std::fmt;

/// A part of an AS path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Segment {
    /// Systems in order.
    Sequence(Vec<u32>),
    /// Systems of an aggregate, ascending.
    Set(Vec<u32>),
    /// Members of the confederation, in order.
    Confederation(Vec<u32>),
}

/// The systems a route has passed, the last one first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct AsPath(Vec<Segment>);

/// Private use (RFC 6996).
fn is_private(system: u32) -> bool {
    (64_512..=65_534).contains(&system) || (4_200_000_000..=4_294_967_294).contains(&system)
}

impl AsPath {
    /// Makes a path of one unordered set; empty without members.
    pub(crate) fn of_set(mut systems: Vec<u32>) -> Self {
        systems.sort_unstable();
        systems.dedup();
        if systems.is_empty() {
            Self::default()
        } else {
            Self(vec![Segment::Set(systems)])
        }
    }

    /// Puts systems before the path, the first one first.
    pub(crate) fn prepend(&mut self, systems: &[u32]) {
        if systems.is_empty() {
            return;
        }
        match self.0.first_mut() {
            Some(Segment::Sequence(first)) => {
                first.splice(0..0, systems.iter().copied());
            }
            _ => self.0.insert(0, Segment::Sequence(systems.to_vec())),
        }
    }

    /// Puts a confederation member before the path.
    pub(crate) fn prepend_member(&mut self, member: u32) {
        match self.0.first_mut() {
            Some(Segment::Confederation(first)) => first.insert(0, member),
            _ => self.0.insert(0, Segment::Confederation(vec![member])),
        }
    }

    /// Takes out what is of the confederation, as its border does.
    pub(crate) fn leave_confederation(&mut self) {
        self.0
            .retain(|segment| !matches!(segment, Segment::Confederation(_)));
    }

    /// Returns the last system passed: the neighbour that announced the route.
    /// `None` for routes of the own system.
    pub(crate) fn first(&self) -> Option<u32> {
        self.0.iter().find_map(|segment| match segment {
            Segment::Sequence(systems) => systems.first().copied(),
            Segment::Set(_) | Segment::Confederation(_) => None,
        })
    }

    /// Returns the length that counts in the choice: a set is one, members of
    /// the confederation none (RFC 4271 section 9.1.2.2, RFC 5065 section 5.3).
    pub(crate) fn length(&self) -> usize {
        self.0
            .iter()
            .map(|segment| match segment {
                Segment::Sequence(systems) => systems.len(),
                Segment::Set(_) => 1,
                Segment::Confederation(_) => 0,
            })
            .sum()
    }

    /// Counts how often a system stands in the path.
    pub(crate) fn count(&self, system: u32) -> usize {
        self.systems().filter(|own| *own == system).count()
    }

    /// Returns every system of the path, members included.
    pub(crate) fn systems(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|segment| match segment {
            Segment::Sequence(systems)
            | Segment::Set(systems)
            | Segment::Confederation(systems) => systems.iter().copied(),
        })
    }

    /// Replaces a system by another wherever it stands.
    pub(crate) fn replace(&mut self, old: u32, new: u32) {
        for segment in &mut self.0 {
            if let Segment::Sequence(systems) | Segment::Set(systems) = segment {
                for system in systems.iter_mut().filter(|system| **system == old) {
                    *system = new;
                }
            }
        }
    }

    /// Takes out private systems, where the path has no others (the older IOS
    /// rule; a path with public ones in it stays).
    pub(crate) fn remove_private(&mut self) {
        if self.systems().all(is_private) {
            self.0
                .retain(|segment| matches!(segment, Segment::Confederation(_)));
        }
    }
}

impl fmt::Display for AsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for segment in &self.0 {
            f.write_str(between)?;
            between = " ";
            let (open, close, systems) = match segment {
                Segment::Sequence(systems) => ("", "", systems),
                Segment::Set(systems) => ("{", "}", systems),
                Segment::Confederation(systems) => ("(", ")", systems),
            };
            f.write_str(open)?;
            for (at, system) in systems.iter().enumerate() {
                if at > 0 {
                    f.write_str(if open == "{" { "," } else { " " })?;
                }
                write!(f, "{system}")?;
            }
            f.write_str(close)?;
        }
        Ok(())
    }
}
