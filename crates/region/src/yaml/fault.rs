//! What is wrong with a file, before it is known to people.

use super::{Bytes, span};
use findings::{Code, FileId, Finding, Severity};
use std::fmt;

/// The text is not YAML, or not the part of YAML that is used here.
const SYNTAX: Code = Code::new("region-yaml-syntax");
/// A key stands twice in one mapping.
const KEY_DUPLICATE: Code = Code::new("region-key-duplicate");
/// A key means nothing where it stands.
const KEY_UNKNOWN: Code = Code::new("region-key-unknown");
/// A key is required and not there.
const KEY_MISSING: Code = Code::new("region-key-missing");
/// A value is not what its key asks for.
const VALUE: Code = Code::new("region-value");

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    code: Code,
    message: String,
    /// Where; `None` until the innermost place that knows has been passed.
    pub(super) span: Option<Bytes>,
    hint: Option<String>,
    also: Option<(String, Bytes)>,
    /// Whether it only carries on what has been noted already.
    pub(super) told: bool,
}

impl Fault {
    /// Makes the fault of what cannot be had for a reason that has been noted.
    pub(super) fn told(at: Bytes) -> Self {
        let mut fault = Self::new(VALUE, String::new(), Some(at));
        fault.told = true;
        fault
    }

    /// Returns the fault, as told already if it is the lack of a key: of a
    /// type with fields left out, the lack of a field is no news.
    #[must_use]
    pub(super) fn told_if_missing(mut self) -> Self {
        self.told |= self.code == KEY_MISSING && self.span.is_none();
        self
    }

    fn new(code: Code, message: String, span: Option<Bytes>) -> Self {
        Self {
            code,
            message,
            span,
            hint: None,
            also: None,
            told: false,
        }
    }

    pub(super) fn syntax(message: impl Into<String>, span: Bytes) -> Self {
        Self::new(SYNTAX, message.into(), Some(span))
    }

    pub(super) fn value(message: impl Into<String>, span: Bytes) -> Self {
        Self::new(VALUE, message.into(), Some(span))
    }

    pub(super) fn duplicate(key: &str, first: Bytes, second: Bytes) -> Self {
        let mut fault = Self::new(
            KEY_DUPLICATE,
            format!("the key `{key}` stands here twice"),
            Some(second),
        );
        fault.also = Some(("it stands here first".to_owned(), first));
        fault.hint = Some("remove one of the two".to_owned());
        fault
    }

    pub(super) fn unknown_key(key: &str, known: &[&str], at: Bytes) -> Self {
        Self::new(
            KEY_UNKNOWN,
            format!("the key `{key}` means nothing here"),
            Some(at),
        )
        .with_hint(choices(key, known))
    }

    pub(super) fn unknown_choice(text: &str, known: &[&str], at: Bytes) -> Self {
        Self::new(
            VALUE,
            format!("`{text}` is none of the possible values"),
            Some(at),
        )
        .with_hint(choices(text, known))
    }

    #[must_use]
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says where, unless a place further in has said so.
    #[must_use]
    pub(super) fn at(mut self, at: Bytes) -> Self {
        self.span.get_or_insert(at);
        self
    }

    pub(super) fn into_finding(self, file: FileId) -> Finding {
        let at = span(file, self.span.unwrap_or_default());
        let mut finding = Finding::new(self.code, Severity::Error, self.message).at(at);
        finding.hint = self.hint;
        match self.also {
            Some((text, bytes)) => finding.because(text, Some(span(file, bytes))),
            None => finding,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(VALUE, message.to_string(), None)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(
            KEY_MISSING,
            format!("the key `{field}` is missing here"),
            None,
        )
    }
}

/// Says which value was probably meant, or which there are.
fn choices(text: &str, known: &[&str]) -> String {
    match nearest(text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("possible here: {}", known.join(", ")),
    }
}

/// Returns the candidate that `text` is probably a misspelling of: one edit for
/// three characters away, four at most; the nearest, of equally near ones the first.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer texts are no misspelt name, and the distance costs their product.
    const LENGTH_MAX: usize = 100;
    if text.len() > LENGTH_MAX {
        return None;
    }
    let edits_max = (text.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LENGTH_MAX)
        .map(|candidate| (strsim::damerau_levenshtein(text, candidate), candidate))
        .filter(|&(edits, _)| edits <= edits_max)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}
