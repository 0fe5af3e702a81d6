//! Secrets in configurations: that they are there and how they are kept,
//! never what they are.

use findings::{Code, Finding, Severity, Span};
use std::collections::BTreeMap;

/// A secret stands in a configuration.
pub(in crate::cisco_ios) const SECRET: Code = Code::new("secret-in-configuration");

/// How many lines of one kind a finding names.
const LINES_NAMED_MAX: usize = 20;

/// Secrets met so far, by kind.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    kinds: BTreeMap<(&'static str, &'static str), Vec<Span>>,
}

impl Secrets {
    /// Looks whether a line holds a secret.
    pub(super) fn look(&mut self, span: Span, words: &[&str]) {
        if let Some(found) = secret(words) {
            self.kinds.entry(found).or_default().push(span);
        }
    }

    /// Returns one finding a kind.
    pub(super) fn findings(self) -> Vec<Finding> {
        self.kinds
            .into_iter()
            .map(|((kind, kept), spans)| {
                let count = spans.len();
                let lines = if count == 1 { "line" } else { "lines" };
                let message = format!("{kind} in the configuration ({kept}), {count} {lines}");
                let mut finding = Finding::new(SECRET, Severity::Note, message);
                for span in spans.into_iter().take(LINES_NAMED_MAX) {
                    finding.primary = finding.primary.or(Some(span));
                    finding = finding.because(format!("{kind} here"), Some(span));
                }
                finding.with_hint("run `seen sanitise` before the folder leaves the organisation")
            })
            .collect()
    }
}

/// Returns what kind of secret a line holds and how it is kept.
fn secret(words: &[&str]) -> Option<(&'static str, &'static str)> {
    match words {
        ["snmp-server", "community", ..] => return Some(("an SNMP community", "in plain text")),
        ["snmp-server", "host", ..] => return Some(("an SNMP community", "in plain text")),
        ["standby" | "vrrp" | "glbp", .., "authentication", _] => {
            return Some(("a redundancy key", "in plain text"));
        }
        ["ip", "ospf", "authentication-key", rest @ ..]
        | ["ip", "ospf", "message-digest-key", _, "md5", rest @ ..] => {
            return Some(("an OSPF key", kept(rest)));
        }
        ["crypto", "isakmp", "key", rest @ ..] => return Some(("an IPsec key", kept(rest))),
        _ => {}
    }
    if matches!(
        words.first(),
        Some(&("pre-shared-key" | "tacacs-server" | "radius-server" | "key"))
    ) && let Some(at) = words.iter().position(|word| *word == "key")
    {
        // `key 1` of a key chain is a number; a key follows its type, or is alone.
        let rest = words.get(at + 1..)?;
        let number = words.len() == 2 && rest.iter().all(|word| word.parse::<u32>().is_ok());
        let shape = rest.len() == 1 || rest.first().is_some_and(|word| is_type(word));
        return (shape && !number).then(|| ("a server or peer key", kept(rest)));
    }
    let at = words
        .iter()
        .position(|word| matches!(*word, "password" | "secret" | "key-string"))?;
    let rest = words.get(at + 1..)?;
    let is_name = matches!(
        words.first(),
        Some(&("service" | "no" | "ip" | "description"))
    );
    (!rest.is_empty() && !is_name).then(|| ("a password", kept(rest)))
}

fn is_type(word: &str) -> bool {
    matches!(word, "0" | "4" | "5" | "6" | "7" | "8" | "9")
}

fn kept(rest: &[&str]) -> &'static str {
    match rest {
        ["7", _, ..] => "type 7, reversible",
        ["5", _, ..] => "type 5, MD5 hash",
        ["4", _, ..] => "type 4, unsalted hash",
        ["6", _, ..] => "type 6, encrypted",
        ["8" | "9", _, ..] => "type 8 or 9, salted hash",
        _ => "in plain text",
    }
}
