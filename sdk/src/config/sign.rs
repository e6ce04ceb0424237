//! Signatures: pure functions of the request, the credentials and the time.
//!
//! The API has three schemes (API document *Signature*): the header scheme, the query scheme of
//! presigned URLs, and the form scheme, which signs a policy. The first two share one string to
//! sign. It contains the target exactly as it is sent.

mod form;

pub(crate) use form::sign_form;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use sha2::Sha256;

use crate::base::header_names::{CONTENT_MD5, X_QS_DATE};
use crate::config::credentials::Credentials;
use crate::generated::facts::SIGNED_PARAMETERS;

/// Length of a signature: 32 bytes in base64.
const SIGNATURE_LEN: usize = 44;

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedParts<'a> {
    pub(crate) method: &'a Method,
    /// `/bucket` if the bucket is in the host, otherwise empty.
    pub(crate) resource_prefix: &'a str,
    /// Path and query, byte for byte as on the request line.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// Content of the date line of the string to sign.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DateLine<'a> {
    /// The value of `Date`. It is left out if the request has an `x-qs-date` header.
    Date(&'a [u8]),
    /// The expiration of a presigned URL, in Unix seconds.
    Expires(i64),
}

/// Returns the value of `Authorization`; `None` for anonymous credentials.
pub(crate) fn authorization(
    parts: SignedParts<'_>,
    date: &HeaderValue,
    credentials: &Credentials,
) -> Option<HeaderValue> {
    let (id, hmac) = credentials.signer()?;
    let mac = parts.mac(DateLine::Date(date.as_bytes()), hmac);
    let mut encoded = [0; SIGNATURE_LEN];
    // The base64 of 32 bytes always has this length.
    BASE64.encode_slice(mac, &mut encoded).ok()?;
    let value = [b"QS ", id.as_bytes(), b":", &encoded].concat();
    // An ID contains only graphic ASCII, which `Credentials::new` checks, and base64 is ASCII.
    let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns the access key ID and the signature of a presigned URL; `None` for anonymous
/// credentials.
pub(crate) fn query<'c>(
    parts: SignedParts<'_>,
    expires: i64,
    credentials: &'c Credentials,
) -> Option<(&'c str, String)> {
    let (id, hmac) = credentials.signer()?;
    Some((
        id,
        BASE64.encode(parts.mac(DateLine::Expires(expires), hmac)),
    ))
}

/// Returns the access key ID and the signature of a form, for its policy in base64. `None` for
/// anonymous credentials.
pub(crate) fn form<'c>(policy: &str, credentials: &'c Credentials) -> Option<(&'c str, String)> {
    let (id, mut hmac) = credentials.signer()?;
    hmac.update(policy.as_bytes());
    Some((id, BASE64.encode(hmac.finalize().into_bytes())))
}

impl SignedParts<'_> {
    fn mac(&self, date: DateLine<'_>, mut hmac: Hmac<Sha256>) -> impl AsRef<[u8]> {
        self.write(date, &mut |piece| hmac.update(piece));
        hmac.finalize().into_bytes()
    }

    /// Passes the string to sign to `push`, in pieces. It is never in memory as a whole, because it
    /// may contain an encryption key.
    fn write(&self, date: DateLine<'_>, push: &mut impl FnMut(&[u8])) {
        let value = |name: &HeaderName| {
            self.headers
                .get(name)
                .map_or(&[][..], HeaderValue::as_bytes)
        };
        push(self.method.as_str().as_bytes());
        push(b"\n");
        push(value(&CONTENT_MD5));
        push(b"\n");
        push(value(&header::CONTENT_TYPE));
        push(b"\n");
        match date {
            DateLine::Expires(seconds) => push(seconds.to_string().as_bytes()),
            DateLine::Date(_) if self.headers.contains_key(&X_QS_DATE) => {}
            DateLine::Date(date) => push(date),
        }
        push(b"\n");
        self.write_headers(push);
        push(self.resource_prefix.as_bytes());
        self.write_target(push);
    }

    /// Writes every `x-qs-` header, sorted by name and not by line: `x-qs-meta-a` precedes
    /// `x-qs-meta-a-b`.
    fn write_headers(&self, push: &mut impl FnMut(&[u8])) {
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
            push(name.as_str().as_bytes());
            push(b":");
            push(value.trim_ascii());
            push(b"\n");
        }
    }

    /// Writes the encoded path, and the signed parameters sorted by name, with decoded values.
    fn write_target(&self, push: &mut impl FnMut(&[u8])) {
        let Some((path, query)) = self.target.split_once('?') else {
            return push(self.target.as_bytes());
        };
        push(path.as_bytes());
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
            push(separator);
            push(name.as_bytes());
            if let Some(value) = value {
                push(b"=");
                push(&decode(value));
            }
            separator = b"&";
        }
    }
}

/// Percent-decodes a query value once. The client never sends a bare `+`, but in other URLs it
/// means a space.
fn decode(value: &str) -> Cow<'_, [u8]> {
    if value.contains('+') {
        let spaced = value.replace('+', " ");
        return Cow::Owned(percent_encoding::percent_decode_str(&spaced).collect());
    }
    percent_encoding::percent_decode_str(value).into()
}

#[cfg(test)]
mod tests;
