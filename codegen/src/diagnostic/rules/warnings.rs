//! Rules whose findings are warnings or notes.

use super::{Rule, note, warning};

/// Rules sorted by ID.
pub(super) const RULES: &[Rule] = &[
    warning(
        "default-misfit",
        "a default that does not fit its schema: its type, its values or its limits",
        "correct the default or the schema",
    ),
    warning(
        "definition-alike",
        "two definitions with equal contents",
        "replace one of them by a reference to the other",
    ),
    warning(
        "definition-name-case",
        "a definition whose name has another letter case than most",
        "rename it, or add `x-name`",
    ),
    warning(
        "definition-no-description",
        "a definition without a description",
        "add a description",
    ),
    warning(
        "definition-unused",
        "an unused definition",
        "remove it, or refer to it",
    ),
    warning(
        "enum-case",
        "enum values in different letter cases",
        "check how the service spells them",
    ),
    warning(
        "enum-duplicate",
        "a duplicate enum value",
        "remove one of them",
    ),
    warning(
        "enum-empty",
        "an `enum` without values",
        "list the values, or remove `enum`",
    ),
    warning(
        "enum-value-unknown",
        "a description or name of a value that the enum does not have",
        "correct the name, or remove it",
    ),
    warning(
        "error-code-no-description",
        "an error code without a description",
        "add a description with the cause and the solution",
    ),
    warning(
        "error-code-unknown",
        "a code in an operation's `x-errors` that `x-error-codes` does not have",
        "correct the code, or describe it in `x-error-codes`",
    ),
    warning(
        "example-misfit",
        "an example that does not fit its schema",
        "correct the example or the schema",
    ),
    warning(
        "example-unknown-parameter",
        "a value in `x-examples` for a parameter or field that does not exist",
        "correct the name, or remove the value",
    ),
    warning(
        "file-list",
        "a list of files in a form, which is read as a list of text",
        "describe one file for each field",
    ),
    warning(
        "format-alike",
        "an unknown format whose name is similar to a known one",
        "correct the format, or choose a less similar name",
    ),
    warning(
        "header-prefix-unused",
        "an `x-header-prefix` that no header begins with",
        "correct the prefix, or remove it",
    ),
    warning(
        "limits-contradict",
        "a lower limit above the upper limit, so that no value is allowed",
        "correct one of the limits",
    ),
    warning(
        "lint-allow-unused",
        "an entry of `x-lint-allow` that has no effect",
        "delete it",
    ),
    warning(
        "map-prefix",
        "a map of headers or form fields without `x-prefix`",
        "add the common prefix of its names as `x-prefix`",
    ),
    warning(
        "media-type-unsupported",
        "media types without JSON for a body with a schema, which is sent or read as JSON",
        "list `application/json`, or use the type `file` for the bytes of the body",
    ),
    warning(
        "misplaced-fact",
        "a known `x-` key at an object or a kind of value where it has no effect",
        "move it to the object that it describes",
    ),
    warning(
        "name-taken",
        "an item with another identifier than its own, because another item has that one",
        "give one of them an `x-name`, because the order in the file decides",
    ),
    warning(
        "name-without-letters",
        "a name without letters and digits, whose identifier spells out its symbols",
        "use letters, or add an `x-name` with letters",
    ),
    warning(
        "no-description",
        "an operation without a description",
        "add a summary",
    ),
    warning(
        "no-success",
        "an operation without a success response",
        "add a 2xx status, or `\"x-success\": true` to another",
    ),
    warning(
        "null-items",
        "a list or map with null items, which its type does not show",
        "do not use null, or let the pack read `nullable_items`",
    ),
    warning(
        "object-alike",
        "an inline object that is equal to another one or to a definition",
        "add a definition, and refer to it",
    ),
    note(
        "one-direction",
        "a value that only requests or only responses contain, in a type that both share",
        "nothing, or let the pack read `read_only` and `write_only`",
    ),
    note(
        "openapi-ignored",
        "an OpenAPI feature that the generator omits",
        "nothing, unless you need the feature",
    ),
    note(
        "openapi-union",
        "a value of several types, which is read as any JSON",
        "use a single type if possible",
    ),
    warning(
        "operation-id-alike",
        "two operation IDs that differ only in letter case or separators",
        "rename one of them",
    ),
    warning(
        "operation-id-case",
        "an operation ID in another letter case than most",
        "rename it",
    ),
    warning(
        "operation-id-made",
        "an operation without an ID, which gets one made from method and path",
        "add `operationId`, so that the name stays when the path changes",
    ),
    warning(
        "operation-id-verb",
        "an operation ID that does not begin with its verb, as the others do",
        "move the verb to the start",
    ),
    warning(
        "overlay-action",
        "an action that slightly violates the overlay specification",
        "see the message of the finding",
    ),
    warning(
        "overlay-info",
        "an overlay without a title or version",
        "add `info` with both",
    ),
    warning(
        "parameter-alike",
        "two parameters or properties whose names differ only in letter case or separators",
        "use one spelling",
    ),
    warning(
        "parameter-no-description",
        "a parameter without a description",
        "add a description",
    ),
    warning(
        "parameter-type-differs",
        "a parameter that has another type in another operation",
        "use one type",
    ),
    warning(
        "parameter-unused",
        "an unused shared parameter, response, header or body",
        "remove it, or refer to it",
    ),
    warning(
        "pattern-invalid",
        "a `pattern` that is not a regular expression",
        "correct the pattern",
    ),
    warning(
        "property-no-description",
        "a property without a description",
        "add a description",
    ),
    warning(
        "required-null",
        "a required property that can be null, which is read as optional",
        "nothing, if null and absent mean the same",
    ),
    warning(
        "required-undescribed",
        "a required property without a description of its type, which is omitted",
        "add the property, or correct the name",
    ),
    warning(
        "schema-without-body",
        "a schema of a response that never has a body: to `HEAD`, or with status 204, 205 or 304",
        "remove the schema, or use a status that has a body",
    ),
    note(
        "security-ignored",
        "security schemes, which the generator does not read",
        "accept it if the runtime of the pack authenticates requests; otherwise describe the header or query parameter",
    ),
    warning(
        "status-no-description",
        "a success response without a description",
        "add a description",
    ),
    warning(
        "status-no-schema",
        "a success response without a schema, while another one has a schema",
        "add the schema, or use 204 if there is no body",
    ),
    warning(
        "tag-undeclared",
        "a tag of an operation that is not among the tags of the root, which has others",
        "correct the tag, or add it to `tags` of the root",
    ),
    warning(
        "text-untranslated",
        "a text that the overlay for another language does not translate",
        "add it to the overlay that sets `x-language`",
    ),
    warning(
        "type-name-unused",
        "an `x-type-name` or `x-type-description` on a value that is not an inline type",
        "move it to an inline object or enum",
    ),
    warning(
        "unknown-key",
        "a key that is unknown in this version of the specification language",
        "correct the spelling, or begin it with `x-`",
    ),
    warning(
        "unsigned-sub-resource",
        "a sub-resource that other operations sign and this one does not",
        "add `\"x-signed\": true`",
    ),
];
