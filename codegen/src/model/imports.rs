//! Kinds of values that a rendered file uses, for its imports.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::property::{Property, Shape, TimeFormat};

/// Kinds of values in the properties of operations or types, for the imports of a file.
///
/// Properties of a named type do not count where only the name is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Imports {
    /// Streamed bytes: `binary` in `types` of pack.json.
    pub stream: bool,
    /// Bytes that are Base64 text in JSON: `bytes`.
    pub bytes: bool,
    /// A time in any format except a date: `time`.
    pub time: bool,
    /// Formats of these times, sorted: `http_date`, `iso8601`, `unix`.
    pub time_formats: BTreeSet<TimeFormat>,
    /// A date: `date`.
    pub date: bool,
    /// A list: `list`.
    pub list: bool,
    /// A map: `map`.
    pub map: bool,
    /// Any JSON: `free`.
    pub free: bool,
    /// Formats with a custom type, sorted: `format:NAME`, `header-format:NAME`.
    pub formats: BTreeSet<String>,
    /// Identifiers of named types, sorted.
    pub types: BTreeSet<String>,
}

impl Imports {
    /// Collects the kinds in the request and the response of an operation.
    pub(super) fn of_operation(request: &[Property], response: &[Property]) -> Self {
        let mut uses = Self::default();
        uses.add_all(request.iter().chain(response));
        uses
    }

    /// Unites the kinds of several operations or types.
    pub(super) fn union<'i>(all: impl IntoIterator<Item = &'i Self>) -> Self {
        let mut union = Self::default();
        all.into_iter().for_each(|one| union.join(one));
        union
    }

    /// Collects the kinds in the definition of a type.
    pub(super) fn of_type<'s>(
        properties: &[Property],
        shapes: impl IntoIterator<Item = &'s Shape>,
    ) -> Self {
        let mut uses = Self::default();
        uses.add_all(properties);
        shapes.into_iter().for_each(|shape| uses.add(shape));
        uses
    }

    fn add_all<'p>(&mut self, properties: impl IntoIterator<Item = &'p Property>) {
        for property in properties {
            self.add(&property.shape);
        }
    }

    fn add(&mut self, shape: &Shape) {
        match shape {
            Shape::Binary => self.stream = true,
            Shape::Bytes => self.bytes = true,
            Shape::Time {
                format: TimeFormat::Date,
            } => self.date = true,
            Shape::Time { format } => {
                self.time = true;
                self.time_formats.insert(*format);
            }
            Shape::List { item } => {
                self.list = true;
                self.add(item);
            }
            Shape::Map { value } => {
                self.map = true;
                self.add(value);
            }
            Shape::Free => self.free = true,
            Shape::Format { format } => drop(self.formats.insert(format.clone())),
            Shape::Named { ident, .. } => drop(self.types.insert(ident.clone())),
            Shape::Bool | Shape::Int { .. } | Shape::Float { .. } | Shape::Text => {}
        }
    }

    /// Adds the kinds of another item.
    fn join(&mut self, other: &Self) {
        self.stream |= other.stream;
        self.bytes |= other.bytes;
        self.time |= other.time;
        self.date |= other.date;
        self.list |= other.list;
        self.map |= other.map;
        self.free |= other.free;
        self.time_formats.extend(&other.time_formats);
        self.formats.extend(other.formats.iter().cloned());
        self.types.extend(other.types.iter().cloned());
    }
}
