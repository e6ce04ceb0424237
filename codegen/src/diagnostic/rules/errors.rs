//! Rules whose findings are errors.

use super::{Rule, error};

/// Rules sorted by ID.
pub(super) const RULES: &[Rule] = &[
    error(
        "all-of-circular",
        "an object that contains itself through `allOf`, or has too many parts",
        "take the part out of `allOf`",
    ),
    error(
        "all-of-conflict",
        "an `allOf` with two parts that describe one property with different types",
        "describe the property once, or with one type",
    ),
    error(
        "all-of-object",
        "an `allOf` with a part that is not an object",
        "use only objects as parts",
    ),
    error(
        "binary-place",
        "raw bytes at a place that requires text",
        "use `\"format\": \"byte\"`, which is Base64 text",
    ),
    error(
        "body-and-form",
        "an operation with a body and a form",
        "use either of them, because a form is the body",
    ),
    error(
        "body-duplicate",
        "an operation with two bodies",
        "merge them into one schema",
    ),
    error(
        "body-schema-missing",
        "a body parameter without `schema`",
        "add `schema`, which determines the type of the body",
    ),
    error(
        "collection-format",
        "a list format that is unknown, or not allowed at this place",
        "use csv, ssv, tsv or pipes; in queries and forms also multi",
    ),
    error(
        "constructor",
        "a constructor with an unknown property or a value that does not fit",
        "use properties of the type, and values that fit them",
    ),
    error(
        "docs-url",
        "an `externalDocs` whose `url` is not the URL of a web page",
        "begin it with `https://`, and percent-encode other characters",
    ),
    error(
        "error-code",
        "an error code that is missing, duplicate, or has an unknown value for `retry`",
        "list each `code` once; use yes, later, if_idempotent, once, no or special for `retry`",
    ),
    error(
        "file-unreadable",
        "a file that cannot be read",
        "check the path and its permissions",
    ),
    error(
        "handle-duplicate",
        "two handles with the same name",
        "rename one of them",
    ),
    error(
        "handle-empty",
        "a handle without path parameters",
        "list the path parameters in `binds`",
    ),
    error("handle-name", "a handle without a name", "add `name`"),
    error(
        "handle-parameter-unknown",
        "a handle that binds parameters with which no path begins",
        "list the first parameters of its paths in `binds`, in order",
    ),
    error(
        "handle-unknown",
        "a handle that the pack has no code for",
        "write the code, then name the handle in `handles` of pack.json",
    ),
    error(
        "header-name",
        "a header name that HTTP does not allow",
        "use ASCII letters, digits and `-`",
    ),
    error(
        "host-text",
        "a host with a character that is not allowed in one",
        "write the host without a scheme and a path",
    ),
    error(
        "integer-limit",
        "a limit that no integer of 64 bits is within",
        "correct the limit, or use the type `number`",
    ),
    error(
        "items-missing",
        "a list without the type of its items",
        "add `items`",
    ),
    error(
        "json-depth",
        "JSON that is nested too deeply",
        "use fewer nested values",
    ),
    error(
        "json-duplicate-key",
        "an object with a duplicate key",
        "merge the members, or rename one of them",
    ),
    error(
        "json-empty",
        "an empty file",
        "write a specification, a part of one, or an overlay",
    ),
    error(
        "json-number",
        "a number that is not valid JSON, or too large",
        "use the JSON notation for numbers",
    ),
    error(
        "json-syntax",
        "invalid JSON",
        "correct it at the place shown",
    ),
    error(
        "json-utf8",
        "bytes that are not UTF-8",
        "save the file as UTF-8",
    ),
    error("json-yaml", "a YAML file", "convert the file to JSON"),
    error(
        "lint-allow",
        "an entry of `x-lint-allow` that is wrong, or that allows an error",
        "set rule, place and reason; correct errors instead of allowing them",
    ),
    error(
        "list-items",
        "a list of lists at a place that requires text",
        "use a single list, or text",
    ),
    error(
        "map-place",
        "a map outside headers and forms",
        "describe each query parameter",
    ),
    error(
        "method-unknown",
        "an operation with an HTTP method that this version of the specification language does not have",
        "use get, put, post, delete, options, head or patch",
    ),
    error(
        "misspelled-key",
        "an unknown key that is similar to a known one",
        "correct the spelling",
    ),
    error(
        "model-size",
        "a specification whose model is too large for the generator",
        "use fewer nested `allOf`s",
    ),
    error(
        "name-collision",
        "two names with the same identifier",
        "rename one of them with `x-name` or `x-type-name`",
    ),
    error(
        "name-empty",
        "an empty `x-name` or `x-type-name`, or an empty name in `x-enum-names`",
        "add a name, or remove the key",
    ),
    error(
        "name-text",
        "a chosen name with a character that no identifier can contain",
        "use letters, digits, `_` and `-`",
    ),
    error(
        "openapi-place",
        "a parameter that cannot be sent as described",
        "use plain values, or make it optional",
    ),
    error(
        "openapi-server",
        "a server whose URL is missing, or has a variable without a default",
        "add `url`, and a default for each variable",
    ),
    error(
        "operation-id-duplicate",
        "two operations with the same ID",
        "rename one of them",
    ),
    error(
        "operation-id-missing",
        "an operation without `operationId`",
        "add it",
    ),
    error(
        "operation-id-text",
        "an operation ID with a control character, or one that changes the direction of text",
        "use letters and digits",
    ),
    error(
        "overlay-extends",
        "an overlay that was written for another file",
        "correct `extends`, or apply the overlay to that file",
    ),
    error(
        "overlay-invalid",
        "an overlay that violates the overlay specification",
        "correct it at the place shown",
    ),
    error(
        "overlay-no-change",
        "an action that changes nothing",
        "delete the action, because the specification already has the fact",
    ),
    error(
        "overlay-no-match",
        "an action whose target does not match anything",
        "correct the target, or delete the action",
    ),
    error(
        "paging",
        "an `x-paging` that refers to a missing property, or to properties of different types",
        "use properties of the response, and request parameters of the same type",
    ),
    error(
        "parameter-duplicate",
        "an operation with a duplicate parameter",
        "remove one of them",
    ),
    error("parameter-name", "a parameter without a name", "add `name`"),
    error(
        "parameter-place",
        "a parameter in an unknown place",
        "use path, query, header, body or formData",
    ),
    error(
        "path-brace",
        "a path with a brace that is not closed or not opened",
        "write parameters as `{name}`",
    ),
    error(
        "path-duplicate",
        "two operations whose methods and paths differ in nothing but the names of path parameters",
        "merge the operations, or correct one of the paths",
    ),
    error(
        "path-parameter-duplicate",
        "a path with a parameter that occurs twice",
        "rename one of them",
    ),
    error(
        "path-parameter-required",
        "a path parameter that is not required",
        "add `\"required\": true`",
    ),
    error(
        "path-parameter-undeclared",
        "a path whose parameter is not described",
        "describe the parameter",
    ),
    error(
        "path-parameter-unknown",
        "a path parameter that is not in the path",
        "correct the name, or remove the parameter",
    ),
    error(
        "path-slash",
        "a path that does not begin with `/`",
        "add it",
    ),
    error(
        "path-text",
        "a path with characters that URLs cannot contain",
        "percent-encode them",
    ),
    error(
        "paths-missing",
        "a specification without `paths`",
        "add them",
    ),
    error(
        "ref-circular",
        "a reference to itself",
        "replace one of the references in the cycle by its target",
    ),
    error(
        "ref-depth",
        "a chain of references that is too long",
        "refer to the target directly",
    ),
    error(
        "ref-invalid",
        "a reference that is not local, or whose target is of the wrong kind",
        "use `./file.json#/pointer` or a definition of the right kind",
    ),
    error(
        "ref-missing",
        "a reference whose target does not exist",
        "correct the reference, or add its target",
    ),
    error(
        "ref-name-taken",
        "a schema in another file whose name another definition has",
        "add a definition with another name that refers to it",
    ),
    error(
        "ref-not-json",
        "a reference to a file that is not a JSON document",
        "use a reference to a JSON file",
    ),
    error(
        "ref-outside",
        "a reference to a file outside the folder of the specification",
        "move the file into the folder of the root file, or use `--spec-root`; in a test of a pack, move it into the pack",
    ),
    error(
        "ref-size",
        "references that expand to a specification that is too large",
        "refer to definitions instead of whole paths",
    ),
    error(
        "required-unknown",
        "a required property without a description of its type",
        "correct the name, or add the property",
    ),
    error(
        "response-bodies",
        "two success responses with bodies of different types",
        "use one schema for both",
    ),
    error(
        "response-header-differs",
        "a header with different types in two success responses of an operation",
        "use one type",
    ),
    error(
        "response-status",
        "a response whose key is not an HTTP status",
        "use 100 to 599, or default",
    ),
    error(
        "responses-empty",
        "an operation without responses",
        "add at least one response",
    ),
    error(
        "responses-missing",
        "an operation without `responses`",
        "add them",
    ),
    error(
        "swagger-version",
        "a file that is not a specification of a supported version",
        "use Swagger 2.0, OpenAPI 3.0 or 3.1",
    ),
    error(
        "tag-duplicate",
        "two tags with the same name",
        "remove one of them",
    ),
    error("tag-name", "a tag without a name", "add `name`"),
    error(
        "time-place",
        "a time in a list or map in a format that is not allowed there",
        "use `\"format\": \"date-time\"`",
    ),
    error("type-missing", "a value without a type", "add `type`"),
    error(
        "type-name-differs",
        "one type name for two different types",
        "use the same schema, or rename one of them",
    ),
    error(
        "type-unknown",
        "a type that is unknown, or not allowed at this place",
        "use a type of this version of the specification language",
    ),
    error(
        "wrong-type",
        "a value of the wrong JSON type",
        "correct the value",
    ),
    error(
        "x-excludes-body",
        "an `x-excludes-body` that names a header which the operation does not have",
        "use a header of the operation",
    ),
    error(
        "x-idempotent",
        "an `x-idempotent` that names a header which the operation does not have",
        "use a header of the operation",
    ),
    error(
        "x-one-or-many",
        "an `x-one-or-many` on a value that is not a list",
        "move it to an array",
    ),
];
