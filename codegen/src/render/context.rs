//! The model as a value for templates. Serialized once and shared by all items.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use tera::value::Key;
use tera::{Context, Map, Value};

use super::RenderError;
use crate::model::{Model, Operation, Service, SubService};
use crate::pack::{Each, Pack};

/// Context with everything except `it`.
pub(super) struct Root {
    map: Map,
}

/// An item that a template is rendered for.
pub(super) struct Item {
    /// Value of `it`.
    pub(super) value: Option<Value>,
    /// Name for messages, for example ``resource `bucket_acl` ``. `None` if the template is rendered
    /// once.
    pub(super) label: Option<String>,
    /// File of the specification that describes the item. `None` for the root.
    pub(super) source: Option<String>,
    /// File and line in the specification, if one place describes the item.
    pub(super) place: Option<String>,
}

impl Item {
    /// Returns the item with `for`, to follow the name of a template in a message.
    pub(super) fn purpose(&self) -> String {
        let label = self.label.as_ref();
        label.map_or_else(String::new, |label| format!(" for {label}"))
    }
}

impl Root {
    pub(super) fn new(model: &Model, pack: &Pack) -> Result<Self, RenderError> {
        let resources = value(&model.resources)?;
        // Operations are most of the model, so the service and the tags share those of the
        // resources.
        let operations = by_id(&resources);
        let mut map = Map::new();
        map.insert("model_version".into(), value(&model.model_version)?);
        map.insert("source".into(), value(&model.source)?);
        let service = with_operations(
            &Service {
                operations: Vec::new(),
                ..model.service.clone()
            },
            &model.service.operations,
            &operations,
        )?;
        map.insert("service".into(), service);
        let mut sub_services = Vec::new();
        for tag in &model.sub_services {
            let alone = SubService {
                operations: Vec::new(),
                ..tag.clone()
            };
            sub_services.push(with_operations(&alone, &tag.operations, &operations)?);
        }
        map.insert("sub_services".into(), sub_services.into());
        map.insert("resources".into(), resources);
        map.insert("types".into(), value(&model.types)?);
        map.insert("error_codes".into(), value(&model.error_codes)?);
        map.insert("signed_parameters".into(), value(&model.signed_parameters)?);
        map.insert("type_index".into(), value(&model.type_index)?);
        map.insert("uses".into(), value(&model.uses)?);
        map.insert("types_use".into(), value(&model.types_use)?);
        map.insert("pack".into(), value(&pack.manifest.options)?);
        Ok(Self { map })
    }

    /// Returns a context with everything except `it`.
    pub(super) fn context(&self) -> Context {
        let mut context = Context::new();
        for (key, value) in &self.map {
            if let Some(key) = key.as_str() {
                context.insert_value(key.to_owned(), value.clone());
            }
        }
        context
    }

    pub(super) fn items(&self, each: Each) -> Vec<Item> {
        let listed = |key: &'static str, kind: &str| {
            let list = self.map.get(&Key::Str(key)).and_then(Value::as_array);
            list.unwrap_or_default()
                .iter()
                .map(|value| item(value, kind))
                .collect()
        };
        match each {
            Each::Once => vec![Item {
                value: None,
                label: None,
                source: None,
                place: None,
            }],
            Each::Service => {
                let service = self.map.get(&Key::Str("service"));
                service
                    .map(|value| item(value, "service"))
                    .into_iter()
                    .collect()
            }
            Each::SubService => listed("sub_services", "sub-service"),
            Each::Resource => listed("resources", "resource"),
            Each::Type => listed("types", "type"),
            Each::Operation => {
                let resources = self.map.get(&Key::Str("resources"));
                let operations = resources.into_iter().flat_map(operations);
                operations.map(|value| item(value, "operation")).collect()
            }
        }
    }
}

fn value<T: Serialize + ?Sized>(part: &T) -> Result<Value, RenderError> {
    Value::try_from_serializable(part).map_err(|error| RenderError::Output(error.to_string()))
}

/// Returns the operations of all resources by ID.
fn by_id(resources: &Value) -> HashMap<String, Value> {
    operations(resources)
        .filter_map(|operation| {
            let id = field(operation, "id")?.as_str()?;
            Some((id.to_owned(), operation.clone()))
        })
        .collect()
}

/// Serializes a service or tag, without serializing its operations again.
fn with_operations<T: Serialize>(
    alone: &T,
    own: &[Arc<Operation>],
    all: &HashMap<String, Value>,
) -> Result<Value, RenderError> {
    let mut map = value(alone)?.into_map().unwrap_or_default();
    let operations: Vec<Value> = own
        .iter()
        .filter_map(|operation| all.get(&operation.id).cloned())
        .collect();
    map.insert("operations".into(), operations.into());
    Ok(map.into())
}

fn operations(resources: &Value) -> impl Iterator<Item = &Value> {
    let resources = resources.as_array().unwrap_or_default().iter();
    resources
        .filter_map(|resource| field(resource, "operations")?.as_array())
        .flatten()
}

fn item(value: &Value, kind: &str) -> Item {
    let name = field(value, "name").or_else(|| field(value, "id"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let own = field(value, "source").and_then(|source| field(source, "file")?.as_str());
    let line = field(value, "source").and_then(|source| field(source, "line")?.as_u64());
    // A tag has no place in the specification, so use the file of its operations if they share one.
    let shared = || {
        let operations = field(value, "operations")?.as_array()?;
        let file = |operation| field(field(operation, "source")?, "file")?.as_str();
        let first = file(operations.first()?);
        first.filter(|_| operations.iter().all(|operation| file(operation) == first))
    };
    Item {
        label: Some(format!("{kind} `{name}`")),
        place: own.zip(line).map(|(file, line)| format!("{file}:{line}")),
        source: own.or_else(shared).map(str::to_owned),
        value: Some(value.clone()),
    }
}

fn field<'v>(value: &'v Value, key: &'static str) -> Option<&'v Value> {
    value.as_map()?.get(&Key::Str(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_see_the_printed_model() {
        let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let folder = tests.join("packs/minimal");
        let pack = Pack::load(&folder, &[]).unwrap();
        let generator = crate::Generator::new()
            .spec(tests.join("specs/notes.json"))
            .pack(&folder);
        let model = generator.model().unwrap();
        let mut root = Root::new(&model, &pack).unwrap().map;
        root.shift_remove(&Key::Str("pack")).unwrap();
        let seen: serde_json::Value = serde_json::to_value(Value::from(root)).unwrap();
        assert_eq!(seen, serde_json::to_value(&model).unwrap());
    }
}
