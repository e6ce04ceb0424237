//! [`Presigned`]: a signed URL with its method and headers, for users without credentials.

#[cfg(feature = "serde")]
mod data;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

use crate::base::error::Result;
use crate::base::timestamp::Timestamp;

/// A presigned call: the method, the URL, and the headers that its user must send.
///
/// If an upload has no `content_type`, its user must not send a `Content-Type`: an HTTP client that
/// adds one makes the signature invalid. A JSON document of the API is available as
/// [`body`](Self::body).
///
/// ```
/// # fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use std::time::Duration;
///
/// let upload = bucket.put_object("report.pdf").content_type("application/pdf");
/// let upload = upload.presign(Duration::from_secs(600))?;
/// println!("{} {upload}", upload.method());
/// for (name, value) in upload.headers() {
///     println!("{name}: {}", value.to_str().unwrap_or("?"));
/// }
/// # Ok(()) }
/// ```
///
/// `Display` writes the URL. `Debug` hides the signature, which grants access until it expires.
///
/// With the feature `serde`, it is serialized as `method`, `url`, `headers`, `body` and `expires`
/// (Unix seconds), so that a service can send it to a browser.
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "data::PresignedData", try_from = "data::PresignedData")
)]
pub struct Presigned {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    expires: i64,
}

impl Presigned {
    pub(crate) fn new(
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
        expires: i64,
    ) -> Self {
        Self {
            method,
            uri,
            headers,
            body,
            expires,
        }
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the encoded URL.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the headers of the call, which must be sent unchanged. Most calls have none.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the JSON document of the call, such as the keys to delete. Empty for other calls:
    /// the content of an upload comes from the user of the URL.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the time at which the signature expires. The URL stops working earlier if the credentials
    /// that signed it expire or are revoked.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the time is after the year 9999.
    pub fn expires(&self) -> Result<Timestamp> {
        Timestamp::from_unix_seconds(self.expires)
    }
}

/// Converts into a request for any HTTP client, with the method, the URL, the headers and the JSON
/// document. To upload content, replace the body: `request.map(|_| content)`.
///
/// ```
/// # fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use std::time::Duration;
///
/// let upload = bucket.put_object("report.pdf").presign(Duration::from_secs(600))?;
/// let request: http::Request<bytes::Bytes> = upload.into();
/// let request = request.map(|_| "content");
/// # let _ = request; Ok(()) }
/// ```
impl<B: From<Bytes>> From<Presigned> for http::Request<B> {
    fn from(call: Presigned) -> Self {
        let mut request = Self::new(call.body.into());
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = call.headers;
        request
    }
}

impl fmt::Display for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for Presigned {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
