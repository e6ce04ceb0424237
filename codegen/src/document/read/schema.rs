//! Reads schemas, and the simple types of headers and parameters.

use crate::document::grammar::shared::shared_schemas;
use indexmap::IndexMap;

use super::{Reader, extensions};
use crate::document::Dialect;
use crate::document::types::{Additional, Constructor, Facts, Limits, Object, Schema, SchemaKind};
use crate::source::{Node, Span, Value, unescape_token};

/// Facts of parameters, properties and schemas that the generator interprets.
const FACTS: &[&str] = &[
    "x-name",
    "x-type-name",
    "x-type-description",
    "x-prefix",
    "x-signed",
    "x-present",
    "x-one-or-many",
    "x-computed",
    "x-deprecated",
    "x-enum-descriptions",
    "x-enum-names",
    "x-constructors",
];

const TYPES: &str = "use string, integer, number, boolean, array, object, file or map";

impl Reader<'_> {
    /// Reads a schema: a definition, a property or a body.
    pub(super) fn schema(&mut self, node: &Node) -> Option<Schema> {
        if self.dialect != Dialect::Swagger2 {
            return self.json_schema(node);
        }
        self.object(node, "a schema")?;
        let kind = self.schema_kind(node)?;
        Some(self.finish(node, kind))
    }

    /// Reads a header, or a parameter other than a body.
    pub(super) fn typed_value(&mut self, node: &Node) -> Option<Schema> {
        self.object(node, "a value's type")?;
        let (name, span) = self.required_text(node, "type", "type-missing")?;
        let kind = match name.as_str() {
            "array" => self.array(node, Self::typed_value)?,
            "map" => SchemaKind::HeaderMap,
            "object" => {
                let message = "parameters and headers cannot be objects";
                let help = "move it to the body, or use `map` for headers with a common prefix";
                self.problem("type-unknown", span, message, help);
                return None;
            }
            _ => self.scalar(node, &name, span)?,
        };
        Some(self.finish(node, kind))
    }

    fn schema_kind(&mut self, node: &Node) -> Option<SchemaKind> {
        if let Some(reference) = node.get("$ref") {
            return self.definition(reference).map(SchemaKind::Ref);
        }
        if node.get("allOf").is_some() {
            let parts = self.items(node, "allOf").iter();
            let mut parts: Vec<Schema> = parts.filter_map(|part| self.schema(part)).collect();
            if node.get("properties").is_some() {
                let own = self.object_kind(node)?;
                parts.push(self.finish(node, own));
            }
            return Some(SchemaKind::AllOf(parts));
        }
        let Some(name) = self.text(node, "type") else {
            return Some(match (node.get("properties"), node.get("enum")) {
                (None, None) if node.get("additionalProperties").is_none() => SchemaKind::Free,
                (None, Some(_)) => SchemaKind::Text {
                    format: None,
                    values: self.texts(node, "enum"),
                },
                _ => self.object_kind(node)?,
            });
        };
        let span = node.get("type").map_or(node.span, |name| name.span);
        match name.as_str() {
            "object" => self.object_kind(node),
            "array" => self.array(node, Self::schema),
            "map" => self.map_kind(node),
            _ => self.scalar(node, &name, span),
        }
    }

    /// Returns the name of the definition that a reference resolves to.
    pub(super) fn definition(&mut self, reference: &Node) -> Option<String> {
        let schemas = shared_schemas(self.dialect);
        let name = reference.as_str().and_then(|text| {
            text.strip_prefix('#')?
                .strip_prefix(schemas)?
                .strip_prefix('/')
        });
        if name.is_none() {
            let message = "`$ref` must refer to a definition";
            let help = format!("`#{schemas}/name`");
            self.problem("ref-invalid", reference.span, message, &help);
        }
        name.map(|name| unescape_token(name).into_owned())
    }

    /// Reads `type: map`: an object whose values have one type, text by default.
    fn map_kind(&mut self, node: &Node) -> Option<SchemaKind> {
        let SchemaKind::Object(mut object) = self.object_kind(node)? else {
            return None;
        };
        if matches!(object.additional, Additional::Unsaid | Additional::Free) {
            let text = SchemaKind::Text {
                format: None,
                values: Vec::new(),
            };
            object.additional = Additional::Typed(Box::new(blank(node, text)));
        }
        Some(SchemaKind::Object(object))
    }

    fn array(
        &mut self,
        node: &Node,
        read: fn(&mut Self, &Node) -> Option<Schema>,
    ) -> Option<SchemaKind> {
        let Some(items) = node.get("items") else {
            let help = "add `\"items\"`: the type of one entry";
            self.problem(
                "items-missing",
                node.span,
                "this array has no `items`",
                help,
            );
            return None;
        };
        Some(SchemaKind::Array(Box::new(read(self, items)?)))
    }

    pub(super) fn scalar(&mut self, node: &Node, name: &str, span: Span) -> Option<SchemaKind> {
        let format = self.text(node, "format");
        Some(match name {
            "string" => SchemaKind::Text {
                format,
                values: self.texts(node, "enum"),
            },
            "integer" => SchemaKind::Integer(format),
            "number" => SchemaKind::Number(format),
            "boolean" => SchemaKind::Boolean,
            "file" => SchemaKind::File,
            _ => {
                self.problem(
                    "type-unknown",
                    span,
                    format!("unknown type `{name}`"),
                    TYPES,
                );
                return None;
            }
        })
    }

    fn object_kind(&mut self, node: &Node) -> Option<SchemaKind> {
        let mut object = Object {
            required: self.texts(node, "required"),
            ..Object::default()
        };
        for (name, member) in self.members(node, "properties") {
            if let Some(schema) = self.schema(&member.node) {
                object.properties.insert(name.clone(), (member.key, schema));
            }
        }
        object.additional = match node.get("additionalProperties") {
            None => Additional::Unsaid,
            Some(other) => match &other.value {
                Value::Bool(false) => Additional::No,
                Value::Bool(true) => Additional::Free,
                _ => Additional::Typed(Box::new(self.schema(other)?)),
            },
        };
        Some(SchemaKind::Object(object))
    }

    pub(super) fn finish(&mut self, node: &Node, kind: SchemaKind) -> Schema {
        let text = matches!(kind, SchemaKind::Text { .. });
        Schema {
            description: self.text_or_empty(node, "description"),
            default: node.get("default").cloned(),
            collection: self.collection(node),
            limits: self.limits(node, &kind),
            values: if text {
                Vec::new()
            } else {
                self.items(node, "enum").to_vec()
            },
            examples: node.get("example").into_iter().cloned().collect(),
            facts: self.facts(node),
            ext: extensions(node, FACTS),
            ..blank(node, kind)
        }
    }

    fn collection(&mut self, node: &Node) -> Option<String> {
        let format = self.text(node, "collectionFormat")?;
        if !matches!(format.as_str(), "csv" | "ssv" | "tsv" | "pipes" | "multi") {
            let span = node
                .get("collectionFormat")
                .map_or(node.span, |node| node.span);
            let message = format!("unknown collectionFormat `{format}`");
            self.problem(
                "collection-format",
                span,
                message,
                "use csv, ssv, tsv, pipes or multi",
            );
            return None;
        }
        Some(format)
    }

    fn limits(&mut self, node: &Node, kind: &SchemaKind) -> Limits {
        let is_integer = matches!(kind, SchemaKind::Integer(_));
        let (minimum, exclusive_minimum) =
            self.limit(node, ("minimum", "exclusiveMinimum"), is_integer);
        let (maximum, exclusive_maximum) =
            self.limit(node, ("maximum", "exclusiveMaximum"), is_integer);
        let mut count = |key| {
            let number = self.number(node, key)?;
            whole(&number)
        };
        Limits {
            minimum,
            maximum,
            exclusive_minimum,
            exclusive_maximum,
            min_length: count("minLength"),
            max_length: count("maxLength"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            pattern: self.text(node, "pattern"),
        }
    }

    /// Returns an inclusive and an exclusive limit. Each limit of an integer (an exclusive one is a
    /// flag beside the limit, or a number) is converted to an inclusive integer. Other numbers have
    /// no successor.
    fn limit(
        &mut self,
        node: &Node,
        (key, exclusive): (&str, &str),
        is_integer: bool,
    ) -> (Option<serde_json::Number>, Option<serde_json::Number>) {
        let inclusive = self.number(node, key);
        let (bound, place) = match node.get(exclusive).map(|node| &node.value) {
            None | Some(Value::Bool(false)) => {
                let limit = match inclusive {
                    Some(limit) if is_integer => self.whole_limit(node, key, &limit, false),
                    limit => limit,
                };
                return (limit, None);
            }
            Some(Value::Bool(true)) => (inclusive, key),
            Some(_) => (self.number(node, exclusive), exclusive),
        };
        match bound {
            Some(bound) if is_integer => (self.whole_limit(node, place, &bound, true), None),
            bound => (None, bound),
        }
    }

    /// Returns the limit of an integer as an inclusive integer. Returns `None` if each integer of 64
    /// bits is within the limit, and reports a limit that none of them is within.
    fn whole_limit(
        &mut self,
        node: &Node,
        key: &str,
        limit: &serde_json::Number,
        is_exclusive: bool,
    ) -> Option<serde_json::Number> {
        let is_upper = matches!(key, "maximum" | "exclusiveMaximum");
        let inclusive = match (is_upper, is_exclusive) {
            (false, false) => rounded(limit, f64::ceil),
            (false, true) => rounded(limit, f64::floor).saturating_add(1),
            (true, false) => rounded(limit, f64::floor),
            (true, true) => rounded(limit, f64::ceil).saturating_sub(1),
        };
        if let Ok(inclusive) = i64::try_from(inclusive) {
            return Some(inclusive.into());
        }
        if (inclusive > 0) != is_upper {
            let span = node.get(key).map_or(node.span, |node| node.span);
            let message = format!("no integer of 64 bits is within this `{key}`");
            let help = "correct the limit, or use `\"type\": \"number\"`";
            self.problem("integer-limit", span, message, help);
        }
        None
    }

    fn number(&mut self, node: &Node, key: &str) -> Option<serde_json::Number> {
        let found = node.get(key)?;
        match &found.value {
            Value::Number(number) => Some(number.clone()),
            _ => {
                self.wrong_type(found, &format!("`{key}`"), "a number");
                None
            }
        }
    }

    pub(super) fn facts(&mut self, node: &Node) -> Facts {
        let place = |key| node.get(key).map_or(node.span, |node| node.span);
        let type_name = self.name(node, "x-type-name");
        let type_description = self.text(node, "x-type-description");
        let prefix = self.text(node, "x-prefix");
        for (value, member) in self.members(node, "x-enum-names") {
            if member.node.as_str() == Some("") {
                let message = format!("the name of `{value}` in `x-enum-names` is empty");
                let help = "add a name, or remove the key";
                self.problem("name-empty", member.node.span, message, help);
            }
        }
        // Packs read these facts directly.
        for key in ["x-into", "x-object-key"] {
            self.flag(node, key);
        }
        let one_or_many = node.get("x-one-or-many").map(|node| node.span);
        Facts {
            name: self.name(node, "x-name"),
            type_name: type_name.map(|name| (name, place("x-type-name"))),
            type_description: type_description.map(|text| (text, place("x-type-description"))),
            prefix: prefix.map(|prefix| (prefix, place("x-prefix"))),
            signed: self.flag(node, "x-signed"),
            present: self.flag(node, "x-present"),
            one_or_many: one_or_many.filter(|_| self.flag(node, "x-one-or-many")),
            computed: self.flag(node, "x-computed"),
            deprecated: self.flag(node, "x-deprecated"),
            nullable: self.dialect != Dialect::Swagger2 && self.is_nullable(node),
            read_only: self.flag(node, "readOnly"),
            write_only: self.dialect != Dialect::Swagger2 && self.flag(node, "writeOnly"),
            file_list: false,
            enum_descriptions: self.text_map(node, "x-enum-descriptions"),
            enum_names: self.text_map(node, "x-enum-names"),
            constructors: self.constructors(node),
        }
    }

    fn text_map(&mut self, node: &Node, key: &str) -> IndexMap<String, String> {
        let mut texts = IndexMap::new();
        for (name, member) in self.members(node, key) {
            match member.node.as_str() {
                Some(text) => drop(texts.insert(name.clone(), text.to_owned())),
                None => self.wrong_type(&member.node, &format!("`{name}`"), "a string"),
            }
        }
        texts
    }

    fn constructors(&mut self, node: &Node) -> Vec<Constructor> {
        let mut constructors = Vec::new();
        for (name, member) in self.members(node, "x-constructors") {
            if self.object(&member.node, &format!("`{name}`")).is_none() {
                continue;
            }
            let fixed = self.members(&member.node, "fixed");
            let fixed = fixed.map(|(name, member)| (name.clone(), member.node.clone()));
            constructors.push(Constructor {
                name: name.clone(),
                span: member.key,
                fixed: fixed.collect(),
                description: self.text_or_empty(&member.node, "description"),
                args: self.texts(&member.node, "args"),
            });
        }
        constructors
    }
}

/// Returns a number as an integer, the nearest one if it is out of range.
fn rounded(number: &serde_json::Number, round: fn(f64) -> f64) -> i128 {
    if let Some(integer) = number.as_i128() {
        return integer;
    }
    let number = number.as_f64().map(round).unwrap_or_default();
    let limit = if number > 0.0 { i128::MAX } else { i128::MIN };
    format!("{number:.0}").parse().unwrap_or(limit)
}

/// Returns a count, which can be written as `10.0`.
fn whole(number: &serde_json::Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
        format!("{number:.0}").parse().ok()
    })
}

/// Creates a schema that has only a kind.
pub(super) fn blank(node: &Node, kind: SchemaKind) -> Schema {
    Schema {
        span: node.span,
        kind,
        description: String::new(),
        default: None,
        examples: Vec::new(),
        collection: None,
        limits: Limits::default(),
        values: Vec::new(),
        facts: Facts::default(),
        ext: IndexMap::new(),
    }
}
