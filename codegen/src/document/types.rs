//! A specification, typed: what Swagger 2.0 says and what the `x-` facts add.

use indexmap::IndexMap;

use crate::source::{Node, Span};

/// Keys that begin with `x-` and that this crate does not interpret, in order.
pub(crate) type Extensions = IndexMap<String, Node>;

/// A whole API.
#[derive(Debug, Clone)]
pub struct Document {
    /// The root object.
    pub span: Span,
    /// `info.title`
    pub title: String,
    /// `info.version`
    pub version: String,
    /// `info.description`
    pub description: String,
    /// `externalDocs.url`
    pub docs_url: Option<String>,
    /// Host name, perhaps with a port.
    pub host: String,
    /// What stands before every path.
    pub base_path: String,
    /// `http`, `https`
    pub schemes: Vec<String>,
    /// Tags that the root describes.
    pub tags: IndexMap<String, String>,
    /// Things that operations stand on.
    pub handles: Vec<Handle>,
    /// A prefix of header names that identifiers leave out.
    pub header_prefix: Option<String>,
    /// Codes of errors that the service answers with.
    pub error_codes: Vec<ErrorCode>,
    /// Paths in order, each with its operations.
    pub paths: Vec<PathItem>,
    /// Named schemas.
    pub definitions: IndexMap<String, Definition>,
    /// `x-lint-allow`
    pub lint_allow: Vec<Allow>,
    /// Whether `required` may name properties that are not described, and operations have no
    /// response, as OpenAPI 3 has it.
    pub open_required: bool,
    /// Facts for templates.
    pub ext: Extensions,
}

/// An entry of `x-lint-allow`: a finding that is right and stays.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The whole entry.
    pub span: Span,
    /// The id of a rule.
    pub rule: (String, Span),
    /// A JSON pointer or JSONPath: what the rule is allowed for.
    pub at: (String, Span),
    /// Why.
    pub reason: String,
}

/// Something that operations stand on because it binds the first parameters of their paths.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Its name.
    pub name: String,
    /// Where it is said.
    pub span: Span,
    /// The path parameters that it binds, in order.
    pub binds: Vec<String>,
}

/// A code of an error that the service answers with.
#[derive(Debug, Clone)]
pub struct ErrorCode {
    /// As it is sent.
    pub code: String,
    /// Where it is said.
    pub span: Span,
    /// The HTTP status that it comes with.
    pub status: Option<u16>,
    /// What it means.
    pub description: String,
    /// Whether to try again: `yes`, `no` or `special`.
    pub retry: String,
}

/// A named schema.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Where the name stands.
    pub key: Span,
    /// What it names.
    pub schema: Schema,
}

/// One key of `paths`.
#[derive(Debug, Clone)]
pub struct PathItem {
    /// The key as it is written.
    pub key: String,
    /// Where it is written.
    pub span: Span,
    /// The key without its query.
    pub path: String,
    /// The query in the key: the name of a sub-resource.
    pub sub_resource: Option<String>,
    /// `x-name`: name of the resource. By default, the name is made from the path.
    pub name: Option<String>,
    /// `x-signed`: the sub-resource enters the signature; so it does unless the path says no.
    pub signed: bool,
    /// The operations in order.
    pub operations: Vec<Operation>,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The key that holds it, for example `"get"`.
    pub key: Span,
    /// `operationId`
    pub id: String,
    /// Where the id stands.
    pub id_span: Span,
    /// `x-name`: what identifiers are made from instead of the id.
    pub name: Option<String>,
    /// In upper case.
    pub method: String,
    /// One line.
    pub summary: String,
    /// More than one line.
    pub description: String,
    /// `externalDocs.url`
    pub docs_url: Option<String>,
    /// The first tag.
    pub tag: Option<String>,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Media types of the request.
    pub consumes: Vec<String>,
    /// Those of the path first, unless the operation has its own.
    pub parameters: Vec<Parameter>,
    /// All answers, in order.
    pub responses: Vec<Response>,
    /// `x-paging`
    pub paging: Option<Node>,
    /// `x-idempotent`
    pub idempotent: Option<Idempotent>,
    /// `x-slow`
    pub slow: bool,
    /// `x-examples`
    pub examples: Vec<Node>,
    /// Facts for templates.
    pub ext: Extensions,
}

impl Operation {
    /// Returns the name that identifiers are made from: `x-name`, or the id.
    pub fn wanted_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// What `x-idempotent` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotent {
    /// May be repeated.
    Yes,
    /// May not be repeated.
    No,
    /// May be repeated unless this header is sent.
    UnlessHeader(String),
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum In {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
    /// It is the body.
    Body,
    /// Into a form that is the body.
    Form,
}

/// One parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The whole object.
    pub span: Span,
    /// As it is sent.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Where it goes.
    pub place: In,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Its type, description and facts.
    pub schema: Schema,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Where the status stands.
    pub span: Span,
    /// None for `default`.
    pub status: Option<u16>,
    /// Whether the operation succeeded.
    pub success: bool,
    /// What it means.
    pub description: String,
    /// Headers in order.
    pub headers: IndexMap<String, (Span, Schema)>,
    /// The body.
    pub schema: Option<Schema>,
}

impl Operation {
    /// Returns whether a response never has a body, whatever its schema says.
    pub fn is_bodiless(&self, response: &Response) -> bool {
        self.method == "HEAD" || matches!(response.status, Some(204 | 205 | 304))
    }
}

/// A type, with what is said about the value.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The whole object.
    pub span: Span,
    /// What it is.
    pub kind: SchemaKind,
    /// What it means.
    pub description: String,
    /// The value that the service assumes.
    pub default: Option<Node>,
    /// `example`, `examples`
    pub examples: Vec<Node>,
    /// `collectionFormat`
    pub collection: Option<String>,
    /// Limits.
    pub limits: Limits,
    /// Values of an enum that is no string.
    pub values: Vec<Node>,
    /// Facts.
    pub facts: Facts,
    /// Facts for templates.
    pub ext: Extensions,
}

/// Limits of a value; for documentation and checks.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// `minimum`
    pub minimum: Option<serde_json::Number>,
    /// `maximum`
    pub maximum: Option<serde_json::Number>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `pattern`
    pub pattern: Option<String>,
}

/// What the `x-` keys of a parameter or property say.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `x-name`: what the identifier is made from.
    pub name: Option<String>,
    /// `x-type-name`: the name of an inline object or enum.
    pub type_name: Option<(String, Span)>,
    /// `x-type-description`: describes the type of an inline object or enum, instead of the value's
    /// description.
    pub type_description: Option<(String, Span)>,
    /// `x-prefix`: of the headers that make up a map.
    pub prefix: Option<String>,
    /// `x-signed`: the query parameter enters the signature.
    pub signed: bool,
    /// `x-present`: always there in an answer.
    pub present: bool,
    /// `x-one-or-many`: a list that may come as a single item.
    pub one_or_many: Option<Span>,
    /// `x-computed`: the runtime works it out.
    pub computed: bool,
    /// `x-deprecated`
    pub deprecated: bool,
    /// Whether the value may be null, as OpenAPI says it.
    pub nullable: bool,
    /// `readOnly`: only responses have the value.
    pub read_only: bool,
    /// `writeOnly`: only requests have the value.
    pub write_only: bool,
    /// Whether a list in a form is one of files.
    pub file_list: bool,
    /// `x-enum-descriptions`
    pub enum_descriptions: IndexMap<String, String>,
    /// `x-enum-names`: what the identifiers of values are made from.
    pub enum_names: IndexMap<String, String>,
    /// `x-constructors`
    pub constructors: Vec<Constructor>,
}

/// A way to make an object with some properties fixed.
#[derive(Debug, Clone)]
pub struct Constructor {
    /// Its name.
    pub name: String,
    /// Where it is said.
    pub span: Span,
    /// What it makes.
    pub description: String,
    /// Properties with fixed values.
    pub fixed: IndexMap<String, Node>,
    /// Properties that are given.
    pub args: Vec<(String, Span)>,
}

/// What a schema is.
#[derive(Debug, Clone)]
pub enum SchemaKind {
    /// `$ref` to a definition.
    Ref(String),
    /// Properties, and perhaps others.
    Object(Object),
    /// A list.
    Array(Box<Schema>),
    /// Text in some format.
    Text {
        /// `format`
        format: Option<String>,
        /// `enum`, each with its place
        values: Vec<(String, Span)>,
    },
    /// A whole number in some format.
    Integer(Option<String>),
    /// A number in some format.
    Number(Option<String>),
    /// A flag.
    Boolean,
    /// `type: file`
    File,
    /// `type: map`: headers with a common prefix.
    HeaderMap,
    /// All of these at once.
    AllOf(Vec<Schema>),
    /// Any JSON.
    Free,
}

/// The properties of an object.
#[derive(Debug, Clone, Default)]
pub struct Object {
    /// In order, each with the place of its name.
    pub properties: IndexMap<String, (Span, Schema)>,
    /// Those that must be there.
    pub required: Vec<(String, Span)>,
    /// What else there may be.
    pub additional: Additional,
}

/// `additionalProperties`
#[derive(Debug, Clone, Default)]
pub enum Additional {
    /// Nothing is said: others are ignored.
    #[default]
    Unsaid,
    /// `false`
    No,
    /// `true`
    Free,
    /// Of one type.
    Typed(Box<Schema>),
}

impl Schema {
    /// Whether both describe the same values. Enums of text are all alike: their values are united.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (SchemaKind::Ref(a), SchemaKind::Ref(b)) => a == b,
            (SchemaKind::Array(a), SchemaKind::Array(b)) => a.is_like(b),
            (SchemaKind::Object(a), SchemaKind::Object(b)) => a.is_like(b),
            (SchemaKind::AllOf(a), SchemaKind::AllOf(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_like(b))
            }
            (
                SchemaKind::Text {
                    format: a,
                    values: one,
                },
                SchemaKind::Text {
                    format: b,
                    values: two,
                },
            ) => one.is_empty() == two.is_empty() && (a == b || !one.is_empty()),
            (SchemaKind::Integer(a), SchemaKind::Integer(b)) => {
                a == b && self.limits.minimum == other.limits.minimum
            }
            (SchemaKind::Number(a), SchemaKind::Number(b)) => a == b,
            (SchemaKind::Boolean, SchemaKind::Boolean)
            | (SchemaKind::File, SchemaKind::File)
            | (SchemaKind::HeaderMap, SchemaKind::HeaderMap)
            | (SchemaKind::Free, SchemaKind::Free) => true,
            _ => false,
        }
    }
}

impl Object {
    fn is_like(&self, other: &Self) -> bool {
        let required = |object: &'_ Self| -> std::collections::HashSet<String> {
            object
                .required
                .iter()
                .map(|(name, _)| name.clone())
                .collect()
        };
        let (own, others) = (required(self), required(other));
        let additional = match (&self.additional, &other.additional) {
            (Additional::Typed(a), Additional::Typed(b)) => a.is_like(b),
            (Additional::Typed(_), _) | (_, Additional::Typed(_)) => false,
            _ => true,
        };
        additional
            && self.properties.len() == other.properties.len()
            && self.properties.iter().all(|(name, (_, schema))| {
                let known = other.properties.get(name);
                known.is_some_and(|(_, known)| schema.is_like(known))
                    && own.contains(name) == others.contains(name)
            })
    }
}
