//! Keys of OpenAPI 3.0 and 3.1. Keys that are known but not read are opaque.

use super::Kind;
use crate::document::Dialect;

/// Returns the kind of the value of a key.
pub(super) fn child(dialect: Dialect, kind: Kind, key: &str) -> Option<Kind> {
    match kind {
        Kind::Root => root(key),
        Kind::Components => components(key),
        Kind::PathItem => path_item(key),
        Kind::Operation => operation(key),
        Kind::Parameter => match key {
            "name" | "in" => Some(Kind::Opaque),
            _ => value(key),
        },
        Kind::HeaderMap => Some(Kind::HeaderObject),
        Kind::HeaderObject => value(key),
        Kind::RequestBody => match key {
            "content" => Some(Kind::Content),
            "description" | "required" | "summary" | "$ref" => Some(Kind::Opaque),
            _ => None,
        },
        Kind::MediaType => match key {
            "schema" => Some(Kind::Schema),
            "example" | "examples" | "encoding" => Some(Kind::Opaque),
            _ => None,
        },
        Kind::Response => match key {
            "headers" => Some(Kind::HeaderMap),
            "content" => Some(Kind::Content),
            "description" | "summary" | "links" | "$ref" => Some(Kind::Opaque),
            _ => None,
        },
        Kind::Schema => schema(dialect, key),
        _ => None,
    }
}

fn root(key: &str) -> Option<Kind> {
    Some(match key {
        "paths" => Kind::Paths,
        "components" => Kind::Components,
        "openapi" | "info" | "jsonSchemaDialect" | "servers" | "webhooks" | "security" | "tags"
        | "externalDocs" => Kind::Opaque,
        _ => return None,
    })
}

fn components(key: &str) -> Option<Kind> {
    Some(match key {
        "schemas" => Kind::SchemaMap,
        "responses" => Kind::ResponseMap,
        "parameters" => Kind::ParameterMap,
        "requestBodies" => Kind::RequestBodyMap,
        "headers" => Kind::HeaderMap,
        "pathItems" => Kind::Paths,
        "examples" | "securitySchemes" | "links" | "callbacks" => Kind::Opaque,
        _ => return None,
    })
}

fn path_item(key: &str) -> Option<Kind> {
    Some(match key {
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace" => {
            Kind::Operation
        }
        "parameters" => Kind::ParameterList,
        "$ref" | "summary" | "description" | "servers" => Kind::Opaque,
        _ => return None,
    })
}

fn operation(key: &str) -> Option<Kind> {
    Some(match key {
        "parameters" => Kind::ParameterList,
        "requestBody" => Kind::RequestBody,
        "responses" => Kind::ResponseMap,
        "tags" | "summary" | "description" | "externalDocs" | "operationId" | "callbacks"
        | "deprecated" | "security" | "servers" => Kind::Opaque,
        _ => return None,
    })
}

/// Keys that parameters and headers have in common.
fn value(key: &str) -> Option<Kind> {
    Some(match key {
        "schema" => Kind::Schema,
        "content" => Kind::Content,
        "description" | "summary" | "required" | "deprecated" | "allowEmptyValue" | "style"
        | "explode" | "allowReserved" | "example" | "examples" | "$ref" => Kind::Opaque,
        _ => return None,
    })
}

fn schema(dialect: Dialect, key: &str) -> Option<Kind> {
    Some(match key {
        "properties" => Kind::SchemaMap,
        "allOf" | "anyOf" | "oneOf" => Kind::SchemaList,
        "items" | "additionalProperties" => Kind::Schema,
        "$ref" | "title" | "description" | "type" | "format" | "enum" | "default" | "required"
        | "maximum" | "exclusiveMaximum" | "minimum" | "exclusiveMinimum" | "maxLength"
        | "minLength" | "pattern" | "maxItems" | "minItems" | "uniqueItems" | "multipleOf"
        | "maxProperties" | "minProperties" | "discriminator" | "readOnly" | "writeOnly"
        | "xml" | "externalDocs" | "example" | "deprecated" | "not" => Kind::Opaque,
        "nullable" if dialect == Dialect::OpenApi30 => Kind::Opaque,
        _ if dialect == Dialect::OpenApi31 => return json_schema(key),
        _ => return None,
    })
}

/// Keys that OpenAPI 3.1 inherits from JSON Schema and that do not affect the type.
fn json_schema(key: &str) -> Option<Kind> {
    Some(match key {
        "$id"
        | "$schema"
        | "$anchor"
        | "$dynamicRef"
        | "$dynamicAnchor"
        | "$vocabulary"
        | "$comment"
        | "$defs"
        | "const"
        | "examples"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "minContains"
        | "maxContains"
        | "prefixItems"
        | "propertyNames"
        | "patternProperties"
        | "dependentSchemas"
        | "dependentRequired"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "contentEncoding"
        | "contentMediaType"
        | "contentSchema" => Kind::Opaque,
        _ => return None,
    })
}
