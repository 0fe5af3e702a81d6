//! Tests that need the kernel; where it says no, they say so and are skipped.

/// Random rule sets in the kernel and in the interpreter.
#[cfg(test)]
#[path = "kernel/judge.rs"]
mod judge;
