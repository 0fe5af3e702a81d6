//! Tests of reading configurations, dialect by dialect.

/// Cisco IOS and IOS-XE.
#[cfg(test)]
mod cisco_ios;
/// Fortinet FortiOS.
#[cfg(test)]
mod fortios;
/// Linux: rule sets and host files.
#[cfg(test)]
mod linux;
