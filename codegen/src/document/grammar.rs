//! Which keys Swagger 2.0 knows at which place, and what kind of thing stands behind each.

/// The kind of a JSON value, by where it stands in a specification.
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
    /// Anything: neither read nor followed by the resolver.
    Opaque,
}

/// What the value behind a key is. `None`: the key is not known there.
pub(crate) fn child(kind: Kind, key: &str) -> Option<Kind> {
    if key.starts_with("x-") && !is_map(kind) {
        return Some(Kind::Opaque);
    }
    match kind {
        Kind::Root => root(key),
        Kind::Paths => Some(if key.starts_with("x-") {
            Kind::Opaque
        } else {
            Kind::PathItem
        }),
        Kind::PathItem => path_item(key),
        Kind::Operation => operation(key),
        Kind::ParameterMap | Kind::ParameterList => Some(Kind::Parameter),
        Kind::Parameter => parameter(key),
        Kind::ResponseMap => Some(if key.starts_with("x-") {
            Kind::Opaque
        } else {
            Kind::Response
        }),
        Kind::Response => response(key),
        Kind::HeaderMap => Some(Kind::Header),
        Kind::Header => value_key(key),
        Kind::Schema => schema(key),
        Kind::SchemaMap | Kind::SchemaList => Some(Kind::Schema),
        Kind::Opaque => Some(Kind::Opaque),
    }
}

/// Whether the keys are names that the author chose.
pub(crate) fn is_map(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Paths
            | Kind::ParameterMap
            | Kind::ResponseMap
            | Kind::HeaderMap
            | Kind::SchemaMap
            | Kind::Opaque
    )
}

fn root(key: &str) -> Option<Kind> {
    Some(match key {
        "paths" => Kind::Paths,
        "definitions" => Kind::SchemaMap,
        "parameters" => Kind::ParameterMap,
        "responses" => Kind::ResponseMap,
        "swagger"
        | "info"
        | "host"
        | "basePath"
        | "schemes"
        | "consumes"
        | "produces"
        | "tags"
        | "externalDocs"
        | "securityDefinitions"
        | "security" => Kind::Opaque,
        _ => return None,
    })
}

fn path_item(key: &str) -> Option<Kind> {
    Some(match key {
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch" => Kind::Operation,
        "parameters" => Kind::ParameterList,
        "$ref" => Kind::Opaque,
        _ => return None,
    })
}

fn operation(key: &str) -> Option<Kind> {
    Some(match key {
        "parameters" => Kind::ParameterList,
        "responses" => Kind::ResponseMap,
        "tags" | "summary" | "description" | "externalDocs" | "operationId" | "consumes"
        | "produces" | "schemes" | "deprecated" | "security" => Kind::Opaque,
        _ => return None,
    })
}

fn parameter(key: &str) -> Option<Kind> {
    match key {
        "name" | "in" | "required" | "allowEmptyValue" | "$ref" => Some(Kind::Opaque),
        "schema" => Some(Kind::Schema),
        _ => value_key(key),
    }
}

fn response(key: &str) -> Option<Kind> {
    Some(match key {
        "schema" => Kind::Schema,
        "headers" => Kind::HeaderMap,
        "description" | "examples" | "$ref" => Kind::Opaque,
        _ => return None,
    })
}

/// The keys of a header, a parameter that is no body, and their items.
fn value_key(key: &str) -> Option<Kind> {
    Some(match key {
        "items" => Kind::Header,
        "description" | "type" | "format" | "collectionFormat" | "default" | "maximum"
        | "exclusiveMaximum" | "minimum" | "exclusiveMinimum" | "maxLength" | "minLength"
        | "pattern" | "maxItems" | "minItems" | "uniqueItems" | "enum" | "multipleOf" => {
            Kind::Opaque
        }
        _ => return None,
    })
}

fn schema(key: &str) -> Option<Kind> {
    match key {
        "properties" => Some(Kind::SchemaMap),
        "allOf" => Some(Kind::SchemaList),
        "items" | "additionalProperties" => Some(Kind::Schema),
        "$ref" | "title" | "required" | "maxProperties" | "minProperties" | "discriminator"
        | "readOnly" | "xml" | "externalDocs" | "example" => Some(Kind::Opaque),
        "collectionFormat" => None,
        _ => value_key(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_maps_are_never_mistaken_for_keywords() {
        assert_eq!(child(Kind::SchemaMap, "x-size"), Some(Kind::Schema));
        assert_eq!(child(Kind::HeaderMap, "x-qs-id"), Some(Kind::Header));
        assert_eq!(child(Kind::ResponseMap, "default"), Some(Kind::Response));
        assert_eq!(child(Kind::Schema, "x-name"), Some(Kind::Opaque));
    }

    #[test]
    fn unknown_keys_are_told_apart() {
        assert_eq!(child(Kind::Operation, "operationID"), None);
        assert_eq!(child(Kind::Operation, "operationId"), Some(Kind::Opaque));
    }
}
