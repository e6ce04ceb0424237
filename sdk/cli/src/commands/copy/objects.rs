//! Copies of an object to another key, bucket or zone.

use anyhow::{Context as _, Result};
use qingstor_sdk::types::MetadataDirective;
use qingstor_sdk::{Bucket, ObjectPath, UploadSource};

use super::super::copied_version::ObjectVersion;
use super::super::transfers::{AddTotalOnce, Transfers, configured_upload};
use crate::location::Remote;
use crate::messages;
use crate::session::is_not_found;

/// Copies within a zone, or through this computer if the zones differ. Returns the version of the
/// source that was copied.
pub(super) async fn copy(
    transfers: &Transfers,
    source: &Remote,
    target: &Remote,
) -> Result<ObjectVersion> {
    let from = transfers.session.bucket(&source.bucket).await?;
    let to = transfers.session.bucket(&target.bucket).await?;
    let properties = &transfers.properties;
    if properties.replace_metadata() {
        return match from.zone() == to.zone() {
            true => copy_with_properties(transfers, &from, &to, source, target).await,
            false => upload_with_properties(transfers, &from, &to, source, target).await,
        };
    }
    let mut copy = to
        .copy_object((source.bucket.as_str(), source.key.as_str()), &target.key)
        .source_bucket(&from);
    if let Some(class) = &properties.storage_class {
        copy = copy.storage_class(class.clone());
    }
    if let Some(key) = &properties.sse_key {
        copy = copy.sse_key(key).copy_source_sse_key(key);
    }
    if let Some(bytes) = transfers.options.part_size {
        copy = copy.part_size(bytes);
    }
    if let Some(parts) = transfers.options.concurrency {
        copy = copy.concurrency(parts.into());
    }
    if let Some(bytes) = transfers.options.limit_rate {
        copy = copy.max_bytes_per_second(bytes);
    }
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

/// Copies an object with a single request that replaces the metadata. Properties without an option
/// keep the values of the source.
async fn copy_with_properties(
    transfers: &Transfers,
    from: &Bucket,
    to: &Bucket,
    source: &Remote,
    target: &Remote,
) -> Result<ObjectVersion> {
    let properties = &transfers.properties;
    let mut head = from.head_object(&source.key);
    if let Some(key) = &properties.sse_key {
        head = head.sse_key(key);
    }
    let head = head.await?;
    let mut call = to
        .put_object(&target.key)
        .copy_source(ObjectPath::new(&source.bucket, &source.key))
        .copy_source_if_match(&head.etag)
        .metadata_directive(MetadataDirective::Replace)
        .metadata(properties.metadata_of_copy(&head.metadata));
    let content_type = properties.content_type.clone().or(head.content_type);
    if let Some(value) = content_type {
        call = call.content_type(value);
    }
    if let Some(value) = head.cache_control {
        call = call.cache_control(value);
    }
    if let Some(value) = head.content_encoding {
        call = call.content_encoding(value);
    }
    if let Some(value) = head.content_disposition {
        call = call.content_disposition(value);
    }
    if let Some(value) = head.expires {
        call = call.expires(value);
    }
    if let Some(class) = &properties.storage_class {
        call = call.storage_class(class.clone());
    }
    if let Some(key) = &properties.sse_key {
        call = call.sse_key(key).copy_source_sse_key(key);
    }
    call.await?;
    Ok(ObjectVersion {
        size: head.content_length.unwrap_or_default(),
        etag: head.etag,
    })
}

/// Copies to another zone, and replaces the metadata.
async fn upload_with_properties(
    transfers: &Transfers,
    from: &Bucket,
    to: &Bucket,
    source: &Remote,
    target: &Remote,
) -> Result<ObjectVersion> {
    let properties = &transfers.properties;
    let mut call = from.get_object(&source.key);
    if let Some(key) = &properties.sse_key {
        call = call.sse_key(key);
    }
    let object = call.await?;
    let length = object.body.len().context(messages::no_length(source))?;
    transfers.progress.add_total(length);
    let metadata = properties.metadata_of_copy(&object.metadata);
    let body = object.body.verified();
    let upload = to.upload(&target.key, UploadSource::sized_stream(body, length));
    let mut upload = configured_upload(transfers, upload).metadata(metadata);
    if let (None, Some(content_type)) = (&properties.content_type, &object.content_type) {
        upload = upload.content_type(content_type);
    }
    if let Some(value) = object.cache_control {
        upload = upload.cache_control(value);
    }
    if let Some(value) = object.content_encoding {
        upload = upload.content_encoding(value);
    }
    if let Some(value) = object.content_disposition {
        upload = upload.content_disposition(value);
    }
    if let Some(value) = object.expires {
        upload = upload.expires(value);
    }
    let uploaded = upload.await;
    match uploaded.map_err(anyhow::Error::from) {
        Err(error) if is_not_found(&error) => Err(error.context(target.to_string())),
        uploaded => Ok(ObjectVersion {
            size: uploaded?.bytes,
            etag: object.etag,
        }),
    }
}
