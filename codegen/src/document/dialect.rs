//! Versions of specifications that the generator reads.

use crate::diagnostic::Diagnostic;
use crate::source::{Node, Span};

/// A version of the specification language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Swagger 2.0.
    Swagger2,
    /// OpenAPI 3.0.
    OpenApi30,
    /// OpenAPI 3.1.
    OpenApi31,
}

impl Dialect {
    /// Detects the version from the keys `swagger` and `openapi` of the root document.
    pub(super) fn of(root: &Node) -> Result<Self, Box<Diagnostic>> {
        let text = |key| root.get(key).map(|node| (node, node.as_str()));
        match (text("swagger"), text("openapi")) {
            (Some((_, Some("2.0"))), None) => Ok(Self::Swagger2),
            (None, Some((_, Some(version)))) if is(version, "3.0") => Ok(Self::OpenApi30),
            (None, Some((_, Some(version)))) if is(version, "3.1") => Ok(Self::OpenApi31),
            (Some(_), Some((node, _))) => Err(unknown(
                node.span,
                "the file has both `swagger` and `openapi`",
            )),
            (Some((node, _)), None) => Err(unsupported("Swagger", node)),
            (None, Some((node, _))) => Err(unsupported("OpenAPI", node)),
            (None, None) if root.as_object().is_none() => {
                let message = format!("a specification must be an object, this is {}", root.kind());
                Err(Box::new(
                    Diagnostic::error("wrong-type", root.span, message).with_help(VERSIONS),
                ))
            }
            (None, None) => Err(unknown(root.span, "`swagger` or `openapi` is missing")),
        }
    }

    /// Returns the name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Swagger2 => "Swagger 2.0",
            Self::OpenApi30 => "OpenAPI 3.0",
            Self::OpenApi31 => "OpenAPI 3.1",
        }
    }
}

const VERSIONS: &str = "this generator reads Swagger 2.0 (`\"swagger\": \"2.0\"`), OpenAPI 3.0 and \
                        3.1 (`\"openapi\": \"3.1.0\"`)";

/// Returns whether a version belongs to a release, with any patch version.
fn is(version: &str, release: &str) -> bool {
    let rest = version.strip_prefix(release);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

fn unsupported(what: &str, node: &Node) -> Box<Diagnostic> {
    let message = match node.as_str() {
        Some(version) => format!("{what} version {version:?} is not supported"),
        None => format!(
            "`{}` must be a string in quotes, this is {}",
            what.to_lowercase(),
            node.kind()
        ),
    };
    unknown(node.span, &message)
}

fn unknown(span: Span, message: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("swagger-version", span, message).with_help(VERSIONS))
}
