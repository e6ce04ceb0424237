//! Reading objects.

use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::fs::File;

use super::Call;
use crate::access::{self, Access};
use crate::acl::Permission;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::conditions::{self, Verdict};
use crate::generated::error_codes::ErrorCode;
use crate::range::ByteRange;
use crate::store::{ObjectRecord, StoreError, blocking};

const STORAGE_CLASS: HeaderName = HeaderName::from_static("x-qs-storage-class");

/// The parameters that replace a header of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-content-type", CONTENT_TYPE),
    ("response-expires", EXPIRES),
];

/// `GET /<bucket>/<key>`.
pub(super) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    check(call)?;
    let overrides = overrides(call)?;
    let address = call.object_address()?;
    let store = Arc::clone(call.store);
    let (object, mut file) = blocking(move || store.open_object(&address)).await?;
    if let Some(answer) = unmet_conditions(call, &object)? {
        return Ok(answer);
    }
    let range = call
        .head
        .headers
        .get(RANGE)
        .map(|value| ByteRange::parse(value, object.size))
        .transpose()?;
    let mut answer = match range {
        None => answer::file(StatusCode::OK, File::from_std(file), object.size),
        Some(range) => {
            let file = blocking(move || {
                file.seek(SeekFrom::Start(range.first))?;
                Ok::<_, StoreError>(file)
            })
            .await?;
            let mut answer = answer::file(
                StatusCode::PARTIAL_CONTENT,
                File::from_std(file),
                range.len(),
            );
            let content_range = range.content_range(object.size);
            answer::set_header(answer.headers_mut(), CONTENT_RANGE, content_range)?;
            answer
        }
    };
    describe(answer.headers_mut(), &object)?;
    answer.headers_mut().extend(overrides);
    Ok(answer)
}

/// `HEAD /<bucket>/<key>`.
pub(super) fn head(call: &Call<'_>) -> Result<Answer, ApiError> {
    check(call)?;
    let object = call.store.object(&call.object_address()?)?;
    if let Some(answer) = unmet_conditions(call, &object)? {
        return Ok(answer);
    }
    let mut answer = answer::empty(call.success());
    describe(answer.headers_mut(), &object)?;
    answer::announce_length(&mut answer, object.size);
    Ok(answer)
}

fn check(call: &Call<'_>) -> Result<(), ApiError> {
    call.bucket(Access::Permission(Permission::Read))?;
    call.refuse_unimplemented_features()
}

/// The answer, or the error, of a request whose conditions do not hold.
fn unmet_conditions(call: &Call<'_>, object: &ObjectRecord) -> Result<Option<Answer>, ApiError> {
    match conditions::of_read(&call.head.headers, object) {
        Verdict::Proceed => Ok(None),
        Verdict::Failed => Err(conditions::failed()),
        Verdict::NotModified => {
            let mut answer = answer::empty(StatusCode::NOT_MODIFIED);
            validators(answer.headers_mut(), object)?;
            Ok(Some(answer))
        }
    }
}

/// The headers that tell what an object is.
fn describe(headers: &mut HeaderMap, object: &ObjectRecord) -> Result<(), ApiError> {
    object.metadata.write_headers(headers);
    validators(headers, object)?;
    answer::set_header(headers, STORAGE_CLASS, object.storage_class.as_str())
}

/// The headers by which a client tells whether its copy is fresh.
fn validators(headers: &mut HeaderMap, object: &ObjectRecord) -> Result<(), ApiError> {
    answer::set_header(headers, ETAG, format!("\"{}\"", object.etag))?;
    answer::set_header(headers, LAST_MODIFIED, object.modified.http_date())
}

/// The headers that a signed request wants to be other than stored.
pub(super) fn overrides(call: &Call<'_>) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    for (parameter, header) in OVERRIDES {
        let Some(value) = call.target.query.get(parameter) else {
            continue;
        };
        if call.caller.is_anonymous() {
            return Err(access::denied(call.caller));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            ApiError::new(
                ErrorCode::InvalidArgument,
                format!("{parameter} is not fit for a header"),
            )
        })?;
        headers.insert(header, value);
    }
    Ok(headers)
}
