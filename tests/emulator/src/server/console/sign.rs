//! Signed URLs for the page. The secrets stay in the emulator.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::auth::SignedUrl;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::request::request_body::RequestBody;
use crate::server::state::ServerState;

/// Characters that are encoded in a query, and in a path whose slashes are part of a segment.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Characters that are encoded in a path.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A request that the page wants to send.
#[derive(Deserialize)]
struct SignRequest {
    access_key_id: String,
    method: String,
    #[serde(default)]
    bucket: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A JSON body, which needs a digest.
    body: Option<String>,
    /// Lifetime of the URL, in seconds.
    lifetime: u32,
    /// Whether the URL has the origin of signed URLs instead of that of the page.
    is_cross_origin: bool,
}

/// The URL, and the headers that the page must send with it.
#[derive(Serialize)]
struct SignResponse {
    url: String,
    headers: BTreeMap<String, String>,
}

pub(super) async fn respond(
    state: &ServerState,
    api_origin: &str,
    head: &Parts,
    body: &mut RequestBody,
) -> Result<ApiResponse, ApiError> {
    let request = body.json::<SignRequest>(&head.headers).await?;
    let invalid = |what: &str| ApiError::new(ErrorCode::InvalidArgument, format!("invalid {what}"));
    let mut headers = request.headers;
    if let Some(body) = &request.body {
        headers.insert("content-md5".to_owned(), STANDARD.encode(Md5::digest(body)));
        headers.insert("content-type".to_owned(), "application/json".to_owned());
    }
    let mut signed_headers = HeaderMap::new();
    for (name, value) in &headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header name"))?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid("header value"))?;
        signed_headers.insert(name, value);
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let url = SignedUrl {
        access_key_id: &request.access_key_id,
        method: &Method::from_bytes(request.method.as_bytes()).map_err(|_| invalid("method"))?,
        path: &path(&request.bucket, &request.key),
        query: &query(&request.query),
        headers: &signed_headers,
        expires: now.as_secs() + u64::from(request.lifetime),
    };
    let target = state.accounts.sign(&url)?;
    let origin = if request.is_cross_origin {
        api_origin
    } else {
        ""
    };
    let url = format!("{origin}{target}");
    response::json(StatusCode::OK, &SignResponse { url, headers })
}

/// Returns the path of a request. Browsers resolve `.` and `..`, so the slashes of a key that has
/// such segments are encoded.
fn path(bucket: &str, key: &str) -> String {
    let has_dots = key.split('/').any(|segment| matches!(segment, "." | ".."));
    let set = if has_dots { QUERY } else { PATH };
    let mut path = format!("/{}", utf8_percent_encode(bucket, QUERY));
    if !key.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(path, "/{}", utf8_percent_encode(key, set));
    }
    path
}

fn query(parameters: &[(String, String)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| {
        let name = utf8_percent_encode(name, QUERY);
        match value.is_empty() {
            true => name.to_string(),
            false => format!("{name}={}", utf8_percent_encode(value, QUERY)),
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_url_parser_of_browsers() {
        for (key, expected) in [
            ("", "/photos"),
            ("a b/c?d#e", "/photos/a%20b/c%3Fd%23e"),
            ("a/../b", "/photos/a%2F..%2Fb"),
            ("%2e%2e/a", "/photos/%252e%252e/a"),
            ("a//b", "/photos/a//b"),
            ("\u{4e2d}", "/photos/%E4%B8%AD"),
            ("<img src=x>", "/photos/%3Cimg%20src%3Dx%3E"),
        ] {
            assert_eq!(path("photos", key), expected);
        }
    }
}
