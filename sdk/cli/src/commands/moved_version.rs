//! Versions of copied files and objects: a move deletes a source only if it is the version that was
//! copied.

use std::fs::Metadata;
use std::path::Path;

use anyhow::{Result, anyhow};
use qingstor_sdk::{Bucket, SseKey, Timestamp, entity_tag};

use crate::messages;

/// Size, time and identity of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileVersion {
    pub(super) size: u64,
    modified: Option<Timestamp>,
    /// `None` if it is not known.
    id: Option<FileId>,
}

/// What identifies a file of a path on Unix.
#[derive(Clone, Copy, Debug)]
struct FileId {
    /// Device and inode number.
    inode: (u64, u64),
    /// Seconds and nanoseconds of the last status change. Remote file systems can give a file another inode
    /// number while it is in use, but this time then stays.
    changed: (i64, i64),
}

/// Size and ETag of an object.
#[derive(Clone, Debug)]
pub(super) struct ObjectVersion {
    pub(super) size: u64,
    /// Empty if it is not known.
    pub(super) etag: String,
}

impl FileVersion {
    /// Creates a version from what a transfer knows.
    pub(super) fn new(size: u64, modified: Option<Timestamp>) -> Self {
        Self {
            size,
            modified,
            id: None,
        }
    }

    /// Returns the version of a file.
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        Self {
            id: FileId::of(metadata),
            ..Self::new(
                metadata.len(),
                modified.and_then(|time| time.try_into().ok()),
            )
        }
    }

    /// Returns whether both versions of a path are the same, as far as is known.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_file = match (self.id, other.id) {
            (Some(a), Some(b)) => a.inode == b.inode || a.changed == b.changed,
            _ => true,
        };
        is_same_file && (self.size, self.modified) == (other.size, other.modified)
    }

    /// Checks that a file, or the destination of a link, still has this version. Blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the file has changed, or cannot be accessed.
    pub(super) fn check(self, path: &Path) -> Result<()> {
        match self.is_same(&Self::of(&std::fs::metadata(path)?)) {
            true => Ok(()),
            false => Err(anyhow!(messages::changed_since_copy())),
        }
    }
}

impl FileId {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self {
            inode: (metadata.dev(), metadata.ino()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
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
