//! Known keys, `x-` extensions and formats, to recognize misspelled ones.

use super::{Kind, child};
use crate::document::Dialect;

/// Keys of every kind of object in every version.
const KEYS: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "allowEmptyValue",
    "allowReserved",
    "anyOf",
    "basePath",
    "callbacks",
    "collectionFormat",
    "components",
    "const",
    "consumes",
    "content",
    "contentEncoding",
    "contentMediaType",
    "default",
    "definitions",
    "delete",
    "deprecated",
    "description",
    "discriminator",
    "encoding",
    "enum",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "explode",
    "externalDocs",
    "format",
    "get",
    "head",
    "headers",
    "host",
    "in",
    "info",
    "items",
    "links",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "name",
    "nullable",
    "oneOf",
    "openapi",
    "operationId",
    "options",
    "parameters",
    "patch",
    "pathItems",
    "paths",
    "pattern",
    "post",
    "prefixItems",
    "produces",
    "properties",
    "put",
    "readOnly",
    "requestBodies",
    "requestBody",
    "required",
    "responses",
    "schema",
    "schemas",
    "schemes",
    "security",
    "securityDefinitions",
    "securitySchemes",
    "servers",
    "style",
    "summary",
    "swagger",
    "tags",
    "title",
    "trace",
    "type",
    "uniqueItems",
    "webhooks",
    "writeOnly",
    "xml",
];

/// Keys that only affect documentation. `title` is not one of them, because it can name the
/// service.
const DOCUMENTATION: &[&str] = &[
    "description",
    "example",
    "examples",
    "externalDocs",
    "summary",
    "xml",
];

/// Returns the key that the author probably meant, if a kind of object does not have `key`.
pub(crate) fn intended_key(dialect: Dialect, kind: Kind, key: &str) -> Option<&'static str> {
    if key.starts_with("x-") {
        return None;
    }
    let dialects = [Dialect::Swagger2, Dialect::OpenApi30, Dialect::OpenApi31];
    if dialects
        .iter()
        .any(|other| child(*other, kind, key).is_some())
    {
        // A key of another version is not misspelled.
        return None;
    }
    let known = KEYS
        .iter()
        .copied()
        .filter(|known| child(dialect, kind, known).is_some());
    crate::spelling::closest(key, known)
}

/// Returns whether a key only affects documentation.
pub(crate) fn is_documentation(key: &str) -> bool {
    DOCUMENTATION.contains(&key)
}

/// A key whose value is an object with known keys.
pub(crate) struct Inside {
    pub(crate) key: &'static str,
    /// Whether the known keys are those of each entry of a list or map.
    pub(crate) each: bool,
    pub(crate) keys: &'static [&'static str],
}

/// Keys of values that the grammar treats as opaque.
const INSIDE: &[Inside] = &[
    inside("contact", false, &["name", "url", "email"]),
    inside("externalDocs", false, &["description", "url"]),
    inside(
        "info",
        false,
        &[
            "title",
            "summary",
            "description",
            "termsOfService",
            "contact",
            "license",
            "version",
        ],
    ),
    inside(
        "servers",
        true,
        &["url", "name", "description", "variables"],
    ),
    inside(
        "tags",
        true,
        &[
            "name",
            "summary",
            "description",
            "externalDocs",
            "parent",
            "kind",
        ],
    ),
    inside("x-constructors", true, &["description", "fixed", "args"]),
    inside(
        "x-error-codes",
        true,
        &["code", "status", "description", "retry"],
    ),
    inside("x-examples", true, &["request", "response"]),
    inside("x-handles", true, &["name", "binds"]),
    inside("x-idempotent", false, &["unless-header"]),
    inside("x-lint-allow", true, &["rule", "at", "reason"]),
    inside(
        "x-paging",
        false,
        &["items", "limit", "next", "more", "last", "offset", "total"],
    ),
];

const fn inside(key: &'static str, each: bool, keys: &'static [&'static str]) -> Inside {
    Inside { key, each, keys }
}

/// Returns the known keys of the value of a key.
pub(crate) fn inside_of(key: &str) -> Option<&'static Inside> {
    INSIDE.iter().find(|inside| inside.key == key)
}

const VALUES: &[Kind] = &[
    Kind::Parameter,
    Kind::Header,
    Kind::HeaderObject,
    Kind::Schema,
];

/// Kinds of values that get an identifier.
const NAMED: &[Kind] = &[
    Kind::PathItem,
    Kind::Operation,
    Kind::Parameter,
    Kind::Header,
    Kind::HeaderObject,
    Kind::Schema,
];

/// Facts that the generator or a pack of this repository reads, and the kinds of objects that have
/// them.
const FACTS: &[(&str, &[Kind])] = &[
    ("x-computed", VALUES),
    ("x-constructors", VALUES),
    ("x-deprecated", VALUES),
    ("x-enum-descriptions", VALUES),
    ("x-enum-names", VALUES),
    ("x-error-codes", &[Kind::Root]),
    ("x-errors", &[Kind::Operation]),
    ("x-examples", &[Kind::Operation]),
    ("x-excludes-body", &[Kind::Operation]),
    ("x-handles", &[Kind::Root]),
    ("x-header-prefix", &[Kind::Root]),
    ("x-idempotent", &[Kind::Operation]),
    ("x-into", VALUES),
    ("x-language", &[Kind::Root]),
    ("x-lint-allow", &[Kind::Root]),
    ("x-name", NAMED),
    ("x-object-key", VALUES),
    ("x-one-or-many", VALUES),
    ("x-paging", &[Kind::Operation]),
    ("x-prefix", VALUES),
    ("x-present", VALUES),
    ("x-signed", &[Kind::Parameter, Kind::PathItem]),
    ("x-slow", &[Kind::Operation]),
    ("x-success", &[Kind::Response]),
    ("x-type-description", VALUES),
    ("x-type-name", VALUES),
    ("x-unquoted", VALUES),
];

/// Result of checking a key that begins with `x-`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A known fact in the right place, or a custom key.
    Fine,
    /// A known fact in a place where it has no effect.
    Misplaced,
    /// A probable misspelling of this fact.
    Misspelled(&'static str),
}

/// Returns whether objects of a kind have a fact.
pub(crate) fn is_fact(kind: Kind, key: &str) -> bool {
    let mut facts = FACTS.iter();
    facts.any(|(name, kinds)| *name == key && kinds.contains(&kind))
}

/// Checks a key that begins with `x-`.
pub(crate) fn fact(kind: Kind, key: &str) -> Fact {
    match FACTS.iter().find(|(name, _)| *name == key) {
        Some((_, kinds)) if kinds.contains(&kind) => Fact::Fine,
        Some(_) => Fact::Misplaced,
        None => {
            let here = FACTS.iter().filter(|(_, kinds)| kinds.contains(&kind));
            let meant = crate::spelling::closest(key, here.map(|(name, _)| *name));
            meant.map_or(Fact::Fine, Fact::Misspelled)
        }
    }
}

/// Formats that the generator interprets, and formats of the specification languages.
const FORMATS: &[&str] = &[
    "base64url",
    "binary",
    "byte",
    "char",
    "date",
    "date-time",
    "date-time-rfc822",
    "decimal",
    "double",
    "duration",
    "email",
    "float",
    "hostname",
    "idn-email",
    "idn-hostname",
    "int16",
    "int32",
    "int64",
    "int8",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "object-path",
    "password",
    "regex",
    "relative-json-pointer",
    "time",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "unix-time",
    "uri",
    "uri-reference",
    "uri-template",
    "url",
    "uuid",
];

/// Returns the format that the author probably meant, if `format` is not known.
pub(crate) fn intended_format(format: &str) -> Option<&'static str> {
    if FORMATS.contains(&format) {
        return None;
    }
    crate::spelling::closest(format, FORMATS.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn misspelled_keys_are_recognized() {
        for (kind, key, expected) in [
            (Kind::Parameter, "requierd", Some("required")),
            (Kind::Schema, "propertis", Some("properties")),
            (Kind::Operation, "operationID", Some("operationId")),
            (Kind::Operation, "requierd", None),
            // OpenAPI 3.1 has this key.
            (Kind::Schema, "examples", None),
        ] {
            assert_eq!(
                intended_key(Dialect::Swagger2, kind, key),
                expected,
                "{key}"
            );
        }
    }

    #[test]
    fn every_listed_key_is_in_a_grammar() {
        let kinds = [
            Kind::Root,
            Kind::Components,
            Kind::PathItem,
            Kind::Operation,
            Kind::Parameter,
            Kind::Response,
            Kind::Header,
            Kind::HeaderObject,
            Kind::Schema,
            Kind::RequestBody,
            Kind::MediaType,
        ];
        let dialects = [Dialect::Swagger2, Dialect::OpenApi30, Dialect::OpenApi31];
        for key in KEYS {
            let known = |dialect| {
                kinds
                    .iter()
                    .any(|kind| child(dialect, *kind, key).is_some())
            };
            assert!(dialects.into_iter().any(known), "{key}");
        }
    }

    #[test]
    fn facts_are_known_by_name_and_place() {
        assert_eq!(fact(Kind::Operation, "x-paging"), Fact::Fine);
        assert_eq!(fact(Kind::Operation, "x-owner"), Fact::Fine);
        assert_eq!(fact(Kind::Schema, "x-paging"), Fact::Misplaced);
        assert_eq!(
            fact(Kind::Operation, "x-pagin"),
            Fact::Misspelled("x-paging")
        );
        assert_eq!(intended_format("date-tiem"), Some("date-time"));
        assert_eq!(intended_format("datetime"), Some("date-time"));
        assert_eq!(intended_format("int64"), None);
        assert_eq!(intended_format("color"), None);
    }

    #[test]
    fn the_guide_to_the_specification_describes_every_fact() {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/README.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        for (fact, _) in FACTS {
            assert!(guide.contains(&format!("| `{fact}` |")), "{fact}");
        }
    }
}
