//! Linux: a host file with addresses, routes and settings, and rule sets of
//! netfilter.
//!
//! [`read`] takes `hosts/<name>.json` and the rule sets it names
//! ([`rule_files`]); [`read_rules`] takes a rule set alone. A rule set is what
//! `iptables-save` or `nft list ruleset` print. What is read and what is not is
//! in `docs/reference/linux-device.md`.
//!
//! The order of work is: the host file ([`host`]), its interfaces and routes
//! ([`meaning`], [`routes`]), the rule sets ([`iptables`]) into chains, and the
//! chains onto the hooks of netfilter in the kernel's order ([`netfilter`]).

mod addresses;
mod harmless;
mod host;
mod iptables;
mod json;
mod meaning;
mod names;
mod netfilter;
mod nft;
mod policy;
mod routes;
mod words;

use findings::{FileId, SourceFile};
use networks::model::{Coverage, Device, DeviceKind, Reading};
use packets::Family;

/// One file with its id.
pub type File<'t> = (FileId, &'t SourceFile);

/// What a Linux device comes to.
#[derive(Debug, Clone)]
pub struct LinuxReading {
    /// The device, the state of each line of its host file (of the rule set,
    /// where that was read alone), and what is wrong with any of its files.
    pub reading: Reading,
    /// The state of each line of the IPv4 rule set (or of the rule set for both).
    pub rules: Option<Coverage>,
    /// The state of each line of the IPv6 rule set.
    pub rules6: Option<Coverage>,
}

/// The rule sets that a host file names, as written: from the folder that
/// holds `hosts/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFiles {
    /// `iptablesFile`: IPv4, or both families where it is of nft.
    pub rules: Option<String>,
    /// `ip6tablesFile`: IPv6.
    pub rules6: Option<String>,
}

/// Returns the rule sets that a host file names.
pub fn rule_files(file: FileId, source: &SourceFile) -> RuleFiles {
    let host = host::read(&mut netfilter::Text::new(file, source));
    RuleFiles {
        rules: host.rules,
        rules6: host.rules6,
    }
}

/// Reads a host file with the rule sets it names.
///
/// A rule set that the host file names and that is not given makes every packet
/// through the device unknown, by the line that names it.
pub fn read(host: File<'_>, rules: Option<File<'_>>, rules6: Option<File<'_>>) -> LinuxReading {
    let mut text = netfilter::Text::new(host.0, host.1);
    let host = host::read(&mut text);
    let (mut builder, states) = meaning::build(&host, &text, rules.is_some(), rules6.is_some());
    for (span, state) in states {
        text.mark_span(span, state);
    }
    let rules = rules.map(|file| rule_set(&mut builder, file, Family::V4));
    let rules6 = rules6.map(|file| rule_set(&mut builder, file, Family::V6));
    builder.finish();
    LinuxReading {
        reading: Reading {
            devices: vec![builder.device],
            coverage: Coverage { lines: text.states },
            findings: builder.findings,
        },
        rules,
        rules6,
    }
}

/// Reads a rule set alone: every interface that it names is one of the device's,
/// without addresses, and the device forwards.
pub fn read_rules(file: FileId, source: &SourceFile) -> LinuxReading {
    let path = source.path();
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split('.').next().unwrap_or(name);
    let device = Device::new(name, file, DeviceKind::Router);
    let mut builder = netfilter::Builder::new(device, true);
    let coverage = rule_set(&mut builder, (file, source), Family::V4);
    builder.finish();
    LinuxReading {
        reading: Reading {
            devices: vec![builder.device],
            coverage,
            findings: builder.findings,
        },
        rules: None,
        rules6: None,
    }
}

fn rule_set(builder: &mut netfilter::Builder, file: File<'_>, family: Family) -> Coverage {
    let mut text = netfilter::Text::new(file.0, file.1);
    if nft::recognises(file.1.text()) {
        nft::read(builder, &mut text);
    } else {
        iptables::read(builder, &mut text, family);
    }
    Coverage { lines: text.states }
}
