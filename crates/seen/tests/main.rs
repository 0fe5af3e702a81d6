//! The command as a user meets it, and the project's own habits.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on says so, and prints the numbers that `.ci/accept` gathers"
)]

/// Each subcommand by its output.
mod commands;
/// The example region and its faults.
mod example;
/// What nobody would write: the command ends, in bounds, and says what is wrong.
mod hostile;
/// Faults put at random into the mended example.
mod injection;
/// The lines cited for a block decide it.
mod neutralise;
/// Running the command and reading its answers.
mod support;
/// Layering, file sizes, module documentation: what every change must keep.
mod tidy;
