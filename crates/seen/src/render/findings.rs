//! Findings as people read them: each in the line it is about.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use findings::{Finding, Severity, Sources, Span};
use std::ops::Range;

/// The longest line that is shown whole, in characters; of longer ones the
/// part around the finding.
const LINE_LENGTH_MAX: usize = 160;

/// How many lines of evidence are shown of a finding where not all are wanted.
const EVIDENCE_MAX: usize = 6;

/// Writes one finding with its evidence (all, or the first lines of it), owner
/// and hint.
pub(crate) fn finding(finding: &Finding, sources: &Sources, all: bool) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level
        .primary_title(finding.message.as_str())
        .id(finding.code.as_str())
        .elements(
            finding
                .primary
                .and_then(|span| Excerpt::of(span, sources))
                .map(|excerpt| {
                    let label = finding
                        .evidence
                        .iter()
                        .find(|evidence| evidence.span == finding.primary)
                        .map(|evidence| evidence.text.clone());
                    excerpt.snippet(AnnotationKind::Primary, label)
                }),
        );
    let mut lines = 0_usize;
    for evidence in &finding.evidence {
        if evidence.span.is_some() && evidence.span == finding.primary {
            continue;
        }
        lines += usize::from(evidence.span.is_some());
        if evidence.span.is_some() && lines > EVIDENCE_MAX && !all {
            continue;
        }
        match evidence.span.and_then(|span| Excerpt::of(span, sources)) {
            Some(excerpt) => {
                let text = evidence.text.clone();
                group = group.element(excerpt.snippet(AnnotationKind::Context, Some(text)));
            }
            None => group = group.element(Level::NOTE.message(evidence.text.as_str())),
        }
    }
    if lines > EVIDENCE_MAX && !all {
        let text = format!(
            "{} more lines of evidence with `--all`",
            lines - EVIDENCE_MAX
        );
        group = group.element(Level::NOTE.message(text));
    }
    if let Some(owner) = &finding.owner {
        let text = format!("`{owner}` can mend it");
        group = group.element(Level::NOTE.with_name("owner").message(text));
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    Renderer::styled().render(&[group])
}

/// One line of a file, cut so that it can be shown.
struct Excerpt {
    path: String,
    line: u32,
    text: String,
    marked: Range<usize>,
}

impl Excerpt {
    fn of(span: Span, sources: &Sources) -> Option<Self> {
        let file = sources.file(span.file)?;
        let line = file.line_of(span.start);
        let (start, end) = file.line_bounds(line)?;
        let text = file.line_text(line)?;
        let from = (span.start.clamp(start, end) - start) as usize;
        let to = (span.end.clamp(start, end) - start) as usize;
        let marked = from..to.max(from);
        let (text, marked) = shorten(text, marked)?;
        Some(Self {
            path: file.path().to_owned(),
            line,
            text,
            marked,
        })
    }

    fn snippet(
        self,
        kind: AnnotationKind,
        label: Option<String>,
    ) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
        Snippet::source(self.text)
            .path(self.path)
            .line_start(self.line as usize)
            .annotation(kind.span(self.marked).label(label))
    }
}

/// Cuts a long line around what is marked; `None` only if the bounds are no
/// character boundaries.
fn shorten(text: &str, marked: Range<usize>) -> Option<(String, Range<usize>)> {
    if text.chars().count() <= LINE_LENGTH_MAX {
        return Some((text.to_owned(), marked));
    }
    let before = text.get(..marked.start)?;
    let kept = before
        .char_indices()
        .rev()
        .nth(LINE_LENGTH_MAX / 4)
        .map_or(0, |(at, _)| at);
    let rest = text.get(kept..)?;
    let cut: String = rest.chars().take(LINE_LENGTH_MAX).collect();
    let length = cut.len();
    let start = (marked.start - kept).min(length);
    Some((cut, start..(marked.end - kept).min(length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use findings::Code;

    fn rendered(text: &str, mark: &str) -> String {
        let mut sources = Sources::new();
        let file = sources.add("fw-1.cfg", text);
        let start = u32::try_from(text.find(mark).unwrap()).unwrap();
        let span = Span {
            file,
            start,
            end: start + u32::try_from(mark.len()).unwrap(),
        };
        let shown = finding(
            &Finding::new(
                Code::new("filter-undefined"),
                Severity::Warning,
                "no list `X`",
            )
            .at(span)
            .owned_by("rivermead-trust")
            .with_hint("define it"),
            &sources,
            true,
        );
        anstream::adapter::strip_str(&shown).to_string()
    }

    /// A finding shows its line, what is marked, who can mend it and what to do.
    #[test]
    fn finding_shows_line_owner_and_hint() {
        insta::assert_snapshot!(rendered("interface Gi0\n ip access-group X in\n", "X"), @r"
        warning[filter-undefined]: no list `X`
         --> fw-1.cfg:2:18
          |
        2 |  ip access-group X in
          |                  ^
          |
          = owner: `rivermead-trust` can mend it
          = hint: define it
        ");
    }

    /// A line of a million characters is shown around what is marked.
    #[test]
    fn long_line_is_cut() {
        let text = format!("{} X {}", "a".repeat(500_000), "b".repeat(500_000));
        assert!(rendered(&text, "X").len() < 2_000);
    }
}
