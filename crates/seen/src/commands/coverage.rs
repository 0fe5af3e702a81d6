//! `seen coverage`

use crate::arguments::Coverage;
use crate::commands::check::coverage;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::loaded::Loaded;
use crate::render::table::{self, Sheet};
use crate::terminal;
use findings::{FileId, SourceFile, Span};
use networks::model::LineState;
use serde_json::{Value, json};

/// Prints how well each file is understood, or each line that is not.
pub(crate) fn run(arguments: &Coverage) -> Result<Exit, Failure> {
    let loaded = Loaded::read(&arguments.input)?;
    let sheet = if arguments.lines {
        lines(&loaded)
    } else {
        files(&loaded)
    };
    terminal::answer(table::write(&sheet, arguments.format)?)?;
    let open = coverage(&loaded)
        .iter()
        .any(|file| file.could_matter + file.not_recognised > 0);
    Ok(if open { Exit::Unknown } else { Exit::Fine })
}

fn files(loaded: &Loaded) -> Sheet {
    let rows = coverage(loaded)
        .into_iter()
        .map(|file| {
            vec![
                json!(file.file),
                json!(file.devices),
                json!(file.lines),
                json!(file.understood),
                json!(file.harmless),
                json!(file.not_modelled_harmless),
                json!(file.could_matter),
                json!(file.not_recognised),
            ]
        })
        .collect();
    Sheet {
        what: "files",
        columns: &[
            "file",
            "devices",
            "lines",
            "understood",
            "harmless",
            "not_modelled_harmless",
            "could_matter",
            "not_recognised",
        ],
        rows,
    }
}

fn lines(loaded: &Loaded) -> Sheet {
    let mut rows = Vec::new();
    for covered in &loaded.snapshot().coverage {
        let Some(file) = loaded.sources().file(covered.file) else {
            continue;
        };
        for (number, state) in (1u32..).zip(&covered.coverage.lines) {
            rows.extend(row(covered.file, file, number, *state));
        }
    }
    Sheet {
        what: "lines",
        columns: &["file", "line", "state", "text"],
        rows,
    }
}

fn row(id: FileId, file: &SourceFile, number: u32, state: LineState) -> Option<Vec<Value>> {
    let state = match state {
        LineState::NotModelledCouldMatter => "could matter",
        LineState::NotRecognised => "not recognised",
        LineState::Understood | LineState::Harmless | LineState::NotModelledHarmless => {
            return None;
        }
    };
    Span::of_line(id, file, number)?;
    let text = file.line_text(number)?.trim();
    Some(vec![
        json!(file.path()),
        json!(number),
        json!(state),
        json!(text),
    ])
}
