//! Properties: parameters, headers and fields, with the types of their values.

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::Extensions;
use crate::source::Node;

use super::location::Source;

/// A parameter, a header or a field.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Property {
    /// Name as sent.
    pub name: String,
    /// Identifier in the pack's property case, for example `snake_case`.
    pub ident: String,
    /// Part of the message.
    pub place: Place,
    /// Type of the value.
    pub shape: Shape,
    /// Type of the value in the pack's language.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Type of the field in the pack's language: `type`, within the pack's `optional` type unless
    /// `plain` is set.
    pub held_type: String,
    /// Type of list items or map values in the pack's language.
    pub item_type: Option<String>,
    /// Whether the property is required.
    pub required: bool,
    /// Whether responses always contain the property.
    pub present: bool,
    /// Whether the field has no `optional` type around it. An optional property is plain only if
    /// its absence and the empty value of its type mean the same: its default, if any, is empty,
    /// and it is not a list or map in the JSON of a request.
    pub plain: bool,
    /// Whether the runtime computes the value.
    pub computed: bool,
    /// Whether the property enters the signature.
    pub signed: bool,
    /// Default value of the service.
    pub default: Option<Node>,
    /// Description.
    pub description: String,
    /// Minimum.
    pub minimum: Option<serde_json::Number>,
    /// Maximum.
    pub maximum: Option<serde_json::Number>,
    /// Maximum number of characters.
    pub max_length: Option<u64>,
    /// Regular expression that the value matches.
    pub pattern: Option<String>,
    /// Values of an enum that is not text.
    pub enum_values: Vec<Node>,
    /// Whether a list can be sent as a single item.
    pub one_or_many: bool,
    /// Whether the property is deprecated.
    pub deprecated: bool,
    /// Whether the value can be null, in addition to being absent.
    pub nullable: bool,
    /// Whether list items or map values can be null.
    pub nullable_items: bool,
    /// Whether only responses contain the property.
    pub read_only: bool,
    /// Whether only requests contain the property.
    pub write_only: bool,
    /// Whether a list in a form is a list of files. Its type is a list of text.
    pub file_list: bool,
    /// Place in the specification.
    pub source: Source,
    /// Other `x-` keys of the specification.
    pub ext: Extensions,
}

/// Position of a property in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// Part of the message.
    pub kind: PlaceKind,
    /// Prefix of the header names of a map.
    pub prefix: Option<String>,
    /// List format in Swagger's terms, such as `csv`.
    pub collection: Option<String>,
}

/// Parts of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A parameter of the path.
    Path,
    /// A parameter of the query.
    Query,
    /// A header.
    Header,
    /// Headers with a common prefix.
    HeaderMap,
    /// A field of the JSON body.
    Json,
    /// The whole body, as JSON.
    Value,
    /// The whole body, as bytes.
    Stream,
    /// A text field of a form.
    Form,
    /// A file in a form.
    FormFile,
}

/// Type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shape {
    /// A boolean.
    Bool,
    /// An integer.
    Int {
        /// Size: 32 or 64.
        bits: u8,
        /// Whether the value can be negative.
        signed: bool,
    },
    /// A floating-point number.
    Float {
        /// Size: 32 or 64.
        bits: u8,
    },
    /// Text.
    Text,
    /// Bytes that are Base64 text in JSON.
    Bytes,
    /// Streamed bytes.
    Binary,
    /// A time.
    Time {
        /// `iso8601`, `http_date`, `unix` or `date`.
        format: &'static str,
    },
    /// A list.
    List {
        /// Type of the items.
        item: Box<Shape>,
    },
    /// A map with text keys.
    Map {
        /// Type of the values.
        value: Box<Shape>,
    },
    /// A type of `types`.
    Named {
        /// Name in the specification.
        name: String,
        /// Identifier in the pack's type case, for example `PascalCase`.
        ident: String,
        /// Kind of the type.
        type_kind: TypeKind,
        /// Whether the reference is part of a cycle without a list or map, so that the language
        /// needs an indirection.
        recursive: bool,
    },
    /// Any JSON.
    Free,
    /// Text in a format that the pack has a type for.
    Format {
        /// Name of the format.
        format: String,
    },
}

/// Kind of a type of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// An object.
    Object,
    /// An enum of texts.
    Enum,
    /// An alias of another type.
    Alias,
}
