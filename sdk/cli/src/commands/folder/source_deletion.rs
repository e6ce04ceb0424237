//! [`SourceDeletion`]: deletes the objects of a move, each one after its transfer.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use qingstor_sdk::{Bucket, FolderAction, SseKey};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, block_in_place};

use super::super::moved_files::{MovedFiles, MovedFolder};
use super::super::moved_version::{FileVersion, ObjectVersion};
use super::super::rm;
use super::super::transfers::Transfers;
use super::FolderJob;
use crate::action::{Action, Verb};
use crate::location::{Location, Remote};
use crate::messages;
use crate::output::Output;

/// Number of copied objects that wait for their deletion. If there are more, transfers wait.
const QUEUED: usize = 1000;
/// Number of requests at the same time that look up whether an object has changed.
const CHECKS: usize = 32;
/// Largest number of keys of one request.
const BATCH: usize = 1000;
/// Number of requests at the same time that delete objects.
const BATCHES: usize = 4;

/// Deletes the objects of a move while it runs. An object that has changed since it was copied stays.
/// Files are added to those that the command deletes after its last transfer.
pub(super) struct SourceDeletion {
    source: Arc<MoveSource>,
    /// Deletes objects; empty for files.
    task: JoinSet<Result<()>>,
}

/// The source folder or prefix of a move.
enum MoveSource {
    /// The folder, and the files of the command that are copied.
    Files(Arc<MovedFolder>, Arc<MovedFiles>),
    /// Copied objects, by key.
    Objects(Mutex<Option<mpsc::Sender<(String, ObjectVersion)>>>),
}

impl SourceDeletion {
    /// Starts a task that deletes objects, if the source is in a bucket.
    ///
    /// # Errors
    ///
    /// Returns an error if the bucket is not found.
    pub(super) async fn start(transfers: &Transfers, job: &FolderJob) -> Result<Self> {
        let output = Arc::clone(&transfers.output);
        let is_dry = transfers.options.dry_run;
        let mut task = JoinSet::new();
        let source = match &job.locations.source {
            Location::Remote(source) => {
                let (sender, copied) = mpsc::channel(QUEUED);
                let objects = ObjectDeleter {
                    bucket: transfers.session.bucket(&source.bucket).await?,
                    sse_key: transfers.properties.sse_key.clone(),
                    output,
                    is_dry,
                };
                task.spawn(Arc::new(objects).delete_all(copied));
                MoveSource::Objects(Mutex::new(Some(sender)))
            }
            Location::Local(path) => {
                let folder = MovedFolder {
                    path: path.clone(),
                    is_pattern: job.pattern.is_some(),
                };
                MoveSource::Files(Arc::new(folder), Arc::clone(&transfers.moved_files))
            }
            // A folder transfer does not start.
            Location::Stdio => MoveSource::Objects(Mutex::default()),
        };
        Ok(Self {
            source: Arc::new(source),
            task,
        })
    }

    /// Returns a function for the source of a transfer that is done. The function may block.
    pub(super) fn on_done(&self) -> impl Fn(&FolderAction) + Send + Sync + use<> {
        let source = Arc::clone(&self.source);
        move |action| source.add(action)
    }

    /// Waits until all objects are deleted.
    ///
    /// # Errors
    ///
    /// Returns an error if the results cannot be printed.
    pub(super) async fn finish(mut self) -> Result<()> {
        match &*self.source {
            MoveSource::Files(..) => Ok(()),
            MoveSource::Objects(sender) => {
                drop(lock(sender).take());
                match self.task.join_next().await {
                    Some(ended) => ended.context("the deletions of the move")?,
                    None => Ok(()),
                }
            }
        }
    }
}

impl MoveSource {
    fn add(&self, action: &FolderAction) {
        match (self, action) {
            (
                Self::Files(folder, files),
                FolderAction::Upload {
                    file,
                    size,
                    modified,
                    ..
                },
            ) => {
                let version = FileVersion::new(*size, *modified);
                files.add(file, version, Some(folder));
            }
            (
                Self::Objects(sender),
                FolderAction::Download {
                    key, size, etag, ..
                }
                | FolderAction::Copy {
                    source: key,
                    size,
                    etag,
                    ..
                },
            ) => {
                let version = ObjectVersion {
                    size: *size,
                    etag: etag.clone(),
                };
                let sender = lock(sender).clone();
                // If the task has ended, `finish` returns its error.
                let _ = sender
                    .map(|sender| block_in_place(|| sender.blocking_send((key.clone(), version))));
            }
            _ => {}
        }
    }
}

/// The source of a move in a bucket.
struct ObjectDeleter {
    bucket: Bucket,
    sse_key: Option<SseKey>,
    output: Arc<Output>,
    is_dry: bool,
}

impl ObjectDeleter {
    /// Deletes copied objects, as far as they have not changed, and reports each one.
    ///
    /// # Errors
    ///
    /// Returns an error if the results cannot be printed.
    async fn delete_all(
        self: Arc<Self>,
        mut copied: mpsc::Receiver<(String, ObjectVersion)>,
    ) -> Result<()> {
        let of_checks = Arc::clone(&self);
        let checked = stream::poll_fn(move |cx| copied.poll_recv(cx))
            .map(move |(key, version)| Arc::clone(&of_checks).check(key, version))
            .buffer_unordered(CHECKS);
        let deleted = checked
            .ready_chunks(BATCH)
            .map(move |keys| Arc::clone(&self).delete(keys.into_iter().flatten().collect()))
            .buffer_unordered(BATCHES);
        deleted.try_collect().await
    }

    /// Returns the key of an object that has not changed. Otherwise reports it.
    async fn check(self: Arc<Self>, key: String, version: ObjectVersion) -> Option<String> {
        if self.is_dry {
            return Some(key);
        }
        let checked = version.check(&self.bucket, &key, self.sse_key.as_ref());
        let Err(error) = checked.await else {
            return Some(key);
        };
        let source = Remote::new(self.bucket.name(), key).to_string();
        let error = error.context(messages::not_deleted_source(&source));
        let action = Action::new(Verb::Delete, &source);
        self.output.failed(&action, &error);
        None
    }

    async fn delete(self: Arc<Self>, keys: Vec<String>) -> Result<()> {
        let keys = stream::iter(keys.into_iter().map(Ok));
        rm::delete_keys(&self.output, &self.bucket, keys, self.is_dry).await?;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
