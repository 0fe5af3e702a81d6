//! Tests of reading configurations, dialect by dialect.

/// Fortinet FortiOS.
#[cfg(test)]
mod fortios;
/// Cisco IOS and IOS-XE.
#[cfg(test)]
mod cisco_ios;
/// Linux: rule sets and host files.
#[cfg(test)]
mod linux;
