//! The only way to standard output and standard error.

use crate::failure::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Fixes for the whole process whether output is coloured.
pub(crate) fn choose_colour(colour: Colour) {
    match colour {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// Writes an answer to standard output.
///
/// A reader that has gone away (a closed pipe) is no failure.
///
/// # Errors
///
/// Fails where the output cannot be written for another reason, as on a full disk.
pub(crate) fn answer(text: impl Display) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Write {
            what: "standard output".to_owned(),
            cause,
        }),
        _ => Ok(()),
    }
}

/// Writes what is not the answer to standard error.
pub(crate) fn say(text: impl Display) {
    let mut err = anstream::stderr().lock();
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(err, "{text}");
}

/// Progress on a terminal, shown only for what takes over half a second.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts a step; nothing is drawn where standard error is no terminal.
    pub(crate) fn start(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        if io::stderr().is_terminal() {
            // The first frame is drawn at the first tick, half a second in.
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(2));
            bar.set_style(ProgressStyle::default_spinner());
            bar.set_message(what);
            bar.enable_steady_tick(Duration::from_millis(500));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    /// Says what is done now.
    pub(crate) fn now(&self, what: &'static str) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
