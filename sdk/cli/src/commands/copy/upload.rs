//! Uploads of single files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, Result, anyhow};
use qingstor_sdk::{Error, ErrorKind, UploadSource};

use super::super::moved_version::FileVersion;
use super::super::transfers::{Transfers, configured_upload, token_folder};
use crate::location::Remote;
use crate::messages;

/// Uploads a file. If it changes in the meantime, uploads it once more. Returns the version that is
/// stored.
///
/// # Errors
///
/// Returns an error if the file cannot be read, if it changes during both uploads, or the error of a
/// request.
pub(super) async fn upload_file(
    transfers: &Transfers,
    path: &Path,
    target: &Remote,
) -> Result<FileVersion> {
    let context = || path.display().to_string();
    let mut before = tokio::fs::metadata(path).await.with_context(context)?;
    transfers.progress.add_total(before.len());
    for _ in 0..2 {
        let sent = Arc::new(AtomicI64::new(0));
        let uploaded = upload_once(transfers, path, target, &sent).await;
        let after = tokio::fs::metadata(path).await.with_context(context)?;
        let version = FileVersion::of(&after);
        let is_unchanged = version.is_same(&FileVersion::of(&before));
        match uploaded {
            Ok(_) if is_unchanged => return Ok(version),
            Err(error) if is_unchanged || !may_be_caused_by_change(&error) => return Err(error),
            _ => {}
        }
        transfers.progress.advance(-sent.load(Ordering::Relaxed));
        before = after;
    }
    Err(anyhow!(messages::changed_while_read(target)))
}

/// Returns whether a change of the file can be the cause of an error.
fn may_be_caused_by_change(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Error>()
        .is_some_and(|error| matches!(error.kind(), ErrorKind::Io | ErrorKind::Integrity))
}

/// Uploads a file, and counts the bytes in `sent`.
async fn upload_once(
    transfers: &Transfers,
    path: &Path,
    target: &Remote,
    sent: &Arc<AtomicI64>,
) -> Result<()> {
    let bucket = transfers.session.bucket(&target.bucket).await?;
    let upload = bucket.upload(&target.key, UploadSource::path(path));
    let (progress, sent) = (transfers.progress.clone(), Arc::clone(sent));
    let upload = configured_upload(transfers, upload)
        .file_metadata(true)
        .on_progress(move |event| {
            sent.fetch_add(event.bytes_delta, Ordering::Relaxed);
            progress.advance(event.bytes_delta);
        });
    if transfers.options.resume {
        let _kept = transfers.session.open_uploads().keep_object(target);
        upload.token_folder(token_folder()?).await?;
    } else {
        upload.await?;
    }
    Ok(())
}
