//! Image processing.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, IF_MODIFIED_SINCE, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Call, object_fetch, object_read};
use crate::auth::authorization::{self, RequiredAccess};
use crate::background::download;
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::metadata::{Metadata, StorageClass};
use crate::base::resource_names;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::image::{
    self, EncodedImage, ImagePipeline, MAX_SOURCE_LENGTH, Overlays, PipelineOutcome, PipelineOutput,
};
use crate::request::conditions::{self, Verdict};
use crate::settings::acl::Permission;
use crate::settings::notification::Event;
use crate::settings::policy::Action;
use crate::store::{
    Attributes, BucketRecord, NewObject, ObjectAddress, ObjectRecord, OpenObject, StoreError,
    blocking,
};

/// Number of images that are processed concurrently. Each may need much memory.
static PROCESSING_SLOTS: Semaphore = Semaphore::const_new(2);
/// Number of requests that hold overlay images. Overlays may come from slow origins, so requests
/// without overlays have a separate limit.
static OVERLAY_SLOTS: Semaphore = Semaphore::const_new(16);

/// `GET /<bucket>/<key>?image&action=<action>`.
pub(super) async fn process(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Read))?;
    let overrides = object_read::overrides(call)?;
    let pipeline = ImagePipeline::parse(call.target.query.get("action").unwrap_or_default())?;
    let target = save_target(call, &pipeline)?;
    object_fetch::fetch_absent(call, &bucket).await?;
    let source = call
        .store
        .open_object(&call.object_address()?, call.version()?)?;
    let object = source.record.clone();
    if is_not_modified(call, &object) {
        let mut response = response::empty(StatusCode::NOT_MODIFIED);
        describe(response.headers_mut(), &object)?;
        return Ok(response);
    }
    if object.size > MAX_SOURCE_LENGTH {
        return Err(image::too_large(object.size));
    }
    if object.encryption.is_some() {
        return Err(ApiError::new(
            ErrorCode::InvalidObjectState,
            "encrypted objects cannot be processed",
        ));
    }
    let outcome = process_source(call, source, pipeline).await?;
    if let (Some(image), Some(target)) = (outcome.saved, target) {
        save(call, target, image).await?;
    }
    let mut response = match outcome.output {
        PipelineOutput::Info(info) => response::json(call.success(), &info)?,
        PipelineOutput::Image(image) => {
            let mut response = response::bytes(call.success(), image.bytes);
            response::set_header(response.headers_mut(), CONTENT_TYPE, image.content_type)?;
            response
        }
    };
    describe(response.headers_mut(), &object)?;
    response.headers_mut().extend(overrides);
    Ok(response)
}

/// Headers that a processed image has in common with its source.
fn describe(headers: &mut HeaderMap, object: &ObjectRecord) -> Result<(), ApiError> {
    response::set_header(headers, LAST_MODIFIED, object.modified.http_date())
}

/// Checks `If-Modified-Since`. ETags are ignored, because they are those of the source.
fn is_not_modified(call: &Call<'_>, object: &ObjectRecord) -> bool {
    let condition: HeaderMap = call
        .head
        .headers
        .get(IF_MODIFIED_SINCE)
        .map(|date| (IF_MODIFIED_SINCE, date.clone()))
        .into_iter()
        .collect();
    conditions::evaluate_read(&condition, object) == Verdict::NotModified
}

/// Target of a processed image.
struct AuthorizedTarget {
    bucket: BucketRecord,
    key: String,
}

/// Returns the target of the image if the caller may write it.
fn save_target(
    call: &Call<'_>,
    pipeline: &ImagePipeline,
) -> Result<Option<AuthorizedTarget>, ApiError> {
    let Some(target) = pipeline.target() else {
        return Ok(None);
    };
    let bucket = call.store.bucket(&target.bucket)?;
    let write = RequiredAccess::Permission(Permission::Write);
    call.authorize_on(&bucket, write, Action::CreateObject, &target.key)?;
    if bucket.zone != call.store.bucket(call.bucket_name()?)?.zone {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            "save: bucket b must be in the zone of the image",
        ));
    }
    Ok(Some(AuthorizedTarget {
        bucket,
        key: resource_names::object_key(target.key.clone().into_bytes())?,
    }))
}

async fn fetch_overlays(call: &Call<'_>, pipeline: &ImagePipeline) -> Result<Overlays, ApiError> {
    // A web page can make a browser read a public object, so anonymous callers must not choose the
    // URLs that the emulator requests.
    if call.caller.is_anonymous() && pipeline.image_urls().next().is_some() {
        return Err(authorization::denied(call.caller, "use watermark_image"));
    }
    let mut overlays = Overlays::new();
    // All overlays together have the size limit of one source.
    let mut left = MAX_SOURCE_LENGTH;
    for url in pipeline.image_urls() {
        if !overlays.contains_key(url) {
            let overlay = download_overlay(call, url, left).await?;
            left = left.saturating_sub(overlay.len() as u64);
            overlays.insert(url.to_owned(), overlay);
        }
    }
    Ok(overlays)
}

/// Downloads an overlay image. Returns an error if it has more than `limit` bytes.
async fn download_overlay(call: &Call<'_>, url: &str, limit: u64) -> Result<Bytes, ApiError> {
    let mut download = call.downloader.open(download::source_url(url)?).await?;
    let mut content = BytesMut::new();
    while let Some(piece) = download.next().await? {
        if (content.len() + piece.len()) as u64 > limit {
            return Err(ApiError::new(
                ErrorCode::EntityTooLarge,
                format!("the overlay {url} has more than the remaining {limit} bytes"),
            ));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content.freeze())
}

async fn acquire(slots: &'static Semaphore) -> Result<SemaphorePermit<'static>, ApiError> {
    // The semaphore is never closed.
    slots.acquire().await.map_err(|_| ApiError::internal())
}

/// Reads the source and processes it on a blocking thread.
async fn process_source(
    call: &Call<'_>,
    source: OpenObject,
    pipeline: ImagePipeline,
) -> Result<PipelineOutcome, ApiError> {
    let _overlaid = match pipeline.image_urls().next() {
        Some(_) => Some(acquire(&OVERLAY_SLOTS).await?),
        None => None,
    };
    let overlays = fetch_overlays(call, &pipeline).await?;
    let _slot = acquire(&PROCESSING_SLOTS).await?;
    let mut reader = source.read_all(None).await?;
    let mut bytes = BytesMut::new();
    while let Some(piece) = reader.next().await.map_err(StoreError::from)? {
        bytes.extend_from_slice(&piece);
    }
    blocking(move || image::process(bytes.freeze(), &pipeline, &overlays)).await
}

async fn save(
    call: &Call<'_>,
    target: AuthorizedTarget,
    image: EncodedImage,
) -> Result<(), ApiError> {
    let AuthorizedTarget { bucket, key } = target;
    let content_type = HeaderValue::from_static(image.content_type);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
    let mut writer = call.store.writer(None)?;
    writer.write(image.bytes).await.map_err(StoreError::from)?;
    let new = NewObject {
        content: writer.finish().await.map_err(StoreError::from)?,
        attributes: Attributes {
            storage_class: StorageClass::default(),
            metadata: Metadata::from_headers(&headers)?,
        },
        encryption: None,
    };
    let address = ObjectAddress {
        bucket: bucket.name.clone(),
        key,
    };
    call.check_is_same(&bucket)?;
    let object = call.store.put_object(address, new).await?;
    call.notify(&bucket, Event::CreateObject, EventObject::of(&object));
    Ok(())
}
