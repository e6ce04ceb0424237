//! The network address and the path prefix of a handle's requests.

use http::uri::{Authority, Scheme};
use reqwest::Url;

/// Address of the service or of one bucket.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// Host, and port unless it is the scheme's own.
    pub(crate) authority: Authority,
    /// Both as the HTTP library takes them: a host is dear to parse, and stays the same.
    pub(crate) root: Url,
    /// The base path of the service, and `/bucket` if the bucket is in the path.
    pub(crate) path_prefix: String,
    /// `/bucket` if the bucket is in the host: it is signed, but not part of the path.
    pub(crate) resource_prefix: String,
    pub(crate) bucket: Option<String>,
    pub(crate) zone: Option<String>,
}

impl Address {
    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// The key of the object that a path of this address leads to.
    pub(crate) fn key(&self, path: &str) -> Option<String> {
        let key = path.strip_prefix(&*self.path_prefix)?.strip_prefix('/')?;
        if key.is_empty() || self.bucket.is_none() {
            return None;
        }
        let decoded = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
        Some(decoded.into_owned())
    }
}
