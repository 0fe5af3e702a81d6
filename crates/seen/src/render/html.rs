//! The answer of a check as one accessible HTML file.

use crate::answer::{CheckAnswer, JourneyAnswer};
use crate::failure::Failure;
use crate::render::matrix::Matrix;
use askama::Template;

/// The page; `templates/check.html`.
#[derive(Template)]
#[template(path = "check.html")]
struct Page<'a> {
    answer: &'a CheckAnswer,
    matrix: Matrix<'a>,
}

impl Page<'_> {
    /// Journeys that do not work, which are told leg by leg.
    fn troubled(&self) -> impl Iterator<Item = &JourneyAnswer> {
        self.answer
            .journeys
            .iter()
            .filter(|journey| journey.asked != "works")
    }
}

/// Writes the answer of a check as a page that needs nothing beside it.
pub(crate) fn html(answer: &CheckAnswer) -> Result<String, Failure> {
    let page = Page {
        answer,
        matrix: Matrix::of(&answer.journeys),
    };
    page.render().map_err(|cause| Failure::Format {
        format: "HTML",
        cause: cause.into(),
    })
}
