//! What could be better, and what is left out.

use super::{Rule, note, warning};

/// In the order of the alphabet.
pub(super) const RULES: &[Rule] = &[
    warning(
        "default-misfit",
        "a default that is not of the value's type, or not among its values",
        "correct the default or the type",
    ),
    warning(
        "definition-alike",
        "two definitions that say the same under two names",
        "let one refer to the other",
    ),
    warning(
        "definition-name-case",
        "a definition named in another case than most are",
        "rename it, or give it an `x-name`",
    ),
    warning(
        "definition-no-description",
        "a definition that nobody explains",
        "say in one sentence what it is",
    ),
    warning(
        "definition-unused",
        "a definition that nothing refers to",
        "remove it, or refer to it",
    ),
    warning(
        "enum-case",
        "values of one enum in different cases",
        "check how the service spells them",
    ),
    warning(
        "enum-duplicate",
        "a value that an enum has twice",
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
        "an error code that nobody explains",
        "say what it means and what to do about it",
    ),
    warning(
        "error-code-unknown",
        "a code in an operation's `x-errors` that `x-error-codes` does not have",
        "correct the code, or describe it in `x-error-codes`",
    ),
    warning(
        "example-misfit",
        "an example that doesn't fit what it is an example of",
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
        "limits-contradict",
        "a lower limit above the upper limit, so that no value is allowed",
        "correct one of the limits",
    ),
    warning(
        "lint-allow-unused",
        "an entry of `x-lint-allow` that allows nothing any more",
        "delete it",
    ),
    warning(
        "misplaced-fact",
        "a fact of the generator at an object where it has no effect",
        "move it to the object that it describes",
    ),
    warning(
        "name-without-letters",
        "a name without a letter or digit: its identifier is made of the names of its symbols",
        "use letters, or add an `x-name` that has some",
    ),
    warning(
        "no-description",
        "an operation that nobody explains",
        "say in one sentence what it does",
    ),
    warning(
        "no-success",
        "an operation without a status that means success",
        "add a 2xx status, or `\"x-success\": true` to another",
    ),
    warning(
        "null-items",
        "a list or map that may hold null, which its type does not say",
        "leave null out, or let a pack look at `nullable_items`",
    ),
    warning(
        "object-alike",
        "an object without a definition that says the same as another, or as a definition",
        "describe it once, among the definitions, and refer to it",
    ),
    note(
        "one-direction",
        "a value that only requests or only responses have, in a type that both share",
        "nothing, unless a pack tells them apart by `read_only` and `write_only`",
    ),
    note(
        "openapi-ignored",
        "something of OpenAPI that the generator leaves out",
        "nothing, unless it is needed",
    ),
    note(
        "openapi-union",
        "a value of one of several types, which is read as any JSON",
        "describe one type if there is one",
    ),
    warning(
        "operation-id-alike",
        "two operation ids that differ by capitals or separators alone",
        "rename one of them",
    ),
    warning(
        "operation-id-case",
        "an operation id in another case than most are",
        "rename it",
    ),
    warning(
        "operation-id-made",
        "an operation without an id: one is made from method and path",
        "add `operationId`, so that the name stays when the path changes",
    ),
    warning(
        "operation-id-verb",
        "an operation id whose verb is not in front, as others have it",
        "begin it with the verb",
    ),
    warning(
        "overlay-action",
        "an action that is not as it should be, but clear enough",
        "correct it as the finding says",
    ),
    warning(
        "overlay-info",
        "an overlay without a title or version",
        "add `info` with both",
    ),
    warning(
        "parameter-alike",
        "two parameters or properties whose names differ by capitals or separators alone",
        "spell them alike",
    ),
    warning(
        "parameter-no-description",
        "a parameter that nobody explains",
        "say what it does",
    ),
    warning(
        "parameter-type-differs",
        "one parameter with another type in another operation",
        "give both the same type",
    ),
    warning(
        "parameter-unused",
        "a shared parameter, response, header or body that nothing refers to",
        "remove it, or refer to it",
    ),
    warning(
        "property-no-description",
        "a property that nobody explains",
        "say what it means",
    ),
    warning(
        "required-null",
        "a required property that may be null: it is read as optional",
        "nothing, if null and absence mean the same",
    ),
    warning(
        "required-undescribed",
        "a required property that is not described: it is left out",
        "describe it, or correct the name",
    ),
    warning(
        "schema-without-body",
        "a schema of a response that never has a body: to `HEAD`, or with status 204, 205 or 304",
        "remove the schema, or use a status that has a body",
    ),
    warning(
        "status-no-description",
        "a success that nobody explains",
        "say when it is answered",
    ),
    warning(
        "status-no-schema",
        "a success without a schema, where another of the operation has one",
        "add the schema, or say with 204 that there is no body",
    ),
    warning(
        "text-untranslated",
        "a text that the overlay for another language does not translate",
        "add it to the overlay that sets `x-language`",
    ),
    warning(
        "type-name-unused",
        "an `x-type-name` or `x-type-description` on a value that has no type of its own",
        "move it to an inline object or enum",
    ),
    warning(
        "unknown-key",
        "a key that the specification's version does not know",
        "correct the spelling, or begin it with `x-`",
    ),
    warning(
        "unsigned-sub-resource",
        "a query that is signed elsewhere but not here",
        "add `\"x-signed\": true`",
    ),
];
