//! The files of the page.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type and text of each file.
const FILES: [(&str, &str, &str); 9] = [
    (
        "/_console/",
        HTML,
        include_str!("../../../console/index.html"),
    ),
    (
        "/_console/style.css",
        CSS,
        include_str!("../../../console/style.css"),
    ),
    (
        "/_console/main.js",
        SCRIPT,
        include_str!("../../../console/main.js"),
    ),
    (
        "/_console/page.js",
        SCRIPT,
        include_str!("../../../console/page.js"),
    ),
    (
        "/_console/texts.js",
        SCRIPT,
        include_str!("../../../console/texts.js"),
    ),
    (
        "/_console/api.js",
        SCRIPT,
        include_str!("../../../console/api.js"),
    ),
    (
        "/_console/buckets.js",
        SCRIPT,
        include_str!("../../../console/buckets.js"),
    ),
    (
        "/_console/object.js",
        SCRIPT,
        include_str!("../../../console/object.js"),
    ),
    (
        "/_console/activity.js",
        SCRIPT,
        include_str!("../../../console/activity.js"),
    ),
];

/// Returns a file.
pub(super) fn respond(method: &Method, path: &str) -> Result<ApiResponse, ApiError> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(ApiError::new(
            ErrorCode::MethodNotAllowed,
            "the files of the console can only be read",
        ));
    }
    let file = FILES.iter().find(|(name, ..)| *name == path);
    let Some((_, kind, text)) = file else {
        return Err(ApiError::new(
            ErrorCode::InvalidRequest,
            "the console does not have this path",
        )
        .with_status(StatusCode::NOT_FOUND));
    };
    let mut response = if *method == Method::HEAD {
        let mut response = response::empty(StatusCode::OK);
        response::announce_length(&mut response, text.len() as u64);
        response
    } else {
        response::bytes(StatusCode::OK, Bytes::from_static(text.as_bytes()))
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// Adds the headers that protect the page. It has no scripts and styles except its files, and only
/// connects to the emulator.
pub(super) fn secure(headers: &mut HeaderMap, api_origin: &str) -> Result<(), ApiError> {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
         connect-src 'self' {api_origin}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    response::set_header(headers, CONTENT_SECURITY_POLICY, policy)?;
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest total length of the files, in bytes.
    const MAX_LENGTH: usize = 80 * 1024;

    #[test]
    fn the_page_is_small_and_has_no_inline_scripts_or_foreign_addresses() {
        let length = FILES.iter().map(|(.., text)| text.len()).sum::<usize>();
        assert!(length <= MAX_LENGTH, "{length} bytes");
        for (path, _, text) in FILES {
            for unsafe_text in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "javascript:",
                "style=\"",
                "onclick=",
                "//cdn",
                "https://",
            ] {
                assert!(!text.contains(unsafe_text), "{path}: {unsafe_text}");
            }
        }
    }
}
