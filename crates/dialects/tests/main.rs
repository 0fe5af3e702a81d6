//! Tests of reading configurations, dialect by dialect.

/// Cisco IOS and IOS-XE.
#[cfg(test)]
mod cisco_ios;
/// Fortinet FortiOS.
#[cfg(test)]
mod fortios;
/// Fortinet FortiOS, from the vendor's manual.
#[cfg(test)]
mod fortios_manual;
/// Linux: rule sets and host files.
#[cfg(test)]
mod linux;
/// The lines that a statement is made of.
#[cfg(test)]
mod statement;
