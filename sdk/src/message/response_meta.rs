//! [`ResponseMeta`]: status and headers, which all outputs have.

use http::{HeaderMap, StatusCode};

use crate::base::header_names::X_QS_REQUEST_ID;

/// Status and headers of a response. Every output dereferences to it.
#[derive(Clone, Debug, Default)]
pub struct ResponseMeta {
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
}

impl ResponseMeta {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, attempts: u32) -> Self {
        Self {
            status,
            headers,
            attempts,
        }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns all headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the request ID. Include it in support requests.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get(&X_QS_REQUEST_ID)?.to_str().ok()
    }

    /// Returns how many times the request was sent: 1 if the first attempt succeeded.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}
