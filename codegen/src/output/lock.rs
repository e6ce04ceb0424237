//! The lock file: git blob IDs of the outputs and of their inputs.
//!
//! The lock file lists the files that belong to the generator. A run writes it before the files,
//! with the old IDs and those of the files that follow ([`Lock::pending`]), and again after all
//! files are in place. A run that is killed in between leaves the first version, so that the next
//! run knows every file that may have been written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{OutputError, tree};
use crate::git_blob::BlobId;
use crate::render::LOCK_NAME;
use crate::source::{slashes, without_byte_order_mark};

/// Version of the lock file format.
const VERSION: u32 = 1;

/// Input files by portable name, with their blob IDs.
pub(crate) type Inputs = BTreeMap<String, BlobId>;

/// Contents of `codegen.lock.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    /// Version of the lock file format.
    pub lock: u32,
    /// Command line of the formatter.
    pub formatter: Vec<String>,
    /// All input files.
    pub inputs: Inputs,
    /// Outputs by path.
    pub outputs: BTreeMap<String, Output>,
    /// Files that an unfinished run may have written, by path, with the possible IDs. Empty after a
    /// run has finished.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, BTreeSet<BlobId>>,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    /// Blob ID of the file.
    pub id: BlobId,
    /// Blob ID of the rendered text before formatting.
    pub rendered: BlobId,
    /// Main inputs of the output: templates, and a file of the specification. Every output also
    /// depends a little on the whole specification.
    pub inputs: Vec<String>,
}

impl Lock {
    pub(super) fn new(formatter: Vec<String>, inputs: Inputs) -> Self {
        Self {
            lock: VERSION,
            formatter,
            inputs,
            outputs: BTreeMap::new(),
            pending: BTreeMap::new(),
        }
    }

    /// Reads the lock file of a folder, if it exists.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, OutputError> {
        if let Some(file) = folder.ancestors().find(|folder| folder.is_file()) {
            return Err(OutputError::InTheWay {
                path: slashes(file),
                message: "it is a file, but the output needs a folder".to_owned(),
            });
        }
        let path = folder.join(LOCK_NAME);
        let damaged = |message: String| OutputError::Lock {
            path: slashes(&path),
            message,
        };
        let Some(bytes) = tree::read(folder, LOCK_NAME)?.into_bytes() else {
            return Ok(None);
        };
        let bytes = without_byte_order_mark(bytes);
        let lock: Self = serde_json::from_slice(&bytes).map_err(|error| {
            // Do not quote the text, which can come from any file.
            let (line, column) = (error.line(), error.column());
            damaged(format!("not a lock file (line {line}, column {column})"))
        })?;
        if lock.lock != VERSION {
            let message = format!("version {} is not {VERSION}", lock.lock);
            return Err(damaged(message));
        }
        // Files at these paths can be removed, so check the paths like those of a template.
        let outside = |path: &&String| crate::render::check_path(path).is_err();
        if let Some(path) = lock.paths().find(outside) {
            return Err(damaged(format!("`{path}` is outside the folder")));
        }
        Ok(Some(lock))
    }

    /// Returns the paths of all files that a run may have written, with duplicates.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.outputs.keys().chain(self.pending.keys())
    }

    /// Returns whether a run wrote these bytes to a path, apart from line endings.
    pub(super) fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        let known = self.outputs.get(path).map(|output| &output.id);
        let mut known = known
            .into_iter()
            .chain(self.pending.get(path).into_iter().flatten());
        let (exact, text) = (BlobId::of(bytes), BlobId::of_text(bytes));
        known.any(|id| *id == exact || *id == text)
    }

    pub(super) fn to_text(&self) -> String {
        // Serializing strings, numbers and lists cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
