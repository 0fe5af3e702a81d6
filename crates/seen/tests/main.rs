//! The command as a user meets it, and the project's own habits.
#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

/// The example region and its faults.
mod example;
/// Layering, file sizes, module documentation: what every change must keep.
mod tidy;
