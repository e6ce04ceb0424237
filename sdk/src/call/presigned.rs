//! [`Presigned`]: a call that someone without credentials can make.

#[cfg(feature = "serde")]
mod plain;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

use crate::base::error::Result;
use crate::base::timestamp::Timestamp;

/// A presigned call: the method, the URL, and the headers that whoever uses it must send.
///
/// An upload without a `content_type` is signed without one: an HTTP client that adds a
/// `Content-Type` of its own breaks the signature. A document of the API goes along as
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
/// `Display` gives the URL. `Debug` hides the signature, since it is as good as a key until it
/// expires.
///
/// With the feature `serde` it is written as `method`, `url`, `headers`, `body` and `expires` (Unix
/// seconds), so that a service can hand it to a browser.
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "plain::Plain", try_from = "plain::Plain")
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

    /// The JSON document that the call sends, such as the keys to delete. Empty for other calls:
    /// the content of an upload is for whoever uses the URL to give.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
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

/// A request for any HTTP client, with the method, the URL, the headers and the document. To upload
/// content, replace the body: `request.map(|_| content)`.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
