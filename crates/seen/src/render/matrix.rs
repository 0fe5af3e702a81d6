//! The matrix of journeys: where from, down; which service, across.

use crate::answer::JourneyAnswer;
use std::collections::BTreeMap;

/// Journeys as a table; a cell without a journey is one that nobody asked.
#[derive(Debug)]
pub(crate) struct Matrix<'a> {
    /// The columns.
    pub(crate) services: Vec<&'a str>,
    /// The rows.
    pub(crate) rows: Vec<Row>,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The site and segment.
    pub(crate) from: String,
    /// One verdict a service.
    pub(crate) cells: Vec<Option<&'static str>>,
}

impl<'a> Matrix<'a> {
    /// Arranges journeys; of several in one cell (people of several
    /// organisations) the worst is shown.
    pub(crate) fn of(journeys: &'a [JourneyAnswer]) -> Self {
        let mut services: Vec<&str> = journeys.iter().map(|j| j.service.as_str()).collect();
        services.sort_unstable();
        services.dedup();
        let mut rows: BTreeMap<String, BTreeMap<&str, &'static str>> = BTreeMap::new();
        for journey in journeys {
            let from = match &journey.site {
                Some(site) => format!("{site}/{}", journey.segment),
                None => journey.segment.clone(),
            };
            let cell = rows
                .entry(from)
                .or_default()
                .entry(&journey.service)
                .or_insert("not checked");
            if badness(journey.asked) > badness(cell) {
                *cell = journey.asked;
            }
        }
        let rows = rows
            .into_iter()
            .map(|(from, cells)| Row {
                from,
                cells: services
                    .iter()
                    .map(|service| cells.get(service).copied())
                    .collect(),
            })
            .collect();
        Self { services, rows }
    }
}

/// Ranks verdicts so that the one that needs attention shows.
fn badness(asked: &str) -> u8 {
    match asked {
        "works" => 1,
        "unknown" => 2,
        "partly" => 3,
        "blocked" => 4,
        _ => 0,
    }
}
