//! Tests of reading configurations, dialect by dialect.

/// Linux: rule sets and host files.
#[cfg(test)]
mod linux;
