//! Uploads of single files.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result, anyhow};
use qingstor_sdk::{Error, ErrorKind, MODIFIED_METADATA, UploadSource};

use super::super::source_version::FileVersion;
use super::super::transfers::{Transfers, configured_upload};
use super::resume::token_file;
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
        let uploaded = upload_once(transfers, path, &before, target, &sent).await;
        let after = tokio::fs::metadata(path).await.with_context(context)?;
        let version = FileVersion::of(&after);
        let is_unchanged = version == FileVersion::of(&before);
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
    metadata: &Metadata,
    target: &Remote,
    sent: &Arc<AtomicI64>,
) -> Result<u64> {
    let bucket = transfers.session.bucket(&target.bucket).await?;
    let upload = || {
        let source = UploadSource::path(path);
        let upload = configured_upload(transfers, bucket.upload(&target.key, source));
        let (progress, sent) = (transfers.progress.clone(), Arc::clone(sent));
        upload
            .metadata(with_time(transfers, metadata))
            .on_progress(move |event| {
                sent.fetch_add(event.bytes_delta, Ordering::Relaxed);
                progress.advance(event.bytes_delta);
            })
    };
    if !transfers.options.resume {
        return Ok(upload().await?.bytes);
    }
    let _kept = transfers.session.open_uploads().keep_object(target);
    let token = token_file(path, target)?;
    let had_token = token.exists();
    match upload().token_file(&token).await {
        // The upload of the token was aborted in the meantime.
        Err(error) if had_token && error.is_not_found() => {
            tokio::fs::remove_file(&token)
                .await
                .with_context(|| token.display().to_string())?;
            Ok(upload().token_file(&token).await?.bytes)
        }
        uploaded => Ok(uploaded?.bytes),
    }
}

/// Returns the user metadata with the time of the file, as folders store it.
fn with_time(transfers: &Transfers, metadata: &Metadata) -> Vec<(String, String)> {
    let own = &transfers.properties.metadata;
    let mut pairs: Vec<_> = own
        .iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let time = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    if let Some(time) = time
        && own.get(MODIFIED_METADATA).is_none()
    {
        let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        pairs.push((MODIFIED_METADATA.to_owned(), text));
    }
    pairs
}
