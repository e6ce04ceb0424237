//! Places of shared definitions, parameters, responses, request bodies and headers.

use super::Kind;
use crate::document::Dialect;

/// Kinds of values that `$ref` can share.
pub(crate) const SHARED: [Kind; 5] = [
    Kind::Schema,
    Kind::Parameter,
    Kind::Response,
    Kind::RequestBody,
    Kind::HeaderObject,
];

/// Returns the JSON pointer before the name of a shared value, for example `/definitions/`.
///
/// Returns `None` if the version has no place for shared values of this kind.
pub(crate) fn shared_prefix(dialect: Dialect, kind: Kind) -> Option<&'static str> {
    Some(match (dialect, kind) {
        (Dialect::Swagger2, Kind::Schema) => "/definitions/",
        (Dialect::Swagger2, Kind::Parameter) => "/parameters/",
        (Dialect::Swagger2, Kind::Response) => "/responses/",
        (Dialect::Swagger2, _) => return None,
        (_, Kind::Schema) => "/components/schemas/",
        (_, Kind::Parameter) => "/components/parameters/",
        (_, Kind::Response) => "/components/responses/",
        (_, Kind::RequestBody) => "/components/requestBodies/",
        (_, Kind::HeaderObject) => "/components/headers/",
        _ => return None,
    })
}

/// Returns the JSON pointer of the map of shared schemas.
pub(crate) fn shared_schemas(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Swagger2 => "/definitions",
        Dialect::OpenApi30 | Dialect::OpenApi31 => "/components/schemas",
    }
}
