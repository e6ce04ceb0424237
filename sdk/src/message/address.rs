//! [`Address`]: the network address and the path prefix of a handle's requests.

use http::uri::{Authority, Scheme};

/// Address of the service or of one bucket.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// Host, and the port if it is not the default of the scheme.
    pub(crate) authority: Authority,
    /// Base path of the service, and `/bucket` if the bucket is in the path.
    pub(crate) path_prefix: String,
    /// `/bucket` if the bucket is in the host. It is signed, but is not part of the path.
    pub(crate) resource_prefix: String,
    pub(crate) bucket: Option<String>,
    pub(crate) zone: Option<String>,
}

impl Address {
    /// Returns scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Returns the host, without the brackets of an IPv6 address.
    #[cfg(feature = "tracing")]
    pub(crate) fn host(&self) -> &str {
        self.authority.host().trim_matches(['[', ']'])
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn port(&self) -> u16 {
        let default = if self.scheme == Scheme::HTTPS {
            443
        } else {
            80
        };
        self.authority.port_u16().unwrap_or(default)
    }

    /// Returns the object key in a path of this address.
    pub(crate) fn key(&self, path: &str) -> Option<String> {
        let key = path.strip_prefix(&*self.path_prefix)?.strip_prefix('/')?;
        if key.is_empty() || self.bucket.is_none() {
            return None;
        }
        let decoded = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
        Some(decoded.into_owned())
    }
}
