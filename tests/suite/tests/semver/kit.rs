//! The API that each case changes: three operations with their types and an error code, whose names
//! contain the name of the case, and a program that uses all of them.

use serde_json::{Map, Value, json};

/// The part of the specification that belongs to one case.
#[derive(Debug, Clone)]
pub(crate) struct Kit {
    /// Name of the case in snake case, for example `argument_added`.
    pub(crate) name: String,
    pub(crate) paths: Map<String, Value>,
    pub(crate) definitions: Map<String, Value>,
    pub(crate) codes: Vec<Value>,
}

impl Kit {
    pub(crate) fn new(name: &str) -> Self {
        let text = include_str!("kit.json").replace("NAME", name);
        let text = text.replace("TYPES", &pascal(name));
        let Value::Object(mut parts) = serde_json::from_str(&text).unwrap() else {
            panic!("kit.json is not an object");
        };
        let mut part = |key: &str| parts.remove(key).unwrap();
        Self {
            name: name.to_owned(),
            paths: part("paths").as_object().unwrap().clone(),
            definitions: part("definitions").as_object().unwrap().clone(),
            codes: part("codes").as_array().unwrap().clone(),
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("/{{bucketName}}?{}", self.name)
    }

    /// Returns the operation of a method: `get` lists, `put` stores, `post` sends.
    pub(crate) fn operation(&mut self, method: &str) -> &mut Value {
        let path = self.path();
        &mut self.paths[&path][method]
    }

    pub(crate) fn parameters(&mut self, method: &str) -> &mut Vec<Value> {
        list(&mut self.operation(method)["parameters"])
    }

    /// Returns a parameter of the list operation.
    pub(crate) fn parameter(&mut self, name: &str) -> &mut Value {
        let mut all = self.parameters("get").iter_mut();
        all.find(|one| one["name"] == name).unwrap()
    }

    /// Returns the properties of the response of the list operation.
    pub(crate) fn response_fields(&mut self) -> &mut Value {
        &mut self.operation("get")["responses"]["200"]["schema"]["properties"]
    }

    /// Returns a definition: `item`, `rule`, `label` or `token`.
    pub(crate) fn definition(&mut self, which: &str) -> &mut Value {
        let name = format!("{}_{which}", self.name);
        &mut self.definitions[&name]
    }

    pub(crate) fn fields(&mut self, which: &str) -> &mut Value {
        &mut self.definition(which)["properties"]
    }
}

pub(crate) fn list(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}

pub(crate) fn remove(object: &mut Value, key: &str) {
    object.as_object_mut().unwrap().remove(key).unwrap();
}

/// A specification of several kits.
pub(crate) struct Spec(Value);

impl Spec {
    pub(crate) fn of(kits: impl IntoIterator<Item = Kit>) -> Self {
        let (mut paths, mut definitions, mut codes) = (Map::new(), Map::new(), Vec::new());
        for kit in kits {
            paths.extend(kit.paths);
            definitions.extend(kit.definitions);
            codes.extend(kit.codes);
        }
        Self(json!({
            "swagger": "2.0",
            "info": {"title": "Semver", "version": "1", "description": "Kits."},
            "x-handles": [{"name": "Bucket", "binds": ["bucketName"]}],
            "x-header-prefix": "X-QS-",
            "x-error-codes": codes,
            "paths": paths,
            "definitions": definitions,
        }))
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap()
    }
}

/// Converts a name to Pascal case, for example `ArgumentAdded`.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split('_');
    words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

/// Returns the program of a case, without the lines that are marked with `without`, a feature that the
/// old API does not have.
pub(crate) fn program(name: &str, without: &str) -> String {
    let lines = include_str!("kit.txt").lines();
    let marker = format!("// {without}");
    let kept = lines.filter(|line| without.is_empty() || !line.ends_with(&marker));
    let text: Vec<_> = kept.collect();
    text.join("\n")
        .replace("NAME", name)
        .replace("Types", &pascal(name))
}
