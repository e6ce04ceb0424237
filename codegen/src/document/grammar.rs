//! The keys that each kind of object can have, and the kinds of their values.

mod openapi;
pub(crate) mod shared;
mod swagger;
pub(crate) mod vocabulary;

use super::Dialect;

/// Kind of a JSON value, by its position in a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The whole document.
    Root,
    /// `paths`: a map of path items.
    Paths,
    /// One path with its operations.
    PathItem,
    /// One operation.
    Operation,
    /// A list of parameters.
    ParameterList,
    /// `parameters` of the root: a map of parameters.
    ParameterMap,
    /// One parameter.
    Parameter,
    /// A map of responses by status or name.
    ResponseMap,
    /// One response.
    Response,
    /// A map of headers.
    HeaderMap,
    /// A header of a response, or the items of a list in a parameter.
    Header,
    /// A schema.
    Schema,
    /// A map of schemas.
    SchemaMap,
    /// A list of schemas.
    SchemaList,
    /// `components`
    Components,
    /// A map of request bodies.
    RequestBodyMap,
    /// A request body.
    RequestBody,
    /// A map of media types.
    Content,
    /// The body in one media type.
    MediaType,
    /// A header of OpenAPI 3, which is described like a parameter.
    HeaderObject,
    /// Any other value. References in it are not resolved.
    Opaque,
}

/// Returns the kind of the value of a key. Returns `None` if this kind of object does not have the
/// key.
pub(crate) fn child(dialect: Dialect, kind: Kind, key: &str) -> Option<Kind> {
    if key.starts_with("x-") && !is_map(kind) {
        return Some(Kind::Opaque);
    }
    match kind {
        Kind::Paths if key.starts_with("x-") => Some(Kind::Opaque),
        Kind::Paths => Some(Kind::PathItem),
        Kind::ParameterMap | Kind::ParameterList => Some(Kind::Parameter),
        Kind::ResponseMap if key.starts_with("x-") => Some(Kind::Opaque),
        Kind::ResponseMap => Some(Kind::Response),
        Kind::RequestBodyMap => Some(Kind::RequestBody),
        Kind::Content => Some(Kind::MediaType),
        Kind::SchemaMap | Kind::SchemaList => Some(Kind::Schema),
        Kind::Opaque => Some(Kind::Opaque),
        _ if dialect == Dialect::Swagger2 => swagger::child(kind, key),
        _ => openapi::child(dialect, kind, key),
    }
}

/// Returns whether the keys are names that the author chooses.
pub(crate) fn is_map(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Paths
            | Kind::ParameterMap
            | Kind::ResponseMap
            | Kind::HeaderMap
            | Kind::SchemaMap
            | Kind::RequestBodyMap
            | Kind::Content
            | Kind::Opaque
    )
}

/// Returns the kind of the items of a list.
pub(crate) fn item(kind: Kind) -> Kind {
    match kind {
        Kind::ParameterList => Kind::Parameter,
        Kind::SchemaList => Kind::Schema,
        _ => Kind::Opaque,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_maps_are_not_keywords() {
        assert_eq!(
            child(Dialect::Swagger2, Kind::SchemaMap, "x-size"),
            Some(Kind::Schema)
        );
        assert_eq!(
            child(Dialect::Swagger2, Kind::HeaderMap, "x-qs-id"),
            Some(Kind::Header)
        );
        assert_eq!(
            child(Dialect::Swagger2, Kind::ResponseMap, "default"),
            Some(Kind::Response)
        );
        assert_eq!(
            child(Dialect::Swagger2, Kind::Schema, "x-name"),
            Some(Kind::Opaque)
        );
    }

    #[test]
    fn unknown_keys_are_recognized() {
        assert_eq!(
            child(Dialect::Swagger2, Kind::Operation, "operationID"),
            None
        );
        assert_eq!(
            child(Dialect::Swagger2, Kind::Operation, "operationId"),
            Some(Kind::Opaque)
        );
    }

    #[test]
    fn each_version_has_its_own_keys() {
        let knows = |dialect, key| child(dialect, Kind::Schema, key).is_some();
        for (key, expected) in [
            ("nullable", [false, true, false]),
            ("const", [false, false, true]),
            ("anyOf", [false, true, true]),
            ("maxLength", [true, true, true]),
        ] {
            let dialects = [Dialect::Swagger2, Dialect::OpenApi30, Dialect::OpenApi31];
            assert_eq!(
                dialects.map(|dialect| knows(dialect, key)),
                expected,
                "{key}"
            );
        }
    }
}
