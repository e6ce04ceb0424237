//! Carries out one action of a plan: an upload, a download, a copy or a folder marker.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::task::spawn_blocking;

use super::action::FolderAction;
use super::compare::{Version, format_time, parse_time};
use super::context::{Context, Direction};
use super::local_folder;
use super::options::MODIFIED_METADATA;
use super::plan_event::PlannedAction;
use super::walk::version_of;
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::atomic_file::Durability;
use crate::base::fs::regular_file;
use crate::base::timestamp::Timestamp;
use crate::client::Bucket;
use crate::client::transfer_budget::{Lane, Outcome};
use crate::generated::operations::PutObjectInput;
use crate::managed::errors::{task_result, with_object};
use crate::managed::part_sizes::{MAX_PART_SIZE, PART_SIZE_METADATA, PartSizes};
use crate::managed::request_tasks::Concurrency;
use crate::managed::upload::source::UploadSource;
use crate::managed::{Upload, UploadOutput};
use crate::message::metadata::Metadata;
use crate::message::object_path::ObjectPath;
use crate::message::sse::{CopySourceSseInput, SseInput};
use crate::message::transfer_monitor::TransferMonitor;

/// Content type of marker objects of folders.
const MARKER_TYPE: &str = "application/x-directory";
/// How often a file that changes while it is read is uploaded at most.
const MAX_ATTEMPTS: u32 = 2;
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

/// The content of a small file, and its size and time.
type Content = (Bytes, Version);

/// The content of a small object that was downloaded, and its time.
struct Received {
    content: Bytes,
    modified: Option<Timestamp>,
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

    async fn upload_all(&self, mut actions: Vec<PlannedAction>) -> Results {
        let contents = read_small(&actions).await;
        let mut results = Vec::with_capacity(actions.len());
        for (planned, content) in actions.drain(..).zip(contents) {
            let result = match (&planned.action, content) {
                (FolderAction::Upload { key, .. }, _) if key.ends_with('/') => {
                    self.upload_marker(key).await
                }
                (FolderAction::Upload { key, .. }, Some(Ok((bytes, version)))) => {
                    let upload = self.upload(key, bytes, &version);
                    upload.await.map(|output| output.bytes)
                }
                (FolderAction::Upload { key, file, .. }, None) => self.upload_file(key, file).await,
                (FolderAction::Upload { .. }, Some(Err(error))) => Err(error),
                _ => Err(wrong_direction()),
            };
            results.push((planned, result));
        }
        results
    }

    async fn upload_marker(&self, key: &str) -> Result<u64> {
        let context = &self.context;
        let admitted = context.bucket.admit(Some(Lane::Uploads)).await;
        let mut input = PutObjectInput::new(key);
        input.content_type = Some(MARKER_TYPE.to_owned());
        input.set_sse_key(context.options.sse_key.as_ref());
        admitted.bucket.call(input).send().await?;
        admitted.slot.release(Outcome::Success);
        Ok(0)
    }

    /// Uploads a file, and repeats this once if the file changes in the meantime.
    async fn upload_file(&self, key: &str, file: &Path) -> Result<u64> {
        let mut attempt = 1;
        loop {
            let before = file_version(file).await?;
            let error = match self.upload_version(key, file, &before).await {
                Ok(output) => return Ok(output.bytes),
                Err(error) => error,
            };
            if !matches!(error.kind(), ErrorKind::Io | ErrorKind::Integrity) {
                return Err(error);
            }
            // A file that has vanished is reported as such.
            let after = file_version(file).await?;
            if after == before {
                return Err(error);
            }
            if attempt == MAX_ATTEMPTS {
                return Err(changed(file, key, &self.context));
            }
            attempt += 1;
        }
    }

    /// Uploads a file, or continues an interrupted upload of it.
    async fn upload_version(
        &self,
        key: &str,
        file: &Path,
        version: &Version,
    ) -> Result<UploadOutput> {
        let options = &self.context.options;
        let upload = || self.upload(key, UploadSource::path(file), version);
        let folder = match &options.token_folder {
            Some(folder) if version.size > options.multipart_threshold => folder,
            _ => return upload().await,
        };
        let token = folder.join(token_name(&self.context.bucket, key, file, version)?);
        let had_token = tokio::fs::try_exists(&token).await.unwrap_or(false);
        match upload().token_file(&token).await {
            // The upload was aborted in the meantime.
            Err(error) if had_token && error.is_not_found() => {
                let removed = tokio::fs::remove_file(&token).await;
                removed.map_err(|error| file_error(&token, error))?;
                upload().token_file(&token).await
            }
            uploaded => uploaded,
        }
    }

    fn upload<'a>(
        &self,
        key: &str,
        source: impl Into<UploadSource<'a>>,
        version: &Version,
    ) -> Upload<'a> {
        let options = &self.context.options;
        let mut upload = self
            .context
            .bucket
            .upload(key, source)
            .part_size(options.part_size)
            .multipart_threshold(options.multipart_threshold)
            .verify(options.verify)
            .metadata(self.metadata(version))
            .shared_monitor(Arc::clone(&self.monitor));
        if let Some(content_type) = &options.content_type {
            upload = upload.content_type(content_type);
        }
        if let Some(parts) = options.concurrency {
            upload = upload.concurrency(parts);
        }
        if let Some(class) = &options.storage_class {
            upload = upload.storage_class(class.clone());
        }
        if let Some(sse_key) = &options.sse_key {
            upload = upload.sse_key(sse_key);
        }
        upload
    }

    /// Returns the metadata of an uploaded file.
    fn metadata(&self, version: &Version) -> Metadata {
        let options = &self.context.options;
        let mut metadata = options.metadata.clone();
        if let Some(modified) = version.modified
            && metadata.get(MODIFIED_METADATA).is_none()
        {
            metadata.insert(MODIFIED_METADATA, format_time(modified));
        }
        if version.size > options.multipart_threshold
            && let Ok(sizes) = PartSizes::new(options.part_size, Some(version.size))
        {
            metadata.insert(PART_SIZE_METADATA, sizes.first().to_string());
        }
        metadata
    }

    async fn download_all(&self, actions: Vec<PlannedAction>) -> Result<Results> {
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
        let stored = spawn_blocking(move || {
            let store = |(planned, received): (PlannedAction, Option<Received>)| {
                let name = context.name_on_disk(&planned.path);
                let result = match received {
                    Some(Received { content, modified }) => {
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
        for (planned, result) in task_result(stored.await)? {
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
    async fn receive(&self, planned: &PlannedAction) -> Result<Option<Received>> {
        let (FolderAction::Download { key, .. }, Some(source)) = (&planned.action, &planned.source)
        else {
            return Ok(None);
        };
        if source.size > SMALL || !entity_tag::is_strong(&source.etag) || key.ends_with('/') {
            return Ok(None);
        }
        let options = &self.context.options;
        let bucket = &self.context.bucket;
        let admitted = Concurrency::new(None, Lane::Downloads, bucket)
            .admit(bucket)
            .await;
        let mut get = admitted.bucket.get_object(key).if_match(&source.etag);
        get.input.set_sse_key(options.sse_key.as_ref());
        let output = match get.send().await {
            Err(error) if error.is_precondition_failed() => return Ok(None),
            output => output?,
        };
        if output.content_length.is_some_and(|len| len > SMALL) {
            return Ok(None);
        }
        let size = usize::try_from(source.size).unwrap_or(usize::MAX);
        self.monitor.wait(size).await;
        let modified = time_of(&output.metadata, output.last_modified);
        let content = output.body.bytes().await?;
        admitted.slot.release(Outcome::Success);
        self.check(key, source, &content)?;
        self.monitor.add_transferred(content.len() as u64);
        self.monitor.add_confirmed(content.len() as u64);
        Ok(Some(Received { content, modified }))
    }

    /// Verifies the content of a small object.
    fn check(&self, key: &str, source: &Version, content: &Bytes) -> Result<()> {
        let text = if content.len() as u64 != source.size {
            format!("received {} of {} bytes", content.len(), source.size)
        } else if self.context.options.verify
            && self.context.options.sse_key.is_none()
            && let Some(expected) = super::compare::md5(source)
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
            .is_some_and(|source| source.size > options.part_size);
        let mut download = self
            .context
            .bucket
            .download(key, file)
            .part_size(options.part_size)
            .verify(options.verify)
            .resumable(options.resumable && is_large)
            .sync_to_disk(options.sync_to_disk)
            .shared_monitor(Arc::clone(&self.monitor));
        if let Some(ranges) = options.concurrency {
            download = download.concurrency(ranges);
        }
        if let Some(sse_key) = &options.sse_key {
            download = download.sse_key(sse_key);
        }
        let output = download.await?;
        if let Some(modified) = time_of(&output.metadata, output.last_modified) {
            let local = file.clone();
            let set = spawn_blocking(move || {
                let set = local_folder::set_modified(&local, modified.into());
                set.map_err(|error| file_error(&local, error))
            });
            task_result(set.await)??;
        }
        Ok(output.bytes)
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
        let version = planned.source.clone().unwrap_or_default();
        let path = ObjectPath::new(source_bucket.name(), source);
        let is_known = entity_tag::is_strong(&version.etag);
        if is_known && version.size <= MAX_PART_SIZE && !context.is_between_zones() {
            let mut input = PutObjectInput::new(key);
            input.copy_source = Some(path);
            input.copy_source_if_match = Some(version.etag);
            input.storage_class.clone_from(&options.storage_class);
            input.set_sse_key(options.sse_key.as_ref());
            input.set_copy_source_sse_key(options.source_sse_key.as_ref());
            let bucket = &context.bucket;
            let admitted = Concurrency::new(None, Lane::Copies, bucket)
                .admit(bucket)
                .await;
            admitted.bucket.call(input).send().await?;
            admitted.slot.release(Outcome::Success);
            return Ok(version.size);
        }
        let mut copy = context
            .bucket
            .copy_object(path, key)
            .source_bucket(source_bucket)
            .shared_monitor(Arc::clone(&self.monitor));
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
        Ok(copy.await?.size)
    }
}

/// Returns the error of an action that a plan in this direction cannot contain.
fn wrong_direction() -> Error {
    Error::new(ErrorKind::Io, "the plan has an action of another direction")
}

/// Returns the name of the token file of an upload. Another version of the file has another name.
fn token_name(bucket: &Bucket, key: &str, file: &Path, version: &Version) -> Result<String> {
    let path = std::path::absolute(file).map_err(|error| file_error(file, error))?;
    let modified = version.modified.map(format_time).unwrap_or_default();
    let mut md5 = Md5::new();
    let fields = [
        bucket.name().as_bytes(),
        key.as_bytes(),
        path.as_os_str().as_encoded_bytes(),
        &version.size.to_be_bytes(),
        modified.as_bytes(),
    ];
    for field in fields {
        // The length separates the fields.
        md5.update((field.len() as u64).to_be_bytes());
        md5.update(field);
    }
    Ok(format!("{}.token", Digest::of(md5)))
}

/// Returns the time that a downloaded file gets: the one in the metadata of the object, or else that
/// of its last change.
fn time_of(metadata: &Metadata, last_modified: Option<Timestamp>) -> Option<Timestamp> {
    let recorded = metadata.get(MODIFIED_METADATA).and_then(parse_time);
    recorded.or(last_modified)
}

/// Reads the small files among these uploads, all of them in one task. `None` for other files.
async fn read_small(actions: &[PlannedAction]) -> Vec<Option<Result<Content>>> {
    let files = actions.iter().map(|planned| match &planned.action {
        FolderAction::Upload {
            file, size, key, ..
        } if *size <= SMALL && !key.ends_with('/') => Some(file.clone()),
        _ => None,
    });
    let files: Vec<_> = files.collect();
    let count = files.len();
    if files.iter().all(Option::is_none) {
        return files.into_iter().map(|_| None).collect();
    }
    let read = spawn_blocking(move || {
        let read = |file: Option<std::path::PathBuf>| {
            let file = file?;
            read_consistently(&file).transpose()
        };
        files.into_iter().map(read).collect::<Vec<_>>()
    });
    match task_result(read.await) {
        Ok(contents) => contents,
        // The runtime ends.
        Err(_) => (0..count).map(|_| None).collect(),
    }
}

/// Reads a small file that does not change in the meantime, and reads it again once if it does.
/// Returns `None` if the file is not small any more. Blocks.
fn read_consistently(file: &Path) -> Result<Option<Content>> {
    let error = |error: io::Error| file_error(file, error);
    for _ in 0..MAX_ATTEMPTS {
        let open = regular_file::open(file).map_err(error)?;
        let before = version_of(&open.metadata().map_err(error)?);
        if before.size > SMALL {
            return Ok(None);
        }
        let content = match regular_file::read_at_most(&open, SMALL) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(None),
            content => content.map_err(error)?,
        };
        let after = version_of(&open.metadata().map_err(error)?);
        if before == after && content.len() as u64 == after.size {
            return Ok(Some((content.into(), after)));
        }
    }
    let text = format!(
        "{}: the file changed while it was read, twice; nothing was stored",
        file.display()
    );
    Err(Error::new(ErrorKind::Io, text))
}

async fn file_version(file: &Path) -> Result<Version> {
    let metadata = tokio::fs::metadata(file).await;
    let metadata = metadata.map_err(|error| file_error(file, error))?;
    Ok(version_of(&metadata))
}

fn changed(file: &Path, key: &str, context: &Context) -> Error {
    let text = format!(
        "{}: the file changed during the upload, twice; the stored object is the previous one, or a \
         mixture of both contents",
        file.display()
    );
    let error = Error::new(ErrorKind::Io, text);
    with_object(error, &context.bucket, key, "PutObject")
}

fn file_error(file: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", file.display())).with_source(error)
}
