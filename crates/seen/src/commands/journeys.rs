//! `seen journeys`

use crate::arguments::Journeys;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::loaded::Loaded;
use crate::render::table::{self, Sheet};
use crate::terminal;
use serde_json::{Value, json};

/// Prints the journeys that agreements in force ask for, and which ask.
pub(crate) fn run(arguments: &Journeys) -> Result<Exit, Failure> {
    let loaded = Loaded::read(&arguments.input)?;
    let Some(region) = loaded.region() else {
        return Err(Failure::Usage {
            message: "a folder of configurations has no agreements, so nobody asks for journeys"
                .to_owned(),
            hint: Some("name a region folder; `seen init` starts one".to_owned()),
        });
    };
    let rows = region
        .journeys(loaded.today())
        .into_iter()
        .map(|(key, asked)| {
            let agreements: Vec<_> = asked
                .iter()
                .map(|by| Value::from(by.agreement.to_string()))
                .collect();
            vec![
                json!(key.organisation.to_string()),
                json!(key.segment.to_string()),
                json!(key.service.to_string()),
                Value::Array(agreements),
            ]
        })
        .collect();
    let sheet = Sheet {
        what: "journeys",
        columns: &["organisation", "segment", "service", "agreements"],
        rows,
    };
    terminal::answer(table::write(&sheet, arguments.format)?)?;
    Ok(Exit::Fine)
}
