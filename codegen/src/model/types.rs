//! The model that templates see. Every field is always present; absent values are null.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::document::{Extensions, Retry};
use crate::source::Node;

use super::imports::Imports;
use super::property::{Encoding, ListFormat, Property, Shape, TypeKind};
use super::source_location::SourceLocation;

/// Version of the model. `pack.json` names the version that its templates require.
pub const MODEL_VERSION: &str = "1";

/// The root context of every template.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Model {
    /// Version of the model.
    pub model_version: &'static str,
    /// Path of the root specification.
    pub source: String,
    /// The service.
    pub service: Service,
    /// Tags with their operations.
    pub sub_services: Vec<SubService>,
    /// Paths with their operations.
    pub resources: Vec<Resource>,
    /// Objects, enums and aliases.
    pub types: Vec<CustomizedType>,
    /// Error codes.
    pub error_codes: Vec<ErrorCode>,
    /// Index of each type in `types`, by identifier.
    pub type_index: IndexMap<String, usize>,
    /// Names of the query parameters that enter the signature, sorted.
    pub signed_parameters: Vec<String>,
    /// Kinds of values in all operations, for imports.
    pub uses: Imports,
    /// Kinds of values in the definitions of all types, for imports.
    pub types_use: Imports,
}

/// The service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Service {
    /// Name in the specification.
    pub name: String,
    /// Identifier in the pack's type case, for example `PascalCase`.
    pub ident: String,
    /// `info.title`
    pub title: String,
    /// `info.version`
    pub version: String,
    /// First line of the description.
    pub summary: String,
    /// `info.description`
    pub description: String,
    /// URL of the documentation.
    pub docs_url: Option<String>,
    /// Host name.
    pub host: String,
    /// Prefix of every path.
    pub base_path: String,
    /// `http`, `https`
    pub schemes: Vec<String>,
    /// Operations without a handle.
    pub operations: Vec<Arc<Operation>>,
    /// Kinds of values in these operations, for imports.
    pub uses: Imports,
    /// Other `x-` keys of the specification.
    pub ext: Extensions,
}

/// A tag with its operations.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SubService {
    /// Name of the tag.
    pub name: String,
    /// Identifier in the pack's type case, for example `PascalCase`.
    pub ident: String,
    /// Description of the tag.
    pub description: String,
    /// The handle with the name of the tag, or the common handle of its operations.
    pub handle: Option<String>,
    /// Operations in the order of the specification.
    pub operations: Vec<Arc<Operation>>,
    /// Kinds of values in these operations, for imports.
    pub uses: Imports,
}

/// A path with its operations.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Resource {
    /// File name stem, unique among resources.
    pub name: String,
    /// Identifier in the pack's type case, for example `PascalCase`.
    pub ident: String,
    /// Key of the path in the specification.
    pub path: String,
    /// Query in the key.
    pub sub_resource: Option<String>,
    /// Common handle of the operations.
    pub handle: Option<String>,
    /// Operations in the order of the specification.
    pub operations: Vec<Arc<Operation>>,
    /// Kinds of values in these operations, for imports.
    pub uses: Imports,
    /// Place in the specification.
    pub source: SourceLocation,
}

/// An operation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Operation {
    /// `operationId`
    pub id: String,
    /// Identifier in the pack's type case, for example `PascalCase`.
    pub ident: String,
    /// Identifier in the pack's method case, without the handle's name.
    pub method_ident: String,
    /// First line of the documentation.
    pub summary: String,
    /// Further documentation.
    pub description: String,
    /// URL of the documentation.
    pub docs_url: Option<String>,
    /// Whether the operation is deprecated.
    pub deprecated: bool,
    /// HTTP method in upper case.
    pub http_method: String,
    /// Key of the path in the specification.
    pub path: String,
    /// Segments of the path after those that the handle binds.
    pub path_segments: Vec<Segment>,
    /// Query in the key of the path.
    pub sub_resource: Option<String>,
    /// Query in the key of the path, unless a query parameter of that name is sent anyway.
    pub marker: Option<String>,
    /// First tag.
    pub tag: Option<String>,
    /// Handle that has the operation.
    pub handle: Option<String>,
    /// Name of the resource.
    pub resource: String,
    /// Place in the specification.
    pub source: SourceLocation,
    /// Id of the previous operation in documents, where operations without a handle come first,
    /// followed by those of each tag.
    pub previous: Option<String>,
    /// Identifier of the previous operation.
    pub previous_ident: Option<String>,
    /// Id of the next operation.
    pub next: Option<String>,
    /// Identifier of the next operation.
    pub next_ident: Option<String>,
    /// The request.
    pub request: Request,
    /// The response.
    pub response: Response,
    /// Kinds of values in request and response, for imports.
    pub uses: Imports,
    /// Identifiers of all types that request and response contain, at any depth, in the order of
    /// `types`.
    pub types: Vec<String>,
    /// Whether the service requires `Content-MD5`.
    pub content_md5_required: bool,
    /// Whether the request can be retried after an ambiguous failure.
    pub repeatable: Repeatable,
    /// Whether the service can take long before it responds.
    pub slow: bool,
    /// How to request the next page.
    pub paging: Option<Paging>,
    /// Examples of requests and responses, from `x-examples`.
    pub examples: Vec<Node>,
    /// Other `x-` keys of the specification.
    pub ext: Extensions,
}

/// A segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Segment {
    /// Fixed text.
    Literal {
        /// The text.
        text: String,
    },
    /// The value of a parameter.
    Parameter {
        /// Name of the parameter.
        property: String,
        /// Identifier of the parameter.
        ident: String,
        /// How the value is written.
        encoding: Encoding,
        /// Format of a list.
        collection: Option<ListFormat>,
    },
}

/// Whether a request can be retried after an ambiguous failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Repeatable {
    /// The request can be retried.
    Always,
    /// The request must not be retried.
    Never,
    /// The request can be retried unless it has a header.
    UnlessHeader {
        /// Name of the header.
        header: String,
    },
}

/// How to request the next page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Paging {
    /// Response property with the items of a page.
    pub items: Name,
    /// Type of one item. `null` if the list does not specify it.
    pub item_type: Option<String>,
    /// Request parameter for the page size.
    pub limit: Option<Name>,
    /// Response property that is true if there are more pages.
    pub more: Option<Name>,
    /// Response properties that become parameters of the next request.
    pub next: Vec<PageLink>,
    /// Properties of the last item of the page that become parameters of the next request.
    pub last: Vec<PageLink>,
    /// Request parameter for the number of items to skip.
    pub offset: Option<Name>,
    /// Response property with the total number of items.
    pub total: Option<Name>,
    /// Whether these facts are sufficient to request all pages.
    pub complete: bool,
    /// `x-paging` as in the specification.
    pub raw: Node,
}

/// Name and identifier of a property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Name {
    /// Name as sent.
    pub name: String,
    /// Identifier in the pack's property case, for example `snake_case`.
    pub ident: String,
}

/// A response property that becomes a parameter of the next request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageLink {
    /// Property of the response, or of its last item.
    pub from: Name,
    /// Parameter of the request.
    pub to: Name,
}

/// A request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Request {
    /// All properties, in order. Callers must pass those that are `required`, and can pass those
    /// that are not `computed`.
    pub properties: Vec<Property>,
    /// The body.
    pub body: Body,
}

/// The responses of an operation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Response {
    /// All documented statuses.
    pub statuses: Vec<Status>,
    /// Statuses that mean success.
    pub success: Vec<u16>,
    /// Headers and body fields of all successes, in order.
    pub properties: Vec<Property>,
    /// The body of successes.
    pub body: Body,
    /// Parts of the response that the properties are read from.
    pub source: ResponseSource,
}

/// Parts of a response that its properties are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseSource {
    /// None: the response has no properties.
    Nothing,
    /// Only the fields of a JSON body.
    JsonFields,
    /// Headers, or a body of another kind.
    Message,
}

/// A documented status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Status {
    /// HTTP status. `null` for all others.
    pub status: Option<u16>,
    /// Description.
    pub description: String,
    /// Whether the status means success.
    pub success: bool,
}

/// A body.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Body {
    /// Kind of the body.
    pub kind: BodyKind,
    /// Name of the body parameter.
    pub name: Option<String>,
    /// Identifier of the property that is the body, for `value` and `stream`.
    pub ident: Option<String>,
    /// Description.
    pub description: String,
    /// Whether requests must have a body.
    pub required: bool,
    /// Media type.
    pub content_type: Option<String>,
}

/// Kinds of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// No body.
    None,
    /// A JSON object. Its fields are the properties with place `json`.
    Json,
    /// JSON other than an object, as one property.
    Value,
    /// Bytes.
    Stream,
    /// A form.
    Form,
}

/// A type of the API.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CustomizedType {
    /// Name in the specification. Derived from parent and field for an inline type.
    pub name: String,
    /// Identifier in the pack's type case, for example `PascalCase`.
    pub ident: String,
    /// Kind of the type.
    pub kind: TypeKind,
    /// Description.
    pub description: String,
    /// Properties of an object, in order.
    pub properties: Vec<Property>,
    /// Values of an enum, in order.
    pub values: Vec<EnumValue>,
    /// Target of an alias.
    pub shape: Option<Shape>,
    /// Target of an alias in the pack's language.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Constructors that set some properties to fixed values.
    pub constructors: Vec<Constructor>,
    /// Type of additional properties of an object.
    pub additional: Option<Shape>,
    /// Type of additional properties in the pack's language.
    pub additional_type: Option<String>,
    /// Whether the type is an object of requests with a single property, which is a required text.
    pub from_text: bool,
    /// Whether requests can contain the type.
    pub in_request: bool,
    /// Whether responses can contain the type.
    pub in_response: bool,
    /// Kinds of values in the definition, for imports.
    pub uses: Imports,
    /// Place in the specification.
    pub source: SourceLocation,
    /// Other `x-` keys of the specification.
    pub ext: Extensions,
}

/// A value of an enum.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EnumValue {
    /// Value as sent.
    pub value: String,
    /// Identifier in the pack's value case.
    pub ident: String,
    /// Description.
    pub description: String,
    /// Place in the specification.
    pub source: SourceLocation,
}

/// A constructor of an object that sets some properties to fixed values.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Constructor {
    /// Name.
    pub name: String,
    /// Identifier in the pack's method case.
    pub ident: String,
    /// Description.
    pub description: String,
    /// Properties with fixed values.
    pub fixed: Vec<Fixed>,
    /// Properties that are arguments.
    pub args: Vec<Property>,
}

/// A property with a fixed value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fixed {
    /// The property.
    pub property: Property,
    /// The value as JSON.
    pub value: Node,
    /// Identifier of the value, if the property is an enum.
    pub value_ident: Option<String>,
    /// Identifier of the enum.
    pub type_ident: Option<String>,
}

/// An error code.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorCode {
    /// Code as sent.
    pub code: String,
    /// Identifier in the pack's value case.
    pub ident: String,
    /// HTTP status of responses with this code.
    pub status: Option<u16>,
    /// Description.
    pub description: String,
    /// Whether clients should retry.
    pub retry: Retry,
    /// Place in the specification.
    pub source: SourceLocation,
}
