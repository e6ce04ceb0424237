//! The typed specification: the facts of Swagger 2.0, and those that `x-` keys add.

use indexmap::IndexMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::source::{Node, Span};

/// Keys that begin with `x-` and that the generator does not interpret, in order.
pub(crate) type Extensions = IndexMap<String, Node>;

/// An API.
#[derive(Debug, Clone)]
pub struct Document {
    /// Place of the root object.
    pub span: Span,
    /// `info.title`
    pub title: String,
    /// `info.version`
    pub version: String,
    /// `info.description`
    pub description: String,
    /// `externalDocs.url`
    pub docs_url: Option<String>,
    /// Host name, optionally with a port.
    pub host: String,
    /// Prefix of every path.
    pub base_path: String,
    /// `http`, `https`
    pub schemes: Vec<String>,
    /// Descriptions of declared tags by name.
    pub tags: IndexMap<String, String>,
    /// Handles, `x-handles`.
    pub handles: Vec<Handle>,
    /// Prefix of header names that identifiers omit, `x-header-prefix`.
    pub header_prefix: Option<(String, Span)>,
    /// Error codes, `x-error-codes`.
    pub error_codes: Vec<ErrorCode>,
    /// Paths in order.
    pub paths: Vec<PathItem>,
    /// Named schemas.
    pub definitions: IndexMap<String, Definition>,
    /// `x-lint-allow`
    pub lint_allow: Vec<Allow>,
    /// Whether `required` can name undescribed properties, and operations can have no responses, as
    /// in OpenAPI 3.
    pub open_required: bool,
    /// Other `x-` keys, for templates.
    pub ext: Extensions,
}

impl Document {
    /// Returns the rest of a header name after `x-header-prefix`, if it is not empty.
    pub(crate) fn without_header_prefix<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (prefix, _) = self.header_prefix.as_ref()?;
        let (start, rest) = name.split_at_checked(prefix.len())?;
        (start.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
    }
}

/// An entry of `x-lint-allow`: accepts findings of a rule at a place.
#[derive(Debug, Clone)]
pub struct Allow {
    /// Place of the entry.
    pub span: Span,
    /// Id of the rule.
    pub rule: (String, Span),
    /// JSON pointer or JSONPath of the place.
    pub at: (String, Span),
    /// Reason.
    pub reason: String,
}

/// A type that has the operations whose paths begin with the parameters that it binds.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Name.
    pub name: String,
    /// Place of the entry.
    pub span: Span,
    /// Path parameters that the handle binds, in order.
    pub binds: Vec<String>,
}

/// An error code of the service.
#[derive(Debug, Clone)]
pub struct ErrorCode {
    /// Code as sent.
    pub code: String,
    /// Place of the entry.
    pub span: Span,
    /// HTTP status of responses with this code.
    pub status: Option<u16>,
    /// Description.
    pub description: String,
    /// Whether clients should retry.
    pub retry: Retry,
}

/// Whether clients should retry after an error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The request was not executed, and can succeed if it is sent again.
    Yes,
    /// As `yes`, but not within the next second.
    Later,
    /// The request can succeed if it is sent again, but may have been executed.
    IfIdempotent,
    /// The body was damaged on the way, so that one retry can help.
    Once,
    /// The request fails again.
    No,
    /// The caller has to do something first, or the client handles the code itself.
    Special,
}

impl Retry {
    /// Returns whether the same request may succeed later.
    pub(crate) fn is_temporary(self) -> bool {
        matches!(self, Self::Yes | Self::Later | Self::IfIdempotent)
    }
}

/// A named schema.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Place of the name.
    pub key: Span,
    /// The schema.
    pub schema: Schema,
}

/// An entry of `paths`.
#[derive(Debug, Clone)]
pub struct PathItem {
    /// Key of the entry.
    pub key: String,
    /// Place of the key.
    pub span: Span,
    /// Key without its query.
    pub path: String,
    /// Query in the key: the name of a sub-resource.
    pub sub_resource: Option<String>,
    /// `x-name`: name of the resource. By default, the name is made from the path.
    pub name: Option<String>,
    /// `x-signed`: whether the sub-resource enters the signature. True by default.
    pub signed: bool,
    /// Operations in order.
    pub operations: Vec<Operation>,
}

/// Returns the path without the names of its parameters, which are not sent.
pub(crate) fn nameless(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        inside &= c != '}';
        if !inside {
            out.push(c);
        }
        inside |= c == '{';
    }
    out
}

/// An operation: one method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Place of its key, for example `"get"`.
    pub key: Span,
    /// `operationId`
    pub id: String,
    /// Place of the ID.
    pub id_span: Span,
    /// `x-name`: name that identifiers are made from instead of the ID.
    pub name: Option<String>,
    /// HTTP method in upper case.
    pub method: String,
    /// First line of the documentation.
    pub summary: String,
    /// Further documentation.
    pub description: String,
    /// `externalDocs.url`
    pub docs_url: Option<String>,
    /// First tag, with its place.
    pub tag: Option<(String, Span)>,
    /// Whether the operation is deprecated.
    pub deprecated: bool,
    /// Media types of the request body.
    pub consumes: Vec<String>,
    /// Parameters: those of the path, then those of the operation. A parameter of the operation
    /// replaces one of the path with the same name and place.
    pub parameters: Vec<Parameter>,
    /// Responses in order.
    pub responses: Vec<Response>,
    /// `x-paging`
    pub paging: Option<Node>,
    /// `x-idempotent`
    pub idempotent: Option<Idempotent>,
    /// `x-slow`
    pub slow: bool,
    /// `x-examples`
    pub examples: Vec<Node>,
    /// Other `x-` keys, for templates.
    pub ext: Extensions,
}

impl Operation {
    /// Returns the name that identifiers are made from: `x-name`, or the ID.
    pub fn wanted_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// Value of `x-idempotent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotent {
    /// The request can be retried.
    Yes,
    /// The request cannot be retried.
    No,
    /// The request can be retried unless it has this header.
    UnlessHeader(String),
}

/// Part of the request that a parameter belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum In {
    /// Path.
    Path,
    /// Query.
    Query,
    /// Header.
    Header,
    /// The body.
    Body,
    /// Field of a form.
    Form,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Place of the object.
    pub span: Span,
    /// Name as sent.
    pub name: String,
    /// Place of the name.
    pub name_span: Span,
    /// Part of the request.
    pub place: In,
    /// Whether the parameter is required.
    pub required: bool,
    /// Type, description and facts.
    pub schema: Schema,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    /// Place of the status.
    pub span: Span,
    /// HTTP status. `None` for `default`.
    pub status: Option<u16>,
    /// Whether the status means success.
    pub success: bool,
    /// Description.
    pub description: String,
    /// Headers in order, each with the place of its name.
    pub headers: IndexMap<String, (Span, Schema)>,
    /// Schema of the body.
    pub schema: Option<Schema>,
}

impl Operation {
    /// Returns whether a response never has a body, whatever its schema says.
    pub fn is_bodiless(&self, response: &Response) -> bool {
        self.method == "HEAD" || matches!(response.status, Some(204 | 205 | 304))
    }
}

/// A type, with facts about the value.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Place of the object.
    pub span: Span,
    /// Kind.
    pub kind: SchemaKind,
    /// Description.
    pub description: String,
    /// Default value.
    pub default: Option<Node>,
    /// `example`, `examples`
    pub examples: Vec<Node>,
    /// `collectionFormat`
    pub collection: Option<String>,
    /// Limits.
    pub limits: Limits,
    /// Values of an enum that is not text.
    pub values: Vec<Node>,
    /// Facts from `x-` keys.
    pub facts: Facts,
    /// Other `x-` keys, for templates.
    pub ext: Extensions,
}

/// Limits of a value.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// `minimum`
    pub minimum: Option<serde_json::Number>,
    /// `maximum`
    pub maximum: Option<serde_json::Number>,
    /// Exclusive lower limit of a number that is not an integer.
    pub exclusive_minimum: Option<serde_json::Number>,
    /// Exclusive upper limit of a number that is not an integer.
    pub exclusive_maximum: Option<serde_json::Number>,
    /// `minLength`
    pub min_length: Option<u64>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `minItems`
    pub min_items: Option<u64>,
    /// `maxItems`
    pub max_items: Option<u64>,
    /// `pattern`
    pub pattern: Option<String>,
}

/// Facts about a parameter or property.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `x-name`: name that the identifier is made from.
    pub name: Option<String>,
    /// `x-type-name`: name of an inline object or enum.
    pub type_name: Option<(String, Span)>,
    /// `x-type-description`: description of the type of an inline object or enum.
    pub type_description: Option<(String, Span)>,
    /// `x-prefix`: prefix of the names in a map of headers or form fields.
    pub prefix: Option<(String, Span)>,
    /// `x-signed`: whether the query parameter enters the signature.
    pub signed: bool,
    /// `x-present`: whether responses always contain the property.
    pub present: bool,
    /// `x-one-or-many`: whether a list can be sent as a single item.
    pub one_or_many: Option<Span>,
    /// `x-computed`: whether the runtime computes the value.
    pub computed: bool,
    /// `x-deprecated`: whether the property is deprecated.
    pub deprecated: bool,
    /// Whether the value can be null.
    pub nullable: bool,
    /// `readOnly`: only responses have the value.
    pub read_only: bool,
    /// `writeOnly`: only requests have the value.
    pub write_only: bool,
    /// Whether the property is a list of files in a form.
    pub file_list: bool,
    /// `x-enum-descriptions`: descriptions of enum values.
    pub enum_descriptions: IndexMap<String, String>,
    /// `x-enum-names`: names that the identifiers of enum values are made from.
    pub enum_names: IndexMap<String, String>,
    /// `x-constructors`: constructors of an object.
    pub constructors: Vec<Constructor>,
}

/// A constructor of an object that sets some properties to fixed values.
#[derive(Debug, Clone)]
pub struct Constructor {
    /// Name.
    pub name: String,
    /// Place of the entry.
    pub span: Span,
    /// Description.
    pub description: String,
    /// Values of the fixed properties.
    pub fixed: IndexMap<String, Node>,
    /// Properties that are arguments.
    pub args: Vec<(String, Span)>,
}

/// Kind of a schema.
#[derive(Debug, Clone)]
pub enum SchemaKind {
    /// `$ref` to a definition.
    Ref(String),
    /// An object.
    Object(Object),
    /// A list.
    Array(Box<Schema>),
    /// Text.
    Text {
        /// `format`
        format: Option<String>,
        /// `enum`, each value with its place.
        values: Vec<(String, Span)>,
    },
    /// An integer with its format.
    Integer(Option<String>),
    /// A number with its format.
    Number(Option<String>),
    /// A boolean.
    Boolean,
    /// `type: file`
    File,
    /// `type: map`: headers with a common prefix.
    HeaderMap,
    /// `allOf`: an object that combines several schemas.
    AllOf(Vec<Schema>),
    /// Any JSON.
    Free,
}

/// Contents of an object.
#[derive(Debug, Clone, Default)]
pub struct Object {
    /// Properties in order, each with the place of its name.
    pub properties: IndexMap<String, (Span, Schema)>,
    /// Names of required properties.
    pub required: Vec<(String, Span)>,
    /// Additional properties.
    pub additional: Additional,
}

/// `additionalProperties`
#[derive(Debug, Clone, Default)]
pub enum Additional {
    /// Not specified: additional properties are ignored.
    #[default]
    Unsaid,
    /// `false`
    No,
    /// `true`
    Free,
    /// A schema.
    Typed(Box<Schema>),
}

impl Schema {
    /// Returns whether both schemas describe the same values. All text enums count as equal,
    /// because their values are united.
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
