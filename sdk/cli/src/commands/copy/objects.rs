//! Copies of an object to another key, bucket or zone.

use anyhow::Result;

use super::super::moved_version::ObjectVersion;
use super::super::transfers::{AddTotalOnce, Transfers, with_limits};
use crate::location::Remote;

/// Copies within a zone, or through this computer if the zones differ. Returns the version of the
/// source that was copied.
pub(super) async fn copy(
    transfers: &Transfers,
    source: &Remote,
    target: &Remote,
) -> Result<ObjectVersion> {
    let session = &transfers.session;
    let (from, to) = session
        .buckets_of_copy(&source.bucket, &target.bucket)
        .await?;
    let properties = &transfers.properties;
    let mut copy = to
        .copy_object((source.bucket.as_str(), source.key.as_str()), &target.key)
        .source_bucket(&from);
    if let Some(content_type) = &properties.content_type {
        copy = copy.content_type(content_type);
    }
    if !properties.metadata.is_empty() {
        copy = copy.metadata(properties.metadata.iter());
    }
    if let Some(class) = &properties.storage_class {
        copy = copy.storage_class(class.clone());
    }
    if let Some(key) = &properties.sse_key {
        copy = copy.sse_key(key).copy_source_sse_key(key);
    }
    let copy = with_limits!(copy, transfers.options);
    let progress = transfers.progress.clone();
    let total = AddTotalOnce::default();
    let copied = copy.on_progress(move |event| {
        total.add(&progress, event.total);
        progress.advance(event.bytes_delta);
    });
    let copied = copied.await?;
    Ok(ObjectVersion {
        size: copied.bytes,
        etag: copied.source_etag,
    })
}
