//! Types of names in templates: parts of the model's JSON Schema, or of a pack's options.

use serde_json::Value;

/// Possible types of a name. With `any`, every type is possible.
#[derive(Debug, Clone, Default)]
pub(super) struct Type<'s> {
    any: bool,
    known: Vec<Known<'s>>,
}

/// A possible type.
#[derive(Debug, Clone, Copy)]
enum Known<'s> {
    /// A schema, with its name.
    Schema(&'s Value, &'s str),
    /// A JSON value.
    Data(&'s Value),
}

/// An access to a field that does not exist.
pub(super) struct NoField {
    /// Name of the object, for example `operation`.
    pub(super) of: String,
    /// Existing fields.
    pub(super) fields: Vec<String>,
}

/// JSON Schemas of the model.
pub(super) struct Schemas {
    root: Value,
}

impl Schemas {
    pub(super) fn new(root: Value) -> Self {
        Self { root }
    }

    /// Returns the type of the model.
    pub(super) fn model(&self) -> Type<'_> {
        self.flat(&self.root, "Model")
    }

    /// Returns the type of a field of the model.
    pub(super) fn named(&self, name: &str) -> Type<'_> {
        let found = self.definition(name);
        found.map_or_else(Type::any, |(schema, name)| self.flat(schema, name))
    }

    fn definition(&self, name: &str) -> Option<(&Value, &str)> {
        let (name, schema) = self.root.get("$defs")?.as_object()?.get_key_value(name)?;
        Some((schema, name))
    }

    /// Returns the types of a schema, with references and alternatives resolved.
    fn flat<'s>(&'s self, schema: &'s Value, name: &'s str) -> Type<'s> {
        let mut found = Type::default();
        self.flatten(schema, name, 0, &mut found);
        found
    }

    fn flatten<'s>(&'s self, schema: &'s Value, name: &'s str, depth: usize, found: &mut Type<'s>) {
        let reference = schema.get("$ref").and_then(Value::as_str);
        if depth > 8 || schema.as_object().is_none_or(|schema| schema.is_empty()) {
            found.any = true;
        } else if let Some(reference) = reference {
            let target = reference
                .rsplit('/')
                .next()
                .and_then(|name| self.definition(name));
            match target {
                Some((schema, name)) => self.flatten(schema, name, depth + 1, found),
                None => found.any = true,
            }
        } else if let Some(all) = alternatives(schema) {
            for one in all {
                self.flatten(one, name, depth + 1, found);
            }
        } else if schema.get("type").is_none() && schema.get("const").is_none() {
            found.any = true;
        } else if schema.get("type").and_then(Value::as_str) != Some("null") {
            found.add(Known::Schema(schema, name));
        }
    }

    /// Returns the type of a field.
    pub(super) fn field<'s>(&'s self, of: &Type<'s>, name: &str) -> Result<Type<'s>, NoField> {
        if of.any {
            return Ok(Type::any());
        }
        let mut found = Type::default();
        let mut has = false;
        for known in &of.known {
            if let Some(held) = self.field_of(*known, name) {
                has = true;
                found.join(held);
            }
        }
        if has {
            return Ok(found);
        }
        Err(NoField {
            of: of.name(),
            fields: of.fields(),
        })
    }

    fn field_of<'s>(&'s self, of: Known<'s>, name: &str) -> Option<Type<'s>> {
        match of {
            Known::Data(value) => value.get(name).map(Type::data),
            Known::Schema(schema, _) => {
                let field = schema.get("properties").and_then(|all| all.get(name));
                if let Some(field) = field {
                    return Some(self.flat(field, "value"));
                }
                match schema.get("additionalProperties") {
                    None | Some(Value::Bool(false)) => None,
                    Some(schema) => Some(self.flat(schema, "value")),
                }
                .filter(|_| schema.get("properties").is_none())
            }
        }
    }

    /// Returns the type of list items or map values.
    pub(super) fn items<'s>(&'s self, of: &Type<'s>) -> Type<'s> {
        let mut found = Type {
            any: of.any,
            known: Vec::new(),
        };
        for known in &of.known {
            match *known {
                Known::Data(Value::Array(items)) => {
                    items.iter().for_each(|item| found.join(Type::data(item)));
                }
                Known::Data(_) => found.any = true,
                Known::Schema(schema, _) => match schema.get("items") {
                    Some(items) => found.join(self.flat(items, "value")),
                    None => found.any = true,
                },
            }
        }
        found
    }
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    let all = schema.get("anyOf").or_else(|| schema.get("oneOf"))?;
    all.as_array()
}

impl<'s> Type<'s> {
    /// Creates an unknown type.
    pub(super) fn any() -> Self {
        Self {
            any: true,
            known: Vec::new(),
        }
    }

    /// Creates the type of a JSON value.
    pub(super) fn data(value: &'s Value) -> Self {
        Self {
            any: false,
            known: vec![Known::Data(value)],
        }
    }

    fn add(&mut self, known: Known<'s>) {
        let same = |other: &Known<'s>| match (other, &known) {
            (Known::Schema(a, _), Known::Schema(b, _)) => std::ptr::eq(*a, *b),
            (Known::Data(a), Known::Data(b)) => std::ptr::eq(*a, *b),
            _ => false,
        };
        if !self.known.iter().any(same) {
            self.known.push(known);
        }
    }

    /// Adds the types of another name.
    pub(super) fn join(&mut self, other: Self) {
        self.any |= other.any;
        other.known.into_iter().for_each(|known| self.add(known));
    }

    /// Returns the number of possible types.
    pub(super) fn size(&self) -> usize {
        self.known.len() + usize::from(self.any)
    }

    /// Returns the name for messages.
    fn name(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for known in &self.known {
            let name = match known {
                Known::Data(Value::Object(_)) => "option".to_owned(),
                Known::Data(_) => "value".to_owned(),
                Known::Schema(_, name) => spaced(name),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(" or ")
    }

    /// Returns the words of an enum. Returns `None` if other values are possible.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        let word = |known: &Known<'s>| match known {
            Known::Schema(schema, _) => schema.get("const")?.as_str().map(str::to_owned),
            Known::Data(_) => None,
        };
        let words: Option<Vec<String>> = self.known.iter().map(word).collect();
        words.filter(|words| !self.any && !words.is_empty())
    }

    /// Returns the names of all fields, sorted.
    pub(super) fn fields(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for known in &self.known {
            let object = match known {
                Known::Data(value) => value.as_object(),
                Known::Schema(schema, _) => schema.get("properties").and_then(Value::as_object),
            };
            names.extend(object.into_iter().flat_map(|object| object.keys().cloned()));
        }
        names.sort();
        names.dedup();
        names
    }
}

/// Converts `SubService` to `sub service`.
fn spaced(name: &str) -> String {
    crate::naming::words(name, &[]).join(" ")
}
