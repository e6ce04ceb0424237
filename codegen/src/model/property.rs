//! Properties: parameters, headers, fields, and what they hold.

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::Extensions;
use crate::source::Node;

use super::location::Source;

/// A parameter, a header or a field.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Property {
    /// As it is sent.
    pub name: String,
    /// In the case of properties.
    pub ident: String,
    /// Where it goes.
    pub place: Place,
    /// What it is.
    pub shape: Shape,
    /// What it is in the pack's language.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The same as it is held: with the pack's `optional` around it unless it is plain.
    pub held_type: String,
    /// What a list or map holds, in the pack's language.
    pub item_type: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Whether an answer always has it.
    pub present: bool,
    /// Whether it is held without an option around it. A property that is not required is plain
    /// only if its absence and the empty value of its type mean the same: it has no default but an
    /// empty one, and is not a list or map in the JSON of a request.
    pub plain: bool,
    /// Whether the runtime works it out.
    pub computed: bool,
    /// Whether it enters the signature.
    pub signed: bool,
    /// What the service assumes.
    pub default: Option<Node>,
    /// What it means.
    pub description: String,
    /// The least value.
    pub minimum: Option<serde_json::Number>,
    /// The greatest value.
    pub maximum: Option<serde_json::Number>,
    /// The most characters.
    pub max_length: Option<u64>,
    /// What it must match.
    pub pattern: Option<String>,
    /// Values of an enum that is no string.
    pub enum_values: Vec<Node>,
    /// Whether a list may come as a single item.
    pub one_or_many: bool,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Whether null is a value of it, besides being absent.
    pub nullable: bool,
    /// Whether what a list or map holds may be null.
    pub nullable_items: bool,
    /// Whether only responses have it.
    pub read_only: bool,
    /// Whether only requests have it.
    pub write_only: bool,
    /// Whether a list in a form is one of files; its shape is a list of text.
    pub file_list: bool,
    /// Where it stands.
    pub source: Source,
    /// Facts for templates.
    pub ext: Extensions,
}

/// Where a property goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// Which part of the message.
    pub kind: PlaceKind,
    /// What the names of the headers of a map begin with.
    pub prefix: Option<String>,
    /// How a list is written.
    pub collection: Option<String>,
}

/// The parts of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// Headers with a common prefix.
    HeaderMap,
    /// A member of the JSON body.
    Json,
    /// The whole body, as JSON.
    Value,
    /// The whole body, as bytes.
    Stream,
    /// A field of a form.
    Form,
    /// A file in a form.
    FormFile,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shape {
    /// A flag.
    Bool,
    /// A whole number.
    Int {
        /// 32 or 64.
        bits: u8,
        /// Whether it may be negative.
        signed: bool,
    },
    /// A number.
    Float {
        /// 32 or 64.
        bits: u8,
    },
    /// Text.
    Text,
    /// Bytes, Base64 in JSON.
    Bytes,
    /// Bytes that are streamed.
    Binary,
    /// A time.
    Time {
        /// `iso8601`, `http_date`, `unix` or `date`.
        format: &'static str,
    },
    /// A list.
    List {
        /// Of what.
        item: Box<Shape>,
    },
    /// A map from text.
    Map {
        /// To what.
        value: Box<Shape>,
    },
    /// A customized type.
    Named {
        /// As in the specification.
        name: String,
        /// In the case of types.
        ident: String,
        /// What the type is.
        type_kind: TypeKind,
        /// Whether the reference closes a circle, so it needs indirection.
        recursive: bool,
    },
    /// Any JSON.
    Free,
    /// Text in a format that the pack has a type for.
    Format {
        /// The format.
        format: String,
    },
}

/// What a customized type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// An object.
    Object,
    /// A list of words.
    Enum,
    /// Another name for a type.
    Alias,
}
