//! The lock file: the git blob ids of each output and of what it was made from.
//!
//! It says which files are the generator's. So it is written before the files, with the old ids and
//! those of the files that are about to be written ([`Lock::pending`]), and again when all files
//! are in place. A run that is killed in between leaves the first one, and the next run knows every
//! file that either of them may have written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{OutputError, tree};
use crate::git_blob::BlobId;
use crate::render::LOCK_NAME;
use crate::source::{slashes, without_byte_order_mark};

/// The version of the lock's own format.
const VERSION: u32 = 1;

/// Files that outputs are made from: portable names and blob ids.
pub(crate) type Inputs = BTreeMap<String, BlobId>;

/// `codegen.lock.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    /// The version of this format.
    pub lock: u32,
    /// The command that formatted the outputs.
    pub formatter: Vec<String>,
    /// All files that anything was made from.
    pub inputs: Inputs,
    /// The outputs by path.
    pub outputs: BTreeMap<String, Output>,
    /// Files that a run has begun to write, by path, with all ids that they may have: empty when
    /// the run has ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, BTreeSet<BlobId>>,
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    /// The file's blob id.
    pub id: BlobId,
    /// The blob id of what was rendered, before it was formatted.
    pub rendered: BlobId,
    /// The inputs that it was made from first of all: templates, and its part of the specification.
    /// (Every output depends on the whole specification a little.)
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

    /// Reads the lock file of a folder, if it has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, OutputError> {
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
            // The message may quote the text, which can be any file's.
            let (line, column) = (error.line(), error.column());
            damaged(format!("not a lock file (line {line}, column {column})"))
        })?;
        if lock.lock != VERSION {
            let message = format!("version {} is not {VERSION}", lock.lock);
            return Err(damaged(message));
        }
        // Files at these paths may be removed, so they are checked like those of a template.
        let outside = |path: &&String| crate::render::check_path(path).is_err();
        if let Some(path) = lock.paths().find(outside) {
            return Err(damaged(format!("`{path}` leads out of the folder")));
        }
        Ok(Some(lock))
    }

    /// The paths of all files that a run wrote or was about to write; some come twice.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.outputs.keys().chain(self.pending.keys())
    }

    /// Returns whether a run wrote these bytes to a path, with these or other line endings.
    pub(super) fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        let known = self.outputs.get(path).map(|output| &output.id);
        let mut known = known
            .into_iter()
            .chain(self.pending.get(path).into_iter().flatten());
        let (exact, text) = (BlobId::of(bytes), BlobId::of_text(bytes));
        known.any(|id| *id == exact || *id == text)
    }

    pub(super) fn to_text(&self) -> String {
        // Strings, numbers and lists alone: this can't fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
