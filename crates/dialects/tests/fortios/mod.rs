//! Fortinet FortiOS.

mod corpus;
mod policies;
mod routing;
mod soup;
mod support;
mod translation;
