//! `seen sanitise`

use crate::arguments::Sanitise;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::check::counted;
use crate::terminal;
use region::Date;

/// Writes a copy of a folder without secrets.
pub(crate) fn run(arguments: &Sanitise) -> Result<Exit, Failure> {
    let today = Date::from(jiff::Zoned::now().date());
    let report = snapshots::sanitise::sanitise(&arguments.folder, &arguments.output, today)
        .map_err(|cause| Failure::Sanitise {
            path: arguments.folder.clone(),
            cause,
        })?;
    terminal::answer(format!(
        "{} written to `{}`; {} removed in {}\n",
        counted(report.files, "file"),
        arguments.output.display(),
        counted(report.secrets, "secret"),
        counted(report.places, "place"),
    ))?;
    Ok(Exit::Fine)
}
