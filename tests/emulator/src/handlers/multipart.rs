//! Multipart uploads.

use http::HeaderName;
use http::header::{ETAG, RANGE};
use serde::{Deserialize, Serialize};

use super::Call;
use super::content::store_body;
use super::new_object::{attributes, created};
use super::object_copy::{COPY_CONDITIONS, CopySource, invalid};
use crate::auth::authorization::RequiredAccess;
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::encryption::{self, CustomerKey, KeyOf};
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::request::conditions;
use crate::request::range::ByteRange;
use crate::settings::acl::Permission;
use crate::settings::json::{self, Object};
use crate::settings::notification::Event;
use crate::store::{BucketRecord, ChosenPart, NewSegment, PartRecord};

const COPY_SOURCE: &str = "x-qs-copy-source";
const COPY_RANGE: &str = "x-qs-copy-range";
const CONTENT_COPY_RANGE: HeaderName = HeaderName::from_static("x-qs-content-copy-range");

const MAX_PART_NUMBER: u32 = 10_000;
/// Largest part, in bytes.
const MAX_PART_LENGTH: u64 = 5 << 30;
const MAX_LIST_LIMIT: usize = 1000;

#[derive(Serialize)]
struct InitiateResponse<'a> {
    bucket: &'a str,
    key: &'a str,
    upload_id: &'a str,
}

/// `POST /<bucket>/<key>?uploads`.
pub(super) async fn initiate(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Write))?;
    let attributes = attributes(call)?;
    let encryption = CustomerKey::from_headers(&call.head.headers, KeyOf::Object)?
        .as_ref()
        .map(CustomerKey::encryption);
    let upload = call
        .store
        .create_upload(call.object_address()?, attributes, encryption)
        .await?;
    let document = InitiateResponse {
        bucket: &bucket.name,
        key: &upload.key,
        upload_id: &upload.upload_id,
    };
    let mut response = response::json(call.success(), &document)?;
    if let Some(encryption) = &upload.encryption {
        encryption.write_headers(response.headers_mut())?;
    }
    Ok(response)
}

/// `PUT /<bucket>/<key>?upload_id=ID&part_number=N`, with a body or the source of a copy.
pub(super) async fn upload_part(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Write))?;
    let address = call.object_address()?;
    let upload_id = upload_id(call)?;
    let number = part_number(call)?;
    let upload = call.store.upload(&address, &upload_id)?;
    let key = CustomerKey::from_headers(&call.head.headers, KeyOf::Object)?;
    encryption::check_key(upload.encryption.as_ref(), key.as_ref(), KeyOf::Object)?;
    let (content, copied_range) = if call.head.headers.contains_key(COPY_SOURCE) {
        copy_part(call, &bucket, key.as_ref()).await?
    } else {
        let headers = &call.head.headers;
        let content = store_body(call.store, call.body, headers, key.as_ref()).await?;
        (content, None)
    };
    let part = call
        .store
        .put_part(address, upload_id, number, content)
        .await?;
    let mut response = response::empty(call.success());
    let headers = response.headers_mut();
    response::set_header(headers, ETAG, format!("\"{}\"", part.etag()))?;
    if let Some(encryption) = &upload.encryption {
        encryption.write_headers(headers)?;
    }
    if let Some(range) = copied_range {
        response::set_header(headers, CONTENT_COPY_RANGE, range)?;
    }
    Ok(response)
}

/// Copies an object or a range of it. Returns the range.
async fn copy_part(
    call: &mut Call<'_>,
    bucket: &BucketRecord,
    key: Option<&CustomerKey>,
) -> Result<(NewSegment, Option<String>), ApiError> {
    call.body.expect_empty().await?;
    let headers = &call.head.headers;
    let source = headers
        .get(COPY_SOURCE)
        .ok_or_else(ApiError::internal)
        .and_then(CopySource::parse)?;
    source.bucket(call, bucket)?;
    let object = call.store.open_object(&source.address, source.version)?;
    conditions::check_source(headers, COPY_CONDITIONS, &object.record)?;
    let source_key = CustomerKey::from_headers(headers, KeyOf::Source)?;
    let encryption = object.record.encryption.as_ref();
    encryption::check_key(encryption, source_key.as_ref(), KeyOf::Source)?;
    let size = object.record.size;
    let range = headers
        .get(COPY_RANGE)
        // Clients in the field use the name that the header has elsewhere.
        .or_else(|| headers.get(RANGE))
        .map(|value| ByteRange::parse(value, size))
        .transpose()?;
    let (first, length) = range
        .as_ref()
        .map_or((0, size), |range| (range.first, range.len()));
    if length > MAX_PART_LENGTH {
        return Err(ApiError::new(
            ErrorCode::EntityTooLarge,
            "a part must have at most 5 GiB",
        ));
    }
    let reader = object.read(first, length, source_key).await?;
    let content = call.store.copy_content(reader, key).await?;
    Ok((content, range.map(|range| range.content_range(size))))
}

#[derive(Serialize)]
struct PartList<'a> {
    count: usize,
    object_parts: Vec<PartEntry<'a>>,
}

#[derive(Serialize)]
struct PartEntry<'a> {
    part_number: u32,
    size: u64,
    created: String,
    /// ETag without quotes, unlike in the list of objects.
    etag: &'a str,
}

impl<'a> PartEntry<'a> {
    fn new(part: &'a PartRecord) -> Self {
        Self {
            part_number: part.number,
            size: part.size(),
            created: part.created.iso8601(),
            etag: part.etag(),
        }
    }
}

/// `GET /<bucket>/<key>?upload_id=ID`.
pub(super) fn list_parts(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    call.bucket(RequiredAccess::Permission(Permission::Read))?;
    let query = &call.target.query;
    let limit = query.get_as::<usize>("limit")?.unwrap_or(MAX_LIST_LIMIT);
    let parts = call.store.list_parts(
        &call.object_address()?,
        &upload_id(call)?,
        query.get_as::<u32>("part_number_marker")?,
        limit.min(MAX_LIST_LIMIT),
    )?;
    let document = PartList {
        count: parts.len(),
        object_parts: parts.iter().map(PartEntry::new).collect(),
    };
    response::json(call.success(), &document)
}

#[derive(Deserialize)]
struct CompleteRequest {
    #[serde(deserialize_with = "json::objects")]
    object_parts: Vec<PartReference>,
}

#[derive(Deserialize)]
struct PartReference {
    part_number: u32,
    etag: Option<String>,
}

/// `POST /<bucket>/<key>?upload_id=ID`.
pub(super) async fn complete(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Write))?;
    let address = call.object_address()?;
    let upload_id = upload_id(call)?;
    let headers = &call.head.headers;
    let Object(request) = call.body.json::<Object<CompleteRequest>>(headers).await?;
    let etag = headers
        .get(ETAG)
        .map(|etag| requested_etag(etag.as_bytes()))
        .transpose()?;
    let parts = request
        .object_parts
        .into_iter()
        .map(|part| ChosenPart {
            number: part.part_number,
            etag: part
                .etag
                .map(|etag| etag.trim_matches('"').to_ascii_lowercase())
                .filter(|etag| !etag.is_empty()),
        })
        .collect();
    let object = call
        .store
        .complete_upload(address, upload_id, parts, etag)
        .await?;
    call.notify(&bucket, Event::CompleteMultipart, EventObject::of(&object));
    created(call, &bucket, &object)
}

/// `DELETE /<bucket>/<key>?upload_id=ID`: succeeds if the upload does not exist.
pub(super) async fn abort(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Write))?;
    let address = call.object_address()?;
    let was_there = call
        .store
        .abort_upload(address.clone(), upload_id(call)?)
        .await?;
    if was_there {
        call.notify(
            &bucket,
            Event::AbortMultipart,
            EventObject::without_object(&address.key),
        );
    }
    Ok(response::empty(call.success()))
}

/// Returns the ID of the upload. The route has checked that it is present.
fn upload_id(call: &Call<'_>) -> Result<String, ApiError> {
    call.target
        .query
        .get("upload_id")
        .map(str::to_owned)
        .ok_or_else(ApiError::internal)
}

fn part_number(call: &Call<'_>) -> Result<u32, ApiError> {
    call.target
        .query
        .get_as::<u32>("part_number")?
        // The default of the specification.
        .or(Some(0))
        .filter(|number| *number <= MAX_PART_NUMBER)
        .ok_or_else(|| invalid("part_number must be 0 to 10000"))
}

/// Returns the ETag that the client chooses for the object, without its quotes.
fn requested_etag(etag: &[u8]) -> Result<String, ApiError> {
    std::str::from_utf8(etag)
        .ok()
        .map(|etag| etag.strip_prefix('"').unwrap_or(etag))
        .map(|etag| etag.strip_suffix('"').unwrap_or(etag))
        .filter(|etag| {
            !etag.is_empty()
                && etag
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'"')
        })
        .map(str::to_owned)
        .ok_or_else(|| invalid("an ETag must be printable ASCII in double quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_custom_etags() {
        for (etag, expected) in [
            ("\"abc\"", Some("abc")),
            ("abc", Some("abc")),
            ("\"abc-3\"", Some("abc-3")),
            ("", None),
            ("\"\"", None),
            ("\"a\"b\"", None),
            ("a b", None),
        ] {
            assert_eq!(
                requested_etag(etag.as_bytes()).ok().as_deref(),
                expected,
                "{etag}"
            );
        }
    }
}
