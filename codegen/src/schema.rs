//! JSON Schemas (2020-12) of the model and of `pack.json`, for template authors and editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::model::Model;
use crate::pack::Manifest;

/// Returns the schema of the model, which `codegen dump` prints and templates see.
pub fn model() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<Model>()
        .to_value()
}

/// Returns the schema of `pack.json`.
pub fn manifest() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    settings
        .into_generator()
        .into_root_schema_for::<Manifest>()
        .to_value()
}
