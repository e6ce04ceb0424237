//! Reads parameters and headers, whose values are written as text.

use super::Reader;
use super::schema::MAX_ALIASES;
use crate::document::types::{Additional, In, Parameter, Schema, SchemaKind};
use crate::source::{Node, Span, escape_token};

/// Headers that other parts of a description define.
const SPOKEN_FOR: [&str; 3] = ["accept", "content-type", "authorization"];

impl<'a> Reader<'a> {
    pub(in super::super) fn described_parameter(&mut self, node: &'a Node) -> Option<Parameter> {
        self.object(node, "a parameter")?;
        let (name, name_span) = self.required_text(node, "name", "parameter-name")?;
        let place = self.described_place(node)?;
        let required = self.flag(node, "required");
        if place == In::Header && SPOKEN_FOR.contains(&name.to_ascii_lowercase().as_str()) {
            return None;
        }
        self.check_path_parameter(&name, place, required, node);
        let schema = self.written(node, place);
        let Some(mut schema) = schema else {
            self.cannot_be_written(&name, required, name_span);
            return None;
        };
        schema.collection = self.collection_of(node, place, &schema);
        Some(Parameter {
            span: node.span,
            name,
            name_span,
            place,
            required,
            schema,
        })
    }

    fn described_place(&mut self, node: &Node) -> Option<In> {
        let (place, span) = self.required_text(node, "in", "parameter-place")?;
        match place.as_str() {
            "path" => Some(In::Path),
            "query" => Some(In::Query),
            "header" => Some(In::Header),
            "cookie" => {
                let help = "users can send cookies with a custom header";
                self.note("openapi-ignored", span, "cookies are omitted", help);
                None
            }
            _ => {
                let message = format!("unknown parameter location `{place}`");
                let help = "use path, query or header";
                self.problem("parameter-place", span, message, help);
                None
            }
        }
    }

    /// Reports a value that can only be written as JSON: an error if it is required, otherwise a
    /// note.
    pub(super) fn cannot_be_written(&mut self, name: &str, required: bool, span: Span) {
        if required {
            let message = format!("`{name}` is not a plain value, but required");
            let help = "use plain values, or make it optional";
            self.problem("openapi-place", span, message, help);
        } else {
            let message = format!("`{name}` is not a plain value, and is omitted");
            let help = "use plain values if users need it";
            self.note("openapi-ignored", span, message, help);
        }
    }

    /// Returns the type of a parameter or header, with the keys beside the schema. Returns `None`
    /// if it is not a plain value.
    pub(super) fn written(&mut self, node: &Node, place: In) -> Option<Schema> {
        let described = match node.get("schema") {
            Some(schema) => schema,
            // The text is JSON, or anything else that the caller writes.
            None => return Some(self.outer(node, &text())),
        };
        let inner = self.json_schema(described)?;
        let inner = self.plain(inner, MAX_ALIASES)?;
        let schema = self.outer(node, &inner);
        match &schema.kind {
            SchemaKind::Object(object) => {
                let is_map = schema.facts.prefix.is_some()
                    && object.properties.is_empty()
                    && !matches!(object.additional, Additional::No)
                    && matches!(place, In::Header | In::Form);
                is_map.then(|| Schema {
                    kind: SchemaKind::HeaderMap,
                    ..schema
                })
            }
            _ => Some(schema),
        }
    }

    /// Combines the keys of a parameter with those of its schema. The keys of the parameter take
    /// precedence.
    fn outer(&mut self, node: &Node, inner: &Inner) -> Schema {
        let (kind, inner) = inner;
        let mut schema = self.finish(node, kind.clone());
        schema.facts.deprecated |= self.flag(node, "deprecated");
        for (_, example) in self.members(node, "examples") {
            schema.examples.extend(example.node.get("value").cloned());
        }
        let Some(inner) = inner else {
            return schema;
        };
        if schema.description.is_empty() {
            schema.description.clone_from(&inner.description);
        }
        schema.default.clone_from(&inner.default);
        schema.limits = inner.limits.clone();
        schema.values.clone_from(&inner.values);
        schema.examples.extend(inner.examples.iter().cloned());
        let (facts, own) = (&inner.facts, &mut schema.facts);
        own.name = own.name.take().or_else(|| facts.name.clone());
        own.prefix = own.prefix.take().or_else(|| facts.prefix.clone());
        own.type_name = own.type_name.take().or_else(|| facts.type_name.clone());
        let description = own.type_description.take();
        own.type_description = description.or_else(|| facts.type_description.clone());
        own.signed |= facts.signed;
        own.present |= facts.present;
        own.computed |= facts.computed;
        own.deprecated |= facts.deprecated;
        if own.enum_names.is_empty() {
            own.enum_names.clone_from(&facts.enum_names);
        }
        if own.enum_descriptions.is_empty() {
            own.enum_descriptions.clone_from(&facts.enum_descriptions);
        }
        for (key, value) in &inner.ext {
            schema
                .ext
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
        schema
    }

    /// Converts a schema to a type that text can represent. Resolves references to anything but
    /// enums.
    fn plain(&mut self, mut schema: Schema, depth: usize) -> Option<Inner> {
        let kind = match schema.kind.clone() {
            SchemaKind::Ref(name) => {
                let pointer = format!("/components/schemas/{}", escape_token(&name));
                let found = self.root.pointer(&pointer).filter(|_| depth > 0)?;
                self.count_shared(found.size(), schema.span)?;
                let target = self.json_schema(found)?;
                if is_enum(&target) {
                    return Some((SchemaKind::Ref(name), Some(schema)));
                }
                let description = std::mem::take(&mut schema.description);
                let (kind, mut inner) = self.plain(target, depth - 1)?;
                if let Some(inner) = inner.as_mut().filter(|_| !description.is_empty()) {
                    inner.description = description;
                }
                return Some((kind, inner));
            }
            SchemaKind::Array(item) => {
                let item_schema = (*item).clone();
                let (kind, inner) = self.plain(*item, depth)?;
                if matches!(kind, SchemaKind::Object(_)) {
                    return None;
                }
                let item = Schema {
                    kind,
                    ..inner.unwrap_or(item_schema)
                };
                SchemaKind::Array(Box::new(item))
            }
            SchemaKind::AllOf(_) => return None,
            SchemaKind::Free => return Some((text().0, Some(schema))),
            SchemaKind::Text { values, .. } if is_binary(&schema) => SchemaKind::Text {
                format: None,
                values,
            },
            kind => kind,
        };
        Some((kind, Some(schema)))
    }

    /// Returns the Swagger name of the list format.
    fn collection_of(&mut self, node: &Node, place: In, schema: &Schema) -> Option<String> {
        let style = node.get("style").map(|node| (node.as_str(), node.span));
        let explode = node.get("explode").and_then(Node::as_bool);
        let is_query = place == In::Query;
        let is_list = matches!(schema.kind, SchemaKind::Array(_));
        let format = match (style, is_query) {
            (None | Some((Some("form"), _)), true) if explode.unwrap_or(true) => "multi",
            (None | Some((Some("form"), _)), true) => "csv",
            (Some((Some("deepObject"), _)), true) if is_list => "multi",
            (Some((Some("spaceDelimited" | "pipeDelimited"), _)), true)
                if explode == Some(true) =>
            {
                "multi"
            }
            (Some((Some("spaceDelimited"), _)), true) => "ssv",
            (Some((Some("pipeDelimited"), _)), true) => "pipes",
            (None | Some((Some("simple"), _)), false) => "csv",
            (Some((_, span)), _) => {
                let help = "use form, spaceDelimited or pipeDelimited in queries, simple elsewhere";
                let message = "this style is not supported here";
                self.problem("collection-format", span, message, help);
                return None;
            }
        };
        is_list.then(|| format.to_owned())
    }
}

/// A kind, and the schema that has further keys.
type Inner = (SchemaKind, Option<Schema>);

fn text() -> Inner {
    let kind = SchemaKind::Text {
        format: None,
        values: Vec::new(),
    };
    (kind, None)
}

fn is_enum(schema: &Schema) -> bool {
    matches!(&schema.kind, SchemaKind::Text { values, .. } if !values.is_empty())
}

pub(super) fn is_binary(schema: &Schema) -> bool {
    matches!(&schema.kind, SchemaKind::Text { format, .. } if format.as_deref() == Some("binary"))
}
