//! The `seen` command.

fn main() {}
