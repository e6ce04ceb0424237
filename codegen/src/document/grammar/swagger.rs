//! Keys of Swagger 2.0.

use super::Kind;

/// Returns the kind of the value of a key.
pub(super) fn child(kind: Kind, key: &str) -> Option<Kind> {
    match kind {
        Kind::Root => root(key),
        Kind::PathItem => path_item(key),
        Kind::Operation => operation(key),
        Kind::Parameter => parameter(key),
        Kind::Response => response(key),
        Kind::HeaderMap => Some(Kind::Header),
        Kind::Header => value_key(key),
        Kind::Schema => schema(key),
        _ => None,
    }
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

/// Keys of headers, of parameters other than bodies, and of their items.
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
