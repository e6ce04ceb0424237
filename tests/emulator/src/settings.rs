//! What the owner of a bucket sets: one field per sub-resource.

use serde::{Deserialize, Serialize};

/// The settings of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {}
