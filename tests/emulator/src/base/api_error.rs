//! Error responses.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::generated::error_codes::ErrorCode;

/// Description of the error codes.
const HELP_URL: &str = "https://docs.qingcloud.com/qingstor/api/error_code.html";

/// An error response.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The JSON body of an error response.
#[derive(Serialize)]
pub(crate) struct ErrorDocument<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    url: &'a str,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST),
            code: code.as_str(),
            message: message.into(),
            headers: Vec::new(),
        }
    }

    /// Returns the error for a feature that the emulator does not implement. Its code is not one of
    /// the service.
    pub(crate) fn not_implemented(what: impl fmt::Display) -> Self {
        Self {
            status: StatusCode::NOT_IMPLEMENTED,
            code: "not_implemented",
            message: format!("the emulator does not implement {what}").into(),
            headers: Vec::new(),
        }
    }

    /// Returns the error for a failure of the emulator. The caller logs the cause.
    pub(crate) fn internal() -> Self {
        Self::new(
            ErrorCode::InternalError,
            "the emulator failed; see its log for the reason",
        )
    }

    /// Adds a header to the response.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Replaces the status of the code.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    pub(crate) fn document<'a>(&'a self, request_id: &'a str) -> ErrorDocument<'a> {
        ErrorDocument {
            code: self.code,
            message: &self.message,
            request_id,
            url: HELP_URL,
        }
    }
}

impl std::error::Error for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}",
            self.code,
            self.status.as_u16(),
            self.message
        )
    }
}
