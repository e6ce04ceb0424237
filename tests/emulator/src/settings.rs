//! What the owner of a bucket sets: one field per sub-resource.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The settings of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) versioning: Versioning,
}

/// Whether writing keeps what was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Versioning {
    #[default]
    Disabled,
    Enabled,
    Suspended,
}

impl Settings {
    pub(crate) fn protects(&self, _modified: Timestamp, _now: Timestamp) -> bool {
        false
    }
}
