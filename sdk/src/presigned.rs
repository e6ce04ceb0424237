//! [`Presigned`]: a call that someone without credentials can make.

use std::fmt;

use http::{HeaderMap, Method, Uri};

use crate::error::Result;
use crate::timestamp::Timestamp;

/// A presigned call: the method, the URL, and the headers that whoever uses it must send.
///
/// `Display` gives the URL. `Debug` hides the signature, since it is as good as a key until it
/// expires.
#[derive(Clone)]
pub struct Presigned {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    expires: i64,
}

impl Presigned {
    pub(crate) fn new(method: Method, uri: Uri, headers: HeaderMap, expires: i64) -> Self {
        Self {
            method,
            uri,
            headers,
            expires,
        }
    }

    /// The method to use.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL, encoded.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The headers that must be sent as they are here: those that the call was made with. Most
    /// calls have none.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// When the URL ceases to be valid.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when that lies after the year 9999.
    pub fn expires(&self) -> Result<Timestamp> {
        Timestamp::from_unix_seconds(self.expires)
    }
}

impl fmt::Display for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
