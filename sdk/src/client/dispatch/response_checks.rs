//! Checks a response against its request.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{ErrorKind, Result};
use crate::base::header_names::{CONTENT_MD5, has_customer_key};
use crate::message::call_info::CallInfo;
use crate::message::content_range::ContentRange;
use crate::message::response::contradiction;
use crate::message::response_meta::ResponseMeta;
use crate::transport::UnsentBody;

/// Returns an `Interrupted` error if the response reports success before the whole request body was
/// sent. An error response is accepted: the service refuses the rest of the body.
pub(super) fn whole_body_was_sent(
    unsent: &UnsentBody,
    meta: &ResponseMeta,
    call: &CallInfo,
) -> Result<()> {
    let status = meta.status();
    if !status.is_success() && !is_success(meta, call) {
        return Ok(());
    }
    let (taken, len) = (unsent.bytes_taken(), unsent.len);
    let text =
        format!("the service reported success after {taken} of {len} bytes of the request body");
    Err(fail(ErrorKind::Interrupted, text, meta, call))
}

/// Returns the part of the object that a 206 response carries; `None` for every other status.
///
/// # Errors
///
/// Returns an `Integrity` error if that is not the requested part.
pub(super) fn content_range(
    sent: &HeaderMap,
    meta: &ResponseMeta,
    call: &CallInfo,
) -> Result<Option<ContentRange>> {
    if meta.status() != StatusCode::PARTIAL_CONTENT || !is_success(meta, call) {
        return Ok(None);
    }
    let part = ContentRange::check(sent, meta.headers());
    part.map(Some)
        .map_err(|text| fail(ErrorKind::Integrity, text, meta, call))
}

/// Returns a `Decode` error if the body has a transfer coding other than `chunked`: the HTTP library
/// would return its encoded bytes as the content.
pub(super) fn transfer_coding(meta: &ResponseMeta, call: &CallInfo) -> Result<()> {
    let values = meta.headers().get_all(header::TRANSFER_ENCODING);
    let is_supported = |value: &HeaderValue| {
        let coding = value.as_bytes().trim_ascii();
        coding.eq_ignore_ascii_case(b"chunked") || coding.eq_ignore_ascii_case(b"identity")
    };
    match values.iter().find(|value| !is_supported(value)) {
        Some(value) => {
            let coding = String::from_utf8_lossy(value.as_bytes());
            let text = format!("the response has the transfer coding {coding:?}");
            Err(fail(ErrorKind::Decode, text, meta, call))
        }
        None => Ok(()),
    }
}

/// Returns an `Integrity` error if the request body was sent with its `Content-MD5`, and the response
/// has no `ETag` or the `ETag` of other bytes.
pub(super) fn body_was_stored(
    sent: &HeaderMap,
    meta: &ResponseMeta,
    call: &CallInfo,
) -> Result<()> {
    let info = call.identity.info;
    let has_source = info
        .excludes_body
        .iter()
        .any(|name| sent.contains_key(*name));
    let Some(digest) = sent
        .get(&CONTENT_MD5)
        .filter(|_| info.stores_body && !has_source)
    else {
        return Ok(());
    };
    let etag = meta.headers().get(header::ETAG);
    let etag = String::from_utf8_lossy(etag.map_or(b"", |etag| etag.as_bytes()));
    if !entity_tag::is_set(&etag) {
        let text = "the response has no ETag, so the stored bytes cannot be verified";
        return Err(fail(ErrorKind::Integrity, text.into(), meta, call));
    }
    match Digest::of_stored(&etag) {
        Some(stored) if !has_customer_key(sent) && digest != stored.base64().as_str() => {
            let text = format!(
                "the MD5 of the request body differs from that of the stored bytes: ETag {etag}"
            );
            Err(fail(ErrorKind::Integrity, text, meta, call))
        }
        _ => Ok(()),
    }
}

fn is_success(meta: &ResponseMeta, call: &CallInfo) -> bool {
    let statuses = call.identity.info.success;
    statuses.contains(&meta.status().as_u16())
}

fn fail(kind: ErrorKind, text: String, meta: &ResponseMeta, call: &CallInfo) -> crate::Error {
    contradiction(kind, text, meta, Bytes::new(), call)
}
