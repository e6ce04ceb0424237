//! The model as templates see it. It is serialized once; items share it.

use tera::value::Key;
use tera::{Context, Map, Value};

use super::RenderError;
use crate::model::Model;
use crate::pack::{Each, Pack};

/// The root context.
pub(super) struct Root {
    map: Map,
}

/// What a template is rendered for.
pub(super) struct Item {
    /// The value of `it`.
    pub(super) value: Option<Value>,
    /// For messages: ``resource `bucket_acl` ``.
    pub(super) label: String,
    /// The specification's file that it came from; none for the root.
    pub(super) source: Option<String>,
}

impl Root {
    pub(super) fn new(model: &Model, pack: &Pack) -> Result<Self, RenderError> {
        let failed = |error: tera::Error| RenderError::Output(error.to_string());
        let model = Value::try_from_serializable(model).map_err(failed)?;
        let mut map = model.into_map().unwrap_or_default();
        let options = Value::try_from_serializable(&pack.manifest.options).map_err(failed)?;
        map.insert("pack".into(), options);
        Ok(Self { map })
    }

    /// A context with everything but `it`.
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
            list.unwrap_or_default().iter().map(|value| item(value, kind)).collect()
        };
        match each {
            Each::Once => vec![Item {
                value: None,
                label: "the whole".to_owned(),
                source: None,
            }],
            Each::Service => {
                let service = self.map.get(&Key::Str("service"));
                service.map(|value| item(value, "service")).into_iter().collect()
            }
            Each::SubService => listed("sub_services", "sub-service"),
            Each::Resource => listed("resources", "resource"),
            Each::Type => listed("types", "type"),
            Each::Operation => {
                let resources = self.map.get(&Key::Str("resources")).and_then(Value::as_array);
                let resources = resources.unwrap_or_default().iter();
                resources
                    .filter_map(|resource| field(resource, "operations")?.as_array())
                    .flatten()
                    .map(|value| item(value, "operation"))
                    .collect()
            }
        }
    }
}

fn item(value: &Value, kind: &str) -> Item {
    let name = field(value, "name").or_else(|| field(value, "id"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let own = field(value, "source").and_then(|source| field(source, "file")?.as_str());
    // A tag has no place of its own: it is its operations' if they share one.
    let shared = || {
        let operations = field(value, "operations")?.as_array()?;
        let file = |operation| field(field(operation, "source")?, "file")?.as_str();
        let first = file(operations.first()?);
        first.filter(|_| operations.iter().all(|operation| file(operation) == first))
    };
    Item {
        label: format!("{kind} `{name}`"),
        source: own.or_else(shared).map(str::to_owned),
        value: Some(value.clone()),
    }
}

fn field<'v>(value: &'v Value, key: &'static str) -> Option<&'v Value> {
    value.as_map()?.get(&Key::Str(key))
}
