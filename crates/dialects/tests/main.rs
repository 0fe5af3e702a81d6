//! Tests of reading configurations, dialect by dialect.

/// Fortinet FortiOS.
#[cfg(test)]
mod fortios;
/// Linux: rule sets and host files.
#[cfg(test)]
mod linux;
