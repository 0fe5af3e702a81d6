//! What a clause reaches (R42 to R51), in three answers.

use super::clause::{Actor, Clause, Constraint, Effect, Level, Period, Purpose, Team, Value};
use crate::items::Assessed;
use crate::words::{Kind, Label, PersonName};
use region::{CategoryName, OrganisationName, RoleName};
use std::collections::BTreeSet;

/// Whether a clause reaches an item and a request (R42).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It does not.
    No,
    /// It cannot be told.
    Maybe,
    /// It does.
    Yes,
}

impl From<bool> for Reach {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Who asks, as verified (R44).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The person.
    pub person: PersonName,
    /// The organisation they act for.
    pub organisation: OrganisationName,
    /// Its kind.
    pub kind: Kind,
    /// The role they ask in.
    pub role: RoleName,
    /// Teams by verified membership.
    pub teams: BTreeSet<Team>,
}

/// What matters of a request to a clause.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Who asks.
    pub asker: &'a Asker,
    /// An `emergency` override counts (R45).
    pub emergency: bool,
    /// Organisations whose lists of team members are stale (R43).
    pub stale_teams: &'a BTreeSet<OrganisationName>,
}

/// Tells whether a clause reaches an item and a request: the worst of the
/// dimensions, the best of the values (R42).
pub fn reach(clause: &Clause, situation: Situation<'_>, item: &Assessed<'_>) -> Reach {
    let permit = clause.effect() == Effect::Permit;
    clause
        .constraints()
        .iter()
        .map(|constraint| dimension(constraint, permit, situation, item))
        .min()
        .unwrap_or(Reach::Yes)
}

fn dimension(
    constraint: &Constraint,
    permit: bool,
    situation: Situation<'_>,
    item: &Assessed<'_>,
) -> Reach {
    let held = item.item;
    match constraint {
        Constraint::Who(values) => best(values, |actor| who(actor, situation)),
        Constraint::For(values) => best(values, |purpose| match purpose {
            Purpose::DirectCare => Reach::Yes,
            Purpose::Emergency => situation.emergency.into(),
            Purpose::Other(_) => Reach::No,
        }),
        Constraint::Category(values) => category(values, permit, item),
        Constraint::Label(levels, labels) => label(levels, labels, permit, item),
        Constraint::Type(values) => best(values, |kind| (*kind == held.kind).into()),
        Constraint::Code(_) if item.unassessed => Reach::Maybe,
        Constraint::Code(values) => best(values, |code| held.codes.contains(code).into()),
        Constraint::Author(values) => best(values, |author| match &held.author {
            None => Reach::Maybe,
            Some(known) => (author == known).into(),
        }),
        Constraint::Item(values) => best(values, |name| (*name == held.name).into()),
        Constraint::Visit(values) => best(values, |visit| {
            (Some(visit) == held.encounter.as_ref()).into()
        }),
        Constraint::Data(values) => best(values, |period| data(*period, item)),
    }
}

/// The best of the values; one that is not understood is a `maybe` (R43).
fn best<T>(values: &[Value<T>], reaches: impl Fn(&T) -> Reach) -> Reach {
    values
        .iter()
        .map(|value| match value {
            Value::Is(value) => reaches(value),
            Value::NotUnderstood => Reach::Maybe,
        })
        .max()
        .unwrap_or(Reach::No)
}

fn who(actor: &Actor, situation: Situation<'_>) -> Reach {
    let asker = situation.asker;
    match actor {
        Actor::Anyone => Reach::Yes,
        Actor::Organisation(name) => (*name == asker.organisation).into(),
        Actor::Kind(kind) => (*kind == asker.kind).into(),
        Actor::Role(role) => (*role == asker.role).into(),
        Actor::RoleAt(role, name) => (*role == asker.role && *name == asker.organisation).into(),
        Actor::Team(team) if asker.teams.contains(team) => Reach::Yes,
        Actor::Team(team) if situation.stale_teams.contains(&team.organisation) => Reach::Maybe,
        Actor::Team(_) => Reach::No,
        Actor::Person(person) => (*person == asker.person).into(),
        Actor::PersonAt(person, name) => {
            (*person == asker.person && *name == asker.organisation).into()
        }
    }
}

/// R46; unassessed text may be of any category but its own (R51), and an item
/// without a category of any (R43).
fn category(values: &[Value<CategoryName>], permit: bool, item: &Assessed<'_>) -> Reach {
    let own = &item.item.categories;
    let brought = item.brought();
    let named = |category: &CategoryName| {
        values
            .iter()
            .any(|value| matches!(value, Value::Is(named) if named == category))
    };
    let all = (!own.is_empty() && own.iter().all(named))
        || (!brought.is_empty() && brought.iter().all(|category| named(category)));
    let some = own.iter().any(named) || brought.iter().any(|category| named(category));
    if if permit { all } else { some } {
        return Reach::Yes;
    }
    let doubt = some
        || own.is_empty()
        || item.unassessed
        || values
            .iter()
            .any(|value| matches!(value, Value::NotUnderstood));
    if doubt { Reach::Maybe } else { Reach::No }
}

/// R47 and R48; with a label that the table does not know, what would be `yes`
/// in a permit and `no` in a dissent is `maybe`.
fn label(
    levels: &[Value<Level>],
    labels: &[Value<Label>],
    permit: bool,
    item: &Assessed<'_>,
) -> Reach {
    if item.unassessed {
        return Reach::Maybe;
    }
    let by_level = best(levels, |level| {
        if permit {
            (item.level <= *level).into()
        } else {
            (item.level >= *level).into()
        }
    });
    let is_named = |label: &crate::items::LabelOfItem| {
        labels
            .iter()
            .any(|value| matches!(value, Value::Is(named) if label.closure.contains(named)))
    };
    let named = item.labels.iter().filter(|label| is_named(label)).count();
    let by_topic = if named > 0 && (!permit || named == item.labels.len()) {
        Reach::Yes
    } else if named > 0
        || labels
            .iter()
            .any(|value| matches!(value, Value::NotUnderstood))
    {
        Reach::Maybe
    } else {
        Reach::No
    };
    match by_level.max(by_topic) {
        Reach::Yes if permit && item.unknown_label => Reach::Maybe,
        Reach::No if !permit && item.unknown_label => Reach::Maybe,
        reach => reach,
    }
}

/// R50.
fn data(period: Period, item: &Assessed<'_>) -> Reach {
    let Some((first, last)) = item.item.data else {
        return Reach::Maybe;
    };
    let inside = period.from.is_none_or(|from| from <= first)
        && period.until.is_none_or(|until| last <= until);
    let outside = period.from.is_some_and(|from| last < from)
        || period.until.is_some_and(|until| until < first);
    if outside {
        Reach::No
    } else if inside {
        Reach::Yes
    } else {
        Reach::Maybe
    }
}
