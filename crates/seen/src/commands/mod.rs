//! One file a subcommand: what it takes, what it answers, how it ends.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod coverage;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod journeys;
pub(crate) mod routes;
pub(crate) mod sanitise;
pub(crate) mod schema;
pub(crate) mod trace;
