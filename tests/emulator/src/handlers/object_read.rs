//! Reading objects.

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::Call;
use super::new_object::set_version;
use super::object_append::NEXT_POSITION;
use super::object_fetch;
use crate::auth::authorization::{self, RequiredAccess};
use crate::base::api_error::ApiError;
use crate::base::encryption::{self, CustomerKey, KeyOf};
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::request::conditions::{self, Verdict};
use crate::request::range::ByteRange;
use crate::settings::acl::Permission;
use crate::store::{BucketRecord, ObjectRecord};

const STORAGE_CLASS: HeaderName = HeaderName::from_static("x-qs-storage-class");
const OBJECT_TYPE: HeaderName = HeaderName::from_static("x-qs-object-type");

/// Query parameters that replace a header of the response.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-content-type", CONTENT_TYPE),
    ("response-expires", EXPIRES),
];

/// `GET /<bucket>/<key>`.
pub(super) async fn get(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Read))?;
    let overrides = overrides(call)?;
    let key = CustomerKey::from_headers(&call.head.headers, KeyOf::Object)?;
    object_fetch::fetch_absent(call, &bucket).await?;
    let object = call
        .store
        .open_object(&call.object_address()?, call.version()?)?;
    encryption::check_key(
        object.record.encryption.as_ref(),
        key.as_ref(),
        KeyOf::Object,
    )?;
    if let Some(response) = unmet_conditions(call, &bucket, &object.record)? {
        return Ok(response);
    }
    let size = object.record.size;
    let range = call
        .head
        .headers
        .get(RANGE)
        .map(|value| ByteRange::parse(value, size))
        .transpose()?;
    let mut headers = HeaderMap::new();
    describe(&mut headers, &bucket, &object.record)?;
    headers.extend(overrides);
    let mut response = match range {
        None => response::stream(StatusCode::OK, object.read_all(key).await?),
        Some(range) => {
            response::set_header(&mut headers, CONTENT_RANGE, range.content_range(size))?;
            let reader = object.read(range.first, range.len(), key).await?;
            response::stream(StatusCode::PARTIAL_CONTENT, reader)
        }
    };
    response.headers_mut().extend(headers);
    Ok(response)
}

/// `HEAD /<bucket>/<key>`: does not need the key of an encrypted object.
pub(super) fn head(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Read))?;
    let object = call
        .store
        .object(&call.object_address()?, call.version()?)?;
    if let Some(key) = CustomerKey::from_headers(&call.head.headers, KeyOf::Object)? {
        encryption::check_key(object.encryption.as_ref(), Some(&key), KeyOf::Object)?;
    }
    if let Some(response) = unmet_conditions(call, &bucket, &object)? {
        return Ok(response);
    }
    let mut response = response::empty(call.success());
    let headers = response.headers_mut();
    describe(headers, &bucket, &object)?;
    if object.is_appendable {
        response::set_header(headers, OBJECT_TYPE, "appendable")?;
        response::set_header(headers, NEXT_POSITION, object.size.to_string())?;
    }
    response::announce_length(&mut response, object.size);
    Ok(response)
}

/// Returns the response or the error of a request whose conditions are not met.
pub(super) fn unmet_conditions(
    call: &Call<'_>,
    bucket: &BucketRecord,
    object: &ObjectRecord,
) -> Result<Option<ApiResponse>, ApiError> {
    match conditions::evaluate_read(&call.head.headers, object) {
        Verdict::Proceed => Ok(None),
        Verdict::Failed => Err(conditions::failed("If-Match or If-Unmodified-Since")),
        Verdict::NotModified => {
            let mut response = response::empty(StatusCode::NOT_MODIFIED);
            validators(response.headers_mut(), object)?;
            set_version(response.headers_mut(), bucket, object.version)?;
            Ok(Some(response))
        }
    }
}

/// Sets the headers that describe an object.
fn describe(
    headers: &mut HeaderMap,
    bucket: &BucketRecord,
    object: &ObjectRecord,
) -> Result<(), ApiError> {
    object.metadata.write_headers(headers);
    validators(headers, object)?;
    if let Some(encryption) = &object.encryption {
        encryption.write_headers(headers)?;
    }
    set_version(headers, bucket, object.version)?;
    response::set_header(headers, STORAGE_CLASS, object.storage_class.as_str())
}

/// Sets the headers that validate a cached copy.
fn validators(headers: &mut HeaderMap, object: &ObjectRecord) -> Result<(), ApiError> {
    response::set_header(headers, ETAG, format!("\"{}\"", object.etag))?;
    response::set_header(headers, LAST_MODIFIED, object.modified.http_date())
}

/// Sets the headers that the query of a signed request overrides.
pub(super) fn overrides(call: &Call<'_>) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    for (parameter, header) in OVERRIDES {
        // An empty value is the same as an absent one.
        let value = call.target.query.get(parameter);
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            continue;
        };
        if call.caller.is_anonymous() {
            return Err(authorization::denied(
                call.caller,
                &format!("use {parameter}"),
            ));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            ApiError::new(
                ErrorCode::InvalidArgument,
                format!("{parameter} is not a valid header value"),
            )
        })?;
        headers.insert(header, value);
    }
    Ok(headers)
}
