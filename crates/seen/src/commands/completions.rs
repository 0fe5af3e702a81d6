//! `seen completions`

use crate::arguments::{Arguments, Completions};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use clap::CommandFactory;

/// Prints what a shell sources to complete `seen`.
pub(crate) fn run(arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "seen",
        &mut script,
    );
    terminal::answer(String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}
