//! Converts requests for a `reqwest` client of the caller, and its errors.

use reqwest::{Request, Url};

use super::failure::SendFailure;
use super::network::RequestBody;
use crate::base::error::{Error, Result};

/// Converts a request.
///
/// # Errors
///
/// Returns `InvalidInput` if the URL library of reqwest would change the target, which is signed.
pub(super) fn request(request: http::Request<RequestBody>) -> Result<Request> {
    let (head, body) = request.into_parts();
    let uri = &head.uri;
    let invalid = |error| Error::invalid_input(format!("cannot send `{uri}`")).with_source(error);
    let url = Url::parse(&uri.to_string()).map_err(invalid)?;
    if url.path() != uri.path() || url.query() != uri.query() {
        return Err(Error::invalid_input(format!(
            "cannot send `{}` unchanged: the HTTP library would normalize it to `{}`",
            uri.path(),
            url.path()
        )));
    }
    let mut request = Request::new(head.method, url);
    *request.headers_mut() = head.headers;
    *request.body_mut() = match body {
        RequestBody::Whole(content) => content.map(Into::into),
        RequestBody::Stream(stream) => Some(reqwest::Body::wrap(*stream)),
    };
    Ok(request)
}

impl From<reqwest::Error> for SendFailure {
    fn from(error: reqwest::Error) -> Self {
        Self {
            is_connect: error.is_connect(),
            is_unsent: error.is_connect() || error.is_builder(),
            // `reqwest` does not report it.
            is_reused_without_response: false,
            source: error.without_url().into(),
        }
    }
}
