//! Versions of copied files and objects: a move deletes a source only if it is the version that was
//! copied.

use std::fs::Metadata;
use std::path::Path;

use anyhow::{Result, anyhow};
use qingstor_sdk::{Bucket, SseKey, Timestamp, entity_tag};

use crate::messages;

/// Size and time of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FileVersion {
    pub(super) size: u64,
    pub(super) modified: Option<Timestamp>,
}

/// Size and ETag of an object.
#[derive(Clone, Debug)]
pub(super) struct ObjectVersion {
    pub(super) size: u64,
    /// Empty if it is not known.
    pub(super) etag: String,
}

impl FileVersion {
    /// Returns the version of a file.
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        Self {
            size: metadata.len(),
            modified: modified.and_then(|time| time.try_into().ok()),
        }
    }

    /// Checks that a file, or the destination of a link, still has this version. Blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the file has changed, or cannot be accessed.
    pub(super) fn check(self, path: &Path) -> Result<()> {
        match Self::of(&std::fs::metadata(path)?) == self {
            true => Ok(()),
            false => Err(anyhow!(messages::changed_since_copy())),
        }
    }
}

impl ObjectVersion {
    /// Checks that an object still has this version. If the ETag is not known, compares the size.
    ///
    /// # Errors
    ///
    /// Returns an error if the object has changed, or the error of the request.
    pub(super) async fn check(
        &self,
        bucket: &Bucket,
        key: &str,
        sse_key: Option<&SseKey>,
    ) -> Result<()> {
        let mut head = bucket.head_object(key);
        if let Some(sse_key) = sse_key {
            head = head.sse_key(sse_key);
        }
        let head = head.await?;
        let is_same = match entity_tag::text(&self.etag) {
            "" => head.content_length == Some(self.size),
            _ => entity_tag::are_same(&head.etag, &self.etag),
        };
        match is_same {
            true => Ok(()),
            false => Err(anyhow!(messages::changed_since_copy())),
        }
    }
}
