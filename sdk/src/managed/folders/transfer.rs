//! Carries out one action of a plan: an upload, a download, a copy or a folder marker.

mod downloads;
mod uploads;

use std::sync::Arc;

use super::action::FolderAction;
use super::context::{Context, Direction};
use super::planned_action::PlannedAction;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::copy::SourceVersion;
use crate::message::object_path::ObjectPath;
use crate::message::transfer_monitor::TransferMonitor;

/// Files and objects of up to this size are kept in memory while they are transferred, several of
/// them one after the other.
pub(super) const SMALL: u64 = 64 << 10;

/// Actions, and the number of transferred bytes of each.
pub(super) type Results = Vec<(PlannedAction, Result<u64>)>;

/// Transfers the files and objects of one folder.
pub(super) struct Transfers {
    pub(super) context: Arc<Context>,
    pub(super) monitor: Arc<TransferMonitor>,
}

impl Transfers {
    /// Carries out actions one after the other. Returns the number of transferred bytes of each.
    ///
    /// # Errors
    ///
    /// Returns an error if the results are lost, because the runtime ends or a task panics.
    pub(super) async fn run(&self, actions: Vec<PlannedAction>) -> Result<Results> {
        match actions.first().map(|planned| &planned.action) {
            Some(FolderAction::Upload { .. }) => Ok(self.upload_all(actions).await),
            Some(FolderAction::Download { .. }) => self.download_all(actions).await,
            _ => {
                let mut results = Vec::with_capacity(actions.len());
                for planned in actions {
                    let result = self.copy(&planned).await;
                    results.push((planned, result));
                }
                Ok(results)
            }
        }
    }

    async fn copy(&self, planned: &PlannedAction) -> Result<u64> {
        let context = &self.context;
        let (
            FolderAction::Copy { source, key, .. },
            Direction::Between {
                source: source_bucket,
                ..
            },
        ) = (&planned.action, &context.direction)
        else {
            return Err(wrong_direction());
        };
        let options = &context.options;
        let version = *planned.source.clone().unwrap_or_default();
        let path = ObjectPath::new(source_bucket.name(), source);
        let mut copy = context
            .bucket
            .copy_object(path, key)
            .source_bucket(source_bucket)
            .shared_monitor(Arc::clone(&self.monitor));
        if entity_tag::is_strong(&version.etag) && version.storage_class.is_some() {
            copy = copy.known_source(SourceVersion {
                etag: version.etag,
                size: version.size,
                // Only needed without a strong ETag.
                last_modified: None,
                storage_class: version.storage_class,
            });
        }
        // A marker keeps its type, as in an upload.
        if !key.ends_with('/') {
            if let Some(content_type) = &options.content_type {
                copy = copy.content_type(content_type);
            }
            if !options.metadata.is_empty() {
                copy = copy.metadata(options.metadata.iter());
            }
        }
        if let Some(bytes) = options.part_size {
            copy = copy.part_size(bytes);
        }
        if let Some(bytes) = options.multipart_threshold {
            copy = copy.multipart_threshold(bytes);
        }
        if let Some(parts) = options.concurrency {
            copy = copy.concurrency(parts);
        }
        if let Some(class) = &options.storage_class {
            copy = copy.storage_class(class.clone());
        }
        if let Some(sse_key) = &options.sse_key {
            copy = copy.sse_key(sse_key);
        }
        if let Some(sse_key) = &options.source_sse_key {
            copy = copy.copy_source_sse_key(sse_key);
        }
        Ok(copy.await?.bytes)
    }
}

/// Returns the error of an action that a plan in this direction cannot contain.
fn wrong_direction() -> Error {
    Error::new(ErrorKind::Io, "the plan has an action of another direction")
}
