//! Plain tables: for people, for spreadsheets, for programs.

use crate::answer::VERSION;
use crate::arguments::TableFormat;
use crate::failure::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value, json};

/// A table of texts and numbers.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    /// What the rows are, for programs: a plural noun.
    pub(crate) what: &'static str,
    /// The names of the columns, as in JSON (`next_hop`).
    pub(crate) columns: &'static [&'static str],
    /// The rows, each as long as `columns`.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Writes a sheet in the form asked for.
pub(crate) fn write(sheet: &Sheet, format: TableFormat) -> Result<String, Failure> {
    match format {
        TableFormat::Table => Ok(table(sheet)),
        TableFormat::Csv => Ok(csv(sheet)),
        TableFormat::Json => json_text(sheet),
    }
}

/// A cell as people read it; nothing where there is nothing.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn table(sheet: &Sheet) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(sheet.columns.iter().map(|name| name.replace('_', " ")));
    for row in &sheet.rows {
        table.add_row(row.iter().map(cell));
    }
    let text: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    if sheet.rows.is_empty() {
        format!("no {}\n", sheet.what)
    } else {
        text
    }
}

/// Comma-separated values (RFC 4180).
fn csv(sheet: &Sheet) -> String {
    let mut text = sheet.columns.join(",") + "\r\n";
    for row in &sheet.rows {
        let cells: Vec<_> = row.iter().map(|value| field(&cell(value))).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// One field of a line of values: quoted where it must be, and kept from being
/// taken for a formula by a spreadsheet.
pub(crate) fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn json_text(sheet: &Sheet) -> Result<String, Failure> {
    let rows: Vec<Value> = sheet
        .rows
        .iter()
        .map(|row| {
            let fields = sheet.columns.iter().zip(row);
            Value::Object(
                fields
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect::<Map<_, _>>(),
            )
        })
        .collect();
    pretty(&json!({ "version": VERSION, sheet.what: rows }))
}

/// Writes a value as JSON for people and programs.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|cause| Failure::Format {
            format: "JSON",
            cause: cause.into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cell cannot break a line of values, nor become a formula.
    #[test]
    fn fields_are_quoted() {
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("10.0.0.0/8"), "10.0.0.0/8");
    }
}
