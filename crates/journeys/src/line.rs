//! What is told of a packet, and the line that says so.

use findings::Span;

/// Something that happened, and the line that made it happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What happened, in a fragment.
    pub text: String,
    /// The line.
    pub span: Option<Span>,
}

impl Line {
    pub(crate) fn new(text: impl Into<String>, span: Option<Span>) -> Self {
        Self {
            text: text.into(),
            span,
        }
    }
}
