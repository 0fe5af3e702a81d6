//! Fortinet FortiOS.

mod corpus;
mod support;
