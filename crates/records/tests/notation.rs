//! The notation of section 3, read strictly: what is not listed there is an
//! error of the file.

use crate::file::{Person, Setting, category, organisation};
use jiff::civil::{Date, DateTime};
use records::consent::{
    Actor, Asker, Capacity, Clause, Constraint, Effect, EndKind, Ending, Evidence, Giver,
    Instruction, Level, Objection, Period, Proof, Purpose, Status, Team, Value, VersionRef,
};
use records::disclosure::{Holdings, Override, Reason, Relationship, Request, View};
use records::patient::{Days, Patient};
use records::time::{Calendar, Moment, Stretch};
use records::words::{
    Author, Code, EncounterName, InstructionName, ItemName, Kind, Label, OtherPurpose, PersonName,
    ResourceType, TeamWord,
};
use region::RoleName;

/// A list inside a cell; `-` is the empty list.
pub(crate) fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split_whitespace().filter(|word| *word != "-")
}

pub(crate) fn team(text: &str) -> Team {
    let (name, at) = text.split_once('@').expect("team@organisation");
    Team {
        name: TeamWord::new(name),
        organisation: organisation(at),
    }
}

pub(crate) fn evidence(text: &str) -> Evidence {
    match text {
        "signed" => Evidence::Signed,
        "portal" => Evidence::Portal,
        "verbal" => Evidence::Verbal,
        "none" => Evidence::None,
        other => panic!("evidence `{other}`"),
    }
}

pub(crate) fn level(text: &str) -> Option<Level> {
    Some(match text {
        "U" => Level::Unrestricted,
        "L" => Level::Low,
        "M" => Level::Moderate,
        "N" => Level::Normal,
        "R" => Level::Restricted,
        "V" => Level::VeryRestricted,
        _ => return None,
    })
}

fn day(text: &str) -> Date {
    text.parse().unwrap_or_else(|_| panic!("day `{text}`"))
}

/// A moment, day, month or year.
pub(crate) fn stretch(text: &str) -> Stretch {
    let calendar = Calendar::united_kingdom().expect("the rule of summer time");
    if text.contains('T') {
        let time: DateTime = text.parse().unwrap_or_else(|_| panic!("moment `{text}`"));
        return calendar.local(time).expect("a moment");
    }
    let (first, last) = match text.len() {
        4 => (day(&format!("{text}-01-01")), day(&format!("{text}-12-31"))),
        7 => {
            let first = day(&format!("{text}-01"));
            (first, first.last_of_month())
        }
        _ => (day(text), day(text)),
    };
    calendar.days(first, last).expect("days")
}

pub(crate) fn moment(text: &str) -> Moment {
    let stretch = stretch(text);
    assert_eq!(stretch.earliest, stretch.latest, "`{text}` is a moment");
    stretch.earliest
}

fn values<T>(text: &str, read: impl Fn(&str) -> T) -> Vec<Value<T>> {
    text.split('+')
        .map(|value| match value {
            "?" => Value::NotUnderstood,
            value => Value::Is(read(value)),
        })
        .collect()
}

fn actor(text: &str) -> Actor {
    let role = |name: &str| RoleName::new(name).expect("a role");
    match text.split_once(':').unwrap_or((text, "")) {
        ("anyone", "") => Actor::Anyone,
        ("org", name) => Actor::Organisation(organisation(name)),
        ("kind", name) => Actor::Kind(Kind::new(name)),
        ("team", name) => Actor::Team(team(name)),
        ("role", name) => match name.split_once('@') {
            Some((name, at)) => Actor::RoleAt(role(name), organisation(at)),
            None => Actor::Role(role(name)),
        },
        ("person", name) => match name.split_once('@') {
            Some((name, at)) => Actor::PersonAt(PersonName::new(name), organisation(at)),
            None => Actor::Person(PersonName::new(name)),
        },
        other => panic!("who `{other:?}`"),
    }
}

fn purpose(text: &str) -> Purpose {
    match text {
        "direct-care" => Purpose::DirectCare,
        "emergency" => Purpose::Emergency,
        other => Purpose::Other(OtherPurpose::new(other)),
    }
}

fn period(text: &str) -> Period {
    let (from, until) = text.split_once("..").expect("FROM..UNTIL");
    let end = |text: &str| (!text.is_empty()).then(|| day(text));
    Period {
        from: end(from),
        until: end(until),
    }
}

fn dimension(text: &str) -> Constraint {
    let (key, value) = text.split_once('=').expect("KEY=VALUE");
    match key {
        "who" => Constraint::Who(values(value, actor)),
        "for" => Constraint::For(values(value, purpose)),
        "cat" => Constraint::Category(values(value, category)),
        "type" => Constraint::Type(values(value, ResourceType::new)),
        "code" => Constraint::Code(values(value, Code::new)),
        "author" => Constraint::Author(values(value, Author::new)),
        "item" => Constraint::Item(values(value, ItemName::new)),
        "visit" => Constraint::Visit(values(value, EncounterName::new)),
        "data" => Constraint::Data(values(value, period)),
        "label" => {
            let (levels, labels): (Vec<&str>, Vec<&str>) =
                value.split('+').partition(|label| level(label).is_some());
            Constraint::Label(
                levels
                    .into_iter()
                    .filter_map(level)
                    .map(Value::Is)
                    .collect(),
                labels
                    .into_iter()
                    .flat_map(|label| values(label, Label::new))
                    .collect(),
            )
        }
        other => panic!("dimension `{other}`"),
    }
}

/// Reads a clause and gives what stands after it.
fn clause(text: &str) -> (Clause, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_lowercase())
        .unwrap_or(text.len());
    let (word, mut rest) = text.split_at(end);
    let effect = match word {
        "permit" => Effect::Permit,
        "dissent" => Effect::Dissent,
        "unclear" => Effect::Unclear,
        "only" => Effect::Only,
        other => panic!("effect `{other}`"),
    };
    let mut constraints = Vec::new();
    if let Some(after) = rest.strip_prefix('{') {
        let (inside, after) = after.split_once('}').expect("a closing brace");
        constraints = inside.split(' ').map(dimension).collect();
        rest = after;
    }
    let mut inside = Vec::new();
    if let Some(mut after) = rest.strip_prefix('[') {
        loop {
            let (inner, next) = clause(after);
            inside.push(inner);
            if let Some(next) = next.strip_prefix(", ") {
                after = next;
            } else {
                rest = next.strip_prefix(']').expect("a closing bracket");
                break;
            }
        }
    }
    let clause = Clause::new(effect, constraints, inside).expect("not deep");
    (clause, rest)
}

pub(crate) fn giver(text: &str) -> Giver {
    let (capacity, proof) = text.split_once(':').unwrap_or((text, "verified"));
    Giver {
        capacity: match capacity {
            "patient" => Capacity::Patient,
            "parent" => Capacity::Parent,
            "council-parent" => Capacity::CouncilParent,
            "attorney" => Capacity::Attorney,
            "deputy" => Capacity::Deputy,
            "property-attorney" => Capacity::PropertyAttorney,
            "relative" => Capacity::Relative,
            "advocate" => Capacity::Advocate,
            "executor" => Capacity::Executor,
            other => panic!("by `{other}`"),
        },
        proof: match proof {
            "verified" => Proof::Verified,
            "unverified" => Proof::Unverified,
            "unregistered" => Proof::Unregistered,
            other => panic!("by `{other}`"),
        },
    }
}

fn ending(text: &str) -> Ending {
    let parts: Vec<&str> = text.split('/').collect();
    Ending {
        kind: match parts[0] {
            "withdrawn" => EndKind::Withdrawn,
            "inactive" => EndKind::Inactive,
            "default" => EndKind::Default,
            "unsaid" => EndKind::Unsaid,
            other => panic!("ended `{other}`"),
        },
        when: stretch(parts[1]),
        at: parts.get(2).map(|name| organisation(name)),
    }
}

/// Reads one instruction; attributes that are not its own go to `others`.
pub(crate) fn instruction(text: &str, others: &mut Vec<(String, String)>) -> Instruction {
    let (id, rest) = text.split_once('@').expect("NAME@MOMENT");
    let (given, rest) = rest.split_once(' ').expect("a clause");
    let (name, version) = id.split_once('.').unwrap_or((id, "1"));
    let (clause, attributes) = clause(rest);
    let mut read = Instruction {
        id: VersionRef {
            name: InstructionName::new(name),
            version: version.parse().expect("a version"),
        },
        given: stretch(given),
        clause,
        by: giver("patient"),
        at: organisation("community"),
        evidence: Evidence::Signed,
        from: None,
        until: None,
        known: None,
        status: Status::Active,
        ended: None,
        authority_ended: None,
        replaces: None,
        objection: None,
    };
    for attribute in attributes.split_whitespace() {
        let (key, value) = attribute.split_once('=').expect("KEY=VALUE");
        match key {
            "by" => read.by = giver(value),
            "at" => read.at = organisation(value),
            "evidence" => read.evidence = evidence(value),
            "from" => read.from = Some(day(value)),
            "until" => read.until = Some(day(value)),
            "known" => read.known = Some(moment(value)),
            "status" => {
                read.status = match value {
                    "active" => Status::Active,
                    "draft" => Status::Draft,
                    "proposed" => Status::Proposed,
                    "rejected" => Status::Rejected,
                    "entered-in-error" => Status::EnteredInError,
                    other => panic!("status `{other}`"),
                }
            }
            "ended" => read.ended = Some(ending(value)),
            "authority-ended" => read.authority_ended = Some(day(value)),
            "replaces" => read.replaces = Some(InstructionName::new(value)),
            "objection" => {
                read.objection = Some(match value.split_once(':').unwrap_or((value, "")) {
                    ("open", "") => Objection::Open,
                    ("upheld", "") => Objection::Upheld,
                    ("refused", by) => Objection::Refused(organisation(by)),
                    other => panic!("objection `{other:?}`"),
                });
            }
            other => others.push((other.to_owned(), value.to_owned())),
        }
    }
    read
}

pub(crate) fn instructions(cell: &str) -> Vec<Instruction> {
    if cell == "none" {
        return Vec::new();
    }
    cell.split("; ")
        .map(|text| {
            let mut others = Vec::new();
            let read = instruction(text, &mut others);
            assert!(others.is_empty(), "attributes of `{text}`: {others:?}");
            read
        })
        .collect()
}

pub(crate) fn adult() -> Patient {
    Patient {
        born: day("1970-01-01"),
        competent_from: None,
        lacks: Vec::new(),
        died: None,
    }
}

/// Sets what a key says of the patient, if it does.
pub(crate) fn patient_key(patient: &mut Patient, key: &str, value: &str) -> bool {
    match key {
        "born" => patient.born = day(value),
        "competent" => patient.competent_from = Some(day(value)),
        "died" => patient.died = Some(day(value)),
        "lacks" => {
            let Period { from, until } = period(value);
            let from = from.expect("a first day");
            patient.lacks.push(Days { from, until });
        }
        _ => return false,
    }
    true
}

fn overriding(value: &str, person: &Person) -> Override {
    let (reason, flag) = value.split_once(':').unwrap_or((value, ""));
    assert!(["", "no-text", "no-ref", "late"].contains(&flag), "{value}");
    Override {
        reason: Reason::new(reason),
        granted: person.granted.clone(),
        has_text: flag != "no-text",
        has_reference: flag != "no-ref",
        in_time: flag != "late",
    }
}

/// Reads a request; what it says of the world goes into the setting.
pub(crate) fn request(
    setting: &mut Setting,
    cell: &str,
    instructions: Vec<Instruction>,
) -> (Request, Holdings) {
    let pairs: Vec<(&str, &str)> = cell
        .split(' ')
        .map(|pair| pair.split_once('=').expect("KEY=VALUE"))
        .collect();
    let name = pairs.iter().find(|(key, _)| *key == "who").expect("who").1;
    let person = setting.people[name].clone();
    let mut holdings = Holdings {
        patient: adult(),
        items: Vec::new(),
        instructions: Some(instructions),
        source_answers: true,
    };
    let mut request = Request {
        asker: Asker {
            person: PersonName::new(name),
            kind: setting.world.kinds[&person.organisation].clone(),
            organisation: person.organisation.clone(),
            role: person.role.clone(),
            teams: person.teams.clone(),
        },
        purpose: Purpose::DirectCare,
        identity_is_sure: true,
        relationship: Relationship::Feed,
        view: View::NotAsked,
        overriding: None,
        now: moment("2026-11-23T10:00"),
        items: Default::default(),
        categories: Default::default(),
    };
    for (key, value) in pairs {
        match (key, value) {
            ("who", _) => {}
            ("items", names) => {
                for name in names.split('+') {
                    holdings.items.push(setting.items[name].clone());
                    request.items.insert(ItemName::new(name));
                }
            }
            ("purpose", value) => request.purpose = purpose(value),
            ("identity", "unsure") => request.identity_is_sure = false,
            ("rel", "self-claimed") => request.relationship = Relationship::SelfClaimed,
            ("rel", "none") => request.relationship = Relationship::None,
            ("rel", "ended") => request.relationship = Relationship::Ended,
            ("view", "yes") => request.view = View::Yes,
            ("view", "no") => request.view = View::No,
            ("now", value) => request.now = moment(value),
            ("override", value) => request.overriding = Some(overriding(value, &person)),
            ("stale", value) => {
                for pair in value.split('+') {
                    let (name, minutes) = pair.split_once(':').expect("ORGANISATION:MINUTES");
                    let minutes = minutes.parse().expect("minutes");
                    let ages = &mut setting.world.minutes_old;
                    ages.insert(organisation(name), minutes);
                }
            }
            ("feed", "stale") => {
                setting.world.stale_teams = setting.world.kinds.keys().cloned().collect();
            }
            ("instructions", "unreadable") => holdings.instructions = None,
            ("source", "down") => holdings.source_answers = false,
            (key, value) if patient_key(&mut holdings.patient, key, value) => {}
            other => panic!("request `{other:?}`"),
        }
    }
    (request, holdings)
}
