//! The transfer of a single file or object.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use qingstor_sdk::{Download, DownloadTarget, UploadSource};
use tokio::io::AsyncWrite;

use super::super::moved_version::{FileVersion, ObjectVersion};
use super::super::transfers::{AddTotalOnce, Transfers, configured_upload, with_limits};
use super::objects::copy;
use super::upload::upload_file;
use crate::action::{Action, Operands, Verb};
use crate::arguments::CopyArguments;
use crate::exit::{OutputClosed, UsageError};
use crate::listing::{exists, why_missing};
use crate::location::{Location, Remote, both_local};
use crate::messages;
use crate::special_files::{is_other_special_file, is_stream, open_stream};

/// Returns the verb of a transfer that failed.
pub(super) fn failed_verb(source: &Location, target: &Location, is_move: bool) -> Verb {
    match is_move {
        true => Verb::Move,
        false => verb(source, target),
    }
}

/// Returns the verb of a transfer.
fn verb(source: &Location, target: &Location) -> Verb {
    match (source, target) {
        (Location::Remote(_), Location::Remote(_)) => Verb::Copy,
        (Location::Remote(_), _) => Verb::Download,
        _ => Verb::Upload,
    }
}

/// A single file or object, and where it is copied to.
pub(super) struct FileJob {
    pub(super) source: Location,
    pub(super) target: Location,
}

/// The end of a transfer.
enum Outcome {
    Done(CopiedSource),
    Skipped(String),
}

/// The version of a source that was copied.
enum CopiedSource {
    File(FileVersion),
    Object(ObjectVersion),
    /// A source that is not deleted, and its number of bytes.
    Stream(u64),
}

impl CopiedSource {
    fn bytes(&self) -> u64 {
        match self {
            Self::File(version) => version.size,
            Self::Object(version) => version.size,
            Self::Stream(bytes) => *bytes,
        }
    }

    /// Returns the version of a local file. Without a transfer, only its size is known.
    fn file_version(&self) -> FileVersion {
        match self {
            Self::File(version) => *version,
            _ => FileVersion::new(self.bytes(), None),
        }
    }
}

impl FileJob {
    /// Transfers the file, and reports it.
    ///
    /// # Errors
    ///
    /// Returns a usage error, or an error if the content cannot be printed. Other failures of the transfer
    /// are reported.
    pub(super) async fn run(
        &self,
        transfers: &Transfers,
        arguments: &CopyArguments,
        is_move: bool,
    ) -> Result<()> {
        let (source, target) = (self.source.to_string(), self.target.to_string());
        let mut action = Action::new(verb(&self.source, &self.target), &source).to(&target);
        let outcome = self.transfer(transfers, arguments, is_move).await;
        let reason;
        let copied = match outcome {
            Ok(Outcome::Done(copied)) => {
                action.size = Some(copied.bytes());
                transfers.progress.finish_file();
                copied
            }
            Ok(Outcome::Skipped(why)) => {
                action.verb = Verb::Skip;
                reason = why;
                action.reason = Some(&reason);
                transfers.output.action(&action);
                return Ok(());
            }
            Err(error) if error.is::<OutputClosed>() || error.is::<UsageError>() => {
                let verb = failed_verb(&self.source, &self.target, is_move);
                return Err(error.context(Operands::new(verb, &source).to(&target)));
            }
            Err(error) => {
                let error = match &self.source {
                    Location::Remote(source) => {
                        let is_folder = messages::folder_needs_recursive(source);
                        why_missing(&transfers.session, source, error, is_folder).await
                    }
                    _ => error,
                };
                action.verb = failed_verb(&self.source, &self.target, is_move);
                transfers.output.failed(&action, &error);
                return Ok(());
            }
        };
        // The content of an object is on standard output, so no line can be.
        if self.target != Location::Stdio {
            transfers.output.action(&action);
        }
        if is_move {
            self.remove_source(transfers, &copied).await;
        }
        Ok(())
    }

    async fn transfer(
        &self,
        transfers: &Transfers,
        arguments: &CopyArguments,
        is_move: bool,
    ) -> Result<Outcome> {
        // A copy onto itself can change the properties of an object.
        let changes_itself = !is_move && transfers.properties.change_copies();
        if self.source == self.target && !changes_itself {
            return Err(anyhow!(messages::same_file(&self.source)));
        }
        if arguments.no_clobber && self.target_exists(transfers).await? {
            return Ok(Outcome::Skipped(messages::exists(&self.target)));
        }
        if let Location::Local(path) = &self.target {
            // A source is not deleted in exchange for bytes in a pipe, which may be lost.
            if is_move && is_stream(path) {
                return Err(anyhow!(messages::move_to_stream(path.display())));
            }
            if is_other_special_file(path) {
                let text = messages::not_a_target_file(path.display(), &self.source);
                return Err(anyhow!(text));
            }
        }
        if transfers.options.dry_run {
            let size = self.size(transfers).await?;
            if let (Location::Remote(source), Location::Remote(target)) =
                (&self.source, &self.target)
            {
                let session = &transfers.session;
                let buckets = session.buckets_of_copy(&source.bucket, &target.bucket);
                buckets.await?;
            }
            transfers.check_stored_target(&self.target).await?;
            if let Location::Local(path) = &self.target
                && !is_stream(path)
            {
                check_file_target(path)?;
            }
            return Ok(Outcome::Done(CopiedSource::Stream(size)));
        }
        let copied = match (&self.source, &self.target) {
            (Location::Local(path), Location::Remote(target)) => {
                CopiedSource::File(upload_file(transfers, path, target).await?)
            }
            (Location::Stdio, Location::Remote(target)) => {
                let bucket = transfers.session.bucket(&target.bucket).await?;
                let source = UploadSource::reader(tokio::io::stdin());
                let upload = configured_upload(transfers, bucket.upload(&target.key, source));
                CopiedSource::Stream(upload.await?.bytes)
            }
            (Location::Remote(source), Location::Local(path)) if is_stream(path) => {
                let opened = path.clone();
                let file = tokio::task::spawn_blocking(move || open_stream(&opened)).await?;
                let file =
                    tokio::fs::File::from_std(file.with_context(|| path.display().to_string())?);
                CopiedSource::Stream(download_to_writer(transfers, source, file).await?)
            }
            (Location::Remote(source), Location::Local(path)) => {
                let resume = transfers.options.resume;
                CopiedSource::Object(download_file(transfers, source, path, resume).await?)
            }
            (Location::Remote(source), Location::Stdio) => {
                CopiedSource::Stream(download_to_stdout(transfers, source).await?)
            }
            (Location::Remote(source), Location::Remote(target)) => {
                CopiedSource::Object(copy(transfers, source, target).await?)
            }
            _ => return Err(both_local(&self.source, &self.target)),
        };
        Ok(Outcome::Done(copied))
    }

    async fn target_exists(&self, transfers: &Transfers) -> Result<bool> {
        match &self.target {
            Location::Remote(target) => exists(&transfers.session, target).await,
            Location::Local(path) => Ok(path.symlink_metadata().is_ok()),
            Location::Stdio => Ok(false),
        }
    }

    /// Returns the size of the source, which must exist.
    async fn size(&self, transfers: &Transfers) -> Result<u64> {
        match &self.source {
            Location::Remote(source) => {
                let bucket = transfers.session.bucket(&source.bucket).await?;
                Ok(bucket
                    .head_object(&source.key)
                    .await?
                    .content_length
                    .unwrap_or_default())
            }
            Location::Local(path) => {
                let metadata = tokio::fs::metadata(path).await;
                Ok(metadata.with_context(|| path.display().to_string())?.len())
            }
            Location::Stdio => Ok(0),
        }
    }

    /// Deletes the source of a move, and reports it. A local file is deleted after the last transfer.
    async fn remove_source(&self, transfers: &Transfers, copied: &CopiedSource) {
        let remote = match &self.source {
            Location::Remote(remote) => remote,
            Location::Local(path) => {
                let version = copied.file_version();
                transfers.moved_files.add(path, version, None);
                return;
            }
            Location::Stdio => return,
        };
        let source = self.source.to_string();
        let action = Action::new(Verb::Delete, &source);
        let removed = match copied {
            CopiedSource::Object(version) => remove_if_unchanged(transfers, remote, version).await,
            _ => Ok(()),
        };
        match removed {
            Ok(()) => transfers.output.action(&action),
            Err(error) => {
                let error = error.context(messages::not_deleted_source(&source));
                transfers.output.failed(&action, &error);
            }
        }
    }
}

async fn remove_if_unchanged(
    transfers: &Transfers,
    remote: &Remote,
    version: &ObjectVersion,
) -> Result<()> {
    let bucket = transfers.session.bucket(&remote.bucket).await?;
    let sse_key = transfers.properties.sse_key.as_ref();
    version.check(&bucket, &remote.key, sse_key).await?;
    bucket.delete_object(&remote.key).await?;
    Ok(())
}

/// Checks that a download can store a file. Its folder need not exist. Blocks for a moment.
fn check_file_target(path: &Path) -> Result<()> {
    let mut folders = path.ancestors().skip(1);
    // The last one is empty, or the root folder.
    let folder = folders.find(|folder| folder.symlink_metadata().is_ok());
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        let error = anyhow::Error::new(std::io::Error::from(std::io::ErrorKind::NotADirectory));
        return Err(error.context(folder.display().to_string()));
    }
    match DownloadTarget::file(path).check() {
        Err(error) if !is_missing(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Returns whether an error means that a file or folder does not exist.
fn is_missing(error: &qingstor_sdk::Error) -> bool {
    let cause = std::error::Error::source(error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

async fn download_file(
    transfers: &Transfers,
    source: &Remote,
    path: &Path,
    resume: bool,
) -> Result<ObjectVersion> {
    let bucket = transfers.session.bucket(&source.bucket).await?;
    check_file_target(path)?;
    if let Some(parent) = path.parent()
        && !parent.as_os_str().is_empty()
        && !parent.is_dir()
    {
        // A missing object must not leave a folder.
        if !exists(&transfers.session, source).await? {
            return Err(anyhow!(messages::no_such_object(source)));
        }
        tokio::fs::create_dir_all(parent)
            .await
            .with_context(|| parent.display().to_string())?;
    }
    let download = bucket.download(&source.key, path).resumable(resume);
    let kept = transfers.session.kept_downloads();
    if resume {
        kept.add_file(path);
    }
    let output = configured_download(transfers, download.file_metadata(true)).await?;
    kept.remove_file(path);
    Ok(ObjectVersion {
        size: output.bytes,
        etag: output.etag,
    })
}

/// Sets the options of the command.
fn configured_download<'a>(transfers: &Transfers, download: Download<'a>) -> Download<'a> {
    let options = &transfers.options;
    let download = download
        .verify(transfers.verify())
        .sync_to_disk(options.fsync);
    let mut download = with_limits!(download, options);
    if let Some(key) = &transfers.properties.sse_key {
        download = download.sse_key(key);
    }
    let progress = transfers.progress.clone();
    let total = AddTotalOnce::default();
    download.on_progress(move |event| {
        total.add(&progress, event.total);
        progress.advance(event.bytes_delta);
    })
}

async fn download_to_writer(
    transfers: &Transfers,
    source: &Remote,
    writer: impl AsyncWrite + Send,
) -> Result<u64> {
    let bucket = transfers.session.bucket(&source.bucket).await?;
    let download = bucket.download(&source.key, DownloadTarget::writer(writer));
    Ok(configured_download(transfers, download).await?.bytes)
}

async fn download_to_stdout(transfers: &Transfers, source: &Remote) -> Result<u64> {
    let downloaded = download_to_writer(transfers, source, tokio::io::stdout()).await;
    downloaded.map_err(|error| {
        let is_closed = error.chain().any(|cause| {
            let error = cause.downcast_ref::<std::io::Error>();
            error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
        });
        match is_closed {
            true => OutputClosed.into(),
            false => error,
        }
    })
}
