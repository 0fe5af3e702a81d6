//! Clauses: what an instruction says, of what, to whom.

use crate::words::{
    Author, Code, EncounterName, ItemName, Kind, Label, OtherPurpose, PersonName, ResourceType,
    TeamWord,
};
use jiff::civil::Date;
use region::{CategoryName, OrganisationName, RoleName};

/// How deep clauses may stand within each other; documents seen have four.
pub const DEPTH_MAX: usize = 32;

/// What a clause says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It may be shared.
    Permit,
    /// It may not.
    Dissent,
    /// It cannot be told (R34).
    Unclear,
    /// Only this may be shared (R55); at the root alone.
    Only,
}

/// A value of a document: understood or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value<T> {
    /// Understood.
    Is(T),
    /// A value that is not understood.
    NotUnderstood,
}

/// A team of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Team {
    /// Its name there.
    pub name: TeamWord,
    /// Whose it is.
    pub organisation: OrganisationName,
}

/// Whom a clause is about (R44).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Everybody.
    Anyone,
    /// An organisation.
    Organisation(OrganisationName),
    /// Organisations of a kind.
    Kind(Kind),
    /// A role, anywhere.
    Role(RoleName),
    /// A role at an organisation.
    RoleAt(RoleName, OrganisationName),
    /// A team.
    Team(Team),
    /// A person, wherever they act.
    Person(PersonName),
    /// A person at an organisation.
    PersonAt(PersonName, OrganisationName),
}

/// What something is wanted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Care of this patient.
    DirectCare,
    /// Care of this patient in an emergency.
    Emergency,
    /// Anything else, research among it.
    Other(OtherPurpose),
}

/// A level of confidentiality, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// U.
    Unrestricted,
    /// L.
    Low,
    /// M.
    Moderate,
    /// N.
    Normal,
    /// R.
    Restricted,
    /// V.
    VeryRestricted,
}

/// Days, ends included; a missing end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

/// What a clause narrows itself to on one dimension: one of the values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// Who receives.
    Who(Vec<Value<Actor>>),
    /// What for.
    For(Vec<Value<Purpose>>),
    /// Categories of the item.
    Category(Vec<Value<CategoryName>>),
    /// Levels and labels of the item, levels apart.
    Label(Vec<Value<Level>>, Vec<Value<Label>>),
    /// Its resource type.
    Type(Vec<Value<ResourceType>>),
    /// Its codes.
    Code(Vec<Value<Code>>),
    /// Its author.
    Author(Vec<Value<Author>>),
    /// The item itself.
    Item(Vec<Value<ItemName>>),
    /// Its encounter.
    Visit(Vec<Value<EncounterName>>),
    /// The days that it is about.
    Data(Vec<Value<Period>>),
}

/// Clauses stand deeper within each other than [`DEPTH_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("clauses within clauses, more than {DEPTH_MAX} deep")]
pub struct TooDeep;

/// An effect, what it is narrowed to, and the clauses within it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clause {
    effect: Effect,
    constraints: Vec<Constraint>,
    inside: Vec<Clause>,
    depth: usize,
}

/// The clauses from the root to one clause: its scope is all that they name (R54).
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// The clauses, the root first.
    pub clauses: Vec<&'a Clause>,
}

impl<'a> Path<'a> {
    /// Everything named on the way.
    pub fn constraints(&self) -> impl Iterator<Item = &'a Constraint> + '_ {
        self.clauses.iter().flat_map(|clause| clause.constraints())
    }
}

impl Constraint {
    /// Tells whether a value of it is not understood.
    pub fn has_doubt(&self) -> bool {
        fn doubt<T>(values: &[Value<T>]) -> bool {
            values
                .iter()
                .any(|value| matches!(value, Value::NotUnderstood))
        }
        match self {
            Self::Who(values) => doubt(values),
            Self::For(values) => doubt(values),
            Self::Category(values) => doubt(values),
            Self::Label(levels, labels) => doubt(levels) || doubt(labels),
            Self::Type(values) => doubt(values),
            Self::Code(values) => doubt(values),
            Self::Author(values) => doubt(values),
            Self::Item(values) => doubt(values),
            Self::Visit(values) => doubt(values),
            Self::Data(values) => doubt(values),
        }
    }
}

impl Clause {
    /// Makes a clause.
    ///
    /// # Errors
    ///
    /// Clauses would stand deeper than [`DEPTH_MAX`].
    pub fn new(
        effect: Effect,
        constraints: Vec<Constraint>,
        inside: Vec<Self>,
    ) -> Result<Self, TooDeep> {
        let depth = 1 + inside.iter().map(|clause| clause.depth).max().unwrap_or(0);
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        Ok(Self {
            effect,
            constraints,
            inside,
            depth,
        })
    }

    /// What it says.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// What it is narrowed to.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// The clauses within it.
    pub fn inside(&self) -> &[Self] {
        &self.inside
    }

    /// The purposes that it names.
    fn purposes(&self) -> Vec<Constraint> {
        self.constraints
            .iter()
            .filter(|constraint| matches!(constraint, Constraint::For(_)))
            .cloned()
            .collect()
    }

    /// The clause with `only` spelled out (R55). Nothing else changes.
    pub fn spelled_out(&self) -> Self {
        if self.effect != Effect::Only {
            return self.clone();
        }
        let (permits, others): (Vec<_>, Vec<_>) = self
            .inside
            .iter()
            .cloned()
            .partition(|clause| clause.effect == Effect::Permit);
        let kept = Self {
            effect: Effect::Permit,
            constraints: self.constraints.clone(),
            depth: self.depth,
            inside: others,
        };
        Self {
            effect: Effect::Dissent,
            constraints: self.purposes(),
            inside: std::iter::once(kept).chain(permits).collect(),
            depth: self.depth + 1,
        }
    }

    /// The dissent that withdrawing leaves: of the root's scope, without
    /// exceptions (R31). For `only`, of its purposes.
    pub fn withdrawn(&self) -> Self {
        Self {
            effect: Effect::Dissent,
            constraints: if self.effect == Effect::Only {
                self.purposes()
            } else {
                self.constraints.clone()
            },
            inside: Vec::new(),
            depth: 1,
        }
    }

    /// Tells whether an effect cannot be told, or a clause stands in one of
    /// the same effect (R34).
    pub fn effect_is_unclear(&self) -> bool {
        matches!(self.effect, Effect::Unclear | Effect::Only)
            || self
                .inside
                .iter()
                .any(|clause| clause.effect == self.effect || clause.effect_is_unclear())
    }

    /// Tells whether a value is not understood.
    pub fn has_doubt(&self) -> bool {
        self.constraints.iter().any(Constraint::has_doubt)
            || self.inside.iter().any(Self::has_doubt)
    }

    /// The clause as it counts with its doubt (R34): `unclear` is a dissent,
    /// and so is a permit that holds a permit, outside the inner one.
    pub fn with_its_doubt(&self) -> Self {
        let holds_permit = self
            .inside
            .iter()
            .any(|clause| clause.effect == Effect::Permit);
        let effect = match self.effect {
            Effect::Permit if !holds_permit => Effect::Permit,
            _ => Effect::Dissent,
        };
        Self {
            effect,
            constraints: self.constraints.clone(),
            inside: self.inside.iter().map(Self::with_its_doubt).collect(),
            depth: self.depth,
        }
    }

    /// Tells whether it, or a clause within it, says anything but `permit`.
    pub fn has_dissent(&self) -> bool {
        self.effect != Effect::Permit || self.inside.iter().any(Self::has_dissent)
    }

    /// Every clause of an effect, with its path.
    pub fn paths(&self, effect: Effect) -> Vec<Path<'_>> {
        let mut found = Vec::new();
        let mut open = vec![vec![self]];
        while let Some(path) = open.pop() {
            let Some(last) = path.last() else { continue };
            for clause in &last.inside {
                let mut deeper = path.clone();
                deeper.push(clause);
                open.push(deeper);
            }
            if last.effect == effect {
                found.push(Path { clauses: path });
            }
        }
        found
    }
}
