//! JSON Schemas (2020-12) of what template authors read and write: editors complete by them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::model::Model;
use crate::pack::Manifest;

/// The schema of the model: what `codegen dump` prints, and what every template sees.
pub fn model() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<Model>()
        .to_value()
}

/// The schema of `pack.json`.
pub fn manifest() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    settings
        .into_generator()
        .into_root_schema_for::<Manifest>()
        .to_value()
}
