//! The `seen` command: arguments in, answer out, exit code.

mod answer;
mod arguments;
mod commands;
mod exit;
mod failure;
mod loaded;
mod packet_arguments;
mod render;
mod terminal;

use arguments::{Arguments, Command};
use clap::Parser;
use exit::Exit;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    terminal::choose_colour(arguments.color);
    // A panic is a fault in `seen`; it has said so on standard error already.
    match std::panic::catch_unwind(|| run(&arguments.command)) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            terminal::say(failure.describe());
            failure.exit().into()
        }
        Err(_) => {
            terminal::say("this is a fault in seen itself, not in what it read");
            ExitCode::from(exit::BUG)
        }
    }
}

fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(arguments) => commands::init::run(arguments),
        Command::Check(arguments) => commands::check::run(arguments),
        Command::Explain(arguments) => commands::explain::run(arguments),
        Command::Trace(arguments) => commands::trace::run(arguments),
        Command::Journeys(arguments) => commands::journeys::run(arguments),
        Command::Routes(arguments) => commands::routes::run(arguments),
        Command::Coverage(arguments) => commands::coverage::run(arguments),
        Command::Diff(arguments) => commands::diff::run(arguments),
        Command::Sanitise(arguments) => commands::sanitise::run(arguments),
        Command::Graph(arguments) => commands::graph::run(arguments),
        Command::Schema(arguments) => commands::schema::run(arguments),
        Command::Completions(arguments) => commands::completions::run(arguments),
    }
}

/// Says what is wrong with the command line, or prints the help asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let written = error.print();
    match (error.use_stderr(), written) {
        (true, _) => Exit::Usage.into(),
        (false, Ok(())) => Exit::Fine.into(),
        (false, Err(_)) => Exit::InputOutput.into(),
    }
}
