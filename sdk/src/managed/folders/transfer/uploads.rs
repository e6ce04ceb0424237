//! Uploads of files and folder markers.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::super::action::FolderAction;
use super::super::compare::Version;
use super::super::context::Context;
use super::super::planned_action::PlannedAction;
use super::super::walk::version_of;
use super::{Results, SMALL, Transfers, wrong_direction};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::regular_file;
use crate::client::transfer_budget::Lane;
use crate::generated::operations::PutObjectInput;
use crate::managed::errors::{blocking, file_error, with_object};
use crate::managed::file_metadata::insert_modified;
use crate::managed::request_tasks::{Concurrency, send};
use crate::managed::upload::source::UploadSource;
use crate::managed::upload::token_store::token_name;
use crate::managed::{Upload, UploadOutput};
use crate::message::sse::SseInput;

/// Content type of marker objects of folders.
const MARKER_TYPE: &str = "application/x-directory";
/// How often a file that changes while it is read is uploaded at most.
const MAX_ATTEMPTS: u32 = 2;

/// The content of a small file, and its size and time.
type Content = (Bytes, Version);

impl Transfers {
    /// Uploads files and markers one after the other.
    pub(super) async fn upload_all(&self, mut actions: Vec<PlannedAction>) -> Results {
        // The metadata of an upload in parts is that of a path.
        let limit = SMALL.min(self.context.options.multipart_threshold());
        let contents = read_small(&actions, limit).await;
        let mut results = Vec::with_capacity(actions.len());
        for (planned, content) in actions.drain(..).zip(contents) {
            let result = match (&planned.action, content) {
                (FolderAction::Upload { key, .. }, _) if key.ends_with('/') => {
                    self.upload_marker(key).await
                }
                (FolderAction::Upload { key, file, .. }, Some(Ok((bytes, version)))) => {
                    let uploaded = self.upload_version(key, file, bytes, &version).await;
                    uploaded.map(|output| output.bytes)
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
        let mut input = PutObjectInput::new(key);
        input.content_type = Some(MARKER_TYPE.to_owned());
        input
            .storage_class
            .clone_from(&context.options.storage_class);
        input.set_sse_key(context.options.sse_key.as_ref());
        let limit = Concurrency::new(None, Lane::Uploads, &context.bucket);
        send(&context.bucket, limit.lane(), input).await?;
        Ok(0)
    }

    /// Uploads a file, and repeats this once if the file changes in the meantime.
    async fn upload_file(&self, key: &str, file: &Path) -> Result<u64> {
        let mut attempt = 1;
        loop {
            let before = metadata(file).await?;
            let version = version_of(&before);
            let error = match self.upload_version(key, file, file, &version).await {
                Ok(output) => return Ok(output.bytes),
                Err(error) => error,
            };
            if !matches!(error.kind(), ErrorKind::Io | ErrorKind::Integrity) {
                return Err(error);
            }
            // A file that has vanished is reported as such.
            let after = metadata(file).await?;
            if regular_file::is_unchanged(&before, &after) {
                return Err(error);
            }
            if attempt == MAX_ATTEMPTS {
                return Err(changed(file, key, &self.context));
            }
            attempt += 1;
        }
    }

    /// Uploads a version of a file, or continues an interrupted upload of it. If another version was
    /// interrupted, the upload aborts that one.
    async fn upload_version<'a>(
        &self,
        key: &str,
        file: &Path,
        source: impl Into<UploadSource<'a>>,
        version: &Version,
    ) -> Result<UploadOutput> {
        let upload = self.upload(key, source, version);
        match self.token_file(key, file, version.size)? {
            Some(token) => upload.shared_token_file(token).await,
            None => upload.await,
        }
    }

    /// Returns the token file of an upload that may be interrupted, or that was.
    fn token_file(&self, key: &str, file: &Path, size: u64) -> Result<Option<PathBuf>> {
        let (context, options) = (&self.context, &self.context.options);
        let is_large = size > options.multipart_threshold();
        let Some(folder) = &options.token_folder else {
            return Ok(None);
        };
        if !is_large && context.tokens.is_empty() {
            return Ok(None);
        }
        let name = token_name(&context.bucket, key, file)?;
        let is_used = is_large || context.tokens.contains(OsStr::new(&name));
        Ok(is_used.then(|| folder.join(name)))
    }

    fn upload<'a>(
        &self,
        key: &str,
        source: impl Into<UploadSource<'a>>,
        version: &Version,
    ) -> Upload<'a> {
        let options = &self.context.options;
        // Also of a small file whose content was read already.
        let mut metadata = options.metadata.clone();
        insert_modified(&mut metadata, version.modified);
        let mut upload = self
            .context
            .bucket
            .upload(key, source)
            .part_size(options.part_size())
            .multipart_threshold(options.multipart_threshold())
            .verify(options.verify)
            .metadata(metadata)
            .file_metadata(true)
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
}

/// Reads the files of up to `limit` bytes among these uploads, all of them in one task. `None` for other
/// files.
async fn read_small(actions: &[PlannedAction], limit: u64) -> Vec<Option<Result<Content>>> {
    let files = actions.iter().map(|planned| match &planned.action {
        FolderAction::Upload {
            file, size, key, ..
        } if *size <= limit && !key.ends_with('/') => Some(file.clone()),
        _ => None,
    });
    let files: Vec<_> = files.collect();
    let count = files.len();
    if files.iter().all(Option::is_none) {
        return files.into_iter().map(|_| None).collect();
    }
    let read = blocking(move || {
        let read = |file: Option<std::path::PathBuf>| {
            let file = file?;
            read_consistently(&file, limit).transpose()
        };
        files.into_iter().map(read).collect::<Vec<_>>()
    });
    match read.await {
        Ok(contents) => contents,
        // The runtime ends.
        Err(_) => (0..count).map(|_| None).collect(),
    }
}

/// Reads a small file that does not change in the meantime, and reads it again once if it does.
/// Returns `None` if the file has more than `limit` bytes in the meantime, or a size that the file system
/// does not know. Blocks.
fn read_consistently(file: &Path, limit: u64) -> Result<Option<Content>> {
    let error = |error: io::Error| file_error(file, error);
    for _ in 0..MAX_ATTEMPTS {
        let open = regular_file::open(file).map_err(error)?;
        let before = version_of(&open.metadata().map_err(error)?);
        if before.size > limit {
            return Ok(None);
        }
        let content = match regular_file::read_at_most(&open, limit) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(None),
            content => content.map_err(error)?,
        };
        let after = version_of(&open.metadata().map_err(error)?);
        if before == after && content.len() as u64 == after.size {
            return Ok(Some((content.into(), after)));
        }
        if before == after && after.size == 0 {
            return Ok(None);
        }
    }
    let text = format!(
        "{}: the file changed while it was read, twice; nothing was stored",
        file.display()
    );
    Err(Error::new(ErrorKind::Io, text))
}

async fn metadata(file: &Path) -> Result<Metadata> {
    let metadata = tokio::fs::metadata(file).await;
    metadata.map_err(|error| file_error(file, error))
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
