//! The choice between paths (RFC 4271 section 9.1.2.2, in Cisco's order).

use super::super::doubt::Doubt;
use super::paths::{From, Path};
use super::sessions::{Relation, Session, Speaker};
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr};

/// What is known of the way to a path's next hop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// The metric of the route there.
    pub(super) metric: u32,
    /// What is not known about it.
    pub(super) doubt: Doubt,
}

/// A usable path with what the choice looks at.
#[derive(Debug, Clone)]
pub(super) struct Contender<'p> {
    pub(super) path: &'p Path,
    pub(super) reach: Reach,
}

/// The result of a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The paths used, the best first.
    pub(super) used: Vec<Path>,
    /// Why others may be used.
    pub(super) doubt: Doubt,
    /// Why another may be announced, where it is not why another may be used.
    pub(super) announced_doubt: Doubt,
}

/// A speaker and its sessions, which the choice asks.
pub(super) struct Chooser<'a> {
    pub(super) speaker: &'a Speaker<'a>,
    pub(super) sessions: &'a [Session<'a>],
}

impl Chooser<'_> {
    /// Chooses among usable paths.
    ///
    /// Paths in doubt take part; where the choice would be another without
    /// them, or one of them may carry anything, the choice is in doubt.
    pub(super) fn choose(&self, contenders: &[Contender<'_>]) -> Choice {
        let mut choice = self.choose_among(contenders);
        let doubtful = |contender: &Contender<'_>| {
            contender.path.attributes.doubt.exists() || contender.reach.doubt.exists()
        };
        if !contenders.iter().any(doubtful) {
            return choice;
        }
        let certain: Vec<Contender<'_>> = contenders
            .iter()
            .filter(|contender| !doubtful(contender))
            .cloned()
            .collect();
        let vague = contenders
            .iter()
            .any(|contender| contender.path.attributes.vague);
        if vague || self.choose_among(&certain).used != choice.used {
            for contender in contenders {
                choice.doubt.add(&contender.path.attributes.doubt);
                choice.doubt.add(&contender.reach.doubt);
            }
        }
        choice
    }

    fn choose_among(&self, contenders: &[Contender<'_>]) -> Choice {
        let selection = &self.speaker.settings.selection;
        let mut left: Vec<&Contender<'_>> = contenders.iter().collect();
        keep_least(&mut left, |one| Reverse(one.path.weight));
        keep_least(&mut left, |one| Reverse(self.preference(one.path)));
        keep_least(&mut left, |one| !one.path.is_local());
        if !selection.ignore_as_path_length {
            keep_least(&mut left, |one| one.path.attributes.as_path.length());
        }
        keep_least(&mut left, |one| one.path.attributes.origin);
        let order_matters = self.compare_med(&mut left);
        let mixed = self.mixed(&left);
        keep_least(&mut left, |one| {
            self.relation(one.path) != Some(Relation::External)
        });
        if !selection.ignore_igp_metric {
            keep_least(&mut left, |one| one.reach.metric);
        }
        let equal = left.clone();
        let tied = self.break_ties(&mut left);
        let Some(best) = left.first().map(|best| best.path) else {
            return Choice::default();
        };
        let mut choice = Choice {
            used: self.multipath(best, &equal, &mixed),
            ..Choice::default()
        };
        self.doubt_ties(&mut choice, &tied);
        if order_matters {
            choice.doubt.add(&self.order_doubt());
        }
        choice
    }

    fn order_doubt(&self) -> Doubt {
        Doubt::of(
            self.speaker.settings.origin,
            "the order in which paths arrive decides, since MED is not compared deterministically",
        )
    }

    /// Says what the oldest path decides: nothing about forwarding where all
    /// tied paths are used, and nothing elsewhere where they carry the same.
    fn doubt_ties(&self, choice: &mut Choice, tied: &[&Path]) {
        if tied.len() < 2 {
            return;
        }
        let doubt = Doubt::of(
            self.speaker.settings.origin,
            "the oldest of several equal external paths is used, which no configuration tells",
        );
        let all_used = tied.iter().all(|path| choice.used.contains(path));
        if !all_used {
            choice.doubt.add(&doubt);
        }
        let carries = |path: &Path| {
            let of = &path.attributes;
            (
                of.next_hop,
                of.as_path.clone(),
                of.med,
                of.communities.clone(),
            )
        };
        let same = tied
            .iter()
            .zip(tied.iter().skip(1))
            .all(|(one, other)| carries(one) == carries(other));
        if !same {
            choice.announced_doubt.add(&doubt);
        }
    }

    fn preference(&self, path: &Path) -> u32 {
        path.attributes
            .local_preference
            .unwrap_or(self.speaker.settings.default_local_preference)
    }

    fn session(&self, path: &Path) -> Option<&Session<'_>> {
        match path.from {
            From::Session(at) => self.sessions.get(at),
            From::Network | From::Redistribution | From::Aggregate => None,
        }
    }

    /// The relation to the neighbour it is from; `None` for own paths.
    pub(super) fn relation(&self, path: &Path) -> Option<Relation> {
        self.session(path).map(|session| session.relation)
    }

    fn med(&self, path: &Path) -> u32 {
        let missing = if self.speaker.settings.selection.missing_med_worst {
            u32::MAX
        } else {
            0
        };
        path.attributes.med.unwrap_or(missing)
    }

    /// Takes out paths for which one of the same neighbouring system has a
    /// smaller MED; tells whether the order of comparison could have mattered.
    fn compare_med(&self, left: &mut Vec<&Contender<'_>>) -> bool {
        let selection = &self.speaker.settings.selection;
        let system = |one: &Contender<'_>| {
            if selection.always_compare_med {
                None
            } else {
                Some(one.path.attributes.as_path.first())
            }
        };
        let before = left.len();
        let all = left.clone();
        left.retain(|one| {
            !all.iter().any(|other| {
                system(other) == system(one) && self.med(other.path) < self.med(one.path)
            })
        });
        let systems: FxHashSet<_> = left.iter().map(|one| system(one)).collect();
        !selection.deterministic_med && left.len() < before && systems.len() > 1
    }

    /// Breaks what is still equal; returns the external paths among which only
    /// age decides.
    fn break_ties<'p>(&self, left: &mut Vec<&Contender<'p>>) -> Vec<&'p Path> {
        let external = left
            .iter()
            .all(|one| self.relation(one.path) == Some(Relation::External));
        let mut tied = Vec::new();
        if external && left.len() > 1 && !self.speaker.settings.selection.compare_router_id {
            tied = left.iter().map(|one| one.path).collect();
        }
        keep_least(left, |one| self.identifier(one.path));
        keep_least(left, |one| one.path.attributes.clusters.len());
        keep_least(left, |one| {
            (
                self.session(one.path).map(|session| session.peer_address),
                one.path.id,
            )
        });
        tied
    }

    /// The identifier of who brought the path in.
    fn identifier(&self, path: &Path) -> Ipv4Addr {
        path.attributes
            .originator
            .or_else(|| self.session(path).map(|session| session.peer_router_id))
            .unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Adds the paths that are used beside the best, one a next hop.
    fn multipath(
        &self,
        best: &Path,
        equal: &[&Contender<'_>],
        mixed: &[&Contender<'_>],
    ) -> Vec<Path> {
        let settings = self.speaker.settings;
        let mut used = vec![best.clone()];
        let (limit, candidates) = match self.relation(best) {
            None => return used,
            Some(_) if settings.multipath_mixed > 1 => (settings.multipath_mixed, mixed),
            Some(Relation::External) => (settings.multipath_external, equal),
            Some(Relation::Internal | Relation::Confederation) => {
                (settings.multipath_internal, equal)
            }
        };
        let mut next_hops: FxHashSet<Option<IpAddr>> =
            FxHashSet::from_iter([best.attributes.next_hop]);
        for other in candidates {
            let other = other.path;
            if used.len() >= usize::from(limit.max(1)) {
                break;
            }
            let same_path = if settings.selection.multipath_relax {
                other.attributes.as_path.length() == best.attributes.as_path.length()
            } else {
                other.attributes.as_path == best.attributes.as_path
            };
            let fits = same_path && self.med(other) == self.med(best) && !other.is_local();
            if fits && next_hops.insert(other.attributes.next_hop) {
                used.push(other.clone());
            }
        }
        used
    }

    /// What multipath across internal and external paths may choose from.
    fn mixed<'c, 'p>(&self, left: &[&'c Contender<'p>]) -> Vec<&'c Contender<'p>> {
        if self.speaker.settings.multipath_mixed > 1 {
            left.to_vec()
        } else {
            Vec::new()
        }
    }
}

/// Keeps the elements whose key is the least.
fn keep_least<T: Copy, K: Ord>(left: &mut Vec<T>, key: impl Fn(T) -> K) {
    if let Some(least) = left.iter().map(|one| key(*one)).min() {
        left.retain(|one| key(*one) == least);
    }
}
