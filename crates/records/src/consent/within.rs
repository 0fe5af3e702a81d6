//! Whether a permit lies within a dissent (R58), and whether they meet (R83).

use super::clause::{Actor, Constraint, Path, Period, Purpose, Value};
use crate::items::Vocabulary;
use crate::words::{ItemName, Kind};
use region::OrganisationName;
use std::collections::BTreeMap;
use std::mem::discriminant;

/// The kind of each organisation of the region.
pub type Kinds = BTreeMap<OrganisationName, Kind>;

/// The path's constraints; one without a purpose is about direct care.
fn constraints(path: &Path<'_>) -> Vec<Constraint> {
    let mut found: Vec<Constraint> = path.constraints().cloned().collect();
    if !found.iter().any(|c| matches!(c, Constraint::For(_))) {
        found.push(Constraint::For(vec![Value::Is(Purpose::DirectCare)]));
    }
    found
}

/// Tells whether a permit lies within a dissent (R58). `item` is the one being
/// decided: a permit that names it is within any dimension but `who` and `for`.
pub fn lies_within(
    permit: &Path<'_>,
    dissent: &Path<'_>,
    item: Option<&ItemName>,
    kinds: &Kinds,
    vocabulary: &Vocabulary,
) -> bool {
    let inner = constraints(permit);
    let names_item = item.is_some_and(|item| {
        inner.iter().any(|constraint| {
            matches!(constraint, Constraint::Item(values)
                if values.contains(&Value::Is(item.clone())))
        })
    });
    constraints(dissent).iter().all(|outer| {
        let exempt = names_item && !matches!(outer, Constraint::Who(_) | Constraint::For(_));
        exempt
            || inner
                .iter()
                .any(|inner| constraint_within(inner, outer, kinds, vocabulary))
    })
}

fn all_within<T>(inner: &[Value<T>], outer: &[Value<T>], within: impl Fn(&T, &T) -> bool) -> bool {
    inner.iter().all(|inner| match inner {
        Value::NotUnderstood => false,
        Value::Is(inner) => outer
            .iter()
            .any(|outer| matches!(outer, Value::Is(outer) if within(inner, outer))),
    })
}

fn constraint_within(
    inner: &Constraint,
    outer: &Constraint,
    kinds: &Kinds,
    vocabulary: &Vocabulary,
) -> bool {
    match (inner, outer) {
        (Constraint::Who(a), Constraint::Who(b)) => {
            all_within(a, b, |a, b| actor_within(a, b, kinds))
        }
        (Constraint::For(a), Constraint::For(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Category(a), Constraint::Category(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Label(levels_a, labels_a), Constraint::Label(levels_b, labels_b)) => {
            all_within(levels_a, levels_b, |a, b| b <= a)
                && all_within(labels_a, labels_b, |a, b| vocabulary.closure(a).contains(b))
        }
        (Constraint::Type(a), Constraint::Type(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Code(a), Constraint::Code(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Author(a), Constraint::Author(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Item(a), Constraint::Item(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Visit(a), Constraint::Visit(b)) => all_within(a, b, PartialEq::eq),
        (Constraint::Data(a), Constraint::Data(b)) => all_within(a, b, period_within),
        _ => false,
    }
}

fn period_within(inner: &Period, outer: &Period) -> bool {
    let starts = match (inner.from, outer.from) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(inner), Some(outer)) => outer <= inner,
    };
    let ends = match (inner.until, outer.until) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(inner), Some(outer)) => inner <= outer,
    };
    starts && ends
}

/// The organisation that an actor is at, or is.
fn organisation(actor: &Actor) -> Option<&OrganisationName> {
    match actor {
        Actor::Organisation(name) | Actor::RoleAt(_, name) | Actor::PersonAt(_, name) => Some(name),
        Actor::Team(team) => Some(&team.organisation),
        Actor::Anyone | Actor::Kind(_) | Actor::Role(_) | Actor::Person(_) => None,
    }
}

fn actor_within(inner: &Actor, outer: &Actor, kinds: &Kinds) -> bool {
    inner == outer
        || match outer {
            Actor::Anyone => true,
            Actor::Organisation(name) => organisation(inner) == Some(name),
            Actor::Kind(kind) => organisation(inner).and_then(|name| kinds.get(name)) == Some(kind),
            Actor::Role(role) => matches!(inner, Actor::RoleAt(inner, _) if inner == role),
            Actor::Person(person) => {
                matches!(inner, Actor::PersonAt(inner, _) if inner == person)
            }
            Actor::RoleAt(..) | Actor::Team(_) | Actor::PersonAt(..) => false,
        }
}

/// Tells whether two paths may reach the same thing (R83).
pub fn meets(a: &Path<'_>, b: &Path<'_>) -> bool {
    let b = constraints(b);
    !constraints(a).iter().any(|a| {
        b.iter()
            .filter(|b| discriminant(a) == discriminant(*b))
            .any(|b| are_apart(a, b))
    })
}

fn every_pair<T>(a: &[Value<T>], b: &[Value<T>], apart: impl Fn(&T, &T) -> bool) -> bool {
    a.iter().all(|a| {
        b.iter()
            .all(|b| matches!((a, b), (Value::Is(a), Value::Is(b)) if apart(a, b)))
    })
}

fn are_apart(a: &Constraint, b: &Constraint) -> bool {
    match (a, b) {
        (Constraint::Who(a), Constraint::Who(b)) => every_pair(
            a,
            b,
            |a, b| matches!((organisation(a), organisation(b)), (Some(a), Some(b)) if a != b),
        ),
        (Constraint::Category(a), Constraint::Category(b)) => every_pair(a, b, PartialEq::ne),
        (Constraint::Type(a), Constraint::Type(b)) => every_pair(a, b, PartialEq::ne),
        (Constraint::Code(a), Constraint::Code(b)) => every_pair(a, b, PartialEq::ne),
        (Constraint::Author(a), Constraint::Author(b)) => every_pair(a, b, PartialEq::ne),
        (Constraint::Item(a), Constraint::Item(b)) => every_pair(a, b, PartialEq::ne),
        (Constraint::Visit(a), Constraint::Visit(b)) => every_pair(a, b, PartialEq::ne),
        (Constraint::Data(a), Constraint::Data(b)) => every_pair(a, b, |a, b| {
            let before = |a: &Period, b: &Period| matches!((a.until, b.from), (Some(until), Some(from)) if until < from);
            before(a, b) || before(b, a)
        }),
        _ => false,
    }
}
