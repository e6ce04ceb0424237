//! The lock file: what made each output, as git blob ids.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::OutputError;
use crate::blob::BlobId;
use crate::render::LOCK_NAME;
use crate::source::slashes;

/// The version of the lock's own format.
const VERSION: u32 = 1;

/// Files that outputs are made from: portable names and blob ids.
pub type Inputs = BTreeMap<String, BlobId>;

/// `codegen.lock.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of this format.
    pub lock: u32,
    /// The command that formatted the outputs.
    pub formatter: Vec<String>,
    /// All files that anything was made from.
    pub inputs: Inputs,
    /// The outputs by path.
    pub outputs: BTreeMap<String, Output>,
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The file's blob id.
    pub id: BlobId,
    /// The blob id of what was rendered, before it was formatted.
    pub rendered: BlobId,
    /// Those of the inputs that it was made from first of all: templates, and its part of the
    /// specification. (Every output depends on the whole specification a little.)
    pub inputs: Vec<String>,
}

impl Lock {
    pub(super) fn new(formatter: Vec<String>, inputs: Inputs) -> Self {
        Self {
            lock: VERSION,
            formatter,
            inputs,
            outputs: BTreeMap::new(),
        }
    }

    /// Reads the lock file of a folder, if it has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, OutputError> {
        let path = folder.join(LOCK_NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OutputError::io(&path, error)),
        };
        let damaged = |message: String| OutputError::Lock {
            path: slashes(&path),
            message,
        };
        let lock: Self = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if lock.lock != VERSION {
            let message = format!("version {} is not {VERSION}", lock.lock);
            return Err(damaged(message));
        }
        // Its paths are going to be removed from: trust it no more than a template.
        match lock
            .outputs
            .keys()
            .find(|path| crate::render::check_path(path).is_err())
        {
            Some(path) => Err(damaged(format!("`{path}` leads out of the folder"))),
            None => Ok(Some(lock)),
        }
    }

    pub(super) fn to_text(&self) -> String {
        // Strings, numbers and lists alone: this can't fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
