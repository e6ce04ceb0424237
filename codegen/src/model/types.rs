//! What templates see. Every field is always there; what is absent is null.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::document::Extensions;
use crate::source::Node;

use super::imports::Imports;
use super::location::Source;
use super::property::{Property, Shape, TypeKind};

/// The version of this model. A pack says which one it was written for.
pub const MODEL_VERSION: &str = "1";

/// The root context of every template.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Model {
    /// [`MODEL_VERSION`]
    pub model_version: &'static str,
    /// The path of the root specification.
    pub source: String,
    /// The API as a whole.
    pub service: Service,
    /// One per tag.
    pub sub_services: Vec<SubService>,
    /// One per path key.
    pub resources: Vec<Resource>,
    /// Objects, enums and aliases.
    pub types: Vec<CustomizedType>,
    /// Codes of errors.
    pub error_codes: Vec<ErrorCode>,
    /// The index in `types` of each type, by identifier.
    pub type_index: IndexMap<String, usize>,
    /// Names of query parameters that enter a signature, sorted.
    pub signed_parameters: Vec<String>,
    /// What the properties of all operations need, for imports.
    pub uses: Imports,
    /// What the definitions of all types need, for imports.
    pub types_use: Imports,
}

/// The API as a whole.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Service {
    /// As in the specification.
    pub name: String,
    /// In the case of types.
    pub ident: String,
    /// `info.title`
    pub title: String,
    /// `info.version`
    pub version: String,
    /// The first line of the description.
    pub summary: String,
    /// `info.description`
    pub description: String,
    /// Where its documentation is.
    pub docs_url: Option<String>,
    /// Host name.
    pub host: String,
    /// What stands before every path.
    pub base_path: String,
    /// `http`, `https`
    pub schemes: Vec<String>,
    /// Operations that stand on no handle.
    pub operations: Vec<Arc<Operation>>,
    /// What the properties of these operations need, for imports.
    pub uses: Imports,
    /// Facts for templates.
    pub ext: Extensions,
}

/// The operations of one tag.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SubService {
    /// The tag.
    pub name: String,
    /// In the case of types.
    pub ident: String,
    /// What the root says about the tag.
    pub description: String,
    /// The handle of the same name, or the one that all its operations stand on.
    pub handle: Option<String>,
    /// In the order of the specification.
    pub operations: Vec<Arc<Operation>>,
    /// What the properties of these operations need, for imports.
    pub uses: Imports,
}

/// The operations of one path key.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Resource {
    /// A stem for file names, unique.
    pub name: String,
    /// In the case of types.
    pub ident: String,
    /// The path key.
    pub path: String,
    /// The query in the path key.
    pub sub_resource: Option<String>,
    /// The handle that its operations stand on.
    pub handle: Option<String>,
    /// In the order of the specification.
    pub operations: Vec<Arc<Operation>>,
    /// What the properties of these operations need, for imports.
    pub uses: Imports,
    /// Where it stands.
    pub source: Source,
}

/// One operation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Operation {
    /// `operationId`
    pub id: String,
    /// In the case of types.
    pub ident: String,
    /// In the case of methods, without the handle's name.
    pub method_ident: String,
    /// One line.
    pub summary: String,
    /// More than one line.
    pub description: String,
    /// Where its documentation is.
    pub docs_url: Option<String>,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// In upper case.
    pub http_method: String,
    /// The path key.
    pub path: String,
    /// The path after what the handle binds.
    pub path_segments: Vec<Segment>,
    /// The query in the path key.
    pub sub_resource: Option<String>,
    /// The same, unless a query parameter of that name is sent anyway.
    pub marker: Option<String>,
    /// The first tag.
    pub tag: Option<String>,
    /// The handle that it stands on.
    pub handle: Option<String>,
    /// The name of its resource.
    pub resource: String,
    /// Where it stands.
    pub source: Source,
    /// Id of the previous operation in the order of documents: operations of the service first, then
    /// tag by tag.
    pub previous: Option<String>,
    /// Identifier of the previous operation.
    pub previous_ident: Option<String>,
    /// Id of the next operation.
    pub next: Option<String>,
    /// Identifier of the next operation.
    pub next_ident: Option<String>,
    /// What is sent.
    pub request: Request,
    /// What is answered.
    pub response: Response,
    /// What the properties of request and response need, for imports.
    pub uses: Imports,
    /// The identifiers of all types that request and response hold, at any depth, in the order of
    /// `types`.
    pub types: Vec<String>,
    /// Whether the service refuses a request without `Content-MD5`.
    pub content_md5_required: bool,
    /// Whether the call may be repeated blindly.
    pub repeatable: Repeatable,
    /// Whether the service may work long before it answers.
    pub slow: bool,
    /// How to get the next page.
    pub paging: Option<Paging>,
    /// Requests and answers, as the overlay has them.
    pub examples: Vec<Node>,
    /// Facts for templates.
    pub ext: Extensions,
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Segment {
    /// Sent as it is.
    Literal {
        /// The text.
        text: String,
    },
    /// A parameter's value.
    Parameter {
        /// The parameter's name.
        property: String,
        /// The parameter's identifier.
        ident: String,
    },
}

/// Whether a call may be repeated blindly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Repeatable {
    /// `always`, `never` or `unless_header`.
    pub kind: &'static str,
    /// The header that forbids it.
    pub header: Option<String>,
}

/// How to get the next page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Paging {
    /// The property of the answer that holds the items of a page.
    pub items: Name,
    /// The type of one item; none where the list says nothing of what it holds.
    pub item_type: Option<String>,
    /// The parameter of the request for the size of a page.
    pub limit: Option<Name>,
    /// The flag of the answer that says that there is more.
    pub more: Option<Name>,
    /// What of the answer goes where into the next request.
    pub next: Vec<PageLink>,
    /// What of the answer's last item goes where into the next request.
    pub last: Vec<PageLink>,
    /// The parameter of the request that counts the items to skip.
    pub offset: Option<Name>,
    /// The property of the answer that counts all items.
    pub total: Option<Name>,
    /// The fact as the specification has it.
    pub raw: Node,
}

/// A property's name and identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Name {
    /// As it is sent.
    pub name: String,
    /// In the case of properties.
    pub ident: String,
}

/// What of an answer goes where into the next request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageLink {
    /// The property of the answer, or of its last item.
    pub from: Name,
    /// The parameter of the request.
    pub to: Name,
}

/// What an operation sends.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Request {
    /// All, in order.
    pub properties: Vec<Property>,
    /// Those that must be given.
    pub required: Vec<Property>,
    /// Those that may be given.
    pub optional: Vec<Property>,
    /// What the body is.
    pub body: Body,
}

/// What an operation answers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Response {
    /// All answers.
    pub statuses: Vec<Status>,
    /// The statuses that mean success.
    pub success: Vec<u16>,
    /// Headers and body of all successes, in order.
    pub properties: Vec<Property>,
    /// What the body is.
    pub body: Body,
}

/// One status that an operation answers with.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Status {
    /// None for any other.
    pub status: Option<u16>,
    /// What it means.
    pub description: String,
    /// Whether it means success.
    pub success: bool,
}

/// What a body is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Body {
    /// `none`, `json` (its properties are those with place `json`), `value`, `stream` or `form`.
    pub kind: BodyKind,
    /// The name of the parameter that it is.
    pub name: Option<String>,
    /// The identifier of the property that it is, for `value` and `stream`.
    pub ident: Option<String>,
    /// What it is.
    pub description: String,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Its media type.
    pub content_type: Option<String>,
}

/// The kinds of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// There is none.
    None,
    /// A JSON object, taken apart into properties.
    Json,
    /// JSON that is no object, as one property.
    Value,
    /// Bytes.
    Stream,
    /// A form.
    Form,
}

/// A type of the API.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CustomizedType {
    /// As in the specification, or made from where it stands.
    pub name: String,
    /// In the case of types.
    pub ident: String,
    /// What it is.
    pub kind: TypeKind,
    /// What it means.
    pub description: String,
    /// Of an object, in order.
    pub properties: Vec<Property>,
    /// Those that must be there.
    pub required: Vec<Property>,
    /// Those that may be there.
    pub optional: Vec<Property>,
    /// Of an enum, in order.
    pub values: Vec<EnumValue>,
    /// Of an alias.
    pub shape: Option<Shape>,
    /// Of an alias, in the pack's language.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Ways to make it.
    pub constructors: Vec<Constructor>,
    /// What else an object may hold.
    pub additional: Option<Shape>,
    /// The same, in the pack's language.
    pub additional_type: Option<String>,
    /// Whether a request can hold it.
    pub in_request: bool,
    /// Whether an answer can hold it.
    pub in_response: bool,
    /// What its definition needs, for imports.
    pub uses: Imports,
    /// Where it stands.
    pub source: Source,
    /// Facts for templates.
    pub ext: Extensions,
}

/// A value of an enum.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EnumValue {
    /// As it is sent.
    pub value: String,
    /// In the case of values.
    pub ident: String,
    /// What it means.
    pub description: String,
    /// Where it stands.
    pub source: Source,
}

/// A way to make an object with some properties fixed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Constructor {
    /// Its name.
    pub name: String,
    /// In the case of methods.
    pub ident: String,
    /// What it makes.
    pub description: String,
    /// Properties with fixed values.
    pub fixed: Vec<Fixed>,
    /// Properties that are given.
    pub args: Vec<Property>,
}

/// A property with a fixed value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fixed {
    /// The property.
    pub property: Property,
    /// The value as JSON.
    pub value: Node,
    /// The identifier of the value, if the property is an enum.
    pub value_ident: Option<String>,
    /// The identifier of the enum.
    pub type_ident: Option<String>,
}

/// A code of an error.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorCode {
    /// As it is sent.
    pub code: String,
    /// In the case of values.
    pub ident: String,
    /// The HTTP status that it comes with.
    pub status: Option<u16>,
    /// What it means.
    pub description: String,
    /// `yes`, `no` or `special`.
    pub retry: String,
    /// Where it stands.
    pub source: Source,
}
