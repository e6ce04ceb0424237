//! What is wrong with a template: where, for which item, and what to do.

use tera::ErrorKind;

use crate::diagnostic::{Finding, Place, Report, Severity};
use crate::pack::Pack;
use crate::source::slashes;

/// Why a pack can't be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is wrong.
    #[error("{0}")]
    Template(Report),
    /// What a template gave can't be written.
    #[error("error[output-path]: {0}")]
    Output(String),
}

impl RenderError {
    /// Makes a finding of an error of the template engine.
    pub(super) fn template(error: &tera::Error, pack: &Pack, item: Option<&str>) -> Self {
        let rendering = matches!(error.kind(), ErrorKind::RenderingError(_));
        let (message, place) = match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                let span = report.span();
                let (file, column) = (report.filename(), span.start_col + 1);
                let width = span.end_col.saturating_sub(span.start_col).max(1);
                (
                    report.message().to_owned(),
                    Some(place(pack, file, span.start_line, column, width)),
                )
            }
            other => (other.to_string(), None),
        };
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let message = match cause {
            Some(cause) => format!("{message}: {cause}"),
            None => message,
        };
        Self::Template(Report {
            findings: vec![Finding {
                severity: Severity::Error,
                rule: if rendering {
                    "template-render"
                } else {
                    "template-invalid"
                },
                message: match item {
                    Some(item) => format!("{message} (rendering for {item})"),
                    None => message,
                },
                place,
                notes: Vec::new(),
                help: Some(
                    "`codegen dump -t PACK` shows what a template sees; \
                     test an optional value with `is defined` or `default`"
                        .to_owned(),
                ),
            }],
        })
    }
}

fn place(pack: &Pack, file: &str, line: usize, column: usize, width: usize) -> Place {
    let text = pack
        .templates
        .get(file)
        .map(|template| template.text.as_str());
    let line_text = text.and_then(|text| text.lines().nth(line.saturating_sub(1)));
    Place {
        file: slashes(&pack.folder.join(file)),
        line,
        column,
        pointer: None,
        text: line_text.unwrap_or_default().to_owned(),
        skipped: 0,
        width,
    }
}
