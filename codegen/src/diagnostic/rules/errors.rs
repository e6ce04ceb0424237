//! What forbids output.

use super::{Rule, error};

/// In the order of the alphabet.
pub(super) const RULES: &[Rule] = &[
    error(
        "all-of-circular",
        "an object that is made of itself, or of too many parts",
        "take the part out of `allOf`",
    ),
    error(
        "all-of-conflict",
        "an `allOf` with two parts that describe one property with different types",
        "describe the property once, or with one type",
    ),
    error(
        "all-of-object",
        "an `allOf` with a part that is no object",
        "make every part an object",
    ),
    error(
        "binary-place",
        "raw bytes where only text can stand",
        "use `\"format\": \"byte\"`, which is Base64 text",
    ),
    error(
        "body-and-form",
        "an operation with a body and a form",
        "use either: a form is the body",
    ),
    error(
        "body-duplicate",
        "an operation with two bodies",
        "merge them into one schema",
    ),
    error(
        "body-schema-missing",
        "a body parameter without `schema`",
        "add it: a body's type is said there",
    ),
    error(
        "collection-format",
        "a list written in a way that is unknown, or that its place can't have",
        "use csv, ssv, tsv or pipes; multi in queries and forms",
    ),
    error(
        "constructor",
        "a constructor that names what is not there",
        "name properties of the type, and values they may have",
    ),
    error(
        "error-code",
        "an error code without a code, there twice, or with an unknown word for repeating",
        "give each `code` once, and yes, no or special for `retry`",
    ),
    error(
        "file-unreadable",
        "a file that can't be read",
        "check the path and its permissions",
    ),
    error(
        "handle-duplicate",
        "two handles of one name",
        "rename one of them",
    ),
    error(
        "handle-empty",
        "a handle that binds no path parameter",
        "list them in `binds`",
    ),
    error("handle-name", "a handle without a name", "add `name`"),
    error(
        "handle-unknown",
        "a handle that the pack has no code for",
        "write the code, then name the handle in `handles` of pack.json",
    ),
    error(
        "header-name",
        "a header whose name no message can carry",
        "use ASCII letters, digits and `-`",
    ),
    error(
        "items-missing",
        "a list that does not say what it holds",
        "add `items`",
    ),
    error("json-depth", "JSON that is nested too deeply", "flatten it"),
    error(
        "json-duplicate-key",
        "an object with one key twice",
        "merge the members or rename one",
    ),
    error(
        "json-empty",
        "an empty file",
        "write a specification, a part of one, or an overlay",
    ),
    error(
        "json-number",
        "a number that JSON doesn't have, or that is too large",
        "write it as JSON has it",
    ),
    error(
        "json-syntax",
        "text that is no JSON",
        "correct it at the place shown",
    ),
    error(
        "json-utf8",
        "bytes that are not UTF-8",
        "save the file as UTF-8",
    ),
    error("json-yaml", "a YAML file", "convert it to JSON"),
    error(
        "lint-allow",
        "an entry of `x-lint-allow` that is wrong, or that allows an error",
        "give rule, place and reason; mend errors",
    ),
    error(
        "list-items",
        "a list of lists where only text can stand",
        "use one list, or text",
    ),
    error(
        "map-place",
        "a map outside headers and forms",
        "describe each query parameter by its name",
    ),
    error(
        "method-unknown",
        "an operation under a method that the specification's version does not have",
        "use get, put, post, delete, options, head or patch",
    ),
    error(
        "misspelt-key",
        "a key or fact that is unknown where a similar one is known",
        "write the one that is meant",
    ),
    error(
        "model-size",
        "a specification that expands to more than the generator holds",
        "break up what is repeated so often",
    ),
    error(
        "name-collision",
        "two names that are one after the change of case",
        "give one of them another with `x-name` or `x-type-name`",
    ),
    error(
        "openapi-place",
        "a parameter that no request can carry as it is described",
        "describe it by plain values, or make it optional",
    ),
    error(
        "openapi-server",
        "a server whose URL is missing, or has a variable without a default",
        "give `url`, and a default for each variable",
    ),
    error(
        "operation-id-duplicate",
        "two operations of one id",
        "give each an id of its own",
    ),
    error(
        "operation-id-missing",
        "an operation without `operationId`",
        "add it",
    ),
    error(
        "overlay-extends",
        "an overlay that was written for another file",
        "correct `extends`, or apply it to the file it names",
    ),
    error(
        "overlay-invalid",
        "an overlay that breaks the rules of overlays",
        "correct it at the place shown",
    ),
    error(
        "overlay-no-change",
        "an action that changes nothing",
        "delete it: the base has the fact now",
    ),
    error(
        "overlay-no-match",
        "an action whose target is nowhere",
        "correct the target, or delete the action",
    ),
    error(
        "paging",
        "a paging fact that names what is not there, or of another type",
        "name fields of the answer and parameters of the request; what is handed on has one type",
    ),
    error(
        "parameter-duplicate",
        "an operation with one parameter twice",
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
        "path-parameter-required",
        "a path parameter that is not required",
        "add `\"required\": true`",
    ),
    error(
        "path-parameter-undeclared",
        "a path whose parameter is not described",
        "add it to the parameters",
    ),
    error(
        "path-parameter-unknown",
        "a path parameter that is not in the path",
        "correct the name, or remove the parameter",
    ),
    error("path-slash", "a path that doesn't begin with `/`", "add it"),
    error(
        "path-text",
        "a path with characters that no URL has",
        "percent-encode them",
    ),
    error(
        "paths-missing",
        "a specification without `paths`",
        "add them",
    ),
    error(
        "ref-circular",
        "a reference that leads to itself",
        "replace one of the circle's references by content",
    ),
    error(
        "ref-depth",
        "too many references in a row",
        "refer to the content itself",
    ),
    error(
        "ref-invalid",
        "a reference that is no local one, or to the wrong kind of thing",
        "use `./file.json#/pointer` or a definition of the right kind",
    ),
    error(
        "ref-missing",
        "a reference to what is not there",
        "correct it, or add what it means",
    ),
    error(
        "ref-name-taken",
        "a schema of another file whose name is taken",
        "give it a name of its own among the definitions",
    ),
    error(
        "ref-not-json",
        "a reference to a file that is not a JSON document",
        "refer to a JSON file",
    ),
    error(
        "ref-size",
        "references that expand to more than the generator holds",
        "refer to definitions in place of whole paths",
    ),
    error(
        "required-unknown",
        "a required property that is not described",
        "correct the name, or describe the property",
    ),
    error(
        "response-bodies",
        "two successes with bodies of different kinds",
        "describe one body that fits both",
    ),
    error(
        "response-header-differs",
        "a header with different types in two successes of an operation",
        "describe the header with one type",
    ),
    error(
        "response-status",
        "a response under what is no HTTP status",
        "use 100 to 599, or default",
    ),
    error(
        "responses-empty",
        "an operation without any response",
        "add at least one status",
    ),
    error(
        "responses-missing",
        "an operation without `responses`",
        "add them",
    ),
    error(
        "swagger-version",
        "a file that is no specification of a version that can be read",
        "use Swagger 2.0, OpenAPI 3.0 or 3.1",
    ),
    error("tag-name", "a tag without a name", "add `name`"),
    error(
        "time-place",
        "a time in a list or map that has no form there",
        "use `\"format\": \"date-time\"`",
    ),
    error("type-missing", "a value without a type", "add `type`"),
    error(
        "type-name-differs",
        "one type name for two different things",
        "make them the same, or rename one",
    ),
    error(
        "type-unknown",
        "a type that is unknown, or that can't stand there",
        "use a type of the specification's version",
    ),
    error(
        "wrong-type",
        "a value of the wrong JSON type",
        "correct the value",
    ),
    error(
        "x-excludes-body",
        "a fact about bodies that names a header that is not sent",
        "name headers of the operation",
    ),
    error(
        "x-idempotent",
        "a fact about repeating that names a header that is not sent",
        "name one of the operation's headers",
    ),
    error(
        "x-one-or-many",
        "a fact about lists that stands at something else",
        "put it at an array",
    ),
];
