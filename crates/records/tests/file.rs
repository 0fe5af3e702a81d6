//! The truth table as a file: its tables, and the world that they describe.

use crate::notation::{evidence, level, list, team};
use records::consent::Team;
use records::disclosure::{Agreement, FreeText, Model, Reason, World};
use records::items::{Item, LabelClass, LabelRule, PolicySays, Vocabulary};
use records::words::{Code, Kind, Label};
use region::{AgreementName, CategoryName, OrganisationName, RoleName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A table: its header and its rows.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

fn cells(line: &str) -> Vec<String> {
    line.trim()
        .trim_matches('|')
        .split('|')
        .map(|cell| cell.trim().trim_matches('`').to_owned())
        .collect()
}

/// Every table of the file.
pub(crate) fn tables() -> Vec<Table> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/consent-truth-table.md"
    );
    let text = std::fs::read_to_string(path).expect("the truth table is in docs");
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with('|') {
            inside = false;
        } else if !inside {
            tables.push(Table {
                header: cells(line),
                rows: Vec::new(),
            });
            inside = true;
        } else if !line.starts_with("|---") {
            let table = tables.last_mut().expect("a header stands before");
            let row = cells(line);
            assert_eq!(row.len(), table.header.len(), "cells of `{line}`");
            table.rows.push(row);
        }
    }
    tables
}

/// The rows of all tables whose header begins so.
pub(crate) fn rows(tables: &[Table], header: &[&str]) -> Vec<Vec<String>> {
    let rows: Vec<_> = tables
        .iter()
        .filter(|table| table.header.iter().zip(header).all(|(a, b)| a == b))
        .flat_map(|table| table.rows.clone())
        .collect();
    assert!(!rows.is_empty(), "there is a table {header:?}");
    rows
}

/// A person of section 2.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) organisation: OrganisationName,
    pub(crate) role: RoleName,
    pub(crate) teams: BTreeSet<Team>,
    pub(crate) granted: BTreeSet<Reason>,
}

/// The world in which all rows are asked.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) world: World,
    pub(crate) people: BTreeMap<String, Person>,
    pub(crate) items: BTreeMap<String, Item>,
}

pub(crate) fn organisation(name: &str) -> OrganisationName {
    OrganisationName::new(name).expect("an organisation's name")
}

pub(crate) fn category(name: &str) -> CategoryName {
    CategoryName::new(name).expect("a category's name")
}

/// The setting of the file, read once.
pub(crate) fn the_setting() -> Setting {
    static SETTING: LazyLock<Setting> = LazyLock::new(|| setting(&tables()));
    SETTING.clone()
}

fn setting(tables: &[Table]) -> Setting {
    let kinds = rows(tables, &["organisation", "kind"])
        .iter()
        .map(|row| (organisation(&row[0]), Kind::new(&row[1])))
        .collect();
    let people = rows(tables, &["person"])
        .iter()
        .map(|row| (row[0].clone(), person(row)))
        .collect();
    let vocabulary = Vocabulary {
        labels: rows(tables, &["label", "class"])
            .iter()
            .map(|row| (Label::new(&row[0]), label_rule(row)))
            .collect(),
        codes: rows(tables, &["code", "label"])
            .iter()
            .map(|row| (Code::new(&row[0]), Label::new(&row[1])))
            .collect(),
    };
    Setting {
        world: World {
            holder: organisation("community"),
            agreements: rows(tables, &["agreement", "asker"])
                .iter()
                .map(|row| agreement(row))
                .collect(),
            kinds,
            vocabulary,
            minutes_old: BTreeMap::new(),
            stale_teams: BTreeSet::new(),
        },
        people,
        items: rows(tables, &["item", "categories"])
            .iter()
            .map(|row| (row[0].clone(), item(row)))
            .collect(),
    }
}

fn person(row: &[String]) -> Person {
    Person {
        organisation: organisation(&row[1]),
        role: RoleName::new(row[2].clone()).expect("a role"),
        teams: list(&row[3]).map(team).collect(),
        granted: list(&row[4]).map(Reason::new).collect(),
    }
}

fn agreement(row: &[String]) -> Agreement {
    Agreement {
        name: AgreementName::new(row[0].clone()).expect("an agreement's name"),
        asker: organisation(&row[1]),
        holder: organisation("community"),
        roles: list(&row[2])
            .map(|role| RoleName::new(role).expect("a role"))
            .collect(),
        model: match row[3].as_str() {
            "implied" => Model::Implied,
            "view" => Model::View,
            "explicit" => Model::Explicit,
            other => panic!("model `{other}`"),
        },
        categories: list(&row[4]).map(category).collect(),
        free_text: match row[5].as_str() {
            "release" => FreeText::Release,
            "withhold" => FreeText::Withhold,
            other => panic!("free text `{other}`"),
        },
        accepts: list(&row[6])
            .map(|pair| {
                let (recorder, by) = pair.split_once(':').expect("recorder:evidence");
                (organisation(recorder), evidence(by))
            })
            .collect(),
        from: None,
        until: list(&row[7]).next().map(|day| day.parse().expect("a day")),
        approved: row[8] == "yes",
    }
}

fn label_rule(row: &[String]) -> LabelRule {
    const ALL: [&str; 6] = [
        "emergency",
        "statute",
        "court-order",
        "overriding-public-interest",
        "safeguarding",
        "best-interests",
    ];
    LabelRule {
        class: match row[1].as_str() {
            "open" => LabelClass::Open,
            "explicit" => LabelClass::Explicit,
            "law" => LabelClass::Law,
            "never" => LabelClass::Never,
            "sealed" => LabelClass::Sealed,
            "source" => LabelClass::Source,
            other => panic!("class `{other}`"),
        },
        category: list(&row[2]).next().map(category),
        implies: list(&row[3]).map(Label::new).collect(),
        lifted_by: if row[4] == "any" {
            ALL.into_iter().map(Reason::new).collect()
        } else {
            list(&row[4]).map(Reason::new).collect()
        },
        silent: row[5] == "yes",
    }
}

fn item(row: &[String]) -> Item {
    let (levels, labels): (Vec<&str>, Vec<&str>) =
        list(&row[3]).partition(|label| level(label).is_some());
    let mut item = Item {
        name: records::words::ItemName::new(&row[0]),
        categories: list(&row[1]).map(category).collect(),
        kind: records::words::ResourceType::new(&row[2]),
        levels: levels.into_iter().filter_map(level).collect(),
        labels: labels.into_iter().map(Label::new).collect(),
        codes: list(&row[4]).map(Code::new).collect(),
        data: list(&row[5]).next().map(|days| {
            let (from, until) = days.split_once("..").unwrap_or((days, days));
            (from.parse().expect("a day"), until.parse().expect("a day"))
        }),
        author: list(&row[6]).next().map(records::words::Author::new),
        encounter: list(&row[7]).next().map(records::words::EncounterName::new),
        free_text: false,
        negative: false,
        policy: PolicySays::Allows,
        sealed_for: BTreeSet::new(),
    };
    for mark in list(&row[8]) {
        match mark.split_once(':').unwrap_or((mark, "")) {
            ("free-text", _) => item.free_text = true,
            ("negative", _) => item.negative = true,
            ("policy-forbids", _) => item.policy = PolicySays::Forbids,
            ("policy-asks", _) if item.policy == PolicySays::Allows => {
                item.policy = PolicySays::Asks;
            }
            ("policy-asks", _) => {}
            ("sealed", name) => {
                item.sealed_for.insert(team(name));
            }
            other => panic!("mark `{other:?}`"),
        }
    }
    item
}
