//! Downloads of objects.

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::super::action::FolderAction;
use super::super::compare::Version;
use super::super::context::Direction;
use super::super::local_folder;
use super::super::planned_action::PlannedAction;
use super::{Results, SMALL, Transfers, wrong_direction};
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::atomic_file::Durability;
use crate::base::timestamp::Timestamp;
use crate::client::transfer_budget::{AdmittedBucket, Lane};
use crate::managed::errors::{blocking, file_error, with_object};
use crate::managed::file_metadata::time_of_file;
use crate::managed::request_tasks::{Concurrency, in_slot};
use crate::message::sse::SseInput;

/// The content of a small object that was downloaded, and its time.
struct SmallObject {
    content: Bytes,
    modified: Option<Timestamp>,
}

impl Transfers {
    /// Downloads objects one after the other.
    ///
    /// # Errors
    ///
    /// Returns an error if the results are lost, because the runtime ends or a task panics.
    pub(super) async fn download_all(&self, actions: Vec<PlannedAction>) -> Result<Results> {
        let Direction::Down { folder } = &self.context.direction else {
            return Err(wrong_direction());
        };
        let mut received = Vec::with_capacity(actions.len());
        let mut failed = Vec::new();
        for planned in actions {
            match self.receive(&planned).await {
                Ok(content) => received.push((planned, content)),
                Err(error) => failed.push((planned, Err(error))),
            }
        }
        let context = Arc::clone(&self.context);
        let folder = folder.clone();
        let durability = match context.options.sync_to_disk {
            true => Durability::Synced,
            false => Durability::Unsynced,
        };
        let stored = blocking(move || {
            let store = |(planned, received): (PlannedAction, Option<SmallObject>)| {
                let name = context.name_on_disk(&planned.path);
                let result = match received {
                    Some(SmallObject { content, modified }) => {
                        let modified = modified.map(Into::into);
                        let written = local_folder::write_file(
                            &folder, &name, &content, modified, durability,
                        );
                        written.map(|()| Some(content.len() as u64))
                    }
                    None if name.ends_with('/') => {
                        local_folder::create_folders(&folder, &name).map(|()| Some(0))
                    }
                    None => local_folder::create_parents(&folder, &name).map(|_| None),
                };
                (planned, result)
            };
            received.into_iter().map(store).collect::<Vec<_>>()
        });
        let mut results = failed;
        for (planned, result) in stored.await? {
            let result = match result {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => self.download_file(&planned).await,
                Err(error) => Err(file_error(&self.context.local(&planned.path), error)),
            };
            results.push((planned, result));
        }
        Ok(results)
    }

    /// Downloads a small object into memory. Returns `None` for markers, large objects, and objects
    /// that have changed since they were listed.
    async fn receive(&self, planned: &PlannedAction) -> Result<Option<SmallObject>> {
        let (FolderAction::Download { key, .. }, Some(source)) = (&planned.action, &planned.source)
        else {
            return Ok(None);
        };
        if source.size > SMALL || !entity_tag::is_strong(&source.etag) || key.ends_with('/') {
            return Ok(None);
        }
        let bucket = &self.context.bucket;
        let limit = Concurrency::new(None, Lane::Downloads, bucket);
        let admitted = limit.admit(bucket).await;
        in_slot(admitted, |admitted| self.get(admitted, key, source)).await
    }

    /// Requests a small object. Returns `None` if it has changed since it was listed.
    async fn get(
        &self,
        admitted: AdmittedBucket,
        key: &str,
        source: &Version,
    ) -> Result<Option<SmallObject>> {
        let mut get = admitted.bucket.get_object(key).if_match(&source.etag);
        get.input.set_sse_key(self.context.options.sse_key.as_ref());
        let mut output = match get.send().await {
            Err(error) if error.is_precondition_failed() => return Ok(None),
            output => output?,
        };
        let is_unchanged = entity_tag::are_same(&output.etag, &source.etag);
        if !is_unchanged || output.content_length.is_some_and(|len| len > SMALL) {
            return Ok(None);
        }
        let size = usize::try_from(source.size).unwrap_or(usize::MAX);
        if self.monitor.rate_limiter().is_some() {
            // The caller's limit decides how long the request takes. It must not block others.
            admitted.slot.detach();
            self.monitor.wait(size).await;
        }
        let modified = time_of_file(&output.metadata, output.last_modified);
        // A body without an announced length may be endless.
        let content = output.body.collect(SMALL as usize).await?;
        self.check(key, source, &content)?;
        self.monitor.add_transferred(content.len() as u64);
        self.monitor.add_confirmed(content.len() as u64);
        Ok(Some(SmallObject { content, modified }))
    }

    /// Verifies the content of a small object.
    fn check(&self, key: &str, source: &Version, content: &Bytes) -> Result<()> {
        let text = if content.len() as u64 != source.size {
            format!("received {} of {} bytes", content.len(), source.size)
        } else if self.context.options.verify
            && self.context.options.sse_key.is_none()
            && let Some(expected) = super::super::compare::md5(source)
            && expected != Digest::of(Md5::new_with_prefix(content))
        {
            format!("the content does not have the MD5 {expected}")
        } else {
            return Ok(());
        };
        let error = Error::new(ErrorKind::Integrity, text);
        Err(with_object(error, &self.context.bucket, key, "GetObject"))
    }

    /// Downloads an object to a file whose folder exists.
    async fn download_file(&self, planned: &PlannedAction) -> Result<u64> {
        let FolderAction::Download { key, file, .. } = &planned.action else {
            return Err(wrong_direction());
        };
        let options = &self.context.options;
        let is_large = planned
            .source
            .as_ref()
            .is_some_and(|source| source.size > options.part_size());
        let mut download = self
            .context
            .bucket
            .download(key, file)
            .part_size(options.part_size())
            .verify(options.verify)
            .resumable(options.resumable && is_large)
            .sync_to_disk(options.sync_to_disk)
            .file_metadata(true)
            .shared_monitor(Arc::clone(&self.monitor));
        if let Some(ranges) = options.concurrency {
            download = download.concurrency(ranges);
        }
        if let Some(sse_key) = &options.sse_key {
            download = download.sse_key(sse_key);
        }
        Ok(download.await?.bytes)
    }
}
