//! Signatures: pure functions of a request's parts, the credentials and the time.
//!
//! One string to sign serves the three schemes of the API (document *Signature*): the header
//! scheme, the query scheme of presigned URLs, and - over a policy instead - the form scheme.
//! What is signed is what goes over the wire: the target is read as it will be sent.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::Mac;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::credentials::Credentials;
use crate::generated::SIGNED_PARAMETERS;

/// The length of a signature: 32 bytes in base64.
const SIGNATURE_LEN: usize = 44;

const X_QS_DATE: HeaderName = HeaderName::from_static("x-qs-date");

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a Method,
    /// `/bucket` when the bucket stands in the host, else nothing.
    pub(crate) resource_prefix: &'a str,
    /// Path and query, byte for byte as on the request line.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// What stands on the date line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DateLine {
    /// The `Date` header; nothing when there is an `x-qs-date`.
    Header,
    /// When a presigned URL ends to be valid, in Unix seconds.
    Expires(i64),
}

/// The value of `Authorization`. `None` for anonymous credentials.
pub(crate) fn authorization(parts: Parts<'_>, credentials: &Credentials) -> Option<HeaderValue> {
    let (id, mut hmac) = credentials.signer()?;
    parts.write(DateLine::Header, &mut |bytes| hmac.update(bytes));
    let mut value = String::with_capacity(4 + id.len() + SIGNATURE_LEN);
    value.push_str("QS ");
    value.push_str(id);
    value.push(':');
    BASE64.encode_string(hmac.finalize().into_bytes(), &mut value);
    // `Credentials::new` lets only graphic ASCII into an id, and base64 is ASCII.
    let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The id and the signature of a presigned URL. `None` for anonymous credentials.
pub(crate) fn query<'c>(
    parts: Parts<'_>,
    expires: i64,
    credentials: &'c Credentials,
) -> Option<(&'c str, String)> {
    let (id, mut hmac) = credentials.signer()?;
    parts.write(DateLine::Expires(expires), &mut |bytes| hmac.update(bytes));
    Some((id, BASE64.encode(hmac.finalize().into_bytes())))
}

/// The id and the signature of a form, made over its policy as it stands in the form (base64).
/// `None` for anonymous credentials.
pub(crate) fn form<'c>(policy: &str, credentials: &'c Credentials) -> Option<(&'c str, String)> {
    let (id, mut hmac) = credentials.signer()?;
    hmac.update(policy.as_bytes());
    Some((id, BASE64.encode(hmac.finalize().into_bytes())))
}

impl Parts<'_> {
    /// The string to sign. It holds customer encryption keys if the request does.
    #[cfg(test)]
    fn string_to_sign(&self, date: DateLine) -> String {
        let mut bytes = Vec::new();
        self.write(date, &mut |piece| bytes.extend_from_slice(piece));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Gives the string to sign to `sink`, piece by piece, so that it never stands in memory.
    fn write(&self, date: DateLine, sink: &mut impl FnMut(&[u8])) {
        let line = |name| {
            self.headers
                .get(name)
                .map_or(&[][..], HeaderValue::as_bytes)
        };
        sink(self.method.as_str().as_bytes());
        sink(b"\n");
        sink(line(HeaderName::from_static("content-md5")));
        sink(b"\n");
        sink(line(header::CONTENT_TYPE));
        sink(b"\n");
        match date {
            DateLine::Expires(seconds) => sink(seconds.to_string().as_bytes()),
            DateLine::Header if self.headers.contains_key(X_QS_DATE) => {}
            DateLine::Header => sink(line(header::DATE)),
        }
        sink(b"\n");
        self.write_headers(sink);
        sink(self.resource_prefix.as_bytes());
        self.write_target(sink);
    }

    /// Every `x-qs-` header, sorted by name (not by line: `x-qs-meta-a` before `x-qs-meta-a-b`).
    fn write_headers(&self, sink: &mut impl FnMut(&[u8])) {
        let mut signed: Vec<_> = self
            .headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-qs-"))
            .collect();
        signed.sort_unstable_by_key(|name| name.as_str());
        for name in signed {
            let value = self
                .headers
                .get(name)
                .map_or(&[][..], HeaderValue::as_bytes);
            sink(name.as_str().as_bytes());
            sink(b":");
            sink(value.trim_ascii());
            sink(b"\n");
        }
    }

    /// The path as it stands, and the signed parameters sorted by name, values decoded once.
    fn write_target(&self, sink: &mut impl FnMut(&[u8])) {
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, query),
            None => (self.target, ""),
        };
        sink(path.as_bytes());
        let mut signed: Vec<_> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            })
            .filter(|(name, _)| SIGNED_PARAMETERS.binary_search(name).is_ok())
            .collect();
        signed.sort_by_key(|(name, _)| *name);
        let mut separator: &[u8] = b"?";
        for (name, value) in signed {
            sink(separator);
            sink(name.as_bytes());
            if let Some(value) = value {
                sink(b"=");
                sink(&decode(value));
            }
            separator = b"&";
        }
    }
}

/// Percent-decodes a query value once. We never send a bare `+`, yet where one stands it is a space.
fn decode(value: &str) -> Cow<'_, [u8]> {
    if value.contains('+') {
        let spaced = value.replace('+', " ");
        return Cow::Owned(percent_encoding::percent_decode_str(&spaced).collect());
    }
    percent_encoding::percent_decode_str(value).into()
}

#[cfg(test)]
mod tests;
