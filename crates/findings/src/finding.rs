//! One thing wrong, with its evidence.

use crate::Span;
use std::fmt;

/// A stable name for a kind of finding: `area-what-is-wrong`.
///
/// Scripts, SARIF rules and the documentation refer to it; once released it
/// keeps its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

impl Code {
    /// Makes a code from its name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How much a finding matters. The order is from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; changes no verdict and no exit code.
    Note,
    /// Probably not meant, or dangerous later.
    Warning,
    /// Wrong now: a journey fails, a rule of the region is broken, input is unusable.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One piece of evidence: a sentence, and the place it is about where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Evidence {
    /// What is to be seen there, in a sentence fragment without a final period.
    pub text: String,
    /// The place in a file.
    pub span: Option<Span>,
}

/// One thing wrong.
///
/// Findings of one answer are sorted and compared, so the order of fields is
/// the order in which people read them: worst first, then by code and place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// The stable name of this kind of finding.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in a sentence without a final period; user input in backticks.
    pub message: String,
    /// The line that people quote; the first of the evidence that has a place.
    pub primary: Option<Span>,
    /// What shows it: lines, packets, paths.
    pub evidence: Vec<Evidence>,
    /// The organisation or network that can mend it, where one is known.
    pub owner: Option<String>,
    /// What to do, where we know.
    pub hint: Option<String>,
}

impl Finding {
    /// Makes a finding without evidence, owner or hint.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            primary: None,
            evidence: Vec::new(),
            owner: None,
            hint: None,
        }
    }

    /// Says which line people should look at first.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.primary = Some(span);
        self
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn because(mut self, text: impl Into<String>, span: Option<Span>) -> Self {
        self.evidence.push(Evidence {
            text: text.into(),
            span,
        });
        self
    }

    /// Says who can mend it.
    #[must_use]
    pub fn owned_by(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
