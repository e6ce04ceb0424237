//! The errors that clients see.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::generated::error_codes::ErrorCode;
use crate::store::{BadParts, StoreError, VersionId};

pub(crate) const VERSION_ID: HeaderName = HeaderName::from_static("x-qs-version-id");
pub(crate) const DELETE_MARKER: HeaderName = HeaderName::from_static("x-qs-delete-marker");

/// Where the codes are described.
const HELP_URL: &str = "https://docs.qingcloud.com/qingstor/api/error_code.html";

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The JSON body of an error answer.
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

    /// The answer to what the service can do and the emulator can't. The code is the emulator's
    /// own.
    pub(crate) fn not_implemented(what: impl fmt::Display) -> Self {
        Self {
            status: StatusCode::NOT_IMPLEMENTED,
            code: "not_implemented",
            message: format!("the emulator does not implement {what}").into(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn bucket_not_exists(bucket: &str) -> Self {
        StoreError::NoBucket(bucket.to_owned()).into()
    }

    /// The answer to whoever reads what was deleted.
    fn delete_marker(message: String, version: VersionId, is_named: bool) -> Self {
        let code = if is_named {
            ErrorCode::MethodNotAllowed
        } else {
            ErrorCode::ObjectNotExists
        };
        let error =
            Self::new(code, message).with_header(DELETE_MARKER, HeaderValue::from_static("true"));
        match HeaderValue::try_from(version.to_string()) {
            Ok(version) => error.with_header(VERSION_ID, version),
            // A version id is Base64 text.
            Err(_) => error,
        }
    }

    /// A failure of the emulator itself; the cause goes to the log.
    pub(crate) fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "the emulator failed; see its log")
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Has another status than that of the code.
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

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NoBucket(_) => ErrorCode::BucketNotExists,
            StoreError::NoObject(_) | StoreError::NoVersion { .. } => ErrorCode::ObjectNotExists,
            StoreError::DeleteMarker {
                version, is_named, ..
            } => return Self::delete_marker(error.to_string(), *version, *is_named),
            StoreError::NoUpload(_) => ErrorCode::UploadNotExists,
            StoreError::BucketExists(_) => ErrorCode::BucketAlreadyExists,
            StoreError::BucketNotEmpty(_) => ErrorCode::BucketNotEmpty,
            StoreError::Protected(_) => ErrorCode::PermissionDenied,
            StoreError::NotAppendable(_) => ErrorCode::InvalidObjectState,
            StoreError::WrongPosition { .. } => ErrorCode::InvalidArgument,
            StoreError::BadParts(BadParts::TooSmall { .. }) => ErrorCode::EntityTooSmall,
            StoreError::BadParts(BadParts::None | BadParts::Order(..)) => ErrorCode::InvalidRequest,
            StoreError::BadParts(BadParts::Missing(_) | BadParts::Etag { .. }) => {
                ErrorCode::InvalidArgument
            }
            StoreError::TooLarge => ErrorCode::EntityTooLarge,
            // The cause names paths of this machine: it is for the log, not for the client.
            StoreError::Io(_) | StoreError::Database(_) | StoreError::Damaged(_) => {
                tracing::error!(%error, "the store failed");
                return Self::internal();
            }
        };
        Self::new(code, error.to_string())
    }
}
