//! The decision against its contract.

mod file;
mod laws;
mod notation;
mod rows;
