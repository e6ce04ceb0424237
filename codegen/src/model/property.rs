//! Properties: parameters, headers and fields, with the types of their values.

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::Extensions;
use crate::source::Node;

use super::source_location::SourceLocation;

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
    /// How callers pass the value.
    pub argument: Argument,
    /// How the value is written outside bodies of JSON or bytes.
    pub encoding: Encoding,
    /// Type of the value in the pack's language.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Type of the field in the pack's language: `type`, within the pack's `optional` type unless
    /// `always_set` is set.
    pub field_type: String,
    /// Type of list items or map values in the pack's language.
    pub item_type: Option<String>,
    /// Whether the property is required. Computed properties are not, because callers do not pass
    /// them.
    pub required: bool,
    /// Whether responses always contain the property.
    pub present: bool,
    /// Whether the field has no `optional` type around it. An optional property is always set only if
    /// its absence and the empty value of its type mean the same: its default, if any, is empty,
    /// and it is not a list or map in the JSON of a request.
    pub always_set: bool,
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
    pub source: SourceLocation,
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
    /// Format of a list outside JSON.
    pub collection: Option<ListFormat>,
}

/// Formats of lists outside JSON, in Swagger's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListFormat {
    /// Separated by commas.
    Csv,
    /// Separated by spaces.
    Ssv,
    /// Separated by tabs.
    Tsv,
    /// Separated by `|`.
    Pipes,
    /// A parameter for each item.
    Multi,
}

/// How callers pass the value of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// The value.
    Value,
    /// A value that can be converted: text, bytes, any JSON, or a format with a custom type.
    Into,
    /// Items of a list.
    List,
    /// Items of a list that can be converted: texts, or `x-into`.
    IntoList,
    /// Pairs of keys and values.
    Map,
    /// Pairs of names and values for headers or fields with a common prefix.
    Pairs,
}

/// How a value is written outside bodies of JSON or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As text.
    Text,
    /// A boolean that is only written if it is true.
    Flag,
    /// A list.
    List,
    /// A list whose absence differs from an empty list.
    OptionalList,
    /// A map, written as headers or fields with a common prefix.
    Map,
    /// The key of an object, `x-object-key`.
    ObjectKey,
    /// The path of an object, text in the format `object-path`.
    ObjectPath,
    /// A secret, text in the format `password`.
    Secret,
    /// A URL, text in the format `url`.
    Url,
    /// A time as an HTTP date.
    HttpDate,
    /// A time as seconds since 1970.
    UnixTime,
}

impl Property {
    /// Returns how callers pass the value.
    pub(super) fn argument_of(shape: &Shape, place: &Place, ext: &Extensions) -> Argument {
        let is_into = ext.get("x-into").and_then(Node::as_bool) == Some(true);
        match shape {
            _ if place.prefix.is_some() => Argument::Pairs,
            Shape::List { item } if is_into || **item == Shape::Text => Argument::IntoList,
            Shape::List { .. } => Argument::List,
            Shape::Map { .. } => Argument::Map,
            Shape::Text | Shape::Binary | Shape::Free | Shape::Bytes | Shape::Format { .. } => {
                Argument::Into
            }
            _ => Argument::Value,
        }
    }

    /// Sets `encoding`, which depends on whether the property is always set.
    pub(super) fn set_encoding(&mut self) {
        let is_key = || self.ext.get("x-object-key").and_then(Node::as_bool) == Some(true);
        self.encoding = match &self.shape {
            _ if self.place.prefix.is_some() => Encoding::Map,
            Shape::Bool if self.always_set && !self.required => Encoding::Flag,
            Shape::List { .. } if self.always_set => Encoding::List,
            Shape::List { .. } => Encoding::OptionalList,
            Shape::Text if self.always_set && is_key() => Encoding::ObjectKey,
            Shape::Format { format } => match format.as_str() {
                "object-path" => Encoding::ObjectPath,
                "password" => Encoding::Secret,
                "url" => Encoding::Url,
                _ => Encoding::Text,
            },
            Shape::Time {
                format: TimeFormat::HttpDate,
            } => Encoding::HttpDate,
            Shape::Time {
                format: TimeFormat::Unix,
            } => Encoding::UnixTime,
            _ => Encoding::Text,
        };
    }
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
        /// Format of the time.
        format: TimeFormat,
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

/// Formats of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// A day: `2026-11-29`.
    Date,
    /// An HTTP date: `Sun, 29 Nov 2026 13:20:19 GMT`.
    HttpDate,
    /// ISO 8601: `2026-11-29T13:20:19Z`.
    Iso8601,
    /// Seconds since 1970.
    Unix,
}

impl TimeFormat {
    /// Returns the name in type maps, as in `time:unix`.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::HttpDate => "http_date",
            Self::Iso8601 => "iso8601",
            Self::Unix => "unix",
        }
    }
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
