//! Names of headers that the runtime uses, and what their presence means.
//!
//! They are statics, because a constant would be created anew at each use.

use http::{HeaderMap, HeaderName};

pub(crate) static CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
/// The time of a request, instead of `Date`.
pub(crate) static X_QS_DATE: HeaderName = HeaderName::from_static("x-qs-date");
/// The URL from which the service fetches an object.
pub(crate) static X_QS_FETCH_SOURCE: HeaderName = HeaderName::from_static("x-qs-fetch-source");
pub(crate) static X_QS_REQUEST_ID: HeaderName = HeaderName::from_static("x-qs-request-id");
static CUSTOMER_KEY: HeaderName = HeaderName::from_static("x-qs-encryption-customer-key");

/// Returns whether a request is for content that is encrypted with a customer-provided key. The `ETag`
/// of such content need not be its MD5.
pub(crate) fn has_customer_key(headers: &HeaderMap) -> bool {
    headers.contains_key(&CUSTOMER_KEY)
}
